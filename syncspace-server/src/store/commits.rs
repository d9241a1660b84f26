//! One row per transaction of the log, by which a commit of unknown outcome is told from one that did not happen.

use syncspace_protocol::Time;

use super::{Queries, Sql, Statement, StoreError, params};

/// Gives the statement that notes a transaction; it is refused as a duplicate where that one was committed before.
#[must_use]
pub fn note(id: &str, now: Time) -> Statement {
    Statement { sql: Sql::both("INSERT INTO log_commits (id, committed_at) VALUES (?, ?)"), params: params![id, now] }
}

/// Forgets transactions noted before a time, at most that many; gives how many. Nobody asks after one older than a minute.
pub async fn purge_before(db: &mut impl Queries, time: Time, limit: u32) -> Result<u64, StoreError> {
    let sql = Sql::built_pair(
        format!("DELETE FROM log_commits WHERE committed_at < ? ORDER BY committed_at LIMIT {limit}"),
        format!(
            "DELETE FROM log_commits WHERE id IN (SELECT id FROM log_commits WHERE committed_at < ? \
             ORDER BY committed_at LIMIT {limit})"
        ),
    );
    db.execute(&sql, params![time]).await
}
