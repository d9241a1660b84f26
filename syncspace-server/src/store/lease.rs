//! A row that one instance holds at a time, for work that must not happen twice at once.
//!
//! Clocks of different machines are never compared: a lease is taken from its holder only after it stood still for its
//! whole term on the clock of the one who watches.

use std::time::Duration;

use jiff::Timestamp;
use syncspace_protocol::Time;
use tokio::time::{Instant, sleep};

use super::value::params;
use super::{Queries, Sql, Store, StoreError};

/// How long a lease stands without being renewed.
const TERM: Duration = Duration::from_secs(10);
/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(3);
/// How often someone who waits looks at it.
const LOOK: Duration = Duration::from_millis(100);

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
pub(super) struct Lease<'a> {
    store: &'a Store,
    name: &'static str,
    holder: String,
    fence: i64,
}

/// What the row said when it was looked at.
#[derive(Clone, PartialEq, Eq)]
struct Seen {
    holder: String,
    fence: i64,
    expires_at: Time,
}

impl<'a> Lease<'a> {
    /// Takes the lease; waits while another one keeps renewing it, but not longer than the limit.
    pub(super) async fn acquire(store: &'a Store, name: &'static str, limit: Duration) -> Result<Self, StoreError> {
        make(store, name).await?;
        let holder = uuid::Uuid::new_v4().to_string();
        let begin = Instant::now();
        let (mut last_seen, mut unchanged_since) = (None, Instant::now());
        loop {
            let seen = read(store, name).await?;
            let is_free = seen.holder.is_empty();
            if last_seen.as_ref() != Some(&seen) {
                (last_seen, unchanged_since) = (Some(seen.clone()), Instant::now());
            }
            if is_free || unchanged_since.elapsed() >= TERM {
                let fence = seen.fence + 1;
                let mut db = store;
                let taken = params![&holder, fence, expiry(), name, seen.fence, seen.expires_at];
                if db.execute(&TAKE, taken).await? == 1 {
                    return Ok(Self { store, name, holder, fence });
                }
            }
            if begin.elapsed() >= limit {
                return Err(StoreError::Schema {
                    message: format!(
                        "another instance has held the lease \"{name}\" for {} s; wait until it is done, or stop it",
                        limit.as_secs()
                    ),
                });
            }
            sleep(LOOK).await;
        }
    }

    /// Renews the lease for ever; returns only when it is lost.
    pub(super) async fn keep(&self) -> StoreError {
        let mut renewed = Instant::now();
        loop {
            sleep(RENEWAL).await;
            let mut db = self.store;
            let renewal = params![expiry(), self.name, &self.holder, self.fence];
            match db.execute(&RENEW, renewal).await {
                Ok(1) => renewed = Instant::now(),
                Ok(_) => return lost(self.name),
                Err(error) if renewed.elapsed() >= TERM => return error,
                Err(error) => tracing::warn!(lease = self.name, %error, "a lease was not renewed in time"),
            }
        }
    }

    /// Gives the lease back, so that nobody waits for its term.
    pub(super) async fn release(self) {
        let mut db = self.store;
        if let Err(error) = db.execute(&RELEASE, params![self.name, &self.holder, self.fence]).await {
            tracing::warn!(lease = self.name, %error, "a lease was not given back; it runs out by itself");
        }
    }
}

async fn make(store: &Store, name: &str) -> Result<(), StoreError> {
    let mut db = store;
    db.execute(&MAKE_LEASES, params![]).await?;
    match db.execute(&MAKE_ROW, params![name, expiry()]).await {
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
fn expiry() -> Time {
    let term_ms = i64::try_from(TERM.as_millis()).expect("a term is seconds");
    let now = Time::from(Timestamp::now());
    Time::from_unix_ms(now.unix_ms() + term_ms).unwrap_or(now)
}

fn lost(name: &str) -> StoreError {
    StoreError::Schema { message: format!("the lease \"{name}\" was taken by another instance; start this one again") }
}
