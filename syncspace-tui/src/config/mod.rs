//! What a person sets in a file: read from text, checked, with the place of everything that is wrong.
//!
//! Text in, values out: [`mod@file`] finds, reads and watches the file. A wrong line is reported and left out; it never costs
//! another line.

pub(crate) mod command;
pub(crate) mod file;
mod keys;
mod table;

use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::app::keymap::{Keymap, Preset};
use crate::app::look::Theme;
use crate::app::text;

pub(crate) use table::{HookEvent, Settings, example};

/// Longest configuration that is read, in bytes.
pub(crate) const CONFIG_BYTES_MAX: usize = 256 * 1024;
/// More problems than this are not listed: the first ones say enough.
const PROBLEMS_MAX: usize = 100;

/// What the command line says: it holds whatever the file says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) preset: Option<Preset>,
    pub(crate) no_mouse: bool,
    pub(crate) theme: Option<Theme>,
    pub(crate) screen_reader: bool,
}

/// Something in the file that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// From 1 on.
    pub(crate) line: usize,
    /// In characters, from 1 on.
    pub(crate) column: usize,
    pub(crate) text: String,
    /// Whether it is wrong only at some terminals.
    pub(crate) is_doubt: bool,
}

/// A configuration as it holds.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    pub(crate) keymap: Keymap,
    /// By place in the file.
    pub(crate) problems: Vec<Problem>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.text)
    }
}

/// Gathers problems by byte offset.
struct Problems<'a> {
    text: &'a str,
    found: Vec<Problem>,
}

impl Problems<'_> {
    fn add(&mut self, at: usize, words: impl Into<String>) {
        self.put(at, words.into(), false);
    }

    fn doubt(&mut self, at: usize, words: impl Into<String>) {
        self.put(at, words.into(), true);
    }

    fn put(&mut self, at: usize, words: String, is_doubt: bool) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let (line, column) = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
        // What cannot be read says so once; whatever else is wrong in that line follows from it.
        if self.found.len() < PROBLEMS_MAX && !self.found.iter().any(|held| held.line == line && held.column == column)
        {
            self.found.push(Problem { line, column, text: text::line(&words), is_doubt });
        }
    }

    fn has_line_of(&self, at: usize) -> bool {
        let line = self.text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        self.found.iter().any(|held| held.line == line)
    }
}

/// Reads a configuration.
pub(crate) fn read(text: &str, overrides: &Overrides) -> Loaded {
    let mut problems = Problems { text, found: Vec::new() };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(text.len(), |span| span.start);
        problems.add(at, format!("cannot be read: {}", error.message()));
    }
    let mut settings = Settings::default();
    let mut bindings = None;
    for (key, value) in in_order(root.get_ref()) {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("keys", DeValue::Table(table)) => bindings = Some(table),
            ("keys", _) => {
                problems.add(value.span().start, "keys is a table: write [keys] and one action per line below")
            }
            (section, DeValue::Table(table)) => {
                for (key, value) in in_order(table) {
                    set(&mut settings, &format!("{section}.{}", key.get_ref()), key, value, &mut problems);
                }
            }
            (name, _) => set(&mut settings, name, key, value, &mut problems),
        }
    }
    let keymap = keys::read(bindings, overrides.preset, &mut problems);
    settings.has_mouse &= !overrides.no_mouse;
    settings.is_for_reader |= overrides.screen_reader;
    settings.theme = overrides.theme.unwrap_or(settings.theme);
    let mut problems = problems.found;
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Loaded { settings, keymap, problems }
}

/// Gives the entries of a table as they stand in the file: the parser sorts them by name.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<toml::de::DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn set(
    settings: &mut Settings,
    name: &str,
    key: &Spanned<toml::de::DeString<'_>>,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems<'_>,
) {
    if problems.has_line_of(key.span().start) {
        return;
    }
    let Some(setting) = table::find(name) else {
        let words = nearest(name, table::names()).map_or_else(String::new, |near| format!("; is it {near}?"));
        problems.add(key.span().start, format!("there is no setting {name}{words}"));
        return;
    };
    if let Err(why) = (setting.set)(settings, value.get_ref()) {
        problems.add(value.span().start, format!("{name}: {why}; it stays {}", setting.default));
    }
}

/// Gives the name that was meant, where one is close enough.
fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let close = (written.chars().count() / 3).clamp(1, 3);
    names.map(|name| (distance(written, name), name)).filter(|(far, _)| *far <= close).min().map(|(_, name)| name)
}

/// Counts the letters to add, drop or change between two words.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut before = at;
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
        for (column, held) in other.iter().enumerate() {
            let change = before + usize::from(c != *held);
            before = row[column + 1];
            row[column + 1] = change.min(before + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
