//! The rev gate of one stream on this instance: decides what a number is worth, and who gets it. Pure.
//!
//! Events that come before their time, because two instances write the same stream, are kept for a moment; events that are
//! in order may wait, so that several go out together. Whoever cannot be served in order is told from where it is behind.

use std::collections::BTreeMap;

use syncspace_protocol::Rev;

/// Most events of one stream that are kept because one before them has not come.
pub(super) const EARLY_MAX: usize = 64;

/// One stream that somebody here follows, or is about to; `E` is what goes to followers.
#[derive(Debug)]
pub(super) struct Gate<E> {
    /// Newest rev accepted in order, or known to be committed; none until it was read once.
    accepted: Option<Rev>,
    /// Newest rev that came by before `accepted` was known.
    seen: Rev,
    /// Accepted events that were not handed out, in order, up to `accepted`.
    waiting: Vec<(Rev, E)>,
    /// Events that came before an earlier one. Empty but for moments.
    early: BTreeMap<Rev, E>,
    /// Local numbers of the connections that follow live, sorted.
    followers: Vec<u32>,
    /// Followers who have read further than was handed out: skip up to this rev for them. Sorted by number.
    ahead: Vec<(u32, Rev)>,
    /// Connections that follow live or are behind; with the last of them the gate goes.
    pub(super) interested: u32,
}

/// What an announced rev means here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It and what it made complete waits to be handed out.
    Accepted,
    /// It is kept until those before it come.
    Early,
    /// Known already, or nobody follows yet.
    Drop,
    /// At least one was missed, and no more can be kept: these followers are behind.
    Gap(Behind),
}

/// Connections, and after which rev each of them is behind.
pub(super) type Behind = Vec<(u32, Rev)>;

impl<E> Default for Gate<E> {
    fn default() -> Self {
        Self {
            accepted: None,
            seen: Rev::ZERO,
            waiting: Vec::new(),
            early: BTreeMap::new(),
            followers: Vec::new(),
            ahead: Vec::new(),
            interested: 0,
        }
    }
}

impl<E> Gate<E> {
    /// Takes an announced event in, and tells what it means.
    pub(super) fn offer(&mut self, rev: Rev, event: E) -> Verdict {
        let Some(accepted) = self.accepted else {
            self.seen = self.seen.max(rev);
            return Verdict::Drop;
        };
        if rev <= accepted || self.early.contains_key(&rev) {
            return Verdict::Drop;
        }
        if rev > accepted.next() {
            self.early.insert(rev, event);
            if self.early.len() > EARLY_MAX {
                return Verdict::Gap(self.give_up());
            }
            return Verdict::Early;
        }
        self.accept(rev, event);
        self.accept_early();
        Verdict::Accepted
    }

    fn accept(&mut self, rev: Rev, event: E) {
        self.accepted = Some(rev);
        // Nobody to whom it would be handed.
        if !self.followers.is_empty() {
            self.waiting.push((rev, event));
        }
    }

    fn accept_early(&mut self) {
        while let Some(next) = self.accepted.map(Rev::next)
            && let Some(event) = self.early.remove(&next)
        {
            self.accept(next, event);
        }
    }

    /// Gives the rev that early events wait for; none where there are no early ones.
    pub(super) fn missing(&self) -> Option<Rev> {
        if self.early.is_empty() { None } else { self.accepted.map(Rev::next) }
    }

    /// Waits no longer for what is missing: everybody is behind, and everything that was kept counts as missed.
    pub(super) fn give_up(&mut self) -> Behind {
        match self.early.last_key_value() {
            Some((&last, _)) => self.jump(last),
            None => Behind::new(),
        }
    }

    /// Learns that the stream is committed up to `head`: where that is news, everybody is behind.
    pub(super) fn confirm(&mut self, head: Rev) -> Behind {
        let is_news = self.accepted.is_some_and(|accepted| accepted < head);
        if is_news { self.jump(head) } else { Behind::new() }
    }

    /// Stops serving: everybody is behind.
    pub(super) fn dismiss(&mut self) -> Behind {
        self.accepted.map_or_else(Behind::new, |accepted| self.jump(accepted))
    }

    /// Counts everything up to `rev` as committed and not handed out.
    fn jump(&mut self, rev: Rev) -> Behind {
        let Some(accepted) = self.accepted else { return Behind::new() };
        let handed = self.waiting.first().map_or(accepted, |&(first, _)| before(first));
        self.waiting.clear();
        let ahead = std::mem::take(&mut self.ahead);
        let followers = std::mem::take(&mut self.followers);
        let has = |number| find(&ahead, number).map_or(handed, |up_to| up_to.max(handed));
        let behind = followers.into_iter().map(|number| (number, has(number))).collect();
        self.accepted = Some(accepted.max(rev));
        self.early.retain(|&early, _| early > rev);
        self.accept_early();
        behind
    }

    /// Learns the newest committed rev, read after the gate was made.
    pub(super) fn open(&mut self, head: Rev) {
        if self.accepted.is_none() {
            self.accepted = Some(head.max(self.seen));
        }
    }

    /// Gives the newest rev accepted in order; none until the gate is open.
    pub(super) const fn accepted(&self) -> Option<Rev> {
        self.accepted
    }

    /// Lets a connection that has everything up to `rev` follow live; false while it is behind.
    pub(super) fn follow(&mut self, connection: u32, rev: Rev) -> bool {
        let accepted = *self.accepted.get_or_insert_with(|| self.seen.max(rev));
        if rev < accepted {
            return false;
        }
        if let Err(place) = self.followers.binary_search(&connection) {
            self.followers.insert(place, connection);
            if (rev > accepted || !self.waiting.is_empty())
                && let Err(place) = self.ahead.binary_search_by_key(&connection, |&(number, _)| number)
            {
                self.ahead.insert(place, (connection, rev));
            }
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

    /// Tells how many accepted events were not handed out.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Hands what waits to every follower, and drops those for whom `hand` says false: they are behind.
    pub(super) fn hand_out(&mut self, mut hand: impl FnMut(u32, &[(Rev, E)]) -> bool) {
        let events = std::mem::take(&mut self.waiting);
        let Some(&(last, _)) = events.last() else { return };
        let ahead = &mut self.ahead;
        self.followers.retain(|&number| {
            let from = find(ahead, number).map_or(0, |up_to| events.partition_point(|&(rev, _)| rev <= up_to));
            let needed = events.get(from..).unwrap_or_default();
            needed.is_empty() || hand(number, needed)
        });
        let followers = &self.followers;
        ahead.retain(|&(number, up_to)| up_to > last && followers.binary_search(&number).is_ok());
    }

    /// Gives the live followers.
    pub(super) fn followers(&self) -> &[u32] {
        &self.followers
    }
}

/// Finds up to which rev a follower is ahead; those are few, and mostly none.
fn find(ahead: &[(u32, Rev)], number: u32) -> Option<Rev> {
    if ahead.is_empty() {
        return None;
    }
    let place = ahead.binary_search_by_key(&number, |&(other, _)| other).ok()?;
    ahead.get(place).map(|&(_, rev)| rev)
}

/// Gives the rev before this one.
pub(super) fn before(rev: Rev) -> Rev {
    Rev::try_from(rev.get().saturating_sub(1)).unwrap_or(Rev::ZERO)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn rev(number: u64) -> Rev {
        Rev::try_from(number).unwrap()
    }

    fn open_at(number: u64, followers: &[u32]) -> Gate<()> {
        let mut gate = Gate::default();
        gate.open(rev(number));
        for &connection in followers {
            assert!(gate.follow(connection, rev(number)));
        }
        gate
    }

    /// Offers revs, hands out, and gives who got which.
    fn handed<const N: usize>(gate: &mut Gate<()>, revs: [u64; N]) -> Vec<(u32, Vec<u64>)> {
        for number in revs {
            gate.offer(rev(number), ());
        }
        let mut to = Vec::new();
        gate.hand_out(|connection, events| {
            to.push((connection, events.iter().map(|&(rev, ())| rev.get()).collect()));
            true
        });
        to
    }

    #[test]
    fn the_next_rev_goes_to_every_follower_once() {
        let mut gate = open_at(4, &[9, 2]);
        assert_eq!(handed(&mut gate, [5]), [(2, vec![5]), (9, vec![5])]);
        assert_eq!(handed(&mut gate, [5]), []);
        assert_eq!(handed(&mut gate, [4]), []);
    }

    #[test]
    fn what_comes_early_is_handed_out_in_order() {
        let mut gate = open_at(4, &[2]);
        assert_eq!(gate.offer(rev(6), ()), Verdict::Early);
        assert_eq!(gate.missing(), Some(rev(5)));
        assert_eq!(handed(&mut gate, [7, 6]), []);
        assert_eq!(handed(&mut gate, [5]), [(2, vec![5, 6, 7])]);
        assert_eq!(gate.missing(), None);
    }

    #[test]
    fn what_never_comes_leaves_every_follower_behind() {
        let mut gate = open_at(4, &[2, 9]);
        assert_eq!(gate.offer(rev(7), ()), Verdict::Early);
        assert_eq!(gate.give_up(), [(2, rev(4)), (9, rev(4))]);
        assert_eq!(gate.offer(rev(6), ()), Verdict::Drop, "what was missed is read, not handed on late");
        assert!(!gate.follow(2, rev(6)));
        assert!(gate.follow(2, rev(7)));
        assert_eq!(handed(&mut gate, [8]), [(2, vec![8])]);
    }

    #[test]
    fn early_events_are_bounded() {
        let mut gate = open_at(1, &[2]);
        let last = 3 + EARLY_MAX as u64;
        for number in 3..last {
            assert_eq!(gate.offer(rev(number), ()), Verdict::Early);
        }
        assert_eq!(gate.offer(rev(last), ()), Verdict::Gap(vec![(2, rev(1))]));
        assert_eq!(gate.missing(), None);
        assert_eq!(gate.accepted(), Some(rev(last)));
    }

    #[test]
    fn what_came_before_the_gate_was_open_is_not_forgotten() {
        let mut gate = Gate::default();
        assert_eq!(gate.offer(rev(6), ()), Verdict::Drop);
        gate.open(rev(5));
        assert!(!gate.follow(1, rev(5)));
        assert!(gate.follow(1, rev(6)));
    }

    #[test]
    fn whoever_read_further_than_the_bus_gets_nothing_twice() {
        let mut gate = open_at(4, &[1]);
        assert!(gate.follow(2, rev(6)));
        assert_eq!(handed(&mut gate, [5]), [(1, vec![5])]);
        assert_eq!(handed(&mut gate, [6, 7]), [(1, vec![6, 7]), (2, vec![7])]);
        assert_eq!(handed(&mut gate, [8]), [(1, vec![8]), (2, vec![8])]);
    }

    #[test]
    fn whoever_cannot_take_it_follows_no_longer() {
        let mut gate = open_at(4, &[1, 2]);
        assert_eq!(gate.offer(rev(5), ()), Verdict::Accepted);
        gate.hand_out(|connection, _| connection != 1);
        assert_eq!(gate.followers(), [2]);
        assert!(!gate.unfollow(1));
    }

    /// What may happen to a stream with a few followers; `usize` chooses a follower or a committed rev.
    #[derive(Debug, Clone)]
    enum Step {
        Commit,
        /// An announced rev arrives: any committed one, so in any order, twice, or never.
        Arrive(usize),
        HandOut {
            full: Option<usize>,
        },
        GiveUp,
        Dismiss,
        Confirm,
        Follow(usize),
        Unfollow(usize),
        CatchUp(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let follower = || 0..FOLLOWERS;
        prop_oneof![
            6 => Just(Step::Commit),
            12 => (0..200_usize).prop_map(Step::Arrive),
            4 => proptest::option::weighted(0.2, follower()).prop_map(|full| Step::HandOut { full }),
            1 => Just(Step::GiveUp),
            1 => Just(Step::Dismiss),
            1 => Just(Step::Confirm),
            3 => follower().prop_map(Step::Follow),
            1 => follower().prop_map(Step::Unfollow),
            3 => follower().prop_map(Step::CatchUp),
        ]
    }

    const FOLLOWERS: usize = 4;

    /// What one follower has, and whether it was told that it is behind.
    #[derive(Debug, Clone, Copy)]
    struct Reader {
        has: u64,
        is_behind: bool,
    }

    struct World {
        gate: Gate<u64>,
        committed: u64,
        readers: BTreeMap<u32, Reader>,
    }

    impl World {
        fn new() -> Self {
            let mut gate = Gate::default();
            gate.open(Rev::ZERO);
            Self { gate, committed: 0, readers: BTreeMap::new() }
        }

        fn take(&mut self, step: &Step) {
            match *step {
                Step::Commit => self.committed += 1,
                Step::Arrive(choice) if self.committed > 0 => {
                    // Mostly one of the newest.
                    let number = self.committed - (choice as u64 % 8).min(self.committed - 1);
                    if let Verdict::Gap(behind) = self.gate.offer(rev(number), number) {
                        self.fall_behind(&behind);
                    }
                }
                Step::Arrive(_) => {}
                Step::HandOut { full } => self.hand_out(full),
                Step::GiveUp => {
                    let behind = self.gate.give_up();
                    self.fall_behind(&behind);
                }
                Step::Dismiss => {
                    let behind = self.gate.dismiss();
                    self.fall_behind(&behind);
                }
                Step::Confirm => {
                    let behind = self.gate.confirm(rev(self.committed));
                    self.fall_behind(&behind);
                }
                Step::Follow(number) => {
                    let number = u32::try_from(number).unwrap();
                    if !self.readers.contains_key(&number) {
                        self.read(number);
                    }
                }
                Step::Unfollow(number) => {
                    let number = u32::try_from(number).unwrap();
                    self.gate.unfollow(number);
                    self.readers.remove(&number);
                }
                Step::CatchUp(number) => {
                    let number = u32::try_from(number).unwrap();
                    if self.readers.get(&number).is_some_and(|reader| reader.is_behind) {
                        self.read(number);
                    }
                }
            }
        }

        /// Reads everything committed from the database, and follows from there.
        fn read(&mut self, number: u32) {
            let is_behind = !self.gate.follow(number, rev(self.committed));
            self.readers.insert(number, Reader { has: self.committed, is_behind });
        }

        fn hand_out(&mut self, full: Option<usize>) {
            let readers = &mut self.readers;
            self.gate.hand_out(|number, events| {
                let reader = readers.get_mut(&number).expect("only followers are served");
                assert!(!reader.is_behind, "whoever is behind reads for itself");
                if full == usize::try_from(number).ok() {
                    reader.is_behind = true;
                    return false;
                }
                for &(rev, content) in events {
                    assert_eq!(rev.get(), content);
                    assert_eq!(content, reader.has + 1, "follower {number}");
                    reader.has = content;
                }
                true
            });
        }

        fn fall_behind(&mut self, behind: &[(u32, Rev)]) {
            for &(number, after) in behind {
                let reader = self.readers.get_mut(&number).expect("only followers fall behind");
                assert!(!reader.is_behind);
                assert_eq!(after.get(), reader.has, "follower {number} is told what it misses");
                reader.is_behind = true;
            }
        }
    }

    proptest! {
        #[test]
        fn each_follower_gets_each_rev_once_in_order_or_is_told_it_is_behind(
            steps in proptest::collection::vec(step(), 1..200)
        ) {
            let mut world = World::new();
            steps.iter().for_each(|step| world.take(step));
            // The comparison of heads repairs whatever was lost, also the last one.
            world.take(&Step::HandOut { full: None });
            world.take(&Step::Confirm);
            (0..FOLLOWERS).for_each(|number| world.take(&Step::CatchUp(number)));
            for (number, reader) in &world.readers {
                prop_assert_eq!((reader.has, reader.is_behind), (world.committed, false), "follower {}", number);
            }
            prop_assert_eq!(world.gate.missing(), None);
            prop_assert_eq!(world.gate.waiting(), 0);
        }
    }
}
