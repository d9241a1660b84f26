//! Bodies of `/teams/{id}/join_requests`: people who ask to come into a team.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::teams::Team;
use crate::{Rev, TeamId, Time, UserId, Username};

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinRequestState {
    /// It waits to be decided.
    Open,
    /// The person came into the team, by it or by another door.
    Accepted,
    /// Those who manage members said no.
    Declined,
    /// The person took it back.
    Withdrawn,
    /// A state of a newer server.
    #[serde(other)]
    Unknown,
}

/// Somebody's request to come into a team, as those see it who manage its members. The last one of each person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JoinRequest {
    /// The team.
    pub team_id: TeamId,
    /// Who asks.
    pub user_id: UserId,
    /// The same person's name.
    pub username: Username,
    /// What the person wrote to it.
    pub message: Option<String>,
    /// What became of it.
    pub state: JoinRequestState,
    /// When it was made.
    pub created_at: Time,
    /// Who decided it; null where nobody did.
    pub decided_by: Option<UserId>,
    /// When it was decided, or taken back.
    pub decided_at: Option<Time>,
    /// Its last change in the team's stream.
    pub rev: Rev,
}

/// A request of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MyJoinRequest {
    /// The team.
    pub team: Team,
    /// What one wrote to it.
    pub message: Option<String>,
    /// What became of it.
    pub state: JoinRequestState,
    /// When it was made.
    pub created_at: Time,
    /// When it was decided.
    pub decided_at: Option<Time>,
}

/// Body of `PUT /teams/{id}/join_request`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AskToJoin {
    /// A line for those who decide, up to 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
