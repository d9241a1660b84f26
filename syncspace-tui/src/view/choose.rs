//! A list above the chat from which one thing is chosen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{popup, style};
use crate::app::State;
use crate::app::picker::{self, Choice, Kind, Picker};
use crate::app::text;

const COLUMNS: u16 = 70;
const ROWS_MAX: u16 = 24;
/// Rows of a list that is typed at, and of one of times.
const TYPED_ROWS: usize = 16;
const TIME_ROWS: usize = 9;
/// Columns of the keys.
const KEY_COLUMNS: usize = 4;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, picker: &Picker) {
    let choices = picker::choices(state, picker);
    let head_rows = usize::from(picker.is_typed());
    // A list that is typed at keeps its height: nothing moves while it is.
    let rows = match picker.kind {
        Kind::Emoji(_) | Kind::Forward(_) => TYPED_ROWS,
        Kind::Remind(_) | Kind::Schedule(_) | Kind::Reschedule(_) => TIME_ROWS,
        Kind::Menu | Kind::OpenLink(_) | Kind::CopyLink(_) | Kind::CopyCode(_) => choices.len() + 2,
    };
    let rows = u16::try_from(rows).unwrap_or(ROWS_MAX).clamp(3, ROWS_MAX);
    let inside = popup(frame, area, picker.title(), COLUMNS, rows);
    if inside.is_empty() {
        return;
    }
    let columns = usize::from(inside.width);
    let (shown, cursor) = picker.input.window(columns.saturating_sub(2), None);
    let mut lines = Vec::new();
    if picker.is_typed() {
        lines.push(Line::from(vec![Span::styled("> ", style::ACCENT), Span::raw(shown)]));
        let x = inside.x.saturating_add(u16::try_from(cursor + 2).unwrap_or(u16::MAX)).min(inside.right() - 1);
        frame.set_cursor_position((x, inside.y));
    }
    let visible = usize::from(inside.height).saturating_sub(head_rows);
    let first = (picker.chosen + 1).saturating_sub(visible);
    for (at, choice) in choices.iter().enumerate().skip(first).take(visible) {
        let line = line(choice, columns);
        lines.push(if at == picker.chosen { line.patch_style(style::CHOSEN) } else { line });
    }
    if choices.is_empty() {
        lines.push(Line::styled(text::cut(&format!(" {}", picker.nothing()), columns), style::DIM));
    }
    frame.render_widget(Paragraph::new(lines), inside);
}

fn line(choice: &Choice, columns: usize) -> Line<'static> {
    let key = format!(" {:KEY_COLUMNS$}", text::cut(&choice.key, KEY_COLUMNS));
    let about = text::cut(&choice.about, columns / 2);
    let label = text::cut(&choice.label, columns.saturating_sub(about.width() + key.width() + 2));
    let used = key.width() + label.width() + about.width() + 1;
    let padding = " ".repeat(columns.saturating_sub(used));
    let (key_style, label_style) = if choice.is_dim { (style::DIM, style::DIM) } else { (style::ACCENT, style::PLAIN) };
    Line::from(vec![
        Span::styled(key, key_style),
        Span::styled(format!("{label}{padding}"), label_style),
        Span::styled(format!("{about} "), style::DIM),
    ])
}
