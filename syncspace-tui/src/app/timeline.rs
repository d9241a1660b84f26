//! The loaded part of a channel or thread, and which of its rows are on the screen.
//!
//! The view hangs on (seq, row inside the message), not on a number of rows: what is being read stays where it is when
//! messages arrive below, history is loaded above, or the window changes its size.

use std::collections::BTreeMap;

use syncspace_protocol::Seq;
use syncspace_protocol::Time;
use syncspace_protocol::messages::{Message, ThreadState};

use super::rows::{Around, Row, RowContext};

/// What is known of the history above the first loaded message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Older {
    /// There is more.
    More,
    /// It is being loaded.
    Loading,
    /// The first message is loaded.
    #[default]
    End,
    /// It could not be loaded; scrolling up tries again.
    Failed,
}

/// Where the view stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the newest message, and follows it.
    #[default]
    Bottom,
    /// This row of this message is the topmost on the screen.
    At { seq: Seq, row: usize },
}

/// Loaded messages by their place, and the view of them.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    messages: BTreeMap<Seq, Message>,
    pub(crate) older: Older,
    pub(crate) place: Place,
    pub(crate) selected: Option<Seq>,
    /// Last message that was read when the view was opened: the "new" line stands below it.
    pub(crate) read_before: Option<Seq>,
}

impl Timeline {
    pub(crate) fn new(messages: Vec<Message>, older: Older) -> Self {
        let messages = messages.into_iter().map(|message| (message.seq, message)).collect();
        Self { messages, older, place: Place::Bottom, selected: None, read_before: None }
    }

    pub(crate) fn first(&self) -> Option<Seq> {
        self.messages.keys().next().copied()
    }

    pub(crate) fn last(&self) -> Option<Seq> {
        self.messages.keys().next_back().copied()
    }

    pub(crate) fn get(&self, seq: Seq) -> Option<&Message> {
        self.messages.get(&seq)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values()
    }

    pub(crate) fn before(&self, seq: Seq) -> Option<&Message> {
        self.messages.range(..seq).next_back().map(|(_, message)| message)
    }

    /// Takes a message as the server has it now, unless the one at hand is as new.
    pub(crate) fn put(&mut self, message: Message) {
        let is_newer = self.messages.get(&message.seq).is_none_or(|held| held.rev < message.rev);
        if is_newer {
            self.messages.insert(message.seq, message);
        }
    }

    pub(crate) fn edit(&mut self, seq: Seq, change: impl FnOnce(&mut Message)) {
        if let Some(message) = self.messages.get_mut(&seq) {
            change(message);
        }
    }

    pub(crate) fn set_thread(&mut self, thread: ThreadState) {
        self.edit(thread.root_seq, |root| {
            root.reply_count = thread.reply_count;
            root.last_reply_at = thread.last_reply_at;
        });
    }

    pub(crate) fn mark_deleted(&mut self, seq: Seq, at: Time) {
        self.edit(seq, |message| {
            message.bury(at);
        });
    }

    /// Puts history above what is loaded, without moving what is on the screen.
    pub(crate) fn prepend(&mut self, page: Vec<Message>, older: Older, context: &RowContext<'_>) {
        let first = self.first();
        let rows_of_first = |timeline: &Self| first.map_or(0, |seq| timeline.rows_of(seq, context).len());
        let before = rows_of_first(self);
        for message in page {
            self.put(message);
        }
        self.older = older;
        // The first message loses its day line and perhaps its author line, now that one stands above it.
        let after = rows_of_first(self);
        if let Place::At { seq, row } = &mut self.place
            && Some(*seq) == first
        {
            *row = row.saturating_sub(before.saturating_sub(after));
        }
    }

    /// Gives the rows of one message, with the lines that separate it from the one before.
    pub(crate) fn rows_of(&self, seq: Seq, context: &RowContext<'_>) -> Vec<Row> {
        let Some(message) = self.messages.get(&seq) else { return Vec::new() };
        let root = message.parent_seq.and_then(|root| self.messages.get(&root));
        context.rows_of_message(message, Around { previous: self.before(seq), root, read: self.read_before })
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

    fn up(&self, mut seq: Seq, mut row: usize, mut rows: usize, context: &RowContext<'_>) -> (Seq, usize) {
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
            let (seq, row) = self.down(seq, row, by.unsigned_abs(), context);
            self.place = Place::At { seq, row };
        }
        self.stick_to_bottom(context, height, unsent_rows);
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
            && self.top(context, height, unsent_rows).is_none_or(|(seq, _)| {
                self.messages.range(..seq).next_back().is_none() || self.messages.range(..seq).count() < height
            })
    }
}
