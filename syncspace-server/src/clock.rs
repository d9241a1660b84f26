//! The time of day, from the system or from a test's hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use syncspace_protocol::Time;

/// Source of every time that is stored or compared; no database clock is ever asked.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that stands still until a test moves it; clones show the same time. Milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Makes a clock that shows `time` until it is moved.
    #[must_use]
    pub fn manual(time: Time) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(time.unix_ms())))
    }

    /// Gives the present time, in whole milliseconds.
    #[must_use]
    pub fn now(&self) -> Time {
        match self {
            Self::System => Time::from(Timestamp::now()),
            Self::Manual(ms) => at(ms.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward; the system's clock stays as it is.
    pub fn advance_ms(&self, ms: i64) {
        if let Self::Manual(now) = self {
            now.fetch_add(ms, Ordering::SeqCst);
        }
    }
}

/// Gives the time `ms` milliseconds after `time`, or `time` itself beyond the calendar's end.
#[must_use]
pub fn later(time: Time, ms: i64) -> Time {
    Time::from_unix_ms(time.unix_ms().saturating_add(ms)).unwrap_or(time)
}

fn at(unix_ms: i64) -> Time {
    Time::from_unix_ms(unix_ms).unwrap_or_else(|_| Time::from(Timestamp::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand_and_for_all_its_clones() {
        let start: Time = "2026-11-22T17:26:21.500Z".parse().expect("a time");
        let clock = Clock::manual(start);
        let clone = clock.clone();
        assert_eq!(clone.now(), start);
        clock.advance_ms(1_500);
        assert_eq!(clone.now(), later(start, 1_500));
    }
}
