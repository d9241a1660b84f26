//! Invites: doors into a team for whoever has the code. Only its hash is stored.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{INVITE_LIFE_S_MAX, INVITE_USES_MAX, TOKEN_CHARS_MAX};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::{CreateInvite, Invite, MyTeam, TeamRole};
use syncspace_protocol::{Email, IdempotencyKey, InviteId, Page, TeamId, UserId};

use super::audit::Line;
use super::idempotency::{Claim, KeyedRequest, Made, made_id};
use super::paging::Window;
use super::parse::slice;
use super::retry::retrying;
use super::secrets::{hash_token, random_token};
use super::team_changes::Entry;
use super::{Actor, Service, ServiceError, access, later};
use crate::permissions::TeamAction;
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
            created_by: actor.user_id,
            created_at: now,
            expires_at: later(now, i64::from(body.expires_in_s) * 1_000),
        };
        let line = made(actor, &invite);
        let Some(request) = request else {
            let code = random_token()?;
            retrying(|| self.insert_invite(&line, &invite, &code)).await?;
            return Ok(Made::New(Invite { code: Some(code), ..invite }));
        };
        let code = self.derived_tokens(&request, invite.id.get()).into_iter().next();
        let code = code.ok_or_else(|| ServiceError::fault("there is no signing secret"))?;
        let code_hash = hash_token(&code);
        match retrying(|| self.insert_invite_once(&request, &line, &invite, &code_hash)).await? {
            Claim::Granted => Ok(Made::New(Invite { code: Some(code), ..invite })),
            Claim::Made(id) => self.invite_again(team, &request, id).await.map(Made::Repeat),
        }
    }

    async fn insert_invite(&self, line: &Line, invite: &Invite, code: &str) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        invites::insert(&mut tx, invite, &hash_token(code)).await?;
        line.clone().write(&mut tx, invite.created_at).await?;
        Ok(tx.commit().await?)
    }

    async fn insert_invite_once(
        &self,
        request: &KeyedRequest,
        line: &Line,
        invite: &Invite,
        code_hash: &str,
    ) -> Result<Claim, ServiceError> {
        let mut tx = self.store.begin().await?;
        if let Claim::Made(id) = request.claim::<ServiceError>(&mut tx, invite.created_at).await? {
            return Ok(Claim::Made(id));
        }
        request.settle(&mut tx, invite.id.get()).await?;
        invites::insert(&mut tx, invite, code_hash).await?;
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
        teams::find(&mut &self.store, team, actor.user_id).await?.ok_or_else(over)
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

/// Gives what the audit log says of a new invite.
fn made(actor: &Actor, invite: &Invite) -> Line {
    let line = Line::by(actor, AuditAction::InviteCreated).in_team(invite.team_id).with("invite_id", invite.id);
    let line = line.with("role", invite.role).with("uses_max", invite.uses_max);
    line.with("expires_at", invite.expires_at)
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
