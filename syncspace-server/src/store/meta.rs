//! Facts about the store itself, by name. The unique name decides races.

use super::{Queries, Sql, StoreError, params};

/// Fingerprint of the secret that signs tokens.
pub const JWT_FINGERPRINT: &str = "jwt_fingerprint";
/// Hash of the token that makes the first administrator.
pub const BOOTSTRAP_HASH: &str = "bootstrap_hash";
/// Id of the first administrator; there once somebody is.
pub const FIRST_ADMIN: &str = "first_admin";

/// There once every account has the words of its names.
pub const NAMES_INDEXED: &str = "names_indexed";

/// Names the store's history.
pub const EPOCH: &str = "epoch";

/// Finds a fact by its name.
pub async fn find_meta(db: &mut impl Queries, name: &str) -> Result<Option<String>, StoreError> {
    let rows = db.query(&Sql::both("SELECT value FROM store_meta WHERE name = ?"), params![name]).await?;
    rows.first().map(|row| row.reader().take()).transpose()
}

/// Puts a fact in, unless there is one of this name; gives whether it did.
pub async fn insert_meta(db: &mut impl Queries, name: &str, value: &str) -> Result<bool, StoreError> {
    match db.execute(&Sql::both("INSERT INTO store_meta (name, value) VALUES (?, ?)"), params![name, value]).await {
        Ok(_) => Ok(true),
        Err(StoreError::Duplicate { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Replaces a fact if it still is `before`; gives whether it was.
pub async fn replace_meta(db: &mut impl Queries, name: &str, before: &str, after: &str) -> Result<bool, StoreError> {
    let update = Sql::both("UPDATE store_meta SET value = ? WHERE name = ? AND value = ?");
    db.execute(&update, params![after, name, before]).await.map(|rows| rows > 0)
}

/// Removes a fact, where there is one.
pub async fn remove_meta(db: &mut impl Queries, name: &str) -> Result<(), StoreError> {
    db.execute(&Sql::both("DELETE FROM store_meta WHERE name = ?"), params![name]).await.map(drop)
}
