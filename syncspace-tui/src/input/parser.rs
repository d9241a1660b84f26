//! Tells events apart in the bytes that a terminal sends.
//!
//! Pure: bytes and times in, events out. What one sequence means says the crate `terminput`; here stands where each
//! begins and ends, above all where its end is lost on the way: nothing may keep later keys waiting.

use std::collections::VecDeque;

use crossterm::event::{Event as TermEvent, KeyCode, KeyEvent, KeyModifiers};
use terminput_crossterm::to_crossterm;
use tokio::time::{Duration, Instant};

const ESC: u8 = 0x1b;
const PASTE_BEGIN: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";
/// A paste of which no byte came for so long has ended: its end mark is lost.
const PASTE_SILENCE: Duration = Duration::from_secs(1);
/// Esc is a key when nothing follows in this time.
const ESC_WAIT: Duration = Duration::from_millis(25);
/// The rest of a sequence or a character that does not come in this time is lost.
const SEQUENCE_WAIT: Duration = Duration::from_millis(250);
/// Longest sequence, in bytes; none that means something is nearly as long.
const SEQUENCE_BYTES_MAX: usize = 256;
/// Longest paste that is one event, in bytes; a longer one goes on as another.
const PASTE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What goes on after an Esc that came alone, as networks cut anywhere. Other keys with Alt come in one piece with it.
const GOES_ON: &[u8] = b"[O]\\";

/// Bytes on their way to events.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    /// The beginning of a sequence or of a character.
    begun: Vec<u8>,
    /// What was pasted so far.
    paste: Option<Vec<u8>>,
    /// Whether the end of the last paste was not seen: it may still come.
    is_end_due: bool,
    last_at: Option<Instant>,
    events: VecDeque<TermEvent>,
}

impl Parser {
    /// Takes bytes that were read at once.
    pub(crate) fn take(&mut self, bytes: &[u8], at: Instant) {
        self.last_at = Some(at);
        if self.is_end_due && self.paste.is_none() && ends_paste(bytes) {
            self.begun.clear();
            self.paste = Some(Vec::new());
        }
        let mut bytes = bytes;
        if self.begun == [ESC] && bytes.first().is_some_and(|byte| !GOES_ON.contains(byte) && *byte != ESC) {
            self.begun.clear();
            self.push_key(KeyCode::Esc, KeyModifiers::NONE);
        }
        while let Some((&byte, rest)) = bytes.split_first() {
            bytes = rest;
            if self.paste.is_some() { self.take_pasted(byte) } else { self.take_byte(byte) }
        }
    }

    /// Gives the next event.
    pub(crate) fn next_event(&mut self) -> Option<TermEvent> {
        self.events.pop_front()
    }

    /// Gives when [`Self::end_wait`] is due, unless bytes come before; none where nothing has begun.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let wait = match (&self.paste, self.begun.as_slice()) {
            (Some(_), _) => PASTE_SILENCE,
            (None, []) => return None,
            (None, [ESC]) => ESC_WAIT,
            (None, _) => SEQUENCE_WAIT,
        };
        self.last_at.map(|at| at + wait)
    }

    /// Ends what has begun: no more bytes came.
    pub(crate) fn end_wait(&mut self) {
        if let Some(mut pasted) = self.paste.take() {
            // The end mark may have been lost in its middle.
            let begun = (1..PASTE_END.len()).rev().find(|&length| pasted.ends_with(&PASTE_END[..length]));
            pasted.truncate(pasted.len() - begun.unwrap_or(0));
            self.push_paste(&pasted);
            self.is_end_due = true;
            return;
        }
        match *std::mem::take(&mut self.begun).as_slice() {
            [ESC] => self.push_key(KeyCode::Esc, KeyModifiers::NONE),
            [ESC, key @ (b'[' | b'O')] => {
                let shift = if key == b'O' { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
                self.push_key(KeyCode::Char(char::from(key)), KeyModifiers::ALT | shift);
            }
            _ => {}
        }
    }

    fn take_byte(&mut self, byte: u8) {
        if byte == ESC && !self.begun.is_empty() {
            // What has begun lost its end; of two Esc, the first is a key.
            if self.begun == [ESC] {
                self.push_key(KeyCode::Esc, KeyModifiers::NONE);
            }
            self.begun.clear();
        }
        self.begun.push(byte);
        if self.begun == [ESC] {
            return;
        }
        if self.begun == PASTE_BEGIN {
            self.begun.clear();
            self.is_end_due = false;
            self.paste = Some(Vec::new());
            return;
        }
        match event_of(&self.begun) {
            Understood::Event(event) => {
                self.events.push_back(event);
                self.begun.clear();
            }
            Understood::Begun if self.begun.len() < SEQUENCE_BYTES_MAX => {}
            Understood::Begun => self.begun.clear(),
            Understood::Nothing => {
                let is_new = byte.is_ascii() && self.begun.len() > 1 && !self.begun[0].is_ascii();
                self.begun.clear();
                // A character that lost its end takes no key with it.
                if is_new {
                    self.take_byte(byte);
                }
            }
        }
    }

    fn take_pasted(&mut self, byte: u8) {
        let Some(pasted) = &mut self.paste else { return };
        pasted.push(byte);
        if pasted.ends_with(PASTE_END) {
            let text = self.paste.take().unwrap_or_default();
            self.is_end_due = false;
            self.push_paste(&text[..text.len() - PASTE_END.len()]);
        } else if pasted.len() >= PASTE_BYTES_MAX && byte.is_ascii() && byte != ESC {
            let text = std::mem::take(pasted);
            self.push_paste(&text);
        }
    }

    fn push_paste(&mut self, pasted: &[u8]) {
        let text = String::from_utf8_lossy(&without_reports(pasted)).into_owned();
        if !text.is_empty() {
            self.events.push_back(TermEvent::Paste(text));
        }
    }

    fn push_key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.events.push_back(TermEvent::Key(KeyEvent::new(code, modifiers)));
    }
}

enum Understood {
    Event(TermEvent),
    /// More is needed.
    Begun,
    Nothing,
}

fn event_of(bytes: &[u8]) -> Understood {
    if is_outside(bytes) {
        return Understood::Nothing;
    }
    match terminput::Event::parse_from(bytes) {
        Ok(Some(event)) => to_crossterm(event).map_or(Understood::Nothing, Understood::Event),
        Ok(None) => Understood::Begun,
        Err(_) => Understood::Nothing,
    }
}

/// Tells whether a mouse report names a place that no screen has: the parser counts them from one, and subtracts.
fn is_outside(bytes: &[u8]) -> bool {
    match bytes {
        [ESC, b'[', b'M', _, column, row] => *column <= 32 || *row <= 32,
        [ESC, b'[', body @ .., b'M' | b'm'] => {
            body.split(|byte| *byte == b';').skip(1).any(|number| number.iter().all(|digit| *digit == b'0'))
        }
        _ => false,
    }
}

/// Tells whether these bytes hold the end of a paste whose beginning they do not hold.
fn ends_paste(bytes: &[u8]) -> bool {
    let find = |mark: &[u8]| bytes.windows(mark.len()).position(|part| part == mark);
    find(PASTE_END).is_some_and(|end| find(PASTE_BEGIN).is_none_or(|begin| begin > end))
}

/// Leaves out what the terminal said of the mouse and the focus while the paste came.
fn without_reports(pasted: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(pasted.len());
    let mut rest = pasted;
    while let Some(&byte) = rest.first() {
        let length = if byte == ESC { report_length(rest) } else { 0 };
        if length == 0 {
            kept.push(byte);
        }
        rest = &rest[length.max(1)..];
    }
    kept
}

/// Gives the bytes of the report that these bytes begin with; zero where it is none.
fn report_length(bytes: &[u8]) -> usize {
    match bytes {
        [ESC, b'[', b'I' | b'O', ..] => 3,
        [ESC, b'[', b'<', rest @ ..] => {
            let numbers = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
            if matches!(rest.get(numbers), Some(b'M' | b'm')) { numbers + 4 } else { 0 }
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the events of reads; `None` stands for a wait that is over.
    fn events(reads: &[Option<&str>]) -> Vec<String> {
        let mut parser = Parser::default();
        let at = Instant::now();
        for read in reads {
            match read {
                Some(bytes) => parser.take(bytes.as_bytes(), at),
                None => {
                    assert!(parser.deadline().is_some(), "something is waited for");
                    parser.end_wait();
                }
            }
        }
        std::iter::from_fn(|| parser.next_event()).map(|event| name(&event)).collect()
    }

    fn name(event: &TermEvent) -> String {
        match event {
            TermEvent::Key(key) => {
                let code = match key.code {
                    KeyCode::Char(c) => c.to_string(),
                    code => format!("{code:?}"),
                };
                let with = |modifier, name| if key.modifiers.contains(modifier) { name } else { "" };
                let (alt, ctrl) = (with(KeyModifiers::ALT, "alt+"), with(KeyModifiers::CONTROL, "ctrl+"));
                format!("{alt}{ctrl}{}{code}", with(KeyModifiers::SHIFT, "shift+"))
            }
            TermEvent::Paste(text) => format!("paste {text:?}"),
            TermEvent::Mouse(mouse) => format!("{:?} at {},{}", mouse.kind, mouse.column, mouse.row),
            event => format!("{event:?}"),
        }
    }

    #[track_caller]
    fn check(reads: &[Option<&str>], expected: &[&str]) {
        assert_eq!(events(reads), expected, "{reads:?}");
    }

    #[test]
    fn pain_4_a_paste_without_an_end_ends_by_silence() {
        check(&[Some("\x1b[200~one\ntwo"), None, Some("x")], &["paste \"one\\ntwo\"", "x"]);
        check(&[Some("\x1b[200~one\x1b[20"), None, Some("x")], &["paste \"one\"", "x"]);
        // What comes late was pasted too.
        check(&[Some("\x1b[200~one"), None, Some("rm x\r\x1b[201~y")], &["paste \"one\"", "paste \"rm x\\r\"", "y"]);
        check(&[Some("\x1b[200~one"), None, Some("\x1b[201~"), Some("y")], &["paste \"one\"", "y"]);
        let mut parser = Parser::default();
        let at = Instant::now();
        parser.take(b"\x1b[200~one", at);
        assert_eq!(parser.deadline(), Some(at + Duration::from_secs(1)));
    }

    #[test]
    fn a_paste_is_one_event_however_it_is_cut() {
        let typed = "a\x1b[200~eins\u{2713}\nzwei\x1b[201~b";
        for cut in 0..=typed.len() {
            let mut parser = Parser::default();
            let (first, rest) = typed.as_bytes().split_at(cut);
            [first, rest].into_iter().for_each(|read| parser.take(read, Instant::now()));
            let events: Vec<String> = std::iter::from_fn(|| parser.next_event()).map(|event| name(&event)).collect();
            assert_eq!(events, ["a", "paste \"eins\u{2713}\\nzwei\"", "b"], "cut at {cut}");
        }
    }

    #[test]
    fn reports_of_the_mouse_and_the_focus_join_no_paste() {
        let pasted = "\x1b[200~one\x1b[<35;10;4M\x1b[Itwo\x1b[<0;1;1m\x1b[O\x1b[201~";
        check(&[Some(pasted)], &["paste \"onetwo\""]);
        check(&[Some("\x1b[200~\x1b[31mred\x1b[<x\x1b[201~")], &["paste \"\\u{1b}[31mred\\u{1b}[<x\""]);
    }

    #[test]
    fn esc_is_a_key_and_the_start_of_one() {
        check(&[Some("\x1b"), None], &["Esc"]);
        check(&[Some("\x1b\x1b"), None], &["Esc", "Esc"]);
        check(&[Some("\x1b"), Some("i")], &["Esc", "i"]);
        check(&[Some("\x1bi")], &["alt+i"]);
        check(&[Some("\x1b"), Some("[A")], &["Up"]);
        check(&[Some("\x1b\x1b[A")], &["Esc", "Up"]);
        check(&[Some("\x1b["), None], &["alt+["]);
        check(&[Some("\x1bO"), None, Some("\x1bOP")], &["alt+shift+O", "F(1)"]);
    }

    #[test]
    fn a_lost_byte_costs_one_key() {
        check(&[Some("\x1b[1\x1b[A")], &["Up"]);
        check(&[Some("\x1b[<0;3"), None, Some("x")], &["x"]);
        check(&[Some("\x1b[200\x1b[B")], &["Down"]);
        let mut parser = Parser::default();
        parser.take(b"\xe2\x9cx\xffy", Instant::now());
        assert_eq!(std::iter::from_fn(|| parser.next_event()).map(|event| name(&event)).collect::<String>(), "xy");
    }

    #[test]
    fn keys_of_every_kind_are_understood() {
        check(
            &[Some("\r\n\t\x7f\x01\u{e4}A")],
            &["Enter", "ctrl+j", "Tab", "Backspace", "ctrl+a", "\u{e4}", "shift+A"],
        );
        check(&[Some("\x1b[Z\x1b[5~\x1b[3~\x1b[15~")], &["shift+BackTab", "PageUp", "Delete", "F(5)"]);
        // Enhanced: Shift+Enter, Ctrl+I, Esc, Ctrl+Up.
        check(&[Some("\x1b[13;2u\x1b[105;5u\x1b[27u\x1b[1;5A")], &["shift+Enter", "ctrl+i", "Esc", "ctrl+Up"]);
        check(&[Some("\x1b[I\x1b[O")], &["FocusGained", "FocusLost"]);
        check(
            &[Some("\x1b[<0;10;4M\x1b[<0;10;4m\x1b[<64;1;1M")],
            &["Down(Left) at 9,3", "Up(Left) at 9,3", "ScrollUp at 0,0"],
        );
        // The answer to a question comes as keys.
        check(&[Some("\x1b]11;\x1b\\")], &["alt+]", "1", "1", ";", "alt+\\"]);
        check(&[Some("\x1b[<0;0;0M\x1b[M   \x1b[0;0;0Mx")], &["x"]);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_can_be_read_and_keys_work_afterwards(
            reads in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40), 0..6)
        ) {
            let mut parser = Parser::default();
            for read in &reads {
                parser.take(read, Instant::now());
            }
            while parser.deadline().is_some() {
                parser.end_wait();
            }
            while parser.next_event().is_some() {}
            parser.take(b"x", Instant::now());
            let last = std::iter::from_fn(|| parser.next_event()).last();
            proptest::prop_assert_eq!(last.map(|event| name(&event)), Some("x".to_owned()));
        }
    }
}
