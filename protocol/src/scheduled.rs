//! Bodies of `/teams/{id}/scheduled`: messages that are to be sent later.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::FileInfo;
use crate::{ChannelId, FileId, MessageId, Rev, ScheduledId, Seq, TeamId, Time};

/// What became of a message that was to be sent later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduledState {
    /// It waits for its time.
    Waiting,
    /// It was sent: `message` says where it stands. It is in no list any more.
    Sent,
    /// It could not be sent: `failure` says why. It stays until it gets another time or is cancelled.
    Failed,
    /// Its author cancelled it. It is in no list any more.
    Cancelled,
    /// A state of a newer server.
    #[serde(other)]
    Unknown,
}

/// A message that is to be sent later. Only its author sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scheduled {
    /// Its id.
    pub id: ScheduledId,
    /// The team.
    pub team_id: TeamId,
    /// The channel it goes to.
    pub channel_id: ChannelId,
    /// The message it answers.
    pub parent_message_id: Option<MessageId>,
    /// The text; empty once it is sent or cancelled.
    pub content: String,
    /// What it carries; nothing once it is sent or cancelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileInfo>,
    /// When it is to be sent.
    pub send_at: Time,
    /// What became of it.
    pub state: ScheduledState,
    /// Why it could not be sent, and what to do.
    pub failure: Option<String>,
    /// The message it became.
    pub message: Option<ScheduledMessage>,
    /// When it was written.
    pub created_at: Time,
    /// When anything of it last changed.
    pub updated_at: Time,
    /// Its last change in the author's own stream.
    pub rev: Rev,
}

/// Where the message stands that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduledMessage {
    /// Its id.
    pub id: MessageId,
    /// Its place in the channel.
    pub seq: Seq,
}

/// Body of `POST /teams/{id}/scheduled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduleMessage {
    /// Where to, in the team.
    pub channel_id: ChannelId,
    /// The text; may be empty where it carries files.
    pub content: String,
    /// Files that you uploaded into the channel, up to ten; they are kept until it is sent or cancelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileId>,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_message_id: Option<MessageId>,
    /// When, at most a year ahead.
    pub send_at: Time,
}

/// Body of `PATCH /teams/{id}/scheduled/{scheduled_id}`. One that failed waits again once it gets a new time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditScheduled {
    /// Another text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Other files in place of those that it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<FileId>>,
    /// Another time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_at: Option<Time>,
}
