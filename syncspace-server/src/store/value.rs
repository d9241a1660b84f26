//! What travels to and from a database: a few kinds of value, and rows of them read column by column.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use syncspace_protocol::names::SlashName;
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::{
    AuditId, ChannelId, ChannelName, ClientId, CommandId, DeliveryId, Email, Epoch, FileId, GroupId, GroupName, HookId,
    ImportId, InviteId, Keyword, MemberId, MessageId, ReminderId, Rev, ScheduledId, Seq, SessionId, TeamId, TeamName,
    Time, TimeZoneName, UserId, Username,
};

use super::StoreError;
use crate::grant::Grant;

/// One value of a parameter or a column. Booleans are 0 and 1, times are text like `2026-11-22 17:26:21.500` in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// No value.
    Null,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
}

/// Gives the `Vec<Value>` for a statement's parameters, in the order of its `?`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Value::from($value)),*] };
}
pub use crate::params;

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Int(truth.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Text(column_time(time))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A column's value as a type of the program.
pub trait FromValue: Sized {
    /// Reads the value, or says in a few words what the type is.
    fn from_value(value: &Value) -> Result<Self, &'static str>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Int(number) => Ok(*number),
            // MySQL's SUM() gives a decimal, and decimals travel as text.
            Value::Text(text) => text.parse().map_err(|_| "a whole number"),
            Value::Null => Err("a whole number"),
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        Self::try_from(i64::from_value(value)?).map_err(|_| "a number from 0")
    }
}

impl FromValue for u32 {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        Self::try_from(i64::from_value(value)?).map_err(|_| "a number from 0 to 2^32-1")
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            _ => Err("0 or 1"),
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Text(text) => Ok(text.clone()),
            _ => Err("text"),
        }
    }
}

impl FromValue for Time {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Text(text) => parse_column_time(text).ok_or("a time"),
            _ => Err("a time"),
        }
    }
}

/// NULL is a login.
impl FromValue for Grant {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(Self::Login),
            Value::Text(scopes) => Ok(Self::stored(Some(scopes))),
            Value::Int(_) => Err("scopes with commas"),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        if *value == Value::Null { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

macro_rules! numbers {
    ($($name:ident, $what:literal;)*) => {$(
        impl From<$name> for Value {
            fn from(number: $name) -> Self {
                Self::Int(i64::try_from(number.get()).expect("the type holds at most 2^53-1"))
            }
        }

        impl FromValue for $name {
            fn from_value(value: &Value) -> Result<Self, &'static str> {
                Self::try_from(u64::from_value(value)?).map_err(|_| $what)
            }
        }
    )*};
}

numbers! {
    UserId, "a user id";
    TeamId, "a team id";
    MemberId, "a member id";
    ChannelId, "a channel id";
    MessageId, "a message id";
    SessionId, "a session id";
    InviteId, "an invite id";
    GroupId, "a group id";
    ScheduledId, "a scheduled id";
    ReminderId, "a reminder id";
    FileId, "a file id";
    AuditId, "an audit id";
    ImportId, "an import id";
    HookId, "a hook id";
    DeliveryId, "a delivery id";
    CommandId, "a command id";
    Seq, "a seq";
    Rev, "a rev";
}

macro_rules! texts {
    ($($name:ident, $what:literal;)*) => {$(
        impl From<&$name> for Value {
            fn from(text: &$name) -> Self {
                Self::Text(text.as_str().to_owned())
            }
        }

        impl FromValue for $name {
            fn from_value(value: &Value) -> Result<Self, &'static str> {
                Self::try_from(String::from_value(value)?).map_err(|_| $what)
            }
        }
    )*};
}

texts! {
    Username, "a username";
    TeamName, "a team name";
    ChannelName, "a channel name";
    GroupName, "a group name";
    SlashName, "a name of a command";
    Keyword, "a keyword";
    Email, "an e-mail address";
    ClientId, "a client_id";
    Emoji, "a short name of an emoji";
    TimeZoneName, "a name of a time zone";
}

impl From<&Epoch> for Value {
    fn from(epoch: &Epoch) -> Self {
        Self::Text(epoch.0.clone())
    }
}

impl FromValue for Epoch {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        String::from_value(value).map(Self)
    }
}

/// Gives a time as both databases keep it; the text sorts like the time from the year 0 to 9999.
fn column_time(time: Time) -> String {
    let at = Offset::UTC.to_datetime(time.timestamp());
    column_time_of_parts(at)
}

fn column_time_of_parts(at: DateTime) -> String {
    let [year, month, day] = [i64::from(at.year()), at.month().into(), at.day().into()];
    let [hour, minute, second, ms] =
        [i64::from(at.hour()), at.minute().into(), at.second().into(), at.millisecond().into()];
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}")
}

/// Reads `2026-11-22 17:26:21` with up to six digits of a second; what is below a millisecond is cut off.
fn parse_column_time(text: &str) -> Option<Time> {
    let at: DateTime = text.parse().ok()?;
    let timestamp: Timestamp = Offset::UTC.to_timestamp(at).ok()?;
    Some(Time::from(timestamp))
}

/// One row of a result.
#[derive(Clone, PartialEq, Eq)]
pub struct Row(Vec<Value>);

impl Row {
    pub(super) const fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// Gives a reader that stands before the first column.
    #[must_use]
    pub fn reader(&self) -> RowReader<'_> {
        RowReader { values: &self.0, column: 0 }
    }
}

/// How many columns; never what is in them, because rows hold what people wrote.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({} columns)", self.0.len())
    }
}

/// Reads a row's columns in the order of the statement.
pub struct RowReader<'a> {
    values: &'a [Value],
    column: usize,
}

impl RowReader<'_> {
    /// Tells whether the next column has no value; does not move on.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.values.get(self.column) == Some(&Value::Null)
    }

    /// Gives the next column's value.
    ///
    /// Fails with [`StoreError::Corrupt`] if it is not what the type allows, or if there is no further column.
    pub fn take<T: FromValue>(&mut self) -> Result<T, StoreError> {
        let column = self.column;
        self.column += 1;
        let value = self.values.get(column).ok_or(StoreError::Corrupt { column, expected: "a further column" })?;
        T::from_value(value).map_err(|expected| StoreError::Corrupt { column, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_kept_as_sortable_text() {
        for (wire, column) in [
            ("2026-11-22T17:26:21.500Z", "2026-11-22 17:26:21.500"),
            ("1970-01-01T00:00:00.000Z", "1970-01-01 00:00:00.000"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31 23:59:59.999"),
            ("9999-12-30T21:59:59.007Z", "9999-12-30 21:59:59.007"),
        ] {
            let time: Time = wire.parse().expect("a time");
            assert_eq!(column_time(time), column);
            assert_eq!(parse_column_time(column), Some(time));
        }
        assert_eq!(parse_column_time("2026-11-22 17:26:21"), parse_column_time("2026-11-22 17:26:21.000"));
        assert_eq!(parse_column_time("0000-00-00 00:00:00"), None);
    }

    #[test]
    fn a_column_that_does_not_fit_its_type_is_corrupt() {
        let row = Row::new(params![0, 2, "12", None::<i64>, "x"]);
        let mut reader = row.reader();
        assert!(matches!(reader.take::<UserId>(), Err(StoreError::Corrupt { column: 0, expected: "a user id" })));
        assert!(matches!(reader.take::<bool>(), Err(StoreError::Corrupt { column: 1, .. })));
        assert_eq!(reader.take::<i64>().expect("a number as text"), 12);
        assert_eq!(reader.take::<Option<Time>>().expect("nothing"), None);
        assert!(matches!(reader.take::<Option<u32>>(), Err(StoreError::Corrupt { column: 4, .. })));
        assert!(matches!(reader.take::<i64>(), Err(StoreError::Corrupt { column: 5, .. })));
    }
}
