//! The attempts at one transaction: when to repeat it, and what is known of one whose commit was not answered.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Committed, LogError};
use crate::store::StoreError;

/// How long deadlocks and lock waits are answered by repeating.
const CONFLICT_WAIT: Duration = Duration::from_secs(5);

/// How long a lost connection is answered by repeating. Others may still be good; a database that is away is not waited for.
const LOST_WAIT: Duration = Duration::from_secs(1);

/// How long it is tried to find out what became of a commit, before those who wait are told that nobody knows.
const UNKNOWN_WAIT: Duration = Duration::from_secs(10);

/// Longest pause before the first repeat, in milliseconds; doubled for each further one.
const PAUSE_MS: u64 = 5;

/// How often the pause is doubled at most.
const DOUBLINGS_MAX: u32 = 6;

/// The attempts at one transaction, under one id.
pub(super) struct Attempts {
    id: String,
    since: Instant,
    repeats: u32,
    /// What the last attempt announces if it was committed after all.
    unknown: Option<Vec<Committed>>,
}

impl Attempts {
    pub(super) fn start() -> Self {
        Self { id: Uuid::new_v4().simple().to_string(), since: Instant::now(), repeats: 0, unknown: None }
    }

    /// Names the transaction in the table of commits.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.unknown.is_some()
    }

    pub(super) fn became_unknown(&mut self, events: Vec<Committed>) {
        self.unknown = Some(events);
        self.since = Instant::now();
    }

    /// The earlier attempt has ended without commit.
    pub(super) fn did_not_happen(&mut self) {
        self.unknown = None;
    }

    /// The earlier attempt was committed; gives what it announces.
    pub(super) fn did_happen(&mut self) -> Vec<Committed> {
        self.unknown.take().unwrap_or_default()
    }

    /// Gives the pause before the next attempt, or none where there shall be no other.
    pub(super) fn pause_after(&mut self, error: &LogError) -> Option<Duration> {
        let LogError::Store(error) = error else { return None };
        let longest = match **error {
            _ if self.is_unknown() => UNKNOWN_WAIT,
            StoreError::Conflict { .. } => CONFLICT_WAIT,
            StoreError::Unavailable { .. } => LOST_WAIT,
            _ => return None,
        };
        if self.since.elapsed() >= longest {
            return None;
        }
        let most = PAUSE_MS << self.repeats.min(DOUBLINGS_MAX);
        self.repeats += 1;
        // Two that were in each other's way must not meet again.
        Some(Duration::from_millis(fastrand::u64(most / 2..=most)))
    }

    /// Gives what those who wait are told after the last attempt.
    pub(super) fn conclude(self, error: LogError) -> LogError {
        if self.is_unknown() { StoreError::OutcomeUnknown { source: error.into() }.into() } else { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conflict() -> LogError {
        StoreError::Conflict { source: "deadlock".into() }.into()
    }

    fn away() -> LogError {
        StoreError::Unavailable { during: "commit", source: "no line".into() }.into()
    }

    #[test]
    fn repeats_end_after_a_time_that_depends_on_what_is_known() {
        for (error, is_unknown, longest) in
            [(conflict(), false, CONFLICT_WAIT), (away(), false, LOST_WAIT), (away(), true, UNKNOWN_WAIT)]
        {
            let mut attempts = Attempts::start();
            if is_unknown {
                attempts.became_unknown(Vec::new());
            }
            let almost = longest.checked_sub(Duration::from_millis(200)).unwrap();
            attempts.since = Instant::now().checked_sub(almost).unwrap();
            assert!(attempts.pause_after(&error).is_some(), "{error}, unknown: {is_unknown}");
            attempts.since = Instant::now().checked_sub(longest).unwrap();
            assert_eq!(attempts.pause_after(&error), None, "{error}, unknown: {is_unknown}");
        }
    }

    #[test]
    fn what_would_fail_again_is_not_repeated() {
        for error in [StoreError::Duplicate { key: "x".into() }.into(), LogError::Panicked] {
            assert_eq!(Attempts::start().pause_after(&error), None);
        }
    }

    #[test]
    fn those_who_wait_are_told_that_nobody_knows_only_if_so() {
        let mut attempts = Attempts::start();
        attempts.became_unknown(Vec::new());
        let told = attempts.conclude(conflict());
        assert!(matches!(told, LogError::Store(error) if matches!(*error, StoreError::OutcomeUnknown { .. })));
        let mut attempts = Attempts::start();
        attempts.became_unknown(Vec::new());
        attempts.did_not_happen();
        assert!(matches!(attempts.conclude(LogError::Panicked), LogError::Panicked));
    }
}
