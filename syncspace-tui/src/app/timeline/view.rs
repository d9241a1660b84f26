//! What of the list is in sight: rows from an anchor on, and how scrolling and selecting move it.

use syncspace_protocol::Seq;

use super::{Gap, Older, Place, Timeline};
use crate::app::rows::{Around, Row, RowContext};

impl Timeline {
    /// Shows the first message after a place at the top, and selects it.
    pub(crate) fn show_after(&mut self, read: Seq, context: &RowContext<'_>, height: usize, unsent_rows: usize) {
        let Some((&seq, _)) = self.messages.range(read.next()..).next() else { return };
        self.read_before = Some(read);
        self.selected = Some(seq);
        self.place = Place::At { seq, row: 0 };
        self.stick_to_bottom(context, height, unsent_rows);
    }

    /// Gives the message at the top of the screen, and how many of its rows stand there; none at the newest message.
    pub(crate) fn top_rows(&self, context: &RowContext<'_>) -> Option<(Seq, usize)> {
        match self.place {
            Place::At { seq, row } => Some((seq, self.rows_of(seq, context).len().saturating_sub(row))),
            Place::Bottom => None,
        }
    }

    /// Shows the last rows of a message at the top of the screen.
    pub(crate) fn show_top_rows(&mut self, seq: Seq, rows: usize, context: &RowContext<'_>) {
        let row = self.rows_of(seq, context).len().saturating_sub(rows);
        self.place = Place::At { seq, row };
    }

    /// Shows a message in the middle of the screen, and selects it.
    pub(crate) fn show_in_middle(&mut self, seq: Seq, context: &RowContext<'_>, height: usize, unsent_rows: usize) {
        let above = height.saturating_sub(self.rows_of(seq, context).len()) / 2;
        self.selected = Some(seq);
        let (top, row) = self.up(seq, 0, above, context);
        self.place = Place::At { seq: top, row };
        self.stick_to_bottom(context, height, unsent_rows);
    }

    /// Gives the rows of one message, with the lines that separate it from the one before.
    pub(crate) fn rows_of(&self, seq: Seq, context: &RowContext<'_>) -> Vec<Row> {
        let Some(message) = self.messages.get(&seq) else { return Vec::new() };
        let root = message.parent_seq.and_then(|root| self.messages.get(&root));
        let previous = self.before(seq);
        let Some(missing) = self.missing_before(seq) else {
            return context.rows_of_message(message, Around { previous, root, read: self.read_before });
        };
        // Nothing joins what only seems to be neighbours.
        let read = self.read_before.filter(|read| previous.is_none_or(|previous| previous.seq <= *read));
        let mut rows = vec![Row::gap(Some(seq), missing, self.gap)];
        rows.extend(context.rows_of_message(message, Around { previous: None, root, read }));
        rows
    }

    /// Gives what is on a screen of that many rows; at most as many, the newest last.
    pub(crate) fn visible(&self, context: &RowContext<'_>, height: usize, unsent: &[Row]) -> Vec<Row> {
        if let Place::At { seq, row } = self.place {
            let rows = self.rows_from(seq, row, context, height, unsent);
            if rows.len() >= height {
                return rows;
            }
        }
        let mut rows: Vec<Row> = unsent.iter().rev().take(height).cloned().collect();
        for message in self.messages.values().rev() {
            if rows.len() >= height {
                break;
            }
            rows.extend(self.rows_of(message.seq, context).into_iter().rev());
        }
        rows.truncate(height);
        rows.reverse();
        rows
    }

    fn rows_from(&self, seq: Seq, row: usize, context: &RowContext<'_>, height: usize, unsent: &[Row]) -> Vec<Row> {
        let mut rows = Vec::new();
        for message in self.messages.range(seq..).map(|(_, message)| message) {
            let skipped = if message.seq == seq { row } else { 0 };
            rows.extend(self.rows_of(message.seq, context).into_iter().skip(skipped));
            if rows.len() >= height {
                rows.truncate(height);
                return rows;
            }
        }
        rows.extend(unsent.iter().cloned());
        rows.truncate(height);
        rows
    }

    /// Gives the message and the row of it that is topmost on the screen.
    fn top(&self, context: &RowContext<'_>, height: usize, unsent_rows: usize) -> Option<(Seq, usize)> {
        if let Place::At { seq, row } = self.place
            && self.count_from(seq, row, context, height).saturating_add(unsent_rows) >= height
        {
            return Some((seq, row));
        }
        let last = self.last()?;
        let last_row = self.rows_of(last, context).len().saturating_sub(1);
        Some(self.up(last, last_row, height.saturating_sub(unsent_rows + 1), context))
    }

    /// Counts rows from a place on, no further than a bound.
    fn count_from(&self, seq: Seq, row: usize, context: &RowContext<'_>, bound: usize) -> usize {
        let mut count = 0;
        for message in self.messages.range(seq..).map(|(_, message)| message) {
            let rows = self.rows_of(message.seq, context).len();
            count += if message.seq == seq { rows.saturating_sub(row) } else { rows };
            if count >= bound {
                break;
            }
        }
        count
    }

    pub(super) fn up(&self, mut seq: Seq, mut row: usize, mut rows: usize, context: &RowContext<'_>) -> (Seq, usize) {
        while rows > row {
            let Some(above) = self.before(seq) else { return (seq, 0) };
            rows -= row + 1;
            seq = above.seq;
            row = self.rows_of(seq, context).len().saturating_sub(1);
        }
        (seq, row - rows)
    }

    fn down(&self, mut seq: Seq, mut row: usize, mut rows: usize, context: &RowContext<'_>) -> (Seq, usize) {
        loop {
            let left = self.rows_of(seq, context).len().saturating_sub(row + 1);
            let next = self.messages.range(seq.next()..).next().map(|(&next, _)| next);
            match next {
                _ if rows <= left => return (seq, row + rows),
                None => return (seq, row + left),
                Some(next) => {
                    rows -= left + 1;
                    seq = next;
                    row = 0;
                }
            }
        }
    }

    /// Scrolls by rows, up where negative.
    pub(crate) fn scroll(&mut self, by: isize, context: &RowContext<'_>, height: usize, unsent_rows: usize) {
        let Some((seq, row)) = self.top(context, height, unsent_rows) else { return };
        if by < 0 {
            let (seq, row) = self.up(seq, row, by.unsigned_abs(), context);
            self.place = Place::At { seq, row };
        } else {
            let to = self.down(seq, row, by.unsigned_abs(), context);
            let (seq, row) = self.before_loading((seq, row), to, context, height);
            self.place = Place::At { seq, row };
        }
        self.stick_to_bottom(context, height, unsent_rows);
    }

    /// Gives how far down the view goes: a gap that is being loaded stays its last row, or what it has would be passed by.
    pub(super) fn before_loading(
        &self,
        top: (Seq, usize),
        to: (Seq, usize),
        context: &RowContext<'_>,
        height: usize,
    ) -> (Seq, usize) {
        if self.gap != Gap::Loading {
            return to;
        }
        let on_screen_then = self.messages.range(to.0..).map(|(&seq, _)| seq).take(height).last().unwrap_or(to.0);
        let seqs = self.messages.range(top.0..).map(|(&seq, _)| seq);
        let held_at = seqs
            .take_while(|seq| *seq <= on_screen_then)
            .filter(|&seq| seq > top.0 && self.missing_before(seq).is_some())
            .map(|seq| self.up(seq, 0, height.saturating_sub(1), context))
            // One that stands further up is being left.
            .find(|held_at| *held_at >= top);
        held_at.map_or(to, |held_at| held_at.min(to))
    }

    fn stick_to_bottom(&mut self, context: &RowContext<'_>, height: usize, unsent_rows: usize) {
        if let Place::At { seq, row } = self.place
            && self.count_from(seq, row, context, height + 1).saturating_add(unsent_rows) <= height
        {
            self.place = Place::Bottom;
        }
    }

    /// Selects the message above or below the selected one, and brings it onto the screen.
    pub(crate) fn select(&mut self, down: bool, context: &RowContext<'_>, height: usize, unsent_rows: usize) {
        let next = match (self.selected, down) {
            (None, _) => self.last(),
            (Some(seq), true) => self.messages.range(seq.next()..).next().map(|(&seq, _)| seq).or(Some(seq)),
            (Some(seq), false) => self.before(seq).map(|message| message.seq).or(Some(seq)),
        };
        self.selected = next;
        self.reveal_selected(context, height, unsent_rows);
    }

    /// Scrolls as little as needed to show the selected message.
    pub(crate) fn reveal_selected(&mut self, context: &RowContext<'_>, height: usize, unsent_rows: usize) {
        let Some((selected, (top, top_row))) = self.selected.zip(self.top(context, height, unsent_rows)) else {
            return;
        };
        let rows = self.rows_of(selected, context).len();
        if selected < top || (selected == top && (top_row > 0 || rows >= height)) {
            self.place = Place::At { seq: selected, row: 0 };
        } else {
            let (seq, row) = self.up(selected, rows.saturating_sub(1), height.saturating_sub(1), context);
            if (seq, row) > (top, top_row) {
                self.place = Place::At { seq, row };
            }
        }
        self.stick_to_bottom(context, height, unsent_rows);
    }

    /// Gives the first and the last message of which a row is on the screen.
    pub(crate) fn seen(&self, context: &RowContext<'_>, height: usize, unsent: &[Row]) -> Option<(Seq, Seq)> {
        let rows = self.visible(context, height, unsent);
        let mut seen = rows.iter().filter_map(|row| row.seq);
        let first = seen.next()?;
        Some((first, seen.next_back().unwrap_or(first)))
    }

    /// Tells whether the view is so near to the first loaded message that more history should be loaded.
    pub(crate) fn wants_older(&self, context: &RowContext<'_>, height: usize, unsent_rows: usize) -> bool {
        self.older == Older::More
            && self
                .top(context, height, unsent_rows)
                .is_none_or(|(seq, _)| self.messages.range(..seq).take(height).count() < height)
    }
}
