//! What people and programs read of this program: answers on standard output, talk on standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the one module that prints")]

use std::io::IsTerminal;
use std::path::Path;

/// Writes one line of an answer.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Writes an answer that ends its lines itself.
pub(crate) fn text(text: &str) {
    print!("{text}");
}

/// Says what went wrong, with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("syncspace-server: {error:#}");
}

/// Shows the bootstrap token, once and only to a person: a log that keeps standard error must not hold it.
pub(crate) fn bootstrap_token(token: &str, data_dir: &Path) {
    if std::io::stderr().is_terminal() {
        eprintln!("There is no administrator yet. Register with this bootstrap token to become the first one: {token}");
    } else {
        let file = data_dir.join("bootstrap-token");
        eprintln!(
            "There is no administrator yet. `syncspace-server admin create` makes one; so does registering with the token in {}",
            file.display()
        );
    }
}
