//! Access tokens for programs: made, listed, revoked, and recognised when one comes in.
//!
//! A token is a session, so that whatever ends a session ends it everywhere: requests, sockets, links to files.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::auth::Secret;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{ACCESS_TOKENS_MAX, TOKEN_NAME_CHARS_MAX};
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::tokens::{AccessToken, CreateToken, MadeToken, Scopes, TOKEN_PREFIX};
use syncspace_protocol::{SessionId, Time, UserId};

use super::audit::Line;
use super::fields::clean_field;
use super::paging::Window;
use super::retry::retrying;
use super::revocations::sessions_ended;
use super::secrets::{hash_token, random_seed, random_token};
use super::tokens::not_valid;
use super::{Actor, Device, Service, ServiceError, later};
use crate::grant::Needs;
use crate::store::access_tokens;
use crate::store::sessions::{SessionRow, insert_session};
use crate::store::users::lock_user;

/// Shortest time between two notes that a token was used, in milliseconds: a busy one must not write with every request.
const USED_PAUSE_MS: i64 = 60_000;

/// Most tokens whose sessions are known without asking the database; beyond them all are looked up again.
const KNOWN_MAX: usize = 10_000;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Which sessions tokens are, by hash. That never changes; whether a session holds is looked at each time.
#[derive(Debug, Default)]
pub(super) struct KnownTokens(Mutex<HashMap<String, Known>>);

#[derive(Debug, Clone, Copy)]
struct Known {
    device: Device,
    /// When its use was last written down.
    noted_at: Time,
}

impl KnownTokens {
    fn find(&self, hash: &str) -> Option<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(hash).copied()
    }

    fn keep(&self, hash: String, known: Known) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KNOWN_MAX {
            all.clear();
        }
        all.insert(hash, known);
    }
}

/// A token that is to be made, whose fields fit.
pub(super) struct NewToken {
    name: String,
    pub(super) scopes: Scopes,
    expires_at: Option<Time>,
}

impl Service {
    /// Lists the asking person's tokens that hold.
    pub async fn access_tokens(&self, actor: &Actor, query: &PageQuery) -> Result<Page<AccessToken>, ServiceError> {
        self.tokens_of(actor.user_id, query).await
    }

    /// Makes a token for the asking person; the token itself is in this answer and nowhere else.
    pub async fn create_token(&self, actor: &Actor, body: CreateToken) -> Result<MadeToken, ServiceError> {
        let new = self.check_token(body)?;
        self.make_token(actor.user_id, new, Line::by(actor, AuditAction::TokenCreated)).await
    }

    /// Ends one of the asking person's tokens; its sockets close everywhere.
    pub async fn revoke_token(&self, actor: &Actor, id: SessionId) -> Result<(), ServiceError> {
        self.revoke_token_of(actor.user_id, id, Line::by(actor, AuditAction::TokenRevoked)).await
    }

    pub(super) async fn tokens_of(&self, user: UserId, query: &PageQuery) -> Result<Page<AccessToken>, ServiceError> {
        let (window, now) = (Window::parse(query)?, self.clock.now());
        let rows = access_tokens::list(&mut &self.store, user, now, window.after_id, window.rows_wanted()).await?;
        Ok(window.page(rows, |token| token.id.get()))
    }

    pub(super) fn check_token(&self, body: CreateToken) -> Result<NewToken, ServiceError> {
        let name = clean_field("name", Some(&body.name), TOKEN_NAME_CHARS_MAX)?;
        let name = name.ok_or_else(|| ServiceError::invalid_field("name", "say what the token is for"))?;
        if body.scopes.is_empty() {
            return Err(ServiceError::invalid_field(
                "scopes",
                "name at least one scope: a token without any does nothing",
            ));
        }
        self.check_end(body.expires_at)?;
        Ok(NewToken { name, scopes: body.scopes, expires_at: body.expires_at })
    }

    fn check_end(&self, expires_at: Option<Time>) -> Result<(), ServiceError> {
        let (now, days_max) = (self.clock.now(), self.settings.token_life_days_max);
        let longest = (days_max > 0).then(|| later(now, i64::from(days_max) * DAY_MS));
        let refused = |sentence: String| Err(ServiceError::invalid_field("expires_at", sentence));
        match (expires_at, longest) {
            (Some(end), _) if end <= now => refused("expires_at must lie ahead".to_owned()),
            (Some(end), Some(longest)) if end > longest => {
                refused(format!("on this server a token lasts at most {days_max} days"))
            }
            (None, Some(_)) => {
                refused(format!("on this server every token ends: name a time at most {days_max} days ahead"))
            }
            (Some(_), _) | (None, None) => Ok(()),
        }
    }

    pub(super) async fn make_token(&self, user: UserId, new: NewToken, line: Line) -> Result<MadeToken, ServiceError> {
        let token = format!("{TOKEN_PREFIX}{}", random_token()?);
        let now = self.clock.now();
        let session = SessionRow {
            id: self.ids.next().await?,
            user_id: user,
            device_name: Some(new.name.clone()),
            seed: random_seed()?,
            refresh_n: 1,
            rotated_at: now,
            created_at: now,
            last_used_at: now,
            expires_at: access_tokens::stored_end(new.expires_at)?,
            ended_at: None,
        };
        let scopes: Vec<_> = new.scopes.iter().collect();
        let line = line.with("token_id", session.id).with("scopes", scopes);
        retrying(|| self.insert_token(&line, &session, &token, new.scopes)).await?;
        Ok(MadeToken { info: access_tokens::view(&session, new.name, new.scopes), token: Secret(token) })
    }

    async fn insert_token(
        &self,
        line: &Line,
        session: &SessionRow,
        token: &str,
        scopes: Scopes,
    ) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        lock_user(&mut tx, session.user_id).await?;
        if access_tokens::count(&mut tx, session.user_id, session.created_at).await? >= ACCESS_TOKENS_MAX {
            let sentence = format!("an account has at most {ACCESS_TOKENS_MAX} tokens; revoke one that is not used");
            return Err(ServiceError::refused(ErrorCode::Conflict, sentence));
        }
        insert_session(&mut tx, session).await?;
        access_tokens::mark(&mut tx, session.id, &hash_token(token), scopes).await?;
        line.clone().write(&mut tx, session.created_at).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn revoke_token_of(&self, user: UserId, id: SessionId, line: Line) -> Result<(), ServiceError> {
        let line = line.with("token_id", id);
        let is_ended = retrying(|| async {
            let (mut tx, now) = (self.store.begin().await?, self.clock.now());
            let is_ended = access_tokens::end(&mut tx, id, user, now).await?;
            if is_ended {
                line.clone().write(&mut tx, now).await?;
            }
            let effects = if is_ended { sessions_ended(&[id]) } else { Vec::new() };
            self.commit_revoking(tx, effects).await?;
            Ok(is_ended)
        });
        if is_ended.await? { Ok(()) } else { Err(ServiceError::not_found("token")) }
    }

    /// Tells whose token this is, and notes now and then that it was used. Whether it still holds is not looked up.
    pub(super) async fn device_of_access_token(&self, token: &str) -> Result<Device, ServiceError> {
        let (hash, now) = (hash_token(token), self.clock.now());
        let known = self.known_tokens.find(&hash);
        if let Some(known) = known.filter(|known| now.unix_ms() - known.noted_at.unix_ms() < USED_PAUSE_MS) {
            return Ok(known.device);
        }
        let device = match known {
            Some(known) => known.device,
            None => {
                let found = access_tokens::find(&mut &self.store, &hash).await?;
                let (user_id, session_id) = found.ok_or_else(not_valid)?;
                Device { user_id, session_id }
            }
        };
        self.known_tokens.keep(hash, Known { device, noted_at: now });
        if let Err(error) = access_tokens::note_used(&mut &self.store, device.session_id, now).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the use of a token was not written down");
        }
        Ok(device)
    }
}

/// Says what a token does not cover.
pub(crate) fn lacks(needs: Needs) -> ServiceError {
    let sentence = match needs {
        Needs::Login => "this is done with a login only, not with an access token: log in with the password".to_owned(),
        Needs::Scope(scope) => format!("this token lacks the scope `{scope}`: make one that has it"),
    };
    ServiceError::refused(ErrorCode::Forbidden, sentence)
}
