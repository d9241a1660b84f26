//! What was kept on disk comes back: the whole picture at the start, then the log of each channel that is opened.

use std::collections::HashMap;

use syncspace_client::UnreadBook;
use syncspace_protocol::{ChannelId, Seq, StreamId, UserId};

use super::Effects;
use super::drafts::SharedDraft;
use super::{gaps, habits, keep, pages, settle};
use crate::app::action::Action;
use crate::app::attachment::Attachment;
use crate::app::composer::{Composer, DraftKey};
use crate::app::kept::{Discarded, KeptDraft, KeptLog, KeptParcel, Shared, Snapshot};
use crate::app::layout;
use crate::app::message::Effect;
use crate::app::outbox::{Outbox, Parcel, ParcelState};
use crate::app::pages::Pages;
use crate::app::state::{Focus, Link, Screen, State};
use crate::app::text;
use crate::app::timeline::{Older, Timeline};
use crate::app::told::ToldDraft;
use crate::app::world::{ChannelState, Log, TeamState};

/// A text that was thrown away can be brought back for a day, in milliseconds.
const DISCARDED_MS: i64 = 24 * 60 * 60 * 1_000;
/// With more changes than this behind it, a log is read anew instead of caught up with.
const CATCH_UP_MAX: u64 = 2_000;

/// Takes what was kept of the account that starts; gives what is to be done because of it.
pub(crate) fn at_start(state: &mut State, user_id: UserId, snapshot: Snapshot) -> Effects {
    let mut effects = Effects::new();
    take(state, user_id, snapshot, &mut effects);
    effects.push(Effect::Connect { epoch: state.epoch.clone() });
    // A follow needs the connection that it is asked of.
    effects.rotate_right(1);
    settle::settle(state, true, &mut effects);
    effects
}

/// Takes what was kept of an account that has just logged in, and connects.
pub(super) fn opened(state: &mut State, user_id: UserId, answer: Result<Box<Snapshot>, String>, effects: &mut Effects) {
    match answer {
        Ok(snapshot) => {
            let mut asked = Effects::new();
            take(state, user_id, *snapshot, &mut asked);
            effects.push(Effect::Connect { epoch: state.epoch.clone() });
            effects.append(&mut asked);
            return;
        }
        Err(reason) => {
            state.complain(format!("The cache cannot be used: {}. Drafts are in memory only.", text::line(&reason)));
        }
    }
    effects.push(Effect::Connect { epoch: state.epoch.clone() });
}

fn take(state: &mut State, user_id: UserId, snapshot: Snapshot, effects: &mut Effects) {
    // What an earlier session left in memory is shown to nobody else.
    if state.chat.owner.is_some_and(|owner| owner != user_id) {
        (state.chat.drafts, state.chat.outbox) = (HashMap::new(), Outbox::default());
        state.chat.discarded.clear();
        state.chat.pages = Pages::default();
    }
    state.told.is_on = true;
    if state.epoch.is_none() {
        // What is on its way is of this history, also where nothing else of the disk is shown.
        state.epoch.clone_from(&snapshot.epoch);
    }
    let Snapshot { drafts, discarded, edits, outbox, note, habits, search, .. } = snapshot.clone();
    habits::take(state, habits, search);
    pages::take_edits(state, edits);
    take_discarded(state, discarded);
    take_drafts(state, drafts);
    take_outbox(state, outbox);
    let is_joined = snapshot.channels.iter().any(|mine| mine.membership.is_some());
    let is_mine = snapshot.me.as_ref().is_some_and(|me| me.id == user_id);
    if is_mine && is_joined && state.link != Link::Online && state.world.teams.is_empty() {
        take_world(state, snapshot, effects);
    }
    if let Some(note) = note {
        state.complain(note);
    }
}

fn take_discarded(state: &mut State, discarded: Vec<Discarded>) {
    let since = keep::before(state.now, DISCARDED_MS);
    state.told.discarded.clone_from(&discarded);
    let later = std::mem::take(&mut state.chat.discarded);
    state.chat.discarded = discarded.into_iter().filter(|text| text.at >= since && !later.contains(text)).collect();
    state.chat.discarded.extend(later);
}

fn take_drafts(state: &mut State, drafts: Vec<KeptDraft>) {
    for kept in drafts {
        let draft = Composer::with_cursor(&kept.content, kept.cursor);
        let (lines, cursor) = (draft.lines().to_vec(), draft.cursor());
        if kept.shared != Shared::default() {
            state.chat.shared.insert(kept.key, SharedDraft::kept(kept.shared.clone()));
        }
        let told = if kept.content.is_empty() { Vec::new() } else { lines };
        state.told.drafts.insert(kept.key, ToldDraft { lines: told, cursor, shared: kept.shared });
        if kept.content.is_empty() {
            continue;
        }
        if kept.key == DraftKey::Arriving {
            // Nobody knows any more where it was to go: it can be brought back anywhere.
            let (key, content, at) = (kept.key, kept.content, state.now);
            state.chat.discarded.push(Discarded { key, content, at });
            let key = state.keys.name(Action::BringBack);
            state.say(format!("{key} brings back what was typed for a channel not opened."));
            continue;
        }
        let typed = state.chat.drafts.entry(kept.key).or_default();
        if typed.is_blank() {
            *typed = draft;
        } else if typed.text() != kept.content {
            let (key, content, at) = (kept.key, kept.content, state.now);
            state.chat.discarded.push(Discarded { key, content, at });
        }
    }
}

fn take_outbox(state: &mut State, outbox: Vec<KeptParcel>) {
    let mut earlier = Vec::new();
    for kept in outbox {
        state.told.parcels.insert(kept.client_id.to_string(), kept.clone());
        if kept.may_be_sent {
            state.told.safe.insert(kept.client_id.clone());
        }
        let uploaded = kept.body.files.iter().copied().map(Some).chain(std::iter::repeat(None));
        let attachments = kept.paths.into_iter().zip(uploaded);
        let attachments =
            attachments.map(|(path, uploaded)| Attachment { uploaded, ..Attachment::new(path) }).collect();
        let parent = kept.parent_seq.zip(kept.body.parent_message_id);
        let parcel = Parcel {
            client_id: kept.client_id,
            channel_id: kept.channel_id,
            parent,
            content: kept.body.content,
            message_type: kept.body.message_type,
            attachments,
            state: kept.refused.map_or(ParcelState::Waiting, ParcelState::Failed),
        };
        earlier.push((parcel, kept.may_be_sent));
    }
    state.chat.outbox.restore(earlier);
}

fn take_world(state: &mut State, snapshot: Snapshot, effects: &mut Effects) {
    let Snapshot { me, epoch, contact, teams, channels, people, places, lists, log, pictures, .. } = snapshot;
    pages::take_lists(state, lists);
    let world = &mut state.world;
    world.book = me.as_ref().map(|me| UnreadBook::new(me.id));
    (state.told.world.me, world.me) = (me.clone(), me);
    (state.told.world.contact, state.contact) = (contact, contact);
    state.epoch = epoch;
    for person in people {
        state.told.world.people.insert(person.id, person.clone());
        world.people.insert(person.id, person);
    }
    for kept in teams {
        let team = TeamState {
            team: kept.mine.team.clone(),
            membership: kept.mine.membership,
            members: kept.members.iter().copied().collect(),
            waiting: None,
            is_kept: true,
        };
        world.teams.insert(kept.mine.team.id, team);
        state.told.world.teams.insert(kept.mine.team.id, kept);
    }
    for mine in channels {
        if !world.teams.contains_key(&mine.channel.team_id) {
            continue;
        }
        let told = (mine.channel.rev, mine.head, mine.membership);
        state.told.world.channels.insert(mine.channel.id, told);
        world.put_channel(mine);
    }
    state.told.places = places.clone();
    state.chat.team = places.team;
    state.chat.last_open = places.last_open.into_iter().collect();
    state.chat.previous = places.previous;
    state.chat.trail = places.trail;
    state.chat.focus = Focus::Composer;
    state.screen = Screen::Chat;
    let open = places.open.filter(|open| world.channels.get(open).is_some_and(ChannelState::is_joined));
    if let Some(channel_id) = open {
        state.chat.open = Some(channel_id);
        state.chat.lately.open(channel_id);
        state.chat.sidebar_cursor = Some(crate::app::sidebar::EntryId::Channel(channel_id));
        for (file, small) in pictures {
            state.pictures.put_kept(file, small);
        }
        if let Some(log) = log {
            show_log(state, log, effects);
            gaps::begin_at_unread(state, effects);
        }
    }
}

/// Takes what is kept of a log; what is not kept is read from the server.
pub(super) fn log_read(
    state: &mut State,
    channel_id: ChannelId,
    before: Option<Seq>,
    log: Option<Box<KeptLog>>,
    effects: &mut Effects,
) {
    let is_online = state.link == Link::Online;
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
    if let Some(before) = before {
        older_read(state, channel_id, before, log);
        return;
    }
    if !matches!(channel.log, Log::Loading(_)) {
        return;
    }
    let behind = |log: &KeptLog| channel.head.last_rev.get().saturating_sub(log.rev.get());
    match log.filter(|log| !is_online || behind(log) <= CATCH_UP_MAX) {
        Some(log) => {
            show_log(state, *log, effects);
            if state.chat.open == Some(channel_id) {
                gaps::begin_at_unread(state, effects);
            }
        }
        None if is_online => effects.push(Effect::LoadMessages { channel_id, before: None }),
        None => channel.log = Log::Unloaded,
    }
}

/// Shows a log from the disk, and follows the channel from there: what was missed comes as changes.
fn show_log(state: &mut State, log: KeptLog, effects: &mut Effects) {
    let KeptLog { channel_id, messages, rev, has_older } = log;
    let read = state.world.read_before(channel_id);
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
    let mut timeline = Timeline::new(messages, Older::End);
    timeline.older = older_than(&timeline, channel);
    timeline.has_kept_older = has_older;
    (timeline.read_before, timeline.rev) = (read, rev);
    let last = timeline.last();
    // Events that waited come again by the follow, after what was missed before them.
    channel.log = Log::Loaded(Box::new(timeline));
    effects.push(Effect::Follow { stream: StreamId::Channel(channel_id), rev });
    if let Some(last) = last {
        state.chat.outbox.arrived_up_to(channel_id, last);
    }
}

fn older_than(timeline: &Timeline, channel: &ChannelState) -> Older {
    let floor = channel.head.floor_seq.next();
    if timeline.first().is_none_or(|first| first <= floor) { Older::End } else { Older::More }
}

fn older_read(state: &mut State, channel_id: ChannelId, before: Seq, log: Option<Box<KeptLog>>) {
    let is_open = state.chat.open == Some(channel_id);
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
    let floor = channel.head.floor_seq.next();
    let Some(timeline) = channel.timeline_mut() else { return };
    timeline.has_kept_older = log.as_ref().is_some_and(|log| log.has_older && timeline.is_fresh(log.rev));
    timeline.older = Older::More;
    let Some(log) = log.filter(|log| is_open && timeline.first() == Some(before) && timeline.is_fresh(log.rev)) else {
        return;
    };
    let older = if log.messages.first().is_none_or(|first| first.seq > floor) { Older::More } else { Older::End };
    let columns = layout::areas(state).main.map_or(0, |pane| pane.messages.width);
    super::messages::with_timeline(state, false, columns, |list, context, _| {
        list.prepend(log.messages, older, context);
    });
}
