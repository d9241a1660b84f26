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
    watched: HashMap<UserId, Watched>,
    /// People whose first connection here came, or whose last one went.
    moved: BTreeSet<UserId>,
    /// People whose presence may have changed anywhere.
    touched: BTreeSet<UserId>,
}

struct Watched {
    last_told: PresenceStatus,
    by: Vec<u32>,
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

    /// Replaces a connection's list with people whose presence it was just told.
    pub(super) fn watch(&self, connection: &Connection, presence: &[Presence]) {
        self.unwatch(connection);
        let mut state = self.state();
        for told in presence {
            let watched =
                state.watched.entry(told.user_id).or_insert(Watched { last_told: told.status, by: Vec::new() });
            watched.by.push(connection.number);
            if watched.last_told != told.status {
                // Others were told something else before: look again, so that everybody ends with the same.
                state.touched.insert(told.user_id);
            }
        }
        connection.state().watched = presence.iter().map(|told| told.user_id).collect();
    }

    pub(super) fn unwatch(&self, connection: &Connection) {
        let users = std::mem::take(&mut connection.state().watched);
        let mut state = self.state();
        for user in users {
            if let Some(watched) = state.watched.get_mut(&user) {
                watched.by.retain(|&number| number != connection.number);
                if watched.by.is_empty() {
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
            if let Some(watched) = state.watched.get_mut(&now.user_id)
                && watched.last_told != now.status
            {
                watched.last_told = now.status;
                for &number in &watched.by {
                    news.entry(number).or_default().push(*now);
                }
            }
        }
        news
    }
}
