//! What writes cells to the terminal: crossterm's backend, which is told where the cursor is more often.
//!
//! It takes it that a terminal moves on by one column for each cell that follows another. Terminals do not agree on the
//! width of emoji that are made of several characters. What stands behind one has its place written, and what it covers
//! is blank before it comes: nothing is a column off, and nothing of it is taken away again. Where it goes, all that it
//! covered is blank first: a terminal that draws a flag as two letters keeps the second one else.

use std::collections::HashMap;
use std::io::{self, Write};

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use unicode_width::UnicodeWidthStr;

/// Writes pictures to a terminal, each as one that the terminal shows at once; nothing for one that changes nothing.
pub(crate) struct Picture<W: Write> {
    inner: CrosstermBackend<W>,
    /// Whether a picture was begun and is not ended.
    is_begun: bool,
    /// Whether the cursor is shown, and where it is; none where that is not known.
    is_shown: Option<bool>,
    at: Option<Position>,
    /// What stands on the screen and may be several characters for the terminal, as blanks of its looks.
    covering: HashMap<(u16, u16), (u16, Cell)>,
}

impl<W: Write> Picture<W> {
    pub(crate) fn new(writer: W) -> Self {
        Self {
            inner: CrosstermBackend::new(writer),
            is_begun: false,
            is_shown: None,
            at: None,
            covering: HashMap::new(),
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_begun, true) {
            queue!(self.inner, BeginSynchronizedUpdate)?;
        }
        Ok(())
    }

    fn forget_cursor(&mut self) {
        (self.is_shown, self.at) = (None, None);
    }

    /// Draws a character on blanks: a terminal where it is narrower leaves nothing beside it.
    fn draw_doubtful(&mut self, x: u16, y: u16, cell: &Cell) -> io::Result<()> {
        let mut blank = cell.clone();
        blank.set_symbol(" ");
        let columns = columns_of(cell);
        if columns > 1 {
            self.inner.draw((x..x.saturating_add(columns)).map(|x| (x, y, &blank)))?;
            self.covering.insert((x, y), (columns, blank));
        }
        self.inner.draw(std::iter::once((x, y, cell)))
    }

    /// Draws blanks where doubtful characters stand that a cell takes the place of, or a part of it: of what they covered,
    /// not all is in the new picture's changes.
    fn uncover(&mut self, x: u16, y: u16, cell: &Cell) -> io::Result<()> {
        for x in x..x.saturating_add(columns_of(cell).max(1)) {
            if let Some((columns, blank)) = self.covering.remove(&(x, y)) {
                self.inner.draw((x..x.saturating_add(columns)).map(|x| (x, y, &blank)))?;
            }
        }
        Ok(())
    }
}

fn columns_of(cell: &Cell) -> u16 {
    u16::try_from(cell.symbol().width()).unwrap_or(1)
}

/// Tells whether terminals may draw it in other widths: what chooses its looks, joins, colours or pairs, and signs that
/// are emoji somewhere.
fn is_doubtful(symbol: &str) -> bool {
    // Nearly every cell; and links of our own, which have their width.
    if symbol.len() == 1 || symbol.starts_with('\x1b') {
        return false;
    }
    symbol.chars().any(|c| {
        matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{200d}' | '\u{20e3}')
            || matches!(c, '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}')
            || matches!(c, '\u{1f000}'..='\u{1faff}')
    })
}

impl<W: Write> Backend for Picture<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_some() {
            self.begin()?;
            self.at = None;
        }
        while let Some(&(x, y, cell)) = content.peek() {
            self.uncover(x, y, cell)?;
            if !is_doubtful(cell.symbol()) {
                let covering = &self.covering;
                let is_free = |x: u16, y: u16, cell: &Cell| {
                    let columns = x..x.saturating_add(columns_of(cell).max(1));
                    covering.is_empty() || !columns.into_iter().any(|x| covering.contains_key(&(x, y)))
                };
                let is_sure = |&(x, y, cell): &(u16, u16, &Cell)| !is_doubtful(cell.symbol()) && is_free(x, y, cell);
                self.inner.draw(std::iter::from_fn(|| content.next_if(is_sure)))?;
                continue;
            }
            self.draw_doubtful(x, y, cell)?;
            content.next();
            let covered = x.saturating_add(columns_of(cell).saturating_sub(1));
            // Written behind it, what it covers would take half of it away again.
            while content.next_if(|&(next, row, _)| row == y && (x..=covered).contains(&next)).is_some() {}
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.is_shown.replace(false) == Some(false) {
            return Ok(());
        }
        self.begin()?;
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.is_shown.replace(true) == Some(true) {
            return Ok(());
        }
        self.begin()?;
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.at.replace(position) == Some(position) {
            return Ok(());
        }
        self.begin()?;
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.forget_cursor();
        self.covering.clear();
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.forget_cursor();
        self.covering.clear();
        self.inner.clear_region(clear_type)
    }

    fn append_lines(&mut self, lines: u16) -> io::Result<()> {
        self.forget_cursor();
        self.inner.append_lines(lines)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    /// Ends the picture.
    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_begun) {
            queue!(self.inner, EndSynchronizedUpdate)?;
        }
        Backend::flush(&mut self.inner)
    }
}

impl<W: Write> Write for Picture<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::{Terminal, TerminalOptions, Viewport};

    use super::*;

    #[test]
    fn pain_6_behind_a_doubtful_character_the_place_is_written() {
        let cells: Vec<Cell> = ["\u{2764}\u{fe0f}", " ", "h", "\u{65e5}", "e\u{301}", "x"].map(Cell::new).to_vec();
        let columns = [0_u16, 1, 2, 3, 5, 6];
        let mut bytes = Vec::new();
        let mut picture = Picture::new(&mut bytes);
        picture.draw(columns.into_iter().zip(&cells).map(|(x, cell)| (x, 0, cell))).expect("to memory");
        let written = String::from_utf8(bytes).expect("UTF-8");
        let places: Vec<&str> = written.split("\x1b[").filter(|part| part.contains('H')).collect();
        let expected = ["1;1H  ", "1;1H\u{2764}\u{fe0f}", "1;3Hh\u{65e5}", "1;6He\u{301}x"];
        assert_eq!(places, expected, "{written:?}");
    }

    #[test]
    fn pain_6_a_flag_that_goes_leaves_no_half_of_itself() {
        let mut bytes = Vec::new();
        let mut terminal = Terminal::with_options(
            Picture::new(&mut bytes),
            TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 10, 1)) },
        )
        .expect("in memory");
        for text in ["a\u{1f1ef}\u{1f1f5}b", "ab b", "a\u{1f1ef}\u{1f1f5}b", "\u{1f1ef}\u{1f1f5} b"] {
            terminal.draw(|frame| frame.render_widget(text, frame.area())).expect("to memory");
        }
        drop(terminal);
        let written = String::from_utf8(bytes).expect("UTF-8");
        let places = |picture: usize| -> Vec<&str> {
            let picture = written.split("\x1b[?2026h").nth(picture).unwrap_or_default();
            picture.split("\x1b[").filter(|part| part.contains('H')).collect()
        };
        assert_eq!(places(2), ["1;2H  ", "1;2Hb"], "its second column is blank: {written:?}");
        let moved = ["1;2H  ", "1;1H  ", "1;1H\u{1f1ef}\u{1f1f5}"];
        assert_eq!(places(4), moved, "and where another one covers its first: {written:?}");
    }

    #[test]
    fn pain_15_a_picture_that_changes_nothing_writes_nothing() {
        let mut bytes = Vec::new();
        let mut terminal = Terminal::with_options(
            Picture::new(&mut bytes),
            TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 10, 2)) },
        )
        .expect("in memory");
        for (text, column) in [("one", 3), ("one", 3), ("one", 2), ("two", 2), ("two", 2)] {
            let picture = terminal.draw(|frame| {
                frame.render_widget(text, frame.area());
                frame.set_cursor_position((column, 0));
            });
            picture.expect("to memory");
        }
        drop(terminal);
        let pictures = String::from_utf8(bytes).expect("UTF-8");
        let (begun, ended) = (pictures.matches("\x1b[?2026h").count(), pictures.matches("\x1b[?2026l").count());
        assert_eq!((begun, ended), (3, 3), "{pictures:?}");
        assert!(pictures.ends_with("\x1b[?2026l"), "{pictures:?}");
        assert_eq!(pictures.matches("\x1b[?25h").count(), 1, "{pictures:?}");
    }
}
