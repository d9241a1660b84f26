//! The task of one socket: lets a person in, takes frames, answers, writes, and ends in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use syncspace_protocol::limits::{FRAME_BYTES_MAX, MESSAGE_BYTES_MAX, WATCHED_USERS_MAX};
use syncspace_protocol::socket::{Ack, CloseReason, Event, EventBody, Hello, Limits, Outcome, Reply};
use syncspace_protocol::{ChannelId, ErrorCode, PROTOCOL_VERSION, Rev, StreamId, TeamId};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Transport;
use super::account::AccountDigest;
use super::outbox::Wire;
use super::requests::{Answer, Pending};
use super::session::{Identified, Introduction, Step, Unidentified, refusal};
use super::talk::OUTBOX_BYTES_FULL;
use super::watch::{HEARTBEAT_MS, PROGRESS_WAIT};
use crate::rate_limit::ConnectionLimits;
use crate::realtime::{Connection, Frame};
use crate::service::{Actor, Device, Owed, Service, ServiceError};

/// How long a connection may take to say who it is.
const INTRODUCTION_WAIT: Duration = Duration::from_secs(10);

/// How long an answer to the other side's close may take.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

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

type Stream = WebSocketStream<Wire<Transport>>;

pub(super) struct Socket {
    pub(super) service: Arc<Service>,
    pub(super) stream: Stream,
    /// How much this connection may still ask.
    pub(super) limits: ConnectionLimits,
    pub(super) closing: CancellationToken,
    /// There may be bytes that were read and not looked at.
    pub(super) has_input: bool,
}

/// Why a socket's task ends.
pub(super) enum End {
    /// The connection is gone; nothing can be said any more.
    Gone,
    /// The other side has closed; that is answered.
    Closed,
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
    /// When the token ends; none for a login.
    pub(super) ends_at: Option<Instant>,
    pub(super) connection: Arc<Connection>,
    pub(super) session: Identified,
    pub(super) pending: FuturesUnordered<Pending>,
    /// When "typing" was last passed on, by channel.
    pub(super) typed_at: HashMap<ChannelId, Instant>,
    /// On a resuming socket the streams that were not named yet, with their known revs.
    pub(super) unnamed: Option<BTreeMap<StreamId, Rev>>,
    /// What came to the connection and is still to be told.
    pub(super) owed: Owed,
    /// The account as the client was told it.
    pub(super) account: AccountDigest,
    /// Number of the banner that the client was told.
    pub(super) banner: u64,
    /// Teams of which the client was told that the person asks to come in.
    pub(super) requested: BTreeSet<TeamId>,
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
        Self { service, stream, limits, closing, has_input: true }
    }

    /// Runs until the socket ends; never fails, because nobody is left to tell.
    pub(super) async fn run(mut self: Box<Self>, entrance: Entrance) {
        // What only the beginning or the end needs is boxed, so that it is not held for the whole life of a connection.
        let entered = Box::pin(self.enter(entrance)).await;
        let end = match entered {
            Ok(mut talk) => {
                let end = self.talk(&mut talk).await;
                Box::pin(self.service.realtime().detach(&talk.connection)).await;
                end
            }
            Err(end) => end,
        };
        match end {
            End::Close(reason) => Box::pin(self.say_goodbye(reason)).await,
            // A peer that does not wait for the answer is none of our concern any more.
            End::Closed => drop(timeout(CLOSE_WAIT, self.stream.flush()).await),
            End::Gone => {}
        }
    }

    /// Finds out who it is, and sends `hello`.
    async fn enter(&mut self, entrance: Entrance) -> Result<Box<Talk>, End> {
        let visitor = self.identify(&entrance).await?;
        let Device { user_id, session_id } = visitor.device;
        let service = Arc::clone(&self.service);
        let _turn = service.door().await.map_err(|_| End::Close(CloseReason::Draining))?;
        // Before anything is looked up: from here on an end of the session is heard, one that came before is found.
        let attached = self.service.realtime().attach(user_id, session_id);
        let connection = attached.ok_or(End::Close(CloseReason::Draining))?;
        let greeted = self.greet(visitor, &connection, entrance.resumes).await;
        if greeted.is_err() {
            self.service.realtime().detach(&connection).await;
        }
        greeted.map(Box::new)
    }

    async fn identify(&mut self, entrance: &Entrance) -> Result<Visitor, End> {
        if let Some(ticket) = &entrance.ticket {
            let device = self.service.device_of_ticket(ticket).await;
            return self.admit(None, device).await;
        }
        if let Some(token) = &entrance.token {
            let device = self.service.device_of_token(token).await;
            return self.admit(None, device).await;
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
                Introduction::Refuse(reply) => self.send_now(&reply).await?,
                Introduction::Check { id, token } => {
                    let device = self.service.device_of_token(&token).await;
                    return self.admit(Some(id), device).await;
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
            ErrorCode::Unauthenticated | ErrorCode::TokenExpired | ErrorCode::Forbidden => CloseReason::Unauthenticated,
            _ => CloseReason::Draining,
        };
        match self.send_now(&Reply { re: asked, outcome: Outcome::Error(error.detail()) }).await {
            Ok(()) => End::Close(reason),
            Err(end) => end,
        }
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
        let account = AccountDigest::of(&greeting.user, &greeting.preferences);
        let (banner_number, banner) = self.service.banner();
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
            preferences: greeting.preferences,
            banner,
            teams: greeting.followed.joined,
            join_requests: greeting.requested.iter().copied().collect(),
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
            ends_at: greeting.ends_in.and_then(|left| Instant::now().checked_add(left)),
            connection: Arc::clone(connection),
            session: Identified::default(),
            pending: FuturesUnordered::new(),
            typed_at: HashMap::new(),
            unnamed,
            owed,
            account,
            banner: banner_number,
            requested: greeting.requested,
        })
    }

    pub(super) async fn take_in(&mut self, talk: &mut Talk, message: Message) -> Result<(), End> {
        match message {
            Message::Text(text) => match talk.session.frame(&text) {
                Step::Answer(reply) => self.send(&reply).await,
                Step::Do { id, op } => self.start(talk, id, op).await,
            },
            Message::Binary(_) => {
                self.send(&refusal(None, ErrorCode::InvalidBody, "frames are text: JSON in UTF-8")).await
            }
            Message::Close(_) => Err(End::Closed),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(()),
        }
    }

    pub(super) async fn answer(&mut self, talk: &mut Talk, answer: Answer) -> Result<(), End> {
        talk.session.answered();
        if let Some(refused) = &answer.refused_send {
            talk.session.note_failed(refused.channel, &refused.client_id, &refused.place);
        }
        self.send(&answer.reply).await
    }

    /// Puts a frame where the loop writes it, with all that is ready then; waits where too much is there already.
    pub(super) async fn send<T: Serialize + Sync>(&mut self, frame: &T) -> Result<(), End> {
        match serde_json::to_string(frame) {
            Ok(text) => self.stream.get_mut().outbox.push(Frame::text(&text).into_encoded()),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "a frame cannot be written"),
        }
        if self.stream.get_ref().outbox.len() < OUTBOX_BYTES_FULL {
            return Ok(());
        }
        Box::pin(self.write_below(OUTBOX_BYTES_FULL)).await
    }

    /// Puts missed changes after the frames that came before their streams fell behind, and writes what is too much.
    pub(super) async fn write(&mut self, connection: &Connection, frames: &mut Vec<Frame>) -> Result<(), End> {
        let outbox = &mut self.stream.get_mut().outbox;
        connection.take_mail(|frame| outbox.push(frame.into_encoded()));
        frames.drain(..).for_each(|frame| outbox.push(frame.into_encoded()));
        if self.stream.get_ref().outbox.len() < OUTBOX_BYTES_FULL {
            return Ok(());
        }
        Box::pin(self.write_below(OUTBOX_BYTES_FULL)).await
    }

    /// Writes a frame at once.
    async fn send_now<T: Serialize + Sync>(&mut self, frame: &T) -> Result<(), End> {
        self.send(frame).await?;
        self.write_below(1).await
    }

    /// Takes frames that came before a stream fell behind, so that what it missed goes out after them.
    pub(super) fn take_mail(&mut self, talk: &Talk) {
        let outbox = &mut self.stream.get_mut().outbox;
        talk.connection.take_mail(|frame| outbox.push(frame.into_encoded()));
    }

    /// Writes until fewer bytes wait; fails where the other side takes nothing for too long.
    async fn write_below(&mut self, bytes: usize) -> Result<(), End> {
        loop {
            let before = self.stream.get_ref().outbox.taken();
            let progress = poll_fn(|context| {
                let written = self.stream.get_mut().poll_drain(context);
                let outbox = &self.stream.get_ref().outbox;
                match written {
                    Poll::Ready(written) => Poll::Ready(written.map_err(|_| End::Gone)),
                    Poll::Pending if outbox.taken() > before => Poll::Ready(Ok(())),
                    Poll::Pending => Poll::Pending,
                }
            });
            timeout(PROGRESS_WAIT, progress).await.map_err(|_| End::Close(CloseReason::TooSlow))??;
            if self.stream.get_ref().outbox.len() < bytes {
                return Ok(());
            }
        }
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
        if reason != CloseReason::Draining {
            // What its person may no longer have, or does not take.
            self.stream.get_mut().outbox.discard();
        }
        let event = Event::outside_streams(EventBody::Closing { reason, reconnect_after_ms });
        let close = CloseFrame { code, reason: "".into() };
        let stream = &mut self.stream;
        let goodbye = async {
            if let Ok(text) = serde_json::to_string(&event) {
                stream.get_mut().outbox.push(Frame::text(&text).into_encoded());
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

    /// Gives the size of what an `async fn` returns.
    fn size_of_future<A, B, F: Future>(_: impl Fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn an_idle_connection_holds_little() {
        let bytes = size_of_future(Socket::run);
        assert!(bytes <= 1_024, "the task of a connection holds {bytes} bytes");
    }
}
