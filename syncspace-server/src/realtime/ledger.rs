//! Which numbers of the revocation log this instance has applied, and since when it is sure that there are no more. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

/// How long an instance delivers without being sure that it has applied all that was taken away.
pub(super) const UNCONFIRMED_MAX: Duration = Duration::from_secs(5);

/// The state of one instance.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Everything up to here was applied.
    applied: u64,
    /// What was applied beyond a gap.
    beyond: BTreeSet<u64>,
    /// Newest number that somebody said is committed.
    known: u64,
    /// Where the log ended when it was last looked at, and when that was; until all of it is applied.
    seen: Option<(u64, Instant)>,
    /// When nothing was committed that is not applied here.
    confirmed_at: Instant,
}

impl Ledger {
    pub(super) const fn new(now: Instant) -> Self {
        Self { applied: 0, beyond: BTreeSet::new(), known: 0, seen: None, confirmed_at: now }
    }

    /// Starts anew at a number: what was taken away before it shows in what is read from now on.
    pub(super) fn restart(&mut self, last: u64, at: Instant) {
        *self = Self { applied: last, known: last, ..Self::new(at.max(self.confirmed_at)) };
    }

    /// Notes that `count` numbers from `first` on were applied.
    pub(super) fn apply(&mut self, first: u64, count: usize) {
        let end = first.saturating_add(count as u64);
        self.known = self.known.max(end.saturating_sub(1));
        self.beyond.extend((first..end).filter(|&number| number > self.applied));
        while self.beyond.remove(&(self.applied + 1)) {
            self.applied += 1;
        }
        self.confirm();
    }

    /// Tells whether a number was applied.
    pub(super) fn holds(&self, number: u64) -> bool {
        number <= self.applied || self.beyond.contains(&number)
    }

    /// Notes that the log ended with `last` when it was read at `at`.
    pub(super) fn see(&mut self, last: u64, at: Instant) {
        self.known = self.known.max(last);
        if self.seen.is_none_or(|(_, before)| before <= at) {
            self.seen = Some((last, at));
        }
        self.confirm();
    }

    fn confirm(&mut self) {
        if let Some((_, at)) = self.seen.take_if(|(last, _)| *last <= self.applied) {
            self.confirmed_at = self.confirmed_at.max(at);
        }
    }

    /// Gives the number after which rows are to be read, where some are missing here.
    pub(super) fn missing_after(&self) -> Option<u64> {
        (self.known > self.applied).then_some(self.applied)
    }

    /// Gives when delivery has to stop unless something is confirmed.
    pub(super) fn deadline(&self) -> Instant {
        self.confirmed_at + UNCONFIRMED_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> (Ledger, Instant) {
        let now = Instant::now();
        (Ledger::new(now), now)
    }

    #[test]
    fn a_number_beyond_the_next_is_a_gap_until_the_others_came() {
        let (mut ledger, _) = ledger();
        ledger.apply(1, 2);
        assert_eq!(ledger.missing_after(), None);
        ledger.apply(4, 1);
        assert_eq!(ledger.missing_after(), Some(2));
        assert_eq!((1..=5).map(|number| ledger.holds(number)).collect::<Vec<_>>(), [true, true, false, true, false]);
        ledger.apply(3, 1);
        assert_eq!(ledger.missing_after(), None);
        ledger.apply(2, 3);
        assert_eq!(ledger.missing_after(), None, "what comes twice changes nothing");
    }

    #[test]
    fn an_end_that_is_not_reached_confirms_nothing() {
        let (mut ledger, start) = ledger();
        let later = start + Duration::from_secs(3);
        ledger.see(2, later);
        assert_eq!((ledger.missing_after(), ledger.deadline()), (Some(0), start + UNCONFIRMED_MAX));
        ledger.apply(1, 2);
        assert_eq!((ledger.missing_after(), ledger.deadline()), (None, later + UNCONFIRMED_MAX));
    }

    #[test]
    fn what_was_read_earlier_takes_no_confirmation_back() {
        let (mut ledger, start) = ledger();
        let (early, late) = (start + Duration::from_secs(1), start + Duration::from_secs(2));
        ledger.see(0, late);
        ledger.see(0, early);
        assert_eq!(ledger.deadline(), late + UNCONFIRMED_MAX);
    }

    #[test]
    fn a_new_start_misses_nothing() {
        let (mut ledger, start) = ledger();
        ledger.apply(9, 1);
        ledger.restart(20, start);
        assert_eq!(ledger.missing_after(), None);
        ledger.apply(21, 1);
        assert_eq!(ledger.missing_after(), None);
    }
}
