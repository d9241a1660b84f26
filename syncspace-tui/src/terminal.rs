//! The terminal: taken over at the start, and given back whatever happens.

use std::io::{self, BufWriter, Stdout, Write, stderr, stdout};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::execute;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::Notify;

use crate::app::State;
use crate::view;

/// Bytes gathered before a write: a full redraw of a large screen is one or two of them.
const OUTPUT_BYTES: usize = 64 * 1024;

static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Wakes the runner when a task panicked: the screen is no longer ours.
pub(crate) static PANICKED: Notify = Notify::const_new();

/// The terminal in our hands; dropping it gives it back.
pub(crate) struct Screen {
    /// Never dropped: its own end prints to standard error when the terminal is gone, and that panics. Its cursor is
    /// shown again by [`give_back`].
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
}

impl Screen {
    /// Takes the terminal over, and its mouse if wanted.
    pub(crate) fn take(has_mouse: bool) -> io::Result<Self> {
        hook_panics();
        IS_TAKEN.store(true, Ordering::SeqCst);
        let taken = Self::enter(has_mouse);
        if taken.is_err() {
            give_back();
        }
        taken
    }

    fn enter(has_mouse: bool) -> io::Result<Self> {
        enable_raw_mode()?;
        execute!(
            stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange,
            // Terminals that do not know it ignore it. It tells Shift+Enter from Enter, and Esc from the start of a key.
            PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES),
        )?;
        if has_mouse {
            execute!(stdout(), EnableMouseCapture)?;
        }
        let backend = CrosstermBackend::new(BufWriter::with_capacity(OUTPUT_BYTES, stdout()));
        Ok(Self { terminal: ManuallyDrop::new(Terminal::new(backend)?) })
    }

    /// Gives columns and rows.
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Draws what changed, as one picture.
    pub(crate) fn draw(&mut self, state: &State) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| view::draw(frame, state))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Forgets what the terminal shows: the next picture is drawn whole.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once. Every step is tried, also when one before it failed.
fn give_back() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    let _sent = execute!(out, PopKeyboardEnhancementFlags);
    let _sent = execute!(out, DisableMouseCapture, DisableFocusChange, DisableBracketedPaste);
    let _sent = execute!(out, EndSynchronizedUpdate, LeaveAlternateScreen, Show);
    let _sent = out.flush();
    let _raw = disable_raw_mode();
}

/// Gives the terminal back before a panic is reported, so that the report can be read.
fn hook_panics() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back();
        PANICKED.notify_one();
        tracing::error!("{info}");
        report(info);
    }));
}

/// Says on standard error why the program ends.
pub(crate) fn complain(error: &anyhow::Error) {
    // A terminal that is gone hears nothing.
    let _written = writeln!(stderr(), "syncspace-tui: {error:#}");
}
