//! Sessions that were found to hold: kept until what ends them is heard, so that not every request asks the database.
//!
//! Owns no truth: whoever finds nothing here reads the database. What is heard late is bounded by the revocation log: while
//! nobody confirms that everything in it was applied, nothing is taken from here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use syncspace_protocol::{ChannelId, HookId, SessionId, TeamId, Time, UserId};

use crate::grant::Grant;
use crate::log::Effect;

/// Most sessions that are kept: about 5 MB. Beyond them all are read again.
const SESSIONS_MAX: usize = 100_000;

/// A session that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldSession {
    /// Whose it is.
    pub user: UserId,
    /// Whether the person administers the server.
    pub is_admin: bool,
    /// What may be done with it.
    pub grant: Grant,
    /// When it ends by itself, unless it was prolonged since.
    pub expires_at: Time,
}

/// An incoming hook that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldDoor {
    /// The hook.
    pub hook: HookId,
    /// Its team.
    pub team: TeamId,
    /// As whom it writes.
    pub bot: UserId,
    /// Where it writes.
    pub channel: ChannelId,
    /// Whether a post may name another channel.
    pub may_choose: bool,
}

#[derive(Debug, Default)]
pub(super) struct Sessions {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    sessions: HashMap<SessionId, HeldSession>,
    /// Incoming hooks, by the hash of their token. Few and cheap to read again: whatever may end one clears them all.
    doors: HashMap<String, HeldDoor>,
    /// How often something was heard that ends sessions: what was read before that may say the opposite.
    ends: u64,
}

impl Sessions {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, session: SessionId) -> Option<HeldSession> {
        self.kept().sessions.get(&session).copied()
    }

    /// Counts what was heard so far; to be asked for before the database is.
    pub(super) fn ends(&self) -> u64 {
        self.kept().ends
    }

    /// Keeps what was read, unless something was heard since that may end it.
    pub(super) fn keep(&self, session: SessionId, held: HeldSession, as_of: u64) {
        let mut kept = self.kept();
        if kept.ends != as_of {
            return;
        }
        if kept.sessions.len() >= SESSIONS_MAX {
            kept.sessions.clear();
        }
        kept.sessions.insert(session, held);
    }

    pub(super) fn find_door(&self, hash: &str) -> Option<HeldDoor> {
        self.kept().doors.get(hash).copied()
    }

    /// Keeps a hook that was read, unless something was heard since that may end it.
    pub(super) fn keep_door(&self, hash: String, door: HeldDoor, as_of: u64) {
        let mut kept = self.kept();
        if kept.ends == as_of {
            if kept.doors.len() >= SESSIONS_MAX {
                kept.doors.clear();
            }
            kept.doors.insert(hash, door);
        }
    }

    /// Forgets what an effect ends.
    pub(super) fn hear(&self, effect: Effect) {
        match effect {
            Effect::SessionEnded { session_id } => self.forget(|session, _| session == session_id),
            Effect::RightsChanged { user_id } | Effect::UserDeactivated { user_id } => {
                self.forget(|_, held| held.user == user_id);
            }
            Effect::ChannelJoined { .. }
            | Effect::ChannelLeft { .. }
            | Effect::ChannelArchived { .. }
            | Effect::ChannelDeleted { .. }
            | Effect::TeamJoined { .. }
            | Effect::JoinRequestsChanged { .. }
            | Effect::RoleChanged { .. }
            | Effect::TeamLeft { .. }
            | Effect::ServerSettingsChanged => {}
            // Its hooks end with it; its people's sessions do not.
            Effect::TeamDeleted { .. } => self.forget(|_, _| false),
        }
    }

    /// Forgets all: what ended was not heard one by one.
    pub(super) fn clear(&self) {
        self.forget(|_, _| true);
    }

    fn forget(&self, is_over: impl Fn(SessionId, &HeldSession) -> bool) {
        let mut kept = self.kept();
        kept.ends += 1;
        kept.doors.clear();
        kept.sessions.retain(|&session, held| !is_over(session, held));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(number: u64) -> SessionId {
        number.try_into().unwrap()
    }

    fn held(user: u64) -> HeldSession {
        let expires_at = Time::from_unix_ms(0).unwrap();
        HeldSession { user: user.try_into().unwrap(), is_admin: false, grant: Grant::Login, expires_at }
    }

    fn kept(of: &Sessions) -> Vec<u64> {
        (1..=4).filter(|&number| of.find(session(number)).is_some()).collect()
    }

    #[test]
    fn a_session_is_kept_until_it_or_its_person_ends() {
        let sessions = Sessions::default();
        for (number, user) in [(1, 1), (2, 1), (3, 2), (4, 3)] {
            sessions.keep(session(number), held(user), sessions.ends());
        }
        sessions.hear(Effect::SessionEnded { session_id: session(1) });
        assert_eq!(kept(&sessions), [2, 3, 4]);
        sessions.hear(Effect::UserDeactivated { user_id: 2.try_into().unwrap() });
        assert_eq!(kept(&sessions), [2, 4]);
        sessions.hear(Effect::RightsChanged { user_id: 1.try_into().unwrap() });
        assert_eq!(kept(&sessions), [4]);
        sessions.clear();
        assert_eq!(kept(&sessions), [0; 0]);
    }

    #[test]
    fn what_was_read_before_an_end_was_heard_is_not_kept() {
        let sessions = Sessions::default();
        let as_of = sessions.ends();
        sessions.hear(Effect::SessionEnded { session_id: session(1) });
        sessions.keep(session(1), held(1), as_of);
        assert_eq!(kept(&sessions), [0; 0]);
        sessions.keep(session(1), held(1), sessions.ends());
        assert_eq!(kept(&sessions), [1]);
    }
}
