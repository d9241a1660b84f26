//! What one instance does for all, again and again: mostly, in batches that lock little, to remove what is kept for a while only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use syncspace_protocol::limits::IDEMPOTENCY_KEY_LIFE_S;
use syncspace_protocol::{ChannelId, Time};

use super::file_counts::add;
use super::{Service, ServiceError, Settings, later, statistics};
use crate::store;
use crate::store::{
    Fence, Lease, LeaseTimes, StoreError, Tx, audit, commits, deliveries, email_codes, files, idempotency_keys, mails,
    password_resets, revocations, sessions,
};

/// Most rows that one transaction removes from a table: some milliseconds' work, and a lock nobody notices.
pub const BATCH_ROWS_MAX: u32 = 500;

/// Most files that are collected at once: a request to the storage for each.
const COLLECTED_MAX: u32 = 50;

/// How long a session is still known after it was ended or was over, in seconds: thirty days, for whoever looks back.
const SESSION_KEPT_S: u32 = 30 * 24 * 3600;

/// How long the transactions of the log are known by their names, in seconds: nobody asks after one older than a minute.
const LOG_COMMIT_KEPT_S: u32 = 3600;

/// How long ended rights stay in their log, in seconds: an instance that was away for longer looks at everything anew.
const REVOCATION_KEPT_S: u32 = 24 * 3600;

/// How long a delivery to a hook that is over can be looked at, in seconds: a week.
const DELIVERY_KEPT_S: u32 = 7 * 24 * 3600;

/// How long a mail whose time is over stays for whoever sends mail to say that it is given up, in seconds: a day.
const MAIL_KEPT_S: u32 = 24 * 3600;

/// Name of the lease of the one instance that does what needs doing once.
const LEASE: &str = "jobs";

/// Something that is done again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
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
    /// Deliveries to hooks that are over.
    Deliveries,
    /// Files that nobody finds any more, with their bytes.
    Files,
    /// Lines of the audit log.
    Audit,
    /// Codes for new passwords that are over.
    PasswordResets,
    /// Messages that were kept as long as is settled.
    Retention,
    /// Codes for e-mail addresses that are over.
    EmailCodes,
    /// Mails that nobody has sent, because mail was switched off.
    Mails,
    /// What is left of deleted teams and channels.
    Deleted,
    /// What is left of erased people.
    Erasures,
    /// How much there is, kept for each day.
    Statistics,
}

impl JobKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::SocketTickets,
        Self::Sessions,
        Self::IdempotencyKeys,
        Self::LogCommits,
        Self::Revocations,
        Self::Deliveries,
        Self::Files,
        Self::Audit,
        Self::PasswordResets,
        Self::Retention,
        Self::EmailCodes,
        Self::Mails,
        Self::Deleted,
        Self::Erasures,
        Self::Statistics,
    ];

    /// Gives its name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SocketTickets => "purge socket tickets",
            Self::Sessions => "purge sessions",
            Self::IdempotencyKeys => "purge idempotency keys",
            Self::LogCommits => "purge names of commits",
            Self::Revocations => "purge ended rights",
            Self::Deliveries => "purge deliveries",
            Self::Files => "collect files",
            Self::Audit => "purge audit log",
            Self::PasswordResets => "purge password resets",
            Self::Retention => "apply retention",
            Self::EmailCodes => "purge e-mail codes",
            Self::Mails => "purge mails",
            Self::Deleted => "remove what was deleted",
            Self::Erasures => "erase people",
            Self::Statistics => "keep statistics",
        }
    }

    /// Gives how long its rows are kept, in seconds.
    const fn kept_s(self, settings: &Settings) -> u32 {
        match self {
            // A file's row says itself when its time comes.
            Self::SocketTickets
            | Self::Files
            | Self::PasswordResets
            | Self::Retention
            | Self::Deleted
            | Self::Erasures
            | Self::EmailCodes
            | Self::Statistics => 0,
            Self::Mails => MAIL_KEPT_S,
            Self::Sessions => SESSION_KEPT_S,
            Self::IdempotencyKeys => IDEMPOTENCY_KEY_LIFE_S,
            Self::LogCommits => LOG_COMMIT_KEPT_S,
            Self::Revocations => REVOCATION_KEPT_S,
            Self::Audit => settings.audit_life_s,
            Self::Deliveries => DELIVERY_KEPT_S,
        }
    }

    async fn remove_before(self, tx: &mut Tx, time: Time) -> Result<u64, StoreError> {
        match self {
            Self::SocketTickets => sessions::purge_tickets_before(tx, time, BATCH_ROWS_MAX).await,
            Self::Sessions => sessions::purge_before(tx, time, BATCH_ROWS_MAX).await,
            Self::IdempotencyKeys => idempotency_keys::purge_before(tx, time, BATCH_ROWS_MAX).await,
            Self::LogCommits => commits::purge_before(tx, time, BATCH_ROWS_MAX).await,
            Self::Revocations => revocations::purge_before(tx, time, BATCH_ROWS_MAX).await,
            Self::Deliveries => deliveries::purge_before(tx, time, BATCH_ROWS_MAX).await,
            Self::Audit => audit::purge_before(tx, time, BATCH_ROWS_MAX).await,
            // Not by one statement: see [`Service::run_batch`].
            Self::Files | Self::Retention | Self::Deleted | Self::Erasures => Ok(0),
            Self::PasswordResets => password_resets::purge_before(tx, time, BATCH_ROWS_MAX).await,
            Self::EmailCodes => email_codes::purge_before(tx, time, BATCH_ROWS_MAX).await,
            Self::Mails => mails::purge_before(tx, time, BATCH_ROWS_MAX).await,
            Self::Statistics => {
                let counts = statistics::count(tx, time).await?;
                store::statistics::put(tx, &counts).await.map(|()| 0)
            }
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
pub struct Turn {
    lease: Lease,
    /// The channel behind which retention goes on; 0 where its next run begins.
    retention_after: AtomicU64,
}

impl Turn {
    /// Gives the proof that this instance has the turn.
    pub(super) const fn fence(&self) -> &Fence {
        self.lease.fence()
    }

    /// Gives the channel behind which retention goes on.
    pub(super) fn retention_after(&self) -> Option<ChannelId> {
        ChannelId::try_from(self.retention_after.load(Ordering::Relaxed)).ok()
    }

    /// Notes behind which channel retention goes on; none where its run is over.
    pub(super) fn note_retention(&self, after: Option<ChannelId>) {
        self.retention_after.store(after.map_or(0, ChannelId::get), Ordering::Relaxed);
    }

    /// Keeps the turn for ever; returns only when it is lost.
    pub async fn keep(&self) -> ServiceError {
        self.lease.keep().await.into()
    }

    /// Lets another instance have it at once.
    pub async fn give_back(self) {
        self.lease.release().await;
    }
}

impl Service {
    /// Waits for this instance's turn: until no other one has it, or the one that has it stopped renewing it for a term.
    pub async fn wait_for_turn(&self, times: LeaseTimes) -> Result<Turn, ServiceError> {
        let lease = Lease::wait_for(&self.store, LEASE, times).await?;
        Ok(Turn { lease, retention_after: AtomicU64::new(0) })
    }

    /// Removes one batch of rows that were kept long enough.
    pub async fn run_batch(&self, turn: &Turn, kind: JobKind) -> Result<Batch, ServiceError> {
        match kind {
            JobKind::Files => return self.collect_files(turn).await,
            JobKind::Retention => return self.apply_retention(turn).await,
            JobKind::Deleted => return self.remove_deleted(turn).await,
            JobKind::Erasures => return self.erase_some(turn).await,
            _ => {}
        }
        let before = later(self.clock.now(), -i64::from(kind.kept_s(&self.settings)) * 1_000);
        let mut tx = self.store.begin().await?;
        if !turn.fence().holds(&mut tx).await? {
            return Ok(Batch::TurnLost);
        }
        let rows = kind.remove_before(&mut tx, before).await?;
        tx.commit().await?;
        Ok(if rows < u64::from(BATCH_ROWS_MAX) { Batch::Last(rows) } else { Batch::More(rows) })
    }

    /// Tells whether this instance still has the turn.
    pub(super) async fn has_turn(&self, turn: &Turn) -> Result<bool, StoreError> {
        let mut tx = self.store.begin().await?;
        let has_turn = turn.fence().holds(&mut tx).await?;
        tx.rollback().await;
        Ok(has_turn)
    }

    /// Gives how long it is until a time; nothing where it is past.
    pub(super) fn time_until(&self, at: Time) -> Duration {
        Duration::from_millis(u64::try_from(at.unix_ms() - self.clock.now().unix_ms()).unwrap_or(0))
    }

    /// Removes the bytes of files whose time has come, and then their rows: cut off anywhere, it finds them again.
    async fn collect_files(&self, turn: &Turn) -> Result<Batch, ServiceError> {
        let mut tx = self.store.begin().await?;
        if !turn.fence().holds(&mut tx).await? {
            return Ok(Batch::TurnLost);
        }
        let leftovers = files::take_leftovers(&mut tx, self.clock.now(), COLLECTED_MAX).await?;
        tx.commit().await?;
        let has_more = leftovers.len() == usize::try_from(COLLECTED_MAX).unwrap_or(usize::MAX);
        let (mut removed, mut failed) = (0, None);
        for leftover in leftovers {
            match self.remove_file(leftover.id, &leftover.blob_key).await {
                Ok(()) => {
                    removed += 1;
                    add(&self.file_counts.collected, 1);
                }
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) => Err(error),
            None if has_more => Ok(Batch::More(removed)),
            None => Ok(Batch::Last(removed)),
        }
    }
}
