//! Rows of whom a person has muted in a team; who was muted once keeps a row that says no.

use syncspace_protocol::personal::{MutedUser, UserMute};
use syncspace_protocol::{MemberId, Rev, TeamId, UserId};

use super::list::Slice;
use super::teams::read_person;
use super::{Queries, Sql, StoreError, params};

/// Finds whether a person has muted another, where that was ever chosen.
pub async fn find(db: &mut impl Queries, member: MemberId, user: UserId) -> Result<Option<UserMute>, StoreError> {
    let sql = Sql::both("SELECT user_id, is_muted, rev FROM muted_users WHERE member_id = ? AND user_id = ?");
    let rows = db.query(&sql, params![member, user]).await?;
    rows.first()
        .map(|row| {
            let mut row = row.reader();
            Ok(UserMute { user_id: row.take()?, is_muted: row.take()?, rev: row.take()? })
        })
        .transpose()
}

/// Lists whom a person has muted, by user id.
pub async fn list(db: &mut impl Queries, member: MemberId, slice: &Slice) -> Result<Vec<MutedUser>, StoreError> {
    let (filter, values) = slice.filter("m.user_id", "u.username_key");
    let sql = Sql::built(format!(
        "SELECT u.id, u.username, u.full_name, u.avatar_url, u.is_active, u.is_bot, m.rev FROM muted_users m \
         JOIN users u ON u.id = m.user_id WHERE m.member_id = ? AND m.is_muted = 1{filter}"
    ));
    let mut all = params![member];
    all.extend(values);
    let rows = db.query(&sql, all).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            Ok(MutedUser { user: read_person(&mut row)?, rev: row.take()? })
        })
        .collect()
}

/// Lists what changed of it in a person's own stream after a rev, in its order.
pub async fn list_changes(
    db: &mut impl Queries,
    member: MemberId,
    after: Rev,
    limit: u32,
) -> Result<Vec<UserMute>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT user_id, is_muted, rev FROM muted_users WHERE member_id = ? AND rev > ? ORDER BY rev LIMIT {limit}"
    ));
    let rows = db.query(&sql, params![member, after]).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            Ok(UserMute { user_id: row.take()?, is_muted: row.take()?, rev: row.take()? })
        })
        .collect()
}

/// Writes whether a person has muted another.
pub async fn put(db: &mut impl Queries, member: MemberId, team: TeamId, mute: &UserMute) -> Result<(), StoreError> {
    const PUT: Sql = Sql::pair(
        "INSERT INTO muted_users (member_id, user_id, team_id, is_muted, rev) VALUES (?,?,?,?,?) \
         ON DUPLICATE KEY UPDATE is_muted = VALUES(is_muted), rev = VALUES(rev)",
        "INSERT INTO muted_users (member_id, user_id, team_id, is_muted, rev) VALUES (?,?,?,?,?) \
         ON CONFLICT (member_id, user_id) DO UPDATE SET is_muted = excluded.is_muted, rev = excluded.rev",
    );
    db.execute(&PUT, params![member, mute.user_id, team, mute.is_muted, mute.rev]).await.map(drop)
}
