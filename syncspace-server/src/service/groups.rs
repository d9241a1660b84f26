//! User groups: what everybody in a team reads of them, and the doors to their changes.

use syncspace_protocol::groups::{CreateGroup, UserGroup};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::TeamMember;
use syncspace_protocol::{GroupId, GroupName, IdempotencyKey, Page, TeamId, UserId};

use super::group_changes::{ChangeGroup, DeleteGroup, GroupEdit, MakeGroup};
use super::idempotency::{Made, OnceOutcome, made_id};
use super::paging::Window;
use super::parse::slice;
use super::{Actor, Service, ServiceError, access};
use crate::permissions::TeamAction;
use crate::store::groups;

impl Service {
    /// Lists the user groups of a team, by id.
    pub async fn groups(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &PageQuery,
    ) -> Result<Page<UserGroup>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::ViewInside).await?;
        let found = groups::list(&mut db, team, &slice(window, query)).await?;
        Ok(window.page(found, |group| group.id.get()))
    }

    /// Gives one user group.
    pub async fn group(&self, actor: &Actor, team: TeamId, group: GroupId) -> Result<UserGroup, ServiceError> {
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::ViewInside).await?;
        groups::find(&mut db, team, group).await?.ok_or_else(|| ServiceError::not_found("group"))
    }

    /// Lists who is in a user group, by user id.
    pub async fn group_members(
        &self,
        actor: &Actor,
        (team, group): (TeamId, GroupId),
        query: &PageQuery,
    ) -> Result<Page<TeamMember>, ServiceError> {
        let window = Window::parse(query)?;
        let group = self.group(actor, team, group).await?;
        let members = groups::list_members(&mut &self.store, group.id, &slice(window, query)).await?;
        Ok(window.page(members, |member| member.user.id.get()))
    }

    /// Makes a user group; the same request under the same key gives the same group back.
    pub async fn create_group_once(
        &self,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        team: TeamId,
        body: CreateGroup,
    ) -> Result<Made<UserGroup>, ServiceError> {
        let request = self.keyed(actor, key, ("create_group", team.get()), &body)?;
        if let Some(id) = self.find_made(request.as_ref()).await? {
            return self.group(actor, team, made_id(id)?).await.map(Made::Repeat);
        }
        let make = MakeGroup::new(*actor, team, body)?;
        match self.commit_once(request, make).await? {
            OnceOutcome::Made(group) => Ok(Made::New(group)),
            OnceOutcome::MadeBefore(id) => self.group(actor, team, made_id(id)?).await.map(Made::Repeat),
        }
    }

    /// Makes a user group.
    pub async fn create_group(
        &self,
        actor: &Actor,
        team: TeamId,
        body: CreateGroup,
    ) -> Result<UserGroup, ServiceError> {
        self.create_group_once(actor, None, team, body).await.map(Made::into_inner)
    }

    /// Gives a user group another name.
    pub async fn rename_group(
        &self,
        actor: &Actor,
        (team, group): (TeamId, GroupId),
        name: GroupName,
    ) -> Result<UserGroup, ServiceError> {
        self.log.commit(ChangeGroup { actor: *actor, team, group, edit: GroupEdit::Rename(name) }).await
    }

    /// Puts a person of the team into a user group; one who is in it stays.
    pub async fn add_group_member(
        &self,
        actor: &Actor,
        (team, group): (TeamId, GroupId),
        user: UserId,
    ) -> Result<UserGroup, ServiceError> {
        self.log.commit(ChangeGroup { actor: *actor, team, group, edit: GroupEdit::Add(user) }).await
    }

    /// Takes a person out of a user group.
    pub async fn remove_group_member(
        &self,
        actor: &Actor,
        (team, group): (TeamId, GroupId),
        user: UserId,
    ) -> Result<UserGroup, ServiceError> {
        self.log.commit(ChangeGroup { actor: *actor, team, group, edit: GroupEdit::Remove(user) }).await
    }

    /// Deletes a user group; what it named before keeps whom it named.
    pub async fn delete_group(&self, actor: &Actor, team: TeamId, group: GroupId) -> Result<(), ServiceError> {
        self.log.commit(DeleteGroup { actor: *actor, team, group }).await
    }
}
