//! Rows of messages that are to be sent later.

use syncspace_protocol::limits::SCHEDULED_MESSAGES_MAX;
use syncspace_protocol::scheduled::{Scheduled, ScheduledMessage, ScheduledState};
use syncspace_protocol::{ChannelId, MemberId, MessageId, Rev, ScheduledId, Seq, SessionId, Time, UserId};

use super::list::TimeSlice;
use super::messages::{FileList, file_list};
use super::{Queries, Row, RowReader, Sql, StoreError, params};

/// A message to be sent later, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledRow {
    /// As its author sees it.
    pub scheduled: Scheduled,
    /// The author in the team.
    pub member_id: MemberId,
    /// The author.
    pub user_id: UserId,
    /// The device it was written on.
    pub session_id: SessionId,
}

/// One that is due, and whose heads to lock for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its id.
    pub id: ScheduledId,
    /// The author in the team.
    pub member_id: MemberId,
    /// The channel it goes to.
    pub channel_id: ChannelId,
}

const SCHEDULED: &str = "id, team_id, channel_id, parent_message_id, content, send_at, state, failure, message_id, \
                         message_seq, created_at, updated_at, rev, files";

fn read(row: &Row) -> Result<Scheduled, StoreError> {
    read_from(&mut row.reader())
}

fn read_from(row: &mut RowReader<'_>) -> Result<Scheduled, StoreError> {
    Ok(Scheduled {
        id: row.take()?,
        team_id: row.take()?,
        channel_id: row.take()?,
        parent_message_id: row.take()?,
        content: row.take()?,
        send_at: row.take()?,
        state: row.take()?,
        failure: row.take()?,
        message: read_place(row)?,
        created_at: row.take()?,
        updated_at: row.take()?,
        rev: row.take()?,
        files: row.take::<Option<FileList>>()?.unwrap_or_default().0,
    })
}

fn read_place(row: &mut RowReader<'_>) -> Result<Option<ScheduledMessage>, StoreError> {
    let (id, seq): (Option<MessageId>, Option<Seq>) = (row.take()?, row.take()?);
    Ok(id.zip(seq).map(|(id, seq)| ScheduledMessage { id, seq }))
}

/// Tells whether lists show it.
const fn is_open(state: ScheduledState) -> bool {
    matches!(state, ScheduledState::Waiting | ScheduledState::Failed)
}

/// Gives when the clock sends it.
fn due_at(scheduled: &Scheduled) -> Option<Time> {
    (scheduled.state == ScheduledState::Waiting).then_some(scheduled.send_at)
}

/// Puts in a new one.
pub async fn insert(db: &mut impl Queries, row: &ScheduledRow) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO scheduled_messages (id, member_id, team_id, user_id, session_id, channel_id, parent_message_id, \
         content, state, is_open, send_at, due_at, failure, message_id, message_seq, created_at, updated_at, rev, files) \
         VALUES (?,?,?,?,?,?,?,?,?,?,?,?,NULL,NULL,NULL,?,?,?,?)",
    );
    let ScheduledRow { scheduled, member_id, user_id, session_id } = row;
    let values = params![
        scheduled.id,
        *member_id,
        scheduled.team_id,
        *user_id,
        *session_id,
        scheduled.channel_id,
        scheduled.parent_message_id,
        &scheduled.content,
        scheduled.state,
        is_open(scheduled.state),
        scheduled.send_at,
        due_at(scheduled),
        scheduled.created_at,
        scheduled.updated_at,
        scheduled.rev,
        file_list(&scheduled.files)
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Writes what can change of one.
pub async fn update(db: &mut impl Queries, scheduled: &Scheduled) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE scheduled_messages SET content = ?, state = ?, is_open = ?, send_at = ?, due_at = ?, failure = ?, \
         message_id = ?, message_seq = ?, updated_at = ?, rev = ?, files = ? WHERE id = ?",
    );
    let values = params![
        &scheduled.content,
        scheduled.state,
        is_open(scheduled.state),
        scheduled.send_at,
        due_at(scheduled),
        scheduled.failure.clone(),
        scheduled.message.map(|message| message.id),
        scheduled.message.map(|message| message.seq),
        scheduled.updated_at,
        scheduled.rev,
        file_list(&scheduled.files),
        scheduled.id
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Finds a member's own one, also when it is in no list any more.
pub async fn find(
    db: &mut impl Queries,
    member: MemberId,
    id: ScheduledId,
) -> Result<Option<ScheduledRow>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {SCHEDULED}, member_id, user_id, session_id FROM scheduled_messages WHERE id = ? AND member_id = ?"
    ));
    let rows = db.query(&sql, params![id, member]).await?;
    let row = rows.first().map(|row| {
        let mut row = row.reader();
        Ok(ScheduledRow {
            scheduled: read_from(&mut row)?,
            member_id: row.take()?,
            user_id: row.take()?,
            session_id: row.take()?,
        })
    });
    row.transpose()
}

/// Counts those of a member that lists show, up to as many as a person may have.
pub async fn count_open(db: &mut impl Queries, member: MemberId) -> Result<u64, StoreError> {
    let sql = Sql::built(format!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM scheduled_messages WHERE member_id = ? AND is_open = 1 \
         LIMIT {SCHEDULED_MESSAGES_MAX}) AS open_ones"
    ));
    let row = db.query_first(&sql, params![member]).await?;
    row.map_or(Ok(0), |row| row.reader().take())
}

/// Lists those of a member that wait or failed, by time.
pub async fn list_open(
    db: &mut impl Queries,
    member: MemberId,
    slice: &TimeSlice,
) -> Result<Vec<Scheduled>, StoreError> {
    let (filter, values) = slice.filter("send_at", "id");
    let sql =
        Sql::built(format!("SELECT {SCHEDULED} FROM scheduled_messages WHERE member_id = ? AND is_open = 1{filter}"));
    let mut all = params![member];
    all.extend(values);
    db.query(&sql, all).await?.iter().map(read).collect()
}

/// Lists a member's ones that changed after a rev, by rev.
pub async fn list_changes(
    db: &mut impl Queries,
    member: MemberId,
    after: Rev,
    limit: u32,
) -> Result<Vec<Scheduled>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {SCHEDULED} FROM scheduled_messages WHERE member_id = ? AND rev > ? ORDER BY rev LIMIT ?"
    ));
    db.query(&sql, params![member, after, limit]).await?.iter().map(read).collect()
}

/// Gives when the next one is due, if any waits.
pub async fn next_due(db: &mut impl Queries) -> Result<Option<Time>, StoreError> {
    let row = db.query_first(&Sql::both("SELECT MIN(due_at) FROM scheduled_messages"), params![]).await?;
    row.map_or(Ok(None), |row| row.reader().take())
}

/// Lets the clock pass over one that is due until a later time; its form stays.
pub async fn put_off(db: &mut impl Queries, id: ScheduledId, now: Time, until: Time) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE scheduled_messages SET due_at = ? WHERE id = ? AND due_at <= ?");
    db.execute(&sql, params![until, id, now]).await.map(drop)
}

/// Lists those that are due, the longest waiting first.
pub async fn list_due(db: &mut impl Queries, now: Time, limit: u32) -> Result<Vec<Due>, StoreError> {
    let sql = Sql::both(
        "SELECT id, member_id, channel_id FROM scheduled_messages WHERE due_at <= ? ORDER BY due_at, id LIMIT ?",
    );
    let rows = db.query(&sql, params![now, limit]).await?;
    let due = rows.iter().map(|row| {
        let mut row = row.reader();
        Ok(Due { id: row.take()?, member_id: row.take()?, channel_id: row.take()? })
    });
    due.collect()
}
