//! Rows of channels: what they are, who may see them, and their part of the team's stream.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use syncspace_protocol::channels::{Channel, ChannelHead, ChannelKind, ChannelRole, Posting};
use syncspace_protocol::limits::DEFAULT_CHANNELS_MAX;
use syncspace_protocol::personal::ChannelPreferences;
use syncspace_protocol::users::Person;
use syncspace_protocol::{ChannelId, MemberId, Rev, Seq, TeamId, Time, UserId};

use super::channel_preferences::{JOIN_PREFERENCES, PREFERENCES, read_preferences};
use super::list::Slice;
use super::teams::{self, read_person};
use super::{Many, ManySql, Queries, Row, RowReader, Sql, StoreError, Value, padded, params, placeholders};

/// What decides who may do what to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Its team.
    pub team_id: TeamId,
    /// What the asking person is to the team.
    pub team: teams::Access,
    /// Who finds and joins it.
    pub kind: ChannelKind,
    /// Whether it takes no changes.
    pub is_archived: bool,
    /// Who posts in it.
    pub posting: Posting,
    /// What the asking person is in the channel.
    pub role: Option<ChannelRole>,
}

/// A channel, and how the asking person stands to it, as the rows say.
#[derive(Debug, Clone)]
pub struct ChannelRow {
    /// The channel, without the people of a direct one.
    pub channel: Channel,
    /// Last and first numbers of its log.
    pub head: ChannelHead,
    /// The asking person's row, while present.
    pub membership: Option<MembershipRow>,
    /// How the asking person wants it.
    pub preferences: ChannelPreferences,
}

/// A person's row in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MembershipRow {
    /// What the person may do.
    pub role: ChannelRole,
    /// Since when.
    pub joined_at: Time,
    /// Read up to and with this place.
    pub last_read_seq: Seq,
    /// Last change in the person's own stream.
    pub my_rev: Rev,
}

pub(super) const CHANNEL: &str = "c.id, c.team_id, c.kind, c.name, c.description, c.topic, c.posting, \
                                  c.is_default, c.retention_days, c.is_private, c.created_by, c.created_at, c.updated_at, c.archived_at, c.rev";
pub(super) const HEAD: &str = "h.last_seq, h.last_rev, h.floor_seq";
const MEMBERSHIP: &str = "m.role, m.joined_at, m.last_read_seq, m.my_rev";
const JOIN_MEMBERSHIP: &str =
    "LEFT JOIN channel_members m ON m.channel_id = c.id AND m.user_id = ? AND m.left_at IS NULL";

pub(super) fn read_channel(row: &mut RowReader<'_>) -> Result<Channel, StoreError> {
    Ok(Channel {
        id: row.take()?,
        team_id: row.take()?,
        kind: row.take()?,
        name: row.take()?,
        description: row.take()?,
        topic: row.take()?,
        posting: row.take()?,
        is_default: row.take()?,
        retention_days: row.take()?,
        is_private: row.take()?,
        people: Vec::new(),
        created_by: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        archived_at: row.take()?,
        rev: row.take()?,
    })
}

fn read_membership(row: &mut RowReader<'_>) -> Result<Option<MembershipRow>, StoreError> {
    let role: Option<ChannelRole> = row.take()?;
    let joined_at: Option<Time> = row.take()?;
    let last_read_seq: Option<Seq> = row.take()?;
    let my_rev: Option<Rev> = row.take()?;
    Ok(match (role, joined_at, last_read_seq, my_rev) {
        (Some(role), Some(joined_at), Some(last_read_seq), Some(my_rev)) => {
            Some(MembershipRow { role, joined_at, last_read_seq, my_rev })
        }
        _ => None,
    })
}

pub(super) fn read_head(row: &mut RowReader<'_>) -> Result<ChannelHead, StoreError> {
    Ok(ChannelHead { last_seq: row.take()?, last_rev: row.take()?, floor_seq: row.take()? })
}

fn read_row(row: &Row) -> Result<ChannelRow, StoreError> {
    let mut row = row.reader();
    Ok(ChannelRow {
        channel: read_channel(&mut row)?,
        head: read_head(&mut row)?,
        membership: read_membership(&mut row)?,
        preferences: read_preferences(&mut row)?,
    })
}

/// Finds what decides who may do what to a channel, and the numbers of its log; none where there is no such channel.
pub async fn find_access(
    db: &mut impl Queries,
    channel: ChannelId,
    user: UserId,
) -> Result<Option<(Access, ChannelHead)>, StoreError> {
    let sql = Sql::both(
        "SELECT c.team_id, t.is_public, t.settings, tm.member_id, tm.role, tm.joined_at, c.kind, c.archived_at, \
         c.posting, cm.role, h.last_seq, h.last_rev, h.floor_seq FROM channels c JOIN teams t ON t.id = c.team_id \
         JOIN channel_heads h ON h.channel_id = c.id \
         LEFT JOIN team_members tm ON tm.team_id = c.team_id AND tm.user_id = ? AND tm.left_at IS NULL \
         LEFT JOIN channel_members cm ON cm.channel_id = c.id AND cm.user_id = ? AND cm.left_at IS NULL \
         WHERE c.id = ? AND c.deleted_at IS NULL AND t.deleted_at IS NULL",
    );
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((read_access(&mut row)?, read_head(&mut row)?))
    };
    db.query(&sql, params![user, user, channel]).await?.first().map(read).transpose()
}

fn read_access(row: &mut RowReader<'_>) -> Result<Access, StoreError> {
    Ok(Access {
        team_id: row.take()?,
        team: teams::Access { is_public: row.take()?, settings: row.take()?, membership: teams::read_membership(row)? },
        kind: row.take()?,
        is_archived: row.take::<Option<Time>>()?.is_some(),
        posting: row.take()?,
        role: row.take()?,
    })
}

const ACCESS_OF_MANY: ManySql = ManySql {
    width: 2,
    // The list comes first in every plan: the rest is found by keys.
    start: "SELECT STRAIGHT_JOIN k.channel_id, k.user_id, c.team_id, t.is_public, t.settings, tm.member_id, tm.role, \
            tm.joined_at, c.kind, c.archived_at, c.posting, cm.role FROM (",
    each: "SELECT CAST(? AS SIGNED) AS channel_id, CAST(? AS SIGNED) AS user_id",
    between: " UNION ALL ",
    end: ") k JOIN channels c ON c.id = k.channel_id AND c.deleted_at IS NULL \
          JOIN teams t ON t.id = c.team_id AND t.deleted_at IS NULL \
          LEFT JOIN team_members tm ON tm.team_id = c.team_id AND tm.user_id = k.user_id AND tm.left_at IS NULL \
          LEFT JOIN channel_members cm ON cm.channel_id = c.id AND cm.user_id = k.user_id AND cm.left_at IS NULL",
    sqlite: "SELECT c.id, ?2, c.team_id, t.is_public, t.settings, tm.member_id, tm.role, tm.joined_at, c.kind, \
             c.archived_at, c.posting, cm.role FROM channels c JOIN teams t ON t.id = c.team_id AND t.deleted_at IS NULL \
             LEFT JOIN team_members tm ON tm.team_id = c.team_id AND tm.user_id = ?2 AND tm.left_at IS NULL \
             LEFT JOIN channel_members cm ON cm.channel_id = c.id AND cm.user_id = ?2 AND cm.left_at IS NULL \
             WHERE c.id = ?1 AND c.deleted_at IS NULL",
};

/// Gives the look-up of what decides who may do what, for many pairs of channel and person.
#[must_use]
pub fn access_of_many(pairs: impl ExactSizeIterator<Item = (ChannelId, UserId)>) -> Many {
    let mut lookup = Many::with_capacity(&ACCESS_OF_MANY, pairs.len());
    pairs.for_each(|(channel, user)| lookup.push([channel.into(), user.into()]));
    lookup
}

/// Reads what [`access_of_many`] found.
pub fn read_access_of_many(rows: &[Row]) -> Result<HashMap<(ChannelId, UserId), Access>, StoreError> {
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok(((row.take()?, row.take()?), read_access(&mut row)?))
    };
    rows.iter().map(read).collect()
}

/// Finds a channel with its head and how a person stands to it.
pub async fn find(db: &mut impl Queries, channel: ChannelId, user: UserId) -> Result<Option<ChannelRow>, StoreError> {
    Ok(load(db, &[channel], user).await?.pop())
}

/// Loads channels with their heads and how a person stands to them; what does not exist is left out.
pub async fn load(db: &mut impl Queries, channels: &[ChannelId], user: UserId) -> Result<Vec<ChannelRow>, StoreError> {
    let ids = padded(channels.iter().map(|&channel| Value::from(channel)).collect());
    let sql = Sql::built(format!(
        "SELECT {CHANNEL}, {HEAD}, {MEMBERSHIP}, {PREFERENCES} FROM channels c \
         JOIN channel_heads h ON h.channel_id = c.id {JOIN_MEMBERSHIP} {JOIN_PREFERENCES} WHERE c.id IN ({}) \
         AND c.deleted_at IS NULL ORDER BY c.id",
        placeholders(ids.len())
    ));
    let mut values = params![user];
    values.extend(ids);
    let mut found: Vec<_> = db.query(&sql, values).await?.iter().map(read_row).collect::<Result<_, _>>()?;
    add_people(db, found.iter_mut().map(|row| &mut row.channel)).await?;
    Ok(found)
}

/// Finds the channel of a folded name, or of the people of a direct one.
pub async fn find_by_key(db: &mut impl Queries, team: TeamId, key: &str) -> Result<Option<ChannelId>, StoreError> {
    let sql = Sql::both("SELECT id FROM channels WHERE team_id = ? AND name_key = ?");
    db.query(&sql, params![team, key]).await?.first().map(|row| row.reader().take()).transpose()
}

/// Names the channels of a team that a person may see by its rows, as a table `v` of `channel_id`; takes the team, whether the
/// person sees public ones, the person, and the team again.
///
/// Two halves, because one condition for both reads everybody's direct channels: 40 ms instead of 10 for 40,000 channels.
pub(super) const VISIBLE: &str = "(SELECT c.id AS channel_id FROM channels c \
     WHERE c.team_id = ? AND c.kind = 'public' AND ? = 1 AND c.deleted_at IS NULL UNION \
     SELECT m.channel_id FROM channel_members m JOIN channels c ON c.id = m.channel_id \
     WHERE m.user_id = ? AND m.team_id = ? AND m.left_at IS NULL AND c.deleted_at IS NULL) v";

/// Lists the ids of the channels of a team that a person may see.
pub async fn list_visible_ids(
    db: &mut impl Queries,
    (team, user): (TeamId, UserId),
    sees_public: bool,
) -> Result<Vec<ChannelId>, StoreError> {
    let sql = Sql::built(format!("SELECT v.channel_id FROM {VISIBLE}"));
    let rows = db.query(&sql, params![team, sees_public, user, team]).await?;
    rows.iter().map(|row| row.reader().take()).collect()
}

/// Lists the channels of a team that a person may see, by id.
pub async fn list_visible(
    db: &mut impl Queries,
    team: TeamId,
    user: UserId,
    sees_public: bool,
    slice: &Slice,
) -> Result<Vec<ChannelRow>, StoreError> {
    let (sql, values) = visible_statement((team, user), sees_public, slice);
    let mut rows: Vec<_> = db.query(&sql, values).await?.iter().map(read_row).collect::<Result<_, _>>()?;
    add_people(db, rows.iter_mut().map(|row| &mut row.channel)).await?;
    Ok(rows)
}

/// Gives the statement of [`list_visible`].
#[must_use]
pub fn visible_statement((team, user): (TeamId, UserId), sees_public: bool, slice: &Slice) -> (Sql, Vec<Value>) {
    let (filter, values) = slice.filter("c.id", "c.name_key");
    let sql = Sql::built(format!(
        "SELECT {CHANNEL}, {HEAD}, {MEMBERSHIP}, {PREFERENCES} FROM {VISIBLE} JOIN channels c ON c.id = v.channel_id \
         JOIN channel_heads h ON h.channel_id = c.id {JOIN_MEMBERSHIP} {JOIN_PREFERENCES} WHERE c.deleted_at IS NULL{filter}"
    ));
    let mut all = params![team, sees_public, user, team, user];
    all.extend(values);
    (sql, all)
}

/// Adds the people to direct and group channels, with one statement for all of them.
pub(super) async fn add_people<'a>(
    db: &mut impl Queries,
    channels: impl Iterator<Item = &'a mut Channel>,
) -> Result<(), StoreError> {
    let mut wanting: Vec<&mut Channel> =
        channels.filter(|channel| matches!(channel.kind, ChannelKind::Direct | ChannelKind::Group)).collect();
    if wanting.is_empty() {
        return Ok(());
    }
    let sql = Sql::built(format!(
        "SELECT m.channel_id, u.id, u.username, u.full_name, u.avatar_url, u.is_active, u.is_bot FROM channel_members m \
         JOIN users u ON u.id = m.user_id WHERE m.channel_id IN ({}) ORDER BY m.channel_id, u.id",
        placeholders(wanting.len())
    ));
    let ids = wanting.iter().map(|channel| Value::from(channel.id)).collect();
    let mut people: BTreeMap<ChannelId, Vec<Person>> = BTreeMap::new();
    for row in db.query(&sql, ids).await? {
        let mut row = row.reader();
        people.entry(row.take()?).or_default().push(read_person(&mut row)?);
    }
    for channel in &mut wanting {
        channel.people = people.remove(&channel.id).unwrap_or_default();
    }
    Ok(())
}

/// Makes a channel. Fails with `Duplicate` of `channels_name_key` where the key is taken in its team.
pub async fn insert(db: &mut impl Queries, channel: &Channel, key: &str) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO channels (id, team_id, kind, name, name_key, description, is_private, created_by, created_at, \
         updated_at, archived_at, deleted_at, rev) VALUES (?,?,?,?,?,?,?,?,?,?,NULL,NULL,?)",
    );
    let values = params![
        channel.id,
        channel.team_id,
        channel.kind,
        channel.name.as_ref(),
        key,
        channel.description.clone(),
        channel.is_private,
        channel.created_by,
        channel.created_at,
        channel.updated_at,
        channel.rev
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Writes what can be edited of a named channel. Fails with `Duplicate` of `channels_name_key` where the name is taken.
pub async fn update(db: &mut impl Queries, channel: &Channel) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE channels SET name = ?, name_key = ?, description = ?, topic = ?, posting = ?, is_default = ?, \
         retention_days = ?, archived_at = ?, updated_at = ?, rev = ? WHERE id = ?",
    );
    let values = params![
        channel.name.as_ref(),
        channel.name.as_ref().map(|name| name.key()),
        channel.description.clone(),
        channel.topic.clone(),
        channel.posting,
        channel.is_default,
        channel.retention_days,
        channel.archived_at,
        channel.updated_at,
        channel.rev,
        channel.id
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Makes a public channel private, at this rev of the team's stream.
pub async fn hide(db: &mut impl Queries, channel: ChannelId, rev: Rev) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE channels SET kind = 'private', is_private = 1, hidden_rev = ? WHERE id = ?");
    db.execute(&sql, params![rev, channel]).await.map(drop)
}

/// Counts the channels of a team that newcomers come into.
pub async fn count_defaults(db: &mut impl Queries, team: TeamId) -> Result<u64, StoreError> {
    let sql = Sql::both(
        "SELECT COUNT(*) FROM channels WHERE team_id = ? AND is_default = 1 AND kind = 'public' AND deleted_at IS NULL",
    );
    let rows = db.query(&sql, params![team]).await?;
    rows.first().map_or(Ok(0), |row| row.reader().take())
}

/// Lists the channels of a team that newcomers come into now, by id, each with the place of its newest message.
pub async fn list_defaults(db: &mut impl Queries, team: TeamId) -> Result<Vec<(ChannelId, Seq)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT c.id, h.last_seq FROM channels c JOIN channel_heads h ON h.channel_id = c.id \
         WHERE c.team_id = ? AND c.is_default = 1 AND c.kind = 'public' AND c.archived_at IS NULL \
         AND c.deleted_at IS NULL ORDER BY c.id LIMIT {DEFAULT_CHANNELS_MAX}"
    ));
    let rows = db.query(&sql, params![team]).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            Ok((row.take()?, row.take()?))
        })
        .collect()
}

/// Lists channels of a team that became private after a rev and that a person is not in, in the order of that.
pub async fn list_hidden(
    db: &mut impl Queries,
    team: TeamId,
    user: UserId,
    after: Rev,
    limit: u32,
) -> Result<Vec<(ChannelId, Rev)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT c.id, c.hidden_rev FROM channels c {JOIN_MEMBERSHIP} \
         WHERE c.team_id = ? AND c.hidden_rev > ? AND m.user_id IS NULL ORDER BY c.hidden_rev LIMIT {limit}"
    ));
    let rows = db.query(&sql, params![user, team, after]).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            Ok((row.take()?, row.take()?))
        })
        .collect()
}

/// Leaves a tombstone of a channel, and its name free.
pub async fn delete(db: &mut impl Queries, channel: ChannelId, now: Time, rev: Rev) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE channels SET name_key = NULL, deleted_at = ?, updated_at = ?, rev = ? WHERE id = ?");
    db.execute(&sql, params![now, now, rev, channel]).await.map(drop)
}

/// A row of the team's stream: a channel that is there, was deleted, or may not be seen.
pub enum ChannelChange {
    /// As it is now.
    Present(Channel),
    /// No longer there.
    Gone(ChannelId, Rev),
    /// Not for this person.
    Hidden(Rev),
}

/// Lists channels of a team changed after a rev, in its order, as a person may see them.
pub async fn list_changes(
    db: &mut impl Queries,
    team: TeamId,
    user: UserId,
    sees_public: bool,
    after: Rev,
    limit: u32,
) -> Result<Vec<ChannelChange>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {CHANNEL}, c.deleted_at, m.member_id FROM channels c {JOIN_MEMBERSHIP} \
         WHERE c.team_id = ? AND c.rev > ? ORDER BY c.rev LIMIT {limit}"
    ));
    let mut changes = Vec::new();
    for row in db.query(&sql, params![user, team, after]).await? {
        let mut row = row.reader();
        let channel = read_channel(&mut row)?;
        let is_deleted = row.take::<Option<Time>>()?.is_some();
        let is_member = row.take::<Option<MemberId>>()?.is_some();
        let is_visible = is_member || (channel.kind == ChannelKind::Public && sees_public);
        changes.push(match (is_visible, is_deleted) {
            (false, _) => ChannelChange::Hidden(channel.rev),
            (true, true) => ChannelChange::Gone(channel.id, channel.rev),
            (true, false) => ChannelChange::Present(channel),
        });
    }
    let present = changes.iter_mut().filter_map(|change| match change {
        ChannelChange::Present(channel) => Some(channel),
        ChannelChange::Gone(..) | ChannelChange::Hidden(_) => None,
    });
    add_people(db, present).await?;
    Ok(changes)
}

/// Gives those of some channels of which nothing is left after their deletion; none of the others goes while these are locked.
pub async fn lock_removed(db: &mut impl Queries, channels: &[ChannelId]) -> Result<BTreeSet<ChannelId>, StoreError> {
    let ids = padded(channels.iter().map(|&channel| Value::from(channel)).collect());
    let sql = Sql::built(format!(
        "SELECT id, purged_at IS NOT NULL FROM channels WHERE id IN ({}) ORDER BY id FOR UPDATE",
        placeholders(ids.len())
    ));
    let mut removed = BTreeSet::new();
    for row in db.query(&sql, ids).await? {
        let mut row = row.reader();
        let (channel, is_removed) = (row.take()?, row.take()?);
        if is_removed {
            removed.insert(channel);
        }
    }
    Ok(removed)
}
