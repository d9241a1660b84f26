//! Messages to be sent later: what their author sees of them, and the doors to their changes.

use syncspace_protocol::page::PageQuery;
use syncspace_protocol::scheduled::{EditScheduled, ScheduleMessage, Scheduled, ScheduledState};
use syncspace_protocol::{IdempotencyKey, Page, ScheduledId, TeamId};

use super::idempotency::{Made, OnceOutcome, made_id};
use super::paging::TimeWindow;
use super::scheduled_changes::{Cancel, Change, Dispatch, Schedule};
use super::{Actor, Service, ServiceError, parse};
use crate::store::scheduled;

impl Service {
    /// Lists the actor's messages in a team that wait for their time or could not be sent, by time.
    pub async fn scheduled(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &PageQuery,
    ) -> Result<Page<Scheduled>, ServiceError> {
        let window = TimeWindow::parse(query)?;
        let member = self.own_member(actor, team).await?;
        let items = scheduled::list_open(&mut &self.store, member, &window.slice()).await?;
        Ok(window.page(items, |scheduled| (scheduled.send_at, scheduled.id.get())))
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
        let files = parse::message_files(body.files)?;
        let content = match files.is_empty() {
            true => parse::message_content(&body.content)?,
            false => parse::message_content_or_none(&body.content)?,
        };
        parse::time_ahead("send_at", body.send_at, self.clock.now())?;
        let member = self.own_member(actor, team).await?;
        let operation = Schedule {
            actor: *actor,
            id: None,
            team,
            member,
            channel: body.channel_id,
            parent: body.parent_message_id,
            content,
            files,
            send_at: body.send_at,
        };
        let outcome = self.commit_once(request, operation).await?;
        self.alarm.notify_one();
        match outcome {
            OnceOutcome::Made(scheduled) => Ok(Made::New(scheduled)),
            OnceOutcome::MadeBefore(id) => self.scheduled_message(actor, team, made_id(id)?).await.map(Made::Repeat),
        }
    }

    /// Changes text, files or time of one that was not sent yet. One that failed waits again once it gets a new time.
    pub async fn edit_scheduled(
        &self,
        actor: &Actor,
        team: TeamId,
        id: ScheduledId,
        edit: EditScheduled,
    ) -> Result<Scheduled, ServiceError> {
        let content = edit.content.as_deref().map(parse::message_content_or_none).transpose()?;
        let files = edit.files.map(parse::message_files).transpose()?;
        if let Some(send_at) = edit.send_at {
            parse::time_ahead("send_at", send_at, self.clock.now())?;
        }
        let member = self.own_member(actor, team).await?;
        let change = Change { actor: *actor, team, member, id, content, files, send_at: edit.send_at };
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
}
