//! Accounts.

use syncspace_protocol::name_words::words_of;
use syncspace_protocol::{Email, Time, UserId, Username};

use super::people;
use super::user_settings::{JOIN_SETTINGS, SETTINGS, UserSettings, read_settings};
use super::{Queries, Row, Sql, StoreError, Value, params, placeholders};

/// An account as it is stored.
#[derive(Clone)]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// Name to log in with.
    pub username: Username,
    /// E-mail address.
    pub email: Option<Email>,
    /// When its person showed that it reads mail to that address.
    pub email_verified_at: Option<Time>,
    /// The address that counts once that is shown of it.
    pub email_pending: Option<Email>,
    /// What the password's hasher made of it.
    pub hashed_password: String,
    /// Name as people write it.
    pub full_name: Option<String>,
    /// Address of a picture.
    pub avatar_url: Option<String>,
    /// Whether the account may be used.
    pub is_active: bool,
    /// Whether the account administers the server.
    pub is_admin: bool,
    /// Whether it is the account of a program.
    pub is_bot: bool,
    /// When a device was last connected.
    pub last_seen: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// What the person chose for it; written by itself.
    pub settings: UserSettings,
}

impl UserRow {
    /// Gives the address that a code would verify: the one that is pending, or the account's until it is verified.
    #[must_use]
    pub fn unverified_email(&self) -> Option<&Email> {
        self.email_pending.as_ref().or(self.email.as_ref().filter(|_| self.email_verified_at.is_none()))
    }
}

/// Names the account and nothing else: the rest is private.
impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Gives the statement that reads accounts `u`, to be read by [`read_user`].
pub(super) fn select_users(rest: &str) -> Sql {
    Sql::built(format!(
        "SELECT u.id, u.username, u.email, u.email_verified_at, u.email_pending, u.hashed_password, u.full_name, u.avatar_url, \
         u.is_active, u.is_admin, u.is_bot, COALESCE(a.last_seen, u.last_seen), u.created_at, u.updated_at, {SETTINGS} \
         FROM users u LEFT JOIN user_activity a ON a.user_id = u.id {JOIN_SETTINGS} {rest}"
    ))
}

pub(super) fn read_user(row: &Row) -> Result<UserRow, StoreError> {
    let mut row = row.reader();
    Ok(UserRow {
        id: row.take()?,
        username: row.take()?,
        email: row.take()?,
        email_verified_at: row.take()?,
        email_pending: row.take()?,
        hashed_password: row.take()?,
        full_name: row.take()?,
        avatar_url: row.take()?,
        is_active: row.take()?,
        is_admin: row.take()?,
        is_bot: row.take()?,
        last_seen: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        settings: read_settings(&mut row)?,
    })
}

/// Finds an account by its id.
pub async fn find_user(db: &mut impl Queries, id: UserId) -> Result<Option<UserRow>, StoreError> {
    let rows = db.query(&select_users("WHERE u.id = ?"), params![id]).await?;
    rows.first().map(read_user).transpose()
}

/// Finds an account by its username's key.
pub async fn find_user_by_username(db: &mut impl Queries, key: &str) -> Result<Option<UserRow>, StoreError> {
    let rows = db.query(&select_users("WHERE u.username_key = ?"), params![key]).await?;
    rows.first().map(read_user).transpose()
}

/// Finds an account by its e-mail address's key.
pub async fn find_user_by_email(db: &mut impl Queries, key: &str) -> Result<Option<UserRow>, StoreError> {
    let rows = db.query(&select_users("WHERE u.email_key = ?"), params![key]).await?;
    rows.first().map(read_user).transpose()
}

/// Puts a new account in. Fails with `users_username_key` or `users_email_key` as the duplicate key.
pub async fn insert_user(db: &mut impl Queries, user: &UserRow) -> Result<(), StoreError> {
    const INSERT: Sql = Sql::both(
        "INSERT INTO users (id, username, username_key, email, email_key, email_verified_at, hashed_password, full_name, \
         avatar_url, is_active, is_admin, is_bot, is_online, last_seen, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, ?, ?)",
    );
    let values = params![
        user.id,
        &user.username,
        user.username.key(),
        user.email.as_ref(),
        user.email.as_ref().map(Email::key),
        user.email_verified_at,
        &user.hashed_password,
        user.full_name.clone(),
        user.avatar_url.clone(),
        user.is_active,
        user.is_admin,
        user.is_bot,
        user.created_at,
        user.updated_at,
    ];
    db.execute(&INSERT, values).await?;
    put_words(db, user).await
}

/// Writes what can be edited of an account: profile, `is_active`, `is_admin`. Fails with `users_email_key` as the
/// duplicate key.
pub async fn update_user(db: &mut impl Queries, user: &UserRow) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both(
        "UPDATE users SET email = ?, email_key = ?, email_verified_at = ?, email_pending = ?, full_name = ?, \
         avatar_url = ?, is_active = ?, is_admin = ?, updated_at = ? WHERE id = ?",
    );
    let values = params![
        user.email.as_ref(),
        user.email.as_ref().map(Email::key),
        user.email_verified_at,
        user.email_pending.as_ref(),
        user.full_name.clone(),
        user.avatar_url.clone(),
        user.is_active,
        user.is_admin,
        user.updated_at,
        user.id,
    ];
    db.execute(&UPDATE, values).await?;
    people::remove_words(db, user.id).await?;
    put_words(db, user).await
}

async fn put_words(db: &mut impl Queries, user: &UserRow) -> Result<(), StoreError> {
    people::insert_words(db, &[(user.id, words_of(&user.username, user.full_name.as_deref()))]).await
}

/// Replaces the stored password if it still is `before`; gives whether it was.
pub async fn replace_password(
    db: &mut impl Queries,
    id: UserId,
    before: &str,
    after: &str,
) -> Result<bool, StoreError> {
    const UPDATE: Sql = Sql::both("UPDATE users SET hashed_password = ? WHERE id = ? AND hashed_password = ?");
    db.execute(&UPDATE, params![after, id, before]).await.map(|rows| rows > 0)
}

/// Sets a password whatever it was, by its hash.
pub async fn set_password(db: &mut impl Queries, id: UserId, hashed: &str) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both("UPDATE users SET hashed_password = ? WHERE id = ?");
    db.execute(&UPDATE, params![hashed, id]).await.map(drop)
}

/// Writes which address is an account's, that its person showed to read it, and that none is pending. Fails with
/// `users_email_key` as the duplicate key.
pub async fn verify_email(db: &mut impl Queries, id: UserId, email: &Email, now: Time) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both(
        "UPDATE users SET email = ?, email_key = ?, email_verified_at = ?, email_pending = NULL, updated_at = ? \
         WHERE id = ?",
    );
    db.execute(&UPDATE, params![email, email.key(), now, now, id]).await.map(drop)
}

/// Writes that a person showed that it reads mail to this address, where it is the account's; false where it is not, or was
/// written before.
pub async fn mark_verified(db: &mut impl Queries, id: UserId, email: &Email, now: Time) -> Result<bool, StoreError> {
    const UPDATE: Sql = Sql::both(
        "UPDATE users SET email_verified_at = ?, updated_at = ? \
         WHERE id = ? AND email_key = ? AND email_verified_at IS NULL",
    );
    Ok(db.execute(&UPDATE, params![now, now, id, email.key()]).await? == 1)
}

/// Locks the account's row until the transaction ends; gives whether there is one.
pub async fn lock_user(db: &mut impl Queries, id: UserId) -> Result<bool, StoreError> {
    let rows = db.query(&Sql::both("SELECT id FROM users WHERE id = ? FOR UPDATE"), params![id]).await?;
    Ok(!rows.is_empty())
}

/// Locks the accounts that administer the server and are active, and gives their ids.
pub async fn lock_active_admins(db: &mut impl Queries) -> Result<Vec<UserId>, StoreError> {
    const SELECT: Sql = Sql::both("SELECT id FROM users WHERE is_admin = 1 AND is_active = 1 ORDER BY id FOR UPDATE");
    let rows = db.query(&SELECT, params![]).await?;
    rows.iter().map(|row| row.reader().take()).collect()
}

/// Finds an account that is not switched off.
pub async fn find_active(db: &mut impl Queries, id: UserId) -> Result<Option<UserRow>, StoreError> {
    Ok(find_user(db, id).await?.filter(|user| user.is_active))
}

/// What stands where a password's hash would: of accounts that were imported and not handed over yet.
pub const NO_PASSWORD: &str = "none";

/// Most people written by one statement on activity.
pub const ACTIVITY_ROWS: usize = 100;

/// Numbers of people for which there are statements.
const ACTIVITY_WIDTHS: [usize; 3] = [1, 10, ACTIVITY_ROWS];

/// Writes whether people are connected, and that they were until now.
pub async fn put_activity(db: &mut impl Queries, people: &[(UserId, bool)], now: Time) -> Result<(), StoreError> {
    for some in people.chunks(ACTIVITY_ROWS) {
        let Some(last) = some.last() else { continue };
        // Few forms of the statement: the last one fills the places that are left.
        let width = ACTIVITY_WIDTHS.into_iter().find(|&width| width >= some.len()).unwrap_or(some.len());
        let filled = some.iter().chain(std::iter::repeat(last)).take(width);
        let values = filled.flat_map(|&(user, is_online)| params![user, is_online, now]).collect();
        let insert = "INSERT INTO user_activity (user_id, is_online, last_seen) VALUES ";
        let rows = vec!["(?,?,?)"; width].join(",");
        let upsert = Sql::built_pair(
            format!(
                "{insert}{rows} ON DUPLICATE KEY UPDATE is_online = VALUES(is_online), last_seen = VALUES(last_seen)"
            ),
            format!(
                "{insert}{rows} ON CONFLICT (user_id) DO UPDATE SET is_online = excluded.is_online, \
                 last_seen = excluded.last_seen"
            ),
        );
        db.execute(&upsert, values).await?;
    }
    Ok(())
}

/// Copies what is known of these people's connections to their accounts; at most [`ACTIVITY_ROWS`].
pub async fn copy_activity(db: &mut impl Queries, users: &[UserId]) -> Result<(), StoreError> {
    // Always as many places, so that there is one form of the statement; 0 is nobody.
    let mut values: Vec<Value> = users.iter().take(ACTIVITY_ROWS).map(|&user| user.into()).collect();
    values.resize(ACTIVITY_ROWS, Value::Int(0));
    let places = placeholders(ACTIVITY_ROWS);
    let sql = Sql::built_pair(
        format!(
            "UPDATE users u JOIN user_activity a ON a.user_id = u.id \
             SET u.is_online = a.is_online, u.last_seen = a.last_seen WHERE u.id IN ({places})"
        ),
        format!(
            "UPDATE users SET is_online = a.is_online, last_seen = a.last_seen FROM user_activity a \
             WHERE a.user_id = users.id AND users.id IN ({places})"
        ),
    );
    db.execute(&sql, values).await.map(drop)
}
