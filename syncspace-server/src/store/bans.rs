//! Rows of who is kept out of a team.

use syncspace_protocol::teams::Ban;
use syncspace_protocol::{TeamId, Time, UserId};

use super::list::Slice;
use super::teams::read_person;
use super::{Queries, Row, Sql, StoreError, params};

const BAN: &str =
    "b.team_id, u.id, u.username, u.full_name, u.avatar_url, u.is_active, u.is_bot, b.banned_by, b.created_at";

fn read(row: &Row) -> Result<Ban, StoreError> {
    let mut row = row.reader();
    Ok(Ban { team_id: row.take()?, user: read_person(&mut row)?, banned_by: row.take()?, created_at: row.take()? })
}

/// Finds the ban of a person.
pub async fn find(db: &mut impl Queries, team: TeamId, user: UserId) -> Result<Option<Ban>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {BAN} FROM team_bans b JOIN users u ON u.id = b.user_id WHERE b.team_id = ? AND b.user_id = ?"
    ));
    db.query(&sql, params![team, user]).await?.first().map(read).transpose()
}

/// Lists who is kept out of a team, by user id.
pub async fn list(db: &mut impl Queries, team: TeamId, slice: &Slice) -> Result<Vec<Ban>, StoreError> {
    let (filter, values) = slice.filter("b.user_id", "u.username_key");
    let sql = Sql::built(format!(
        "SELECT {BAN} FROM team_bans b JOIN users u ON u.id = b.user_id WHERE b.team_id = ?{filter}"
    ));
    let mut all = params![team];
    all.extend(values);
    db.query(&sql, all).await?.iter().map(read).collect()
}

/// Keeps a person out who was not kept out before.
pub async fn insert(
    db: &mut impl Queries,
    team: TeamId,
    user: UserId,
    banned_by: UserId,
    now: Time,
) -> Result<(), StoreError> {
    let sql = Sql::both("INSERT INTO team_bans (team_id, user_id, banned_by, created_at) VALUES (?,?,?,?)");
    db.execute(&sql, params![team, user, banned_by, now]).await.map(drop)
}

/// Lets a person in again; false where nobody kept the person out.
pub async fn remove(db: &mut impl Queries, team: TeamId, user: UserId) -> Result<bool, StoreError> {
    let sql = Sql::both("DELETE FROM team_bans WHERE team_id = ? AND user_id = ?");
    Ok(db.execute(&sql, params![team, user]).await? == 1)
}
