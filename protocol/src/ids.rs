//! Numbers and opaque strings that name things. Ids stay below 2^53, so that every JSON reader keeps them exact.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::{CLIENT_ID_CHARS_MAX, IDEMPOTENCY_KEY_CHARS_MAX};

/// Largest id, seq or rev: the largest integer that a JSON reader with doubles keeps exact.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// A number that is outside the range its type allows, or not a number at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be a whole number from {min} to {NUMBER_MAX}")]
pub struct NumberError {
    what: &'static str,
    min: u64,
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $what:literal, min $min:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "u64", into = "u64")]
        #[schemars(with = "u64", extend("minimum" = $min, "maximum" = NUMBER_MAX))]
        pub struct $name(u64);

        impl $name {
            /// Gives the number itself.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl TryFrom<u64> for $name {
            type Error = NumberError;

            fn try_from(number: u64) -> Result<Self, NumberError> {
                if ($min..=NUMBER_MAX).contains(&number) {
                    Ok(Self(number))
                } else {
                    Err(NumberError { what: $what, min: $min })
                }
            }
        }

        impl From<$name> for u64 {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        impl FromStr for $name {
            type Err = NumberError;

            fn from_str(text: &str) -> Result<Self, NumberError> {
                let number: u64 = text.parse().map_err(|_| NumberError { what: $what, min: $min })?;
                Self::try_from(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// One account on this server.
    UserId, "a user id", min 1);
number!(
    /// One team.
    TeamId, "a team id", min 1);
number!(
    /// One person in one team; names the `m` stream.
    MemberId, "a member id", min 1);
number!(
    /// One channel.
    ChannelId, "a channel id", min 1);
number!(
    /// One message, unique on the server. Its place in the channel is its [`Seq`].
    MessageId, "a message id", min 1);
number!(
    /// One logged-in device.
    SessionId, "a session id", min 1);
number!(
    /// One invitation to a team.
    InviteId, "an invite id", min 1);
number!(
    /// One user group of a team.
    GroupId, "a group id", min 1);
number!(
    /// One message that is to be sent later.
    ScheduledId, "a scheduled id", min 1);
number!(
    /// One thing that a person wants to be reminded of.
    ReminderId, "a reminder id", min 1);
number!(
    /// One uploaded file.
    FileId, "a file id", min 1);
number!(
    /// One line of the audit log.
    AuditId, "an audit id", min 1);
number!(
    /// One filling of a team from an archive.
    ImportId, "an import id", min 1);
number!(
    /// One hook of a team.
    HookId, "a hook id", min 1);
number!(
    /// One message that an outgoing hook is told of.
    DeliveryId, "a delivery id", min 1);
number!(
    /// One command of a team.
    CommandId, "a command id", min 1);
number!(
    /// Place of a message in its channel, from 1 without gaps; 0 stands before the first.
    Seq, "a seq", min 0);
number!(
    /// Number of a committed change in its stream, from 1 without gaps; 0 stands before the first.
    Rev, "a rev", min 0);

impl Seq {
    /// Stands before the first message.
    pub const ZERO: Self = Self(0);

    /// Stands after every message.
    pub const END: Self = Self(NUMBER_MAX);

    /// Gives the place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Rev {
    /// Stands before the first change.
    pub const ZERO: Self = Self(0);

    /// Stands after every change.
    pub const END: Self = Self(NUMBER_MAX);

    /// Gives the number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Gives the number before this one; before the first there is 0.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// What a client follows; written `c3`, `t1`, `m7`. Ordered as locks are taken: channels, teams, members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[ctm][0-9]+$"))]
pub enum StreamId {
    /// Messages of one channel.
    Channel(ChannelId),
    /// A team, its public channels, roles and memberships.
    Team(TeamId),
    /// One person in one team: channel list, read markers.
    Member(MemberId),
}

/// Text that names no stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stream is written c, t or m and a number, like c3")]
pub struct StreamIdError;

impl FromStr for StreamId {
    type Err = StreamIdError;

    fn from_str(text: &str) -> Result<Self, StreamIdError> {
        let (kind, number) = text.split_at_checked(1).ok_or(StreamIdError)?;
        match kind {
            "c" => number.parse().map(Self::Channel).map_err(|_| StreamIdError),
            "t" => number.parse().map(Self::Team).map_err(|_| StreamIdError),
            "m" => number.parse().map(Self::Member).map_err(|_| StreamIdError),
            _ => Err(StreamIdError),
        }
    }
}

impl TryFrom<String> for StreamId {
    type Error = StreamIdError;

    fn try_from(text: String) -> Result<Self, StreamIdError> {
        text.parse()
    }
}

impl From<StreamId> for String {
    fn from(stream: StreamId) -> Self {
        stream.to_string()
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(id) => write!(f, "c{id}"),
            Self::Team(id) => write!(f, "t{id}"),
            Self::Member(id) => write!(f, "m{id}"),
        }
    }
}

/// The sender's own name for a message: 1 to 64 visible ASCII characters, a UUID as a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[!-~]{1,64}$"))]
pub struct ClientId(String);

/// Text that cannot be a `client_id`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a client_id has 1 to {CLIENT_ID_CHARS_MAX} visible ASCII characters")]
pub struct ClientIdError;

impl ClientId {
    /// Gives the text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = ClientIdError;

    fn try_from(text: String) -> Result<Self, ClientIdError> {
        let fits = (1..=CLIENT_ID_CHARS_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) { Ok(Self(text)) } else { Err(ClientIdError) }
    }
}

impl FromStr for ClientId {
    type Err = ClientIdError;

    fn from_str(text: &str) -> Result<Self, ClientIdError> {
        Self::try_from(text.to_owned())
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The sender's own name for a request that makes something: 1 to 255 visible ASCII characters, a UUID as a rule.
///
/// It travels in the header [`IDEMPOTENCY_KEY_HEADER`]. Within a day the same person's same request under the same key gives
/// the object back that the first one made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^[!-~]{1,255}$"))]
pub struct IdempotencyKey(String);

/// Name of the header that carries an [`IdempotencyKey`].
pub const IDEMPOTENCY_KEY_HEADER: &str = "Idempotency-Key";

/// Text that cannot be an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Gives the text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<Self, IdempotencyKeyError> {
        let fits = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdempotencyKeyError)
        }
    }
}

/// Name of a store's history, random and opaque. Numbers from another epoch mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Epoch(pub String);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_start_at_one_and_stay_exact_in_json() {
        assert!(serde_json::from_str::<UserId>("0").is_err());
        assert!(serde_json::from_str::<UserId>("9007199254740992").is_err());
        assert!(serde_json::from_str::<UserId>("-1").is_err());
        let largest: UserId = serde_json::from_str("9007199254740991").expect("largest id");
        assert_eq!(largest.get(), NUMBER_MAX);
        assert_eq!(serde_json::from_str::<Seq>("0").expect("zero"), Seq::ZERO);
    }

    #[test]
    fn streams_are_written_with_their_kind() {
        for text in ["c3", "t1", "m9007199254740991"] {
            let stream: StreamId = text.parse().expect("a stream");
            assert_eq!(stream.to_string(), text);
        }
        for text in ["", "c", "x3", "c0", "c-1", "c3 ", "3", "é3"] {
            assert_eq!(text.parse::<StreamId>(), Err(StreamIdError), "{text:?}");
        }
    }

    #[test]
    fn idempotency_keys_are_visible_ascii() {
        for text in ["0192-ab", "\"quoted\"", &"x".repeat(255)] {
            assert_eq!(text.parse::<IdempotencyKey>().expect("a key").as_str(), text);
        }
        for text in ["", "a b", "é", "\u{7f}", &"x".repeat(256)] {
            assert_eq!(text.parse::<IdempotencyKey>(), Err(IdempotencyKeyError), "{text:?}");
        }
    }

    #[test]
    fn client_ids_are_visible_ascii() {
        assert!("0192-ab".parse::<ClientId>().is_ok());
        for text in ["", "a b", "é", "\u{7f}", &"x".repeat(65)] {
            assert_eq!(text.parse::<ClientId>(), Err(ClientIdError), "{text:?}");
        }
    }
}
