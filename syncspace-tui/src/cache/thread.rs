//! The thread that owns the connection: gathers jobs, writes them in one transaction, then answers.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rusqlite::{Connection, TransactionBehavior};
use syncspace_protocol::{ChannelId, FileId, Seq, StreamId};
use tokio::sync::oneshot;

use super::bounds::{BATCH_MAX, GATHER, TRIM_EVERY};
use super::error::CacheError;
use super::{file, log, pictures, schema, search, write};
use crate::app::kept::{Keep, KeptHit, KeptLog, KeptPicture, Snapshot};
use crate::app::kept_query::KeptQuery;
use crate::app::timeline::Part;

/// Why the last write that nobody waited for failed.
pub(super) type Failure = Arc<Mutex<Option<String>>>;

/// Something to be done with the file.
pub(super) enum Job {
    Write(Vec<Keep>),
    /// Write at once, and say when it is on disk.
    WriteNow(Vec<Keep>, oneshot::Sender<Result<(), String>>),
    Load {
        channel_id: ChannelId,
        before: Option<Seq>,
        answer: oneshot::Sender<Option<KeptLog>>,
    },
    LoadPart {
        channel_id: ChannelId,
        part: Part,
        answer: oneshot::Sender<Option<KeptLog>>,
    },
    Picture {
        file: FileId,
        answer: oneshot::Sender<Option<KeptPicture>>,
    },
    Search {
        query: KeptQuery,
        answer: oneshot::Sender<Result<Vec<KeptHit>, String>>,
    },
    /// Remove the file, and end.
    Remove(oneshot::Sender<()>),
    /// Write what is left, and end.
    Close(oneshot::Sender<()>),
}

impl Job {
    const fn is_urgent(&self) -> bool {
        !matches!(self, Self::Write(_))
    }
}

/// Opens the file, says what stands in it, and works until the end.
pub(super) fn run(
    path: &Path,
    jobs: &Receiver<Job>,
    opened: oneshot::Sender<Result<Snapshot, String>>,
    (failure, events): (Failure, Arc<AtomicUsize>),
) {
    let (connection, snapshot) = match file::open(path) {
        Ok(opened) => opened,
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "the cache cannot be opened");
            drop(opened.send(Err(words_of(&error))));
            return;
        }
    };
    drop(opened.send(Ok(snapshot)));
    let mut worker = Worker { path: path.to_owned(), connection, failure, events, in_step: HashSet::new(), added: 0 };
    while let Ok(first) = jobs.recv() {
        if worker.work(gather(first, jobs)) {
            return;
        }
    }
}

/// Takes jobs together up to the first one that somebody waits for.
fn gather(first: Job, jobs: &Receiver<Job>) -> Vec<Job> {
    let until = Instant::now() + GATHER;
    let mut batch = vec![first];
    while batch.len() < BATCH_MAX && !batch.last().is_some_and(Job::is_urgent) {
        match jobs.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(job) => batch.push(job),
            Err(_) => break,
        }
    }
    batch
}

struct Worker {
    path: PathBuf,
    connection: Connection,
    failure: Failure,
    /// Events that wait.
    events: Arc<AtomicUsize>,
    /// Channels of which no event was missed since their log was given or taken.
    in_step: HashSet<ChannelId>,
    /// Messages taken since the bounds were looked at.
    added: u64,
}

impl Worker {
    /// Does a batch of jobs; tells whether it was the last one.
    fn work(&mut self, batch: Vec<Job>) -> bool {
        let mut keeps = Vec::new();
        let mut last = None;
        for job in batch {
            match job {
                Job::Write(more) => {
                    let events = more.iter().filter(|keep| super::is_event(keep)).count();
                    self.events.fetch_sub(events, Ordering::Relaxed);
                    keeps.extend(more);
                }
                urgent => last = Some(urgent),
            }
        }
        let mut waits = None;
        if let Some(Job::WriteNow(more, done)) = last.take_if(|job| matches!(job, Job::WriteNow(..))) {
            keeps.extend(more);
            waits = Some(done);
        }
        self.write_all(&keeps, waits);
        match last {
            Some(Job::Load { channel_id, before, answer }) => drop(answer.send(self.load(channel_id, before))),
            Some(Job::LoadPart { channel_id, part, answer }) => drop(answer.send(self.load_part(channel_id, part))),
            Some(Job::Picture { file, answer }) => {
                let found = pictures::find(&self.connection, file).map_err(|error| self.note(&error));
                drop(answer.send(found.ok().flatten()));
            }
            Some(Job::Search { query, answer }) => {
                let found = search::find(&self.connection, &query).map_err(|error| self.note(&error));
                drop(answer.send(found));
            }
            Some(Job::Remove(done)) => {
                self.remove();
                let _nobody_waits = done.send(());
                return true;
            }
            Some(Job::Close(done)) => {
                let _nobody_waits = done.send(());
                return true;
            }
            Some(Job::Write(_) | Job::WriteNow(..)) | None => {}
        }
        false
    }

    fn write_all(&mut self, keeps: &[Keep], waits: Option<oneshot::Sender<Result<(), String>>>) {
        let written = if keeps.is_empty() { Ok(()) } else { self.commit(keeps) };
        let outcome = written.map_err(|error| self.note(&error));
        match (waits, outcome) {
            (Some(done), outcome) => drop(done.send(outcome)),
            (None, Err(words)) => *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(words),
            (None, Ok(())) => {}
        }
    }

    fn commit(&mut self, keeps: &[Keep]) -> Result<(), CacheError> {
        // Two programs that only read at first could not both go on to write.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for keep in keeps {
            match keep {
                Keep::Event(event) => {
                    let follows_on = log::take_event(&transaction, event)?;
                    if let (false, Some(StreamId::Channel(channel))) = (follows_on, event.stream) {
                        self.in_step.remove(&channel);
                    }
                    self.added += 1;
                }
                Keep::Page(page) => {
                    write::all(&transaction, std::slice::from_ref(keep))?;
                    if page.is_anew {
                        self.in_step.insert(page.channel_id);
                    }
                    self.added += u64::try_from(page.messages.len()).unwrap_or(u64::MAX);
                }
                other => write::all(&transaction, std::slice::from_ref(other))?,
            }
        }
        if self.added >= TRIM_EVERY {
            log::trim(&transaction)?;
            self.added = 0;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Gives what stands beside a place, only where what is on the screen and what is on disk are of the same rev.
    fn load_part(&mut self, channel: ChannelId, part: Part) -> Option<KeptLog> {
        if !self.in_step.contains(&channel) {
            return None;
        }
        let found = log::load_part(&self.connection, channel, part).map_err(|error| self.note(&error));
        found.ok().flatten().filter(|log| !log.messages.is_empty())
    }

    /// Gives a part of a log. More history only where what is on the screen and what is on disk are of the same rev.
    fn load(&mut self, channel: ChannelId, before: Option<Seq>) -> Option<KeptLog> {
        if before.is_some() && !self.in_step.contains(&channel) {
            return None;
        }
        match log::load(&self.connection, channel, before) {
            Ok(found) => {
                let found = found.filter(|log| !log.messages.is_empty());
                if found.is_some() {
                    self.in_step.insert(channel);
                }
                found
            }
            Err(error) => {
                self.note(&error);
                None
            }
        }
    }

    /// Logs an error, and gives it as words. A damaged file is marked, so that the next start begins anew.
    fn note(&self, error: &CacheError) -> String {
        tracing::warn!(%error, path = %self.path.display(), "the cache failed");
        if matches!(error, CacheError::Damaged(_)) {
            let marked = self.connection.pragma_update(None, "user_version", schema::DAMAGED);
            tracing::warn!(is_marked = marked.is_ok(), "the cache is damaged; the next start begins a new one");
        }
        words_of(error)
    }

    fn remove(&mut self) {
        let emptied = log::drop_all(&self.connection);
        if let Err(error) = emptied.and_then(|()| Ok(file::remove(&self.path)?)) {
            tracing::warn!(%error, path = %self.path.display(), "the cache could not be removed");
        }
    }
}

fn words_of(error: &CacheError) -> String {
    use rusqlite::ErrorCode::{DatabaseBusy, DiskFull};
    match error {
        CacheError::Database(source) if source.sqlite_error_code() == Some(DiskFull) => "the disk is full".to_owned(),
        CacheError::Database(source) if source.sqlite_error_code() == Some(DatabaseBusy) => {
            "another program holds the file".to_owned()
        }
        other => other.to_string(),
    }
}
