//! One lane: takes what waits, applies it in one transaction, commits, then answers and announces.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::operation::Waiting;
use super::{Committed, LogError, LogTx, Outlet};
use crate::clock::Clock;
use crate::store::{IdBlocks, Store, StoreError, heads};

/// Most operations in one transaction.
const BATCH_OPERATIONS_MAX: usize = 256;

/// How often a transaction is repeated after a deadlock or lock wait before it is given up.
const REPEATS_MAX: u32 = 5;

/// Pause before the first repeat, in milliseconds; doubled for each further one.
const REPEAT_PAUSE_MS: u64 = 5;

pub(super) struct Lane {
    store: Store,
    ids: Arc<IdBlocks>,
    clock: Clock,
    outlet: Outlet,
}

type Batch = Vec<Box<dyn Waiting>>;

impl Lane {
    pub(super) fn new(store: Store, ids: Arc<IdBlocks>, clock: Clock, outlet: Outlet) -> Self {
        Self { store, ids, clock, outlet }
    }

    /// Runs until `closing`, then commits what waits.
    ///
    /// Batching is natural: while one transaction commits, the next batch gathers. An idle lane commits at once.
    pub(super) async fn run(self, mut queue: mpsc::Receiver<Box<dyn Waiting>>, closing: CancellationToken) {
        let mut batch = Batch::new();
        loop {
            tokio::select! {
                biased;
                taken = queue.recv_many(&mut batch, BATCH_OPERATIONS_MAX) => if taken == 0 { break },
                () = closing.cancelled(), if !queue.is_closed() => {
                    queue.close();
                    continue;
                }
            }
            let prepared = self.prepare(std::mem::take(&mut batch)).await;
            // A panic is a defect of one operation; the lane lives on, and those who wait are told that it ended.
            if !prepared.is_empty() && AssertUnwindSafe(self.commit(prepared)).catch_unwind().await.is_err() {
                error!("an operation panicked; its batch was given up");
            }
        }
    }

    /// Lets operations take their ids; whoever gets none fails here.
    async fn prepare(&self, batch: Batch) -> Batch {
        let mut prepared = Batch::with_capacity(batch.len());
        for mut waiting in batch {
            match waiting.prepare(&self.ids).await {
                Ok(()) => prepared.push(waiting),
                Err(error) => fail(vec![waiting], &error.into()),
            }
        }
        prepared
    }

    /// Commits a batch as a whole; where the store refuses it, each operation by itself, so that a poisoned one fails alone.
    async fn commit(&self, mut batch: Batch) {
        match self.commit_repeating(&mut batch).await {
            Ok(events) => self.finish(batch, &events),
            Err(error) if batch.len() == 1 || !is_worth_splitting(&error) => fail(batch, &error),
            Err(error) => {
                warn!(
                    operations = batch.len(),
                    error = &error as &dyn std::error::Error,
                    "batch refused: each operation by itself"
                );
                for waiting in batch {
                    let mut alone = vec![waiting];
                    match self.commit_repeating(&mut alone).await {
                        Ok(events) => self.finish(alone, &events),
                        Err(error) => fail(alone, &error),
                    }
                }
            }
        }
    }

    /// Announces before it answers: whoever has the answer may count on the event being on its way.
    fn finish(&self, batch: Batch, events: &[Committed]) {
        (self.outlet)(events);
        for waiting in batch {
            waiting.committed();
        }
    }

    async fn commit_repeating(&self, batch: &mut Batch) -> Result<Vec<Committed>, LogError> {
        let mut repeats = 0;
        loop {
            match self.commit_once(batch).await {
                Err(LogError::Store(error)) if is_conflict(&error) && repeats < REPEATS_MAX => {
                    tokio::time::sleep(Duration::from_millis(REPEAT_PAUSE_MS << repeats)).await;
                    repeats += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn commit_once(&self, batch: &mut Batch) -> Result<Vec<Committed>, LogError> {
        let streams: Vec<_> = batch.iter().flat_map(|waiting| waiting.streams()).collect();
        let mut db = self.store.begin().await?;
        let locked = heads::lock(&mut db, &streams).await?;
        let mut tx = LogTx::new(&mut db, self.clock.now(), locked);
        for waiting in batch.iter_mut() {
            waiting.apply(&mut tx).await?;
        }
        let events = tx.finish().await?;
        db.commit().await?;
        Ok(events)
    }
}

fn is_conflict(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict { .. })
}

/// Splitting helps where one operation is at fault, not where the database is away.
fn is_worth_splitting(error: &LogError) -> bool {
    match error {
        LogError::Store(error) => {
            !matches!(**error, StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. })
        }
        LogError::Frame(_) => true,
        LogError::Busy { .. } | LogError::Closed => false,
    }
}

fn fail(batch: Batch, error: &LogError) {
    error!(operations = batch.len(), error = error as &dyn std::error::Error, "commit failed");
    for waiting in batch {
        waiting.failed(error.clone());
    }
}
