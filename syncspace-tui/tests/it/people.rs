//! People at their terminals.

use syncspace_testkit::binary;
use syncspace_testkit::terminal::{Key, Terminal};
use tempfile::TempDir;

/// A person's terminal, with a folder for what the program saves.
pub(crate) struct Seat {
    pub(crate) terminal: Terminal,
    pub(crate) folder: TempDir,
}

/// Sits somebody down before a fresh terminal.
pub(crate) fn sit_down(name: &str, arguments: &[&str]) -> Seat {
    sit_down_in(name, arguments, tempfile::tempdir().expect("a folder for the credentials"))
}

/// Sits somebody down who was here before.
pub(crate) fn sit_down_in(name: &str, arguments: &[&str], folder: TempDir) -> Seat {
    let state_dir = folder.path().to_str().expect("a folder with a plain name").to_owned();
    let environment = [("SYNCSPACE_STATE_DIR", state_dir.as_str()), ("HOME", state_dir.as_str())];
    Seat { terminal: Terminal::start(name, &binary("syncspace-tui"), arguments, &environment), folder }
}

impl Seat {
    /// Fills in the form of the account, up to the choice of a team.
    pub(crate) fn register(&self, username: &str) {
        let screen = self.terminal.wait_for("Your account");
        // Registering comes first where nobody administers the server yet, and second everywhere else.
        if !screen.contains("(•) Make a new account") {
            self.terminal.press(Key::Up);
            self.terminal.press(Key::Down);
            self.terminal.wait_for("(•) Make a new account");
        }
        // Where the choice has the keys, what is typed goes to the name below it.
        for text in [username, "correct horse battery", "correct horse battery"] {
            self.terminal.enter(text);
        }
        self.terminal.wait_for("Your team");
    }

    /// Makes the team `eng` and its channel `general`.
    pub(crate) fn make_team(&self) {
        self.terminal.enter("eng");
        self.terminal.wait_for("Your first channel");
        self.terminal.press(Key::Enter);
        self.terminal.wait_for("to #general");
        self.terminal.wait_for("The beginning of #general");
    }

    /// Joins the team `eng` and its channel `general`.
    pub(crate) fn join_team(&self) {
        self.terminal.wait_for("(•) Join eng");
        self.terminal.press(Key::Enter);
        self.terminal.wait_for("(•) Join #general");
        self.terminal.press(Key::Enter);
        self.terminal.wait_for("to #general");
    }

    /// Sends a message, and waits until it is committed.
    pub(crate) fn say(&self, text: &str) {
        self.terminal.enter(text);
        self.terminal
            .wait_until(&format!("{text:?} sent"), |screen| screen.contains(text) && !screen.contains("sending"));
    }
}
