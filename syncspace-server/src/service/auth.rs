//! Logging in, and what a token is worth.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::auth::{Login, Refresh, Secret, ServerInfo, Tokens};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::DEVICE_NAME_CHARS_MAX;
use syncspace_protocol::names::fold_key;
use syncspace_protocol::tokens::TOKEN_PREFIX;
use syncspace_protocol::{PROTOCOL_VERSION, SessionId, Time};

use super::audit::Line;
use super::fields::clean_field;
use super::retry::retrying;
use super::secrets::random_seed;
use super::tokens::{RefreshToken, not_valid};
use super::{Actor, Device, Grant, Origin, Service, ServiceError, Verdict, later};
use crate::store::meta::{FIRST_ADMIN, find_meta};
use crate::store::sessions::{SessionRow, find_session, insert_session, rotate_session};
use crate::store::users::{UserRow, find_user, find_user_by_email, find_user_by_username, replace_password};

/// How long after a refresh the token before still gives the same successor, in milliseconds: an answer that was lost
/// on the way is not a theft.
const REPEAT_MS_MAX: i64 = 60_000;

/// How often a refresh is decided anew because another one of the same session came between.
const ROTATE_TRIES_MAX: u32 = 3;

/// What a genuine refresh token is, compared with its session.
#[derive(Debug, PartialEq, Eq)]
enum TokenAge {
    /// The newest: it is exchanged for the next.
    Newest,
    /// The one before, a moment ago: it gives the same successor again.
    Repeated,
    /// Anything else: two hold tokens of one session, and one of them is not the owner.
    Stolen,
}

impl Service {
    /// Tells what a client may know before it logs in.
    pub async fn server_info(&self) -> Result<ServerInfo, ServiceError> {
        let first_admin = find_meta(&mut &self.store, FIRST_ADMIN).await?;
        Ok(ServerInfo {
            product: "syncspace".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL_VERSION,
            registration: self.registration().await?,
            needs_first_admin: first_admin.is_none(),
            sends_mail: self.sends_mail(),
            file_bytes_max: Some(self.settings.file_bytes_max),
        })
    }

    /// Logs a person in on a new device.
    ///
    /// Fails with `invalid_credentials`, in the same time and words whether the name or the password is wrong.
    pub async fn login(&self, origin: &Origin, login: Login) -> Result<Tokens, ServiceError> {
        let device_name = device_name(origin, login.device_name.as_deref())?;
        let key = fold_key(&login.username);
        let user = match key.contains('@') {
            true => find_user_by_email(&mut &self.store, &key).await?,
            false => find_user_by_username(&mut &self.store, &key).await?,
        };
        let stored = user.as_ref().map(|user| user.hashed_password.as_str());
        let verdict = self.passwords.verify(&login.password.0, stored).await?;
        let known = user.as_ref().map(|user| user.id);
        let wrong = || ServiceError::refused(ErrorCode::InvalidCredentials, "the username or the password is wrong");
        let Some(user) = user.filter(|_| verdict != Verdict::Wrong) else {
            // Of a name that nobody has too: the time that it takes tells nobody which of the two was wrong.
            let line = Line::by_server(AuditAction::AccountLoginFailed).from(origin).to(known);
            line.write(&mut &self.store, self.clock.now()).await?;
            return Err(wrong());
        };
        if !user.is_active {
            return Err(ServiceError::refused(
                ErrorCode::Forbidden,
                "this account is switched off; an administrator of this server can switch it on again",
            ));
        }
        if verdict == Verdict::RightButOutdated {
            let hashed = self.passwords.hash(&login.password.0).await?;
            replace_password(&mut &self.store, user.id, &user.hashed_password, &hashed).await?;
        }
        let session = self.new_session(&user, device_name).await?;
        retrying(|| self.begin_session(origin, &user, &session)).await?;
        self.issue(&user, &session, session.refresh_n)
    }

    async fn begin_session(&self, origin: &Origin, user: &UserRow, session: &SessionRow) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        insert_session(&mut tx, session).await?;
        let device = Device { user_id: user.id, session_id: session.id };
        let actor = Actor::of(device, user.is_admin, Grant::Login);
        let line = Line::by(&actor, AuditAction::AccountLoggedIn).from(origin).to(user.id);
        line.with_some("device_name", session.device_name.as_ref()).write(&mut tx, session.created_at).await?;
        Ok(tx.commit().await?)
    }

    /// Exchanges a refresh token for the next one and a new access token.
    ///
    /// Fails with `unauthenticated` for what is no refresh token of this server, with `session_ended` where the
    /// session is over; a token from before the last one ends it.
    pub async fn refresh(&self, origin: &Origin, refresh: Refresh) -> Result<Tokens, ServiceError> {
        let token = RefreshToken::parse(&refresh.refresh_token.0).ok_or_else(not_valid)?;
        for _ in 0..ROTATE_TRIES_MAX {
            let session = find_session(&mut &self.store, token.session_id).await?;
            let session = session.filter(|session| self.token_keys.is_genuine(&token, &session.seed));
            let session = session.ok_or_else(not_valid)?;
            let now = self.clock.now();
            let user = find_user(&mut &self.store, session.user_id).await?;
            let user = user.filter(|user| user.is_active && session.is_live(now)).ok_or_else(session_ended)?;
            match token_age(token.n, &session, now) {
                TokenAge::Newest => {
                    let expires_at = self.session_end(now);
                    if rotate_session(&mut &self.store, session.id, token.n, now, expires_at).await? {
                        return self.issue(&user, &session, token.n + 1);
                    }
                }
                TokenAge::Repeated => return self.issue(&user, &session, session.refresh_n),
                TokenAge::Stolen => {
                    tracing::warn!(session_id = %session.id, "an old refresh token was used; the session is ended");
                    let line = Line::by_server(AuditAction::SessionStolen).from(origin).to(user.id);
                    let line = line.with("ended_session_id", session.id);
                    self.revoke_session(session.id, session.user_id, &line).await?;
                    return Err(session_ended());
                }
            }
        }
        Err(ServiceError::Busy { retry_after_ms: 100 })
    }

    /// Tells who asks with an access token.
    ///
    /// Fails with `unauthenticated`, `token_expired` or `session_ended`.
    pub async fn authenticate(&self, token: &str) -> Result<Actor, ServiceError> {
        let Device { user_id, session_id } = self.device_of_token(token).await?;
        let actor = self.stand(user_id, session_id).await;
        actor.map_err(|error| match error.code() {
            ErrorCode::SessionEnded if token.starts_with(TOKEN_PREFIX) => token_over(),
            _ => error,
        })
    }

    /// Tells whose device comes with an access token. Whether its session still holds is not looked up.
    pub(crate) async fn device_of_token(&self, token: &str) -> Result<Device, ServiceError> {
        if token.starts_with(TOKEN_PREFIX) {
            return self.device_of_access_token(token).await;
        }
        let (user_id, session_id) = self.token_keys.read_access_token(token, self.clock.now())?;
        Ok(Device { user_id, session_id })
    }

    pub(super) async fn new_session(
        &self,
        user: &UserRow,
        device_name: Option<String>,
    ) -> Result<SessionRow, ServiceError> {
        let now = self.clock.now();
        Ok(SessionRow {
            id: self.ids.next::<SessionId>().await?,
            user_id: user.id,
            device_name,
            seed: random_seed()?,
            refresh_n: 1,
            rotated_at: now,
            created_at: now,
            last_used_at: now,
            expires_at: self.session_end(now),
            ended_at: None,
        })
    }

    fn session_end(&self, now: Time) -> Time {
        later(now, i64::from(self.settings.session_life_s) * 1_000)
    }

    pub(super) fn issue(&self, user: &UserRow, session: &SessionRow, refresh_n: i64) -> Result<Tokens, ServiceError> {
        let access_token = self.token_keys.access_token(user.id, session.id, self.clock.now())?;
        Ok(Tokens {
            user: super::users::own_view(user, self.clock.now()),
            session_id: session.id,
            access_token: Secret(access_token),
            refresh_token: Secret(self.token_keys.refresh_token(session.id, refresh_n, &session.seed)),
            expires_in_s: self.token_keys.access_life_s().into(),
        })
    }
}

fn token_age(n: i64, session: &SessionRow, now: Time) -> TokenAge {
    let since_rotation_ms = now.unix_ms() - session.rotated_at.unix_ms();
    match session.refresh_n - n {
        0 => TokenAge::Newest,
        1 if since_rotation_ms <= REPEAT_MS_MAX => TokenAge::Repeated,
        _ => TokenAge::Stolen,
    }
}

/// Gives the name a device goes by: its own, or else what its program calls itself.
pub(super) fn device_name(origin: &Origin, name: Option<&str>) -> Result<Option<String>, ServiceError> {
    if let Some(name) = clean_field("device_name", name, DEVICE_NAME_CHARS_MAX)? {
        return Ok(Some(name));
    }
    let program: Option<String> =
        origin.user_agent.as_ref().map(|agent| agent.chars().take(DEVICE_NAME_CHARS_MAX).collect());
    clean_field("device_name", program.as_deref(), DEVICE_NAME_CHARS_MAX)
}

/// Says of a token that was made for a program what is said of a session: a program cannot log in again.
fn token_over() -> ServiceError {
    ServiceError::refused(ErrorCode::SessionEnded, "this token was revoked, or its time is over; make another one")
}

pub(super) fn session_ended() -> ServiceError {
    ServiceError::refused(ErrorCode::SessionEnded, "the session was ended; log in again")
}
