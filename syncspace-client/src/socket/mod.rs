//! The WebSocket: a handle to ask through, and updates in order.

mod backoff;
mod follow;
mod open;
mod pending;
mod session;
mod signals;
mod task;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use syncspace_protocol::channels::{MarkRead, MoveMarker, ReadMarker};
use syncspace_protocol::messages::{AppendMessage, Appended, EditMessage, Message, SendMessage};
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::socket::{Ack, Event, EventBody, Hello, Op, SentAck};
use syncspace_protocol::status::Presence;
use syncspace_protocol::sync::Change;
use syncspace_protocol::{ChannelId, Epoch, Rev, Seq, StreamId, UserId};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::bounds::{COMMANDS_QUEUED_MAX, REQUEST_TIMEOUT, REQUESTS_PENDING_MAX, UPDATES_QUEUED_MAX};
use crate::{Client, ClientError, ServerUrl};
use signals::Signals;
use task::{Command, Runner};

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
///
/// A request fails with a transient error while there is no connection, and when it breaks before the answer. Whether
/// the server acted on it is then not known: send a message again with the same `client_id`, and it stands there once.
#[derive(Clone)]
pub struct Connection {
    server: ServerUrl,
    commands: mpsc::Sender<Command>,
    slots: Arc<Semaphore>,
    signals: Arc<Signals>,
}

impl Connection {
    pub(crate) fn start(client: Client, options: ConnectOptions) -> (Self, mpsc::Receiver<Update>) {
        let (updates, receiver) = mpsc::channel(UPDATES_QUEUED_MAX);
        let (commands, asked) = mpsc::channel(COMMANDS_QUEUED_MAX);
        let signals = Arc::new(Signals::default());
        let server = client.server().clone();
        tokio::spawn(Runner::new(client, options, asked, Arc::clone(&signals), updates).run());
        let slots = Arc::new(Semaphore::new(REQUESTS_PENDING_MAX));
        (Self { server, commands, slots, signals }, receiver)
    }

    /// Sends a message, and gives its place once it is committed.
    pub async fn send(&self, channel_id: ChannelId, message: SendMessage) -> Result<SentAck, ClientError> {
        match self.ask(Op::Send { channel_id, message }).await? {
            Ack::Sent(ack) => Ok(ack),
            ack => Err(unexpected("send", &ack)),
        }
    }

    /// Changes the text of a message, and gives the rev of the change.
    pub async fn edit(&self, channel_id: ChannelId, seq: Seq, edit: EditMessage) -> Result<Rev, ClientError> {
        match self.ask(Op::Edit { channel_id, seq, edit }).await? {
            Ack::Changed { rev } => Ok(rev),
            ack => Err(unexpected("edit", &ack)),
        }
    }

    /// Appends to a message of one's own, and gives where its text ends now.
    pub async fn append(
        &self,
        channel_id: ChannelId,
        seq: Seq,
        append: AppendMessage,
    ) -> Result<Appended, ClientError> {
        match self.ask(Op::Append { channel_id, seq, append }).await? {
            Ack::Appended(appended) => Ok(appended),
            ack => Err(unexpected("append", &ack)),
        }
    }

    /// Deletes a message, and gives the rev of the change.
    pub async fn delete(&self, channel_id: ChannelId, seq: Seq) -> Result<Rev, ClientError> {
        match self.ask(Op::Delete { channel_id, seq }).await? {
            Ack::Changed { rev } => Ok(rev),
            ack => Err(unexpected("delete", &ack)),
        }
    }

    /// Reacts to a message, and gives the rev of the change; once more with the same emoji is no change.
    pub async fn react(&self, channel_id: ChannelId, seq: Seq, emoji: Emoji) -> Result<Rev, ClientError> {
        match self.ask(Op::React { channel_id, seq, emoji }).await? {
            Ack::Changed { rev } => Ok(rev),
            ack => Err(unexpected("react", &ack)),
        }
    }

    /// Takes a reaction back, and gives the rev of the change; one that is not there is no change.
    pub async fn unreact(&self, channel_id: ChannelId, seq: Seq, emoji: Emoji) -> Result<Rev, ClientError> {
        match self.ask(Op::Unreact { channel_id, seq, emoji }).await? {
            Ack::Changed { rev } => Ok(rev),
            ack => Err(unexpected("unreact", &ack)),
        }
    }

    /// Says that the person is typing; to be repeated every 3 seconds while it is so.
    pub async fn typing(&self, channel_id: ChannelId, parent_seq: Option<Seq>) -> Result<(), ClientError> {
        self.ask(Op::Typing { channel_id, parent_seq }).await.map(drop)
    }

    /// Moves the read marker.
    pub async fn read(&self, channel_id: ChannelId, mark: MarkRead) -> Result<ReadMarker, ClientError> {
        match self.ask(Op::Read { channel_id, mark }).await? {
            Ack::Marker(marker) => Ok(marker),
            ack => Err(unexpected("read", &ack)),
        }
    }

    /// Gives the read marker as it is now.
    pub async fn marker(&self, channel_id: ChannelId) -> Result<ReadMarker, ClientError> {
        // An advance to the beginning moves nothing.
        self.read(channel_id, MarkRead { seq: Seq::ZERO, mode: MoveMarker::Advance, known_rev: None }).await
    }

    /// Names the people whose presence is shown, and gives it; changes follow as events.
    ///
    /// At most 200; replaces the list before, and is named again on every new connection. The answer is also among the
    /// updates, each time, as a change of presence in its place: whoever keeps a picture takes it from there alone.
    pub async fn watch(&self, users: Vec<UserId>) -> Result<Vec<Presence>, ClientError> {
        match self.ask(Op::Watch { users }).await? {
            Ack::Presence { users } => Ok(users),
            ack => Err(unexpected("watch", &ack)),
        }
    }

    /// Asks the server for a sign of life.
    pub async fn ping(&self) -> Result<(), ClientError> {
        self.ask(Op::Ping).await.map(drop)
    }

    /// Says that the program holds a stream's state up to this rev: from then on nothing of it is missed.
    ///
    /// Also after a reload, once the state was read again.
    pub fn follow(&self, stream: StreamId, rev: Rev) {
        self.signals.follow(stream, Some(rev));
    }

    /// Stops following a stream; its events are passed on as they come.
    pub fn unfollow(&self, stream: StreamId) {
        self.signals.follow(stream, None);
    }

    /// Ends the wait before the next try.
    pub fn reconnect_now(&self) {
        self.signals.reconnect();
    }

    /// Closes the connection, and waits until that is done. Updates that were not taken yet may be lost.
    pub async fn close(self) {
        self.signals.close();
        self.commands.closed().await;
    }

    async fn ask(&self, op: Op) -> Result<Ack, ClientError> {
        let answer = async {
            let _slot = self.slots.acquire().await;
            let (asker, outcome) = oneshot::channel();
            self.commands.send(Command { op, asker }).await.map_err(|_| self.is_closed())?;
            outcome.await.unwrap_or_else(|_| Err(self.is_closed()))
        };
        // The task keeps the time of what it has sent. This is for what waits in front of it.
        timeout(REQUEST_TIMEOUT * 2, answer).await.unwrap_or(Err(ClientError::TimedOut))
    }

    fn is_closed(&self) -> ClientError {
        ClientError::Unreachable { server: self.server.clone(), source: "the connection was closed".into() }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("server", &self.server).finish_non_exhaustive()
    }
}

fn unexpected(op: &str, ack: &Ack) -> ClientError {
    ClientError::Protocol { during: format!("the request {op}"), source: format!("it was {ack:?}").into() }
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
