//! Rows of how a person wants channels: a row where anything was ever chosen.

use syncspace_protocol::personal::{ChannelPreferences, NotifyLevel};
use syncspace_protocol::{ChannelId, MemberId, Rev, TeamId};

use super::{Many, ManySql, Queries, RowReader, Sql, StoreError, params};

/// Columns of a person's preferences, of `p`; all of them may be absent.
pub(super) const PREFERENCES: &str = "p.is_muted, p.notify, p.is_favourite, p.position, p.is_hidden, p.rev";

/// Adds them to a person's row `m` in a channel.
pub(super) const JOIN_PREFERENCES: &str =
    "LEFT JOIN channel_preferences p ON p.member_id = m.member_id AND p.channel_id = m.channel_id";

/// Reads [`PREFERENCES`], of which nothing is there where nothing was chosen.
pub(super) fn read_preferences(row: &mut RowReader<'_>) -> Result<ChannelPreferences, StoreError> {
    let is_muted: Option<bool> = row.take()?;
    let notify: Option<NotifyLevel> = row.take()?;
    let is_favourite: Option<bool> = row.take()?;
    let position: Option<u32> = row.take()?;
    let is_hidden: Option<bool> = row.take()?;
    let rev: Option<Rev> = row.take()?;
    Ok(ChannelPreferences {
        is_muted: is_muted.unwrap_or(false),
        notify,
        is_favourite: is_favourite.unwrap_or(false),
        position,
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

/// Lists the channels of which a person has chosen anything, by id; those that the person left are among them.
pub async fn list(db: &mut impl Queries, member: MemberId) -> Result<Vec<(ChannelId, ChannelPreferences)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT p.channel_id, {PREFERENCES} FROM channel_preferences p WHERE p.member_id = ? ORDER BY p.channel_id"
    ));
    read_all(db, &sql, member, None).await
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
    read_all(db, &sql, member, Some(after)).await
}

async fn read_all(
    db: &mut impl Queries,
    sql: &Sql,
    member: MemberId,
    after: Option<Rev>,
) -> Result<Vec<(ChannelId, ChannelPreferences)>, StoreError> {
    let mut values = params![member];
    values.extend(after.map(Into::into));
    let read = |row: &super::Row| {
        let mut row = row.reader();
        Ok((row.take()?, read_preferences(&mut row)?))
    };
    db.query(sql, values).await?.iter().map(read).collect()
}

/// Writes how a person wants channels of a team.
pub async fn put(
    db: &mut impl Queries,
    member: MemberId,
    team: TeamId,
    changed: &[(ChannelId, ChannelPreferences)],
) -> Result<(), StoreError> {
    let mut rows = Many::with_capacity(&PUT, changed.len());
    for &(channel, wanted) in changed {
        rows.push([
            member.into(),
            channel.into(),
            team.into(),
            wanted.is_muted.into(),
            wanted.notify.into(),
            wanted.is_favourite.into(),
            wanted.position.into(),
            wanted.is_hidden.into(),
            wanted.rev.into(),
        ]);
    }
    db.execute_many(rows).await
}

const PUT: ManySql = ManySql {
    width: 9,
    start: "INSERT INTO channel_preferences (member_id, channel_id, team_id, is_muted, notify, is_favourite, position, \
            is_hidden, rev) VALUES ",
    each: "(?,?,?,?,?,?,?,?,?)",
    between: ",",
    end: " ON DUPLICATE KEY UPDATE is_muted = VALUES(is_muted), notify = VALUES(notify), \
          is_favourite = VALUES(is_favourite), position = VALUES(position), is_hidden = VALUES(is_hidden), \
          rev = VALUES(rev)",
    sqlite: "INSERT INTO channel_preferences (member_id, channel_id, team_id, is_muted, notify, is_favourite, position, \
             is_hidden, rev) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (member_id, channel_id) DO UPDATE SET \
             is_muted = excluded.is_muted, notify = excluded.notify, is_favourite = excluded.is_favourite, \
             position = excluded.position, is_hidden = excluded.is_hidden, rev = excluded.rev",
};
