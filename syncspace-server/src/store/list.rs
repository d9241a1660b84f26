//! Parts that every listing statement shares: the name filter and the page.

use syncspace_protocol::Time;

use super::{Value, params};

/// One page of a list ordered by id.
#[derive(Debug, Clone)]
pub struct Slice {
    /// Only rows with a greater id.
    pub after: u64,
    /// Most rows; one more than the page shows tells whether there is a next one.
    pub limit: u32,
    /// Only rows whose folded name contains this.
    pub contains: Option<String>,
    /// Only the row of exactly this folded name.
    pub exactly: Option<String>,
}

impl Slice {
    /// Gives `AND …` over the columns of id and folded name, with the values that belong to its `?`.
    pub(super) fn filter(&self, id: &str, key: &str) -> (String, Vec<Value>) {
        let mut text = format!(" AND {id} > ?");
        let mut values = params![i64::try_from(self.after).unwrap_or(i64::MAX)];
        if let Some(name) = &self.exactly {
            text.push_str(&format!(" AND {key} = ?"));
            values.push(Value::from(name));
        }
        if let Some(part) = &self.contains {
            text.push_str(&format!(" AND {key} LIKE ? ESCAPE '!'"));
            values.push(Value::from(like_contains(part)));
        }
        text.push_str(&format!(" ORDER BY {id} LIMIT {}", self.limit));
        (text, values)
    }
}

/// One page of a list ordered by time, and by id where times are the same.
#[derive(Debug, Clone, Copy)]
pub struct TimeSlice {
    /// Only rows behind this time and id.
    pub after: Option<(Time, u64)>,
    /// Most rows; one more than the page shows tells whether there is a next one.
    pub limit: u32,
}

impl TimeSlice {
    /// Gives `AND …` over the columns of time and id, with the values that belong to its `?`.
    pub(super) fn filter(&self, time: &str, id: &str) -> (String, Vec<Value>) {
        let (mut text, mut values) = (String::new(), Vec::new());
        if let Some((after, after_id)) = self.after {
            text.push_str(&format!(" AND {time} >= ? AND ({time} > ? OR {id} > ?)"));
            values.extend(params![after, after, i64::try_from(after_id).unwrap_or(i64::MAX)]);
        }
        text.push_str(&format!(" ORDER BY {time}, {id} LIMIT {}", self.limit));
        (text, values)
    }
}

/// Gives the LIKE pattern for "contains", with `!` as the escape character.
#[must_use]
pub fn like_contains(part: &str) -> String {
    let mut pattern = String::from("%");
    for c in part.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
