//! What happens once at a start: the signing key is checked, names are indexed, and the way to the first administrator is opened.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::name_words::words_of;
use syncspace_protocol::users::User;
use syncspace_protocol::{Epoch, Password, Username};

use super::audit::Line;
use super::retry::retrying;
use super::secrets::{
    SecretFileError, create_secret_file, hash_token, random_seed, random_token, read_secret, remove_secret_file,
};
use super::users::{own_view, refuse_duplicate};
use super::{Service, ServiceError};
use crate::store::Store;
use crate::store::meta::{
    BOOTSTRAP_HASH, EPOCH, FIRST_ADMIN, JWT_FINGERPRINT, NAMES_INDEXED, find_meta, insert_meta, remove_meta,
    replace_meta,
};
use crate::store::people;
use crate::store::user_settings::UserSettings;
use crate::store::users::{UserRow, insert_user};

/// Name of the file in the data directory that holds the bootstrap token until it is used.
const BOOTSTRAP_FILE: &str = "bootstrap-token";

/// Accounts whose names are indexed together.
const NAMES_AT_ONCE: u32 = 500;

/// Why a server must not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database was used with a signing secret that is not configured here.
    #[error(
        "this database was used with another signing secret; configure that one (also as a second one, to replace it)"
    )]
    ForeignKey,
    /// The bootstrap token's file cannot be read or made.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The service failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Gives the name of a database's history; the first instance that asks chooses it.
pub async fn load_epoch(store: &Store) -> Result<Epoch, ServiceError> {
    let mut db = store;
    if let Some(epoch) = find_meta(&mut db, EPOCH).await? {
        return Ok(Epoch(epoch));
    }
    let chosen = random_seed()?;
    if insert_meta(&mut db, EPOCH, &chosen).await? {
        return Ok(Epoch(chosen));
    }
    Ok(Epoch(find_meta(&mut db, EPOCH).await?.unwrap_or(chosen)))
}

impl Service {
    /// Readies the store for this instance; gives the bootstrap token where this start made it, to be shown once.
    ///
    /// Fails where the signing secrets are not those of this database.
    pub async fn prepare(&self) -> Result<Option<SecretString>, StartError> {
        self.check_signing_key().await?;
        self.start_revocations().await?;
        self.index_names().await?;
        self.open_bootstrap().await
    }

    /// Writes the words of accounts made before people were found by them; once in the life of a database.
    async fn index_names(&self) -> Result<(), ServiceError> {
        if find_meta(&mut &self.store, NAMES_INDEXED).await?.is_some() {
            return Ok(());
        }
        let mut after = None;
        loop {
            let some = people::list_wordless(&mut &self.store, after, NAMES_AT_ONCE).await?;
            let Some(&(last, ..)) = some.last() else { break };
            let words =
                some.into_iter().map(|(id, username, full_name)| (id, words_of(&username, full_name.as_deref())));
            people::insert_words(&mut &self.store, &words.collect::<Vec<_>>()).await?;
            after = Some(last);
        }
        insert_meta(&mut &self.store, NAMES_INDEXED, "1").await?;
        Ok(())
    }

    async fn check_signing_key(&self) -> Result<(), StartError> {
        let mut db = &self.store;
        let fingerprints: Vec<&str> = self.token_keys.fingerprints().collect();
        let first = fingerprints.first().copied().unwrap_or_default();
        if insert_meta(&mut db, JWT_FINGERPRINT, first).await.map_err(ServiceError::from)? {
            return Ok(());
        }
        let stored = find_meta(&mut db, JWT_FINGERPRINT).await.map_err(ServiceError::from)?.unwrap_or_default();
        if !fingerprints.contains(&stored.as_str()) {
            return Err(StartError::ForeignKey);
        }
        if stored != first {
            replace_meta(&mut db, JWT_FINGERPRINT, &stored, first).await.map_err(ServiceError::from)?;
        }
        Ok(())
    }

    /// Makes the bootstrap token unless there is one, or an administrator. The unique row decides between instances.
    async fn open_bootstrap(&self) -> Result<Option<SecretString>, StartError> {
        let mut db = &self.store;
        let first_admin = find_meta(&mut db, FIRST_ADMIN).await.map_err(ServiceError::from)?;
        let hash = find_meta(&mut db, BOOTSTRAP_HASH).await.map_err(ServiceError::from)?;
        if first_admin.is_some() {
            return Ok(None);
        }
        if hash.is_some() {
            tracing::info!(
                "there is no administrator yet: register with the bootstrap token of the first start, or run \
                 `syncspace-server admin create`"
            );
            return Ok(None);
        }
        // The file comes first: a token whose hash is stored but that nobody can read would lock everybody out.
        let file = self.bootstrap_file();
        let token = match file.as_deref().map(read_secret).transpose()?.flatten() {
            Some(token) => token,
            None => SecretString::from(random_token()?),
        };
        if let Some(path) = &file {
            create_secret_file(path, &token)?;
        }
        let hash = hash_token(token.expose_secret());
        if insert_meta(&mut db, BOOTSTRAP_HASH, &hash).await.map_err(ServiceError::from)? {
            return Ok(Some(token));
        }
        let winner = find_meta(&mut db, BOOTSTRAP_HASH).await.map_err(ServiceError::from)?;
        if winner != Some(hash) {
            self.remove_bootstrap_file();
        }
        Ok(None)
    }

    /// Makes an administrator, for whoever has the database at hand; also when there is one already.
    pub async fn create_first_admin(&self, username: Username, password: Password) -> Result<User, ServiceError> {
        let now = self.clock.now();
        let user = UserRow {
            id: self.ids.next().await?,
            username,
            email: None,
            email_verified_at: None,
            email_pending: None,
            hashed_password: self.passwords.hash(password.expose()).await?,
            full_name: None,
            avatar_url: None,
            is_active: true,
            is_admin: true,
            is_bot: false,
            last_seen: None,
            created_at: now,
            updated_at: now,
            settings: UserSettings::default(),
        };
        retrying(|| self.insert_admin(&user)).await?;
        self.remove_bootstrap_file();
        Ok(own_view(&user, now))
    }

    async fn insert_admin(&self, user: &UserRow) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        insert_user(&mut tx, user).await.map_err(refuse_duplicate)?;
        insert_meta(&mut tx, FIRST_ADMIN, &user.id.to_string()).await?;
        remove_meta(&mut tx, BOOTSTRAP_HASH).await?;
        let line = Line::by_server(AuditAction::UserCreated).to(user.id).with("is_admin", true);
        line.write(&mut tx, user.created_at).await?;
        Ok(tx.commit().await?)
    }

    pub(super) fn remove_bootstrap_file(&self) {
        if let Some(path) = self.bootstrap_file() {
            remove_secret_file(&path);
        }
    }

    fn bootstrap_file(&self) -> Option<PathBuf> {
        self.data_dir.as_ref().map(|dir| dir.join(BOOTSTRAP_FILE))
    }
}
