//! Where a message is typed: several lines, readline keys, one undo history per draft.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_textarea::{CursorMove, TextArea, WrapMode};
use serde::{Deserialize, Serialize};
use syncspace_protocol::text::clean_text;
use syncspace_protocol::{ChannelId, Seq};

use super::text;

/// Longest draft, in bytes: room for more than the server takes, so that a pasted file is seen and can be cut.
pub(crate) const DRAFT_BYTES_MAX: usize = 256 * 1024;
/// Texts that were replaced as a whole and can be brought back.
const REPLACED_MAX: usize = 4;

/// Bytes that fill a column, even where a character has many marks.
const COLUMN_BYTES: usize = 32;

/// What a draft is for. Each has its own text, so that no text can follow the person into another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum DraftKey {
    Channel(ChannelId),
    Thread(ChannelId, Seq),
    Edit(ChannelId, Seq),
    /// The channel that is on its way to be opened.
    Arriving,
}

impl DraftKey {
    /// Gives the channel that it is for; none of one that is not known yet.
    pub(crate) const fn channel_id(self) -> Option<ChannelId> {
        match self {
            Self::Channel(channel_id) | Self::Thread(channel_id, _) | Self::Edit(channel_id, _) => Some(channel_id),
            Self::Arriving => None,
        }
    }
}

/// The text of one draft.
#[derive(Debug, Clone)]
pub(crate) struct Composer {
    area: TextArea<'static>,
    /// What was replaced as a whole, with its own history: undo goes on there once nothing is left to undo since.
    replaced: Vec<TextArea<'static>>,
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
        Self { area, replaced: Vec::new() }
    }

    /// Makes a composer with the cursor at a line and a character of it.
    pub(crate) fn with_cursor(content: &str, cursor: (usize, usize)) -> Self {
        let mut composer = Self::with_text(content);
        let place = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        composer.area.move_cursor(CursorMove::Jump(place(cursor.0), place(cursor.1)));
        composer
    }

    /// Gives the line of the cursor, and the character in it.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.area.lines()
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

    /// Gives the number of the cursor's line, and the text of it before the cursor.
    pub(crate) fn before_cursor(&self) -> (usize, &str) {
        let cursor = self.area.cursor();
        let line = self.area.lines().get(cursor.0).map(String::as_str).unwrap_or_default();
        let end = line.char_indices().nth(cursor.1).map_or(line.len(), |(at, _)| at);
        (cursor.0, &line[..end])
    }

    /// Puts text in place of so many characters before the cursor.
    pub(crate) fn replace_before(&mut self, chars: usize, text: &str) {
        self.area.start_selection();
        for _ in 0..chars {
            self.area.move_cursor(CursorMove::Back);
        }
        self.paste(text);
        self.area.cancel_selection();
    }

    /// Counts its lines.
    pub(crate) fn line_count(&self) -> usize {
        self.area.lines().len()
    }

    pub(crate) fn new_line(&mut self) {
        self.area.insert_newline();
    }

    /// Puts another text in its place, which one undo takes back. Gives how many bytes had no room.
    pub(crate) fn replace(&mut self, text: &str) -> usize {
        let (kept, left_out) = fitting(text, DRAFT_BYTES_MAX);
        if self.replaced.len() >= REPLACED_MAX {
            self.replaced.remove(0);
        }
        self.replaced.push(std::mem::replace(&mut self.area, Self::with_text(kept).area));
        left_out
    }

    /// Inserts pasted text as one block. Gives how many bytes had no room.
    pub(crate) fn paste(&mut self, pasted: &str) -> usize {
        let clean = clean_text(pasted);
        let room = DRAFT_BYTES_MAX.saturating_sub(self.area.lines().iter().map(|line| line.len() + 1).sum());
        let (kept, left_out) = fitting(&clean, room);
        self.area.insert_str(kept);
        left_out
    }

    fn undo(&mut self) -> bool {
        if self.area.undo() {
            return true;
        }
        let Some(before) = self.replaced.pop() else { return false };
        self.area = before;
        true
    }

    /// Edits by one key; tells whether the text changed.
    pub(crate) fn press(&mut self, key: KeyEvent) -> bool {
        let ctrl = key.modifiers == KeyModifiers::CONTROL;
        match key.code {
            // The widget has its own ideas of these; readline's are in people's fingers.
            KeyCode::Char('u') if ctrl => self.area.delete_line_by_head(),
            KeyCode::Char('z') if ctrl => self.undo(),
            KeyCode::Char('y') if ctrl => self.area.paste(),
            KeyCode::Char('c' | 'x' | 'v' | 'r' | 'm' | 'j') if ctrl => false,
            KeyCode::Left | KeyCode::Right if key.modifiers == KeyModifiers::ALT => {
                let is_left = key.code == KeyCode::Left;
                self.area.move_cursor(if is_left { CursorMove::WordBack } else { CursorMove::WordForward });
                false
            }
            KeyCode::Enter | KeyCode::Tab | KeyCode::BackTab | KeyCode::Esc => false,
            KeyCode::Char(c) if c.is_control() => false,
            _ => self.area.input(key),
        }
    }

    /// Gives the number of rows the text takes in that many columns, counted up to a number.
    pub(crate) fn rows(&self, columns: usize, rows_max: usize) -> usize {
        let mut rows = 0;
        for line in self.area.lines() {
            if rows >= rows_max {
                break;
            }
            // This is asked with every key: what lies behind the rows that count is not laid out.
            let mut end = line.len().min((rows_max - rows).saturating_mul(columns).saturating_mul(COLUMN_BYTES));
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            rows += text::block(&line[..end], columns).len();
        }
        rows.min(rows_max)
    }
}

/// Gives as much of a text as so many bytes hold, and how many bytes that leaves out.
fn fitting(text: &str, bytes: usize) -> (&str, usize) {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_one_clean_block() {
        let mut composer = Composer::default();
        composer.paste("one\r\ntwo\u{1b}[31m\nthree");
        assert_eq!(composer.text(), "one\ntwo\nthree");
        assert_eq!(composer.rows(40, 10), 3);
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
    fn rows_are_counted_as_far_as_they_matter() {
        for content in ["x".repeat(DRAFT_BYTES_MAX), "日\n".repeat(10_000), "👩‍👩‍👧 ".repeat(1_000)] {
            let composer = Composer::with_text(&content);
            assert_eq!(composer.rows(40, 8), 8);
        }
        let composer = Composer::with_text(&format!("{}\n\nend", "日".repeat(30)));
        assert_eq!((composer.rows(40, 8), composer.rows(40, 3)), (4, 3));
    }

    #[test]
    fn a_paste_that_is_far_too_long_is_cut() {
        let mut composer = Composer::default();
        assert_eq!(composer.paste(&"é".repeat(DRAFT_BYTES_MAX)), DRAFT_BYTES_MAX + 2);
        assert!(composer.text().len() <= DRAFT_BYTES_MAX);
    }

    #[test]
    fn what_was_replaced_comes_back_in_one_step() {
        let undo = KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL);
        let mut composer = Composer::default();
        composer.paste("typed");
        composer.replace("from\nthe editor");
        composer.paste(" and more");
        let mut texts = Vec::new();
        while composer.press(undo) {
            texts.push(composer.text());
        }
        assert_eq!(texts, ["from\nthe editor", "typed", ""]);
    }
}
