//! The streams: the only writer of what has a rev.
//!
//! Owns lanes, group commit, numbering and the announcement of what was committed. An [`Operation`] brings its rules and rows;
//! this room brings the transaction, the locked heads and the numbers. It must not know who is connected.

mod attempts;
mod event;
#[cfg(feature = "failpoints")]
mod faults;
mod frame;
mod lane;
mod operation;
mod order;
mod revocations;
mod tx;

use std::sync::Arc;

use syncspace_protocol::StreamId;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::store::{Dialect, IdBlocks, Store};

pub use event::{Audience, Committed, Effect, FrameError, Revoked, Route, event_frame, void_frame};
pub use frame::Frame;
pub use operation::{Abort, LogError, Operation, Outcomes};
pub use order::{SendOrder, SendPlace};
pub use revocations::revoke;
pub use tx::{LogTx, Taken};

use operation::{Queued, Waiting};

/// Operations that wait in one lane before it answers `busy`.
const LANE_QUEUE_MAX: usize = 4_096;

/// Lanes on MySQL, where transactions of different channels commit side by side. SQLite has one writer, so one lane.
const MYSQL_LANES: usize = 8;

/// Wait named to whoever meets a full lane, in milliseconds: about ten commits of a slow disk.
const BUSY_RETRY_MS: u64 = 200;

/// Takes what was committed, in the order of the stream; must not wait.
pub type Outlet = Arc<dyn Fn(&[Committed]) + Send + Sync>;

/// The entrance to the lanes.
#[derive(Clone)]
pub struct Log {
    lanes: Arc<[mpsc::Sender<Box<dyn Waiting>>]>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl Log {
    /// Starts the lanes; what they commit goes to `outlet`.
    #[must_use]
    pub fn start(store: &Store, ids: &Arc<IdBlocks>, clock: &Clock, outlet: &Outlet) -> Self {
        let count = match store.dialect() {
            Dialect::Sqlite => 1,
            Dialect::Mysql => MYSQL_LANES,
        };
        let tasks = TaskTracker::new();
        let closing = CancellationToken::new();
        let lanes = (0..count).map(|_| {
            let (sender, queue) = mpsc::channel(LANE_QUEUE_MAX);
            let lane = lane::Lane::new(store.clone(), Arc::clone(ids), clock.clone(), Arc::clone(outlet));
            store.spawn_writing(&tasks, lane.run(queue, closing.clone()));
            sender
        });
        Self { lanes: lanes.collect(), tasks, closing }
    }

    /// Puts an operation into its lane, at once and in the order of the calls, and gives the future of its outcome.
    ///
    /// A full lane refuses with [`LogError::Busy`], and nothing was done. The future ends after the commit; dropping it does
    /// not take the operation back.
    pub fn submit<O: Operation>(
        &self,
        operation: O,
    ) -> Result<impl Future<Output = Result<O::Output, O::Error>> + Send + use<O>, O::Error> {
        let lane = self.lane_of(&operation);
        let (reply, outcome) = oneshot::channel();
        let waiting: Box<dyn Waiting> = Box::new(Queued::new(operation, reply));
        lane.try_send(waiting).map_err(|refused| {
            let (waiting, error) = match refused {
                mpsc::error::TrySendError::Full(it) => (it, LogError::Busy { retry_after_ms: BUSY_RETRY_MS }),
                mpsc::error::TrySendError::Closed(it) => (it, LogError::Closed),
            };
            waiting.break_off();
            error
        })?;
        Ok(async move { outcome.await.unwrap_or_else(|_| Err(LogError::Closed.into())) })
    }

    /// Commits an operation and gives its outcome.
    pub async fn commit<O: Operation>(&self, operation: O) -> Result<O::Output, O::Error> {
        self.submit(operation)?.await
    }

    /// Takes no more operations, and waits until those already taken are committed.
    pub async fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// A stream's operations fall in one lane: a channel's by its id, everything else by its team or member.
    fn lane_of<O: Operation>(&self, operation: &O) -> &mpsc::Sender<Box<dyn Waiting>> {
        let number = match operation.streams().first() {
            Some(StreamId::Channel(id)) => id.get(),
            Some(StreamId::Team(id)) => id.get(),
            Some(StreamId::Member(id)) => id.get(),
            None => 0,
        };
        let index = number % (self.lanes.len() as u64);
        &self.lanes[usize::try_from(index).unwrap_or(0)]
    }
}
