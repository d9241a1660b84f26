//! Rows of what a person has saved; a message that was saved once keeps a row that says no.

use std::collections::BTreeSet;

use syncspace_protocol::limits::SAVED_MESSAGES_MAX;
use syncspace_protocol::personal::{SavedMark, SavedMessage};
use syncspace_protocol::{ChannelId, MemberId, Rev, Seq, TeamId, Time, UserId};

use super::messages::{message_of, read_from};
use super::search::{Candidate, Key};
use super::{Many, ManySql, Queries, Row, Sql, Statement, StoreError, params};

const MARK: &str = "channel_id, seq, is_saved, rev";

fn read_mark(row: &Row) -> Result<SavedMark, StoreError> {
    let mut row = row.reader();
    Ok(SavedMark { channel_id: row.take()?, seq: row.take()?, is_saved: row.take()?, rev: row.take()? })
}

/// Finds whether a person has saved a message, where that was ever chosen.
pub async fn find(
    db: &mut impl Queries,
    member: MemberId,
    channel: ChannelId,
    seq: Seq,
) -> Result<Option<SavedMark>, StoreError> {
    let sql =
        Sql::built(format!("SELECT {MARK} FROM saved_messages WHERE member_id = ? AND channel_id = ? AND seq = ?"));
    db.query(&sql, params![member, channel, seq]).await?.first().map(read_mark).transpose()
}

/// Who reads a list of saved messages, and which part of it.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// Whose list it is.
    pub member: MemberId,
    /// The same person's account.
    pub user: UserId,
    /// Whether the person reads public channels without being in them.
    pub sees_public: bool,
    /// Only what was saved before this rev.
    pub before: Rev,
    /// Most rows.
    pub limit: u32,
}

/// Lists what a person has saved and may read now, the last saved first.
pub async fn list(db: &mut impl Queries, reader: Reader) -> Result<Vec<SavedMessage>, StoreError> {
    let Statement { sql, params } = list_statement(reader);
    let rows = db.query(&sql, params).await?;
    rows.iter()
        .map(|row| {
            let mut row = row.reader();
            Ok(SavedMessage { message: read_from(&mut row)?, saved_at: row.take()?, rev: row.take()? })
        })
        .collect()
}

/// Gives the statement of [`list`].
#[must_use]
pub fn list_statement(reader: Reader) -> Statement {
    let Reader { member, user, sees_public, before, limit } = reader;
    let sql =
        Sql::built(format!("SELECT {}, s.saved_at, s.rev {SEEN} ORDER BY s.rev DESC LIMIT {limit}", message_of("m")));
    Statement { sql, params: params![user, member, before, sees_public] }
}

/// Saved messages that a person may read now, before a rev.
const SEEN: &str = "FROM saved_messages s \
                    JOIN messages m ON m.channel_id = s.channel_id AND m.seq = s.seq AND m.deleted_at IS NULL \
                    JOIN channels c ON c.id = s.channel_id AND c.deleted_at IS NULL LEFT JOIN channel_members cm \
                    ON cm.channel_id = s.channel_id AND cm.user_id = ? AND cm.left_at IS NULL \
                    WHERE s.member_id = ? AND s.is_saved = 1 AND s.rev < ? \
                    AND (cm.user_id IS NOT NULL OR (c.kind = 'public' AND ? = 1))";

/// Tells whether a person has saved as much as it may. What it may read no longer does not count: it could not be taken off.
pub async fn is_full(db: &mut impl Queries, reader: Reader) -> Result<bool, StoreError> {
    // The marks alone are one range of an index; who may read what is asked of those few who come so far.
    for Statement { sql, params } in [marks_statement(reader.member), count_statement(reader)] {
        let row = db.query_first(&sql, params).await?;
        let count: u64 = row.map_or(Ok(0), |row| row.reader().take())?;
        if count < u64::from(SAVED_MESSAGES_MAX) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives the statement that counts a person's marks, up to the bound.
#[must_use]
pub fn marks_statement(member: MemberId) -> Statement {
    let sql = Sql::built(format!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM saved_messages WHERE member_id = ? AND is_saved = 1 \
         LIMIT {SAVED_MESSAGES_MAX}) AS marks"
    ));
    Statement { sql, params: params![member] }
}

/// Gives the statement that counts what [`list`] shows, up to the bound.
#[must_use]
pub fn count_statement(Reader { member, user, sees_public, before, .. }: Reader) -> Statement {
    let sql = Sql::built(format!("SELECT COUNT(*) FROM (SELECT 1 {SEEN} LIMIT {SAVED_MESSAGES_MAX}) AS seen"));
    Statement { sql, params: params![user, member, before, sees_public] }
}

/// Lists where the messages stand that a person has saved and that were sent before a place in time, newest first, whoever
/// may read them now. As many as somebody may save are put in order for it.
pub async fn list_places(
    db: &mut impl Queries,
    member: MemberId,
    before: Key,
    limit: u32,
) -> Result<Vec<Candidate>, StoreError> {
    // STRAIGHT_JOIN, CROSS JOIN: the few saved ones first, then their messages.
    let text = |join: &str| {
        format!(
            "SELECT m.created_at, m.id, m.channel_id, m.seq FROM saved_messages s {join} messages m \
             ON m.channel_id = s.channel_id AND m.seq = s.seq WHERE s.member_id = ? AND s.is_saved = 1 \
             AND m.deleted_at IS NULL AND (m.created_at < ? OR (m.created_at = ? AND m.id < ?)) \
             ORDER BY m.created_at DESC, m.id DESC LIMIT {limit}"
        )
    };
    let Key { created_at, message } = before;
    let sql = Sql::built_pair(text("STRAIGHT_JOIN"), text("CROSS JOIN"));
    let rows = db.query(&sql, params![member, created_at, created_at, message]).await?;
    let places = rows.iter().map(|row| {
        let mut row = row.reader();
        let key = Key { created_at: row.take()?, message: row.take()? };
        Ok(Candidate { key, channel: row.take()?, seq: row.take()? })
    });
    places.collect()
}

const AMONG: ManySql = ManySql {
    width: 3,
    start: "SELECT channel_id, seq FROM saved_messages WHERE is_saved = 1 AND (",
    each: "(member_id = ? AND channel_id = ? AND seq = ?)",
    between: " OR ",
    end: ")",
    sqlite: "SELECT channel_id, seq FROM saved_messages \
             WHERE is_saved = 1 AND member_id = ? AND channel_id = ? AND seq = ?",
};

/// Tells which of these messages a person has saved.
pub async fn find_among(
    db: &mut impl Queries,
    member: MemberId,
    places: impl ExactSizeIterator<Item = (ChannelId, Seq)>,
) -> Result<BTreeSet<(ChannelId, Seq)>, StoreError> {
    let rows = db.query_many(vec![among(member, places)]).await?;
    let rows = rows.first().map_or(&[][..], Vec::as_slice).iter();
    rows.map(|row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    })
    .collect()
}

/// Gives the look-up of [`find_among`].
fn among(member: MemberId, places: impl ExactSizeIterator<Item = (ChannelId, Seq)>) -> Many {
    let mut lookup = Many::with_capacity(&AMONG, places.len());
    places.for_each(|(channel, seq)| lookup.push([member.into(), channel.into(), seq.into()]));
    lookup
}

/// Lists what changed of it in a person's own stream after a rev, in its order.
pub async fn list_changes(
    db: &mut impl Queries,
    member: MemberId,
    after: Rev,
    limit: u32,
) -> Result<Vec<SavedMark>, StoreError> {
    let text =
        |table: &str| format!("SELECT {MARK} FROM {table} WHERE member_id = ? AND rev > ? ORDER BY rev LIMIT {limit}");
    // MariaDB would rather read all that a person ever saved, and put that in order for each page.
    let mysql = text("saved_messages FORCE INDEX (saved_messages_rev)");
    let sql = Sql::built_pair(mysql, text("saved_messages"));
    db.query(&sql, params![member, after]).await?.iter().map(read_mark).collect()
}

/// Writes whether a person has saved a message.
pub async fn put(
    db: &mut impl Queries,
    (member, team): (MemberId, TeamId),
    saved: &SavedMark,
    now: Time,
) -> Result<(), StoreError> {
    const PUT: Sql = Sql::pair(
        "INSERT INTO saved_messages (member_id, channel_id, seq, team_id, is_saved, saved_at, rev) VALUES (?,?,?,?,?,?,?) \
         ON DUPLICATE KEY UPDATE is_saved = VALUES(is_saved), saved_at = VALUES(saved_at), rev = VALUES(rev)",
        "INSERT INTO saved_messages (member_id, channel_id, seq, team_id, is_saved, saved_at, rev) VALUES (?,?,?,?,?,?,?) \
         ON CONFLICT (member_id, channel_id, seq) DO UPDATE SET is_saved = excluded.is_saved, \
         saved_at = excluded.saved_at, rev = excluded.rev",
    );
    let values = params![member, saved.channel_id, saved.seq, team, saved.is_saved, now, saved.rev];
    db.execute(&PUT, values).await.map(drop)
}
