//! Bodies of `/admin/users/{id}/erase` and `/admin/erasures`: one person's data on its way out.
//!
//! The account is emptied and switched off at once; what the person wrote goes after it, piece by piece, and can be watched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{TeamId, TeamName, Time, UserId, Username};

/// Answer of `GET /admin/users/{id}/erase`: what would go, counted now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErasurePlan {
    /// Whose.
    pub user_id: UserId,
    /// The person's username, which is free afterwards.
    pub username: Username,
    /// Teams that nobody else owns: the person is not erased while there is one.
    pub owns_alone: Vec<OwnedTeam>,
    /// Teams that the person leaves.
    pub teams: u64,
    /// Messages that are emptied.
    pub messages: u64,
    /// Reactions that are taken back.
    pub reactions: u64,
    /// Files that the person uploaded, also those that no message carries yet.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
    /// Drafts.
    pub drafts: u64,
    /// Messages to be sent later, and those that were.
    pub scheduled: u64,
    /// Reminders.
    pub reminders: u64,
    /// Messages that the person saved; the messages themselves stay.
    pub saved: u64,
    /// Sessions and access tokens.
    pub sessions: u64,
}

/// A team with one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnedTeam {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: TeamName,
}

/// How far the erasure of a person has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureStage {
    /// The account is off and has no name; messages are emptied.
    Messages,
    /// Everything else goes: reactions, drafts, settings.
    Rest,
    /// The bytes of files go.
    Files,
    /// Nothing is left.
    Done,
    /// A stage of a newer server.
    #[serde(other)]
    Unknown,
}

/// The erasure of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erasure {
    /// Whose: the account that is left, and has no name.
    pub user_id: UserId,
    /// What the account is called now.
    pub username: Username,
    /// The administrator who asked for it.
    pub requested_by: UserId,
    /// When.
    pub requested_at: Time,
    /// How far it has come.
    pub stage: ErasureStage,
    /// Messages that are emptied so far, those among them that the person had deleted itself.
    pub messages: u64,
    /// Reactions that are taken back so far.
    pub reactions: u64,
    /// When nothing was left; null until then.
    pub finished_at: Option<Time>,
}
