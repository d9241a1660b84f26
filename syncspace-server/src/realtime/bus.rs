//! What instances tell each other: a header of one line of JSON, then the frame as sockets get it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use syncspace_protocol::{StreamId, UserId};

use super::Frame;
use crate::log::{Committed, Effect, Revoked, Route};

/// What one instance tells the others.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// A committed change.
    Committed(Committed),
    /// A frame that is not kept, for the live followers of a stream but one person.
    Passing { stream: StreamId, but: UserId, frame: Frame },
    /// What happened to people and teams beside the streams.
    Effects(Vec<Effect>),
    /// What was committed into the revocation log.
    Revoked(Revoked),
    /// Where the revocation log ended a moment ago.
    RevocationsEnd(u64),
    /// Presence of these people may have changed.
    Presence(Vec<UserId>),
    /// The accounts of these people were changed.
    Accounts(Vec<UserId>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Header {
    Committed { route: Route, revoked: Option<Revoked> },
    Passing { stream: StreamId, but: UserId },
    Effects(Vec<Effect>),
    Revoked(Revoked),
    RevocationsEnd(u64),
    Presence(Vec<UserId>),
    Accounts(Vec<UserId>),
}

/// A message of another version or program.
#[derive(Debug, thiserror::Error)]
#[error("a message from the bus cannot be read")]
pub(super) struct BusError;

impl Message {
    pub(super) fn encode(&self) -> Result<Bytes, serde_json::Error> {
        let (header, frame) = match self {
            Self::Committed(Committed { route, frame, revoked }) => {
                (Header::Committed { route: route.clone(), revoked: revoked.clone() }, frame.as_str())
            }
            Self::Passing { stream, but, frame } => (Header::Passing { stream: *stream, but: *but }, frame.as_str()),
            Self::Effects(effects) => (Header::Effects(effects.clone()), ""),
            Self::Revoked(revoked) => (Header::Revoked(revoked.clone()), ""),
            Self::RevocationsEnd(last) => (Header::RevocationsEnd(*last), ""),
            Self::Presence(users) => (Header::Presence(users.clone()), ""),
            Self::Accounts(users) => (Header::Accounts(users.clone()), ""),
        };
        let mut text = serde_json::to_vec(&header)?;
        text.push(b'\n');
        text.extend_from_slice(frame.as_bytes());
        Ok(Bytes::from(text))
    }

    pub(super) fn decode(payload: &Bytes) -> Result<Self, BusError> {
        let end = payload.iter().position(|&byte| byte == b'\n').ok_or(BusError)?;
        let header = serde_json::from_slice(&payload[..end]).map_err(|_| BusError)?;
        let text = payload.get(end + 1..).and_then(|text| str::from_utf8(text).ok()).ok_or(BusError)?;
        Ok(match header {
            Header::Committed { route, revoked } => {
                Self::Committed(Committed { route, frame: Frame::text(text), revoked })
            }
            Header::Passing { stream, but } => Self::Passing { stream, but, frame: Frame::text(text) },
            Header::Effects(effects) => Self::Effects(effects),
            Header::Revoked(revoked) => Self::Revoked(revoked),
            Header::RevocationsEnd(last) => Self::RevocationsEnd(last),
            Header::Presence(users) => Self::Presence(users),
            Header::Accounts(users) => Self::Accounts(users),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Audience;

    #[test]
    fn a_committed_change_arrives_as_it_was_sent() {
        let route = Route {
            team: 3.try_into().unwrap(),
            stream: "c7".parse().unwrap(),
            rev: 9.try_into().unwrap(),
            audience: Audience::PublicChannel(7.try_into().unwrap()),
            effects: vec![Effect::ChannelDeleted { channel_id: 7.try_into().unwrap() }],
        };
        let frame = Frame::text("{\"ev\":\"void\"}\n");
        let revoked = Some(Revoked { first: 4, effects: route.effects.clone() });
        let sent =
            Message::Committed(Committed { route: route.clone(), frame: frame.clone(), revoked: revoked.clone() });
        let Message::Committed(came) = Message::decode(&sent.encode().unwrap()).unwrap() else {
            panic!("another kind of message")
        };
        assert_eq!((came.route, came.frame, came.revoked), (route, frame, revoked));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for payload in ["", "no header", "{}\n", "{\"committed\":{}}\n{}"] {
            assert!(Message::decode(&Bytes::from_static(payload.as_bytes())).is_err(), "{payload}");
        }
        assert!(Message::decode(&Bytes::from_static(b"{\"effects\":[]}\n\xff")).is_err());
    }
}
