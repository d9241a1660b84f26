//! The text of a statement: one for both databases, or a named pair where the dialects differ.

use std::borrow::Cow;

use super::Value;

/// Which words a database understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// MySQL and MariaDB.
    Mysql,
    /// The embedded store.
    Sqlite,
}

/// A statement with `?` for each parameter.
///
/// A trailing ` FOR UPDATE` is for MySQL alone: on SQLite the transaction already holds the only write lock. Texts
/// should come in few forms, because every distinct one is prepared and cached: pad lists to fixed sizes.
#[derive(Debug, Clone)]
pub struct Sql {
    mysql: Cow<'static, str>,
    /// `None`: the same as for MySQL.
    sqlite: Option<Cow<'static, str>>,
}

const LOCK: &str = " FOR UPDATE";

impl Sql {
    /// Makes a statement that both databases understand.
    #[must_use]
    pub const fn both(text: &'static str) -> Self {
        Self { mysql: Cow::Borrowed(text), sqlite: None }
    }

    /// Makes a statement that each database needs in its own words.
    #[must_use]
    pub const fn pair(mysql: &'static str, sqlite: &'static str) -> Self {
        Self { mysql: Cow::Borrowed(mysql), sqlite: Some(Cow::Borrowed(sqlite)) }
    }

    /// Makes a statement for both databases from text put together at run time. Never put values into it.
    #[must_use]
    pub const fn built(text: String) -> Self {
        Self { mysql: Cow::Owned(text), sqlite: None }
    }

    /// Makes a pair from texts put together at run time. Never put values into them.
    #[must_use]
    pub const fn built_pair(mysql: String, sqlite: String) -> Self {
        Self { mysql: Cow::Owned(mysql), sqlite: Some(Cow::Owned(sqlite)) }
    }

    /// Gives the text for MySQL and MariaDB.
    #[must_use]
    pub fn mysql(&self) -> &str {
        &self.mysql
    }

    /// Gives the text for SQLite, without a trailing lock clause.
    #[must_use]
    pub fn sqlite(&self) -> Cow<'static, str> {
        match self.sqlite.as_ref().unwrap_or(&self.mysql) {
            Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix(LOCK).unwrap_or(text)),
            Cow::Owned(text) => Cow::Owned(text.strip_suffix(LOCK).unwrap_or(text).to_owned()),
        }
    }
}

/// A statement with the values of its `?`.
#[derive(Debug)]
pub struct Statement {
    /// The text.
    pub sql: Sql,
    /// The values.
    pub params: Vec<Value>,
}

/// A statement about many rows at once: on MySQL one text names a number of them, on SQLite one text is run for each.
///
/// On MySQL the texts come in few lengths, the powers of two, so that few are prepared.
#[derive(Debug)]
pub struct ManySql {
    /// How many `?` belong to one row.
    pub width: usize,
    /// MySQL: what stands before the rows.
    pub start: &'static str,
    /// MySQL: one row.
    pub each: &'static str,
    /// MySQL: what stands between two rows.
    pub between: &'static str,
    /// MySQL: what stands after the rows.
    pub end: &'static str,
    /// SQLite: the whole statement for one row.
    pub sqlite: &'static str,
}

/// Most rows that one text names.
const ROWS_PER_TEXT_MAX: usize = 512;

impl ManySql {
    /// Gives the text for that many rows on MySQL.
    #[must_use]
    pub fn mysql(&self, rows: usize) -> String {
        let row = self.each.len() + self.between.len();
        let mut text = String::with_capacity(self.start.len() + rows * row + self.end.len());
        text.push_str(self.start);
        for place in 0..rows {
            if place > 0 {
                text.push_str(self.between);
            }
            text.push_str(self.each);
        }
        text.push_str(self.end);
        text
    }

    /// Gives how many rows the next text names when that many are left.
    pub(super) fn rows_in_next_text(left: usize) -> usize {
        let least = left.clamp(1, ROWS_PER_TEXT_MAX);
        1 << least.ilog2()
    }
}

/// A [`ManySql`] with the values of its rows, one row after another.
#[derive(Debug)]
pub struct Many {
    /// The statement.
    pub sql: &'static ManySql,
    /// As many values as there are rows times [`ManySql::width`].
    pub values: Vec<Value>,
}

impl Many {
    /// Starts without rows, with room for that many.
    #[must_use]
    pub fn with_capacity(sql: &'static ManySql, rows: usize) -> Self {
        Self { sql, values: Vec::with_capacity(rows * sql.width) }
    }

    /// Gives how many rows it is about.
    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.sql.width
    }

    /// Gives how many statements a look-up is on MySQL, where its keys are filled up to a power of two.
    pub(super) fn statements_as_lookup(&self) -> usize {
        if self.values.is_empty() { 0 } else { self.rows().next_power_of_two().div_ceil(ROWS_PER_TEXT_MAX) }
    }

    /// Gives how many statements a change is on MySQL.
    pub(super) fn statements_as_change(&self) -> usize {
        self.rows() / ROWS_PER_TEXT_MAX + (self.rows() % ROWS_PER_TEXT_MAX).count_ones() as usize
    }

    /// Adds a row.
    pub fn push<const WIDTH: usize>(&mut self, row: [Value; WIDTH]) {
        debug_assert_eq!(WIDTH, self.sql.width, "{}", self.sql.sqlite);
        self.values.extend(row);
    }
}

/// Gives `?,?,?` for that many values.
#[must_use]
pub fn placeholders(count: usize) -> String {
    let mut text = "?,".repeat(count);
    text.pop();
    text
}

/// Lengths of lists in statements: every distinct text is prepared and cached.
const LIST_LENGTHS: [usize; 5] = [1, 8, 64, 256, 512];

/// Gives the length to which a list of this many is padded.
pub(super) fn padded_length(count: usize) -> usize {
    LIST_LENGTHS.into_iter().find(|&length| length >= count).unwrap_or(count)
}

/// Repeats the last value until the list has one of a few lengths; in `IN (…)` that changes nothing.
#[must_use]
pub fn padded(mut values: Vec<Value>) -> Vec<Value> {
    if let Some(last) = values.last().cloned() {
        values.resize(padded_length(values.len()), last);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_in_few_lengths() {
        for (count, length) in [(0, 0), (1, 1), (2, 8), (64, 64), (65, 256), (300, 512), (600, 600)] {
            let values = padded((0..count).map(Value::Int).collect());
            assert_eq!(values.len(), length, "{count}");
            assert_eq!(values.last(), (count > 0).then_some(&Value::Int(count - 1)));
        }
    }

    #[test]
    fn the_lock_clause_is_for_mysql_alone() {
        let statement = Sql::both("SELECT last_rev FROM team_heads WHERE team_id = ? FOR UPDATE");
        assert!(statement.mysql().ends_with(" FOR UPDATE"));
        assert_eq!(statement.sqlite(), "SELECT last_rev FROM team_heads WHERE team_id = ?");
        let built = Sql::built("SELECT 1 FOR UPDATE".to_owned());
        assert_eq!(built.sqlite(), "SELECT 1");
    }

    #[test]
    fn texts_of_many_rows_come_in_few_lengths() {
        const SQL: ManySql = ManySql { width: 1, start: "IN (", each: "?", between: ",", end: ")", sqlite: "= ?" };
        assert_eq!(SQL.mysql(3), "IN (?,?,?)");
        let mut left = 600;
        let mut lengths = Vec::new();
        while left > 0 {
            lengths.push(ManySql::rows_in_next_text(left));
            left -= lengths.last().expect("one");
        }
        assert_eq!(lengths, [512, 64, 16, 8]);
    }

    #[test]
    fn placeholders_stand_between_commas() {
        for (count, text) in [(0, ""), (1, "?"), (3, "?,?,?")] {
            assert_eq!(placeholders(count), text);
        }
    }
}
