//! The terminal: taken over at the start, and given back whatever happens.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Stdout, Write, stderr, stdout};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::execute;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::layout::Rect;
use tokio::sync::Notify;

use crate::answers::ASK_BACKGROUND;
use crate::app::State;
use crate::app::pictures::{ImageId, ImageJob};
use crate::outside::images;
use crate::outside::tell::{RESTORE_TITLE, SAVE_TITLE, title_sequence};
use crate::picture::Picture;
use crate::reader::Reader;
use crate::view;

/// Bytes gathered before a write: a full redraw of a large screen is one or two of them.
const OUTPUT_BYTES: usize = 64 * 1024;

static PANIC_HOOK: Once = Once::new();
static IS_TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the second screen is shown.
static HAS_PICTURE: AtomicBool = AtomicBool::new(false);
/// Whether the window's title is ours.
static HAS_TITLE: AtomicBool = AtomicBool::new(false);

/// Wakes the runner when a task panicked: the screen is no longer ours.
pub(crate) static PANICKED: Notify = Notify::const_new();

/// The terminal in our hands; dropping it gives it back.
pub(crate) struct Screen {
    /// Never dropped: its own end prints to standard error when the terminal is gone, and that panics. Its cursor is
    /// shown again by [`give_back`].
    terminal: ManuallyDrop<Terminal<Picture<BufWriter<Stdout>>>>,
    /// What is written instead of pictures, for a screen reader.
    reader: Option<Reader>,
    modes: Modes,
    /// Images that the terminal holds for us.
    images: BTreeSet<ImageId>,
}

/// What the program wants of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Modes {
    pub(crate) has_mouse: bool,
    /// Whether it shows lines instead of pictures.
    pub(crate) is_for_reader: bool,
}

impl Screen {
    /// Takes the terminal over.
    pub(crate) fn take(modes: Modes) -> io::Result<Self> {
        PANIC_HOOK.call_once(hook_panics);
        IS_TAKEN.store(true, Ordering::SeqCst);
        let taken = Self::enter(modes);
        if taken.is_err() {
            give_back();
        }
        taken
    }

    fn enter(modes: Modes) -> io::Result<Self> {
        enter_modes(modes)?;
        let backend = Picture::new(BufWriter::with_capacity(OUTPUT_BYTES, stdout()));
        let reader = modes.is_for_reader.then(Reader::default);
        let terminal = ManuallyDrop::new(Terminal::new(backend)?);
        Ok(Self { terminal, reader, modes, images: BTreeSet::new() })
    }

    /// Takes the terminal over again, as it may have been left by anybody.
    pub(crate) fn retake(&mut self) -> io::Result<()> {
        // What is pushed twice would be taken back once; and a program that crashed leaves its own modes.
        self.forget_images();
        give_back();
        if !self.modes.is_for_reader {
            execute!(stdout(), DisableMouseCapture, DisableFocusChange, DisableBracketedPaste, LeaveAlternateScreen)?;
        }
        IS_TAKEN.store(true, Ordering::SeqCst);
        enter_modes(self.modes)?;
        self.forget()
    }

    /// Gives the terminal back for a while; [`Self::retake`] ends it.
    pub(crate) fn lend(&mut self) -> io::Result<()> {
        self.forget_images();
        give_back();
        Ok(())
    }

    /// Notes whether the mouse is wanted, for when the terminal is taken again.
    pub(crate) const fn want_mouse(&mut self, is_wanted: bool) {
        self.modes.has_mouse = is_wanted;
    }

    /// Draws what changed, as one picture.
    pub(crate) fn draw(&mut self, state: &State) -> io::Result<()> {
        if let Some(reader) = &mut self.reader {
            return reader.draw(self.terminal.backend_mut(), state);
        }
        self.terminal.draw(|frame| view::draw(frame, state)).map(drop)
    }

    /// Asks what colour is behind the text; the answer comes as keys.
    pub(crate) fn ask_background(&mut self) -> io::Result<()> {
        self.write(ASK_BACKGROUND)
    }

    /// Writes a sequence of our own making, beside the pictures.
    pub(crate) fn write(&mut self, sequence: &str) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        out.write_all(sequence.as_bytes())?;
        io::Write::flush(out)
    }

    /// Hands an image to the terminal, or has it show or forget one.
    pub(crate) fn take_image(&mut self, job: &ImageJob) -> io::Result<()> {
        match job {
            ImageJob::Hold(image, _) => drop(self.images.insert(*image)),
            ImageJob::Forget(image) => drop(self.images.remove(image)),
            ImageJob::Size(..) => {}
        }
        self.write(&images::sequences(job))
    }

    /// Has the terminal forget all images of ours: it would keep their bytes as long as its window is open.
    fn forget_images(&mut self) {
        let forgotten: String = std::mem::take(&mut self.images).into_iter().map(images::forget).collect();
        if !forgotten.is_empty() && IS_TAKEN.load(Ordering::SeqCst) {
            // A terminal that is gone holds none.
            let _sent = self.write(&forgotten);
        }
    }

    /// Says something beside the state, where a screen reader listens.
    pub(crate) fn say(&mut self, words: &str) -> io::Result<()> {
        match &mut self.reader {
            Some(reader) => reader.say(self.terminal.backend_mut(), words),
            None => Ok(()),
        }
    }

    /// Shows a title on the window; none leaves it to whoever had it before.
    pub(crate) fn set_title(&mut self, title: Option<&str>) -> io::Result<()> {
        match title {
            Some(title) => {
                let save = if HAS_TITLE.swap(true, Ordering::SeqCst) { "" } else { SAVE_TITLE };
                self.write(&format!("{save}{}", title_sequence(title)))
            }
            None if HAS_TITLE.swap(false, Ordering::SeqCst) => self.write(RESTORE_TITLE),
            None => Ok(()),
        }
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub(crate) fn use_mouse(&mut self, is_wanted: bool) -> io::Result<()> {
        self.modes.has_mouse = is_wanted;
        if self.reader.is_some() {
            return Ok(());
        }
        let out = self.terminal.backend_mut();
        if is_wanted { execute!(out, EnableMouseCapture) } else { execute!(out, DisableMouseCapture) }
    }

    /// Hands a text to the terminal's clipboard (OSC 52). Whether the terminal takes it, it does not say.
    pub(crate) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Forgets what the terminal shows: the next picture is drawn whole.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        if let Some(reader) = &mut self.reader {
            reader.forget();
            return Ok(());
        }
        // Not `clear`: it asks where the cursor is, and the answer goes to the reader of keys.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.forget_images();
        give_back();
    }
}

/// Sets the modes of the terminal that the program needs.
fn enter_modes(modes: Modes) -> io::Result<()> {
    enable_raw_mode()?;
    if !modes.is_for_reader {
        HAS_PICTURE.store(true, Ordering::SeqCst);
        execute!(stdout(), EnterAlternateScreen)?;
    }
    execute!(
        stdout(),
        EnableBracketedPaste,
        EnableFocusChange,
        // Terminals that do not know it ignore it. It tells Shift+Enter from Enter, and Esc from the start of a key.
        PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES),
    )?;
    if modes.has_mouse && !modes.is_for_reader { execute!(stdout(), EnableMouseCapture) } else { Ok(()) }
}

/// Gives the terminal back, once. Every step is tried, also when one before it failed.
fn give_back() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    if HAS_TITLE.swap(false, Ordering::SeqCst) {
        let _sent = out.write_all(RESTORE_TITLE.as_bytes());
    }
    let _sent = execute!(out, PopKeyboardEnhancementFlags);
    let _sent = execute!(out, DisableMouseCapture, DisableFocusChange, DisableBracketedPaste);
    if HAS_PICTURE.swap(false, Ordering::SeqCst) {
        let _sent = execute!(out, EndSynchronizedUpdate, LeaveAlternateScreen, Show);
    } else {
        // The shell goes on below the last line.
        let _sent = out.write_all(b"\r\n");
    }
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
