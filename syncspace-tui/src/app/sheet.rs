//! A text above the chat that is only read: parts with a head each, scrolled as a whole.

use super::text;

/// Text that is only read: parts with a head each.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    pub(crate) parts: Vec<(String, String)>,
}

impl Sheet {
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

    /// Gives how far it can be scrolled in a window of that size.
    pub(crate) fn last_scroll(&self, columns: u16, rows: u16) -> usize {
        let visible = usize::from(rows).saturating_sub(SHEET_FRAME_ROWS);
        self.rows(Self::columns(columns)).len().saturating_sub(visible)
    }

    /// Gives how many columns of a window its text has.
    pub(crate) fn columns(window: u16) -> usize {
        usize::from(window.min(SHEET_COLUMNS).saturating_sub(2)).max(1)
    }
}

/// Columns of a sheet with its border, where there is room.
pub(crate) const SHEET_COLUMNS: u16 = 80;
/// Rows of its border and of the hint at its end.
const SHEET_FRAME_ROWS: usize = 4;
