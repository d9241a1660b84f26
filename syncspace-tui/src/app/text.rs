//! Text from others on its way to the screen: cleaned, tabs expanded, wrapped, measured.
//!
//! Everything that a person or a server wrote passes through [`block`] or [`line()`] before it is drawn. Widgets drop
//! single control characters, but would show the rest of an escape sequence and let bidirectional overrides through.

use syncspace_protocol::text::{clean_line, clean_text};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Distance between tab stops, in columns.
const TAB_COLUMNS: usize = 4;

/// Gives text of one line, safe for the terminal.
pub(crate) fn line(text: &str) -> String {
    clean_line(text).into_owned()
}

/// Gives text of several lines, safe for the terminal, wrapped to a width.
pub(crate) fn block(text: &str, columns: usize) -> Vec<String> {
    clean_text(text).split('\n').flat_map(|line| wrap_line(&expand_tabs(line), columns.max(1))).collect()
}

/// Gives as much of a text as fits into that many columns; an ellipsis ends what was cut.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        if used + grapheme.width() + 1 > columns {
            break;
        }
        used += grapheme.width();
        kept.push_str(grapheme);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

fn expand_tabs(line: &str) -> String {
    if !line.contains('\t') {
        return line.to_owned();
    }
    let mut expanded = String::with_capacity(line.len() + TAB_COLUMNS);
    let mut column = 0;
    for grapheme in line.graphemes(true) {
        if grapheme == "\t" {
            let spaces = TAB_COLUMNS - column % TAB_COLUMNS;
            expanded.extend(std::iter::repeat_n(' ', spaces));
            column += spaces;
        } else {
            expanded.push_str(grapheme);
            column += grapheme.width();
        }
    }
    expanded
}

/// Wraps at blanks where there are some, inside a word where it alone is wider than a row.
fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = String::new();
    let mut used = 0;
    for word in line.split_word_bounds().flat_map(|word| split_wide(word, columns)) {
        let width = word.width();
        if used + width > columns && used > 0 {
            rows.push(std::mem::take(&mut row));
            used = 0;
            // The blank at which a row was broken belongs to neither row.
            if word.trim().is_empty() {
                continue;
            }
            carry_attached(&mut rows, &mut row, &mut used, word, columns);
        }
        row.push_str(word);
        used += width;
    }
    rows.push(row);
    rows.iter_mut().for_each(|row| row.truncate(row.trim_end().len()));
    rows
}

/// Moves what stands right before a word without a blank down with it: `(` before `word`, `https` before `:`.
fn carry_attached(rows: &mut [String], row: &mut String, used: &mut usize, word: &str, columns: usize) {
    let Some(above) = rows.last_mut() else { return };
    let Some((at, blank)) = above.char_indices().rev().find(|(_, c)| c.is_whitespace()) else { return };
    let tail = above[at + blank.len_utf8()..].to_owned();
    let head_is_blank = above[..at].trim().is_empty();
    if tail.is_empty() || head_is_blank || tail.width() + word.width() > columns {
        return;
    }
    above.truncate(at);
    *used = tail.width();
    *row = tail;
}

fn split_wide(word: &str, columns: usize) -> Vec<&str> {
    if word.width() <= columns {
        return vec![word];
    }
    let mut parts = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, grapheme) in word.grapheme_indices(true) {
        if used + grapheme.width() > columns && at > start {
            parts.push(&word[start..at]);
            (start, used) = (at, 0);
        }
        used += grapheme.width();
    }
    parts.push(&word[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, columns: usize, rows: &[&str]) {
        assert_eq!(block(text, columns), rows, "{text:?} in {columns}");
    }

    #[test]
    fn wraps_at_blanks_and_inside_long_words() {
        check("the quick brown fox", 10, &["the quick", "brown fox"]);
        check("abcdefghij klm", 4, &["abcd", "efgh", "ij", "klm"]);
        check("", 10, &[""]);
        check("one\n\ntwo", 10, &["one", "", "two"]);
    }

    #[test]
    fn keeps_punctuation_with_its_word() {
        check("hello (world)", 8, &["hello", "(world)"]);
        check("say foo.bar", 8, &["say", "foo.bar"]);
    }

    #[test]
    fn wraps_before_a_wide_character() {
        check("a日本語", 4, &["a日", "本語"]);
        check("日本", 1, &["日", "本"]);
    }

    #[test]
    fn indentation_and_tabs_are_kept() {
        check("    if x {\n\treturn\n a\tb", 20, &["    if x {", "    return", " a  b"]);
    }

    #[test]
    fn sequences_do_not_pass() {
        check("a\u{1b}[31mred\u{9b}2J\u{202e}x", 20, &["aredx"]);
        assert_eq!(line("a\nb\u{1b}]0;title\u{7}c"), "a bc");
    }

    #[test]
    fn cutting_leaves_an_ellipsis() {
        assert_eq!(cut("general", 7), "general");
        assert_eq!(cut("general", 4), "gen…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("x", 0), "");
    }

    proptest::proptest! {
        #[test]
        fn no_row_is_wider_than_asked(text in ".{0,200}", columns in 2usize..40) {
            for row in block(&text, columns) {
                proptest::prop_assert!(row.width() <= columns, "{row:?}");
            }
        }
    }
}
