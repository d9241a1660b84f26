//! Bodies of `/channels`: channels, their members, read markers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::personal::ChannelPreferences;
use crate::users::Person;
use crate::{ChannelId, ChannelName, Patch, Rev, Seq, TeamId, Time, UserId};

/// Who finds and joins a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Everybody in the team but guests.
    Public,
    /// Whoever is added.
    Private,
    /// Two people (or one, writing notes); nobody joins or leaves.
    Direct,
    /// Up to ten people; nobody joins or leaves.
    Group,
}

/// Who posts in a channel. A post is every message, a reply in a thread too, and every change of one's own text.
///
/// Whoever does not post still reads, reacts, and takes own messages back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Posting {
    /// Every member of the channel.
    #[default]
    Everyone,
    /// Its admins, and the team's admins and owners who are in it.
    Admins,
}

/// A channel, as everybody who may see it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// The team it belongs to.
    pub team_id: TeamId,
    /// Who finds and joins it.
    pub kind: ChannelKind,
    /// Its name, unique in the team; null for direct and group channels.
    pub name: Option<ChannelName>,
    /// What it is for.
    pub description: Option<String>,
    /// What it is about right now, on one line; whoever posts in it may change it.
    pub topic: Option<String>,
    /// Who posts in it.
    pub posting: Posting,
    /// Whether whoever comes into the team, other than a guest, comes into this public channel too.
    pub is_default: bool,
    /// How long its messages are kept, in days; 0 for ever, null as long as the team says.
    pub retention_days: Option<u32>,
    /// Whether only members see it: every kind but public.
    pub is_private: bool,
    /// The people of a direct or group channel; empty for the others, whose members are a list of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Person>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Since when it takes no messages.
    pub archived_at: Option<Time>,
    /// Its last change in the team's stream.
    pub rev: Rev,
}

/// What a person may do in a channel. Ordered from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelRole {
    /// Reads and posts.
    Member,
    /// Manages the channel.
    Admin,
}

/// A channel, and what the asking person is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MyChannel {
    /// The channel.
    #[serde(flatten)]
    pub channel: Channel,
    /// Last and first numbers of its log.
    pub head: ChannelHead,
    /// Null where the asking person only may see the channel.
    pub membership: Option<ChannelMembership>,
}

/// Last and first numbers of a channel's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelHead {
    /// Place of the newest message; 0 where there is none.
    pub last_seq: Seq,
    /// Number of the newest change of the channel's stream.
    pub last_rev: Rev,
    /// Messages up to this place are no longer kept.
    pub floor_seq: Seq,
}

/// What a person is in a channel, how far the person has read, and how the person wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelMembership {
    /// What the person may do.
    pub role: ChannelRole,
    /// Since when.
    pub joined_at: Time,
    /// How far the person has read, and what is left.
    pub read: ReadMarker,
    /// How the person wants the channel.
    pub preferences: ChannelPreferences,
}

/// How far a person has read a channel, and how much is left.
///
/// The one definition of both counts, for server and clients. **Unread** are the messages with `seq > last_read_seq` that
/// are top level, not from the system, not deleted, and not the person's own. **Mentions** are the messages, replies too,
/// with `seq > last_read_seq` that are not deleted, not the person's own, and name the person, a group that the person was in at that
/// moment, or `@channel`; `@here` does not count. Those that have one of the person's keywords follow a moment later, and go
/// as late when such a message is changed or deleted: each time the marker comes anew in the person's own stream. Both stop at 1,000. Numbers do not depend on when the person came into the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadMarker {
    /// Read up to and with this place.
    pub last_read_seq: Seq,
    /// Unread messages; 1,000 means that many or more.
    pub unread_count: u32,
    /// Mentions of the person; 1,000 means that many or more.
    pub mention_count: u32,
    /// The channel's rev at which both counts hold: count on from events above it.
    pub as_of_rev: Rev,
    /// The last change of the marker in the person's own stream.
    pub rev: Rev,
}

/// One person in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelMember {
    /// The channel.
    pub channel_id: ChannelId,
    /// The person.
    pub user: Person,
    /// What the person may do.
    pub role: ChannelRole,
    /// Since when.
    pub joined_at: Time,
    /// Last change of this membership in the team's stream.
    pub rev: Rev,
}

/// Body of `POST /teams/{id}/channels`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CreateChannel {
    /// A channel that everybody in the team but guests finds and joins.
    Public(NewChannel),
    /// A channel of those who are added.
    Private(NewChannel),
    /// The channel of two people; gives the one that exists back.
    Direct {
        /// The other person; oneself for notes.
        user_id: UserId,
    },
    /// The channel of up to ten people; gives the one that exists back.
    Group {
        /// The others.
        user_ids: Vec<UserId>,
    },
}

/// Name and purpose of a new channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewChannel {
    /// Its name.
    pub name: ChannelName,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Body of `PATCH /channels/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditChannel {
    /// Its name; not for direct and group channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ChannelName>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub description: Patch<String>,
    /// What it is about right now.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub topic: Patch<String>,
    /// Who posts in it; not for direct and group channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posting: Option<Posting>,
    /// Whether whoever comes into the team comes into it too; for the team's admins, and for at most 20 public channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// How long its messages are kept, in days up to 36,500; 0 for ever, null as long as the team says. For the team's admins;
    /// not for direct and group channels.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub retention_days: Patch<u32>,
    /// True makes a public channel private: it goes out of the sight of everybody who is not in it. There is no way back: what
    /// was written for few is not shown to all by a switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_private: Option<bool>,
    /// Archives or restores it; not for direct and group channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_archived: Option<bool>,
}

/// Body of `PUT /channels/{id}/members/{user_id}`: adds the person, or changes the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PutChannelMember {
    /// What the person may do.
    pub role: ChannelRole,
}

/// How a read marker moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MoveMarker {
    /// Forward only: the maximum of where it stands and this place.
    #[default]
    Advance,
    /// To this place, also backward: "mark unread". It wins over every `advance` that did not know of it.
    Set,
}

/// Body of `POST /channels/{id}/read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkRead {
    /// Read up to and with this place.
    pub seq: Seq,
    /// How the marker moves.
    #[serde(default)]
    pub mode: MoveMarker,
    /// The `rev` of the marker that this side held when the person read. An `advance` that names an older one than the last
    /// `set` changes nothing, however late it comes: it was made before the person marked the channel unread. Absent: the
    /// newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_rev: Option<Rev>,
}
