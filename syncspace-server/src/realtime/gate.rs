//! The rev gate of one stream on this instance: decides what a number is worth, and who follows live. Pure.

use syncspace_protocol::Rev;

/// One stream that somebody here follows, or is about to.
#[derive(Debug)]
pub(super) struct Gate {
    /// Newest rev handed to the followers, or known to be committed; none until it was read once.
    delivered: Option<Rev>,
    /// Newest rev that came by before `delivered` was known.
    seen: Rev,
    /// Local numbers of the connections that follow live, sorted.
    followers: Vec<u32>,
    /// Connections that follow live or are behind; with the last of them the gate goes.
    pub(super) interested: u32,
    /// Followers who read further than the bus has brought: skip up to this rev for them.
    ahead: Vec<(u32, Rev)>,
}

/// What an announced rev means here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The next one: hand it to the followers.
    Deliver,
    /// Known already, or nobody follows yet.
    Drop,
    /// At least one was missed: these followers are behind from that rev on.
    Gap { behind: Vec<u32>, after: Rev },
}

impl Default for Gate {
    fn default() -> Self {
        Self { delivered: None, seen: Rev::ZERO, followers: Vec::new(), interested: 0, ahead: Vec::new() }
    }
}

impl Gate {
    /// Tells what an announced rev means, and counts it as handed on.
    pub(super) fn offer(&mut self, rev: Rev) -> Verdict {
        let Some(delivered) = self.delivered else {
            self.seen = self.seen.max(rev);
            return Verdict::Drop;
        };
        if rev <= delivered {
            return Verdict::Drop;
        }
        self.delivered = Some(rev);
        if rev == delivered.next() {
            return Verdict::Deliver;
        }
        self.ahead.clear();
        Verdict::Gap { behind: std::mem::take(&mut self.followers), after: delivered }
    }

    /// Learns the newest committed rev, read after the gate was made.
    pub(super) fn open(&mut self, head: Rev) {
        if self.delivered.is_none() {
            self.delivered = Some(head.max(self.seen));
        }
    }

    /// Gives the newest rev handed on; none until the gate is open.
    pub(super) const fn delivered(&self) -> Option<Rev> {
        self.delivered
    }

    /// Lets a connection that has everything up to `rev` follow live; false while it is behind.
    pub(super) fn follow(&mut self, connection: u32, rev: Rev) -> bool {
        let delivered = *self.delivered.get_or_insert_with(|| self.seen.max(rev));
        if rev < delivered {
            return false;
        }
        if let Err(place) = self.followers.binary_search(&connection) {
            self.followers.insert(place, connection);
        }
        if rev > delivered {
            self.ahead.push((connection, rev));
        }
        true
    }

    /// Forgets a connection; false where it did not follow.
    pub(super) fn unfollow(&mut self, connection: u32) -> bool {
        self.ahead.retain(|&(number, _)| number != connection);
        match self.followers.binary_search(&connection) {
            Ok(place) => {
                self.followers.remove(place);
                true
            }
            Err(_) => false,
        }
    }

    /// Gives every follower who needs a rev to `hand`, and drops those for whom it says false.
    pub(super) fn hand(&mut self, rev: Rev, mut hand: impl FnMut(u32) -> bool) {
        let ahead = &mut self.ahead;
        self.followers.retain(|&number| {
            let has_it = !ahead.is_empty() && ahead.iter().any(|&(other, up_to)| other == number && rev <= up_to);
            has_it || hand(number)
        });
        ahead.retain(|&(_, up_to)| up_to > rev);
    }

    /// Gives the live followers.
    pub(super) fn followers(&self) -> &[u32] {
        &self.followers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rev(number: u64) -> Rev {
        Rev::try_from(number).unwrap()
    }

    fn open_at(number: u64, followers: &[u32]) -> Gate {
        let mut gate = Gate::default();
        gate.open(rev(number));
        for &connection in followers {
            assert!(gate.follow(connection, rev(number)));
        }
        gate
    }

    fn handed(gate: &mut Gate, number: u64) -> Vec<u32> {
        let mut to = Vec::new();
        if gate.offer(rev(number)) == Verdict::Deliver {
            gate.hand(rev(number), |connection| {
                to.push(connection);
                true
            });
        }
        to
    }

    #[test]
    fn the_next_rev_goes_to_every_follower_once() {
        let mut gate = open_at(4, &[9, 2]);
        assert_eq!(handed(&mut gate, 5), [2, 9]);
        assert_eq!(handed(&mut gate, 5), [0; 0]);
        assert_eq!(handed(&mut gate, 4), [0; 0]);
    }

    #[test]
    fn after_a_gap_every_follower_is_behind() {
        let mut gate = open_at(4, &[2, 9]);
        assert_eq!(gate.offer(rev(7)), Verdict::Gap { behind: vec![2, 9], after: rev(4) });
        assert_eq!(gate.offer(rev(6)), Verdict::Drop, "what was missed is read, not handed on late");
        assert!(!gate.follow(2, rev(6)));
        assert!(gate.follow(2, rev(7)));
        assert_eq!(handed(&mut gate, 8), [2]);
    }

    #[test]
    fn what_came_before_the_gate_was_open_is_not_forgotten() {
        let mut gate = Gate::default();
        assert_eq!(gate.offer(rev(6)), Verdict::Drop);
        gate.open(rev(5));
        assert!(!gate.follow(1, rev(5)));
        assert!(gate.follow(1, rev(6)));
    }

    #[test]
    fn whoever_read_further_than_the_bus_gets_nothing_twice() {
        let mut gate = open_at(4, &[1]);
        assert!(gate.follow(2, rev(6)));
        assert_eq!(handed(&mut gate, 5), [1]);
        assert_eq!(handed(&mut gate, 6), [1]);
        assert_eq!(handed(&mut gate, 7), [1, 2]);
    }

    #[test]
    fn whoever_cannot_take_it_follows_no_longer() {
        let mut gate = open_at(4, &[1, 2]);
        assert_eq!(gate.offer(rev(5)), Verdict::Deliver);
        gate.hand(rev(5), |connection| connection != 1);
        assert_eq!(gate.followers(), [2]);
        assert!(!gate.unfollow(1));
    }
}
