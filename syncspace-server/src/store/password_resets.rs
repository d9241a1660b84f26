//! Rows of one-time codes that set a new password. The code itself is never stored, only its hash.

use syncspace_protocol::{Time, UserId};

use super::{Queries, Sql, StoreError, params};

/// A code as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetRow {
    /// Hash of the code.
    pub code_hash: String,
    /// Whose password it sets.
    pub user_id: UserId,
    /// Who made it; none for the person, by mail.
    pub made_by: Option<UserId>,
    /// When it was made.
    pub created_at: Time,
    /// When it ends.
    pub expires_at: Time,
}

/// Puts a code in; those before of the same person end by that.
pub async fn replace(db: &mut impl Queries, row: &ResetRow) -> Result<(), StoreError> {
    remove_of(db, row.user_id).await?;
    let sql = Sql::both(
        "INSERT INTO password_resets (code_hash, user_id, made_by, created_at, expires_at) VALUES (?,?,?,?,?)",
    );
    let values = params![&row.code_hash, row.user_id, row.made_by, row.created_at, row.expires_at];
    db.execute(&sql, values).await.map(drop)
}

/// Finds whose password a code sets, while it holds.
pub async fn find(db: &mut impl Queries, code_hash: &str, now: Time) -> Result<Option<UserId>, StoreError> {
    let sql = Sql::both("SELECT user_id FROM password_resets WHERE code_hash = ? AND expires_at > ?");
    let row = db.query_first(&sql, params![code_hash, now]).await?;
    row.map(|row| row.reader().take()).transpose()
}

/// Uses a code up; false where somebody did before, or it is over.
pub async fn take(db: &mut impl Queries, code_hash: &str, now: Time) -> Result<bool, StoreError> {
    let sql = Sql::both("DELETE FROM password_resets WHERE code_hash = ? AND expires_at > ?");
    Ok(db.execute(&sql, params![code_hash, now]).await? == 1)
}

/// Ends every code of a person.
pub async fn remove_of(db: &mut impl Queries, user: UserId) -> Result<(), StoreError> {
    db.execute(&Sql::both("DELETE FROM password_resets WHERE user_id = ?"), params![user]).await.map(drop)
}

/// Removes codes that were over before `time`, at most `limit` of them, and gives how many it removed.
pub async fn purge_before(db: &mut impl Queries, time: Time, limit: u32) -> Result<u64, StoreError> {
    let sql = Sql::pair(
        "DELETE FROM password_resets WHERE expires_at < ? ORDER BY expires_at LIMIT ?",
        "DELETE FROM password_resets WHERE code_hash IN \
         (SELECT code_hash FROM password_resets WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
    );
    db.execute(&sql, params![time, limit]).await
}
