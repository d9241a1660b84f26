//! Bodies of `/teams/{id}/imports` and of exports: a team's history on its way in and out.
//!
//! An import is begun under the fingerprint of what is imported, and takes [lines](crate::archive) in any number of requests. What
//! it made stays out of everybody's sight until it is finished. Begun again, also after a crash, it goes on where it stood.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::archive::ArchiveLine;
use crate::{ChannelId, ChannelName, ImportId, TeamId, Time, UserId};

/// Body of `POST /teams/{id}/imports`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StartImport {
    /// Where it comes from, for people: `slack`; one line of up to 50 characters.
    pub source: String,
    /// Names what is imported: SHA-256 of it, in hex. The same one in the same team is the same import.
    pub fingerprint: String,
    /// How people of the archive are found among the accounts of the server.
    #[serde(default)]
    pub match_by: MatchBy,
}

/// How people of an archive are found among the accounts of a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchBy {
    /// Not at all: each gets an account of its own.
    #[default]
    Nothing,
    /// By the e-mail address.
    Email,
    /// By the username.
    Username,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// The team that it fills.
    pub team_id: TeamId,
    /// Where it comes from.
    pub source: String,
    /// Names what is imported.
    pub fingerprint: String,
    /// How people are found among the accounts of the server.
    pub match_by: MatchBy,
    /// Who began it.
    pub started_by: UserId,
    /// When it was begun.
    pub created_at: Time,
    /// When it was finished; null while it takes lines.
    pub finished_at: Option<Time>,
}

/// Body of `POST /teams/{id}/imports/{import_id}/lines`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportLines {
    /// Lines of the archive in their order, at most 1,000 and at most 1 MiB of JSON: `user`, `group`, `channel`, `member` and
    /// `message`. What came before is passed over, so that a request may be repeated.
    pub lines: Vec<ArchiveLine>,
}

/// What came of lines that were imported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedLines {
    /// People who go by another name here, because theirs was taken.
    pub renamed: Vec<RenamedUser>,
    /// The channels of the lines, and how far each has come.
    pub channels: Vec<ImportedChannel>,
}

/// Somebody who goes by another name on this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RenamedUser {
    /// In the archive.
    pub username: String,
    /// On this server.
    pub now: String,
}

/// A channel that is being imported, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedChannel {
    /// Its key in the archive.
    pub key: String,
    /// Its id here.
    pub channel_id: ChannelId,
    /// Its name here, another one where that was taken; null for direct and group channels.
    pub name: Option<ChannelName>,
    /// Number of the last message that is here: go on after it.
    pub last_number: u64,
    /// Whether it was there before the import, which leaves it alone: the channel of people who talk here already.
    pub is_foreign: bool,
}

/// Query of `POST /teams/{id}/imports/{import_id}/files`, whose body is a file that a message to come carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportFileQuery {
    /// Key of the message's channel.
    pub channel: String,
    /// Number of the message.
    pub number: u64,
    /// Place of the file among those of the message, from 0.
    pub place: u32,
    /// What it is called.
    pub name: String,
    /// Username of who wrote the message.
    pub sender: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// How far the finishing of an import has come: ask again until nothing is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FinishedImport {
    /// The import.
    pub import: Import,
    /// Channels that are still out of sight.
    pub channels_left: u64,
}

/// Query of `GET /teams/{id}/export`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportQuery {
    /// Whether private, direct and group channels and e-mail addresses are to be in it; for who administers the server.
    #[serde(default)]
    pub include_private: bool,
}

/// Body of `POST /admin/imports/check`: what an import would make of people and channels, which is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckImport {
    /// The team that would be filled; null for one that does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// Names what would be imported: SHA-256 of it, in hex.
    pub fingerprint: String,
    /// How people of the archive would be found among the accounts of the server.
    #[serde(default)]
    pub match_by: MatchBy,
    /// Lines of the archive of the types `user` and `channel`, at most 1,000 and at most 1 MiB of JSON; whom a channel names
    /// stands before it.
    pub lines: Vec<ArchiveLine>,
}

/// What an import would make of people and channels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckedImport {
    /// The import of this fingerprint that fills the team already; then nothing below is said.
    pub own: Option<Import>,
    /// An import of another fingerprint that filled the team, or does: what is in both archives would come twice.
    pub other: Option<Import>,
    /// How many of the people are accounts here.
    pub matched: u64,
    /// People whose name is taken by an account that they are not matched with, each with one that is free.
    pub renamed: Vec<RenamedUser>,
    /// Channels that would not be as in the archive.
    pub channels: Vec<CheckedChannel>,
}

/// A channel that would not be as in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckedChannel {
    /// Its key in the archive.
    pub key: String,
    /// A name that is free, where its own is taken; null for a channel of people who talk here already, which is left alone.
    pub name: Option<ChannelName>,
}
