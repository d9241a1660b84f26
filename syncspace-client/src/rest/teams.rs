//! Routes of teams, their members and invites.

use reqwest::Method;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::{
    Ban, CreateInvite, CreateTeam, EditTeam, Invite, MyTeam, PutTeamMember, Team, TeamMember, TransferTeam,
};
use syncspace_protocol::{InviteId, Page, TeamId, UserId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Lists the teams that the person may see: own ones, and public ones without membership.
    pub async fn teams(&self, query: PageQuery) -> Result<Page<MyTeam>, ClientError> {
        self.get("teams").query(&query).fetch().await
    }

    /// Makes a team; the person becomes its owner. A lost answer is asked for again, and makes no second one.
    pub async fn create_team(&self, team: CreateTeam) -> Result<MyTeam, ClientError> {
        self.post("teams").body(&team).create().await
    }

    /// Gives a team.
    pub async fn team(&self, team: TeamId) -> Result<MyTeam, ClientError> {
        self.get(&format!("teams/{team}")).fetch().await
    }

    /// Changes a team.
    pub async fn edit_team(&self, team: TeamId, edit: EditTeam) -> Result<Team, ClientError> {
        self.patch(&format!("teams/{team}")).body(&edit).fetch().await
    }

    /// Deletes a team with everything in it.
    pub async fn delete_team(&self, team: TeamId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}")).done().await
    }

    /// Joins a public team.
    pub async fn join_team(&self, team: TeamId) -> Result<MyTeam, ClientError> {
        self.post(&format!("teams/{team}/join")).fetch().await
    }

    /// Leaves a team.
    pub async fn leave_team(&self, team: TeamId) -> Result<(), ClientError> {
        self.post(&format!("teams/{team}/leave")).done().await
    }

    /// Lists the people of a team.
    pub async fn team_members(&self, team: TeamId, query: PageQuery) -> Result<Page<TeamMember>, ClientError> {
        self.get(&format!("teams/{team}/members")).query(&query).fetch().await
    }

    /// Adds a person to a team, or changes the role.
    pub async fn put_team_member(
        &self,
        team: TeamId,
        user: UserId,
        member: PutTeamMember,
    ) -> Result<TeamMember, ClientError> {
        self.put(&format!("teams/{team}/members/{user}")).body(&member).fetch().await
    }

    /// Removes a person from a team.
    pub async fn remove_team_member(&self, team: TeamId, user: UserId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}/members/{user}")).done().await
    }

    /// Hands the own ownership of a team to another member; gives the new owner.
    pub async fn transfer_team(&self, team: TeamId, to: UserId) -> Result<TeamMember, ClientError> {
        self.post(&format!("teams/{team}/transfer")).body(&TransferTeam { user_id: to }).fetch().await
    }

    /// Lists who is kept out of a team.
    pub async fn bans(&self, team: TeamId, query: PageQuery) -> Result<Page<Ban>, ClientError> {
        self.get(&format!("teams/{team}/bans")).query(&query).fetch().await
    }

    /// Keeps a person out of a team, and removes one who is in it.
    pub async fn ban(&self, team: TeamId, user: UserId) -> Result<Ban, ClientError> {
        self.put(&format!("teams/{team}/bans/{user}")).fetch().await
    }

    /// Lets a person in again who was kept out of a team.
    pub async fn lift_ban(&self, team: TeamId, user: UserId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}/bans/{user}")).done().await
    }

    /// Lists the invites of a team, without their codes.
    pub async fn invites(&self, team: TeamId, query: PageQuery) -> Result<Page<Invite>, ClientError> {
        self.get(&format!("teams/{team}/invites")).query(&query).fetch().await
    }

    /// Makes an invite; only this answer holds its code, and none does where it is mailed. A lost answer is asked for again, and makes no second one.
    pub async fn create_invite(&self, team: TeamId, invite: CreateInvite) -> Result<Invite, ClientError> {
        self.post(&format!("teams/{team}/invites")).body(&invite).create().await
    }

    /// Ends an invite.
    pub async fn revoke_invite(&self, team: TeamId, invite: InviteId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}/invites/{invite}")).done().await
    }

    /// Joins the team that an invite admits to.
    pub async fn use_invite(&self, code: &str) -> Result<MyTeam, ClientError> {
        self.api(Method::POST, "invites", &[code]).fetch().await
    }
}
