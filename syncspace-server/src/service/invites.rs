//! Invites: doors into a team for whoever has the code. Only its hash is stored.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{INVITE_LIFE_S_MAX, INVITE_MAILS_PER_DAY_MAX, INVITE_USES_MAX, TOKEN_CHARS_MAX};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::{CreateInvite, Invite, MailState, MyTeam, TeamRole};
use syncspace_protocol::{Email, IdempotencyKey, InviteId, Page, TeamId, UserId};

use super::audit::Line;
use super::email_addresses::require_sendable;
use super::idempotency::{Claim, KeyedRequest, Made, made_id};
use super::mails::{NewMail, Recipient};
use super::paging::Window;
use super::parse::slice;
use super::retry::retrying;
use super::secrets::{hash_token, random_token};
use super::team_changes::Entry;
use super::{Actor, DAY_S, Refusal, Service, ServiceError, access, later};
use crate::permissions::TeamAction;
use crate::store::mails::MailKind;
use crate::store::{Queries, StoreError, invites, teams, users};

impl Service {
    /// Lists a team's invites that still admit somebody, by id: all of them, or the actor's own for whoever only invites.
    pub async fn invites(&self, actor: &Actor, team: TeamId, query: &PageQuery) -> Result<Page<Invite>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        let maker = kept_invites(&mut db, actor, team).await?;
        let found = invites::list_open(&mut db, (team, maker), self.clock.now(), &slice(window, query)).await?;
        Ok(window.page(found, |invite| invite.id.get()))
    }

    /// Makes an invite; its code is in this answer and nowhere else.
    pub async fn create_invite(&self, actor: &Actor, team: TeamId, body: CreateInvite) -> Result<Invite, ServiceError> {
        self.create_invite_once(actor, None, team, body).await.map(Made::into_inner)
    }

    /// Makes an invite; the same request under the same key gives the same invite back, with its code.
    ///
    /// The code is then derived from the key and the server's secret: only the one who has the key can be shown it again.
    pub async fn create_invite_once(
        &self,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        team: TeamId,
        body: CreateInvite,
    ) -> Result<Made<Invite>, ServiceError> {
        let request = self.keyed(actor, key, ("create_invite", team.get()), &body)?;
        let mut db = &self.store;
        let (_, found) = access::on_team(&mut db, actor, team, TeamAction::KeepInvites).await?;
        check_invite(&body)?;
        if body.send_mail {
            self.require_mail("make the invite without `send_mail`, and hand its code over yourself")?;
        }
        access::permit_team(&found, TeamAction::Invite(body.role))?;
        // Only to whoever could make it now: a code is a way in.
        if let Some(request) = &request
            && let Some(id) = self.find_made(Some(request)).await?
        {
            return self.invite_again(team, request, id).await.map(Made::Repeat);
        }
        let now = self.clock.now();
        let invite = Invite {
            id: self.ids.next().await?,
            team_id: team,
            code: None,
            role: body.role,
            uses_max: body.uses_max,
            uses: 0,
            email: body.email,
            mail: body.send_mail.then_some(MailState::Waiting),
            mail_error: None,
            created_by: actor.user_id,
            created_at: now,
            expires_at: later(now, i64::from(body.expires_in_s) * 1_000),
        };
        let line = made(actor, &invite);
        let door = self.new_door(request.as_ref(), &invite)?;
        match retrying(|| self.insert_invite_once(request.as_ref(), &line, &invite, &door)).await? {
            Claim::Made(id) => {
                let request = request.as_ref().ok_or_else(|| ServiceError::fault("only a key finds what was made"))?;
                self.invite_again(team, request, id).await.map(Made::Repeat)
            }
            Claim::Granted => {
                if invite.mail.is_some() {
                    self.ring_for_mail();
                }
                Ok(Made::New(Invite { code: door.shown(), ..invite }))
            }
        }
    }

    /// Makes the code of a new invite: one that is mailed, or one that its maker is shown.
    fn new_door(&self, request: Option<&KeyedRequest>, invite: &Invite) -> Result<Door, ServiceError> {
        if invite.mail.is_some() {
            let email = invite.email.as_ref();
            let email = email.ok_or_else(|| ServiceError::invalid_field("email", "name the address to mail to"))?;
            require_sendable(email)?;
            let recipient = Recipient { address: email.as_str().to_owned(), user: None, invite: Some(invite.id) };
            return Ok(Door::Mailed(self.new_mail(MailKind::Invite, recipient, invite.expires_at)?));
        }
        let Some(request) = request else { return Ok(Door::Shown(random_token()?)) };
        let code = self.derived_tokens(request, invite.id.get()).into_iter().next();
        code.map(Door::Shown).ok_or_else(|| ServiceError::fault("there is no signing secret"))
    }

    async fn insert_invite_once(
        &self,
        request: Option<&KeyedRequest>,
        line: &Line,
        invite: &Invite,
        door: &Door,
    ) -> Result<Claim, ServiceError> {
        let mut tx = self.store.begin().await?;
        if let Some(request) = request {
            if let Claim::Made(id) = request.claim::<ServiceError>(&mut tx, invite.created_at).await? {
                return Ok(Claim::Made(id));
            }
            request.settle(&mut tx, invite.id.get()).await?;
        }
        if let Door::Mailed(mail) = door {
            // Under the lock of its maker: two at once count each other.
            users::lock_user(&mut tx, invite.created_by).await?;
            let since = later(invite.created_at, -i64::from(DAY_S) * 1_000);
            if invites::count_mailed(&mut tx, invite.created_by, since).await? >= INVITE_MAILS_PER_DAY_MAX {
                return Err(too_many_mails());
            }
            mail.write(&mut tx).await?;
        }
        invites::insert(&mut tx, invite, &door.code_hash()).await?;
        line.clone().write(&mut tx, invite.created_at).await?;
        tx.commit().await?;
        Ok(Claim::Granted)
    }

    /// Gives the invite that a request made before, with its code.
    async fn invite_again(&self, team: TeamId, request: &KeyedRequest, id: u64) -> Result<Invite, ServiceError> {
        let found = invites::find(&mut &self.store, team, made_id(id)?).await?;
        let (invite, code_hash) = found.ok_or_else(|| {
            ServiceError::refused(ErrorCode::NotFound, "the invite that this request made has been revoked since")
        })?;
        if invite.mail.is_some() {
            return Ok(invite);
        }
        let code = self.derived_tokens(request, id).into_iter().find(|code| hash_token(code) == code_hash);
        // Whoever has the secret that knew the request has the one that made the code.
        let code = code.ok_or_else(|| ServiceError::fault("the code of an invite does not fit its request"))?;
        Ok(Invite { code: Some(code), ..invite })
    }

    /// Lets an invite admit nobody any more.
    pub async fn revoke_invite(&self, actor: &Actor, team: TeamId, invite: InviteId) -> Result<(), ServiceError> {
        let mut db = &self.store;
        let maker = kept_invites(&mut db, actor, team).await?;
        let line = Line::by(actor, AuditAction::InviteRevoked).in_team(team).with("invite_id", invite);
        retrying(|| self.try_revoke_invite((team, maker), invite, &line)).await
    }

    async fn try_revoke_invite(
        &self,
        whose: (TeamId, Option<UserId>),
        invite: InviteId,
        line: &Line,
    ) -> Result<(), ServiceError> {
        let (mut tx, now) = (self.store.begin().await?, self.clock.now());
        if !invites::revoke(&mut tx, whose, invite, now).await? {
            return Err(ServiceError::not_found("invite"));
        }
        line.clone().write(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// Lets the actor into the team of an invite. Whoever is in it already uses nothing up.
    pub async fn use_invite(&self, actor: &Actor, code: &str) -> Result<MyTeam, ServiceError> {
        let invite = self.find_invite(code).await?;
        let user = users::find_user(&mut &self.store, actor.user_id).await?;
        check_address(&invite, user.and_then(|user| user.email).as_ref())?;
        let entry = Entry::Invited(invite.id, Backing::of(&invite));
        let team = invite.team_id;
        self.put_member(actor, team, actor.user_id, entry).await?;
        if invite.mail.is_some() {
            self.prove_address(actor.user_id, &invite).await?;
        }
        teams::find(&mut &self.store, team, actor.user_id).await?.ok_or_else(over)
    }

    /// Takes it that a person reads mail to its address, because it has a code that was mailed there and shown to nobody.
    async fn prove_address(&self, user: UserId, invite: &Invite) -> Result<(), ServiceError> {
        if let Some(email) = &invite.email
            && users::mark_verified(&mut &self.store, user, email, self.clock.now()).await?
        {
            self.realtime.announce_account(user);
        }
        Ok(())
    }

    /// Finds the invite of a code, while it admits somebody.
    pub(super) async fn find_invite(&self, code: &str) -> Result<Invite, ServiceError> {
        if code.len() > TOKEN_CHARS_MAX {
            return Err(over());
        }
        let mut db = &self.store;
        let invite = invites::find_open(&mut db, &hash_token(code), self.clock.now()).await?.ok_or_else(over)?;
        if Backing::of(&invite).holds(&mut db, invite.team_id).await? { Ok(invite) } else { Err(over()) }
    }
}

/// Who is shown the code of a new invite.
enum Door {
    /// Its maker.
    Shown(String),
    /// Only who reads the mail: whoever uses it has shown to be that.
    Mailed(NewMail),
}

impl Door {
    fn code_hash(&self) -> String {
        match self {
            Self::Shown(code) => hash_token(code),
            Self::Mailed(mail) => mail.code_hash.clone(),
        }
    }

    fn shown(self) -> Option<String> {
        match self {
            Self::Shown(code) => Some(code),
            Self::Mailed(_) => None,
        }
    }
}

fn too_many_mails() -> ServiceError {
    ServiceError::Refused(Refusal {
        code: ErrorCode::RateLimited,
        message: format!("one person has at most {INVITE_MAILS_PER_DAY_MAX} invites mailed in a day").into(),
        field: None,
        retry_after_ms: Some(u64::from(DAY_S) * 1_000),
    })
}

/// Gives what the audit log says of a new invite.
fn made(actor: &Actor, invite: &Invite) -> Line {
    let line = Line::by(actor, AuditAction::InviteCreated).in_team(invite.team_id).with("invite_id", invite.id);
    let line = line.with("role", invite.role).with("uses_max", invite.uses_max);
    let line = line.with("expires_at", invite.expires_at);
    if invite.mail.is_some() { line.with("is_mailed", true) } else { line }
}

/// By whose right an invite admits people, and as what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backing {
    maker: UserId,
    pub(super) role: TeamRole,
}

impl Backing {
    pub(super) fn of(invite: &Invite) -> Self {
        Self { maker: invite.created_by, role: invite.role }
    }

    /// Tells whether its maker may still make an invite like it: it gives no right that its maker has lost.
    pub(super) async fn holds(self, db: &mut impl Queries, team: TeamId) -> Result<bool, StoreError> {
        access::may_on_team(db, self.maker, team, TeamAction::Invite(self.role)).await
    }
}

/// Tells whose invites the actor sees and revokes: none names everybody's.
async fn kept_invites(db: &mut impl Queries, actor: &Actor, team: TeamId) -> Result<Option<UserId>, ServiceError> {
    let (_, found) = access::on_team(db, actor, team, TeamAction::KeepInvites).await?;
    let keeps_all = access::permit_team(&found, TeamAction::ManageInvites).is_ok();
    Ok((!keeps_all).then_some(actor.user_id))
}

/// Checks what the bounds of an invite are.
fn check_invite(body: &CreateInvite) -> Result<(), ServiceError> {
    if body.role == TeamRole::Owner {
        return Err(ServiceError::invalid_field("role", "an invite makes guests, members or admins, not owners"));
    }
    if !(1..=INVITE_USES_MAX).contains(&body.uses_max) {
        let sentence = format!("an invite admits 1 to {INVITE_USES_MAX} people");
        return Err(ServiceError::invalid_field("uses_max", sentence));
    }
    if body.send_mail && body.email.is_none() {
        return Err(ServiceError::invalid_field("email", "name the e-mail address that the code is to be mailed to"));
    }
    if body.email.is_some() && body.uses_max != 1 {
        return Err(ServiceError::invalid_field("uses_max", "an invite for an e-mail address admits one person"));
    }
    if !(1..=INVITE_LIFE_S_MAX).contains(&body.expires_in_s) {
        let sentence = format!("an invite lives 1 to {INVITE_LIFE_S_MAX} seconds");
        return Err(ServiceError::invalid_field("expires_in_s", sentence));
    }
    Ok(())
}

/// Checks that an account with this e-mail address may use an invite.
pub(super) fn check_address(invite: &Invite, email: Option<&Email>) -> Result<(), ServiceError> {
    let Some(wanted) = &invite.email else { return Ok(()) };
    if email.is_some_and(|email| email.key() == wanted.key()) {
        return Ok(());
    }
    // Not which one: whoever found a code is told nobody's address.
    let sentence =
        "this invite is for another e-mail address; use it with the account that has the address it was made for";
    Err(ServiceError::refused(ErrorCode::Forbidden, sentence))
}

/// Says that a code admits nobody, in the same words whatever the reason.
pub(super) fn over() -> ServiceError {
    let sentence = "this invite does not exist, is used up, revoked or over; ask for a new one";
    ServiceError::refused(ErrorCode::NotFound, sentence)
}
