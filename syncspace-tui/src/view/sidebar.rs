//! The list of teams, channels and direct messages.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use syncspace_client::Unread;
use syncspace_protocol::limits::UNREAD_COUNT_MAX;
use syncspace_protocol::status::PresenceStatus;
use unicode_width::UnicodeWidthStr;

use super::style;
use crate::app::State;
use crate::app::sidebar::{self, Entry, EntryId};
use crate::app::state::Focus;
use crate::app::text;

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, area: Rect, is_overlay: bool) {
    if area.is_empty() {
        return;
    }
    if is_overlay {
        super::cover(frame, area);
    }
    let inside = Rect { width: area.width - 1, ..area };
    let columns = usize::from(inside.width);
    let rows = sidebar::rows(state);
    let first = sidebar::first_row(state, &rows, usize::from(area.height));
    let has_keys = state.chat.focus == Focus::Sidebar;
    let lines: Vec<Line<'_>> = rows
        .into_iter()
        .skip(first)
        .take(usize::from(area.height))
        .filter_map(|id| sidebar::entry(state, id))
        .map(|entry| {
            let line = entry_line(&entry, columns);
            let is_chosen = has_keys && Some(entry.id) == state.chat.sidebar_cursor;
            if is_chosen { line.patch_style(style::CHOSEN) } else { line }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
    style::vertical_line(frame, Rect { x: area.right() - 1, width: 1, ..area });
}

fn entry_line(entry: &Entry, columns: usize) -> Line<'static> {
    let mentions = count("@", entry.unread.mentions);
    let messages = count("", entry.unread.messages);
    let end = if mentions.is_empty() && messages.is_empty() { "" } else { " " };
    let (mark, mark_style) = mark(entry);
    let room = columns.saturating_sub(mark.width() + mentions.width() + messages.width() + end.width());
    let label = text::cut(&entry.label, room);
    let padding = " ".repeat(room.saturating_sub(label.width()));
    let mut label_style =
        if entry.unread != Unread::default() || is_team(entry) { style::STRONG } else { style::PLAIN };
    if entry.is_open && !is_team(entry) {
        label_style = label_style.patch(style::ACCENT).add_modifier(Modifier::BOLD);
    }
    Line::from(vec![
        Span::styled(mark, mark_style),
        Span::styled(label, label_style),
        Span::raw(padding),
        Span::styled(mentions, style::STRONG.patch(style::BAD)),
        Span::styled(messages, style::STRONG.patch(style::WARN)),
        Span::raw(end),
    ])
}

/// Writes a number with a blank before it; nothing where there is nothing.
fn count(sign: &str, number: u32) -> String {
    match number {
        0 => String::new(),
        number if number >= UNREAD_COUNT_MAX => format!(" {sign}{}+", UNREAD_COUNT_MAX - 1),
        number => format!(" {sign}{number}"),
    }
}

fn is_team(entry: &Entry) -> bool {
    matches!(entry.id, EntryId::Team(_))
}

/// Gives what stands before the label. Shape says it, colour repeats it.
fn mark(entry: &Entry) -> (String, ratatui::style::Style) {
    let open = if entry.is_open { "›" } else { " " };
    match (is_team(entry), entry.presence) {
        (true, _) => (if entry.is_open { "▾ ".to_owned() } else { "▸ ".to_owned() }, style::DIM),
        (false, Some(PresenceStatus::Online)) => (format!("{open}● "), style::GOOD),
        (false, Some(PresenceStatus::Away)) => (format!("{open}◐ "), style::GOOD),
        (false, Some(PresenceStatus::Dnd)) => (format!("{open}◇ "), style::BAD),
        (false, Some(PresenceStatus::Invisible)) => (format!("{open}◌ "), style::DIM),
        (false, Some(PresenceStatus::Offline)) => (format!("{open}○ "), style::DIM),
        (false, Some(PresenceStatus::Unknown)) => (format!("{open}· "), style::DIM),
        (false, None) if entry.is_direct => (format!("{open}  "), style::DIM),
        (false, None) => (format!("{open} "), style::ACCENT),
    }
}
