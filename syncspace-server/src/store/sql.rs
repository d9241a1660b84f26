//! The text of a statement: one for both databases, or a named pair where the dialects differ.

use std::borrow::Cow;

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

/// Gives `?,?,?` for that many values.
#[must_use]
pub fn placeholders(count: usize) -> String {
    let mut text = "?,".repeat(count);
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_clause_is_for_mysql_alone() {
        let statement = Sql::both("SELECT last_rev FROM team_heads WHERE team_id = ? FOR UPDATE");
        assert!(statement.mysql().ends_with(" FOR UPDATE"));
        assert_eq!(statement.sqlite(), "SELECT last_rev FROM team_heads WHERE team_id = ?");
        let built = Sql::built("SELECT 1 FOR UPDATE".to_owned());
        assert_eq!(built.sqlite(), "SELECT 1");
    }

    #[test]
    fn placeholders_stand_between_commas() {
        for (count, text) in [(0, ""), (1, "?"), (3, "?,?,?")] {
            assert_eq!(placeholders(count), text);
        }
    }
}
