//! A new password for whoever lost the old one: an administrator makes a one-time code, or it is mailed, and the person uses it.

use syncspace_protocol::UserId;
use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::auth::{MailPasswordReset, ResetPassword, Secret, Tokens};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{
    EMAIL_CHARS_MAX, MAILED_RESET_LIFE_S, PASSWORD_RESET_LIFE_S_MAX, PASSWORD_RESET_LIFE_S_MIN, TOKEN_CHARS_MAX,
};
use syncspace_protocol::server::{CreatePasswordReset, PasswordReset};

use super::audit::Line;
use super::auth::device_name;
use super::erasures::already_erased;
use super::mails::Recipient;
use super::retry::retrying;
use super::secrets::{hash_token, random_token};
use super::users::require_admin;
use super::{Actor, Device, Grant, Origin, Service, ServiceError, later};
use crate::log::Effect;
use crate::store::erasures;
use crate::store::mails::MailKind;
use crate::store::password_resets::{self, ResetRow};
use crate::store::sessions::{SessionRow, end_all, insert_session};
use crate::store::users::{UserRow, find_user, lock_user, mark_verified, set_password};

impl Service {
    /// Makes a code by which a person sets a new password, once; for administrators. Codes made before end by that.
    pub async fn create_password_reset(
        &self,
        actor: &Actor,
        user: UserId,
        create: CreatePasswordReset,
    ) -> Result<PasswordReset, ServiceError> {
        require_admin(actor)?;
        let life_s = create.expires_in_s;
        check_life(life_s)?;
        let code = random_token()?;
        let expires_at = retrying(|| self.insert_reset(actor, user, &code, life_s)).await?;
        Ok(PasswordReset { code: Secret(code), expires_at })
    }

    async fn insert_reset(
        &self,
        actor: &Actor,
        user: UserId,
        code: &str,
        life_s: u32,
    ) -> Result<syncspace_protocol::Time, ServiceError> {
        let (mut tx, now) = (self.store.begin().await?, self.clock.now());
        if !lock_user(&mut tx, user).await? {
            return Err(ServiceError::not_found("user"));
        }
        if erasures::is_erased(&mut tx, user).await? {
            return Err(already_erased());
        }
        if find_user(&mut tx, user).await?.is_some_and(|user| user.is_bot) {
            let sentence = "a bot has no password; those who manage its team make tokens for it";
            return Err(ServiceError::refused(ErrorCode::Conflict, sentence));
        }
        let row = ResetRow {
            code_hash: hash_token(code),
            user_id: user,
            made_by: Some(actor.user_id),
            created_at: now,
            expires_at: later(now, i64::from(life_s) * 1_000),
        };
        password_resets::replace(&mut tx, &row).await?;
        let line = Line::by(actor, AuditAction::UserResetLinkMade).to(user).with("expires_at", row.expires_at);
        line.write(&mut tx, now).await?;
        tx.commit().await?;
        Ok(row.expires_at)
    }

    /// Notes that somebody wants a code for a new password by mail, whoever that is.
    ///
    /// Nothing is looked up before the answer: whether there is such an account shows neither in its words nor in its time.
    pub async fn mail_password_reset(&self, ask: MailPasswordReset) -> Result<(), ServiceError> {
        self.require_mail("an administrator of it can make a code for a new password")?;
        let username = ask.username.trim();
        if username.is_empty() || username.chars().count() > EMAIL_CHARS_MAX {
            return Err(ServiceError::invalid_field("username", "this is no user name and no e-mail address"));
        }
        let recipient = Recipient { address: username.to_owned(), user: None, invite: None };
        let expires_at = later(self.clock.now(), i64::from(MAILED_RESET_LIFE_S) * 1_000);
        let mail = self.new_mail(MailKind::Reset, recipient, expires_at)?;
        mail.write(&mut &self.store).await?;
        self.ring_for_mail();
        Ok(())
    }

    /// Sets a new password by a code, ends every session of the account, and logs its person in.
    ///
    /// Fails with `invalid_credentials` for what is no code that holds, with `forbidden` where the account is switched off;
    /// the code stays then.
    pub async fn reset_password(&self, origin: &Origin, reset: ResetPassword) -> Result<Tokens, ServiceError> {
        let device = device_name(origin, reset.device_name.as_deref())?;
        if reset.code.0.len() > TOKEN_CHARS_MAX {
            return Err(no_code());
        }
        let hash = hash_token(&reset.code.0);
        let code = password_resets::find(&mut &self.store, &hash, self.clock.now()).await?.ok_or_else(no_code)?;
        let user = find_user(&mut &self.store, code.user_id).await?.ok_or_else(no_code)?;
        if !user.is_active {
            let message = "this account is switched off; an administrator of this server can switch it on again";
            return Err(ServiceError::refused(ErrorCode::Forbidden, message));
        }
        // After the code: what costs so much is not done for whoever guesses.
        let hashed = self.passwords.hash(reset.new_password.expose()).await?;
        let session = self.new_session(&user, device).await?;
        retrying(|| self.write_reset(origin, &code, (&user, &hashed), &session)).await?;
        let user = find_user(&mut &self.store, user.id).await?.unwrap_or(user);
        self.issue(&user, &session, session.refresh_n)
    }

    async fn write_reset(
        &self,
        origin: &Origin,
        code: &ResetRow,
        (user, hashed): (&UserRow, &str),
        session: &SessionRow,
    ) -> Result<(), ServiceError> {
        let (mut tx, now) = (self.store.begin().await?, self.clock.now());
        if !password_resets::take(&mut tx, &code.code_hash, now).await? {
            return Err(no_code());
        }
        password_resets::remove_of(&mut tx, user.id).await?;
        // Whoever has a code that was mailed reads the account's mail: codes end where the address changes.
        if let Some(email) = &user.email
            && code.made_by.is_none()
        {
            mark_verified(&mut tx, user.id, email, now).await?;
        }
        set_password(&mut tx, user.id, hashed).await?;
        // Access tokens too: somebody else may have made some with the password that is lost.
        end_all(&mut tx, user.id, now).await?;
        insert_session(&mut tx, session).await?;
        let device = Device { user_id: user.id, session_id: session.id };
        let actor = Actor::of(device, user.is_admin, Grant::Login);
        let line = Line::by(&actor, AuditAction::AccountPasswordReset).from(origin).to(user.id);
        line.write(&mut tx, now).await?;
        self.commit_revoking(tx, vec![Effect::RightsChanged { user_id: user.id }]).await
    }
}

/// Refuses a code that would hold too long, or hardly at all.
pub(super) fn check_life(life_s: u32) -> Result<(), ServiceError> {
    if (PASSWORD_RESET_LIFE_S_MIN..=PASSWORD_RESET_LIFE_S_MAX).contains(&life_s) {
        return Ok(());
    }
    let sentence = format!("a code holds {PASSWORD_RESET_LIFE_S_MIN} to {PASSWORD_RESET_LIFE_S_MAX} seconds");
    Err(ServiceError::invalid_field("expires_in_s", sentence))
}

fn no_code() -> ServiceError {
    let message = "this code is wrong, was used, or is over; ask for another one";
    ServiceError::refused(ErrorCode::InvalidCredentials, message)
}
