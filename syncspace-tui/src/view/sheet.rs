//! Text above the chat that is only read: what a message said before it was edited, why one was refused.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::{popup, style};
use crate::app::sheet::{SHEET_COLUMNS, Sheet};
use crate::app::text;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sheet: &Sheet, scroll: usize) {
    let columns = Sheet::columns(area.width);
    let line = |(is_head, row)| if is_head { Line::styled(row, style::DIM) } else { Line::raw(row) };
    let lines: Vec<Line<'_>> = sheet.rows(columns).into_iter().map(line).collect();
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(3);
    let inside = popup(frame, area, &sheet.title, SHEET_COLUMNS, rows.min(area.height));
    let visible = usize::from(inside.height).saturating_sub(1);
    let first = scroll.min(lines.len().saturating_sub(visible));
    let more = if first + visible < lines.len() {
        "↓ more · y copies · any other key closes"
    } else {
        "y copies · any other key closes"
    };
    let mut shown: Vec<Line<'_>> = lines.into_iter().skip(first).take(visible).collect();
    shown.push(Line::styled(text::cut(more, columns), style::DIM));
    frame.render_widget(Paragraph::new(shown), inside);
}
