//! Lines of the audit log.

use syncspace_protocol::audit::AuditEntry;

use crate::output::{Cell, Column, Record};

impl Record for AuditEntry {
    const PLURAL: &'static str = "lines in the audit log";
    const COLUMNS: &'static [Column] = &[
        Column::shown("at"),
        Column::shown("action"),
        Column::shown("actor"),
        Column::shown("user"),
        Column::shown("team"),
        Column::shown("channel"),
        Column::shown("details"),
        Column::detail("id"),
        Column::detail("actor_id"),
        Column::detail("session_id"),
        Column::detail("address"),
        Column::detail("user_id"),
        Column::detail("team_id"),
        Column::detail("channel_id"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let number = |id: Option<u64>| id.map_or(Cell::Empty, Cell::Number);
        vec![
            Cell::Time(self.at),
            Cell::text(self.action.as_str()),
            Cell::maybe(self.actor_name.as_ref()),
            Cell::maybe(self.user_name.as_ref()),
            Cell::maybe(self.team_name.as_ref()),
            Cell::maybe(self.channel_name.as_ref()),
            Cell::text(details(self)),
            Cell::Number(self.id.get()),
            number(self.actor_id.map(syncspace_protocol::UserId::get)),
            number(self.session_id.map(syncspace_protocol::SessionId::get)),
            Cell::maybe(self.address.as_ref()),
            number(self.user_id.map(syncspace_protocol::UserId::get)),
            number(self.team_id.map(syncspace_protocol::TeamId::get)),
            number(self.channel_id.map(syncspace_protocol::ChannelId::get)),
        ]
    }
}

/// Gives what else there is to say, in one line: `role=admin former_role=member`.
fn details(entry: &AuditEntry) -> String {
    let words = entry.details.iter().map(|(name, value)| match value {
        serde_json::Value::String(text) => format!("{name}={text}"),
        serde_json::Value::Array(items) => {
            let items = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            format!("{name}={}", items.collect::<Vec<_>>().join(","))
        }
        other => format!("{name}={other}"),
    });
    words.collect::<Vec<_>>().join(" ")
}
