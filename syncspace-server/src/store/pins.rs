//! Rows of pinned messages, by which they are listed and counted; who pinned one stands in the message itself.

use syncspace_protocol::limits::PINS_PER_CHANNEL_MAX;
use syncspace_protocol::messages::Message;
use syncspace_protocol::{ChannelId, Rev, Seq, TeamId};

use super::{Queries, Row, Sql, StoreError, params};

/// Writes that a message is pinned, by the change of its rev.
pub async fn insert(db: &mut impl Queries, team: TeamId, message: &Message) -> Result<(), StoreError> {
    let sql = Sql::both("INSERT INTO message_pins (channel_id, rev, seq, team_id) VALUES (?,?,?,?)");
    db.execute(&sql, params![message.channel_id, message.rev, message.seq, team]).await.map(drop)
}

/// Writes that a message is no longer pinned.
pub async fn remove(db: &mut impl Queries, channel: ChannelId, seq: Seq) -> Result<(), StoreError> {
    let sql = Sql::both("DELETE FROM message_pins WHERE channel_id = ? AND seq = ?");
    db.execute(&sql, params![channel, seq]).await.map(drop)
}

/// Counts the pinned messages of a channel, up to as many as it may have.
pub async fn count(db: &mut impl Queries, channel: ChannelId) -> Result<u32, StoreError> {
    let sql = Sql::built(format!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM message_pins WHERE channel_id = ? LIMIT {PINS_PER_CHANNEL_MAX}) AS pins"
    ));
    let row = db.query_first(&sql, params![channel]).await?;
    row.map_or(Ok(0), |row| row.reader().take())
}

/// Lists pinned messages of a channel, those pinned last first: the rev of the pinning and the place of each.
pub async fn list(
    db: &mut impl Queries,
    channel: ChannelId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<(Rev, Seq)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT rev, seq FROM message_pins WHERE channel_id = ? AND rev < ? ORDER BY rev DESC LIMIT {limit}"
    ));
    let before = before.and_then(|rev| i64::try_from(rev).ok()).unwrap_or(i64::MAX);
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    };
    db.query(&sql, params![channel, before]).await?.iter().map(read).collect()
}
