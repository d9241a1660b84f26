//! Moves what was committed from SQLite's log into its data file, beside the writer.
//!
//! SQLite has the commit that fills the thousandth page do that, and whoever sends just then waits until the disk has written all
//! of them. Here a thread with a connection of its own does it. While writing never pauses the log cannot begin anew, so
//! a commit does the rest once the log is long; by then little is left to move.

use std::path::Path;
use std::sync::mpsc::{self, TrySendError};
use std::thread::{self, JoinHandle};

use rusqlite::hooks::Wal;
use rusqlite::{Connection, ErrorCode};

/// New pages in the log before they are moved: SQLite's own number.
const PAGES: i32 = 1_000;
/// Pages in the log before a commit sees to it that the log begins anew: 64 MB.
const PAGES_MAX: i32 = 16_000;

/// Has a writer's commits moved by a thread, which ends with the writer.
pub(super) fn beside(
    writer: &mut Connection,
    mover: Connection,
    path: &Path,
) -> rusqlite::Result<Option<JoinHandle<()>>> {
    let (tell, due) = mpsc::sync_channel::<()>(1);
    let path = path.to_owned();
    let thread = thread::Builder::new().name("sqlite-checkpoint".to_owned()).spawn(move || {
        while due.recv().is_ok() {
            note(mover.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())), &path);
        }
    });
    let thread = match thread {
        Ok(thread) => thread,
        Err(error) => {
            // The writer goes on as SQLite is made: it moves pages itself.
            tracing::warn!(error = &error as &dyn std::error::Error, "no thread that moves pages");
            return Ok(None);
        }
    };
    let path = writer.path().map(std::path::PathBuf::from).unwrap_or_default();
    let mut told = 0;
    writer.wal_hook(Some(move |wal: &mut Wal, pages: i32| {
        if pages < told {
            // The log began anew.
            told = 0;
        }
        let is_due = pages - told >= PAGES;
        if is_due {
            told = pages;
        }
        let is_alone = is_due && matches!(tell.try_send(()), Err(TrySendError::Disconnected(())));
        if pages >= PAGES_MAX || is_alone {
            note(wal.checkpoint(), &path);
        }
        // What goes wrong here must not look as if the commit had.
        Ok(())
    }))?;
    Ok(Some(thread))
}

/// Tells of pages that could not be moved: they stay in the log, and are tried again with a later commit.
fn note(outcome: rusqlite::Result<()>, path: &Path) {
    match outcome {
        // Somebody else moves them just now.
        Err(rusqlite::Error::SqliteFailure(error, _)) if error.code == ErrorCode::DatabaseBusy => {}
        Err(error) => tracing::warn!(
            path = %path.display(),
            error = &error as &dyn std::error::Error,
            "what was committed stays in the log, tried again with a later commit"
        ),
        Ok(()) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn open(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection
    }

    fn fill(writer: &Connection, pages: i32) {
        for _ in 0..pages / 100 {
            writer.execute("INSERT INTO t SELECT zeroblob(400000)", []).unwrap();
        }
    }

    #[test]
    fn pages_are_moved_while_the_writer_is_open_and_the_log_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.db");
        let mut writer = open(&path);
        writer.execute_batch("CREATE TABLE t (b BLOB) STRICT").unwrap();
        let thread = beside(&mut writer, open(&path), &path).unwrap().unwrap();
        fill(&writer, 2 * PAGES);
        let begun = Instant::now();
        while std::fs::metadata(&path).unwrap().len() < 4_000_000 {
            assert!(begun.elapsed() < Duration::from_secs(30), "nothing was moved");
            thread::sleep(Duration::from_millis(2));
        }
        fill(&writer, 2 * PAGES_MAX);
        let log = std::fs::metadata(folder.path().join("data.db-wal")).unwrap().len();
        assert!(log < 100_000_000, "{log} bytes: it grew on and on");
        drop(writer);
        thread.join().unwrap();
    }
}
