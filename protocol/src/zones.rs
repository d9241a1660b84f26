//! Time zones of people, by the names that IANA gives them. Their rules come with the program, not from the machine.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::TIME_ZONE_CHARS_MAX;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Name of a time zone: `Europe/Berlin`.
///
/// Any letters, digits, `/`, `_`, `+` and `-` are read, so that a zone of a newer server does no harm; which there are,
/// [`TimeZoneName::canonical`] says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Za-z0-9/_+-]{1,64}$"))]
pub struct TimeZoneName(String);

/// Text that cannot be the name of a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time zone is named as IANA does, like Europe/Berlin or UTC")]
pub struct TimeZoneError;

impl TimeZoneName {
    /// Gives the name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the name as IANA writes it: `Europe/Berlin` for `europe/berlin`; none where there is no such zone.
    #[must_use]
    pub fn canonical(&self) -> Option<Self> {
        let zone = ZONES.get(&self.0).ok()?;
        zone.iana_name().map(|name| Self(name.to_owned()))
    }

    /// Gives the rules of the zone; those of UTC where this program does not know it.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        ZONES.get(&self.0).unwrap_or(TimeZone::UTC)
    }
}

impl FromStr for TimeZoneName {
    type Err = TimeZoneError;

    fn from_str(text: &str) -> Result<Self, TimeZoneError> {
        let fits = (1..=TIME_ZONE_CHARS_MAX).contains(&text.len());
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
        if fits && text.bytes().all(is_name) { Ok(Self(text.to_owned())) } else { Err(TimeZoneError) }
    }
}

impl TryFrom<String> for TimeZoneName {
    type Error = TimeZoneError;

    fn try_from(text: String) -> Result<Self, TimeZoneError> {
        text.parse()
    }
}

impl From<TimeZoneName> for String {
    fn from(name: TimeZoneName) -> Self {
        name.0
    }
}

impl fmt::Display for TimeZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_name_in_any_case() {
        for (text, canonical) in [
            ("Europe/Berlin", Some("Europe/Berlin")),
            ("europe/berlin", Some("Europe/Berlin")),
            ("America/Argentina/Buenos_Aires", Some("America/Argentina/Buenos_Aires")),
            ("Etc/GMT+3", Some("Etc/GMT+3")),
            ("UTC", Some("UTC")),
            ("Mars/Olympus", None),
        ] {
            let name: TimeZoneName = text.parse().expect("a name");
            assert_eq!(name.canonical().as_ref().map(TimeZoneName::as_str), canonical, "{text}");
        }
        for text in ["", "Europe/Ber lin", "Europe/Zürich", "../etc/passwd", "\u{1b}[1m", &"a".repeat(65)] {
            assert_eq!(text.parse::<TimeZoneName>(), Err(TimeZoneError), "{text}");
        }
    }

    #[test]
    fn an_unknown_zone_counts_as_utc() {
        let name: TimeZoneName = "Mars/Olympus".parse().expect("a name");
        assert_eq!(name.zone(), TimeZone::UTC);
    }
}
