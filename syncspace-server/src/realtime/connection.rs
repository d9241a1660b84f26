//! One socket as the rest of the instance sees it: a bounded mailbox of frames, and what it follows.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use syncspace_protocol::socket::CloseReason;
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::{ChannelId, MemberId, Rev, SessionId, StreamId, TeamId, UserId};
use tokio::time::Instant;

use super::Frame;
use super::backlog::Backlog;
use super::channels::Channels;
use super::mailbox::Mailbox;
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
    mailbox: Mutex<Mailbox>,
    waker: AtomicWaker,
    /// Held while a stream comes to it or goes: state and gate change together.
    moving: Mutex<()>,
    state: Mutex<State>,
}

/// What a connection follows and what waits for it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) teams: Vec<Seat>,
    /// Channels the person is in.
    pub(super) channels: Channels,
    /// Streams whose missed changes are still to be sent.
    pub(super) behind: Backlog,
    /// People whose presence it shows.
    pub(super) watched: Vec<UserId>,
    /// Those among them who may not be shown any more.
    doubted: Vec<UserId>,
    /// How many lists of such people it has named.
    pub(super) lists_named: u64,
    /// Teams that were taken from it and of which the client is still to be told.
    pub(super) left: Vec<TeamId>,
    /// How often somebody else changed what it may follow.
    pub(super) moves: u64,
    needs_refresh: bool,
    /// Not to be looked at again before: the last look failed.
    refresh_paused_until: Option<Instant>,
    ended: Option<CloseReason>,
}

impl State {
    /// Tells once that the person's streams are to be looked at.
    fn take_refresh(&mut self, now: Instant) -> bool {
        if self.refresh_paused_until.is_some_and(|until| until > now) {
            return false;
        }
        self.refresh_paused_until = None;
        std::mem::take(&mut self.needs_refresh)
    }

    fn paused_until(&self, now: Instant) -> Option<Instant> {
        let refresh = self.refresh_paused_until.filter(|_| self.needs_refresh);
        [refresh, self.behind.paused_until()].into_iter().flatten().map(|at| at.max(now)).min()
    }

    /// Tells whether the person may follow a stream.
    pub(super) fn holds(&self, stream: StreamId) -> bool {
        match stream {
            StreamId::Channel(channel) => self.channels.contains(channel),
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
    pub(super) role: TeamRole,
    pub(super) is_server_admin: bool,
}

impl Seat {
    pub(super) const fn new(team: TeamId, member: MemberId, role: TeamRole, is_server_admin: bool) -> Self {
        Self { team, member, role, is_server_admin }
    }

    fn sees_public(self) -> bool {
        self.is_server_admin || self.role >= TeamRole::Member
    }

    fn manages(self) -> bool {
        self.is_server_admin || self.role >= TeamRole::Admin
    }
}

/// What the socket's own task has to do beside sending what is queued.
#[derive(Debug, Default)]
pub struct Duty {
    /// Close the socket.
    pub ended: Option<CloseReason>,
    /// Look again which streams the person may follow.
    pub needs_refresh: bool,
    /// Look again whether these people may be shown.
    pub doubted: Vec<UserId>,
    /// Send missed changes of this stream, after this rev.
    pub behind: Option<(StreamId, Rev)>,
}

/// What has come for a connection's task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mail {
    /// There may be a [`Duty`].
    Duty,
    /// Frames were handed on.
    Frames,
}

impl Connection {
    pub(super) fn new(number: u32, user: UserId, session: SessionId) -> Self {
        Self {
            number,
            user,
            session,
            mailbox: Mutex::default(),
            waker: AtomicWaker::new(),
            moving: Mutex::default(),
            state: Mutex::default(),
        }
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Waits until there may be a [`Duty`], or frames, which it then hands on; frames wait where `frame` is none.
    pub fn poll_mail(&self, context: &Context<'_>, frame: Option<impl FnMut(Frame)>) -> Poll<Mail> {
        // First the waker: what is put in after the look wakes.
        self.waker.register(context.waker());
        let mut mailbox = self.mailbox();
        if mailbox.take_ring() {
            return Poll::Ready(Mail::Duty);
        }
        if frame.is_some_and(|frame| mailbox.empty(frame)) { Poll::Ready(Mail::Frames) } else { Poll::Pending }
    }

    /// Gives channels whose missed changes are to be sent now, in turn, up to so many, each with the rev after which they are.
    pub fn behind_channels(&self, count_max: usize) -> Vec<(ChannelId, Rev)> {
        self.state().behind.channels(Instant::now(), count_max)
    }

    /// Hands queued frames on.
    pub fn take_mail(&self, frame: impl FnMut(Frame)) {
        self.mailbox().empty(frame);
    }

    /// Gives when there is a [`Duty`] again, where what could not be read pauses until then.
    pub fn paused_until(&self) -> Option<Instant> {
        self.state().paused_until(Instant::now())
    }

    /// Gives what is to be done now; streams that are behind take turns, each until it is followed again.
    pub fn take_duty(&self) -> Duty {
        let now = Instant::now();
        let mut state = self.state();
        let (ended, needs_refresh) = (state.ended, state.take_refresh(now));
        let behind = if needs_refresh { None } else { state.behind.turn(now) };
        Duty { ended, needs_refresh, doubted: std::mem::take(&mut state.doubted), behind }
    }

    /// Lets a stream pause that could not be read, so that the others go on.
    pub fn pause(&self, stream: StreamId, until: Instant) {
        self.state().behind.pause(stream, until);
    }

    /// Queues a frame; false where it does not fit.
    pub(super) fn push(&self, frame: &Frame) -> bool {
        let is_queued = self.mailbox().put(frame);
        if is_queued {
            self.waker.wake();
        }
        is_queued
    }

    /// Queues frames in order; gives how many fit.
    pub(super) fn push_some<'a>(&self, mut frames: impl Iterator<Item = &'a Frame>) -> usize {
        let mut count = 0;
        {
            let mut mailbox = self.mailbox();
            while frames.next().is_some_and(|frame| mailbox.put(frame)) {
                count += 1;
            }
        }
        self.waker.wake();
        count
    }

    pub(super) fn fall_behind(&self, stream: StreamId, after: Rev) {
        self.state().behind.add(stream, after);
        self.wake();
    }

    /// Asks the connection's task to look whether there is a [`Duty`].
    pub fn wake(&self) {
        self.mailbox().ring();
        self.waker.wake();
    }

    /// Asks the connection's task to look again whether it may show some people.
    pub(super) fn doubt(&self, users: &[UserId]) {
        self.state().doubted.extend(users);
        self.wake();
    }

    /// Asks the connection's task to look again which streams the person may follow.
    pub fn ask_refresh(&self) {
        self.state().needs_refresh = true;
        self.wake();
    }

    /// Asks the same, but not before a time: the last look failed.
    pub fn ask_refresh_at(&self, at: Instant) {
        self.state().refresh_paused_until = Some(at);
        self.ask_refresh();
    }

    /// Ends the connection, unless it is ending for another reason already.
    pub fn end(&self, reason: CloseReason) {
        self.state().ended.get_or_insert(reason);
        self.wake();
    }

    /// Tells whether the person sees the content of a change.
    pub(super) fn is_in(&self, audience: Audience, team: TeamId) -> bool {
        if audience == Audience::Everyone {
            return true;
        }
        let state = self.state();
        let is_member = |channel| state.channels.contains(channel);
        let seat = state.teams.iter().find(|seat| seat.team == team);
        match audience {
            Audience::Everyone => true,
            Audience::PrivateChannel(channel) => is_member(channel),
            Audience::PublicChannel(channel) => seat.is_some_and(|seat| seat.sees_public()) || is_member(channel),
            Audience::Managers => seat.is_some_and(|seat| seat.manages()),
        }
    }
}
