//! Log lines on standard error, as text for people or as JSON for collectors.
//!
//! Levels: error, someone must act; warn, the server helped itself; info, the life of the system and one line per
//! request. Never in a line: bodies, tokens, passwords, addresses of people, e-mail.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

/// Starts logging for the whole process; a second start changes nothing, so that tests may all call it.
pub fn start(config: &LogConfig) {
    let filter = EnvFilter::builder().parse_lossy(&config.filter);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    // Errors mean that a subscriber is installed already.
    let _installed = match config.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
}
