//! Tells a paste from typing where the terminal does not say which it is.
//!
//! Keys that come at once are held for a moment. Lines among them, with text before and after a line end, were pasted:
//! nobody types that fast. They become one paste, which sends nothing and runs no command. Everything else is given on as
//! the keys it was, so a single key never waits.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tokio::time::{Duration, Instant};

/// Keys that came at once are held until none came for this long.
const SILENCE: Duration = Duration::from_millis(25);
/// Most keys that are held: more than a draft takes.
const KEYS_MAX: usize = 400_000;

/// What became of held keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    Keys(Vec<KeyEvent>),
    Paste(String),
}

/// Keys that are held.
#[derive(Debug, Default)]
pub(crate) struct PasteGuard {
    held: Vec<KeyEvent>,
    last_at: Option<Instant>,
}

impl PasteGuard {
    /// Holds a key.
    pub(crate) fn hold(&mut self, key: KeyEvent, at: Instant) {
        self.held.push(key);
        self.last_at = Some(at);
    }

    pub(crate) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Gives when it is to be decided what the held keys were; none where there are none.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let wait = if self.held.len() < KEYS_MAX { SILENCE } else { Duration::ZERO };
        self.last_at.filter(|_| self.is_holding()).map(|at| at + wait)
    }

    /// Decides what the held keys were.
    pub(crate) fn end(&mut self) -> Given {
        self.last_at = None;
        let held = std::mem::take(&mut self.held);
        if is_paste(&held) {
            // What is neither text nor a line end came with it as a control character: no paste has a key in it.
            Given::Paste(held.iter().filter_map(text_of).collect())
        } else {
            Given::Keys(held)
        }
    }
}

/// Tells whether a line end stands among keys with text on both sides.
fn is_paste(keys: &[KeyEvent]) -> bool {
    let is_text = |key: &KeyEvent| text_of(key).is_some_and(|c| c != '\n');
    let is_end = |key: &KeyEvent| text_of(key) == Some('\n');
    let before = keys.iter().position(is_text);
    let after = keys.iter().rposition(is_text);
    before.zip(after).is_some_and(|(before, after)| keys[before..after].iter().any(is_end))
}

/// Gives the character that a key types. A terminal in raw mode gives a line feed as Ctrl+J.
fn text_of(key: &KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char('j') if key.modifiers == KeyModifiers::CONTROL => Some('\n'),
        KeyCode::Char(c) if (key.modifiers - KeyModifiers::SHIFT).is_empty() => Some(c),
        KeyCode::Enter if key.modifiers.is_empty() => Some('\n'),
        KeyCode::Tab if key.modifiers.is_empty() => Some('\t'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(c: char) -> KeyEvent {
        match c {
            '\r' => KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE),
            '\n' => KeyEvent::new(KeyCode::Char('j'), KeyModifiers::CONTROL),
            '\t' => KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE),
            '\u{1}' => KeyEvent::new(KeyCode::Char('a'), KeyModifiers::CONTROL),
            c if c.is_uppercase() => KeyEvent::new(KeyCode::Char(c), KeyModifiers::SHIFT),
            c => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
        }
    }

    fn given(typed: &str) -> Given {
        let mut guard = PasteGuard::default();
        typed.chars().for_each(|c| guard.hold(key(c), Instant::now()));
        guard.end()
    }

    #[test]
    fn pain_4_lines_that_come_at_once_are_a_paste() {
        for (typed, text) in [
            ("one\rtwo\r", "one\ntwo\n"),
            ("fn X() {\r\ty\r}", "fn X() {\n\ty\n}"),
            ("a\nb", "a\nb"),
            ("\r\rd\rq", "\n\nd\nq"),
            ("a\u{1}\rb", "a\nb"),
        ] {
            assert_eq!(given(typed), Given::Paste(text.to_owned()), "{typed:?}");
        }
    }

    #[test]
    fn a_line_that_is_typed_fast_is_typed() {
        for typed in ["hello\r", "hello", "\r", "\rhello", "\u{1}\r"] {
            assert!(matches!(given(typed), Given::Keys(keys) if keys.len() == typed.chars().count()), "{typed:?}");
        }
    }

    #[test]
    fn keys_are_held_for_a_moment_only() {
        let mut guard = PasteGuard::default();
        assert_eq!(guard.deadline(), None);
        let at = Instant::now();
        guard.hold(key('a'), at);
        assert_eq!(guard.deadline(), Some(at + SILENCE));
        guard.end();
        assert_eq!(guard.deadline(), None);
    }
}
