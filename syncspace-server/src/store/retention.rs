//! What retention looks at, and takes: the oldest messages of channels, with everything that belongs to them.

use syncspace_protocol::teams::TeamSettings;
use syncspace_protocol::{ChannelId, MessageId, Seq, TeamId, Time};

use super::{Dialect, Queries, Row, Sql, StoreError, Value, params, removals};

/// A channel, and what decides how long its messages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptChannel {
    /// The channel.
    pub channel: ChannelId,
    /// Its team.
    pub team: TeamId,
    /// What it says itself, in days.
    pub own_days: Option<u32>,
    /// What its team says, in days.
    pub team_days: Option<u32>,
    /// Messages up to this place are no longer kept.
    pub floor_seq: Seq,
    /// Place of the newest message.
    pub last_seq: Seq,
    /// When the oldest message came that is there.
    pub oldest_at: Option<Time>,
}

/// Gives a statement about channels, in the order in which they are found: where they are looked for, the tables beside them
/// are read by their keys. One that an import still fills is left out, so that it finds what it wrote.
macro_rules! kept {
    ($where:literal) => {
        Sql::pair(kept!("SELECT STRAIGHT_JOIN ", $where), kept!("SELECT ", $where))
    };
    ($select:literal, $where:literal) => {
        concat!(
            $select,
            "c.id, c.team_id, c.retention_days, t.settings, h.floor_seq, h.last_seq, \
             (SELECT m.created_at FROM messages m WHERE m.channel_id = c.id AND m.seq = h.floor_seq + 1) \
             FROM channels c JOIN teams t ON t.id = c.team_id JOIN channel_heads h ON h.channel_id = c.id \
             WHERE c.deleted_at IS NULL AND t.deleted_at IS NULL \
             AND (SELECT COUNT(*) FROM import_items i WHERE i.kind = 'channel' AND i.object_id = c.id \
             AND i.detail IN ('public', 'private', 'direct', 'group')) = 0 AND ",
            $where
        )
    };
}

fn read(row: &Row) -> Result<KeptChannel, StoreError> {
    let mut row = row.reader();
    Ok(KeptChannel {
        channel: row.take()?,
        team: row.take()?,
        own_days: row.take()?,
        team_days: row.take::<TeamSettings>()?.retention_days,
        floor_seq: row.take()?,
        last_seq: row.take()?,
        oldest_at: row.take()?,
    })
}

/// Finds a channel.
pub async fn find(db: &mut impl Queries, channel: ChannelId) -> Result<Option<KeptChannel>, StoreError> {
    let row = db.query_first(&kept!("c.id = ?"), params![channel]).await?;
    row.as_ref().map(read).transpose()
}

/// Lists channels of the whole server after one, by id.
pub async fn list(db: &mut impl Queries, after: Option<ChannelId>, limit: u32) -> Result<Vec<KeptChannel>, StoreError> {
    let after = after.map_or(Value::Int(0), Value::from);
    let sql = kept!("c.id > ? ORDER BY c.id LIMIT ?");
    db.query(&sql, params![after, limit]).await?.iter().map(read).collect()
}

/// Lists all channels of a team.
pub async fn list_of_team(db: &mut impl Queries, team: TeamId) -> Result<Vec<KeptChannel>, StoreError> {
    db.query(&kept!("c.team_id = ?"), params![team]).await?.iter().map(read).collect()
}

/// How much of a channel is older than a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Old {
    /// Its messages.
    pub messages: u64,
    /// Their files.
    pub files: u64,
    /// Bytes of those.
    pub file_bytes: u64,
}

/// Counts what is older than a time: messages before the first one that is not, and their files.
pub async fn count_old(db: &mut impl Queries, kept: &KeptChannel, before: Time) -> Result<Old, StoreError> {
    // In their order, and not by an index of times: it ends at the first one that stays.
    let young = Sql::pair(
        "SELECT seq FROM messages FORCE INDEX (PRIMARY) WHERE channel_id = ? AND created_at >= ? ORDER BY seq LIMIT 1",
        "SELECT seq FROM messages WHERE channel_id = ? AND +created_at >= ? ORDER BY seq LIMIT 1",
    );
    let row = db.query_first(&young, params![kept.channel, before]).await?;
    let first_young: Option<Seq> = row.map(|row| row.reader().take()).transpose()?;
    let end = first_young.unwrap_or_else(|| kept.last_seq.next());
    let files = Sql::both(
        "SELECT COUNT(*), COALESCE(SUM(size_bytes), 0) FROM files \
         WHERE channel_id = ? AND message_seq < ? AND state = 'ready'",
    );
    let messages = end.get().saturating_sub(kept.floor_seq.get() + 1);
    let Some(row) = db.query_first(&files, params![kept.channel, end]).await? else {
        return Ok(Old::default());
    };
    let mut row = row.reader();
    Ok(Old { messages, files: row.take()?, file_bytes: row.take()? })
}

/// A message that may be old enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldMessage {
    /// Its place.
    pub seq: Seq,
    /// Its id.
    pub id: MessageId,
    /// When it came.
    pub created_at: Time,
}

/// Lists the oldest messages of a channel, in their order.
pub async fn list_oldest(db: &mut impl Queries, channel: ChannelId, limit: u32) -> Result<Vec<OldMessage>, StoreError> {
    let sql = Sql::both("SELECT seq, id, created_at FROM messages WHERE channel_id = ? ORDER BY seq LIMIT ?");
    let rows = db.query(&sql, params![channel, limit]).await?;
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok(OldMessage { seq: row.take()?, id: row.take()?, created_at: row.take()? })
    };
    rows.iter().map(read).collect()
}

/// Removes the oldest messages of a channel, with all that belongs to them, and lets the bytes of their files go.
pub async fn remove(
    db: &mut impl Queries,
    dialect: Dialect,
    channel: ChannelId,
    oldest: &[OldMessage],
    now: Time,
) -> Result<(), StoreError> {
    let (Some(last), Some(newest_at)) = (oldest.last(), oldest.iter().map(|message| message.created_at).max()) else {
        return Ok(());
    };
    // By the index itself, and not by what was read: its follower may have come too late for an earlier batch.
    let indexed =
        Sql::both("SELECT message_id FROM message_search WHERE channel_id = ? AND created_at <= ? AND seq <= ?");
    let rows = db.query(&indexed, params![channel, newest_at, last.seq]).await?;
    let ids: Vec<MessageId> = rows.iter().map(|row| row.reader().take()).collect::<Result<_, _>>()?;
    removals::remove_up_to(db, dialect, (channel, last.seq), &ids).await?;
    for sql in [
        "DELETE FROM saved_messages WHERE channel_id = ? AND seq <= ?",
        "DELETE FROM thread_members WHERE channel_id = ? AND root_seq <= ?",
    ] {
        db.execute(&Sql::both(sql), params![channel, last.seq]).await?;
    }
    let files = Sql::both(
        "UPDATE files SET state = 'gone', attached_at = NULL, collect_at = ? \
         WHERE channel_id = ? AND message_seq <= ? AND state <> 'gone'",
    );
    db.execute(&files, params![now, channel, last.seq]).await.map(drop)
}
