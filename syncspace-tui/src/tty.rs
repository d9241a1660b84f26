//! Who has the terminal: this program, or for a while the person's editor.

use std::collections::VecDeque;
use std::io;
use std::process::ExitStatus;

use anyhow::Context;
use crossterm::event::{Event as TermEvent, KeyEvent};
use tokio::time::{Duration, Instant, sleep_until};

use crate::app::composer::DraftKey;
use crate::app::message::Here;
use crate::editor::Editor;
use crate::input::Keys;
use crate::paste_guard::{Given, PasteGuard};
use crate::terminal::{Modes, Screen};

/// The terminal, and what reads its keys.
pub(crate) struct Tty {
    screen: Screen,
    /// Whether it is ours; not while an editor has it.
    is_ours: bool,
    keys: Keys,
    editor: Option<Editor>,
    guard: PasteGuard,
    /// Heard while keys were gathered, and still to be given.
    waiting: VecDeque<io::Result<TermEvent>>,
    /// Whether lines that come at once are a paste here.
    takes_lines: bool,
}

/// What was heard of the terminal.
pub(crate) enum Heard {
    /// None at the end of its input.
    Event(Option<io::Result<TermEvent>>),
    /// The editor that had it has ended.
    Edited(io::Result<ExitStatus>),
    /// Keys that came at once, or the paste that they were.
    Typed(Given),
}

/// Keys that are gathered before the screen is drawn again.
const GATHERED_MAX: usize = 4_096;

const REFUSED: &str = "cannot use this terminal";

impl Tty {
    /// Takes the terminal over.
    pub(crate) fn take(modes: Modes) -> anyhow::Result<Self> {
        let screen = Screen::take(modes).context(REFUSED)?;
        Ok(Self {
            screen,
            is_ours: true,
            keys: Keys::default(),
            editor: None,
            guard: PasteGuard::default(),
            waiting: VecDeque::new(),
            takes_lines: false,
        })
    }

    /// Takes the keys that came before the answer to a question: who asked has read them.
    pub(crate) fn take_typed_before(&mut self) {
        while matches!(crossterm::event::poll(Duration::ZERO), Ok(true)) {
            self.waiting.push_back(crossterm::event::read());
        }
    }

    /// Begins to read its keys.
    pub(crate) fn listen(&mut self) -> anyhow::Result<()> {
        self.keys.listen().context("cannot read from the terminal")
    }

    /// Tells whether the terminal is ours.
    pub(crate) const fn is_ours(&self) -> bool {
        self.is_ours
    }

    /// Gives columns and rows.
    pub(crate) fn size(&self) -> anyhow::Result<(u16, u16)> {
        Ok(crossterm::terminal::size()?)
    }

    /// Waits for what is heard next.
    pub(crate) async fn next(&mut self) -> Heard {
        if let Some(editor) = &mut self.editor {
            return Heard::Edited(editor.wait().await);
        }
        loop {
            // What is pasted came after the keys that are held.
            if self.guard.is_holding() && matches!(self.waiting.front(), Some(Ok(TermEvent::Paste(_)))) {
                return Heard::Typed(self.guard.end());
            }
            if let Some(event) = self.waiting.pop_front() {
                return Heard::Event(Some(event));
            }
            let event = match self.guard.deadline() {
                Some(end) => tokio::select! {
                    biased;
                    event = self.keys.next() => event,
                    () = sleep_until(end) => return Heard::Typed(self.guard.end()),
                },
                None => self.keys.next().await,
            };
            match event {
                Some(Ok(TermEvent::Key(key))) => {
                    if let Some(alone) = self.gather(key) {
                        return Heard::Event(Some(Ok(TermEvent::Key(alone))));
                    }
                }
                Some(Ok(TermEvent::Paste(text))) if self.guard.is_holding() => {
                    self.waiting.push_back(Ok(TermEvent::Paste(text)));
                }
                event => return Heard::Event(event),
            }
        }
    }

    /// Tells the terminal's reader whether lines that come at once are a paste: where they would be sent.
    pub(crate) const fn take_lines(&mut self, is_so: bool) {
        self.takes_lines = is_so;
    }

    /// Holds a key with those that came at once with it; gives back one that came alone.
    fn gather(&mut self, first: KeyEvent) -> Option<KeyEvent> {
        let at = Instant::now();
        let mut together = vec![first];
        while together.len() < GATHERED_MAX
            && let Some(event) = self.keys.heard_already()
        {
            match event {
                Ok(TermEvent::Key(key)) => together.push(key),
                Ok(TermEvent::Paste(text)) => {
                    self.waiting.push_back(Ok(TermEvent::Paste(text)));
                    break;
                }
                // A pointer that moves does not end a paste.
                event => self.waiting.push_back(event),
            }
        }
        if !self.takes_lines && !self.guard.is_holding() {
            let rest = together.split_off(1).into_iter().map(|key| Ok(TermEvent::Key(key)));
            // Those that were heard among them are no keys: their order matters to nobody.
            rest.rev().for_each(|event| self.waiting.push_front(event));
            return together.pop();
        }
        if together.len() == 1 && !self.guard.is_holding() {
            return together.pop();
        }
        together.into_iter().for_each(|key| self.guard.hold(key, at));
        None
    }

    /// Does something with the screen; nothing while an editor has it.
    pub(crate) fn on_screen(&mut self, run: impl FnOnce(&mut Screen) -> io::Result<()>) -> anyhow::Result<()> {
        if !self.is_ours {
            return Ok(());
        }
        run(&mut self.screen).context("cannot write to the terminal")
    }

    /// Gives the terminal to an editor with a text; where it does not start, gives the news of that.
    pub(crate) fn lend(
        &mut self,
        text: String,
        draft: Option<DraftKey>,
        has_mouse: bool,
    ) -> anyhow::Result<Option<Here>> {
        if self.editor.is_some() {
            return Ok(None);
        }
        // First nobody reads the keys any more, then it is given back.
        self.keys.rest();
        self.screen.lend().context(REFUSED)?;
        self.is_ours = false;
        match Editor::start(text, draft) {
            Ok(started) => {
                self.editor = Some(started);
                Ok(None)
            }
            Err(error) => {
                self.take_again(has_mouse)?;
                Ok(Some(Here::Edited { draft, text: Err(error.to_string()) }))
            }
        }
    }

    /// Takes the terminal back from an editor that has ended, and gives what came of it.
    pub(crate) fn take_back(
        &mut self,
        status: io::Result<ExitStatus>,
        has_mouse: bool,
    ) -> anyhow::Result<Option<Here>> {
        let news = self.editor.take().map(|editor| editor.finish(status));
        self.take_again(has_mouse)?;
        Ok(news)
    }

    fn take_again(&mut self, has_mouse: bool) -> anyhow::Result<()> {
        self.screen.want_mouse(has_mouse);
        self.screen.retake().context(REFUSED)?;
        self.is_ours = true;
        self.listen()
    }
}
