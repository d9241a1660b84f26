//! What a person wants for the whole account: of what to be notified, and when not to be disturbed.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time as CivilTime, Weekday as CivilWeekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::personal::NotifyLevel;
use crate::{Patch, Time};

/// What a person wants for the whole account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Preferences {
    /// Of what to notify in public and private channels of which nothing else was chosen. Null: of mentions. Direct and group
    /// channels notify of every message.
    pub notify: Option<NotifyLevel>,
    /// When not to disturb, week by week; null for never.
    pub dnd_hours: Option<DndHours>,
    /// Until when not to disturb, once; null for not now. A time that has passed says the same.
    pub paused_until: Option<Time>,
    /// Counts the changes of my keywords: where it moved, they are to be read again.
    #[serde(default)]
    pub keywords_rev: u32,
}

/// Hours of a week in which a person is not to be disturbed, by the clock of the person's time zone, or UTC without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DndHours {
    /// When they begin.
    pub from: ClockTime,
    /// When they end, on the next day where that is not after the beginning.
    pub to: ClockTime,
    /// Days on which they begin.
    pub days: Vec<Weekday>,
}

/// Body of `PUT /users/me/preferences`: fields that are absent stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditPreferences {
    /// Of what to notify in public and private channels; null for mentions.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub notify: Patch<NotifyLevel>,
    /// When not to disturb, on one day at least; null for never.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub dnd_hours: Patch<DndHours>,
    /// Until when not to disturb, up to a year ahead; null for not now.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub paused_until: Patch<Time>,
}

/// Day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// Every day, from Monday on.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    fn of(date: Date) -> Self {
        match date.weekday() {
            CivilWeekday::Monday => Self::Mon,
            CivilWeekday::Tuesday => Self::Tue,
            CivilWeekday::Wednesday => Self::Wed,
            CivilWeekday::Thursday => Self::Thu,
            CivilWeekday::Friday => Self::Fri,
            CivilWeekday::Saturday => Self::Sat,
            CivilWeekday::Sunday => Self::Sun,
        }
    }
}

/// What a clock on the wall shows, to the minute: `22:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
pub struct ClockTime {
    hour: i8,
    minute: i8,
}

/// Text that no clock shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written like 07:30, from 00:00 to 23:59")]
pub struct ClockTimeError;

impl FromStr for ClockTime {
    type Err = ClockTimeError;

    fn from_str(text: &str) -> Result<Self, ClockTimeError> {
        let two_digits = |part: &str| {
            let is_two = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            is_two.then(|| part.parse::<i8>().ok()).flatten()
        };
        let (hour, minute) = text.split_once(':').ok_or(ClockTimeError)?;
        let (hour, minute) = two_digits(hour).zip(two_digits(minute)).ok_or(ClockTimeError)?;
        if hour < 24 && minute < 60 { Ok(Self { hour, minute }) } else { Err(ClockTimeError) }
    }
}

impl TryFrom<String> for ClockTime {
    type Error = ClockTimeError;

    fn try_from(text: String) -> Result<Self, ClockTimeError> {
        text.parse()
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        time.to_string()
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl Preferences {
    /// Tells whether the person is not to be disturbed at a time, for as long as the pause or the hours last.
    #[must_use]
    pub fn is_quiet(&self, now: Time, zone: &TimeZone) -> bool {
        let is_paused = self.paused_until.is_some_and(|end| end > now);
        is_paused || self.dnd_hours.as_ref().is_some_and(|hours| hours.contain(now.timestamp(), zone))
    }

    /// Gives the first time after `now` at which [`Self::is_quiet`] may say otherwise; none where it never does.
    #[must_use]
    pub fn next_turn(&self, now: Time, zone: &TimeZone) -> Option<Time> {
        let pause = self.paused_until.filter(|end| *end > now);
        let hours = self.dnd_hours.as_ref().and_then(|hours| hours.next_turn(now.timestamp(), zone));
        pause.into_iter().chain(hours.map(Time::from)).min()
    }
}

impl DndHours {
    fn contain(&self, now: Timestamp, zone: &TimeZone) -> bool {
        self.spans(now, zone).any(|(from, to)| from <= now && now < to)
    }

    fn next_turn(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.spans(now, zone).flat_map(|(from, to)| [from, to]).filter(|turn| *turn > now).min()
    }

    /// Gives the spans that began yesterday, and those of the week that follows: one of each day at least.
    ///
    /// A wall clock that shows a time twice means the first; one that shows it never means as long after midnight as it would
    /// have been.
    fn spans(&self, now: Timestamp, zone: &TimeZone) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = now.to_zoned(zone.clone()).date();
        let days = (-1..=7).filter_map(move |days: i64| today.checked_add(days.days()).ok());
        days.filter(|day| self.days.contains(&Weekday::of(*day))).filter_map(move |day| {
            let last = if self.to > self.from { day } else { day.tomorrow().ok()? };
            Some((instant(day, self.from, zone)?, instant(last, self.to, zone)?))
        })
    }
}

fn instant(day: Date, clock: ClockTime, zone: &TimeZone) -> Option<Timestamp> {
    let time = CivilTime::new(clock.hour, clock.minute, 0, 0).ok()?;
    zone.to_timestamp(day.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TimeZoneName;

    fn hours(from: &str, to: &str, days: &[Weekday]) -> Preferences {
        let hours = DndHours { from: from.parse().unwrap(), to: to.parse().unwrap(), days: days.to_vec() };
        Preferences { dnd_hours: Some(hours), ..Preferences::default() }
    }

    fn zone(name: &str) -> TimeZone {
        name.parse::<TimeZoneName>().unwrap().zone()
    }

    /// Checks, by the time in UTC, whether it is quiet, and when that changes next.
    #[track_caller]
    fn check(preferences: &Preferences, place: &str, cases: &[(&str, bool, &str)]) {
        for (now, is_quiet, turn) in cases {
            let now: Time = now.parse().unwrap();
            assert_eq!(preferences.is_quiet(now, &zone(place)), *is_quiet, "{now} in {place}");
            let next = preferences.next_turn(now, &zone(place)).map(|at| at.to_string());
            assert_eq!(next.as_deref().unwrap_or("never"), *turn, "after {now} in {place}");
        }
    }

    #[test]
    fn clocks_show_hours_and_minutes() {
        for text in ["00:00", "07:30", "23:59"] {
            assert_eq!(text.parse::<ClockTime>().unwrap().to_string(), text);
        }
        for text in ["", "7:30", "24:00", "12:60", "-1:00", "+1:00", "12:00:00", "noon", "12.00"] {
            assert_eq!(text.parse::<ClockTime>(), Err(ClockTimeError), "{text}");
        }
    }

    #[test]
    fn nothing_chosen_is_never_quiet() {
        check(&Preferences::default(), "Europe/Berlin", &[("2026-11-23T00:00:00Z", false, "never")]);
    }

    #[test]
    fn a_pause_ends_at_its_time() {
        let paused =
            Preferences { paused_until: Some("2026-11-23T10:00:00Z".parse().unwrap()), ..Preferences::default() };
        check(
            &paused,
            "UTC",
            &[("2026-11-23T09:59:59.999Z", true, "2026-11-23T10:00:00.000Z"), ("2026-11-23T10:00:00Z", false, "never")],
        );
    }

    #[test]
    fn hours_within_a_day_are_by_the_clock_of_the_zone() {
        // 2026-11-23 is a Monday.
        let lunch = hours("12:00", "13:30", &[Weekday::Mon, Weekday::Wed]);
        check(
            &lunch,
            "Europe/Berlin",
            &[
                ("2026-11-23T10:59:00Z", false, "2026-11-23T11:00:00.000Z"),
                ("2026-11-23T11:00:00Z", true, "2026-11-23T12:30:00.000Z"),
                ("2026-11-23T12:30:00Z", false, "2026-11-25T11:00:00.000Z"),
                ("2026-11-24T11:30:00Z", false, "2026-11-25T11:00:00.000Z"),
                ("2026-11-26T11:30:00Z", false, "2026-11-30T11:00:00.000Z"),
            ],
        );
        check(&lunch, "Asia/Tokyo", &[("2026-11-23T03:00:00Z", true, "2026-11-23T04:30:00.000Z")]);
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_they_begin_on() {
        let night = hours("22:00", "07:00", &[Weekday::Fri]);
        check(
            &night,
            "UTC",
            &[
                // Friday, 27 November.
                ("2026-11-27T06:00:00Z", false, "2026-11-27T22:00:00.000Z"),
                ("2026-11-27T22:00:00Z", true, "2026-11-28T07:00:00.000Z"),
                ("2026-11-28T06:59:59Z", true, "2026-11-28T07:00:00.000Z"),
                ("2026-11-28T07:00:00Z", false, "2026-12-04T22:00:00.000Z"),
                ("2026-11-28T23:00:00Z", false, "2026-12-04T22:00:00.000Z"),
            ],
        );
        // By the clock of the zone: in Auckland it is Friday night already.
        check(&night, "Pacific/Auckland", &[("2026-11-27T10:00:00Z", true, "2026-11-27T18:00:00.000Z")]);
    }

    #[test]
    fn from_and_to_alike_are_a_whole_day() {
        let sunday = hours("00:00", "00:00", &[Weekday::Sun]);
        check(
            &sunday,
            "UTC",
            &[
                ("2026-11-29T00:00:00Z", true, "2026-11-30T00:00:00.000Z"),
                ("2026-11-29T23:59:59Z", true, "2026-11-30T00:00:00.000Z"),
                ("2026-11-30T00:00:00Z", false, "2026-12-06T00:00:00.000Z"),
            ],
        );
        let always = hours("08:00", "08:00", &Weekday::ALL);
        check(&always, "UTC", &[("2026-11-29T08:00:00Z", true, "2026-11-30T08:00:00.000Z")]);
    }

    #[test]
    fn hours_keep_to_the_wall_clock_when_it_is_put_back_or_forward() {
        let night = hours("22:00", "07:00", &Weekday::ALL);
        // Berlin puts its clocks back on 25 October 2026, and forward on 28 March 2027.
        check(
            &night,
            "Europe/Berlin",
            &[
                ("2026-10-24T20:00:00Z", true, "2026-10-25T06:00:00.000Z"),
                ("2026-10-25T05:30:00Z", true, "2026-10-25T06:00:00.000Z"),
                ("2026-10-25T06:00:00Z", false, "2026-10-25T21:00:00.000Z"),
                ("2027-03-27T21:00:00Z", true, "2027-03-28T05:00:00.000Z"),
                ("2027-03-28T05:00:00Z", false, "2027-03-28T20:00:00.000Z"),
            ],
        );
        // 02:30 is there twice on the one day, and never on the other.
        let early = hours("02:30", "04:00", &Weekday::ALL);
        check(
            &early,
            "Europe/Berlin",
            &[
                ("2026-10-25T00:29:00Z", false, "2026-10-25T00:30:00.000Z"),
                ("2026-10-25T01:15:00Z", true, "2026-10-25T03:00:00.000Z"),
                ("2027-03-28T01:29:00Z", false, "2027-03-28T01:30:00.000Z"),
                ("2027-03-28T01:45:00Z", true, "2027-03-28T02:00:00.000Z"),
            ],
        );
    }

    #[test]
    fn the_next_turn_is_that_of_whichever_comes_first() {
        let mut both = hours("12:00", "13:00", &Weekday::ALL);
        both.paused_until = Some("2026-11-23T12:30:00Z".parse().unwrap());
        check(
            &both,
            "UTC",
            &[
                ("2026-11-23T11:00:00Z", true, "2026-11-23T12:00:00.000Z"),
                ("2026-11-23T12:10:00Z", true, "2026-11-23T12:30:00.000Z"),
                ("2026-11-23T12:40:00Z", true, "2026-11-23T13:00:00.000Z"),
                ("2026-11-23T13:00:00Z", false, "2026-11-24T12:00:00.000Z"),
            ],
        );
    }
}
