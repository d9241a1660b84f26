//! Rows of the log: messages by their place, and their part of the channel's stream.

use serde::{Deserialize, Serialize};
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::messages::{Code, ForwardedFrom, Message, Pin, ThreadState};
use syncspace_protocol::{ChannelId, ClientId, Mentions, MessageId, Rev, Seq, TeamId, Time, UserId};

use super::{FromValue, Many, ManySql, Queries, Row, RowReader, Sql, StoreError, Value, padded, params, placeholders};

/// Gives text around the columns of a message.
macro_rules! message_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "id, channel_id, seq, rev, sender_id, content, message_type, file_url, parent_message_id, parent_seq, \
             reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, updated_at, client_id, \
             mentions, reactions, pinned_by, pinned_at, code, \
             forwarded_from, continued_seq, files",
            $after
        )
    };
}

pub(super) const MESSAGE: &str = message_columns!("", "");

/// Gives the same columns of a table that a statement calls by another name.
pub(super) fn message_of(table: &str) -> String {
    MESSAGE.split(", ").map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
}

pub(super) fn read(row: &Row) -> Result<Message, StoreError> {
    read_from(&mut row.reader())
}

pub(super) fn read_from(row: &mut RowReader<'_>) -> Result<Message, StoreError> {
    Ok(Message {
        id: row.take()?,
        channel_id: row.take()?,
        seq: row.take()?,
        rev: row.take()?,
        sender_id: row.take()?,
        content: row.take()?,
        message_type: row.take()?,
        file_url: row.take()?,
        parent_message_id: row.take()?,
        parent_seq: row.take()?,
        reply_count: row.take()?,
        last_reply_at: row.take()?,
        is_edited: row.take()?,
        edited_at: row.take()?,
        deleted_at: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        client_id: row.take()?,
        mentions: row.take()?,
        reactions: row.take()?,
        pinned: read_pin(row)?,
        code: row.take()?,
        forwarded_from: row.take()?,
        continued_seq: row.take()?,
        files: row.take::<Option<FileList>>()?.unwrap_or_default().0,
    })
}

macro_rules! json_columns {
    ($($name:ident, $what:literal;)*) => {$(
        impl From<&$name> for Value {
            fn from(value: &$name) -> Self {
                // Text and numbers: writing them cannot fail.
                serde_json::to_string(value).map_or(Self::Null, Self::Text)
            }
        }

        impl FromValue for $name {
            fn from_value(value: &Value) -> Result<Self, &'static str> {
                let Value::Text(text) = value else { return Err($what) };
                serde_json::from_str(text).map_err(|_| $what)
            }
        }
    )*};
}

json_columns! {
    Code, "what a piece of code is";
    ForwardedFrom, "where a message comes from";
    FileList, "what a message shows of its files";
}

/// The files that a message carries, as the column has them.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct FileList(pub(super) Vec<FileInfo>);

/// Gives the value of the column: most messages carry none.
pub(super) fn files_of(message: &Message) -> Value {
    file_list(&message.files)
}

/// Gives the value of a column of files.
pub(super) fn file_list(files: &[FileInfo]) -> Value {
    if files.is_empty() { Value::Null } else { Value::from(&FileList(files.to_vec())) }
}

fn read_pin(row: &mut RowReader<'_>) -> Result<Option<Pin>, StoreError> {
    let (user_id, pinned_at): (Option<UserId>, Option<Time>) = (row.take()?, row.take()?);
    Ok(user_id.zip(pinned_at).map(|(user_id, pinned_at)| Pin { user_id, pinned_at }))
}

/// A message to be appended, with what is stored beside what everybody sees.
#[derive(Debug, Clone, Copy)]
pub struct NewMessage<'a> {
    /// The team that owns the channel.
    pub team: TeamId,
    /// The message.
    pub message: &'a Message,
    /// Names the request as it was sent.
    pub digest: &'a str,
}

const INSERT: ManySql = ManySql {
    width: 19,
    start: "INSERT INTO messages (channel_id, seq, id, team_id, rev, sender_id, content, message_type, file_url, \
            parent_message_id, parent_seq, reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, \
            updated_at, client_id, mentions, client_digest, code, forwarded_from, files) VALUES ",
    each: "(?,?,?,?,?,?,?,?,?,?,?,0,NULL,0,NULL,NULL,?,?,?,?,?,?,?,?)",
    between: ",",
    end: "",
    sqlite: "INSERT INTO messages (channel_id, seq, id, team_id, rev, sender_id, content, message_type, file_url, \
             parent_message_id, parent_seq, reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, \
             updated_at, client_id, mentions, client_digest, code, forwarded_from, files) \
             VALUES (?,?,?,?,?,?,?,?,?,?,?,0,NULL,0,NULL,NULL,?,?,?,?,?,?,?,?)",
};

/// Appends messages to the log.
pub async fn insert(db: &mut impl Queries, rows: &[NewMessage<'_>]) -> Result<(), StoreError> {
    let mut insert = Many::with_capacity(&INSERT, rows.len());
    for &NewMessage { team, message, digest } in rows {
        insert.push([
            message.channel_id.into(),
            message.seq.into(),
            message.id.into(),
            team.into(),
            message.rev.into(),
            message.sender_id.into(),
            Value::from(&message.content),
            message.message_type.into(),
            message.file_url.clone().into(),
            message.parent_message_id.into(),
            message.parent_seq.into(),
            message.created_at.into(),
            message.updated_at.into(),
            Value::from(&message.client_id),
            Value::from(&message.mentions),
            digest.into(),
            message.code.as_ref().into(),
            message.forwarded_from.as_ref().into(),
            files_of(message),
        ]);
    }
    db.execute_many(insert).await
}

/// Finds which of these messages have a text that was changed after a rev.
pub async fn list_rewritten(
    db: &mut impl Queries,
    channel: ChannelId,
    seqs: &[Seq],
    after: Rev,
) -> Result<Vec<Seq>, StoreError> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let seqs = padded(seqs.iter().map(|&seq| Value::from(seq)).collect());
    let sql = Sql::built(format!(
        "SELECT seq FROM messages WHERE channel_id = ? AND seq IN ({}) AND content_rev > ?",
        placeholders(seqs.len())
    ));
    let mut values = params![channel];
    values.extend(seqs);
    values.push(after.into());
    db.query(&sql, values).await?.iter().map(|row| row.reader().take()).collect()
}

/// Finds a message by its place.
pub async fn find(db: &mut impl Queries, channel: ChannelId, seq: Seq) -> Result<Option<Message>, StoreError> {
    let sql = Sql::built(format!("SELECT {MESSAGE} FROM messages WHERE channel_id = ? AND seq = ?"));
    db.query(&sql, params![channel, seq]).await?.first().map(read).transpose()
}

/// Finds a message by its id.
pub async fn find_by_id(db: &mut impl Queries, id: MessageId) -> Result<Option<Message>, StoreError> {
    let sql = Sql::built(format!("SELECT {MESSAGE} FROM messages WHERE id = ?"));
    db.query(&sql, params![id]).await?.first().map(read).transpose()
}

/// Names a request to send for ever: channel, sender, and the sender's own name for it.
pub type RequestKey = (ChannelId, UserId, ClientId);

const BY_REQUEST: ManySql = ManySql {
    width: 3,
    start: message_columns!("SELECT ", ", client_digest FROM messages WHERE "),
    each: "(channel_id = ? AND sender_id = ? AND client_id = ?)",
    between: " OR ",
    end: "",
    sqlite: message_columns!(
        "SELECT ",
        ", client_digest FROM messages WHERE channel_id = ? AND sender_id = ? AND client_id = ?"
    ),
};

/// Gives the look-up of what was already sent under these names, also if it was edited or deleted since.
#[must_use]
pub fn by_requests<'a>(requests: impl ExactSizeIterator<Item = (ChannelId, UserId, &'a ClientId)>) -> Many {
    let mut lookup = Many::with_capacity(&BY_REQUEST, requests.len());
    requests.for_each(|(channel, sender, client_id)| lookup.push([channel.into(), sender.into(), client_id.into()]));
    lookup
}

/// Reads what [`by_requests`] found, each with the digest of its request.
pub fn read_by_requests(rows: &[Row]) -> Result<Vec<(Message, String)>, StoreError> {
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((read_from(&mut row)?, row.take()?))
    };
    rows.iter().map(read).collect()
}

const BY_ID: ManySql = ManySql {
    width: 1,
    start: message_columns!("SELECT ", " FROM messages WHERE id IN ("),
    each: "?",
    between: ",",
    end: ")",
    sqlite: message_columns!("SELECT ", " FROM messages WHERE id = ?"),
};

/// Gives the look-up of messages by their ids.
#[must_use]
pub fn by_ids(ids: impl ExactSizeIterator<Item = MessageId>) -> Many {
    let mut lookup = Many::with_capacity(&BY_ID, ids.len());
    ids.for_each(|id| lookup.push([id.into()]));
    lookup
}

const BY_PLACE: ManySql = ManySql {
    width: 2,
    start: message_columns!("SELECT ", " FROM messages WHERE "),
    each: "(channel_id = ? AND seq = ?)",
    between: " OR ",
    end: "",
    sqlite: message_columns!("SELECT ", " FROM messages WHERE channel_id = ? AND seq = ?"),
};

/// Gives the look-up of messages by their places.
#[must_use]
pub fn by_places(places: impl ExactSizeIterator<Item = (ChannelId, Seq)>) -> Many {
    let mut lookup = Many::with_capacity(&BY_PLACE, places.len());
    places.for_each(|(channel, seq)| lookup.push([channel.into(), seq.into()]));
    lookup
}

/// Reads what [`by_ids`] or [`by_places`] found.
pub fn read_all(rows: &[Row]) -> Result<Vec<Message>, StoreError> {
    rows.iter().map(read).collect()
}

/// Which part of a log is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Messages before a place, the nearest ones.
    Before(Seq),
    /// Messages after a place, the nearest ones.
    After(Seq),
}

/// Lists messages of a channel on one side of a place, oldest first.
pub async fn list(
    db: &mut impl Queries,
    channel: ChannelId,
    part: Part,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    list_part(db, "channel_id = ?", vec![channel.into()], part, limit).await
}

/// Lists replies of a thread on one side of a place, oldest first.
pub async fn list_replies(
    db: &mut impl Queries,
    (channel, root): (ChannelId, Seq),
    part: Part,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    list_part(db, "channel_id = ? AND parent_seq = ?", vec![channel.into(), root.into()], part, limit).await
}

async fn list_part(
    db: &mut impl Queries,
    of_list: &str,
    mut values: Vec<Value>,
    part: Part,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let (side, order, seq) = match part {
        Part::Before(seq) => ("<", "DESC", seq),
        Part::After(seq) => (">", "ASC", seq),
    };
    values.push(seq.into());
    let sql = Sql::built(format!(
        "SELECT {MESSAGE} FROM messages WHERE {of_list} AND seq {side} ? ORDER BY seq {order} LIMIT {limit}"
    ));
    let mut messages: Vec<Message> = db.query(&sql, values).await?.iter().map(read).collect::<Result<_, _>>()?;
    if matches!(part, Part::Before(_)) {
        messages.reverse();
    }
    Ok(messages)
}

/// Lists messages changed after a rev and up to another, ordered by rev and seq.
pub async fn list_changes(
    db: &mut impl Queries,
    channel: ChannelId,
    after: Rev,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {MESSAGE} FROM messages WHERE channel_id = ? AND rev > ? ORDER BY rev, seq LIMIT {limit}"
    ));
    db.query(&sql, params![channel, after]).await?.iter().map(read).collect()
}

/// What an edit writes.
pub struct NewContent<'a> {
    /// The text.
    pub content: &'a str,
    /// Whom it names.
    pub mentions: &'a Mentions,
}

/// Changes the text of a message.
pub async fn set_content(
    db: &mut impl Queries,
    channel: ChannelId,
    seq: Seq,
    new: NewContent<'_>,
    now: Time,
    rev: Rev,
) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE messages SET content = ?, mentions = ?, is_edited = 1, edited_at = ?, updated_at = ?, rev = ?, \
         content_rev = ? WHERE channel_id = ? AND seq = ?",
    );
    db.execute(&sql, params![new.content, new.mentions, now, now, rev, rev, channel, seq]).await.map(drop)
}

/// Writes the reactions that a message holds, with its rev and the time of its change.
pub async fn set_reactions(db: &mut impl Queries, message: &Message) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE messages SET reactions = ?, updated_at = ?, rev = ? WHERE channel_id = ? AND seq = ?");
    let values = params![&message.reactions, message.updated_at, message.rev, message.channel_id, message.seq];
    db.execute(&sql, values).await.map(drop)
}

/// Writes whether a message is pinned, with its rev and the time of its change.
pub async fn set_pinned(db: &mut impl Queries, message: &Message) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE messages SET pinned_by = ?, pinned_at = ?, updated_at = ?, rev = ? WHERE channel_id = ? AND seq = ?",
    );
    let (by, at) = (message.pinned.map(|pin| pin.user_id), message.pinned.map(|pin| pin.pinned_at));
    let values = params![by, at, message.updated_at, message.rev, message.channel_id, message.seq];
    db.execute(&sql, values).await.map(drop)
}

/// Writes what an append made of a message, with its rev and the time of its change.
pub async fn set_appended(db: &mut impl Queries, message: &Message) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE messages SET content = ?, mentions = ?, continued_seq = ?, updated_at = ?, appended_at = ?, rev = ?, \
         content_rev = ? WHERE channel_id = ? AND seq = ?",
    );
    let at = message.updated_at;
    let values = params![
        &message.content,
        &message.mentions,
        message.continued_seq,
        at,
        at,
        message.rev,
        message.rev,
        message.channel_id,
        message.seq
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Finds when something was last appended to a message.
pub async fn find_appended_at(db: &mut impl Queries, channel: ChannelId, seq: Seq) -> Result<Option<Time>, StoreError> {
    let sql = Sql::both("SELECT appended_at FROM messages WHERE channel_id = ? AND seq = ?");
    let row = db.query_first(&sql, params![channel, seq]).await?;
    row.map_or(Ok(None), |row| row.reader().take())
}

/// Finds the rev of the last change of a message's text; none where it stands as it was sent.
pub async fn find_content_rev(db: &mut impl Queries, channel: ChannelId, seq: Seq) -> Result<Option<Rev>, StoreError> {
    let sql = Sql::both("SELECT content_rev FROM messages WHERE channel_id = ? AND seq = ?");
    let row = db.query_first(&sql, params![channel, seq]).await?;
    row.map_or(Ok(None), |row| row.reader().take())
}

/// Empties a message and keeps its place.
pub async fn bury(db: &mut impl Queries, channel: ChannelId, seq: Seq, now: Time, rev: Rev) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE messages SET content = '', mentions = NULL, file_url = NULL, reactions = NULL, pinned_at = NULL, \
         pinned_by = NULL, code = NULL, forwarded_from = NULL, continued_seq = NULL, files = NULL, deleted_at = ?, updated_at = ?, rev = ? WHERE channel_id = ? AND seq = ?",
    );
    db.execute(&sql, params![now, now, rev, channel, seq]).await.map(drop)
}

/// Writes what the root of a thread says about its replies.
pub async fn set_thread(
    db: &mut impl Queries,
    channel: ChannelId,
    state: &ThreadState,
    now: Time,
    rev: Rev,
) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE messages SET reply_count = ?, last_reply_at = ?, updated_at = ?, rev = ? WHERE channel_id = ? AND seq = ?",
    );
    let values = params![state.reply_count, state.last_reply_at, now, rev, channel, state.root_seq];
    db.execute(&sql, values).await.map(drop)
}

/// Gives when the newest reply of a thread came, of those that are not deleted.
pub async fn find_last_reply_at(
    db: &mut impl Queries,
    channel: ChannelId,
    root: Seq,
) -> Result<Option<Time>, StoreError> {
    let sql = Sql::both(
        "SELECT created_at FROM messages WHERE channel_id = ? AND parent_seq = ? AND deleted_at IS NULL \
         ORDER BY seq DESC LIMIT 1",
    );
    db.query(&sql, params![channel, root]).await?.first().map(|row| row.reader().take()).transpose()
}
