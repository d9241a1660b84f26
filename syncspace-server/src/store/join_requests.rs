//! Rows of who asks to come into a team: the last request of each person.

use syncspace_protocol::join_requests::{JoinRequest, JoinRequestState, MyJoinRequest};
use syncspace_protocol::{Rev, TeamId, UserId};

use super::list::{Slice, TimeSlice};
use super::teams::{TEAM, read_team};
use super::{Queries, Row, Sql, StoreError, params};

const REQUEST: &str =
    "j.team_id, j.user_id, u.username, j.message, j.state, j.created_at, j.decided_by, j.decided_at, j.rev";

fn read(row: &Row) -> Result<JoinRequest, StoreError> {
    let mut row = row.reader();
    Ok(JoinRequest {
        team_id: row.take()?,
        user_id: row.take()?,
        username: row.take()?,
        message: row.take()?,
        state: row.take()?,
        created_at: row.take()?,
        decided_by: row.take()?,
        decided_at: row.take()?,
        rev: row.take()?,
    })
}

/// Finds the last request of a person, also where it is no longer open.
pub async fn find(db: &mut impl Queries, team: TeamId, user: UserId) -> Result<Option<JoinRequest>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {REQUEST} FROM join_requests j JOIN users u ON u.id = j.user_id WHERE j.team_id = ? AND j.user_id = ?"
    ));
    db.query(&sql, params![team, user]).await?.first().map(read).transpose()
}

/// Writes a request in place of the person's last one.
pub async fn put(db: &mut impl Queries, request: &JoinRequest) -> Result<(), StoreError> {
    const PUT: Sql = Sql::pair(
        "INSERT INTO join_requests (team_id, user_id, message, state, is_open, created_at, decided_by, decided_at, rev) \
         VALUES (?,?,?,?,?,?,?,?,?) ON DUPLICATE KEY UPDATE message = VALUES(message), state = VALUES(state), \
         is_open = VALUES(is_open), created_at = VALUES(created_at), decided_by = VALUES(decided_by), \
         decided_at = VALUES(decided_at), rev = VALUES(rev)",
        "INSERT INTO join_requests (team_id, user_id, message, state, is_open, created_at, decided_by, decided_at, rev) \
         VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (team_id, user_id) DO UPDATE SET message = excluded.message, \
         state = excluded.state, is_open = excluded.is_open, created_at = excluded.created_at, \
         decided_by = excluded.decided_by, decided_at = excluded.decided_at, rev = excluded.rev",
    );
    let values = params![
        request.team_id,
        request.user_id,
        request.message.clone(),
        request.state,
        request.state == JoinRequestState::Open,
        request.created_at,
        request.decided_by,
        request.decided_at,
        request.rev
    ];
    db.execute(&PUT, values).await.map(drop)
}

/// Counts the open requests of a team.
pub async fn count_open(db: &mut impl Queries, team: TeamId) -> Result<u64, StoreError> {
    let sql = Sql::both("SELECT COUNT(*) FROM join_requests WHERE team_id = ? AND is_open = 1");
    let row = db.query_first(&sql, params![team]).await?;
    row.map_or(Ok(0), |row| row.reader().take())
}

/// Counts the open requests of a person, to teams that it still finds.
pub async fn count_open_of(db: &mut impl Queries, user: UserId) -> Result<u64, StoreError> {
    let sql = Sql::both(
        "SELECT COUNT(*) FROM join_requests j JOIN teams t ON t.id = j.team_id \
         WHERE j.user_id = ? AND j.is_open = 1 AND t.is_public = 1 AND t.deleted_at IS NULL",
    );
    let row = db.query_first(&sql, params![user]).await?;
    row.map_or(Ok(0), |row| row.reader().take())
}

/// Lists who has an open request to a team.
pub async fn list_askers(db: &mut impl Queries, team: TeamId) -> Result<Vec<UserId>, StoreError> {
    let sql = Sql::both("SELECT user_id FROM join_requests WHERE team_id = ? AND is_open = 1");
    db.query(&sql, params![team]).await?.iter().map(|row| row.reader().take()).collect()
}

/// Lists the open requests of a team whose accounts are not switched off, by time.
pub async fn list_open(db: &mut impl Queries, team: TeamId, slice: &TimeSlice) -> Result<Vec<JoinRequest>, StoreError> {
    let (filter, values) = slice.filter("j.created_at", "j.user_id");
    // STRAIGHT_JOIN, CROSS JOIN: the requests in their order, then their people.
    let text = |join: &str| {
        format!(
            "SELECT {REQUEST} FROM join_requests j {join} users u ON u.id = j.user_id \
             WHERE j.team_id = ? AND j.is_open = 1 AND u.is_active = 1{filter}"
        )
    };
    let mut all = params![team];
    all.extend(values);
    let sql = Sql::built_pair(text("STRAIGHT_JOIN"), text("CROSS JOIN"));
    db.query(&sql, all).await?.iter().map(read).collect()
}

/// Lists the requests of a team that changed after a rev, in its order.
pub async fn list_changes(
    db: &mut impl Queries,
    team: TeamId,
    after: Rev,
    limit: u32,
) -> Result<Vec<JoinRequest>, StoreError> {
    let text = |join: &str| {
        format!(
            "SELECT {REQUEST} FROM join_requests j {join} users u ON u.id = j.user_id \
             WHERE j.team_id = ? AND j.rev > ? ORDER BY j.rev LIMIT {limit}"
        )
    };
    let sql = Sql::built_pair(text("STRAIGHT_JOIN"), text("CROSS JOIN"));
    db.query(&sql, params![team, after]).await?.iter().map(read).collect()
}

/// Lists a person's last requests to teams that it finds, but for those it took back, by team.
pub async fn list_of(db: &mut impl Queries, user: UserId, slice: &Slice) -> Result<Vec<MyJoinRequest>, StoreError> {
    let (filter, values) = slice.filter("j.team_id", "t.name_key");
    let sql = Sql::built(format!(
        "SELECT {TEAM}, j.message, j.state, j.created_at, j.decided_at FROM join_requests j \
         JOIN teams t ON t.id = j.team_id WHERE j.user_id = ? AND j.state <> 'withdrawn' \
         AND t.is_public = 1 AND t.deleted_at IS NULL{filter}"
    ));
    let mut all = params![user];
    all.extend(values);
    let rows = db.query(&sql, all).await?;
    let mine = rows.iter().map(|row| {
        let mut row = row.reader();
        Ok(MyJoinRequest {
            team: read_team(&mut row)?,
            message: row.take()?,
            state: row.take()?,
            created_at: row.take()?,
            decided_at: row.take()?,
        })
    });
    mine.collect()
}
