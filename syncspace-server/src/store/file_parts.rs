//! Rows of uploads whose bytes come in parts. A part is there before its bytes are, and counts once it is whole.

use syncspace_protocol::files::FileUpload;
use syncspace_protocol::{ChannelId, FileId, Time, UserId};

use super::files::number;
use super::{Queries, Row, Sql, StoreError, params};

/// An upload in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRow {
    /// What its uploader sees of it, but for the file.
    pub upload: FileUpload,
    /// Who uploads it.
    pub uploader: UserId,
    /// What its bytes are to have.
    pub sha256: String,
    /// Where its parts belong.
    pub blob_key: String,
    /// Whether bytes are still to come.
    pub is_open: bool,
    /// The checksum so far.
    pub hash_state: Option<String>,
}

/// Bytes of a file, or a part of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where they are.
    pub key: String,
    /// How many they are.
    pub size_bytes: u64,
}

/// Gives text around the columns of an upload.
macro_rules! upload_columns {
    ($after:literal) => {
        concat!(
            "SELECT id, channel_id, name, size_bytes, received_bytes, uploader_id, sha256, blob_key, state = 'uploading', \
             hash_state FROM files WHERE received_bytes IS NOT NULL AND channel_id IS NOT NULL AND ",
            $after
        )
    };
}

fn read(row: &Row) -> Result<UploadRow, StoreError> {
    let mut row = row.reader();
    Ok(UploadRow {
        upload: FileUpload {
            id: row.take()?,
            channel_id: row.take()?,
            name: row.take()?,
            size_bytes: row.take()?,
            offset: row.take()?,
            file: None,
        },
        uploader: row.take()?,
        sha256: row.take()?,
        blob_key: row.take()?,
        is_open: row.take()?,
        hash_state: row.take()?,
    })
}

/// Lets the bytes of an upload that was just noted come in parts.
pub async fn begin(db: &mut impl Queries, id: FileId, sha256: &str) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE files SET received_bytes = 0, sha256 = ? WHERE id = ?");
    db.execute(&sql, params![sha256, id]).await.map(drop)
}

/// Finds an upload, also when its file is there.
pub async fn find(db: &mut impl Queries, id: FileId) -> Result<Option<UploadRow>, StoreError> {
    const FIND: Sql = Sql::both(upload_columns!("id = ? AND state <> 'gone'"));
    db.query_first(&FIND, params![id]).await?.map(|row| read(&row)).transpose()
}

/// What a person uploads, to be found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Same<'a> {
    /// Who.
    pub uploader: UserId,
    /// Where to.
    pub channel: ChannelId,
    /// What it is called.
    pub name: &'a str,
    /// Its length.
    pub size_bytes: u64,
    /// What its bytes are to have.
    pub sha256: &'a str,
}

/// Finds an upload of the same that is not over.
pub async fn find_open(db: &mut impl Queries, same: Same<'_>) -> Result<Option<UploadRow>, StoreError> {
    const FIND: Sql = Sql::both(upload_columns!(
        "uploader_id = ? AND state = 'uploading' AND channel_id = ? AND name = ? AND size_bytes = ? AND sha256 = ? LIMIT 1"
    ));
    let Same { uploader, channel, name, size_bytes, sha256 } = same;
    let values = params![uploader, channel, name, number(size_bytes), sha256];
    db.query_first(&FIND, values).await?.map(|row| read(&row)).transpose()
}

/// Gives an upload that goes on more time.
pub async fn prolong(db: &mut impl Queries, id: FileId, collect_at: Time) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE files SET collect_at = ? WHERE id = ? AND state = 'uploading'");
    db.execute(&sql, params![collect_at, id]).await.map(drop)
}

/// Notes a part of the bytes under a key, before any of it is kept.
pub async fn insert(db: &mut impl Queries, blob_key: &str, start_at: u64, key: &str) -> Result<(), StoreError> {
    let sql = Sql::both("INSERT INTO file_parts (part_key, blob_key, start_at, size_bytes) VALUES (?,?,?,NULL)");
    db.execute(&sql, params![key, blob_key, number(start_at)]).await.map(drop)
}

/// Counts a part of an upload that is whole; false where the upload does not end where the part begins, or is over.
pub async fn count(
    db: &mut impl Queries,
    (id, offset): (FileId, u64),
    part: &Part,
    hash_state: &str,
) -> Result<bool, StoreError> {
    let sql = Sql::both(
        "UPDATE files SET received_bytes = ?, hash_state = ? WHERE id = ? AND state = 'uploading' AND received_bytes = ?",
    );
    let values = params![number(offset + part.size_bytes), hash_state, id, number(offset)];
    if db.execute(&sql, values).await? != 1 {
        return Ok(false);
    }
    let sql = Sql::both("UPDATE file_parts SET size_bytes = ? WHERE part_key = ?");
    db.execute(&sql, params![number(part.size_bytes), &part.key]).await?;
    Ok(true)
}

/// Lists the whole parts of the bytes under a key, in their order.
pub async fn list(db: &mut impl Queries, blob_key: &str) -> Result<Vec<Part>, StoreError> {
    let sql = Sql::both(
        "SELECT part_key, size_bytes FROM file_parts WHERE blob_key = ? AND size_bytes IS NOT NULL ORDER BY start_at",
    );
    let rows = db.query(&sql, params![blob_key]).await?;
    let parts = rows.iter().map(|row| {
        let mut row = row.reader();
        Ok(Part { key: row.take()?, size_bytes: row.take()? })
    });
    parts.collect()
}

/// Lists where there may be parts of the bytes under a key.
pub async fn list_keys(db: &mut impl Queries, blob_key: &str) -> Result<Vec<String>, StoreError> {
    let rows = db.query(&Sql::both("SELECT part_key FROM file_parts WHERE blob_key = ?"), params![blob_key]).await?;
    rows.iter().map(|row| row.reader().take()).collect()
}

/// Forgets a part whose bytes are gone.
pub async fn remove(db: &mut impl Queries, key: &str) -> Result<(), StoreError> {
    db.execute(&Sql::both("DELETE FROM file_parts WHERE part_key = ?"), params![key]).await.map(drop)
}
