//! Who sees whom, and finding people by the words of their names.

use std::collections::{BTreeSet, HashMap};

use syncspace_protocol::{Time, UserId, Username};

use super::list::like_contains;
use super::user_settings::{Looks, read_looks, select_looks};
use super::users::{NO_PASSWORD, UserRow, read_user, select_users};
use super::{Many, ManySql, Queries, Row, Sql, Statement, StoreError, Value, padded, params, placeholders};

/// Tells of an account `u` whether its person shares a team with somebody, the one `?`.
///
/// Beside a comparison with OR it stays what it is: a look-up for each account that is found otherwise.
const SHARES_TEAM: &str = "EXISTS (SELECT 1 FROM team_members mine JOIN teams t ON t.id = mine.team_id \
                           JOIN team_members theirs ON theirs.team_id = mine.team_id \
                           WHERE mine.user_id = ? AND mine.left_at IS NULL AND t.deleted_at IS NULL \
                           AND theirs.user_id = u.id AND theirs.left_at IS NULL)";

/// What two people are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquaintance {
    /// The one was never in a team that the other is in.
    Stranger,
    /// The one was in a team that the other is in.
    Former,
    /// Both are in a team, or are the same.
    Colleague,
}

/// Tells what a person is to somebody who asks for it.
pub async fn acquaintance(db: &mut impl Queries, asker: UserId, user: UserId) -> Result<Acquaintance, StoreError> {
    const SELECT: Sql = Sql::both(
        "SELECT MAX(CASE WHEN theirs.left_at IS NULL THEN 1 ELSE 0 END) FROM team_members mine \
         JOIN teams t ON t.id = mine.team_id JOIN team_members theirs ON theirs.team_id = mine.team_id \
         WHERE mine.user_id = ? AND mine.left_at IS NULL AND t.deleted_at IS NULL AND theirs.user_id = ?",
    );
    if asker == user {
        return Ok(Acquaintance::Colleague);
    }
    let row = db.query_first(&SELECT, params![asker, user]).await?;
    let is_there: Option<bool> = row.map(|row| row.reader().take()).transpose()?.flatten();
    Ok(match is_there {
        None => Acquaintance::Stranger,
        Some(false) => Acquaintance::Former,
        Some(true) => Acquaintance::Colleague,
    })
}

/// Most people named in one statement.
const PER_STATEMENT: usize = 512;

/// Loads what decides how people look, by id, of those whom somebody sees: oneself, and who shares a team.
pub async fn list_visible_looks(
    db: &mut impl Queries,
    asker: UserId,
    users: &[UserId],
) -> Result<Vec<Looks>, StoreError> {
    let mut visible = Vec::with_capacity(users.len());
    for some in users.chunks(PER_STATEMENT) {
        let mut values = padded(some.iter().map(|&user| Value::from(user)).collect());
        let places = placeholders(values.len());
        let looks = select_looks();
        let sql = format!("{looks} WHERE u.id IN ({places}) AND (u.id = ? OR {SHARES_TEAM}) ORDER BY u.id");
        values.extend(params![asker, asker]);
        for row in db.query(&Sql::built(sql), values).await? {
            visible.push(read_looks(&row)?);
        }
    }
    Ok(visible)
}

/// Gives the statement that lists all accounts with ids above `after_id`, by id.
#[must_use]
pub fn list_all_statement(after_id: u64, limit: u32) -> Statement {
    let after_id = i64::try_from(after_id).unwrap_or(i64::MAX);
    Statement { sql: select_users("WHERE u.id > ? ORDER BY u.id LIMIT ?"), params: params![after_id, limit] }
}

/// Which accounts are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Contained in the key of the username or of the e-mail address.
    pub contains: Option<String>,
    /// Switched on, or off.
    pub is_active: Option<bool>,
    /// Imported and not handed over, or not.
    pub is_unclaimed: Option<bool>,
    /// Administering the server, or not.
    pub is_admin: Option<bool>,
    /// There then or later.
    pub seen_since: Option<Time>,
    /// Not there since then.
    pub unseen_since: Option<Time>,
}

/// Gives the statement that lists such accounts with ids above `after_id`, by id.
#[must_use]
pub fn list_accounts_statement(filter: &AccountFilter, after_id: u64, limit: u32) -> Statement {
    let mut text = String::from("WHERE u.id > ?");
    let mut values = params![i64::try_from(after_id).unwrap_or(i64::MAX)];
    let mut and = |condition: &str, given: Vec<Value>| {
        text.push_str(" AND ");
        text.push_str(condition);
        values.extend(given);
    };
    if let Some(part) = &filter.contains {
        let pattern = like_contains(part);
        let found = "(u.username_key LIKE ? ESCAPE '!' OR u.email_key LIKE ? ESCAPE '!')";
        and(found, params![&pattern, &pattern]);
    }
    if let Some(is_active) = filter.is_active {
        and("u.is_active = ?", params![is_active]);
    }
    if let Some(is_admin) = filter.is_admin {
        and("u.is_admin = ?", params![is_admin]);
    }
    if let Some(is_unclaimed) = filter.is_unclaimed {
        and(if is_unclaimed { "u.hashed_password = ?" } else { "u.hashed_password <> ?" }, params![NO_PASSWORD]);
    }
    if let Some(since) = filter.seen_since {
        let used = "EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id AND s.last_used_at >= ?)";
        and(&format!("(COALESCE(a.last_seen, u.last_seen) >= ? OR {used})"), params![since, since]);
    }
    if let Some(since) = filter.unseen_since {
        // Who came later than that was not there to be seen.
        and("u.created_at < ? AND COALESCE(a.last_seen, u.last_seen, u.created_at) < ?", params![since, since]);
        let used = "NOT EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id AND s.last_used_at >= ?)";
        and(&format!("COALESCE(a.is_online, 0) = 0 AND {used}"), params![since]);
    }
    text.push_str(" ORDER BY u.id LIMIT ?");
    values.extend(params![limit]);
    Statement { sql: select_users(&text), params: values }
}

/// Gives when logins or tokens of people, not more than a statement names, were used last.
pub async fn last_used(db: &mut impl Queries, users: &[UserId]) -> Result<HashMap<UserId, Time>, StoreError> {
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = padded(users.iter().map(|&user| Value::from(user)).collect());
    let places = placeholders(ids.len());
    let sql = format!("SELECT user_id, MAX(last_used_at) FROM sessions WHERE user_id IN ({places}) GROUP BY user_id");
    let rows = db.query(&Sql::built(sql), ids).await?;
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    };
    rows.iter().map(read).collect()
}

/// Gives the statement that lists, by id, those active people with ids above `after_id` whom somebody sees.
#[must_use]
pub fn list_visible_statement(asker: UserId, after_id: u64, limit: u32) -> Statement {
    let after_id = i64::try_from(after_id).unwrap_or(i64::MAX);
    // From the asker's teams, and not from all accounts: a small team is found as fast on a big server.
    let sql = select_users(
        "JOIN (SELECT theirs.user_id FROM team_members mine JOIN teams t ON t.id = mine.team_id \
         JOIN team_members theirs ON theirs.team_id = mine.team_id \
         WHERE mine.user_id = ? AND mine.left_at IS NULL AND t.deleted_at IS NULL \
         AND theirs.user_id > ? AND theirs.left_at IS NULL \
         UNION SELECT me.id FROM users me WHERE me.id = ? AND me.id > ?) seen ON seen.user_id = u.id \
         WHERE u.is_active = 1 ORDER BY u.id LIMIT ?",
    );
    Statement { sql, params: params![asker, after_id, asker, after_id, limit] }
}

/// Lists accounts that one of these statements gives.
pub async fn list(db: &mut impl Queries, statement: Statement) -> Result<Vec<UserRow>, StoreError> {
    let rows = db.query(&statement.sql, statement.params).await?;
    rows.iter().map(read_user).collect()
}

/// Where a page of found people goes on: after the word by which the last one was found, and that person.
pub type After = (String, u64);

/// Gives the statement that finds people in whose names words begin so, by the word that fits the first beginning.
///
/// With an asker only active people whom it sees; without, all. There is one beginning at least; the first should be the
/// longest, because by it people are walked through.
#[must_use]
pub fn search_statement(asker: Option<UserId>, beginnings: &[String], after: Option<&After>, limit: u32) -> Statement {
    let (first, others) = beginnings.split_first().map_or(("", beginnings), |(first, others)| (first.as_str(), others));
    let (from, after_id) = after.map_or((first, 0), |(word, id)| (word.as_str(), *id));
    let after_id = i64::try_from(after_id).unwrap_or(i64::MAX);
    // Who has several words that fit is found by the first of them alone.
    let mut rest = String::from(
        "WHERE w.word >= ? AND w.word < ? AND (w.word > ? OR w.user_id > ?) AND NOT EXISTS (SELECT 1 FROM user_words e \
         WHERE e.user_id = w.user_id AND e.word >= ? AND e.word < w.word)",
    );
    let mut values = params![from, end_of(first), from, after_id, first];
    for beginning in others {
        rest +=
            " AND (SELECT COUNT(*) FROM user_words o WHERE o.user_id = w.user_id AND o.word >= ? AND o.word < ?) > 0";
        values.extend(params![beginning.as_str(), end_of(beginning)]);
    }
    if let Some(asker) = asker {
        rest += &format!(" AND u.is_active = 1 AND (u.id = ? OR {SHARES_TEAM})");
        values.extend(params![asker, asker]);
    }
    rest += " ORDER BY w.word, w.user_id LIMIT ?";
    values.push(limit.into());
    // By the index of words, in its order: nothing is sorted, and a page ends where it is full.
    let mysql = format!("SELECT w.user_id, w.word FROM user_words w STRAIGHT_JOIN users u ON u.id = w.user_id {rest}");
    let sqlite = format!("SELECT w.user_id, w.word FROM user_words w CROSS JOIN users u ON u.id = w.user_id {rest}");
    Statement { sql: Sql::built_pair(mysql, sqlite), params: values }
}

/// Finds people, see [`search_statement`]; gives each with the word by which it was found.
pub async fn search(db: &mut impl Queries, statement: Statement) -> Result<Vec<(UserId, String)>, StoreError> {
    let rows = db.query(&statement.sql, statement.params).await?;
    let read = |row: &super::Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    };
    rows.iter().map(read).collect()
}

/// Loads accounts, in any order; those that do not exist are left out.
pub async fn load(db: &mut impl Queries, users: &[UserId]) -> Result<Vec<UserRow>, StoreError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let values = padded(users.iter().map(|&user| Value::from(user)).collect());
    let sql = select_users(&format!("WHERE u.id IN ({})", placeholders(values.len())));
    list(db, Statement { sql, params: values }).await
}

/// Gives a text that comes after all words with this beginning, and before those after them.
fn end_of(beginning: &str) -> String {
    format!("{beginning}\u{10ffff}")
}

/// Writes the words of accounts that have none.
pub async fn insert_words(db: &mut impl Queries, people: &[(UserId, BTreeSet<String>)]) -> Result<(), StoreError> {
    let mut rows = Many::with_capacity(&INSERT, people.len());
    for (user, words) in people {
        words.iter().for_each(|word| rows.push([word.as_str().into(), (*user).into()]));
    }
    if rows.values.is_empty() { Ok(()) } else { db.execute_many(rows).await }
}

const INSERT: ManySql = ManySql {
    width: 2,
    start: "INSERT INTO user_words (word, user_id) VALUES ",
    each: "(?,?)",
    between: ",",
    end: " ON DUPLICATE KEY UPDATE user_id = VALUES(user_id)",
    sqlite: "INSERT INTO user_words (word, user_id) VALUES (?,?) ON CONFLICT (word, user_id) DO NOTHING",
};

/// Removes the words of an account.
pub async fn remove_words(db: &mut impl Queries, user: UserId) -> Result<(), StoreError> {
    db.execute(&Sql::both("DELETE FROM user_words WHERE user_id = ?"), params![user]).await.map(drop)
}

/// Names of an account, by which it is to be found.
pub type Named = (UserId, Username, Option<String>);

/// Lists accounts without words with ids above `after`, by id.
pub async fn list_wordless(db: &mut impl Queries, after: Option<UserId>, limit: u32) -> Result<Vec<Named>, StoreError> {
    const SELECT: Sql = Sql::both(
        "SELECT u.id, u.username, u.full_name FROM users u WHERE u.id > ? \
         AND NOT EXISTS (SELECT 1 FROM user_words w WHERE w.user_id = u.id) ORDER BY u.id LIMIT ?",
    );
    let after = after.map_or(Value::Int(0), Value::from);
    let rows = db.query(&SELECT, vec![after, limit.into()]).await?;
    let read = |row: &super::Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?, row.take()?))
    };
    rows.iter().map(read).collect()
}
