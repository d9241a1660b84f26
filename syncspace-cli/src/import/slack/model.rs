//! What an export of Slack holds, as far as it is read; fields that are not named here are passed over.

use serde::Deserialize;

use crate::import::counted::{Json, list};

/// A person, of `users.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) real_name: Option<String>,
    pub(super) is_admin: bool,
    pub(super) is_owner: bool,
    pub(super) is_restricted: bool,
    /// Who cannot log in any more.
    pub(super) deleted: bool,
    pub(super) is_bot: bool,
    pub(super) profile: Profile,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    pub(super) real_name: Option<String>,
    pub(super) email: Option<String>,
}

/// A channel, of `channels.json`, `groups.json`, `dms.json` or `mpims.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) name: Option<String>,
    /// Seconds since 1970.
    pub(super) created: i64,
    pub(super) creator: Option<String>,
    pub(super) is_archived: bool,
    pub(super) is_general: bool,
    #[serde(deserialize_with = "list")]
    pub(super) members: Vec<String>,
    pub(super) topic: Text,
    pub(super) purpose: Text,
    #[serde(deserialize_with = "list")]
    pub(super) pins: Vec<Pin>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Text {
    pub(super) value: String,
}

/// A message that is pinned: its time is its name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pin {
    pub(super) id: String,
    /// Seconds since 1970.
    pub(super) created: i64,
    pub(super) user: Option<String>,
}

/// A message, of a file of one day.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) subtype: Option<String>,
    pub(super) ts: String,
    pub(super) thread_ts: Option<String>,
    pub(super) user: Option<String>,
    pub(super) bot_id: Option<String>,
    /// What a bot calls itself.
    pub(super) username: Option<String>,
    pub(super) bot_profile: Option<BotProfile>,
    /// What somebody was called who may be of another workspace.
    pub(super) user_profile: Option<UserProfile>,
    pub(super) text: String,
    pub(super) blocks: Json,
    pub(super) attachments: Json,
    #[serde(deserialize_with = "list")]
    pub(super) files: Vec<File>,
    pub(super) edited: Option<Edited>,
    #[serde(deserialize_with = "list")]
    pub(super) reactions: Vec<Reaction>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UserProfile {
    pub(super) name: Option<String>,
    pub(super) real_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BotProfile {
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Edited {
    pub(super) ts: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reaction {
    pub(super) name: String,
    #[serde(deserialize_with = "list")]
    pub(super) users: Vec<String>,
}

/// A file; an export has where it was, not what was in it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) title: Option<String>,
    /// `tombstone` for one that was deleted.
    pub(super) mode: Option<String>,
}
