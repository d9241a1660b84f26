//! Routes of people who ask to come into teams.

use syncspace_protocol::join_requests::{AskToJoin, JoinRequest, MyJoinRequest};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::TeamMember;
use syncspace_protocol::{Page, TeamId, UserId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Asks to come into a team that takes people in on request; asking again changes the message.
    pub async fn ask_to_join(&self, team: TeamId, ask: AskToJoin) -> Result<JoinRequest, ClientError> {
        self.put(&format!("teams/{team}/join_request")).body(&ask).fetch().await
    }

    /// Takes one's open request back.
    pub async fn withdraw_join_request(&self, team: TeamId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}/join_request")).done().await
    }

    /// Lists one's own requests, those that were decided too.
    pub async fn my_join_requests(&self, query: PageQuery) -> Result<Page<MyJoinRequest>, ClientError> {
        self.get("users/me/join_requests").query(&query).fetch().await
    }

    /// Lists the open requests to come into a team, the oldest first.
    pub async fn join_requests(&self, team: TeamId, query: PageQuery) -> Result<Page<JoinRequest>, ClientError> {
        self.get(&format!("teams/{team}/join_requests")).query(&query).fetch().await
    }

    /// Takes a person in who asked.
    pub async fn accept_join_request(&self, team: TeamId, user: UserId) -> Result<TeamMember, ClientError> {
        self.post(&format!("teams/{team}/join_requests/{user}/accept")).fetch().await
    }

    /// Says no to a person who asked.
    pub async fn decline_join_request(&self, team: TeamId, user: UserId) -> Result<(), ClientError> {
        self.post(&format!("teams/{team}/join_requests/{user}/decline")).done().await
    }
}
