//! Rows of who reacted to which message with what; how many, and who first, stands in the message itself.

use syncspace_protocol::reactions::{Emoji, Reacted, Reactions};
use syncspace_protocol::{ChannelId, Rev, Seq, TeamId, Time, UserId};

use super::{FromValue, Many, ManySql, Queries, Row, Sql, StoreError, Value, params};

/// A message's reactions as a column: JSON, or nothing where there are none.
impl From<&Reactions> for Value {
    fn from(reactions: &Reactions) -> Self {
        if reactions.is_empty() {
            return Self::Null;
        }
        // Names and numbers: writing them cannot fail.
        serde_json::to_string(reactions).map_or(Self::Null, Self::Text)
    }
}

impl FromValue for Reactions {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::Text(text) => serde_json::from_str(text).map_err(|_| "reactions"),
            Value::Int(_) => Err("reactions"),
        }
    }
}

/// Names one person's reaction.
#[derive(Debug, Clone, Copy)]
pub struct ReactionKey<'a> {
    /// The channel.
    pub channel: ChannelId,
    /// Place of the message.
    pub seq: Seq,
    /// Who.
    pub user: UserId,
    /// With what.
    pub emoji: &'a Emoji,
}

/// Tells whether a reaction is there.
pub async fn exists(db: &mut impl Queries, key: ReactionKey<'_>) -> Result<bool, StoreError> {
    let sql =
        Sql::both("SELECT 1 FROM message_reactions WHERE channel_id = ? AND seq = ? AND user_id = ? AND emoji = ?");
    Ok(db.query_first(&sql, params![key.channel, key.seq, key.user, key.emoji]).await?.is_some())
}

/// Writes a reaction that is not there yet.
pub async fn insert(
    db: &mut impl Queries,
    team: TeamId,
    key: ReactionKey<'_>,
    now: Time,
    rev: Rev,
) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO message_reactions (channel_id, seq, rev, team_id, emoji, user_id, created_at) \
         VALUES (?,?,?,?,?,?,?)",
    );
    db.execute(&sql, params![key.channel, key.seq, rev, team, key.emoji, key.user, now]).await.map(drop)
}

/// Removes a reaction.
pub async fn remove(db: &mut impl Queries, key: ReactionKey<'_>) -> Result<(), StoreError> {
    let sql = Sql::both("DELETE FROM message_reactions WHERE channel_id = ? AND seq = ? AND user_id = ? AND emoji = ?");
    db.execute(&sql, params![key.channel, key.seq, key.user, key.emoji]).await.map(drop)
}

/// Removes every reaction to a message.
pub async fn remove_all(db: &mut impl Queries, channel: ChannelId, seq: Seq) -> Result<(), StoreError> {
    let sql = Sql::both("DELETE FROM message_reactions WHERE channel_id = ? AND seq = ?");
    db.execute(&sql, params![channel, seq]).await.map(drop)
}

/// Lists the first people who reacted to a message with an emoji, in the order in which they did.
pub async fn first_users(
    db: &mut impl Queries,
    (channel, seq): (ChannelId, Seq),
    emoji: &Emoji,
    limit: usize,
) -> Result<Vec<UserId>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT user_id FROM message_reactions WHERE channel_id = ? AND seq = ? AND emoji = ? ORDER BY rev LIMIT {limit}"
    ));
    db.query(&sql, params![channel, seq, emoji]).await?.iter().map(|row| row.reader().take()).collect()
}

/// Lists reactions to a message after a rev, in the order in which they came, each with its rev.
pub async fn list(
    db: &mut impl Queries,
    (channel, seq): (ChannelId, Seq),
    emoji: Option<&Emoji>,
    after: u64,
    limit: u32,
) -> Result<Vec<(Rev, Reacted)>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut values = params![channel, seq];
    let (index, with_emoji) = if let Some(emoji) = emoji {
        values.push(emoji.into());
        ("message_reactions_emoji", "AND emoji = ? ")
    } else {
        ("PRIMARY", "")
    };
    values.push(after.into());
    let text = |table: &str| {
        format!(
            "SELECT rev, user_id, emoji, created_at FROM {table} WHERE channel_id = ? AND seq = ? {with_emoji}\
             AND rev > ? ORDER BY rev LIMIT {limit}"
        )
    };
    // MySQL 9 reads every reaction to the message along another index, and puts them in order.
    let mysql = text(&format!("message_reactions FORCE INDEX ({index})"));
    let sql = Sql::built_pair(mysql, text("message_reactions"));
    let read = |row: &Row| {
        let mut row = row.reader();
        let rev = row.take()?;
        Ok((rev, Reacted { user_id: row.take()?, emoji: row.take()?, reacted_at: row.take()? }))
    };
    db.query(&sql, values).await?.iter().map(read).collect()
}

const OF_USER: ManySql = ManySql {
    width: 3,
    start: "SELECT channel_id, seq, emoji FROM message_reactions WHERE ",
    each: "(channel_id = ? AND seq = ? AND user_id = ?)",
    between: " OR ",
    end: "",
    sqlite: "SELECT channel_id, seq, emoji FROM message_reactions WHERE channel_id = ? AND seq = ? AND user_id = ?",
};

/// Lists with what a person reacted to messages at these places.
pub async fn list_of_user(
    db: &mut impl Queries,
    user: UserId,
    places: &[(ChannelId, Seq)],
) -> Result<Vec<(ChannelId, Seq, Emoji)>, StoreError> {
    let mut lookup = Many::with_capacity(&OF_USER, places.len());
    places.iter().for_each(|&(channel, seq)| lookup.push([channel.into(), seq.into(), user.into()]));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?, row.take()?))
    };
    db.query_many(vec![lookup]).await?.iter().flatten().map(read).collect()
}
