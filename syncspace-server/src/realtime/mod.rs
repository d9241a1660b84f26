//! Who is connected here, what they follow, and what reaches them; between instances a carrier.
//!
//! Every committed change goes to sockets through its stream's rev gate, also on the instance that committed it. Reads no
//! database: whoever is behind is sent what it missed by its own socket's task.

mod backlog;
mod bus;
pub mod carrier;
mod channels;
mod connection;
mod delivery;
mod gate;
mod hub;
mod ledger;
mod mailbox;
mod pace;
mod presence;
mod revocations;
mod sessions;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use syncspace_protocol::socket::Event;
use syncspace_protocol::teams::MyTeam;
use syncspace_protocol::{ChannelId, Rev, SessionId, StreamId, TeamId, Time, UserId};
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{error, warn};

use self::bus::Message;
use self::carrier::{Attendance, BusEvent, Carrier, Subject};
use self::connection::Seat;
use self::hub::Hub;
use self::ledger::Ledger;
use self::presence::Watchers;
pub use self::presence::{Seen, WatchList};
use self::sessions::Sessions;
use crate::log::{Committed, Effect, Outlet, event_frame};

pub use self::connection::{Connection, Duty, Mail};
pub use self::hub::Reconciled;
pub use self::sessions::{HeldDoor, HeldSession};
pub use crate::log::Frame;

/// The instance's side of real time. Clones share it.
#[derive(Clone)]
pub struct Realtime {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Hub,
    carrier: Carrier,
    /// How many connections here need the subject of each team.
    teams: Mutex<HashMap<TeamId, u32>>,
    watchers: Watchers,
    sessions: Sessions,
    ledger: Mutex<Ledger>,
    /// A number of the revocation log came whose predecessors did not.
    revocation_gap: Notify,
    /// Somebody settled something for the whole server.
    settings_changed: Notify,
    /// Something was confirmed about the revocation log.
    confirmed: Notify,
}

impl Realtime {
    /// Starts with nobody connected.
    #[must_use]
    pub fn new(carrier: Carrier) -> Self {
        let inner = Inner {
            hub: Hub::new(),
            carrier,
            teams: Mutex::default(),
            watchers: Watchers::default(),
            sessions: Sessions::default(),
            ledger: Mutex::new(Ledger::new(Instant::now())),
            revocation_gap: Notify::new(),
            settings_changed: Notify::new(),
            confirmed: Notify::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Starts an instance that hears no other one: for tools and tests on one database.
    #[must_use]
    pub fn alone() -> Self {
        Self::new(Carrier::InProcess(carrier::Hub::default().join().0))
    }

    /// Gives where the log puts what it committed: to sockets here, and on the bus.
    #[must_use]
    pub fn outlet(&self) -> Outlet {
        let realtime = self.clone();
        Arc::new(move |events| {
            realtime.inner.hub.offer(events);
            events.iter().for_each(|event| realtime.publish(event));
        })
    }

    /// Gives a session that is known to hold; none where the database is to be asked.
    #[must_use]
    pub fn held_session(&self, session: SessionId) -> Option<HeldSession> {
        let is_sure = self.are_revocations_confirmed();
        self.inner.sessions.find(session).filter(|_| is_sure)
    }

    /// Counts what was heard that ends sessions; to be asked for before the database is.
    #[must_use]
    pub fn session_ends(&self) -> u64 {
        self.inner.sessions.ends()
    }

    /// Keeps a session that the database says holds, unless something was heard since that may end it.
    pub fn hold_session(&self, session: SessionId, held: HeldSession, as_of: u64) {
        self.inner.sessions.keep(session, held, as_of);
    }

    /// Gives an incoming hook that is known to hold; none where the database is to be asked.
    #[must_use]
    pub fn held_door(&self, hash: &str) -> Option<HeldDoor> {
        let is_sure = self.are_revocations_confirmed();
        self.inner.sessions.find_door(hash).filter(|_| is_sure)
    }

    /// Keeps an incoming hook that the database says holds, unless something was heard since that may end it.
    pub fn hold_door(&self, hash: String, door: HeldDoor, as_of: u64) {
        self.inner.sessions.keep_door(hash, door, as_of);
    }

    fn publish(&self, event: &Committed) {
        self.tell(Subject::Team(event.route.team), &Message::Committed(event.clone()));
        if let Some(revoked) = &event.revoked {
            self.note_revoked(revoked);
            // Others may not hear its team, and must know that they miss nothing.
            self.tell(Subject::Control, &Message::Revoked(revoked.clone()));
        }
        // Whoever comes into a team, or asks to, does not hear its subject yet.
        let is_of_strangers =
            |effect: &&Effect| matches!(effect, Effect::TeamJoined { .. } | Effect::JoinRequestsChanged { .. });
        let of_strangers: Vec<_> = event.route.effects.iter().filter(is_of_strangers).copied().collect();
        if !of_strangers.is_empty() {
            self.tell(Subject::Control, &Message::Effects(of_strangers));
        }
    }

    /// Hands an event that is not kept to the live followers of a stream on every instance, but for one person.
    pub fn pass_on(&self, team: TeamId, stream: StreamId, event: &Event, but: UserId) {
        match event_frame(event) {
            Ok(frame) => {
                self.inner.hub.pass_on(stream, &frame, but);
                self.tell(Subject::Team(team), &Message::Passing { stream, but, frame });
            }
            Err(error) => error!(error = &error as &dyn std::error::Error, "an event cannot be written"),
        }
    }

    fn tell(&self, subject: Subject, message: &Message) {
        match message.encode() {
            Ok(payload) => self.inner.carrier.publish(subject, payload),
            Err(error) => error!(error = &error as &dyn std::error::Error, "a message for the bus cannot be written"),
        }
    }

    /// Takes in what one event of the carrier brings; true where the heads of all followed streams must be compared.
    #[must_use]
    pub fn take_in(&self, event: BusEvent) -> bool {
        match event {
            BusEvent::Connected => return true,
            BusEvent::Disconnected => {
                warn!("the bus is away; changes of other instances come from the database");
                return true;
            }
            BusEvent::Message { payload, .. } => match Message::decode(&payload) {
                Ok(Message::Committed(event)) => {
                    self.inner.hub.offer(std::slice::from_ref(&event));
                    event.revoked.iter().for_each(|revoked| self.note_revoked(revoked));
                }
                Ok(Message::Passing { stream, but, frame }) => self.inner.hub.pass_on(stream, &frame, but),
                Ok(Message::Effects(effects)) => self.inner.hub.apply_all(&effects),
                Ok(Message::Revoked(revoked)) => self.apply_revoked(&revoked),
                Ok(Message::RevocationsEnd(last)) => self.hear_revocations(last, Instant::now()),
                Ok(Message::Presence(users)) => self.inner.watchers.touch(&users),
                Ok(Message::Accounts(users)) => self.hear_accounts(&users),
                Err(error) => {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "message dropped; its change comes from the database"
                    );
                    return true;
                }
            },
        }
        false
    }

    /// Hands out what gathered, and gives up what never came, when its time has come; never ends.
    ///
    /// While it does not run nothing is kept waiting.
    pub async fn keep_time(&self) {
        self.inner.hub.keep_time().await;
    }

    /// Tells whether other instances can be heard.
    #[must_use]
    pub fn is_bus_connected(&self) -> bool {
        self.inner.carrier.is_connected()
    }

    /// Hears what concerns every instance; call once before sockets are accepted.
    pub async fn join(&self) {
        self.inner.carrier.subscribe(Subject::Control).await;
    }

    /// Lets nobody in any more, and has every connection say goodbye.
    pub fn close(&self) {
        self.inner.hub.close();
    }

    /// Tells the other instances that nobody is connected here any more.
    pub async fn leave(&self) {
        self.inner.carrier.leave().await;
    }

    /// Takes a new connection in; none where there are too many, or while the instance ends.
    #[must_use]
    pub fn attach(&self, user: UserId, session: SessionId) -> Option<Arc<Connection>> {
        let (connection, is_first) = self.inner.hub.attach(user, session)?;
        if is_first {
            self.inner.watchers.move_here(user);
        }
        Some(connection)
    }

    /// Lets a connection go.
    pub async fn detach(&self, connection: &Connection) {
        self.inner.watchers.unwatch(connection);
        let (left, is_last) = self.inner.hub.detach(connection);
        if is_last {
            self.inner.watchers.move_here(connection.user);
        }
        for team in left {
            self.leave_team(team).await;
        }
    }

    /// Takes over what a connection's person may follow, as it was read at `as_of` of its moves; none where it moved since.
    pub async fn reconcile(
        &self,
        connection: &Connection,
        teams: &[MyTeam],
        channels: &[(ChannelId, TeamId)],
        is_server_admin: bool,
        as_of: u64,
    ) -> Option<Reconciled> {
        let seats: Vec<_> = teams
            .iter()
            .filter_map(|team| {
                let mine = team.membership?;
                Some(Seat::new(team.team.id, mine.member_id, mine.role, is_server_admin))
            })
            .collect();
        let before = connection.state().teams.clone();
        // The subject first: what is committed after the heads are read must be heard.
        let is_new = |seat: &&Seat| !before.iter().any(|old| old.team == seat.team);
        let entered: Vec<_> = seats.iter().filter(is_new).map(|seat| seat.team).collect();
        for &team in &entered {
            self.enter_team(team).await;
        }
        let reconciled = self.inner.hub.reconcile(connection, &seats, channels, as_of);
        for &team in reconciled.as_ref().map_or(&entered, |reconciled| &reconciled.left) {
            self.leave_team(team).await;
        }
        reconciled
    }

    async fn enter_team(&self, team: TeamId) {
        *self.inner.teams.lock().unwrap_or_else(PoisonError::into_inner).entry(team).or_default() += 1;
        // Also for the second connection, which may come before the first one's subscription stands.
        self.inner.carrier.subscribe(Subject::Team(team)).await;
    }

    async fn leave_team(&self, team: TeamId) {
        let is_last = {
            let mut teams = self.inner.teams.lock().unwrap_or_else(PoisonError::into_inner);
            let count = teams.get(&team).copied().unwrap_or(0);
            if count > 1 {
                teams.insert(team, count - 1)
            } else {
                teams.remove(&team)
            };
            count == 1
        };
        if is_last {
            self.inner.carrier.unsubscribe(Subject::Team(team)).await;
            // Somebody may have entered meanwhile, whose subscription was undone by this.
            let is_needed = self.inner.teams.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&team);
            if is_needed {
                self.inner.carrier.subscribe(Subject::Team(team)).await;
            }
        }
    }

    /// Tells whether a stream is known to be committed further than this.
    #[must_use]
    pub fn is_beyond(&self, stream: StreamId, rev: Rev) -> bool {
        self.inner.hub.is_beyond((stream, rev))
    }

    /// Gives how many connections this instance has.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.inner.hub.count()
    }

    /// Gives the newest rev of a stream that came by; none where nobody here has read its head yet.
    #[must_use]
    pub fn delivered(&self, stream: StreamId) -> Option<Rev> {
        self.inner.hub.delivered(stream)
    }

    /// Learns the newest committed rev of a stream, read after [`Realtime::reconcile`] named it.
    pub fn open(&self, stream: StreamId, head: Rev) {
        self.inner.hub.open(stream, head);
    }

    /// Lets a connection follow a stream from a rev: live if nothing is missing, else its task is to send what is.
    pub fn follow(&self, connection: &Connection, stream: StreamId, rev: Rev) {
        self.inner.hub.follow(connection, (stream, rev));
    }

    /// Takes a stream from a connection whose person may no longer follow it, and has the rest looked at again; not where
    /// that was found out before the last of the connection's [moves](Connection::moves).
    pub fn lose(&self, connection: &Connection, stream: StreamId, as_of: u64) {
        self.inner.hub.lose(connection, stream, as_of);
    }

    /// Goes on after missed changes were sent up to `rev`; false while there are more.
    #[must_use]
    pub fn go_on(&self, connection: &Connection, stream: StreamId, rev: Rev) -> bool {
        self.inner.hub.go_on(connection, (stream, rev))
    }

    /// Gives every stream followed here with the newest rev that came by.
    #[must_use]
    pub fn followed_streams(&self) -> Vec<(StreamId, Rev)> {
        self.inner.hub.followed_streams()
    }

    /// Learns that a stream is committed up to `head`: whoever has less is behind.
    pub fn confirm(&self, stream: StreamId, head: Rev) {
        self.inner.hub.confirm(stream, head);
    }

    /// Tells who of these people is connected to any instance.
    pub async fn attendance(&self, users: &[UserId]) -> Attendance {
        self.inner.carrier.attendance(users).await
    }

    /// Tells every instance, this one included, that a person's account was changed.
    pub fn announce_account(&self, user: UserId) {
        self.hear_accounts(&[user]);
        self.tell(Subject::Control, &Message::Accounts(vec![user]));
    }

    /// Learns whose accounts were changed: their own devices are told, and whoever shows them.
    pub fn hear_accounts(&self, users: &[UserId]) {
        self.inner.watchers.touch(users);
        self.inner.hub.refresh_people(users);
    }

    /// Takes the place of a list that a connection names; call in the order of its requests.
    #[must_use]
    pub fn name_watch_list(&self, connection: &Connection) -> WatchList {
        self.inner.watchers.name_list(connection)
    }

    /// Replaces the people whose presence a connection shows, unless it has named another list since.
    pub fn watch(&self, connection: &Connection, list: WatchList, people: &[Seen]) {
        if self.inner.watchers.watch(connection, list, people) {
            // Somebody left a team meanwhile: they may have been looked up before that.
            connection.doubt(&self.watched_by(connection));
        }
    }

    /// Gives the people whose presence a connection shows.
    #[must_use]
    pub fn watched_by(&self, connection: &Connection) -> Vec<UserId> {
        connection.state().watched.clone()
    }

    /// Stops showing some people's presence on a connection.
    pub fn watch_no_longer(&self, connection: &Connection, users: &BTreeSet<UserId>) {
        self.inner.watchers.unwatch_some(connection, users);
    }

    /// Has it written down anew whether a person is there.
    pub fn note_moved(&self, user: UserId) {
        self.inner.watchers.move_here(user);
    }

    /// Publishes who came and went here since the last call; gives them, each with a socket here where there is one.
    pub async fn publish_moved(&self) -> Vec<(UserId, Option<u32>)> {
        let moved: Vec<_> =
            self.inner.watchers.take_moved().into_iter().map(|user| (user, self.inner.hub.socket_of(user))).collect();
        for &(user, socket) in &moved {
            self.inner.carrier.set_online(user, socket).await;
        }
        let users: Vec<_> = moved.iter().map(|&(user, _)| user).collect();
        if !users.is_empty() {
            self.inner.watchers.touch(&users);
            self.tell(Subject::Control, &Message::Presence(users));
        }
        moved
    }

    /// Gives the watched people who may look otherwise than watchers were told, and who of them is connected.
    ///
    /// With `look_at_all` also those of whom nobody said anything, but who came or went.
    pub async fn take_suspects(&self, look_at_all: bool, now: Time) -> (Vec<UserId>, Attendance) {
        let suspects = self.inner.watchers.take_suspects(look_at_all, now);
        let mut users: Vec<_> = suspects.changed.into_iter().collect();
        if users.is_empty() && suspects.others.is_empty() {
            return (users, Attendance::default());
        }
        let asked = [users.as_slice(), &suspects.others].concat();
        let attendance = self.inner.carrier.attendance(&asked).await;
        users.extend(self.inner.watchers.moved_since(&suspects.others, &attendance));
        (users, attendance)
    }

    /// Notes that people could not be looked at: they are suspects again.
    pub fn suspect(&self, users: &[UserId]) {
        self.inner.watchers.touch(users);
    }

    /// Tells watchers how people look now, where they were told otherwise.
    pub fn tell_presence(&self, people: &[Seen]) {
        for (number, changed) in self.inner.watchers.compare(people) {
            if !self.inner.hub.push_presence(number, &changed) {
                self.inner.watchers.untell(number, changed.iter().map(|presence| presence.user_id));
            }
        }
    }
}
