//! A program in a terminal of its own: types like a person, and reads the screen like one.
//!
//! Waiting means waiting for something to stand on the screen, never for time to pass. What does not come in time fails
//! the test with the whole screen.

#![expect(clippy::panic, reason = "a wait that is over fails the test, with the screen")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Rows of the terminal.
pub const ROWS: u16 = 36;
/// Columns of the terminal.
pub const COLUMNS: u16 = 120;
/// Longest wait for something to appear. Generous: the machine may be busy with other tests.
const SCREEN_WAIT: Duration = Duration::from_secs(40);

/// A key with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Return.
    Enter,
    /// Tabulator.
    Tab,
    /// Tabulator together with the shift key.
    BackTab,
    /// Escape.
    Escape,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Erases to the left.
    Backspace,
    /// A letter together with the control key.
    Control(char),
    /// A character together with the alt key.
    Alt(char),
}

/// A running program with its screen. Dropping it ends the program.
pub struct Terminal {
    name: String,
    display: Arc<Display>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

/// What the program has written, as a screen.
struct Display {
    state: Mutex<DisplayState>,
    changed: Condvar,
}

struct DisplayState {
    parser: vt100::Parser,
    /// Everything that was written, as it came.
    written: Vec<u8>,
    is_closed: bool,
}

impl Display {
    fn lock(&self) -> MutexGuard<'_, DisplayState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Terminal {
    /// Starts a program. `name` tells it apart from others in failures.
    ///
    /// The program sees only the given environment, `PATH`, and a plain 256-colour terminal.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    #[must_use]
    pub fn start(name: &str, program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap_or_else(|error| panic!("{name}: no terminal: {error:#}"));
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (variable, value) in environment {
            command.env(variable, value);
        }
        let child = pair
            .slave
            .spawn_command(command)
            .unwrap_or_else(|error| panic!("{name}: {} does not start: {error:#}", program.display()));
        let reader = pair.master.try_clone_reader().unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let keyboard = pair.master.take_writer().unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let keyboard = Arc::new(Mutex::new(keyboard));
        let display = Arc::new(Display { state: Mutex::new(empty_screen()), changed: Condvar::new() });
        let (shown, answers) = (Arc::clone(&display), Arc::clone(&keyboard));
        std::thread::spawn(move || show(reader, &shown, &answers));
        Self { name: name.to_owned(), display, keyboard, child, master: pair.master }
    }

    /// Types text.
    ///
    /// # Panics
    ///
    /// Where the program has ended.
    pub fn type_text(&self, text: &str) {
        let mut keyboard = self.keyboard.lock().unwrap_or_else(PoisonError::into_inner);
        let typed = keyboard.write_all(text.as_bytes()).and_then(|()| keyboard.flush());
        typed.unwrap_or_else(|error| panic!("{}: cannot type: {error}\n{}", self.name, self.screen()));
    }

    /// Presses a key.
    pub fn press(&self, key: Key) {
        self.type_text(&sequence(key));
    }

    /// Types text and presses Enter.
    pub fn enter(&self, text: &str) {
        self.type_text(text);
        self.press(Key::Enter);
    }

    /// Gives the screen as text, a line for each row, without blanks at the ends of lines.
    #[must_use]
    pub fn screen(&self) -> String {
        self.display.lock().parser.screen().contents()
    }

    /// Gives the terminal another size.
    ///
    /// # Panics
    ///
    /// Where it does not take it, or it is nothing.
    pub fn resize(&self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let (Some(rows), Some(columns)) = (NonZeroU16::new(rows), NonZeroU16::new(columns)) else {
            panic!("{}: a terminal of {columns}x{rows}", self.name);
        };
        // First the picture, as what the program draws for the new size may come at once.
        self.display.lock().parser.set_size(rows, columns);
        self.master.resize(size).unwrap_or_else(|error| panic!("{}: no other size: {error:#}", self.name));
    }

    /// Gives rows and columns of the cells in which a sign stands.
    #[must_use]
    pub fn places(&self, sign: &str) -> Vec<(u16, u16)> {
        let state = self.display.lock();
        let screen = state.parser.screen();
        let (rows, columns) = screen.size();
        let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
        cells.filter(|&(row, column)| screen.cell(row, column).is_some_and(|cell| cell.contents() == sign)).collect()
    }

    /// Gives the modes of the line: raw or not, echo, which keys are signals.
    #[cfg(unix)]
    #[must_use]
    pub fn modes(&self) -> String {
        self.master.get_termios().map(|modes| format!("{modes:?}")).unwrap_or_default()
    }

    /// Gives every byte that the program has written, escape sequences included.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        self.display.lock().written.clone()
    }

    /// Gives the process id, while the program runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.process_id()
    }

    /// Waits until the text stands on the screen, and gives the screen.
    ///
    /// # Panics
    ///
    /// Where it does not come in time, with the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?} on the screen"), |screen| screen.contains(text))
    }

    /// Waits until the text stands no longer on the screen.
    ///
    /// # Panics
    ///
    /// Where it does not go in time, with the screen.
    #[track_caller]
    pub fn wait_for_no(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?} off the screen"), |screen| !screen.contains(text))
    }

    /// Waits until the screen is as `is_met` wants it, and gives the screen.
    ///
    /// # Panics
    ///
    /// Where it is not in time, or the program ends before, with the screen.
    #[track_caller]
    pub fn wait_until(&self, what: &str, is_met: impl Fn(&str) -> bool) -> String {
        self.wait_on(what, |state| is_met(&state.parser.screen().contents()))
    }

    #[track_caller]
    fn wait_on(&self, what: &str, is_met: impl Fn(&DisplayState) -> bool) -> String {
        let deadline = Instant::now() + SCREEN_WAIT;
        let mut state = self.display.lock();
        loop {
            let screen = state.parser.screen().contents();
            if is_met(&state) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.is_closed {
                let why = if state.is_closed { "the program ended" } else { "time is over" };
                panic!("{}: {why}, and there is no {what}. The screen:\n{}", self.name, framed(&screen));
            }
            state = self.display.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the program has ended, and gives its exit code.
    ///
    /// # Panics
    ///
    /// Where it does not end in time, with the screen.
    #[track_caller]
    pub fn wait_for_end(&mut self) -> u32 {
        let deadline = Instant::now() + SCREEN_WAIT;
        let mut state = self.display.lock();
        while !state.is_closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                panic!("{} does not end. The screen:\n{}", self.name, framed(&state.parser.screen().contents()));
            }
            state = self.display.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        self.child.wait().unwrap_or_else(|error| panic!("{}: no exit code: {error}", self.name)).exit_code()
    }

    /// Tells whether the program has left the terminal as it found it: main screen, visible cursor, no mouse, no
    /// bracketed paste.
    #[must_use]
    pub fn is_restored(&self) -> bool {
        is_restored(self.display.lock().parser.screen())
    }

    /// Waits until the program has written this, escape sequences included, behind the first `after` bytes.
    ///
    /// # Panics
    ///
    /// Where it does not in time, with the screen.
    #[track_caller]
    pub fn wait_for_written(&self, text: &str, after: usize) {
        let is_there = |written: &[u8]| written.windows(text.len()).any(|part| part == text.as_bytes());
        self.wait_on(&format!("{text:?} written"), |state| state.written.get(after..).is_some_and(is_there));
    }

    /// Waits until the line has these modes, as [`Self::modes`] gives them.
    ///
    /// # Panics
    ///
    /// Where it has not in time, with those that it has.
    #[cfg(unix)]
    #[track_caller]
    pub fn wait_for_modes(&self, modes: &str) {
        let deadline = Instant::now() + SCREEN_WAIT;
        while self.modes() != modes {
            // Nobody tells of a change: it is looked for.
            std::thread::sleep(Duration::from_millis(5));
            assert!(Instant::now() < deadline, "{}: other modes: {}", self.name, self.modes());
        }
    }

    /// Waits until the terminal is as the program found it.
    ///
    /// # Panics
    ///
    /// Where it is not in time, with the screen.
    #[track_caller]
    pub fn wait_until_restored(&self) {
        self.wait_on("restored terminal", |state| is_restored(state.parser.screen()));
    }

    /// Waits until the program has the terminal, after it gave it back.
    ///
    /// # Panics
    ///
    /// Where it does not take it in time, with the screen.
    #[track_caller]
    pub fn wait_until_taken(&self) {
        self.wait_on("taken terminal", |state| !is_restored(state.parser.screen()));
    }
}

fn is_restored(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && !screen.bracketed_paste()
        && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

fn empty_screen() -> DisplayState {
    const SIZE: (NonZeroU16, NonZeroU16) = (
        NonZeroU16::new(ROWS).expect("a terminal has rows"),
        NonZeroU16::new(COLUMNS).expect("a terminal has columns"),
    );
    DisplayState { parser: vt100::Parser::new(SIZE.0, SIZE.1, 0), written: Vec::new(), is_closed: false }
}

/// Shows what the program writes until it ends, and answers what it asks the terminal.
fn show(mut output: Box<dyn Read + Send>, display: &Display, keyboard: &Mutex<Box<dyn Write + Send>>) {
    let mut buffer = vec![0; 16 * 1024];
    // A terminal of an ended program gives an error on Linux, and an end elsewhere.
    let mut held = Vec::new();
    while let Ok(length @ 1..) = output.read(&mut buffer) {
        let written = &buffer[..length];
        held.extend_from_slice(written);
        let whole = whole_pictures(&held);
        let mut state = display.lock();
        state.parser.process(&held[..whole]);
        state.written.extend_from_slice(written);
        let (row, column) = state.parser.screen().cursor_position();
        drop(state);
        display.changed.notify_all();
        held.drain(..whole);
        answer(written, (row + 1, column + 1), keyboard);
    }
    let mut state = display.lock();
    state.parser.process(&held);
    state.is_closed = true;
    drop(state);
    display.changed.notify_all();
}

/// Gives how much of what was written is shown: like a terminal, nothing of a picture before its end (mode 2026).
fn whole_pictures(written: &[u8]) -> usize {
    const BEGIN: &[u8] = b"\x1b[?2026h";
    const END: &[u8] = b"\x1b[?2026l";
    let last = |sequence: &[u8]| written.windows(sequence.len()).rposition(|part| part == sequence);
    match (last(BEGIN), last(END)) {
        (Some(begin), end) if end.is_none_or(|end| end < begin) => begin,
        // The rest of one that begins may not have been read yet.
        _ => written.len() - (1..BEGIN.len()).rev().find(|&length| written.ends_with(&BEGIN[..length])).unwrap_or(0),
    }
}

/// Answers the two questions that programs wait for: what the terminal is, and where the cursor stands.
fn answer(written: &[u8], cursor: (u16, u16), keyboard: &Mutex<Box<dyn Write + Send>>) {
    let asks = |question: &[u8]| written.windows(question.len()).any(|part| part == question);
    let mut answers = String::new();
    if asks(b"\x1b[6n") {
        answers.push_str(&format!("\x1b[{};{}R", cursor.0, cursor.1));
    }
    if asks(b"\x1b[c") || asks(b"\x1b[0c") {
        answers.push_str("\x1b[?62;22c");
    }
    if !answers.is_empty() {
        let mut keyboard = keyboard.lock().unwrap_or_else(PoisonError::into_inner);
        // A program that is gone needs no answer.
        let _written = keyboard.write_all(answers.as_bytes()).and_then(|()| keyboard.flush());
    }
}

fn sequence(key: Key) -> String {
    match key {
        Key::Enter => "\r".to_owned(),
        Key::Tab => "\t".to_owned(),
        Key::BackTab => "\x1b[Z".to_owned(),
        Key::Escape => "\x1b".to_owned(),
        Key::Up => "\x1b[A".to_owned(),
        Key::Down => "\x1b[B".to_owned(),
        Key::Left => "\x1b[D".to_owned(),
        Key::PageUp => "\x1b[5~".to_owned(),
        Key::PageDown => "\x1b[6~".to_owned(),
        Key::Backspace => "\x7f".to_owned(),
        // Control keeps the lowest five bits of a letter (ECMA-48, section 5.2).
        Key::Control(letter) => char::from(letter.to_ascii_uppercase() as u8 & 0x1f).to_string(),
        Key::Alt(letter) => format!("\x1b{letter}"),
    }
}

/// Puts the screen in a frame, so that blanks at its edges are seen.
fn framed(screen: &str) -> String {
    let bar = "-".repeat(usize::from(COLUMNS));
    let lines: Vec<String> = screen.lines().map(|line| format!("|{line}")).collect();
    format!("+{bar}\n{}\n+{bar}", lines.join("\n"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_typed_at_and_read() {
        let script = "printf 'name? '; read name; printf 'hello %s' \"$name\"; exit 3";
        let mut terminal = Terminal::start("shell", Path::new("/bin/sh"), &["-c", script], &[]);
        terminal.wait_for("name?");
        terminal.enter("alice");
        terminal.wait_for("hello alice");
        assert_eq!(terminal.wait_for_end(), 3);
        assert!(terminal.is_restored());
    }

    #[test]
    fn a_picture_is_shown_whole() {
        assert_eq!(whole_pictures(b"one\x1b[?2026htwo"), 3);
        assert_eq!(whole_pictures(b"one\x1b[?20"), 3);
        assert_eq!(whole_pictures(b"one\x1b[?2026htwo\x1b[?2026l"), 22);
        assert_eq!(whole_pictures(b"one\x1b[?2026htwo\x1b[?2026lthree\x1b[?2026h"), 27);
    }

    #[test]
    #[should_panic(expected = "the program ended, and there is no \"never\" on the screen")]
    fn what_does_not_come_fails_with_the_screen() {
        Terminal::start("shell", Path::new("/bin/sh"), &["-c", "echo something else"], &[]).wait_for("never");
    }
}
