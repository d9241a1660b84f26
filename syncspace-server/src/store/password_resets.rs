//! Rows of one-time codes that set a new password. The code itself is never stored, only its hash.

use syncspace_protocol::{Time, UserId};

use super::{Queries, Row, Sql, StoreError, params};

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

/// Puts a code in; those before of the same person end by that. One that is mailed ends only such: whoever asks for mail is to
/// end nothing that an administrator made.
pub async fn replace(db: &mut impl Queries, row: &ResetRow) -> Result<(), StoreError> {
    match row.made_by {
        Some(_) => remove_of(db, row.user_id).await?,
        None => {
            let sql = Sql::both("DELETE FROM password_resets WHERE user_id = ? AND made_by IS NULL");
            db.execute(&sql, params![row.user_id]).await?;
        }
    }
    let sql = Sql::both(
        "INSERT INTO password_resets (code_hash, user_id, made_by, created_at, expires_at) VALUES (?,?,?,?,?)",
    );
    let values = params![&row.code_hash, row.user_id, row.made_by, row.created_at, row.expires_at];
    db.execute(&sql, values).await.map(drop)
}

/// Finds a code, while it holds.
pub async fn find(db: &mut impl Queries, code_hash: &str, now: Time) -> Result<Option<ResetRow>, StoreError> {
    let sql = Sql::both(
        "SELECT code_hash, user_id, made_by, created_at, expires_at FROM password_resets \
         WHERE code_hash = ? AND expires_at > ?",
    );
    db.query_first(&sql, params![code_hash, now]).await?.map(|row| read(&row)).transpose()
}

/// Finds the code of a person that was mailed last.
pub async fn find_mailed(db: &mut impl Queries, user: UserId) -> Result<Option<ResetRow>, StoreError> {
    let sql = Sql::both(
        "SELECT code_hash, user_id, made_by, created_at, expires_at FROM password_resets \
         WHERE user_id = ? AND made_by IS NULL ORDER BY created_at DESC LIMIT 1",
    );
    db.query_first(&sql, params![user]).await?.map(|row| read(&row)).transpose()
}

fn read(row: &Row) -> Result<ResetRow, StoreError> {
    let mut row = row.reader();
    Ok(ResetRow {
        code_hash: row.take()?,
        user_id: row.take()?,
        made_by: row.take()?,
        created_at: row.take()?,
        expires_at: row.take()?,
    })
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
