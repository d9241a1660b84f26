//! What counts as read: what has passed the screen in front of the person, up to a place where the person paused.
//!
//! Whoever jumps over messages has not read them: the marker stays before them, and the person is told of them.

use syncspace_protocol::{ChannelId, Seq};

use super::Effects;
use crate::app::layout;
use crate::app::message::Effect;
use crate::app::state::{Link, Seen, State};

/// The person paused where something has stood on the screen that long, in milliseconds.
const READ_MS: i64 = 700;

/// Moves the read marker to the last message that has passed the screen, once the person has paused there.
pub(super) fn settle(state: &mut State, effects: &mut Effects) {
    let shown = shown(state);
    state.chat.shown = shown.or(state.chat.shown);
    state.chat.has_unseen_above = has_unseen_above(state);
    let Some((channel_id, last)) = shown.filter(|_| state.link == Link::Online) else {
        state.chat.seen = None;
        return;
    };
    let asked = state.chat.marked.get(&channel_id).copied().unwrap_or(Seq::ZERO);
    let read = state.world.book.as_ref().and_then(|book| book.read_up_to(channel_id));
    let is_news = |seq: Seq| read.is_some_and(|read| seq > read.max(asked));
    if !is_news(last) {
        state.chat.seen = None;
        return;
    }
    let begun = state.chat.seen.filter(|seen| seen.channel_id == channel_id && seen.seq <= last && is_news(seen.seq));
    let Some(seen) = begun else {
        state.chat.seen = Some(Seen { channel_id, seq: last, read_at: state.later(READ_MS) });
        return;
    };
    if seen.read_at > state.now {
        return;
    }
    // What came meanwhile has its own moment.
    state.chat.seen = (last > seen.seq).then(|| Seen { channel_id, seq: last, read_at: state.later(READ_MS) });
    mark(state, channel_id, seen.seq, effects);
}

/// Gives up to where everything of the open channel has passed the screen in front of the person.
fn shown(state: &State) -> Option<(ChannelId, Seq)> {
    let is_looking = state.is_focused && state.modal.is_none() && !state.chat.is_browsing;
    let (channel_id, first, last) = on_screen(state).filter(|_| is_looking && state.chat.jump_after.is_none())?;
    if state.chat.kept_unread == Some(channel_id) {
        return None;
    }
    let before = shown_before(state)?;
    Some((channel_id, if is_reached(state, before, first)? { before.max(last) } else { before }))
}

/// Gives up to where everything of the open channel was shown before, or was read.
fn shown_before(state: &State) -> Option<Seq> {
    let open = state.open_channel()?;
    let channel_id = open.channel.id;
    let read = state.world.book.as_ref()?.read_up_to(channel_id)?;
    let asked = state.chat.marked.get(&channel_id).copied().unwrap_or(Seq::ZERO);
    let shown = state.chat.shown.filter(|(of, _)| *of == channel_id).map_or(Seq::ZERO, |(_, seq)| seq);
    Some(read.max(open.head.floor_seq).max(asked).max(shown))
}

/// Tells whether nothing unread stands between a place that was shown and one that is.
fn is_reached(state: &State, shown: Seq, first: Seq) -> Option<bool> {
    let timeline = state.open_channel()?.timeline()?;
    Some(timeline.is_all_read(shown.next(), first, state.world.my_id()?))
}

fn has_unseen_above(state: &State) -> bool {
    let first = on_screen(state).map(|(_, first, _)| first);
    let reached = first.zip(shown_before(state)).and_then(|(first, shown)| is_reached(state, shown, first));
    reached == Some(false)
}

/// Gives the open channel, and the first and the last message of it on the screen.
pub(super) fn on_screen(state: &State) -> Option<(ChannelId, Seq, Seq)> {
    let pane = layout::areas(state).main?;
    let open = state.open_channel()?;
    let timeline = open.timeline()?;
    let height = usize::from(pane.messages.height);
    let unsent = state.unsent_rows(pane.messages.width, false);
    let seen = state.with_rows(pane.messages.width, false, |context| timeline.seen(context, height, &unsent))?;
    Some((open.channel.id, seen.0, seen.1))
}

fn mark(state: &mut State, channel_id: ChannelId, seq: Seq, effects: &mut Effects) {
    let Some(newest) = state.world.channels.get(&channel_id).map(|channel| channel.head.last_seq) else { return };
    let Some(book) = &mut state.world.book else { return };
    state.chat.marked.insert(channel_id, seq);
    let mark = if seq >= newest { book.read_all(channel_id, newest) } else { book.advance(channel_id, seq) };
    effects.push(Effect::MarkRead { channel_id, mark });
}

/// Marks everything in the open channel as read, as the person wishes.
pub(super) fn mark_all(state: &mut State, effects: &mut Effects) {
    let Some(open) = state.open_channel_mut() else { return };
    let (channel_id, newest) = (open.channel.id, open.head.last_seq);
    if let Some(timeline) = open.timeline_mut() {
        timeline.read_before = None;
    }
    state.chat.kept_unread.take_if(|kept| *kept == channel_id);
    if state.world.unread(channel_id).messages == 0 {
        state.say("Nothing is unread here.");
        return;
    }
    if state.link != Link::Online {
        state.complain("Not marked: there is no connection.");
        return;
    }
    mark(state, channel_id, newest, effects);
    state.say("All of it is marked as read.");
}
