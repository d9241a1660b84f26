//! Tells the disk what changed: what was typed at once, the lists after a while, messages as they come.
//!
//! Called after every event. It compares with what was told before, so that no other part has to think of the disk.

use syncspace_client::UnreadBook;
use syncspace_protocol::channels::{ChannelMembership, MyChannel};
use syncspace_protocol::messages::MessagePage;
use syncspace_protocol::socket::{Event as StreamEvent, EventBody};
use syncspace_protocol::teams::MyTeam;
use syncspace_protocol::{ChannelId, ClientId, Epoch, Rev, StreamId, Time};

use super::Effects;
use super::{habits, pages};
use crate::app::composer::DraftKey;
use crate::app::kept::{Keep, KeptDraft, KeptPage, KeptParcel, KeptTeam, Places, Shared};
use crate::app::message::Effect;
use crate::app::outbox::{Parcel, ParcelState};
use crate::app::state::{Link, State};
use crate::app::told::{Broken, Told, ToldDraft};
use crate::app::update::drafts::SharedDraft;
use crate::app::world::ChannelState;

static NOTHING_SHARED: Shared = Shared { rev: Rev::ZERO, content: String::new() };
/// Lists are told that long after they changed, in milliseconds: a busy hour is not a busy disk.
const WORLD_MS: i64 = 5_000;
/// Until the disk has a channel of the person it is told sooner: without one the next start has nothing to show.
const FIRST_MS: i64 = 200;
/// A disk that refused is told everything again after this, in milliseconds.
const RETRY_MS: i64 = 30_000;

/// Tells everything that the disk does not know yet.
pub(super) fn tell(state: &mut State, effects: &mut Effects) {
    if !state.told.is_on {
        return;
    }
    let now = state.now;
    state.told.broken.take_if(|broken| broken.retry_at <= now);
    if state.told.broken.is_some() {
        return;
    }
    let mut keeps = drops_again(state);
    tell_drafts(state, &mut keeps);
    tell_parcels(state, &mut keeps);
    tell_places(state, &mut keeps);
    habits::tell(state, &mut keeps);
    pages::tell_edits(state, &mut keeps);
    if state.told.world_at.take_if(|at| *at <= now).is_some() {
        tell_world(state, &mut keeps);
    }
    let leaves = effects.iter().any(|effect| matches!(effect, Effect::Quit));
    if leaves {
        tell_world(state, &mut keeps);
    }
    if !keeps.is_empty() {
        state.told.note_dropped(&keeps);
        // Whoever leaves does nothing after that.
        let at = if leaves { 0 } else { effects.len() };
        effects.insert(at, Effect::Keep(keeps));
    }
}

/// Gives what went while the disk failed. What is still there is told anew after it, in the same write.
///
/// Only what this program told: another one may work on the same disk.
fn drops_again(state: &mut State) -> Vec<Keep> {
    let mut again = state.told.take_again();
    let (chat, world) = (&state.chat, &state.world);
    again.retain(|keep| match keep {
        Keep::DropParcel(client_id) => chat.outbox.iter().all(|parcel| parcel.client_id != *client_id),
        Keep::DropTeam(id) => !world.teams.contains_key(id),
        Keep::DropChannel(id) => !world.channels.contains_key(id),
        Keep::DropLog(id) => !world.channels.get(id).is_some_and(ChannelState::is_joined),
        _ => true,
    });
    again
}

fn tell_drafts(state: &mut State, keeps: &mut Vec<Keep>) {
    let chat = &state.chat;
    for (&key, draft) in &chat.drafts {
        tell_draft(&mut state.told, key, (draft.lines(), draft.cursor()), chat.shared.get(&key), keeps);
    }
    // What the server still has of a text that was sent or thrown away here is to be cleared there, also after a restart.
    for (&key, held) in chat.shared.iter().filter(|(key, _)| !chat.drafts.contains_key(key)) {
        tell_draft(&mut state.told, key, (&[], (0, 0)), Some(held), keeps);
    }
    state.told.drafts.retain(|key, told| {
        let is_there = chat.drafts.contains_key(key) || chat.shared.contains_key(key);
        if !is_there && *told != ToldDraft::default() {
            keeps.push(Keep::DropDraft(*key));
        }
        is_there
    });
}

/// Tells a draft where anything of it changed.
fn tell_draft(
    told: &mut Told,
    key: DraftKey,
    (lines, cursor): (&[String], (usize, usize)),
    held: Option<&SharedDraft>,
    keeps: &mut Vec<Keep>,
) {
    let told = told.drafts.entry(key).or_default();
    let shared = held.map_or(&NOTHING_SHARED, |held| &held.shared);
    // An empty text is none, however it came to be.
    let lines = if lines.iter().all(String::is_empty) { &[] } else { lines };
    if told.lines == lines && told.cursor == cursor && told.shared == *shared {
        return;
    }
    (told.lines, told.cursor, told.shared) = (lines.to_vec(), cursor, shared.clone());
    let content = lines.join("\n");
    keeps.push(if content.is_empty() && shared.content.is_empty() {
        Keep::DropDraft(key)
    } else {
        Keep::Draft(KeptDraft { key, content, cursor, shared: shared.clone() })
    });
}

fn tell_parcels(state: &mut State, keeps: &mut Vec<Keep>) {
    let outbox = &state.chat.outbox;
    let is_online = state.link == Link::Online;
    for parcel in outbox.iter() {
        let name = parcel.client_id.to_string();
        let kept = kept_parcel(parcel, is_online || outbox.may_have_arrived(&parcel.client_id));
        if state.told.parcels.get(&name) != Some(&kept) {
            if !kept.may_be_sent {
                state.told.safe.remove(&kept.client_id);
            }
            keeps.push(Keep::Parcel(kept.clone()));
            state.told.parcels.insert(name, kept);
        }
    }
    let safe = &mut state.told.safe;
    state.told.parcels.retain(|_, told| {
        let is_there = outbox.iter().any(|parcel| parcel.client_id == told.client_id);
        if !is_there {
            safe.remove(&told.client_id);
            keeps.push(Keep::DropParcel(told.client_id.clone()));
        }
        is_there
    });
}

fn kept_parcel(parcel: &Parcel, may_be_sent: bool) -> KeptParcel {
    let refused = match &parcel.state {
        ParcelState::Failed(reason) => Some(reason.clone()),
        _ => None,
    };
    KeptParcel {
        client_id: parcel.client_id.clone(),
        channel_id: parcel.channel_id,
        parent_seq: parcel.parent.map(|(seq, _)| seq),
        body: parcel.body(),
        paths: parcel.attachments.iter().map(|attachment| attachment.path.clone()).collect(),
        may_be_sent: may_be_sent && refused.is_none() && parcel.to_upload().is_none(),
        refused,
    }
}

fn tell_places(state: &mut State, keeps: &mut Vec<Keep>) {
    let chat = &state.chat;
    let told = &state.told.places;
    let is_same = told.open == chat.open
        && told.team == chat.team
        && told.previous == chat.previous
        && told.trail == chat.trail
        && told.last_open.len() == chat.last_open.len()
        && told.last_open.iter().all(|(team, channel)| chat.last_open.get(team) == Some(channel));
    if !is_same && chat.open.is_some() {
        let places = Places {
            team: chat.team,
            open: chat.open,
            previous: chat.previous,
            last_open: chat.last_open.iter().map(|(&team, &channel)| (team, channel)).collect(),
            trail: chat.trail.clone(),
        };
        keeps.push(Keep::Places(places.clone()));
        state.told.places = places;
    }
    if state.told.discarded != chat.discarded {
        keeps.push(Keep::Discarded(chat.discarded.clone()));
        state.told.discarded.clone_from(&state.chat.discarded);
    }
}

fn tell_world(state: &mut State, keeps: &mut Vec<Keep>) {
    pages::tell_lists(state, keeps);
    let (world, told) = (&state.world, &mut state.told.world);
    if let Some(me) = world.me.as_ref().filter(|&me| told.me.as_ref() != Some(me)) {
        keeps.push(Keep::Me(Box::new(me.clone())));
        told.me = Some(me.clone());
    }
    if let Some(contact) = state.contact.filter(|_| told.contact != state.contact) {
        keeps.push(Keep::Contact(contact));
        told.contact = state.contact;
    }
    for (&id, team) in world.teams.iter().filter(|(_, team)| team.waiting.is_none()) {
        let mut members: Vec<_> = team.members.iter().map(|(&user, &rev)| (user, rev)).collect();
        members.sort_unstable();
        let kept = KeptTeam { mine: MyTeam { team: team.team.clone(), membership: team.membership }, members };
        if told.teams.get(&id) != Some(&kept) {
            keeps.push(Keep::Team(Box::new(kept.clone())));
            told.teams.insert(id, kept);
        }
    }
    told.teams.retain(|id, _| keep_or(world.teams.contains_key(id), keeps, || Keep::DropTeam(*id)));
    for (&id, channel) in &world.channels {
        let mine = kept_channel(channel, world.book.as_ref());
        let now = (mine.channel.rev, mine.head, mine.membership);
        if told.channels.get(&id) != Some(&now) {
            keeps.push(Keep::Channel(Box::new(mine)));
            told.channels.insert(id, now);
        }
    }
    told.channels.retain(|id, _| keep_or(world.channels.contains_key(id), keeps, || Keep::DropChannel(*id)));
    for (&id, person) in &world.people {
        if told.people.get(&id) != Some(person) {
            keeps.push(Keep::Person(person.clone()));
            told.people.insert(id, person.clone());
        }
    }
}

fn keep_or(is_there: bool, keeps: &mut Vec<Keep>, gone: impl FnOnce() -> Keep) -> bool {
    if !is_there {
        keeps.push(gone());
    }
    is_there
}

/// Gives a channel with its counts as they are now, to count on from after a restart.
fn kept_channel(state: &ChannelState, book: Option<&UnreadBook>) -> MyChannel {
    let read = book.and_then(|book| book.marker_now(state.channel.id));
    let membership =
        state.membership.map(|membership| ChannelMembership { read: read.unwrap_or(membership.read), ..membership });
    MyChannel { channel: state.channel.clone(), head: state.head, membership }
}

/// Notes that the server was heard, and that the lists may have changed by it.
pub(super) fn heard(state: &mut State) {
    if state.link == Link::Online {
        state.contact = Some(state.now);
    }
    if state.told.is_on && state.told.world_at.is_none() {
        let is_first = state.told.world.channels.values().all(|(.., membership)| membership.is_none());
        state.told.world_at = Some(state.later(if is_first { FIRST_MS } else { WORLD_MS }));
    }
}

/// Takes what the disk says of messages on their way.
pub(super) fn kept(state: &mut State, client_ids: Vec<ClientId>, answer: Result<(), String>) {
    match answer {
        Ok(()) => {
            let told = &mut state.told;
            let is_told = |id: &ClientId| told.parcels.get(&id.to_string()).is_some_and(|kept| kept.may_be_sent);
            let safe: Vec<ClientId> = client_ids.into_iter().filter(is_told).collect();
            told.safe.extend(safe);
        }
        Err(reason) => failed(state, &reason),
    }
}

/// Notes that the disk refused: what is typed stays in memory, and everything is told again after a while.
fn failed(state: &mut State, reason: &str) {
    let is_news = state.told.broken.as_ref().is_none_or(|broken| broken.reason != reason);
    let retry_at = state.later(RETRY_MS);
    state.told.forget();
    state.told.broken = Some(Broken { reason: reason.to_owned(), retry_at });
    state.told.world_at = Some(retry_at);
    if is_news {
        state.complain(format!("The cache cannot be written: {reason}. Drafts are in memory only; send or copy them."));
    }
}

/// Keeps a page that the server gave; one that was read anew replaces what was kept.
pub(super) fn page(state: &State, channel_id: ChannelId, page: &MessagePage, is_anew: bool, effects: &mut Effects) {
    if state.told.is_writing() {
        let page = KeptPage { channel_id, messages: page.items.clone(), rev: page.rev, is_anew };
        effects.push(Effect::Keep(vec![Keep::Page(page)]));
    }
}

/// Keeps what happened in a channel; what may not be seen any more, or must be read again, is forgotten.
pub(super) fn event(state: &mut State, event: &StreamEvent, effects: &mut Effects) {
    if !state.told.is_on {
        return;
    }
    let keep = match (event.stream, &event.body) {
        (Some(StreamId::Channel(id)), EventBody::StreamReload {} | EventBody::StreamGone {}) => Keep::DropLog(id),
        (Some(StreamId::Channel(_)), _) if event.rev.is_some() => Keep::Event(Box::new(event.clone())),
        (Some(StreamId::Member(_)), EventBody::MyChannelLeft { channel_id }) => Keep::DropLog(*channel_id),
        (
            Some(StreamId::Team(_)),
            EventBody::ChannelDeleted { channel_id } | EventBody::ChannelHidden { channel_id },
        ) => Keep::DropLog(*channel_id),
        _ => return,
    };
    if state.told.is_writing() {
        state.told.note_dropped(std::slice::from_ref(&keep));
        push(effects, keep);
    } else if keep.is_drop() {
        state.told.drop_later(keep);
    }
}

/// Has something kept, together with what was to be kept right before it.
fn push(effects: &mut Effects, keep: Keep) {
    match effects.last_mut() {
        Some(Effect::Keep(keeps)) => keeps.push(keep),
        _ => effects.push(Effect::Keep(vec![keep])),
    }
}

/// Names the history that everything kept belongs to. What is kept of another one is forgotten.
pub(super) fn epoch(state: &State, epoch: &Epoch, effects: &mut Effects) {
    if state.told.is_writing() && state.epoch.as_ref() != Some(epoch) {
        effects.push(Effect::Keep(vec![Keep::Epoch(epoch.clone())]));
    }
}

/// Gives the time that many milliseconds before another.
pub(super) fn before(now: Time, ms: i64) -> Time {
    Time::from_unix_ms(now.unix_ms().saturating_sub(ms)).unwrap_or(now)
}
