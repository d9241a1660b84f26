//! How long a connection may be silent, and how long it may take nothing. Pure: reads no clock.

use std::time::Duration;

use tokio::time::Instant;

/// How often the server pings; nothing for three times as long means a dead connection.
pub(super) const HEARTBEAT_MS: u64 = 25_000;

const HEARTBEAT: Duration = Duration::from_millis(HEARTBEAT_MS);

/// How long a reader may take nothing of what is written to it before it is cut off.
pub(super) const PROGRESS_WAIT: Duration = Duration::from_secs(60);

/// Watches one connection.
#[derive(Debug)]
pub(super) struct Watch {
    ping_at: Instant,
    heard_at: Instant,
    /// Since when nothing was taken, and how much had been taken until then; none while nothing waits.
    stalled: Option<(Instant, u64)>,
    /// When something else is to be done.
    wake_at: Option<Instant>,
    /// When the connection ends.
    ends_at: Option<Instant>,
}

/// What the time asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// Ask whether the other side lives.
    Ping,
    /// The other side has not been heard for too long.
    Silent,
    /// The other side takes nothing.
    Stalled,
    /// What let the connection in.
    Over,
    /// The time that was named for something else.
    Woken,
}

impl Watch {
    pub(super) fn new(now: Instant, ends_at: Option<Instant>) -> Self {
        Self { ping_at: now + HEARTBEAT, heard_at: now, stalled: None, wake_at: None, ends_at }
    }

    /// Notes that something came.
    pub(super) const fn heard(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// Notes that everything was taken.
    pub(super) const fn emptied(&mut self) {
        self.stalled = None;
    }

    /// Notes that something waits, and how much was taken so far: any byte is progress.
    pub(super) fn waits(&mut self, now: Instant, taken: u64) {
        if self.stalled.is_none_or(|(_, until_then)| taken > until_then) {
            self.stalled = Some((now, taken));
        }
    }

    /// Names a time for something else.
    pub(super) const fn wake_at(&mut self, at: Instant) {
        self.wake_at = Some(at);
    }

    /// Gives when to look again.
    pub(super) fn next(&self) -> Instant {
        let stalled_at = self.stalled.map(|(since, _)| since + PROGRESS_WAIT);
        [stalled_at, self.wake_at, self.ends_at].into_iter().flatten().fold(self.ping_at, Instant::min)
    }

    /// Tells what is due.
    pub(super) fn look(&mut self, now: Instant) -> Due {
        if self.ends_at.is_some_and(|at| now >= at) {
            return Due::Over;
        }
        if self.stalled.is_some_and(|(since, _)| now >= since + PROGRESS_WAIT) {
            return Due::Stalled;
        }
        if self.wake_at.is_some_and(|at| now >= at) {
            self.wake_at = None;
            return Due::Woken;
        }
        if now < self.ping_at {
            return Due::Nothing;
        }
        // Whoever takes what is written to it lives, even if its pongs wait behind a long page.
        if self.stalled.is_none() && now >= self.heard_at + 3 * HEARTBEAT {
            return Due::Silent;
        }
        self.ping_at = now + HEARTBEAT;
        Due::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_silent_connection_is_asked_and_then_given_up() {
        let start = Instant::now();
        let mut watch = Watch::new(start, None);
        assert_eq!(watch.look(at(start, 24)), Due::Nothing);
        assert_eq!(watch.look(at(start, 25)), Due::Ping);
        watch.heard(at(start, 26));
        assert_eq!(watch.look(at(start, 50)), Due::Ping);
        assert_eq!(watch.look(at(start, 75)), Due::Ping);
        assert_eq!(watch.look(at(start, 101)), Due::Silent);
    }

    #[test]
    fn whoever_takes_nothing_for_a_minute_is_cut_off() {
        let start = Instant::now();
        let mut watch = Watch::new(start, None);
        watch.waits(at(start, 1), 100);
        watch.waits(at(start, 50), 100);
        assert_eq!(watch.look(at(start, 60)), Due::Ping);
        assert_eq!(watch.next(), at(start, 61));
        assert_eq!(watch.look(at(start, 61)), Due::Stalled);
    }

    #[test]
    fn what_let_the_connection_in_ends_it() {
        let start = Instant::now();
        let mut watch = Watch::new(start, Some(at(start, 10)));
        assert_eq!(watch.next(), at(start, 10));
        assert_eq!(watch.look(at(start, 9)), Due::Nothing);
        assert_eq!(watch.look(at(start, 10)), Due::Over);
    }

    #[test]
    fn a_trickle_is_progress() {
        let start = Instant::now();
        let mut watch = Watch::new(start, None);
        for minute in 0..60 {
            watch.waits(at(start, 59 * minute), minute);
            assert_ne!(watch.look(at(start, 59 * minute)), Due::Stalled, "minute {minute}");
        }
        watch.emptied();
        assert_ne!(watch.look(at(start, 7_200)), Due::Stalled);
    }
}
