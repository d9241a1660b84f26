//! Publishing: one task drains a bounded queue into pipelines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use redis::aio::ConnectionManager;
use redis::{Pipeline, RedisResult};
use tokio::sync::mpsc;

use super::super::Subject;
use super::super::events::Events;
use super::keys::Keys;

/// Messages that may wait to be published. A full queue loses messages, and the others are told.
const WAITING_MAX: usize = 8_192;

/// Most messages in one pipeline.
const BATCH_MAX: usize = 512;

/// Time between two tries to say that messages were lost, in milliseconds.
const SAY_LOST_EVERY_MS: u64 = 500;

/// The instance's side of the queue.
#[derive(Debug)]
pub(super) struct Publisher {
    queue: mpsc::Sender<(Subject, Bytes)>,
    has_lost: Arc<AtomicBool>,
    events: Events,
}

impl Publisher {
    /// Makes the queue, and the task that publishes what is in it.
    pub(super) fn new(
        connection: ConnectionManager,
        keys: Arc<Keys>,
        events: Events,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, queued) = mpsc::channel(WAITING_MAX);
        let has_lost = Arc::new(AtomicBool::new(false));
        let task = Task { connection, keys, events: events.clone(), has_lost: Arc::clone(&has_lost) };
        (Self { queue, has_lost, events }, task.run(queued))
    }

    /// Queues a message, or loses it where the queue is full.
    pub(super) fn publish(&self, subject: Subject, payload: Bytes) {
        if self.queue.try_send((subject, payload)).is_err() {
            self.events.count_lost(1);
            self.has_lost.store(true, Ordering::Release);
        }
    }
}

struct Task {
    connection: ConnectionManager,
    keys: Arc<Keys>,
    events: Events,
    has_lost: Arc<AtomicBool>,
}

impl Task {
    async fn run(mut self, mut queued: mpsc::Receiver<(Subject, Bytes)>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            let taken = tokio::select! {
                biased;
                taken = queued.recv_many(&mut batch, BATCH_MAX) => taken,
                () = self.time_to_say_lost() => usize::MAX,
            };
            if taken == 0 {
                return;
            }
            if let Err(error) = self.publish(&batch).await {
                tracing::debug!(%error, messages = batch.len(), "could not publish");
                self.events.count_lost(batch.len() as u64);
                self.has_lost.store(true, Ordering::Release);
            }
            batch.clear();
        }
    }

    async fn time_to_say_lost(&self) {
        loop {
            tokio::time::sleep(Duration::from_millis(SAY_LOST_EVERY_MS)).await;
            if self.has_lost.load(Ordering::Acquire) {
                return;
            }
        }
    }

    /// Publishes a batch, after word of what was lost before it.
    async fn publish(&mut self, batch: &[(Subject, Bytes)]) -> RedisResult<()> {
        let mut pipeline = Pipeline::with_capacity(batch.len() + 1);
        let says_lost = self.has_lost.swap(false, Ordering::AcqRel);
        if says_lost {
            pipeline.cmd("PUBLISH").arg(self.keys.lost_channel()).arg(self.keys.message(b"")).ignore();
        }
        for (subject, payload) in batch {
            pipeline.cmd("PUBLISH").arg(self.keys.channel(*subject)).arg(self.keys.message(payload)).ignore();
        }
        let outcome = pipeline.exec_async(&mut self.connection).await;
        if outcome.is_err() && says_lost {
            self.has_lost.store(true, Ordering::Release);
        }
        outcome
    }
}
