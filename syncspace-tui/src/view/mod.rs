//! The state as a picture. Reads the state, changes nothing, knows no terminal.

mod composer;
mod forms;
mod help;
mod messages;
mod sidebar;
mod status;
mod style;
mod switcher;

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

use crate::app::State;
use crate::app::layout;
use crate::app::state::{Modal, Screen};

/// Draws the whole screen.
pub(crate) fn draw(frame: &mut Frame<'_>, state: &State) {
    let whole = frame.area();
    match &state.screen {
        Screen::Entry { form, .. } => forms::draw_page(frame, whole, &form.form),
        Screen::Waiting(words) => waiting(frame, whole, words),
        Screen::Chat => chat(frame, state),
    }
    match &state.modal {
        None => {}
        Some(Modal::Help { scroll }) => help::draw(frame, whole, state, *scroll),
        Some(Modal::Switcher(switcher)) => switcher::draw(frame, whole, state, switcher),
        Some(Modal::Form(entry)) => forms::draw_dialog(frame, whole, &entry.form),
    }
}

fn chat(frame: &mut Frame<'_>, state: &State) {
    let areas = layout::areas(state);
    if let Some(pane) = areas.main {
        messages::draw(frame, state, pane, false);
        composer::draw(frame, state, pane.composer, false);
    }
    if let Some(pane) = areas.thread {
        messages::draw(frame, state, pane, true);
        composer::draw(frame, state, pane.composer, true);
        if areas.main.is_some() {
            let (x, y) = (pane.title.x.saturating_sub(1), pane.title.y);
            let rows = areas.status.y.saturating_sub(y);
            style::vertical_line(frame, Rect::new(x, y, 1, rows));
        }
    }
    if let Some(area) = areas.sidebar {
        sidebar::draw(frame, state, area, areas.is_overlay);
    }
    status::draw(frame, state, areas.status);
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

/// Draws an empty box in the middle and gives its inside.
fn popup(frame: &mut Frame<'_>, area: Rect, title: &str, columns: u16, rows: u16) -> Rect {
    let area = centred(area, columns, rows);
    frame.render_widget(Clear, area);
    let block = Block::bordered().border_style(style::LINE).title(format!(" {title} ")).title_style(style::STRONG);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}
