//! Rows of uploaded files. A row is there before its bytes are, and goes after them.

use syncspace_protocol::files::{FileEntry, FileInfo, PictureSize};
use syncspace_protocol::messages::Message;
use syncspace_protocol::{ChannelId, FileId, Seq, TeamId, Time, UserId};

use super::{Many, ManySql, Queries, Row, Sql, Statement, StoreError, Value, params};

/// A file as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// What is known of it.
    pub info: FileInfo,
    /// The channel; none of a picture.
    pub channel: Option<ChannelId>,
    /// Who uploaded it.
    pub uploader: UserId,
    /// Where its bytes are.
    pub blob_key: String,
    /// Whether all of it is there, and may be shown.
    pub is_ready: bool,
    /// The message that carries it.
    pub message_seq: Option<Seq>,
    /// Since when a message carries it.
    pub attached_at: Option<Time>,
    /// When its upload began.
    pub created_at: Time,
}

impl FileRow {
    /// Gives it as lists show it; none of a picture.
    #[must_use]
    pub fn entry(self) -> Option<FileEntry> {
        Some(FileEntry {
            file: self.info,
            channel_id: self.channel?,
            uploader_id: self.uploader,
            message_seq: self.message_seq,
            created_at: self.created_at,
        })
    }
}

/// Gives text around the columns of a file.
macro_rules! file_columns {
    ($after:literal) => {
        concat!(
            "SELECT id, name, content_type, size_bytes, sha256, picture_width, picture_height, \
             channel_id, uploader_id, blob_key, state = 'ready', \
             message_seq, attached_at, created_at FROM files",
            $after
        )
    };
}

fn read(row: &Row) -> Result<FileRow, StoreError> {
    let mut row = row.reader();
    Ok(FileRow {
        info: FileInfo {
            id: row.take()?,
            name: row.take()?,
            content_type: row.take()?,
            size_bytes: row.take()?,
            sha256: row.take()?,
            picture: picture(row.take()?, row.take()?),
        },
        channel: row.take()?,
        uploader: row.take()?,
        blob_key: row.take()?,
        is_ready: row.take()?,
        message_seq: row.take()?,
        attached_at: row.take()?,
        created_at: row.take()?,
    })
}

fn picture(width: Option<u32>, height: Option<u32>) -> Option<PictureSize> {
    Some(PictureSize { width: width?, height: height? })
}

pub(super) fn number(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Where an upload goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// Into a channel of a team.
    Channel(TeamId, ChannelId),
    /// It is to be the picture of somebody or of a team, named like `u7` or `t3`.
    PictureOf(String),
}

/// An upload that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its id.
    pub id: FileId,
    /// Where it goes.
    pub home: Home,
    /// Who uploads it.
    pub uploader: UserId,
    /// Its name.
    pub name: String,
    /// Where its bytes will be.
    pub blob_key: String,
    /// As long as it may become.
    pub size_bytes: u64,
    /// When it begins.
    pub now: Time,
    /// When it is given up, unless it is done before.
    pub collect_at: Time,
}

/// Notes an upload, before any of its bytes are kept.
pub async fn insert(db: &mut impl Queries, file: &NewFile) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO files (id, team_id, channel_id, uploader_id, asset_of, name, content_type, size_bytes, sha256, blob_key, \
         state, message_seq, attached_at, created_at, collect_at) VALUES (?,?,?,?,?,?,'',?,'',?,'uploading',NULL,NULL,?,?)",
    );
    let (team, channel, asset_of) = match &file.home {
        Home::Channel(team, channel) => (Some(*team), Some(*channel), None),
        Home::PictureOf(whose) => (None, None, Some(whose.clone())),
    };
    let values = params![
        file.id,
        team,
        channel,
        file.uploader,
        asset_of,
        &file.name,
        number(file.size_bytes),
        &file.blob_key,
        file.now,
        file.collect_at
    ];
    db.execute(&sql, values).await.map(drop)
}

/// How much somebody keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of all files, of those that are being uploaded as many as they may become.
    pub bytes: u64,
    /// Files that no message carries.
    pub waiting: u64,
}

/// Gives how much a person keeps.
pub async fn find_usage(db: &mut impl Queries, user: UserId) -> Result<Usage, StoreError> {
    let Statement { sql, params } = usage_statement(user);
    let Some(row) = db.query_first(&sql, params).await? else { return Ok(Usage { bytes: 0, waiting: 0 }) };
    let mut row = row.reader();
    Ok(Usage { bytes: row.take()?, waiting: row.take()? })
}

/// Gives the statement of [`find_usage`]: it reads the index alone.
#[must_use]
pub fn usage_statement(user: UserId) -> Statement {
    let sql = Sql::pair(
        "SELECT CAST(COALESCE(SUM(size_bytes), 0) AS SIGNED), CAST(COUNT(*) - COUNT(attached_at) AS SIGNED) FROM files \
         WHERE uploader_id = ? AND state <> 'gone'",
        "SELECT COALESCE(SUM(size_bytes), 0), COUNT(*) - COUNT(attached_at) FROM files WHERE uploader_id = ? AND state <> 'gone'",
    );
    Statement { sql, params: params![user] }
}

/// Says that all of an upload is there; false where it was given up before. Without a time it stays.
pub async fn finish(db: &mut impl Queries, info: &FileInfo, collect_at: Option<Time>) -> Result<bool, StoreError> {
    let sql = Sql::both(
        "UPDATE files SET state = 'ready', content_type = ?, size_bytes = ?, sha256 = ?, picture_width = ?, picture_height = ?, \
         collect_at = ? WHERE id = ? AND state = 'uploading'",
    );
    let (width, height) = info.picture.map(|picture| (picture.width, picture.height)).unzip();
    let values = params![&info.content_type, number(info.size_bytes), &info.sha256, width, height, collect_at, info.id];
    Ok(db.execute(&sql, values).await? == 1)
}

/// Forgets a file whose bytes another file has as well, in a transaction; false where none has them: they go first.
pub async fn remove_copy(tx: &mut impl Queries, id: FileId, blob_key: &str) -> Result<bool, StoreError> {
    // Locked: of two that go at once the later one takes the bytes along.
    let sql = Sql::both("SELECT id FROM files WHERE blob_key = ? FOR UPDATE");
    let rows = tx.query(&sql, params![blob_key]).await?;
    let has_others = rows.len() > 1;
    if has_others {
        remove(tx, id).await?;
    }
    Ok(has_others)
}

/// Forgets files whose bytes are gone.
pub async fn remove(db: &mut impl Queries, id: FileId) -> Result<(), StoreError> {
    db.execute(&Sql::both("DELETE FROM files WHERE id = ?"), params![id]).await.map(drop)
}

/// Finds a file of a channel, whatever became of it.
pub async fn find(db: &mut impl Queries, id: FileId) -> Result<Option<FileRow>, StoreError> {
    const FIND: Sql = Sql::both(file_columns!(" WHERE id = ? AND channel_id IS NOT NULL"));
    db.query_first(&FIND, params![id]).await?.map(|row| read(&row)).transpose()
}

/// Finds a picture by its checksum.
pub async fn find_picture(db: &mut impl Queries, sha256: &str) -> Result<Option<FileRow>, StoreError> {
    const FIND: Sql =
        Sql::both(file_columns!(" WHERE sha256 = ? AND asset_of IS NOT NULL AND state = 'ready' LIMIT 1"));
    db.query_first(&FIND, params![sha256]).await?.map(|row| read(&row)).transpose()
}

const BY_ID: ManySql = ManySql {
    width: 1,
    start: file_columns!(" WHERE id IN ("),
    each: "?",
    between: ",",
    end: ")",
    sqlite: file_columns!(" WHERE id = ?"),
};

/// Gives the look-up of files by their ids.
#[must_use]
pub fn by_ids(ids: impl ExactSizeIterator<Item = FileId>) -> Many {
    let mut lookup = Many::with_capacity(&BY_ID, ids.len());
    ids.for_each(|id| lookup.push([id.into()]));
    lookup
}

/// Reads what [`by_ids`] found.
pub fn read_all(rows: &[Row]) -> Result<Vec<FileRow>, StoreError> {
    rows.iter().map(read).collect()
}

/// Gives a file to the message at a place; false where it is not there to be given.
pub async fn attach(
    db: &mut impl Queries,
    id: FileId,
    (channel, seq): (ChannelId, Seq),
    now: Time,
) -> Result<bool, StoreError> {
    let sql = Sql::both(
        "UPDATE files SET message_seq = ?, attached_at = ?, collect_at = NULL \
         WHERE id = ? AND channel_id = ? AND state = 'ready' AND message_seq IS NULL",
    );
    Ok(db.execute(&sql, params![seq, now, id, channel]).await? == 1)
}

/// A file that a message carries as well as the one that it forwards. Both rows name the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileCopy {
    /// The file of the other message.
    pub of: FileId,
    /// The new one's id.
    pub id: FileId,
}

/// Gives a copy of another message's file to a message; false where no message carries that file any more.
pub async fn copy(
    db: &mut impl Queries,
    copy: FileCopy,
    (team, message): (TeamId, &Message),
    now: Time,
) -> Result<bool, StoreError> {
    // Locked, so that the collector does not take the bytes of the other one meanwhile and find no second row of them.
    let sql = Sql::both(
        "INSERT INTO files (id, team_id, channel_id, uploader_id, name, content_type, size_bytes, sha256, picture_width, \
         picture_height, blob_key, state, message_seq, attached_at, created_at) \
         SELECT ?, ?, ?, ?, name, content_type, size_bytes, sha256, picture_width, picture_height, blob_key, state, ?, ?, ? \
         FROM files WHERE id = ? AND state = 'ready' AND attached_at IS NOT NULL FOR UPDATE",
    );
    let values = params![copy.id, team, message.channel_id, message.sender_id, message.seq, now, now, copy.of];
    Ok(db.execute(&sql, values).await? == 1)
}

/// Ends all files of a message: nobody finds them any more, and their bytes may go.
pub async fn release(db: &mut impl Queries, channel: ChannelId, seq: Seq, now: Time) -> Result<(), StoreError> {
    let sql = Sql::both(
        "UPDATE files SET state = 'gone', attached_at = NULL, collect_at = ? WHERE channel_id = ? AND message_seq = ?",
    );
    db.execute(&sql, params![now, channel, seq]).await.map(drop)
}

/// Keeps a file for a message that is to be sent later; false where it is not there to be kept.
pub async fn hold(db: &mut impl Queries, id: FileId) -> Result<bool, StoreError> {
    let sql = Sql::both(
        "UPDATE files SET holders = holders + 1, collect_at = NULL WHERE id = ? AND state = 'ready' AND message_seq IS NULL",
    );
    Ok(db.execute(&sql, params![id]).await? == 1)
}

/// Lets a file go that was kept for a message that is not to be sent any more; without a message its bytes may go then.
pub async fn let_go(db: &mut impl Queries, id: FileId, collect_at: Time) -> Result<(), StoreError> {
    // MySQL sets columns from left to right: the time comes before the count it depends on.
    let sql = Sql::both(
        "UPDATE files SET collect_at = CASE WHEN holders = 1 AND message_seq IS NULL THEN ? ELSE collect_at END, \
         holders = holders - 1 WHERE id = ? AND holders > 0 AND state = 'ready'",
    );
    db.execute(&sql, params![collect_at, id]).await.map(drop)
}

/// Ends a file that no message carries or is to carry; false where one does, or it ended before.
pub async fn discard(db: &mut impl Queries, id: FileId, now: Time) -> Result<bool, StoreError> {
    let sql = Sql::both(
        "UPDATE files SET state = 'gone', collect_at = ? WHERE id = ? AND message_seq IS NULL AND holders = 0 \
         AND state <> 'gone'",
    );
    Ok(db.execute(&sql, params![now, id]).await? == 1)
}

/// Names a person in `asset_of`.
#[must_use]
pub fn picture_of_user(user: UserId) -> String {
    format!("u{user}")
}

/// Names a team in `asset_of`.
#[must_use]
pub fn picture_of_team(team: TeamId) -> String {
    format!("t{team}")
}

/// Ends pictures of a person or a team older than the one with this checksum; all where that is none of them.
pub async fn release_pictures(
    db: &mut impl Queries,
    whose: &str,
    shown: Option<&str>,
    now: Time,
) -> Result<(), StoreError> {
    let newest = Sql::both("SELECT MAX(id) FROM files WHERE asset_of = ? AND sha256 = ? AND state = 'ready'");
    let kept: Option<u64> = match shown {
        Some(sha256) => {
            db.query_first(&newest, params![whose, sha256]).await?.map_or(Ok(None), |row| row.reader().take())?
        }
        None => None,
    };
    let sql =
        Sql::both("UPDATE files SET state = 'gone', collect_at = ? WHERE asset_of = ? AND id < ? AND state = 'ready'");
    db.execute(&sql, params![now, whose, number(kept.unwrap_or(u64::MAX))]).await.map(drop)
}

/// A place in a list that goes from the newest file down.
pub type Before = (Time, u64);

/// Lists the files that messages of a channel carry, the newest first.
pub async fn list(
    db: &mut impl Queries,
    channel: ChannelId,
    before: Before,
    limit: u32,
) -> Result<Vec<FileRow>, StoreError> {
    let Statement { sql, params } = list_statement(channel, before, limit);
    db.query(&sql, params).await?.iter().map(read).collect()
}

/// Gives the statement of [`list`].
#[must_use]
pub fn list_statement(channel: ChannelId, (time, id): Before, limit: u32) -> Statement {
    const LIST: Sql = Sql::both(file_columns!(
        " WHERE channel_id = ? AND attached_at <= ? AND (attached_at < ? OR id < ?) ORDER BY attached_at DESC, id DESC LIMIT ?"
    ));
    Statement { sql: LIST, params: params![channel, time, time, number(id), limit] }
}

const NEWEST: ManySql = ManySql {
    width: 5,
    start: "",
    each: "(SELECT attached_at, id FROM files WHERE channel_id = ? AND attached_at <= ? AND (attached_at < ? OR id < ?) \
           ORDER BY attached_at DESC, id DESC LIMIT ?)",
    between: " UNION ALL ",
    end: "",
    sqlite: "SELECT attached_at, id FROM files WHERE channel_id = ? AND attached_at <= ? AND (attached_at < ? OR id < ?) \
             ORDER BY attached_at DESC, id DESC LIMIT ?",
};

/// Gives the look-up of the newest files of each of many channels: from the index alone, so many of each.
#[must_use]
pub fn newest_of(channels: &[ChannelId], (time, id): Before, limit: u32) -> Many {
    let mut lookup = Many::with_capacity(&NEWEST, channels.len());
    for &channel in channels {
        lookup.push([channel.into(), time.into(), time.into(), number(id), limit.into()]);
    }
    lookup
}

/// Reads what [`newest_of`] found: of all channels together the newest, once each, with when a message began to carry it.
pub fn read_newest(rows: &[Row], limit: u32) -> Result<Vec<(Time, FileId)>, StoreError> {
    let keys = rows.iter().map(|row| {
        let mut row = row.reader();
        Ok((row.take()?, row.take()?))
    });
    let mut keys = keys.collect::<Result<Vec<(Time, FileId)>, StoreError>>()?;
    keys.sort_unstable_by(|one, other| other.cmp(one));
    keys.dedup();
    keys.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(keys)
}

/// A file whose bytes may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its row.
    pub id: FileId,
    /// Its bytes.
    pub blob_key: String,
}

/// Takes files whose time has come away from everybody; their bytes go next, and then they are [`remove`]d.
pub async fn take_leftovers(db: &mut impl Queries, now: Time, limit: u32) -> Result<Vec<Leftover>, StoreError> {
    const TAKE: Sql = Sql::both("UPDATE files SET state = 'gone' WHERE id = ?");
    let Statement { sql, params } = leftovers_statement(now, limit);
    let found = db.query(&sql, params).await?;
    let mut leftovers = Vec::with_capacity(found.len());
    for row in found {
        let mut row = row.reader();
        let leftover = Leftover { id: row.take()?, blob_key: row.take()? };
        db.execute(&TAKE, params![leftover.id]).await?;
        leftovers.push(leftover);
    }
    Ok(leftovers)
}

/// Gives the statement that [`take_leftovers`] reads with. The rows are locked: a message may just be taking one of them.
#[must_use]
pub fn leftovers_statement(now: Time, limit: u32) -> Statement {
    let sql = Sql::built(format!(
        "SELECT id, blob_key FROM files WHERE collect_at <= ? ORDER BY collect_at, id LIMIT {limit} FOR UPDATE"
    ));
    Statement { sql, params: params![now] }
}
