//! The file: where it lies, who may read it, and what becomes of one that cannot be used.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use syncspace_protocol::UserId;

use super::error::CacheError;
use super::{read, schema, write};
use crate::app::kept::{Keep, Snapshot};

/// Longest readable part of a file's name.
const NAME_CHARS_MAX: usize = 60;

/// Gives the file of an account on a server, in the directory of all of them.
pub(crate) fn path(directory: &Path, server: &str, user: UserId) -> PathBuf {
    let readable: String = server
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
        .take(NAME_CHARS_MAX)
        .collect();
    directory.join(format!("{readable}-{:016x}-{user}.db", fingerprint(server)))
}

/// FNV-1a: two addresses that look alike once cleaned have two files.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Opens the file, and reads what a start needs. One that cannot be used is set aside, and what was typed is saved from it.
pub(super) fn open(path: &Path) -> Result<(Connection, Snapshot), CacheError> {
    match open_as_is(path) {
        Err(CacheError::OtherSchema { found: schema::DAMAGED }) => begin_anew(path, "The cache was damaged"),
        Err(CacheError::OtherSchema { .. }) => begin_anew(path, "The cache is of another version"),
        Err(CacheError::Damaged(error)) => {
            tracing::warn!(%error, path = %path.display(), "the cache is damaged");
            begin_anew(path, "The cache was damaged")
        }
        opened => opened,
    }
}

fn open_as_is(path: &Path) -> Result<(Connection, Snapshot), CacheError> {
    make_private(path)?;
    let connection = Connection::open(path)?;
    schema::prepare(&connection)?;
    let snapshot = read::snapshot(&connection)?;
    Ok((connection, snapshot))
}

fn begin_anew(path: &Path, why: &str) -> Result<(Connection, Snapshot), CacheError> {
    let aside = set_aside(path)?;
    let saved = salvage(&aside);
    let (mut connection, mut snapshot) = open_as_is(path)?;
    snapshot.note = Some(match saved {
        Ok(keeps) if keeps.is_empty() => format!("{why} and begins anew; nothing typed was in it."),
        Ok(keeps) => {
            let transaction = connection.transaction()?;
            write::all(&transaction, &keeps)?;
            transaction.commit()?;
            snapshot = read::snapshot(&connection)?;
            format!("{why} and begins anew; {} typed texts were saved from it.", keeps.len())
        }
        Err(error) => {
            tracing::warn!(%error, path = %aside.display(), "nothing typed could be saved from the old cache");
            let name = aside.file_name().unwrap_or_default().to_string_lossy().into_owned();
            format!("{why} and begins anew; what was typed in it could not be read. It is kept as {name}.")
        }
    });
    Ok((connection, snapshot))
}

/// Moves a file out of the way, in the place of the one that was moved before.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = path.with_extension("old.db");
    remove(&aside)?;
    for ending in ["-wal", "-shm"] {
        if let Err(error) = fs::rename(beside(path, ending), beside(&aside, ending))
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
    }
    fs::rename(path, &aside)?;
    Ok(aside)
}

/// Reads what was typed from a file that is otherwise of no use.
fn salvage(aside: &Path) -> Result<Vec<Keep>, CacheError> {
    let connection = Connection::open(aside)?;
    let drafts = read::drafts(&connection)?.into_iter().map(Keep::Draft);
    let parcels = read::outbox(&connection)?.into_iter().map(Keep::Parcel);
    let edits = Some(read::edits(&connection)?).filter(|edits| !edits.is_empty()).map(Keep::Edits);
    Ok(drafts.chain(parcels).chain(edits).collect())
}

/// Removes a file with what SQLite keeps beside it.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for path in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Makes the file for its owner alone. SQLite gives what it makes beside it the same mode.
fn make_private(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
