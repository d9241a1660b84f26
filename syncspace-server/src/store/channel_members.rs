//! Rows of who is in a channel: for the team's stream, and for the person's own (marker, channel list).

use std::collections::BTreeMap;

use syncspace_protocol::channels::{ChannelHead, ChannelKind, ChannelMember, ChannelRole};
use syncspace_protocol::limits::UNREAD_COUNT_MAX;
use syncspace_protocol::{ChannelId, MemberId, Rev, Seq, TeamId, Time, UserId};

use super::channel_preferences::{JOIN_PREFERENCES, PREFERENCES, read_preferences};
use super::channels::{CHANNEL, ChannelRow, HEAD, MembershipRow, add_people, read_channel, read_head};
use super::list::Slice;
use super::teams::read_person;
use super::{Many, ManySql, Queries, RowReader, Sql, StoreError, Value, padded, params, placeholders};

const MEMBER: &str =
    "m.channel_id, u.id, u.username, u.full_name, u.avatar_url, u.is_active, u.is_bot, m.role, m.joined_at, m.rev";

/// What a new or changed membership says.
#[derive(Debug, Clone, Copy)]
pub struct NewMembership {
    /// The channel.
    pub channel: ChannelId,
    /// Its team.
    pub team: TeamId,
    /// The person.
    pub user: UserId,
    /// The person in the team.
    pub member: MemberId,
    /// What the person may do.
    pub role: ChannelRole,
    /// Since when.
    pub joined_at: Time,
    /// Where a new marker stands; one from an earlier stay is kept if it is further.
    pub last_read_seq: Seq,
    /// The change in the team's stream.
    pub rev: Rev,
    /// The change in the person's own stream.
    pub my_rev: Rev,
}

fn read_member(row: &mut RowReader<'_>) -> Result<ChannelMember, StoreError> {
    Ok(ChannelMember {
        channel_id: row.take()?,
        user: read_person(row)?,
        role: row.take()?,
        joined_at: row.take()?,
        rev: row.take()?,
    })
}

/// Finds a person in a channel.
pub async fn find(
    db: &mut impl Queries,
    channel: ChannelId,
    user: UserId,
) -> Result<Option<ChannelMember>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {MEMBER} FROM channel_members m JOIN users u ON u.id = m.user_id \
         WHERE m.user_id = ? AND m.channel_id = ? AND m.left_at IS NULL"
    ));
    let rows = db.query(&sql, params![user, channel]).await?;
    rows.first().map(|row| read_member(&mut row.reader())).transpose()
}

/// Where a person's marker stands, and the channel's numbers at that moment.
#[derive(Debug, Clone, Copy)]
pub struct MarkerRow {
    /// What the person is in the channel.
    pub membership: MembershipRow,
    /// When the marker was last set, in the person's own stream; 0 where it never was.
    pub set_rev: Rev,
    /// The channel's numbers.
    pub head: ChannelHead,
}

/// Finds where a person's marker stands, while the person is in the channel.
pub async fn find_marker(
    db: &mut impl Queries,
    channel: ChannelId,
    user: UserId,
) -> Result<Option<MarkerRow>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {MARKER} FROM channel_members m JOIN channel_heads h ON h.channel_id = m.channel_id \
         WHERE m.user_id = ? AND m.channel_id = ? AND m.left_at IS NULL"
    ));
    let rows = db.query(&sql, params![user, channel]).await?;
    rows.first().map(|row| read_marker(&mut row.reader())).transpose()
}

/// Columns of a [`MarkerRow`], of `m` and `h`.
pub(super) const MARKER: &str =
    "m.role, m.joined_at, m.last_read_seq, m.my_rev, m.set_rev, h.last_seq, h.last_rev, h.floor_seq";

pub(super) fn read_marker(row: &mut RowReader<'_>) -> Result<MarkerRow, StoreError> {
    let membership =
        MembershipRow { role: row.take()?, joined_at: row.take()?, last_read_seq: row.take()?, my_rev: row.take()? };
    Ok(MarkerRow { membership, set_rev: row.take()?, head: read_head(row)? })
}

/// Lists who is in a channel, by user id.
pub async fn list(db: &mut impl Queries, channel: ChannelId, slice: &Slice) -> Result<Vec<ChannelMember>, StoreError> {
    let (filter, values) = slice.filter("m.user_id", "u.username_key");
    let sql = Sql::built(format!(
        "SELECT {MEMBER} FROM channel_members m JOIN users u ON u.id = m.user_id \
         WHERE m.channel_id = ? AND m.left_at IS NULL{filter}"
    ));
    let mut all = params![channel];
    all.extend(values);
    db.query(&sql, all).await?.iter().map(|row| read_member(&mut row.reader())).collect()
}

/// Puts people into channels: new rows, or the old ones of those who left.
pub async fn put(db: &mut impl Queries, arrivals: &[NewMembership]) -> Result<(), StoreError> {
    let mut rows = Many::with_capacity(&PUT, arrivals.len());
    for new in arrivals {
        rows.push([
            new.user.into(),
            new.channel.into(),
            new.team.into(),
            new.member.into(),
            new.role.into(),
            new.joined_at.into(),
            new.last_read_seq.into(),
            new.rev.into(),
            new.my_rev.into(),
        ]);
    }
    db.execute_many(rows).await
}

const PUT: ManySql = ManySql {
    width: 9,
    start: "INSERT INTO channel_members (user_id, channel_id, team_id, member_id, role, joined_at, last_read_seq, rev, \
            my_rev) VALUES ",
    each: "(?,?,?,?,?,?,?,?,?)",
    between: ",",
    end: " ON DUPLICATE KEY UPDATE role = VALUES(role), joined_at = VALUES(joined_at), left_at = NULL, \
          last_read_seq = GREATEST(last_read_seq, VALUES(last_read_seq)), rev = VALUES(rev), my_rev = VALUES(my_rev)",
    sqlite: "INSERT INTO channel_members (user_id, channel_id, team_id, member_id, role, joined_at, last_read_seq, rev, \
             my_rev) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (user_id, channel_id) DO UPDATE SET role = excluded.role, \
             joined_at = excluded.joined_at, left_at = NULL, last_read_seq = MAX(last_read_seq, excluded.last_read_seq), \
             rev = excluded.rev, my_rev = excluded.my_rev",
};

/// Changes what a person may do in a channel.
pub async fn set_role(
    db: &mut impl Queries,
    channel: ChannelId,
    user: UserId,
    role: ChannelRole,
    rev: Rev,
) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE channel_members SET role = ?, rev = ? WHERE user_id = ? AND channel_id = ?");
    db.execute(&sql, params![role, rev, user, channel]).await.map(drop)
}

/// Takes a person out of a channel.
pub async fn remove(
    db: &mut impl Queries,
    channel: ChannelId,
    user: UserId,
    now: Time,
    rev: Rev,
    my_rev: Rev,
) -> Result<(), StoreError> {
    let sql =
        Sql::both("UPDATE channel_members SET left_at = ?, rev = ?, my_rev = ? WHERE user_id = ? AND channel_id = ?");
    db.execute(&sql, params![now, rev, my_rev, user, channel]).await.map(drop)
}

/// Lists the channels of a team that a person is in, by id, with their kinds; deleted ones are left out.
pub async fn list_in_team(
    db: &mut impl Queries,
    team: TeamId,
    user: UserId,
) -> Result<Vec<(ChannelId, ChannelKind)>, StoreError> {
    let sql = Sql::both(
        "SELECT m.channel_id, c.kind FROM channel_members m JOIN channels c ON c.id = m.channel_id \
         WHERE m.user_id = ? AND m.team_id = ? AND m.left_at IS NULL AND c.deleted_at IS NULL ORDER BY m.channel_id",
    );
    let rows = db.query(&sql, params![user, team]).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            Ok((row.take()?, row.take()?))
        })
        .collect()
}

/// A channel that is left, with the numbers of that in the team's stream and in the person's own.
#[derive(Debug, Clone, Copy)]
pub struct Departure {
    /// The channel.
    pub channel: ChannelId,
    /// The change in the team's stream.
    pub rev: Rev,
    /// The change in the person's own stream.
    pub my_rev: Rev,
}

/// Most channels left by one statement.
const DEPARTURES_PER_STATEMENT: usize = 100;

/// Numbers of channels for which there are statements.
const DEPARTURE_WIDTHS: [usize; 3] = [1, 10, DEPARTURES_PER_STATEMENT];

/// Takes a person out of many channels, each with its own numbers.
pub async fn remove_all(
    db: &mut impl Queries,
    user: UserId,
    now: Time,
    departures: &[Departure],
) -> Result<(), StoreError> {
    for some in departures.chunks(DEPARTURES_PER_STATEMENT) {
        let Some(last) = some.last() else { continue };
        // Few forms of the statement: the last one fills the places that are left.
        let width = DEPARTURE_WIDTHS.into_iter().find(|&width| width >= some.len()).unwrap_or(some.len());
        let some = || some.iter().chain(std::iter::repeat(last)).take(width);
        let cases = "WHEN ? THEN ? ".repeat(width);
        let sql = Sql::built(format!(
            "UPDATE channel_members SET left_at = ?, rev = CASE channel_id {cases}ELSE rev END, \
             my_rev = CASE channel_id {cases}ELSE my_rev END WHERE user_id = ? AND channel_id IN ({})",
            placeholders(width)
        ));
        let mut values = params![now];
        values.extend(some().flat_map(|left| params![left.channel, left.rev]));
        values.extend(some().flat_map(|left| params![left.channel, left.my_rev]));
        values.push(user.into());
        values.extend(some().flat_map(|left| params![left.channel]));
        db.execute(&sql, values).await?;
    }
    Ok(())
}

/// Writes where a person's marker stands, and the last time it was set.
pub async fn update_marker(
    db: &mut impl Queries,
    channel: ChannelId,
    user: UserId,
    marker: &MarkerRow,
) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE channel_members SET last_read_seq = ?, my_rev = ?, set_rev = ? WHERE user_id = ? AND channel_id = ?",
    );
    let MarkerRow { membership, set_rev, .. } = marker;
    let values = params![membership.last_read_seq, membership.my_rev, *set_rev, user, channel];
    db.execute(&sql, values).await.map(drop)
}

/// Finds where the markers of some people stand, of those who are in the channel.
pub async fn list_markers(
    db: &mut impl Queries,
    channel: ChannelId,
    users: &[UserId],
) -> Result<BTreeMap<UserId, MarkerRow>, StoreError> {
    let ids = padded(users.iter().map(|&user| Value::from(user)).collect());
    let sql = Sql::built(format!(
        "SELECT m.user_id, {MARKER} FROM channel_members m JOIN channels c ON c.id = m.channel_id \
         JOIN channel_heads h ON h.channel_id = m.channel_id WHERE m.channel_id = ? AND m.left_at IS NULL \
         AND c.deleted_at IS NULL AND m.user_id IN ({})",
        placeholders(ids.len())
    ));
    let mut values = params![channel];
    values.extend(ids);
    let rows = db.query(&sql, values).await?;
    let read = |row: &super::Row| {
        let mut row = row.reader();
        Ok((row.take()?, read_marker(&mut row)?))
    };
    rows.iter().map(read).collect()
}

/// Finds which people these are in the team of a channel, by their rows in the channel, also of those who left it.
pub async fn list_seats(
    db: &mut impl Queries,
    channel: ChannelId,
    users: &[UserId],
) -> Result<BTreeMap<UserId, MemberId>, StoreError> {
    if users.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = padded(users.iter().map(|&user| Value::from(user)).collect());
    let sql = Sql::built(format!(
        "SELECT user_id, member_id FROM channel_members WHERE channel_id = ? AND user_id IN ({})",
        placeholders(ids.len())
    ));
    let mut values = params![channel];
    values.extend(ids);
    let rows = db.query(&sql, values).await?;
    let read = |row: &super::Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    };
    rows.iter().map(read).collect()
}

/// Stamps a person's membership in its own stream, because what the channel holds for the person changed.
pub async fn touch_mine(
    db: &mut impl Queries,
    channel: ChannelId,
    user: UserId,
    my_rev: Rev,
) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE channel_members SET my_rev = ? WHERE user_id = ? AND channel_id = ?");
    db.execute(&sql, params![my_rev, user, channel]).await.map(drop)
}

/// Most channels counted in one statement.
const COUNTS_PER_STATEMENT: usize = 50;

/// What a person has not read of a channel, as [`ReadMarker`](syncspace_protocol::channels::ReadMarker) defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Unread messages, capped.
    pub unread: u32,
    /// Mentions, capped.
    pub mentions: u32,
    /// The channel's rev at which both hold.
    pub as_of_rev: Rev,
}

/// Counts what a person has not read after each marker.
///
/// Counts and rev come from one statement, so they belong together. Callers leave out channels where nothing is newer.
pub async fn count(
    db: &mut impl Queries,
    user: UserId,
    markers: &[(ChannelId, Seq)],
) -> Result<BTreeMap<ChannelId, Counts>, StoreError> {
    // Each side of the union stops at the cap: of more rows none is read, and the sum is capped below.
    const ONE: &str = "SELECT h.channel_id, h.last_rev, (SELECT COUNT(*) FROM (SELECT 1 FROM messages \
                       WHERE channel_id = ? AND seq > ? AND parent_seq IS NULL AND deleted_at IS NULL \
                       AND message_type <> 'system' AND sender_id <> ? LIMIT {max}) AS unread), \
                       (SELECT COUNT(*) FROM (SELECT seq FROM (SELECT seq FROM message_mentions \
                       WHERE channel_id = ? AND kind = 'user' AND target_id = ? AND seq > ? AND sender_id <> ? \
                       LIMIT {max}) AS named UNION SELECT seq FROM (SELECT seq FROM message_mentions \
                       WHERE channel_id = ? AND kind = 'channel' AND target_id = 0 AND seq > ? AND sender_id <> ? \
                       LIMIT {max}) AS all_named UNION SELECT seq FROM (SELECT seq FROM message_mentions \
                       WHERE channel_id = ? AND kind = 'keyword' AND target_id = ? AND seq > ? LIMIT {max}) AS called) \
                       AS mentions) \
                       FROM channel_heads h WHERE h.channel_id = ?";
    let one = ONE.replace("{max}", &UNREAD_COUNT_MAX.to_string());
    let mut counts = BTreeMap::new();
    for chunk in markers.chunks(COUNTS_PER_STATEMENT) {
        let text = vec![one.as_str(); chunk.len()].join(" UNION ALL ");
        let values = chunk.iter().flat_map(|&(channel, seq)| {
            params![channel, seq, user, channel, user, seq, user, channel, seq, user, channel, user, seq, channel]
        });
        let values = values.collect::<Vec<_>>();
        for row in db.query(&Sql::built(text), values).await? {
            let mut row = row.reader();
            let channel = row.take()?;
            let as_of_rev = row.take()?;
            let [unread, mentions] = [row.take::<u32>()?, row.take::<u32>()?];
            counts.insert(channel, Counts { unread, mentions: mentions.min(UNREAD_COUNT_MAX), as_of_rev });
        }
    }
    Ok(counts)
}

/// A row of the team's stream: somebody who is in a channel, left it, or may not be seen.
pub enum MemberChange {
    /// As it is now.
    Present(ChannelMember),
    /// No longer there.
    Gone(ChannelId, UserId, Rev),
    /// Not for this person.
    Hidden(Rev),
}

/// Lists memberships in a team's channels changed after a rev, in its order, as a person may see them.
pub async fn list_changes(
    db: &mut impl Queries,
    team: TeamId,
    user: UserId,
    sees_public: bool,
    after: Rev,
    limit: u32,
) -> Result<Vec<MemberChange>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {MEMBER}, m.left_at, c.kind, mine.member_id FROM channel_members m \
         JOIN users u ON u.id = m.user_id JOIN channels c ON c.id = m.channel_id \
         LEFT JOIN channel_members mine ON mine.channel_id = m.channel_id AND mine.user_id = ? AND mine.left_at IS NULL \
         WHERE m.team_id = ? AND m.rev > ? ORDER BY m.rev LIMIT {limit}"
    ));
    let rows = db.query(&sql, params![user, team, after]).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            let member = read_member(&mut row)?;
            let has_left = row.take::<Option<Time>>()?.is_some();
            let kind: ChannelKind = row.take()?;
            let is_mine = row.take::<Option<MemberId>>()?.is_some();
            let is_visible = is_mine || (kind == ChannelKind::Public && sees_public);
            Ok(match (is_visible, has_left) {
                (false, _) => MemberChange::Hidden(member.rev),
                (true, true) => MemberChange::Gone(member.channel_id, member.user.id, member.rev),
                (true, false) => MemberChange::Present(member),
            })
        })
        .collect()
}

/// A row of a person's own stream: a channel the person is in, or left.
pub enum MyChange {
    /// What the person is in it.
    Present(Box<ChannelRow>),
    /// No longer in it, or it is deleted.
    Gone(ChannelId, Rev),
}

/// Lists a person's channels changed in its own stream after a rev, in its order.
pub async fn list_my_changes(
    db: &mut impl Queries,
    member: MemberId,
    after: Rev,
    limit: u32,
) -> Result<Vec<MyChange>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {CHANNEL}, m.role, m.joined_at, m.last_read_seq, m.my_rev, m.left_at, c.deleted_at, {HEAD}, {PREFERENCES} \
         FROM channel_members m JOIN channels c ON c.id = m.channel_id JOIN channel_heads h ON h.channel_id = c.id \
         {JOIN_PREFERENCES} WHERE m.member_id = ? AND m.my_rev > ? ORDER BY m.my_rev LIMIT {limit}"
    ));
    let mut changes = Vec::new();
    for row in db.query(&sql, params![member, after]).await? {
        let mut row = row.reader();
        let channel = read_channel(&mut row)?;
        let membership = MembershipRow {
            role: row.take()?,
            joined_at: row.take()?,
            last_read_seq: row.take()?,
            my_rev: row.take()?,
        };
        let has_left = row.take::<Option<Time>>()?.is_some();
        let is_deleted = row.take::<Option<Time>>()?.is_some();
        changes.push(if has_left || is_deleted {
            MyChange::Gone(channel.id, membership.my_rev)
        } else {
            let head = read_head(&mut row)?;
            let preferences = read_preferences(&mut row)?;
            MyChange::Present(Box::new(ChannelRow { channel, head, membership: Some(membership), preferences }))
        });
    }
    let present = changes.iter_mut().filter_map(|change| match change {
        MyChange::Present(row) => Some(&mut row.channel),
        MyChange::Gone(..) => None,
    });
    add_people(db, present).await?;
    Ok(changes)
}
