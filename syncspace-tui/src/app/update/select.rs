//! Selecting text by dragging. Shift and dragging stays the terminal's own: it reports nothing of it.

use ratatui::layout::{Position, Rect};

use super::Effects;
use super::{deeds, messages};
use crate::app::layout;
use crate::app::markdown::source_of;
use crate::app::rows::GUTTER_COLUMNS;
use crate::app::selection::{Selection, Spot, bytes_at};
use crate::app::state::{Focus, State};
use crate::app::timeline::Timeline;

/// Between two rows while the pointer is held beyond the edge, in milliseconds.
const SCROLL_EVERY_MS: i64 = 60;
/// A pointer that does not move is taken to be held that long, in milliseconds.
const HELD_MS: i64 = 20_000;

/// Begins where the pointer was pressed on a message.
pub(super) fn begin(state: &mut State, at: Position) {
    let areas = layout::areas(state);
    let lists = [(areas.main, false), (areas.thread, true)];
    let hit = lists.into_iter().find(|(pane, _)| pane.is_some_and(|pane| pane.messages.contains(at)));
    let Some((Some(pane), in_thread)) = hit else { return };
    if let Some(spot) = spot_at(state, in_thread, pane.messages, at) {
        let pointer = (at.x, at.y);
        let held_until = state.later(HELD_MS);
        let (from, to) = (spot.clone(), spot);
        state.chat.selection = Some(Selection { in_thread, from, to, pointer, held_until, scroll_at: None });
    }
}

/// Follows the pointer.
pub(super) fn drag(state: &mut State, at: Position) {
    let (later, held_until) = (state.later(SCROLL_EVERY_MS), state.later(HELD_MS));
    let Some((in_thread, area)) = area_of(state) else { return };
    let is_beyond = at.y < area.y || at.y >= area.bottom();
    if let Some(selection) = &mut state.chat.selection {
        (selection.pointer, selection.held_until) = ((at.x, at.y), held_until);
        selection.scroll_at = is_beyond.then_some(later);
    }
    follow(state, in_thread, area, at);
}

/// Scrolls on while the pointer is held beyond the edge.
pub(super) fn scroll_on(state: &mut State) {
    let (now, later) = (state.now, state.later(SCROLL_EVERY_MS));
    let Some(selection) = &mut state.chat.selection else { return };
    if selection.scroll_at.is_none_or(|at| at > now) {
        return;
    }
    selection.scroll_at = Some(later).filter(|_| selection.held_until > now);
    let at = Position { x: selection.pointer.0, y: selection.pointer.1 };
    let Some((in_thread, area)) = area_of(state) else { return };
    let before = state.chat.focus;
    state.chat.focus = if in_thread { Focus::ThreadMessages } else { Focus::Messages };
    messages::scroll_rows(state, if at.y < area.y { -1 } else { 1 });
    state.chat.focus = before;
    follow(state, in_thread, area, at);
}

/// Copies what is selected once the button is let go.
pub(super) fn end(state: &mut State, effects: &mut Effects) {
    let Some(selection) = &mut state.chat.selection else { return };
    selection.scroll_at = None;
    let selection = selection.clone();
    let text = if selection.from == selection.to {
        String::new()
    } else {
        list(state, selection.in_thread).map(|list| selection.text(list)).unwrap_or_default()
    };
    if text.is_empty() {
        state.chat.selection = None;
    } else {
        deeds::copy(state, "The selection was", &text, effects);
    }
}

fn area_of(state: &State) -> Option<(bool, Rect)> {
    let in_thread = state.chat.selection.as_ref()?.in_thread;
    let areas = layout::areas(state);
    let pane = if in_thread { areas.thread } else { areas.main };
    pane.map(|pane| (in_thread, pane.messages)).filter(|(_, area)| !area.is_empty())
}

fn follow(state: &mut State, in_thread: bool, area: Rect, at: Position) {
    let inside = Position { x: at.x.max(area.x), y: at.y.clamp(area.y, area.bottom() - 1) };
    let spot = spot_at(state, in_thread, area, inside);
    if let (Some(selection), Some(spot)) = (&mut state.chat.selection, spot) {
        selection.to = spot;
    }
}

fn list(state: &State, in_thread: bool) -> Option<&Timeline> {
    if in_thread {
        state.chat.thread.as_ref().and_then(|thread| thread.timeline.as_ref())
    } else {
        state.open_channel().and_then(|open| open.timeline())
    }
}

/// Gives the place in a text that is under the pointer: of a row without text, the nearest of its message.
fn spot_at(state: &State, in_thread: bool, area: Rect, at: Position) -> Option<Spot> {
    let list = list(state, in_thread)?;
    let height = usize::from(area.height);
    let unsent = state.unsent_rows(area.width, in_thread);
    let rows = state.with_rows(area.width, in_thread, |context| list.visible(context, height, &unsent));
    let blank = height.saturating_sub(rows.len());
    let number = usize::from(at.y.checked_sub(area.y)?).saturating_sub(blank);
    let row = rows.get(number)?;
    let seq = row.seq?;
    let source = source_of(&list.get(seq)?.content);
    let column = usize::from(at.x.saturating_sub(area.x)).saturating_sub(GUTTER_COLUMNS);
    let bytes = bytes_at(row, &source, column).unwrap_or_else(|| {
        let has_text_below = rows[number..].iter().any(|row| row.seq == Some(seq) && !row.shown.is_empty());
        if has_text_below { (0, 0) } else { (source.len(), source.len()) }
    });
    Some(Spot { seq, bytes })
}
