//! Points in time on the wire: RFC 3339, UTC, milliseconds.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point in time, whole milliseconds, written `2026-11-22T17:26:21.500Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "date-time"))]
pub struct Time(i64);

/// Text or a number that is no point in time between the years -9999 and 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time is written like 2026-11-22T17:26:21.500Z")]
pub struct TimeError;

impl Time {
    /// Gives the point in time that many milliseconds after 1970, where a calendar has it.
    pub fn from_unix_ms(ms: i64) -> Result<Self, TimeError> {
        Timestamp::from_millisecond(ms).map(|_| Self(ms)).map_err(|_| TimeError)
    }

    /// Gives the milliseconds since 1970.
    #[must_use]
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Gives this point in time for calendar arithmetic and display.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or_default()
    }
}

impl From<Timestamp> for Time {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        text.parse::<Timestamp>().map(Self::from).map_err(|_| TimeError)
    }
}

impl TryFrom<String> for Time {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_exactly_three_digits_of_a_second() {
        for (given, written) in [
            ("2026-11-22T17:26:21Z", "2026-11-22T17:26:21.000Z"),
            ("2026-11-22T17:26:21.5Z", "2026-11-22T17:26:21.500Z"),
            ("2026-11-22T18:26:21.123456+01:00", "2026-11-22T17:26:21.123Z"),
        ] {
            assert_eq!(given.parse::<Time>().expect("a time").to_string(), written);
        }
        assert_eq!("yesterday".parse::<Time>(), Err(TimeError));
        assert_eq!(Time::from_unix_ms(i64::MAX), Err(TimeError));
    }
}
