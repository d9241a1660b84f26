//! The terminal's events where crossterm reads them.

use std::io;
use std::time::Duration;

use crossterm::event::{Event as TermEvent, EventStream};
use futures_util::StreamExt;

/// The shortest time in which the terminal can be asked at all.
const HEARD_WAIT: Duration = Duration::from_micros(100);

/// What the terminal sends.
#[derive(Default)]
pub(crate) struct Keys {
    stream: Option<EventStream>,
}

impl Keys {
    /// Begins to read.
    pub(crate) fn listen(&mut self) -> io::Result<()> {
        self.stream = Some(EventStream::new());
        Ok(())
    }

    /// Leaves the terminal to somebody else.
    pub(crate) fn rest(&mut self) {
        self.stream = None;
    }

    /// Waits for the next event; none at the end of the terminal, never while nobody reads.
    pub(crate) async fn next(&mut self) -> Option<io::Result<TermEvent>> {
        match &mut self.stream {
            Some(stream) => stream.next().await,
            None => std::future::pending().await,
        }
    }

    /// Gives what was heard by now; none where nothing waits.
    ///
    /// Not asked of the stream, which wakes nobody for what it was asked in vain. It has just given a key: then nobody
    /// else reads the terminal.
    pub(crate) fn heard_already(&mut self) -> Option<io::Result<TermEvent>> {
        match crossterm::event::poll(HEARD_WAIT) {
            Ok(true) => Some(crossterm::event::read()),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}
