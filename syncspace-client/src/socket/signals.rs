//! What the consumer tells the task without waiting: the last word for each stream counts, so it stays bounded.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use syncspace_protocol::{Rev, StreamId};
use tokio::sync::Notify;

/// Wishes that the task has not seen yet.
#[derive(Debug, Default)]
pub(super) struct Signals {
    signalled: Mutex<Signalled>,
    changed: Notify,
}

/// The wishes themselves.
#[derive(Debug, Default)]
pub(super) struct Signalled {
    /// `Some` to follow from a rev, `None` to follow no more.
    pub(super) streams: BTreeMap<StreamId, Option<Rev>>,
    pub(super) reconnect: bool,
    pub(super) close: bool,
}

impl Signals {
    pub(super) fn follow(&self, stream: StreamId, rev: Option<Rev>) {
        self.change(|signalled| {
            signalled.streams.insert(stream, rev);
        });
    }

    pub(super) fn reconnect(&self) {
        self.change(|signalled| signalled.reconnect = true);
    }

    pub(super) fn close(&self) {
        self.change(|signalled| signalled.close = true);
    }

    fn change(&self, change: impl FnOnce(&mut Signalled)) {
        // Each change is one assignment: a panic elsewhere left nothing half done.
        change(&mut self.signalled.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// Waits until there is something to take.
    pub(super) async fn wait(&self) {
        self.changed.notified().await;
    }

    pub(super) fn take(&self) -> Signalled {
        mem::take(&mut self.signalled.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
