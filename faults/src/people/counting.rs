//! What a device believes is unread: the server's count, carried on by events above the revision it holds at.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::channels::ReadMarker;
use syncspace_protocol::limits::UNREAD_COUNT_MAX;
use syncspace_protocol::{Rev, Seq, UserId};

use crate::history::Row;

/// The belief about one channel.
#[derive(Debug)]
pub(crate) struct Counting {
    me: UserId,
    marker: ReadMarker,
    /// Every place that was seen, with whether it counts where it is unread.
    seen: BTreeMap<Seq, bool>,
    created: BTreeMap<Seq, Rev>,
    deleted: BTreeMap<Seq, Rev>,
    gone: BTreeSet<Seq>,
}

impl Counting {
    pub(crate) const fn new(me: UserId, marker: ReadMarker) -> Self {
        Self {
            me,
            marker,
            seen: BTreeMap::new(),
            created: BTreeMap::new(),
            deleted: BTreeMap::new(),
            gone: BTreeSet::new(),
        }
    }

    pub(crate) const fn last_read_seq(&self) -> Seq {
        self.marker.last_read_seq
    }

    pub(crate) const fn marker_rev(&self) -> Rev {
        self.marker.rev
    }

    /// Takes a message, new or changed, as of its rev.
    pub(crate) fn message(&mut self, row: &Row) {
        let counts = row.author != self.me && !row.is_reply;
        let is_new = self.seen.insert(row.seq, counts).is_none();
        if is_new && counts && !row.is_deleted {
            self.created.insert(row.seq, row.rev);
        }
        if row.is_deleted {
            self.deleted(row.seq, row.rev, is_new);
        }
    }

    /// Takes a deletion.
    pub(crate) fn deletion(&mut self, seq: Seq, rev: Rev) {
        self.deleted(seq, rev, false);
    }

    /// A message that was never seen alive was counted by nobody here; the server's marker may have.
    fn deleted(&mut self, seq: Seq, rev: Rev, is_new: bool) {
        if self.gone.insert(seq) && !is_new && self.seen.get(&seq).copied().unwrap_or(false) {
            self.deleted.insert(seq, rev);
        }
    }

    /// Takes the server's marker unless it is older than the one at hand.
    pub(crate) fn marker(&mut self, marker: ReadMarker) {
        if (marker.rev, marker.as_of_rev) >= (self.marker.rev, self.marker.as_of_rev) {
            self.marker = marker;
        }
    }

    pub(crate) fn unread(&self) -> u32 {
        let after = |(seq, rev): &(&Seq, &Rev)| **seq > self.marker.last_read_seq && **rev > self.marker.as_of_rev;
        let created = self.created.iter().filter(after).count();
        let deleted = self.deleted.iter().filter(after).count();
        let count = (self.marker.unread_count as usize + created).saturating_sub(deleted);
        u32::try_from(count).unwrap_or(UNREAD_COUNT_MAX).min(UNREAD_COUNT_MAX)
    }
}
