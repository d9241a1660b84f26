//! Values of flags that need reading: durations, roles, yes and no.

use clap::ValueEnum;
use clap::builder::{BoolishValueParser, TypedValueParser};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use syncspace_protocol::Time;
use syncspace_protocol::channels::{ChannelRole, Posting};
use syncspace_protocol::limits::RETENTION_DAYS_MAX;
use syncspace_protocol::teams::{Joining, TeamRole};

/// Reads `yes`, `no`, `true`, `false`, `on`, `off`, `1` or `0`.
pub(crate) fn yes_no() -> impl TypedValueParser<Value = bool> {
    BoolishValueParser::new()
}

/// Role of a person in a team, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Sees only the channels it was added to.
    Guest,
    /// Sees and joins public channels, makes channels.
    Member,
    /// Manages members and channels.
    Admin,
    /// Manages everything, also the team itself.
    Owner,
}

impl From<Role> for TeamRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Guest => Self::Guest,
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
            Role::Owner => Self::Owner,
        }
    }
}

impl Role {
    /// Gives the role in a channel, where a channel knows it.
    pub(crate) const fn in_channel(self) -> Option<ChannelRole> {
        match self {
            Self::Member => Some(ChannelRole::Member),
            Self::Admin => Some(ChannelRole::Admin),
            Self::Guest | Self::Owner => None,
        }
    }
}

/// Who posts in a channel, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhoPosts {
    /// Every member of the channel.
    Everyone,
    /// Its admins, and the team's admins and owners who are in it.
    Admins,
}

impl From<WhoPosts> for Posting {
    fn from(who: WhoPosts) -> Self {
        match who {
            WhoPosts::Everyone => Self::Everyone,
            WhoPosts::Admins => Self::Admins,
        }
    }
}

/// How one who finds a team comes into it, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HowToJoin {
    /// By oneself.
    Open,
    /// By asking those who manage its members.
    Request,
    /// Only by an invite, or by being added.
    Invite,
}

impl From<HowToJoin> for Joining {
    fn from(how: HowToJoin) -> Self {
        match how {
            HowToJoin::Open => Self::Open,
            HowToJoin::Request => Self::Request,
            HowToJoin::Invite => Self::Invite,
        }
    }
}

/// Reads a length of time such as `90s`, `30m`, `12h` or `7d` as seconds.
pub(crate) fn seconds(text: &str) -> Result<u32, String> {
    const EXPECTED: &str = "a length of time is a number and s, m, h or d, like 12h";
    let unit_at = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(unit_at).ok_or(EXPECTED)?;
    let unit_s: u32 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(EXPECTED.to_owned()),
    };
    let number: u32 = number.parse().map_err(|_| EXPECTED)?;
    number.checked_mul(unit_s).filter(|&s| s > 0).ok_or_else(|| EXPECTED.to_owned())
}

/// How long messages are kept, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// As long as the next says: of a channel its team, of a team the server.
    Inherited,
    /// Without end.
    Forever,
    /// For so many days.
    Days(u32),
}

impl Kept {
    /// Gives it as the server takes it.
    pub(crate) const fn days(self) -> Option<u32> {
        match self {
            Self::Inherited => None,
            Self::Forever => Some(0),
            Self::Days(days) => Some(days),
        }
    }
}

/// Reads how long messages are kept: `30d`, `forever` or `inherited`.
pub(crate) fn kept(text: &str) -> Result<Kept, String> {
    const EXPECTED: &str = "messages are kept for 1d to 36500d, forever, or inherited";
    match text {
        "inherited" => Ok(Kept::Inherited),
        "forever" => Ok(Kept::Forever),
        days => {
            let days: u32 = days.strip_suffix('d').and_then(|days| days.parse().ok()).ok_or(EXPECTED)?;
            let is_some = (1..=RETENTION_DAYS_MAX).contains(&days);
            is_some.then_some(Kept::Days(days)).ok_or_else(|| EXPECTED.to_owned())
        }
    }
}

/// Reads a point in time: with its offset, or on this machine's clock.
pub(crate) fn time(text: &str) -> Result<Time, String> {
    const EXPECTED: &str = "a time is written like 2026-11-23T08:00:00Z or 2026-11-23T08:00";
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let local: DateTime = text.parse().map_err(|_| EXPECTED)?;
    local.to_zoned(TimeZone::system()).map(|zoned| zoned.timestamp().into()).map_err(|_| EXPECTED.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_an_offset_or_are_local() {
        let zulu = time("2026-11-23T08:00:00Z").expect("a time");
        assert_eq!(time("2026-11-23T09:00+01:00"), Ok(zulu));
        assert!(time("2026-11-23T08:00").is_ok() && time("2026-11-23 08:00").is_ok());
        for text in ["", "08:00", "tomorrow", "2026-13-01T08:00"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_of_time_have_a_unit() {
        for (text, expected) in [("90s", 90), ("30m", 1_800), ("12h", 43_200), ("7d", 604_800)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in ["", "7", "d", "0d", "-1d", "1w", "7é", "99999999999d", "99999999d"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
