//! Rows of how people stand to threads, what they have not read of them, and who takes part.

use std::collections::BTreeMap;

use syncspace_protocol::limits::{PARTICIPANT_REPLIES_MAX, THREAD_PARTICIPANTS_MAX, UNREAD_COUNT_MAX};
use syncspace_protocol::{ChannelId, MessageId, Rev, Seq, TeamId, Time, UserId};

use super::channel_members::Counts;
use super::{Many, ManySql, Queries, RowReader, Sql, Statement, StoreError, params};

/// Names a thread: the channel, and the place of its root.
pub type ThreadKey = (ChannelId, Seq);

/// How a person stands to a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadRow {
    /// The channel.
    pub channel: ChannelId,
    /// Place of the root.
    pub root_seq: Seq,
    /// Whether it stands among the person's threads.
    pub is_following: bool,
    /// Whether clients keep quiet about it.
    pub is_muted: bool,
    /// Read up to and with this place.
    pub last_read_seq: Seq,
    /// When the marker was last set, in the person's own stream; 0 where it never was.
    pub set_rev: Rev,
    /// Last change in the person's own stream; 0 where there was none.
    pub rev: Rev,
}

const THREAD: &str = "t.channel_id, t.root_seq, t.is_following, t.is_muted, t.last_read_seq, t.set_rev, t.rev";

fn read(row: &mut RowReader<'_>) -> Result<ThreadRow, StoreError> {
    Ok(ThreadRow {
        channel: row.take()?,
        root_seq: row.take()?,
        is_following: row.take()?,
        is_muted: row.take()?,
        last_read_seq: row.take()?,
        set_rev: row.take()?,
        rev: row.take()?,
    })
}

/// Somebody who comes into a thread by writing in it or being named in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The person.
    pub user: UserId,
    /// The team that owns the channel.
    pub team: TeamId,
    /// The thread.
    pub thread: ThreadKey,
    /// What the person has read by that.
    pub last_read_seq: Seq,
}

/// Lets people follow threads, each who never stood to the thread in any way; the others keep what they have.
pub async fn enter(db: &mut impl Queries, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut rows = Many::with_capacity(&ENTER, entries.len());
    for entry in entries {
        let (channel, root) = entry.thread;
        rows.push([entry.user.into(), channel.into(), root.into(), entry.team.into(), entry.last_read_seq.into()]);
    }
    db.execute_many(rows).await
}

const ENTER: ManySql = ManySql {
    width: 5,
    start: "INSERT INTO thread_members (user_id, channel_id, root_seq, team_id, is_following, is_muted, last_read_seq, \
            set_rev, rev) VALUES ",
    each: "(?,?,?,?,1,0,?,0,0)",
    between: ",",
    // Not INSERT IGNORE: that would pass over every other error too.
    end: " ON DUPLICATE KEY UPDATE user_id = thread_members.user_id",
    sqlite: "INSERT INTO thread_members (user_id, channel_id, root_seq, team_id, is_following, is_muted, last_read_seq, \
             set_rev, rev) VALUES (?,?,?,?,1,0,?,0,0) ON CONFLICT (user_id, channel_id, root_seq) DO NOTHING",
};

/// Finds how a person stands to a thread.
pub async fn find(
    db: &mut impl Queries,
    user: UserId,
    (channel, root): ThreadKey,
) -> Result<Option<ThreadRow>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {THREAD} FROM thread_members t WHERE t.user_id = ? AND t.channel_id = ? AND t.root_seq = ?"
    ));
    let rows = db.query(&sql, params![user, channel, root]).await?;
    rows.first().map(|row| read(&mut row.reader())).transpose()
}

/// Writes how a person stands to a thread.
pub async fn put(db: &mut impl Queries, user: UserId, team: TeamId, row: &ThreadRow) -> Result<(), StoreError> {
    const PUT: Sql = Sql::pair(
        "INSERT INTO thread_members (user_id, channel_id, root_seq, team_id, is_following, is_muted, last_read_seq, \
         set_rev, rev) VALUES (?,?,?,?,?,?,?,?,?) ON DUPLICATE KEY UPDATE is_following = VALUES(is_following), \
         is_muted = VALUES(is_muted), last_read_seq = VALUES(last_read_seq), set_rev = VALUES(set_rev), rev = VALUES(rev)",
        "INSERT INTO thread_members (user_id, channel_id, root_seq, team_id, is_following, is_muted, last_read_seq, \
         set_rev, rev) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (user_id, channel_id, root_seq) DO UPDATE SET \
         is_following = excluded.is_following, is_muted = excluded.is_muted, last_read_seq = excluded.last_read_seq, \
         set_rev = excluded.set_rev, rev = excluded.rev",
    );
    let values = params![
        user,
        row.channel,
        row.root_seq,
        team,
        row.is_following,
        row.is_muted,
        row.last_read_seq,
        row.set_rev,
        row.rev
    ];
    db.execute(&PUT, values).await.map(drop)
}

/// Moves a person's markers in all threads of each channel forward to a place, where they are before it.
pub async fn advance_all(db: &mut impl Queries, user: UserId, channels: &[(ChannelId, Seq)]) -> Result<(), StoreError> {
    let mut rows = Many::with_capacity(&ADVANCE, channels.len());
    channels.iter().for_each(|&(channel, seq)| rows.push([user.into(), channel.into(), seq.into()]));
    db.execute_many(rows).await
}

const ADVANCE: ManySql = ManySql {
    width: 3,
    start: "UPDATE (",
    each: "SELECT CAST(? AS SIGNED) AS user_id, CAST(? AS SIGNED) AS channel_id, CAST(? AS SIGNED) AS seq",
    between: " UNION ALL ",
    end: ") k STRAIGHT_JOIN thread_members t ON t.user_id = k.user_id AND t.channel_id = k.channel_id \
          AND t.last_read_seq < k.seq SET t.last_read_seq = k.seq",
    sqlite: "UPDATE thread_members SET last_read_seq = ?3 WHERE user_id = ?1 AND channel_id = ?2 AND last_read_seq < ?3",
};

/// A row of a person's own stream: how it stands to a thread, or its rev alone where the person is not in the channel.
pub enum ThreadChange {
    /// As it is now.
    Present(ThreadRow),
    /// Not for this person now.
    Hidden(Rev),
}

/// Stamps how a person stands to a thread, because what it holds for the person changed.
pub async fn touch(
    db: &mut impl Queries,
    user: UserId,
    (channel, root): ThreadKey,
    rev: Rev,
) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE thread_members SET rev = ? WHERE user_id = ? AND channel_id = ? AND root_seq = ?");
    db.execute(&sql, params![rev, user, channel, root]).await.map(drop)
}

/// Lists threads changed in a person's own stream after a rev, in its order.
pub async fn list_changes(
    db: &mut impl Queries,
    (user, team): (UserId, TeamId),
    after: Rev,
    limit: u32,
) -> Result<Vec<ThreadChange>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {THREAD}, m.joined_at FROM thread_members t JOIN channels c ON c.id = t.channel_id \
         LEFT JOIN channel_members m ON m.channel_id = t.channel_id AND m.user_id = t.user_id AND m.left_at IS NULL \
         AND c.deleted_at IS NULL WHERE t.user_id = ? AND t.team_id = ? AND t.rev > ? ORDER BY t.rev LIMIT {limit}"
    ));
    let rows = db.query(&sql, params![user, team, after]).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            let thread = read(&mut row)?;
            let is_member = row.take::<Option<Time>>()?.is_some();
            Ok(if is_member { ThreadChange::Present(thread) } else { ThreadChange::Hidden(thread.rev) })
        })
        .collect()
}

/// A place in a person's list of threads, which goes from the unread to the others, and from new to old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPlace {
    /// Whether something in the thread is unread and not muted.
    pub is_unread: bool,
    /// When the newest reply came; of a thread without one, when its root came.
    pub active_at: Time,
    /// The root's id, which decides where both are equal.
    pub root_id: MessageId,
}

/// Lists the threads that a person follows in channels it is in, the unread ones first, each with its place in the list.
pub async fn list(
    db: &mut impl Queries,
    person: (UserId, TeamId),
    after: Option<ListPlace>,
    limit: u32,
) -> Result<Vec<(ThreadRow, ListPlace)>, StoreError> {
    let Statement { sql, params } = list_statement(person, after, limit);
    let rows = db.query(&sql, params).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            let thread = read(&mut row)?;
            Ok((thread, ListPlace { is_unread: row.take()?, active_at: row.take()?, root_id: row.take()? }))
        })
        .collect()
}

/// Gives the statement of [`list`].
///
/// Which half a thread is in is found by one look into the index of its replies: the whole costs as many as the person
/// follows threads.
#[must_use]
pub fn list_statement((user, team): (UserId, TeamId), after: Option<ListPlace>, limit: u32) -> Statement {
    let (rest, values) = match after {
        None => ("", Vec::new()),
        Some(ListPlace { is_unread, active_at, root_id }) => (
            " WHERE (is_unread < ? OR (is_unread = ? AND (active_at < ? OR (active_at = ? AND root_id < ?))))",
            params![is_unread, is_unread, active_at, active_at, root_id],
        ),
    };
    let sql = Sql::built(format!(
        "SELECT * FROM (SELECT {THREAD}, CASE WHEN t.is_muted = 0 AND EXISTS (SELECT 1 FROM messages x \
         WHERE x.channel_id = t.channel_id AND x.parent_seq = t.root_seq AND x.seq > t.last_read_seq \
         AND x.deleted_at IS NULL AND x.message_type <> 'system' AND x.sender_id <> t.user_id) THEN 1 ELSE 0 END \
         AS is_unread, COALESCE(r.last_reply_at, r.created_at) AS active_at, r.id AS root_id \
         FROM thread_members t JOIN channels c ON c.id = t.channel_id AND c.deleted_at IS NULL \
         JOIN channel_members m ON m.channel_id = t.channel_id AND m.user_id = t.user_id AND m.left_at IS NULL \
         JOIN messages r ON r.channel_id = t.channel_id AND r.seq = t.root_seq \
         WHERE t.user_id = ? AND t.team_id = ? AND t.is_following = 1) AS threads{rest} \
         ORDER BY is_unread DESC, active_at DESC, root_id DESC LIMIT {limit}"
    ));
    let mut all = params![user, team];
    all.extend(values);
    Statement { sql, params: all }
}

/// Most threads counted in one statement.
const COUNTS_PER_STATEMENT: usize = 50;

/// Counts what a person has not read of each thread after a place, with the channel's rev at which that holds.
///
/// Counts and rev come from one statement, so they belong together.
pub async fn count(
    db: &mut impl Queries,
    user: UserId,
    markers: &[(ThreadKey, Seq)],
) -> Result<BTreeMap<ThreadKey, Counts>, StoreError> {
    let mut counts = BTreeMap::new();
    for chunk in markers.chunks(COUNTS_PER_STATEMENT) {
        let Statement { sql, params } = count_statement(user, chunk);
        for row in db.query(&sql, params).await? {
            let mut row = row.reader();
            let thread = (row.take()?, row.take()?);
            let as_of_rev = row.take()?;
            let [unread, mentions] = [row.take::<u32>()?, row.take::<u32>()?];
            counts.insert(thread, Counts { unread, mentions, as_of_rev });
        }
    }
    Ok(counts)
}

/// Gives the statement of [`count`] for a few threads.
///
/// Both halves walk the unread replies of the thread: what else was said or called in the channel meanwhile costs nothing.
#[must_use]
pub fn count_statement(user: UserId, markers: &[(ThreadKey, Seq)]) -> Statement {
    const ONE: &str = "SELECT h.channel_id, CAST(? AS SIGNED), h.last_rev, (SELECT COUNT(*) FROM (SELECT 1 FROM messages \
                       WHERE channel_id = ? AND parent_seq = ? AND seq > ? AND deleted_at IS NULL \
                       AND message_type <> 'system' AND sender_id <> ? LIMIT {max}) AS unread), \
                       (SELECT COUNT(*) FROM (SELECT 1 FROM messages r WHERE r.channel_id = ? AND r.parent_seq = ? \
                       AND r.seq > ? AND r.sender_id <> ? AND (EXISTS (SELECT 1 FROM message_mentions n \
                       WHERE n.channel_id = r.channel_id AND n.kind = 'user' AND n.target_id = ? AND n.seq = r.seq) \
                       OR EXISTS (SELECT 1 FROM message_mentions n WHERE n.channel_id = r.channel_id \
                       AND n.kind = 'channel' AND n.target_id = 0 AND n.seq = r.seq) \
                       OR EXISTS (SELECT 1 FROM message_mentions n WHERE n.channel_id = r.channel_id \
                       AND n.kind = 'keyword' AND n.target_id = ? AND n.seq = r.seq)) LIMIT {max}) AS mentions) \
                       FROM channel_heads h WHERE h.channel_id = ?";
    let one = ONE.replace("{max}", &UNREAD_COUNT_MAX.to_string());
    let text = vec![one.as_str(); markers.len()].join(" UNION ALL ");
    let values = markers.iter().flat_map(|&((channel, root), seq)| {
        params![root, channel, root, seq, user, channel, root, seq, user, user, user, channel]
    });
    Statement { sql: Sql::built(text), params: values.collect() }
}

/// Lists who wrote the newest replies of a thread, the last one first.
pub async fn list_participants(db: &mut impl Queries, (channel, root): ThreadKey) -> Result<Vec<UserId>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT sender_id FROM (SELECT sender_id, seq FROM messages WHERE channel_id = ? AND parent_seq = ? \
         AND deleted_at IS NULL ORDER BY seq DESC LIMIT {PARTICIPANT_REPLIES_MAX}) AS newest \
         GROUP BY sender_id ORDER BY MAX(seq) DESC LIMIT {THREAD_PARTICIPANTS_MAX}"
    ));
    db.query(&sql, params![channel, root]).await?.iter().map(|row| row.reader().take()).collect()
}
