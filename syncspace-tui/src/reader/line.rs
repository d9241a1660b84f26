//! The line at the bottom: where what is typed goes, and what was typed.

use unicode_width::UnicodeWidthStr;

use crate::app::State;
use crate::app::arriving;
use crate::app::composer::DraftKey;
use crate::app::entry::EntryForm;
use crate::app::form::Input;
use crate::app::layout;
use crate::app::line_input::LineInput;
use crate::app::pages::PageKind;
use crate::app::state::{Focus, Modal, Screen};
use crate::app::text;

/// Gives the line and the column of its cursor. It is never wider than the terminal.
pub(super) fn of(state: &State) -> (String, usize) {
    let columns = usize::from(state.columns).max(2) - 1;
    match (&state.modal, &state.screen) {
        (Some(Modal::Form(entry)), _) | (None, Screen::Entry { form: entry, .. }) => of_form(entry, columns),
        (Some(Modal::Switcher(switcher)), _) => typed("go to> ", &switcher.input, columns, None),
        (Some(Modal::Help(help)), _) => typed("find key> ", &help.input, columns, None),
        (Some(Modal::Themes(_)), _) => bare("theme> ", columns),
        (Some(Modal::Picker(picker)), _) => typed("choose> ", &picker.input, columns, None),
        (Some(Modal::Sheet { sheet, .. }), Screen::Chat) if sheet.is_aside => of_chat(state, columns),
        (Some(Modal::Sheet { .. }), _) => bare("Esc closes> ", columns),
        (None, Screen::Waiting(_)) => bare("", columns),
        (None, Screen::Chat) => of_chat(state, columns),
    }
}

fn of_form(entry: &EntryForm, columns: usize) -> (String, usize) {
    let form = &entry.form;
    let Some(field) = form.fields.get(form.focus) else { return bare("Enter or Esc> ", columns) };
    let prompt = format!("{}> ", field.label);
    match &field.input {
        Input::Line(input) => typed(&prompt, input, columns, None),
        Input::Secret(input) => typed(&prompt, input, columns, Some('*')),
        Input::Pick { .. } | Input::Toggle(_) => bare(&prompt, columns),
    }
}

fn of_chat(state: &State, columns: usize) -> (String, usize) {
    match state.chat.focus {
        Focus::Sidebar => return bare("channels> ", columns),
        Focus::Messages | Focus::ThreadMessages => return bare("messages> ", columns),
        Focus::Page | Focus::PageInput => return of_page(state, columns),
        Focus::Composer | Focus::ThreadComposer => {}
    }
    let in_thread = state.chat.focus == Focus::ThreadComposer;
    let key = layout::pane_draft(state, in_thread);
    let label = |id| {
        let channel = state.world.channels.get(&id);
        channel.map(|channel| state.world.channel_label(&channel.channel)).unwrap_or_default()
    };
    let prompt = match key {
        Some(DraftKey::Channel(id)) => format!("to {}> ", label(id)),
        Some(DraftKey::Thread(id, _)) => format!("thread in {}> ", label(id)),
        Some(DraftKey::Edit(id, _)) => format!("edit in {}> ", label(id)),
        Some(DraftKey::Arriving) => format!("{}> ", arriving::title(state)),
        None => "no channel> ".to_owned(),
    };
    let Some(draft) = key.and_then(|key| state.chat.drafts.get(&key)) else { return bare(&prompt, columns) };
    // Of several lines, the one with the cursor.
    let (row, column) = (draft.area().cursor().0, draft.area().cursor().1);
    let line = draft.area().lines().get(row).map_or("", String::as_str);
    let byte = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    let prompt = if row == 0 { prompt } else { format!("line {}> ", row + 1) };
    window(&prompt, &text::line(&line[..byte]), &text::line(&line[byte..]), columns)
}

fn of_page(state: &State, columns: usize) -> (String, usize) {
    let pages = &state.chat.pages;
    match pages.editing.and_then(|id| pages.edits.get(&id)) {
        Some(draft) => {
            let (row, before) = draft.before_cursor();
            let line = draft.lines().get(row).map_or("", String::as_str);
            let after = line.get(before.len()..).unwrap_or_default();
            window("text> ", &text::line(before), &text::line(after), columns)
        }
        None if pages.kind == PageKind::Search => typed("search> ", &pages.search.input, columns, None),
        None => bare(&format!("{}> ", pages.kind.name().to_lowercase()), columns),
    }
}

fn typed(prompt: &str, input: &LineInput, columns: usize, mask: Option<char>) -> (String, usize) {
    let prompt = text::cut(prompt, columns / 2);
    let room = columns.saturating_sub(prompt.width());
    let (shown, cursor) = input.window(room, mask);
    (format!("{prompt}{}", text::cut(&shown, room)), prompt.width() + cursor.min(room))
}

fn bare(prompt: &str, columns: usize) -> (String, usize) {
    let prompt = text::cut(prompt, columns);
    let cursor = prompt.width();
    (prompt, cursor)
}

/// Shows as much before the cursor as fits, and of what is behind it what is left.
fn window(prompt: &str, before: &str, after: &str, columns: usize) -> (String, usize) {
    let prompt = text::cut(prompt, columns / 2);
    let room = columns.saturating_sub(prompt.width());
    let mut start = 0;
    while before[start..].width() > room {
        start += before[start..].chars().next().map_or(1, char::len_utf8);
    }
    let before = &before[start..];
    let after = text::cut(after, room.saturating_sub(before.width()));
    (format!("{prompt}{before}{after}"), prompt.width() + before.width())
}
