//! Threads as one person has them: which ones it follows, how far it has read them, and what is left.
//!
//! Who starts, answers or is named in a thread is written by the send itself, in the channel's stream and without a number of
//! anybody's own: a send locks no stream but its channel's. Everything that a person chooses is an operation of its own stream.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::channels::{MarkRead, MoveMarker, ReadMarker};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::messages::Message;
use syncspace_protocol::page::CursorQuery;
use syncspace_protocol::personal::{MyThread, ThreadMembership};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, MemberId, MessageId, Page, Rev, Seq, StreamId, TeamId, Time, UserId};

use super::paging::{Window, odd_cursor, truncate};
use super::team_changes::Refused;
use super::{Actor, Service, ServiceError, access};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::ChannelAction;
use crate::store::channel_members::Counts;
use crate::store::threads::{self, Entry, ListPlace, ThreadRow};
use crate::store::{Queries, StoreError, heads, messages};

/// What a person chooses about a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadChoice {
    /// To follow it, or no longer.
    Follow(bool),
    /// To keep quiet about it, or no longer.
    Mute(bool),
    /// To have read it up to a place.
    Read(MarkRead),
}

impl Service {
    /// Changes how the actor stands to the thread of a message; a reply names its thread as well as the root.
    pub async fn choose_thread(
        &self,
        actor: &Actor,
        channel: ChannelId,
        seq: Seq,
        choice: ThreadChoice,
    ) -> Result<ThreadMembership, ServiceError> {
        let (team, member) = self.seat_in(actor, channel).await?;
        self.log.commit(ChooseThread { actor: *actor, team, member, channel, seq, choice }).await
    }

    /// Lists the threads that the actor follows in channels of a team that it is in: those with unread replies first, and of
    /// each half the one with the newest reply.
    ///
    /// What is read or answered between two pages changes its place; a thread may then be seen twice or not at all.
    pub async fn threads(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &CursorQuery,
    ) -> Result<Page<MyThread>, ServiceError> {
        let limit = Window::limit(query.limit)?;
        let after = query.cursor.as_deref().map(parse_place).transpose()?;
        self.own_member(actor, team).await?;
        let mut db = &self.store;
        let mut rows = threads::list(&mut db, (actor.user_id, team), after, limit + 1).await?;
        let has_more = truncate(&mut rows, limit);
        let next = rows.last().filter(|_| has_more).map(|(_, place)| place_text(place));
        let rows: Vec<ThreadRow> = rows.into_iter().map(|(row, _)| row).collect();
        let mut roots = load_roots(&mut db, &rows).await?;
        let standing = memberships(&mut db, actor.user_id, &rows).await?;
        let items = standing.into_iter().filter_map(|membership| {
            let root = roots.remove(&(membership.channel_id, membership.root_seq))?;
            Some(MyThread { root, membership })
        });
        Ok(Page { items: items.collect(), next })
    }
}

async fn load_roots(
    db: &mut impl Queries,
    rows: &[ThreadRow],
) -> Result<BTreeMap<threads::ThreadKey, Message>, StoreError> {
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = db.query_many(vec![messages::by_places(rows.iter().map(|row| (row.channel, row.root_seq)))]).await?;
    let roots = found.first().map(|rows| messages::read_all(rows)).transpose()?.unwrap_or_default();
    Ok(roots.into_iter().map(|root| ((root.channel_id, root.seq), root)).collect())
}

/// Writes a place of the list as a cursor.
fn place_text(place: &ListPlace) -> String {
    format!("{}.{}.{}", u8::from(place.is_unread), place.active_at.unix_ms(), place.root_id)
}

fn parse_place(text: &str) -> Result<ListPlace, ServiceError> {
    let mut parts = text.split('.');
    let (Some(half), Some(ms), Some(root), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(odd_cursor());
    };
    let is_unread = match half {
        "0" => false,
        "1" => true,
        _ => return Err(odd_cursor()),
    };
    let active_at = ms.parse().ok().and_then(|ms| Time::from_unix_ms(ms).ok()).ok_or_else(odd_cursor)?;
    let root_id: MessageId = root.parse().map_err(|_| odd_cursor())?;
    Ok(ListPlace { is_unread, active_at, root_id })
}

/// Gives how a person stands to threads, in their order, with what is left to read; a few statements for all of them.
pub(super) async fn memberships(
    db: &mut impl Queries,
    user: UserId,
    rows: &[ThreadRow],
) -> Result<Vec<ThreadMembership>, StoreError> {
    let markers: Vec<_> = rows.iter().map(|row| ((row.channel, row.root_seq), row.last_read_seq)).collect();
    let counts = threads::count(db, user, &markers).await?;
    let nothing = Counts { unread: 0, mentions: 0, as_of_rev: Rev::ZERO };
    let membership = |row: &ThreadRow| {
        let counts = counts.get(&(row.channel, row.root_seq)).copied().unwrap_or(nothing);
        ThreadMembership {
            channel_id: row.channel,
            root_seq: row.root_seq,
            is_following: row.is_following,
            is_muted: row.is_muted,
            read: ReadMarker {
                last_read_seq: row.last_read_seq,
                unread_count: counts.unread,
                mention_count: counts.mentions,
                as_of_rev: counts.as_of_rev,
                rev: row.rev,
            },
        }
    };
    Ok(rows.iter().map(membership).collect())
}

/// Finds how a person stands to one thread.
pub(super) async fn find_membership(
    db: &mut impl Queries,
    user: UserId,
    thread: threads::ThreadKey,
) -> Result<Option<ThreadMembership>, StoreError> {
    let row = threads::find(db, user, thread).await?;
    Ok(memberships(db, user, row.as_slice()).await?.pop())
}

/// A reply that is written, and who began its thread.
pub(super) struct NewReply<'a> {
    pub(super) team: TeamId,
    pub(super) message: &'a Message,
    pub(super) root_sender: UserId,
}

/// Lets those follow who take part by new replies: who wrote one, who began the thread, whom one names.
///
/// The writer has read up to the own reply, whoever is named up to the one before it, and the author of the root up to the
/// root. Who comes in by several is taken by the first.
pub(super) async fn enter(db: &mut impl Queries, replies: &[NewReply<'_>]) -> Result<(), StoreError> {
    let mut known = BTreeSet::new();
    let mut entries = Vec::new();
    for NewReply { team, message, root_sender } in replies {
        let Some(root) = message.parent_seq else { continue };
        let thread = (message.channel_id, root);
        let before = Seq::try_from(message.seq.get().saturating_sub(1)).unwrap_or(Seq::ZERO);
        let named = message.mentions.users.iter().map(|&user| (user, before));
        let taking_part = [(message.sender_id, message.seq), (*root_sender, root)].into_iter().chain(named);
        for (user, last_read_seq) in taking_part {
            if known.insert((user, thread)) {
                entries.push(Entry { user, team: *team, thread, last_read_seq });
            }
        }
    }
    threads::enter(db, &entries).await
}

/// Changes how a person stands to a thread.
struct ChooseThread {
    actor: Actor,
    team: TeamId,
    member: MemberId,
    channel: ChannelId,
    seq: Seq,
    choice: ThreadChoice,
}

impl Operation for ChooseThread {
    type Output = ThreadMembership;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<ThreadMembership, Refused> {
        let (permit, _) = access::on_channel(tx.db, &self.actor, self.channel, ChannelAction::Follow).await?;
        let user = self.actor.user_id;
        let found = messages::find(tx.db, self.channel, self.seq).await?;
        let found = found.ok_or_else(|| Abort::Refused(ServiceError::not_found("message")))?;
        let thread = (self.channel, found.parent_seq.unwrap_or(found.seq));
        let stream = StreamId::Channel(self.channel);
        // The head comes first. Sends hold another lock than this: what names the person after the head was read is either
        // found in the row, or comes after the marker that is written.
        let head = heads::load(tx.db, &[stream]).await?.remove(&stream);
        let newest = head.map_or(Seq::ZERO, |head| head.last_seq);
        let held = threads::find(tx.db, user, thread).await?;
        let Some(mut row) = self.chosen(thread, held, newest).map_err(Abort::Refused)? else {
            return self.standing(tx, held.unwrap_or_else(|| stranger(thread, newest))).await;
        };
        let taken = tx.next_rev(StreamId::Member(self.member), &permit)?;
        row.rev = taken.rev;
        if matches!(self.choice, ThreadChoice::Read(MarkRead { mode: MoveMarker::Set, .. })) {
            row.set_rev = taken.rev;
        }
        threads::put(tx.db, user, self.team, &row).await?;
        let thread = self.standing(tx, row).await?;
        tx.announce(taken, EventBody::MyThread { thread })?;
        Ok(thread)
    }
}

/// How somebody stands to a thread who has nothing to do with it: all of it counts as read.
const fn stranger((channel, root_seq): threads::ThreadKey, newest: Seq) -> ThreadRow {
    ThreadRow {
        channel,
        root_seq,
        is_following: false,
        is_muted: false,
        last_read_seq: newest,
        set_rev: Rev::ZERO,
        rev: Rev::ZERO,
    }
}

impl ChooseThread {
    /// Gives the row as it is to be, or none where the choice changes nothing.
    fn chosen(
        &self,
        thread: threads::ThreadKey,
        held: Option<ThreadRow>,
        newest: Seq,
    ) -> Result<Option<ThreadRow>, ServiceError> {
        let before = held.unwrap_or_else(|| stranger(thread, newest));
        let follows_first = || {
            let sentence = "you do not follow this thread; follow it first";
            ServiceError::refused(ErrorCode::Conflict, sentence)
        };
        let after = match self.choice {
            // Also where there was no row: who says no beforehand is not made to follow by an answer.
            ThreadChoice::Follow(false) if held.is_none() => return Ok(Some(before)),
            ThreadChoice::Follow(is_following) => ThreadRow { is_following, ..before },
            ThreadChoice::Mute(_) | ThreadChoice::Read(_) if !before.is_following => return Err(follows_first()),
            ThreadChoice::Mute(is_muted) => ThreadRow { is_muted, ..before },
            ThreadChoice::Read(mark) => {
                let wanted = mark.seq.min(newest);
                match mark.mode {
                    MoveMarker::Set => return Ok(Some(ThreadRow { last_read_seq: wanted, ..before })),
                    MoveMarker::Advance if mark.known_rev.is_some_and(|known| known < before.set_rev) => before,
                    MoveMarker::Advance => ThreadRow { last_read_seq: before.last_read_seq.max(wanted), ..before },
                }
            }
        };
        Ok((after != before).then_some(after))
    }

    async fn standing(&self, tx: &mut LogTx<'_>, row: ThreadRow) -> Result<ThreadMembership, Refused> {
        let standing = memberships(tx.db, self.actor.user_id, &[row]).await?.pop();
        standing.ok_or_else(|| Abort::Refused(ServiceError::not_found("message")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_list_is_read_as_it_was_written() {
        for text in ["1.1795424400000.42", "0.0.1"] {
            assert_eq!(place_text(&parse_place(text).expect("a place")), text);
        }
        for odd in ["", "7", "1.2", "2.1795424400000.42", "1.x.42", "1.1795424400000.0", "1.1.1.1"] {
            assert!(parse_place(odd).is_err(), "{odd}");
        }
    }
}
