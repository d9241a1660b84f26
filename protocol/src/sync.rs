//! Catching up with a stream after an absence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channels::{Channel, ChannelMember, ChannelMembership, ReadMarker};
use crate::groups::UserGroup;
use crate::join_requests::JoinRequest;
use crate::messages::Message;
use crate::personal::{ChannelPreferences, Draft, MyChannelOrder, SavedMark, ThreadMembership, UserMute};
use crate::reactions::MyReactions;
use crate::reminders::Reminder;
use crate::scheduled::Scheduled;
use crate::teams::{Team, TeamMember};
use crate::{ChannelId, Epoch, GroupId, Rev, Seq, StreamId, UserId};

/// What a stream holds now of one thing that changed. A receiver applies it only if its rev is newer than the one it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// A message, new or changed; a deleted one has `deleted_at`. Stream `c`.
    Message {
        /// As it is now.
        message: Message,
    },
    /// Messages up to a place are no longer kept: forget them, and what is kept of them. Stream `c`.
    Floor {
        /// The place.
        floor_seq: Seq,
        /// The change.
        rev: Rev,
    },
    /// The team itself. Stream `t`.
    Team {
        /// As it is now.
        team: Team,
    },
    /// A person is in the team. Stream `t`.
    TeamMember {
        /// As it is now.
        member: TeamMember,
    },
    /// A person is no longer in the team. Stream `t`.
    TeamMemberGone {
        /// The person.
        user_id: UserId,
        /// The change.
        rev: Rev,
    },
    /// A user group of the team. Stream `t`.
    Group {
        /// As it is now.
        group: UserGroup,
    },
    /// A user group was deleted. Stream `t`.
    GroupGone {
        /// The group.
        group_id: GroupId,
        /// The change.
        rev: Rev,
    },
    /// A channel of the team. Stream `t`.
    Channel {
        /// As it is now.
        channel: Channel,
    },
    /// A channel was deleted. Stream `t`.
    ChannelGone {
        /// The channel.
        channel_id: ChannelId,
        /// The change.
        rev: Rev,
    },
    /// A channel that I am not in became private: forget it, unless I have come into it since. Stream `t`.
    ChannelHidden {
        /// The channel.
        channel_id: ChannelId,
        /// The change.
        rev: Rev,
    },
    /// A person is in a channel. Stream `t`.
    ChannelMember {
        /// As it is now.
        member: ChannelMember,
    },
    /// A person is no longer in a channel. Stream `t`.
    ChannelMemberGone {
        /// The channel.
        channel_id: ChannelId,
        /// The person.
        user_id: UserId,
        /// The change.
        rev: Rev,
    },
    /// Somebody's request to come into the team; one that is no longer open is to be forgotten. Stream `t`, for those who
    /// manage members.
    TeamJoinRequest {
        /// As it is now.
        request: JoinRequest,
    },
    /// I am in a channel, or my marker in it moved. Stream `m`.
    MyChannel {
        /// The channel.
        channel: Channel,
        /// What I am in it; `read.rev` is the change.
        membership: ChannelMembership,
    },
    /// I am no longer in a channel: forget what is cached of a private one. Stream `m`.
    MyChannelGone {
        /// The channel.
        channel_id: ChannelId,
        /// The change.
        rev: Rev,
    },
    /// How I want a channel. Stream `m`.
    MyChannelPreferences {
        /// The channel.
        channel_id: ChannelId,
        /// As it is now.
        preferences: ChannelPreferences,
    },
    /// The order of my channels. Stream `m`.
    MyChannelOrder {
        /// As it is now.
        order: MyChannelOrder,
    },
    /// Whether I muted a person. Stream `m`.
    MyUserMute {
        /// As it is now.
        mute: UserMute,
    },
    /// How I stand to a thread of a channel that I am in. Stream `m`.
    MyThread {
        /// As it is now.
        thread: ThreadMembership,
    },
    /// Whether I saved a message. Stream `m`.
    MySaved {
        /// As it is now.
        saved: SavedMark,
    },
    /// A draft of mine; an empty one is gone. Stream `m`.
    MyDraft {
        /// As it is now.
        draft: Draft,
    },
    /// A message that I schedule; one that was sent or cancelled is to be forgotten. Stream `m`.
    MyScheduled {
        /// As it is now.
        scheduled: Scheduled,
    },
    /// A reminder of mine; one that is done is to be forgotten. Stream `m`.
    MyReminder {
        /// As it is now.
        reminder: Reminder,
    },
    /// A kind of a newer server: ignore it.
    #[serde(other)]
    Unknown,
}

impl Change {
    /// Gives the rev that stamped the change; none for a kind of a newer server.
    #[must_use]
    pub const fn rev(&self) -> Option<Rev> {
        match self {
            Self::Message { message } => Some(message.rev),
            Self::Team { team } => Some(team.rev),
            Self::TeamMember { member } => Some(member.rev),
            Self::Group { group } => Some(group.rev),
            Self::Channel { channel } => Some(channel.rev),
            Self::TeamJoinRequest { request } => Some(request.rev),
            Self::ChannelMember { member } => Some(member.rev),
            Self::MyChannel { membership, .. } => Some(membership.read.rev),
            Self::MyChannelPreferences { preferences, .. } => Some(preferences.rev),
            Self::MyChannelOrder { order } => Some(order.rev),
            Self::MyUserMute { mute } => Some(mute.rev),
            Self::MyThread { thread } => Some(thread.read.rev),
            Self::MySaved { saved } => Some(saved.rev),
            Self::MyDraft { draft } => Some(draft.rev),
            Self::MyScheduled { scheduled } => Some(scheduled.rev),
            Self::MyReminder { reminder } => Some(reminder.rev),
            Self::Floor { rev, .. }
            | Self::TeamMemberGone { rev, .. }
            | Self::GroupGone { rev, .. }
            | Self::ChannelGone { rev, .. }
            | Self::ChannelHidden { rev, .. }
            | Self::ChannelMemberGone { rev, .. }
            | Self::MyChannelGone { rev, .. } => Some(*rev),
            Self::Unknown => None,
        }
    }
}

/// A page of what changed in a stream, ordered by rev.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// The stream.
    pub stream: StreamId,
    /// Names the history these numbers belong to.
    pub epoch: Epoch,
    /// What changed and may be seen, ordered by rev.
    pub items: Vec<Change>,
    /// The page holds everything above this rev …
    pub after: Rev,
    /// … up to this one: ask again after it, or go on with live events above it.
    pub rev: Rev,
    /// The stream's newest rev when the page was read; the page is the last one where `rev` is equal to it.
    pub head_rev: Rev,
    /// How far the asking person has read. On the last page of a channel that the person is in: what was missed cannot be
    /// counted from what is there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadMarker>,
    /// With what the asking person reacted, of the messages among the items that this person reacted to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub my_reactions: Vec<MyReactions>,
}

/// Query of `GET /streams/{stream}/changes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangesQuery {
    /// The newest rev that the asking side has.
    pub after: Rev,
    /// Most items wanted, 1 to 200; 50 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// What becomes of a stream that a client resumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResumeStatus {
    /// Everything after the named rev follows.
    Ok,
    /// You may not see this stream: purge what you cached of it.
    Gone,
    /// The named rev is too old or unknown here: read the state again. The stream is live from now on.
    ///
    /// Also what a client makes of an answer that it does not know: reading again is always right.
    #[serde(other)]
    Reload,
}
