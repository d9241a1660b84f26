//! Mentions by keywords, as a follower of the log: whom a new or changed text calls, and whom no longer.
//!
//! A send knows nothing of it. Each distinct word of a batch is looked up among the words of all keywords, by an index; so
//! what matches nobody's costs one look-up and the move of a mark, however many people are in the channel. Rows of kind
//! `keyword` are written here alone, together with the mark, in the streams of those who are called: everybody's count
//! changes by a marker in the own stream, and by nothing that the channel says.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::keywords::Prose;
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::search::matching::Needle;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, MemberId, Rev, Seq, StreamId, TeamId, UserId};

use super::behind::{Follower, Part};
use super::channels::read_of;
use super::team_changes::Refused;
use super::threads::find_membership;
use super::{Service, ServiceError};
use crate::log::{LogTx, Operation};
use crate::permissions;
use crate::store::channel_members::{self, MarkerRow};
use crate::store::keywords::{self, Listener};
use crate::store::marks::{self, Behind, Mark};
use crate::store::mentions::{self, KeywordMention};
use crate::store::{StoreError, messages, threads};

/// Most people who are told in one transaction: each has a head to be locked.
const PEOPLE_PER_COMMIT: usize = 100;

/// A message whose text is to be looked at.
struct Judged<'a> {
    message: &'a Message,
    prose: Prose,
}

/// What changes for one person in one channel.
#[derive(Debug, Clone, Default)]
struct Net {
    /// Each message that calls the person now, with its sender and the root of its thread.
    added: Vec<(Seq, UserId, Option<Seq>)>,
    /// Each message that did, with the root of its thread.
    removed: Vec<(Seq, Option<Seq>)>,
}

/// Everybody for whom something changes in a channel.
struct Nets {
    people: BTreeMap<UserId, Net>,
    /// The rev before those of all messages that are meant.
    before: Rev,
}

impl Service {
    /// Looks for keywords in some changes of channels; gives those that have more.
    pub(super) async fn find_keywords(&self, behind: Vec<Behind>) -> Result<Vec<ChannelId>, ServiceError> {
        let channels: Vec<_> = behind.iter().map(|behind| behind.channel).collect();
        if !keywords::are_used(&mut &self.store, &channels).await? {
            let all = |behind: &Behind| Mark { rev: behind.last_rev, seq: behind.last_seq, level_rev: behind.last_rev };
            let done: Vec<_> = behind.iter().map(|behind| (*behind, all(behind))).collect();
            return self.pass_over(&done).await;
        }
        let parts = self.read_parts(behind).await?;
        let mut judged = Vec::with_capacity(parts.len());
        for part in &parts {
            judged.push(self.judge(part).await?);
        }
        let lookups: BTreeSet<String> = judged.iter().flatten().flat_map(|judged| judged.prose.lookups()).collect();
        let lookups: Vec<_> = lookups.iter().map(String::as_str).collect();
        let listeners = keywords::find_listeners(&mut &self.store, &channels, &lookups).await?;
        let mut quiet = Vec::new();
        let mut unfinished: Vec<_> =
            parts.iter().filter(|part| !part.is_all()).map(|part| part.behind.channel).collect();
        for (part, judged) in parts.iter().zip(&judged) {
            let nets = self.compare(part, judged, &listeners).await?;
            if nets.people.is_empty() {
                quiet.push((part.behind, part.done));
            } else if !self.tell(part, nets).await? {
                unfinished.push(part.behind.channel);
            }
        }
        unfinished.extend(self.pass_over(&quiet).await?);
        Ok(unfinished)
    }

    /// Moves marks over changes that call nobody; gives the channels that another instance was in.
    async fn pass_over(&self, done: &[(Behind, Mark)]) -> Result<Vec<ChannelId>, ServiceError> {
        if done.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.store.begin().await?;
        for (behind, mark) in done {
            if !marks::advance(&mut tx, Follower::Keywords.mark(), behind, *mark).await? {
                tx.rollback().await;
                return Ok(done.iter().map(|(behind, _)| behind.channel).collect());
            }
        }
        tx.commit().await?;
        Ok(Vec::new())
    }

    /// Gives the messages of a part that are new, were deleted, or have another text: a reaction to an old message calls
    /// nobody who has taken a keyword since.
    async fn judge<'a>(&self, part: &'a Part) -> Result<Vec<Judged<'a>>, StoreError> {
        let from = part.behind.from();
        let is_new = |message: &Message| message.seq > from.seq || message.deleted_at.is_some();
        let old: Vec<_> = part.changed.iter().filter(|message| !is_new(message)).map(|message| message.seq).collect();
        let rewritten = messages::list_rewritten(&mut &self.store, part.behind.channel, &old, from.level_rev).await?;
        let judged = part.changed.iter().filter(|message| is_new(message) || rewritten.contains(&message.seq));
        Ok(judged.map(|message| Judged { message, prose: prose_of(message) }).collect())
    }

    /// Compares whom the texts call with whom their rows say they do.
    async fn compare(&self, part: &Part, judged: &[Judged<'_>], listeners: &[Listener]) -> Result<Nets, StoreError> {
        let channel = part.behind.channel;
        let here = listeners.iter().filter(|listener| listener.channel == channel);
        let here: Vec<_> =
            here.filter_map(|listener| Some((listener.user, &listener.lookup, listener.keyword.needle()?.0))).collect();
        let wanted: BTreeSet<KeywordMention> = judged.iter().flat_map(|judged| judged.mentions(&here)).collect();
        // What was sent and never changed has no rows yet: where it calls nobody, nothing is asked.
        let seqs: Vec<_> = judged.iter().map(|judged| judged.message.seq).collect();
        let is_known_to_be_empty = wanted.is_empty() && judged.iter().all(Judged::is_as_sent);
        let held = if is_known_to_be_empty {
            BTreeSet::new()
        } else {
            mentions::list_by_keyword(&mut &self.store, channel, &seqs).await?
        };
        let by_seq: BTreeMap<Seq, &Message> =
            judged.iter().map(|judged| (judged.message.seq, judged.message)).collect();
        let mut nets: BTreeMap<UserId, Net> = BTreeMap::new();
        let first = wanted.symmetric_difference(&held).filter_map(|mention| Some(by_seq.get(&mention.seq)?.rev)).min();
        let before = Rev::try_from(first.map_or(0, |rev| rev.get().saturating_sub(1))).unwrap_or(Rev::ZERO);
        for KeywordMention { seq, user } in wanted.difference(&held) {
            if let Some(message) = by_seq.get(seq) {
                nets.entry(*user).or_default().added.push((*seq, message.sender_id, message.parent_seq));
            }
        }
        for KeywordMention { seq, user } in held.difference(&wanted) {
            let root = by_seq.get(seq).and_then(|message| message.parent_seq);
            nets.entry(*user).or_default().removed.push((*seq, root));
        }
        Ok(Nets { people: nets, before })
    }

    /// Writes what changes for people, some at a time, and the mark with the last of them; false where another instance was
    /// faster.
    async fn tell(&self, part: &Part, nets: Nets) -> Result<bool, ServiceError> {
        let users: Vec<_> = nets.people.keys().copied().collect();
        let seats = channel_members::list_seats(&mut &self.store, part.behind.channel, &users).await?;
        let people = nets.people.into_iter().filter_map(|(user, net)| Some((user, *seats.get(&user)?, net)));
        let people: Vec<_> = people.collect();
        let mut behind = part.behind;
        let mut left = people.as_slice();
        loop {
            let (now, later) = left.split_at(left.len().min(PEOPLE_PER_COMMIT));
            // Up to the last ones the mark only says that it was held: whoever begins anew finds the rows written so far.
            let to = if later.is_empty() { part.done } else { behind.from() };
            let tell = TellCalled { behind, to, people: now.to_vec(), before: nets.before };
            if !self.log.commit(tell).await? {
                return Ok(false);
            }
            self.news(Follower::Search).note(std::iter::once(behind.channel));
            if later.is_empty() {
                return Ok(true);
            }
            (behind.mark, left) = (Some(to), later);
        }
    }
}

impl Judged<'_> {
    fn is_as_sent(&self) -> bool {
        !self.message.is_edited
            && self.message.deleted_at.is_none()
            && self.message.updated_at == self.message.created_at
    }

    /// Gives those whom the text calls: others than its author, and than those whom it names.
    fn mentions(&self, here: &[(UserId, &String, Needle)]) -> BTreeSet<KeywordMention> {
        let lookups = if here.is_empty() { BTreeSet::new() } else { self.prose.lookups() };
        let message = self.message;
        let is_other = |user: UserId| user != message.sender_id && !message.mentions.count_for(user);
        let called = here
            .iter()
            .filter(|(user, lookup, needle)| is_other(*user) && lookups.contains(*lookup) && self.prose.has(needle));
        called.map(|&(user, ..)| KeywordMention { seq: message.seq, user }).collect()
    }
}

/// Gives what of a message may call somebody: nothing of code, of what the server wrote, and of what is deleted.
fn prose_of(message: &Message) -> Prose {
    match message.message_type {
        MessageType::Code | MessageType::System => Prose::default(),
        _ if message.deleted_at.is_some() => Prose::default(),
        MessageType::Text | MessageType::File | MessageType::Unknown => Prose::find(&message.content),
    }
}

/// Tells people whom messages of a channel call by their keywords, or no longer.
struct TellCalled {
    behind: Behind,
    to: Mark,
    people: Vec<(UserId, MemberId, Net)>,
    /// From here on the search index is made anew: it knows whom messages mention.
    before: Rev,
}

impl Operation for TellCalled {
    type Output = bool;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        self.people.iter().map(|(_, member, _)| StreamId::Member(*member)).collect()
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<bool, Refused> {
        if !marks::advance(tx.db, Follower::Keywords.mark(), &self.behind, self.to).await? {
            return Ok(false);
        }
        let (channel, team) = (self.behind.channel, self.behind.team);
        marks::step_back(tx.db, Follower::Search.mark(), channel, self.before).await?;
        let users: Vec<_> = self.people.iter().map(|(user, ..)| *user).collect();
        let present = channel_members::list_markers(tx.db, channel, &users).await?;
        self.write(tx, (channel, team), &present).await?;
        for (user, member, net) in &self.people {
            // Whoever left meanwhile is told nothing, and finds its marker when it comes back.
            if let Some(row) = present.get(user) {
                tell(tx, channel, (*user, *member), (*row, net)).await?;
            }
        }
        Ok(true)
    }
}

impl TellCalled {
    async fn write(
        &self,
        tx: &mut LogTx<'_>,
        place: (ChannelId, TeamId),
        present: &BTreeMap<UserId, MarkerRow>,
    ) -> Result<(), StoreError> {
        let all = || self.people.iter();
        let removed =
            all().flat_map(|(user, _, net)| net.removed.iter().map(|&(seq, _)| KeywordMention { seq, user: *user }));
        mentions::remove_by_keyword(tx.db, place.0, &removed.collect::<Vec<_>>()).await?;
        let added = all().filter(|(user, ..)| present.contains_key(user)).flat_map(|(user, _, net)| {
            net.added.iter().map(|&(seq, sender, _)| (KeywordMention { seq, user: *user }, sender))
        });
        mentions::insert_by_keyword(tx.db, place, &added.collect::<Vec<_>>()).await
    }
}

/// Gives a person the new counts of the channel, and of the threads among its followed ones in which something changed.
async fn tell(
    tx: &mut LogTx<'_>,
    channel_id: ChannelId,
    (user, member): (UserId, MemberId),
    (mut row, net): (MarkerRow, &Net),
) -> Result<(), Refused> {
    let permit = permissions::called();
    let stream = StreamId::Member(member);
    let taken = tx.next_rev(stream, &permit)?;
    channel_members::touch_mine(tx.db, channel_id, user, taken.rev).await?;
    row.membership.my_rev = taken.rev;
    let read = read_of(tx.db, channel_id, user, &row).await?;
    let added = net.added.iter().map(|&(seq, ..)| seq).collect();
    let removed = net.removed.iter().map(|&(seq, _)| seq).collect();
    tx.announce(taken, EventBody::MyKeywordMentions { channel_id, added, removed, read })?;
    let roots = net.added.iter().filter_map(|&(.., root)| root).chain(net.removed.iter().filter_map(|&(_, root)| root));
    for root in roots.collect::<BTreeSet<Seq>>() {
        let thread = (channel_id, root);
        if threads::find(tx.db, user, thread).await?.is_some_and(|row| row.is_following) {
            let taken = tx.next_rev(stream, &permit)?;
            threads::touch(tx.db, user, thread, taken.rev).await?;
            if let Some(thread) = find_membership(tx.db, user, thread).await? {
                tx.announce(taken, EventBody::MyThread { thread })?;
            }
        }
    }
    Ok(())
}
