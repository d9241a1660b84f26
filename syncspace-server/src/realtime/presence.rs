//! Whose presence connections here show, and what they were last told.
//!
//! Changes are gathered: whoever reconnects within a second never seems to have gone.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use syncspace_protocol::status::{Presence, PresenceStatus};
use syncspace_protocol::{Time, UserId};

use super::carrier::Attendance;
use super::connection::Connection;

/// How a person looks at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What everybody else is shown.
    pub shown: Presence,
    /// Whether the person is there, as it is told itself.
    pub own_status: PresenceStatus,
    /// Whether a device is connected: `Online`, `Offline` or `Unknown`.
    pub connected: PresenceStatus,
    /// When it changes by the clock alone, if nothing comes before.
    pub until: Option<Time>,
}

impl Seen {
    /// Gives what one person is told of it.
    #[must_use]
    pub fn to(&self, reader: UserId) -> Presence {
        let status = if reader == self.shown.user_id { self.own_status } else { self.shown.status };
        Presence { status, ..self.shown.clone() }
    }
}

#[derive(Default)]
pub(super) struct Watchers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watched: HashMap<UserId, Watched>,
    /// When watched people change by the clock.
    turns: BTreeSet<(Time, UserId)>,
    /// People whose first connection here came, or whose last one went.
    moved: BTreeSet<UserId>,
    /// People whose presence may have changed anywhere.
    touched: BTreeSet<UserId>,
    /// How often it was heard that somebody left a team.
    departures: u64,
}

/// A person whose presence is shown here.
#[derive(Debug)]
struct Watched {
    watchers: Vec<Watcher>,
    /// Whether the person was connected at the last look.
    connected: PresenceStatus,
    until: Option<Time>,
}

/// A connection that shows a person's presence.
#[derive(Debug, Clone, Copy)]
struct Watcher {
    connection: u32,
    /// Whether it is the person's own.
    is_own: bool,
    /// What it shows; none where what it was to be told did not fit.
    told: Option<Digest>,
}

/// Stands for what was told: a few bytes for each of many watchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digest(u64);

impl Digest {
    fn of(presence: &Presence) -> Self {
        let mut hasher = DefaultHasher::new();
        presence.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// Watched people of whom something may be new.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// Those who changed something, or whose time has come.
    pub(super) changed: BTreeSet<UserId>,
    /// Those of whom only whether they are connected may have changed.
    pub(super) others: Vec<UserId>,
}

/// Place of a list of watched people among those that its connection named.
///
/// Requests of a connection are answered side by side: a list may be ready after the one that replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchList {
    place: u64,
    /// Departures that were heard before anybody on the list was looked up.
    departures: u64,
}

impl Watchers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a person's first connection came or the last one went.
    pub(super) fn move_here(&self, user: UserId) {
        self.state().moved.insert(user);
    }

    pub(super) fn take_moved(&self) -> BTreeSet<UserId> {
        std::mem::take(&mut self.state().moved)
    }

    /// Notes that people's presence may have changed.
    pub(super) fn touch(&self, users: &[UserId]) {
        self.state().touched.extend(users);
    }

    /// Gives the watched people to look at: those who may have changed, those whose time has come; or all.
    pub(super) fn take_suspects(&self, all: bool, now: Time) -> Suspects {
        let mut state = self.state();
        let mut changed = std::mem::take(&mut state.touched);
        while let Some(&(at, user)) = state.turns.first().filter(|(at, _)| *at <= now) {
            state.turns.remove(&(at, user));
            changed.insert(user);
        }
        changed.retain(|user| state.watched.contains_key(user));
        let others = if all {
            state.watched.keys().filter(|user| !changed.contains(user)).copied().collect()
        } else {
            Vec::new()
        };
        Suspects { changed, others }
    }

    /// Gives those who came or went since the last look.
    pub(super) fn moved_since(&self, users: &[UserId], attendance: &Attendance) -> Vec<UserId> {
        let state = self.state();
        let has_moved =
            |user: &&UserId| state.watched.get(user).is_some_and(|held| held.connected != attendance.status(**user));
        users.iter().filter(has_moved).copied().collect()
    }

    /// Takes the next place among the lists of a connection: from now on no earlier list counts.
    pub(super) fn name_list(&self, connection: &Connection) -> WatchList {
        let departures = self.state().departures;
        let mut state = connection.state();
        state.lists_named += 1;
        WatchList { place: state.lists_named, departures }
    }

    /// Learns that somebody left a team; gives the connections that show the person, by their numbers.
    pub(super) fn depart(&self, user: UserId) -> Vec<u32> {
        let mut state = self.state();
        state.departures += 1;
        let watchers = state.watched.get(&user).map(|watched| watched.watchers.iter());
        watchers.into_iter().flatten().filter(|watcher| !watcher.is_own).map(|watcher| watcher.connection).collect()
    }

    /// Replaces a connection's list with people whose presence it is just told, unless it has named another list since; true
    /// where somebody left a team while they were looked up: the list is to be looked at again.
    #[must_use]
    pub(super) fn watch(&self, connection: &Connection, list: WatchList, people: &[Seen]) -> bool {
        if connection.state().lists_named != list.place {
            return false;
        }
        self.unwatch(connection);
        let mut state = self.state();
        for seen in people {
            let user = seen.shown.user_id;
            let told = Some(Digest::of(&seen.to(connection.user)));
            let watcher = Watcher { connection: connection.number, is_own: connection.user == user, told };
            state.hold(seen).watchers.push(watcher);
            // It may have changed since it was looked up, and others may have been told so already.
            state.touched.insert(user);
        }
        connection.state().watched = people.iter().map(|seen| seen.shown.user_id).collect();
        state.departures != list.departures
    }

    pub(super) fn unwatch(&self, connection: &Connection) {
        let users = std::mem::take(&mut connection.state().watched);
        let mut state = self.state();
        users.into_iter().for_each(|user| state.let_go(connection.number, user));
    }

    /// Takes some people from a connection's list.
    pub(super) fn unwatch_some(&self, connection: &Connection, users: &BTreeSet<UserId>) {
        connection.state().watched.retain(|user| !users.contains(user));
        let mut state = self.state();
        users.iter().for_each(|&user| state.let_go(connection.number, user));
    }

    /// Compares how people look with what watchers were told; gives what each of them is to be told now.
    pub(super) fn compare(&self, people: &[Seen]) -> HashMap<u32, Vec<Presence>> {
        let mut state = self.state();
        let mut news: HashMap<u32, Vec<Presence>> = HashMap::new();
        for seen in people {
            if !state.watched.contains_key(&seen.shown.user_id) {
                continue;
            }
            let own = seen.to(seen.shown.user_id);
            for watcher in &mut state.hold(seen).watchers {
                let now = if watcher.is_own { &own } else { &seen.shown };
                let digest = Digest::of(now);
                if watcher.told.replace(digest) != Some(digest) {
                    news.entry(watcher.connection).or_default().push(now.clone());
                }
            }
        }
        news
    }

    /// Notes that a connection could not be told of these people: they are looked at again.
    pub(super) fn untell(&self, connection: u32, users: impl Iterator<Item = UserId>) {
        let mut state = self.state();
        for user in users {
            let watchers = state.watched.get_mut(&user).into_iter().flat_map(|held| &mut held.watchers);
            watchers.filter(|watcher| watcher.connection == connection).for_each(|watcher| watcher.told = None);
            state.touched.insert(user);
        }
    }
}

impl State {
    fn let_go(&mut self, connection: u32, user: UserId) {
        let Some(held) = self.watched.get_mut(&user) else { return };
        held.watchers.retain(|watcher| watcher.connection != connection);
        if held.watchers.is_empty() {
            let until = held.until;
            self.watched.remove(&user);
            if let Some(at) = until {
                self.turns.remove(&(at, user));
            }
        }
    }

    /// Takes over how a watched person looks, and when that changes by the clock.
    fn hold(&mut self, seen: &Seen) -> &mut Watched {
        let user = seen.shown.user_id;
        let held = self.watched.entry(user).or_insert_with(|| Watched {
            watchers: Vec::new(),
            connected: seen.connected,
            until: None,
        });
        held.connected = seen.connected;
        let before = std::mem::replace(&mut held.until, seen.until);
        if let Some(at) = before {
            self.turns.remove(&(at, user));
        }
        if let Some(at) = seen.until {
            self.turns.insert((at, user));
        }
        held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_unix_ms(ms).unwrap()
    }

    fn seen(user: u64, status: PresenceStatus) -> Seen {
        let shown = Presence { user_id: user.try_into().unwrap(), status, custom_status: None };
        Seen { shown, own_status: status, connected: status, until: None }
    }

    fn connection(number: u32) -> Connection {
        Connection::new(number, 1.try_into().unwrap(), 1.try_into().unwrap())
    }

    fn changed(watchers: &Watchers, now: Time) -> Vec<u64> {
        watchers.take_suspects(false, now).changed.into_iter().map(UserId::get).collect()
    }

    #[test]
    fn everybody_is_told_what_differs_from_what_it_was_told() {
        let (early, late) = (connection(1), connection(2));
        let watchers = Watchers::default();
        let _again = watchers.watch(&early, watchers.name_list(&early), &[seen(5, PresenceStatus::Offline)]);
        assert_eq!(watchers.compare(&[seen(5, PresenceStatus::Offline)]).len(), 0);
        // The one who comes later was told what the first one was not yet.
        let _again = watchers.watch(&late, watchers.name_list(&late), &[seen(5, PresenceStatus::Online)]);
        assert_eq!(changed(&watchers, at(0)), [5]);
        let news = watchers.compare(&[seen(5, PresenceStatus::Online)]);
        assert_eq!(news.keys().copied().collect::<Vec<_>>(), [1]);
        let news = watchers.compare(&[seen(5, PresenceStatus::Offline)]);
        assert_eq!(news.len(), 2);
        watchers.untell(2, [5.try_into().unwrap()].into_iter());
        let news = watchers.compare(&[seen(5, PresenceStatus::Offline)]);
        assert_eq!(news.keys().copied().collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_list_that_is_ready_late_does_not_replace_a_newer_one() {
        let connection = connection(7);
        let watchers = Watchers::default();
        let (first, second) = (watchers.name_list(&connection), watchers.name_list(&connection));
        let _again = watchers.watch(&connection, second, &[seen(2, PresenceStatus::Offline)]);
        let _again = watchers.watch(&connection, first, &[seen(1, PresenceStatus::Online)]);
        let news = watchers.compare(&[seen(1, PresenceStatus::Offline), seen(2, PresenceStatus::Online)]);
        assert_eq!(news.get(&7), Some(&vec![seen(2, PresenceStatus::Online).shown]));
    }

    #[test]
    fn only_the_person_is_told_to_be_invisible() {
        let (own, other) = (connection(1), Connection::new(2, 9.try_into().unwrap(), 2.try_into().unwrap()));
        let watchers = Watchers::default();
        for connection in [&own, &other] {
            let _again = watchers.watch(connection, watchers.name_list(connection), &[seen(1, PresenceStatus::Online)]);
        }
        let hidden = Seen { own_status: PresenceStatus::Invisible, ..seen(1, PresenceStatus::Offline) };
        let news = watchers.compare(&[hidden]);
        assert_eq!((news[&1][0].status, news[&2][0].status), (PresenceStatus::Invisible, PresenceStatus::Offline));
    }

    #[test]
    fn who_changes_by_the_clock_is_looked_at_then_and_once() {
        let watcher = connection(1);
        let watchers = Watchers::default();
        let until = |ms| Seen { until: Some(at(ms)), ..seen(5, PresenceStatus::Online) };
        let _again = watchers.watch(&watcher, watchers.name_list(&watcher), &[until(100)]);
        assert_eq!(changed(&watchers, at(0)), [5], "it is looked at once more after the look-up");
        watchers.compare(&[until(200)]);
        for (ms, expected) in [(100, vec![]), (199, vec![]), (200, vec![5]), (300, vec![])] {
            assert_eq!(changed(&watchers, at(ms)), expected, "at {ms}");
        }
        watchers.compare(&[until(400)]);
        watchers.unwatch(&watcher);
        assert_eq!(changed(&watchers, at(500)), [0; 0], "nobody shows it any more");
        assert_eq!(watchers.state().turns.len(), 0);
    }

    #[test]
    fn a_look_at_all_finds_who_came_and_went() {
        let watcher = connection(1);
        let watchers = Watchers::default();
        let _again = watchers.watch(
            &watcher,
            watchers.name_list(&watcher),
            &[seen(5, PresenceStatus::Offline), seen(6, PresenceStatus::Unknown)],
        );
        changed(&watchers, at(0));
        let suspects = watchers.take_suspects(true, at(0));
        assert_eq!((suspects.changed.len(), suspects.others.len()), (0, 2));
        // Nobody was heard.
        let moved = watchers.moved_since(&suspects.others, &Attendance::default());
        assert_eq!(moved, [5.try_into().unwrap()]);
    }
}
