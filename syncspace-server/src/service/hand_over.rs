//! Handing an imported account to its person: switched on, with a code by which the first password is set.

use syncspace_protocol::UserId;
use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::auth::Secret;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::server::{HandOver, HandedOver};
use syncspace_protocol::users::EditProfile;

use super::account_changes::{AccountChange, Powers};
use super::audit::Line;
use super::erasures::already_erased;
use super::mails::{NewMail, Recipient};
use super::password_resets::check_life;
use super::retry::retrying;
use super::secrets::{hash_token, random_token};
use super::users::require_admin;
use super::{Actor, Service, ServiceError, later};
use crate::store::mails::MailKind;
use crate::store::password_resets::{self, ResetRow};
use crate::store::users::{NO_PASSWORD, UserRow, find_user, lock_user};
use crate::store::{Tx, erasures};

impl Service {
    /// Switches an imported account on, and makes the code of its first password: mailed where this server sends mail and the
    /// account has an address, else in the answer. Codes made before end. For administrators, until there is a password.
    pub async fn hand_over(&self, actor: &Actor, user: UserId, wanted: HandOver) -> Result<HandedOver, ServiceError> {
        require_admin(actor)?;
        check_life(wanted.expires_in_s)?;
        let found = find_user(&mut &self.store, user).await?.ok_or_else(|| ServiceError::not_found("user"))?;
        check_unclaimed(&found)?;
        let expires_at = later(self.clock.now(), i64::from(wanted.expires_in_s) * 1_000);
        let code = random_token()?;
        let mail = match found.email.as_ref().filter(|_| self.sends_mail()) {
            Some(email) => {
                let recipient = Recipient { address: email.as_str().to_owned(), user: Some(user), invite: None };
                Some(self.new_mail(MailKind::HandOver, recipient, expires_at)?)
            }
            None => None,
        };
        if !found.is_active {
            // Before the code: nobody is mailed about an account that is off. Without one nobody comes in yet.
            let powers = Powers { is_active: Some(true), is_admin: None };
            self.change_account(AccountChange::check(user, EditProfile::default(), powers)?.by(actor)).await?;
        }
        retrying(|| self.insert_hand_over(actor, &found, (&code, mail.as_ref()), expires_at)).await?;
        self.ring_for_mail();
        let is_mailed = mail.is_some();
        Ok(HandedOver {
            user_id: user,
            username: found.username,
            mailed_to: found.email.filter(|_| is_mailed),
            code: (!is_mailed).then_some(Secret(code)),
            expires_at,
        })
    }

    async fn insert_hand_over(
        &self,
        actor: &Actor,
        found: &UserRow,
        (code, mail): (&str, Option<&NewMail>),
        expires_at: syncspace_protocol::Time,
    ) -> Result<(), ServiceError> {
        let (mut tx, now) = (self.store.begin().await?, self.clock.now());
        lock_unclaimed(&mut tx, found.id).await?;
        password_resets::remove_of(&mut tx, found.id).await?;
        let (code_hash, made_by) = match mail {
            Some(mail) => (mail.code_hash.clone(), None),
            None => (hash_token(code), Some(actor.user_id)),
        };
        let row = ResetRow { code_hash, user_id: found.id, made_by, created_at: now, expires_at };
        password_resets::replace(&mut tx, &row).await?;
        if let Some(mail) = mail {
            mail.write(&mut tx).await?;
        }
        let line = Line::by(actor, AuditAction::UserHandedOver).to(found.id).with("expires_at", expires_at);
        line.with("is_mailed", mail.is_some()).write(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }
}

async fn lock_unclaimed(tx: &mut Tx, user: UserId) -> Result<(), ServiceError> {
    lock_user(tx, user).await?;
    if erasures::is_erased(tx, user).await? {
        return Err(already_erased());
    }
    check_unclaimed(&find_user(tx, user).await?.ok_or_else(|| ServiceError::not_found("user"))?)
}

fn check_unclaimed(user: &UserRow) -> Result<(), ServiceError> {
    if user.hashed_password == NO_PASSWORD {
        return Ok(());
    }
    let sentence = "this account was not imported, or its person has set a password; make a code for a new one instead";
    Err(ServiceError::refused(ErrorCode::Conflict, sentence))
}
