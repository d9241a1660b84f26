//! Bodies of `/channels/{id}/messages`: the log of a channel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::FileInfo;
use crate::mentions::Mentions;
use crate::personal::ThreadMembership;
use crate::reactions::{MyReactions, Reactions};
use crate::{ChannelId, ClientId, FileId, MessageId, Rev, Seq, Time, UserId};

/// What kind of message it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageType {
    /// What a person wrote.
    #[default]
    Text,
    /// A piece of code: shown as it stands, names nobody. What it is, stands in `code`.
    Code,
    /// A text with files; the text may be empty.
    File,
    /// What the server wrote.
    System,
    /// A type of a newer server: show the content.
    #[serde(other)]
    Unknown,
}

/// One entry of a channel's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Its id, unique on the server.
    pub id: MessageId,
    /// The channel.
    pub channel_id: ChannelId,
    /// Its place in the channel.
    pub seq: Seq,
    /// Its last change in the channel's stream.
    pub rev: Rev,
    /// Who wrote it.
    pub sender_id: UserId,
    /// The text; empty once deleted.
    pub content: String,
    /// What kind of message it is.
    pub message_type: MessageType,
    /// Address of the first of its files, below the server's.
    pub file_url: Option<String>,
    /// The root of its thread.
    pub parent_message_id: Option<MessageId>,
    /// Place of the root of its thread.
    pub parent_seq: Option<Seq>,
    /// Replies in the thread below it that are not deleted.
    pub reply_count: u32,
    /// When the newest of them came.
    pub last_reply_at: Option<Time>,
    /// Whether the text was changed after sending.
    pub is_edited: bool,
    /// When it was last changed by its author.
    pub edited_at: Option<Time>,
    /// When it was deleted: the place stays, the text is gone.
    pub deleted_at: Option<Time>,
    /// When it was sent.
    pub created_at: Time,
    /// When anything of it last changed.
    pub updated_at: Time,
    /// The sender's own name for it.
    pub client_id: ClientId,
    /// Whom the text names; nobody once it is deleted.
    #[serde(default, skip_serializing_if = "Mentions::is_empty")]
    pub mentions: Mentions,
    /// How many people reacted with what, and who first; none once it is deleted.
    #[serde(default, skip_serializing_if = "Reactions::is_empty")]
    pub reactions: Reactions,
    /// Who pinned it to the channel, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Pin>,
    /// What a message of type `code` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Of which message it is a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<ForwardedFrom>,
    /// Place of the reply in which the text goes on, where it grew to the longest that a message may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continued_seq: Option<Seq>,
    /// The files that it carries; none once it is deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileInfo>,
}

/// What a piece of code is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Code {
    /// Its language in lower case, like `rust` or `c++`: up to 32 ASCII letters, digits, `+`, `#`, `.`, `_` and `-`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Name of its file, or a title: one line of up to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
}

/// Names a message by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessagePlace {
    /// The channel.
    pub channel_id: ChannelId,
    /// Its place there.
    pub seq: Seq,
}

/// The message that was forwarded. The copy shows what its forwarder says of it, whole or in part, and names nobody anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForwardedFrom {
    /// Who wrote it.
    pub sender_id: UserId,
    /// Where it stands: in the same channel, or in a public one of the same team. Absent where it comes from elsewhere, of
    /// which those who read the copy are to learn nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<MessagePlace>,
}

/// Who pinned a message to its channel, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pin {
    /// Who.
    pub user_id: UserId,
    /// When.
    pub pinned_at: Time,
}

impl Message {
    /// Gives the text as a quote: each line behind `> `, and a blank line below.
    #[must_use]
    pub fn quoted(&self) -> String {
        let mut quote: String = self.content.lines().map(|line| format!("> {line}\n")).collect();
        quote.push('\n');
        quote
    }

    /// Empties it and keeps its place, as its deletion does.
    pub fn bury(&mut self, deleted_at: Time) {
        self.content.clear();
        self.file_url = None;
        self.files.clear();
        self.mentions = Mentions::default();
        self.reactions = Reactions::default();
        (self.pinned, self.code, self.forwarded_from, self.continued_seq) = (None, None, None, None);
        (self.deleted_at, self.updated_at) = (Some(deleted_at), deleted_at);
    }

    /// Tells whether it is unread for a person whose marker stands before it, as [`ReadMarker`] defines.
    ///
    /// [`ReadMarker`]: crate::channels::ReadMarker
    #[must_use]
    pub fn is_unread_for(&self, user: UserId) -> bool {
        self.parent_message_id.is_none()
            && self.message_type != MessageType::System
            && self.deleted_at.is_none()
            && self.sender_id != user
    }

    /// Tells whether it counts as a mention of a person whose marker stands before it, as [`ReadMarker`] defines.
    ///
    /// [`ReadMarker`]: crate::channels::ReadMarker
    #[must_use]
    pub fn is_mention_of(&self, user: UserId) -> bool {
        self.deleted_at.is_none() && self.sender_id != user && self.mentions.count_for(user)
    }
}

/// Body of `POST /channels/{id}/messages` and fields of the `send` op.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendMessage {
    /// The text: 1 to 16,000 bytes after cleaning; may be empty where the message carries files.
    pub content: String,
    /// The sender's own name for it: sending it again gives the same message back. Made by the server where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The message it answers; a reply to a reply joins the same thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_message_id: Option<MessageId>,
    /// `text` where absent, or `code`; the server alone writes others, `file` for a text with files.
    #[serde(default, skip_serializing_if = "is_text")]
    pub message_type: MessageType,
    /// What a message of type `code` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The message that is forwarded; its reader says in `content` what the others get to see of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_of: Option<MessagePlace>,
    /// The files that it carries, at most 10: uploaded by the sender into this channel, and carried by no other message; or
    /// carried by the message that it forwards, of which it gets copies with ids of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_text(kind: &MessageType) -> bool {
    *kind == MessageType::Text
}

/// Body of `PATCH /channels/{id}/messages/{seq}` and fields of the `edit` op.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditMessage {
    /// The new text: 1 to 16,000 bytes after cleaning.
    pub content: String,
    /// The rev of the message as it was read: where its text was changed after that, the edit is refused with `conflict`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_rev: Option<Rev>,
}

/// Body of `POST /channels/{id}/messages/{seq}/append` and fields of the `append` op.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppendMessage {
    /// Length of the text so far, in bytes: where the new part goes. The same part at the same place again is answered as
    /// done.
    pub offset: u64,
    /// The new part: 1 to 16,000 bytes after cleaning. What no longer fits becomes a reply.
    pub content: String,
}

/// Where a text ends to which something was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Appended {
    /// The rev of the message.
    pub rev: Rev,
    /// Length of its text now, in bytes: the next offset, unless it goes on elsewhere.
    pub length: u64,
    /// Where the text goes on once the message is full: the next part is appended there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continued: Option<Continued>,
}

/// The reply in which the text of a full message goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Continued {
    /// Its place in the channel.
    pub seq: Seq,
    /// Length of its text now, in bytes.
    pub length: u64,
}

/// A text that an edit replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageVersion {
    /// The rev of the edit that replaced it.
    pub rev: Rev,
    /// The text.
    pub content: String,
    /// When it was written.
    pub written_at: Time,
    /// When it was replaced.
    pub replaced_at: Time,
}

/// Query of `GET /channels/{id}/messages`: at most one of `before`, `after` and `around`; none gives the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageQuery {
    /// Messages before this place, the nearest ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Messages after this place, the nearest ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// Messages on both sides of this place, and itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Seq>,
    /// Most messages wanted, 1 to 200; 50 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Part of a channel's log, oldest first, deleted messages included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessagePage {
    /// The messages, oldest first.
    pub items: Vec<Message>,
    /// Place to go on from in the direction asked for; null at the end of the log.
    pub next: Option<String>,
    /// The page holds every message from here …
    pub from_seq: Seq,
    /// … to here; both 0 in an empty page.
    pub to_seq: Seq,
    /// Place of the channel's newest message.
    pub last_seq: Seq,
    /// The channel's rev from which the page was read: apply events above it.
    pub rev: Rev,
    /// With what the asking person reacted, of the messages that this person reacted to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub my_reactions: Vec<MyReactions>,
}

/// A thread: its root and a page of replies, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Thread {
    /// The message that was answered.
    pub root: Message,
    /// Replies, oldest first, deleted ones included.
    pub items: Vec<Message>,
    /// Place to go on from in the direction asked for, as `after` or `before`; null at the end.
    pub next: Option<String>,
    /// Who wrote its newest 1,000 replies that are not deleted, the last one first; at most 50 people.
    pub participants: Vec<UserId>,
    /// How the asking person stands to it; null for whoever neither takes part nor chose anything.
    pub membership: Option<ThreadMembership>,
    /// The channel's rev from which the page was read: apply events above it.
    pub rev: Rev,
    /// With what the asking person reacted, of the messages that this person reacted to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub my_reactions: Vec<MyReactions>,
}

/// What a reply, or its deletion, changes at the root of its thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadState {
    /// Place of the root.
    pub root_seq: Seq,
    /// Who began the thread; absent where its root is no longer kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_sender_id: Option<UserId>,
    /// Replies that are not deleted.
    pub reply_count: u32,
    /// When the newest of them came.
    pub last_reply_at: Option<Time>,
}
