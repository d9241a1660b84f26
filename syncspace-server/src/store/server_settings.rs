//! The one row of what administrators settle for the whole server.

use syncspace_protocol::Time;
use syncspace_protocol::server::ServerSettings;

use super::{Queries, Sql, StoreError, params};

/// The row.
const ID: i64 = 1;

/// Gives what is settled; nothing where nobody settled anything yet.
pub async fn load(db: &mut impl Queries) -> Result<ServerSettings, StoreError> {
    let row = db.query_first(&Sql::both("SELECT settings FROM server_settings WHERE id = ?"), params![ID]).await?;
    let Some(row) = row else { return Ok(ServerSettings::default()) };
    let text: String = row.reader().take()?;
    serde_json::from_str(&text)
        .map_err(|source| StoreError::Other { during: "read the server's settings".into(), source: source.into() })
}

/// Locks the row, or where it will be, until the end of the transaction: two edits at once see each other.
pub async fn lock(db: &mut impl Queries, now: Time) -> Result<(), StoreError> {
    let sql = Sql::pair(
        "INSERT INTO server_settings (id, settings, updated_at) VALUES (?, '{}', ?) ON DUPLICATE KEY UPDATE id = id",
        "INSERT INTO server_settings (id, settings, updated_at) VALUES (?, '{}', ?) ON CONFLICT (id) DO NOTHING",
    );
    db.execute(&sql, params![ID, now]).await.map(drop)
}

/// Writes what is settled; the row was locked before.
pub async fn update(db: &mut impl Queries, settings: &ServerSettings, now: Time) -> Result<(), StoreError> {
    let text = serde_json::to_string(settings)
        .map_err(|source| StoreError::Other { during: "write the server's settings".into(), source: source.into() })?;
    let sql = Sql::both("UPDATE server_settings SET settings = ?, updated_at = ? WHERE id = ?");
    db.execute(&sql, params![text, now, ID]).await.map(drop)
}
