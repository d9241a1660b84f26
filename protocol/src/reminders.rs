//! Bodies of `/teams/{id}/reminders`: messages that a person wants to be reminded of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::messages::Message;
use crate::{ChannelId, Patch, ReminderId, Rev, Seq, TeamId, Time};

/// What became of a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReminderState {
    /// It waits for its time.
    Waiting,
    /// Its time has come. It stays until it is done or gets another time.
    Due,
    /// It is done, or was taken back. It is in no list any more.
    Done,
    /// A state of a newer server.
    #[serde(other)]
    Unknown,
}

/// Something that a person wants to be reminded of. Only that person sees it.
///
/// It names the message and holds nothing of it: what may not be read any more, or was deleted, is not kept here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reminder {
    /// Its id.
    pub id: ReminderId,
    /// The team.
    pub team_id: TeamId,
    /// Channel of the message.
    pub channel_id: ChannelId,
    /// Place of the message.
    pub seq: Seq,
    /// What the person wrote to it; null where nothing, and once it is done.
    pub note: Option<String>,
    /// When it comes, or came.
    pub remind_at: Time,
    /// What became of it.
    pub state: ReminderState,
    /// Whether, when it came last, the message was deleted or could not be read any more. Whether it can be read now, the
    /// list says.
    pub is_message_gone: bool,
    /// When it was made.
    pub created_at: Time,
    /// When anything of it last changed.
    pub updated_at: Time,
    /// Its last change in the person's own stream.
    pub rev: Rev,
}

/// A reminder in a list, with its message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MyReminder {
    /// The reminder.
    #[serde(flatten)]
    pub reminder: Reminder,
    /// The message as it is now; null where it was deleted or may not be read any more.
    pub message: Option<Message>,
}

/// Body of `POST /teams/{id}/reminders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateReminder {
    /// Channel of the message, in the team.
    pub channel_id: ChannelId,
    /// Place of the message.
    pub seq: Seq,
    /// When, at most a year ahead.
    pub remind_at: Time,
    /// A line to remember it by, up to 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Body of `PATCH /teams/{id}/reminders/{reminder_id}`. One that is due waits again once it gets a new time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditReminder {
    /// Another time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_at: Option<Time>,
    /// Another line; null for none.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub note: Patch<String>,
}
