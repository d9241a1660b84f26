//! The state as a picture. Reads the state, changes nothing, knows no terminal.

mod banner;
mod choose;
mod completion;
mod composer;
mod forms;
mod help;
mod links;
mod messages;
mod notice;
mod page;
mod pending;
mod picker;
mod sheet;
mod sidebar;
mod status;
mod strip;
mod style;
mod switcher;
mod theme;

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use crate::app::State;
use crate::app::completion as app_completion;
use crate::app::layout;
use crate::app::state::{Modal, Screen};
use crate::app::text;
use links::LinkRun;

/// Draws the whole screen.
pub(crate) fn draw(frame: &mut Frame<'_>, state: &State) {
    let strip = layout::accounts_row(state);
    let top = layout::top_rows(state);
    let whole = frame.area();
    let mut links = Vec::new();
    let whole = Rect { y: whole.y + top, height: whole.height.saturating_sub(top), ..whole };
    match &state.screen {
        Screen::Entry { form, .. } => forms::draw_page(frame, whole, &form.form),
        Screen::Waiting(words) => waiting(frame, whole, words),
        Screen::Chat => links = chat(frame, state),
    }
    match &state.modal {
        None => {}
        Some(Modal::Help(view)) => help::draw(frame, whole, state, view),
        Some(Modal::Switcher(switcher)) => switcher::draw(frame, whole, state, switcher),
        Some(Modal::Picker(picker)) => choose::draw(frame, whole, state, picker),
        Some(Modal::Sheet { sheet, scroll }) => sheet::draw(frame, state, whole, (sheet, *scroll)),
        Some(Modal::Form(entry)) => forms::draw_dialog(frame, whole, &entry.form),
        Some(Modal::Themes(picker)) => picker::draw(frame, whole, picker),
    }
    if let Some(row) = strip {
        strip::draw(frame, state, row.intersection(frame.area()));
    }
    if let Some(row) = layout::banner_row(state) {
        banner::draw(frame, state, row.intersection(frame.area()));
    }
    theme::paint(frame.buffer_mut(), &state.look);
    links::write(frame.buffer_mut(), &links);
}

/// Draws the chat; gives the addresses that stand in it.
fn chat(frame: &mut Frame<'_>, state: &State) -> Vec<LinkRun> {
    let areas = layout::areas(state);
    let mut links = Vec::new();
    if let Some(pane) = areas.main {
        links.extend(messages::draw(frame, state, pane, false));
        composer::draw(frame, state, pane.composer, false);
    }
    if let Some(pane) = areas.thread {
        links.extend(messages::draw(frame, state, pane, true));
        composer::draw(frame, state, pane.composer, true);
        if areas.main.is_some() {
            let (x, y) = (pane.title.x.saturating_sub(1), pane.title.y);
            let rows = areas.status.y.saturating_sub(y);
            style::vertical_line(frame, Rect::new(x, y, 1, rows));
        }
    }
    if let Some(parts) = layout::page_parts(state) {
        page::draw(frame, state, parts);
    }
    if let Some(list) = app_completion::open(state) {
        let composer = areas.focused(state.chat.focus).map(|(pane, _)| completion::above(pane.composer, &list));
        let search = || layout::page_parts(state).map(|parts| completion::below(parts.line, areas.status.y, &list));
        completion::draw(frame, composer.or_else(search).unwrap_or_default(), &list);
    }
    if let Some(area) = areas.sidebar {
        sidebar::draw(frame, state, area, areas.is_overlay);
    }
    let list = areas.focused(state.chat.focus).map(|(pane, _)| pane.messages).or_else(|| layout::page_list(state));
    notice::draw(frame, state, list.unwrap_or_default());
    pending::draw(frame, state, Rect { height: areas.status.y, ..frame.area() });
    status::draw(frame, state, areas.status);
    links
}

fn waiting(frame: &mut Frame<'_>, area: Rect, words: &str) {
    let hint = format!("{words}\n\nCtrl+Q leaves");
    let middle = centred(area, area.width.min(70), 4);
    frame.render_widget(Paragraph::new(hint).alignment(Alignment::Center).wrap(Wrap { trim: true }), middle);
}

/// Gives a rectangle of at most this size in the middle of an area.
fn centred(area: Rect, columns: u16, rows: u16) -> Rect {
    let (columns, rows) = (columns.min(area.width), rows.min(area.height));
    Rect::new(area.x + (area.width - columns) / 2, area.y + (area.height - rows) / 2, columns, rows)
}

/// Clears an area for what lies above the rest. A wide letter that it cuts in two goes: it would hide the border.
fn cover(frame: &mut Frame<'_>, area: Rect) {
    frame.render_widget(Clear, area);
    let area = area.intersection(frame.area());
    let Some(before) = area.x.checked_sub(1) else { return };
    for y in area.y..area.bottom() {
        let cell = &mut frame.buffer_mut()[(before, y)];
        if cell.symbol().width() > 1 {
            cell.set_symbol(" ");
        }
    }
}

/// Draws an empty box in the middle and gives its inside.
fn popup(frame: &mut Frame<'_>, area: Rect, title: &str, columns: u16, rows: u16) -> Rect {
    // What is said at the bottom is for whoever looks at the box, too.
    let area = centred(area, columns, rows.min(area.height.saturating_sub(1).max(1)));
    cover(frame, area);
    let title = text::cut(title, usize::from(area.width.saturating_sub(4)));
    let block = Block::bordered().border_style(style::LINE).title(format!(" {title} ")).title_style(style::STRONG);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}
