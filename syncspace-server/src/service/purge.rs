//! What is kept for a while only, and who removes it: one instance at a time, in batches that lock little.

use syncspace_protocol::Time;
use syncspace_protocol::limits::IDEMPOTENCY_KEY_LIFE_S;

use super::{Service, ServiceError, later};
use crate::store::{Fence, Lease, LeaseTimes, StoreError, Tx, commits, idempotency_keys, revocations, sessions};

/// Most rows that one transaction removes from a table: some milliseconds' work, and a lock nobody notices.
pub const PURGE_ROWS_MAX: u32 = 500;

/// How long a session is still known after it was ended or was over, in seconds: thirty days, for whoever looks back.
const SESSION_KEPT_S: u32 = 30 * 24 * 3600;

/// How long the transactions of the log are known by their names, in seconds: nobody asks after one older than a minute.
const LOG_COMMIT_KEPT_S: u32 = 3600;

/// How long ended rights stay in their log, in seconds: an instance that was away for longer looks at everything anew.
const REVOCATION_KEPT_S: u32 = 24 * 3600;

/// Name of the lease of the one instance that does what needs doing once.
const LEASE: &str = "jobs";

/// A kind of rows that are kept for a while only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purge {
    /// Socket tickets that are over.
    SocketTickets,
    /// Sessions that ended or were over long ago.
    Sessions,
    /// Idempotency keys that are over.
    IdempotencyKeys,
    /// Names of the log's transactions.
    LogCommits,
    /// Ended rights that every instance has read.
    Revocations,
}

impl Purge {
    /// Every kind.
    pub const ALL: &[Self] =
        &[Self::SocketTickets, Self::Sessions, Self::IdempotencyKeys, Self::LogCommits, Self::Revocations];

    /// Gives its name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SocketTickets => "purge socket tickets",
            Self::Sessions => "purge sessions",
            Self::IdempotencyKeys => "purge idempotency keys",
            Self::LogCommits => "purge names of commits",
            Self::Revocations => "purge ended rights",
        }
    }

    /// Gives how long its rows are kept, in seconds.
    const fn kept_s(self) -> u32 {
        match self {
            Self::SocketTickets => 0,
            Self::Sessions => SESSION_KEPT_S,
            Self::IdempotencyKeys => IDEMPOTENCY_KEY_LIFE_S,
            Self::LogCommits => LOG_COMMIT_KEPT_S,
            Self::Revocations => REVOCATION_KEPT_S,
        }
    }

    async fn remove_before(self, tx: &mut Tx, time: Time) -> Result<u64, StoreError> {
        match self {
            Self::SocketTickets => sessions::purge_tickets_before(tx, time, PURGE_ROWS_MAX).await,
            Self::Sessions => sessions::purge_before(tx, time, PURGE_ROWS_MAX).await,
            Self::IdempotencyKeys => idempotency_keys::purge_before(tx, time, PURGE_ROWS_MAX).await,
            Self::LogCommits => commits::purge_before(tx, time, PURGE_ROWS_MAX).await,
            Self::Revocations => revocations::purge_before(tx, time, PURGE_ROWS_MAX).await,
        }
    }
}

/// What came of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// Rows were removed, and there may be more.
    More(u64),
    /// Rows were removed, and no more are there.
    Last(u64),
    /// Nothing was done: another instance has the turn now.
    TurnLost,
}

/// This instance's turn to do what one instance does for all.
pub struct Turn(Lease);

impl Turn {
    /// Gives the proof that this instance has the turn.
    pub(super) const fn fence(&self) -> &Fence {
        self.0.fence()
    }

    /// Keeps the turn for ever; returns only when it is lost.
    pub async fn keep(&self) -> ServiceError {
        self.0.keep().await.into()
    }

    /// Lets another instance have it at once.
    pub async fn give_back(self) {
        self.0.release().await;
    }
}

impl Service {
    /// Waits for this instance's turn: until no other one has it, or the one that has it stopped renewing it for a term.
    pub async fn wait_for_turn(&self, times: LeaseTimes) -> Result<Turn, ServiceError> {
        Ok(Turn(Lease::wait_for(&self.store, LEASE, times).await?))
    }

    /// Removes one batch of rows that were kept long enough.
    pub async fn purge_batch(&self, turn: &Turn, purge: Purge) -> Result<Batch, ServiceError> {
        let before = later(self.clock.now(), -i64::from(purge.kept_s()) * 1_000);
        let mut tx = self.store.begin().await?;
        if !turn.0.fence().holds(&mut tx).await? {
            return Ok(Batch::TurnLost);
        }
        let rows = purge.remove_before(&mut tx, before).await?;
        tx.commit().await?;
        Ok(if rows < u64::from(PURGE_ROWS_MAX) { Batch::Last(rows) } else { Batch::More(rows) })
    }
}
