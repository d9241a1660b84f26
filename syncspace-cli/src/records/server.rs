//! What a server says of itself.

use serde::Serialize;
use syncspace_protocol::auth::ServerInfo;

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
        ]
    }
}
