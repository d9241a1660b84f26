//! Times as people type them: `20m`, `tomorrow`, `mon 14:30`, `2026-12-01 09:00`.
//!
//! Pure: the time now and the zone come in.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _, Zoned};
use syncspace_protocol::Time;

/// The hour that is meant where only a day is named.
const MORNING_HOUR: i8 = 9;

/// Reads a time after now; none where it cannot be one.
pub(crate) fn parse(typed: &str, now: Time, zone: &TimeZone) -> Option<Time> {
    let typed = typed.trim().to_lowercase();
    let typed = typed.strip_prefix("in ").or_else(|| typed.strip_prefix("at ")).unwrap_or(&typed).trim();
    let here = now.timestamp().to_zoned(zone.clone());
    let found =
        duration(typed).and_then(|wait| here.checked_add(wait).ok()).or_else(|| on_a_day(typed, &here, zone))?;
    let time = Time::from(found.timestamp());
    (time > now).then_some(time)
}

/// Words that a time has at most.
const TIME_WORDS_MAX: usize = 3;

/// Reads a time and the text after it: `fri 9:00 good morning`. As many words as make a time are taken for one.
pub(crate) fn split(typed: &str, now: Time, zone: &TimeZone) -> Option<(Time, Option<String>)> {
    let typed = typed.trim();
    let blanks = typed.match_indices(char::is_whitespace).map(|(at, _)| at);
    let mut ends: Vec<usize> = blanks.take(TIME_WORDS_MAX).chain([typed.len()]).collect();
    ends.sort_unstable();
    ends.into_iter().rev().find_map(|end| {
        let (time, rest) = typed.split_at_checked(end)?;
        let rest = Some(rest.trim().to_owned()).filter(|rest| !rest.is_empty());
        Some((parse(time, now, zone)?, rest))
    })
}

/// Gives a time in words, with the day where it is not today.
pub(crate) fn words(time: Time, now: Time, zone: &TimeZone) -> String {
    let [time, now] = [time, now].map(|time| time.timestamp().to_zoned(zone.clone()));
    let form = if time.date() == now.date() { "%H:%M" } else { "%a %-d %b, %H:%M" };
    time.strftime(form).to_string()
}

/// Gives the times that are offered before anything is typed.
pub(crate) fn offers(now: Time, zone: &TimeZone) -> Vec<(String, Time)> {
    ["20 min", "1 h", "3 h", "tomorrow 9:00", "monday 9:00"]
        .into_iter()
        .filter_map(|words| Some((words.to_owned(), parse(words, now, zone)?)))
        .collect()
}

fn duration(typed: &str) -> Option<SignedDuration> {
    let digits = typed.bytes().take_while(u8::is_ascii_digit).count();
    let number: i64 = typed.get(..digits)?.parse().ok()?;
    let minutes = match typed[digits..].trim() {
        "m" | "min" | "mins" | "minute" | "minutes" => 1,
        "h" | "hour" | "hours" => 60,
        "d" | "day" | "days" => 24 * 60,
        "w" | "week" | "weeks" => 7 * 24 * 60,
        _ => return None,
    };
    Some(SignedDuration::from_mins(number.checked_mul(minutes)?))
}

fn on_a_day(typed: &str, here: &Zoned, zone: &TimeZone) -> Option<Zoned> {
    if let Some((hour, minute)) = clock(typed) {
        let today = at(here.date(), hour, minute, zone)?;
        return if today > *here { Some(today) } else { at(here.date().tomorrow().ok()?, hour, minute, zone) };
    }
    let (day, rest) = typed
        .split_once([' ', 't'])
        .filter(|(day, _)| day.contains('-'))
        .unwrap_or_else(|| typed.split_once(' ').unwrap_or((typed, "")));
    let date = date(day, here)?;
    let rest = rest.trim();
    let (hour, minute) = if rest.is_empty() { (MORNING_HOUR, 0) } else { clock(rest)? };
    at(date, hour, minute, zone)
}

fn at(date: Date, hour: i8, minute: i8, zone: &TimeZone) -> Option<Zoned> {
    date.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok()
}

fn date(day: &str, here: &Zoned) -> Option<Date> {
    match day {
        "today" => return Some(here.date()),
        "tomorrow" => return here.date().tomorrow().ok(),
        _ => {}
    }
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let weekday = days.into_iter().find(|(name, _)| day.len() >= 3 && name.starts_with(day));
    match weekday {
        Some((_, weekday)) => {
            let ahead = weekday.since(here.weekday());
            let ahead = if ahead == 0 { 7 } else { ahead };
            here.date().checked_add(i64::from(ahead).days()).ok()
        }
        None => day.parse().ok(),
    }
}

fn clock(typed: &str) -> Option<(i8, i8)> {
    let (hour, minute) = typed.split_once(':')?;
    let is_number = |part: &str| !part.is_empty() && part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(hour) || minute.len() != 2 || !is_number(minute) {
        return None;
    }
    let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some((hour, minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_time_is_its_text() {
        let now = Time::from_unix_ms(1_795_428_000_000).expect("a time");
        for (typed, time, rest) in [
            ("20m", "10:20", None),
            ("in 20 min call bob", "10:20", Some("call bob")),
            ("fri 9:00 good morning", "Fri 27 Nov, 09:00", Some("good morning")),
            ("tomorrow  look again ", "Tue 24 Nov, 09:00", Some("look again")),
            ("2026-12-01 07:30 é", "Tue 1 Dec, 07:30", Some("é")),
        ] {
            let found = split(typed, now, &TimeZone::UTC).expect(typed);
            assert_eq!((words(found.0, now, &TimeZone::UTC).as_str(), found.1.as_deref()), (time, rest), "{typed:?}");
        }
        assert_eq!(split("call bob", now, &TimeZone::UTC), None);
        assert_eq!(split("", now, &TimeZone::UTC), None);
    }

    #[test]
    fn times_are_read_as_people_type_them() {
        // Monday, 23 November 2026, 10:00 UTC.
        let now = Time::from_unix_ms(1_795_428_000_000).expect("a time");
        for (typed, expected) in [
            ("20m", "10:20"),
            ("in 20 min", "10:20"),
            ("2h", "12:00"),
            ("1 d", "Tue 24 Nov, 10:00"),
            ("14:30", "14:30"),
            ("9:00", "Tue 24 Nov, 09:00"),
            ("tomorrow", "Tue 24 Nov, 09:00"),
            ("Tomorrow 8:15", "Tue 24 Nov, 08:15"),
            ("mon", "Mon 30 Nov, 09:00"),
            ("friday 17:00", "Fri 27 Nov, 17:00"),
            ("2026-12-01", "Tue 1 Dec, 09:00"),
            ("2026-12-01 07:30", "Tue 1 Dec, 07:30"),
            ("2026-12-01T07:30", "Tue 1 Dec, 07:30"),
        ] {
            let time = parse(typed, now, &TimeZone::UTC).map(|time| words(time, now, &TimeZone::UTC));
            assert_eq!(time.as_deref(), Some(expected), "{typed:?}");
        }
        for typed in ["", "soon", "0m", "25:00", "today 9:00", "2020-01-01", "9", "999999999999999999h", "mo 9:00"] {
            assert_eq!(parse(typed, now, &TimeZone::UTC), None, "{typed:?}");
        }
    }
}
