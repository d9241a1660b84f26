//! Operations on user groups: all of the team's stream, so that names and numbers are judged one after the other.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::groups::{CreateGroup, UserGroup};
use syncspace_protocol::limits::{GROUP_USERS_MAX, GROUPS_PER_TEAM_MAX};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{GroupId, GroupName, StreamId, TeamId, UserId};

use super::audit::Line;
use super::idempotency::Makes;
use super::team_changes::{Refused, name_taken, prepared};
use super::{Actor, ServiceError, access};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::{Permit, TeamAction};
use crate::store::{IdBlocks, StoreError, groups, teams};

/// Makes a user group.
pub(super) struct MakeGroup {
    actor: Actor,
    id: Option<GroupId>,
    team: TeamId,
    name: GroupName,
    /// Each once, by id.
    user_ids: Vec<UserId>,
}

impl MakeGroup {
    pub(super) fn new(actor: Actor, team: TeamId, body: CreateGroup) -> Result<Self, ServiceError> {
        let CreateGroup { name, mut user_ids } = body;
        user_ids.sort_unstable();
        user_ids.dedup();
        if user_ids.len() > GROUP_USERS_MAX {
            return Err(ServiceError::invalid_field("user_ids", full_group()));
        }
        Ok(Self { actor, id: None, team, name, user_ids })
    }
}

impl Operation for MakeGroup {
    type Output = UserGroup;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.id = Some(ids.next().await?);
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<UserGroup, Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::ManageGroups).await?;
        if groups::count(tx.db, self.team).await? >= GROUPS_PER_TEAM_MAX {
            let sentence = format!("a team has at most {GROUPS_PER_TEAM_MAX} groups; delete one that is not used");
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        refuse_taken_name(tx, self.team, &self.name, None).await?;
        let present = teams::list_present(tx.db, self.team, &self.user_ids).await?;
        if present.len() < self.user_ids.len() {
            let sentence = "somebody of these is not in the team; add the person to the team first";
            return Err(Abort::Refused(ServiceError::not_found_by("user_ids", sentence)));
        }
        let taken = tx.next_rev(StreamId::Team(self.team), &permit)?;
        let group = UserGroup {
            id: prepared(self.id)?,
            team_id: self.team,
            name: self.name.clone(),
            user_ids: self.user_ids.clone(),
            created_by: self.actor.user_id,
            created_at: tx.now,
            updated_at: tx.now,
            rev: taken.rev,
        };
        groups::insert(tx.db, &group).await?;
        let line = Line::by(&self.actor, AuditAction::GroupCreated).in_team(self.team).with("group_id", group.id);
        line.with("name", &group.name).write(tx.db, tx.now).await?;
        tx.announce(taken, EventBody::GroupUpdated { group: group.clone() })?;
        Ok(group)
    }
}

impl Makes for MakeGroup {
    fn made_id(group: &UserGroup) -> u64 {
        group.id.get()
    }
}

/// What changes of a group.
pub(super) enum GroupEdit {
    Rename(GroupName),
    Add(UserId),
    Remove(UserId),
}

/// Changes the name or the people of a user group.
pub(super) struct ChangeGroup {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) group: GroupId,
    pub(super) edit: GroupEdit,
}

impl Operation for ChangeGroup {
    type Output = UserGroup;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<UserGroup, Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::ManageGroups).await?;
        let mut group = load(tx, self.team, self.group).await?;
        match &self.edit {
            GroupEdit::Rename(name) if *name == group.name => return Ok(group),
            GroupEdit::Rename(name) => {
                refuse_taken_name(tx, self.team, name, Some(group.id)).await?;
                group.name = name.clone();
            }
            GroupEdit::Add(user) => match group.user_ids.binary_search(user) {
                Ok(_) => return Ok(group),
                Err(place) => {
                    refuse_newcomer(tx, &group, *user).await?;
                    groups::add_user(tx.db, &group, *user).await?;
                    group.user_ids.insert(place, *user);
                }
            },
            GroupEdit::Remove(user) => {
                let place = group.user_ids.binary_search(user);
                let place = place.map_err(|_| Abort::Refused(ServiceError::not_found("member of this group")))?;
                groups::remove_user(tx.db, group.id, *user).await?;
                group.user_ids.remove(place);
            }
        }
        self.audit(&group).write(tx.db, tx.now).await?;
        stamp(tx, group, &permit).await
    }
}

impl ChangeGroup {
    /// Tells of it in the audit log.
    fn audit(&self, group: &UserGroup) -> Line {
        let line = Line::by(&self.actor, AuditAction::GroupEdited).in_team(self.team);
        let line = line.with("group_id", group.id).with("name", &group.name);
        match self.edit {
            GroupEdit::Rename(_) => line.with("change", "renamed"),
            GroupEdit::Add(user) => line.to(user).with("change", "added"),
            GroupEdit::Remove(user) => line.to(user).with("change", "removed"),
        }
    }
}

/// Deletes a user group.
pub(super) struct DeleteGroup {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) group: GroupId,
}

impl Operation for DeleteGroup {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::ManageGroups).await?;
        let group = load(tx, self.team, self.group).await?;
        let taken = tx.next_rev(StreamId::Team(self.team), &permit)?;
        groups::delete(tx.db, group.id, tx.now, taken.rev).await?;
        let line = Line::by(&self.actor, AuditAction::GroupDeleted).in_team(self.team).with("group_id", group.id);
        line.with("name", &group.name).write(tx.db, tx.now).await?;
        tx.announce(taken, EventBody::GroupDeleted { group_id: group.id })?;
        Ok(())
    }
}

/// Takes a person who leaves the team out of all its groups, each with a number of its own.
pub(super) async fn leave_groups(
    tx: &mut LogTx<'_>,
    team: TeamId,
    user: UserId,
    permit: &Permit,
) -> Result<(), Refused> {
    for mut group in groups::list_of(tx.db, team, user).await? {
        groups::remove_user(tx.db, group.id, user).await?;
        group.user_ids.retain(|member| *member != user);
        stamp(tx, group, permit).await?;
    }
    Ok(())
}

/// Gives a changed group its next number, writes and announces it.
async fn stamp(tx: &mut LogTx<'_>, mut group: UserGroup, permit: &Permit) -> Result<UserGroup, Refused> {
    let taken = tx.next_rev(StreamId::Team(group.team_id), permit)?;
    (group.rev, group.updated_at) = (taken.rev, tx.now);
    groups::update(tx.db, &group).await?;
    tx.announce(taken, EventBody::GroupUpdated { group: group.clone() })?;
    Ok(group)
}

async fn load(tx: &mut LogTx<'_>, team: TeamId, group: GroupId) -> Result<UserGroup, Refused> {
    let found = groups::find(tx.db, team, group).await?;
    found.ok_or_else(|| Abort::Refused(ServiceError::not_found("group")))
}

async fn refuse_newcomer(tx: &mut LogTx<'_>, group: &UserGroup, user: UserId) -> Result<(), Refused> {
    if group.user_ids.len() >= GROUP_USERS_MAX {
        return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, full_group())));
    }
    if teams::list_present(tx.db, group.team_id, &[user]).await?.is_empty() {
        return Err(Abort::Refused(ServiceError::not_found("member of this team")));
    }
    Ok(())
}

/// Refuses the name of another group, and the username of somebody who is in the team.
async fn refuse_taken_name(
    tx: &mut LogTx<'_>,
    team: TeamId,
    name: &GroupName,
    own: Option<GroupId>,
) -> Result<(), Refused> {
    let key = name.key();
    if groups::find_by_key(tx.db, team, &key).await?.is_some_and(|found| Some(found) != own) {
        return Err(Abort::Refused(name_taken("group", name.as_str())));
    }
    if teams::find_by_username(tx.db, team, &key).await?.is_some() {
        return Err(Abort::Refused(name_taken("person of this team", name.as_str())));
    }
    Ok(())
}

fn full_group() -> String {
    format!("a group has at most {GROUP_USERS_MAX} people; make a second one for the others")
}
