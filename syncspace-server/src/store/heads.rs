//! Heads: the last numbers of each stream, locked first by whoever writes into it.

use std::collections::BTreeMap;

use syncspace_protocol::{ChannelId, MemberId, Rev, Seq, StreamId, TeamId};

use super::{Many, ManySql, Queries, RowReader, Sql, Statement, StoreError, Value, padded, params, placeholders};

/// Last and first numbers of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The team that owns the stream; with it a shard is chosen.
    pub team: TeamId,
    /// Place of the newest message; stays 0 but for channels.
    pub last_seq: Seq,
    /// Number of the newest change.
    pub last_rev: Rev,
    /// Messages up to this place are no longer kept.
    pub floor_seq: Seq,
    /// Changes up to this number are no longer kept one by one.
    pub floor_rev: Rev,
}

impl Head {
    /// Gives the head of a stream in which nothing has happened yet.
    #[must_use]
    pub const fn new(team: TeamId) -> Self {
        Self { team, last_seq: Seq::ZERO, last_rev: Rev::ZERO, floor_seq: Seq::ZERO, floor_rev: Rev::ZERO }
    }
}

/// Heads by stream, in lock order.
pub type Heads = BTreeMap<StreamId, Head>;

/// Locks heads for the rest of the transaction, in the order of their ids; streams that do not exist are left out.
pub async fn lock(db: &mut impl Queries, streams: &[StreamId]) -> Result<Heads, StoreError> {
    let mut sorted = streams.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let kinds: Vec<_> = sorted.chunk_by(is_same_kind).collect();
    let lookups = kinds.iter().map(|kind| {
        let mut lookup = Many::with_capacity(lock_of(kind[0]), kind.len());
        kind.iter().for_each(|&stream| lookup.push([number(stream)]));
        lookup
    });
    let lookups: Vec<_> = lookups.collect();
    let mut heads = Heads::new();
    for (kind, rows) in kinds.iter().zip(db.query_many(lookups).await?) {
        for row in rows {
            let (stream, head) = read_head(kind[0], &mut row.reader())?;
            heads.insert(stream, head);
        }
    }
    Ok(heads)
}

/// Most streams of a kind read by one statement.
const STREAMS_PER_READ: usize = 512;

/// Reads heads, many per statement and the kinds together; streams that do not exist are left out.
pub async fn load(db: &mut impl Queries, streams: &[StreamId]) -> Result<Heads, StoreError> {
    let mut sorted = streams.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut kinds: Vec<_> = sorted.chunk_by(is_same_kind).map(|kind| kind.chunks(STREAMS_PER_READ)).collect();
    let mut heads = Heads::new();
    loop {
        let chunks: Vec<&[StreamId]> = kinds.iter_mut().filter_map(Iterator::next).collect();
        if chunks.is_empty() {
            return Ok(heads);
        }
        let (mut parts, mut values) = (Vec::new(), Vec::new());
        for chunk in &chunks {
            let (name, id, seqs) = names(chunk[0]);
            let ids = padded(chunk.iter().map(|&stream| number(stream)).collect());
            let places = placeholders(ids.len());
            let kind = parts.len();
            parts.push(format!(
                "SELECT {kind} AS kind, {id}, team_id, last_rev, floor_rev{seqs} FROM {name} WHERE {id} IN ({places})"
            ));
            values.extend(ids);
        }
        for row in db.query(&Sql::built(parts.join(" UNION ALL ")), values).await? {
            let mut reader = row.reader();
            let kind: u32 = reader.take()?;
            let kind = usize::try_from(kind).ok().and_then(|kind| chunks.get(kind)?.first());
            let kind = kind.ok_or(StoreError::Corrupt { column: 0, expected: "the number of a kind" })?;
            let (stream, head) = read_head(*kind, &mut reader)?;
            heads.insert(stream, head);
        }
    }
}

fn is_same_kind(one: &StreamId, other: &StreamId) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn read_head(kind: StreamId, row: &mut RowReader<'_>) -> Result<(StreamId, Head), StoreError> {
    let stream = match kind {
        StreamId::Channel(_) => StreamId::Channel(row.take::<ChannelId>()?),
        StreamId::Team(_) => StreamId::Team(row.take::<TeamId>()?),
        StreamId::Member(_) => StreamId::Member(row.take::<MemberId>()?),
    };
    let mut head = Head::new(row.take()?);
    head.last_rev = row.take()?;
    head.floor_rev = row.take()?;
    if matches!(kind, StreamId::Channel(_)) {
        head.last_seq = row.take()?;
        head.floor_seq = row.take()?;
    }
    Ok((stream, head))
}

/// Makes the head of a new stream.
pub async fn insert(db: &mut impl Queries, stream: StreamId, team: TeamId) -> Result<(), StoreError> {
    let (sql, values) = match stream {
        StreamId::Channel(id) => (
            Sql::both(
                "INSERT INTO channel_heads (channel_id, team_id, last_seq, last_rev, floor_seq, floor_rev) VALUES (?,?,0,0,0,0)",
            ),
            params![id, team],
        ),
        StreamId::Team(id) => {
            (Sql::both("INSERT INTO team_heads (team_id, last_rev, floor_rev) VALUES (?,0,0)"), params![id])
        }
        StreamId::Member(id) => (
            Sql::both("INSERT INTO member_heads (member_id, team_id, last_rev, floor_rev) VALUES (?,?,0,0)"),
            params![id, team],
        ),
    };
    db.execute(&sql, values).await.map(drop)
}

/// Gives the statement that writes the new last numbers of a locked head.
pub fn update(stream: StreamId, head: &Head) -> Statement {
    match stream {
        StreamId::Channel(id) => Statement {
            sql: Sql::both("UPDATE channel_heads SET last_rev = ?, last_seq = ? WHERE channel_id = ?"),
            params: params![head.last_rev, head.last_seq, id],
        },
        StreamId::Team(id) => Statement {
            sql: Sql::both("UPDATE team_heads SET last_rev = ? WHERE team_id = ?"),
            params: params![head.last_rev, id],
        },
        StreamId::Member(id) => Statement {
            sql: Sql::both("UPDATE member_heads SET last_rev = ? WHERE member_id = ?"),
            params: params![head.last_rev, id],
        },
    }
}

/// Raises the floor of a locked channel.
pub async fn raise_floor(db: &mut impl Queries, channel: ChannelId, floor: Seq, rev: Rev) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE channel_heads SET floor_seq = ?, floor_seq_rev = ? WHERE channel_id = ?");
    db.execute(&sql, params![floor, rev, channel]).await.map(drop)
}

/// Finds how far the floor of a channel was raised, and at which rev, where that was after a rev.
pub async fn find_floor(
    db: &mut impl Queries,
    channel: ChannelId,
    after: Rev,
) -> Result<Option<(Seq, Rev)>, StoreError> {
    let sql =
        Sql::both("SELECT floor_seq, floor_seq_rev FROM channel_heads WHERE channel_id = ? AND floor_seq_rev > ?");
    let row = db.query_first(&sql, params![channel, after]).await?;
    row.map(|row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    })
    .transpose()
}

/// Makes the statement that locks heads of one kind; `$seqs` are further columns that only this one has.
macro_rules! lock_of {
    ($name:literal, $id:literal, $seqs:literal) => {
        &ManySql {
            width: 1,
            // In a small table the plan would be to read, and lock, every row.
            start: concat!(
                "SELECT ",
                $id,
                ", team_id, last_rev, floor_rev",
                $seqs,
                " FROM ",
                $name,
                " FORCE INDEX (PRIMARY) WHERE ",
                $id,
                " IN ("
            ),
            each: "?",
            between: ",",
            end: concat!(") ORDER BY ", $id, " FOR UPDATE"),
            sqlite: concat!(
                "SELECT ",
                $id,
                ", team_id, last_rev, floor_rev",
                $seqs,
                " FROM ",
                $name,
                " WHERE ",
                $id,
                " = ?"
            ),
        }
    };
}

const fn lock_of(stream: StreamId) -> &'static ManySql {
    match stream {
        StreamId::Channel(_) => lock_of!("channel_heads", "channel_id", ", last_seq, floor_seq"),
        StreamId::Team(_) => lock_of!("team_heads", "team_id", ""),
        StreamId::Member(_) => lock_of!("member_heads", "member_id", ""),
    }
}

/// Gives table, column of ids, and what stands for the columns that only channels have.
const fn names(stream: StreamId) -> (&'static str, &'static str, &'static str) {
    match stream {
        StreamId::Channel(_) => ("channel_heads", "channel_id", ", last_seq, floor_seq"),
        StreamId::Team(_) => ("team_heads", "team_id", ", 0, 0"),
        StreamId::Member(_) => ("member_heads", "member_id", ", 0, 0"),
    }
}

fn number(stream: StreamId) -> Value {
    match stream {
        StreamId::Channel(id) => Value::from(id),
        StreamId::Team(id) => Value::from(id),
        StreamId::Member(id) => Value::from(id),
    }
}
