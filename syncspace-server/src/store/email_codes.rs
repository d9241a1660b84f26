//! Rows of codes by which people show that they read mail to an address. The code itself is never stored, only its hash.

use syncspace_protocol::{Email, Time, UserId};

use super::{Queries, Sql, StoreError, params};

/// A code as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailCodeRow {
    /// Hash of the code.
    pub code_hash: String,
    /// Who shows it.
    pub user_id: UserId,
    /// The address it was sent to.
    pub email: Email,
    /// When it ends.
    pub expires_at: Time,
}

/// Puts a code in; those before hold on.
pub async fn insert(db: &mut impl Queries, row: &EmailCodeRow, now: Time) -> Result<(), StoreError> {
    const INSERT: Sql =
        Sql::both("INSERT INTO email_codes (code_hash, user_id, email, created_at, expires_at) VALUES (?,?,?,?,?)");
    db.execute(&INSERT, params![&row.code_hash, row.user_id, &row.email, now, row.expires_at]).await.map(drop)
}

/// Finds the address that a code of a person was sent to, while it holds.
pub async fn find(
    db: &mut impl Queries,
    user: UserId,
    code_hash: &str,
    now: Time,
) -> Result<Option<Email>, StoreError> {
    const SELECT: Sql =
        Sql::both("SELECT email FROM email_codes WHERE code_hash = ? AND user_id = ? AND expires_at > ?");
    let row = db.query_first(&SELECT, params![code_hash, user, now]).await?;
    row.map(|row| row.reader().take()).transpose()
}

/// Counts a person's codes that still hold.
pub async fn count(db: &mut impl Queries, user: UserId, now: Time) -> Result<u32, StoreError> {
    const SELECT: Sql = Sql::both("SELECT COUNT(*) FROM email_codes WHERE user_id = ? AND expires_at > ?");
    let row = db.query_first(&SELECT, params![user, now]).await?;
    row.map_or(Ok(0), |row| row.reader().take())
}

/// Ends every code of a person.
pub async fn remove_of(db: &mut impl Queries, user: UserId) -> Result<(), StoreError> {
    db.execute(&Sql::both("DELETE FROM email_codes WHERE user_id = ?"), params![user]).await.map(drop)
}

/// Removes codes that were over before `time`, at most `limit` of them, and gives how many it removed.
pub async fn purge_before(db: &mut impl Queries, time: Time, limit: u32) -> Result<u64, StoreError> {
    const DELETE: Sql = Sql::pair(
        "DELETE FROM email_codes WHERE expires_at < ? ORDER BY expires_at LIMIT ?",
        "DELETE FROM email_codes WHERE code_hash IN \
         (SELECT code_hash FROM email_codes WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
    );
    db.execute(&DELETE, params![time, limit]).await
}
