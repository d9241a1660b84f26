//! Wheel and clicks. Everything they do has a key as well.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::Effects;
use super::{chat, messages};
use crate::app::layout;
use crate::app::sidebar;
use crate::app::state::{Focus, Modal, Screen, State};

/// Rows of one step of the wheel.
const WHEEL_ROWS: isize = 3;

pub(super) fn act(state: &mut State, mouse: MouseEvent, effects: &mut Effects) {
    if !matches!(state.screen, Screen::Chat) || state.modal.is_some() {
        if let Some(Modal::Help { scroll }) = &mut state.modal {
            match mouse.kind {
                MouseEventKind::ScrollUp => *scroll = scroll.saturating_sub(1),
                MouseEventKind::ScrollDown => *scroll += 1,
                _ => {}
            }
        }
        return;
    }
    let at = Position { x: mouse.column, y: mouse.row };
    match mouse.kind {
        MouseEventKind::ScrollUp => scroll(state, at, -WHEEL_ROWS),
        MouseEventKind::ScrollDown => scroll(state, at, WHEEL_ROWS),
        MouseEventKind::Down(MouseButton::Left) => click(state, at, effects),
        _ => {}
    }
}

fn scroll(state: &mut State, at: Position, rows: isize) {
    let areas = layout::areas(state);
    let is_over = |area: Option<Rect>| area.is_some_and(|area| area.contains(at));
    let before = state.chat.focus;
    // The wheel belongs to what is under the pointer, without taking the keys there.
    if is_over(areas.thread.map(|pane| pane.messages)) {
        state.chat.focus = Focus::ThreadMessages;
    } else if is_over(areas.main.map(|pane| pane.messages)) {
        state.chat.focus = Focus::Messages;
    }
    messages::scroll_rows(state, rows);
    state.chat.focus = before;
}

fn click(state: &mut State, at: Position, effects: &mut Effects) {
    let areas = layout::areas(state);
    if let Some(area) = areas.sidebar.filter(|area| area.contains(at)) {
        let row = usize::from(at.y - area.y);
        let first = sidebar::first_row(state, usize::from(area.height));
        if let Some(entry) = sidebar::entries(state).get(first + row) {
            chat::open_entry(state, entry.id, effects);
        }
        return;
    }
    for (pane, list, composer) in
        [(areas.main, Focus::Messages, Focus::Composer), (areas.thread, Focus::ThreadMessages, Focus::ThreadComposer)]
    {
        let Some(pane) = pane else { continue };
        if pane.composer.contains(at) {
            messages::focus_on(state, composer);
        } else if pane.messages.contains(at) {
            messages::focus_on(state, list);
            messages::select_row(state, usize::from(at.y - pane.messages.y));
        }
    }
}
