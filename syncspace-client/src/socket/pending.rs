//! Requests that wait for their answer, by number, each with a deadline.

use std::collections::{BTreeMap, VecDeque};

use tokio::time::Instant;

use crate::bounds::REQUEST_TIMEOUT;

/// The requests. `T` is what the machine keeps of each.
#[derive(Debug)]
pub(super) struct Pending<T> {
    last_number: u64,
    asked: BTreeMap<u64, T>,
    /// All have the same life, so this is ordered. Answered ones stay until their time is over.
    deadlines: VecDeque<(Instant, u64)>,
}

impl<T> Pending<T> {
    pub(super) const fn new() -> Self {
        Self { last_number: 0, asked: BTreeMap::new(), deadlines: VecDeque::new() }
    }

    /// Keeps a request, and gives the number to send it under.
    pub(super) fn add(&mut self, now: Instant, asked: T) -> u64 {
        self.last_number += 1;
        self.asked.insert(self.last_number, asked);
        self.deadlines.push_back((now + REQUEST_TIMEOUT, self.last_number));
        self.last_number
    }

    /// Takes the request that an answer belongs to.
    pub(super) fn take(&mut self, number: u64) -> Option<T> {
        let asked = self.asked.remove(&number);
        while self.deadlines.front().is_some_and(|(_, number)| !self.asked.contains_key(number)) {
            self.deadlines.pop_front();
        }
        asked
    }

    /// Takes a request whose time is over, if there is one.
    pub(super) fn take_overdue(&mut self, now: Instant) -> Option<T> {
        let (_, number) = self.deadlines.front().filter(|(deadline, _)| *deadline <= now)?;
        self.take(*number)
    }

    /// Takes every request.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.deadlines.clear();
        std::mem::take(&mut self.asked).into_values()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.front().map(|(deadline, _)| *deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_find_their_request_in_any_order() {
        let now = Instant::now();
        let mut pending = Pending::new();
        let numbers = ["a", "b", "c"].map(|asked| pending.add(now, asked));
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(pending.take(2), Some("b"));
        assert_eq!(pending.take(2), None, "a second answer");
        assert_eq!(pending.take(9), None, "an answer to nothing");
        assert_eq!(pending.take_all().collect::<Vec<_>>(), ["a", "c"]);
        assert!(pending.is_empty() && pending.next_deadline().is_none());
    }

    #[test]
    fn requests_are_overdue_in_the_order_they_were_made() {
        let start = Instant::now();
        let mut pending = Pending::new();
        let early = pending.add(start, "early");
        pending.add(start + REQUEST_TIMEOUT / 2, "late");
        assert_eq!(pending.take_overdue(start + REQUEST_TIMEOUT / 2), None);
        assert_eq!(pending.take(early), Some("early"));
        assert_eq!(pending.next_deadline(), Some(start + REQUEST_TIMEOUT / 2 + REQUEST_TIMEOUT));
        assert_eq!(pending.take_overdue(start + REQUEST_TIMEOUT * 2), Some("late"));
        assert_eq!(pending.take_overdue(start + REQUEST_TIMEOUT * 2), None);
    }
}
