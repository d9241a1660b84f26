//! Rows of how far each follower has come in each channel.

use syncspace_protocol::{ChannelId, Rev, TeamId};

use super::{Queries, Row, Sql, StoreError, Tx, Value, padded, params, placeholders};

/// A channel with changes that a follower has not worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// The channel.
    pub channel: ChannelId,
    /// Its team.
    pub team: TeamId,
    /// The newest change of its stream.
    pub last_rev: Rev,
    /// The last change that was worked on; none where the follower was never there.
    pub mark: Option<Rev>,
}

impl Behind {
    /// Gives how many changes are left to do.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.last_rev.get().saturating_sub(self.mark.unwrap_or(Rev::ZERO).get())
    }
}

const COLUMNS: &str = "h.channel_id, h.team_id, h.last_rev, k.rev FROM channel_heads h \
                       LEFT JOIN follower_marks k ON k.follower = ? AND k.channel_id = h.channel_id";

fn read(row: &Row) -> Result<Behind, StoreError> {
    let mut row = row.reader();
    Ok(Behind { channel: row.take()?, team: row.take()?, last_rev: row.take()?, mark: row.take()? })
}

/// Finds which of these channels a follower is behind in; not more than a statement names.
pub async fn find_behind(
    db: &mut impl Queries,
    follower: &str,
    channels: &[ChannelId],
) -> Result<Vec<Behind>, StoreError> {
    if channels.is_empty() {
        return Ok(Vec::new());
    }
    let ids = padded(channels.iter().map(|&channel| Value::from(channel)).collect());
    let sql = Sql::built(format!(
        "SELECT {COLUMNS} WHERE h.channel_id IN ({}) ORDER BY h.channel_id",
        placeholders(ids.len())
    ));
    let mut values = params![follower];
    values.extend(ids);
    let rows = db.query(&sql, values).await?;
    let all: Vec<_> = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|channel| channel.changes() > 0).collect())
}

/// Looks at some channels after an id: gives those that a follower is behind in, and where to look next; nothing at the end.
pub async fn look_for_behind(
    db: &mut impl Queries,
    follower: &str,
    after: Option<ChannelId>,
    limit: u32,
) -> Result<(Vec<Behind>, Option<ChannelId>), StoreError> {
    let sql = Sql::built(format!("SELECT {COLUMNS} WHERE h.channel_id > ? ORDER BY h.channel_id LIMIT {limit}"));
    let after = after.map_or(Value::Int(0), Value::from);
    let rows = db.query(&sql, vec![follower.into(), after]).await?;
    let all: Vec<_> = rows.iter().map(read).collect::<Result<_, _>>()?;
    let is_last = u32::try_from(all.len()).is_ok_and(|count| count < limit);
    let next = all.last().filter(|_| !is_last).map(|last| last.channel);
    Ok((all.into_iter().filter(|channel| channel.changes() > 0).collect(), next))
}

/// Moves a follower's mark, if it still stands where it was read; else another instance has done the work.
///
/// Whoever moved it has the row until the transaction ends.
pub async fn advance(tx: &mut Tx, follower: &str, from: &Behind, to: Rev) -> Result<bool, StoreError> {
    const UPDATE: Sql =
        Sql::both("UPDATE follower_marks SET rev = ? WHERE follower = ? AND channel_id = ? AND rev = ?");
    const INSERT: Sql = Sql::both("INSERT INTO follower_marks (follower, channel_id, rev) VALUES (?,?,?)");
    if let Some(mark) = from.mark {
        return Ok(tx.execute(&UPDATE, params![to, follower, from.channel, mark]).await? == 1);
    }
    match tx.execute(&INSERT, params![follower, from.channel, to]).await {
        Ok(_) => Ok(true),
        Err(StoreError::Duplicate { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Forgets how far a follower has come everywhere, a bounded number of channels at a time; tells whether that was all.
pub async fn forget(db: &mut impl Queries, follower: &str, limit: u32) -> Result<bool, StoreError> {
    let list = Sql::built(format!("SELECT channel_id FROM follower_marks WHERE follower = ? LIMIT {limit}"));
    let rows = db.query(&list, params![follower]).await?;
    let mut values = params![follower];
    for row in &rows {
        values.push(row.reader().take::<ChannelId>()?.into());
    }
    if rows.is_empty() {
        return Ok(true);
    }
    let sql = Sql::built(format!(
        "DELETE FROM follower_marks WHERE follower = ? AND channel_id IN ({})",
        placeholders(rows.len())
    ));
    db.execute(&sql, values).await?;
    Ok(u32::try_from(rows.len()).is_ok_and(|count| count < limit))
}
