//! Mails that wait: noted with the change they tell of, sent by the instance that has the turn, tried again with longer and
//! longer pauses, given up in the end.
//!
//! At least once: a mail whose row is there still is sent again. No code is stored. It is derived from the mail's name and the
//! server's secret when the mail is written, so that who reads the database alone has none.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{MAILED_RESET_LIFE_S, MAILED_RESET_PAUSE_S};
use syncspace_protocol::names::fold_key;
use syncspace_protocol::teams::MailState;
use syncspace_protocol::{Email, InviteId, Time, UserId};
use tracing::{debug, info, warn};

use super::audit::Line;
use super::invites::Backing;
use super::letters::{self, Invitation, Words, called};
use super::retry::retrying;
use super::secrets::{hash_token, random_seed};
use super::{Service, ServiceError, Turn, later};
use crate::mail::{Letter, MailError, Mailer};
use crate::store::mails::{self, MailKind, MailRow};
use crate::store::password_resets::{self, ResetRow};
use crate::store::users::{UserRow, find_user, find_user_by_email, find_user_by_username};
use crate::store::{Queries, StoreError, Tx, email_codes, invites, teams};

/// Pause after the first try, in milliseconds; three times as long after each further one.
const PAUSE_MS: i64 = 10_000;
/// Longest pause, in milliseconds.
const PAUSE_MS_MAX: i64 = 60 * 60 * 1_000;
/// Longest time that a mail is tried, in milliseconds: a day.
const TRIED_MS_MAX: i64 = 24 * 60 * 60 * 1_000;

/// How many mails came to which end on this instance.
#[derive(Debug, Default)]
pub(super) struct MailCounts {
    pub(super) sent: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) failed: AtomicU64,
    /// Whether the last try failed for a reason that is not the mail's.
    is_away: AtomicBool,
}

/// A mail that is to be noted, and the code in it.
#[derive(Debug, Clone)]
pub(super) struct NewMail {
    row: MailRow,
    /// Hash of the code in it.
    pub(super) code_hash: String,
}

impl NewMail {
    /// Notes it; it is sent once the transaction is committed.
    pub(super) async fn write(&self, db: &mut impl Queries) -> Result<(), StoreError> {
        mails::insert(db, &self.row).await
    }
}

/// Whom a mail is for.
pub(super) struct Recipient {
    pub(super) address: String,
    pub(super) user: Option<UserId>,
    pub(super) invite: Option<InviteId>,
}

impl Service {
    /// Tells whether this server sends mail.
    pub(crate) const fn sends_mail(&self) -> bool {
        self.mailer.is_some()
    }

    /// Refuses what cannot be done without mail.
    pub(super) fn require_mail(&self, instead: &str) -> Result<(), ServiceError> {
        if self.sends_mail() {
            return Ok(());
        }
        let sentence = format!("this server sends no mail until its operator sets smtp_url; {instead}");
        Err(ServiceError::refused(ErrorCode::Conflict, sentence))
    }

    /// Makes a mail that is given up at a time, at the latest a day from now.
    pub(super) fn new_mail(
        &self,
        kind: MailKind,
        recipient: Recipient,
        expires_at: Time,
    ) -> Result<NewMail, ServiceError> {
        let (name, now) = (random_seed()?, self.clock.now());
        let Recipient { address, user, invite } = recipient;
        let code = self.mailed_codes(&name).into_iter().next();
        let code = code.ok_or_else(|| ServiceError::fault("there is no signing secret"))?;
        let expires_at = expires_at.min(later(now, TRIED_MS_MAX));
        let row = MailRow { name, kind, address, user, invite, attempts: 0, created_at: now, expires_at };
        Ok(NewMail { row, code_hash: hash_token(&code) })
    }

    /// Derives the code in a mail, the first by the signing secret, further ones by those before it.
    fn mailed_codes(&self, name: &str) -> Vec<String> {
        let macs = self.token_keys.macs(format!("mail|{name}").as_bytes());
        macs.iter().map(|mac| BASE64_URL_SAFE_NO_PAD.encode(mac)).collect()
    }

    /// Finds the code in a mail whose hash is stored.
    fn mailed_code(&self, name: &str, code_hash: &str) -> Option<String> {
        self.mailed_codes(name).into_iter().find(|code| hash_token(code) == code_hash)
    }

    /// Has what waits looked at soon.
    pub(super) fn ring_for_mail(&self) {
        self.mail_bell.notify_one();
    }

    /// Waits until there may be a mail to send.
    pub async fn mail_came(&self) {
        self.mail_bell.notified().await;
    }

    /// Gives mails that are due, without some by their names; nothing where another instance has the turn.
    pub async fn due_mails(
        &self,
        turn: &Turn,
        without: &[String],
        limit: usize,
    ) -> Result<Option<Vec<MailRow>>, ServiceError> {
        let due = mails::list_due(&mut &self.store, self.clock.now(), without, limit).await?;
        let may_go = due.is_empty() || self.has_turn(turn).await?;
        Ok(may_go.then_some(due))
    }

    /// Gives how long it is until the next mail is due, where there is one.
    pub async fn next_mail(&self) -> Result<Option<Duration>, ServiceError> {
        Ok(mails::next_due(&mut &self.store).await?.map(|at| self.time_until(at)))
    }

    /// Sends one mail, or tries to, and writes down what came of it.
    pub async fn send_mail(&self, mail: MailRow) -> Result<(), ServiceError> {
        let Some(mailer) = &self.mailer else { return Ok(()) };
        let Some((mail, letter)) = self.write_letter(mailer, mail).await? else { return Ok(()) };
        let outcome = mailer.send(&letter).await;
        self.note_reach(&outcome);
        retrying(|| self.note_outcome(&mail, &outcome)).await
    }

    /// Says once that the mail server is away, and once that it is back.
    fn note_reach(&self, outcome: &Result<(), MailError>) {
        match outcome {
            Err(error) if error.may_pass() => {
                if self.mail_counts.is_away.swap(true, Ordering::Relaxed) {
                    debug!(%error, "mail still cannot be sent");
                } else {
                    warn!(%error, "mail cannot be sent; it is kept and tried again");
                }
            }
            _ if self.mail_counts.is_away.swap(false, Ordering::Relaxed) => info!("mail is sent again"),
            _ => {}
        }
    }

    async fn note_outcome(&self, mail: &MailRow, outcome: &Result<(), MailError>) -> Result<(), ServiceError> {
        let (mut tx, now) = (self.store.begin().await?, self.clock.now());
        let count = |which: &AtomicU64| which.fetch_add(1, Ordering::Relaxed);
        let counts = &self.mail_counts;
        match outcome {
            Ok(()) => {
                mails::remove(&mut tx, &mail.name).await?;
                if let Some(invite) = mail.invite {
                    invites::note_mail(&mut tx, invite, MailState::Sent, None).await?;
                }
                count(&counts.sent);
            }
            Err(error) if error.may_pass() && next_try(now, mail) < mail.expires_at => {
                mails::put_off(&mut tx, &mail.name, next_try(now, mail)).await?;
                count(&counts.retried);
            }
            Err(error) => {
                give_up(&mut tx, mail, error, now).await?;
                count(&counts.failed);
            }
        }
        Ok(tx.commit().await?)
    }

    /// Writes a mail, if it is still wanted; removes it where it is not.
    async fn write_letter(&self, mailer: &Mailer, mail: MailRow) -> Result<Option<(MailRow, Letter)>, ServiceError> {
        let mail = match (mail.kind, mail.user) {
            (MailKind::Reset, None) => match retrying(|| self.address_reset(&mail)).await? {
                Some(mail) => mail,
                None => return Ok(None),
            },
            _ => mail,
        };
        let address: Option<Email> = mail.address.parse().ok();
        let words = match (&address, mail.kind) {
            (None, _) => None,
            (Some(address), MailKind::Invite) => self.write_invite(mailer, &mail, address).await?,
            (Some(address), MailKind::Verify) => self.write_verification(mailer, &mail, address).await?,
            (Some(address), MailKind::Reset | MailKind::HandOver) => {
                self.write_reset_mail(mailer, &mail, address).await?
            }
            (Some(_), MailKind::Moved) => {
                self.holder(&mail).await?.map(|user| letters::moved(mailer.public_url(), user.username.as_str()))
            }
        };
        let (Some(to), Some(Words { subject, body })) = (address, words) else {
            mails::remove(&mut &self.store, &mail.name).await?;
            return Ok(None);
        };
        // The mail's name must not be seen: it is what the code is derived from.
        let name = hash_token(&mail.name).chars().take(32).collect();
        let letter = Letter { name, to, subject, body, at: mail.created_at };
        Ok(Some((mail, letter)))
    }

    /// Gives the account that a mail is about, if it may be used.
    async fn holder(&self, mail: &MailRow) -> Result<Option<UserRow>, StoreError> {
        let Some(user) = mail.user else { return Ok(None) };
        Ok(find_user(&mut &self.store, user).await?.filter(|user| user.is_active))
    }

    async fn write_invite(
        &self,
        mailer: &Mailer,
        mail: &MailRow,
        address: &Email,
    ) -> Result<Option<Words>, ServiceError> {
        let (mut db, now) = (&self.store, self.clock.now());
        let Some(id) = mail.invite else { return Ok(None) };
        let Some((invite, code_hash)) = invites::find_open_by_id(&mut db, id, now).await? else { return Ok(None) };
        if !Backing::of(&invite).holds(&mut db, invite.team_id).await? {
            return Ok(None);
        }
        let Some(code) = self.mailed_code(&mail.name, &code_hash) else { return Ok(None) };
        let Some(inviter) = find_user(&mut db, invite.created_by).await? else { return Ok(None) };
        let Some(team) = teams::find(&mut db, invite.team_id, invite.created_by).await? else { return Ok(None) };
        let words = letters::invitation(&Invitation {
            server: mailer.public_url(),
            inviter: &called(inviter.username.as_str(), inviter.full_name.as_deref()),
            team: team.team.name.as_str(),
            role: invite.role,
            address,
            has_account: find_user_by_email(&mut db, &address.key()).await?.is_some(),
            code: &code,
            expires_at: invite.expires_at,
        });
        Ok(Some(words))
    }

    async fn write_verification(
        &self,
        mailer: &Mailer,
        mail: &MailRow,
        address: &Email,
    ) -> Result<Option<Words>, ServiceError> {
        let now = self.clock.now();
        let Some(user) = self.holder(mail).await? else { return Ok(None) };
        for code in self.mailed_codes(&mail.name) {
            let found = email_codes::find(&mut &self.store, user.id, &hash_token(&code), now).await?;
            if found.is_some() && user.unverified_email() == Some(address) {
                let (server, name) = (mailer.public_url(), user.username.as_str());
                return Ok(Some(letters::verification(server, name, &code, mail.expires_at)));
            }
        }
        Ok(None)
    }

    async fn write_reset_mail(
        &self,
        mailer: &Mailer,
        mail: &MailRow,
        address: &Email,
    ) -> Result<Option<Words>, ServiceError> {
        let now = self.clock.now();
        let Some(user) = self.holder(mail).await?.filter(|user| user.email.as_ref() == Some(address)) else {
            return Ok(None);
        };
        for code in self.mailed_codes(&mail.name) {
            let found = password_resets::find(&mut &self.store, &hash_token(&code), now).await?;
            if let Some(reset) = found.filter(|reset| reset.user_id == user.id) {
                let (server, name) = (mailer.public_url(), user.username.as_str());
                let words = if mail.kind == MailKind::Reset { letters::reset } else { letters::handed_over };
                return Ok(Some(words(server, name, &code, reset.expires_at)));
            }
        }
        Ok(None)
    }

    /// Looks up for whom somebody asked for a new password, and makes the code; removes the mail where there is nobody.
    ///
    /// Here, not when it is asked for: so asking takes the same time whoever it is for.
    async fn address_reset(&self, mail: &MailRow) -> Result<Option<MailRow>, ServiceError> {
        let (mut tx, now) = (self.store.begin().await?, self.clock.now());
        let key = fold_key(&mail.address);
        let user = match key.contains('@') {
            true => find_user_by_email(&mut tx, &key).await?,
            false => find_user_by_username(&mut tx, &key).await?,
        };
        let user = user.filter(|user| user.is_active && !user.is_bot);
        let Some((id, email)) = user.and_then(|user| Some((user.id, user.email?))) else {
            mails::remove(&mut tx, &mail.name).await?;
            tx.commit().await?;
            return Ok(None);
        };
        let is_fresh = |made: &ResetRow| later(made.created_at, i64::from(MAILED_RESET_PAUSE_S) * 1_000) > now;
        if password_resets::find_mailed(&mut tx, id).await?.is_some_and(|made| is_fresh(&made)) {
            // One is on its way: nobody's mailbox is filled by others.
            mails::remove(&mut tx, &mail.name).await?;
            tx.commit().await?;
            return Ok(None);
        }
        let code = self.mailed_codes(&mail.name).into_iter().next();
        let code = code.ok_or_else(|| ServiceError::fault("there is no signing secret"))?;
        let expires_at = later(now, i64::from(MAILED_RESET_LIFE_S) * 1_000);
        let row = ResetRow { code_hash: hash_token(&code), user_id: id, made_by: None, created_at: now, expires_at };
        password_resets::replace(&mut tx, &row).await?;
        mails::address_to(&mut tx, &mail.name, id, email.as_str()).await?;
        Line::by_server(AuditAction::AccountResetMailed).to(id).write(&mut tx, now).await?;
        tx.commit().await?;
        Ok(Some(MailRow { user: Some(id), address: email.as_str().to_owned(), ..mail.clone() }))
    }
}

/// Takes a mail out that will never be sent, and says so where people look: at the invite, and in the audit log.
async fn give_up(tx: &mut Tx, mail: &MailRow, error: &MailError, now: Time) -> Result<(), StoreError> {
    if !mails::remove(tx, &mail.name).await? {
        return Ok(());
    }
    let mut line = Line::by_server(AuditAction::MailFailed).to(mail.user).with("kind", kind_name(mail.kind));
    if let Some(invite) = mail.invite {
        invites::note_mail(tx, invite, MailState::Failed, Some(&error.reason())).await?;
        line = line.with("invite_id", invite);
        if let Some(team) = invites::find_team(tx, invite).await? {
            line = line.in_team(team);
        }
    }
    line.with_some("status", error.status()).write(tx, now).await
}

const fn kind_name(kind: MailKind) -> &'static str {
    match kind {
        MailKind::Invite => "invite",
        MailKind::Verify => "verify",
        MailKind::Reset => "reset",
        MailKind::HandOver => "hand_over",
        MailKind::Moved => "moved",
    }
}

/// Gives when to try again: later and later.
fn next_try(now: Time, mail: &MailRow) -> Time {
    later(now, PAUSE_MS.saturating_mul(3_i64.saturating_pow(mail.attempts)).min(PAUSE_MS_MAX))
}
