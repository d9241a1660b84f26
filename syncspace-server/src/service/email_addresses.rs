//! Whether an account's address is its person's: shown by a code that is mailed to it.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::auth::VerifyEmail;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{EMAIL_CODE_LIFE_S, EMAIL_CODES_MAX, TOKEN_CHARS_MAX};
use syncspace_protocol::users::User;
use syncspace_protocol::{Email, Time, UserId};

use super::audit::Line;
use super::auth::session_ended;
use super::mails::{NewMail, Recipient};
use super::retry::retrying;
use super::secrets::hash_token;
use super::users::{email_taken, refuse_duplicate};
use super::{Actor, Refusal, Service, ServiceError, later};
use crate::mail::Mailer;
use crate::store::email_codes::{self, EmailCodeRow};
use crate::store::mails::MailKind;
use crate::store::users::{UserRow, find_user, find_user_by_email, lock_user, verify_email};
use crate::store::{Queries, StoreError, password_resets};

/// A code that is to be mailed to an address.
#[derive(Debug, Clone)]
pub(super) struct EmailCode {
    mail: NewMail,
    row: EmailCodeRow,
}

impl EmailCode {
    /// Notes it with its mail.
    pub(super) async fn write(&self, db: &mut impl Queries, now: Time) -> Result<(), StoreError> {
        email_codes::insert(db, &self.row, now).await?;
        self.mail.write(db).await
    }

    /// Tells whether another one would be too many for its person.
    pub(super) async fn refuse_many(
        &self,
        db: &mut impl Queries,
        now: Time,
    ) -> Result<Option<ServiceError>, StoreError> {
        let count = email_codes::count(db, self.row.user_id, now).await?;
        Ok((count >= EMAIL_CODES_MAX).then(too_many))
    }
}

impl Service {
    /// Makes a code for an address, where this server sends mail; fails where no mail can be written to it.
    pub(super) fn new_email_code(&self, user: UserId, email: &Email) -> Result<Option<EmailCode>, ServiceError> {
        if !self.sends_mail() {
            return Ok(None);
        }
        require_sendable(email)?;
        let expires_at = later(self.clock.now(), i64::from(EMAIL_CODE_LIFE_S) * 1_000);
        let recipient = Recipient { address: email.as_str().to_owned(), user: Some(user), invite: None };
        let mail = self.new_mail(MailKind::Verify, recipient, expires_at)?;
        let row = EmailCodeRow { code_hash: mail.code_hash.clone(), user_id: user, email: email.clone(), expires_at };
        Ok(Some(EmailCode { mail, row }))
    }

    /// Mails another code to the asking person's address that is not verified yet.
    pub async fn send_email_code(&self, actor: &Actor) -> Result<(), ServiceError> {
        self.require_mail("an address is taken as it is")?;
        let user = find_user(&mut &self.store, actor.user_id).await?.ok_or_else(session_ended)?;
        let nothing = || {
            let sentence = match &user.email {
                Some(_) => "your e-mail address is verified already",
                None => "your account has no e-mail address; give it one first",
            };
            ServiceError::refused(ErrorCode::Conflict, sentence)
        };
        let email = user.unverified_email().ok_or_else(nothing)?;
        let Some(code) = self.new_email_code(user.id, email)? else { return Ok(()) };
        retrying(|| self.insert_email_code(user.id, &code)).await?;
        self.ring_for_mail();
        Ok(())
    }

    async fn insert_email_code(&self, user: UserId, code: &EmailCode) -> Result<(), ServiceError> {
        let (mut tx, now) = (self.store.begin().await?, self.clock.now());
        // Under its lock: two at once count each other.
        lock_user(&mut tx, user).await?;
        if let Some(refusal) = code.refuse_many(&mut tx, now).await? {
            return Err(refusal);
        }
        code.write(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// Verifies the asking person's address by the code that was mailed to it; a pending one becomes the account's.
    ///
    /// Fails with `invalid_credentials` for what is no code that holds, with `name_taken` where another account has the address.
    pub async fn verify_email(&self, actor: &Actor, verify: VerifyEmail) -> Result<User, ServiceError> {
        if verify.code.0.len() > TOKEN_CHARS_MAX {
            return Err(no_code());
        }
        let hash = hash_token(verify.code.0.trim());
        let user = retrying(|| self.try_verify(actor, &hash)).await?;
        self.realtime.announce_account(user.id);
        self.ring_for_mail();
        self.with_presence(actor, user).await
    }

    async fn try_verify(&self, actor: &Actor, code_hash: &str) -> Result<UserRow, ServiceError> {
        let (mut tx, now) = (self.store.begin().await?, self.clock.now());
        lock_user(&mut tx, actor.user_id).await?;
        let user = find_user(&mut tx, actor.user_id).await?.ok_or_else(session_ended)?;
        let sent_to = email_codes::find(&mut tx, user.id, code_hash, now).await?.ok_or_else(no_code)?;
        let email = user.unverified_email().filter(|email| **email == sent_to).ok_or_else(no_code)?;
        if find_user_by_email(&mut tx, &email.key()).await?.is_some_and(|other| other.id != user.id) {
            return Err(email_taken());
        }
        let former = user.email.as_ref().filter(|former| former.key() != email.key());
        if let Some(former) = former.filter(|former| Mailer::takes(former)) {
            let recipient = Recipient { address: former.as_str().to_owned(), user: Some(user.id), invite: None };
            let word = self.new_mail(MailKind::Moved, recipient, later(now, i64::from(EMAIL_CODE_LIFE_S) * 1_000))?;
            word.write(&mut tx).await?;
            // Who reads the former address is to set no new password.
            password_resets::remove_of(&mut tx, user.id).await?;
        }
        verify_email(&mut tx, user.id, email, now).await.map_err(refuse_duplicate)?;
        email_codes::remove_of(&mut tx, user.id).await?;
        Line::by(actor, AuditAction::AccountEmailVerified).to(user.id).write(&mut tx, now).await?;
        let email = Some(email.clone());
        tx.commit().await?;
        Ok(UserRow { email, email_verified_at: Some(now), email_pending: None, updated_at: now, ..user })
    }
}

/// Refuses an address that no mail can be written to.
pub(super) fn require_sendable(email: &Email) -> Result<(), ServiceError> {
    let sentence = "no mail can be sent to this address; one looks like name@example.org";
    if Mailer::takes(email) { Ok(()) } else { Err(ServiceError::invalid_field("email", sentence)) }
}

fn too_many() -> ServiceError {
    ServiceError::Refused(Refusal {
        code: ErrorCode::RateLimited,
        message: "codes were sent often enough for today; use the last one, or ask for another one tomorrow".into(),
        field: None,
        retry_after_ms: Some(u64::from(EMAIL_CODE_LIFE_S) * 1_000),
    })
}

fn no_code() -> ServiceError {
    let message = "this code is wrong, was used, is over, or was sent to another address; ask for another one";
    ServiceError::refused(ErrorCode::InvalidCredentials, message)
}
