//! Routes of user groups.

use syncspace_protocol::groups::{CreateGroup, RenameGroup, UserGroup};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::TeamMember;
use syncspace_protocol::{GroupId, GroupName, Page, TeamId, UserId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Lists the user groups of a team, with who is in them.
    pub async fn groups(&self, team: TeamId, query: PageQuery) -> Result<Page<UserGroup>, ClientError> {
        self.get(&format!("teams/{team}/groups")).query(&query).fetch().await
    }

    /// Makes a user group. A lost answer is asked for again, and makes no second one.
    pub async fn create_group(&self, team: TeamId, group: CreateGroup) -> Result<UserGroup, ClientError> {
        self.post(&format!("teams/{team}/groups")).body(&group).create().await
    }

    /// Gives a user group.
    pub async fn group(&self, team: TeamId, group: GroupId) -> Result<UserGroup, ClientError> {
        self.get(&format!("teams/{team}/groups/{group}")).fetch().await
    }

    /// Gives a user group another name.
    pub async fn rename_group(&self, team: TeamId, group: GroupId, name: GroupName) -> Result<UserGroup, ClientError> {
        self.patch(&format!("teams/{team}/groups/{group}")).body(&RenameGroup { name }).fetch().await
    }

    /// Deletes a user group.
    pub async fn delete_group(&self, team: TeamId, group: GroupId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}/groups/{group}")).done().await
    }

    /// Lists who is in a user group.
    pub async fn group_members(
        &self,
        team: TeamId,
        group: GroupId,
        query: PageQuery,
    ) -> Result<Page<TeamMember>, ClientError> {
        self.get(&format!("teams/{team}/groups/{group}/members")).query(&query).fetch().await
    }

    /// Puts a person of the team into a user group; gives the group as it is then.
    pub async fn add_group_member(&self, team: TeamId, group: GroupId, user: UserId) -> Result<UserGroup, ClientError> {
        self.put(&format!("teams/{team}/groups/{group}/members/{user}")).fetch().await
    }

    /// Takes a person out of a user group; gives the group as it is then.
    pub async fn remove_group_member(
        &self,
        team: TeamId,
        group: GroupId,
        user: UserId,
    ) -> Result<UserGroup, ClientError> {
        self.delete(&format!("teams/{team}/groups/{group}/members/{user}")).fetch().await
    }
}
