//! The part of a message's text that shows what was found, in a few rows. Pure.

use std::ops::Range;

use syncspace_protocol::search::Highlight;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::app::markdown;
use crate::app::rows::Tone;
use crate::app::text;

/// Columns that are shown before what was found, where the text is longer than the rows.
const LEAD_COLUMNS: usize = 30;

/// A row of text with what each piece means.
pub(crate) type Spans = Vec<(Tone, String)>;

/// Gives the rows of a text as it was typed, at most so many; at least one.
pub(crate) fn rows(content: &str, found: &[Highlight], columns: usize, rows_max: usize) -> Vec<Spans> {
    fill_rows(&pieces(content, found), columns, rows_max)
}

/// Gives the rows of a text as it is read: its words, without the marks that make them look as they do.
pub(crate) fn read_rows(content: &str, found: &[Highlight], columns: usize, rows_max: usize) -> Vec<Spans> {
    let source = markdown::source_of(content);
    // Where something was to be cleaned the places of what was found are those of another text.
    let pieces = if source == content { read_pieces(&source, found) } else { pieces(content, found) };
    fill_rows(&pieces, columns, rows_max)
}

fn fill_rows(pieces: &[(bool, String)], columns: usize, rows_max: usize) -> Vec<Spans> {
    let letters: Vec<(bool, &str)> = pieces
        .iter()
        .flat_map(|(is_found, piece)| piece.graphemes(true).map(move |letter| (*is_found, letter)))
        .collect();
    let all: usize = letters.iter().map(|(_, letter)| letter.width()).sum();
    let begin = if all > columns * rows_max { begin(&letters) } else { 0 };
    // More than fills the rows is not looked at.
    let end = letters.len().min(begin + (rows_max + 1) * (columns + 1));
    let mut rows = fill(letters.get(begin..end).unwrap_or_default(), begin > 0, columns.max(1), rows_max.max(1));
    if rows.is_empty() {
        rows.push(Spans::new());
    }
    rows
}

/// Cuts the text where what was found begins and ends; each piece as one line, safe for the terminal.
fn pieces(content: &str, found: &[Highlight]) -> Vec<(bool, String)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for Highlight { start, end } in found {
        // A server's numbers are taken only where they fit the text.
        if let (Some(before), Some(hit)) = (content.get(at..*start), content.get(*start..*end)) {
            pieces.extend([(false, text::line(before)), (true, text::line(hit))]);
            at = *end;
        }
    }
    pieces.push((false, text::line(content.get(at..).unwrap_or_default())));
    pieces
}

/// Cuts the words of a text where what was found begins and ends.
fn read_pieces(source: &str, found: &[Highlight]) -> Vec<(bool, String)> {
    let mut pieces = Vec::new();
    for (at, line) in markdown::lines(source).into_iter().enumerate() {
        if at > 0 {
            pieces.push((false, " ".to_owned()));
        }
        for piece in line {
            let Range { start, end } = piece.source;
            let inside = found.iter().filter(|found| found.start < end && start < found.end);
            if piece.is_exact() {
                let inside = inside.map(|found| Highlight {
                    start: found.start.saturating_sub(start),
                    end: found.end.min(end).saturating_sub(start),
                });
                pieces.extend(self::pieces(&piece.text, &inside.collect::<Vec<_>>()));
            } else {
                pieces.push((inside.count() > 0, text::line(&piece.text)));
            }
        }
    }
    pieces
}

/// Gives where to begin so that the first of what was found is in sight, at the beginning of a word.
fn begin(letters: &[(bool, &str)]) -> usize {
    let first = letters.iter().position(|(is_found, _)| *is_found).unwrap_or(0);
    let mut columns = 0;
    let mut begin = first;
    while begin > 0 && columns < LEAD_COLUMNS {
        begin -= 1;
        columns += letters.get(begin).map_or(0, |(_, letter)| letter.width());
    }
    if begin == 0 {
        return 0;
    }
    let is_blank = |at: &usize| letters.get(*at).is_some_and(|(_, letter)| letter.trim().is_empty());
    (begin..first).find(is_blank).map_or(begin, |blank| blank + 1)
}

fn fill(letters: &[(bool, &str)], is_cut: bool, columns: usize, rows_max: usize) -> Vec<Spans> {
    let mut rows = vec![Spans::new()];
    let mut used = 0;
    if is_cut && columns > 2 {
        push(&mut rows, false, "… ");
        used = 2;
    }
    let mut rest: usize = letters.iter().map(|(_, letter)| letter.width()).sum();
    for (at, &(is_found, letter)) in letters.iter().enumerate() {
        let needed = rest;
        rest -= letter.width();
        // On the last row one column is left for the sign that there is more.
        let is_last_row = rows.len() == rows_max;
        if is_last_row && used + needed > columns && used + letter.width() + 1 > columns {
            push(&mut rows, false, "…");
            return rows;
        }
        if used + letter.width() > columns || (used > 0 && !is_last_row && breaks_before(letters, at, columns, used)) {
            rows.push(Spans::new());
            used = 0;
            if letter.trim().is_empty() {
                continue;
            }
        }
        push(&mut rows, is_found, letter);
        used += letter.width();
    }
    rows
}

/// Tells whether a word begins here that fits no more, and would fit the next row.
fn breaks_before(letters: &[(bool, &str)], at: usize, columns: usize, used: usize) -> bool {
    let is_blank = |letter: &(bool, &str)| letter.1.trim().is_empty();
    let begins = at > 0 && letters.get(at - 1).is_some_and(is_blank) && letters.get(at).is_some_and(|l| !is_blank(l));
    let word = letters.get(at..).unwrap_or_default().iter().take_while(|letter| !is_blank(letter));
    let width: usize = word.map(|(_, letter)| letter.width()).sum();
    begins && used + width > columns && width <= columns
}

fn push(rows: &mut [Spans], is_found: bool, letter: &str) {
    let tone = if is_found { Tone::Found } else { Tone::Body };
    let Some(row) = rows.last_mut() else { return };
    match row.last_mut() {
        Some((held, words)) if *held == tone => words.push_str(letter),
        _ => row.push((tone, letter.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_has_no_marks_and_keeps_what_was_found() {
        let content = "**Usage**: the [docs page](https://x.y/z) and `code`\nnext";
        let of = |words: &str| content.find(words).map(|at| (at, at + words.len())).expect("in it");
        let found = [of("Usage"), of("page"), of("code")].map(|(start, end)| Highlight { start, end });
        let rows = read_rows(content, &found, 80, 2);
        let words: String = rows.iter().flatten().map(|(_, words)| words.as_str()).collect();
        assert_eq!(words, "Usage: the docs page (https://x.y/z) and code next");
        let marked: Vec<&str> =
            rows.iter().flatten().filter(|(tone, _)| *tone == Tone::Found).map(|(_, words)| words.as_str()).collect();
        assert_eq!(marked, ["Usage", "page", "code"]);
    }

    /// Gives the rows as text, with what was found in brackets.
    fn shown(content: &str, found: &[(usize, usize)], columns: usize, rows_max: usize) -> Vec<String> {
        let found: Vec<Highlight> = found.iter().map(|&(start, end)| Highlight { start, end }).collect();
        rows(content, &found, columns, rows_max)
            .iter()
            .map(|row| {
                let word = |(tone, word): &(Tone, String)| {
                    if *tone == Tone::Found { format!("[{word}]") } else { word.clone() }
                };
                row.iter().map(word).collect()
            })
            .collect()
    }

    #[test]
    fn what_was_found_is_set_off() {
        assert_eq!(shown("the deploy failed", &[(4, 10)], 40, 2), ["the [deploy] failed"]);
        assert_eq!(shown("", &[], 40, 2), [""]);
        assert_eq!(shown("one\ntwo\u{1b}[31m red", &[(4, 7)], 40, 2), ["one [two] red"]);
    }

    #[test]
    fn long_texts_show_the_part_with_what_was_found() {
        let content = format!("{}the needle here {}", "word ".repeat(40), "more ".repeat(40));
        let at = content.find("needle").expect("there");
        let rows = shown(&content, &[(at, at + 6)], 40, 2);
        assert_eq!(rows.len(), 2);
        assert!(rows[0].contains("the [needle]") && rows[1].starts_with("here more"), "{rows:?}");
        assert!(rows[0].starts_with("… word") && rows[1].ends_with('…'), "{rows:?}");
    }

    #[test]
    fn rows_break_between_words_and_never_exceed_the_width() {
        assert_eq!(shown("alpha beta gamma", &[], 10, 3), ["alpha beta", "gamma"]);
        for columns in 3..14 {
            for row in rows("日本語 のログ and ❤️ wide", &[Highlight { start: 0, end: 9 }], columns, 3) {
                let width: usize = row.iter().map(|(_, word)| word.width()).sum();
                assert!(width <= columns, "{columns}: {row:?}");
            }
        }
    }

    #[test]
    fn numbers_that_do_not_fit_the_text_are_passed_over() {
        assert_eq!(shown("äb", &[(1, 2), (5, 9)], 10, 1), ["äb"]);
    }
}
