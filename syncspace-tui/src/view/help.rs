//! The keys that are valid right here, with a line to look for one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{popup, style};
use crate::app::State;
use crate::app::help::{self, COLUMNS, Help, HelpLine, Layout};
use crate::app::text;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, view: &Help) {
    let layout = Layout::of(state);
    let shown = help::lines(state, view.input.text());
    let height = u16::try_from(layout.visible).unwrap_or(u16::MAX).saturating_add(4);
    let inside = popup(frame, area, help::title(state), COLUMNS, height);
    if inside.is_empty() {
        return;
    }
    let columns = usize::from(inside.width);
    let first = view.scroll.min(help::last_scroll(state, view.input.text()));
    let (typed, cursor) = view.input.window(columns.saturating_sub(3), None);
    let hint = if typed.is_empty() { "type to find" } else { "" };
    let mut lines = vec![Line::from(vec![
        Span::styled("/ ", style::ACCENT),
        Span::raw(typed),
        Span::styled(text::cut(hint, columns.saturating_sub(2)), style::DIM),
    ])];
    let rows: Vec<Line<'_>> = shown.iter().skip(first).flat_map(|line| rows(line, layout)).collect();
    let has_more = rows.len() > layout.visible;
    lines.extend(rows.into_iter().take(layout.visible));
    lines.resize(layout.visible + 1, Line::default());
    let end = match shown.len() {
        0 => " Nothing here is called so. Esc closes",
        _ if has_more => " ↓ more · Esc closes",
        _ => " Esc closes",
    };
    lines.push(Line::styled(text::cut(end, columns), style::DIM));
    frame.render_widget(Paragraph::new(lines), inside);
    let x = inside.x.saturating_add(u16::try_from(cursor + 2).unwrap_or(u16::MAX)).min(inside.right() - 1);
    frame.set_cursor_position((x, inside.y));
}

/// Gives the rows of a line: what does not fit beside its keys goes on below.
fn rows(line: &HelpLine, layout: Layout) -> Vec<Line<'static>> {
    let keys = text::cut(line.keys(layout.is_narrow), layout.keys_columns);
    let row = |(at, words): (usize, String)| {
        let keys = if at == 0 { keys.as_str() } else { "" };
        let padding = " ".repeat(layout.keys_columns.saturating_sub(keys.width()) + 2);
        Line::from(vec![Span::styled(format!(" {keys}{padding}"), style::ACCENT), Span::raw(words)])
    };
    layout.rows(line).into_iter().enumerate().map(row).collect()
}
