//! Rows of messages that were written elsewhere, with their own times, reactions and pins.

use syncspace_protocol::messages::Message;
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::{ChannelId, Rev, Seq, TeamId, Time, UserId};

use super::messages::{NewMessage, files_of};
use super::{Many, ManySql, Queries, Row, Sql, StoreError, Value, params};

const INSERT: ManySql = ManySql {
    width: 27,
    start: "INSERT INTO messages (channel_id, seq, id, team_id, rev, sender_id, content, message_type, file_url, \
            parent_message_id, parent_seq, reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, \
            updated_at, client_id, client_digest, reactions, pinned_by, pinned_at, code, forwarded_from, continued_seq, \
            files) VALUES ",
    each: "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    between: ",",
    end: "",
    sqlite: "INSERT INTO messages (channel_id, seq, id, team_id, rev, sender_id, content, message_type, file_url, \
             parent_message_id, parent_seq, reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, \
             updated_at, client_id, client_digest, reactions, pinned_by, pinned_at, code, forwarded_from, continued_seq, \
             files) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
};

/// Appends messages to the log as they are: whom they name is not noted.
pub async fn insert(db: &mut impl Queries, rows: &[NewMessage<'_>]) -> Result<(), StoreError> {
    let mut insert = Many::with_capacity(&INSERT, rows.len());
    for &NewMessage { team, message, digest } in rows {
        let (pinned_by, pinned_at) = message.pinned.map(|pin| (pin.user_id, pin.pinned_at)).unzip();
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
            message.reply_count.into(),
            message.last_reply_at.into(),
            message.is_edited.into(),
            message.edited_at.into(),
            message.deleted_at.into(),
            message.created_at.into(),
            message.updated_at.into(),
            Value::from(&message.client_id),
            digest.into(),
            Value::from(&message.reactions),
            pinned_by.into(),
            pinned_at.into(),
            message.code.as_ref().into(),
            message.forwarded_from.as_ref().into(),
            message.continued_seq.into(),
            files_of(message),
        ]);
    }
    db.execute_many(insert).await
}

/// A reaction with the numbers that it took.
#[derive(Debug, Clone)]
pub struct NewReaction<'a> {
    /// Place of the message.
    pub seq: Seq,
    /// The change of the channel's stream.
    pub rev: Rev,
    /// With what.
    pub emoji: &'a Emoji,
    /// Who.
    pub user: UserId,
    /// When.
    pub at: Time,
}

const INSERT_REACTION: ManySql = ManySql {
    width: 7,
    start: "INSERT INTO message_reactions (channel_id, seq, rev, team_id, emoji, user_id, created_at) VALUES ",
    each: "(?,?,?,?,?,?,?)",
    between: ",",
    end: "",
    sqlite: "INSERT INTO message_reactions (channel_id, seq, rev, team_id, emoji, user_id, created_at) \
             VALUES (?,?,?,?,?,?,?)",
};

/// Writes reactions to messages of a channel.
pub async fn insert_reactions(
    db: &mut impl Queries,
    (team, channel): (TeamId, ChannelId),
    reactions: &[NewReaction<'_>],
) -> Result<(), StoreError> {
    if reactions.is_empty() {
        return Ok(());
    }
    let mut rows = Many::with_capacity(&INSERT_REACTION, reactions.len());
    for new in reactions {
        rows.push([
            channel.into(),
            new.seq.into(),
            new.rev.into(),
            team.into(),
            new.emoji.into(),
            new.user.into(),
            new.at.into(),
        ]);
    }
    db.execute_many(rows).await
}

/// Notes that messages of a channel are pinned, each by the change of its rev.
pub async fn insert_pins(
    db: &mut impl Queries,
    team: TeamId,
    pins: impl Iterator<Item = (&Message, Rev)>,
) -> Result<(), StoreError> {
    const INSERT: Sql = Sql::both("INSERT INTO message_pins (channel_id, rev, seq, team_id) VALUES (?,?,?,?)");
    for (message, rev) in pins {
        db.execute(&INSERT, params![message.channel_id, rev, message.seq, team]).await?;
    }
    Ok(())
}

/// Finds by which digest a message was imported.
pub async fn find_digest(db: &mut impl Queries, channel: ChannelId, seq: Seq) -> Result<Option<String>, StoreError> {
    let sql = Sql::both("SELECT client_digest FROM messages WHERE channel_id = ? AND seq = ?");
    db.query_first(&sql, params![channel, seq]).await?.map(|row| row.reader().take()).transpose()
}

/// Moves a follower's mark to a place of a channel, wherever it stands: what is before it is none of the follower's.
pub async fn pass_over(
    db: &mut impl Queries,
    follower: &str,
    channel: ChannelId,
    (rev, seq): (Rev, Seq),
) -> Result<(), StoreError> {
    const PUT: Sql = Sql::pair(
        "INSERT INTO follower_marks (follower, channel_id, rev, seq, level_rev) VALUES (?,?,?,?,?) \
         ON DUPLICATE KEY UPDATE rev = VALUES(rev), seq = VALUES(seq), level_rev = VALUES(level_rev)",
        "INSERT INTO follower_marks (follower, channel_id, rev, seq, level_rev) VALUES (?,?,?,?,?) \
         ON CONFLICT (follower, channel_id) DO UPDATE SET rev = excluded.rev, seq = excluded.seq, \
         level_rev = excluded.level_rev",
    );
    db.execute(&PUT, params![follower, channel, rev, seq, rev]).await.map(drop)
}

/// Lists reactions to the messages of a channel between two places, both included, in the order in which they came to each.
pub async fn list_reactions(
    db: &mut impl Queries,
    channel: ChannelId,
    (from, to): (Seq, Seq),
) -> Result<Vec<(Seq, Emoji, UserId, Time)>, StoreError> {
    let sql = Sql::both(
        "SELECT seq, emoji, user_id, created_at FROM message_reactions WHERE channel_id = ? AND seq >= ? AND seq <= ? \
         ORDER BY seq, rev",
    );
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?, row.take()?, row.take()?))
    };
    db.query(&sql, params![channel, from, to]).await?.iter().map(read).collect()
}
