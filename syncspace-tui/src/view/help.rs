//! The keys that are valid right here, from the one table of actions.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{popup, style};
use crate::app::State;
use crate::app::action;
use crate::app::state::{Focus, Screen};
use crate::app::text;

/// Keys of a form: they are the same everywhere and need no table.
const FORM_KEYS: [(&str, &str); 6] = [
    ("Tab, Shift+Tab", "Next field, field before"),
    ("↑, ↓", "Choose, or move"),
    ("Space", "Yes or no"),
    ("Enter", "Go on"),
    ("Esc", "Back; what you typed stays"),
    ("Ctrl+Q", "Leave"),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, scroll: usize) {
    let rows: Vec<(String, &str)> = match state.screen {
        Screen::Chat => action::valid(state).map(|info| (info.keys_label(), info.help)).collect(),
        Screen::Entry { .. } | Screen::Waiting(_) => {
            FORM_KEYS.iter().map(|&(keys, help)| (keys.to_owned(), help)).collect()
        }
    };
    let title = match (&state.screen, state.chat.focus) {
        (Screen::Entry { .. } | Screen::Waiting(_), _) => "Keys in this form",
        (Screen::Chat, Focus::Composer | Focus::ThreadComposer) => "Keys while writing",
        (Screen::Chat, Focus::Messages | Focus::ThreadMessages) => "Keys in the messages",
        (Screen::Chat, Focus::Sidebar) => "Keys in the side bar",
    };
    // What has no key has a name, in the list of everything.
    let rows: Vec<(String, &str)> =
        rows.into_iter().map(|(keys, help)| (if keys.is_empty() { "Ctrl+O".to_owned() } else { keys }, help)).collect();
    let widest = rows.iter().map(|(keys, _)| keys.width()).max().unwrap_or(0);
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(4);
    let inside = popup(frame, area, title, 74, height);
    let visible = usize::from(inside.height).saturating_sub(2);
    let first = scroll.min(rows.len().saturating_sub(visible));
    let columns = usize::from(inside.width);
    let mut lines: Vec<Line<'_>> = rows
        .iter()
        .skip(first)
        .take(visible)
        .map(|(keys, help)| {
            let keys = format!(" {keys:widest$}  ");
            let help = text::cut(help, columns.saturating_sub(keys.width()));
            Line::from(vec![Span::styled(keys, style::ACCENT), Span::raw(help)])
        })
        .collect();
    let more = if first + visible < rows.len() { " ↓ more · any other key closes" } else { " any key closes" };
    lines.push(Line::default());
    lines.push(Line::styled(more, style::DIM));
    frame.render_widget(Paragraph::new(lines), inside);
}
