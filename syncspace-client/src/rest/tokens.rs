//! The tokens of a client: kept, saved, and refreshed by one task of one process at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use syncspace_protocol::auth::{Refresh, Secret, Tokens};
use syncspace_protocol::{ErrorCode, Time};

use super::Client;
use crate::credentials::{CredentialStore, Credentials};
use crate::{ClientError, ServerUrl};

/// Where a client's tokens are.
pub(super) struct TokenKeeper {
    held: Mutex<Option<Credentials>>,
    /// One made for a program, which is used as it is.
    fixed: Option<Secret>,
    store: Option<CredentialStore>,
    /// Held by the task that refreshes.
    turn: tokio::sync::Mutex<()>,
}

impl TokenKeeper {
    pub(super) fn in_memory() -> Self {
        Self { held: Mutex::new(None), fixed: None, store: None, turn: tokio::sync::Mutex::new(()) }
    }

    pub(super) fn fixed(token: Secret) -> Self {
        Self { fixed: Some(token), ..Self::in_memory() }
    }

    pub(super) const fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    pub(super) fn saved(server: &ServerUrl, store: CredentialStore) -> Result<Self, ClientError> {
        let held = store.find(server)?;
        Ok(Self { held: Mutex::new(held), store: Some(store), ..Self::in_memory() })
    }

    pub(super) fn held(&self) -> Option<Credentials> {
        self.slot().clone()
    }

    fn hold(&self, credentials: Option<Credentials>) {
        *self.slot() = credentials;
    }

    fn slot(&self) -> MutexGuard<'_, Option<Credentials>> {
        // Only whole values are put in, so a panic elsewhere left nothing half done.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// Gives an access token that should be accepted, refreshed first where its end is near.
    pub(crate) async fn access_token(&self) -> Result<Secret, ClientError> {
        if let Some(token) = &self.shared.tokens.fixed {
            return Ok(token.clone());
        }
        let held = self.shared.tokens.held().ok_or_else(|| self.not_logged_in())?;
        if held.is_fresh(now()) { Ok(held.access_token) } else { self.replace_token(&held.access_token).await }
    }

    /// Gives an access token other than this one, which the server no longer accepts or soon will not.
    pub(crate) async fn replace_token(&self, stale: &Secret) -> Result<Secret, ClientError> {
        let (client, stale) = (self.clone(), stale.clone());
        // A task of its own: whoever asks may stop waiting, but a new refresh token must not get lost.
        let refresh = tokio::spawn(async move { client.refresh_unless_done(&stale).await });
        refresh
            .await
            .map_err(|source| ClientError::Unreachable { server: self.server().clone(), source: source.into() })?
    }

    /// Keeps and saves the tokens of a new login.
    pub(super) async fn keep_tokens(&self, tokens: &Tokens) -> Result<(), ClientError> {
        let credentials = Credentials::received(tokens, now());
        let keeper = &self.shared.tokens;
        let _turn = keeper.turn.lock().await;
        keeper.hold(Some(credentials.clone()));
        match &keeper.store {
            Some(store) => store.lock().await?.save(self.server(), &credentials),
            None => Ok(()),
        }
    }

    /// Forgets the tokens here and in the store, unless somebody else's are there.
    pub(super) async fn forget_tokens(&self) -> Result<(), ClientError> {
        let keeper = &self.shared.tokens;
        let _turn = keeper.turn.lock().await;
        let Some(held) = keeper.held() else { return Ok(()) };
        keeper.hold(None);
        let Some(store) = &keeper.store else { return Ok(()) };
        let locked = store.lock().await?;
        match locked.find(self.server())? {
            Some(saved) if saved.session_id == held.session_id => locked.remove(self.server()),
            _ => Ok(()),
        }
    }

    async fn refresh_unless_done(&self, stale: &Secret) -> Result<Secret, ClientError> {
        let keeper = &self.shared.tokens;
        let _turn = keeper.turn.lock().await;
        let held = keeper.held().ok_or_else(|| self.not_logged_in())?;
        if held.access_token != *stale && held.is_fresh(now()) {
            return Ok(held.access_token);
        }
        let outcome = match &keeper.store {
            Some(store) => self.refresh_saved(store, held, stale).await,
            None => self.refresh(&held).await,
        };
        match outcome {
            Ok(credentials) => {
                let token = credentials.access_token.clone();
                keeper.hold(Some(credentials));
                Ok(token)
            }
            Err(error) => {
                if ends_the_login(&error) {
                    keeper.hold(None);
                }
                Err(error)
            }
        }
    }

    /// Refreshes under the store's lock, unless another process has done so meanwhile.
    async fn refresh_saved(
        &self,
        store: &CredentialStore,
        held: Credentials,
        stale: &Secret,
    ) -> Result<Credentials, ClientError> {
        let locked = store.lock().await?;
        let saved = locked.find(self.server())?.ok_or_else(|| self.not_logged_in())?;
        if saved.user_id != held.user_id {
            // Another account has logged in here since. This client must not turn into it: it goes on by itself.
            return self.refresh(&held).await;
        }
        if saved.access_token != *stale && saved.is_fresh(now()) {
            return Ok(saved);
        }
        let outcome = self.refresh(&saved).await;
        match &outcome {
            Ok(fresh) => locked.save(self.server(), fresh)?,
            Err(error) if ends_the_login(error) => locked.remove(self.server())?,
            Err(_) => {}
        }
        outcome
    }

    async fn refresh(&self, old: &Credentials) -> Result<Credentials, ClientError> {
        let body = Refresh { refresh_token: old.refresh_token.clone() };
        let tokens: Tokens = self.post("auth/refresh").without_token().body(&body).fetch().await?;
        Ok(Credentials::received(&tokens, now()))
    }

    fn not_logged_in(&self) -> ClientError {
        ClientError::NotLoggedIn { server: self.server().clone() }
    }
}

/// Tells whether a failed refresh means that its tokens are worth nothing any more.
pub(crate) fn ends_the_login(error: &ClientError) -> bool {
    error.is_logged_out() || matches!(error.code(), Some(ErrorCode::TokenExpired | ErrorCode::InvalidCredentials))
}

fn now() -> Time {
    Time::from(Timestamp::now())
}
