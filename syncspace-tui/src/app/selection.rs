//! Text that the pointer selects: from a byte of one message to a byte of another, whatever rows show it.
//!
//! So what is copied is what was written: no gutter, no time, no bar, no line end that only wrapping made.

use std::ops::Range;

use syncspace_protocol::messages::Message;
use syncspace_protocol::{Seq, Time};
use unicode_segmentation::UnicodeSegmentation;

use super::markdown::{columns_of, source_of};
use super::rows::Row;
use super::timeline::Timeline;

/// A place in the text of a message: a character under the pointer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) seq: Seq,
    /// Bytes of the character; none where the pointer is beside the text.
    pub(crate) bytes: (usize, usize),
}

/// What is selected, or being so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) in_thread: bool,
    pub(crate) from: Spot,
    pub(crate) to: Spot,
    /// Where the pointer was last.
    pub(crate) pointer: (u16, u16),
    /// When nobody holds it any more, as far as one can tell: the end of holding may have been lost.
    pub(crate) held_until: Time,
    /// When the list scrolls on, while the pointer is held beyond its edge.
    pub(crate) scroll_at: Option<Time>,
}

impl Selection {
    /// Gives the bytes of a message that are selected.
    pub(crate) fn bytes_of(&self, seq: Seq, length: usize) -> Range<usize> {
        let (first, last) = if self.from <= self.to { (&self.from, &self.to) } else { (&self.to, &self.from) };
        if seq < first.seq || seq > last.seq {
            return 0..0;
        }
        let start = if seq == first.seq { first.bytes.0 } else { 0 };
        let end = if seq == last.seq { last.bytes.1 } else { length };
        start.min(length)..end.clamp(start.min(length), length)
    }

    /// Gives the selected text.
    pub(crate) fn text(&self, list: &Timeline) -> String {
        let part = |message: &Message| {
            let source = source_of(&message.content);
            let range = self.bytes_of(message.seq, source.len());
            source.get(range).filter(|part| !part.is_empty()).map(str::to_owned)
        };
        list.iter().filter_map(part).collect::<Vec<_>>().join("\n")
    }

    /// Gives the columns of a row that are selected.
    pub(crate) fn columns_of(&self, row: &Row, source: &str) -> Vec<Range<usize>> {
        let Some(seq) = row.seq else { return Vec::new() };
        let selected = self.bytes_of(seq, source.len());
        let overlaps = row.shown.iter().filter_map(|shown| {
            let (start, end) = (shown.bytes.start.max(selected.start), shown.bytes.end.min(selected.end));
            if start >= end {
                return None;
            }
            if !shown.is_exact {
                return Some(shown.columns.clone());
            }
            let before = columns_of(source.get(shown.bytes.start..start)?);
            let inside = columns_of(source.get(start..end)?);
            Some(shown.columns.start + before..shown.columns.start + before + inside)
        });
        overlaps.collect()
    }
}

/// Gives the bytes of the character at a column of a row; none where the row shows no text.
pub(crate) fn bytes_at(row: &Row, source: &str, column: usize) -> Option<(usize, usize)> {
    for shown in &row.shown {
        if column < shown.columns.start {
            return Some((shown.bytes.start, shown.bytes.start));
        }
        if column >= shown.columns.end {
            continue;
        }
        if !shown.is_exact {
            return Some((shown.bytes.start, shown.bytes.end));
        }
        let mut at = shown.columns.start;
        for (byte, grapheme) in source.get(shown.bytes.clone())?.grapheme_indices(true) {
            at += columns_of(grapheme);
            if column < at {
                let start = shown.bytes.start + byte;
                return Some((start, start + grapheme.len()));
            }
        }
        return Some((shown.bytes.end, shown.bytes.end));
    }
    row.shown.last().map(|last| (last.bytes.end, last.bytes.end))
}
