//! Where a message is typed. Its border names the recipient: nobody writes to the wrong people unseen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders};
use unicode_width::UnicodeWidthStr;

use super::style;
use crate::app::State;
use crate::app::composer::{Composer, DraftKey};
use crate::app::layout;
use crate::app::state::Focus;
use crate::app::text;
use crate::app::timeline::Place;
use crate::app::world::ChannelState;

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, area: Rect, in_thread: bool) {
    if area.is_empty() {
        return;
    }
    let key = layout::pane_draft(state, in_thread);
    let has_keys =
        state.modal.is_none() && state.chat.focus == if in_thread { Focus::ThreadComposer } else { Focus::Composer };
    let title = format!(" {} ", recipient(state, key));
    let typing = format!("{}{}", typing(state, key), below(state, in_thread));
    let columns = usize::from(area.width);
    let title = text::cut(&title, columns.saturating_sub(2));
    let room = columns.saturating_sub(title.width() + 4);
    let border = if has_keys { style::ACCENT } else { style::LINE };
    let mut block = Block::new().borders(Borders::TOP).border_style(border);
    block = block.title_top(Line::styled(title, if has_keys { style::STRONG } else { style::PLAIN }));
    if !typing.is_empty() && room > 8 {
        block = block.title_top(Line::styled(text::cut(&typing, room), style::DIM).right_aligned());
    }
    let inside = block.inner(area);
    frame.render_widget(block, area);
    // One column on each side: text does not touch the edge, and a cursor behind the last column stays visible.
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }.intersection(frame.area());
    if inside.is_empty() {
        return;
    }
    let draft = key.and_then(|key| state.chat.drafts.get(&key));
    match draft.filter(|draft| !draft.is_empty()) {
        Some(draft) => text_area(frame, draft, inside, has_keys),
        None => {
            let hint = if has_keys { "Write a message" } else { "" };
            frame.render_widget(Line::styled(text::cut(hint, usize::from(inside.width)), style::DIM), inside);
            if has_keys {
                frame.set_cursor_position((inside.x, inside.y));
            }
        }
    }
}

fn text_area(frame: &mut Frame<'_>, draft: &Composer, area: Rect, has_keys: bool) {
    let mut widget = draft.area().clone();
    if !has_keys {
        widget.set_cursor_style(style::PLAIN);
    }
    frame.render_widget(&widget, area);
}

fn recipient(state: &State, key: Option<DraftKey>) -> String {
    let label = |channel_id| {
        let channel = state.world.channels.get(&channel_id);
        channel.map(|channel| state.world.channel_label(&channel.channel)).unwrap_or_default()
    };
    match key {
        Some(DraftKey::Channel(channel_id)) => {
            let is_joined = state.world.channels.get(&channel_id).is_some_and(|channel| channel.is_joined());
            if is_joined { format!("to {}", label(channel_id)) } else { "read only".to_owned() }
        }
        Some(DraftKey::Thread(channel_id, _)) => format!("reply in thread, {}", label(channel_id)),
        Some(DraftKey::Arriving) => {
            format!("to {} (opening…)", state.chat.arriving.as_deref().unwrap_or_default())
        }
        Some(DraftKey::Edit(channel_id, _)) => format!("edit in {} (Enter saves, Esc leaves)", label(channel_id)),
        None => "no channel".to_owned(),
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
