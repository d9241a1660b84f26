//! Access tokens: sessions that a secret stands for, and what each may do.

use syncspace_protocol::tokens::{AccessToken, Scopes};
use syncspace_protocol::{SessionId, Time, UserId};

use super::sessions::SessionRow;
use super::{Queries, Row, Sql, StoreError, params};
use crate::grant::Grant;

/// When a token ends that never does, in milliseconds since 1970: the last year that every calendar here has.
const NEVER_MS: i64 = 253_370_764_800_000;

/// Gives the time that is stored for an end, or for none.
pub fn stored_end(expires_at: Option<Time>) -> Result<Time, StoreError> {
    let never = || Time::from_unix_ms(NEVER_MS);
    let other = |source: syncspace_protocol::time::TimeError| StoreError::Other {
        during: "write the end of a token".into(),
        source: source.into(),
    };
    expires_at.map_or_else(never, Ok).map_err(other)
}

/// Makes a session the one of a token with this hash.
pub async fn mark(db: &mut impl Queries, id: SessionId, hash: &str, scopes: Scopes) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both("UPDATE sessions SET token_hash = ?, scopes = ? WHERE id = ?");
    db.execute(&UPDATE, params![hash, scopes.to_string(), id]).await.map(drop)
}

/// Finds whose token has this hash; whether it still holds is another question.
pub async fn find(db: &mut impl Queries, hash: &str) -> Result<Option<(UserId, SessionId)>, StoreError> {
    const SELECT: Sql = Sql::both("SELECT user_id, id FROM sessions WHERE token_hash = ?");
    let rows = db.query(&SELECT, params![hash]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = row.reader();
    Ok(Some((row.take()?, row.take()?)))
}

/// Lists an account's tokens that hold, with ids above `after_id`, by id.
pub async fn list(
    db: &mut impl Queries,
    user: UserId,
    now: Time,
    after_id: u64,
    limit: u32,
) -> Result<Vec<AccessToken>, StoreError> {
    const SELECT: Sql = Sql::both(
        "SELECT id, device_name, scopes, created_at, last_used_at, expires_at FROM sessions WHERE user_id = ? AND id > ? \
         AND token_hash IS NOT NULL AND ended_at IS NULL AND expires_at > ? ORDER BY id LIMIT ?",
    );
    let after_id = i64::try_from(after_id).unwrap_or(i64::MAX);
    let rows = db.query(&SELECT, params![user, after_id, now, limit]).await?;
    rows.iter().map(read).collect()
}

/// Counts an account's tokens that hold.
pub async fn count(db: &mut impl Queries, user: UserId, now: Time) -> Result<u64, StoreError> {
    const SELECT: Sql = Sql::both(
        "SELECT COUNT(*) FROM sessions WHERE user_id = ? AND token_hash IS NOT NULL AND ended_at IS NULL \
         AND expires_at > ?",
    );
    let rows = db.query(&SELECT, params![user, now]).await?;
    rows.first().map_or(Ok(0), |row| row.reader().take())
}

/// Ends a token of this account; gives false where there is none that is not over.
pub async fn end(db: &mut impl Queries, id: SessionId, user: UserId, now: Time) -> Result<bool, StoreError> {
    const UPDATE: Sql = Sql::both(
        "UPDATE sessions SET ended_at = ? WHERE id = ? AND user_id = ? AND token_hash IS NOT NULL AND ended_at IS NULL",
    );
    db.execute(&UPDATE, params![now, id, user]).await.map(|rows| rows > 0)
}

/// Notes that a token was used.
pub async fn note_used(db: &mut impl Queries, id: SessionId, now: Time) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both("UPDATE sessions SET last_used_at = ? WHERE id = ? AND last_used_at < ?");
    db.execute(&UPDATE, params![now, id, now]).await.map(drop)
}

/// Gives what the owner sees of a token's session.
pub fn view(session: &SessionRow, name: String, scopes: Scopes) -> AccessToken {
    let never = session.expires_at.unix_ms() >= NEVER_MS;
    AccessToken {
        id: session.id,
        name,
        scopes,
        created_at: session.created_at,
        last_used_at: (session.last_used_at > session.created_at).then_some(session.last_used_at),
        expires_at: (!never).then_some(session.expires_at),
    }
}

fn read(row: &Row) -> Result<AccessToken, StoreError> {
    let mut row = row.reader();
    let (id, name): (SessionId, Option<String>) = (row.take()?, row.take()?);
    let grant: Grant = row.take()?;
    let (created_at, last_used_at, expires_at): (Time, Time, Time) = (row.take()?, row.take()?, row.take()?);
    Ok(AccessToken {
        id,
        name: name.unwrap_or_default(),
        scopes: if let Grant::Token(scopes) = grant { scopes } else { Scopes::default() },
        created_at,
        last_used_at: (last_used_at > created_at).then_some(last_used_at),
        expires_at: (expires_at.unix_ms() < NEVER_MS).then_some(expires_at),
    })
}
