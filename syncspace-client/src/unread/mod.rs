//! What a person has not read, counted on the client as the server counts it: the server's numbers, carried on by events.
//!
//! Pure: events and markers go in, numbers come out, and which channels have to be asked for anew. The definition of both
//! numbers is the one of [`ReadMarker`].

mod channel;
mod threads;

use std::collections::BTreeMap;

use syncspace_protocol::channels::{MarkRead, MoveMarker, ReadMarker};
use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::sync::Change;
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId, UserId};

pub use channel::Unread;
use channel::{ChannelCounts, effect};
pub use threads::{ThreadBook, ThreadKey};

/// What is unread in all channels of a person.
///
/// It wants every event of a connection, in order, also of channels that nobody shows; whether streams are followed does not
/// matter, because it sees by itself where something is missing. Then, or where a count at its bound goes down, the numbers of
/// a channel are [`unsure`](Self::unsure) until [`put`](Self::put) brings the server's again. A book belongs to one epoch.
#[derive(Debug, Clone)]
pub struct UnreadBook {
    me: UserId,
    channels: BTreeMap<ChannelId, Page>,
}

/// What is known of one channel.
#[derive(Debug, Clone, Default)]
struct Page {
    counts: ChannelCounts,
    /// The change in the person's own stream by which the channel was left: markers before it are of an earlier stay.
    left: Option<Rev>,
}

impl UnreadBook {
    /// Makes the book of a person, in which nothing is known yet.
    #[must_use]
    pub const fn new(me: UserId) -> Self {
        Self { me, channels: BTreeMap::new() }
    }

    /// Takes what happened; events that change no numbers do nothing.
    pub fn take(&mut self, event: &Event) {
        match event.stream {
            Some(StreamId::Channel(channel)) => self.take_of_channel(channel, event),
            Some(StreamId::Member(_)) => self.take_of_member(event),
            Some(StreamId::Team(_)) | None => {}
        }
    }

    fn take_of_channel(&mut self, channel: ChannelId, event: &Event) {
        match (&event.body, event.rev) {
            (EventBody::StreamGone {}, _) => self.forget(channel),
            (EventBody::StreamReload {}, _) => self.counts(channel).doubt(),
            (EventBody::Changes { head_rev, read, .. }, Some(rev)) => {
                self.counts(channel).skip_to(rev, rev < *head_rev);
                if let Some(read) = read {
                    self.put(channel, *read);
                }
            }
            (body, Some(rev)) => {
                let me = self.me;
                self.counts(channel).take(rev, effect(me, body));
            }
            (_, None) => {}
        }
    }

    fn take_of_member(&mut self, event: &Event) {
        match &event.body {
            EventBody::MyRead { channel_id, read } | EventBody::MyKeywordMentions { channel_id, read, .. } => {
                self.put(*channel_id, *read);
            }
            EventBody::MyChannelJoined { channel, membership } => self.put(channel.id, membership.read),
            EventBody::MyChannelLeft { channel_id } => self.leave(*channel_id, event.rev),
            EventBody::Changes { items, .. } => {
                for item in items {
                    match item {
                        Change::MyChannel { channel, membership } => self.put(channel.id, membership.read),
                        Change::MyChannelGone { channel_id, rev } => self.leave(*channel_id, Some(*rev)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn counts(&mut self, channel: ChannelId) -> &mut ChannelCounts {
        &mut self.channels.entry(channel).or_default().counts
    }

    /// Takes the server's marker of a channel, from a list, an answer or an event; an older one does nothing.
    pub fn put(&mut self, channel: ChannelId, read: ReadMarker) {
        let page = self.channels.entry(channel).or_default();
        if page.left.is_none_or(|left| read.rev > left) {
            page.left = None;
            page.counts.put(read);
        }
    }

    /// Notes that a channel is followed from a rev on, at which it was read: what led there and was not heard will not come.
    pub fn follow_from(&mut self, channel: ChannelId, rev: Rev) {
        self.counts(channel).follow_from(rev);
    }

    fn leave(&mut self, channel: ChannelId, left: Option<Rev>) {
        let Some(page) = self.channels.get_mut(&channel) else { return };
        if page.counts.marker().is_none_or(|read| left.is_none_or(|left| read.rev < left)) {
            page.left = page.left.max(left);
            page.counts.close();
        }
    }

    /// Forgets a channel that the person is no longer in.
    ///
    /// Events are kept all the same: the list that says so may be older than they are, and a marker may follow.
    pub fn forget(&mut self, channel: ChannelId) {
        if let Some(page) = self.channels.get_mut(&channel) {
            page.counts.close();
        }
    }

    /// Gives what is unread in a channel; none where the person is not in it, or no marker came yet.
    #[must_use]
    pub fn unread(&self, channel: ChannelId) -> Option<Unread> {
        self.channels.get(&channel)?.counts.unread()
    }

    /// Gives the marker as the server last said it. Its place and rev are good, its counts belong to its `as_of_rev`.
    #[must_use]
    pub fn marker(&self, channel: ChannelId) -> Option<ReadMarker> {
        self.channels.get(&channel)?.counts.marker().copied()
    }

    /// Gives the marker with its counts as they are after the last event: for a book that goes on from here after a restart.
    ///
    /// Where they are not sure it is the one that the server said last.
    #[must_use]
    pub fn marker_now(&self, channel: ChannelId) -> Option<ReadMarker> {
        self.channels.get(&channel)?.counts.marker_now()
    }

    /// Gives the place up to which the channel is shown as read.
    #[must_use]
    pub fn read_up_to(&self, channel: ChannelId) -> Option<Seq> {
        self.channels.get(&channel)?.counts.read_up_to()
    }

    /// Gives the channels whose numbers must be asked for anew, by [`Connection::marker`](crate::Connection::marker).
    pub fn unsure(&self) -> impl Iterator<Item = ChannelId> {
        self.channels.iter().filter(|(_, page)| page.counts.is_unsure()).map(|(channel, _)| *channel)
    }

    /// Shows a channel as read up to its newest message, and gives what says so to the server.
    ///
    /// Until [`settle`](Self::settle) it is shown so whatever the server's older markers say.
    pub fn read_all(&mut self, channel: ChannelId, newest: Seq) -> MarkRead {
        self.counts(channel).show_read(newest);
        self.advance(channel, newest)
    }

    /// Gives what tells the server that the person has read up to a place, knowing the marker that stands here.
    #[must_use]
    pub fn advance(&self, channel: ChannelId, seq: Seq) -> MarkRead {
        let known_rev = self.marker(channel).map(|read| read.rev);
        MarkRead { seq, mode: MoveMarker::Advance, known_rev }
    }

    /// Ends what [`read_all`](Self::read_all) showed up to this place: the server has answered, or will not.
    pub fn settle(&mut self, channel: ChannelId, seq: Seq) {
        if let Some(page) = self.channels.get_mut(&channel) {
            page.counts.settle(seq);
        }
    }

    /// Ends everything that [`read_all`](Self::read_all) showed: the connection broke.
    pub fn settle_all(&mut self) {
        for page in self.channels.values_mut() {
            page.counts.settle_all();
        }
    }
}

#[cfg(test)]
mod tests;
