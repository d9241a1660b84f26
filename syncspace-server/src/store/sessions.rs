//! Sessions, one per logged-in device, and the tickets that open sockets for them.

use syncspace_protocol::{SessionId, Time, UserId};

use super::{Queries, Row, Sql, StoreError, params};
use crate::grant::Grant;

/// A session as it is stored.
#[derive(Clone)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the device called itself.
    pub device_name: Option<String>,
    /// Random part of its refresh tokens.
    pub seed: String,
    /// Number of its newest refresh token.
    pub refresh_n: i64,
    /// When that one was made.
    pub rotated_at: Time,
    /// When it logged in.
    pub created_at: Time,
    /// When it last refreshed.
    pub last_used_at: Time,
    /// When it ends unless it refreshes.
    pub expires_at: Time,
    /// Since when it is over.
    pub ended_at: Option<Time>,
}

/// Names the session and its person, and leaves the seed out.
impl std::fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("SessionRow");
        out.field("id", &self.id).field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl SessionRow {
    /// Tells whether the session may be used.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.ended_at.is_none() && self.expires_at > now
    }
}

/// What decides whether a session's token is taken, and as whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the session has been ended.
    pub is_ended: bool,
    /// When it ends unless it refreshes.
    pub expires_at: Time,
    /// Whether the account may be used.
    pub is_active: bool,
    /// Whether the account administers the server.
    pub is_admin: bool,
    /// What may be done with it.
    pub grant: Grant,
}

impl Standing {
    /// Tells whether the session may be used.
    #[must_use]
    pub fn is_good(&self, now: Time) -> bool {
        !self.is_ended && self.is_active && self.expires_at > now
    }
}

/// A ticket that was taken, and is gone with that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenTicket {
    /// The session it opens a socket for.
    pub session_id: SessionId,
    /// Whose that is.
    pub user_id: UserId,
    /// When the ticket was over.
    pub expires_at: Time,
}

macro_rules! select_sessions {
    ($rest:literal) => {
        Sql::both(concat!(
            "SELECT id, user_id, device_name, seed, refresh_n, rotated_at, created_at, last_used_at, expires_at, \
             ended_at FROM sessions ",
            $rest
        ))
    };
}

fn read_session(row: &Row) -> Result<SessionRow, StoreError> {
    let mut row = row.reader();
    Ok(SessionRow {
        id: row.take()?,
        user_id: row.take()?,
        device_name: row.take()?,
        seed: row.take()?,
        refresh_n: row.take()?,
        rotated_at: row.take()?,
        created_at: row.take()?,
        last_used_at: row.take()?,
        expires_at: row.take()?,
        ended_at: row.take()?,
    })
}

/// Puts a new session in.
pub async fn insert_session(db: &mut impl Queries, session: &SessionRow) -> Result<(), StoreError> {
    const INSERT: Sql = Sql::both(
        "INSERT INTO sessions (id, user_id, device_name, seed, refresh_n, rotated_at, created_at, last_used_at, \
         expires_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
    );
    let values = params![
        session.id,
        session.user_id,
        session.device_name.clone(),
        &session.seed,
        session.refresh_n,
        session.rotated_at,
        session.created_at,
        session.last_used_at,
        session.expires_at,
    ];
    db.execute(&INSERT, values).await.map(drop)
}

/// Finds a session by its id, also one that is over.
pub async fn find_session(db: &mut impl Queries, id: SessionId) -> Result<Option<SessionRow>, StoreError> {
    let rows = db.query(&select_sessions!("WHERE id = ?"), params![id]).await?;
    rows.first().map(read_session).transpose()
}

/// Lists a person's live sessions with ids above `after_id`, by id.
pub async fn list_live_sessions(
    db: &mut impl Queries,
    user_id: UserId,
    now: Time,
    after_id: u64,
    limit: u32,
) -> Result<Vec<SessionRow>, StoreError> {
    let select = select_sessions!(
        "WHERE user_id = ? AND id > ? AND token_hash IS NULL AND ended_at IS NULL AND expires_at > ? ORDER BY id LIMIT ?"
    );
    let after_id = i64::try_from(after_id).unwrap_or(i64::MAX);
    let rows = db.query(&select, params![user_id, after_id, now, limit]).await?;
    rows.iter().map(read_session).collect()
}

/// Finds what decides whether a token of this session and person is taken.
pub async fn find_standing(
    db: &mut impl Queries,
    id: SessionId,
    user_id: UserId,
) -> Result<Option<Standing>, StoreError> {
    const SELECT: Sql = Sql::both(
        "SELECT s.ended_at IS NOT NULL, s.expires_at, u.is_active, u.is_admin, s.scopes \
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ? AND s.user_id = ?",
    );
    let rows = db.query(&SELECT, params![id, user_id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = row.reader();
    Ok(Some(Standing {
        is_ended: row.take()?,
        expires_at: row.take()?,
        is_active: row.take()?,
        is_admin: row.take()?,
        grant: row.take()?,
    }))
}

/// Moves a live session from refresh token `n` to the next; gives false where it stands elsewhere by now.
pub async fn rotate_session(
    db: &mut impl Queries,
    id: SessionId,
    n: i64,
    now: Time,
    expires_at: Time,
) -> Result<bool, StoreError> {
    const UPDATE: Sql = Sql::both(
        "UPDATE sessions SET refresh_n = refresh_n + 1, rotated_at = ?, last_used_at = ?, expires_at = ? \
         WHERE id = ? AND refresh_n = ? AND ended_at IS NULL",
    );
    db.execute(&UPDATE, params![now, now, expires_at, id, n]).await.map(|rows| rows > 0)
}

/// Ends a session of this person, no access token; gives false where there is none that is not over.
pub async fn end_session(db: &mut impl Queries, id: SessionId, user_id: UserId, now: Time) -> Result<bool, StoreError> {
    const UPDATE: Sql = Sql::both(
        "UPDATE sessions SET ended_at = ? WHERE id = ? AND user_id = ? AND token_hash IS NULL AND ended_at IS NULL",
    );
    db.execute(&UPDATE, params![now, id, user_id]).await.map(|rows| rows > 0)
}

/// Ends a person's logins but `kept`, and gives the ids of those it ended. Access tokens go on.
pub async fn end_logins_but(
    db: &mut impl Queries,
    user_id: UserId,
    kept: SessionId,
    now: Time,
) -> Result<Vec<SessionId>, StoreError> {
    const SELECT: Sql = Sql::both(
        "SELECT id FROM sessions WHERE user_id = ? AND id <> ? AND token_hash IS NULL AND ended_at IS NULL \
         ORDER BY id FOR UPDATE",
    );
    const UPDATE: Sql = Sql::both(
        "UPDATE sessions SET ended_at = ? WHERE user_id = ? AND id <> ? AND token_hash IS NULL AND ended_at IS NULL",
    );
    let rows = db.query(&SELECT, params![user_id, kept]).await?;
    db.execute(&UPDATE, params![now, user_id, kept]).await?;
    rows.iter().map(|row| row.reader().take()).collect()
}

/// Ends all of a person's sessions, access tokens too.
pub async fn end_all(db: &mut impl Queries, user_id: UserId, now: Time) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both("UPDATE sessions SET ended_at = ? WHERE user_id = ? AND ended_at IS NULL");
    db.execute(&UPDATE, params![now, user_id]).await.map(drop)
}

/// Puts a socket ticket in.
pub async fn insert_ticket(db: &mut impl Queries, hash: &str, ticket: &TakenTicket) -> Result<(), StoreError> {
    const INSERT: Sql =
        Sql::both("INSERT INTO socket_tickets (ticket_hash, session_id, user_id, expires_at) VALUES (?, ?, ?, ?)");
    db.execute(&INSERT, params![hash, ticket.session_id, ticket.user_id, ticket.expires_at]).await.map(drop)
}

/// Takes a socket ticket: of several takers one gets it.
pub async fn take_ticket(db: &mut impl Queries, hash: &str) -> Result<Option<TakenTicket>, StoreError> {
    const SELECT: Sql = Sql::both("SELECT session_id, user_id, expires_at FROM socket_tickets WHERE ticket_hash = ?");
    const DELETE: Sql = Sql::both("DELETE FROM socket_tickets WHERE ticket_hash = ?");
    let rows = db.query(&SELECT, params![hash]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = row.reader();
    let ticket = TakenTicket { session_id: row.take()?, user_id: row.take()?, expires_at: row.take()? };
    let is_mine = db.execute(&DELETE, params![hash]).await? > 0;
    Ok(is_mine.then_some(ticket))
}

/// Removes sessions that were ended or over before `time`, at most twice `limit` of them, and gives how many it removed.
pub async fn purge_before(db: &mut impl Queries, time: Time, limit: u32) -> Result<u64, StoreError> {
    const ENDED: Sql = Sql::pair(
        "DELETE FROM sessions WHERE ended_at < ? ORDER BY ended_at LIMIT ?",
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ended_at < ? ORDER BY ended_at LIMIT ?)",
    );
    const OVER: Sql = Sql::pair(
        "DELETE FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?",
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
    );
    let ended = db.execute(&ENDED, params![time, limit]).await?;
    Ok(ended + db.execute(&OVER, params![time, limit]).await?)
}

/// Removes socket tickets that were over before `time`, at most `limit` of them, and gives how many it removed.
pub async fn purge_tickets_before(db: &mut impl Queries, time: Time, limit: u32) -> Result<u64, StoreError> {
    const DELETE: Sql = Sql::pair(
        "DELETE FROM socket_tickets WHERE expires_at < ? ORDER BY expires_at LIMIT ?",
        "DELETE FROM socket_tickets WHERE ticket_hash IN \
         (SELECT ticket_hash FROM socket_tickets WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
    );
    db.execute(&DELETE, params![time, limit]).await
}
