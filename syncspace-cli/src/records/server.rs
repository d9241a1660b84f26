//! What a server says of itself.

use serde::Serialize;
use syncspace_protocol::auth::ServerInfo;
use syncspace_protocol::retention::RetentionReport;
use syncspace_protocol::server::{Banner, HandedOver, PasswordReset, ServerSettings, StatisticsDay};

use crate::output::{Cell, Column, Record};

/// How a server is.
#[derive(Debug, Serialize)]
pub(crate) struct ServerStatus {
    pub(crate) server: String,
    /// Whether it serves: its database answers.
    pub(crate) ready: bool,
    /// From the request to the answer, in milliseconds, on a connection that stood.
    pub(crate) latency_ms: f64,
    #[serde(flatten)]
    pub(crate) info: ServerInfo,
}

impl Record for ServerStatus {
    const PLURAL: &'static str = "servers";
    const COLUMNS: &'static [Column] = &[
        Column::shown("server"),
        Column::shown("ready"),
        Column::shown("latency_ms"),
        Column::shown("version"),
        Column::shown("protocol"),
        Column::shown("registration"),
        Column::shown("needs_first_admin"),
        Column::shown("sends_mail"),
        Column::shown("file_bytes_max"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(&self.server),
            Cell::Bool(self.ready),
            Cell::text(format!("{:.1}", self.latency_ms)),
            Cell::text(&self.info.version),
            Cell::Number(self.info.protocol.into()),
            Cell::word(self.info.registration),
            Cell::Bool(self.info.needs_first_admin),
            Cell::Bool(self.info.sends_mail),
            self.info.file_bytes_max.map_or(Cell::Empty, Cell::Number),
        ]
    }
}

impl Record for ServerSettings {
    const PLURAL: &'static str = "settings";
    const COLUMNS: &'static [Column] = &[
        Column::shown("registration"),
        Column::shown("banner"),
        Column::shown("banner_level"),
        Column::shown("banner_until"),
        Column::shown("retention_days"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let banner = self.banner.as_ref();
        vec![
            self.registration.map_or_else(|| Cell::text("configured"), Cell::word),
            Cell::maybe(banner.map(|banner| &banner.text)),
            banner.map_or(Cell::Empty, |banner| Cell::word(banner.level)),
            Cell::maybe_time(banner.and_then(|banner| banner.until)),
            days(self.retention_days),
        ]
    }
}

impl Record for Banner {
    const PLURAL: &'static str = "banners";
    const COLUMNS: &'static [Column] = &[Column::shown("text"), Column::shown("level"), Column::shown("until")];

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(&self.text), Cell::word(self.level), Cell::maybe_time(self.until)]
    }
}

/// Gives a number of days for which messages are kept; nothing where it is left to others.
pub(crate) fn days(days: Option<u32>) -> Cell {
    days.map_or(Cell::Empty, |days| Cell::Number(days.into()))
}

impl Record for RetentionReport {
    const PLURAL: &'static str = "reports";
    const COLUMNS: &'static [Column] = &[
        Column::shown("retention_days"),
        Column::shown("channels"),
        Column::shown("messages"),
        Column::shown("files"),
        Column::shown("file_bytes"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.retention_days.map_or_else(|| Cell::text("forever"), |days| Cell::Number(days.into())),
            Cell::Number(self.channels),
            Cell::Number(self.messages),
            Cell::Number(self.files),
            Cell::Number(self.file_bytes),
        ]
    }
}

impl Record for StatisticsDay {
    const PLURAL: &'static str = "days";
    const COLUMNS: &'static [Column] = &[
        Column::shown("day"),
        Column::shown("people_day"),
        Column::shown("people_week"),
        Column::shown("users"),
        Column::shown("teams"),
        Column::shown("channels"),
        Column::shown("messages"),
        Column::shown("files"),
        Column::shown("file_bytes"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let counts = [
            self.people_day,
            self.people_week,
            self.users,
            self.teams,
            self.channels,
            self.messages,
            self.files,
            self.file_bytes,
        ];
        std::iter::once(Cell::text(&self.day)).chain(counts.map(Cell::Number)).collect()
    }
}

impl Record for HandedOver {
    const PLURAL: &'static str = "handed over accounts";
    const COLUMNS: &'static [Column] = &[
        Column::shown("username"),
        Column::shown("mailed_to"),
        Column::shown("code"),
        Column::shown("expires_at"),
        Column::detail("user_id"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(&self.username),
            Cell::maybe(self.mailed_to.as_ref()),
            Cell::maybe(self.code.as_ref().map(|code| &code.0)),
            Cell::Time(self.expires_at),
            Cell::Number(self.user_id.get()),
        ]
    }
}

impl Record for PasswordReset {
    const PLURAL: &'static str = "codes";
    const COLUMNS: &'static [Column] = &[Column::shown("code"), Column::shown("expires_at")];

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(&self.code.0), Cell::Time(self.expires_at)]
    }
}
