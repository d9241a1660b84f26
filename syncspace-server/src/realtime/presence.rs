//! Whose presence connections here show, and what they were last told.
//!
//! Changes are gathered: whoever reconnects within a second never seems to have gone.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use syncspace_protocol::UserId;
use syncspace_protocol::users::{Presence, PresenceStatus};

use super::connection::Connection;

#[derive(Default)]
pub(super) struct Watchers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watched: HashMap<UserId, Vec<Watcher>>,
    /// People whose first connection here came, or whose last one went.
    moved: BTreeSet<UserId>,
    /// People whose presence may have changed anywhere.
    touched: BTreeSet<UserId>,
}

/// A connection that shows a person's presence.
#[derive(Debug, Clone, Copy)]
struct Watcher {
    connection: u32,
    /// What it shows; none where what it was to be told did not fit.
    told: Option<PresenceStatus>,
}

/// Place of a list of watched people among those that its connection named.
///
/// Requests of a connection are answered side by side: a list may be ready after the one that replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchList(u64);

impl WatchList {
    /// Takes the next place: from now on no earlier list counts.
    pub(super) fn name(connection: &Connection) -> Self {
        let mut state = connection.state();
        state.lists_named += 1;
        Self(state.lists_named)
    }
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

    /// Gives the watched people to look at: those who may have changed, or all.
    pub(super) fn take_touched(&self, all: bool) -> Vec<UserId> {
        let mut state = self.state();
        let touched = std::mem::take(&mut state.touched);
        if all {
            return state.watched.keys().copied().collect();
        }
        touched.into_iter().filter(|user| state.watched.contains_key(user)).collect()
    }

    /// Replaces a connection's list with people whose presence it is just told, unless it has named another list since.
    pub(super) fn watch(&self, connection: &Connection, list: WatchList, presence: &[Presence]) {
        if connection.state().lists_named != list.0 {
            return;
        }
        self.unwatch(connection);
        let mut state = self.state();
        for told in presence {
            let watcher = Watcher { connection: connection.number, told: Some(told.status) };
            state.watched.entry(told.user_id).or_default().push(watcher);
            // It may have changed since it was looked up, and others may have been told so already.
            state.touched.insert(told.user_id);
        }
        connection.state().watched = presence.iter().map(|told| told.user_id).collect();
    }

    pub(super) fn unwatch(&self, connection: &Connection) {
        let users = std::mem::take(&mut connection.state().watched);
        let mut state = self.state();
        for user in users {
            if let Some(watchers) = state.watched.get_mut(&user) {
                watchers.retain(|watcher| watcher.connection != connection.number);
                if watchers.is_empty() {
                    state.watched.remove(&user);
                }
            }
        }
    }

    /// Compares presence with what watchers were told; gives what each of them is to be told now.
    pub(super) fn compare(&self, presence: &[Presence]) -> HashMap<u32, Vec<Presence>> {
        let mut state = self.state();
        let mut news: HashMap<u32, Vec<Presence>> = HashMap::new();
        for now in presence {
            for watcher in state.watched.get_mut(&now.user_id).into_iter().flatten() {
                if watcher.told.replace(now.status) != Some(now.status) {
                    news.entry(watcher.connection).or_default().push(*now);
                }
            }
        }
        news
    }

    /// Notes that a connection could not be told of these people: they are looked at again.
    pub(super) fn untell(&self, connection: u32, users: impl Iterator<Item = UserId>) {
        let mut state = self.state();
        for user in users {
            let watchers = state.watched.get_mut(&user).into_iter().flatten();
            watchers.filter(|watcher| watcher.connection == connection).for_each(|watcher| watcher.told = None);
            state.touched.insert(user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(user: u64, status: PresenceStatus) -> Presence {
        Presence { user_id: user.try_into().unwrap(), status }
    }

    fn connection(number: u32) -> Connection {
        Connection::new(number, 1.try_into().unwrap(), 1.try_into().unwrap())
    }

    #[test]
    fn everybody_is_told_what_differs_from_what_it_was_told() {
        let (early, late) = (connection(1), connection(2));
        let watchers = Watchers::default();
        watchers.watch(&early, WatchList::name(&early), &[told(5, PresenceStatus::Offline)]);
        assert_eq!(watchers.compare(&[told(5, PresenceStatus::Offline)]).len(), 0);
        // The one who comes later was told what the first one was not yet.
        watchers.watch(&late, WatchList::name(&late), &[told(5, PresenceStatus::Online)]);
        assert_eq!(watchers.take_touched(false), [5.try_into().unwrap()]);
        let news = watchers.compare(&[told(5, PresenceStatus::Online)]);
        assert_eq!(news.keys().copied().collect::<Vec<_>>(), [1]);
        let news = watchers.compare(&[told(5, PresenceStatus::Offline)]);
        assert_eq!(news.len(), 2);
        watchers.untell(2, [5.try_into().unwrap()].into_iter());
        let news = watchers.compare(&[told(5, PresenceStatus::Offline)]);
        assert_eq!(news.keys().copied().collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_list_that_is_ready_late_does_not_replace_a_newer_one() {
        let connection = connection(7);
        let watchers = Watchers::default();
        let (first, second) = (WatchList::name(&connection), WatchList::name(&connection));
        watchers.watch(&connection, second, &[told(2, PresenceStatus::Offline)]);
        watchers.watch(&connection, first, &[told(1, PresenceStatus::Online)]);
        let news = watchers.compare(&[told(1, PresenceStatus::Offline), told(2, PresenceStatus::Online)]);
        assert_eq!(news.get(&7), Some(&vec![told(2, PresenceStatus::Online)]));
    }
}
