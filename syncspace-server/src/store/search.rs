//! Rows of the search index: written by its follower, walked back in time, or found by their words.
//!
//! What comes out of here are places of messages, not hits: the index may be old, and knows no permission.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::{ChannelId, MessageId, Seq, TeamId, Time, UserId};

use super::channels::VISIBLE;
use super::{Dialect, Many, ManySql, Queries, Row, Sql, StoreError, Value, padded, params, placeholders};

/// A message as the index knows it.
#[derive(Debug, Clone)]
pub struct IndexRow {
    /// Its team.
    pub team: TeamId,
    /// Where it stands in the order of time.
    pub key: Key,
    /// Its channel.
    pub channel: ChannelId,
    /// Its place in the channel.
    pub seq: Seq,
    /// Who sent it.
    pub sender: UserId,
    /// Flags of what it has and is.
    pub traits: u32,
    /// Opaque names of its words, with a blank before, between and after them.
    pub tokens: String,
}

/// Where a message stands in the order of time. Messages of the same moment are ordered by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// When it was sent.
    pub created_at: Time,
    /// Its id.
    pub message: MessageId,
}

/// A message that the index names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Where it stands in the order of time.
    pub key: Key,
    /// Its channel.
    pub channel: ChannelId,
    /// Its place in the channel.
    pub seq: Seq,
}

/// Along which index a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// All messages of a team.
    Team(TeamId),
    /// All messages of a channel.
    Channel(ChannelId),
    /// All messages that somebody sent in a team.
    Sender(TeamId, UserId),
}

/// What of the index is asked for, newest first.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The team.
    pub team: TeamId,
    /// Along which index to walk.
    pub path: Path,
    /// In one of these channels.
    pub channels: Vec<ChannelId>,
    /// From one of these people; empty for all.
    pub senders: Vec<UserId>,
    /// Flags that all must be set.
    pub traits: u32,
    /// Of each of these lists at least one name of a word.
    pub tokens: Vec<Vec<String>>,
    /// Sent at this time or later.
    pub since: Option<Time>,
}

const INSERT: ManySql = ManySql {
    width: 8,
    start: "INSERT INTO message_search (team_id, created_at, message_id, channel_id, seq, sender_id, traits, tokens) VALUES ",
    each: "(?,?,?,?,?,?,?,?)",
    between: ",",
    end: " ON DUPLICATE KEY UPDATE traits = VALUES(traits)",
    sqlite: "INSERT INTO message_search (team_id, created_at, message_id, channel_id, seq, sender_id, traits, tokens) \
             VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET traits = excluded.traits",
};

const REMOVE: ManySql = ManySql {
    width: 1,
    start: "DELETE FROM message_search WHERE message_id IN (",
    each: "?",
    between: ",",
    end: ")",
    sqlite: "DELETE FROM message_search WHERE message_id = ?",
};

// On MySQL the words are an index of the table itself.
const INSERT_WORDS: ManySql = sqlite_only(2, "INSERT INTO message_search_words (rowid, tokens) VALUES (?,?)");
const REMOVE_WORDS: ManySql = sqlite_only(1, "DELETE FROM message_search_words WHERE rowid = ?");

const fn sqlite_only(width: usize, sqlite: &'static str) -> ManySql {
    ManySql { width, start: "", each: "", between: "", end: "", sqlite }
}

/// Puts rows in place of what the index had of these messages.
///
/// Where the words are the same, as after a reaction or a reply, the full text index is left alone: InnoDB keeps what was deleted
/// from one until somebody optimises the table.
pub async fn replace(
    db: &mut impl Queries,
    dialect: Dialect,
    messages: &[MessageId],
    rows: &[IndexRow],
) -> Result<(), StoreError> {
    let held = words_of(db, messages).await?;
    let has_same_words = |row: &IndexRow| held.get(&row.key.message) == Some(&row.tokens);
    let same: BTreeSet<_> = rows.iter().filter(|row| has_same_words(row)).map(|row| row.key.message).collect();
    let changed: Vec<_> = held.into_keys().filter(|message| !same.contains(message)).collect();
    let mut insert = Many::with_capacity(&INSERT, rows.len());
    let mut insert_words = Many::with_capacity(&INSERT_WORDS, rows.len());
    for row in rows {
        insert.push([
            row.team.into(),
            row.key.created_at.into(),
            row.key.message.into(),
            row.channel.into(),
            row.seq.into(),
            row.sender.into(),
            row.traits.into(),
            Value::from(&row.tokens),
        ]);
        if !same.contains(&row.key.message) {
            insert_words.push([row.key.message.into(), Value::from(&row.tokens)]);
        }
    }
    remove(db, dialect, &changed).await?;
    if rows.is_empty() {
        return Ok(());
    }
    db.execute_many(insert).await?;
    if dialect == Dialect::Sqlite && same.len() < rows.len() { db.execute_many(insert_words).await } else { Ok(()) }
}

/// Gives the words of those messages that are in the index.
async fn words_of(db: &mut impl Queries, messages: &[MessageId]) -> Result<BTreeMap<MessageId, String>, StoreError> {
    if messages.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = padded(messages.iter().map(|&message| Value::from(message)).collect());
    let sql = Sql::built(format!(
        "SELECT message_id, tokens FROM message_search WHERE message_id IN ({})",
        placeholders(ids.len())
    ));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    };
    db.query(&sql, ids).await?.iter().map(read).collect()
}

/// Takes messages out of the index.
pub async fn remove(db: &mut impl Queries, dialect: Dialect, messages: &[MessageId]) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let of = |sql| {
        let mut change = Many::with_capacity(sql, messages.len());
        messages.iter().for_each(|&message| change.push([message.into()]));
        change
    };
    db.execute_many(of(&REMOVE)).await?;
    if dialect == Dialect::Sqlite { db.execute_many(of(&REMOVE_WORDS)).await } else { Ok(()) }
}

/// Lists some messages that are in the index, whatever they are.
pub async fn list_some(db: &mut impl Queries, limit: u32) -> Result<Vec<MessageId>, StoreError> {
    let sql = Sql::built(format!("SELECT message_id FROM message_search ORDER BY message_id LIMIT {limit}"));
    db.query(&sql, params![]).await?.iter().map(|row| row.reader().take()).collect()
}

/// A condition with the values of its `?`.
struct Condition {
    text: String,
    values: Vec<Value>,
}

impl Condition {
    fn new(text: &str, values: Vec<Value>) -> Self {
        Self { text: text.to_owned(), values }
    }

    fn and(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        self.text.push_str(" AND ");
        self.text.push_str(text);
        self.values.extend(values);
    }

    fn and_in(&mut self, column: &str, values: Vec<Value>) {
        if !values.is_empty() {
            let values = padded(values);
            self.and(&format!("{column} IN ({})", placeholders(values.len())), values);
        }
    }

    /// Takes what stands before a place in time.
    fn before(&mut self, key: Key) {
        let Key { created_at, message } = key;
        // Not as one comparison of both: MySQL would not go along the index.
        self.and("s.created_at <= ?", params![created_at]);
        self.and("(s.created_at < ? OR s.message_id < ?)", params![created_at, message]);
    }

    /// Takes what stands at a place in time or after it.
    fn from(&mut self, key: Key) {
        let Key { created_at, message } = key;
        self.and("s.created_at >= ?", params![created_at]);
        self.and("(s.created_at > ? OR s.message_id >= ?)", params![created_at, message]);
    }

    /// Takes what has one of these names of words.
    fn token(&mut self, any: &[String]) {
        let (text, values) = has_token(any);
        self.and(&text, values);
    }

    /// Takes what has everything wanted but its words.
    fn filters(&mut self, wanted: &Wanted) {
        // An empty list names no channel at all.
        let nowhere = wanted.channels.is_empty().then_some(Value::Int(0));
        let channels = wanted.channels.iter().map(|&channel| channel.into()).chain(nowhere).collect();
        self.and_in("s.channel_id", channels);
        self.and_in("s.sender_id", wanted.senders.iter().map(|&sender| sender.into()).collect());
        if wanted.traits != 0 {
            self.and("(s.traits & ?) = ?", params![wanted.traits, wanted.traits]);
        }
    }
}

/// Tells in SQL whether a row has one of these names of words.
fn has_token(any: &[String]) -> (String, Vec<Value>) {
    let text = vec!["INSTR(s.tokens, ?) > 0"; any.len()].join(" OR ");
    (format!("({text})"), any.iter().map(|token| Value::from(format!(" {token} "))).collect())
}

impl Path {
    fn condition(self) -> Condition {
        match self {
            Self::Team(team) => Condition::new("s.team_id = ?", params![team]),
            Self::Channel(channel) => Condition::new("s.channel_id = ?", params![channel]),
            Self::Sender(team, sender) => Condition::new("s.team_id = ? AND s.sender_id = ?", params![team, sender]),
        }
    }

    /// Gives the table, with the index to go along where a database would rather guess.
    const fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::Team(_) => ("message_search s FORCE INDEX (PRIMARY)", "message_search s"),
            Self::Channel(_) => (
                "message_search s FORCE INDEX (message_search_channel)",
                "message_search s INDEXED BY message_search_channel",
            ),
            Self::Sender(..) => (
                "message_search s FORCE INDEX (message_search_sender)",
                "message_search s INDEXED BY message_search_sender",
            ),
        }
    }
}

/// A statement with its values.
pub type Asked = (Sql, Vec<Value>);

/// Gives the statement that finds how far back a number of rows reach.
#[must_use]
pub fn reach_statement(wanted: &Wanted, before: Key, rows: u32) -> Asked {
    let mut condition = wanted.path.condition();
    condition.before(before);
    if let Some(since) = wanted.since {
        condition.and("s.created_at >= ?", params![since]);
    }
    let skipped = rows.saturating_sub(1);
    let text = |table: &str| {
        format!(
            "SELECT s.created_at, s.message_id FROM {table} WHERE {} ORDER BY s.created_at DESC, s.message_id DESC \
             LIMIT 1 OFFSET {skipped}",
            condition.text
        )
    };
    let (mysql, sqlite) = wanted.path.table();
    (Sql::built_pair(text(mysql), text(sqlite)), condition.values)
}

/// Finds where the given number of rows, walking back, ends; nothing where there are fewer.
pub async fn find_reach(
    db: &mut impl Queries,
    wanted: &Wanted,
    before: Key,
    rows: u32,
) -> Result<Option<Key>, StoreError> {
    let (sql, values) = reach_statement(wanted, before, rows);
    let row = db.query_first(&sql, values).await?;
    row.map(|row| {
        let mut row = row.reader();
        Ok(Key { created_at: row.take()?, message: row.take()? })
    })
    .transpose()
}

const CANDIDATE: &str = "s.created_at, s.message_id, s.channel_id, s.seq";

fn read(row: &Row) -> Result<Candidate, StoreError> {
    let mut row = row.reader();
    let key = Key { created_at: row.take()?, message: row.take()? };
    Ok(Candidate { key, channel: row.take()?, seq: row.take()? })
}

/// Gives the statement of [`walk`].
#[must_use]
pub fn walk_statement(wanted: &Wanted, before: Key, from: Option<Key>, limit: u32) -> Asked {
    let mut condition = wanted.path.condition();
    condition.before(before);
    match (from, wanted.since) {
        (Some(from), _) => condition.from(from),
        (None, Some(since)) => condition.and("s.created_at >= ?", params![since]),
        (None, None) => {}
    }
    condition.filters(wanted);
    wanted.tokens.iter().for_each(|any| condition.token(any));
    let text = |table: &str| {
        format!(
            "SELECT {CANDIDATE} FROM {table} WHERE {} ORDER BY s.created_at DESC, s.message_id DESC LIMIT {limit}",
            condition.text
        )
    };
    let (mysql, sqlite) = wanted.path.table();
    (Sql::built_pair(text(mysql), text(sqlite)), condition.values)
}

/// Walks back from a place to another and looks at each row: gives those that fit, newest first.
///
/// Callers bound the walk by [`find_reach`].
pub async fn walk(
    db: &mut impl Queries,
    wanted: &Wanted,
    before: Key,
    from: Option<Key>,
    limit: u32,
) -> Result<Vec<Candidate>, StoreError> {
    let (sql, values) = walk_statement(wanted, before, from, limit);
    db.query(&sql, values).await?.iter().map(read).collect()
}

/// Counts, in the rows of a walk that the filters let through, all of them and those that have each of the wanted words.
///
/// Not in others: what one may not read must not show in how a search goes on.
pub async fn count_words(
    db: &mut impl Queries,
    wanted: &Wanted,
    before: Key,
    from: Key,
) -> Result<(u64, Vec<u64>), StoreError> {
    let mut condition = wanted.path.condition();
    condition.before(before);
    condition.from(from);
    condition.filters(wanted);
    let (mut sums, mut values) = (String::new(), Vec::new());
    for any in &wanted.tokens {
        let (text, tokens) = has_token(any);
        sums.push_str(&format!(", COALESCE(SUM(CASE WHEN {text} THEN 1 ELSE 0 END), 0)"));
        values.extend(tokens);
    }
    values.extend(condition.values);
    let text = |table: &str| format!("SELECT COUNT(*){sums} FROM {table} WHERE {}", condition.text);
    let (mysql, sqlite) = wanted.path.table();
    let row = db.query_first(&Sql::built_pair(text(mysql), text(sqlite)), values).await?;
    let row = row.ok_or(StoreError::Corrupt { column: 0, expected: "a count" })?;
    let mut row = row.reader();
    Ok((row.take()?, wanted.tokens.iter().map(|_| row.take()).collect::<Result<_, _>>()?))
}

/// Longest time that MariaDB or MySQL works at a statement of the index of words, in seconds.
const WORDS_MAX_S: u32 = 2;

/// Gives the statement of [`find_by_words`].
#[must_use]
pub fn words_statement(wanted: &Wanted, asked: &[usize], before: Key, limit: u32) -> Asked {
    let mut condition = Condition::new("s.team_id = ?", params![wanted.team]);
    condition.before(before);
    if let Some(since) = wanted.since {
        condition.and("s.created_at >= ?", params![since]);
    }
    condition.filters(wanted);
    for (_, any) in wanted.tokens.iter().enumerate().filter(|(place, _)| !asked.contains(place)) {
        condition.token(any);
    }
    let order = format!("ORDER BY s.created_at DESC, s.message_id DESC LIMIT {limit}");
    let mysql = format!(
        "SELECT /*+ MAX_EXECUTION_TIME({WORDS_MAX_S}000) */ {CANDIDATE} FROM message_search s FORCE INDEX (message_search_tokens) WHERE MATCH (s.tokens) AGAINST (? IN BOOLEAN MODE) AND {} {order}",
        condition.text
    );
    // CROSS JOIN: the words first, then their rows.
    let sqlite = format!(
        "SELECT {CANDIDATE} FROM message_search_words w CROSS JOIN message_search s ON s.message_id = w.rowid \
         WHERE w.message_search_words MATCH ? AND {} {order}",
        condition.text
    );
    (Sql::built_pair(mysql, sqlite), condition.values)
}

/// Finds rows by the index of words, newest first. Takes the longer the more messages have the asked words, limit or not.
///
/// `asked` are the places of some of the wanted words, at least one; the others are looked for in the rows that have these.
pub async fn find_by_words(
    db: &mut impl Queries,
    dialect: Dialect,
    wanted: &Wanted,
    asked: &[usize],
    before: Key,
    limit: u32,
) -> Result<Vec<Candidate>, StoreError> {
    let (sql, values) = words_statement(wanted, asked, before, limit);
    // Whoever asks gives up sooner, and the statement must not go on for nobody: MariaDB is told here, MySQL in the statement.
    let limited = format!("/*M! SET STATEMENT max_statement_time = {WORDS_MAX_S} FOR */ {}", sql.mysql());
    let sql = Sql::built_pair(limited, sql.sqlite().into_owned());
    let tokens: Vec<_> = asked.iter().filter_map(|&place| wanted.tokens.get(place)).cloned().collect();
    let mut all = vec![Value::from(words_expression(dialect, &tokens))];
    all.extend(values);
    db.query(&sql, all).await?.iter().map(read).collect()
}

/// Writes which words are wanted, as the database's full text search reads it. Names of words are letters and digits.
#[must_use]
pub fn words_expression(dialect: Dialect, tokens: &[Vec<String>]) -> String {
    let group = |any: &Vec<String>| match (dialect, any.as_slice()) {
        (Dialect::Mysql, [one]) => format!("+{one}"),
        (Dialect::Mysql, several) => format!("+({})", several.join(" ")),
        (Dialect::Sqlite, [one]) => one.clone(),
        (Dialect::Sqlite, several) => format!("({})", several.join(" OR ")),
    };
    let groups: Vec<_> = tokens.iter().map(group).collect();
    groups.join(match dialect {
        Dialect::Mysql => " ",
        Dialect::Sqlite => " AND ",
    })
}

/// Finds people of a team, also former ones, by their folded names.
pub async fn find_people(
    db: &mut impl Queries,
    team: TeamId,
    keys: &[String],
) -> Result<Vec<(String, UserId)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let keys = padded(keys.iter().map(Value::from).collect());
    let sql = Sql::built(format!(
        "SELECT u.username_key, u.id FROM users u JOIN team_members m ON m.user_id = u.id AND m.team_id = ? \
         WHERE u.username_key IN ({})",
        placeholders(keys.len())
    ));
    let mut values = params![team];
    values.extend(keys);
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    };
    db.query(&sql, values).await?.iter().map(read).collect()
}

/// A channel that a person may read, and how far the index is behind in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readable {
    /// The channel.
    pub channel: ChannelId,
    /// Messages up to this place are no longer kept.
    pub floor_seq: Seq,
    /// Changes that are not in the index yet.
    pub behind: u64,
}

/// Lists the channels of a team that a person may read by its rows, up to a limit.
pub async fn list_readable(
    db: &mut impl Queries,
    follower: &str,
    (team, user): (TeamId, UserId),
    sees_public: bool,
    limit: u32,
) -> Result<Vec<Readable>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT h.channel_id, h.floor_seq, h.last_rev - COALESCE(k.rev, 0) FROM {VISIBLE} \
         JOIN channel_heads h ON h.channel_id = v.channel_id \
         LEFT JOIN follower_marks k ON k.follower = ? AND k.channel_id = v.channel_id LIMIT {limit}"
    ));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok(Readable { channel: row.take()?, floor_seq: row.take()?, behind: row.take()? })
    };
    db.query(&sql, params![team, sees_public, user, team, follower]).await?.iter().map(read).collect()
}
