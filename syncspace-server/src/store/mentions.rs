//! Rows of who is named in which message, to be counted by range; the same stands in the message itself.

use std::collections::BTreeMap;

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

/// Removes the rows of a message.
pub async fn remove(db: &mut impl Queries, channel: ChannelId, seq: Seq) -> Result<(), StoreError> {
    let sql = Sql::both("DELETE FROM message_mentions WHERE channel_id = ? AND seq = ?");
    db.execute(&sql, params![channel, seq]).await.map(drop)
}
