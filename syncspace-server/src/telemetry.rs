//! Log lines on standard error, as text for people or as JSON for collectors.
//!
//! Levels: error, someone must act; warn, the server helped itself; info, the life of the system and one line per
//! request. Never in a line: bodies, tokens, passwords, addresses of people, e-mail.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

/// The library writes a line for every error that it also returns, a taken name or a deadlock among them. Whoever asked
/// handles it, and logs it where someone should know.
const QUIET: &str = "mysql_async=off";

/// Starts logging for the whole process; a second start changes nothing, so that tests may all call it.
pub fn start(config: &LogConfig) {
    let filter = filter(&config.filter);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    // Errors mean that a subscriber is installed already.
    let _installed = match config.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
}

/// Gives the filter of these directives; what they say of a quiet library holds.
fn filter(directives: &str) -> EnvFilter {
    EnvFilter::builder().parse_lossy(format!("{QUIET},{directives}"))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[track_caller]
    fn check(directives: &str, expected: [bool; 3]) {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter(directives));
        let subscriber = subscriber.with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "mysql_async::conn", "a library's warning");
            tracing::warn!(target: "syncspace_server::store", "a warning of ours");
            tracing::debug!(target: "syncspace_server::store", "a detail of ours");
        });
        let written = String::from_utf8(lines.0.lock().expect("nobody panicked").clone()).expect("text");
        let parts = ["a library's warning", "a warning of ours", "a detail of ours"];
        assert_eq!(parts.map(|part| written.contains(part)), expected, "{directives}: {written}");
    }

    #[test]
    fn the_database_library_is_quiet_unless_it_is_asked() {
        check("info", [false, true, false]);
        check("info,mysql_async=warn", [true, true, false]);
        check("syncspace_server=debug", [false, true, true]);
        check("error", [false, false, false]);
    }
}
