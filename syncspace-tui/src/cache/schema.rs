//! The tables, and how a connection to them is set up.

use rusqlite::Connection;

use super::bounds::BUSY_WAIT;
use super::error::CacheError;

/// Raised with every change of the tables: a file of another number is set aside, and only what was typed is taken over.
pub(super) const SCHEMA: i64 = 4;
/// Marks a file in which damage was found: the next start sets it aside.
pub(super) const DAMAGED: i64 = -1;

const TABLES: &str = "
CREATE TABLE facts (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE cards (
    kind INTEGER NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE drafts (
    kind INTEGER NOT NULL, channel_id INTEGER NOT NULL, seq INTEGER NOT NULL,
    content TEXT NOT NULL, line INTEGER NOT NULL, column INTEGER NOT NULL,
    shared_rev INTEGER NOT NULL, shared_content TEXT NOT NULL,
    PRIMARY KEY (kind, channel_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL UNIQUE, channel_id INTEGER NOT NULL,
    parent_seq INTEGER, body TEXT NOT NULL, paths TEXT NOT NULL, refused TEXT, may_be_sent INTEGER NOT NULL
) STRICT;
CREATE TABLE logs (channel_id INTEGER PRIMARY KEY, rev INTEGER NOT NULL) STRICT;
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, channel_id INTEGER NOT NULL, seq INTEGER NOT NULL, rev INTEGER NOT NULL,
    created_at INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_place ON messages (channel_id, seq);
CREATE TABLE pictures (
    file_id INTEGER PRIMARY KEY, channel_id INTEGER NOT NULL, used INTEGER NOT NULL, width INTEGER NOT NULL,
    pixels BLOB NOT NULL, png BLOB NOT NULL
) STRICT;
CREATE VIRTUAL TABLE words USING fts5 (
    tokens, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
);
";

/// Sets a connection up, and makes the tables in an empty file.
pub(super) fn prepare(connection: &Connection) -> Result<(), CacheError> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // A killed program loses nothing that was written; only a power cut may take the last moments.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.query_row("PRAGMA secure_delete = FAST", [], |_| Ok(()))?;
    match version(connection)? {
        SCHEMA => Ok(()),
        0 => {
            let script = format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;");
            let made = connection.execute_batch(&script);
            if made.is_err() && !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK")?;
            }
            // Another program may have made them at the same moment.
            if version(connection)? == SCHEMA { Ok(()) } else { Ok(made?) }
        }
        found => Err(CacheError::OtherSchema { found }),
    }
}

pub(super) fn version(connection: &Connection) -> Result<i64, CacheError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}
