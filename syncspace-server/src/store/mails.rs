//! What is to be mailed, one row each, until it is sent or given up. Neither text nor code is stored.

use syncspace_protocol::{InviteId, Time, UserId};

use super::{Queries, Row, Sql, StoreError, Value, params, placeholders};

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailKind {
    /// An invite to a team.
    Invite,
    /// A code that shows that its reader has an address.
    Verify,
    /// A code for a new password.
    Reset,
    /// A code for the first password of an imported account.
    HandOver,
    /// Word to the former address that an account has another one.
    Moved,
}

/// A mail that waits.
#[derive(Clone, PartialEq, Eq)]
pub struct MailRow {
    /// Its name, of 128 random bits; the code in it is derived from that.
    pub name: String,
    /// What it is about.
    pub kind: MailKind,
    /// Where it goes; of a reset, what was typed until it is looked up.
    pub address: String,
    /// Whose account it is about; of a reset, none until it is looked up.
    pub user: Option<UserId>,
    /// The invite.
    pub invite: Option<InviteId>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was asked for.
    pub created_at: Time,
    /// When it is given up.
    pub expires_at: Time,
}

/// Without the address, and without the name: whoever has that and the server's secret has the code.
impl std::fmt::Debug for MailRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailRow").field("kind", &self.kind).field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

/// Puts a mail in, due at once.
pub async fn insert(db: &mut impl Queries, mail: &MailRow) -> Result<(), StoreError> {
    const INSERT: Sql = Sql::both(
        "INSERT INTO mails (name, kind, address, user_id, invite_id, attempts, next_at, created_at, expires_at) \
         VALUES (?,?,?,?,?,?,?,?,?)",
    );
    let values = params![
        &mail.name,
        mail.kind,
        &mail.address,
        mail.user,
        mail.invite,
        mail.attempts,
        mail.created_at,
        mail.created_at,
        mail.expires_at
    ];
    db.execute(&INSERT, values).await.map(drop)
}

/// Lists what is due, the longest waiting first, without some by their names.
pub async fn list_due(
    db: &mut impl Queries,
    now: Time,
    without: &[String],
    limit: usize,
) -> Result<Vec<MailRow>, StoreError> {
    let filter = match without.len() {
        0 => String::new(),
        names => format!(" AND name NOT IN ({})", placeholders(names)),
    };
    let sql = Sql::built(format!(
        "SELECT name, kind, address, user_id, invite_id, attempts, created_at, expires_at FROM mails \
         WHERE next_at <= ?{filter} ORDER BY next_at, name LIMIT {limit}"
    ));
    let mut values = params![now];
    values.extend(without.iter().map(Value::from));
    db.query(&sql, values).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<MailRow, StoreError> {
    let mut row = row.reader();
    Ok(MailRow {
        name: row.take()?,
        kind: row.take()?,
        address: row.take()?,
        user: row.take()?,
        invite: row.take()?,
        attempts: row.take()?,
        created_at: row.take()?,
        expires_at: row.take()?,
    })
}

/// Finds when the next one is due.
pub async fn next_due(db: &mut impl Queries) -> Result<Option<Time>, StoreError> {
    let rows = db.query(&Sql::both("SELECT MIN(next_at) FROM mails"), params![]).await?;
    rows.first().map_or(Ok(None), |row| row.reader().take())
}

/// Writes whose account a reset is about, and where its mail goes.
pub async fn address_to(db: &mut impl Queries, name: &str, user: UserId, address: &str) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both("UPDATE mails SET user_id = ?, address = ? WHERE name = ?");
    db.execute(&UPDATE, params![user, address, name]).await.map(drop)
}

/// Writes that a try was of no use, and when the next one is due.
pub async fn put_off(db: &mut impl Queries, name: &str, next_at: Time) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both("UPDATE mails SET attempts = attempts + 1, next_at = ? WHERE name = ?");
    db.execute(&UPDATE, params![next_at, name]).await.map(drop)
}

/// Takes a mail out; false where it is out already.
pub async fn remove(db: &mut impl Queries, name: &str) -> Result<bool, StoreError> {
    Ok(db.execute(&Sql::both("DELETE FROM mails WHERE name = ?"), params![name]).await? == 1)
}

/// Removes mails whose time was over before `time`, at most `limit` of them, and gives how many it removed.
pub async fn purge_before(db: &mut impl Queries, time: Time, limit: u32) -> Result<u64, StoreError> {
    const DELETE: Sql = Sql::pair(
        "DELETE FROM mails WHERE expires_at < ? LIMIT ?",
        "DELETE FROM mails WHERE name IN (SELECT name FROM mails WHERE expires_at < ? LIMIT ?)",
    );
    db.execute(&DELETE, params![time, limit]).await
}
