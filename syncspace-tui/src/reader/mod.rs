//! The chat for a screen reader: lines one below another, and one line at the bottom in which one types.
//!
//! No pictures, boxes, colours or spinners. Built on the same state and the same events as the picture: [`narrate`] finds
//! out what changed and says it, [`mod@line`] is the line at the bottom, and this writes both.

mod line;
mod narrate;

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::app::State;
use crate::app::text;

use narrate::Narrator;

/// What was written so far.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    narrator: Narrator,
    /// The line at the bottom, and the column of its cursor.
    shown: (String, usize),
}

impl Reader {
    /// Says what changed, and shows the line at the bottom.
    pub(crate) fn draw(&mut self, out: &mut impl Write, state: &State) -> io::Result<()> {
        let said = self.narrator.narrate(state);
        let line = line::of(state);
        out.write_all(self.change(&said, line).as_bytes())?;
        out.flush()
    }

    /// Says one line that is not of the state.
    pub(crate) fn say(&mut self, out: &mut impl Write, words: &str) -> io::Result<()> {
        let shown = self.shown.clone();
        out.write_all(self.change(&[text::line(words)], shown).as_bytes())?;
        out.flush()
    }

    /// Forgets the line at the bottom: somebody else may have written there.
    pub(crate) fn forget(&mut self) {
        self.shown = (String::new(), 0);
    }

    /// Gives what is to be written. The line at the bottom is written as far as it changed: a reader that reads what is
    /// written reads what was typed, not all of it again.
    fn change(&mut self, said: &[String], line: (String, usize)) -> String {
        if said.is_empty() && line == self.shown {
            return String::new();
        }
        let at_end = |(text, cursor): &(String, usize)| text.width() == *cursor;
        let written = match line.0.strip_prefix(self.shown.0.as_str()) {
            Some(typed) if said.is_empty() && at_end(&self.shown) && at_end(&line) && !self.shown.0.is_empty() => {
                typed.to_owned()
            }
            _ => {
                let lines: String = said.iter().map(|line| format!("{line}\r\n")).collect();
                let back = line.0.width().saturating_sub(line.1);
                let back = if back == 0 { String::new() } else { format!("\x1b[{back}D") };
                format!("\r\x1b[K{lines}{}{back}", line.0)
            }
        };
        self.shown = line;
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_end(text: &str) -> (String, usize) {
        (text.to_owned(), text.width())
    }

    #[test]
    fn what_is_typed_is_written_once() {
        let mut reader = Reader::default();
        assert_eq!(reader.change(&[], at_end("to #general> ")), "\r\x1b[Kto #general> ");
        assert_eq!(reader.change(&[], at_end("to #general> h")), "h");
        assert_eq!(reader.change(&[], at_end("to #general> h")), "");
        assert_eq!(reader.change(&[], at_end("to #general> ")), "\r\x1b[Kto #general> ");
        let said = ["bob: hi".to_owned()];
        assert_eq!(reader.change(&said, at_end("to #general> ")), "\r\x1b[Kbob: hi\r\nto #general> ");
        assert_eq!(reader.change(&[], ("to #general> ".to_owned(), 3)), "\r\x1b[Kto #general> \x1b[10D");
    }
}
