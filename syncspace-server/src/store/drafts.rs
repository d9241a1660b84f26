//! Rows of what a person has typed and not sent; an empty one is a tombstone.

use syncspace_protocol::limits::DRAFTS_MAX;
use syncspace_protocol::personal::Draft;
use syncspace_protocol::{ChannelId, MemberId, Rev, Seq, TeamId, UserId};

use super::{Queries, Row, Sql, Statement, StoreError, params};

const DRAFT: &str = "d.channel_id, d.parent_seq, d.content, d.updated_at, d.rev";

fn read(row: &Row) -> Result<Draft, StoreError> {
    let mut row = row.reader();
    let channel_id = row.take()?;
    let parent: Seq = row.take()?;
    Ok(Draft {
        channel_id,
        parent_seq: (parent != Seq::ZERO).then_some(parent),
        content: row.take()?,
        updated_at: row.take()?,
        rev: row.take()?,
    })
}

/// Finds a person's draft in a channel or thread, also an empty one.
pub async fn find(
    db: &mut impl Queries,
    member: MemberId,
    channel: ChannelId,
    parent: Option<Seq>,
) -> Result<Option<Draft>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {DRAFT} FROM drafts d WHERE d.member_id = ? AND d.channel_id = ? AND d.parent_seq = ?"
    ));
    let values = params![member, channel, parent.unwrap_or(Seq::ZERO)];
    db.query(&sql, values).await?.first().map(read).transpose()
}

/// Drafts that a person can see: those in channels that it is in.
const SEEN: &str = "FROM drafts d JOIN channels c ON c.id = d.channel_id AND c.deleted_at IS NULL \
                    JOIN channel_members cm ON cm.channel_id = d.channel_id AND cm.user_id = ? AND cm.left_at IS NULL \
                    WHERE d.member_id = ? AND d.content <> ''";

/// Counts the drafts that [`list`] shows, up to as many as a person may have.
pub async fn count(db: &mut impl Queries, person: (MemberId, UserId)) -> Result<u64, StoreError> {
    let Statement { sql, params } = count_statement(person);
    let rows = db.query(&sql, params).await?;
    rows.first().map_or(Ok(0), |row| row.reader().take())
}

/// Gives the statement of [`count`].
#[must_use]
pub fn count_statement((member, user): (MemberId, UserId)) -> Statement {
    let sql = Sql::built(format!("SELECT COUNT(*) FROM (SELECT 1 {SEEN} LIMIT {DRAFTS_MAX}) AS seen"));
    Statement { sql, params: params![user, member] }
}

/// Lists a person's drafts before a rev in channels that the person is in, the last changed first.
pub async fn list(
    db: &mut impl Queries,
    (member, user): (MemberId, UserId),
    before: Rev,
    limit: u32,
) -> Result<Vec<Draft>, StoreError> {
    let Statement { sql, params } = list_statement((member, user), before, limit);
    db.query(&sql, params).await?.iter().map(read).collect()
}

/// Gives the statement of [`list`].
#[must_use]
pub fn list_statement((member, user): (MemberId, UserId), before: Rev, limit: u32) -> Statement {
    let sql = Sql::built(format!("SELECT {DRAFT} {SEEN} AND d.rev < ? ORDER BY d.rev DESC LIMIT {limit}"));
    Statement { sql, params: params![user, member, before] }
}

/// Lists drafts changed in a person's own stream after a rev, in its order.
pub async fn list_changes(
    db: &mut impl Queries,
    member: MemberId,
    after: Rev,
    limit: u32,
) -> Result<Vec<Draft>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {DRAFT} FROM drafts d WHERE d.member_id = ? AND d.rev > ? ORDER BY d.rev LIMIT {limit}"
    ));
    db.query(&sql, params![member, after]).await?.iter().map(read).collect()
}

/// Writes a person's draft.
pub async fn put(db: &mut impl Queries, member: MemberId, team: TeamId, draft: &Draft) -> Result<(), StoreError> {
    const PUT: Sql = Sql::pair(
        "INSERT INTO drafts (member_id, channel_id, parent_seq, team_id, content, updated_at, rev) VALUES (?,?,?,?,?,?,?) \
         ON DUPLICATE KEY UPDATE content = VALUES(content), updated_at = VALUES(updated_at), rev = VALUES(rev)",
        "INSERT INTO drafts (member_id, channel_id, parent_seq, team_id, content, updated_at, rev) VALUES (?,?,?,?,?,?,?) \
         ON CONFLICT (member_id, channel_id, parent_seq) DO UPDATE SET content = excluded.content, \
         updated_at = excluded.updated_at, rev = excluded.rev",
    );
    let parent = draft.parent_seq.unwrap_or(Seq::ZERO);
    let values = params![member, draft.channel_id, parent, team, &draft.content, draft.updated_at, draft.rev];
    db.execute(&PUT, values).await.map(drop)
}
