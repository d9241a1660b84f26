//! Rows of erased accounts: how far the work has come, and what of a person is still to be found.

use syncspace_protocol::erasure::{Erasure, ErasurePlan, ErasureStage, OwnedTeam};
use syncspace_protocol::messages::Message;
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::{ChannelId, Email, Seq, TeamId, Time, UserId, Username};

use super::list::Slice;
use super::messages::{self, MESSAGE};
use super::users::UserRow;
use super::{Queries, Row, Sql, StoreError, Value, files, params};

/// Stands where a message has the digest of its request: that would still tell whoever guesses the text that the guess is right.
const NO_DIGEST: &str = "erased";

/// Channels looked at by one statement on the way to the next one that has something.
const CHANNELS_PER_LOOK: u32 = 500;

const ERASURE: &str =
    "e.user_id, u.username, e.requested_by, e.requested_at, e.stage, e.messages, e.reactions, e.finished_at";

fn read(row: &Row) -> Result<Erasure, StoreError> {
    let mut row = row.reader();
    Ok(Erasure {
        user_id: row.take()?,
        username: row.take()?,
        requested_by: row.take()?,
        requested_at: row.take()?,
        stage: row.take()?,
        messages: row.take()?,
        reactions: row.take()?,
        finished_at: row.take()?,
    })
}

fn number(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Notes that a person is to be erased.
pub async fn insert(db: &mut impl Queries, user: UserId, requested_by: UserId, now: Time) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO erasures (user_id, requested_by, requested_at, stage, channel_id, after_client_id, messages, reactions, \
         finished_at) VALUES (?,?,?,?,0,NULL,0,0,NULL)",
    );
    db.execute(&sql, params![user, requested_by, now, ErasureStage::Messages]).await.map(drop)
}

/// Finds the erasure of a person.
pub async fn find(db: &mut impl Queries, user: UserId) -> Result<Option<Erasure>, StoreError> {
    let sql =
        Sql::built(format!("SELECT {ERASURE} FROM erasures e JOIN users u ON u.id = e.user_id WHERE e.user_id = ?"));
    db.query_first(&sql, params![user]).await?.map(|row| read(&row)).transpose()
}

/// Tells whether an account is one that was erased.
pub async fn is_erased(db: &mut impl Queries, user: UserId) -> Result<bool, StoreError> {
    let sql = Sql::both("SELECT 1 FROM erasures WHERE user_id = ?");
    Ok(db.query_first(&sql, params![user]).await?.is_some())
}

/// Lists erasures by the ids of their accounts.
pub async fn list(db: &mut impl Queries, slice: &Slice) -> Result<Vec<Erasure>, StoreError> {
    let (filter, values) = slice.filter("e.user_id", "u.username_key");
    let sql =
        Sql::built(format!("SELECT {ERASURE} FROM erasures e JOIN users u ON u.id = e.user_id WHERE 1 = 1{filter}"));
    db.query(&sql, values).await?.iter().map(read).collect()
}

/// Takes everything from an account that tells who its person is, and switches it off; its number and its rows stay.
pub async fn empty_account(
    db: &mut impl Queries,
    user: &UserRow,
    username: &Username,
    now: Time,
) -> Result<(), StoreError> {
    const EMPTY: Sql = Sql::both(
        "UPDATE users SET username = ?, username_key = ?, email = NULL, email_key = NULL, email_verified_at = NULL, \
         email_pending = NULL, hashed_password = '', \
         full_name = NULL, avatar_url = NULL, is_active = 0, is_admin = 0, is_online = 0, last_seen = NULL, \
         updated_at = ? WHERE id = ?",
    );
    const FORGET_WORDS: Sql = Sql::both("DELETE FROM user_words WHERE user_id = ?");
    // Invites of others that name the address; how it is written does not matter.
    const FORGET_INVITES: Sql = Sql::both("DELETE FROM team_invites WHERE email_key IN (?, LOWER(?))");
    // What waits to be mailed to the person, by whomever; a wish for a new password has what somebody typed.
    const FORGET_MAILS: Sql = Sql::both("DELETE FROM mails WHERE user_id = ?");
    const FORGET_MAILS_TO: Sql = Sql::both("DELETE FROM mails WHERE address_key IN (?,?,?)");
    db.execute(&EMPTY, params![username, username.key(), now, user.id]).await?;
    db.execute(&FORGET_WORDS, params![user.id]).await?;
    let [address, pending] = [&user.email, &user.email_pending].map(|email| email.as_ref().map(Email::key));
    db.execute(&FORGET_MAILS, params![user.id]).await?;
    db.execute(&FORGET_MAILS_TO, params![user.username.key(), address, pending]).await?;
    if let Some(email) = &user.email {
        db.execute(&FORGET_INVITES, params![Email::key(email), email]).await?;
    }
    Ok(())
}

/// Lists the teams that a person owns and no other active person does.
pub async fn list_owned_alone(db: &mut impl Queries, user: UserId) -> Result<Vec<OwnedTeam>, StoreError> {
    let sql = Sql::both(
        "SELECT t.id, t.name FROM team_members m JOIN teams t ON t.id = m.team_id \
         WHERE m.user_id = ? AND m.left_at IS NULL AND m.role = 'owner' AND t.deleted_at IS NULL AND NOT EXISTS \
         (SELECT 1 FROM team_members o JOIN users u ON u.id = o.user_id WHERE o.team_id = m.team_id AND o.role = 'owner' \
         AND o.left_at IS NULL AND o.user_id <> m.user_id AND u.is_active = 1) ORDER BY t.name_key",
    );
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok(OwnedTeam { id: row.take()?, name: row.take()? })
    };
    db.query(&sql, params![user]).await?.iter().map(read).collect()
}

/// Counts what an erasure would take.
pub async fn plan(db: &mut impl Queries, user: &UserRow) -> Result<ErasurePlan, StoreError> {
    // By each channel's index, whether or not the person was ever in it: imports write in the names of people who were not. Not
    // joined: the embedded store would read all messages, and look up the channel of each.
    const COUNT: Sql = Sql::both(
        "SELECT \
         (SELECT COUNT(*) FROM team_members m JOIN teams t ON t.id = m.team_id \
          WHERE m.user_id = ? AND m.left_at IS NULL AND t.deleted_at IS NULL), \
         (SELECT CAST(COALESCE(SUM((SELECT COUNT(*) FROM messages m WHERE m.channel_id = h.channel_id AND m.sender_id = ? \
          AND m.deleted_at IS NULL)), 0) AS SIGNED) FROM channel_heads h), \
         (SELECT COUNT(*) FROM message_reactions WHERE user_id = ?), \
         (SELECT COUNT(*) FROM files WHERE uploader_id = ? AND state <> 'gone'), \
         (SELECT COUNT(*) FROM drafts WHERE member_id IN (SELECT member_id FROM team_members WHERE user_id = ?)), \
         (SELECT COUNT(*) FROM scheduled_messages WHERE member_id IN (SELECT member_id FROM team_members WHERE user_id = ?)), \
         (SELECT COUNT(*) FROM reminders WHERE member_id IN (SELECT member_id FROM team_members WHERE user_id = ?)), \
         (SELECT COUNT(*) FROM saved_messages WHERE is_saved = 1 \
          AND member_id IN (SELECT member_id FROM team_members WHERE user_id = ?)), \
         (SELECT COUNT(*) FROM sessions WHERE user_id = ? AND ended_at IS NULL)",
    );
    let id = user.id;
    let row = db.query_first(&COUNT, params![id, id, id, id, id, id, id, id, id]).await?;
    let row = row.ok_or_else(|| StoreError::Other { during: "count".into(), source: "no row".into() })?;
    let mut row = row.reader();
    let (teams, messages, reactions, files) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let (drafts, scheduled, reminders) = (row.take()?, row.take()?, row.take()?);
    let (saved, sessions) = (row.take()?, row.take()?);
    Ok(ErasurePlan {
        user_id: id,
        username: user.username.clone(),
        owns_alone: list_owned_alone(db, id).await?,
        teams,
        messages,
        reactions,
        files,
        file_bytes: super::files::find_usage(db, id).await?.bytes,
        drafts,
        scheduled,
        reminders,
        saved,
        sessions,
    })
}

/// Where the work on an erasure stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Whose.
    pub user: UserId,
    /// Who asked for it.
    pub requested_by: UserId,
    /// How far it has come.
    pub stage: ErasureStage,
    /// The channel whose messages are emptied, or the last one that was looked at; 0 for none.
    channel: u64,
    /// Behind which of the sender's own names for messages the work goes on; none between two channels.
    after: Option<String>,
}

impl Work {
    /// Gives behind which of the sender's own names for messages the work goes on in its channel.
    #[must_use]
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Gives the channel whose messages are emptied.
    #[must_use]
    pub fn channel(&self) -> Option<ChannelId> {
        let is_inside = self.stage == ErasureStage::Messages && self.after.is_some();
        ChannelId::try_from(self.channel).ok().filter(|_| is_inside)
    }
}

const WORK: &str = "SELECT user_id, requested_by, stage, channel_id, after_client_id FROM erasures";

fn read_work(row: &Row) -> Result<Work, StoreError> {
    let mut row = row.reader();
    Ok(Work {
        user: row.take()?,
        requested_by: row.take()?,
        stage: row.take()?,
        channel: row.take()?,
        after: row.take()?,
    })
}

/// Finds the oldest erasure from before a time with something to do in the database.
pub async fn find_work(db: &mut impl Queries, before: Time) -> Result<Option<Work>, StoreError> {
    // One stage at a time, each of which the index has in order.
    let sql = Sql::both(
        "SELECT requested_at, user_id FROM erasures WHERE stage = ? AND requested_at <= ? \
         ORDER BY requested_at, user_id LIMIT 1",
    );
    let mut oldest: Option<(Time, UserId)> = None;
    for stage in [ErasureStage::Messages, ErasureStage::Rest] {
        if let Some(row) = db.query_first(&sql, params![stage, before]).await? {
            let mut row = row.reader();
            let found = (row.take()?, row.take()?);
            oldest = Some(oldest.map_or(found, |oldest| oldest.min(found)));
        }
    }
    match oldest {
        Some((_, user)) => find_work_on(db, user).await,
        None => Ok(None),
    }
}

/// Finds where the work on a person's erasure stands.
pub async fn find_work_on(db: &mut impl Queries, user: UserId) -> Result<Option<Work>, StoreError> {
    let sql = Sql::built(format!("{WORK} WHERE user_id = ?"));
    db.query_first(&sql, params![user]).await?.map(|row| read_work(&row)).transpose()
}

/// Goes to the next channel that has messages of the person, or names it; a bounded number of channels at a time, and behind
/// the last one to the next stage.
pub async fn go_to_next_channel(db: &mut impl Queries, work: &Work) -> Result<(), StoreError> {
    let window = Sql::built(format!(
        "SELECT MAX(channel_id) FROM (SELECT channel_id FROM channel_heads WHERE channel_id > ? ORDER BY channel_id \
         LIMIT {CHANNELS_PER_LOOK}) AS looked_at"
    ));
    let row = db.query_first(&window, params![number(work.channel)]).await?;
    let Some(end) = row.map_or(Ok(None), |row| row.reader().take::<Option<u64>>())? else {
        return set_stage(db, work.user, ErasureStage::Rest).await;
    };
    // Not `EXISTS`: MariaDB makes a list of all channels of the person from that, and reads every message for it.
    let has = |found: &str| format!("(SELECT 1 FROM {found} LIMIT 1) IS NOT NULL");
    let named = |kind: &str| {
        has(&format!("message_mentions n WHERE n.channel_id = h.channel_id AND n.kind = '{kind}' AND n.target_id = ?"))
    };
    let next = Sql::built(format!(
        "SELECT h.channel_id FROM channel_heads h WHERE h.channel_id > ? AND h.channel_id <= ? AND ({} OR {} OR {}) \
         ORDER BY h.channel_id LIMIT 1",
        has("messages m WHERE m.channel_id = h.channel_id AND m.sender_id = ?"),
        named("user"),
        named("keyword")
    ));
    let values = params![number(work.channel), number(end), work.user, work.user, work.user];
    let found = db.query_first(&next, values).await?.map(|row| row.reader().take::<u64>()).transpose()?;
    let go = Sql::both("UPDATE erasures SET channel_id = ?, after_client_id = ? WHERE user_id = ?");
    let values = params![number(found.unwrap_or(end)), found.map(|_| String::new()), work.user];
    db.execute(&go, values).await.map(drop)
}

/// Lists messages of the person in the channel of the work that are not erased yet.
pub async fn list_messages(db: &mut impl Queries, work: &Work, limit: u32) -> Result<Vec<Message>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {MESSAGE} FROM messages WHERE channel_id = ? AND sender_id = ? AND client_id > ? AND client_digest <> ? \
         ORDER BY client_id LIMIT {limit}"
    ));
    let values = params![number(work.channel), work.user, work.after.clone(), NO_DIGEST];
    db.query(&sql, values).await?.iter().map(messages::read).collect()
}

/// Gives a message another name than its sender did, and takes the digest of its request away.
pub async fn forget_request(db: &mut impl Queries, message: &Message, name: &str) -> Result<(), StoreError> {
    let sql =
        Sql::both("UPDATE messages SET client_id = ?, client_digest = ?, rev = ? WHERE channel_id = ? AND seq = ?");
    db.execute(&sql, params![name, NO_DIGEST, message.rev, message.channel_id, message.seq]).await.map(drop)
}

/// Removes the rows by which messages of a channel name the person, at most about `limit` of them; gives how many.
pub async fn remove_mentions(
    db: &mut impl Queries,
    channel: ChannelId,
    user: UserId,
    limit: u32,
) -> Result<u64, StoreError> {
    let found = "channel_id = ? AND kind IN ('user', 'keyword') AND target_id = ?";
    let key = "channel_id, kind, target_id, seq";
    let sql = Sql::built_pair(
        format!("DELETE FROM message_mentions WHERE {found} LIMIT {limit}"),
        format!(
            "DELETE FROM message_mentions WHERE ({key}) IN \
             (SELECT {key} FROM message_mentions WHERE {found} LIMIT {limit})"
        ),
    );
    db.execute(&sql, params![channel, user]).await
}

/// Notes what was done in a channel, and how far: behind a message, or with all of it.
pub async fn note_messages(
    db: &mut impl Queries,
    user: UserId,
    emptied: u64,
    after: Option<&str>,
) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE erasures SET messages = messages + ?, after_client_id = ? WHERE user_id = ?");
    db.execute(&sql, params![number(emptied), after, user]).await.map(drop)
}

/// Finds a channel in which the person reacted.
pub async fn find_reacted(db: &mut impl Queries, user: UserId) -> Result<Option<ChannelId>, StoreError> {
    let sql = Sql::both("SELECT channel_id FROM message_reactions WHERE user_id = ? ORDER BY channel_id LIMIT 1");
    db.query_first(&sql, params![user]).await?.map(|row| row.reader().take()).transpose()
}

/// Lists with what the person reacted in a channel, and to which messages.
pub async fn list_reactions(
    db: &mut impl Queries,
    (channel, user): (ChannelId, UserId),
    limit: u32,
) -> Result<Vec<(Seq, Emoji)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT seq, emoji FROM message_reactions WHERE user_id = ? AND channel_id = ? ORDER BY seq LIMIT {limit}"
    ));
    let read = |row: &Row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    };
    db.query(&sql, params![user, channel]).await?.iter().map(read).collect()
}

/// Notes how many reactions were taken back.
pub async fn note_reactions(db: &mut impl Queries, user: UserId, count: u64) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE erasures SET reactions = reactions + ? WHERE user_id = ?");
    db.execute(&sql, params![number(count), user]).await.map(drop)
}

/// Finds a team that the person asked to be taken into, and whose request is open or says something.
pub async fn find_request(db: &mut impl Queries, user: UserId) -> Result<Option<TeamId>, StoreError> {
    let sql = Sql::both(
        "SELECT team_id FROM join_requests WHERE user_id = ? AND (is_open = 1 OR message IS NOT NULL) LIMIT 1",
    );
    db.query_first(&sql, params![user]).await?.map(|row| row.reader().take()).transpose()
}

/// Goes to a stage.
pub async fn set_stage(db: &mut impl Queries, user: UserId, stage: ErasureStage) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE erasures SET stage = ? WHERE user_id = ?");
    db.execute(&sql, params![stage, user]).await.map(drop)
}

/// Lets the bytes of the person's files go that are not a message's any more, its picture among them.
///
/// What it uploaded for messages of others, as who imports a team does, and as pictures of teams stays.
pub async fn release_files(db: &mut impl Queries, user: UserId, now: Time) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE files SET state = 'gone', attached_at = NULL, collect_at = ? WHERE uploader_id = ? AND state <> 'gone' \
         AND (asset_of = ? OR (asset_of IS NULL AND message_seq IS NULL))",
    );
    db.execute(&sql, params![now, user, files::picture_of_user(user)]).await.map(drop)
}

/// Ends the erasures of all whose bytes are gone; gives how many.
pub async fn finish(db: &mut impl Queries, now: Time, limit: u32) -> Result<u64, StoreError> {
    let waiting = Sql::built(format!(
        "SELECT user_id FROM erasures WHERE stage = 'files' ORDER BY requested_at, user_id LIMIT {limit}"
    ));
    let left = Sql::both(
        "SELECT 1 FROM files WHERE uploader_id = ? AND state = 'gone' AND (asset_of IS NULL OR asset_of = ?) LIMIT 1",
    );
    let done = Sql::both("UPDATE erasures SET stage = 'done', finished_at = ? WHERE user_id = ?");
    let mut finished = 0;
    for row in db.query(&waiting, params![]).await? {
        let user: UserId = row.reader().take()?;
        if db.query_first(&left, params![user, files::picture_of_user(user)]).await?.is_none() {
            db.execute(&done, params![now, user]).await?;
            finished += 1;
        }
    }
    Ok(finished)
}
