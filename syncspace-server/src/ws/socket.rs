//! The task of one socket: reads frames, writes what is queued, sends what was missed, and ends in order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use syncspace_protocol::limits::{FRAME_BYTES_MAX, MESSAGE_BYTES_MAX, WATCHED_USERS_MAX};
use syncspace_protocol::socket::{Ack, CloseReason, Event, EventBody, Hello, Limits, Outcome, Reply};
use syncspace_protocol::{ChannelId, ErrorCode, PROTOCOL_VERSION, Rev, StreamId};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Bytes, Message};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::requests::{Answer, Pending};
use super::session::{Identified, Introduction, Step, Unidentified, refusal};
use crate::rate_limit::ConnectionLimits;
use crate::realtime::{Connection, Frame};
use crate::service::{Actor, Device, Owed, Service, ServiceError};

/// How often the server pings; nothing for three times as long means a dead connection.
const HEARTBEAT_MS: u64 = 25_000;

/// How long a connection may take to say who it is.
const INTRODUCTION_WAIT: Duration = Duration::from_secs(10);

/// Frames that may wait for one connection; what does not fit makes its stream fall behind.
const QUEUE_FRAMES_MAX: usize = 256;

/// How many queued frames go into one write.
const FRAMES_PER_WRITE: usize = 64;

/// How long a reader may take nothing before it is cut off.
const PROGRESS_WAIT: Duration = Duration::from_secs(60);

/// When the first clients of a stopping server connect again, in milliseconds.
const RECONNECT_FIRST_MS: u64 = 500;

/// Shortest and longest time over which they do, in milliseconds.
const RECONNECT_SPREAD_MS: std::ops::RangeInclusive<u64> = 2_500..=30_000;

/// How many of them connect again in a millisecond, at least while the spread is not at its longest.
const RECONNECTS_PER_MS: u64 = 1;

/// How the upgrade request said who it is.
#[derive(Debug)]
pub(super) struct Entrance {
    pub(super) token: Option<String>,
    pub(super) ticket: Option<String>,
    pub(super) resumes: bool,
}

type Stream = WebSocketStream<TokioIo<Upgraded>>;

pub(super) struct Socket {
    pub(super) service: Arc<Service>,
    stream: Stream,
    /// How much this connection may still ask.
    pub(super) limits: ConnectionLimits,
    closing: CancellationToken,
}

/// Why a socket's task ends.
pub(super) enum End {
    /// The connection is gone; nothing can be said any more.
    Gone,
    /// Say why, then close.
    Close(CloseReason),
}

impl From<tungstenite::Error> for End {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Capacity(_) | tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_) => {
                Self::Close(CloseReason::Protocol)
            }
            _ => Self::Gone,
        }
    }
}

/// What the loop of an identified socket works with.
pub(super) struct Talk {
    pub(super) actor: Actor,
    pub(super) connection: Arc<Connection>,
    pub(super) session: Identified,
    pub(super) pending: FuturesUnordered<Pending>,
    /// When "typing" was last passed on, by channel.
    pub(super) typed_at: HashMap<ChannelId, Instant>,
    /// On a resuming socket the streams that were not named yet, with their known revs.
    pub(super) unnamed: Option<BTreeMap<StreamId, Rev>>,
    /// What came to the connection and is still to be told.
    pub(super) owed: Owed,
}

/// Whose connection this seems to be.
struct Visitor {
    device: Device,
    /// Number of the request that said so, where it was one.
    asked: Option<u64>,
}

impl Socket {
    pub(super) fn new(
        service: Arc<Service>,
        stream: Stream,
        limits: ConnectionLimits,
        closing: CancellationToken,
    ) -> Self {
        Self { service, stream, limits, closing }
    }

    /// Runs until the socket ends; never fails, because nobody is left to tell.
    pub(super) async fn run(mut self, entrance: Entrance) {
        let end = match self.identify(&entrance).await {
            Ok(visitor) => self.serve(visitor, entrance.resumes).await,
            Err(end) => end,
        };
        if let End::Close(reason) = end {
            self.say_goodbye(reason).await;
        }
    }

    async fn identify(&mut self, entrance: &Entrance) -> Result<Visitor, End> {
        if let Some(ticket) = &entrance.ticket {
            let device = self.service.device_of_ticket(ticket).await;
            return self.admit(None, device).await;
        }
        if let Some(token) = &entrance.token {
            return self.admit(None, self.service.device_of_token(token)).await;
        }
        let deadline = Instant::now() + INTRODUCTION_WAIT;
        loop {
            let next = tokio::select! {
                () = self.closing.cancelled() => return Err(End::Close(CloseReason::Draining)),
                next = timeout_at(deadline, self.stream.next()) => next,
            };
            let frame = next.map_err(|_| End::Close(CloseReason::Unauthenticated))?;
            let Message::Text(text) = frame.ok_or(End::Gone)?? else { continue };
            match Unidentified.frame(&text) {
                Introduction::Refuse(reply) => self.send(&reply).await?,
                Introduction::Check { id, token } => {
                    return self.admit(Some(id), self.service.device_of_token(&token)).await;
                }
            }
        }
    }

    async fn admit(&mut self, asked: Option<u64>, device: Result<Device, ServiceError>) -> Result<Visitor, End> {
        match device {
            Ok(device) => Ok(Visitor { device, asked }),
            Err(error) => Err(self.turn_away(asked, &error).await),
        }
    }

    /// Answers an attempt to log in that failed; that ends the connection.
    async fn turn_away(&mut self, asked: Option<u64>, error: &ServiceError) -> End {
        super::requests::log_fault(error);
        let reason = match error.code() {
            ErrorCode::SessionEnded => CloseReason::SessionEnded,
            ErrorCode::Unauthenticated | ErrorCode::TokenExpired => CloseReason::Unauthenticated,
            _ => CloseReason::Draining,
        };
        match self.send(&Reply { re: asked, outcome: Outcome::Error(error.detail()) }).await {
            Ok(()) => End::Close(reason),
            Err(end) => end,
        }
    }

    async fn serve(&mut self, visitor: Visitor, resumes: bool) -> End {
        let (queue, mut frames) = mpsc::channel(QUEUE_FRAMES_MAX);
        let Device { user_id, session_id } = visitor.device;
        // Before anything is looked up: from here on an end of the session is heard, one that came before is found.
        let Some(connection) = self.service.realtime().attach(user_id, session_id, queue) else {
            return End::Close(CloseReason::Draining);
        };
        let end = match self.greet(visitor, &connection, resumes).await {
            Ok(mut talk) => self.talk(&mut talk, &mut frames).await,
            Err(end) => end,
        };
        self.service.realtime().detach(&connection).await;
        end
    }

    /// Sends `hello`, and lets the streams follow: at once, or as `resume` frames will name them.
    async fn greet(&mut self, visitor: Visitor, connection: &Arc<Connection>, resumes: bool) -> Result<Talk, End> {
        let mut owed = Owed::default();
        let greeting = match self.service.greet(visitor.device, connection, &mut owed).await {
            Ok(greeting) => greeting,
            Err(error) => return Err(self.turn_away(visitor.asked, &error).await),
        };
        if visitor.asked.is_some() {
            self.send(&Reply { re: visitor.asked, outcome: Outcome::Ok(Ack::Done {}) }).await?;
        }
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            epoch: self.service.epoch().clone(),
            session_id: greeting.actor.session_id,
            connection_id: Uuid::now_v7().to_string(),
            server_time: self.service.now(),
            heartbeat_ms: HEARTBEAT_MS,
            limits: Limits {
                message_bytes_max: MESSAGE_BYTES_MAX,
                frame_bytes_max: FRAME_BYTES_MAX,
                watched_users_max: WATCHED_USERS_MAX,
            },
            user: greeting.user,
            teams: greeting.followed.joined,
        };
        self.send(&Event::outside_streams(EventBody::Hello(Box::new(hello)))).await?;
        let mut unnamed = None;
        if resumes {
            unnamed = Some(greeting.followed.added);
        } else {
            for (stream, rev) in greeting.followed.added {
                self.service.realtime().follow(connection, stream, rev);
            }
        }
        Ok(Talk {
            actor: greeting.actor,
            connection: Arc::clone(connection),
            session: Identified::default(),
            pending: FuturesUnordered::new(),
            typed_at: HashMap::new(),
            unnamed,
            owed,
        })
    }

    async fn talk(&mut self, talk: &mut Talk, frames: &mut mpsc::Receiver<Frame>) -> End {
        loop {
            if let Err(end) = self.turn(talk, frames).await {
                return end;
            }
        }
    }

    /// Runs until something ends the connection. Queued frames go out before what was missed, because they are older.
    async fn turn(&mut self, talk: &mut Talk, frames: &mut mpsc::Receiver<Frame>) -> Result<(), End> {
        let mut heartbeat = interval(Duration::from_millis(HEARTBEAT_MS));
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.reset();
        let mut heard_at = Instant::now();
        let mut batch = Vec::with_capacity(1);
        let mut is_behind = true;
        loop {
            let connection = Arc::clone(&talk.connection);
            tokio::select! {
                biased;
                () = self.closing.cancelled() => return Err(End::Close(CloseReason::Draining)),
                // Before the queue: an end must not wait until a busy channel pauses.
                () = connection.woken() => {
                    if let Some(reason) = connection.ended() {
                        return Err(End::Close(reason));
                    }
                    is_behind = true;
                }
                taken = frames.recv_many(&mut batch, FRAMES_PER_WRITE) => {
                    if taken == 0 {
                        return Err(End::Gone);
                    }
                    self.write(&mut batch).await?;
                }
                Some(answer) = talk.pending.next(), if !talk.pending.is_empty() => {
                    self.answer(talk, answer).await?;
                }
                frame = self.stream.next() => {
                    heard_at = Instant::now();
                    self.take_in(talk, frame.ok_or(End::Gone)??).await?;
                }
                _ = heartbeat.tick() => {
                    if heard_at.elapsed() > Duration::from_millis(3 * HEARTBEAT_MS) {
                        return Err(End::Gone);
                    }
                    self.put(Message::Ping(Bytes::new())).await?;
                }
                () = std::future::ready(()), if is_behind => is_behind = self.catch_up(talk).await?,
            }
        }
    }

    async fn take_in(&mut self, talk: &mut Talk, message: Message) -> Result<(), End> {
        match message {
            Message::Text(text) => match talk.session.frame(&text) {
                Step::Answer(reply) => self.send(&reply).await,
                Step::Do { id, op } => self.start(talk, id, op).await,
            },
            Message::Binary(_) => {
                self.send(&refusal(None, ErrorCode::InvalidBody, "frames are text: JSON in UTF-8")).await
            }
            Message::Close(_) => Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(()),
        }
    }

    async fn answer(&mut self, talk: &mut Talk, answer: Answer) -> Result<(), End> {
        talk.session.answered();
        if let Some(refused) = &answer.refused_send {
            talk.session.note_failed(refused.channel, &refused.client_id, &refused.place);
        }
        self.send(&answer.reply).await
    }

    /// Writes queued frames with one flush.
    pub(super) async fn write(&mut self, batch: &mut Vec<Frame>) -> Result<(), End> {
        let stream = &mut self.stream;
        let writing = async {
            for frame in batch.drain(..) {
                stream.feed(Message::Text(frame)).await?;
            }
            stream.flush().await
        };
        timeout(PROGRESS_WAIT, writing).await.map_err(|_| End::Close(CloseReason::TooSlow))??;
        Ok(())
    }

    pub(super) async fn send<T: Serialize + Sync>(&mut self, frame: &T) -> Result<(), End> {
        match serde_json::to_string(frame) {
            Ok(text) => self.put(Message::text(text)).await,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a frame cannot be written");
                Ok(())
            }
        }
    }

    async fn put(&mut self, message: Message) -> Result<(), End> {
        let sent = timeout(PROGRESS_WAIT, self.stream.send(message)).await;
        sent.map_err(|_| End::Close(CloseReason::TooSlow))??;
        Ok(())
    }

    /// Says why the socket closes, as an event for our clients and as a close code (RFC 6455, section 7.4) for all.
    async fn say_goodbye(&mut self, reason: CloseReason) {
        let (code, reconnect_after_ms) = match reason {
            CloseReason::Draining => {
                let spread_ms = reconnect_spread_ms(self.service.realtime().connection_count());
                (CloseCode::Restart, Some(RECONNECT_FIRST_MS + fastrand::u64(..spread_ms)))
            }
            CloseReason::TooSlow => (CloseCode::Again, Some(RECONNECT_FIRST_MS)),
            CloseReason::Protocol => (CloseCode::Protocol, None),
            CloseReason::SessionEnded | CloseReason::Unauthenticated | CloseReason::Unknown => {
                (CloseCode::Policy, None)
            }
        };
        let event = Event::outside_streams(EventBody::Closing { reason, reconnect_after_ms });
        let close = CloseFrame { code, reason: "".into() };
        let stream = &mut self.stream;
        let goodbye = async {
            if let Ok(text) = serde_json::to_string(&event) {
                stream.send(Message::text(text)).await?;
            }
            stream.close(Some(close)).await?;
            // The other side answers the close; only then is everything sent known to have arrived.
            while let Some(Ok(_)) = stream.next().await {}
            Ok::<(), tungstenite::Error>(())
        };
        // A peer that is gone or does not answer is none of our concern any more.
        drop(timeout(Duration::from_secs(2), goodbye).await);
    }
}

/// Gives the time over which so many clients of a stopping server come back, in milliseconds: other servers must take them.
fn reconnect_spread_ms(connections: usize) -> u64 {
    let connections = u64::try_from(connections).unwrap_or(u64::MAX);
    (connections / RECONNECTS_PER_MS).clamp(*RECONNECT_SPREAD_MS.start(), *RECONNECT_SPREAD_MS.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_clients_come_back_over_a_longer_time() {
        for (connections, spread_ms) in [(0, 2_500), (100, 2_500), (10_000, 10_000), (1_000_000, 30_000)] {
            assert_eq!(reconnect_spread_ms(connections), spread_ms, "{connections}");
        }
    }
}
