//! Rows of the log: messages by their place, and their part of the channel's stream.

use syncspace_protocol::messages::{Message, ThreadState};
use syncspace_protocol::{ChannelId, ClientId, Mentions, MessageId, Rev, Seq, TeamId, Time, UserId};

use super::{Queries, Row, RowReader, Sql, StoreError, params};

const MESSAGE: &str = "id, channel_id, seq, rev, sender_id, content, message_type, file_url, parent_message_id, parent_seq, \
                       reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, updated_at, client_id, mentions";

fn read(row: &Row) -> Result<Message, StoreError> {
    read_from(&mut row.reader())
}

fn read_from(row: &mut RowReader<'_>) -> Result<Message, StoreError> {
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
    })
}

/// Appends a message to the log. The digest names the request as it was sent.
pub async fn insert(db: &mut impl Queries, team: TeamId, message: &Message, digest: &str) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO messages (channel_id, seq, id, team_id, rev, sender_id, content, message_type, file_url, \
         parent_message_id, parent_seq, reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, \
         updated_at, client_id, mentions, client_digest) VALUES (?,?,?,?,?,?,?,?,?,?,?,0,NULL,0,NULL,NULL,?,?,?,?,?)",
    );
    let values = params![
        message.channel_id,
        message.seq,
        message.id,
        team,
        message.rev,
        message.sender_id,
        &message.content,
        message.message_type,
        message.file_url.clone(),
        message.parent_message_id,
        message.parent_seq,
        message.created_at,
        message.updated_at,
        &message.client_id,
        &message.mentions,
        digest
    ];
    db.execute(&sql, values).await.map(drop)
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

/// Finds what a sender already sent under a `client_id`, also if it was edited or deleted since, with its digest.
pub async fn find_by_client_id(
    db: &mut impl Queries,
    channel: ChannelId,
    sender: UserId,
    client_id: &ClientId,
) -> Result<Option<(Message, String)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {MESSAGE}, client_digest FROM messages WHERE channel_id = ? AND sender_id = ? AND client_id = ?"
    ));
    let rows = db.query(&sql, params![channel, sender, client_id]).await?;
    rows.first()
        .map(|row| {
            let mut row = row.reader();
            Ok((read_from(&mut row)?, row.take()?))
        })
        .transpose()
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
    let (side, order, seq) = match part {
        Part::Before(seq) => ("<", "DESC", seq),
        Part::After(seq) => (">", "ASC", seq),
    };
    let sql = Sql::built(format!(
        "SELECT {MESSAGE} FROM messages WHERE channel_id = ? AND seq {side} ? ORDER BY seq {order} LIMIT {limit}"
    ));
    let mut messages: Vec<Message> =
        db.query(&sql, params![channel, seq]).await?.iter().map(read).collect::<Result<_, _>>()?;
    if order == "DESC" {
        messages.reverse();
    }
    Ok(messages)
}

/// Lists replies of a thread after a place, oldest first.
pub async fn list_replies(
    db: &mut impl Queries,
    channel: ChannelId,
    root: Seq,
    after: Seq,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {MESSAGE} FROM messages WHERE channel_id = ? AND parent_seq = ? AND seq > ? ORDER BY seq LIMIT {limit}"
    ));
    db.query(&sql, params![channel, root, after]).await?.iter().map(read).collect()
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
        "UPDATE messages SET content = ?, mentions = ?, is_edited = 1, edited_at = ?, updated_at = ?, rev = ? \
         WHERE channel_id = ? AND seq = ?",
    );
    db.execute(&sql, params![new.content, new.mentions, now, now, rev, channel, seq]).await.map(drop)
}

/// Empties a message and keeps its place.
pub async fn bury(db: &mut impl Queries, channel: ChannelId, seq: Seq, now: Time, rev: Rev) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE messages SET content = '', mentions = NULL, file_url = NULL, deleted_at = ?, updated_at = ?, rev = ? \
         WHERE channel_id = ? AND seq = ?",
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
