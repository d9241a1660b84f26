//! A text above the chat that is only read: parts with a head each, scrolled as a whole.

use super::layout;
use super::state::State;
use super::text;

/// Text that is only read: parts with a head each.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    pub(crate) parts: Vec<(String, String)>,
    /// Whether it came by itself: what is typed then is not for it.
    pub(crate) is_aside: bool,
}

impl Sheet {
    /// Makes one that the person opens, and that takes all keys.
    pub(crate) fn opened(title: impl Into<String>, parts: Vec<(String, String)>) -> Self {
        Self { title: title.into(), parts, is_aside: false }
    }

    /// Makes one that comes while the person may be typing, and leaves the line that is typed in to be seen.
    pub(crate) fn aside(title: impl Into<String>, parts: Vec<(String, String)>) -> Self {
        Self { title: title.into(), parts, is_aside: true }
    }

    /// Gives how many of the first rows of the window are its own.
    pub(crate) fn rows_of_window(&self, state: &State) -> u16 {
        let typed_at = layout::areas(state).focused(state.chat.focus).map(|(pane, _)| pane.composer.y);
        match typed_at.filter(|row| self.is_aside && *row >= ASIDE_ROWS_MIN) {
            Some(row) => row,
            None => state.rows,
        }
    }

    /// Gives its rows in that many columns, each with whether it is a head.
    pub(crate) fn rows(&self, columns: usize) -> Vec<(bool, String)> {
        let part = |(head, body): &(String, String)| {
            let head = text::block(head, columns).into_iter().map(|row| (true, row));
            let body = text::block(body, columns).into_iter().map(|row| (false, row));
            head.chain(body).chain([(false, String::new())]).collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(part).collect()
    }

    /// Gives all of it, to be copied.
    pub(crate) fn text(&self) -> String {
        let part = |(head, body): &(String, String)| format!("{head}\n{body}\n");
        self.parts.iter().map(part).collect::<Vec<_>>().join("\n")
    }

    /// Gives how far it can be scrolled.
    pub(crate) fn last_scroll(&self, state: &State) -> usize {
        let visible = usize::from(self.rows_of_window(state)).saturating_sub(SHEET_FRAME_ROWS);
        self.rows(Self::columns(state.columns)).len().saturating_sub(visible)
    }

    /// Gives how many columns of a window its text has.
    pub(crate) fn columns(window: u16) -> usize {
        usize::from(window.min(SHEET_COLUMNS).saturating_sub(2)).max(1)
    }
}

/// A window that has no more rows above the line that is typed in has no room for a sheet there.
const ASIDE_ROWS_MIN: u16 = 6;
/// Columns of a sheet with its border, where there is room.
pub(crate) const SHEET_COLUMNS: u16 = 80;
/// Rows of its border and of the hint at its end.
const SHEET_FRAME_ROWS: usize = 4;
