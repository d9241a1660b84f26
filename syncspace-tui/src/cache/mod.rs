//! The cache on disk: one SQLite file for each server and account, owned by a thread of its own.
//!
//! Jobs go in, answers come out; no screen and no network is known here. What the file holds may be behind the server but
//! is never untrue: a channel's log says up to which rev it is complete, and an event that does not follow on is not taken.

mod bounds;
mod error;
mod file;
mod lists;
mod log;
mod pictures;
mod read;
mod schema;
mod search;
#[cfg(test)]
mod tests;
mod thread;
mod value;
mod write;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, PoisonError};

use syncspace_protocol::{ChannelId, FileId, Seq};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::app::kept::{Keep, KeptHit, KeptLog, KeptPicture, Snapshot};
use crate::app::kept_query::KeptQuery;
use crate::app::timeline::Part;
use bounds::{CLOSE_WAIT, EVENTS_QUEUED_MAX, JOBS_QUEUED_MAX};
use thread::{Failure, Job};

pub(crate) use file::path;

/// A handle to the thread that owns the file of one account.
#[derive(Debug)]
pub(crate) struct Cache {
    jobs: SyncSender<Job>,
    failure: Failure,
    /// Events of channels that wait for the thread.
    events: Arc<AtomicUsize>,
}

/// The same file in memory, without a thread: for tests of what the state makes of it.
#[cfg(test)]
pub(crate) struct Disk(rusqlite::Connection);

#[cfg(test)]
impl Disk {
    pub(crate) fn new() -> Self {
        let connection = rusqlite::Connection::open_in_memory().expect("memory");
        schema::prepare(&connection).expect("tables");
        Self(connection)
    }

    pub(crate) fn write(&self, keeps: &[Keep]) {
        write::all(&self.0, keeps).expect("written");
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        read::snapshot(&self.0).expect("read")
    }

    pub(crate) fn search(&self, query: &KeptQuery) -> Vec<KeptHit> {
        search::find(&self.0, query).expect("searched")
    }

    pub(crate) fn picture(&self, file: FileId) -> Option<KeptPicture> {
        pictures::find(&self.0, file).expect("read")
    }

    pub(crate) fn load(&self, channel_id: ChannelId, before: Option<Seq>) -> Option<KeptLog> {
        log::load(&self.0, channel_id, before).expect("read").filter(|log| !log.messages.is_empty())
    }

    pub(crate) fn load_part(&self, channel_id: ChannelId, part: Part) -> Option<KeptLog> {
        log::load_part(&self.0, channel_id, part).expect("read").filter(|log| !log.messages.is_empty())
    }
}

impl Cache {
    /// Starts the thread of a file; what stands in it, or why it cannot be used, comes once it is read.
    pub(crate) fn start(path: PathBuf) -> std::io::Result<(Self, oneshot::Receiver<Result<Snapshot, String>>)> {
        let (jobs, todo) = mpsc::sync_channel(JOBS_QUEUED_MAX);
        let (opened, snapshot) = oneshot::channel();
        let (failure, events) = (Failure::default(), Arc::<AtomicUsize>::default());
        let (of_thread, events_of_thread) = (Arc::clone(&failure), Arc::clone(&events));
        std::thread::Builder::new()
            .name("cache".to_owned())
            .spawn(move || thread::run(&path, &todo, opened, (of_thread, events_of_thread)))?;
        Ok((Self { jobs, failure, events }, snapshot))
    }

    /// Writes soon. Fails where the write before did not reach the disk: then all of it is to be given again.
    ///
    /// Where more events come than a disk can take, some are left out: the logs that they are of end before them.
    pub(crate) fn write(&self, mut keeps: Vec<Keep>) -> Result<(), String> {
        if self.events.load(Ordering::Relaxed) > EVENTS_QUEUED_MAX {
            keeps.retain(|keep| !is_event(keep));
        }
        let events = keeps.iter().filter(|keep| is_event(keep)).count();
        self.events.fetch_add(events, Ordering::Relaxed);
        self.post(Job::Write(keeps)).inspect_err(|_| {
            self.events.fetch_sub(events, Ordering::Relaxed);
        })?;
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    /// Writes at once; the receiver says when it is on disk.
    pub(crate) fn write_now(&self, keeps: Vec<Keep>) -> Result<oneshot::Receiver<Result<(), String>>, String> {
        let (done, written) = oneshot::channel();
        self.post(Job::WriteNow(keeps, done))?;
        Ok(written)
    }

    /// Reads the newest part of a channel's log, or what stands before a place; nothing where it is not cached.
    pub(crate) fn load(&self, channel_id: ChannelId, before: Option<Seq>) -> oneshot::Receiver<Option<KeptLog>> {
        let (answer, log) = oneshot::channel();
        if let Err(reason) = self.post(Job::Load { channel_id, before, answer }) {
            tracing::warn!(reason, "a log was not asked for");
        }
        log
    }

    /// Reads what stands beside a place of a channel's log; nothing where that is not cached, or may not be as it is now.
    pub(crate) fn load_part(&self, channel_id: ChannelId, part: Part) -> oneshot::Receiver<Option<KeptLog>> {
        let (answer, log) = oneshot::channel();
        if let Err(reason) = self.post(Job::LoadPart { channel_id, part, answer }) {
            tracing::warn!(reason, "a part of a log was not asked for");
        }
        log
    }

    /// Reads a picture; nothing where it is not kept.
    pub(crate) fn picture(&self, file: FileId) -> oneshot::Receiver<Option<KeptPicture>> {
        let (answer, picture) = oneshot::channel();
        if let Err(reason) = self.post(Job::Picture { file, answer }) {
            tracing::warn!(reason, "a picture was not asked for");
        }
        picture
    }

    /// Finds messages by their words, the newest first.
    pub(crate) fn search(&self, query: KeptQuery) -> oneshot::Receiver<Result<Vec<KeptHit>, String>> {
        let (answer, hits) = oneshot::channel();
        if let Err(reason) = self.post(Job::Search { query, answer }) {
            tracing::warn!(reason, "the cache was not searched");
        }
        hits
    }

    /// Removes the file: the account was logged out.
    pub(crate) async fn remove(self) {
        let (done, removed) = oneshot::channel();
        if self.post(Job::Remove(done)).is_ok() {
            drop(timeout(CLOSE_WAIT, removed).await);
        }
    }

    /// Writes what is left.
    pub(crate) async fn close(self) {
        let (done, closed) = oneshot::channel();
        if self.post(Job::Close(done)).is_ok() {
            drop(timeout(CLOSE_WAIT, closed).await);
        }
    }

    fn post(&self, job: Job) -> Result<(), String> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => "the disk does not answer".to_owned(),
            TrySendError::Disconnected(_) => "it could not be opened".to_owned(),
        })
    }
}

const fn is_event(keep: &Keep) -> bool {
    matches!(keep, Keep::Event(_))
}
