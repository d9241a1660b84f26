//! What a person has not read of the threads it follows, counted like channels: the server's numbers, carried on by events.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::messages::{Message, ThreadState};
use syncspace_protocol::personal::ThreadMembership;
use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::sync::Change;
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId, UserId};

use super::channel::{ChannelCounts, Unread, thread_effect};

/// Names a thread: the channel, and the place of its root.
pub type ThreadKey = (ChannelId, Seq);

/// How a person stands to threads, and what is unread in them.
///
/// It wants every event of a connection, in order, and each [`ThreadMembership`] that the server gives. Threads that a reply
/// may have brought the person into, by its author, its names or whose thread it answers, and those whose numbers are not
/// sure, are [`unsure`](Self::unsure) until the server was asked and [`put`](Self::put) or
/// [`put_stranger`](Self::put_stranger) brings the answer. Nothing is kept of threads that do not concern the person.
/// Whoever comes into a channel reads the person's threads again. A book belongs to one epoch.
#[derive(Debug, Clone)]
pub struct ThreadBook {
    me: UserId,
    pub(super) threads: BTreeMap<ThreadKey, Page>,
    /// Up to which place nothing is kept any more of each channel: whoever answers there calls nobody into a thread.
    floors: BTreeMap<ChannelId, Seq>,
    /// How far each channel was heard.
    heard: BTreeMap<ChannelId, Rev>,
    /// Channels that were left and not come into since: an answer that comes late is of an earlier stay.
    left: BTreeSet<ChannelId>,
}

/// What is known of one thread.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// None until the server said so. Once there, it is never taken back while the person is in the channel.
    standing: Option<ThreadMembership>,
    counts: ChannelCounts,
    /// The channel's rev of the last reply that may have made the person take part.
    concerned_at: Rev,
}

impl ThreadBook {
    /// Makes the book of a person, in which nothing is known yet.
    #[must_use]
    pub const fn new(me: UserId) -> Self {
        Self { me, threads: BTreeMap::new(), floors: BTreeMap::new(), heard: BTreeMap::new(), left: BTreeSet::new() }
    }

    /// Takes what happened; events that change nothing of threads do nothing.
    pub fn take(&mut self, event: &Event) {
        match (event.stream, event.rev) {
            (Some(StreamId::Channel(channel)), Some(rev)) => self.take_of_channel(channel, rev, &event.body),
            (Some(StreamId::Channel(channel)), None) => match &event.body {
                EventBody::StreamGone {} => self.forget(channel),
                EventBody::StreamReload {} => self.doubt(channel),
                _ => {}
            },
            (Some(StreamId::Member(_)), _) => self.take_of_member(&event.body),
            (Some(StreamId::Team(_)) | None, _) => {}
        }
    }

    fn take_of_channel(&mut self, channel: ChannelId, rev: Rev, body: &EventBody) {
        if self.left.contains(&channel) || self.heard.get(&channel).is_some_and(|heard| rev <= *heard) {
            return;
        }
        match body {
            EventBody::StreamGone {} => return self.forget(channel),
            EventBody::StreamReload {} => self.doubt(channel),
            EventBody::Changes { items, after, head_rev, .. } => {
                if let Some(floor) = items.iter().filter_map(floor_of).max() {
                    self.raise_floor(channel, floor);
                }
                let messages: Vec<_> = items.iter().filter_map(message_of).collect();
                messages.iter().for_each(|message| self.open_missed(message));
                let touched: BTreeSet<Seq> = messages.iter().filter_map(|message| message.parent_seq).collect();
                for (root, page) in self.of_channel(channel) {
                    let awaits_page = rev < *head_rev;
                    if touched.contains(&root) || !page.counts.go_on(*after, rev, awaits_page) {
                        page.counts.skip_to(rev, awaits_page);
                    }
                }
            }
            body => {
                if let EventBody::MessageCreated { message, thread: Some(thread) } = body {
                    self.open_live(message, thread);
                }
                if let EventBody::FloorRaised { floor_seq } = body {
                    self.raise_floor(channel, *floor_seq);
                }
                let me = self.me;
                for (root, page) in self.of_channel(channel) {
                    page.counts.take(rev, thread_effect(me, root, body));
                }
            }
        }
        self.heard.insert(channel, rev);
    }

    /// Notes up to which place nothing is kept any more of a channel: threads that begin there are gone, and only they had
    /// replies there.
    fn raise_floor(&mut self, channel: ChannelId, floor: Seq) {
        let held = self.floors.entry(channel).or_insert(Seq::ZERO);
        *held = floor.max(*held);
        let is_gone = |(of, root): &ThreadKey| *of == channel && *root <= floor;
        self.threads.retain(|thread, _| !is_gone(thread));
    }

    /// Asks for a thread in which a reply came that may make the person take part.
    fn open_live(&mut self, reply: &Message, thread: &ThreadState) {
        if self.takes_part_by(reply) || thread.root_sender_id == Some(self.me) {
            self.open((reply.channel_id, thread.root_seq), reply.rev);
        }
    }

    /// The same by a message of a page of what was missed. Who began the thread of a reply is said by its root, which the
    /// reply has stamped: it is in the page too, or in a later one. Whom a reply named that was changed since, nobody says.
    fn open_missed(&mut self, message: &Message) {
        let is_as_sent = message.deleted_at.is_none() && !message.is_edited && message.updated_at == message.created_at;
        match message.parent_seq {
            Some(root) if self.takes_part_by(message) || !is_as_sent => {
                self.open((message.channel_id, root), message.rev);
            }
            None if message.sender_id == self.me && message.last_reply_at.is_some() => {
                self.open((message.channel_id, message.seq), message.rev);
            }
            _ => {}
        }
    }

    fn takes_part_by(&self, reply: &Message) -> bool {
        reply.sender_id == self.me || reply.mentions.users.contains(&self.me)
    }

    fn open(&mut self, thread: ThreadKey, rev: Rev) {
        if self.floors.get(&thread.0).is_some_and(|floor| thread.1 <= *floor) {
            return;
        }
        let page = self.page(thread);
        page.concerned_at = page.concerned_at.max(rev);
    }

    fn take_of_member(&mut self, body: &EventBody) {
        match body {
            EventBody::MyThread { thread } => self.put(*thread),
            EventBody::MyChannelJoined { channel, .. } => {
                self.left.remove(&channel.id);
            }
            EventBody::MyChannelLeft { channel_id } => self.leave(*channel_id),
            EventBody::Changes { items, .. } => {
                for item in items {
                    match item {
                        Change::MyThread { thread } => self.put(*thread),
                        Change::MyChannel { channel, .. } => {
                            self.left.remove(&channel.id);
                        }
                        Change::MyChannelGone { channel_id, .. } => self.leave(*channel_id),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn of_channel(&mut self, channel: ChannelId) -> impl Iterator<Item = (Seq, &mut Page)> {
        self.threads
            .range_mut((channel, Seq::ZERO)..)
            .take_while(move |((of, _), _)| *of == channel)
            .map(|((_, root), page)| (*root, page))
    }

    fn page(&mut self, thread: ThreadKey) -> &mut Page {
        let heard = self.heard.get(&thread.0).copied();
        self.threads.entry(thread).or_insert_with(|| {
            let mut page = Page { standing: None, counts: ChannelCounts::default(), concerned_at: Rev::ZERO };
            // What was heard of the channel before is not in its numbers.
            if let Some(heard) = heard {
                page.counts.skip_to(heard, false);
            }
            page
        })
    }

    /// Takes how the person stands to a thread, from a list, an answer or an event; an older one does nothing.
    pub fn put(&mut self, thread: ThreadMembership) {
        if self.left.contains(&thread.channel_id) {
            return;
        }
        let page = self.page((thread.channel_id, thread.root_seq));
        if page.standing.is_none_or(|held| held.read.rev <= thread.read.rev) {
            page.standing = Some(thread);
        }
        page.counts.put(thread.read);
    }

    /// Notes that the person had nothing to do with a thread at a rev of its channel, the one in the answer.
    ///
    /// It does nothing where a reply came after that which may have changed it, or where the server said otherwise: whoever
    /// takes part once is never a stranger again, so that answer is older.
    pub fn put_stranger(&mut self, channel: ChannelId, root: Seq, as_of: Rev) {
        let is_over = |page: &Page| page.standing.is_none() && page.concerned_at <= as_of;
        if self.threads.get(&(channel, root)).is_some_and(is_over) {
            self.threads.remove(&(channel, root));
        }
    }

    fn leave(&mut self, channel: ChannelId) {
        self.forget(channel);
        self.left.insert(channel);
    }

    fn forget(&mut self, channel: ChannelId) {
        self.threads.retain(|(of, _), _| *of != channel);
        self.heard.remove(&channel);
    }

    fn doubt(&mut self, channel: ChannelId) {
        self.of_channel(channel).for_each(|(_, page)| page.counts.doubt());
    }

    /// Gives how the person stands to a thread as the server last said it; its counts belong to its `as_of_rev`.
    #[must_use]
    pub fn standing(&self, thread: ThreadKey) -> Option<ThreadMembership> {
        self.threads.get(&thread)?.standing
    }

    /// Gives what is unread in a thread that the person follows.
    #[must_use]
    pub fn unread(&self, thread: ThreadKey) -> Option<Unread> {
        let page = self.threads.get(&thread)?;
        page.standing.filter(|standing| standing.is_following)?;
        page.counts.unread()
    }

    /// Gives the threads that the person follows.
    pub fn followed(&self) -> impl Iterator<Item = ThreadKey> {
        let is_followed = |page: &Page| page.standing.is_some_and(|standing| standing.is_following);
        self.threads.iter().filter(move |(_, page)| is_followed(page)).map(|(thread, _)| *thread)
    }

    /// Gives the threads to ask the server about, by [`Client::thread`](crate::Client::thread).
    pub fn unsure(&self) -> impl Iterator<Item = ThreadKey> {
        let is_unsure = |page: &Page| page.standing.is_none() || page.counts.is_unsure();
        self.threads.iter().filter(move |(_, page)| is_unsure(page)).map(|(thread, _)| *thread)
    }
}

const fn floor_of(change: &Change) -> Option<Seq> {
    match change {
        Change::Floor { floor_seq, .. } => Some(*floor_seq),
        _ => None,
    }
}

fn message_of(change: &Change) -> Option<&Message> {
    match change {
        Change::Message { message } => Some(message),
        _ => None,
    }
}
