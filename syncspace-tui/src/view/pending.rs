//! How a begun sequence of keys can go on, above the bottom line.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::style;
use crate::app::State;
use crate::app::keymap::labels;
use crate::app::text;

/// Columns of one continuation, where there is room for several beside each other.
const ENTRY_COLUMNS: usize = 38;

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let Some(pending) = state.keys.pending.as_ref().filter(|pending| pending.is_hinted) else { return };
    let entries = state.keys.map.continuations(state, &pending.keys);
    let per_row = (usize::from(area.width) / ENTRY_COLUMNS).max(1);
    let rows = u16::try_from(entries.len().div_ceil(per_row)).unwrap_or(u16::MAX);
    let height = rows.saturating_add(1).min(area.height);
    let at = Rect { y: area.bottom() - height, height, ..area };
    frame.render_widget(Clear, at);
    let title = format!(" {} … ", labels(&pending.keys));
    let block = Block::new().borders(Borders::TOP).border_style(style::LINE).title(Line::styled(title, style::STRONG));
    let inside = block.inner(at);
    frame.render_widget(block, at);
    let width = (usize::from(inside.width) / per_row).saturating_sub(1);
    let lines: Vec<Line<'_>> = entries
        .chunks(per_row)
        .map(|row| Line::from(row.iter().flat_map(|(keys, help)| entry(keys, help, width)).collect::<Vec<_>>()))
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
}

fn entry(keys: &str, help: &str, columns: usize) -> [Span<'static>; 3] {
    let keys = format!(" {keys}  ");
    let help = text::cut(help, columns.saturating_sub(keys.width()));
    let padding = " ".repeat((columns + 1).saturating_sub(keys.width() + help.width()));
    [Span::styled(keys, style::ACCENT), Span::raw(help), Span::raw(padding)]
}
