//! Rows of what people want to be reminded of.

use syncspace_protocol::reminders::{Reminder, ReminderState};
use syncspace_protocol::{MemberId, ReminderId, Rev, SessionId, Time, UserId};

use super::list::TimeSlice;
use super::{Queries, Row, RowReader, Sql, StoreError, params};

/// A reminder, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReminderRow {
    /// As its person sees it.
    pub reminder: Reminder,
    /// The person in the team.
    pub member_id: MemberId,
    /// The person.
    pub user_id: UserId,
    /// The device it was made on.
    pub session_id: SessionId,
}

/// One that is due, and whose head to lock for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its id.
    pub id: ReminderId,
    /// The person in the team.
    pub member_id: MemberId,
}

const REMINDER: &str =
    "id, team_id, channel_id, seq, note, remind_at, state, is_message_gone, created_at, updated_at, rev";

fn read(row: &Row) -> Result<Reminder, StoreError> {
    read_from(&mut row.reader())
}

fn read_from(row: &mut RowReader<'_>) -> Result<Reminder, StoreError> {
    Ok(Reminder {
        id: row.take()?,
        team_id: row.take()?,
        channel_id: row.take()?,
        seq: row.take()?,
        note: row.take()?,
        remind_at: row.take()?,
        state: row.take()?,
        is_message_gone: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        rev: row.take()?,
    })
}

/// Tells whether lists show it.
const fn is_open(state: ReminderState) -> bool {
    matches!(state, ReminderState::Waiting | ReminderState::Due)
}

/// Gives when the clock has something to do with it.
fn due_at(reminder: &Reminder) -> Option<Time> {
    (reminder.state == ReminderState::Waiting).then_some(reminder.remind_at)
}

/// Puts in a new one.
pub async fn insert(db: &mut impl Queries, row: &ReminderRow) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO reminders (id, member_id, team_id, user_id, session_id, channel_id, seq, note, state, is_open, \
         is_message_gone, remind_at, due_at, created_at, updated_at, rev) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    );
    let ReminderRow { reminder, member_id, user_id, session_id } = row;
    let values = params![
        reminder.id,
        *member_id,
        reminder.team_id,
        *user_id,
        *session_id,
        reminder.channel_id,
        reminder.seq,
        reminder.note.clone(),
        reminder.state,
        is_open(reminder.state),
        reminder.is_message_gone,
        reminder.remind_at,
        due_at(reminder),
        reminder.created_at,
        reminder.updated_at,
        reminder.rev
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Writes what can change of one.
pub async fn update(db: &mut impl Queries, reminder: &Reminder) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE reminders SET note = ?, state = ?, is_open = ?, is_message_gone = ?, remind_at = ?, due_at = ?, \
         updated_at = ?, rev = ? WHERE id = ?",
    );
    let values = params![
        reminder.note.clone(),
        reminder.state,
        is_open(reminder.state),
        reminder.is_message_gone,
        reminder.remind_at,
        due_at(reminder),
        reminder.updated_at,
        reminder.rev,
        reminder.id
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Finds a member's own one, also when it is in no list any more.
pub async fn find(db: &mut impl Queries, member: MemberId, id: ReminderId) -> Result<Option<ReminderRow>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {REMINDER}, member_id, user_id, session_id FROM reminders WHERE id = ? AND member_id = ?"
    ));
    let rows = db.query(&sql, params![id, member]).await?;
    let row = rows.first().map(|row| {
        let mut row = row.reader();
        Ok(ReminderRow {
            reminder: read_from(&mut row)?,
            member_id: row.take()?,
            user_id: row.take()?,
            session_id: row.take()?,
        })
    });
    row.transpose()
}

/// Counts those of a member that lists show.
pub async fn count_open(db: &mut impl Queries, member: MemberId) -> Result<u64, StoreError> {
    let sql = Sql::both("SELECT COUNT(*) FROM reminders WHERE member_id = ? AND is_open = 1");
    let row = db.query_first(&sql, params![member]).await?;
    row.map_or(Ok(0), |row| row.reader().take())
}

/// Lists those of a member that wait or are due, by time.
pub async fn list_open(
    db: &mut impl Queries,
    member: MemberId,
    slice: &TimeSlice,
) -> Result<Vec<Reminder>, StoreError> {
    let (filter, values) = slice.filter("remind_at", "id");
    let sql = Sql::built(format!("SELECT {REMINDER} FROM reminders WHERE member_id = ? AND is_open = 1{filter}"));
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
) -> Result<Vec<Reminder>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {REMINDER} FROM reminders WHERE member_id = ? AND rev > ? ORDER BY rev LIMIT {limit}"
    ));
    db.query(&sql, params![member, after]).await?.iter().map(read).collect()
}

/// Finds when the next one is due, if any waits.
pub async fn next_due(db: &mut impl Queries) -> Result<Option<Time>, StoreError> {
    let row = db.query_first(&Sql::both("SELECT MIN(due_at) FROM reminders"), params![]).await?;
    row.map_or(Ok(None), |row| row.reader().take())
}

/// Lets the clock pass over one that is due until a later time; its form stays.
pub async fn put_off(db: &mut impl Queries, id: ReminderId, now: Time, until: Time) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE reminders SET due_at = ? WHERE id = ? AND due_at <= ?");
    db.execute(&sql, params![until, id, now]).await.map(drop)
}

/// Lists those that are due, the longest waiting first.
pub async fn list_due(db: &mut impl Queries, now: Time, limit: u32) -> Result<Vec<Due>, StoreError> {
    let sql = Sql::both("SELECT id, member_id FROM reminders WHERE due_at <= ? ORDER BY due_at, id LIMIT ?");
    let rows = db.query(&sql, params![now, limit]).await?;
    let due = rows.iter().map(|row| {
        let mut row = row.reader();
        Ok(Due { id: row.take()?, member_id: row.take()? })
    });
    due.collect()
}
