//! Text above the chat that is only read: what a message said before it was edited, why one was refused.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::{popup, style};
use crate::app::State;
use crate::app::sheet::{SHEET_COLUMNS, Sheet};
use crate::app::text;

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, area: Rect, (sheet, scroll): (&Sheet, usize)) {
    let area = Rect { height: sheet.rows_of_window(state).min(area.bottom()).saturating_sub(area.y), ..area };
    let columns = Sheet::columns(area.width);
    let line = |(is_head, row)| if is_head { Line::styled(row, style::DIM) } else { Line::raw(row) };
    let lines: Vec<Line<'_>> = sheet.rows(columns).into_iter().map(line).collect();
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(3);
    let inside = popup(frame, area, &sheet.title, SHEET_COLUMNS, rows.min(area.height));
    let visible = usize::from(inside.height).saturating_sub(1);
    let first = scroll.min(lines.len().saturating_sub(visible));
    let more = if first + visible < lines.len() { "↓ more · " } else { "" };
    let keys = if sheet.is_aside { "Esc closes · /said shows it again" } else { "y copies · any other key closes" };
    let more = format!("{more}{keys}");
    let mut shown: Vec<Line<'_>> = lines.into_iter().skip(first).take(visible).collect();
    shown.push(Line::styled(text::cut(&more, columns), style::DIM));
    frame.render_widget(Paragraph::new(shown), inside);
}
