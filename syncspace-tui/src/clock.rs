//! The time of the program: that of the machine, but never standing still where that is set back.
//!
//! The state takes times that only grow. With the clock of the machine alone, an hour set back would be an hour in which
//! nothing becomes read, no busy send is repeated, and no message at the bottom goes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use syncspace_protocol::Time;

static CLOCK: Mutex<Option<Clock>> = Mutex::new(None);

/// The last time that was told, and when that was.
#[derive(Debug, Clone, Copy)]
struct Clock {
    told: Time,
    at: Instant,
}

impl Clock {
    /// Gives the time: the machine's, unless more than it has gone by since the last one.
    fn tell(&mut self, of_machine: Time, at: Instant) -> Time {
        let ms = i64::try_from(at.saturating_duration_since(self.at).as_millis()).unwrap_or(i64::MAX);
        let gone_by = Time::from_unix_ms(self.told.unix_ms().saturating_add(ms)).unwrap_or(self.told);
        if of_machine > gone_by {
            *self = Self { told: of_machine, at };
            return of_machine;
        }
        // From where it was told last: what is left of a millisecond is not lost with each look.
        gone_by
    }
}

/// Gives the time now. It never goes back, and never stands still.
pub(crate) fn now() -> Time {
    let (of_machine, at) = (Time::from(Timestamp::now()), Instant::now());
    let mut clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
    clock.get_or_insert(Clock { told: of_machine, at }).tell(of_machine, at)
}

/// Gives how long it is until a time.
pub(crate) fn until(time: Time) -> Duration {
    Duration::from_millis(u64::try_from(time.unix_ms().saturating_sub(now().unix_ms())).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn at(ms: i64) -> Time {
        Time::from_unix_ms(ms).expect("a time")
    }

    #[test]
    fn a_clock_that_is_set_back_goes_on_from_where_it_was() {
        let begin = Instant::now();
        let mut clock = Clock { told: at(10 * HOUR), at: begin };
        let later = |ms: u64| begin + Duration::from_millis(ms);
        assert_eq!(clock.tell(at(10 * HOUR + 500), later(500)), at(10 * HOUR + 500));
        assert_eq!(clock.tell(at(8 * HOUR), later(1_000)), at(10 * HOUR + 1_000), "set back two hours");
        assert_eq!(clock.tell(at(8 * HOUR + 700), later(1_700)), at(10 * HOUR + 1_700));
        assert_eq!(clock.tell(at(11 * HOUR), later(2_000)), at(11 * HOUR), "set on, or asleep");
    }
}
