//! The client in a pseudo-terminal, with the moment at which each picture was whole.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Size of the terminal.
pub(super) const ROWS: u16 = 36;
pub(super) const COLUMNS: u16 = 120;
/// Ends a picture: the client, and the bare programs, wrap each in a synchronised update.
pub(super) const END_OF_PICTURE: &[u8] = b"\x1b[?2026l";
/// Longest wait for what must come.
const WAIT: Duration = Duration::from_secs(120);

/// A running program with its terminal. Dropping it ends the program.
pub(super) struct Seat {
    /// When the program was started.
    pub(super) started: Instant,
    keyboard: Box<dyn Write + Send>,
    display: Arc<(Mutex<Display>, Condvar)>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

/// What the program has written.
pub(super) struct Display {
    parser: vt100::Parser,
    pub(super) bytes: u64,
    /// Whole pictures so far, and when the last of them was.
    pub(super) pictures: u64,
    pub(super) picture_at: Instant,
    /// The text of that one.
    pub(super) screen: String,
    is_closed: bool,
}

impl Seat {
    /// Starts a program that sees nothing of this one's environment but `PATH`.
    pub(super) fn start(program: &Path, arguments: &[&str], state: &Path) -> anyhow::Result<Self> {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", state);
        command.env("SYNCSPACE_STATE_DIR", state);
        let mut output = pair.master.try_clone_reader()?;
        let keyboard = pair.master.take_writer()?;
        let parser = vt100::Parser::new(ROWS.try_into()?, COLUMNS.try_into()?, 0);
        let started = Instant::now();
        let (pictures, bytes, screen, is_closed) = (0, 0, String::new(), false);
        let display = Display { parser, bytes, pictures, picture_at: started, screen, is_closed };
        let display = Arc::new((Mutex::new(display), Condvar::new()));
        let shown = Arc::clone(&display);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            let mut matched = 0;
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                let at = Instant::now();
                lock(&shown.0).take(&buffer[..length], &mut matched, at);
                shown.1.notify_all();
            }
            lock(&shown.0).is_closed = true;
            shown.1.notify_all();
        });
        let child = pair.slave.spawn_command(command).with_context(|| format!("start {}", program.display()))?;
        Ok(Self { started, keyboard, display, child, _master: pair.master })
    }

    /// Gives the process id.
    pub(super) fn process_id(&self) -> anyhow::Result<u32> {
        self.child.process_id().context("it runs")
    }

    /// Types, and gives when.
    pub(super) fn type_text(&mut self, text: &str) -> anyhow::Result<Instant> {
        let at = Instant::now();
        self.keyboard.write_all(text.as_bytes())?;
        self.keyboard.flush()?;
        Ok(at)
    }

    pub(super) fn display(&self) -> MutexGuard<'_, Display> {
        lock(&self.display.0)
    }

    /// Waits until the terminal is as wanted at the end of a picture; gives when that picture was whole.
    pub(super) fn wait(&self, what: &str, is_met: impl Fn(&Display) -> bool) -> anyhow::Result<Instant> {
        let deadline = Instant::now() + WAIT;
        let mut display = self.display();
        loop {
            if is_met(&display) {
                return Ok(display.picture_at);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || display.is_closed {
                bail!("there is no {what}. The screen:\n{}", display.parser.screen().contents());
            }
            display = self.display.1.wait_timeout(display, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until this stands on the screen.
    pub(super) fn wait_for(&self, text: &str) -> anyhow::Result<Instant> {
        self.wait(&format!("{text:?}"), |display| display.screen.contains(text))
    }

    /// Waits until nothing was drawn for so long.
    pub(super) fn wait_for_quiet(&self, quiet: Duration) {
        loop {
            let bytes = self.display().bytes;
            std::thread::sleep(quiet);
            if self.display().bytes == bytes {
                return;
            }
        }
    }

    /// Presses a key, and gives the time to the end of the next picture.
    pub(super) fn time_picture(&mut self, key: &str) -> anyhow::Result<Duration> {
        let before = self.display().pictures;
        let pressed = self.type_text(key)?;
        let shown = self.wait("picture after a key", |display| display.pictures > before)?;
        Ok(shown.saturating_duration_since(pressed))
    }

    /// Ends the program as a person does.
    pub(super) fn leave(mut self) -> anyhow::Result<()> {
        self.type_text("\x11")?;
        let deadline = Instant::now() + WAIT;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                bail!("it does not end. The screen:\n{}", self.display().parser.screen().contents());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Display {
    /// Takes what was written; `matched` counts the bytes of an end of picture that came before it.
    fn take(&mut self, written: &[u8], matched: &mut usize, at: Instant) {
        self.bytes += u64::try_from(written.len()).unwrap_or(0);
        let mut shown = 0;
        for (place, &byte) in written.iter().enumerate() {
            *matched = if END_OF_PICTURE[*matched] == byte { *matched + 1 } else { usize::from(byte == 0x1b) };
            if *matched == END_OF_PICTURE.len() {
                *matched = 0;
                self.parser.process(&written[shown..=place]);
                shown = place + 1;
                self.pictures += 1;
                self.picture_at = at;
                self.screen = self.parser.screen().contents();
            }
        }
        self.parser.process(&written[shown..]);
    }
}

fn lock(display: &Mutex<Display>) -> MutexGuard<'_, Display> {
    display.lock().unwrap_or_else(PoisonError::into_inner)
}
