//! The numbered log of rights that were taken away, from which every instance reads on.
//!
//! Numbers are 1, 2, 3 … without gaps, in the order of commits: the head row is locked until the transaction ends.

use syncspace_protocol::Time;

use super::{Queries, Sql, StoreError, Tx, Value, params};

/// Most rows written by one statement.
const ROWS_PER_STATEMENT: usize = 100;

/// Where the log ends, and up to where it is no longer kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocationHead {
    /// Newest number; 0 before the first one.
    pub last: u64,
    /// Rows up to this number were purged.
    pub floor: u64,
}

/// Appends effects, as JSON, and gives the number of the first one.
///
/// Comes last in its transaction: whoever locks another row after the head's could wait for somebody who waits here.
pub async fn append(tx: &mut Tx, effects: &[String], now: Time) -> Result<u64, StoreError> {
    const TAKE: Sql = Sql::both("UPDATE revocation_head SET last_number = last_number + ? WHERE id = 1");
    const READ: Sql = Sql::both("SELECT last_number FROM revocation_head WHERE id = 1");
    let count = effects.len() as u64;
    tx.execute(&TAKE, vec![integer(count)]).await?;
    let row = tx.query_first(&READ, Vec::new()).await?.ok_or_else(no_head)?;
    let last: u64 = row.reader().take()?;
    let first = last.saturating_sub(count) + 1;
    let mut number = first;
    for some in effects.chunks(ROWS_PER_STATEMENT) {
        let mut values = Vec::with_capacity(3 * some.len());
        for effect in some {
            values.extend([integer(number), Value::from(effect), Value::from(now)]);
            number += 1;
        }
        let rows = vec!["(?,?,?)"; some.len()].join(",");
        let sql = Sql::built(format!("INSERT INTO revocations (number, effect, created_at) VALUES {rows}"));
        tx.execute(&sql, values).await?;
    }
    Ok(first)
}

/// Reads where the log ends and begins.
pub async fn load_head(db: &mut impl Queries) -> Result<RevocationHead, StoreError> {
    const SELECT: Sql = Sql::both("SELECT last_number, floor_number FROM revocation_head WHERE id = 1");
    let row = db.query_first(&SELECT, Vec::new()).await?.ok_or_else(no_head)?;
    let mut row = row.reader();
    Ok(RevocationHead { last: row.take()?, floor: row.take()? })
}

/// Lists effects after a number, in order, with their numbers.
pub async fn list_after(db: &mut impl Queries, after: u64, limit: u32) -> Result<Vec<(u64, String)>, StoreError> {
    const SELECT: Sql = Sql::both("SELECT number, effect FROM revocations WHERE number > ? ORDER BY number LIMIT ?");
    let rows = db.query(&SELECT, vec![integer(after), Value::from(limit)]).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            Ok((row.take()?, row.take()?))
        })
        .collect()
}

/// Removes what was written before `time`, at most `limit` rows, and raises the floor; gives how many rows went.
///
/// An instance that has not read that far by then looks at everything anew.
pub async fn purge_before(tx: &mut Tx, time: Time, limit: u32) -> Result<u64, StoreError> {
    const LOCK: Sql = Sql::both("SELECT floor_number FROM revocation_head WHERE id = 1 FOR UPDATE");
    const NEWEST: Sql = Sql::both("SELECT MAX(number) FROM revocations WHERE created_at < ?");
    const RAISE: Sql = Sql::both("UPDATE revocation_head SET floor_number = ? WHERE id = 1");
    const REMOVE: Sql = Sql::both("DELETE FROM revocations WHERE number <= ?");
    let head = tx.query_first(&LOCK, Vec::new()).await?.ok_or_else(no_head)?;
    let floor: u64 = head.reader().take()?;
    let newest = tx.query_first(&NEWEST, params![time]).await?;
    let newest: Option<u64> = newest.map(|row| row.reader().take()).transpose()?.flatten();
    // A clock that went back may have written younger rows before older ones: all below the newest go.
    let Some(newest) = newest else { return Ok(0) };
    let newest = newest.min(floor + u64::from(limit));
    tx.execute(&RAISE, vec![integer(newest)]).await?;
    tx.execute(&REMOVE, vec![integer(newest)]).await
}

fn integer(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn no_head() -> StoreError {
    StoreError::Other {
        during: "read the head of the revocation log".into(),
        source: "the row that the migrations make is missing".into(),
    }
}
