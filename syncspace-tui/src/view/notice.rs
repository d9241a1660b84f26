//! What the bottom line says, where it does not fit there: whole, at the end of the list, for as long as it is said. While
//! the keys are in the list it is about what is selected, mostly the newest: then it stands at the other end.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

use super::{status, style};
use crate::app::State;
use crate::app::state::Focus;
use crate::app::text;

/// Draws it at the end of an area.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let Some(notice) = state.notice.as_ref().filter(|_| !area.is_empty()) else { return };
    if status::fits(state, &notice.text) {
        return;
    }
    let words = if notice.is_error { style::BAD } else { style::PLAIN };
    let rows = text::block(&notice.text, usize::from(area.width.saturating_sub(2)));
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(1).min(area.height);
    let is_in_list = matches!(state.chat.focus, Focus::Messages | Focus::ThreadMessages);
    let (y, border) = if is_in_list { (area.y, Borders::BOTTOM) } else { (area.bottom() - height, Borders::TOP) };
    let at = Rect { y, height, ..area };
    frame.render_widget(Clear, at);
    let block = Block::new().borders(border).border_style(style::LINE);
    let inside = block.inner(at);
    frame.render_widget(block, at);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    frame.render_widget(
        Paragraph::new(rows.into_iter().map(|row| Line::styled(row, words)).collect::<Vec<_>>()),
        inside,
    );
}
