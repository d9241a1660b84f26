//! What a device missed of the channels it follows: many channels in a few statements, however little changed in each.

use std::collections::BTreeMap;

use syncspace_protocol::messages::Message;
use syncspace_protocol::reactions::MyReactions;
use syncspace_protocol::sync::{Change, Changes};
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId};

use super::channels::reads_of;
use super::{Actor, Service, ServiceError, reactions};
use crate::store::missed::{Range, list_changes, load_ranges};

/// Most messages in one page over all its channels: 8 MB if each is as long as it may be.
const MESSAGES_PER_PAGE: u32 = 500;

/// Pages that are read at the same time, for all connections: a storm waits here, and neither fills the memory nor keeps
/// every connection to the database from others.
pub(super) const PAGES_AT_ONCE: usize = 8;

/// What becomes of a channel that a device is behind in.
#[derive(Debug)]
pub(crate) enum Missed {
    /// What changed, or the first part of it.
    Page(Changes),
    /// The state must be read again; the stream goes on from this rev.
    Reload(Rev),
    /// The person is not in the channel any more.
    Gone,
}

impl Service {
    /// Gives what the actor missed of channels after these revs, by channel; what does not fit into the page is left out.
    ///
    /// Only for channels that the actor is in. That is checked first, together with how far each may be read: what is
    /// committed after somebody was removed is never shown.
    pub(crate) async fn missed(
        &self,
        actor: &Actor,
        behind: &[(ChannelId, Rev)],
    ) -> Result<Vec<(ChannelId, Missed)>, ServiceError> {
        let _turn = self.pages.acquire().await.map_err(ServiceError::fault)?;
        let mut db = &self.store;
        let ids: Vec<_> = behind.iter().map(|&(channel, _)| channel).collect();
        let ranges = load_ranges(&mut db, actor.user_id, &ids).await?;
        let mut missed = Vec::new();
        let mut moved = Vec::new();
        for &(channel, after) in behind {
            match ranges.get(&channel) {
                None => missed.push((channel, Missed::Gone)),
                Some(range) if after < range.floor_rev || after > range.marker.head.last_rev => {
                    missed.push((channel, Missed::Reload(range.marker.head.last_rev)));
                }
                Some(range) => moved.push((channel, after, *range)),
            }
        }
        moved.sort_unstable_by_key(|&(channel, ..)| channel);
        let after: Vec<_> = moved.iter().filter(is_moved).map(|&(channel, after, _)| (channel, after)).collect();
        let found = list_changes(&mut db, &after, MESSAGES_PER_PAGE).await?;
        let parts = cut(moved, found, MESSAGES_PER_PAGE);
        let complete = parts.iter().filter(|part| part.rev == part.range.marker.head.last_rev);
        let markers: Vec<_> = complete.map(|part| (part.channel, part.range.marker)).collect();
        let mut reads = reads_of(&mut db, actor.user_id, &markers).await?;
        let mine = reactions::mine_in(&mut db, actor.user_id, parts.iter().flat_map(|part| &part.items)).await?;
        missed.extend(parts.into_iter().map(|part| {
            let of_channel =
                mine.range((part.channel, Seq::ZERO)..).take_while(|((channel, _), _)| *channel == part.channel);
            let my_reactions = of_channel.map(|(&(_, seq), emoji)| MyReactions { seq, emoji: emoji.clone() }).collect();
            let items = changes_of(part.items, part.range.floor, part.after, part.rev);
            let page = Changes {
                stream: StreamId::Channel(part.channel),
                epoch: self.epoch().clone(),
                items,
                after: part.after,
                rev: part.rev,
                head_rev: part.range.marker.head.last_rev,
                read: reads.remove(&part.channel),
                my_reactions,
            };
            (part.channel, Missed::Page(page))
        }));
        Ok(missed)
    }
}

/// Makes changes of messages, with the floor at its place among them where it was raised between two revs.
fn changes_of(messages: Vec<Message>, (floor_seq, raised): (Seq, Rev), after: Rev, rev: Rev) -> Vec<Change> {
    let place = messages.partition_point(|message| message.rev < raised);
    let mut items: Vec<_> = messages.into_iter().map(|message| Change::Message { message }).collect();
    if after < raised && raised <= rev {
        items.insert(place, Change::Floor { floor_seq, rev: raised });
    }
    items
}

fn is_moved((_, after, range): &&(ChannelId, Rev, Range)) -> bool {
    range.marker.head.last_rev > *after
}

/// One channel's part of a page.
#[derive(Debug)]
struct Part {
    channel: ChannelId,
    after: Rev,
    range: Range,
    items: Vec<Message>,
    /// The part holds everything up to this rev.
    rev: Rev,
}

/// Cuts rows, which are ordered by channel and rev, into the parts of their channels, up to where the page was full.
///
/// What changed after the channel's head was read comes with the next page, or live.
fn cut(moved: Vec<(ChannelId, Rev, Range)>, found: Vec<Message>, limit: u32) -> Vec<Part> {
    let is_full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    // Where the page is full, the last rev in it may have more rows, and later channels were not reached.
    let end = found.last().filter(|_| is_full).map(|last| (last.channel_id, last.rev));
    let mut items: BTreeMap<ChannelId, Vec<Message>> = BTreeMap::new();
    for message in found {
        items.entry(message.channel_id).or_default().push(message);
    }
    let parts = moved.into_iter().filter_map(|(channel, after, range)| {
        let head = range.marker.head.last_rev;
        let rev = match end {
            Some((last, _)) if channel > last && head > after => return None,
            Some((last, rev)) if channel == last => rev.before().min(head),
            _ => head,
        };
        let mut items = items.remove(&channel).unwrap_or_default();
        items.retain(|message| message.rev <= rev);
        Some(Part { channel, after, range, items, rev })
    });
    parts.collect()
}
