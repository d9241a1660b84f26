//! The list of themes. What is chosen is shown behind it at once.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{popup, style};
use crate::app::look::{Theme, ThemePicker};
use crate::app::text;

const COLUMNS: u16 = 58;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, picker: &ThemePicker) {
    let rows = u16::try_from(Theme::ALL.len()).unwrap_or(u16::MAX).saturating_add(3);
    let inside = popup(frame, area, "Theme", COLUMNS, rows);
    let columns = usize::from(inside.width);
    let visible = usize::from(inside.height).saturating_sub(1);
    let first = (picker.chosen + 1).saturating_sub(visible);
    let mut lines: Vec<Line<'_>> = Theme::ALL
        .iter()
        .enumerate()
        .skip(first)
        .take(visible)
        .map(|(at, (_, name, about))| {
            let mark = if at == picker.chosen { "(•)" } else { "( )" };
            let name = text::cut(&format!(" {mark} {name:14}"), columns);
            let about = text::cut(about, columns.saturating_sub(name.width() + 1));
            let padding = " ".repeat(columns.saturating_sub(name.width() + about.width()));
            let line = Line::from(vec![Span::raw(name), Span::styled(about, style::DIM), Span::raw(padding)]);
            if at == picker.chosen { line.patch_style(style::CHOSEN) } else { line }
        })
        .collect();
    lines.push(Line::styled(text::cut(" ↑↓ look · Enter take it · Esc as before", columns), style::DIM));
    frame.render_widget(Paragraph::new(lines), inside);
}
