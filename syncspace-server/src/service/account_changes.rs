//! Changes of accounts: what others see of them goes into the streams of the person's teams with the change itself.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::FULL_NAME_CHARS_MAX;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::users::EditProfile;
use syncspace_protocol::{Email, Patch, StreamId, TeamId, Time, TimeZoneName, UserId};

use super::audit::Line;
use super::email_addresses::EmailCode;
use super::erasures::already_erased;
use super::fields::{check_url_patch, clean_patch};
use super::pictures::checksum_in;
use super::retry::retrying;
use super::team_changes::{MOVED_RETRY_MS, Refused, load_member};
use super::users::{email_taken, refuse_duplicate};
use super::{Actor, Service, ServiceError};
use crate::log::{Abort, Audience, Effect, LogTx, Operation};
use crate::permissions;
use crate::store::sessions::end_all;
use crate::store::users::{UserRow, find_user, find_user_by_email, lock_active_admins, lock_user, update_user};
use crate::store::{StoreError, Tx, erasures, files, password_resets, teams, user_settings};

/// How often a change is tried anew because the person came into a team or left one.
const TRIES_MAX: u32 = 5;

/// What an administrator changes of an account beside its profile.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Powers {
    pub(super) is_active: Option<bool>,
    pub(super) is_admin: Option<bool>,
}

/// A change of an account whose fields fit.
#[derive(Debug, Clone)]
pub(super) struct AccountChange {
    user: UserId,
    full_name: Patch<String>,
    email: Patch<Email>,
    avatar_url: Patch<String>,
    time_zone: Patch<TimeZoneName>,
    powers: Powers,
    /// Who administers the account; none where it is the person.
    admin: Option<Actor>,
    /// The team whose bot it is, where those who manage it change it.
    bot_of: Option<TeamId>,
    /// What is mailed to a new address.
    code: Option<EmailCode>,
}

/// An account as it is to be, and what the audit log says of it.
struct Judged {
    user: UserRow,
    lines: Vec<Line>,
    /// Whether mail goes to another address than before.
    is_moved: bool,
    /// Whether a code is mailed.
    needs_code: bool,
}

impl Service {
    /// Changes an account, and tells its own devices, whoever shows it, and the person's teams what they see of it.
    pub(super) async fn change_account(&self, change: AccountChange) -> Result<UserRow, ServiceError> {
        for _ in 0..TRIES_MAX {
            if let Some(user) = self.try_change(&change).await? {
                if change.code.is_some() {
                    self.ring_for_mail();
                }
                self.realtime.announce_account(user.id);
                return Ok(user);
            }
        }
        Err(ServiceError::Busy { retry_after_ms: MOVED_RETRY_MS })
    }

    /// Has a code mailed to a new address, where this server sends mail.
    pub(super) fn with_email_code(&self, change: AccountChange) -> Result<AccountChange, ServiceError> {
        let code = match &change.email {
            Patch::Set(email) => self.new_email_code(change.user, email)?,
            Patch::Keep | Patch::Clear => None,
        };
        Ok(AccountChange { code, ..change })
    }

    /// Changes an account unless the person comes into a team or leaves one just then.
    async fn try_change(&self, change: &AccountChange) -> Result<Option<UserRow>, ServiceError> {
        let teams = if change.is_seen_by_others() {
            teams::list_ids_of(&mut &self.store, change.user).await?
        } else {
            Vec::new()
        };
        if teams.is_empty() {
            return retrying(|| self.change_unseen(change)).await;
        }
        self.log.commit(ChangeAccount { change: change.clone(), teams }).await
    }

    async fn change_unseen(&self, change: &AccountChange) -> Result<Option<UserRow>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let Some(judged) = change.judge(&mut tx, &[], now).await.map_err(refuse_failed)? else { return Ok(None) };
        let user = change.write(&mut tx, judged, now).await.map_err(refuse_duplicate)?;
        self.commit_revoking(tx, change.revoked()).await?;
        Ok(Some(user))
    }
}

fn refuse_failed(abort: Refused) -> ServiceError {
    match abort {
        Abort::Refused(error) => error,
        Abort::Failed(error) => error.into(),
    }
}

impl AccountChange {
    /// Takes a change whose fields fit.
    pub(super) fn check(user: UserId, edit: EditProfile, powers: Powers) -> Result<Self, ServiceError> {
        Ok(Self {
            user,
            full_name: clean_patch("full_name", &edit.full_name, FULL_NAME_CHARS_MAX)?,
            avatar_url: check_url_patch("avatar_url", &edit.avatar_url)?,
            time_zone: check_time_zone(edit.time_zone)?,
            email: edit.email,
            powers,
            admin: None,
            bot_of: None,
            code: None,
        })
    }

    /// Says that somebody who administers accounts changes it.
    pub(super) fn by(self, admin: &Actor) -> Self {
        Self { admin: Some(*admin), ..self }
    }

    /// Says that somebody who manages a team changes its bot.
    pub(super) fn of_bot(self, manager: &Actor, team: TeamId) -> Self {
        Self { bot_of: Some(team), ..self.by(manager) }
    }

    /// Gives what the audit log says of it: what somebody does to an account that is not the own one.
    fn lines(&self, before: &UserRow, after: &UserRow) -> Vec<Line> {
        let Some(admin) = self.admin else { return Vec::new() };
        if let Some(team) = self.bot_of {
            let is_off = before.is_active && !after.is_active;
            let action = if is_off { AuditAction::BotDeactivated } else { AuditAction::BotEdited };
            return vec![Line::by(&admin, action).in_team(team).to(self.user)];
        }
        let switched = |was, is, on, off| (was != is).then_some(if is { on } else { off });
        let is_edited = !self.full_name.is_keep()
            || !self.email.is_keep()
            || !self.avatar_url.is_keep()
            || !self.time_zone.is_keep();
        let actions = [
            is_edited.then_some(AuditAction::UserEdited),
            switched(before.is_active, after.is_active, AuditAction::UserReactivated, AuditAction::UserDeactivated),
            switched(before.is_admin, after.is_admin, AuditAction::UserAdminGranted, AuditAction::UserAdminRevoked),
        ];
        actions.into_iter().flatten().map(|action| Line::by(&admin, action).to(self.user)).collect()
    }

    /// Tells whether others in the person's teams see something of it in their lists.
    fn is_seen_by_others(&self) -> bool {
        !self.full_name.is_keep() || !self.avatar_url.is_keep() || self.powers.is_active.is_some()
    }

    /// Gives what it ends: all sessions of the account, or what it could do before.
    fn revoked(&self) -> Vec<Effect> {
        let user_id = self.user;
        match self.powers {
            Powers { is_active: Some(false), .. } => vec![Effect::UserDeactivated { user_id }],
            Powers { is_admin: Some(_), .. } => vec![Effect::RightsChanged { user_id }],
            Powers { .. } => Vec::new(),
        }
    }

    /// Locks the account and gives it as it is to be, where every rule says yes; none where `teams`, which will be told, are
    /// the person's no longer.
    async fn judge(&self, tx: &mut Tx, teams: &[TeamId], now: Time) -> Result<Option<Judged>, Refused> {
        // Administrators first, always: two of them switching each other off must meet at the same lock.
        let may_weaken = self.powers.is_active == Some(false) || self.powers.is_admin == Some(false);
        let admins = if may_weaken { lock_active_admins(tx).await? } else { Vec::new() };
        let missing = || Abort::Refused(ServiceError::not_found("user"));
        if !lock_user(tx, self.user).await? {
            return Err(missing());
        }
        let mut user = find_user(tx, self.user).await?.ok_or_else(missing)?;
        if erasures::is_erased(tx, self.user).await? {
            return Err(Abort::Refused(already_erased()));
        }
        if self.is_seen_by_others() && teams::list_ids_of(tx, self.user).await? != teams {
            return Ok(None);
        }
        self.refuse_taken_email(tx).await?;
        let before = user.clone();
        self.apply(&mut user);
        if user.is_bot && user.is_admin {
            let message = "a bot belongs to a team, and never administers the server";
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, message)));
        }
        if admins == [user.id] && !(user.is_active && user.is_admin) {
            let message = "this is the last active administrator of the server; make another one first";
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, message)));
        }
        let lines = self.lines(&before, &user);
        let is_moved = before.email.as_ref().map(Email::key) != user.email.as_ref().map(Email::key);
        let needs_code = user.unverified_email().is_some_and(|email| before.unverified_email() != Some(email));
        if let Some(code) = self.code.as_ref().filter(|_| needs_code)
            && let Some(refusal) = code.refuse_many(tx, now).await?
        {
            return Err(Abort::Refused(refusal));
        }
        Ok(Some(Judged { user, lines, is_moved, needs_code }))
    }

    async fn refuse_taken_email(&self, tx: &mut Tx) -> Result<(), Refused> {
        let Patch::Set(email) = &self.email else { return Ok(()) };
        match find_user_by_email(tx, &email.key()).await? {
            Some(other) if other.id != self.user => Err(Abort::Refused(email_taken())),
            _ => Ok(()),
        }
    }

    fn apply(&self, user: &mut UserRow) {
        user.full_name = self.full_name.clone().apply(user.full_name.take());
        self.apply_email(user);
        user.avatar_url = self.avatar_url.clone().apply(user.avatar_url.take());
        user.settings.time_zone = self.time_zone.clone().apply(user.settings.time_zone.take());
        user.is_active = self.powers.is_active.unwrap_or(user.is_active);
        user.is_admin = self.powers.is_admin.unwrap_or(user.is_admin);
    }

    /// Puts the address in; one's own new one waits until it is verified, where this server sends mail.
    fn apply_email(&self, user: &mut UserRow) {
        let key = user.email.as_ref().map(Email::key);
        let is_other = |email: &Email| key != Some(email.key());
        match &self.email {
            Patch::Keep => {}
            Patch::Set(email) if self.code.is_some() && self.admin.is_none() && is_other(email) => {
                user.email_pending = Some(email.clone());
            }
            patch @ (Patch::Set(_) | Patch::Clear) => {
                let email = patch.clone().apply(user.email.take());
                let stays = email.as_ref().is_some_and(|email| !is_other(email));
                user.email_verified_at = user.email_verified_at.filter(|_| stays);
                user.email_pending = None;
                user.email = email;
            }
        }
    }

    async fn write(&self, tx: &mut Tx, judged: Judged, now: Time) -> Result<UserRow, StoreError> {
        let user = UserRow { updated_at: now, ..judged.user };
        update_user(tx, &user).await?;
        user_settings::put(tx, user.id, &user.settings, now).await?;
        if !self.avatar_url.is_keep() {
            let shown = user.avatar_url.as_deref().and_then(checksum_in);
            files::release_pictures(tx, &files::picture_of_user(user.id), shown, now).await?;
        }
        if judged.is_moved {
            // Who reads the former address is to set no new password.
            password_resets::remove_of(tx, user.id).await?;
        }
        if let Some(code) = self.code.as_ref().filter(|_| judged.needs_code) {
            code.write(tx, now).await?;
        }
        if !user.is_active {
            end_all(tx, user.id, now).await?;
        }
        for line in judged.lines {
            line.write(tx, now).await?;
        }
        Ok(user)
    }
}

/// Takes a zone that exists, written as IANA does.
fn check_time_zone(zone: Patch<TimeZoneName>) -> Result<Patch<TimeZoneName>, ServiceError> {
    let Patch::Set(name) = &zone else { return Ok(zone) };
    let sentence = || format!("there is no time zone {name}; zones are named as IANA does, like Europe/Berlin or UTC");
    name.canonical().map(Patch::Set).ok_or_else(|| ServiceError::invalid_field("time_zone", sentence()))
}

/// Changes an account and stamps the person's memberships, in all its teams.
struct ChangeAccount {
    change: AccountChange,
    teams: Vec<TeamId>,
}

impl Operation for ChangeAccount {
    /// None where the teams are the person's no longer; then nothing was done.
    type Output = Option<UserRow>;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        self.teams.iter().map(|&team| StreamId::Team(team)).collect()
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Option<UserRow>, Refused> {
        let Some(judged) = self.change.judge(tx.db, &self.teams, tx.now).await? else { return Ok(None) };
        let user = self.change.write(tx.db, judged, tx.now).await?;
        let permit = permissions::everyone();
        let mut effects = self.change.revoked();
        for &team in &self.teams {
            let taken = tx.next_rev(StreamId::Team(team), &permit)?;
            teams::touch_member(tx.db, team, user.id, taken.rev).await?;
            let member = load_member(tx, team, user.id).await?;
            let body = EventBody::TeamMemberUpdated { member };
            tx.announce_to(Audience::Everyone, taken, body, std::mem::take(&mut effects))?;
        }
        Ok(Some(user))
    }
}
