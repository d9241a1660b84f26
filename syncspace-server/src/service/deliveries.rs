//! Telling outgoing hooks of messages: each signed, tried again with longer and longer pauses, given up in the end.
//!
//! At least once: a target recognises by the delivery's id what it has taken already. The text is read when it is sent, so that
//! what was deleted meanwhile is told to nobody.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use syncspace_protocol::hooks::{
    DELIVERY_HEADER, Delivery, DeliveryState, HookEvent, SIGNATURE_HEADER, TIMESTAMP_HEADER,
};
use syncspace_protocol::limits::DELIVERY_ERROR_CHARS_MAX;
use syncspace_protocol::messages::{Message, SendMessage};
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::{ClientId, HookId, TeamId, Time};

use super::hook_work::trigger_word;
use super::hooks::bot_of;
use super::paging::{Window, truncate};
use super::secrets::sign;
use super::slack::SlackPost;
use super::{Service, ServiceError, Turn, later};
use crate::outbound::{Answer, OutboundError, Post};
use crate::store::deliveries::{self, DueDelivery, Tried};
use crate::store::hooks::{HookRow, find_target};
use crate::store::{StoreError, channel_members, channels, messages, users};

/// Longest time that one try may take.
const TRY_WAIT: Duration = Duration::from_secs(10);
/// Tries after which a delivery is given up.
const TRIES_MAX: u32 = 8;
/// Pause after the first try, in milliseconds; three times as long after each further one: about three hours in all.
const PAUSE_MS: i64 = 10_000;

/// How many deliveries came to which end on this instance.
#[derive(Debug, Default)]
pub(super) struct DeliveryCounts {
    pub(super) done: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) failed: AtomicU64,
}

/// What came of one try.
struct Attempt {
    status: Option<u16>,
    outcome: Result<Option<String>, Trouble>,
}

/// Why a try was of no use.
struct Trouble {
    reason: String,
    may_help: bool,
}

impl Service {
    /// Lists the newest deliveries of a hook, the newest first.
    pub async fn deliveries(
        &self,
        actor: &super::Actor,
        (team, hook): (TeamId, HookId),
        query: &PageQuery,
    ) -> Result<Page<Delivery>, ServiceError> {
        let limit = Window::limit(query.limit)?;
        let before = match query.cursor.as_deref() {
            None => u64::MAX,
            Some(cursor) => cursor
                .parse()
                .map_err(|_| ServiceError::invalid_field("cursor", "a cursor is the `next` of the page before"))?,
        };
        self.hook(actor, team, hook).await?;
        let mut items = deliveries::list_newest(&mut &self.store, hook, before, limit + 1).await?;
        let has_more = truncate(&mut items, limit);
        let next = items.last().filter(|_| has_more).map(|last| last.id.to_string());
        Ok(Page { items, next })
    }

    /// Gives what is due of hooks other than these; nothing where another instance has the turn.
    pub async fn due_deliveries(
        &self,
        turn: &Turn,
        without: &[HookId],
        limit: u32,
    ) -> Result<Option<Vec<DueDelivery>>, ServiceError> {
        let due = deliveries::list_due(&mut &self.store, self.clock.now(), without, limit).await?;
        let may_go = due.is_empty() || self.has_turn(turn).await?;
        Ok(may_go.then_some(due))
    }

    /// Gives how long it is until the next delivery is due, where there is one.
    pub async fn next_delivery(&self) -> Result<Option<Duration>, ServiceError> {
        Ok(deliveries::next_due(&mut &self.store).await?.map(|at| self.time_until(at)))
    }

    /// Waits until something may be due sooner than was known.
    pub async fn delivery_came(&self) {
        self.delivery_bell.notified().await;
    }

    /// Makes one delivery, or tries to, and writes down what came of it.
    pub async fn deliver(&self, due: &DueDelivery) -> Result<(), ServiceError> {
        let Some((row, message)) = self.still_wanted(due).await? else {
            let error = Some("hook, message or channel is gone, or the bot is not in it".to_owned());
            let tried = Tried { state: DeliveryState::Failed, next_at: None, status: None, error };
            return Ok(deliveries::note_try(&mut &self.store, due.id, &tried, self.clock.now()).await?);
        };
        let mut attempt = self.attempt(due, &row, &message).await?;
        if let Ok(Some(reply)) = &attempt.outcome
            && let Err(trouble) = self.post_reply(due, &row, &message, reply.clone()).await?
        {
            attempt.outcome = Err(trouble);
        }
        let tried = self.judge_try(due, attempt);
        Ok(deliveries::note_try(&mut &self.store, due.id, &tried, self.clock.now()).await?)
    }

    /// Loads hook and message, as long as the hook may still be told of it.
    async fn still_wanted(&self, due: &DueDelivery) -> Result<Option<(HookRow, Message)>, StoreError> {
        let mut db = &self.store;
        let Some(row) = find_target(&mut db, due.hook).await? else { return Ok(None) };
        if channel_members::find(&mut db, due.channel, row.hook.bot_id).await?.is_none() {
            return Ok(None);
        }
        let message = messages::find(&mut db, due.channel, due.seq).await?;
        Ok(message.filter(|message| message.deleted_at.is_none()).map(|message| (row, message)))
    }

    async fn attempt(&self, due: &DueDelivery, row: &HookRow, message: &Message) -> Result<Attempt, ServiceError> {
        let event = self.event_of(row, message).await?;
        let body = serde_json::to_vec(&event).map_err(ServiceError::fault)?;
        let timestamp = self.clock.now().unix_ms().div_euclid(1_000).to_string();
        let signature = sign(row.secret.as_deref().unwrap_or_default(), &timestamp, &body);
        let headers =
            vec![(TIMESTAMP_HEADER, timestamp), (SIGNATURE_HEADER, signature), (DELIVERY_HEADER, due.id.to_string())];
        let url = row.hook.url.clone().unwrap_or_default();
        let post = Post { url, media_type: "application/json", headers, body, wait: TRY_WAIT };
        Ok(match self.outbound.post(&post).await {
            Ok(answer) => Attempt { status: Some(answer.status), outcome: read_answer(&answer) },
            // A success: nothing was asked for but that.
            Err(OutboundError::TooLong { status }) if (200..300).contains(&status) => {
                Attempt { status: Some(status), outcome: Ok(None) }
            }
            Err(error) => Attempt { status: None, outcome: Err(trouble(&error)) },
        })
    }

    async fn event_of(&self, row: &HookRow, message: &Message) -> Result<HookEvent, StoreError> {
        let mut db = &self.store;
        let channel = channels::find(&mut db, message.channel_id, row.hook.bot_id).await?;
        let user = users::find_user(&mut db, message.sender_id).await?;
        Ok(HookEvent {
            hook_id: row.hook.id,
            team_id: row.hook.team_id,
            channel_id: message.channel_id,
            channel_name: channel.and_then(|row| row.channel.name).map(|name| name.as_str().to_owned()),
            seq: message.seq,
            parent_seq: message.parent_seq,
            user_id: message.sender_id,
            user_name: user.map(|user| user.username.as_str().to_owned()).unwrap_or_default(),
            text: message.content.clone(),
            trigger_word: trigger_word(&row.hook, &message.content).cloned(),
            created_at: message.created_at,
        })
    }

    /// Posts what the target answers, once: under the name of the delivery, into the thread of what triggered it.
    async fn post_reply(
        &self,
        due: &DueDelivery,
        row: &HookRow,
        message: &Message,
        content: String,
    ) -> Result<Result<(), Trouble>, ServiceError> {
        let client_id = ClientId::try_from(format!("hook-delivery-{}", due.id)).map_err(ServiceError::fault)?;
        let parent_message_id = message.parent_message_id;
        let reply = SendMessage { content, parent_message_id, client_id: Some(client_id), ..SendMessage::default() };
        match self.send_message(&bot_of(row.hook.id, row.hook.bot_id)?, message.channel_id, reply).await {
            Ok(_) => Ok(Ok(())),
            Err(ServiceError::Refused(refusal)) => {
                let reason = format!("its answer could not be posted: {}", refusal.message);
                Ok(Err(Trouble { reason, may_help: false }))
            }
            Err(error) => Err(error),
        }
    }

    fn judge_try(&self, due: &DueDelivery, attempt: Attempt) -> Tried {
        let counts = &self.delivery_counts;
        let count = |which: &AtomicU64| which.fetch_add(1, Ordering::Relaxed);
        let Attempt { status, outcome } = attempt;
        let Err(Trouble { reason, may_help }) = outcome else {
            count(&counts.done);
            return Tried { state: DeliveryState::Done, next_at: None, status, error: None };
        };
        let error = Some(reason.chars().take(DELIVERY_ERROR_CHARS_MAX).collect());
        if may_help && due.attempts + 1 < TRIES_MAX {
            count(&counts.retried);
            let next_at = Some(next_try(self.clock.now(), due.attempts));
            return Tried { state: DeliveryState::Waiting, next_at, status, error };
        }
        count(&counts.failed);
        Tried { state: DeliveryState::Failed, next_at: None, status, error }
    }
}

/// Gives when to try again: later and later, never all at the same moment.
fn next_try(now: Time, attempts: u32) -> Time {
    let pause_ms = PAUSE_MS.saturating_mul(3_i64.saturating_pow(attempts));
    later(now, pause_ms / 2 + fastrand::i64(0..=pause_ms / 2))
}

fn trouble(error: &OutboundError) -> Trouble {
    let may_help = !matches!(error, OutboundError::Refused | OutboundError::Odd | OutboundError::Redirects);
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |cause| cause.source());
    let reason = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Trouble { reason, may_help }
}

/// Reads an answer: the text that is to be posted, where there is one.
fn read_answer(answer: &Answer) -> Result<Option<String>, Trouble> {
    if !answer.is_success() {
        // What the target says is wrong with the request stays wrong; what is wrong with itself may pass.
        let may_help = answer.status >= 500 || matches!(answer.status, 408 | 425 | 429);
        return Err(Trouble { reason: format!("it answered with status {}", answer.status), may_help });
    }
    let is_object = serde_json::from_slice::<Value>(&answer.body).is_ok_and(|value| value.is_object());
    // Most targets answer `ok` or nothing: only an object can ask for a reply.
    Ok(is_object.then(|| SlackPost::read(&answer.body, false).ok()).flatten().map(|post| post.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_hours_and_differ() {
        let now: Time = "2026-11-22T17:26:21.500Z".parse().expect("a time");
        let mut whole_ms = 0;
        for attempts in 0..TRIES_MAX - 1 {
            let most = PAUSE_MS * 3_i64.pow(attempts);
            let pause = next_try(now, attempts).unix_ms() - now.unix_ms();
            assert!((most / 2..=most).contains(&pause), "{attempts}: {pause}");
            whole_ms += most;
        }
        assert!((2 * 3_600_000..4 * 3_600_000).contains(&whole_ms), "{whole_ms}");
    }

    #[test]
    fn only_an_object_with_a_text_is_a_reply() {
        let answer = |status, body: &str| read_answer(&Answer { status, body: body.as_bytes().to_vec() });
        for body in ["", "ok", "{}", "[]", "{\"text\":\"\"}", "\"hi\""] {
            assert!(matches!(answer(200, body), Ok(None)), "{body}");
        }
        assert_eq!(answer(200, "{\"text\":\"*hi*\"}").ok().flatten().as_deref(), Some("**hi**"));
        for (status, may_help) in [(500, true), (503, true), (429, true), (404, false), (410, false), (303, false)] {
            assert_eq!(answer(status, "").err().map(|trouble| trouble.may_help), Some(may_help), "{status}");
        }
    }
}
