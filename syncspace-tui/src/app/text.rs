//! Text from others on its way to the screen: cleaned, tabs expanded, wrapped, measured.
//!
//! Everything that a person or a server wrote passes through [`block`] or [`line()`] before it is drawn. Widgets drop
//! single control characters, but would show the rest of an escape sequence and let bidirectional overrides through.

use std::ops::Range;

use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::text::{clean_line, clean_text};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::markdown;

/// Schemes of addresses that become links of the terminal.
const LINKED_SCHEMES: [&str; 3] = ["https", "http", "syncspace"];
/// Longest target of a link, in bytes: some terminals take no longer ones.
const LINK_BYTES_MAX: usize = 2_000;
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

/// Gives text as it may leave the program: for a clipboard, a file, another program.
pub(crate) fn copyable(text: &str) -> String {
    clean_text(text).into_owned()
}

/// Gives the characters of an emoji where every terminal draws them two columns wide, else its name.
pub(crate) fn emoji(emoji: &Emoji) -> String {
    sure_glyph(emoji).map_or_else(|| format!(":{emoji}:"), str::to_owned)
}

/// Gives the characters of an emoji where every terminal draws them two columns wide.
fn sure_glyph(emoji: &Emoji) -> Option<&'static str> {
    // What is made of several characters is drawn in as many widths as there are terminals.
    emoji.glyph().filter(|glyph| glyph.chars().count() == 1 && glyph.width() == 2)
}

/// Finds the short names of emoji in a text, such as `:tada:`, with what is drawn for each.
///
/// Those that terminals draw in different widths are left out, and what stands inside a word or a number: `10:30:45`.
pub(crate) fn short_names(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let is_apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != ':' && c != '_');
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(':').map(|at| from + at) {
        from = start + 1;
        let name = text[from..].split(':').next().unwrap_or_default();
        let end = from + name.len() + 1;
        let is_closed = end <= text.len();
        if !is_closed || !is_apart(text[..start].chars().next_back()) || !is_apart(text[end..].chars().next()) {
            continue;
        }
        if let Some(glyph) = name.parse().ok().as_ref().and_then(sure_glyph) {
            found.push((start..end, glyph));
            from = end;
        }
    }
    found
}

/// Gives an address as the target of a link of the terminal (OSC 8); none where it is no address that opens in a browser,
/// or one of a message.
///
/// What it gives is printable ASCII without blanks: nothing in it can end the sequence or steer the terminal.
pub(crate) fn link_target(address: &str) -> Option<String> {
    let scheme = address.split_once("://")?.0;
    if !LINKED_SCHEMES.iter().any(|linked| linked.eq_ignore_ascii_case(scheme)) {
        return None;
    }
    let mut target = String::with_capacity(address.len());
    for byte in address.bytes() {
        match byte {
            b'!'..=b'~' => target.push(char::from(byte)),
            // Other characters are written as their bytes (RFC 3986); controls and blanks are in no address.
            0x80.. => target.push_str(&format!("%{byte:02X}")),
            _ => return None,
        }
    }
    (target.len() <= LINK_BYTES_MAX).then_some(target)
}

/// Gives the first line of a message as it is read; where it has no words, the names of its files.
pub(crate) fn gist(message: &Message) -> String {
    match message.content.lines().next() {
        Some(first) if message.message_type == MessageType::Code => line(first),
        Some(first) => words(first).unwrap_or_else(|| words(&message.content).unwrap_or_else(|| line(first))),
        None => files(message),
    }
}

/// Gives the first words of a text without the marks that make them look as they do.
fn words(content: &str) -> Option<String> {
    let lines = markdown::lines(&markdown::source_of(content));
    let lines = lines.iter().map(|pieces| pieces.iter().map(|piece| piece.text.as_str()).collect::<String>());
    lines.map(|text| line(&text)).find(|text| !text.trim().is_empty())
}

/// Gives the names of a message's files, as a line.
pub(crate) fn files(message: &Message) -> String {
    let names: Vec<String> = message.files.iter().map(|file| line(&file.name)).collect();
    if names.is_empty() { String::new() } else { format!("▤ {}", names.join(", ")) }
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
    fn short_names_of_sure_width_are_found() {
        let found = |text: &str| -> Vec<String> {
            short_names(text).into_iter().map(|(range, glyph)| format!("{}={glyph}", &text[range])).collect()
        };
        assert_eq!(found("well :tada: and (:rocket:)"), [":tada:=🎉", ":rocket:=🚀"]);
        // A heart, a flag: terminals do not agree on their width.
        assert_eq!(found(":heart: :jp: :no_such_emoji: :tada :"), Vec::<String>::new());
        assert_eq!(found("10:30:45 std::io::on a:on:b :on:e ::on:: :"), Vec::<String>::new());
    }

    #[test]
    fn only_addresses_become_targets_of_links() {
        let check =
            |address: &str, target: Option<&str>| assert_eq!(link_target(address).as_deref(), target, "{address:?}");
        check("https://example.org/a;b?q=1#x", Some("https://example.org/a;b?q=1#x"));
        check("HTTP://example.org", Some("HTTP://example.org"));
        check("syncspace://1/3/42", Some("syncspace://1/3/42"));
        check("https://example.org/ä", Some("https://example.org/%C3%A4"));
        check("https://e\u{9c}x", Some("https://e%C2%9Cx"));
        for wrong in
            ["javascript:alert(1)", "file:///etc/passwd", "mailto:a@b.example", "https://a b", "https://a\u{1b}\\", "x"]
        {
            check(wrong, None);
        }
        check(&format!("https://{}", "a".repeat(LINK_BYTES_MAX)), None);
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
