//! How long messages are kept: settled for the server, a team or a channel. Whoever is nearer to the message decides.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives how long the messages of a channel are kept, in days; none for ever.
///
/// Each says it in days, 0 for ever, or leaves it to the next: the channel to its team, the team to the server. Where nobody
/// says anything, messages are kept for ever.
#[must_use]
pub fn retention_days(channel: Option<u32>, team: Option<u32>, server: Option<u32>) -> Option<u32> {
    channel.or(team).or(server).filter(|&days| days > 0)
}

/// Query of `GET /channels/{id}/retention`, `/teams/{id}/retention` and `/admin/retention`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetentionQuery {
    /// Answers as if this were settled there: days, up to 36,500, or 0 for ever. Absent: as it is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Answers as if nothing were settled there; `days` does not count then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_inherited: bool,
}

impl RetentionQuery {
    /// Asks what holds as it is settled.
    pub const NOW: Self = Self { days: None, is_inherited: false };

    /// Asks what would hold with this settled: days, 0 for ever, or none to leave it to the next.
    #[must_use]
    pub const fn with(days: Option<u32>) -> Self {
        Self { days, is_inherited: days.is_none() }
    }

    /// Gives what is settled there for the answer, from what is.
    #[must_use]
    pub fn settled(self, now: Option<u32>) -> Option<u32> {
        if self.is_inherited { None } else { self.days.or(now) }
    }
}

/// What retention takes now, of a channel, or of all channels that leave it to their team or to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetentionReport {
    /// For how many days messages are kept; null for ever.
    pub retention_days: Option<u32>,
    /// Channels for which that holds.
    pub channels: u64,
    /// Messages that are old enough to go.
    pub messages: u64,
    /// Files that go with them.
    pub files: u64,
    /// Bytes of those files.
    pub file_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_nearer_to_the_message_decides() {
        for (channel, team, server, days) in [
            (None, None, None, None),
            (None, None, Some(90), Some(90)),
            (None, Some(30), Some(90), Some(30)),
            (Some(7), Some(30), Some(90), Some(7)),
            (Some(0), Some(30), Some(90), None),
            (None, Some(0), Some(90), None),
            (Some(365), None, Some(0), Some(365)),
        ] {
            assert_eq!(retention_days(channel, team, server), days, "{channel:?} {team:?} {server:?}");
        }
    }
}
