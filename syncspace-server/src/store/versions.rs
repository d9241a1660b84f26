//! Rows of former texts: what edits replaced.

use syncspace_protocol::messages::{Message, MessageVersion};
use syncspace_protocol::{ChannelId, Rev, Seq, TeamId, Time};

use super::{Queries, Row, Sql, StoreError, params};

/// Keeps the text of a message that the edit of this rev replaces.
pub async fn insert(
    db: &mut impl Queries,
    team: TeamId,
    message: &Message,
    now: Time,
    rev: Rev,
) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO message_versions (channel_id, seq, rev, team_id, content, written_at, replaced_at) \
         VALUES (?,?,?,?,?,?,?)",
    );
    let written_at = message.edited_at.unwrap_or(message.created_at);
    db.execute(&sql, params![message.channel_id, message.seq, rev, team, &message.content, written_at, now])
        .await
        .map(drop)
}

/// Removes the oldest kept texts but the first one, where more are kept than `most`.
pub async fn trim(db: &mut impl Queries, channel: ChannelId, seq: Seq, most: usize) -> Result<(), StoreError> {
    let sql = Sql::both("SELECT rev FROM message_versions WHERE channel_id = ? AND seq = ? ORDER BY rev");
    let rows = db.query(&sql, params![channel, seq]).await?;
    let revs: Vec<Rev> = rows.iter().map(|row| row.reader().take()).collect::<Result<_, _>>()?;
    let excess = revs.len().saturating_sub(most);
    for rev in revs.into_iter().skip(1).take(excess) {
        let sql = Sql::both("DELETE FROM message_versions WHERE channel_id = ? AND seq = ? AND rev = ?");
        db.execute(&sql, params![channel, seq, rev]).await?;
    }
    Ok(())
}

/// Lists former texts of a message after a rev, oldest first.
pub async fn list(
    db: &mut impl Queries,
    channel: ChannelId,
    seq: Seq,
    after: u64,
    limit: u32,
) -> Result<Vec<MessageVersion>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT rev, content, written_at, replaced_at FROM message_versions \
         WHERE channel_id = ? AND seq = ? AND rev > ? ORDER BY rev LIMIT {limit}"
    ));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok(MessageVersion { rev: row.take()?, content: row.take()?, written_at: row.take()?, replaced_at: row.take()? })
    };
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    db.query(&sql, params![channel, seq, after]).await?.iter().map(read).collect()
}

/// Removes every former text of a message.
pub async fn remove_all(db: &mut impl Queries, channel: ChannelId, seq: Seq) -> Result<(), StoreError> {
    let sql = Sql::both("DELETE FROM message_versions WHERE channel_id = ? AND seq = ?");
    db.execute(&sql, params![channel, seq]).await.map(drop)
}
