//! Why the cache could not be read or written.

use std::io;

/// Why the cache could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    /// It was written by another version of the program.
    #[error("it is of schema {found}, this program has another")]
    OtherSchema { found: i64 },
    /// What stands in it is no database, or makes no sense.
    #[error("it is damaged")]
    Damaged(#[source] rusqlite::Error),
    /// The database refused, for now: full disk, another writer.
    #[error(transparent)]
    Database(rusqlite::Error),
    /// The file or its directory could not be made.
    #[error(transparent)]
    File(#[from] io::Error),
    /// Something could not be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl From<rusqlite::Error> for CacheError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(error),
            _ => Self::Database(error),
        }
    }
}
