//! Where the parts of the chat lie on the screen. Both `update` (how far does a page scroll?) and `view` ask it.

use ratatui::layout::Rect;

use super::composer::DraftKey;
use super::state::{Focus, Screen, State};

/// From this width on the side bar stands beside the messages.
pub(crate) const SIDEBAR_MIN_COLUMNS: u16 = 80;
/// From this width on a thread stands beside the messages.
pub(crate) const THREAD_MIN_COLUMNS: u16 = 110;
const SIDEBAR_COLUMNS: u16 = 24;
/// A window with fewer rows shows no titles.
const LOW_ROWS: u16 = 10;

/// One list of messages with its title and composer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pane {
    pub(crate) title: Rect,
    pub(crate) messages: Rect,
    /// Its first row is the border that names the recipient.
    pub(crate) composer: Rect,
}

/// Where the parts of the chat lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Areas {
    pub(crate) sidebar: Option<Rect>,
    /// Whether the side bar lies above the messages.
    pub(crate) is_overlay: bool,
    pub(crate) main: Option<Pane>,
    pub(crate) thread: Option<Pane>,
    /// A page in place of both.
    pub(crate) page: Option<Rect>,
    pub(crate) status: Rect,
}

/// Gives the row of the accounts, where there are several.
pub(crate) fn accounts_row(state: &State) -> Option<Rect> {
    (!state.others.is_alone() && state.rows > 1).then(|| Rect::new(0, 0, state.columns, 1))
}

/// Tells whether what everybody on the server sees has a row of its own in the chat.
pub(crate) fn has_room_for_banner(state: &State) -> bool {
    state.rows > LOW_ROWS && !state.settings.is_for_reader
}

/// Gives the row of what everybody on the server sees, below the accounts; none where a low window has better use for it.
pub(crate) fn banner_row(state: &State) -> Option<Rect> {
    let is_shown = has_room_for_banner(state) && matches!(state.screen, Screen::Chat) && state.banner().is_some();
    is_shown.then(|| Rect::new(0, accounts_row(state).map_or(0, |row| row.height), state.columns, 1))
}

/// Gives how many rows at the top belong to neither a team nor a channel.
pub(crate) fn top_rows(state: &State) -> u16 {
    [accounts_row(state), banner_row(state)].into_iter().flatten().map(|row| row.height).sum()
}

/// Gives the areas for the state.
pub(crate) fn areas(state: &State) -> Areas {
    let (columns, rows) = (state.columns, state.rows);
    let status = Rect::new(0, rows.saturating_sub(1), columns, rows.min(1));
    let top = top_rows(state);
    let body_rows = rows.saturating_sub(1 + top);
    let is_wide = columns >= SIDEBAR_MIN_COLUMNS;
    let is_overlay = !is_wide && state.chat.focus == Focus::Sidebar;
    let sidebar = if is_wide && state.chat.has_sidebar {
        Some(Rect::new(0, top, SIDEBAR_COLUMNS, body_rows))
    } else if is_overlay {
        Some(Rect::new(0, top, columns.min(SIDEBAR_COLUMNS + 8), body_rows))
    } else {
        None
    };
    let left = if is_overlay { 0 } else { sidebar.map_or(0, |area| area.width) };
    let body = Rect::new(left, top, columns.saturating_sub(left), body_rows);
    if state.chat.focus.is_page() {
        return Areas { sidebar, is_overlay, main: None, thread: None, page: Some(body), status };
    }
    let (main, thread) = match &state.chat.thread {
        None => (Some(pane(state, body, false)), None),
        Some(_) if columns >= THREAD_MIN_COLUMNS => {
            let thread_columns = body.width * 2 / 5;
            let main = Rect { width: body.width - thread_columns, ..body };
            let thread = Rect { x: body.x + main.width, width: thread_columns, ..body };
            // One column between them is the line that parts them.
            let inner = Rect { x: thread.x + 1, width: thread.width.saturating_sub(1), ..thread };
            (Some(pane(state, main, false)), Some(pane(state, inner, true)))
        }
        Some(_) => (None, Some(pane(state, body, true))),
    };
    Areas { sidebar, is_overlay, main, thread, page: None, status }
}

/// The parts of a page over the chat, from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageParts {
    /// The names of the pages.
    pub(crate) tabs: Rect,
    /// What is typed, or what the page is about.
    pub(crate) line: Rect,
    /// Where its entries come from.
    pub(crate) status: Rect,
    pub(crate) list: Rect,
    /// The text of a scheduled message that is being edited.
    pub(crate) edit: Option<Rect>,
}

/// Gives the parts of the page in front; none where there is no page.
pub(crate) fn page_parts(state: &State) -> Option<PageParts> {
    let area = areas(state).page?;
    let pages = &state.chat.pages;
    let draft = pages.editing.and_then(|id| pages.edits.get(&id));
    let edit_rows = draft.map_or(0, |draft| {
        let rows_max = (area.height / 3).max(1);
        let rows = draft.rows(usize::from(area.width.saturating_sub(2).max(1)), usize::from(rows_max));
        u16::try_from(rows).unwrap_or(rows_max).clamp(1, rows_max) + 1
    });
    let tab_rows = if state.rows < LOW_ROWS { 0 } else { 1 };
    let mut y = area.y;
    let mut part = |rows: u16| {
        let rows = rows.min(area.bottom().saturating_sub(y));
        let part = Rect { y, height: rows, ..area };
        y += rows;
        part
    };
    let (tabs, line, status) = (part(tab_rows), part(1), part(1));
    let list = part(area.height.saturating_sub(tab_rows + 2 + edit_rows));
    let edit = draft.map(|_| part(edit_rows));
    Some(PageParts { tabs, line, status, list, edit })
}

/// Gives where the entries of the page in front lie.
pub(crate) fn page_list(state: &State) -> Option<Rect> {
    page_parts(state).map(|parts| parts.list)
}

/// Gives what the composer of a pane edits.
pub(crate) fn pane_draft(state: &State, in_thread: bool) -> Option<DraftKey> {
    let is_focused = matches!(state.chat.focus, Focus::ThreadComposer | Focus::ThreadMessages) == in_thread;
    match (&state.chat.thread, state.chat.editing) {
        (_, Some((channel_id, seq))) if is_focused => Some(DraftKey::Edit(channel_id, seq)),
        (Some(thread), _) if in_thread => Some(DraftKey::Thread(thread.channel_id, thread.root)),
        _ if state.chat.arriving.is_some() => Some(DraftKey::Arriving),
        _ => state.chat.open.map(DraftKey::Channel),
    }
}

fn pane(state: &State, area: Rect, in_thread: bool) -> Pane {
    let text_rows_max = (area.height / 3).max(1);
    let text_columns = usize::from(area.width.saturating_sub(2).max(1));
    let text_rows = pane_draft(state, in_thread)
        .and_then(|key| state.chat.drafts.get(&key))
        .map_or(1, |draft| draft.rows(text_columns, usize::from(text_rows_max)));
    let text_rows = u16::try_from(text_rows).unwrap_or(u16::MAX).clamp(1, text_rows_max);
    let composer_rows = (text_rows + 1).min(area.height.saturating_sub(1));
    // The border of the composer names the channel, too: a low window has better use for the row.
    let title_rows = if area.height + 1 < LOW_ROWS { 0 } else { area.height.saturating_sub(composer_rows).min(1) };
    let message_rows = area.height.saturating_sub(composer_rows + title_rows);
    let title = Rect { height: title_rows, ..area };
    let messages = Rect { y: area.y + title_rows, height: message_rows, ..area };
    let composer = Rect { y: area.y + title_rows + message_rows, height: composer_rows, ..area };
    Pane { title, messages, composer }
}

impl Areas {
    /// Gives the pane of the list that the keys go to.
    pub(crate) fn focused(&self, focus: Focus) -> Option<(Pane, bool)> {
        match focus {
            Focus::Page | Focus::PageInput => None,
            Focus::ThreadMessages | Focus::ThreadComposer => self.thread.map(|pane| (pane, true)),
            Focus::Messages | Focus::Composer | Focus::Sidebar => {
                self.main.map(|pane| (pane, false)).or(self.thread.map(|pane| (pane, true)))
            }
        }
    }
}
