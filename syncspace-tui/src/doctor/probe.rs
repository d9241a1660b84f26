//! Questions to the terminal, and what its answers mean.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use unicode_width::UnicodeWidthStr;

use crate::answers::{ASK_BACKGROUND, parse_colour};
use crate::app::look::Rgb;

/// Longest wait for the answers; every terminal gives the last one.
const ANSWER_WAIT: Duration = Duration::from_secs(2);
/// Most that is read of them, in bytes.
const ANSWER_BYTES_MAX: usize = 4_096;

/// Text of which terminals think differently.
pub(super) const DOUBTFUL: [(&str, &str); 8] = [
    ("family", "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}"),
    ("heart with VS16", "\u{2764}\u{fe0f}"),
    ("flag", "\u{1f1ef}\u{1f1f5}"),
    ("keycap", "1\u{fe0f}\u{20e3}"),
    ("skin tone", "\u{1f44d}\u{1f3fd}"),
    ("combining mark", "e\u{301}"),
    ("Thai vowel", "\u{e01}\u{e33}"),
    ("wide", "\u{65e5}"),
];

/// Modes that are asked for (DECRQM), with their names.
pub(super) const MODES: [(u16, &str); 3] =
    [(2004, "bracketed paste"), (1004, "focus reports"), (2026, "whole pictures")];

/// What the terminal answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Probed {
    pub(super) has_answered: bool,
    pub(super) background: Option<Rgb>,
    /// Whether it speaks the enhanced keyboard protocol.
    pub(super) has_keyboard: bool,
    /// Modes it told of, and whether it knows them.
    pub(super) modes: Vec<(u16, bool)>,
    pub(super) has_kitty_images: bool,
    pub(super) has_sixel: bool,
    /// Columns of the doubtful texts, as far as it said.
    pub(super) columns: Vec<usize>,
}

impl Probed {
    /// Tells whether it knows a mode; none where it did not say.
    pub(super) fn knows(&self, mode: u16) -> Option<bool> {
        self.modes.iter().find(|(told, _)| *told == mode).map(|(_, is_known)| *is_known)
    }

    /// Gives the texts that take other columns than they are drawn with: name, columns here, columns expected.
    pub(super) fn odd_widths(&self) -> Vec<(&'static str, usize, usize)> {
        let measured = DOUBTFUL.iter().zip(&self.columns);
        measured
            .map(|((name, text), &here)| (*name, here, text.width()))
            .filter(|(_, here, drawn)| here != drawn)
            .collect()
    }
}

/// Asks everything at once; none where there is no terminal.
pub(super) fn ask() -> Option<Probed> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return None;
    }
    enable_raw_mode().ok()?;
    let answers = exchange();
    let _raw = disable_raw_mode();
    Some(parse(&answers.ok()?))
}

fn exchange() -> io::Result<Vec<u8>> {
    let mut out = io::stdout().lock();
    let mut question = String::new();
    for (_, text) in DOUBTFUL {
        question.push_str(&format!("\r\x1b[K{text}\x1b[6n"));
    }
    question.push_str("\r\x1b[K\x1b[?u");
    question.push_str(ASK_BACKGROUND);
    for (mode, _) in MODES {
        question.push_str(&format!("\x1b[?{mode}$p"));
    }
    // A picture of one point that is only to be checked. What every terminal answers comes last.
    question.push_str("\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\r\x1b[K\x1b[c");
    out.write_all(question.as_bytes())?;
    out.flush()?;
    let (sender, bytes) = mpsc::channel();
    // Nobody can take a read back: the thread ends with the program.
    std::thread::spawn(move || {
        for byte in io::stdin().lock().bytes().map_while(Result::ok) {
            if sender.send(byte).is_err() {
                return;
            }
        }
    });
    let deadline = Instant::now() + ANSWER_WAIT;
    let mut answers = Vec::new();
    while !is_complete(&answers) && answers.len() < ANSWER_BYTES_MAX {
        let Ok(byte) = bytes.recv_timeout(deadline.saturating_duration_since(Instant::now())) else { break };
        answers.push(byte);
    }
    Ok(answers)
}

/// Tells whether the last answer is there: what the terminal is, `ESC [ ? … c`.
fn is_complete(answers: &[u8]) -> bool {
    controls(answers).iter().any(|(body, end)| *end == 'c' && body.starts_with('?'))
}

/// Gives the control sequences (`ESC [ … letter`) in bytes: body and last letter.
fn controls(bytes: &[u8]) -> Vec<(String, char)> {
    let text = String::from_utf8_lossy(bytes);
    let parts = text.split("\x1b[").skip(1);
    let control = |part: &str| {
        let end = part.find(|c: char| ('@'..='~').contains(&c))?;
        Some((part[..end].to_owned(), part[end..].chars().next()?))
    };
    parts.filter_map(control).collect()
}

fn parse(bytes: &[u8]) -> Probed {
    let mut probed = Probed::default();
    for (body, end) in controls(bytes) {
        match (end, body.strip_prefix('?')) {
            ('R', None) => {
                let column = body.split(';').nth(1).and_then(|column| column.parse::<usize>().ok());
                probed.columns.extend(column.map(|column| column.saturating_sub(1)));
            }
            ('u', Some(_)) => probed.has_keyboard = true,
            ('y', Some(rest)) => {
                let rest = rest.trim_end_matches('$');
                let told = rest.split_once(';').and_then(|(mode, value)| Some((mode.parse().ok()?, value)));
                probed.modes.extend(told.map(|(mode, value)| (mode, !matches!(value, "0" | "4"))));
            }
            ('c', Some(attributes)) => {
                probed.has_answered = true;
                probed.has_sixel = attributes.split(';').skip(1).any(|attribute| attribute == "4");
            }
            _ => {}
        }
    }
    let text = String::from_utf8_lossy(bytes);
    probed.has_kitty_images = text.contains("\x1b_Gi=31;OK");
    let colour = text.split_once("\x1b]").and_then(|(_, rest)| rest.split(['\x1b', '\x07']).next());
    probed.background = colour.and_then(parse_colour);
    probed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_a_capable_terminal_are_understood() {
        let widths: String = DOUBTFUL.iter().map(|(_, text)| format!("\x1b[5;{}R", text.width() + 1)).collect();
        let answers = format!(
            "{widths}\x1b[?1u\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?2004;2$y\x1b[?1004;1$y\x1b[?2026;2$y\
             \x1b_Gi=31;OK\x1b\\\x1b[?62;4;22c"
        );
        assert!(is_complete(answers.as_bytes()) && !is_complete(widths.as_bytes()));
        let probed = parse(answers.as_bytes());
        assert_eq!(probed.odd_widths(), []);
        let expected = Probed {
            has_answered: true,
            background: Some((30, 30, 46)),
            has_keyboard: true,
            modes: vec![(2004, true), (1004, true), (2026, true)],
            has_kitty_images: true,
            has_sixel: true,
            columns: probed.columns.clone(),
        };
        assert_eq!(probed, expected);
    }

    #[test]
    fn an_old_terminal_knows_little_and_counts_its_own_way() {
        let probed = parse(b"\x1b[1;7R\x1b[1;2R\x1b[?2004;0$y\x1b[?1;2c");
        assert_eq!(probed.odd_widths(), [("family", 6, 2), ("heart with VS16", 1, 2)]);
        assert!(probed.has_answered && !probed.has_keyboard && !probed.has_sixel);
        assert_eq!(probed.modes, [(2004, false)]);
    }

    proptest::proptest! {
        #[test]
        fn any_answer_can_be_read(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            parse(&bytes);
        }
    }
}
