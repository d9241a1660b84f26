//! Rows of how a person wants channels: a row where anything was ever chosen.

use syncspace_protocol::personal::{ChannelPreferences, NotifyLevel};
use syncspace_protocol::{ChannelId, MemberId, Rev, TeamId};

use super::{Queries, Row, RowReader, Sql, StoreError, params};

/// Columns of a person's preferences, of `p`; all of them may be absent.
pub(super) const PREFERENCES: &str = "p.is_muted, p.notify, p.is_favourite, p.is_hidden, p.rev";

/// Adds them to a person's row `m` in a channel.
pub(super) const JOIN_PREFERENCES: &str =
    "LEFT JOIN channel_preferences p ON p.member_id = m.member_id AND p.channel_id = m.channel_id";

/// Reads [`PREFERENCES`], of which nothing is there where nothing was chosen.
pub(super) fn read_preferences(row: &mut RowReader<'_>) -> Result<ChannelPreferences, StoreError> {
    let is_muted: Option<bool> = row.take()?;
    let notify: Option<NotifyLevel> = row.take()?;
    let is_favourite: Option<bool> = row.take()?;
    let is_hidden: Option<bool> = row.take()?;
    let rev: Option<Rev> = row.take()?;
    Ok(ChannelPreferences {
        is_muted: is_muted.unwrap_or(false),
        notify,
        is_favourite: is_favourite.unwrap_or(false),
        is_hidden: is_hidden.unwrap_or(false),
        rev: rev.unwrap_or(Rev::ZERO),
    })
}

/// Finds how a person wants a channel.
pub async fn find(
    db: &mut impl Queries,
    member: MemberId,
    channel: ChannelId,
) -> Result<ChannelPreferences, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {PREFERENCES} FROM channel_preferences p WHERE p.member_id = ? AND p.channel_id = ?"
    ));
    let rows = db.query(&sql, params![member, channel]).await?;
    rows.first().map_or_else(|| Ok(ChannelPreferences::default()), |row| read_preferences(&mut row.reader()))
}

/// Lists preferences changed in a person's own stream after a rev, in its order.
pub async fn list_changes(
    db: &mut impl Queries,
    member: MemberId,
    after: Rev,
    limit: u32,
) -> Result<Vec<(ChannelId, ChannelPreferences)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT p.channel_id, {PREFERENCES} FROM channel_preferences p \
         WHERE p.member_id = ? AND p.rev > ? ORDER BY p.rev LIMIT {limit}"
    ));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, read_preferences(&mut row)?))
    };
    db.query(&sql, params![member, after]).await?.iter().map(read).collect()
}

/// Writes how a person wants a channel.
pub async fn put(
    db: &mut impl Queries,
    (member, team): (MemberId, TeamId),
    channel: ChannelId,
    wanted: &ChannelPreferences,
) -> Result<(), StoreError> {
    const PUT: Sql = Sql::pair(
        "INSERT INTO channel_preferences (member_id, channel_id, team_id, is_muted, notify, is_favourite, is_hidden, rev) \
         VALUES (?,?,?,?,?,?,?,?) ON DUPLICATE KEY UPDATE is_muted = VALUES(is_muted), notify = VALUES(notify), \
         is_favourite = VALUES(is_favourite), is_hidden = VALUES(is_hidden), rev = VALUES(rev)",
        "INSERT INTO channel_preferences (member_id, channel_id, team_id, is_muted, notify, is_favourite, is_hidden, rev) \
         VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (member_id, channel_id) DO UPDATE SET is_muted = excluded.is_muted, \
         notify = excluded.notify, is_favourite = excluded.is_favourite, is_hidden = excluded.is_hidden, \
         rev = excluded.rev",
    );
    let ChannelPreferences { is_muted, notify, is_favourite, is_hidden, rev } = *wanted;
    let values = params![member, channel, team, is_muted, notify, is_favourite, is_hidden, rev];
    db.execute(&PUT, values).await.map(drop)
}
