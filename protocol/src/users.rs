//! Bodies of `/users` and `/admin/users`: people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Email, Password, Patch, Time, UserId, Username};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Name to log in with and to be mentioned by.
    pub username: Username,
    /// Name as people write it.
    pub full_name: Option<String>,
    /// Only shown to the person and to administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Address of a picture.
    pub avatar_url: Option<String>,
    /// False once an administrator has switched the account off.
    pub is_active: bool,
    /// Whether the person administers this server.
    pub is_admin: bool,
    /// Whether a device is connected; null while the server cannot know.
    pub is_online: Option<bool>,
    /// When a device was last connected.
    pub last_seen: Option<Time>,
    /// When the account was made.
    pub created_at: Time,
    /// When the account was last changed.
    pub updated_at: Time,
}

/// What everybody in a team sees of a person, inside memberships.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// The account.
    pub id: UserId,
    /// Name to be mentioned by.
    pub username: Username,
    /// Name as people write it.
    pub full_name: Option<String>,
    /// Address of a picture.
    pub avatar_url: Option<String>,
    /// False once the account is switched off.
    pub is_active: bool,
}

/// Body of `PATCH /users/me`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditProfile {
    /// Name as people write it.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub full_name: Patch<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub email: Patch<Email>,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub avatar_url: Patch<String>,
}

/// Body of `POST /admin/users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateUser {
    /// Name to log in with.
    pub username: Username,
    /// First password.
    pub password: Password,
    /// E-mail address, unique on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Name as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Whether the account administers this server.
    #[serde(default)]
    pub is_admin: bool,
}

/// Body of `PATCH /admin/users/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditUser {
    /// The fields a person may edit too.
    #[serde(flatten)]
    pub profile: EditProfile,
    /// Switches the account on or off. Off ends its sessions and keeps its history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// Makes the account an administrator, or no longer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
}

/// Whether a person is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// A device is connected.
    Online,
    /// No device is connected.
    Offline,
    /// The server cannot know right now, or says something that only newer clients know.
    #[serde(other)]
    Unknown,
}

/// Presence of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    /// The person.
    pub user_id: UserId,
    /// Whether a device is connected.
    pub status: PresenceStatus,
}
