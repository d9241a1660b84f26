//! Teams: what a person reads of them, and the doors to their changes.

use syncspace_protocol::teams::{Ban, CreateTeam, EditTeam, MyTeam, PutTeamMember, Team, TeamMember, TeamRole};
use syncspace_protocol::{IdempotencyKey, Page, TeamId, UserId, page::PageQuery};

use super::idempotency::{Made, OnceOutcome, made_id};
use super::paging::Window;
use super::parse::slice;
use super::team_changes::{
    BanPerson, ChangeTeam, DeleteTeam, Entry, HandOver, LeaveTeam, LiftBan, MakeTeam, PutMember,
};
use super::{Actor, Service, ServiceError, access, parse};
use crate::permissions::TeamAction;
use crate::store::{bans, teams};

impl Service {
    /// Lists the teams the actor may see, by id: its own, and the public ones.
    pub async fn teams(&self, actor: &Actor, query: &PageQuery) -> Result<Page<MyTeam>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        let teams = teams::list_visible(&mut db, actor.user_id, actor.is_admin, &slice(window, query)).await?;
        Ok(window.page(teams, |team| team.team.id.get()))
    }

    /// Makes a team, with the actor as its owner.
    pub async fn create_team(&self, actor: &Actor, body: CreateTeam) -> Result<MyTeam, ServiceError> {
        self.create_team_once(actor, None, body).await.map(Made::into_inner)
    }

    /// Makes a team; the same request under the same key gives the same team back.
    pub async fn create_team_once(
        &self,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        body: CreateTeam,
    ) -> Result<Made<MyTeam>, ServiceError> {
        let request = self.keyed(actor, key, ("create_team", 0), &body)?;
        if let Some(id) = self.find_made(request.as_ref()).await? {
            return self.team(actor, made_id(id)?).await.map(Made::Repeat);
        }
        let description = parse::description(body.description.as_deref())?;
        let make = MakeTeam { actor: *actor, ids: None, name: body.name, description, is_public: body.is_public };
        match self.commit_once(request, make).await? {
            OnceOutcome::Made(team) => Ok(Made::New(team)),
            OnceOutcome::MadeBefore(id) => self.team(actor, made_id(id)?).await.map(Made::Repeat),
        }
    }

    /// Gives one team.
    pub async fn team(&self, actor: &Actor, team: TeamId) -> Result<MyTeam, ServiceError> {
        let mut db = &self.store;
        access::load_team(&mut db, actor, team).await?;
        teams::find(&mut db, team, actor.user_id).await?.ok_or_else(|| ServiceError::not_found("team"))
    }

    /// Changes a team's name, description, picture or visibility.
    pub async fn edit_team(&self, actor: &Actor, team: TeamId, edit: EditTeam) -> Result<Team, ServiceError> {
        self.log.commit(ChangeTeam { actor: *actor, team, edit }).await
    }

    /// Deletes a team with everything in it.
    pub async fn delete_team(&self, actor: &Actor, team: TeamId) -> Result<(), ServiceError> {
        self.log.commit(DeleteTeam { actor: *actor, team }).await
    }

    /// Lists who is in a team, by user id.
    pub async fn team_members(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &PageQuery,
    ) -> Result<Page<TeamMember>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::ViewInside).await?;
        let members = teams::list_members(&mut db, team, &slice(window, query)).await?;
        Ok(window.page(members, |member| member.user.id.get()))
    }

    /// Adds a person to a team, or changes the role of one who is in it.
    pub async fn put_team_member(
        &self,
        actor: &Actor,
        team: TeamId,
        user: UserId,
        body: PutTeamMember,
    ) -> Result<TeamMember, ServiceError> {
        self.put_member(actor, team, user, Entry::Added(body.role)).await
    }

    /// Lets the actor into a public team.
    pub async fn join_team(&self, actor: &Actor, team: TeamId) -> Result<MyTeam, ServiceError> {
        self.put_member(actor, team, actor.user_id, Entry::Joined).await?;
        self.team(actor, team).await
    }

    /// Puts a person into a team by one of its doors.
    pub(super) async fn put_member(
        &self,
        actor: &Actor,
        team: TeamId,
        user: UserId,
        entry: Entry,
    ) -> Result<TeamMember, ServiceError> {
        let row = teams::find_member_row(&mut &self.store, team, user).await?;
        let member = row.map(|row| row.member_id);
        self.log.commit(PutMember { actor: *actor, member, new_member: None, team, user, entry }).await
    }

    /// Keeps a person out of a team, and takes out one who is in it; gives the ban, also one that stood before.
    pub async fn ban(&self, actor: &Actor, team: TeamId, user: UserId) -> Result<Ban, ServiceError> {
        let row = teams::find_member_row(&mut &self.store, team, user).await?;
        self.log.commit(BanPerson { actor: *actor, team, user, member: row.map(|row| row.member_id) }).await
    }

    /// Lets a person in again who was kept out of a team.
    pub async fn lift_ban(&self, actor: &Actor, team: TeamId, user: UserId) -> Result<(), ServiceError> {
        self.log.commit(LiftBan { actor: *actor, team, user }).await
    }

    /// Lists who is kept out of a team, by user id.
    pub async fn bans(&self, actor: &Actor, team: TeamId, query: &PageQuery) -> Result<Page<Ban>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::ManageBans).await?;
        let found = bans::list(&mut db, team, &slice(window, query)).await?;
        Ok(window.page(found, |ban| ban.user.id.get()))
    }

    /// Hands the actor's ownership of a team to another member; gives the new owner.
    pub async fn transfer_team(&self, actor: &Actor, team: TeamId, to: UserId) -> Result<TeamMember, ServiceError> {
        self.log.commit(HandOver { actor: *actor, team, to }).await
    }

    /// Removes a person from a team and all its channels.
    pub async fn remove_team_member(&self, actor: &Actor, team: TeamId, user: UserId) -> Result<(), ServiceError> {
        let row = teams::find_member_row(&mut &self.store, team, user).await?;
        self.log.commit(LeaveTeam { actor: *actor, team, user, member: row.map(|row| row.member_id) }).await
    }

    /// Takes the actor out of a team and all its channels.
    pub async fn leave_team(&self, actor: &Actor, team: TeamId) -> Result<(), ServiceError> {
        self.remove_team_member(actor, team, actor.user_id).await
    }
}

/// Says that a team keeps at least one owner.
pub(super) fn last_owner() -> ServiceError {
    let sentence = "a team keeps at least one owner; make somebody else an owner first, or delete the team";
    ServiceError::refused(syncspace_protocol::ErrorCode::LastOwner, sentence)
}

/// Tells whether somebody of this role finds public channels without being in them.
pub(super) fn sees_public(role: TeamRole) -> bool {
    role >= TeamRole::Member
}
