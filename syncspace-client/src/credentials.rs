//! Saved logins: one JSON file of mode 0600 for all servers, replaced as a whole, changed under a lock.
//!
//! The lock is a file of its own, because replacing the credentials also replaces what a lock on them would hold.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};
use syncspace_protocol::auth::{Secret, Tokens};
use syncspace_protocol::{SessionId, Time, UserId, Username};
use tokio::time::{Instant, sleep};

use crate::bounds::{CREDENTIALS_LOCK_POLL, CREDENTIALS_LOCK_TIMEOUT, TOKEN_LIFE_MIN};
use crate::{ClientError, ServerUrl};

/// Environment variable that names the directory of the credentials file.
const STATE_DIR_VARIABLE: &str = "SYNCSPACE_STATE_DIR";
const FILE_NAME: &str = "credentials.json";
const FILE_VERSION: u32 = 1;

/// A login at one server: who, which session, and its tokens. The debug form hides the tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The account's name when it logged in.
    pub username: Username,
    /// The account.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Secret,
    /// Up to here the access token is used without refreshing it first.
    pub(crate) access_token_until: Time,
}

impl Credentials {
    /// Makes them from what the server just answered.
    pub(crate) fn received(tokens: &Tokens, now: Time) -> Self {
        let life_ms = i64::try_from(tokens.expires_in_s).unwrap_or(i64::MAX).saturating_mul(1_000);
        let margin_ms = i64::try_from(TOKEN_LIFE_MIN.as_millis()).unwrap_or(i64::MAX).min(life_ms / 4);
        let until_ms = now.unix_ms().saturating_add(life_ms - margin_ms);
        Self {
            username: tokens.user.username.clone(),
            user_id: tokens.user.id,
            session_id: tokens.session_id,
            access_token: tokens.access_token.clone(),
            refresh_token: tokens.refresh_token.clone(),
            // A life beyond the calendar is asked about at once, which is safe.
            access_token_until: Time::from_unix_ms(until_ms).unwrap_or(now),
        }
    }

    pub(crate) fn is_fresh(&self, now: Time) -> bool {
        now < self.access_token_until
    }
}

/// The file of saved logins.
#[derive(Debug, Clone)]
pub struct CredentialStore {
    path: PathBuf,
}

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    version: u32,
    /// By normalised server address.
    servers: BTreeMap<String, Credentials>,
}

impl Default for Contents {
    fn default() -> Self {
        Self { version: FILE_VERSION, servers: BTreeMap::new() }
    }
}

impl CredentialStore {
    /// Uses `credentials.json` in `SYNCSPACE_STATE_DIR`, else in `syncspace` of the XDG state directory.
    pub fn open_default() -> Result<Self, ClientError> {
        if let Some(dir) = std::env::var_os(STATE_DIR_VARIABLE).filter(|dir| !dir.is_empty()) {
            return Ok(Self::at(PathBuf::from(dir).join(FILE_NAME)));
        }
        let dirs = etcetera::choose_base_strategy().map_err(|source| ClientError::local(FILE_NAME, source))?;
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_dir());
        Ok(Self::at(state.join("syncspace").join(FILE_NAME)))
    }

    /// Uses this file; it and its directory are made when something is saved.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Gives the file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finds the login at a server.
    pub fn find(&self, server: &ServerUrl) -> Result<Option<Credentials>, ClientError> {
        Ok(self.read()?.servers.remove(&server.to_string()))
    }

    /// Lists the servers with a saved login.
    pub fn servers(&self) -> Result<Vec<ServerUrl>, ClientError> {
        let contents = self.read()?;
        Ok(contents.servers.keys().filter_map(|server| server.parse().ok()).collect())
    }

    /// Waits for the right to change the file, against other tasks and other processes.
    pub(crate) async fn lock(&self) -> Result<LockedStore<'_>, ClientError> {
        self.lock_within(CREDENTIALS_LOCK_TIMEOUT).await
    }

    async fn lock_within(&self, timeout: Duration) -> Result<LockedStore<'_>, ClientError> {
        let path = self.path.with_extension("lock");
        let failed = |source: io::Error| ClientError::local(&path, source);
        self.make_directory()?;
        let file = private_file().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let deadline = Instant::now() + timeout;
        // Asked again and again rather than waited for in a thread, so that the wait can end.
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(LockedStore { store: self, _lock: file }),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(ClientError::local(&path, "another program holds the lock and does not let go"));
                }
                Err(TryLockError::WouldBlock) => sleep(CREDENTIALS_LOCK_POLL).await,
            }
        }
    }

    fn read(&self) -> Result<Contents, ClientError> {
        let failed = |source: io::Error| ClientError::local(&self.path, source);
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::default()),
            Err(error) => return Err(failed(error)),
        };
        self.refuse_shared(&file)?;
        let text = io::read_to_string(file).map_err(failed)?;
        // The position is told, the text is not: it holds tokens.
        let damaged = |error: serde_json::Error| {
            let message = format!(
                "it is damaged in line {}, column {}; remove it and log in again",
                error.line(),
                error.column()
            );
            ClientError::local(&self.path, message)
        };
        let contents: Contents = serde_json::from_str(&text).map_err(damaged)?;
        if contents.version != FILE_VERSION {
            let message = format!("its version is {}, this program knows {FILE_VERSION}", contents.version);
            return Err(ClientError::local(&self.path, message));
        }
        Ok(contents)
    }

    #[cfg(unix)]
    fn refuse_shared(&self, file: &File) -> Result<(), ClientError> {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(|source| ClientError::local(&self.path, source))?.permissions().mode();
        if mode & 0o077 == 0 {
            return Ok(());
        }
        let path = self.path.display();
        let message = format!("others on this machine can read it; run: chmod 600 {path}");
        Err(ClientError::local(&self.path, message))
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "the same signature as where files have a mode")]
    fn refuse_shared(&self, _file: &File) -> Result<(), ClientError> {
        Ok(())
    }

    fn make_directory(&self) -> Result<(), ClientError> {
        let Some(dir) = self.path.parent().filter(|dir| !dir.as_os_str().is_empty()) else { return Ok(()) };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir).map_err(|source| ClientError::local(dir, source))
    }

    /// Replaces the file as a whole: a reader sees the old one or the new one, also after a power cut.
    fn replace(&self, contents: &Contents) -> Result<(), ClientError> {
        let failed = |source: io::Error| ClientError::local(&self.path, source);
        let text = serde_json::to_vec_pretty(contents).map_err(|source| ClientError::local(&self.path, source))?;
        let temporary = self.path.with_extension(format!("{}.tmp", uuid::Uuid::new_v4().simple()));
        let outcome = write_new(&temporary, &text).and_then(|()| fs::rename(&temporary, &self.path));
        if outcome.is_err() {
            // The first error is the one to tell.
            drop(fs::remove_file(&temporary));
        }
        outcome.map_err(failed)?;
        sync_directory(&self.path).map_err(failed)
    }
}

/// The file of saved logins, while nobody else changes it.
#[derive(Debug)]
pub(crate) struct LockedStore<'a> {
    store: &'a CredentialStore,
    /// Closing it unlocks.
    _lock: File,
}

impl LockedStore<'_> {
    pub(crate) fn find(&self, server: &ServerUrl) -> Result<Option<Credentials>, ClientError> {
        self.store.find(server)
    }

    pub(crate) fn save(&self, server: &ServerUrl, credentials: &Credentials) -> Result<(), ClientError> {
        let mut contents = self.store.read()?;
        contents.servers.insert(server.to_string(), credentials.clone());
        self.store.replace(&contents)
    }

    pub(crate) fn remove(&self, server: &ServerUrl) -> Result<(), ClientError> {
        let mut contents = self.store.read()?;
        if contents.servers.remove(&server.to_string()).is_some() { self.store.replace(&contents) } else { Ok(()) }
    }
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = private_file().write(true).create_new(true).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Makes a rename durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent().filter(|dir| cfg!(unix) && !dir.as_os_str().is_empty()) {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, CredentialStore) {
        let dir = tempfile::tempdir().expect("a directory");
        let store = CredentialStore::at(dir.path().join("state").join(FILE_NAME));
        (dir, store)
    }

    fn server(text: &str) -> ServerUrl {
        text.parse().expect("an address")
    }

    fn credentials(user: u64) -> Credentials {
        Credentials {
            username: format!("user{user}").parse().expect("a name"),
            user_id: UserId::try_from(user).expect("an id"),
            session_id: SessionId::try_from(1).expect("an id"),
            access_token: Secret("very-secret-access".to_owned()),
            refresh_token: Secret("very-secret-refresh".to_owned()),
            access_token_until: Time::from_unix_ms(1_000).expect("a time"),
        }
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).expect("metadata").permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn logins_are_kept_by_server() {
        let (_dir, store) = store();
        let (home, work) = (server("http://127.0.0.1:7420"), server("https://chat.example.org"));
        assert_eq!(store.find(&home).expect("readable"), None);
        let locked = store.lock().await.expect("a lock");
        locked.save(&home, &credentials(1)).expect("saved");
        locked.save(&work, &credentials(2)).expect("saved");
        drop(locked);
        assert_eq!(store.find(&home).expect("readable"), Some(credentials(1)));
        assert_eq!(store.find(&server("chat.example.org:443/")).expect("readable"), Some(credentials(2)));
        assert_eq!(store.servers().expect("readable"), [home.clone(), work.clone()]);
        store.lock().await.expect("a lock").remove(&home).expect("removed");
        assert_eq!(store.servers().expect("readable"), [work]);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_can_read_what_is_saved() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_dir, store) = store();
        let home = server("http://127.0.0.1:7420");
        store.lock().await.expect("a lock").save(&home, &credentials(1)).expect("saved");
        assert_eq!(mode(store.path()), 0o600);
        assert_eq!(mode(store.path().parent().expect("a directory")), 0o700);
        let left = fs::read_dir(store.path().parent().expect("a directory")).expect("listed").count();
        assert_eq!(left, 2, "the file and its lock, nothing temporary");

        fs::set_permissions(store.path(), fs::Permissions::from_mode(0o640)).expect("mode set");
        let error = store.find(&home).expect_err("a shared file");
        let why = std::error::Error::source(&error).expect("a source").to_string();
        assert_eq!(why, format!("others on this machine can read it; run: chmod 600 {}", store.path().display()));
    }

    #[test]
    fn a_damaged_file_is_named_and_its_text_is_not() {
        let (_dir, store) = store();
        store.make_directory().expect("a directory");
        write_new(store.path(), b"{\"version\":1,\"servers\":{\"x\":\"very-secret\"}}").expect("written");
        let error = store.find(&server("http://127.0.0.1:1")).expect_err("a damaged file");
        assert!(!format!("{error:?}").contains("very-secret"), "{error:?}");
    }

    #[test]
    fn debug_output_hides_the_tokens() {
        let text = format!("{:?}", credentials(1));
        assert!(text.contains("user1") && !text.contains("very-secret"), "{text}");
    }

    #[tokio::test]
    async fn a_lock_that_is_never_released_is_reported() {
        let (_dir, store) = store();
        let _held = store.lock().await.expect("a lock");
        assert!(matches!(store.lock_within(Duration::ZERO).await, Err(ClientError::Local { .. })));
    }

    #[tokio::test]
    async fn writers_do_not_lose_each_others_logins() {
        let (_dir, store) = store();
        let writers = (1..=8_u64).map(|user| {
            let store = store.clone();
            tokio::spawn(async move {
                let server = server(&format!("http://127.0.0.1:{}", 7_000 + user));
                store.lock().await.expect("a lock").save(&server, &credentials(user)).expect("saved");
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.expect("a writer");
        }
        assert_eq!(store.servers().expect("readable").len(), 8);
    }
}
