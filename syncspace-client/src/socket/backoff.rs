//! How long to wait before the next try: full jitter, so that clients of a restarted server spread by themselves.

use std::time::Duration;

use crate::bounds::{BACKOFF_FIRST, BACKOFF_MAX};

/// Waits that grow with every failure in a row.
#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    random: fastrand::Rng,
}

impl Backoff {
    pub(super) const fn new(random: fastrand::Rng) -> Self {
        Self { failures: 0, random }
    }

    /// Gives the number of the next try since the last good connection, from 1.
    pub(super) const fn attempt(&self) -> u32 {
        self.failures.saturating_add(1)
    }

    /// Counts a failure, and gives the wait after it: anything up to a ceiling that doubles each time.
    pub(super) fn next_wait(&mut self) -> Duration {
        let ceiling = BACKOFF_FIRST.saturating_mul(2_u32.saturating_pow(self.failures)).min(BACKOFF_MAX);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(self.random.f64())
    }

    /// Forgets the failures: the connection was good.
    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_below_a_ceiling_that_doubles_up_to_its_bound() {
        let mut longest = [Duration::ZERO; 9];
        for seed in 0..200 {
            let mut backoff = Backoff::new(fastrand::Rng::with_seed(seed));
            for slot in &mut longest {
                *slot = (*slot).max(backoff.next_wait());
            }
            assert_eq!(backoff.attempt(), 10);
            backoff.reset();
            assert!(backoff.attempt() == 1 && backoff.next_wait() <= BACKOFF_FIRST);
        }
        for (slot, ceiling_ms) in longest.iter().zip([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
        {
            let ceiling = Duration::from_millis(ceiling_ms);
            assert!(*slot <= ceiling && *slot > ceiling / 2, "{slot:?} of {ceiling:?}");
        }
    }
}
