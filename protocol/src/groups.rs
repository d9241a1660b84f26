//! Bodies of `/teams/{id}/groups`: people of a team who are mentioned by one name.
//!
//! Groups and people share the words behind an `@`. A group takes none of the reserved ones, nor the username of somebody who
//! is in the team when it is named. Who comes into the team later may be called like a group: a username goes before a
//! group's name in every channel that its person is in, so nobody is hidden by a group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{GroupId, GroupName, Rev, TeamId, Time, UserId};

/// A user group, as everybody in the team sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserGroup {
    /// Its id.
    pub id: GroupId,
    /// The team it belongs to.
    pub team_id: TeamId,
    /// Its name, by which it is mentioned; unique in the team.
    pub name: GroupName,
    /// Who is in it, by id; all of them are in the team.
    pub user_ids: Vec<UserId>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Time,
    /// When its name or people last changed.
    pub updated_at: Time,
    /// Its last change in the team's stream.
    pub rev: Rev,
}

/// Body of `POST /teams/{id}/groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateGroup {
    /// Its name.
    pub name: GroupName,
    /// Who is in it from the beginning: up to 200 people of the team.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_ids: Vec<UserId>,
}

/// Body of `PATCH /teams/{id}/groups/{group_id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RenameGroup {
    /// Its new name. Messages that mention it already keep whom they named.
    pub name: GroupName,
}
