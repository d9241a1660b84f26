//! Access tokens for programs.

use syncspace_protocol::tokens::{AccessToken, MadeToken};

use crate::output::{Cell, Column, Record};

impl Record for AccessToken {
    const PLURAL: &'static str = "tokens";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("name"),
        Column::shown("scopes"),
        Column::shown("last_used_at"),
        Column::shown("expires_at"),
        Column::shown("created_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::text(&self.name),
            Cell::text(self.scopes),
            Cell::maybe_time(self.last_used_at),
            Cell::maybe_time(self.expires_at),
            Cell::Time(self.created_at),
        ]
    }
}

impl Record for MadeToken {
    const PLURAL: &'static str = "tokens";
    const COLUMNS: &'static [Column] =
        &[Column::shown("id"), Column::shown("name"), Column::shown("token"), Column::shown("expires_at")];

    fn cells(&self) -> Vec<Cell> {
        let info = &self.info;
        let (token, end) = (Cell::text(&self.token.0), Cell::maybe_time(info.expires_at));
        vec![Cell::Number(info.id.get()), Cell::text(&info.name), token, end]
    }

    /// The token alone, for `$(…)`.
    fn line(&self) -> Option<String> {
        Some(self.token.0.clone())
    }
}
