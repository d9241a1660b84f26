//! What the terminal answers to a question, picked out of what is typed.
//!
//! The question is asked after the first picture and nobody waits for the answer. It comes as keys, because the input
//! parser does not know it: Alt+], its text, and Alt+\ or Ctrl+G at its end. What only looks like it goes on as typed.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tokio::time::Instant;

use crate::app::look::Rgb;

/// Asks for the background colour (OSC 11 of xterm).
pub(crate) const ASK_BACKGROUND: &str = "\x1b]11;?\x1b\\";
/// A later answer would change the colours under somebody's eyes.
const ANSWER_WAIT: Duration = Duration::from_millis(50);
/// Later than this nothing is taken for an answer, and what is typed goes on at once.
const LISTEN_FOR: Duration = Duration::from_secs(3);
const BEGINNING: &str = "11;rgb:";
/// Longest answer: four digits of each channel.
const ANSWER_CHARS_MAX: usize = BEGINNING.len() + 14;

/// Picks answers out of events.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    asked_at: Option<Instant>,
    /// What may be the beginning of an answer.
    held: Vec<Event>,
    text: String,
}

impl Answers {
    pub(crate) fn ask(&mut self, now: Instant) {
        self.asked_at = Some(now);
    }

    /// Takes an event; gives those that are no answer, and the background if this was the last of one in time.
    pub(crate) fn take(&mut self, event: Event, now: Instant) -> (Vec<Event>, Option<Rgb>) {
        let Some(asked_at) = self.asked_at.filter(|at| now < *at + LISTEN_FOR) else {
            self.asked_at = None;
            return (self.release(event), None);
        };
        let Event::Key(KeyEvent { code: KeyCode::Char(c), modifiers, .. }) = event else {
            return (self.release(event), None);
        };
        let (is_alt, is_ctrl) = (modifiers.contains(KeyModifiers::ALT), modifiers.contains(KeyModifiers::CONTROL));
        if self.held.is_empty() {
            if is_alt && c == ']' {
                self.held.push(event);
                return (Vec::new(), None);
            }
            return (vec![event], None);
        }
        if (is_alt && c == '\\') || (is_ctrl && c == 'g') {
            let Some(rgb) = parse_colour(&self.text) else { return (self.release(event), None) };
            self.held.clear();
            self.text.clear();
            self.asked_at = None;
            return (Vec::new(), (now <= asked_at + ANSWER_WAIT).then_some(rgb));
        }
        self.text.push(c);
        if is_alt || is_ctrl || !may_be_answer(&self.text) {
            return (self.release(event), None);
        }
        self.held.push(event);
        (Vec::new(), None)
    }

    fn release(&mut self, event: Event) -> Vec<Event> {
        self.text.clear();
        let mut released = std::mem::take(&mut self.held);
        released.push(event);
        released
    }
}

fn may_be_answer(text: &str) -> bool {
    let colour = |c: char| c.is_ascii_hexdigit() || c == '/';
    match text.strip_prefix(BEGINNING) {
        Some(rest) => text.len() <= ANSWER_CHARS_MAX && rest.chars().all(colour),
        None => BEGINNING.starts_with(text),
    }
}

/// Reads `11;rgb:1e1e/1e1e/2e2e`, with one to four digits per channel.
pub(crate) fn parse_colour(text: &str) -> Option<Rgb> {
    let channel = |digits: &str| {
        let value = u32::from_str_radix(digits, 16).ok()?;
        let largest = 16_u32.checked_pow(u32::try_from(digits.len()).ok()?)?.checked_sub(1)?;
        u8::try_from((value * 255).checked_div(largest)?).ok()
    };
    let mut channels = text.strip_prefix(BEGINNING)?.split('/');
    let rgb = (channel(channels.next()?)?, channel(channels.next()?)?, channel(channels.next()?)?);
    channels.next().is_none().then_some(rgb)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(c: char, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers))
    }

    /// Plays `text` as keys, with `^` for Alt+] and `$` for Alt+\, and gives what went on and what was understood.
    fn play(text: &str, after: Duration) -> (String, Option<Rgb>) {
        let asked = Instant::now();
        let mut answers = Answers::default();
        answers.ask(asked);
        let (mut passed, mut understood) = (String::new(), None);
        for c in text.chars() {
            let event = match c {
                '^' => key(']', KeyModifiers::ALT),
                '$' => key('\\', KeyModifiers::ALT),
                'G' => key('g', KeyModifiers::CONTROL),
                c => key(c, KeyModifiers::NONE),
            };
            let (events, rgb) = answers.take(event, asked + after);
            passed.extend(events.iter().map(|event| match event {
                Event::Key(KeyEvent { code: KeyCode::Char(']'), modifiers: KeyModifiers::ALT, .. }) => '^',
                Event::Key(KeyEvent { code: KeyCode::Char('\\'), modifiers: KeyModifiers::ALT, .. }) => '$',
                Event::Key(KeyEvent { code: KeyCode::Char('g'), modifiers: KeyModifiers::CONTROL, .. }) => 'G',
                Event::Key(KeyEvent { code: KeyCode::Char(c), .. }) => *c,
                other => panic!("{other:?}"),
            }));
            understood = understood.or(rgb);
        }
        (passed, understood)
    }

    const SOON: Duration = Duration::from_millis(20);

    #[test]
    fn an_answer_is_understood_and_not_typed() {
        assert_eq!(play("a^11;rgb:1e1e/ffff/0000$b", SOON), ("ab".to_owned(), Some((30, 255, 0))));
        assert_eq!(play("^11;rgb:f/0/8G", SOON), (String::new(), Some((255, 0, 136))));
    }

    #[test]
    fn a_late_answer_is_neither_typed_nor_followed() {
        assert_eq!(play("^11;rgb:1e1e/1e1e/2e2e$b", Duration::from_millis(51)), ("b".to_owned(), None));
    }

    #[test]
    fn what_only_looks_like_it_is_typed() {
        for typed in ["^x", "^11;rgx", "^11;rgb:12345/67890/12345/123", "^11;rgb:$", "^$", "^^"] {
            let (passed, understood) = play(&format!("{typed}zz"), SOON);
            assert_eq!((passed.as_str(), understood), (format!("{typed}zz").as_str(), None), "{typed}");
        }
        assert_eq!(play("^11", LISTEN_FOR), ("^11".to_owned(), None), "nobody listens any more");
    }
}
