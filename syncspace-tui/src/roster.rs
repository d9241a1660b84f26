//! Which accounts come up at the next start, in which order, and in which file the login of each lies.
//!
//! `accounts.json` beside the saved logins: addresses and names, no secrets. The logins stay where they always were: the
//! main file has one for each server, also those of the command line. A second account on a server has a file of its own,
//! `credentials+2.json` and so on: a slot.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use syncspace_client::CredentialStore;
use syncspace_protocol::UserId;

use crate::app::others::is_same_server;

/// The slot of the main file.
pub(crate) const MAIN_SLOT: u32 = 1;
/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;
const FILE_VERSION: u32 = 1;

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
    /// Saved accounts that are not open in this run: they stay in the file.
    aside: Vec<Saved>,
}

#[derive(Serialize, Deserialize)]
struct Contents {
    version: u32,
    accounts: Vec<Saved>,
}

impl Roster {
    pub(crate) const fn beside(main: CredentialStore) -> Self {
        Self { main, aside: Vec::new() }
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

    /// Leaves accounts in the file that are not open in this run.
    pub(crate) fn set_aside(&mut self, aside: Vec<Saved>) {
        self.aside = aside;
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
        let aside = self.aside.iter().map(|saved| (saved.slot, saved.server.as_str()));
        let taken: Vec<(u32, &str)> =
            taken.iter().map(|(slot, server)| (*slot, server.as_str())).chain(aside).collect();
        let is_free = |slot: &u32| !taken.iter().any(|(held, at)| held == slot && is_same_server(at, server));
        (MAIN_SLOT..).find(is_free).unwrap_or(MAIN_SLOT)
    }

    /// Writes which accounts are open.
    pub(crate) fn write(&self, open: Vec<Saved>) -> std::io::Result<()> {
        let accounts: Vec<Saved> = open.into_iter().chain(self.aside.iter().cloned()).collect();
        let text = serde_json::to_vec_pretty(&Contents { version: FILE_VERSION, accounts })?;
        let path = self.path();
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
        let mut all = roster(&directory, "credentials.json");
        assert_eq!(all.saved(), []);
        all.set_aside(vec![saved("http://aside", 1)]);
        all.write(vec![saved("http://two", 2), saved("http://one", 1)]).expect("written");
        let servers: Vec<String> = all.saved().into_iter().map(|saved| saved.server).collect();
        assert_eq!(servers, ["http://two", "http://one", "http://aside"]);
        assert_eq!(roster(&directory, "credentials-work.json").saved(), [], "a profile has its own");
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
