//! What outgoing hooks are to be told: one row for each hook and message, without the text.

use syncspace_protocol::hooks::{Delivery, DeliveryState};
use syncspace_protocol::{ChannelId, DeliveryId, HookId, Seq, TeamId, Time};

use super::{Queries, Row, RowReader, Sql, Statement, StoreError, Value, params, placeholders};

/// One that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The hook.
    pub hook: HookId,
    /// The channel of the message.
    pub channel: ChannelId,
    /// The message.
    pub seq: Seq,
    /// How often it was tried.
    pub attempts: u32,
}

/// One that came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The hook.
    pub hook: HookId,
    /// The team.
    pub team: TeamId,
    /// The channel of the message.
    pub channel: ChannelId,
    /// The message.
    pub seq: Seq,
}

/// What came of a try.
#[derive(Debug, Clone)]
pub struct Tried {
    /// How far it has come by that.
    pub state: DeliveryState,
    /// When to try again.
    pub next_at: Option<Time>,
    /// Status of the answer, where there was one.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Puts in what came up; what is there already stays.
pub async fn insert_all(db: &mut impl Queries, new: &[NewDelivery], now: Time) -> Result<(), StoreError> {
    const INSERT: Sql = Sql::pair(
        "INSERT IGNORE INTO hook_deliveries (id, hook_id, team_id, channel_id, seq, state, attempts, next_at, created_at) \
         VALUES (?,?,?,?,?,?,0,?,?)",
        "INSERT OR IGNORE INTO hook_deliveries (id, hook_id, team_id, channel_id, seq, state, attempts, next_at, \
         created_at) VALUES (?,?,?,?,?,?,0,?,?)",
    );
    for row in new {
        let values = params![row.id, row.hook, row.team, row.channel, row.seq, DeliveryState::Waiting, now, now];
        db.execute(&INSERT, values).await?;
    }
    Ok(())
}

/// Puts in what came up and is given up at once.
pub async fn insert_failed(
    db: &mut impl Queries,
    new: &[NewDelivery],
    error: &str,
    now: Time,
) -> Result<(), StoreError> {
    const INSERT: Sql = Sql::pair(
        "INSERT IGNORE INTO hook_deliveries (id, hook_id, team_id, channel_id, seq, state, attempts, last_error, created_at, \
         done_at) VALUES (?,?,?,?,?,?,0,?,?,?)",
        "INSERT OR IGNORE INTO hook_deliveries (id, hook_id, team_id, channel_id, seq, state, attempts, last_error, \
         created_at, done_at) VALUES (?,?,?,?,?,?,0,?,?,?)",
    );
    for row in new {
        let values = params![row.id, row.hook, row.team, row.channel, row.seq, DeliveryState::Failed, error, now, now];
        db.execute(&INSERT, values).await?;
    }
    Ok(())
}

/// Counts what waits for a hook, up to `most`.
pub async fn count_waiting(db: &mut impl Queries, hook: HookId, most: u32) -> Result<u32, StoreError> {
    let Statement { sql, params } = waiting_statement(hook, most);
    db.query_first(&sql, params).await?.map_or(Ok(0), |row| row.reader().take())
}

/// Gives the statement of [`count_waiting`]: it reads the index alone.
#[must_use]
pub fn waiting_statement(hook: HookId, most: u32) -> Statement {
    let sql = Sql::both(
        "SELECT COUNT(*) FROM (SELECT 1 FROM hook_deliveries WHERE hook_id = ? AND next_at IS NOT NULL LIMIT ?) AS waiting",
    );
    Statement { sql, params: params![hook, most] }
}

/// Lists what is due, the longest waiting first, without that of some hooks.
pub async fn list_due(
    db: &mut impl Queries,
    now: Time,
    without: &[HookId],
    limit: u32,
) -> Result<Vec<DueDelivery>, StoreError> {
    let filter = if without.is_empty() {
        String::new()
    } else {
        format!(" AND hook_id NOT IN ({})", placeholders(without.len()))
    };
    let sql = Sql::built(format!(
        "SELECT id, hook_id, channel_id, seq, attempts FROM hook_deliveries WHERE next_at <= ?{filter} \
         ORDER BY next_at, id LIMIT {limit}"
    ));
    let mut values = params![now];
    values.extend(without.iter().map(|&hook| Value::from(hook)));
    let rows = db.query(&sql, values).await?;
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok(DueDelivery {
            id: row.take()?,
            hook: row.take()?,
            channel: row.take()?,
            seq: row.take()?,
            attempts: row.take()?,
        })
    };
    rows.iter().map(read).collect()
}

/// Finds when the next one is due.
pub async fn next_due(db: &mut impl Queries) -> Result<Option<Time>, StoreError> {
    let rows = db.query(&Sql::both("SELECT MIN(next_at) FROM hook_deliveries"), params![]).await?;
    rows.first().map_or(Ok(None), |row| row.reader().take())
}

/// Writes what came of a try.
pub async fn note_try(db: &mut impl Queries, id: DeliveryId, tried: &Tried, now: Time) -> Result<(), StoreError> {
    const UPDATE: Sql = Sql::both(
        "UPDATE hook_deliveries SET state = ?, attempts = attempts + 1, next_at = ?, last_status = ?, last_error = ?, \
         done_at = ? WHERE id = ?",
    );
    let done_at = tried.next_at.is_none().then_some(now);
    let status = tried.status.map(u32::from);
    db.execute(&UPDATE, params![tried.state, tried.next_at, status, tried.error.clone(), done_at, id]).await.map(drop)
}

/// Lists the newest of a hook, with ids below `before`.
pub async fn list_newest(
    db: &mut impl Queries,
    hook: HookId,
    before: u64,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    // MySQL would take the index of what waits, and sort.
    const SELECT: Sql = Sql::pair(
        "SELECT id, channel_id, seq, state, attempts, last_status, last_error, next_at, created_at FROM hook_deliveries \
         FORCE INDEX (hook_deliveries_hook) WHERE hook_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
        "SELECT id, channel_id, seq, state, attempts, last_status, last_error, next_at, created_at FROM hook_deliveries \
         WHERE hook_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
    );
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    let rows = db.query(&SELECT, params![hook, before, limit]).await?;
    rows.iter().map(|row| read(&mut row.reader())).collect()
}

fn read(row: &mut RowReader<'_>) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: row.take()?,
        channel_id: row.take()?,
        seq: row.take()?,
        state: row.take()?,
        attempts: row.take()?,
        last_status: row.take::<Option<u32>>()?.and_then(|status| status.try_into().ok()),
        last_error: row.take()?,
        next_at: row.take()?,
        created_at: row.take()?,
    })
}

/// Gives up what waits for a hook.
pub async fn give_up_all(db: &mut impl Queries, hook: HookId, now: Time) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE hook_deliveries SET state = ?, next_at = NULL, done_at = ? WHERE hook_id = ? AND next_at IS NOT NULL",
    );
    db.execute(&sql, params![DeliveryState::Failed, now, hook]).await.map(drop)
}

/// Removes those that were over before `time`, at most `limit` of them, and gives how many it removed.
pub async fn purge_before(db: &mut impl Queries, time: Time, limit: u32) -> Result<u64, StoreError> {
    const DELETE: Sql = Sql::pair(
        "DELETE FROM hook_deliveries WHERE done_at < ? ORDER BY done_at LIMIT ?",
        "DELETE FROM hook_deliveries WHERE id IN \
         (SELECT id FROM hook_deliveries WHERE done_at < ? ORDER BY done_at LIMIT ?)",
    );
    db.execute(&DELETE, params![time, limit]).await
}
