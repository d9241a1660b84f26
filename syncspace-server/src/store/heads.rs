//! Heads: the last numbers of each stream, locked first by whoever writes into it.

use std::collections::BTreeMap;

use syncspace_protocol::{ChannelId, MemberId, Rev, Seq, StreamId, TeamId};

use super::{Many, ManySql, Queries, Row, Sql, Statement, StoreError, Value, params};

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
    read(db, streams, |kind| table(kind).lock).await
}

/// Reads heads, many per statement; streams that do not exist are left out.
pub async fn load(db: &mut impl Queries, streams: &[StreamId]) -> Result<Heads, StoreError> {
    read(db, streams, |kind| table(kind).load).await
}

async fn read(
    db: &mut impl Queries,
    streams: &[StreamId],
    sql: impl Fn(StreamId) -> &'static ManySql,
) -> Result<Heads, StoreError> {
    let mut sorted = streams.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let kinds: Vec<_> =
        sorted.chunk_by(|one, other| std::mem::discriminant(one) == std::mem::discriminant(other)).collect();
    let lookups = kinds.iter().map(|kind| {
        let mut lookup = Many::with_capacity(sql(kind[0]), kind.len());
        kind.iter().for_each(|&stream| lookup.push([number(stream)]));
        lookup
    });
    let lookups: Vec<_> = lookups.collect();
    let mut heads = Heads::new();
    for (kind, rows) in kinds.iter().zip(db.query_many(lookups).await?) {
        for row in rows {
            let (stream, head) = from_row(kind[0], &row)?;
            heads.insert(stream, head);
        }
    }
    Ok(heads)
}

fn from_row(kind: StreamId, row: &Row) -> Result<(StreamId, Head), StoreError> {
    let mut row = row.reader();
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

/// The statements that read the heads of one kind of stream.
struct Table {
    load: &'static ManySql,
    lock: &'static ManySql,
}

/// Makes a [`Table`]; `$seqs` are further columns that only this one has.
macro_rules! table {
    ($name:literal, $id:literal, $seqs:literal) => {
        Table { load: table!(@ $name, $id, $seqs, ""), lock: table!(@ $name, $id, $seqs, " FOR UPDATE") }
    };
    (@ $name:literal, $id:literal, $seqs:literal, $lock:literal) => {
        &ManySql {
            width: 1,
            // In a small table the plan would be to read, and lock, every row.
            start: concat!(
                "SELECT ", $id, ", team_id, last_rev, floor_rev", $seqs, " FROM ", $name, " FORCE INDEX (PRIMARY) WHERE ", $id, " IN ("
            ),
            each: "?",
            between: ",",
            end: concat!(") ORDER BY ", $id, $lock),
            sqlite: concat!("SELECT ", $id, ", team_id, last_rev, floor_rev", $seqs, " FROM ", $name, " WHERE ", $id, " = ?"),
        }
    };
}

const fn table(stream: StreamId) -> Table {
    match stream {
        StreamId::Channel(_) => table!("channel_heads", "channel_id", ", last_seq, floor_seq"),
        StreamId::Team(_) => table!("team_heads", "team_id", ""),
        StreamId::Member(_) => table!("member_heads", "member_id", ""),
    }
}

fn number(stream: StreamId) -> Value {
    match stream {
        StreamId::Channel(id) => Value::from(id),
        StreamId::Team(id) => Value::from(id),
        StreamId::Member(id) => Value::from(id),
    }
}
