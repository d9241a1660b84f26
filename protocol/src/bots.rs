//! Bodies of `/teams/{id}/bots`: accounts of programs, each of one team.
//!
//! A bot is a member like others: it is added to channels, its messages have it as their sender, and it hears events on the
//! same socket. It has no password and no e-mail address; it acts by access tokens that the team's managers make for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::users::Person;
use crate::{Patch, TeamId, Time, UserId, Username};

/// A bot, as those who manage the team see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bot {
    /// Its account, as everybody in the team sees it.
    pub user: Person,
    /// Its team: it comes into no other.
    pub team_id: TeamId,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Time,
}

/// Body of `POST /teams/{id}/bots`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateBot {
    /// Name to be mentioned by, unique on the server.
    pub username: Username,
    /// Name as it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
}

/// Body of `PATCH /teams/{id}/bots/{user_id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditBot {
    /// Name as it is shown.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub full_name: Patch<String>,
    /// Switches it on or off. Off ends its tokens, sockets and hooks, and keeps what it wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}
