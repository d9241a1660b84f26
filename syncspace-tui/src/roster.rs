//! Which accounts come up at the next start, in which order, and in which file the login of each lies.
//!
//! `accounts.json` beside the saved logins: addresses and names, no secrets. The logins stay where they always were: the
//! main file has one for each server, also those of the command line. A second account on a server has a file of its own,
//! `credentials+2.json` and so on: a slot.
//!
//! Several programs may use one file: each changes only what it had open itself, under a lock, and leaves the rest.

use std::fs::{self, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use syncspace_client::CredentialStore;
use syncspace_protocol::UserId;

use crate::app::others::is_same_server;

/// The slot of the main file.
pub(crate) const MAIN_SLOT: u32 = 1;
/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;
const FILE_VERSION: u32 = 1;
/// Longest wait for another program that writes the file, which takes it milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Between two looks at the lock.
const LOCK_LOOK: Duration = Duration::from_millis(10);

/// An account that was open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) server: String,
    pub(crate) slot: u32,
    /// Who one is there; none where only a login is known.
    #[serde(default)]
    pub(crate) username: Option<String>,
    #[serde(default)]
    pub(crate) user_id: Option<UserId>,
    #[serde(default)]
    pub(crate) is_front: bool,
}

/// The file of the accounts, and those of their logins.
#[derive(Debug, Clone)]
pub(crate) struct Roster {
    main: CredentialStore,
    /// Accounts that are or were open in this run: of these, and of no others, the file says what this program says.
    ours: Arc<Mutex<Vec<(u32, String)>>>,
}

#[derive(Serialize, Deserialize)]
struct Contents {
    version: u32,
    accounts: Vec<Saved>,
}

impl Roster {
    pub(crate) fn beside(main: CredentialStore) -> Self {
        Self { main, ours: Arc::default() }
    }

    /// Gives every saved account: those that were open in their order, then logins that were made elsewhere.
    pub(crate) fn saved(&self) -> Vec<Saved> {
        let mut saved = read(&self.path());
        for server in self.main.servers().unwrap_or_default() {
            let server = server.to_string();
            if !saved.iter().any(|held| held.slot == MAIN_SLOT && is_same_server(&held.server, &server)) {
                saved.push(Saved { server, slot: MAIN_SLOT, username: None, user_id: None, is_front: false });
            }
        }
        saved
    }

    /// Notes accounts that are open in this run; the others stay in the file as they are.
    pub(crate) fn note_open<'a>(&self, open: impl IntoIterator<Item = (u32, &'a str)>) {
        let mut ours = self.ours.lock().unwrap_or_else(PoisonError::into_inner);
        for (slot, server) in open {
            if !is_among(&ours, slot, server) {
                ours.push((slot, server.to_owned()));
            }
        }
    }

    /// Gives the saved accounts that are none of this run.
    fn of_others(&self) -> Vec<Saved> {
        let ours = self.ours.lock().unwrap_or_else(PoisonError::into_inner);
        let saved = read(&self.path()).into_iter();
        saved.filter(|saved| !is_among(&ours, saved.slot, &saved.server)).collect()
    }

    /// Gives the file of a slot's logins.
    pub(crate) fn store(&self, slot: u32) -> CredentialStore {
        if slot == MAIN_SLOT {
            return self.main.clone();
        }
        let path = self.main.path();
        CredentialStore::at(path.with_file_name(format!("{}+{slot}.json", stem(path))))
    }

    /// Gives the first slot for a server that is none of those taken.
    pub(crate) fn free_slot(&self, server: &str, taken: &[(u32, String)]) -> u32 {
        let others: Vec<(u32, String)> = self.of_others().into_iter().map(|saved| (saved.slot, saved.server)).collect();
        let is_free = |slot: &u32| !is_among(taken, *slot, server) && !is_among(&others, *slot, server);
        (MAIN_SLOT..).find(is_free).unwrap_or(MAIN_SLOT)
    }

    /// Writes which accounts are open, before those of other programs.
    pub(crate) fn write(&self, open: Vec<Saved>) -> io::Result<()> {
        self.note_open(open.iter().map(|saved| (saved.slot, saved.server.as_str())));
        let path = self.path();
        let _lock = lock(&path.with_extension("lock"))?;
        // The one in front is that of the program that wrote last.
        let others = self.of_others().into_iter().map(|saved| Saved { is_front: false, ..saved });
        let accounts: Vec<Saved> = open.into_iter().chain(others).collect();
        let text = serde_json::to_vec_pretty(&Contents { version: FILE_VERSION, accounts })?;
        let temporary = path.with_extension("json.tmp");
        private(&temporary)?.write_all(&text)?;
        fs::rename(&temporary, &path)
    }

    /// Gives the file of the accounts.
    pub(crate) fn path(&self) -> PathBuf {
        let path = self.main.path();
        let name = stem(path);
        let profile = name.strip_prefix("credentials").unwrap_or(&name);
        path.with_file_name(format!("accounts{profile}.json"))
    }
}

fn is_among(accounts: &[(u32, String)], slot: u32, server: &str) -> bool {
    accounts.iter().any(|(held, at)| *held == slot && is_same_server(at, server))
}

/// Takes the right to change the file, against other programs; closing what it gives ends it.
///
/// It is a file of its own, because replacing the list also replaces what a lock on it would hold.
fn lock(path: &Path) -> io::Result<fs::File> {
    let file = private(path)?;
    let until = Instant::now() + LOCK_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error),
            // Not waited for without end: a program that was stopped while it holds the lock lets nobody leave else.
            Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another program holds the lock"));
            }
            Err(TryLockError::WouldBlock) => sleep(LOCK_LOOK),
        }
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads the file. One that cannot be used costs the order of the accounts, and no login.
fn read(path: &Path) -> Vec<Saved> {
    let is_small = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= FILE_BYTES_MAX);
    let Some(text) = fs::read(path).ok().filter(|_| is_small) else { return Vec::new() };
    match serde_json::from_slice::<Contents>(&text) {
        Ok(contents) if contents.version == FILE_VERSION => contents.accounts,
        Ok(contents) => {
            tracing::warn!(version = contents.version, "the list of accounts is of another version");
            Vec::new()
        }
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "the list of accounts is damaged");
            Vec::new()
        }
    }
}

/// Makes a file for its owner alone: with whom one talks is nobody else's business.
fn private(path: &Path) -> std::io::Result<fs::File> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(server: &str, slot: u32) -> Saved {
        let username = Some("alice".to_owned());
        Saved { server: server.to_owned(), slot, username, user_id: None, is_front: false }
    }

    fn roster(directory: &tempfile::TempDir, file: &str) -> Roster {
        Roster::beside(CredentialStore::at(directory.path().join(file)))
    }

    #[test]
    fn what_was_open_comes_back_in_its_order() {
        let directory = tempfile::tempdir().expect("a directory");
        let all = roster(&directory, "credentials.json");
        assert_eq!(all.saved(), []);
        all.write(vec![saved("http://aside", 1)]).expect("written");
        let all = roster(&directory, "credentials.json");
        all.write(vec![saved("http://two", 2), saved("http://one", 1)]).expect("written");
        assert_eq!(servers(&all), ["http://two", "http://one", "http://aside"]);
        all.write(vec![saved("http://one", 1)]).expect("written");
        assert_eq!(servers(&all), ["http://one", "http://aside"], "what was open here and is not any more");
        assert_eq!(roster(&directory, "credentials-work.json").saved(), [], "a profile has its own");
    }

    fn servers(roster: &Roster) -> Vec<String> {
        roster.saved().into_iter().map(|saved| saved.server).collect()
    }

    #[test]
    fn two_programs_on_one_file_lose_no_account_of_each_other() {
        let directory = tempfile::tempdir().expect("a directory");
        let [one, other] = [(); 2].map(|()| roster(&directory, "credentials.json"));
        one.write(vec![saved("http://one", 1)]).expect("written");
        other.write(vec![saved("http://other", 1)]).expect("written");
        one.write(vec![Saved { is_front: true, ..saved("http://one", 1) }, saved("http://more", 1)]).expect("written");
        other.write(vec![Saved { is_front: true, ..saved("http://other", 1) }]).expect("written");
        let all = one.saved();
        assert_eq!(servers(&other), ["http://other", "http://one", "http://more"]);
        assert_eq!(all.iter().filter(|saved| saved.is_front).count(), 1, "one is in front: {all:?}");
        // A second login on a server does not go into the file of somebody else's.
        other.write(vec![saved("http://other", 1), saved("http://one", 2)]).expect("written");
        assert_eq!(one.free_slot("http://one", &[(1, "http://one".to_owned())]), 3);
        // Each removes what is its own.
        one.write(Vec::new()).expect("written");
        assert_eq!(servers(&other), ["http://other", "http://one"]);
    }

    #[test]
    fn programs_that_write_at_the_same_time_lose_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        std::thread::scope(|scope| {
            for number in 0..4 {
                let roster = roster(&directory, "credentials.json");
                scope.spawn(move || {
                    for _ in 0..5 {
                        roster.write(vec![saved(&format!("http://server{number}"), 1)]).expect("written");
                    }
                });
            }
        });
        assert_eq!(servers(&roster(&directory, "credentials.json")).len(), 4);
    }

    #[test]
    fn a_damaged_list_is_an_empty_one() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("accounts.json"), "{\"version\":1").expect("written");
        assert_eq!(roster(&directory, "credentials.json").saved(), []);
    }

    #[test]
    fn a_second_account_on_a_server_has_a_file_of_its_own() {
        let directory = tempfile::tempdir().expect("a directory");
        let all = roster(&directory, "credentials-work.json");
        let taken = [(1, "http://127.0.0.1:7420/".to_owned()), (2, "https://b.org".to_owned())];
        assert_eq!(all.free_slot("127.0.0.1:7420", &taken), 2);
        assert_eq!(all.free_slot("b.org", &taken), 1);
        let name = |slot| all.store(slot).path().file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!((name(1).as_str(), name(2).as_str()), ("credentials-work.json", "credentials-work+2.json"));
    }
}
