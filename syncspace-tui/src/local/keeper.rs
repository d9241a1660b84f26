//! Starts the server of `--local` again when it dies under those who use it, as often as its bounds allow.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::{running, start_on, started, take_turn, wait_until_ready};
use crate::app::Net;
use crate::app::message::LocalServer;
use crate::news::News;

/// Starts are at least this far apart.
const START_EVERY: Duration = Duration::from_secs(5);
/// After so many starts in a row that did not last, somebody must look.
const STARTS_MAX: u32 = 5;
/// A server that lived this long was well: the starts before do not count any more.
const LASTING: Duration = Duration::from_secs(60);

/// What is needed to start the server again where it was.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(super) data_dir: PathBuf,
    pub(super) url: String,
    /// Whether the server last seen was started by a `--local`. One that somebody runs by hand is not our business.
    pub(super) is_ours: bool,
    pub(super) starts: Starts,
}

/// The bounds on starting again.
#[derive(Debug, Default)]
pub(super) struct Starts {
    in_a_row: u32,
    last: Option<Instant>,
}

impl Starts {
    /// Gives when the next start may be; none where there were too many in a row.
    fn next(&mut self, now: Instant) -> Option<Instant> {
        if self.last.is_some_and(|last| now >= last + LASTING) && self.in_a_row < STARTS_MAX {
            self.in_a_row = 0;
        }
        (self.in_a_row < STARTS_MAX).then(|| self.last.map_or(now, |last| now.max(last + START_EVERY)))
    }

    fn note(&mut self, now: Instant) {
        self.in_a_row += 1;
        self.last = Some(now);
    }
}

impl Keeper {
    /// Looks after the server whenever somebody misses it, until nobody can any more.
    pub(crate) async fn run(mut self, mut missed: mpsc::Receiver<()>, news: News) {
        while missed.recv().await.is_some() {
            let tell = |local| news.send(Net::LocalServer(local));
            while self.is_dead().await {
                let Some(at) = self.starts.next(Instant::now()) else {
                    drop(tell(LocalServer::GivenUp).await);
                    break;
                };
                drop(tell(LocalServer::Starting).await);
                sleep_until(at).await;
                self.starts.note(Instant::now());
                match self.start_again().await {
                    Ok(()) => drop(tell(LocalServer::Back).await),
                    Err(error) => {
                        tracing::warn!(error = format!("{error:#}"), "the local server was not started again")
                    }
                }
            }
        }
    }

    /// Tells whether the server is gone, and was one that a `--local` started.
    async fn is_dead(&mut self) -> bool {
        // In turn: whoever starts a server notes last that it is one of ours.
        let _turn = match take_turn(&self.data_dir).await {
            Ok(turn) => turn,
            Err(error) => {
                tracing::warn!(%error, "nobody can look after the local server");
                return false;
            }
        };
        match running(&self.data_dir) {
            Some(note) => {
                self.is_ours = started(&self.data_dir).is_some_and(|started| started.pid == note.pid);
                false
            }
            None => self.is_ours,
        }
    }

    async fn start_again(&mut self) -> anyhow::Result<()> {
        let (data_dir, url) = (self.data_dir.clone(), self.url.clone());
        // A task of its own: leaving must not end it half-way, and the turn makes who leaves wait for it.
        let start = tokio::spawn(async move {
            let _turn = take_turn(&data_dir).await?;
            match running(&data_dir) {
                // Another terminal was first.
                Some(note) => wait_until_ready(&note.url, &data_dir).await,
                // Only where it was: those who use it know no other address.
                None => start_on(&data_dir, super::port_of(&url).context("the server has no port")?).await.map(drop),
            }
        });
        start.await.context("the start was given up")?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_apart_and_end_after_five_that_did_not_last() {
        let (mut starts, begin) = (Starts::default(), Instant::now());
        assert_eq!(starts.next(begin), Some(begin), "the first one is at once");
        starts.note(begin);
        for number in 1..STARTS_MAX {
            let at = begin + START_EVERY * number;
            assert_eq!(starts.next(at - Duration::from_secs(1)), Some(at));
            starts.note(at);
        }
        let last = begin + START_EVERY * (STARTS_MAX - 1);
        assert_eq!(starts.next(last + LASTING), None, "given up is given up");
    }

    #[test]
    fn a_server_that_lived_for_a_while_begins_anew() {
        let (mut starts, begin) = (Starts::default(), Instant::now());
        for number in 0..10 {
            let at = begin + LASTING * number;
            assert_eq!(starts.next(at), Some(at));
            starts.note(at);
        }
    }
}
