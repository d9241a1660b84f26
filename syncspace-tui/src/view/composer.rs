//! Where a message is typed. Its border names the recipient: nobody writes to the wrong people unseen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders};
use unicode_width::UnicodeWidthStr;

use super::style;
use crate::app::State;
use crate::app::action::Action;
use crate::app::arriving;
use crate::app::composer::{Composer, DraftKey};
use crate::app::layout;
use crate::app::posting;
use crate::app::state::{Focus, Link};
use crate::app::text;
use crate::app::timeline::Place;
use crate::app::world::ChannelState;

/// Longer drafts are offered to be sent as code, in lines.
const SNIPPET_LINES: usize = 20;
/// From this width on the border names the server of the account, too.
const HOST_MIN_COLUMNS: u16 = 60;

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, area: Rect, in_thread: bool) {
    if area.is_empty() {
        return;
    }
    let key = layout::pane_draft(state, in_thread);
    let has_keys =
        state.modal.is_none() && state.chat.focus == if in_thread { Focus::ThreadComposer } else { Focus::Composer };
    let obstacle = key.and_then(DraftKey::channel_id).and_then(|channel_id| posting::obstacle(state, channel_id));
    let title = match &obstacle {
        Some(why) => format!(" cannot be sent: {why} "),
        None => format!(" {}{} ", recipient(state, key), account(state, area.width)),
    };
    let typing = format!("{}{}{}", as_code(state, key), typing(state, key), below(state, in_thread));
    let columns = usize::from(area.width);
    let title = text::cut(&title, columns.saturating_sub(2));
    let room = columns.saturating_sub(title.width() + 4);
    let border = if has_keys { style::ACCENT } else { style::LINE };
    let mut block = Block::new().borders(Borders::TOP).border_style(border);
    let title_style = if has_keys { style::STRONG } else { style::PLAIN };
    let title_style = if obstacle.is_some() { title_style.patch(style::BAD) } else { title_style };
    block = block.title_top(Line::styled(title, title_style));
    if !typing.is_empty() && room > 8 {
        block = block.title_top(Line::styled(text::cut(&typing, room), style::DIM).right_aligned());
    }
    // One row alone is for the text.
    let inside = if area.height > 1 { block.inner(area) } else { area };
    if area.height > 1 {
        frame.render_widget(block, area);
    }
    // One column on each side: text does not touch the edge, and a cursor behind the last column stays visible.
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }.intersection(frame.area());
    if inside.is_empty() {
        return;
    }
    let draft = key.and_then(|key| state.chat.drafts.get(&key));
    match draft.filter(|draft| !draft.is_empty()) {
        Some(draft) => text_area(frame, draft, inside, has_keys),
        None => {
            let hint = match obstacle {
                _ if !has_keys => "",
                Some(_) => "What you type here is kept, and not sent",
                None => "Write a message",
            };
            frame.render_widget(Line::styled(text::cut(hint, usize::from(inside.width)), style::DIM), inside);
            if has_keys {
                frame.set_cursor_position((inside.x, inside.y));
            }
        }
    }
}

pub(super) fn text_area(frame: &mut Frame<'_>, draft: &Composer, area: Rect, has_keys: bool) {
    let mut widget = draft.area().clone();
    if !has_keys {
        widget.set_cursor_style(style::PLAIN);
    }
    frame.render_widget(&widget, area);
}

/// Offers to send a long draft as code: as text it would be taken for Markdown.
fn as_code(state: &State, key: Option<DraftKey>) -> String {
    let draft = key.and_then(|key| state.chat.drafts.get(&key));
    let lines = draft.map_or(0, Composer::line_count);
    if lines <= SNIPPET_LINES || state.chat.editing.is_some() {
        return String::new();
    }
    format!(" {lines} lines · {} sends it as code ", state.keys.name(Action::SendAsCode))
}

fn recipient(state: &State, key: Option<DraftKey>) -> String {
    let label = |channel_id| state.world.label_of(channel_id);
    let later = if state.link == Link::Online { "" } else { " (sent once online)" };
    match key {
        Some(DraftKey::Channel(channel_id)) => format!("to {}{later}", label(channel_id)),
        Some(DraftKey::Thread(channel_id, _)) => format!("reply in thread, {}{later}", label(channel_id)),
        Some(DraftKey::Arriving) => arriving::title(state),
        Some(DraftKey::Edit(channel_id, _)) => {
            let (save, leave) = (state.keys.name(Action::Send), state.keys.name(Action::LeaveComposer));
            format!("edit in {} ({save} saves, {leave} leaves)", label(channel_id))
        }
        None => "no channel".to_owned(),
    }
}

/// Names the account that one writes as, where there are several.
fn account(state: &State, columns: u16) -> String {
    let Some(mark) = state.others.mine() else { return String::new() };
    let is_only = state.others.marks.iter().filter(|one| one.name == mark.name).count() < 2;
    match &mark.name {
        Some(name) if columns < HOST_MIN_COLUMNS && is_only => format!(" as {name}"),
        // A server that is cut off tells them apart no more than the name does: the number in the strip does.
        Some(name) if columns < HOST_MIN_COLUMNS => format!(" as {} {name}", state.others.me + 1),
        _ => format!(" as {}", mark.label()),
    }
}

/// Says that there is more than what is on the screen.
fn below(state: &State, in_thread: bool) -> String {
    let open = state.open_channel();
    let timeline = match &state.chat.thread {
        Some(thread) if in_thread => thread.timeline.as_ref(),
        _ => open.and_then(ChannelState::timeline),
    };
    let unread = open.map_or(0, |open| state.world.unread(open.channel.id).messages);
    match timeline.map(|timeline| timeline.place) {
        Some(Place::At { .. }) if unread > 0 && !in_thread => format!(" ↓ {unread} new below "),
        Some(Place::At { .. }) => " ↓ more below ".to_owned(),
        Some(Place::Bottom) if unread > 0 && !in_thread && state.chat.has_unseen_above => {
            format!(" ↑ {unread} unread above · {} ", state.keys.name(Action::FirstUnread))
        }
        Some(Place::Bottom) | None => String::new(),
    }
}

fn typing(state: &State, key: Option<DraftKey>) -> String {
    let root = match key {
        Some(DraftKey::Thread(_, root)) => Some(root),
        Some(DraftKey::Channel(_) | DraftKey::Edit(..) | DraftKey::Arriving) | None => None,
    };
    let names = state.typing_names(root);
    match names.as_slice() {
        [] => String::new(),
        [one] => format!(" {one} is typing… "),
        [one, two] => format!(" {one} and {two} are typing… "),
        [one, rest @ ..] => format!(" {one} and {} others are typing… ", rest.len()),
    }
}
