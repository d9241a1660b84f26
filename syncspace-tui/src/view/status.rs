//! The bottom line: the connection, what happened, and the most useful keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::style;
use crate::app::State;
use crate::app::message::LocalServer;
use crate::app::state::{Focus, Link, Outage};
use crate::app::text;

/// Narrower than this, the name of the person steps aside.
const NAME_COLUMNS: usize = 60;

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let columns = usize::from(area.width);
    let (glyph, word, link_style) = match &state.link {
        Link::Online => ("●", "online", style::GOOD),
        Link::Connecting => ("◌", "connecting", style::WARN),
        Link::Lost(lost) if lost.next_try.is_none() => ("◌", "connecting", style::WARN),
        Link::Lost(_) | Link::Offline => ("○", "offline", style::BAD),
    };
    // The name says as whom one writes: several accounts may share a machine.
    let shows_me = columns >= NAME_COLUMNS && matches!(state.link, Link::Online);
    let me = state.world.my_id().filter(|_| shows_me).map(|id| format!("  {}", state.world.name(id)));
    let link = format!("{glyph} {word}{}", me.unwrap_or_default());
    let (words, words_style) = match (&state.notice, &state.link) {
        (Some(notice), _) => (text::line(&notice.text), if notice.is_error { style::BAD } else { style::PLAIN }),
        (None, Link::Lost(outage)) => {
            (outage_words(state, outage, columns.saturating_sub(link.width() + 2)), style::DIM)
        }
        (None, _) => (String::new(), style::PLAIN),
    };
    let keys = keys(state);
    let room = columns.saturating_sub(link.width() + 2);
    // A message matters more than the hint: the keys step aside.
    let keys = if words.width() + keys.width() + 2 > room { String::new() } else { keys };
    let words = text::cut(&words, room.saturating_sub(keys.width()));
    let padding = " ".repeat(room.saturating_sub(words.width() + keys.width()));
    let line = Line::from(vec![
        Span::styled(link, link_style),
        Span::raw("  "),
        Span::styled(words, words_style),
        Span::raw(padding),
        Span::styled(keys, style::DIM),
    ]);
    frame.render_widget(line, area);
}

/// Gives when the connection is tried again, and why it is not there where that fits.
fn outage_words(state: &State, outage: &Outage, room: usize) -> String {
    let when = state.seconds_to_try().map(|seconds| format!("next try in {seconds} s"));
    let why = match state.local_server {
        LocalServer::Back => &outage.reason,
        LocalServer::Starting => "the local server stopped; starting it again",
        LocalServer::GivenUp => return "the local server keeps stopping; see local-server.log".to_owned(),
    };
    let both = when.iter().map(String::as_str).chain([why]).collect::<Vec<_>>().join(" · ");
    if both.width() <= room { both } else { when.unwrap_or_default() }
}

fn keys(state: &State) -> String {
    let keys = match state.chat.focus {
        Focus::Composer | Focus::ThreadComposer if state.columns < 60 => "F1 help",
        Focus::Composer | Focus::ThreadComposer => "Ctrl+K go to · Esc messages · F1 help",
        Focus::Messages => "t thread · e edit · i write · ? help",
        Focus::ThreadMessages => "Esc close · e edit · i write · ? help",
        Focus::Sidebar => "Enter open · Esc back · ? help",
    };
    keys.to_owned()
}
