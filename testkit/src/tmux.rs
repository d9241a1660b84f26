//! A tmux of one's own, with a terminal in front of it: what tmux draws is what the test reads.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::daemon::temporary_folder;
use crate::terminal::Terminal;

/// As people set it who read what `syncspace-tui doctor` says.
const OPTIONS: &str = "set -g status off
set -s escape-time 10
set -s set-clipboard on
set -s focus-events on
set -g allow-passthrough on
";

/// A running tmux. Dropping it ends it, with the program in it.
pub struct Tmux {
    folder: TempDir,
}

impl Tmux {
    /// Starts a program in tmux, and gives the terminal that is attached to it.
    ///
    /// # Panics
    /// If there is no tmux.
    #[must_use]
    pub fn start(name: &str, program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> (Self, Terminal) {
        let folder = temporary_folder();
        std::fs::write(folder.path().join("tmux.conf"), OPTIONS)
            .unwrap_or_else(|error| panic!("{name}: no configuration for tmux: {error}"));
        let tmux = Self { folder };
        let program = program.to_str().unwrap_or_else(|| panic!("{name}: a program with an odd name"));
        let command = [&["new-session", program], arguments].concat();
        let terminal = tmux.open(name, &command, environment);
        (tmux, terminal)
    }

    /// Attaches another terminal.
    #[must_use]
    pub fn attach(&self, name: &str) -> Terminal {
        self.open(name, &["attach-session"], &[])
    }

    /// Takes every terminal away from it; the program goes on.
    ///
    /// # Panics
    /// If tmux does not do it.
    pub fn detach(&self) {
        let ended = Command::new(program()).args(self.place()).arg("detach-client").status();
        assert!(ended.is_ok_and(|status| status.success()), "tmux detaches nobody");
    }

    /// Gives what tmux has on its screen, as it counts columns itself.
    ///
    /// # Panics
    /// If tmux does not say.
    #[must_use]
    pub fn screen(&self) -> String {
        let said = Command::new(program()).args(self.place()).args(["capture-pane", "-p"]).output();
        let said = said.unwrap_or_else(|error| panic!("tmux says nothing: {error}"));
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    fn open(&self, name: &str, command: &[&str], environment: &[(&str, &str)]) -> Terminal {
        let place = self.place();
        let place: Vec<&str> = place.iter().map(String::as_str).collect();
        Terminal::start(name, &program(), &[&place, command].concat(), environment)
    }

    fn place(&self) -> Vec<String> {
        let path = |file: &str| self.folder.path().join(file).display().to_string();
        vec!["-S".to_owned(), path("socket"), "-f".to_owned(), path("tmux.conf")]
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        let _ended = Command::new(program()).args(self.place()).arg("kill-server").output();
    }
}

/// Finds tmux.
fn program() -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|folder| folder.join("tmux")).find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("tmux is missing: `make test-deps` installs it"))
}
