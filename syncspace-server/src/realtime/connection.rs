//! One socket as the rest of the instance sees it: a bounded queue of frames, and what it follows.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use syncspace_protocol::socket::CloseReason;
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::{ChannelId, MemberId, Rev, SessionId, StreamId, TeamId, UserId};
use tokio::sync::{Notify, mpsc};

use super::Frame;
use crate::log::Audience;

/// A socket that is logged in.
#[derive(Debug)]
pub struct Connection {
    /// Its number on this instance.
    pub(super) number: u32,
    /// Whose it is.
    pub user: UserId,
    /// The session it belongs to.
    pub session: SessionId,
    queue: mpsc::Sender<Frame>,
    /// Held while a stream comes to it or goes: state and gate change together.
    moving: Mutex<()>,
    state: Mutex<State>,
    wake: Notify,
}

/// What a connection follows and what waits for it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) teams: Vec<Seat>,
    /// Channels the person is in, sorted.
    pub(super) channels: Vec<(ChannelId, TeamId)>,
    /// Streams whose missed changes are still to be sent, and after which rev.
    pub(super) behind: BTreeMap<StreamId, Rev>,
    /// People whose presence it shows.
    pub(super) watched: Vec<UserId>,
    /// How many lists of such people it has named.
    pub(super) lists_named: u64,
    /// Teams that were taken from it and of which the client is still to be told.
    pub(super) left: Vec<TeamId>,
    /// How often somebody else changed what it may follow.
    pub(super) moves: u64,
    needs_refresh: bool,
    ended: Option<CloseReason>,
}

impl State {
    /// Tells whether the person may follow a stream.
    pub(super) fn holds(&self, stream: StreamId) -> bool {
        match stream {
            StreamId::Channel(channel) => self.channels.binary_search_by_key(&channel, |&(id, _)| id).is_ok(),
            StreamId::Team(team) => self.teams.iter().any(|seat| seat.team == team),
            StreamId::Member(member) => self.teams.iter().any(|seat| seat.member == member),
        }
    }
}

/// What a person is in a team, as far as delivery needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) team: TeamId,
    pub(super) member: MemberId,
    pub(super) sees_public: bool,
}

impl Seat {
    pub(super) const fn new(team: TeamId, member: MemberId, role: TeamRole, is_server_admin: bool) -> Self {
        Self { team, member, sees_public: is_server_admin || !matches!(role, TeamRole::Guest) }
    }
}

/// What the socket's own task has to do beside sending what is queued.
#[derive(Debug, Default)]
pub struct Duty {
    /// Close the socket.
    pub ended: Option<CloseReason>,
    /// Look again which streams the person may follow.
    pub needs_refresh: bool,
    /// Send missed changes of this stream, after this rev.
    pub behind: Option<(StreamId, Rev)>,
}

impl Connection {
    pub(super) fn new(number: u32, user: UserId, session: SessionId, queue: mpsc::Sender<Frame>) -> Self {
        Self { number, user, session, queue, moving: Mutex::default(), state: Mutex::default(), wake: Notify::new() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps everybody else from moving its streams; taken before a shard of gates and before its state.
    pub(super) fn moving(&self) -> MutexGuard<'_, ()> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the changes that others made to what its person may follow: what was read before the last one is out of date.
    pub fn moves(&self) -> u64 {
        self.state().moves
    }

    /// Tells whether its person may follow a stream, as far as is known here.
    pub fn holds(&self, stream: StreamId) -> bool {
        self.state().holds(stream)
    }

    /// Gives why it is to close, if it is.
    pub fn ended(&self) -> Option<CloseReason> {
        self.state().ended
    }

    /// Waits until there may be a [`Duty`].
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Gives what is to be done now; a stream that is behind stays so until it is followed again.
    pub fn take_duty(&self) -> Duty {
        let mut state = self.state();
        Duty {
            ended: state.ended,
            needs_refresh: std::mem::take(&mut state.needs_refresh),
            behind: state.behind.first_key_value().map(|(&stream, &rev)| (stream, rev)),
        }
    }

    /// Gives channels whose missed changes are still to be sent, up to so many, each with the rev after which they are.
    pub fn behind_channels(&self, count_max: usize) -> Vec<(ChannelId, Rev)> {
        let state = self.state();
        let channels = state.behind.iter().filter_map(|(&stream, &rev)| match stream {
            StreamId::Channel(channel) => Some((channel, rev)),
            StreamId::Team(_) | StreamId::Member(_) => None,
        });
        channels.take(count_max).collect()
    }

    /// Queues a frame; false where the queue is full.
    pub(super) fn push(&self, frame: &Frame) -> bool {
        self.queue.try_send(frame.clone()).is_ok()
    }

    pub(super) fn fall_behind(&self, stream: StreamId, after: Rev) {
        self.state().behind.entry(stream).or_insert(after);
        self.wake.notify_one();
    }

    /// Asks the connection's task to look whether there is a [`Duty`].
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Asks the connection's task to look again which streams the person may follow.
    pub fn ask_refresh(&self) {
        self.state().needs_refresh = true;
        self.wake.notify_one();
    }

    /// Ends the connection, unless it is ending for another reason already.
    pub fn end(&self, reason: CloseReason) {
        self.state().ended.get_or_insert(reason);
        self.wake.notify_one();
    }

    /// Tells whether the person sees the content of a change.
    pub(super) fn is_in(&self, audience: Audience, team: TeamId) -> bool {
        let state = self.state();
        let is_member = |channel| state.channels.binary_search_by_key(&channel, |&(id, _)| id).is_ok();
        match audience {
            Audience::Everyone => true,
            Audience::PrivateChannel(channel) => is_member(channel),
            Audience::PublicChannel(channel) => {
                let seat = state.teams.iter().find(|seat| seat.team == team);
                seat.is_some_and(|seat| seat.sees_public) || is_member(channel)
            }
        }
    }
}
