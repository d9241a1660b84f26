//! What a bulk export of Mattermost holds, as far as it is read; fields that are not named here are passed over.

use serde::Deserialize;

use crate::import::bounds::LINE_LISTS_BYTES_MAX;
use crate::import::counted::{self, Json, list, maybe_list};

/// One line: its type, and an object of the same name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) version: Option<u32>,
    pub(super) team: Option<Team>,
    pub(super) channel: Option<Channel>,
    pub(super) user: Option<User>,
    pub(super) bot: Option<Bot>,
    pub(super) post: Option<Post>,
    pub(super) direct_channel: Option<DirectChannel>,
    pub(super) direct_post: Option<Post>,
}

impl Line {
    /// Reads a line, and says how much memory it takes, in bytes.
    pub(super) fn read(text: &str) -> serde_json::Result<(Self, usize)> {
        let (line, lists) = counted::within(LINE_LISTS_BYTES_MAX, || serde_json::from_str::<Self>(text))?;
        Ok((line, size_of::<Self>() + text.len() + lists))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Team {
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Channel {
    pub(super) team: String,
    pub(super) name: String,
    /// `O` for one that everybody finds, `P` for a private one.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) header: String,
    pub(super) purpose: String,
    /// Milliseconds since 1970; 0 for a channel that is not archived.
    pub(super) deleted_at: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct User {
    pub(super) username: String,
    pub(super) email: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) nickname: String,
    pub(super) roles: String,
    /// Milliseconds since 1970; 0 or absent for whoever may log in.
    pub(super) delete_at: Option<i64>,
    #[serde(deserialize_with = "maybe_list")]
    pub(super) teams: Option<Vec<Membership>>,
}

/// A program; it may have a line as a user, too.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bot {
    pub(super) username: String,
    pub(super) display_name: String,
}

/// What somebody is in a team or a channel.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Membership {
    pub(super) name: String,
    pub(super) roles: String,
    #[serde(deserialize_with = "maybe_list")]
    pub(super) channels: Option<Vec<Membership>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DirectChannel {
    #[serde(deserialize_with = "list")]
    pub(super) members: Vec<String>,
    pub(super) header: String,
}

/// A post or a reply; what names the channel is not in a reply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Post {
    pub(super) team: String,
    pub(super) channel: String,
    #[serde(deserialize_with = "list")]
    pub(super) channel_members: Vec<String>,
    pub(super) user: String,
    /// Empty, or the name of an event.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) message: String,
    /// What programs put beside it: `attachments` as Slack has them.
    pub(super) props: Json,
    /// Milliseconds since 1970.
    pub(super) create_at: i64,
    pub(super) edit_at: Option<i64>,
    pub(super) is_pinned: Option<bool>,
    #[serde(deserialize_with = "maybe_list")]
    pub(super) reactions: Option<Vec<Reaction>>,
    #[serde(deserialize_with = "maybe_list")]
    pub(super) replies: Option<Vec<Post>>,
    #[serde(deserialize_with = "maybe_list")]
    pub(super) attachments: Option<Vec<Attachment>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reaction {
    pub(super) user: String,
    pub(super) emoji_name: String,
    pub(super) create_at: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attachment {
    pub(super) path: String,
}
