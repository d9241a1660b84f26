//! The archive of a team: one JSON object per line, the same on the way out and on the way in.
//!
//! The lines come in this order: `version`, `team`, a `user` for each person, `group`s, and then each `channel` with its `member`s
//! and `message`s; `end` is the last one, so that an archive that broke off is known. People, groups and channels go by names,
//! never by ids: what was moved to another server and back is the same file. A `user` who is no longer in the team comes
//! anywhere before the first line that names the person. README.md describes it for other programs.

mod check;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channels::{ChannelKind, ChannelRole, Posting};
use crate::messages::{Code, MessageType};
use crate::reactions::Emoji;
use crate::teams::{EditTeamSettings, TeamRole};
use crate::{ChannelName, Email, GroupName, TeamName, Time, Username};

pub use check::LineError;

/// The version of the format that this program writes, and the newest that it reads.
pub const ARCHIVE_VERSION: u32 = 1;

/// One line of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ArchiveLine {
    /// The first line.
    Version(ArchiveHead),
    /// What the team says of itself.
    Team(ArchiveTeam),
    /// A person.
    User(ArchiveUser),
    /// A user group.
    Group(ArchiveGroup),
    /// A channel; its members and messages come next.
    Channel(ArchiveChannel),
    /// Somebody in a channel that has a name.
    Member(ArchiveMember),
    /// A message.
    Message(Box<ArchiveMessage>),
    /// The last line.
    End(ArchiveEnd),
}

/// The first line of an archive: what wrote it, and in which version of the format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveHead {
    /// The version of the format; 1.
    pub version: u32,
    /// Whether private, direct and group channels are in it, and e-mail addresses.
    #[serde(default)]
    pub has_private: bool,
}

/// What a team says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveTeam {
    /// Its name.
    pub name: TeamName,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether anyone on the server may find it.
    #[serde(default)]
    pub is_public: bool,
    /// Who may do what in it.
    #[serde(default, skip_serializing_if = "EditTeamSettings::is_empty")]
    pub settings: EditTeamSettings,
}

/// A person. Whoever is not found on the server by the import is made, switched off and without a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveUser {
    /// Name by which the other lines call the person.
    pub username: Username,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Name as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// What the person may do in the team; absent for whoever is not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<TeamRole>,
}

/// A user group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveGroup {
    /// Its name.
    pub name: GroupName,
    /// Who is in it.
    pub users: Vec<Username>,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveChannel {
    /// By what members and messages name it: its name, or its people's between `@`; 1 to 600 characters.
    pub key: String,
    /// Who finds and joins it.
    pub kind: ChannelKind,
    /// Its name; absent for direct and group channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ChannelName>,
    /// Who is in a direct or group channel, at most ten people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Username>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is about right now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Who posts in it.
    #[serde(default)]
    pub posting: Posting,
    /// Whether newcomers of the team come into it.
    #[serde(default)]
    pub is_default: bool,
    /// How long its messages are kept, in days; 0 for ever, absent as long as the team says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Username>,
    /// When it was made.
    pub created_at: Time,
    /// Since when it takes no messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Time>,
}

/// Somebody in a channel that has a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveMember {
    /// Key of the channel.
    pub channel: String,
    /// Who.
    pub user: Username,
    /// What the person may do.
    pub role: ChannelRole,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveMessage {
    /// Key of the channel.
    pub channel: String,
    /// Its place in the channel: 1, 2, 3 … without gaps, in the order of the lines.
    pub number: u64,
    /// Who wrote it.
    pub sender: Username,
    /// The text; empty once deleted.
    pub content: String,
    /// What kind of message it is: `text`, `code`, `file` or `system`.
    #[serde(default)]
    pub message_type: MessageType,
    /// What a message of type `code` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Number of the root of its thread, which is no reply itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// Who wrote the message that it is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<Username>,
    /// When it was sent.
    pub created_at: Time,
    /// When its author last changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
    /// Who pinned it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<ArchivePin>,
    /// Who reacted with what, in that order; at most 5,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ArchiveReaction>,
    /// The files that it carries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ArchiveFile>,
}

/// Who pinned a message, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchivePin {
    /// Who.
    pub user: Username,
    /// When.
    pub at: Time,
}

/// One person's reaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveReaction {
    /// With what.
    pub emoji: Emoji,
    /// Who.
    pub user: Username,
    /// When.
    pub at: Time,
}

/// A file that a message carries. Its bytes lie beside the archive, in a file that is named by its checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveFile {
    /// Its name.
    pub name: String,
    /// Its length.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
}

/// The last line of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveEnd {
    /// How many messages are in it.
    pub messages: u64,
}

impl ArchiveLine {
    /// Gives the word that names the kind of line.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Team(_) => "team",
            Self::User(_) => "user",
            Self::Group(_) => "group",
            Self::Channel(_) => "channel",
            Self::Member(_) => "member",
            Self::Message(_) => "message",
            Self::End(_) => "end",
        }
    }
}

/// Gives the key of a direct or group channel: its people's names, sorted, each behind an `@`.
#[must_use]
pub fn key_of_people(people: &[Username]) -> String {
    let mut names: Vec<&str> = people.iter().map(Username::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.iter().flat_map(|name| ["@", name]).collect()
}
