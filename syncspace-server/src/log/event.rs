//! What a commit announces: the frame every receiver shares, and what instances need to route it.

use serde::{Deserialize, Serialize};
use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::{ChannelId, Rev, SessionId, StreamId, TeamId, UserId};

use super::Frame;

/// A committed change of a stream, serialised once for everybody who receives it.
#[derive(Debug, Clone)]
pub struct Committed {
    /// How instances route it.
    pub route: Route,
    /// The event as it goes to sockets.
    pub frame: Frame,
    /// What it took away.
    pub revoked: Option<Revoked>,
}

/// Effects that took something away, in the order of the numbered log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Number of the first one; the others have the next ones.
    pub first: u64,
    /// The effects.
    pub effects: Vec<Effect>,
}

/// How instances route a committed change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The team whose subject carries it.
    pub team: TeamId,
    /// The stream.
    pub stream: StreamId,
    /// The stream's number of the change.
    pub rev: Rev,
    /// Who sees its content; the others of the stream see a void.
    pub audience: Audience,
    /// What it changes in who follows what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
}

/// Who, among the followers of a stream, sees the content of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// All of them.
    Everyone,
    /// Everyone but guests, and members of the channel: what concerns a public channel.
    PublicChannel(ChannelId),
    /// Members of the channel: what concerns a private, direct or group channel.
    PrivateChannel(ChannelId),
    /// Those who manage the team's members.
    Managers,
}

/// What a change does to who follows what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The person follows the channel from this rev on.
    ChannelJoined {
        /// The person.
        user_id: UserId,
        /// The channel.
        channel_id: ChannelId,
        /// Its team.
        team_id: TeamId,
        /// The channel's rev when the person came in.
        at: Rev,
    },
    /// The person follows the channel no longer.
    ChannelLeft {
        /// The person.
        user_id: UserId,
        /// The channel.
        channel_id: ChannelId,
    },
    /// Nobody writes in the channel any longer; it is followed as before.
    ChannelArchived {
        /// The channel.
        channel_id: ChannelId,
    },
    /// Nobody follows the channel any longer.
    ChannelDeleted {
        /// The channel.
        channel_id: ChannelId,
    },
    /// The person came into the team: its sockets are to look again what they follow.
    TeamJoined {
        /// The person.
        user_id: UserId,
        /// The team.
        team_id: TeamId,
    },
    /// The person's requests to come into teams changed: its sockets are to look at them again.
    JoinRequestsChanged {
        /// The person.
        user_id: UserId,
    },
    /// The person's role changed, and with it perhaps what it sees of the team.
    RoleChanged {
        /// The person.
        user_id: UserId,
        /// The team.
        team_id: TeamId,
        /// The role now.
        role: TeamRole,
    },
    /// The person follows nothing of the team any longer.
    TeamLeft {
        /// The person.
        user_id: UserId,
        /// The team.
        team_id: TeamId,
    },
    /// Nobody follows anything of the team any longer.
    TeamDeleted {
        /// The team.
        team_id: TeamId,
    },
    /// Sockets of the session are closed.
    SessionEnded {
        /// The session.
        session_id: SessionId,
    },
    /// The person's rights on the server changed: its sockets connect again, with the rights it has now.
    RightsChanged {
        /// The person.
        user_id: UserId,
    },
    /// Sockets of the person are closed.
    UserDeactivated {
        /// The person.
        user_id: UserId,
    },
    /// What administrators settled for the whole server is to be read again.
    ServerSettingsChanged,
}

impl Effect {
    /// Tells whether it belongs into the numbered log that no instance misses: it takes something away, or all are to know it.
    pub(crate) const fn takes_away(self) -> bool {
        match self {
            Self::ChannelLeft { .. }
            | Self::ChannelArchived { .. }
            | Self::ChannelDeleted { .. }
            | Self::TeamLeft { .. }
            | Self::TeamDeleted { .. }
            | Self::RoleChanged { .. }
            | Self::SessionEnded { .. }
            | Self::RightsChanged { .. }
            | Self::UserDeactivated { .. }
            | Self::ServerSettingsChanged => true,
            Self::ChannelJoined { .. } | Self::TeamJoined { .. } | Self::JoinRequestsChanged { .. } => false,
        }
    }

    /// Names the person who comes or goes by it, where it is one.
    pub(crate) const fn mover(self) -> Option<UserId> {
        match self {
            Self::ChannelJoined { user_id, .. }
            | Self::ChannelLeft { user_id, .. }
            | Self::TeamJoined { user_id, .. }
            | Self::RoleChanged { user_id, .. }
            | Self::TeamLeft { user_id, .. } => Some(user_id),
            Self::ChannelArchived { .. }
            | Self::ChannelDeleted { .. }
            | Self::TeamDeleted { .. }
            | Self::JoinRequestsChanged { .. }
            | Self::SessionEnded { .. }
            | Self::RightsChanged { .. }
            | Self::UserDeactivated { .. }
            | Self::ServerSettingsChanged => None,
        }
    }
}

/// An event that cannot be written as JSON: a defect of the program, never of its input.
#[derive(Debug, thiserror::Error)]
#[error("the event cannot be serialised")]
pub struct FrameError(#[from] serde_json::Error);

impl Committed {
    /// Serialises an event of a stream once for all its receivers.
    pub(crate) fn new(route: Route, body: EventBody) -> Result<Self, FrameError> {
        let frame = event_frame(&Event { stream: Some(route.stream), rev: Some(route.rev), body })?;
        Ok(Self { route, frame, revoked: None })
    }
}

/// Serialises an event for the socket.
pub fn event_frame(event: &Event) -> Result<Frame, FrameError> {
    Ok(Frame::text(&serde_json::to_string(event)?))
}

/// Gives the frame for a follower who may not see the content of a change.
#[must_use]
pub fn void_frame(stream: StreamId, rev: Rev) -> Frame {
    Frame::text(&format!("{{\"stream\":\"{stream}\",\"rev\":{rev},\"ev\":\"void\"}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_void_is_an_event_without_content() {
        let stream: StreamId = "t4".parse().unwrap();
        let rev = Rev::try_from(9).unwrap();
        let event: Event = serde_json::from_str(void_frame(stream, rev).as_str()).unwrap();
        assert_eq!(event, Event { stream: Some(stream), rev: Some(rev), body: EventBody::Void {} });
    }
}
