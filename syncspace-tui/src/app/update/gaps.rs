//! Gaps in the loaded messages: closed when they come near the view, and the way to a place that is not loaded.

use syncspace_protocol::messages::{MessagePage, Thread};
use syncspace_protocol::socket::Event as StreamEvent;
use syncspace_protocol::{ChannelId, Seq, StreamId};

use super::Effects;
use super::{keep, messages};
use crate::app::kept::KeptLog;
use crate::app::layout;
use crate::app::message::{Answer, Effect};
use crate::app::state::{Link, State, ViewBefore};
use crate::app::text;
use crate::app::timeline::{Gap, Older, Part, Place, Timeline};
use crate::app::world::{ChannelState, Log};

const LOADING: &str = "Loading the first unread message …";

/// Notes up to where the loaded messages of a channel are complete.
pub(super) fn heard(state: &mut State, event: &StreamEvent) {
    if let (Some(StreamId::Channel(channel_id)), Some(rev)) = (event.stream, event.rev)
        && let Some(timeline) = state.world.channels.get_mut(&channel_id).and_then(|channel| channel.timeline_mut())
    {
        timeline.rev = timeline.rev.max(rev);
    }
    if let (Some(StreamId::Channel(channel_id)), Some(rev)) = (event.stream, event.rev)
        && let Some(thread) = state.chat.thread.as_mut().filter(|thread| thread.channel_id == channel_id)
        && let Some(timeline) = &mut thread.timeline
    {
        timeline.rev = timeline.rev.max(rev);
    }
}

/// Loads a gap that has come near the view.
pub(super) fn load(state: &mut State, effects: &mut Effects) {
    let Some(pane) = layout::areas(state).main else { return };
    let Some(open) = state.open_channel() else { return };
    let Some(timeline) = open.timeline() else { return };
    let is_kept = timeline.has_kept_gaps;
    if !is_kept && state.link != Link::Online {
        return;
    }
    let (channel_id, newest, height) = (open.channel.id, open.head.last_seq, usize::from(pane.messages.height));
    let part = state.with_rows(pane.messages.width, false, |context| timeline.wants_part(context, height, newest));
    let Some(part) = part else { return };
    if let Some(timeline) = state.open_channel_mut().and_then(|open| open.timeline_mut()) {
        timeline.gap = Gap::Loading;
    }
    let ask = if is_kept { Effect::LoadKeptPart { channel_id, part } } else { Effect::LoadPart { channel_id, part } };
    effects.push(ask);
}

/// Loads a gap of the open thread that has come near the view.
pub(super) fn load_in_thread(state: &mut State, effects: &mut Effects) {
    let Some(pane) = layout::areas(state).thread.filter(|_| state.link == Link::Online) else { return };
    let Some(thread) = &state.chat.thread else { return };
    let Some(timeline) = &thread.timeline else { return };
    let (channel_id, root, height) = (thread.channel_id, thread.root, usize::from(pane.messages.height));
    // What is newest is always there.
    let part = state.with_rows(pane.messages.width, true, |context| timeline.wants_part(context, height, Seq::ZERO));
    let Some(part) = part else { return };
    if let Some(timeline) = state.chat.thread.as_mut().and_then(|thread| thread.timeline.as_mut()) {
        timeline.gap = Gap::Loading;
    }
    effects.push(Effect::LoadThreadPart { channel_id, root, part });
}

/// Takes replies of a thread that were asked for.
pub(super) fn thread_loaded(
    state: &mut State,
    (channel_id, root): (ChannelId, Seq),
    part: Part,
    answer: Answer<Thread>,
    effects: &mut Effects,
) {
    let columns = layout::areas(state).thread.map_or(0, |pane| pane.messages.width);
    let thread = state.chat.thread.as_mut().filter(|thread| (thread.channel_id, thread.root) == (channel_id, root));
    let Some(timeline) = thread.and_then(|thread| thread.timeline.as_mut()) else { return };
    match answer {
        // Something in it may have changed since it was read: it is read again.
        Ok(read) if !timeline.is_fresh(read.rev) => effects.push(Effect::LoadThreadPart { channel_id, root, part }),
        Ok(read) => {
            state.own.take(channel_id, read.my_reactions.clone());
            messages::with_timeline(state, true, columns, |list, context, _| list.fill(part, read, context));
        }
        Err(failure) => {
            timeline.gap = Gap::Failed;
            state.complain(format!("Replies could not be loaded: {}", text::line(&failure.message)));
        }
    }
}

/// Takes what is kept of a gap; what is not kept is read from the server, now or with the next connection.
pub(super) fn kept(state: &mut State, (channel_id, part): (ChannelId, Part), log: Option<KeptLog>) {
    let is_open = state.chat.open == Some(channel_id);
    let columns = layout::areas(state).main.map_or(0, |pane| pane.messages.width);
    let Some(timeline) = state.world.channels.get_mut(&channel_id).and_then(|channel| channel.timeline_mut()) else {
        return;
    };
    timeline.gap = Gap::Open;
    super::jump::answered(&mut state.chat, channel_id, part);
    let Some(log) = log.filter(|log| timeline.is_fresh(log.rev)) else {
        timeline.has_kept_gaps = false;
        return;
    };
    if is_open {
        messages::with_timeline(state, false, columns, |list, context, _| {
            list.has_kept_gaps = list.merge(log.messages, context) > 0;
        });
    }
}

/// Takes a part of the log that was asked for.
pub(super) fn loaded(
    state: &mut State,
    channel_id: ChannelId,
    part: Part,
    answer: Answer<MessagePage>,
    effects: &mut Effects,
) {
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
    match answer {
        // Something in it may have changed since it was read: it is read again.
        Ok(page) if channel.timeline().is_some_and(|log| !log.is_fresh(page.rev)) => {
            effects.push(Effect::LoadPart { channel_id, part });
        }
        Ok(page) => {
            keep::page(state, channel_id, &page, false, effects);
            state.own.take(channel_id, page.my_reactions.clone());
            take(state, channel_id, page, effects);
            super::jump::answered(&mut state.chat, channel_id, part);
            jump(state);
            restore_view(state, channel_id, effects);
        }
        Err(failure) => {
            state.chat.jump_after.take_if(|(of, _)| *of == channel_id);
            super::jump::failed(&mut state.chat, channel_id, part);
            if let Some(timeline) = channel.timeline_mut() {
                timeline.gap = Gap::Failed;
            }
            state.complain(format!("Messages could not be loaded: {}", text::line(&failure.message)));
        }
    }
}

fn take(state: &mut State, channel_id: ChannelId, page: MessagePage, effects: &mut Effects) {
    let is_open = state.chat.open == Some(channel_id);
    let columns = layout::areas(state).main.map_or(0, |pane| pane.messages.width);
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
    channel.head.last_seq = channel.head.last_seq.max(page.last_seq);
    let floor = channel.head.floor_seq.next();
    match &mut channel.log {
        Log::Loaded(_) if is_open => messages::with_timeline(state, false, columns, |list, context, _| {
            let is_below_all = list.first() > page.items.first().map(|message| message.seq);
            // Nothing new where something is missing: it is not kept any more, and asking again would not end.
            let added = list.merge(page.items, context);
            list.gap = if added > 0 { Gap::Open } else { Gap::Failed };
            if is_below_all {
                list.older = older(list, floor);
            }
        }),
        // Not on the screen: it is loaded when it is.
        Log::Loaded(timeline) => timeline.gap = Gap::Open,
        log => {
            let mut timeline = Timeline::new(page.items, Older::More);
            timeline.older = older(&timeline, floor);
            timeline.rev = page.rev;
            *log = Log::Loaded(Box::new(timeline));
            state.world.follow_from(channel_id, page.rev);
            effects.push(Effect::Follow { stream: StreamId::Channel(channel_id), rev: page.rev });
        }
    }
}

/// Gives how a channel is looked at, to look at it so again once it was read anew.
pub(super) fn view_of(channel: &ChannelState) -> Option<ViewBefore> {
    let timeline = channel.timeline()?;
    let Timeline { place, selected, read_before, .. } = *timeline;
    Some(ViewBefore { channel_id: channel.channel.id, place, selected, read_before, is_asked: false })
}

/// Shows what was shown before a channel was read anew; what is not in its newest part is loaded.
pub(super) fn restore_view(state: &mut State, channel_id: ChannelId, effects: &mut Effects) {
    let Some(view) = state.chat.view_before.take_if(|view| view.channel_id == channel_id) else {
        return;
    };
    let Some(timeline) = state.world.channels.get_mut(&channel_id).and_then(|channel| channel.timeline_mut()) else {
        return;
    };
    timeline.selected = view.selected.filter(|seq| timeline.get(*seq).is_some());
    timeline.read_before = view.read_before.or(timeline.read_before);
    match view.place {
        Place::At { seq, .. } if timeline.get(seq).is_some() => timeline.place = view.place,
        Place::At { seq, .. } if !view.is_asked => {
            timeline.gap = Gap::Loading;
            effects.push(Effect::LoadPart { channel_id, part: Part::Around(seq) });
            state.chat.view_before = Some(ViewBefore { is_asked: true, ..view });
        }
        Place::At { .. } | Place::Bottom => {}
    }
}

fn older(timeline: &Timeline, floor: Seq) -> Older {
    if timeline.first().is_none_or(|first| first <= floor) { Older::End } else { Older::More }
}

/// Goes to the first message that is not read, and loads it where it is not there.
pub(super) fn first_unread(state: &mut State, effects: &mut Effects) {
    let Some(open) = state.open_channel() else { return };
    let Some(timeline) = open.timeline() else { return };
    match state.world.read_before(open.channel.id).or(timeline.read_before) {
        Some(read) => go_after(state, read, effects),
        None => state.say("Nothing is unread here."),
    }
}

/// Shows a channel that is being opened from its first unread message on.
///
/// From the newest one on, everything above would have to be looked for, or would count as read without having been seen.
pub(super) fn begin_at_unread(state: &mut State, effects: &mut Effects) {
    // Whoever goes to a certain message is to see that one.
    if state.chat.sought.is_some() {
        return;
    }
    if let Some(read) = state.chat.open.and_then(|open| state.world.read_before(open)) {
        go_after(state, read, effects);
    }
}

fn go_after(state: &mut State, read: Seq, effects: &mut Effects) {
    let Some(open) = state.open_channel() else { return };
    let channel_id = open.channel.id;
    let Some(timeline) = open.timeline() else { return };
    let is_there = timeline.has_next_of(read);
    let is_gone = read.next() <= open.head.floor_seq;
    state.chat.jump_after = Some((channel_id, read));
    if is_there || is_gone || state.link != Link::Online {
        jump(state);
    } else {
        effects.push(Effect::LoadPart { channel_id, part: Part::Around(read.next()) });
        state.say(LOADING);
    }
}

fn jump(state: &mut State) {
    let Some((channel_id, read)) = state.chat.jump_after.take() else { return };
    if state.chat.open != Some(channel_id) {
        return;
    }
    let Some(pane) = layout::areas(state).main else { return };
    let height = usize::from(pane.messages.height);
    state.notice.take_if(|notice| notice.text == LOADING);
    messages::with_timeline(state, false, pane.messages.width, |list, context, unsent| {
        list.show_after(read, context, height, unsent);
    });
}
