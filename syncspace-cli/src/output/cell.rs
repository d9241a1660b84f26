//! Values of rows, before anybody has decided how they look.

use jiff::tz::TimeZone;
use serde::Serialize;
use syncspace_protocol::Time;
use syncspace_protocol::text::{clean_line, clean_text};

/// One column of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Its name, `snake_case`, as in the JSON.
    pub(crate) name: &'static str,
    /// Whether a table of several records shows it; details and CSV show every column.
    pub(crate) in_table: bool,
}

impl Column {
    /// Makes a column that every form shows.
    pub(crate) const fn shown(name: &'static str) -> Self {
        Self { name, in_table: true }
    }

    /// Makes a column that a table of several records leaves out.
    pub(crate) const fn detail(name: &'static str) -> Self {
        Self { name, in_table: false }
    }
}

/// One value of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing.
    Empty,
    /// Text, maybe from others.
    Text(String),
    /// A number, aligned to the right.
    Number(u64),
    /// Yes or no.
    Bool(bool),
    /// A point in time.
    Time(Time),
}

impl Cell {
    /// Makes text of anything that can be written.
    pub(crate) fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    /// Makes text of a word as it is on the wire, such as a role.
    pub(crate) fn word(value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(serde_json::Value::String(word)) => Self::Text(word),
            _ => Self::Empty,
        }
    }

    /// Makes text, or nothing.
    pub(crate) fn maybe<T: ToString>(value: Option<&T>) -> Self {
        value.map_or(Self::Empty, |value| Self::Text(value.to_string()))
    }

    /// Makes a point in time, or nothing.
    pub(crate) fn maybe_time(value: Option<Time>) -> Self {
        value.map_or(Self::Empty, Self::Time)
    }

    /// Makes yes, no or nothing.
    pub(crate) fn maybe_bool(value: Option<bool>) -> Self {
        value.map_or(Self::Empty, Self::Bool)
    }

    /// Writes it as one line that cannot steer a terminal.
    pub(crate) fn for_people(&self) -> String {
        match self {
            Self::Empty => "-".to_owned(),
            Self::Text(text) => clean_line(text).into_owned(),
            Self::Number(number) => number.to_string(),
            Self::Bool(true) => "yes".to_owned(),
            Self::Bool(false) => "no".to_owned(),
            Self::Time(time) => local_time(*time),
        }
    }

    /// Writes it whole, newlines kept, without anything that could steer a terminal.
    pub(crate) fn for_reading(&self) -> String {
        match self {
            Self::Text(text) => clean_text(text).into_owned(),
            other => other.for_people(),
        }
    }

    /// Writes it as it is on the wire.
    pub(crate) fn for_machines(self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Time(time) => time.to_string(),
        }
    }
}

/// Writes a point in time as the clock on this machine's wall showed it, to the minute.
pub(crate) fn local_time(time: Time) -> String {
    time.timestamp().to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}
