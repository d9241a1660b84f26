//! One line of typed text with a cursor, edited by graphemes.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use syncspace_protocol::text::clean_line;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Longest text of one line, in bytes: longer than any field's own limit.
const LINE_BYTES_MAX: usize = 4_096;

/// One line of typed text with a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LineInput {
    text: String,
    /// Byte offset of the cursor, always between two graphemes.
    cursor: usize,
    /// Whether what is typed next takes the place of the whole text.
    is_offered: bool,
}

impl LineInput {
    pub(crate) fn new(text: &str) -> Self {
        let text = clean_line(text).into_owned();
        Self { cursor: text.len(), text, is_offered: false }
    }

    /// Offers the text: it stays where nothing else is typed.
    pub(crate) const fn offer(&mut self) {
        self.is_offered = !self.text.is_empty();
    }

    pub(crate) const fn is_offered(&self) -> bool {
        self.is_offered
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Gives the text before the cursor.
    pub(crate) fn before_cursor(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// Inserts text as one line, cleaned, as far as it fits.
    pub(crate) fn insert(&mut self, text: &str) {
        if std::mem::take(&mut self.is_offered) {
            self.remove(0, self.text.len());
        }
        let clean = clean_line(text);
        for grapheme in clean.graphemes(true) {
            if self.text.len() + grapheme.len() > LINE_BYTES_MAX {
                return;
            }
            self.text.insert_str(self.cursor, grapheme);
            self.cursor += grapheme.len();
        }
    }

    /// Puts a text in place of so many bytes before the cursor.
    pub(crate) fn replace_before(&mut self, bytes: usize, text: &str) {
        self.is_offered = false;
        let start = self.cursor.saturating_sub(bytes);
        if self.text.is_char_boundary(start) {
            self.remove(start, self.cursor);
        }
        self.insert(text);
    }

    /// Edits by one key; tells whether the key means something here.
    pub(crate) fn press(&mut self, key: KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let is_text = matches!(key.code, KeyCode::Char(_)) && !ctrl && !alt;
        let was_offered = if is_text { false } else { std::mem::take(&mut self.is_offered) };
        match key.code {
            KeyCode::Backspace | KeyCode::Delete if was_offered => self.remove(0, self.text.len()),
            KeyCode::Char('a') if ctrl => self.cursor = 0,
            KeyCode::Char('e') if ctrl => self.cursor = self.text.len(),
            KeyCode::Char('b') if ctrl => self.cursor = self.left(),
            KeyCode::Char('f') if ctrl => self.cursor = self.right(),
            KeyCode::Char('h') if ctrl => self.remove(self.left(), self.cursor),
            KeyCode::Char('d') if ctrl => self.remove(self.cursor, self.right()),
            KeyCode::Char('u') if ctrl => self.remove(0, self.cursor),
            KeyCode::Char('k') if ctrl => self.remove(self.cursor, self.text.len()),
            KeyCode::Char('w') if ctrl => self.remove(self.word_left(), self.cursor),
            KeyCode::Backspace if alt || ctrl => self.remove(self.word_left(), self.cursor),
            KeyCode::Char(c) if !ctrl && !alt => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => self.remove(self.left(), self.cursor),
            KeyCode::Delete => self.remove(self.cursor, self.right()),
            KeyCode::Left if ctrl || alt => self.cursor = self.word_left(),
            KeyCode::Left => self.cursor = self.left(),
            KeyCode::Right => self.cursor = self.right(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }

    /// Gives the part of the line that fits into that many columns around the cursor, and the cursor's column in it.
    pub(crate) fn window(&self, columns: usize, mask: Option<char>) -> (String, usize) {
        let masked = |text: &str| match mask {
            Some(mask) => mask.to_string().repeat(text.graphemes(true).count()),
            None => text.to_owned(),
        };
        let (before, after) = (masked(self.before_cursor()), masked(&self.text[self.cursor..]));
        let mut start = 0;
        // One column stays free for the cursor behind the last character.
        while before[start..].width() >= columns.max(1) {
            let Some(first) = before[start..].graphemes(true).next() else { break };
            start += first.len();
        }
        (format!("{}{after}", &before[start..]), before[start..].width())
    }

    fn left(&self) -> usize {
        self.before_cursor().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        self.text[self.cursor..].graphemes(true).next().map_or(self.cursor, |next| self.cursor + next.len())
    }

    fn word_left(&self) -> usize {
        let before = self.before_cursor().trim_end();
        let blank = before.char_indices().rev().find(|(_, c)| c.is_whitespace());
        blank.map_or(0, |(at, blank)| at + blank.len_utf8())
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        // Removing can join what stood on both sides into one grapheme: the cursor stays between graphemes.
        self.cursor =
            self.text.grapheme_indices(true).map(|(at, _)| at).find(|&at| at >= from).unwrap_or(self.text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[(KeyCode, KeyModifiers)]) -> LineInput {
        let mut input = LineInput::new("one two");
        for &(code, modifiers) in keys {
            input.press(KeyEvent::new(code, modifiers));
        }
        input
    }

    #[track_caller]
    fn check(keys: &[(KeyCode, KeyModifiers)], text: &str, before: &str) {
        let input = typed(keys);
        assert_eq!((input.text(), input.before_cursor()), (text, before), "{keys:?}");
    }

    #[test]
    fn readline_keys_edit() {
        const NONE: KeyModifiers = KeyModifiers::NONE;
        const CTRL: KeyModifiers = KeyModifiers::CONTROL;
        check(&[(KeyCode::Char('!'), NONE)], "one two!", "one two!");
        check(&[(KeyCode::Char('w'), CTRL)], "one ", "one ");
        check(&[(KeyCode::Char('u'), CTRL)], "", "");
        check(&[(KeyCode::Home, NONE), (KeyCode::Char('k'), CTRL)], "", "");
        check(&[(KeyCode::Left, NONE), (KeyCode::Backspace, NONE)], "one to", "one t");
        check(&[(KeyCode::Char('a'), CTRL), (KeyCode::Delete, NONE)], "ne two", "");
    }

    #[test]
    fn pasted_lines_become_one_clean_line() {
        let mut input = LineInput::default();
        input.insert("a\nb\u{1b}[31mc");
        assert_eq!(input.text(), "a bc");
    }

    #[test]
    fn words_are_told_apart_by_blanks_of_any_size() {
        let mut input = LineInput::new("one\u{a0}two\u{3000}three");
        for before in ["one\u{a0}two\u{3000}", "one\u{a0}", ""] {
            input.press(KeyEvent::new(KeyCode::Left, KeyModifiers::ALT));
            assert_eq!(input.before_cursor(), before);
        }
    }

    #[test]
    fn the_window_follows_the_cursor() {
        let input = LineInput::new("abcdefghij");
        assert_eq!(input.window(5, None), ("ghij".to_owned(), 4));
        assert_eq!(input.window(20, Some('•')), ("••••••••••".to_owned(), 10));
        assert_eq!(input.window(0, None).1, 0);
    }
}
