//! Rows of user groups and of who is in them.

use std::collections::BTreeMap;

use syncspace_protocol::groups::UserGroup;
use syncspace_protocol::teams::TeamMember;
use syncspace_protocol::{GroupId, Rev, TeamId, Time, UserId};

use super::list::Slice;
use super::teams::{MEMBER, read_member};
use super::{Many, ManySql, Queries, RowReader, Sql, StoreError, Value, padded, params, placeholders};

const GROUP: &str = "g.id, g.team_id, g.name, g.created_by, g.created_at, g.updated_at, g.rev";

fn read(row: &mut RowReader<'_>) -> Result<UserGroup, StoreError> {
    Ok(UserGroup {
        id: row.take()?,
        team_id: row.take()?,
        name: row.take()?,
        user_ids: Vec::new(),
        created_by: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        rev: row.take()?,
    })
}

/// Adds who is in each group, with one statement for a page of them.
async fn add_people(db: &mut impl Queries, groups: &mut [UserGroup]) -> Result<(), StoreError> {
    if groups.is_empty() {
        return Ok(());
    }
    let ids = padded(groups.iter().map(|group| Value::from(group.id)).collect());
    let sql = Sql::built(format!(
        "SELECT group_id, user_id FROM user_group_members WHERE group_id IN ({}) ORDER BY group_id, user_id",
        placeholders(ids.len())
    ));
    let mut people: BTreeMap<GroupId, Vec<UserId>> = BTreeMap::new();
    for row in db.query(&sql, ids).await? {
        let mut row = row.reader();
        people.entry(row.take()?).or_default().push(row.take()?);
    }
    for group in groups {
        group.user_ids = people.remove(&group.id).unwrap_or_default();
    }
    Ok(())
}

/// Finds a group of a team.
pub async fn find(db: &mut impl Queries, team: TeamId, group: GroupId) -> Result<Option<UserGroup>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {GROUP} FROM user_groups g WHERE g.id = ? AND g.team_id = ? AND g.deleted_at IS NULL"
    ));
    let rows = db.query(&sql, params![group, team]).await?;
    let mut found: Vec<UserGroup> = rows.iter().map(|row| read(&mut row.reader())).collect::<Result<_, _>>()?;
    add_people(db, &mut found).await?;
    Ok(found.pop())
}

/// Finds the group of a folded name in a team.
pub async fn find_by_key(db: &mut impl Queries, team: TeamId, key: &str) -> Result<Option<GroupId>, StoreError> {
    let sql = Sql::both("SELECT id FROM user_groups WHERE team_id = ? AND name_key = ?");
    db.query(&sql, params![team, key]).await?.first().map(|row| row.reader().take()).transpose()
}

/// Counts the groups of a team.
pub async fn count(db: &mut impl Queries, team: TeamId) -> Result<u64, StoreError> {
    let sql = Sql::both("SELECT COUNT(*) FROM user_groups WHERE team_id = ? AND deleted_at IS NULL");
    db.query(&sql, params![team]).await?.first().map_or(Ok(0), |row| row.reader().take())
}

/// Lists the groups of a team, by id.
pub async fn list(db: &mut impl Queries, team: TeamId, slice: &Slice) -> Result<Vec<UserGroup>, StoreError> {
    let (filter, values) = slice.filter("g.id", "g.name_key");
    let sql =
        Sql::built(format!("SELECT {GROUP} FROM user_groups g WHERE g.team_id = ? AND g.deleted_at IS NULL{filter}"));
    let mut all = params![team];
    all.extend(values);
    let rows = db.query(&sql, all).await?;
    let mut found: Vec<UserGroup> = rows.iter().map(|row| read(&mut row.reader())).collect::<Result<_, _>>()?;
    add_people(db, &mut found).await?;
    Ok(found)
}

/// Lists the groups of a team that a person is in, by id.
pub async fn list_of(db: &mut impl Queries, team: TeamId, user: UserId) -> Result<Vec<UserGroup>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {GROUP} FROM user_group_members p JOIN user_groups g ON g.id = p.group_id \
         WHERE p.team_id = ? AND p.user_id = ? AND g.deleted_at IS NULL ORDER BY g.id"
    ));
    let rows = db.query(&sql, params![team, user]).await?;
    let mut found: Vec<UserGroup> = rows.iter().map(|row| read(&mut row.reader())).collect::<Result<_, _>>()?;
    add_people(db, &mut found).await?;
    Ok(found)
}

/// Lists who is in a group, by user id.
pub async fn list_members(db: &mut impl Queries, group: GroupId, slice: &Slice) -> Result<Vec<TeamMember>, StoreError> {
    let (filter, values) = slice.filter("p.user_id", "u.username_key");
    let sql = Sql::built(format!(
        "SELECT {MEMBER} FROM user_group_members p \
         JOIN team_members m ON m.user_id = p.user_id AND m.team_id = p.team_id AND m.left_at IS NULL \
         JOIN users u ON u.id = p.user_id WHERE p.group_id = ?{filter}"
    ));
    let mut all = params![group];
    all.extend(values);
    db.query(&sql, all).await?.iter().map(read_member).collect()
}

/// Makes a group with its people. Fails with `Duplicate` of `user_groups_name_key` where the name is taken.
pub async fn insert(db: &mut impl Queries, group: &UserGroup) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO user_groups (id, team_id, name, name_key, created_by, created_at, updated_at, deleted_at, rev) \
         VALUES (?,?,?,?,?,?,?,NULL,?)",
    );
    let values = params![
        group.id,
        group.team_id,
        &group.name,
        group.name.key(),
        group.created_by,
        group.created_at,
        group.updated_at,
        group.rev
    ];
    db.execute(&sql, values).await?;
    let mut people = Many::with_capacity(&INSERT_PEOPLE, group.user_ids.len());
    for &user in &group.user_ids {
        people.push([group.id.into(), user.into(), group.team_id.into()]);
    }
    if people.values.is_empty() { Ok(()) } else { db.execute_many(people).await }
}

const INSERT_PEOPLE: ManySql = ManySql {
    width: 3,
    start: "INSERT INTO user_group_members (group_id, user_id, team_id) VALUES ",
    each: "(?,?,?)",
    between: ",",
    end: "",
    sqlite: "INSERT INTO user_group_members (group_id, user_id, team_id) VALUES (?,?,?)",
};

/// Writes name and stamps of a group. Fails with `Duplicate` of `user_groups_name_key` where the name is taken.
pub async fn update(db: &mut impl Queries, group: &UserGroup) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE user_groups SET name = ?, name_key = ?, updated_at = ?, rev = ? WHERE id = ?");
    let values = params![&group.name, group.name.key(), group.updated_at, group.rev, group.id];
    db.execute(&sql, values).await.map(drop)
}

/// Leaves a tombstone of a group, its name free and nobody in it.
pub async fn delete(db: &mut impl Queries, group: GroupId, now: Time, rev: Rev) -> Result<(), StoreError> {
    let row = Sql::both("UPDATE user_groups SET name_key = NULL, deleted_at = ?, updated_at = ?, rev = ? WHERE id = ?");
    db.execute(&row, params![now, now, rev, group]).await?;
    let people = Sql::both("DELETE FROM user_group_members WHERE group_id = ?");
    db.execute(&people, params![group]).await.map(drop)
}

/// Puts a person into a group that is not in it.
pub async fn add_user(db: &mut impl Queries, group: &UserGroup, user: UserId) -> Result<(), StoreError> {
    let sql = Sql::both("INSERT INTO user_group_members (group_id, user_id, team_id) VALUES (?,?,?)");
    db.execute(&sql, params![group.id, user, group.team_id]).await.map(drop)
}

/// Takes a person out of a group.
pub async fn remove_user(db: &mut impl Queries, group: GroupId, user: UserId) -> Result<(), StoreError> {
    let sql = Sql::both("DELETE FROM user_group_members WHERE group_id = ? AND user_id = ?");
    db.execute(&sql, params![group, user]).await.map(drop)
}

/// A row of the team's stream: a group, or its tombstone.
pub enum GroupChange {
    /// As it is now.
    Present(UserGroup),
    /// No longer there.
    Gone(GroupId, Rev),
}

/// Lists groups changed after a rev, in its order.
pub async fn list_changes(
    db: &mut impl Queries,
    team: TeamId,
    after: Rev,
    limit: u32,
) -> Result<Vec<GroupChange>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {GROUP}, g.deleted_at FROM user_groups g WHERE g.team_id = ? AND g.rev > ? ORDER BY g.rev LIMIT {limit}"
    ));
    let mut present = Vec::new();
    let mut gone = Vec::new();
    for row in db.query(&sql, params![team, after]).await? {
        let mut row = row.reader();
        let group = read(&mut row)?;
        match row.take::<Option<Time>>()? {
            None => present.push(group),
            Some(_) => gone.push(GroupChange::Gone(group.id, group.rev)),
        }
    }
    add_people(db, &mut present).await?;
    let mut all: Vec<GroupChange> = present.into_iter().map(GroupChange::Present).chain(gone).collect();
    all.sort_by_key(|change| match change {
        GroupChange::Present(group) => group.rev,
        GroupChange::Gone(_, rev) => *rev,
    });
    Ok(all)
}
