//! A key as the table of actions writes it, and as people do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with what is held down beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) KeyModifiers, pub(crate) KeyCode);

const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const ALT: KeyModifiers = KeyModifiers::ALT;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

impl Key {
    /// Gives a key as the table writes it: terminals differ in whether they report Shift beside what it makes.
    pub(crate) fn of(event: KeyEvent) -> Self {
        let kept = event.modifiers & (CTRL | ALT | SHIFT);
        match event.code {
            KeyCode::Char(c) if kept.intersects(CTRL | ALT) => {
                Self(kept - SHIFT, KeyCode::Char(c.to_ascii_lowercase()))
            }
            KeyCode::Char(_) | KeyCode::BackTab => Self(kept - SHIFT, event.code),
            KeyCode::Tab if kept.contains(SHIFT) => Self(kept - SHIFT, KeyCode::BackTab),
            code => Self(kept, code),
        }
    }

    /// Tells whether the key types a character.
    pub(crate) const fn is_text(self) -> bool {
        self.0.is_empty() && matches!(self.1, KeyCode::Char(_))
    }

    /// Gives the key as people write it.
    pub(crate) fn label(self) -> String {
        let mut label = String::new();
        for (held, word) in [(CTRL, "Ctrl+"), (ALT, "Alt+"), (SHIFT, "Shift+")] {
            if self.0.contains(held) {
                label.push_str(word);
            }
        }
        match self.1 {
            KeyCode::Char(' ') => label.push_str("Space"),
            KeyCode::Char(c) if self.0.is_empty() => label.push(c),
            KeyCode::Char(c) => label.extend(c.to_uppercase()),
            KeyCode::F(number) => label.push_str(&format!("F{number}")),
            KeyCode::BackTab => label.push_str("Shift+Tab"),
            KeyCode::PageUp => label.push_str("PgUp"),
            KeyCode::PageDown => label.push_str("PgDn"),
            KeyCode::Delete => label.push_str("Del"),
            KeyCode::Up => label.push('↑'),
            KeyCode::Down => label.push('↓'),
            KeyCode::Right => label.push('→'),
            KeyCode::Left => label.push('←'),
            other => label.push_str(&format!("{other:?}")),
        }
        label
    }
}
