//! "Go to": what is typed, and what fits it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{popup, style};
use crate::app::State;
use crate::app::switcher::{self, Switcher};
use crate::app::text;

const COLUMNS: u16 = 64;
const ROWS: u16 = 18;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, switcher: &Switcher) {
    let typed = switcher.input.text();
    let title = if typed.starts_with('>') { "Do" } else { "Go to" };
    let inside = popup(frame, area, title, COLUMNS, ROWS);
    if inside.is_empty() {
        return;
    }
    let (shown, cursor) = switcher.input.window(usize::from(inside.width).saturating_sub(2), None);
    let choices = switcher::choices(state, switcher);
    let mut lines = vec![Line::from(vec![Span::styled("> ", style::ACCENT), Span::raw(shown)])];
    let visible = usize::from(inside.height).saturating_sub(1);
    let first = (switcher.chosen + 1).saturating_sub(visible);
    let columns = usize::from(inside.width);
    for (at, choice) in choices.iter().enumerate().skip(first).take(visible) {
        let about = text::cut(&choice.about, columns / 2);
        let label = text::cut(&choice.label, columns.saturating_sub(about.width() + 3));
        let padding = " ".repeat(columns.saturating_sub(label.width() + about.width() + 2));
        let mut spans = vec![Span::raw(" ")];
        spans.extend(marked(&label, &choice.hits));
        spans.extend([Span::raw(padding), Span::styled(format!("{about} "), style::DIM)]);
        let line = Line::from(spans);
        lines.push(if at == switcher.chosen { line.patch_style(style::CHOSEN) } else { line });
    }
    if choices.is_empty() {
        lines.push(Line::styled(" Nothing of that name.", style::DIM));
    }
    frame.render_widget(Paragraph::new(lines), inside);
    let x = inside.x.saturating_add(u16::try_from(cursor + 2).unwrap_or(u16::MAX)).min(inside.right() - 1);
    frame.set_cursor_position((x, inside.y));
}

/// Sets the letters off that fit what is typed.
fn marked(label: &str, hits: &[u32]) -> Vec<Span<'static>> {
    let mut spans: Vec<(bool, String)> = Vec::new();
    for (place, letter) in label.graphemes(true).enumerate() {
        let is_hit = u32::try_from(place).is_ok_and(|place| hits.binary_search(&place).is_ok());
        match spans.last_mut() {
            Some((was_hit, words)) if *was_hit == is_hit => words.push_str(letter),
            _ => spans.push((is_hit, letter.to_owned())),
        }
    }
    let style = |is_hit| if is_hit { style::STRONG.patch(style::ACCENT) } else { style::PLAIN };
    spans.into_iter().map(|(is_hit, words)| Span::styled(words, style(is_hit))).collect()
}
