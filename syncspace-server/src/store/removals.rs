//! What is left of deleted teams and channels, and how it goes: a bounded part at a time, each along an index.
//!
//! Rows that streams tell of stay as tombstones: the team, the channel, who was in them, the heads. What people wrote goes.

use syncspace_protocol::{ChannelId, ImportId, MessageId, Seq, TeamId, Time};

use super::{Dialect, Queries, Sql, StoreError, files, params, search};

/// Finds a team that was deleted before a time and of which something may be left.
pub async fn find_team(db: &mut impl Queries, before: Time) -> Result<Option<TeamId>, StoreError> {
    let sql = Sql::both("SELECT id FROM teams WHERE purged_at IS NULL AND deleted_at < ? ORDER BY deleted_at LIMIT 1");
    let row = db.query_first(&sql, params![before]).await?;
    row.map(|row| row.reader().take()).transpose()
}

/// Finds a channel that was deleted before a time and of which something may be left.
pub async fn find_channel(db: &mut impl Queries, before: Time) -> Result<Option<ChannelId>, StoreError> {
    let sql =
        Sql::both("SELECT id FROM channels WHERE purged_at IS NULL AND deleted_at < ? ORDER BY deleted_at LIMIT 1");
    let row = db.query_first(&sql, params![before]).await?;
    row.map(|row| row.reader().take()).transpose()
}

/// Removes what an import of a team knew of names elsewhere, at most about `limit` rows at a time, and with the last of them the
/// import; gives how many went, none where the team has no import.
pub async fn remove_import(
    db: &mut impl Queries,
    dialect: Dialect,
    team: TeamId,
    limit: u32,
) -> Result<Option<u64>, StoreError> {
    let some = Sql::both("SELECT id FROM imports WHERE team_id = ? LIMIT 1");
    let Some(row) = db.query_first(&some, params![team]).await? else { return Ok(None) };
    let import: ImportId = row.reader().take()?;
    let mut removed = 0;
    for (table, key) in
        [("import_members", "import_id, channel_id, user_id"), ("import_items", "import_id, kind, key_hash")]
    {
        let sql = match dialect {
            Dialect::Mysql => format!("DELETE FROM {table} WHERE import_id = ? LIMIT {limit}"),
            Dialect::Sqlite => format!(
                "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE import_id = ? LIMIT {limit})"
            ),
        };
        removed += db.execute(&Sql::built(sql), params![import]).await?;
    }
    if removed < u64::from(limit) {
        db.execute(&Sql::both("DELETE FROM imports WHERE id = ?"), params![import]).await?;
    }
    Ok(Some(removed))
}

/// Removes what hooks of a team were told or were to be, at most `limit` rows; gives how many went.
pub async fn remove_deliveries(
    db: &mut impl Queries,
    dialect: Dialect,
    team: TeamId,
    limit: u32,
) -> Result<u64, StoreError> {
    let sql = match dialect {
        Dialect::Mysql => format!("DELETE FROM hook_deliveries WHERE team_id = ? LIMIT {limit}"),
        Dialect::Sqlite => format!(
            "DELETE FROM hook_deliveries WHERE id IN (SELECT id FROM hook_deliveries WHERE team_id = ? LIMIT {limit})"
        ),
    };
    db.execute(&Sql::built(sql), params![team]).await
}

/// Removes what a deleted team had beside its channels and deliveries, and counts those as deleted when it was.
pub async fn remove_team(db: &mut impl Queries, team: TeamId, now: Time) -> Result<(), StoreError> {
    for sql in [
        "UPDATE channels SET deleted_at = (SELECT t.deleted_at FROM teams t WHERE t.id = channels.team_id) \
         WHERE team_id = ? AND deleted_at IS NULL",
        "DELETE FROM team_invites WHERE team_id = ?",
        "DELETE FROM user_group_members WHERE group_id IN (SELECT g.id FROM user_groups g WHERE g.team_id = ?)",
        "DELETE FROM user_groups WHERE team_id = ?",
        "DELETE FROM join_requests WHERE team_id = ?",
        "DELETE FROM team_bans WHERE team_id = ?",
        "DELETE FROM hooks WHERE team_id = ?",
        "DELETE FROM commands WHERE team_id = ?",
    ] {
        db.execute(&Sql::both(sql), params![team]).await?;
    }
    files::release_pictures(db, &files::picture_of_team(team), None, now).await?;
    let done = Sql::both("UPDATE teams SET description = NULL, avatar_url = NULL, purged_at = ? WHERE id = ?");
    db.execute(&done, params![now, team]).await.map(drop)
}

/// Removes the oldest messages of a channel with all that belongs to them, at most `limit` of them; gives how many went.
pub async fn remove_messages(
    db: &mut impl Queries,
    dialect: Dialect,
    channel: ChannelId,
    limit: u32,
) -> Result<u64, StoreError> {
    let some = Sql::both("SELECT seq, id FROM messages WHERE channel_id = ? ORDER BY seq LIMIT ?");
    let rows = db.query(&some, params![channel, limit]).await?;
    let (mut last, mut ids) = (Seq::ZERO, Vec::with_capacity(rows.len()));
    for row in &rows {
        let mut row = row.reader();
        last = row.take()?;
        ids.push(row.take::<MessageId>()?);
    }
    remove_up_to(db, dialect, (channel, last), &ids).await?;
    Ok(ids.len() as u64)
}

/// Removes the messages of a channel up to a place, with what belongs to them; `indexed` are those that search may find.
pub async fn remove_up_to(
    db: &mut impl Queries,
    dialect: Dialect,
    (channel, last): (ChannelId, Seq),
    indexed: &[MessageId],
) -> Result<(), StoreError> {
    search::remove(db, dialect, indexed).await?;
    for sql in [
        "DELETE FROM message_mentions WHERE channel_id = ? AND seq <= ?",
        "DELETE FROM message_reactions WHERE channel_id = ? AND seq <= ?",
        "DELETE FROM message_versions WHERE channel_id = ? AND seq <= ?",
        "DELETE FROM message_pins WHERE channel_id = ? AND seq <= ?",
        "DELETE FROM messages WHERE channel_id = ? AND seq <= ?",
    ] {
        db.execute(&Sql::both(sql), params![channel, last]).await?;
    }
    Ok(())
}

/// Removes words of a deleted channel that the search index took in while its messages went, at most `limit` messages' worth;
/// gives how many went. From now on the index takes in none of it.
pub async fn remove_words(
    db: &mut impl Queries,
    dialect: Dialect,
    channel: ChannelId,
    limit: u32,
) -> Result<u64, StoreError> {
    db.query(&Sql::both("SELECT id FROM channels WHERE id = ? FOR UPDATE"), params![channel]).await?;
    let some = Sql::both("SELECT message_id FROM message_search WHERE channel_id = ? LIMIT ?");
    let rows = db.query(&some, params![channel, limit]).await?;
    let ids = rows.iter().map(|row| row.reader().take()).collect::<Result<Vec<MessageId>, _>>()?;
    search::remove(db, dialect, &ids).await?;
    Ok(ids.len() as u64)
}

/// Removes what people kept of a channel whose messages are gone, and lets the bytes of its files go.
pub async fn remove_rest(db: &mut impl Queries, channel: ChannelId, now: Time) -> Result<(), StoreError> {
    let files =
        "UPDATE files SET state = 'gone', attached_at = NULL, collect_at = ? WHERE channel_id = ? AND state <> 'gone'";
    db.execute(&Sql::both(files), params![now, channel]).await?;
    for sql in [
        "DELETE FROM drafts WHERE channel_id = ?",
        "DELETE FROM scheduled_messages WHERE channel_id = ?",
        "DELETE FROM reminders WHERE channel_id = ?",
        "DELETE FROM saved_messages WHERE channel_id = ?",
        "DELETE FROM thread_members WHERE channel_id = ?",
        "DELETE FROM channel_preferences WHERE channel_id = ?",
    ] {
        db.execute(&Sql::both(sql), params![channel]).await?;
    }
    let done = Sql::both("UPDATE channels SET description = NULL, topic = NULL, purged_at = ? WHERE id = ?");
    db.execute(&done, params![now, channel]).await.map(drop)
}
