//! What came of moving a team in or out.

use serde::Serialize;
use syncspace_client::ImportReport;
use syncspace_protocol::imports::RenamedUser;

use crate::import::{Checked, Notes};
use crate::output::{Cell, Column, Record};

/// What was left out of an import, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Left {
    what: &'static str,
    count: u64,
}

impl Left {
    pub(crate) fn all(notes: &Notes) -> Vec<Self> {
        notes.left_out.iter().map(|(what, count)| Self { what, count: *count }).collect()
    }
}

/// What an import brought, or would bring.
#[derive(Debug, Serialize)]
pub(crate) struct Imported {
    team: String,
    users: u64,
    channels: u64,
    /// Messages of the archive.
    messages: u64,
    /// Messages that were there before, of an import that broke off.
    known: u64,
    /// Messages between people who talk in this team already.
    foreign: u64,
    files: u64,
    file_bytes: u64,
    renamed: Vec<RenamedUser>,
    left_out: Vec<Left>,
}

impl Imported {
    pub(crate) fn planned(team: &str, checked: &Checked, left_out: Vec<Left>) -> Self {
        Self {
            team: team.to_owned(),
            users: checked.users(),
            channels: checked.channels(),
            messages: checked.messages,
            known: 0,
            foreign: 0,
            files: checked.files,
            file_bytes: checked.bytes,
            renamed: Vec::new(),
            left_out,
        }
    }

    /// Takes off what would be passed over, and names who would go by another name.
    pub(crate) fn with_foreign(self, foreign: u64, renamed: Vec<RenamedUser>) -> Self {
        Self { messages: self.messages.saturating_sub(foreign), foreign, renamed, ..self }
    }

    pub(crate) fn done(team: &str, checked: &Checked, report: &ImportReport, left_out: Vec<Left>) -> Self {
        Self {
            messages: report.messages,
            known: report.known,
            foreign: report.foreign,
            renamed: report.renamed.clone(),
            ..Self::planned(team, checked, left_out)
        }
    }
}

impl Record for Imported {
    const PLURAL: &'static str = "imports";
    const COLUMNS: &'static [Column] = &[
        Column::shown("team"),
        Column::shown("users"),
        Column::shown("channels"),
        Column::shown("messages"),
        Column::shown("known"),
        Column::shown("foreign"),
        Column::shown("files"),
        Column::shown("file_bytes"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let numbers = [self.users, self.channels, self.messages, self.known, self.foreign, self.files, self.file_bytes];
        std::iter::once(Cell::text(&self.team)).chain(numbers.map(Cell::Number)).collect()
    }
}

/// What an export wrote.
#[derive(Debug, Serialize)]
pub(crate) struct Exported {
    pub(crate) team: String,
    pub(crate) messages: u64,
    pub(crate) files: u64,
    pub(crate) out: String,
}

impl Record for Exported {
    const PLURAL: &'static str = "exports";
    const COLUMNS: &'static [Column] =
        &[Column::shown("team"), Column::shown("messages"), Column::shown("files"), Column::shown("out")];

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(&self.team), Cell::Number(self.messages), Cell::Number(self.files), Cell::text(&self.out)]
    }
}
