//! Who is connected here and follows what: hands each committed change to its followers.
//!
//! Lock order: connections, then the right to move one connection's streams, then a shard of gates, then its state. Nothing awaits while a lock is held.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use syncspace_protocol::socket::{CloseReason, Event, EventBody};
use syncspace_protocol::status::Presence;
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::{ChannelId, Rev, SessionId, StreamId, TeamId, UserId};
use tracing::error;

use super::channels::Channels;
use super::connection::{Connection, Seat};
use super::delivery::{Clockwork, Followed};
use crate::log::{Effect, Frame, event_frame};

/// Parts into which the gates are divided, so that busy channels do not wait for each other.
const SHARDS: usize = 64;

pub(super) type Shard = Mutex<HashMap<StreamId, Followed>>;

pub(super) struct Hub {
    pub(super) shards: Box<[Shard]>,
    connections: RwLock<Connections>,
    /// Nobody follows live while it is not known who lost access.
    is_withholding: AtomicBool,
    pub(super) clockwork: Clockwork,
}

#[derive(Default)]
pub(super) struct Connections {
    slots: Vec<Option<Arc<Connection>>>,
    free: Vec<u32>,
    by_user: HashMap<UserId, Vec<u32>>,
    /// Nobody comes in any more.
    is_closed: bool,
}

impl Connections {
    pub(super) fn get(&self, number: u32) -> Option<&Arc<Connection>> {
        self.slots.get(usize::try_from(number).ok()?)?.as_ref()
    }

    pub(super) fn of_user(&self, user: UserId) -> impl Iterator<Item = &Arc<Connection>> {
        self.by_user.get(&user).into_iter().flatten().filter_map(|&number| self.get(number))
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.slots.iter().flatten()
    }
}

/// What changed in what a connection follows.
#[derive(Debug)]
pub struct Reconciled {
    /// Streams that came to it; they are to be followed.
    pub added: Vec<StreamId>,
    /// Those of them whose newest rev nobody here has read yet.
    pub unopened: Vec<StreamId>,
    /// Teams that its person is no longer in.
    pub left: Vec<TeamId>,
}

/// A stream that is to be followed, and up to which rev its state is known.
pub(super) type Known = (StreamId, Rev);

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            connections: RwLock::default(),
            is_withholding: AtomicBool::new(false),
            clockwork: Clockwork::default(),
        }
    }

    pub(super) fn shard(&self, stream: StreamId) -> MutexGuard<'_, HashMap<StreamId, Followed>> {
        let mut hasher = DefaultHasher::new();
        stream.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % (SHARDS as u64)).unwrap_or(0);
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn connections(&self) -> std::sync::RwLockReadGuard<'_, Connections> {
        self.connections.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new connection in; says whether it is its person's first one here. None while the instance ends.
    pub(super) fn attach(&self, user: UserId, session: SessionId) -> Option<(Arc<Connection>, bool)> {
        let mut connections = self.connections.write().unwrap_or_else(PoisonError::into_inner);
        if connections.is_closed {
            return None;
        }
        let number = match connections.free.pop() {
            Some(number) => number,
            None => {
                let number = u32::try_from(connections.slots.len()).ok()?;
                connections.slots.push(None);
                number
            }
        };
        let connection = Arc::new(Connection::new(number, user, session));
        let slot = usize::try_from(number).ok()?;
        connections.slots[slot] = Some(Arc::clone(&connection));
        let own = connections.by_user.entry(user).or_default();
        own.push(number);
        Some((connection, own.len() == 1))
    }

    /// Lets a connection go; gives the teams it was in, and whether it was its person's last one here.
    pub(super) fn detach(&self, connection: &Connection) -> (Vec<TeamId>, bool) {
        // First nobody finds it any more, then its streams go, and only then may its number stand for another one.
        let is_last = self.hide(connection);
        let left = {
            let _moving = connection.moving();
            self.replace(connection, &[], &[]).left
        };
        self.connections.write().unwrap_or_else(PoisonError::into_inner).free.push(connection.number);
        (left, is_last)
    }

    fn hide(&self, connection: &Connection) -> bool {
        let mut connections = self.connections.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = usize::try_from(connection.number).ok().and_then(|slot| connections.slots.get_mut(slot)) {
            *slot = None;
        }
        let Entry::Occupied(mut own) = connections.by_user.entry(connection.user) else { return false };
        own.get_mut().retain(|&number| number != connection.number);
        let is_last = own.get().is_empty();
        if is_last {
            own.remove();
        }
        is_last
    }

    /// Makes sure of a gate for a stream that a connection is about to follow; says whether its newest rev is still to be read.
    fn track(&self, stream: StreamId) -> bool {
        let mut shard = self.shard(stream);
        let gate = &mut shard.entry(stream).or_default().gate;
        gate.interested += 1;
        gate.accepted().is_none()
    }

    /// Gives how many connections there are.
    pub(super) fn count(&self) -> usize {
        let connections = self.connections();
        connections.slots.len().saturating_sub(connections.free.len())
    }

    pub(super) fn delivered(&self, stream: StreamId) -> Option<Rev> {
        self.shard(stream).get(&stream).and_then(|followed| followed.gate.accepted())
    }

    /// Tells whether a stream is known to be committed further than this.
    pub(super) fn is_beyond(&self, (stream, rev): Known) -> bool {
        self.delivered(stream).is_some_and(|delivered| delivered > rev)
    }

    pub(super) fn open(&self, stream: StreamId, head: Rev) {
        if let Some(followed) = self.shard(stream).get_mut(&stream) {
            followed.gate.open(head);
        }
    }

    /// Lets a connection follow a stream live if it has everything, and counts it as behind if not.
    pub(super) fn follow(&self, connection: &Connection, (stream, rev): Known) -> bool {
        let mut shard = self.shard(stream);
        let mut state = connection.state();
        // The stream may have been taken from the connection meanwhile, while others still follow it.
        let Some(followed) = shard.get_mut(&stream).filter(|_| state.holds(stream)) else {
            state.behind.remove(stream);
            return false;
        };
        let is_live = !self.is_withholding() && followed.gate.follow(connection.number, rev);
        if is_live {
            state.behind.remove(stream);
        } else {
            state.behind.put(stream, rev);
        }
        is_live
    }

    /// Lets a connection that has everything up to `rev` follow live, unless its stream was taken from it meanwhile.
    pub(super) fn go_on(&self, connection: &Connection, known: Known) -> bool {
        let is_still_behind = connection.state().behind.contains(known.0);
        is_still_behind && self.follow(connection, known)
    }

    /// Stops a stream that cannot be read: it is not tried again before the connection's streams are looked at anew.
    ///
    /// Nothing is stopped where that was found out before the connection's last move: its person may have come in again.
    pub(super) fn lose(&self, connection: &Connection, stream: StreamId, as_of: u64) {
        let moving = connection.moving();
        if connection.moves() != as_of {
            return;
        }
        if let StreamId::Channel(channel) = stream {
            self.take_channel(connection, channel);
        }
        connection.state().behind.remove(stream);
        drop(moving);
        connection.ask_refresh();
    }

    fn unfollow(&self, connection: &Connection, stream: StreamId) {
        let mut shard = self.shard(stream);
        if let Entry::Occupied(mut followed) = shard.entry(stream) {
            let gate = &mut followed.get_mut().gate;
            gate.unfollow(connection.number);
            gate.interested = gate.interested.saturating_sub(1);
            if gate.interested == 0 {
                followed.remove();
            }
        }
        connection.state().behind.remove(stream);
    }

    /// Takes over what a connection's person may follow now; what it may no longer follow ends at once.
    ///
    /// Takes nothing over, and gives none, where that was read before the connection's last move.
    pub(super) fn reconcile(
        &self,
        connection: &Connection,
        teams: &[Seat],
        channels: &[(ChannelId, TeamId)],
        as_of: u64,
    ) -> Option<Reconciled> {
        let _moving = connection.moving();
        (connection.moves() == as_of).then(|| self.replace(connection, teams, channels))
    }

    fn replace(&self, connection: &Connection, teams: &[Seat], channels: &[(ChannelId, TeamId)]) -> Reconciled {
        let wanted: BTreeSet<_> = streams_of(teams, channels.iter().copied()).collect();
        let (before, left) = {
            let mut state = connection.state();
            let before: BTreeSet<_> = streams_of(&state.teams, state.channels.iter()).collect();
            let is_gone = |seat: &&Seat| !teams.iter().any(|kept| kept.member == seat.member);
            let mut left = std::mem::take(&mut state.left);
            left.extend(state.teams.iter().filter(is_gone).map(|seat| seat.team));
            state.teams = teams.to_vec();
            state.channels = Channels::new(channels);
            (before, left)
        };
        for &stream in before.difference(&wanted) {
            self.unfollow(connection, stream);
        }
        let added: Vec<_> = wanted.difference(&before).copied().collect();
        let unopened = added.iter().copied().filter(|&stream| self.track(stream)).collect();
        Reconciled { added, unopened, left }
    }

    /// Tells whether delivery stands still.
    pub(super) fn is_withholding(&self) -> bool {
        self.is_withholding.load(Ordering::Acquire)
    }

    /// Stops delivery: whoever follows live is behind from here on, and stays so until it goes on.
    pub(super) fn withhold(&self) {
        // First nobody becomes live any more, then nobody stays so.
        self.is_withholding.store(true, Ordering::Release);
        let connections = self.connections();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for (&stream, followed) in shard.iter_mut() {
                for (number, after) in followed.gate.dismiss() {
                    if let Some(connection) = connections.get(number) {
                        connection.fall_behind(stream, after);
                    }
                }
            }
        }
    }

    /// Lets delivery go on: each connection's task sends what it missed.
    pub(super) fn go_on_delivering(&self) {
        self.is_withholding.store(false, Ordering::Release);
        self.connections().all().for_each(|connection| connection.wake());
    }

    /// Lets nobody in any more, and has every connection say goodbye.
    pub(super) fn close(&self) {
        let mut connections = self.connections.write().unwrap_or_else(PoisonError::into_inner);
        connections.is_closed = true;
        connections.all().for_each(|connection| connection.end(CloseReason::Draining));
    }

    /// Has every connection look again at its session, at all it follows, and at whom it shows.
    /// Hands a frame that belongs to no stream to everybody; who has no room for it is to look again.
    pub(super) fn tell_all(&self, frame: &Frame) {
        let connections = self.connections();
        connections.all().filter(|connection| !connection.push(frame)).for_each(|connection| connection.ask_refresh());
    }

    pub(super) fn refresh_all(&self) {
        for connection in self.connections().all() {
            let watched = connection.state().watched.clone();
            connection.doubt(&watched);
            connection.ask_refresh();
        }
    }

    /// Has some connections look again whether they may show a person.
    pub(super) fn recheck_watched(&self, user: UserId, numbers: &[u32]) {
        let connections = self.connections();
        numbers.iter().filter_map(|&number| connections.get(number)).for_each(|connection| connection.doubt(&[user]));
    }

    /// Has every connection of some people look again at what there is for its person.
    pub(super) fn refresh_people(&self, users: &[UserId]) {
        let connections = self.connections();
        for &user in users {
            connections.of_user(user).for_each(|connection| connection.ask_refresh());
        }
    }

    /// Gives the newest socket of a person here.
    pub(super) fn socket_of(&self, user: UserId) -> Option<u32> {
        self.connections().by_user.get(&user)?.last().copied()
    }

    /// Tells one connection whose presence changed; false where that does not fit now.
    pub(super) fn push_presence(&self, number: u32, users: &[Presence]) -> bool {
        let connections = self.connections();
        let Some(connection) = connections.get(number) else { return true };
        match event_frame(&Event::outside_streams(EventBody::PresenceChanged { users: users.to_vec() })) {
            Ok(frame) => connection.push(&frame),
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "an event cannot be written");
                true
            }
        }
    }

    pub(super) fn apply_all(&self, effects: &[Effect]) {
        let connections = self.connections();
        for &effect in effects {
            self.apply(&connections, effect);
        }
    }

    /// Applies what the log says was taken away. Whoever loses something only by that looks at what holds: later changes may
    /// have come before.
    pub(super) fn revoke_all(&self, effects: &[Effect]) {
        let connections = self.connections();
        for &effect in effects {
            if self.apply(&connections, effect)
                && let Some(user) = effect.mover()
            {
                connections.of_user(user).for_each(|connection| connection.ask_refresh());
            }
        }
    }

    /// Lets an effect act; tells whether it took something from a connection here.
    pub(super) fn apply(&self, connections: &Connections, effect: Effect) -> bool {
        let mut is_news = false;
        match effect {
            Effect::ChannelJoined { user_id, channel_id, team_id, at } => {
                for connection in connections.of_user(user_id) {
                    self.enter_channel(connection, (channel_id, team_id), at);
                }
            }
            Effect::ChannelLeft { user_id, channel_id } => {
                for connection in connections.of_user(user_id) {
                    is_news |= self.drop_channel(connection, channel_id);
                }
            }
            // Who may write is asked with every message.
            Effect::ChannelArchived { .. } | Effect::ServerSettingsChanged => {}
            Effect::ChannelDeleted { channel_id } => {
                // Who was about to follow it takes up a stream on which nothing comes any more: no reason to look again.
                let stream = StreamId::Channel(channel_id);
                for connection in connections.all().filter(|connection| connection.holds(stream)) {
                    is_news |= self.drop_channel(connection, channel_id);
                }
            }
            Effect::TeamJoined { user_id, .. } | Effect::JoinRequestsChanged { user_id } => {
                connections.of_user(user_id).for_each(|connection| connection.ask_refresh());
            }
            Effect::RoleChanged { user_id, team_id, role } => {
                for connection in connections.of_user(user_id) {
                    is_news |= set_role(connection, team_id, role);
                }
            }
            Effect::TeamLeft { user_id, team_id } => {
                for connection in connections.of_user(user_id) {
                    is_news |= self.drop_team(connection, team_id);
                }
            }
            Effect::TeamDeleted { team_id } => {
                for connection in connections.all() {
                    is_news |= self.drop_team(connection, team_id);
                }
            }
            Effect::SessionEnded { session_id } => {
                let all = connections.all().filter(|connection| connection.session == session_id);
                all.for_each(|connection| connection.end(CloseReason::SessionEnded));
            }
            Effect::RightsChanged { user_id } => {
                connections.of_user(user_id).for_each(|connection| connection.end(CloseReason::Draining));
            }
            Effect::UserDeactivated { user_id } => {
                connections.of_user(user_id).for_each(|connection| connection.end(CloseReason::SessionEnded));
            }
        }
        is_news
    }

    /// Adds a channel to what a connection follows, from the rev at which its person came in.
    fn enter_channel(&self, connection: &Connection, channel: (ChannelId, TeamId), at: Rev) {
        let stream = StreamId::Channel(channel.0);
        let _moving = connection.moving();
        {
            let mut state = connection.state();
            state.moves += 1;
            if !state.channels.insert(channel) {
                return;
            }
        }
        self.track(stream);
        // Its own task sends what came since, and goes live.
        connection.fall_behind(stream, at);
    }

    /// Stops a channel at once; tells whether the connection had it.
    fn drop_channel(&self, connection: &Connection, channel: ChannelId) -> bool {
        let _moving = connection.moving();
        connection.state().moves += 1;
        self.take_channel(connection, channel)
    }

    /// Does that for whoever moves the connection's streams.
    fn take_channel(&self, connection: &Connection, channel: ChannelId) -> bool {
        if !connection.state().channels.remove(channel) {
            return false;
        }
        self.unfollow(connection, StreamId::Channel(channel));
        true
    }

    /// Stops every stream of a team at once, and lets the connection's task tell the client; tells whether it was in it.
    fn drop_team(&self, connection: &Connection, team: TeamId) -> bool {
        let _moving = connection.moving();
        let (kept, channels) = {
            let mut state = connection.state();
            state.moves += 1;
            if !state.teams.iter().any(|seat| seat.team == team) {
                return false;
            }
            let kept: Vec<_> = state.teams.iter().filter(|seat| seat.team != team).copied().collect();
            let channels: Vec<_> = state.channels.iter().filter(|&(_, of)| of != team).collect();
            (kept, channels)
        };
        let gone = self.replace(connection, &kept, &channels).left;
        connection.state().left.extend(gone);
        connection.ask_refresh();
        true
    }
}

/// Notes what a connection's person is in a team; tells whether that changed.
fn set_role(connection: &Connection, team: TeamId, role: TeamRole) -> bool {
    let _moving = connection.moving();
    let mut state = connection.state();
    state.moves += 1;
    let mut seats = state.teams.iter_mut().filter(|seat| seat.team == team && seat.role != role);
    seats.next().is_some_and(|seat| {
        seat.role = role;
        true
    })
}

fn streams_of(teams: &[Seat], channels: impl Iterator<Item = (ChannelId, TeamId)>) -> impl Iterator<Item = StreamId> {
    let teams = teams.iter().flat_map(|seat| [StreamId::Team(seat.team), StreamId::Member(seat.member)]);
    teams.chain(channels.map(|(channel, _)| StreamId::Channel(channel)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Committed, Frame};

    struct Socket {
        connection: Arc<Connection>,
    }

    impl Socket {
        fn texts(&self) -> Vec<String> {
            let context = std::task::Context::from_waker(std::task::Waker::noop());
            let mut texts = Vec::new();
            while self
                .connection
                .poll_mail(&context, Some(|frame: Frame| texts.push(frame.as_str().to_owned())))
                .is_ready()
            {}
            texts
        }
    }

    fn user(number: u64) -> UserId {
        number.try_into().unwrap()
    }

    fn rev(number: u64) -> Rev {
        number.try_into().unwrap()
    }

    fn channel() -> (ChannelId, TeamId) {
        (7.try_into().unwrap(), 3.try_into().unwrap())
    }

    fn stream() -> StreamId {
        StreamId::Channel(channel().0)
    }

    fn connect(hub: &Hub, number: u64) -> Socket {
        let (connection, _) = hub.attach(user(number), number.try_into().unwrap()).unwrap();
        Socket { connection }
    }

    fn enter(hub: &Hub, socket: &Socket) {
        hub.reconcile(&socket.connection, &[], &[channel()], socket.connection.moves()).unwrap();
        hub.open(stream(), rev(1));
        assert!(hub.follow(&socket.connection, (stream(), rev(1))));
    }

    fn event(number: u64) -> Committed {
        let route = crate::log::Route {
            team: channel().1,
            stream: stream(),
            rev: rev(number),
            audience: crate::log::Audience::Everyone,
            effects: Vec::new(),
        };
        Committed { route, frame: Frame::text("{}"), revoked: None }
    }

    fn leave(hub: &Hub, number: u64) {
        hub.apply_all(&[Effect::ChannelLeft { user_id: user(number), channel_id: channel().0 }]);
    }

    #[test]
    fn what_was_read_before_somebody_left_is_not_taken_over() {
        let hub = Hub::new();
        let bob = connect(&hub, 2);
        let as_of = bob.connection.moves();
        leave(&hub, 2);
        assert!(hub.reconcile(&bob.connection, &[], &[channel()], as_of).is_none());
        assert!(!bob.connection.holds(stream()));
    }

    #[test]
    fn a_channel_that_was_left_is_not_followed_again_and_its_reader_number_hears_nothing() {
        let hub = Hub::new();
        let (alice, bob) = (connect(&hub, 1), connect(&hub, 2));
        enter(&hub, &alice);
        enter(&hub, &bob);
        leave(&hub, 2);
        assert!(!hub.follow(&bob.connection, (stream(), rev(1))));
        assert!(!hub.go_on(&bob.connection, (stream(), rev(1))));
        hub.detach(&bob.connection);
        let carol = connect(&hub, 3);
        assert_eq!(carol.connection.number, bob.connection.number);
        hub.offer(&[event(2)]);
        assert_eq!(alice.texts(), ["{}"]);
        assert_eq!(carol.texts(), [""; 0]);
    }

    #[test]
    fn a_stream_that_cannot_be_read_is_asked_for_no_more() {
        let hub = Hub::new();
        let (alice, bob) = (connect(&hub, 1), connect(&hub, 2));
        enter(&hub, &alice);
        bob.connection.fall_behind(stream(), rev(1));
        hub.lose(&bob.connection, stream(), bob.connection.moves());
        assert_eq!(bob.connection.take_duty().behind, None);
        bob.connection.fall_behind(stream(), rev(1));
        assert!(!hub.go_on(&bob.connection, (stream(), rev(1))));
        assert_eq!(bob.connection.take_duty().behind, None, "nobody holds it: it is not read again and again");
    }

    #[test]
    fn what_was_read_before_somebody_came_in_again_takes_nothing_away() {
        let hub = Hub::new();
        let bob = connect(&hub, 2);
        enter(&hub, &bob);
        let as_of = bob.connection.moves();
        leave(&hub, 2);
        let (channel_id, team_id) = channel();
        hub.apply_all(&[Effect::ChannelJoined { user_id: user(2), channel_id, team_id, at: rev(4) }]);
        hub.lose(&bob.connection, stream(), as_of);
        assert!(bob.connection.holds(stream()));
        assert_eq!(bob.connection.take_duty().behind, Some((stream(), rev(4))));
    }

    #[test]
    fn a_channel_that_is_deleted_moves_only_those_who_are_in_it() {
        let hub = Hub::new();
        let (alice, bob) = (connect(&hub, 1), connect(&hub, 2));
        enter(&hub, &alice);
        let before = bob.connection.moves();
        hub.apply_all(&[Effect::ChannelDeleted { channel_id: channel().0 }]);
        assert!(!alice.connection.holds(stream()));
        assert_eq!(bob.connection.moves(), before);
    }

    #[test]
    fn an_instance_that_ends_says_goodbye_and_lets_nobody_in() {
        let hub = Hub::new();
        let bob = connect(&hub, 2);
        hub.close();
        assert_eq!(bob.connection.ended(), Some(CloseReason::Draining));
        assert!(hub.attach(user(3), 3.try_into().unwrap()).is_none());
    }

    #[test]
    fn a_departure_that_comes_late_is_looked_up() {
        let hub = Hub::new();
        let bob = connect(&hub, 2);
        enter(&hub, &bob);
        bob.connection.take_duty();
        let mut late = event(1);
        late.route.effects = vec![Effect::ChannelLeft { user_id: user(2), channel_id: channel().0 }];
        hub.offer(&[late]);
        assert!(bob.connection.take_duty().needs_refresh);
    }
}
