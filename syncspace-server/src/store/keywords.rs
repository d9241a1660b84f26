//! Rows of the keywords by which people want to be called.

use syncspace_protocol::{ChannelId, Keyword, UserId};

use super::{Many, ManySql, Queries, Sql, Statement, StoreError, Value, padded, params, placeholders};

/// Most words looked up by one statement.
pub const LOOKUPS_PER_STATEMENT: usize = 512;

/// Loads a person's keywords, in their order.
pub async fn load(db: &mut impl Queries, user: UserId) -> Result<Vec<Keyword>, StoreError> {
    let sql = Sql::both("SELECT keyword FROM user_keywords WHERE user_id = ? ORDER BY place");
    db.query(&sql, params![user]).await?.iter().map(|row| row.reader().take()).collect()
}

/// Writes a person's keywords, each with its word of the index, in place of those before.
pub async fn replace(db: &mut impl Queries, user: UserId, all: &[(Keyword, String)]) -> Result<(), StoreError> {
    let delete = Sql::both("DELETE FROM user_keywords WHERE user_id = ?");
    db.execute(&delete, params![user]).await?;
    let mut rows = Many::with_capacity(&INSERT, all.len());
    for (place, (keyword, lookup)) in (1_i64..).zip(all) {
        rows.push([user.into(), Value::Int(place), keyword.into(), Value::from(lookup)]);
    }
    if rows.values.is_empty() { Ok(()) } else { db.execute_many(rows).await }
}

const INSERT: ManySql = ManySql {
    width: 4,
    start: "INSERT INTO user_keywords (user_id, place, keyword, lookup) VALUES ",
    each: "(?,?,?,?)",
    between: ",",
    end: "",
    sqlite: "INSERT INTO user_keywords (user_id, place, keyword, lookup) VALUES (?,?,?,?)",
};

/// Tells whether anybody has a keyword, or some of these channels has a message that calls somebody by one.
pub async fn are_used(db: &mut impl Queries, channels: &[ChannelId]) -> Result<bool, StoreError> {
    let ids = padded(channels.iter().map(|&channel| Value::from(channel)).collect());
    let sql = Sql::built(format!(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM user_keywords) OR EXISTS (SELECT 1 FROM message_mentions \
         WHERE channel_id IN ({}) AND kind = 'keyword') THEN 1 ELSE 0 END",
        placeholders(ids.len())
    ));
    db.query(&sql, ids).await?.first().map_or(Ok(false), |row| row.reader().take())
}

/// Somebody in a channel who has a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The channel.
    pub channel: ChannelId,
    /// The person.
    pub user: UserId,
    /// The keyword.
    pub keyword: Keyword,
    /// Its word of the index.
    pub lookup: String,
}

/// Finds whoever is in one of the channels and has a keyword with one of these words of the index.
pub async fn find_listeners(
    db: &mut impl Queries,
    channels: &[ChannelId],
    lookups: &[&str],
) -> Result<Vec<Listener>, StoreError> {
    let mut found = Vec::new();
    for lookups in lookups.chunks(LOOKUPS_PER_STATEMENT) {
        let Statement { sql, params } = listeners_statement(channels, lookups);
        for row in db.query(&sql, params).await? {
            let mut row = row.reader();
            let (channel, user) = (row.take()?, row.take()?);
            found.push(Listener { channel, user, keyword: row.take()?, lookup: row.take()? });
        }
    }
    Ok(found)
}

/// Gives the statement of [`find_listeners`].
///
/// Words first, in this order on both databases: how many people a channel has then costs nothing where none of its words is
/// anybody's keyword.
#[must_use]
pub fn listeners_statement(channels: &[ChannelId], lookups: &[&str]) -> Statement {
    let lookups = padded(lookups.iter().map(|&lookup| Value::from(lookup)).collect());
    let channels = padded(channels.iter().map(|&channel| Value::from(channel)).collect());
    let with = |join: &str| {
        format!(
            "SELECT m.channel_id, k.user_id, k.keyword, k.lookup FROM user_keywords k {join} channel_members m \
             ON m.user_id = k.user_id WHERE k.lookup IN ({}) AND m.channel_id IN ({}) AND m.left_at IS NULL",
            placeholders(lookups.len()),
            placeholders(channels.len())
        )
    };
    let sql = Sql::built_pair(with("STRAIGHT_JOIN"), with("CROSS JOIN"));
    Statement { sql, params: lookups.into_iter().chain(channels).collect() }
}
