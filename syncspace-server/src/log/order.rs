//! The order of what one connection sends into one channel, also where something in the middle of it fails.
//!
//! Several operations are on their way at once. If one cannot be committed, those behind it must not be committed either:
//! the client sends all of them again, in their order. The lane knows first, and it alone can be in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The order of a sender. Begins anew each time the one that failed is sent again.
#[derive(Debug)]
pub struct SendOrder {
    count: u64,
    broken_at: Arc<AtomicU64>,
}

/// The place of one operation in the order of its sender.
#[derive(Debug, Clone)]
pub struct SendPlace {
    number: u64,
    /// The first place that failed; nothing behind it is to be committed. Shared by all places up to a new beginning.
    broken_at: Arc<AtomicU64>,
}

impl Default for SendOrder {
    fn default() -> Self {
        Self { count: 0, broken_at: unbroken() }
    }
}

impl SendOrder {
    /// Gives the place of the next operation: behind all those before it.
    pub fn next_place(&mut self) -> SendPlace {
        self.count += 1;
        SendPlace { number: self.count, broken_at: Arc::clone(&self.broken_at) }
    }

    /// Lets those go on that come from now on: the one that failed is among them again.
    pub fn begin_anew(&mut self) {
        self.broken_at = unbroken();
    }

    /// Tells whether a place belongs to the order that goes on, and not to one that was given up.
    #[must_use]
    pub fn is_current(&self, place: &SendPlace) -> bool {
        Arc::ptr_eq(&self.broken_at, &place.broken_at)
    }
}

impl SendPlace {
    /// Gives the number of the place: later ones have higher numbers.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Tells whether something before it has failed.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken_at.load(Ordering::Acquire) < self.number
    }

    /// Notes that it has failed.
    pub fn break_off(&self) {
        self.broken_at.fetch_min(self.number, Ordering::AcqRel);
    }
}

fn unbroken() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_behind_a_failure_waits_until_it_begins_anew() {
        let mut order = SendOrder::default();
        let [first, second, third] = [order.next_place(), order.next_place(), order.next_place()];
        second.break_off();
        assert!(!first.is_broken(), "what comes before goes on");
        assert!(!second.is_broken() && third.is_broken() && order.next_place().is_broken());
        third.break_off();
        assert!(!second.is_broken(), "the first failure counts");
        order.begin_anew();
        let again = order.next_place();
        assert!(!again.is_broken() && third.is_broken());
        assert!(order.is_current(&again) && !order.is_current(&third));
        first.break_off();
        assert!(!again.is_broken(), "what failed in an order that was given up");
    }
}
