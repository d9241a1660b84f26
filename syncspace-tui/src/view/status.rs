//! The bottom line: the connection, what happened, and the most useful keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::style;
use crate::app::State;
use crate::app::action::{self, Action};
use crate::app::keymap::labels;
use crate::app::layout;
use crate::app::message::LocalServer;
use crate::app::notify;
use crate::app::pages;
use crate::app::sidebar;
use crate::app::state::{Focus, Link, Outage};
use crate::app::text;

/// Narrower than this, the name of the person steps aside.
const NAME_COLUMNS: usize = 60;
/// Columns of the name of whoever calls.
const CALLER_COLUMNS: usize = 16;

/// Tells whether a notice has room at the bottom.
pub(super) fn fits(state: &State, notice: &str) -> bool {
    let left: usize = left(state).iter().map(Span::width).sum();
    text::line(notice).width() + left + 2 <= usize::from(state.columns)
}

/// Gives what always stands there: the connection, what calls from elsewhere, and what could not be sent.
fn left(state: &State) -> Vec<Span<'static>> {
    let (glyph, word, link_style) = match &state.link {
        Link::Online => ("●", "online", style::GOOD),
        Link::Connecting => ("◌", "connecting", style::WARN),
        Link::Lost(lost) if lost.next_try.is_none() => ("◌", "connecting", style::WARN),
        Link::Lost(_) | Link::Offline => ("○", "offline", style::BAD),
    };
    // The name says as whom one writes: several accounts may share a machine.
    let shows_me = usize::from(state.columns) >= NAME_COLUMNS && matches!(state.link, Link::Online);
    let me = state.world.my_id().filter(|_| shows_me).map(|id| format!("  {}", state.world.name(id)));
    let silence = state.silence().map(|silence| format!(" {silence}")).unwrap_or_default();
    let mut left = vec![Span::styled(format!("{glyph} {word}{silence}{}", me.unwrap_or_default()), link_style)];
    left.extend(elsewhere(state));
    let refused = state.chat.outbox.refused();
    if refused > 0 {
        let key = state.keys.name(Action::Drafts);
        left.push(Span::styled(format!("  {refused} not sent ({key})"), style::BAD));
    }
    left
}

/// Gives what is unread in channels that the side bar does not show, and who calls from where.
fn elsewhere(state: &State) -> Vec<Span<'static>> {
    let (unread, calls, caller) = match layout::areas(state).sidebar {
        None => notify::elsewhere(state, |_| true),
        // To see what it shows is dear, and nearly always nothing calls.
        Some(_) if notify::elsewhere(state, |_| true).1 == 0 => return Vec::new(),
        Some(area) => {
            let shown = sidebar::shown(state, usize::from(area.height));
            let (_, calls, caller) =
                notify::elsewhere(state, |channel| !shown.contains(&sidebar::entry_of(state, channel)));
            (0, calls, caller)
        }
    };
    let calls = (calls > 0).then(|| {
        let label = caller.map(|channel| text::cut(&state.world.channel_label(&channel.channel), CALLER_COLUMNS));
        let from = label.map(|label| format!(" {label}")).unwrap_or_default();
        Span::styled(format!("  @{calls}{from}"), style::STRONG.patch(style::BAD))
    });
    let unread = (unread > 0).then(|| Span::styled(format!("  {unread} unread"), style::STRONG.patch(style::WARN)));
    calls.or(unread).into_iter().collect()
}

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let columns = usize::from(area.width);
    let left = left(state);
    let left_columns: usize = left.iter().map(Span::width).sum();
    let room = columns.saturating_sub(left_columns + 2);
    let (words, words_style) = match (&state.notice, &state.link) {
        (Some(notice), _) => (text::line(&notice.text), if notice.is_error { style::BAD } else { style::PLAIN }),
        (None, Link::Lost(outage)) => (outage_words(state, outage, room), style::DIM),
        (None, _) if state.chat.is_browsing => {
            let key = state.keys.name(Action::Browse);
            (format!("browsing: nothing is marked as read ({key})"), style::WARN)
        }
        (None, _) => (String::new(), style::PLAIN),
    };
    // A message matters more than the hint: the keys step aside, one after the other.
    let gap = if words.is_empty() { 0 } else { 2 };
    let keys = keys(state, room.saturating_sub(words.width() + gap));
    let words = text::cut(&words, room.saturating_sub(keys.width()));
    let padding = " ".repeat(room.saturating_sub(words.width() + keys.width()));
    let mut line = Line::from(left);
    line.spans.extend([
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

/// The most useful keys of each place, the one that is given up last at the end.
const fn useful(focus: Focus) -> [(Action, &'static str); 3] {
    match focus {
        Focus::Composer | Focus::ThreadComposer => {
            [(Action::Switcher, "go to"), (Action::LeaveComposer, "messages"), (Action::Help, "help")]
        }
        Focus::Messages => [(Action::Menu, "menu"), (Action::Compose, "write"), (Action::Help, "help")],
        Focus::ThreadMessages => [(Action::Menu, "menu"), (Action::Compose, "write"), (Action::Help, "help")],
        Focus::Sidebar => [(Action::Open, "open"), (Action::LeaveList, "back"), (Action::Help, "help")],
        Focus::Page | Focus::PageInput => {
            [(Action::OpenItem, "open"), (Action::LeavePage, "back"), (Action::Help, "help")]
        }
    }
}

/// Gives the most useful keys that fit, as they are bound; while a sequence is begun, how far it is.
fn keys(state: &State, room: usize) -> String {
    if let Some(pending) = &state.keys.pending {
        return text::cut(&format!("{} …", labels(&pending.keys)), room);
    }
    let place = action::scope_of(state.chat.focus);
    let key = |(action, word)| Some(format!("{} {word}", state.keys.map.first_label(action, place)?));
    let useful = match state.selected_parcel() {
        Some(_) => [(Action::Retry, "send again"), (Action::EditMessage, "edit"), (Action::DeleteMessage, "delete")],
        None if state.chat.pages.is_away && matches!(state.chat.focus, Focus::Messages | Focus::ThreadMessages) => {
            [(Action::Menu, "menu"), (Action::Help, "help"), (Action::LeaveList, "back to the page")]
        }
        None if state.chat.focus == Focus::PageInput && state.chat.pages.editing.is_some() => {
            [(Action::OpenItem, "save"), (Action::LeavePage, "leave it"), (Action::Help, "help")]
        }
        None => useful(state.chat.focus),
    };
    let is_possible = |(action, _): &(Action, &str)| *action != Action::OpenItem || pages::has_enter(state);
    let mut words: Vec<String> = useful.into_iter().filter(is_possible).filter_map(key).collect();
    while words.join(" · ").width() > room && !words.is_empty() {
        words.remove(0);
    }
    words.join(" · ")
}
