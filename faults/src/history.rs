//! What is known of a run afterwards: what was tried, what was acknowledged, what was seen, and what stands in the log.
//!
//! Pure data, and [`check`] judges it without a network or a clock: a history that was recorded anywhere can be checked.

mod check;
mod reader;
mod verdict;

use std::collections::BTreeMap;

use syncspace_protocol::{ChannelId, MessageId, Rev, Seq, UserId};

pub use check::check;
pub use verdict::{Finding, Kind, Verdict};

/// Everything that is known of a run.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Messages that senders tried to send; those of one sender in the order of their first try.
    pub sends: Vec<Sent>,
    /// Edits and deletions that were tried, in order. Nobody but its author changes a message, one change at a time.
    pub changes: Vec<Changed>,
    /// What each reader was shown.
    pub readers: Vec<Reader>,
    /// What stands in the log when everything is over.
    pub logs: BTreeMap<ChannelId, Log>,
    /// Unread counts when everything is over.
    pub counts: Vec<Count>,
    /// What was refused though it had to be taken, in words.
    pub refusals: Vec<String>,
}

/// A message that a sender tried to send, perhaps many times, always under the same name.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Which sender: what one sender sends into one channel must stand there in the order of its sends.
    pub sender: u32,
    /// Where to.
    pub channel: ChannelId,
    /// The sender's name for it, unique in the history.
    pub client_id: String,
    /// Its text, unique in the history.
    pub content: String,
    /// What the server said, each time it said something: empty where the outcome is not known.
    pub acks: Vec<Place>,
}

/// Where a message stands, as an acknowledgement says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: MessageId,
    /// Its place in the channel.
    pub seq: Seq,
    /// Its rev when it was sent.
    pub rev: Rev,
}

/// A change that was tried on a message.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The channel.
    pub channel: ChannelId,
    /// The message's place in it.
    pub seq: Seq,
    /// The new text; none where the message was deleted.
    pub content: Option<String>,
    /// The rev that the server gave it; none where the outcome is not known.
    pub ack: Option<Rev>,
}

/// A message as a reader or the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place in the channel.
    pub seq: Seq,
    /// Its last change.
    pub rev: Rev,
    /// Its id.
    pub id: MessageId,
    /// Who wrote it.
    pub author: UserId,
    /// The author's name for it.
    pub client_id: String,
    /// Its text; empty once it is deleted.
    pub content: String,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// Whether it is a reply.
    pub is_reply: bool,
}

/// A channel's log.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Every message, in the order of their places as the server gave them.
    pub rows: Vec<Row>,
    /// Number of the last place, as the head has it.
    pub last_seq: u64,
    /// Number of the last change, as the head has it.
    pub last_rev: u64,
}

/// A reader, who followed every channel of the history from its first message on.
#[derive(Debug, Clone)]
pub struct Reader {
    /// For messages.
    pub name: String,
    /// Everything it was shown of each channel, in order.
    pub seen: BTreeMap<ChannelId, Vec<Seen>>,
}

/// What a reader was shown at once.
#[derive(Debug, Clone)]
pub enum Seen {
    /// Something that happened, with its number in the stream.
    Event {
        /// The number.
        rev: Rev,
        /// What it was.
        event: Event,
    },
    /// What was missed: everything above one number and up to another.
    Page {
        /// It holds everything above this number …
        after: Rev,
        /// … up to this one.
        rev: Rev,
        /// Messages, new or changed.
        rows: Vec<Row>,
    },
    /// The whole log, because the reader was told to read it again.
    Reread {
        /// The number up to which it holds.
        rev: Rev,
        /// Every message.
        rows: Vec<Row>,
    },
    /// The reader was told that it may not see the channel any more.
    Gone,
}

/// Something that happened to a channel.
#[derive(Debug, Clone)]
pub enum Event {
    /// A message was sent.
    Created(Row),
    /// The text of a message was changed.
    Edited {
        /// Which.
        seq: Seq,
        /// The new text.
        content: String,
    },
    /// A message was deleted.
    Deleted {
        /// Which.
        seq: Seq,
    },
    /// Something that changes no message.
    Other,
}

/// How much somebody has not read.
#[derive(Debug, Clone)]
pub struct Count {
    /// For messages: the server, or a device.
    pub source: String,
    /// Who.
    pub reader: UserId,
    /// Where.
    pub channel: ChannelId,
    /// Read up to and with this place.
    pub last_read_seq: Seq,
    /// How much is left.
    pub unread: u32,
}

#[cfg(test)]
mod tests;
