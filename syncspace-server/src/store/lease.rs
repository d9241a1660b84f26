//! A row that one instance holds at a time, for work that must not happen twice at once.
//!
//! Clocks of different machines are never compared: a lease is taken from its holder only after it stood still for its
//! whole term on the clock of the one who watches.

use std::time::Duration;

use jiff::Timestamp;
use syncspace_protocol::Time;
use tokio::time::{Instant, sleep};

use super::value::params;
use super::{Queries, Sql, Store, StoreError, Tx};

/// How a lease is timed. All who contend for one must use the same times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// How long it stands without being renewed.
    pub term: Duration,
    /// How often it is renewed; several times within a term.
    pub renewal: Duration,
    /// How often someone who waits looks at it.
    pub look: Duration,
}

/// Times of a lease that a starting server waits for.
const AT_START: LeaseTimes =
    LeaseTimes { term: Duration::from_secs(10), renewal: Duration::from_secs(3), look: Duration::from_millis(100) };

/// Not a step of the schema, because the steps themselves run under a lease.
pub(super) const MAKE_LEASES: Sql = Sql::pair(
    "CREATE TABLE IF NOT EXISTS leases (
        name VARCHAR(50) NOT NULL PRIMARY KEY,
        holder VARCHAR(50) NOT NULL,
        fence BIGINT NOT NULL,
        expires_at DATETIME(3) NOT NULL
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS leases (
        name TEXT NOT NULL PRIMARY KEY,
        holder TEXT NOT NULL,
        fence INTEGER NOT NULL,
        expires_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID",
);
const MAKE_ROW: Sql = Sql::both("INSERT INTO leases (name, holder, fence, expires_at) VALUES (?, '', 0, ?)");
const READ: Sql = Sql::both("SELECT holder, fence, expires_at FROM leases WHERE name = ?");
const TAKE: Sql = Sql::both(
    "UPDATE leases SET holder = ?, fence = ?, expires_at = ? WHERE name = ? AND fence = ? AND expires_at = ?",
);
const RENEW: Sql = Sql::both("UPDATE leases SET expires_at = ? WHERE name = ? AND holder = ? AND fence = ?");
const RELEASE: Sql = Sql::both("UPDATE leases SET holder = '' WHERE name = ? AND holder = ? AND fence = ?");

/// A lease this process holds until it is released, or for its term if the process dies.
pub struct Lease {
    store: Store,
    times: LeaseTimes,
    fence: Fence,
}

/// Proof of a lease, to be shown in every transaction that only its holder may commit.
///
/// The number grows with every holder: whoever was held up longer than its term finds out before it changes anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    name: &'static str,
    holder: String,
    number: i64,
}

/// What the row said when it was looked at.
#[derive(Clone, PartialEq, Eq)]
struct Seen {
    holder: String,
    fence: i64,
    expires_at: Time,
}

/// Tells when a lease may be taken, from looks at its row.
struct Watch {
    term: Duration,
    seen: Option<Seen>,
    unchanged_since: Instant,
}

impl Watch {
    fn new(term: Duration) -> Self {
        Self { term, seen: None, unchanged_since: Instant::now() }
    }

    fn is_takeable(&mut self, now: &Seen) -> bool {
        if self.seen.as_ref() != Some(now) {
            (self.seen, self.unchanged_since) = (Some(now.clone()), Instant::now());
        }
        now.holder.is_empty() || self.unchanged_since.elapsed() >= self.term
    }
}

impl Lease {
    /// Takes the lease; waits while another one keeps renewing it, but not longer than the limit.
    pub(super) async fn acquire(store: &Store, name: &'static str, limit: Duration) -> Result<Self, StoreError> {
        let taken = tokio::time::timeout(limit, Self::wait_for(store, name, AT_START)).await;
        taken.unwrap_or_else(|_| {
            Err(StoreError::Schema {
                message: format!(
                    "another instance has held the lease \"{name}\" for {} s; wait until it is done, or stop it",
                    limit.as_secs()
                ),
            })
        })
    }

    /// Takes the lease; waits as long as another one keeps renewing it.
    pub async fn wait_for(store: &Store, name: &'static str, times: LeaseTimes) -> Result<Self, StoreError> {
        make(store, name, times.term).await?;
        let holder = uuid::Uuid::new_v4().to_string();
        let mut watch = Watch::new(times.term);
        loop {
            let seen = read(store, name).await?;
            if watch.is_takeable(&seen) {
                let number = seen.fence + 1;
                let mut db = store;
                let taken = params![&holder, number, expiry(times.term), name, seen.fence, seen.expires_at];
                if db.execute(&TAKE, taken).await? == 1 {
                    return Ok(Self { store: store.clone(), times, fence: Fence { name, holder, number } });
                }
            }
            sleep(times.look).await;
        }
    }

    /// Gives the proof that this is the holder.
    #[must_use]
    pub const fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Renews the lease for ever; returns only when it is lost.
    pub async fn keep(&self) -> StoreError {
        let Fence { name, holder, number } = &self.fence;
        let mut renewed = Instant::now();
        loop {
            sleep(self.times.renewal).await;
            let mut db = &self.store;
            match db.execute(&RENEW, params![expiry(self.times.term), *name, holder, *number]).await {
                Ok(1) => renewed = Instant::now(),
                Ok(_) => return lost(name),
                Err(error) if renewed.elapsed() >= self.times.term => return error,
                Err(error) => tracing::warn!(lease = name, %error, "a lease was not renewed in time"),
            }
        }
    }

    /// Gives the lease back, so that nobody waits for its term.
    pub async fn release(self) {
        let Fence { name, holder, number } = &self.fence;
        let mut db = &self.store;
        if let Err(error) = db.execute(&RELEASE, params![*name, holder, *number]).await {
            tracing::warn!(lease = name, %error, "a lease was not given back; it runs out by itself");
        }
    }
}

impl Fence {
    /// Tells whether the lease is still its holder's; then nobody takes it before the transaction ends.
    pub async fn holds(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        const LOCK: Sql = Sql::both("SELECT fence FROM leases WHERE name = ? AND holder = ? AND fence = ? FOR UPDATE");
        Ok(tx.query_first(&LOCK, params![self.name, &self.holder, self.number]).await?.is_some())
    }
}

async fn make(store: &Store, name: &str, term: Duration) -> Result<(), StoreError> {
    let mut db = store;
    db.execute(&MAKE_LEASES, params![]).await?;
    match db.execute(&MAKE_ROW, params![name, expiry(term)]).await {
        Ok(_) | Err(StoreError::Duplicate { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn read(store: &Store, name: &str) -> Result<Seen, StoreError> {
    let mut db = store;
    let row = db.query_first(&READ, params![name]).await?.ok_or_else(|| lost(name))?;
    let mut row = row.reader();
    Ok(Seen { holder: row.take()?, fence: row.take()?, expires_at: row.take()? })
}

/// For people who look at the table; no program compares it with its clock.
fn expiry(term: Duration) -> Time {
    let term_ms = i64::try_from(term.as_millis()).unwrap_or(i64::MAX);
    let now = Time::from(Timestamp::now());
    Time::from_unix_ms(now.unix_ms().saturating_add(term_ms)).unwrap_or(now)
}

fn lost(name: &str) -> StoreError {
    StoreError::Schema { message: format!("the lease \"{name}\" was taken by another instance; start this one again") }
}
