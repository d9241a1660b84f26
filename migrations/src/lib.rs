//! SyncSpace's database schema: one list of numbers, a file per dialect.
//!
//! A released file never changes: its checksum is kept in every database. Statements end with `;` at the end of a line.

use refinery::{Migration, Runner};

mod mysql {
    refinery::embed_migrations!("mysql");
}

mod sqlite {
    refinery::embed_migrations!("sqlite");
}

/// One step of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Number of the step: 1, 2, 3 …
    pub version: i64,
    /// What it brings, as in the name of its file.
    pub name: String,
    /// Checksum of number, name and text.
    pub checksum: String,
    /// Its statements, in order.
    pub statements: Vec<String>,
}

/// Gives every step for MySQL and MariaDB, in order.
#[must_use]
pub fn mysql_steps() -> Vec<Step> {
    steps(&mysql::migrations::runner())
}

/// Gives every step for SQLite, in order.
#[must_use]
pub fn sqlite_steps() -> Vec<Step> {
    steps(&sqlite::migrations::runner())
}

fn steps(runner: &Runner) -> Vec<Step> {
    let mut steps: Vec<_> = runner.get_migrations().iter().map(step).collect();
    steps.sort_by_key(|step| step.version);
    steps
}

fn step(migration: &Migration) -> Step {
    Step {
        version: migration.version().into(),
        name: migration.name().to_owned(),
        checksum: migration.checksum().to_string(),
        statements: statements(migration.sql().unwrap_or_default()),
    }
}

/// Splits a file at each `;` that ends a line, and drops the lines that are comments.
fn statements(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    let text = lines.join("\n") + "\n";
    text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dialects_have_the_same_list_of_numbers() {
        let list = |steps: Vec<Step>| steps.into_iter().map(|step| (step.version, step.name)).collect::<Vec<_>>();
        let numbered = list(mysql_steps());
        assert_eq!(numbered, list(sqlite_steps()));
        for ((version, _), expected) in numbered.iter().zip(1..) {
            assert_eq!(*version, expected);
        }
    }

    #[test]
    fn statements_end_with_a_semicolon_at_the_end_of_a_line() {
        let text = "-- a; comment;\nCREATE TABLE a (\n  -- inside;\n  b TEXT\n);\n\nINSERT INTO a VALUES ('x; y');";
        assert_eq!(statements(text), ["CREATE TABLE a (\n  b TEXT\n)", "INSERT INTO a VALUES ('x; y')"]);
    }
}
