//! Rows of who is named in which message, to be counted by range; the same stands in the message itself. Beside them rows of
//! kind `keyword`: whom a message mentions by a keyword, which stands nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::mentions::NamedGroup;
use syncspace_protocol::messages::Message;
use syncspace_protocol::{ChannelId, Mentions, Seq, TeamId, UserId};

use super::{FromValue, Many, ManySql, Queries, Sql, Statement, StoreError, Value, params, placeholders};

/// Most names looked up by one statement.
const PER_STATEMENT: usize = 256;

/// A message's mentions as a column: JSON, or nothing where nobody is named.
impl From<&Mentions> for Value {
    fn from(mentions: &Mentions) -> Self {
        if mentions.is_empty() {
            return Self::Null;
        }
        // Numbers and flags: writing them cannot fail.
        serde_json::to_string(mentions).map_or(Self::Null, Self::Text)
    }
}

impl FromValue for Mentions {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::Text(text) => serde_json::from_str(text).map_err(|_| "mentions"),
            Value::Int(_) => Err("mentions"),
        }
    }
}

/// Finds those active members of channels who go by one of the folded names, for any number of messages at once.
pub async fn find_members(
    db: &mut impl Queries,
    channels: &[ChannelId],
    keys: &[&str],
) -> Result<BTreeMap<(ChannelId, String), UserId>, StoreError> {
    let mut found = BTreeMap::new();
    for channels in channels.chunks(PER_STATEMENT) {
        for keys in keys.chunks(PER_STATEMENT) {
            let (channels, keys) = (padded(channels), padded(keys));
            let sql = Sql::built(format!(
                "SELECT m.channel_id, u.username_key, u.id FROM users u JOIN channel_members m ON m.user_id = u.id \
                 WHERE u.username_key IN ({}) AND m.channel_id IN ({}) AND m.left_at IS NULL AND u.is_active = 1",
                placeholders(keys.len()),
                placeholders(channels.len())
            ));
            let values = keys.into_iter().map(Value::from).chain(channels.into_iter().map(Value::from));
            for row in db.query(&sql, values.collect()).await? {
                let mut row = row.reader();
                found.insert((row.take()?, row.take()?), row.take()?);
            }
        }
    }
    Ok(found)
}

/// Finds the groups that go by one of the folded names in the team of each channel, with who of them is in the channel.
pub async fn find_groups(
    db: &mut impl Queries,
    channels: &[ChannelId],
    keys: &[&str],
) -> Result<BTreeMap<(ChannelId, String), NamedGroup>, StoreError> {
    let mut found: BTreeMap<(ChannelId, String), NamedGroup> = BTreeMap::new();
    for channels in channels.chunks(PER_STATEMENT) {
        for keys in keys.chunks(PER_STATEMENT) {
            let Statement { sql, params } = groups_statement(channels, keys);
            for row in db.query(&sql, params).await? {
                let mut row = row.reader();
                let place = (row.take()?, row.take()?);
                let id = row.take()?;
                let group = found.entry(place).or_insert_with(|| NamedGroup { id, user_ids: Vec::new() });
                group.user_ids.extend(row.take::<Option<UserId>>()?);
            }
        }
    }
    Ok(found)
}

/// Gives the statement of [`find_groups`].
#[must_use]
pub fn groups_statement(channels: &[ChannelId], keys: &[&str]) -> Statement {
    let (channels, keys) = (padded(channels), padded(keys));
    let sql = Sql::built(format!(
        "SELECT c.id, g.name_key, g.id, m.user_id FROM channels c JOIN user_groups g ON g.team_id = c.team_id \
         LEFT JOIN user_group_members p ON p.group_id = g.id \
         LEFT JOIN channel_members m ON m.channel_id = c.id AND m.user_id = p.user_id AND m.left_at IS NULL \
         WHERE c.id IN ({}) AND g.name_key IN ({})",
        placeholders(channels.len()),
        placeholders(keys.len())
    ));
    let values = channels.into_iter().map(Value::from).chain(keys.into_iter().map(Value::from));
    Statement { sql, params: values.collect() }
}

/// Repeats the last one up to a power of two, so that statements come in few forms.
fn padded<T: Copy>(values: &[T]) -> Vec<T> {
    let mut padded = values.to_vec();
    if let Some(&last) = values.last() {
        padded.resize(values.len().next_power_of_two(), last);
    }
    padded
}

/// Writes the rows of new messages, or of a changed one whose rows were removed.
pub async fn insert(db: &mut impl Queries, team: TeamId, messages: &[&Message]) -> Result<(), StoreError> {
    let mut rows = Many::with_capacity(&INSERT, messages.len());
    for message in messages {
        let mut push = |kind: &str, target: Value| {
            let (channel, seq, sender) = (message.channel_id, message.seq, message.sender_id);
            rows.push([channel.into(), kind.into(), target, seq.into(), team.into(), sender.into()]);
        };
        message.mentions.users.iter().for_each(|&user| push("user", user.into()));
        if message.mentions.channel {
            push("channel", Value::Int(0));
        }
    }
    if rows.values.is_empty() { Ok(()) } else { db.execute_many(rows).await }
}

const INSERT: ManySql = ManySql {
    width: 6,
    start: "INSERT INTO message_mentions (channel_id, kind, target_id, seq, team_id, sender_id) VALUES ",
    each: "(?,?,?,?,?,?)",
    between: ",",
    end: "",
    sqlite: "INSERT INTO message_mentions (channel_id, kind, target_id, seq, team_id, sender_id) VALUES (?,?,?,?,?,?)",
};

/// Removes the rows of those whom a message names. Those of keywords go when their follower comes by, which tells it.
pub async fn remove(db: &mut impl Queries, channel: ChannelId, seq: Seq) -> Result<(), StoreError> {
    let sql = Sql::both("DELETE FROM message_mentions WHERE channel_id = ? AND seq = ? AND kind <> 'keyword'");
    db.execute(&sql, params![channel, seq]).await.map(drop)
}

/// A message that has one of a person's keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeywordMention {
    /// Place of the message.
    pub seq: Seq,
    /// The person.
    pub user: UserId,
}

/// Finds whom messages of a channel call by keywords.
pub async fn list_by_keyword(
    db: &mut impl Queries,
    channel: ChannelId,
    seqs: &[Seq],
) -> Result<BTreeSet<KeywordMention>, StoreError> {
    let mut found = BTreeSet::new();
    for seqs in seqs.chunks(PER_STATEMENT) {
        let seqs = padded(seqs);
        let sql = Sql::built(format!(
            "SELECT seq, target_id FROM message_mentions WHERE channel_id = ? AND seq IN ({}) AND kind = 'keyword'",
            placeholders(seqs.len())
        ));
        let mut values = params![channel];
        values.extend(seqs.into_iter().map(Value::from));
        for row in db.query(&sql, values).await? {
            let mut row = row.reader();
            found.insert(KeywordMention { seq: row.take()?, user: row.take()? });
        }
    }
    Ok(found)
}

const OF_ONE: ManySql = ManySql {
    width: 3,
    start: "SELECT channel_id, seq FROM message_mentions WHERE ",
    each: "(channel_id = ? AND kind = 'keyword' AND target_id = ? AND seq = ?)",
    between: " OR ",
    end: "",
    sqlite: "SELECT channel_id, seq FROM message_mentions \
             WHERE channel_id = ? AND kind = 'keyword' AND target_id = ? AND seq = ?",
};

/// Finds which of these messages call a person by a keyword.
pub async fn list_of_person(
    db: &mut impl Queries,
    user: UserId,
    places: &[(ChannelId, Seq)],
) -> Result<BTreeSet<(ChannelId, Seq)>, StoreError> {
    if places.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut lookup = Many::with_capacity(&OF_ONE, places.len());
    for &(channel, seq) in places {
        lookup.push([channel.into(), user.into(), seq.into()]);
    }
    let found = db.query_many(vec![lookup]).await?;
    let read = |row: &super::Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    };
    found.iter().flatten().map(read).collect()
}

/// Writes whom messages of a channel call by keywords, each with the message's sender.
pub async fn insert_by_keyword(
    db: &mut impl Queries,
    (channel, team): (ChannelId, TeamId),
    mentions: &[(KeywordMention, UserId)],
) -> Result<(), StoreError> {
    let mut rows = Many::with_capacity(&INSERT_BY_KEYWORD, mentions.len());
    for &(KeywordMention { seq, user }, sender) in mentions {
        rows.push([channel.into(), user.into(), seq.into(), team.into(), sender.into()]);
    }
    if rows.values.is_empty() { Ok(()) } else { db.execute_many(rows).await }
}

const INSERT_BY_KEYWORD: ManySql = ManySql {
    width: 5,
    start: "INSERT INTO message_mentions (channel_id, kind, target_id, seq, team_id, sender_id) VALUES ",
    each: "(?,'keyword',?,?,?,?)",
    between: ",",
    // Written before where the work is begun anew. Not INSERT IGNORE: that would pass over every other error too.
    end: " ON DUPLICATE KEY UPDATE sender_id = message_mentions.sender_id",
    sqlite: "INSERT INTO message_mentions (channel_id, kind, target_id, seq, team_id, sender_id) \
             VALUES (?,'keyword',?,?,?,?) ON CONFLICT (channel_id, kind, target_id, seq) DO NOTHING",
};

/// Removes rows of keywords.
pub async fn remove_by_keyword(
    db: &mut impl Queries,
    channel: ChannelId,
    mentions: &[KeywordMention],
) -> Result<(), StoreError> {
    let mut rows = Many::with_capacity(&REMOVE_BY_KEYWORD, mentions.len());
    for &KeywordMention { seq, user } in mentions {
        rows.push([channel.into(), user.into(), seq.into()]);
    }
    if rows.values.is_empty() { Ok(()) } else { db.execute_many(rows).await }
}

const REMOVE_BY_KEYWORD: ManySql = ManySql {
    width: 3,
    start: "DELETE FROM message_mentions WHERE ",
    each: "(channel_id = ? AND kind = 'keyword' AND target_id = ? AND seq = ?)",
    between: " OR ",
    end: "",
    sqlite: "DELETE FROM message_mentions WHERE channel_id = ? AND kind = 'keyword' AND target_id = ? AND seq = ?",
};
