//! Pieces of text put into rows of a width, each with the bytes of the message that it shows.
//!
//! Knows no Markdown. What it gives is never wider than asked, and holds nothing that acts on a terminal.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::app::rows::Tone;
use crate::app::text;

/// Distance between tab stops, in columns.
const TAB_COLUMNS: usize = 4;

/// Some text of one tone, and the bytes of the message that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) tone: Tone,
    pub(crate) text: String,
    pub(crate) source: Range<usize>,
    /// The link that it shows, by its place among the links of the message.
    pub(crate) link: Option<usize>,
}

/// Where some columns of a row come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Columns of the row's text.
    pub(crate) columns: Range<usize>,
    /// Bytes of the message.
    pub(crate) bytes: Range<usize>,
    /// Whether each byte stands for itself, so that a column inside has a byte of its own.
    pub(crate) is_exact: bool,
    pub(crate) link: Option<usize>,
}

/// One row of a message's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BodyRow {
    pub(crate) spans: Vec<(Tone, String)>,
    pub(crate) shown: Vec<Shown>,
}

impl Piece {
    pub(crate) fn new(tone: Tone, text: impl Into<String>, source: Range<usize>) -> Self {
        Self { tone, text: text.into(), source, link: None }
    }

    /// Makes a piece that stands for nothing in the message: bars, bullets.
    pub(crate) fn sign(tone: Tone, text: impl Into<String>) -> Self {
        Self::new(tone, text, 0..0)
    }

    /// Tells whether each byte of the text is the byte of the source at the same place.
    pub(crate) fn is_exact(&self) -> bool {
        self.text.len() == self.source.len()
    }

    /// Gives a part of it, by bytes of its text.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        let source = if self.is_exact() {
            self.source.start + range.start..self.source.start + range.end
        } else {
            self.source.clone()
        };
        Self { tone: self.tone, text: self.text[range].to_owned(), source, link: self.link }
    }
}

/// Gives the columns that some text takes where each of its characters is drawn for itself, as the screen does.
pub(crate) fn columns_of(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// Puts blanks in place of tabs, up to the next stop from the beginning of the line on.
pub(crate) fn expand_tabs(line: Vec<Piece>) -> Vec<Piece> {
    if line.iter().all(|piece| !piece.text.contains('\t')) {
        return line;
    }
    let (mut expanded, mut column) = (Vec::new(), 0);
    for piece in line {
        let mut from = 0;
        for (at, _) in piece.text.match_indices('\t') {
            let before = piece.part(from..at);
            column += columns_of(&before.text);
            expanded.push(before);
            let blanks = TAB_COLUMNS - column % TAB_COLUMNS;
            expanded.push(Piece { text: " ".repeat(blanks), ..piece.part(at..at + 1) });
            column += blanks;
            from = at + 1;
        }
        let rest = piece.part(from..piece.text.len());
        column += columns_of(&rest.text);
        expanded.push(rest);
    }
    expanded.retain(|piece| !piece.text.is_empty());
    expanded
}

/// A word of a piece on its way into a row.
struct Word {
    piece: Piece,
    columns: usize,
    is_blank: bool,
}

/// Wraps a line at blanks where there are some, inside a word where it alone is wider than a row.
pub(crate) fn wrap(line: Vec<Piece>, columns: usize) -> Vec<Vec<Piece>> {
    let columns = columns.max(1);
    let mut rows: Vec<Vec<Word>> = vec![Vec::new()];
    let mut used = 0;
    for word in expand_tabs(line).iter().flat_map(|piece| words(piece, columns)) {
        if used + word.columns > columns && used > 0 {
            let mut next = Vec::new();
            used = 0;
            // The blank at which a row is broken belongs to neither row.
            if !word.is_blank {
                if let Some(row) = rows.last_mut() {
                    next = take_attached(row, &word, columns);
                }
                used = next.iter().map(|word| word.columns).sum::<usize>() + word.columns;
                next.push(word);
            }
            rows.push(next);
            continue;
        }
        used += word.columns;
        if let Some(row) = rows.last_mut() {
            row.push(word);
        }
    }
    rows.into_iter().map(joined).collect()
}

/// Cuts a line hard at the width: code keeps its blanks.
pub(crate) fn cut(line: Vec<Piece>, columns: usize) -> Vec<Vec<Piece>> {
    let columns = columns.max(1);
    let mut rows: Vec<Vec<Word>> = vec![Vec::new()];
    let mut used = 0;
    for piece in expand_tabs(line) {
        for (at, grapheme) in piece.text.grapheme_indices(true) {
            let word = fitted(piece.part(at..at + grapheme.len()), columns);
            if used + word.columns > columns && used > 0 {
                rows.push(Vec::new());
                used = 0;
            }
            used += word.columns;
            if let Some(row) = rows.last_mut() {
                row.push(word);
            }
        }
    }
    rows.into_iter().map(|words| merged(words.into_iter().map(|word| word.piece))).collect()
}

/// Takes what stands right before a word without a blank off the row above: `(` before `word`, `https` before `:`.
fn take_attached(row: &mut Vec<Word>, word: &Word, columns: usize) -> Vec<Word> {
    let Some(blank) = row.iter().rposition(|word| word.is_blank) else { return Vec::new() };
    let tail: usize = row[blank + 1..].iter().map(|word| word.columns).sum();
    let is_head_blank = row[..blank].iter().all(|word| word.is_blank);
    if tail == 0 || is_head_blank || tail + word.columns > columns {
        return Vec::new();
    }
    row.split_off(blank + 1)
}

fn words(piece: &Piece, columns: usize) -> Vec<Word> {
    let mut words = Vec::new();
    for (at, word) in piece.text.split_word_bound_indices() {
        let width = columns_of(word);
        if width <= columns {
            let is_blank = word.trim().is_empty();
            words.push(Word { piece: piece.part(at..at + word.len()), columns: width, is_blank });
            continue;
        }
        let (mut start, mut used) = (0, 0);
        for (inside, grapheme) in word.grapheme_indices(true) {
            let width = columns_of(grapheme);
            if used + width > columns && inside > start {
                words.push(fitted(piece.part(at + start..at + inside), columns));
                (start, used) = (inside, 0);
            }
            used += width;
        }
        words.push(fitted(piece.part(at + start..at + word.len()), columns));
    }
    words
}

/// Makes a word of a part; an ellipsis stands for a character that alone is wider than a row.
fn fitted(piece: Piece, columns: usize) -> Word {
    let width = columns_of(&piece.text);
    let is_blank = piece.text.trim().is_empty();
    if width <= columns {
        return Word { piece, columns: width, is_blank };
    }
    Word { piece: Piece { text: "…".to_owned(), ..piece }, columns: 1, is_blank: false }
}

fn joined(mut words: Vec<Word>) -> Vec<Piece> {
    while words.last().is_some_and(|word| word.is_blank) {
        words.pop();
    }
    merged(words.into_iter().map(|word| word.piece))
}

/// Puts pieces together that were cut apart.
fn merged(pieces: impl Iterator<Item = Piece>) -> Vec<Piece> {
    let mut merged: Vec<Piece> = Vec::new();
    for piece in pieces {
        match merged.last_mut() {
            Some(last)
                if (last.tone, last.link) == (piece.tone, piece.link)
                    && last.is_exact()
                    && piece.is_exact()
                    && last.source.end == piece.source.start
                    && is_as_wide(&last.text, &piece.text) =>
            {
                last.text.push_str(&piece.text);
                last.source.end = piece.source.end;
            }
            _ => merged.push(piece),
        }
    }
    merged
}

/// Tells whether two texts are as wide together as each for itself: a sign at the beginning of one can change the other.
fn is_as_wide(left: &str, right: &str) -> bool {
    right.starts_with(|c: char| c.is_ascii())
        || columns_of(&format!("{left}{right}")) == columns_of(left) + columns_of(right)
}

/// Makes a row of pieces.
pub(crate) fn row(pieces: Vec<Piece>) -> BodyRow {
    let mut row = BodyRow::default();
    let mut column = 0;
    for piece in pieces {
        let end = column + columns_of(&piece.text);
        if !piece.source.is_empty() {
            let is_exact = piece.is_exact();
            row.shown.push(Shown { columns: column..end, bytes: piece.source, is_exact, link: piece.link });
        }
        column = end;
        // Never put together: what two of them would make as one could be wider than both.
        row.spans.push((piece.tone, piece.text));
    }
    row
}

/// Cleans text that a parser made, as an entity can stand for any character.
pub(crate) fn clean(text: &str) -> String {
    text::line(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, columns: usize, rows: &[&str]) {
        let piece = Piece::new(Tone::Body, text, 0..text.len());
        let wrapped: Vec<String> = wrap(vec![piece], columns)
            .into_iter()
            .map(|row| row.iter().map(|piece| piece.text.as_str()).collect())
            .collect();
        assert_eq!(wrapped, rows, "{text:?} in {columns}");
    }

    #[test]
    fn wraps_at_blanks_and_inside_long_words() {
        check("the quick brown fox", 10, &["the quick", "brown fox"]);
        check("abcdefghij klm", 4, &["abcd", "efgh", "ij", "klm"]);
        check("hello (world)", 8, &["hello", "(world)"]);
        check("", 10, &[""]);
    }

    #[test]
    fn what_is_too_wide_for_a_row_is_said_to_be_there() {
        check("a日本", 1, &["a", "…", "…"]);
        check("a日本語", 4, &["a日", "本語"]);
    }

    #[test]
    fn columns_know_their_bytes() {
        let line = "\tgo 日本";
        let rows = wrap(vec![Piece::new(Tone::Body, line, 0..line.len())], 8);
        let rows: Vec<BodyRow> = rows.into_iter().map(row).collect();
        let bytes: Vec<_> = rows[0].shown.iter().map(|shown| (shown.columns.clone(), shown.bytes.clone())).collect();
        assert_eq!(bytes, [(0..4, 0..1), (4..6, 1..3)]);
        assert_eq!(rows[1].shown[0].bytes, 4..10);
    }
}
