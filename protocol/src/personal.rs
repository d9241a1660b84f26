//! What belongs to one person in one team: how channels are shown, who is muted, threads, saved messages, drafts.
//!
//! All of it reaches the person's devices by the member's stream, and none of it is seen by others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channels::ReadMarker;
use crate::messages::Message;
use crate::users::Person;
use crate::{ChannelId, Patch, Rev, Seq, Time, UserId};

/// Of which messages of a channel a person is notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotifyLevel {
    /// Every message.
    All,
    /// Those that name the person.
    Mentions,
    /// None.
    None,
}

/// How a person wants a channel.
///
/// Nothing of it changes what is counted: messages of a muted channel or person stay unread and countable, as [`ReadMarker`]
/// defines. Clients neither notify of them nor show their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelPreferences {
    /// Whether clients keep quiet about it.
    pub is_muted: bool,
    /// Of what to notify. Null: the usual, which is every message of a direct or group channel and mentions elsewhere.
    pub notify: Option<NotifyLevel>,
    /// Whether it is shown above the others.
    pub is_favourite: bool,
    /// Whether it is left out of lists; only direct and group channels, and only until something in them is unread.
    pub is_hidden: bool,
    /// The last change in the person's own stream; 0 where nothing was ever chosen.
    pub rev: Rev,
}

/// What holds where nothing was ever chosen.
impl Default for ChannelPreferences {
    fn default() -> Self {
        Self { is_muted: false, notify: None, is_favourite: false, is_hidden: false, rev: Rev::ZERO }
    }
}

/// Body of `PUT /channels/{id}/preferences`: fields that are absent stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditChannelPreferences {
    /// Whether clients keep quiet about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_muted: Option<bool>,
    /// Of what to notify; null for the usual.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub notify: Patch<NotifyLevel>,
    /// Whether it is shown above the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_favourite: Option<bool>,
    /// Whether it is left out of lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_hidden: Option<bool>,
}

/// Body of `PUT /teams/{id}/channel_order`: a person's channels as they are to stand, first to last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelOrder {
    /// Up to 500 channels that the person is in; the others come after these, by name.
    pub channel_ids: Vec<ChannelId>,
}

/// The order in which a person's channels of a team stand; those that are not in it come after, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MyChannelOrder {
    /// The channels, first to last. One that the person left keeps its place for when it comes back.
    pub channel_ids: Vec<ChannelId>,
    /// The change in the person's own stream; 0 where there never was an order.
    pub rev: Rev,
}

/// Whether a person is muted for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserMute {
    /// The person who is muted or no longer so.
    pub user_id: UserId,
    /// Whether clients keep quiet about what the person writes; it is delivered and counted as ever.
    pub is_muted: bool,
    /// The change in the muting person's own stream.
    pub rev: Rev,
}

/// A muted person in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MutedUser {
    /// The person.
    pub user: Person,
    /// The change in the muting person's own stream.
    pub rev: Rev,
}

/// How a person stands to a thread that it follows, or no longer follows.
///
/// Whoever starts, answers, or is named in a reply when it is sent follows by itself, unless the person had stopped
/// following before; an edit that names somebody later brings nobody in. A device learns of that by the reply in the
/// channel's stream, and of everything else by the person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadMembership {
    /// The channel.
    pub channel_id: ChannelId,
    /// Place of the thread's root.
    pub root_seq: Seq,
    /// Whether it stands among the person's threads.
    pub is_following: bool,
    /// Whether clients keep quiet about it.
    pub is_muted: bool,
    /// How far the person has read it. Both counts as [`ReadMarker`] defines them, but of the replies of this thread; `rev`
    /// is the last change of any of these fields in the person's own stream, 0 where there was none.
    pub read: ReadMarker,
}

/// A thread of a person's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MyThread {
    /// The message that was answered.
    pub root: Message,
    /// How the person stands to it.
    pub membership: ThreadMembership,
}

/// Whether a message is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedMark {
    /// The channel.
    pub channel_id: ChannelId,
    /// Place of the message.
    pub seq: Seq,
    /// Whether it stands among the saved ones.
    pub is_saved: bool,
    /// The change in the person's own stream.
    pub rev: Rev,
}

/// A saved message in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedMessage {
    /// The message.
    pub message: Message,
    /// When it was saved.
    pub saved_at: Time,
    /// The change in the person's own stream.
    pub rev: Rev,
}

/// What a person has typed and not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Draft {
    /// The channel.
    pub channel_id: ChannelId,
    /// Root of the thread it belongs to.
    pub parent_seq: Option<Seq>,
    /// The text; empty once it was sent or thrown away.
    pub content: String,
    /// When it was last changed.
    pub updated_at: Time,
    /// The change in the person's own stream.
    pub rev: Rev,
}

/// Query of `PUT` and `DELETE /channels/{id}/draft`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DraftQuery {
    /// The message whose thread the draft belongs to; absent outside threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_seq: Option<Seq>,
    /// The rev of the draft that this side knows, 0 for none, also where it was cleared: another text meanwhile is a
    /// conflict. Absent: the last writer wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_rev: Option<Rev>,
}

/// Body of `PUT /channels/{id}/draft`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PutDraft {
    /// The text: 1 to 16,000 bytes after cleaning.
    pub content: String,
}
