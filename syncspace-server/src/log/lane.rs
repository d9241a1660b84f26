//! One lane: takes what waits, applies it in one transaction, commits, then has it announced and answered.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::attempts::Attempts;
use super::operation::Waiting;
use super::{BUSY_RETRY_MS, Committed, LogError, LogTx, Outlet};
use crate::clock::Clock;
use crate::store::{IdBlocks, Queries as _, Store, StoreError, commits, heads};

/// Most operations in one transaction.
const BATCH_OPERATIONS_MAX: usize = 256;

/// Most bytes of content in one transaction; a single operation may have more.
const BATCH_BYTES_MAX: usize = 1 << 20;

pub(super) struct Lane {
    store: Store,
    ids: Arc<IdBlocks>,
    clock: Clock,
    outlet: Outlet,
}

type Batch = Vec<Box<dyn Waiting>>;

/// A committed batch, to be announced and answered.
struct Done {
    batch: Batch,
    events: Vec<Committed>,
}

impl Lane {
    pub(super) fn new(store: Store, ids: Arc<IdBlocks>, clock: Clock, outlet: Outlet) -> Self {
        Self { store, ids, clock, outlet }
    }

    /// Runs until `closing`, then commits what waits.
    ///
    /// Batching is natural: while one transaction commits, the next batch gathers. An idle lane commits at once; a loaded one
    /// gives those whom it has just answered a moment to send again, see [`Load`].
    pub(super) async fn run(self, mut queue: mpsc::Receiver<Box<dyn Waiting>>, closing: CancellationToken) {
        let (done, committed) = mpsc::channel(1);
        // Beside the lane: while one batch is announced and answered, the next one is written.
        let answering = tokio::spawn(answer(Arc::clone(&self.outlet), committed));
        let mut taken = VecDeque::new();
        let mut arrived = Batch::new();
        let mut load = Load::default();
        loop {
            if taken.is_empty() {
                tokio::select! {
                    biased;
                    count = queue.recv_many(&mut arrived, BATCH_OPERATIONS_MAX) => if count == 0 { break },
                    () = closing.cancelled(), if !queue.is_closed() => {
                        queue.close();
                        continue;
                    }
                }
            }
            taken.extend(arrived.drain(..));
            take_waiting(&mut taken, &mut queue);
            let lingering = Instant::now();
            while load.expects_more(taken.len(), lingering.elapsed()) {
                // A timer is too coarse for this, and whoever is about to submit gets the turn.
                tokio::task::yield_now().await;
                take_waiting(&mut taken, &mut queue);
            }
            let batch = next_batch(&mut taken);
            let (count, begun) = (batch.len(), Instant::now());
            self.commit(batch, &done).await;
            load.note(count, begun.elapsed());
        }
        drop(done);
        if answering.await.is_err() {
            error!("what was committed last could not be announced");
        }
    }

    /// Commits a batch as a whole; where it is refused, its halves, so that a poisoned operation fails alone.
    async fn commit(&self, mut batch: Batch, done: &mpsc::Sender<Done>) {
        if let Err(error) = self.prepare(&mut batch).await {
            return fail(batch, &error);
        }
        let mut parts = vec![batch];
        while let Some(batch) = parts.pop() {
            let mut batch = refuse_broken(batch);
            if batch.is_empty() {
                continue;
            }
            match self.commit_repeating(&mut batch).await {
                Ok(events) => {
                    fail::fail_point!("log::after_commit", |_| std::process::abort());
                    if done.send(Done { batch, events }).await.is_err() {
                        error!("what was committed cannot be announced: the task that does it has ended");
                    }
                }
                Err(error) if batch.len() > 1 && is_one_to_blame(&error) => {
                    warn!(
                        operations = batch.len(),
                        error = &error as &dyn std::error::Error,
                        "batch refused: it is halved to find out by whom"
                    );
                    parts.push(batch.split_off(batch.len() / 2));
                    parts.push(batch);
                }
                Err(error) => fail(batch, &error),
            }
        }
    }

    /// Lets operations take their ids.
    async fn prepare(&self, batch: &mut Batch) -> Result<(), LogError> {
        let preparing = async {
            for run in batch.chunk_by_mut(|one, other| one.is_like(&**other)) {
                if let Some((first, rest)) = run.split_first_mut() {
                    first.prepare_with(rest, &self.ids).await?;
                }
            }
            Ok(())
        };
        AssertUnwindSafe(preparing).catch_unwind().await.unwrap_or(Err(LogError::Panicked))
    }

    async fn commit_repeating(&self, batch: &mut Batch) -> Result<Vec<Committed>, LogError> {
        let mut attempts = Attempts::start();
        loop {
            // A panic is a defect of one operation; the lane and the others live on.
            let attempt = AssertUnwindSafe(self.commit_once(batch, &mut attempts)).catch_unwind();
            let error = match attempt.await.unwrap_or(Err(LogError::Panicked)) {
                Ok(events) => return Ok(events),
                Err(error) => error,
            };
            match attempts.pause_after(&error) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(attempts.conclude(error)),
            }
        }
    }

    async fn commit_once(&self, batch: &mut Batch, attempts: &mut Attempts) -> Result<Vec<Committed>, LogError> {
        fail::fail_point!("log::before_begin", |_| std::process::abort());
        let streams: Vec<_> = batch.iter().flat_map(|waiting| waiting.streams()).collect();
        let mut db = self.store.begin().await?;
        let locked = heads::lock(&mut db, &streams).await?;
        fail::fail_point!("log::after_lock", |_| std::process::abort());
        let now = self.clock.now();
        let note = commits::note(attempts.id(), now);
        let is_repeat_of_unknown = attempts.is_unknown();
        if is_repeat_of_unknown {
            // Waits until the earlier transaction has ended, if it still runs.
            match db.execute(&note.sql, note.params.clone()).await {
                Ok(_) => attempts.did_not_happen(),
                Err(StoreError::Duplicate { .. }) => {
                    db.rollback().await;
                    return Ok(attempts.did_happen());
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut tx = LogTx::new(&mut db, now, locked);
        apply(batch, &mut tx).await?;
        let (events, mut last) = tx.finish().await?;
        if !is_repeat_of_unknown && !last.is_empty() {
            last.push(note);
        }
        fail::fail_point!("log::after_apply", |_| std::process::abort());
        match db.commit_with(last).await {
            Ok(()) => Ok(events),
            Err(error) => {
                if matches!(error, StoreError::OutcomeUnknown { .. }) {
                    attempts.became_unknown(events);
                }
                Err(error.into())
            }
        }
    }
}

/// How busy a lane is: what its batches held, and how long they took.
///
/// Whoever keeps several messages outstanding sends again when the answers of a batch arrive. Taking the first of those at once
/// would make two batches of each: a small one, and the rest behind it, with a commit for both.
#[derive(Debug, Default)]
struct Load {
    /// How many operations are likely to come together.
    expected: usize,
    mean: Duration,
}

/// A loaded lane waits at most this part of its mean commit.
const LINGER_PART: u32 = 8;

/// Weight of the mean so far against the newest commit.
const MEAN_WEIGHT: u32 = 7;

impl Load {
    /// Tells whether a batch that holds so many waits for more: not in an idle lane, and not for long.
    fn expects_more(&self, count: usize, waited: Duration) -> bool {
        self.expected > 1 && count < self.expected.min(BATCH_OPERATIONS_MAX) && waited < self.mean / LINGER_PART
    }

    fn note(&mut self, count: usize, took: Duration) {
        // A small batch between large ones does not end the expectation at once.
        self.expected = count.max(usize::midpoint(self.expected, count));
        self.mean = if self.mean.is_zero() { took } else { (self.mean * MEAN_WEIGHT + took) / (MEAN_WEIGHT + 1) };
    }
}

fn take_waiting(taken: &mut VecDeque<Box<dyn Waiting>>, queue: &mut mpsc::Receiver<Box<dyn Waiting>>) {
    while taken.len() < BATCH_OPERATIONS_MAX
        && let Ok(waiting) = queue.try_recv()
    {
        taken.push_back(waiting);
    }
}

/// Takes the operations of the next transaction, and leaves the rest.
fn next_batch(taken: &mut VecDeque<Box<dyn Waiting>>) -> Batch {
    let mut bytes = 0;
    let sizes = taken.iter().take(BATCH_OPERATIONS_MAX).map(|waiting| waiting.content_bytes());
    let fitting = sizes.take_while(|size| {
        bytes += size;
        bytes <= BATCH_BYTES_MAX
    });
    let count = fitting.count();
    taken.drain(..count.max(1).min(taken.len())).collect()
}

async fn apply(batch: &mut Batch, tx: &mut LogTx<'_>) -> Result<(), LogError> {
    for run in batch.chunk_by_mut(|one, other| one.is_like(&**other)) {
        if let Some((first, rest)) = run.split_first_mut() {
            tx.write_heads().await?;
            first.apply_with(rest, tx).await?;
        }
    }
    Ok(())
}

/// Announces before it answers: whoever has the answer may count on the event being on its way.
async fn answer(outlet: Outlet, mut committed: mpsc::Receiver<Done>) {
    while let Some(Done { batch, events }) = committed.recv().await {
        let announce = || outlet(&announced(events));
        if std::panic::catch_unwind(AssertUnwindSafe(announce)).is_err() {
            error!("announcing what was committed panicked; it is found in the database");
        }
        fail::fail_point!("log::after_publish", |_| std::process::abort());
        for waiting in batch {
            waiting.committed();
        }
    }
}

/// Gives what is announced of what was committed: all of it, unless a test plants a fault.
fn announced(events: Vec<Committed>) -> Vec<Committed> {
    fail::fail_point!("bug::lost_publish", |_| Vec::new());
    #[cfg(feature = "failpoints")]
    let events = super::faults::with_swapped_revs(events);
    events
}

/// Refuses what must not be committed before something that failed, and gives the rest.
fn refuse_broken(batch: Batch) -> Batch {
    let (broken, rest): (Batch, Batch) = batch.into_iter().partition(|waiting| waiting.is_broken());
    for waiting in broken {
        waiting.failed(LogError::Busy { retry_after_ms: BUSY_RETRY_MS });
    }
    rest
}

/// Tells whether the batch is refused because of one operation in it; where the database is away, all fail alike.
fn is_one_to_blame(error: &LogError) -> bool {
    match error {
        LogError::Store(error) => !matches!(
            **error,
            StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. } | StoreError::Conflict { .. }
        ),
        LogError::Frame(_) | LogError::Panicked => true,
        LogError::Busy { .. } | LogError::Closed => false,
    }
}

fn fail(batch: Batch, error: &LogError) {
    let is_name_taken = matches!(error, LogError::Store(error) if matches!(**error, StoreError::Duplicate { .. }));
    if is_name_taken {
        // Two chose it at the same moment: nobody has to act.
        info!(operations = batch.len(), error = error as &dyn std::error::Error, "a name is taken");
    } else {
        error!(operations = batch.len(), error = error as &dyn std::error::Error, "commit failed");
    }
    let may_be_repeated = !is_one_to_blame(error);
    for waiting in batch {
        if may_be_repeated {
            waiting.break_off();
        }
        waiting.failed(error.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn an_idle_lane_never_waits_and_a_loaded_one_not_for_long() {
        let mut load = Load::default();
        assert!(!load.expects_more(1, Duration::ZERO), "nothing is known yet");
        load.note(1, 8 * MS);
        assert!(!load.expects_more(1, Duration::ZERO), "one at a time");
        load.note(64, 8 * MS);
        load.note(1, 8 * MS);
        load.note(64, 8 * MS);
        assert!(load.expects_more(16, Duration::ZERO));
        assert!(!load.expects_more(16, MS), "an eighth of a commit is over");
        assert!(!load.expects_more(64, Duration::ZERO), "as many as before");
        load.note(BATCH_OPERATIONS_MAX + 9, 8 * MS);
        assert!(!load.expects_more(BATCH_OPERATIONS_MAX, Duration::ZERO), "no more fit");
        (0..9).for_each(|_| load.note(1, MS));
        assert!(!load.expects_more(1, Duration::ZERO), "idle again");
    }
}
