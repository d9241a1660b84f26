//! Bots: which team each account of a program belongs to.

use syncspace_protocol::bots::Bot;
use syncspace_protocol::{TeamId, Time, UserId};

use super::list::Slice;
use super::teams::{PERSON, read_person};
use super::{Queries, Row, Sql, StoreError, params};

fn read(row: &Row) -> Result<Bot, StoreError> {
    let mut row = row.reader();
    let user = read_person(&mut row)?;
    Ok(Bot { user, team_id: row.take()?, created_by: row.take()?, created_at: row.take()? })
}

fn select(rest: &str) -> Sql {
    Sql::built(format!(
        "SELECT {PERSON}, b.team_id, b.created_by, b.created_at FROM bots b JOIN users u ON u.id = b.user_id {rest}"
    ))
}

/// Puts a new bot in, whose account is there.
pub async fn insert(
    db: &mut impl Queries,
    (team, user): (TeamId, UserId),
    created_by: UserId,
    now: Time,
) -> Result<(), StoreError> {
    const INSERT: Sql = Sql::both("INSERT INTO bots (user_id, team_id, created_by, created_at) VALUES (?, ?, ?, ?)");
    db.execute(&INSERT, params![user, team, created_by, now]).await.map(drop)
}

/// Finds a bot of a team.
pub async fn find(db: &mut impl Queries, team: TeamId, user: UserId) -> Result<Option<Bot>, StoreError> {
    let rows = db.query(&select("WHERE b.user_id = ? AND b.team_id = ?"), params![user, team]).await?;
    rows.first().map(read).transpose()
}

/// Finds the team of a bot; none for a person.
pub async fn find_team(db: &mut impl Queries, user: UserId) -> Result<Option<TeamId>, StoreError> {
    const SELECT: Sql = Sql::both("SELECT team_id FROM bots WHERE user_id = ?");
    let rows = db.query(&SELECT, params![user]).await?;
    rows.first().map(|row| row.reader().take()).transpose()
}

/// Lists the bots of a team, by id.
pub async fn list(db: &mut impl Queries, team: TeamId, slice: &Slice) -> Result<Vec<Bot>, StoreError> {
    let (filter, values) = slice.filter("b.user_id", "u.username_key");
    let rows = db.query(&select(&format!("WHERE b.team_id = ?{filter}")), [params![team], values].concat()).await?;
    rows.iter().map(read).collect()
}

/// Counts the bots of a team.
pub async fn count(db: &mut impl Queries, team: TeamId) -> Result<u64, StoreError> {
    let rows = db.query(&Sql::both("SELECT COUNT(*) FROM bots WHERE team_id = ?"), params![team]).await?;
    rows.first().map_or(Ok(0), |row| row.reader().take())
}

/// Finds a bot of a team, whichever.
pub async fn find_any(db: &mut impl Queries, team: TeamId) -> Result<Option<UserId>, StoreError> {
    let sql = Sql::both("SELECT user_id FROM bots WHERE team_id = ? ORDER BY user_id LIMIT 1");
    db.query_first(&sql, params![team]).await?.map(|row| row.reader().take()).transpose()
}

/// Forgets whose bot an account was.
pub async fn remove(db: &mut impl Queries, user: UserId) -> Result<(), StoreError> {
    db.execute(&Sql::both("DELETE FROM bots WHERE user_id = ?"), params![user]).await.map(drop)
}
