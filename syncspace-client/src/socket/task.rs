//! The task that runs the machine: it alone owns the socket, and does what the machine says.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use futures_util::{Future, SinkExt as _};
use syncspace_protocol::limits::PAGE_ITEMS_MAX;
use syncspace_protocol::socket::{Ack, Event, EventBody, Op, ServerFrame};
use syncspace_protocol::sync::{Changes, ChangesQuery};
use syncspace_protocol::{ErrorCode, Rev, StreamId};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{self, Message};

use super::follow::ReadFailure;
use super::open::{Socket, open};
use super::session::{Action, Input, OpenFailure, Session};
use super::signals::Signals;
use super::{ConnectOptions, Update};
use crate::bounds::{CLOSE_TIMEOUT, REPAIRS_AT_ONCE_MAX, UPDATES_BACKLOG_MAX, WRITE_TIMEOUT};
use crate::{Client, ClientError};

/// Where the outcome of a request goes.
pub(super) type Asker = oneshot::Sender<Result<Ack, ClientError>>;

/// A request of the consumer's.
pub(super) struct Command {
    pub(super) op: Op,
    pub(super) asker: Asker,
}

type Opening = Pin<Box<dyn Future<Output = Result<Socket, OpenFailure>> + Send>>;
type Reading = Pin<Box<dyn Future<Output = Input<Asker>> + Send>>;

/// The task's state.
pub(super) struct Runner {
    client: Client,
    session: Session<Asker>,
    commands: mpsc::Receiver<Command>,
    signals: Arc<Signals>,
    updates: mpsc::Sender<Update>,
    /// Updates that the consumer has no room for yet.
    backlog: VecDeque<Update>,
    opening: Option<Opening>,
    socket: Option<Socket>,
    reads: FuturesUnordered<Reading>,
    read_slots: Arc<Semaphore>,
    end: Option<End>,
}

/// What the task waits for.
enum Happening {
    Input(Input<Asker>),
    /// The socket was opened, or not.
    Opened(Result<Socket, OpenFailure>),
    /// The consumer has wishes.
    Signalled,
    /// The machine's deadline is over.
    Due,
    /// The consumer has dropped the updates.
    Abandoned,
    /// The consumer took an update.
    Delivered,
}

/// How the machine ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The last updates still matter.
    ByServer,
    /// Nobody waits for updates any more.
    ByConsumer,
}

impl Runner {
    pub(super) fn new(
        client: Client,
        options: ConnectOptions,
        commands: mpsc::Receiver<Command>,
        signals: Arc<Signals>,
        updates: mpsc::Sender<Update>,
    ) -> Self {
        let session = Session::new(client.server().clone(), options, Instant::now(), fastrand::Rng::new());
        Self {
            client,
            session,
            commands,
            signals,
            updates,
            backlog: VecDeque::new(),
            opening: None,
            socket: None,
            reads: FuturesUnordered::new(),
            read_slots: Arc::new(Semaphore::new(REPAIRS_AT_ONCE_MAX)),
            end: None,
        }
    }

    /// Runs until the session is over, the connection is closed, or nobody takes the updates.
    pub(super) async fn run(mut self) {
        self.feed(Input::Tick).await;
        while self.end.is_none() {
            self.step().await;
        }
        drop(self.commands);
        if self.end == Some(End::ByServer) {
            for update in self.backlog {
                if self.updates.send(update).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Waits for one thing to happen, and deals with it.
    async fn step(&mut self) {
        let listens = self.listens();
        match self.next_happening(listens).await {
            Happening::Input(input) => self.feed(input).await,
            Happening::Opened(outcome) => {
                self.opening = None;
                let input = match outcome {
                    Ok(socket) => {
                        self.socket = Some(socket);
                        Input::Opened
                    }
                    Err(failure) => Input::OpenFailed(failure),
                };
                self.feed(input).await;
            }
            Happening::Signalled => self.take_signals().await,
            Happening::Due => {
                if !listens {
                    // Not listening is not the server's silence.
                    self.feed(Input::Heard).await;
                }
                self.feed(Input::Tick).await;
            }
            Happening::Abandoned => {
                self.end = Some(End::ByConsumer);
                self.feed(Input::Close).await;
            }
            Happening::Delivered => {}
        }
    }

    async fn next_happening(&mut self, listens: bool) -> Happening {
        let deadline = self.session.next_deadline();
        tokio::select! {
            () = self.updates.closed() => Happening::Abandoned,
            permit = self.updates.reserve(), if !self.backlog.is_empty() => {
                if let (Ok(permit), Some(update)) = (permit, self.backlog.pop_front()) {
                    permit.send(update);
                }
                Happening::Delivered
            }
            () = self.signals.wait() => Happening::Signalled,
            Some(Command { op, asker }) = self.commands.recv() => Happening::Input(Input::Ask(op, asker)),
            outcome = opened(&mut self.opening) => Happening::Opened(outcome),
            frame = next_frame(&mut self.socket), if listens => Happening::Input(input_of(frame)),
            Some(page) = self.reads.next() => Happening::Input(page),
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => Happening::Due,
        }
    }

    /// Tells whether the socket is read: not while the consumer is behind.
    ///
    /// Except that a consumer may wait for an answer before it takes updates again, and the answer comes behind them.
    fn listens(&self) -> bool {
        self.backlog.is_empty() || (self.session.has_pending() && self.backlog.len() < UPDATES_BACKLOG_MAX)
    }

    async fn take_signals(&mut self) {
        let signalled = self.signals.take();
        for (stream, rev) in signalled.streams {
            let input = rev.map_or(Input::Unfollow(stream), |rev| Input::Follow(stream, rev));
            self.feed(input).await;
        }
        if signalled.reconnect {
            self.feed(Input::ReconnectNow).await;
        }
        if signalled.close {
            self.end = Some(End::ByConsumer);
            self.feed(Input::Close).await;
        }
    }

    /// Gives the machine an input, and does what it says, and what follows from that.
    async fn feed(&mut self, input: Input<Asker>) {
        let mut actions = VecDeque::from(self.session.handle(Instant::now(), input));
        while let Some(action) = actions.pop_front() {
            if let Err(reason) = self.act(action).await {
                // What was to be done on the socket that just broke is not done.
                actions.extend(self.session.handle(Instant::now(), Input::Closed(reason)));
            }
        }
    }

    async fn act(&mut self, action: Action<Asker>) -> Result<(), String> {
        match action {
            Action::Open => self.opening = Some(Box::pin(open(self.client.clone()))),
            Action::Shut => self.shut().await,
            Action::Send(frame) => return self.write(frame).await,
            Action::Read { stream, after } => self.reads.push(self.read(stream, after)),
            // Whoever asked may have stopped waiting.
            Action::Finish(asker, outcome) => drop(asker.send(outcome)),
            Action::Deliver(update) => self.backlog.push_back(update),
            Action::End => self.end = self.end.or(Some(End::ByServer)),
        }
        Ok(())
    }

    async fn shut(&mut self) {
        self.opening = None;
        self.reads = FuturesUnordered::new();
        if let Some(mut socket) = self.socket.take() {
            // A farewell to a socket that may be dead: it matters to nobody whether it arrives.
            drop(timeout(CLOSE_TIMEOUT, socket.close(None)).await);
        }
    }

    async fn write(&mut self, frame: String) -> Result<(), String> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        match timeout(WRITE_TIMEOUT, socket.send(Message::text(frame))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the server takes nothing any more".to_owned()),
        }
    }

    fn read(&self, stream: StreamId, after: Rev) -> Reading {
        let (client, slots) = (self.client.clone(), Arc::clone(&self.read_slots));
        Box::pin(async move {
            // Never closed; and without a slot it would only be less polite.
            let _slot = slots.acquire().await;
            let query = ChangesQuery { after, limit: Some(PAGE_ITEMS_MAX) };
            let outcome = client.changes(stream, query).await.map_err(|error| read_failure(&error));
            Input::Page { stream, after, outcome: outcome.and_then(|page| check_page(stream, page)) }
        })
    }
}

async fn opened(opening: &mut Option<Opening>) -> Result<Socket, OpenFailure> {
    match opening {
        Some(opening) => opening.await,
        None => std::future::pending().await,
    }
}

async fn next_frame(socket: &mut Option<Socket>) -> Option<Result<Message, tungstenite::Error>> {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}

fn input_of(frame: Option<Result<Message, tungstenite::Error>>) -> Input<Asker> {
    match frame {
        Some(Ok(Message::Text(text))) => read_frame(&text).map_or(Input::Heard, Input::Frame),
        Some(Ok(Message::Close(Some(close)))) if !close.reason.is_empty() => Input::Closed(close.reason.to_string()),
        Some(Ok(Message::Close(_))) | None => Input::Closed("the server closed the connection".to_owned()),
        // Pings are answered by the library.
        Some(Ok(_)) => Input::Heard,
        Some(Err(error)) => Input::Closed(error.to_string()),
    }
}

/// Reads a frame; of an event that this version cannot read, its place in the stream.
fn read_frame(text: &str) -> Option<ServerFrame> {
    let source = match serde_json::from_str(text) {
        Ok(frame) => return Some(frame),
        Err(source) => source,
    };
    tracing::warn!(error = %source, "a frame of the server could not be read");
    let frame: serde_json::Value = serde_json::from_str(text).ok()?;
    let stream = serde_json::from_value(frame.get("stream")?.clone()).ok()?;
    let rev = serde_json::from_value(frame.get("rev")?.clone()).ok()?;
    Some(ServerFrame::Event(Event { stream: Some(stream), rev: Some(rev), body: EventBody::Unknown }))
}

fn check_page(stream: StreamId, page: Changes) -> Result<Changes, ReadFailure> {
    if page.stream == stream { Ok(page) } else { Err(ReadFailure::Reload) }
}

fn read_failure(error: &ClientError) -> ReadFailure {
    match error {
        ClientError::Refused(detail) => match detail.code {
            ErrorCode::NotFound | ErrorCode::Forbidden => ReadFailure::Gone,
            ErrorCode::ReloadRequired | ErrorCode::InvalidField => ReadFailure::Reload,
            _ => ReadFailure::Later,
        },
        // An answer that cannot be read will not be better the next time.
        ClientError::Protocol { .. } => ReadFailure::Reload,
        _ => ReadFailure::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, u64)>) {
        let read = read_frame(text).map(|frame| match frame {
            ServerFrame::Event(Event { stream: Some(stream), rev: Some(rev), body: EventBody::Unknown }) => {
                (stream.to_string(), rev.get())
            }
            frame => panic!("{frame:?}"),
        });
        assert_eq!(read, expected.map(|(stream, rev)| (stream.to_owned(), rev)), "{text}");
    }

    #[test]
    fn events_of_a_newer_server_keep_their_place() {
        check(r#"{"ev":"reaction.added","stream":"c3","rev":7,"emoji":"+1"}"#, Some(("c3", 7)));
        check(r#"{"ev":"message.created","stream":"c3","rev":8,"message":"in another form"}"#, Some(("c3", 8)));
        check(r#"{"ev":"message.created","stream":"x3","rev":8}"#, None);
        check("[]", None);
        check("not json", None);
    }
}
