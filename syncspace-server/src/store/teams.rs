//! Rows of teams and of who is in them.

use syncspace_protocol::teams::{MyTeam, Team, TeamMember, TeamMembership, TeamRole, TeamSettings};
use syncspace_protocol::users::Person;
use syncspace_protocol::{MemberId, Rev, TeamId, Time, UserId};

use super::list::Slice;
use super::{FromValue, Queries, Row, RowReader, Sql, StoreError, Value, padded, params, placeholders};

/// What decides who may do what to a team, and the row that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whether anyone may find it.
    pub is_public: bool,
    /// Who may do what in it.
    pub settings: TeamSettings,
    /// What the asking person is in it.
    pub membership: Option<TeamMembership>,
}

/// A person's row in a team, also after leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberRow {
    /// Names the person's own stream.
    pub member_id: MemberId,
    /// What the person may do.
    pub role: TeamRole,
    /// Since when.
    pub joined_at: Time,
    /// Whether the person is in the team now.
    pub is_present: bool,
}

/// The usual settings are written as nothing: most teams have them, and every look at a channel reads them.
impl From<TeamSettings> for Value {
    fn from(settings: TeamSettings) -> Self {
        if settings == TeamSettings::default() {
            return Self::Null;
        }
        serde_json::to_string(&settings).map_or(Self::Null, Self::Text)
    }
}

impl FromValue for TeamSettings {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::Text(text) => serde_json::from_str(text).map_err(|_| "settings of a team"),
            _ => Err("settings of a team"),
        }
    }
}

pub(super) const TEAM: &str = "t.id, t.name, t.description, t.avatar_url, t.is_public, t.settings, t.created_by, t.created_at, t.updated_at, t.rev";
const MEMBERSHIP: &str = "m.member_id, m.role, m.joined_at";
/// The columns of what everybody sees of a user `u`.
pub(super) const PERSON: &str = "u.id, u.username, u.full_name, u.avatar_url, u.is_active, u.is_bot";
pub(super) const MEMBER: &str =
    "m.team_id, u.id, u.username, u.full_name, u.avatar_url, u.is_active, u.is_bot, m.role, m.joined_at, m.rev";
const JOIN_MEMBERSHIP: &str = "LEFT JOIN team_members m ON m.team_id = t.id AND m.user_id = ? AND m.left_at IS NULL";

/// Reads the columns of [`PERSON`].
pub(super) fn read_person(row: &mut RowReader<'_>) -> Result<Person, StoreError> {
    Ok(Person {
        id: row.take()?,
        username: row.take()?,
        full_name: row.take()?,
        avatar_url: row.take()?,
        is_active: row.take()?,
        is_bot: row.take()?,
    })
}

pub(super) fn read_team(row: &mut RowReader<'_>) -> Result<Team, StoreError> {
    Ok(Team {
        id: row.take()?,
        name: row.take()?,
        description: row.take()?,
        avatar_url: row.take()?,
        is_public: row.take()?,
        settings: row.take()?,
        created_by: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        rev: row.take()?,
    })
}

pub(super) fn read_membership(row: &mut RowReader<'_>) -> Result<Option<TeamMembership>, StoreError> {
    let member_id: Option<MemberId> = row.take()?;
    let role: Option<TeamRole> = row.take()?;
    let joined_at: Option<Time> = row.take()?;
    Ok(match (member_id, role, joined_at) {
        (Some(member_id), Some(role), Some(joined_at)) => Some(TeamMembership { member_id, role, joined_at }),
        _ => None,
    })
}

fn read_my_team(row: &Row) -> Result<MyTeam, StoreError> {
    let mut row = row.reader();
    Ok(MyTeam { team: read_team(&mut row)?, membership: read_membership(&mut row)? })
}

pub(super) fn read_member(row: &Row) -> Result<TeamMember, StoreError> {
    read_member_from(&mut row.reader())
}

fn read_member_from(row: &mut RowReader<'_>) -> Result<TeamMember, StoreError> {
    Ok(TeamMember {
        team_id: row.take()?,
        user: read_person(row)?,
        role: row.take()?,
        joined_at: row.take()?,
        rev: row.take()?,
    })
}

/// Finds what decides who may do what to a team; none where there is no such team.
pub async fn find_access(db: &mut impl Queries, team: TeamId, user: UserId) -> Result<Option<Access>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT t.is_public, t.settings, {MEMBERSHIP} FROM teams t {JOIN_MEMBERSHIP} WHERE t.id = ? AND t.deleted_at IS NULL"
    ));
    let rows = db.query(&sql, params![user, team]).await?;
    rows.first()
        .map(|row| {
            let mut row = row.reader();
            Ok(Access { is_public: row.take()?, settings: row.take()?, membership: read_membership(&mut row)? })
        })
        .transpose()
}

/// Finds a team with what a person is in it.
pub async fn find(db: &mut impl Queries, team: TeamId, user: UserId) -> Result<Option<MyTeam>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {TEAM}, {MEMBERSHIP} FROM teams t {JOIN_MEMBERSHIP} WHERE t.id = ? AND t.deleted_at IS NULL"
    ));
    db.query(&sql, params![user, team]).await?.first().map(read_my_team).transpose()
}

/// Lists the teams that a person is in, by id.
pub async fn list_of(db: &mut impl Queries, user: UserId) -> Result<Vec<MyTeam>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {TEAM}, {MEMBERSHIP} FROM team_members m JOIN teams t ON t.id = m.team_id \
         WHERE m.user_id = ? AND m.left_at IS NULL AND t.deleted_at IS NULL ORDER BY t.id"
    ));
    db.query(&sql, params![user]).await?.iter().map(read_my_team).collect()
}

/// Lists the ids of a person's teams.
pub async fn list_ids_of(db: &mut impl Queries, user: UserId) -> Result<Vec<TeamId>, StoreError> {
    const SELECT: Sql = Sql::both(
        "SELECT m.team_id FROM team_members m JOIN teams t ON t.id = m.team_id \
         WHERE m.user_id = ? AND m.left_at IS NULL AND t.deleted_at IS NULL ORDER BY m.team_id",
    );
    db.query(&SELECT, params![user]).await?.iter().map(|row| row.reader().take()).collect()
}

/// Finds the team that somebody is a member of under this number; none where that is not this person.
pub async fn find_of_member(
    db: &mut impl Queries,
    member: MemberId,
    user: UserId,
) -> Result<Option<TeamId>, StoreError> {
    let sql = Sql::both(
        "SELECT m.team_id FROM team_members m JOIN teams t ON t.id = m.team_id \
         WHERE m.member_id = ? AND m.user_id = ? AND m.left_at IS NULL AND t.deleted_at IS NULL",
    );
    db.query(&sql, params![member, user]).await?.first().map(|row| row.reader().take()).transpose()
}

/// Lists the teams that a person may see: its own, the public ones, and all for a server administrator.
pub async fn list_visible(
    db: &mut impl Queries,
    user: UserId,
    is_admin: bool,
    slice: &Slice,
) -> Result<Vec<MyTeam>, StoreError> {
    let (filter, values) = slice.filter("t.id", "t.name_key");
    let sql = Sql::built(format!(
        "SELECT {TEAM}, {MEMBERSHIP} FROM teams t {JOIN_MEMBERSHIP} \
         WHERE t.deleted_at IS NULL AND (t.is_public = 1 OR m.user_id IS NOT NULL OR ? = 1){filter}"
    ));
    let mut all = params![user, is_admin];
    all.extend(values);
    db.query(&sql, all).await?.iter().map(read_my_team).collect()
}

/// Makes a team. Fails with `Duplicate` of `teams_name_key` where the name is taken.
pub async fn insert(db: &mut impl Queries, team: &Team) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO teams (id, name, name_key, description, avatar_url, is_public, settings, created_by, created_at, \
         updated_at, deleted_at, rev) VALUES (?,?,?,?,?,?,?,?,?,?,NULL,?)",
    );
    let values = params![
        team.id,
        &team.name,
        team.name.key(),
        team.description.clone(),
        team.avatar_url.clone(),
        team.is_public,
        team.settings,
        team.created_by,
        team.created_at,
        team.updated_at,
        team.rev
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Writes what can be edited of a team. Fails with `Duplicate` of `teams_name_key` where the name is taken.
pub async fn update(db: &mut impl Queries, team: &Team) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE teams SET name = ?, name_key = ?, description = ?, avatar_url = ?, is_public = ?, settings = ?, \
         updated_at = ?, rev = ? WHERE id = ?",
    );
    let values = params![
        &team.name,
        team.name.key(),
        team.description.clone(),
        team.avatar_url.clone(),
        team.is_public,
        team.settings,
        team.updated_at,
        team.rev,
        team.id
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Leaves a tombstone of a team, and its name free.
pub async fn delete(db: &mut impl Queries, team: TeamId, now: Time, rev: Rev) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE teams SET name_key = NULL, deleted_at = ?, updated_at = ?, rev = ? WHERE id = ?");
    db.execute(&sql, params![now, now, rev, team]).await.map(drop)
}

/// Finds a person's row in a team, also after leaving.
pub async fn find_member_row(
    db: &mut impl Queries,
    team: TeamId,
    user: UserId,
) -> Result<Option<MemberRow>, StoreError> {
    let sql =
        Sql::both("SELECT member_id, role, joined_at, left_at FROM team_members WHERE user_id = ? AND team_id = ?");
    let rows = db.query(&sql, params![user, team]).await?;
    rows.first()
        .map(|row| {
            let mut row = row.reader();
            Ok(MemberRow {
                member_id: row.take()?,
                role: row.take()?,
                joined_at: row.take()?,
                is_present: row.take::<Option<Time>>()?.is_none(),
            })
        })
        .transpose()
}

/// Finds a person in a team.
pub async fn find_member(db: &mut impl Queries, team: TeamId, user: UserId) -> Result<Option<TeamMember>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {MEMBER} FROM team_members m JOIN users u ON u.id = m.user_id \
         WHERE m.user_id = ? AND m.team_id = ? AND m.left_at IS NULL"
    ));
    db.query(&sql, params![user, team]).await?.first().map(read_member).transpose()
}

/// Lists who is in a team, by user id.
pub async fn list_members(db: &mut impl Queries, team: TeamId, slice: &Slice) -> Result<Vec<TeamMember>, StoreError> {
    let (filter, values) = slice.filter("m.user_id", "u.username_key");
    let sql = Sql::built(format!(
        "SELECT {MEMBER} FROM team_members m JOIN users u ON u.id = m.user_id \
         WHERE m.team_id = ? AND m.left_at IS NULL{filter}"
    ));
    let mut all = params![team];
    all.extend(values);
    db.query(&sql, all).await?.iter().map(read_member).collect()
}

/// Finds which of these people are in a team, by id.
pub async fn list_present(db: &mut impl Queries, team: TeamId, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let ids = padded(users.iter().map(|&user| Value::from(user)).collect());
    let sql = Sql::built(format!(
        "SELECT user_id FROM team_members WHERE team_id = ? AND left_at IS NULL AND user_id IN ({}) ORDER BY user_id",
        placeholders(ids.len())
    ));
    let mut values = params![team];
    values.extend(ids);
    db.query(&sql, values).await?.iter().map(|row| row.reader().take()).collect()
}

/// Finds who goes by a folded username in a team.
pub async fn find_by_username(db: &mut impl Queries, team: TeamId, key: &str) -> Result<Option<UserId>, StoreError> {
    let sql = Sql::both(
        "SELECT m.user_id FROM users u JOIN team_members m ON m.user_id = u.id AND m.team_id = ? AND m.left_at IS NULL \
         WHERE u.username_key = ?",
    );
    db.query(&sql, params![team, key]).await?.first().map(|row| row.reader().take()).transpose()
}

/// Puts a person into a team: a new row, or the old one of somebody who left.
pub async fn put_member(
    db: &mut impl Queries,
    team: TeamId,
    user: UserId,
    member: &MemberRow,
    rev: Rev,
) -> Result<(), StoreError> {
    let update = Sql::both(
        "UPDATE team_members SET role = ?, joined_at = ?, left_at = NULL, rev = ? WHERE user_id = ? AND team_id = ?",
    );
    if db.execute(&update, params![member.role, member.joined_at, rev, user, team]).await? > 0 {
        return Ok(());
    }
    let insert = Sql::both(
        "INSERT INTO team_members (user_id, team_id, member_id, role, joined_at, left_at, rev) VALUES (?,?,?,?,?,NULL,?)",
    );
    db.execute(&insert, params![user, team, member.member_id, member.role, member.joined_at, rev]).await.map(drop)
}

/// Takes a person out of a team; its channels are left by [`super::channel_members::remove_all`].
pub async fn remove_member(
    db: &mut impl Queries,
    team: TeamId,
    user: UserId,
    now: Time,
    rev: Rev,
) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE team_members SET left_at = ?, rev = ? WHERE user_id = ? AND team_id = ?");
    db.execute(&sql, params![now, rev, user, team]).await.map(drop)
}

/// Stamps a person's row in a team whose returned form changed, because the profile did.
pub async fn touch_member(db: &mut impl Queries, team: TeamId, user: UserId, rev: Rev) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE team_members SET rev = ? WHERE user_id = ? AND team_id = ?");
    db.execute(&sql, params![rev, user, team]).await.map(drop)
}

/// Counts the owners of a team whose accounts are not switched off.
pub async fn count_owners(db: &mut impl Queries, team: TeamId) -> Result<u64, StoreError> {
    let sql = Sql::both(
        "SELECT COUNT(*) FROM team_members m JOIN users u ON u.id = m.user_id \
         WHERE m.team_id = ? AND m.role = 'owner' AND m.left_at IS NULL AND u.is_active = 1",
    );
    let rows = db.query(&sql, params![team]).await?;
    rows.first().map_or(Ok(0), |row| row.reader().take())
}

/// A row of the team's stream: somebody who is in the team, or left it.
pub enum MemberChange {
    /// As it is now.
    Present(TeamMember),
    /// No longer there.
    Gone(UserId, Rev),
}

/// Lists memberships changed after a rev, in its order.
pub async fn list_member_changes(
    db: &mut impl Queries,
    team: TeamId,
    after: Rev,
    limit: u32,
) -> Result<Vec<MemberChange>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {MEMBER}, m.left_at FROM team_members m JOIN users u ON u.id = m.user_id \
         WHERE m.team_id = ? AND m.rev > ? ORDER BY m.rev, m.user_id LIMIT {limit}"
    ));
    let rows = db.query(&sql, params![team, after]).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            let member = read_member_from(&mut row)?;
            let left_at: Option<Time> = row.take()?;
            Ok(if left_at.is_none() {
                MemberChange::Present(member)
            } else {
                MemberChange::Gone(member.user.id, member.rev)
            })
        })
        .collect()
}

/// Finds a team that changed after a rev, for its stream.
pub async fn find_changed(db: &mut impl Queries, team: TeamId, after: Rev) -> Result<Option<Team>, StoreError> {
    let sql = Sql::built(format!("SELECT {TEAM} FROM teams t WHERE t.id = ? AND t.rev > ? AND t.deleted_at IS NULL"));
    let rows = db.query(&sql, params![team, after]).await?;
    rows.first().map(|row| read_team(&mut row.reader())).transpose()
}

/// Finds the team of a folded name.
pub async fn find_by_key(db: &mut impl Queries, key: &str) -> Result<Option<TeamId>, StoreError> {
    let sql = Sql::both("SELECT id FROM teams WHERE name_key = ?");
    db.query(&sql, params![key]).await?.first().map(|row| row.reader().take()).transpose()
}
