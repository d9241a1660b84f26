//! One channel: the server's counts, and what happened above the revision at which they hold.

use std::collections::VecDeque;

use syncspace_protocol::channels::ReadMarker;
use syncspace_protocol::limits::UNREAD_COUNT_MAX;
use syncspace_protocol::messages::MessageType;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{Rev, Seq, UserId};

use crate::bounds::COUNTED_EVENTS_MAX;

/// What is unread in one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unread {
    /// Unread messages, at most [`UNREAD_COUNT_MAX`].
    pub messages: u32,
    /// Mentions of the person, at most [`UNREAD_COUNT_MAX`].
    pub mentions: u32,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ChannelCounts {
    base: Option<Base>,
    /// What the events of one unbroken run did to the counts, oldest first.
    counted: VecDeque<Counted>,
    /// The run: every event above the first rev and up to the second was seen. None before the first event.
    run: Option<(Rev, Rev)>,
    /// Whether more pages of what was missed are on their way; the last one brings the marker.
    awaits_page: bool,
    /// Whether the marker at hand is to be asked for anew in any case.
    is_doubtful: bool,
    /// Shown as read up to here, ahead of the server.
    shown_read: Option<Seq>,
}

/// The server's marker, and what was folded into it since.
#[derive(Debug, Clone, Copy)]
struct Base {
    read: ReadMarker,
    /// Everything up to this rev is in the counts below.
    as_of: Rev,
    folded: Net,
}

/// A change of both counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Net {
    messages: i64,
    mentions: i64,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    rev: Rev,
    seq: Seq,
    net: Net,
}

impl Net {
    fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.mentions += other.mentions;
    }
}

impl ChannelCounts {
    pub(super) fn marker(&self) -> Option<&ReadMarker> {
        self.base.as_ref().map(|base| &base.read)
    }

    pub(super) fn read_up_to(&self) -> Option<Seq> {
        self.marker().map(|read| read.last_read_seq).max(self.shown_read)
    }

    /// Takes the server's marker unless it is older than the one at hand.
    pub(super) fn put(&mut self, read: ReadMarker) {
        let is_older = self.base.is_some_and(|base| (read.rev, read.as_of_rev) < (base.read.rev, base.as_of));
        if is_older {
            return;
        }
        self.base = Some(Base { read, as_of: read.as_of_rev, folded: Net::default() });
        self.is_doubtful = false;
        if self.shown_read.is_some_and(|shown| read.last_read_seq >= shown) {
            self.shown_read = None;
        }
    }

    /// Takes the marker away, and keeps what events said.
    pub(super) fn close(&mut self) {
        (self.base, self.shown_read, self.is_doubtful, self.awaits_page) = (None, None, false, false);
    }

    /// Takes what an event of the channel's stream does.
    pub(super) fn take(&mut self, rev: Rev, effect: Effect) {
        if self.run.is_some_and(|(_, last)| rev <= last) {
            return;
        }
        let (seq, net) = match effect {
            Effect::Counts(seq, net) => (seq, net),
            Effect::Nothing => (Seq::ZERO, Net::default()),
            Effect::Floor(floor) if self.is_read_up_to(floor) => (Seq::ZERO, Net::default()),
            // What it did to the counts cannot be known: as if it had been missed.
            Effect::Floor(_) | Effect::Unknown => return self.skip_to(rev, false),
        };
        match &mut self.run {
            Some((_, last)) if last.next() == rev => *last = rev,
            _ => {
                self.skip_to(rev.before(), false);
                self.run = Some((rev.before(), rev));
            }
        }
        if net != Net::default() {
            self.counted.push_back(Counted { rev, seq, net });
            self.fold();
        }
    }

    /// Tells whether nothing up to a place is in the counts.
    fn is_read_up_to(&self, place: Seq) -> bool {
        self.marker().is_some_and(|read| read.last_read_seq >= place)
    }

    /// Goes on up to a rev over changes that do nothing here; false where something was missed before them.
    pub(super) fn go_on(&mut self, after: Rev, rev: Rev, awaits_page: bool) -> bool {
        self.awaits_page &= awaits_page;
        match &mut self.run {
            None => {
                self.run = Some((after, rev));
                true
            }
            Some((_, last)) if *last >= after => {
                *last = rev.max(*last);
                true
            }
            Some(_) => false,
        }
    }

    /// Goes on after a rev unless all up to it was heard, or is in the marker.
    pub(super) fn follow_from(&mut self, rev: Rev) {
        let heard = self.run.map(|(_, last)| last).max(self.base.map(|base| base.as_of));
        if heard.is_none_or(|heard| heard < rev) {
            self.skip_to(rev, false);
        }
    }

    /// Begins a new run after a rev: what led there was not seen.
    pub(super) fn skip_to(&mut self, rev: Rev, awaits_page: bool) {
        self.run = Some((rev, rev));
        self.counted.clear();
        self.awaits_page = awaits_page;
    }

    /// Doubts the marker at hand: the stream cannot be continued.
    pub(super) const fn doubt(&mut self) {
        self.is_doubtful = true;
        self.awaits_page = false;
    }

    /// Keeps the list short: the oldest goes into the base.
    fn fold(&mut self) {
        while self.counted.len() > COUNTED_EVENTS_MAX {
            let Some(oldest) = self.counted.pop_front() else { return };
            let is_whole = self.is_whole();
            if let Some(base) = self.base.as_mut().filter(|base| is_whole && oldest.rev > base.as_of) {
                if oldest.seq > base.read.last_read_seq {
                    base.folded.add(oldest.net);
                }
                base.as_of = oldest.rev;
            }
            if let Some((first, _)) = &mut self.run {
                *first = (*first).max(oldest.rev);
            }
        }
    }

    /// Tells whether everything above the base's rev was seen.
    fn is_whole(&self) -> bool {
        match (&self.base, self.run) {
            (Some(base), Some((first, _))) => base.as_of >= first,
            _ => true,
        }
    }

    /// Gives what happened above the base's rev, of messages after the marker.
    fn net(&self, base: &Base) -> Net {
        let mut net = base.folded;
        for counted in &self.counted {
            if counted.rev > base.as_of && counted.seq > base.read.last_read_seq {
                net.add(counted.net);
            }
        }
        net
    }

    pub(super) fn unread(&self) -> Option<Unread> {
        let base = self.base.as_ref()?;
        if let Some(shown) = self.shown_read {
            // Everything that the base counted stands before the place that is shown as read.
            let mut net = Net::default();
            self.counted.iter().filter(|counted| counted.seq > shown).for_each(|counted| net.add(counted.net));
            return Some(Unread { messages: capped(0, net.messages), mentions: capped(0, net.mentions) });
        }
        let net = self.net(base);
        let messages = capped(base.read.unread_count, net.messages);
        Some(Unread { messages, mentions: capped(base.read.mention_count, net.mentions) })
    }

    /// Tells whether the server has to be asked: something was missed, or a count went below its bound from "that many or
    /// more".
    pub(super) fn is_unsure(&self) -> bool {
        let Some(base) = self.base.as_ref().filter(|_| !self.awaits_page) else { return false };
        let net = self.net(base);
        let leaves_bound = |count: u32, net: i64| count >= UNREAD_COUNT_MAX && net < 0;
        self.is_doubtful
            || !self.is_whole()
            || leaves_bound(base.read.unread_count, net.messages)
            || leaves_bound(base.read.mention_count, net.mentions)
    }

    /// Gives the marker with what was counted since, where nothing is missing in that.
    pub(super) fn marker_now(&self) -> Option<ReadMarker> {
        let base = self.base.as_ref()?;
        let is_sure = !self.is_unsure() && !self.awaits_page && self.is_whole() && self.shown_read.is_none();
        let Some(unread) = self.unread().filter(|_| is_sure) else { return Some(base.read) };
        let as_of_rev = self.run.map_or(base.as_of, |(_, last)| last.max(base.as_of));
        let (unread_count, mention_count) = (unread.messages, unread.mentions);
        Some(ReadMarker { unread_count, mention_count, as_of_rev, ..base.read })
    }

    pub(super) fn show_read(&mut self, newest: Seq) {
        self.shown_read = self.shown_read.max(Some(newest));
    }

    pub(super) fn settle(&mut self, seq: Seq) {
        self.shown_read = self.shown_read.filter(|shown| *shown > seq);
    }

    pub(super) const fn settle_all(&mut self) {
        self.shown_read = None;
    }
}

/// What an event does to the counts of whoever has not read its message.
pub(super) enum Effect {
    Counts(Seq, Net),
    Nothing,
    /// What was counted up to a place counts no more.
    Floor(Seq),
    Unknown,
}

/// Gives what an event does to the counts of its channel.
pub(super) fn effect(me: UserId, body: &EventBody) -> Effect {
    match body {
        EventBody::MessageCreated { message, .. } => {
            let net =
                Net { messages: i64::from(message.is_unread_for(me)), mentions: i64::from(message.is_mention_of(me)) };
            Effect::Counts(message.seq, net)
        }
        EventBody::MessageUpdated { seq, sender_id, mentions, former_mentions, .. }
        | EventBody::MessageAppended { seq, sender_id, mentions, former_mentions, .. }
            if *sender_id != me =>
        {
            let mentions = i64::from(mentions.count_for(me)) - i64::from(former_mentions.count_for(me));
            Effect::Counts(*seq, Net { messages: 0, mentions })
        }
        EventBody::MessageDeleted { seq, sender_id, message_type, former_mentions, thread, .. } if *sender_id != me => {
            let was_unread = thread.is_none() && *message_type != MessageType::System;
            let net = Net { messages: -i64::from(was_unread), mentions: -i64::from(former_mentions.count_for(me)) };
            Effect::Counts(*seq, net)
        }
        EventBody::FloorRaised { floor_seq } => Effect::Floor(*floor_seq),
        EventBody::MessageUpdated { .. }
        | EventBody::MessageAppended { .. }
        | EventBody::MessageDeleted { .. }
        | EventBody::ReactionAdded { .. }
        | EventBody::ReactionRemoved { .. }
        | EventBody::MessagePinned { .. }
        | EventBody::MessageUnpinned { .. }
        | EventBody::Void {} => Effect::Nothing,
        _ => Effect::Unknown,
    }
}

/// Gives what an event of a channel does to the counts of one of its threads.
pub(super) fn thread_effect(me: UserId, root: Seq, body: &EventBody) -> Effect {
    let stands_below = match body {
        EventBody::MessageCreated { message, .. } => message.parent_seq,
        EventBody::MessageUpdated { parent_seq, .. } | EventBody::MessageAppended { parent_seq, .. } => *parent_seq,
        EventBody::MessageDeleted { thread, .. } => thread.map(|thread| thread.root_seq),
        body => return effect(me, body),
    };
    if stands_below != Some(root) {
        return Effect::Nothing;
    }
    match body {
        EventBody::MessageCreated { message, .. } => {
            let is_news =
                message.sender_id != me && message.deleted_at.is_none() && message.message_type != MessageType::System;
            let net = Net { messages: i64::from(is_news), mentions: i64::from(message.is_mention_of(me)) };
            Effect::Counts(message.seq, net)
        }
        EventBody::MessageDeleted { seq, sender_id, message_type, former_mentions, .. } if *sender_id != me => {
            let was_unread = *message_type != MessageType::System;
            let net = Net { messages: -i64::from(was_unread), mentions: -i64::from(former_mentions.count_for(me)) };
            Effect::Counts(*seq, net)
        }
        body => effect(me, body),
    }
}

fn capped(count: u32, net: i64) -> u32 {
    let sum = i64::from(count).saturating_add(net).clamp(0, i64::from(UNREAD_COUNT_MAX));
    u32::try_from(sum).unwrap_or(UNREAD_COUNT_MAX)
}

#[cfg(test)]
impl ChannelCounts {
    /// Tells whether everything up to a rev was seen or is in the marker.
    pub(super) fn has_seen(&self, rev: Rev) -> bool {
        self.run.is_some_and(|(_, last)| last >= rev) || self.base.is_some_and(|base| base.as_of >= rev)
    }
}
