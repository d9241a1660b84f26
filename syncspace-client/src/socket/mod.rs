//! The WebSocket: a handle to ask through, and updates in order.

use std::collections::BTreeMap;
use std::time::Duration;

use syncspace_protocol::channels::{MarkRead, ReadMarker};
use syncspace_protocol::messages::{EditMessage, Message, SendMessage};
use syncspace_protocol::socket::{Event, EventBody, Hello, SentAck};
use syncspace_protocol::sync::Change;
use syncspace_protocol::users::Presence;
use syncspace_protocol::{ChannelId, Epoch, Rev, Seq, StreamId, UserId};
use tokio::sync::mpsc;

use crate::bounds::UPDATES_QUEUED_MAX;
use crate::{Client, ClientError};

/// What a new connection starts with.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// Streams whose state the program holds, and up to which rev; they are followed from the start.
    pub resume: BTreeMap<StreamId, Rev>,
    /// The epoch these revs belong to, where it is known: from `hello` or [`Changes`](syncspace_protocol::sync::Changes).
    pub epoch: Option<Epoch>,
}

impl ConnectOptions {
    /// Follows one stream, whose state was read just now.
    #[must_use]
    pub fn following(stream: StreamId, rev: Rev) -> Self {
        Self { resume: BTreeMap::from([(stream, rev)]), epoch: None }
    }
}

/// What a connection tells, in order.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every update is an event: a box would only cost an allocation")]
pub enum Update {
    /// A connection is being made.
    Connecting {
        /// 1 for the first try since the last good connection.
        attempt: u32,
    },
    /// The connection stands, and followed streams are being resumed.
    Connected(Box<Hello>),
    /// Something happened. For a followed stream: the next thing, without gaps or repeats.
    Event(Event),
    /// The connection broke, or could not be made. Requests without an answer have failed.
    Disconnected {
        /// A sentence for a person.
        reason: String,
        /// When it is tried again; [`Connection::reconnect_now`] does not wait so long.
        retry_in: Duration,
    },
    /// The session is over. This is the last update; log in and connect again.
    LoggedOut {
        /// A sentence for a person.
        reason: String,
    },
}

/// Handle to ask through the connection. Clones share it.
#[derive(Clone)]
pub struct Connection {}

impl Connection {
    pub(crate) fn start(_client: Client, _options: ConnectOptions) -> (Self, mpsc::Receiver<Update>) {
        let (_updates, receiver) = mpsc::channel(UPDATES_QUEUED_MAX);
        (Self {}, receiver)
    }
    /// Sends a message, and gives its place once it is committed.
    pub async fn send(&self, _channel_id: ChannelId, _message: SendMessage) -> Result<SentAck, ClientError> {
        Err(ClientError::TimedOut)
    }
    /// Changes the text of a message, and gives the rev of the change.
    pub async fn edit(&self, _channel_id: ChannelId, _seq: Seq, _edit: EditMessage) -> Result<Rev, ClientError> {
        Err(ClientError::TimedOut)
    }
    /// Deletes a message, and gives the rev of the change.
    pub async fn delete(&self, _channel_id: ChannelId, _seq: Seq) -> Result<Rev, ClientError> {
        Err(ClientError::TimedOut)
    }
    /// Says that the person is typing; to be repeated every 3 seconds while it is so.
    pub async fn typing(&self, _channel_id: ChannelId, _parent_seq: Option<Seq>) -> Result<(), ClientError> {
        Err(ClientError::TimedOut)
    }
    /// Moves the read marker.
    pub async fn read(&self, _channel_id: ChannelId, _mark: MarkRead) -> Result<ReadMarker, ClientError> {
        Err(ClientError::TimedOut)
    }
    /// Names the people whose presence is shown, and gives it; changes follow as events.
    pub async fn watch(&self, _users: Vec<UserId>) -> Result<Vec<Presence>, ClientError> {
        Err(ClientError::TimedOut)
    }
    /// Asks the server for a sign of life.
    pub async fn ping(&self) -> Result<(), ClientError> {
        Err(ClientError::TimedOut)
    }
    /// Says that the program holds a stream's state up to this rev: from then on nothing of it is missed.
    pub fn follow(&self, _stream: StreamId, _rev: Rev) {}
    /// Stops following a stream; its events are passed on as they come.
    pub fn unfollow(&self, _stream: StreamId) {}
    /// Ends the wait before the next try.
    pub fn reconnect_now(&self) {}
    /// Closes the connection, and waits until that is done.
    pub async fn close(self) {}
}

/// Gives the messages of an event: a new one, or those of a page of changes, new or changed.
pub fn messages_in(event: &Event) -> impl Iterator<Item = &Message> {
    let (created, changes) = match &event.body {
        EventBody::MessageCreated { message, .. } => (Some(message), &[][..]),
        EventBody::Changes { items, .. } => (None, items.as_slice()),
        _ => (None, &[][..]),
    };
    let changed = changes.iter().filter_map(|change| match change {
        Change::Message { message } => Some(message),
        _ => None,
    });
    created.into_iter().chain(changed)
}
