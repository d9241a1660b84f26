//! Bodies of `/admin`: what administrators settle for the whole server, and see of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::auth::{RegistrationMode, Secret};
use crate::{Email, Patch, Time, UserId, Username};

/// How much a banner matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BannerLevel {
    /// It is good to know.
    Info,
    /// Something to be prepared for: the server goes away for a while.
    Warning,
    /// A level of a newer server.
    #[serde(other)]
    Unknown,
}

/// A line that everybody on the server sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Banner {
    /// One line, up to 200 characters.
    pub text: String,
    /// How much it matters.
    pub level: BannerLevel,
    /// When it goes by itself; absent where it stays until it is taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

impl Banner {
    /// Tells whether it is still to be shown.
    #[must_use]
    pub fn is_current(&self, now: Time) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// What administrators settle for the whole server, `GET /admin/settings`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerSettings {
    /// Who may make an account; null where the server's configuration says so.
    pub registration: Option<RegistrationMode>,
    /// What everybody sees; null for nothing.
    pub banner: Option<Banner>,
    /// How long messages are kept where neither channel nor team says it, in days; 0 and null for ever.
    #[serde(default)]
    pub retention_days: Option<u32>,
}

/// Body of `PATCH /admin/settings`. Absent fields stay, null clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditServerSettings {
    /// Who may make an account; null gives it back to the server's configuration.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub registration: Patch<RegistrationMode>,
    /// What everybody sees.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub banner: Patch<Banner>,
    /// How long messages are kept where neither channel nor team says it, in days up to 36,500; 0 and null for ever.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub retention_days: Patch<u32>,
}

/// How much there was on one day, UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatisticsDay {
    /// The day, like `2026-11-23`.
    pub day: String,
    /// People who were there on it.
    pub people_day: u64,
    /// People who were there on it or on the six days before.
    pub people_week: u64,
    /// Accounts that are switched on.
    pub users: u64,
    /// Teams that are not deleted.
    pub teams: u64,
    /// Channels that are not deleted, direct ones among them.
    pub channels: u64,
    /// Messages that were ever sent.
    pub messages: u64,
    /// Files that are kept.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
}

/// Answer of `GET /admin/statistics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Statistics {
    /// How much there is now.
    pub now: StatisticsDay,
    /// How much there was at the end of each of the last days, up to 90, the newest first.
    pub days: Vec<StatisticsDay>,
}

/// Query of `GET /admin/users`: accounts, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountQuery {
    /// `next` of the page before; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most items wanted, 1 to 200; 50 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only accounts whose username or e-mail address contains this, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Only accounts that are switched on, or only those that are off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// Only those who administer the server, or only the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
    /// Only imported accounts whose people have set no password yet, or only the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_unclaimed: Option<bool>,
    /// Only people who were there then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_since: Option<Time>,
    /// Only people who were not there since then, also those who never were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen_since: Option<Time>,
}

/// Body of `POST /admin/users/{id}/hand-over`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandOver {
    /// How long the code holds, in seconds: 60 to 604800; a week where absent.
    #[serde(default = "a_week_s")]
    pub expires_in_s: u32,
}

const fn a_week_s() -> u32 {
    7 * 24 * 3600
}

impl Default for HandOver {
    fn default() -> Self {
        Self { expires_in_s: a_week_s() }
    }
}

/// An imported account that waits for its person, who sets the first password by a code, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandedOver {
    /// The account.
    pub user_id: UserId,
    /// Its name here.
    pub username: Username,
    /// Where the code is mailed to; null where this server sends no mail, or the account has no address.
    pub mailed_to: Option<Email>,
    /// The code, to be handed to the person; null where it is mailed.
    pub code: Option<Secret>,
    /// When the code ends.
    pub expires_at: Time,
}

/// Body of `POST /admin/users/{id}/password-reset`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreatePasswordReset {
    /// How long the code holds, in seconds: 60 to 604800; a day where absent.
    #[serde(default = "a_day_s")]
    pub expires_in_s: u32,
}

/// The life of a code where nothing is said.
const fn a_day_s() -> u32 {
    24 * 3600
}

impl Default for CreatePasswordReset {
    fn default() -> Self {
        Self { expires_in_s: a_day_s() }
    }
}

/// A way for a person to set a new password, once. The code is in this answer and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PasswordReset {
    /// To be handed to the person, by a way that only the person reads.
    pub code: Secret,
    /// When it ends unless it is used.
    pub expires_at: Time,
}
