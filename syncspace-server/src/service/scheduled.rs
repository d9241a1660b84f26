//! Messages to be sent later: what their author sees of them, and the doors to their changes.

use syncspace_protocol::limits::SCHEDULE_AHEAD_S_MAX;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::scheduled::{EditScheduled, ScheduleMessage, Scheduled, ScheduledState};
use syncspace_protocol::{IdempotencyKey, Page, ScheduledId, TeamId, Time};

use super::idempotency::{Made, OnceOutcome, made_id};
use super::paging::{Window, odd_cursor, truncate};
use super::scheduled_changes::{Cancel, Change, Dispatch, Schedule};
use super::{Actor, Service, ServiceError, later, parse};
use crate::store::scheduled;

impl Service {
    /// Lists the actor's messages in a team that wait for their time or could not be sent, by time.
    pub async fn scheduled(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &PageQuery,
    ) -> Result<Page<Scheduled>, ServiceError> {
        let limit = Window::limit(query.limit)?;
        let after = query.cursor.as_deref().map(parse_cursor).transpose()?;
        let member = self.own_member(actor, team).await?;
        let mut items = scheduled::list_open(&mut &self.store, member, after, limit + 1).await?;
        let has_more = truncate(&mut items, limit);
        let next = items.last().filter(|_| has_more).map(|last| format!("{}.{}", last.send_at.unix_ms(), last.id));
        Ok(Page { items, next })
    }

    /// Gives one of the actor's messages to be sent later, also one that was sent or cancelled.
    pub async fn scheduled_message(
        &self,
        actor: &Actor,
        team: TeamId,
        id: ScheduledId,
    ) -> Result<Scheduled, ServiceError> {
        let member = self.own_member(actor, team).await?;
        let found = scheduled::find(&mut &self.store, member, id).await?;
        Ok(found.ok_or_else(|| ServiceError::not_found("scheduled message"))?.scheduled)
    }

    /// Schedules a message; the same request under the same key gives the same one back.
    pub async fn schedule_message_once(
        &self,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        team: TeamId,
        body: ScheduleMessage,
    ) -> Result<Made<Scheduled>, ServiceError> {
        let request = self.keyed(actor, key, ("schedule_message", team.get()), &body)?;
        if let Some(id) = self.find_made(request.as_ref()).await? {
            return self.scheduled_message(actor, team, made_id(id)?).await.map(Made::Repeat);
        }
        let content = parse::message_content(&body.content)?;
        self.check_send_at(body.send_at)?;
        let member = self.own_member(actor, team).await?;
        let operation = Schedule {
            actor: *actor,
            id: None,
            team,
            member,
            channel: body.channel_id,
            parent: body.parent_message_id,
            content,
            send_at: body.send_at,
        };
        let outcome = self.commit_once(request, operation).await?;
        self.alarm.notify_one();
        match outcome {
            OnceOutcome::Made(scheduled) => Ok(Made::New(scheduled)),
            OnceOutcome::MadeBefore(id) => self.scheduled_message(actor, team, made_id(id)?).await.map(Made::Repeat),
        }
    }

    /// Changes text or time of one that was not sent yet. One that failed waits again once it gets a new time.
    pub async fn edit_scheduled(
        &self,
        actor: &Actor,
        team: TeamId,
        id: ScheduledId,
        edit: EditScheduled,
    ) -> Result<Scheduled, ServiceError> {
        let content = edit.content.as_deref().map(parse::message_content).transpose()?;
        if let Some(send_at) = edit.send_at {
            self.check_send_at(send_at)?;
        }
        let member = self.own_member(actor, team).await?;
        let change = Change { actor: *actor, team, member, id, content, send_at: edit.send_at };
        let scheduled = self.log.commit(change).await?;
        self.alarm.notify_one();
        Ok(scheduled)
    }

    /// Takes one back that was not sent yet.
    pub async fn cancel_scheduled(&self, actor: &Actor, team: TeamId, id: ScheduledId) -> Result<(), ServiceError> {
        let member = self.own_member(actor, team).await?;
        self.log.commit(Cancel { actor: *actor, team, member, id }).await
    }

    /// Sends one at once. Where that cannot be, it is refused and stays as it was; one that was sent already is given back.
    pub async fn send_scheduled_now(
        &self,
        actor: &Actor,
        team: TeamId,
        id: ScheduledId,
    ) -> Result<Scheduled, ServiceError> {
        let member = self.own_member(actor, team).await?;
        let found = self.scheduled_message(actor, team, id).await?;
        match found.state {
            ScheduledState::Sent => Ok(found),
            _ => self.log.commit(Dispatch::now(id, member, found.channel_id)).await,
        }
    }

    fn check_send_at(&self, send_at: Time) -> Result<(), ServiceError> {
        let now = self.clock.now();
        if send_at <= now {
            return Err(ServiceError::invalid_field("send_at", "send_at must lie ahead; to send at once, just send"));
        }
        if send_at > later(now, i64::from(SCHEDULE_AHEAD_S_MAX) * 1_000) {
            return Err(ServiceError::invalid_field("send_at", "a message may be scheduled up to a year ahead"));
        }
        Ok(())
    }
}

/// Reads the `next` of a page: time and id of its last item.
fn parse_cursor(cursor: &str) -> Result<(Time, ScheduledId), ServiceError> {
    let parts = cursor.split_once('.').and_then(|(ms, id)| {
        let time = ms.parse().ok().and_then(|ms| Time::from_unix_ms(ms).ok())?;
        Some((time, id.parse().ok()?))
    });
    parts.ok_or_else(odd_cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_names_time_and_id() {
        let (time, id) = parse_cursor("1500.7").expect("a cursor");
        assert_eq!((time.unix_ms(), id.get()), (1_500, 7));
        for cursor in ["", "7", "x.7", "1500.", "1500.0", "1500.x", "99999999999999999.1"] {
            assert!(parse_cursor(cursor).is_err(), "{cursor}");
        }
    }
}
