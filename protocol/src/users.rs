//! Bodies of `/users` and `/admin/users`: people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::status::{ChosenPresence, CustomStatus, PresenceStatus};
use crate::zones::TimeZoneName;
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
    /// When the person showed that it reads mail to that address; absent while it has not. Only shown like the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified_at: Option<Time>,
    /// The address that counts once it is verified. Only shown like the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_pending: Option<Email>,
    /// Address of a picture.
    pub avatar_url: Option<String>,
    /// Where the person's clock stands.
    pub time_zone: Option<TimeZoneName>,
    /// What the person says of itself; null for nothing.
    pub custom_status: Option<CustomStatus>,
    /// What presence the person wants to show. Only shown to the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_presence: Option<ChosenPresence>,
    /// False once an administrator has switched the account off.
    pub is_active: bool,
    /// Whether the person administers this server.
    pub is_admin: bool,
    /// Whether it is the account of a program.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bot: bool,
    /// Whether the person is there.
    pub presence: PresenceStatus,
    /// Whether a device is connected; null while the server cannot know. False of who is invisible, but to the person itself.
    pub is_online: Option<bool>,
    /// When a device was last connected, of who is invisible before that began.
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
    /// Whether it is the account of a program.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bot: bool,
}

/// Body of `PATCH /users/me`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditProfile {
    /// Name as people write it.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub full_name: Patch<String>,
    /// E-mail address. Where the server sends mail, one's own new address counts once it is verified.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub email: Patch<Email>,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub avatar_url: Patch<String>,
    /// Time zone, by its IANA name.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub time_zone: Patch<TimeZoneName>,
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
