//! What is unread in one channel: the server's count, carried on by events above the revision it holds at.

use std::collections::BTreeMap;

use syncspace_protocol::channels::ReadMarker;
use syncspace_protocol::limits::UNREAD_COUNT_MAX;
use syncspace_protocol::{Rev, Seq};

/// What happened to one countable message after the marker's count was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Happened {
    created: Option<Rev>,
    deleted: Option<Rev>,
}

/// Unread messages of one channel.
///
/// Events are kept by their seq, not summed up: an event that arrives twice counts once, and a marker that arrives late
/// takes away exactly what its own count already holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread {
    marker: ReadMarker,
    since: BTreeMap<Seq, Happened>,
}

impl Unread {
    pub(crate) const fn new(marker: ReadMarker) -> Self {
        Self { marker, since: BTreeMap::new() }
    }

    /// Gives the place up to which everything is read.
    pub(crate) const fn last_read_seq(&self) -> Seq {
        self.marker.last_read_seq
    }

    /// Gives the number of unread messages, at most [`UNREAD_COUNT_MAX`].
    pub(crate) fn count(&self) -> u32 {
        let is_new = |rev: Option<Rev>| rev.is_some_and(|rev| rev > self.marker.as_of_rev);
        let created = self.since.values().filter(|happened| is_new(happened.created)).count();
        let deleted = self.since.values().filter(|happened| is_new(happened.deleted)).count();
        let count = (self.marker.unread_count as usize + created).saturating_sub(deleted);
        u32::try_from(count).unwrap_or(UNREAD_COUNT_MAX).min(UNREAD_COUNT_MAX)
    }

    /// Counts a message of somebody else, top level and not from the system.
    pub(crate) fn created(&mut self, seq: Seq, rev: Rev) {
        if seq > self.marker.last_read_seq && rev > self.marker.as_of_rev {
            self.since.entry(seq).or_default().created.get_or_insert(rev);
        }
    }

    /// Counts such a message out again.
    pub(crate) fn deleted(&mut self, seq: Seq, rev: Rev) {
        if seq > self.marker.last_read_seq && rev > self.marker.as_of_rev {
            self.since.entry(seq).or_default().deleted.get_or_insert(rev);
        }
    }

    /// Takes the server's marker unless it is older than the one at hand.
    pub(crate) fn set_marker(&mut self, marker: ReadMarker) {
        if marker.rev < self.marker.rev || (marker.rev == self.marker.rev && marker.as_of_rev < self.marker.as_of_rev) {
            return;
        }
        self.marker = marker;
        let is_after = |rev: Option<Rev>| rev.is_some_and(|rev| rev > marker.as_of_rev);
        self.since.retain(|&seq, happened| {
            seq > marker.last_read_seq && (is_after(happened.created) || is_after(happened.deleted))
        });
    }

    /// Shows everything up to the newest place as read before the server has said so.
    pub(crate) fn all_read(&mut self, newest: Seq) {
        self.marker.last_read_seq = self.marker.last_read_seq.max(newest);
        self.marker.unread_count = 0;
        self.since.retain(|&seq, _| seq > newest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(number: u64) -> Seq {
        Seq::try_from(number).expect("a seq")
    }

    fn rev(number: u64) -> Rev {
        Rev::try_from(number).expect("a rev")
    }

    fn marker(read: u64, count: u32, as_of: u64, own: u64) -> ReadMarker {
        ReadMarker {
            last_read_seq: seq(read),
            unread_count: count,
            mention_count: 0,
            as_of_rev: rev(as_of),
            rev: rev(own),
        }
    }

    #[test]
    fn counts_on_from_the_markers_revision() {
        let mut unread = Unread::new(marker(10, 2, 20, 1));
        unread.created(seq(12), rev(20));
        assert_eq!(unread.count(), 2);
        unread.created(seq(13), rev(21));
        unread.created(seq(13), rev(21));
        assert_eq!(unread.count(), 3);
    }

    #[test]
    fn a_late_marker_takes_away_only_what_it_counted() {
        let mut unread = Unread::new(marker(10, 0, 20, 1));
        unread.created(seq(11), rev(21));
        unread.created(seq(12), rev(22));
        unread.set_marker(marker(10, 1, 21, 2));
        assert_eq!(unread.count(), 2);
        unread.set_marker(marker(12, 0, 22, 3));
        assert_eq!(unread.count(), 0);
    }

    #[test]
    fn a_marker_set_back_on_another_device_wins() {
        let mut unread = Unread::new(marker(10, 0, 20, 1));
        unread.set_marker(marker(4, 6, 20, 2));
        assert_eq!((unread.count(), unread.last_read_seq()), (6, seq(4)));
        unread.set_marker(marker(10, 0, 20, 1));
        assert_eq!(unread.count(), 6);
    }

    #[test]
    fn a_deleted_message_is_no_longer_unread_and_never_negative() {
        let mut unread = Unread::new(marker(10, 1, 20, 1));
        unread.created(seq(12), rev(21));
        unread.deleted(seq(12), rev(22));
        assert_eq!(unread.count(), 1);
        unread.deleted(seq(11), rev(23));
        unread.deleted(seq(13), rev(24));
        assert_eq!(unread.count(), 0);
    }

    #[test]
    fn a_message_deleted_after_the_marker_counted_it_goes_out_once() {
        let mut unread = Unread::new(marker(10, 0, 20, 1));
        unread.created(seq(11), rev(21));
        unread.deleted(seq(11), rev(23));
        unread.set_marker(marker(10, 1, 22, 2));
        assert_eq!(unread.count(), 0);
    }
}
