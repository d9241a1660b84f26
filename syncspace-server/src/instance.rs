//! One server per embedded store: a lock that the kernel frees after a crash, and a note of where the server answers.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Name of the lock in the data directory.
const LOCK_FILE: &str = "server.lock";
/// Name of the note in the data directory.
const NOTE_FILE: &str = "server.json";

/// Where the server of a data directory answers. Only believable while its lock is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningServer {
    /// Its process.
    pub pid: u32,
    /// Its address, like `http://127.0.0.1:7420`.
    pub url: String,
}

/// The right to use a data directory's embedded store. Dropping it removes the note and frees the lock.
#[derive(Debug)]
pub struct Claim {
    note: PathBuf,
    _lock: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Another server uses it.
    #[error(
        "another server{} uses the data in {}; stop it first, or choose another --data-dir", described(.running.as_ref()),
        data_dir.display()
    )]
    InUse {
        /// The directory.
        data_dir: PathBuf,
        /// What the other one noted.
        running: Option<RunningServer>,
    },
    /// The directory or its lock cannot be made.
    #[error("cannot use the data directory {}", data_dir.display())]
    Unusable {
        /// The directory.
        data_dir: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

fn described(running: Option<&RunningServer>) -> String {
    running.map_or_else(String::new, |server| format!(" (process {}, {})", server.pid, server.url))
}

impl Claim {
    /// Takes the lock of a data directory, which is made where it is missing.
    pub fn take(data_dir: &Path) -> Result<Self, ClaimError> {
        let unusable = |source| ClaimError::Unusable { data_dir: data_dir.to_owned(), source };
        make_private_dir(data_dir).map_err(unusable)?;
        let lock = open_lock(&data_dir.join(LOCK_FILE)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { note: data_dir.join(NOTE_FILE), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(ClaimError::InUse { data_dir: data_dir.to_owned(), running: read_note(&data_dir.join(NOTE_FILE)) })
            }
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Notes where the server answers, for programs that look for it.
    pub fn announce(&self, address: SocketAddr) -> std::io::Result<()> {
        let note = RunningServer { pid: std::process::id(), url: format!("http://{address}") };
        // Renamed into place: a reader sees the whole note or none.
        let fresh = self.note.with_extension("json.new");
        let mut file = File::create(&fresh)?;
        file.write_all(&serde_json::to_vec(&note)?)?;
        std::fs::rename(&fresh, &self.note)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Missing where the server never announced itself; a note left over is recognised by its free lock.
        let _gone = std::fs::remove_file(&self.note);
    }
}

fn read_note(path: &Path) -> Option<RunningServer> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn open_lock(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

/// Makes a directory that only its owner can enter: it holds messages and the signing secret.
#[cfg(unix)]
pub(crate) fn make_private_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
pub(crate) fn make_private_dir(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_claim_is_refused_and_names_the_first() {
        let dir = tempfile::tempdir().expect("a directory");
        let data_dir = dir.path().join("data");
        let claim = Claim::take(&data_dir).expect("free");
        let address: SocketAddr = "127.0.0.1:7420".parse().expect("an address");
        claim.announce(address).expect("written");
        let error = Claim::take(&data_dir).expect_err("taken").to_string();
        assert!(error.contains("http://127.0.0.1:7420") && error.contains(&std::process::id().to_string()), "{error}");
        drop(claim);
        assert!(!data_dir.join(NOTE_FILE).exists());
        Claim::take(&data_dir).expect("free again");
    }
}
