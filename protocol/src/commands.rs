//! Bodies of `/teams/{id}/commands`: words that people type behind a slash, and programs that answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::auth::Secret;
use crate::names::SlashName;
use crate::{CommandId, Patch, Seq, TeamId, Time, UserId};

/// A command, as everybody in the team sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SlashCommand {
    /// Its id.
    pub id: CommandId,
    /// Its team.
    pub team_id: TeamId,
    /// What is typed behind the slash; unique in the team.
    pub name: SlashName,
    /// What it does.
    pub description: Option<String>,
    /// What may follow it, like `[service] [version]`.
    pub usage_hint: Option<String>,
    /// Who answers.
    pub bot_id: UserId,
    /// Who is asked; only shown to those who manage the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// Body of `POST /teams/{id}/commands`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateCommand {
    /// What is typed behind the slash.
    pub name: SlashName,
    /// What it does, up to 250 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What may follow it, up to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_hint: Option<String>,
    /// Who answers: an active bot of the team.
    pub bot_id: UserId,
    /// Who is asked: an address with `http://` or `https://` outside private networks, unless the server allows it.
    pub url: String,
}

/// Body of `PATCH /teams/{id}/commands/{command_id}`. Absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditCommand {
    /// What it does.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub description: Patch<String>,
    /// What may follow it.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub usage_hint: Patch<String>,
    /// Who is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Answer of `POST /teams/{id}/commands`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MadeCommand {
    /// What was made.
    #[serde(flatten)]
    pub command: SlashCommand,
    /// What signs the requests. Shown this once.
    pub secret: Secret,
}

/// Body of `POST /channels/{id}/commands`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunCommand {
    /// The command.
    pub name: SlashName,
    /// What follows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// Answer of `POST /channels/{id}/commands`: what the program behind the command said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandAnswer {
    /// What is shown to the asking person alone; empty where there is nothing to show.
    pub text: String,
    /// Place of the message that everybody sees, where the answer was one.
    pub seq: Option<Seq>,
}
