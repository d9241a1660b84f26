//! Rows of how far each follower has come in each channel.

use syncspace_protocol::{ChannelId, Rev, Seq, TeamId};

use super::{Queries, Row, Sql, StoreError, Tx, Value, padded, params, placeholders};

/// How far a follower has come in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The last change that was worked on.
    pub rev: Rev,
    /// Every message up to this place was worked on at least once.
    pub seq: Seq,
    /// The newest `rev` at which nothing was left to do: each later change of a text is still to be seen, also where `rev` is
    /// past it. A row comes with its last change, whatever that was.
    pub level_rev: Rev,
}

/// A channel with changes that a follower has not worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// The channel.
    pub channel: ChannelId,
    /// Its team.
    pub team: TeamId,
    /// The newest change of its stream.
    pub last_rev: Rev,
    /// Its newest message.
    pub last_seq: Seq,
    /// How far the follower has come; none where it was never there.
    pub mark: Option<Mark>,
}

impl Behind {
    /// Gives how many changes are left to do.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.last_rev.get().saturating_sub(self.from().rev.get())
    }

    /// Gives from where the work goes on.
    #[must_use]
    pub fn from(&self) -> Mark {
        self.mark.unwrap_or(Mark { rev: Rev::ZERO, seq: Seq::ZERO, level_rev: Rev::ZERO })
    }
}

const COLUMNS: &str = "h.channel_id, h.team_id, h.last_rev, h.last_seq, k.rev, k.seq, k.level_rev FROM channel_heads h \
                       LEFT JOIN follower_marks k ON k.follower = ? AND k.channel_id = h.channel_id";

fn read(row: &Row) -> Result<Behind, StoreError> {
    let mut row = row.reader();
    let (channel, team, last_rev, last_seq) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let (rev, seq, level): (Option<Rev>, Option<Seq>, Option<Rev>) = (row.take()?, row.take()?, row.take()?);
    let mark = rev.zip(seq).zip(level).map(|((rev, seq), level_rev)| Mark { rev, seq, level_rev });
    Ok(Behind { channel, team, last_rev, last_seq, mark })
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
pub async fn advance(tx: &mut Tx, follower: &str, from: &Behind, to: Mark) -> Result<bool, StoreError> {
    const UPDATE: Sql = Sql::both(
        "UPDATE follower_marks SET rev = ?, seq = ?, level_rev = ? \
         WHERE follower = ? AND channel_id = ? AND rev = ? AND seq = ?",
    );
    const INSERT: Sql =
        Sql::both("INSERT INTO follower_marks (follower, channel_id, rev, seq, level_rev) VALUES (?,?,?,?,?)");
    if let Some(mark) = from.mark {
        let values = params![to.rev, to.seq, to.level_rev, follower, from.channel, mark.rev, mark.seq];
        return Ok(tx.execute(&UPDATE, values).await? == 1);
    }
    match tx.execute(&INSERT, params![follower, from.channel, to.rev, to.seq, to.level_rev]).await {
        Ok(_) => Ok(true),
        Err(StoreError::Duplicate { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Moves a follower's mark back to a rev, unless it stands there or before: what comes after is worked on again.
///
/// Work that is under way is begun anew in any case, because the mark is no longer what it was read as. Only for followers to
/// whom its place says nothing.
pub async fn step_back(tx: &mut Tx, follower: &str, channel: ChannelId, to: Rev) -> Result<(), StoreError> {
    const PUT: Sql = Sql::pair(
        "INSERT INTO follower_marks (follower, channel_id, rev, seq) VALUES (?,?,0,1) \
         ON DUPLICATE KEY UPDATE rev = CASE WHEN rev < ? THEN rev ELSE ? END, seq = seq + 1",
        "INSERT INTO follower_marks (follower, channel_id, rev, seq) VALUES (?,?,0,1) \
         ON CONFLICT (follower, channel_id) DO UPDATE SET rev = CASE WHEN rev < ? THEN rev ELSE ? END, seq = seq + 1",
    );
    tx.execute(&PUT, params![follower, channel, to, to]).await.map(drop)
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
