//! Rows of a team as its archive has them: in the order of names, page by page.

use syncspace_protocol::archive::ArchiveUser;
use syncspace_protocol::channels::{Channel, ChannelHead, ChannelRole};
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::messages::Message;
use syncspace_protocol::person::PersonReaction;
use syncspace_protocol::{ChannelId, Seq, TeamId, UserId, Username};

use super::channels::{CHANNEL, HEAD, read_channel, read_head};
use super::imports::IS_HIDDEN;
use super::messages::{self, MESSAGE};
use super::{Queries, Row, Sql, StoreError, Value, padded, params, placeholders};

/// Lists people of a team after a folded name, in the order of these names, each with its id.
pub async fn list_people(
    db: &mut impl Queries,
    team: TeamId,
    after: &str,
    limit: u32,
) -> Result<Vec<(UserId, ArchiveUser)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT u.id, u.username, u.email, u.full_name, m.role FROM team_members m JOIN users u ON u.id = m.user_id \
         WHERE m.team_id = ? AND m.left_at IS NULL AND u.username_key > ? ORDER BY u.username_key LIMIT {limit}"
    ));
    db.query(&sql, params![team, after]).await?.iter().map(read_person).collect()
}

fn read_person(row: &Row) -> Result<(UserId, ArchiveUser), StoreError> {
    let mut row = row.reader();
    let id = row.take()?;
    Ok((id, ArchiveUser { username: row.take()?, email: row.take()?, full_name: row.take()?, role: row.take()? }))
}

/// Loads people by their ids, whether or not they are in any team.
pub async fn load_people(db: &mut impl Queries, users: &[UserId]) -> Result<Vec<(UserId, ArchiveUser)>, StoreError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let ids = padded(users.iter().map(|&user| Value::from(user)).collect());
    let sql = Sql::built(format!(
        "SELECT id, username, email, full_name, NULL FROM users WHERE id IN ({}) ORDER BY username_key",
        placeholders(ids.len())
    ));
    db.query(&sql, ids).await?.iter().map(read_person).collect()
}

/// A channel as it is found in its team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundChannel {
    /// Its id.
    pub id: ChannelId,
    /// Its folded name, or of a direct or group channel the ids of its people.
    pub key: String,
    /// Whether it has a name.
    pub is_named: bool,
}

/// Lists the channels of a team, those with names in the order of these; without the private ones only if asked to.
pub async fn list_channels(
    db: &mut impl Queries,
    team: TeamId,
    has_private: bool,
) -> Result<Vec<FoundChannel>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT c.id, c.name_key, c.name IS NOT NULL FROM channels c WHERE c.team_id = ? AND c.deleted_at IS NULL \
         AND (c.kind = 'public' OR ? = 1) AND NOT {IS_HIDDEN} ORDER BY c.name_key"
    ));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok(FoundChannel { id: row.take()?, key: row.take()?, is_named: row.take()? })
    };
    db.query(&sql, params![team, has_private]).await?.iter().map(read).collect()
}

/// Finds a channel that is still there, with the numbers of its log.
pub async fn find_channel(
    db: &mut impl Queries,
    channel: ChannelId,
) -> Result<Option<(Channel, ChannelHead)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {CHANNEL}, {HEAD} FROM channels c JOIN channel_heads h ON h.channel_id = c.id \
         WHERE c.id = ? AND c.deleted_at IS NULL"
    ));
    let read = |row: Row| {
        let mut row = row.reader();
        Ok((read_channel(&mut row)?, read_head(&mut row)?))
    };
    db.query_first(&sql, params![channel]).await?.map(read).transpose()
}

/// Lists who is in a channel after a folded name, in the order of these names.
pub async fn list_members(
    db: &mut impl Queries,
    channel: ChannelId,
    after: &str,
    limit: u32,
) -> Result<Vec<(UserId, Username, ChannelRole)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT u.id, u.username, m.role FROM channel_members m JOIN users u ON u.id = m.user_id \
         WHERE m.channel_id = ? AND m.left_at IS NULL AND u.username_key > ? ORDER BY u.username_key LIMIT {limit}"
    ));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?, row.take()?))
    };
    db.query(&sql, params![channel, after]).await?.iter().map(read).collect()
}

/// Finds a file of a checksum that messages of a team carry, with where its bytes are; of private channels only if asked to.
pub async fn find_file(
    db: &mut impl Queries,
    team: TeamId,
    sha256: &str,
    has_private: bool,
) -> Result<Option<(FileInfo, String)>, StoreError> {
    let sql = Sql::both(
        "SELECT f.id, f.name, f.content_type, f.size_bytes, f.sha256, f.blob_key FROM files f \
         JOIN channels c ON c.id = f.channel_id AND c.deleted_at IS NULL WHERE f.sha256 = ? AND f.asset_of IS NULL \
         AND f.team_id = ? AND f.state = 'ready' AND f.attached_at IS NOT NULL AND (c.kind = 'public' OR ? = 1) LIMIT 1",
    );
    let read = |row: Row| {
        let mut row = row.reader();
        let info = FileInfo {
            id: row.take()?,
            name: row.take()?,
            content_type: row.take()?,
            size_bytes: row.take()?,
            sha256: row.take()?,
            picture: None,
        };
        Ok((info, row.take()?))
    };
    db.query_first(&sql, params![sha256, team, has_private]).await?.map(read).transpose()
}

/// Lists the channels that a person is or was in, also those that are deleted.
pub async fn list_channels_of(db: &mut impl Queries, user: UserId) -> Result<Vec<ChannelId>, StoreError> {
    let sql = Sql::both("SELECT channel_id FROM channel_members WHERE user_id = ? ORDER BY channel_id");
    db.query(&sql, params![user]).await?.iter().map(|row| row.reader().take()).collect()
}

/// Lists what a person sent into a channel, after one of its own names for messages and in their order.
pub async fn list_sent(
    db: &mut impl Queries,
    (channel, user): (ChannelId, UserId),
    after: &str,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {MESSAGE} FROM messages WHERE channel_id = ? AND sender_id = ? AND client_id > ? \
         ORDER BY client_id LIMIT {limit}"
    ));
    db.query(&sql, params![channel, user, after]).await?.iter().map(messages::read).collect()
}

/// Lists with what a person reacted in a channel, to messages after a place; all of one message, or none.
pub async fn list_reacted(
    db: &mut impl Queries,
    (channel, user): (ChannelId, UserId),
    after: Seq,
    limit: u32,
) -> Result<Vec<PersonReaction>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT channel_id, seq, emoji, created_at FROM message_reactions WHERE channel_id = ? AND seq > ? \
         AND user_id = ? ORDER BY seq, rev LIMIT {limit}"
    ));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok(PersonReaction { channel_id: row.take()?, seq: row.take()?, emoji: row.take()?, reacted_at: row.take()? })
    };
    let mut page: Vec<_> =
        db.query(&sql, params![channel, after, user]).await?.iter().map(read).collect::<Result<_, StoreError>>()?;
    // A full page may end in the middle of a message, which then comes whole with the next one.
    if u32::try_from(page.len()).is_ok_and(|rows| rows == limit)
        && let Some(last) = page.last().map(|reaction| reaction.seq)
    {
        page.retain(|reaction| reaction.seq < last);
    }
    Ok(page)
}
