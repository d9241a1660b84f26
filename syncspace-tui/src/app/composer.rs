//! Where a message is typed: several lines, readline keys, one undo history per draft.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_textarea::{CursorMove, TextArea, WrapMode};
use syncspace_protocol::text::clean_text;
use syncspace_protocol::{ChannelId, Seq};

use super::text;

/// Longest draft, in bytes: room for more than the server takes, so that a pasted file is seen and can be cut.
const DRAFT_BYTES_MAX: usize = 256 * 1024;

/// What a draft is for. Each has its own text, so that no text can follow the person into another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DraftKey {
    Channel(ChannelId),
    Thread(ChannelId, Seq),
    Edit(ChannelId, Seq),
    /// The channel that is on its way to be opened.
    Arriving,
}

/// The text of one draft.
#[derive(Debug, Clone)]
pub(crate) struct Composer {
    area: TextArea<'static>,
}

impl Default for Composer {
    fn default() -> Self {
        Self::with_text("")
    }
}

impl Composer {
    pub(crate) fn with_text(content: &str) -> Self {
        let mut area = TextArea::new(clean_text(content).split('\n').map(str::to_owned).collect());
        area.set_wrap_mode(WrapMode::WordOrGlyph);
        area.set_cursor_line_style(ratatui::style::Style::default());
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area }
    }

    pub(crate) const fn area(&self) -> &TextArea<'static> {
        &self.area
    }

    pub(crate) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Tells whether there is nothing to send in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.area.lines().iter().all(|line| line.trim().is_empty())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Tells whether something stands right of the cursor in its line.
    pub(crate) fn has_text_right(&self) -> bool {
        let cursor = self.area.cursor();
        self.area.lines().get(cursor.0).is_some_and(|line| line.chars().count() > cursor.1)
    }

    pub(crate) fn new_line(&mut self) {
        self.area.insert_newline();
    }

    /// Inserts pasted text as one block.
    pub(crate) fn paste(&mut self, pasted: &str) {
        let clean = clean_text(pasted);
        let room = DRAFT_BYTES_MAX.saturating_sub(self.area.lines().iter().map(|line| line.len() + 1).sum());
        let mut end = clean.len().min(room);
        while !clean.is_char_boundary(end) {
            end -= 1;
        }
        self.area.insert_str(&clean[..end]);
    }

    /// Edits by one key; tells whether the text changed.
    pub(crate) fn press(&mut self, key: KeyEvent) -> bool {
        let ctrl = key.modifiers == KeyModifiers::CONTROL;
        match key.code {
            // The widget has its own ideas of these; readline's are in people's fingers.
            KeyCode::Char('u') if ctrl => self.area.delete_line_by_head(),
            KeyCode::Char('z') if ctrl => self.area.undo(),
            KeyCode::Char('y') if ctrl => self.area.paste(),
            KeyCode::Char('c' | 'x' | 'v' | 'r' | 'm' | 'j') if ctrl => false,
            KeyCode::Enter | KeyCode::Tab | KeyCode::BackTab | KeyCode::Esc => false,
            KeyCode::Char(c) if c.is_control() => false,
            _ => self.area.input(key),
        }
    }

    /// Gives the number of rows the text takes in that many columns.
    pub(crate) fn rows(&self, columns: usize) -> usize {
        self.area.lines().iter().map(|line| text::block(line, columns).len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_one_clean_block() {
        let mut composer = Composer::default();
        composer.paste("one\r\ntwo\u{1b}[31m\nthree");
        assert_eq!(composer.text(), "one\ntwo\nthree");
        assert_eq!(composer.rows(40), 3);
    }

    #[test]
    fn readline_keys_edit() {
        let mut composer = Composer::with_text("one two");
        assert!(!composer.has_text_right());
        composer.press(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        assert_eq!(composer.text(), "one ");
        composer.press(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert!(composer.is_empty());
        composer.press(KeyEvent::new(KeyCode::Char('y'), KeyModifiers::CONTROL));
        assert_eq!(composer.text(), "one ");
    }

    #[test]
    fn a_paste_that_is_far_too_long_is_cut() {
        let mut composer = Composer::default();
        composer.paste(&"é".repeat(DRAFT_BYTES_MAX));
        assert!(composer.text().len() <= DRAFT_BYTES_MAX);
    }
}
