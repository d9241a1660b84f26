//! Wheel and clicks. Everything they do has a key as well.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::Effects;
use super::{chat, keys, messages, pages, select};
use crate::app::accounts::Ask;
use crate::app::help::Help;
use crate::app::layout;
use crate::app::message::Effect;
use crate::app::others;
use crate::app::sidebar;
use crate::app::state::{Focus, Modal, Screen, State};

/// Rows of one step of the wheel.
const WHEEL_ROWS: isize = 3;

pub(super) fn act(state: &mut State, mouse: MouseEvent, effects: &mut Effects) {
    if click_account(state, mouse, effects) {
        return;
    }
    if !matches!(state.screen, Screen::Chat) || state.modal.is_some() {
        if let Some(Modal::Help(Help { scroll, .. }) | Modal::Sheet { scroll, .. }) = &mut state.modal {
            match mouse.kind {
                MouseEventKind::ScrollUp => *scroll = scroll.saturating_sub(1),
                MouseEventKind::ScrollDown => *scroll += 1,
                _ => {}
            }
        }
        if let (Some(Modal::Form(entry)), _) | (None, Screen::Entry { form: entry, .. }) =
            (&mut state.modal, &mut state.screen)
        {
            match mouse.kind {
                MouseEventKind::ScrollUp => entry.form.wheel(false),
                MouseEventKind::ScrollDown => entry.form.wheel(true),
                _ => {}
            }
        }
        keys::clamp_scroll(state);
        return;
    }
    let at = Position { x: mouse.column, y: mouse.row };
    if let Some(page) = layout::page_list(state).filter(|_| state.chat.focus.is_page()) {
        match mouse.kind {
            MouseEventKind::ScrollUp => return pages::wheel(state, false),
            MouseEventKind::ScrollDown => return pages::wheel(state, true),
            MouseEventKind::Down(MouseButton::Left) if page.contains(at) => {
                return pages::click(state, usize::from(at.y - page.y), effects);
            }
            _ => {}
        }
    }
    match mouse.kind {
        MouseEventKind::ScrollUp => scroll(state, at, -WHEEL_ROWS),
        MouseEventKind::ScrollDown => scroll(state, at, WHEEL_ROWS),
        MouseEventKind::Down(MouseButton::Left) => {
            state.chat.selection = None;
            click(state, at, effects);
            select::begin(state, at);
        }
        MouseEventKind::Drag(MouseButton::Left) => select::drag(state, at),
        MouseEventKind::Up(MouseButton::Left) => select::end(state, effects),
        _ => {}
    }
}

/// Shows the account that is clicked in the strip, also from a form or a wait.
fn click_account(state: &State, mouse: MouseEvent, effects: &mut Effects) -> bool {
    let Some(row) = layout::accounts_row(state) else { return false };
    let is_click = mouse.kind == MouseEventKind::Down(MouseButton::Left);
    if !is_click || mouse.row != row.y || matches!(state.modal, Some(Modal::Themes(_))) {
        return false;
    }
    let clicked = others::strip(&state.others, row.width).into_iter().find(|one| one.columns.contains(&mouse.column));
    effects.extend(clicked.map(|segment| Effect::Account(Ask::Show(segment.no))));
    true
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
        let rows = sidebar::rows(state);
        let first = sidebar::first_row(state, &rows, usize::from(area.height));
        if let Some(&id) = rows.get(first + row) {
            chat::open_entry(state, id, effects);
        }
        return;
    }
    if areas.status.contains(at) && state.notice.is_some() && state.others.has_told {
        effects.push(Effect::Account(Ask::OpenTold));
        return;
    }
    for (pane, list, composer) in
        [(areas.main, Focus::Messages, Focus::Composer), (areas.thread, Focus::ThreadMessages, Focus::ThreadComposer)]
    {
        let Some(pane) = pane else { continue };
        if pane.composer.contains(at) {
            messages::focus_on(state, composer);
        } else if pane.messages.contains(at) {
            messages::select_row(state, list, usize::from(at.y - pane.messages.y));
        }
    }
}
