//! The terminal's events on Unix.

use std::io;

use crossterm::event::Event as TermEvent;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use super::Parser;
use super::reader::Reader;

/// What the terminal sends.
#[derive(Default)]
pub(crate) struct Keys {
    parser: Parser,
    reader: Option<Reader>,
    /// Tells of a new size.
    resized: Option<Signal>,
}

impl Keys {
    /// Begins to read.
    pub(crate) fn listen(&mut self) -> io::Result<()> {
        self.reader = Some(Reader::start()?);
        self.resized = Some(signal(SignalKind::window_change())?);
        Ok(())
    }

    /// Leaves the terminal to somebody else. What was typed until now is kept.
    pub(crate) fn rest(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.parser.take(&reader.end(), Instant::now());
        }
    }

    /// Waits for the next event; none at the end of the terminal, never while nobody reads.
    pub(crate) async fn next(&mut self) -> Option<io::Result<TermEvent>> {
        loop {
            if let Some(event) = self.parser.next_event() {
                return Some(Ok(event));
            }
            let (Some(reader), Some(resized)) = (&mut self.reader, &mut self.resized) else {
                return std::future::pending().await;
            };
            let deadline = self.parser.deadline();
            tokio::select! {
                biased;
                read = reader.next() => match read? {
                    Ok(bytes) => self.parser.take(&bytes, Instant::now()),
                    Err(error) => return Some(Err(error)),
                },
                _ = resized.recv() => {
                    return Some(crossterm::terminal::size().map(|(columns, rows)| TermEvent::Resize(columns, rows)));
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.parser.end_wait();
                }
            }
        }
    }

    /// Gives what was heard by now; none where nothing waits.
    pub(crate) fn heard_already(&mut self) -> Option<io::Result<TermEvent>> {
        loop {
            if let Some(event) = self.parser.next_event() {
                return Some(Ok(event));
            }
            match self.reader.as_mut()?.read_already()? {
                Ok(bytes) => self.parser.take(&bytes, Instant::now()),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
