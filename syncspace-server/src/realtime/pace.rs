//! When the events of a stream go out: at once while it is idle, several together while it is busy. Pure.
//!
//! Three quarters of a delivery's cost is the write call. A busy stream's events gather, so that each socket gets several
//! frames with one write; an idle one's event never waits.

use std::time::Duration;

use tokio::time::Instant;

/// How long events of a busy stream gather at most.
pub(super) const GATHER_TIME: Duration = Duration::from_millis(5);

/// Events that go out without waiting longer.
const EVENTS_MAX: usize = 64;

/// Fewest followers for whom events gather: for a few, waiting would save next to nothing.
const FOLLOWERS_MIN: usize = 16;

/// What to do with events that wait to be handed out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Hand them out.
    Now,
    /// Hand them out then.
    At(Instant),
    /// Somebody is going to hand them out already.
    Arranged,
}

/// The pace of one stream.
#[derive(Debug, Default)]
pub(super) struct Pace {
    handed_at: Option<Instant>,
    is_arranged: bool,
}

impl Pace {
    /// Tells when so many events are to go out to so many followers.
    pub(super) fn decide(&mut self, now: Instant, events: usize, followers: usize) -> When {
        let due = self.handed_at.map(|at| at + GATHER_TIME).filter(|&due| due > now);
        match due {
            Some(due) if events < EVENTS_MAX && followers >= FOLLOWERS_MIN => {
                if std::mem::replace(&mut self.is_arranged, true) { When::Arranged } else { When::At(due) }
            }
            _ => When::Now,
        }
    }

    /// Notes that everything was handed out.
    pub(super) const fn handed(&mut self, now: Instant) {
        self.handed_at = Some(now);
    }

    /// Notes that the arranged time has come.
    pub(super) const fn arrived(&mut self) {
        self.is_arranged = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_stream_never_waits_and_a_busy_one_gathers() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        assert_eq!(pace.decide(start, 1, 100), When::Now);
        pace.handed(start);
        let soon = start + Duration::from_millis(1);
        assert_eq!(pace.decide(soon, 1, 100), When::At(start + GATHER_TIME));
        assert_eq!(pace.decide(soon, 2, 100), When::Arranged);
        assert_eq!(pace.decide(soon, EVENTS_MAX, 100), When::Now, "not too many at once");
        assert_eq!(pace.decide(soon, 1, FOLLOWERS_MIN - 1), When::Now, "a few followers do not wait");
        pace.arrived();
        assert_eq!(pace.decide(start + GATHER_TIME, 1, 100), When::Now);
    }
}
