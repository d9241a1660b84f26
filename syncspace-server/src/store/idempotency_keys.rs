//! Rows of idempotency keys: what a person's creating request made. A key is stored as its hash.

use syncspace_protocol::{Time, UserId};

use super::{Queries, Sql, StoreError, params};

/// Names a person's request: the person, and the hash of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    /// Who asks.
    pub user_id: UserId,
    /// SHA-256 of the key, in hex.
    pub key_hash: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Digest of the request that came under it.
    pub request_digest: String,
    /// Id of what the request made.
    pub object_id: u64,
    /// When.
    pub created_at: Time,
}

/// Puts a key in; gives false where it is there already.
///
/// Waits for another transaction that puts the same key in, until that one has ended.
pub async fn insert(db: &mut impl Queries, name: &KeyName, digest: &str, now: Time) -> Result<bool, StoreError> {
    const INSERT: Sql = Sql::both(
        "INSERT INTO idempotency_keys (user_id, key_hash, request_digest, object_id, created_at) VALUES (?, ?, ?, 0, ?)",
    );
    match db.execute(&INSERT, params![name.user_id, &name.key_hash, digest, now]).await {
        Ok(_) => Ok(true),
        Err(StoreError::Duplicate { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Finds what is known of a key.
pub async fn find(db: &mut impl Queries, name: &KeyName) -> Result<Option<KeyRow>, StoreError> {
    const SELECT: Sql = Sql::both(
        "SELECT request_digest, object_id, created_at FROM idempotency_keys WHERE user_id = ? AND key_hash = ?",
    );
    let rows = db.query(&SELECT, params![name.user_id, &name.key_hash]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = row.reader();
    Ok(Some(KeyRow { request_digest: row.take()?, object_id: row.take()?, created_at: row.take()? }))
}

/// Gives a key that is over to another request; gives false where somebody else has done so meanwhile.
pub async fn replace(
    db: &mut impl Queries,
    name: &KeyName,
    over: &KeyRow,
    digest: &str,
    now: Time,
) -> Result<bool, StoreError> {
    const UPDATE: Sql = Sql::both(
        "UPDATE idempotency_keys SET request_digest = ?, object_id = 0, created_at = ? \
         WHERE user_id = ? AND key_hash = ? AND created_at = ?",
    );
    let values = params![digest, now, name.user_id, &name.key_hash, over.created_at];
    Ok(db.execute(&UPDATE, values).await? == 1)
}

/// Notes what the request under a key made.
pub async fn set_object(db: &mut impl Queries, name: &KeyName, object_id: u64) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both("UPDATE idempotency_keys SET object_id = ? WHERE user_id = ? AND key_hash = ?");
    let object_id = i64::try_from(object_id).unwrap_or(i64::MAX);
    db.execute(&UPDATE, params![object_id, name.user_id, &name.key_hash]).await.map(drop)
}

/// Removes a key whose request made nothing.
pub async fn remove(db: &mut impl Queries, name: &KeyName) -> Result<(), StoreError> {
    const DELETE: Sql = Sql::both("DELETE FROM idempotency_keys WHERE user_id = ? AND key_hash = ?");
    db.execute(&DELETE, params![name.user_id, &name.key_hash]).await.map(drop)
}

/// Removes keys from before `time`, at most `limit` of them, and gives how many it removed.
pub async fn purge_before(db: &mut impl Queries, time: Time, limit: u32) -> Result<u64, StoreError> {
    const DELETE: Sql = Sql::pair(
        "DELETE FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?",
        "DELETE FROM idempotency_keys WHERE (user_id, key_hash) IN \
         (SELECT user_id, key_hash FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?)",
    );
    db.execute(&DELETE, params![time, limit]).await
}
