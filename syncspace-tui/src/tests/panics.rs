//! After a panic the terminal is as it was: the real loop in a terminal of its own, and something in it that panics.
//!
//! The program has no way to be made to panic. So this test's own binary is started again, in a terminal, with one of the
//! two ignored tests: each runs the loop as `main` does, and panics when it is told to by a signal.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use syncspace_client::CredentialStore;
use syncspace_testkit::terminal::Terminal;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::state::ServerIs;
use crate::config::Overrides;
use crate::config::file::ConfigFile;
use crate::opening::{self, Wish};
use crate::roster::Roster;
use crate::runner::{self, Session};

/// Says that the loop was left in order, behind the report of the panic.
const LEFT_IN_ORDER: &str = "left in order";

fn session() -> Session {
    let home = PathBuf::from(std::env::var_os("HOME").expect("a folder"));
    let config_file = ConfigFile::find(Some(home.join("tui.toml")), Overrides::default());
    std::fs::write(home.join("tui.toml"), "").expect("an empty configuration");
    let config = config_file.load().expect("an empty configuration");
    let roster = Roster::beside(CredentialStore::at(home.join("credentials.json")));
    let named = Some(("http://127.0.0.1:1".to_owned(), ServerIs::Named));
    let wish = Wish { named, guessed: String::new(), is_alone: false };
    let (openings, front) = opening::plan(&roster, wish);
    Session { openings, front, roster, local: None, config_file, config }
}

async fn panic_when_told() {
    signal(SignalKind::user_defined1()).expect("a signal").recv().await;
    panic!("panicked on purpose");
}

#[test]
#[ignore = "started by the test below, in a terminal"]
fn a_task_panics_while_the_program_runs() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        drop(tokio::spawn(panic_when_told()));
        runner::run(session()).await.expect("it ends in order");
        std::io::stdout().write_all(LEFT_IN_ORDER.as_bytes()).expect("a terminal");
    });
}

#[test]
#[ignore = "started by the test below, in a terminal"]
fn the_loop_itself_panics() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        tokio::select! {
            ended = runner::run(session()) => ended.expect("it ends in order"),
            () = panic_when_told() => {}
        }
    });
}

fn check(child: &str, ends: &str) {
    let modes_before = Terminal::start("untouched", "/bin/cat".as_ref(), &[], &[]).modes();
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().to_str().expect("a plain name");
    let binary = std::env::current_exe().expect("this test");
    let arguments = ["--ignored", "--exact", child, "--nocapture", "--test-threads", "1"];
    let mut terminal = Terminal::start(child, &binary, &arguments, &[("HOME", home)]);
    terminal.wait_for("Cannot reach the server at http://127.0.0.1:1");
    assert!(!terminal.is_restored() && terminal.modes() != modes_before, "the program has the terminal");
    let pid = terminal.pid().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-s", "USR1", &pid]).status().expect("kill runs").success());
    let screen = terminal.wait_for(ends);
    assert!(screen.contains("panicked on purpose"), "the report can be read: {screen}");
    terminal.wait_for_end();
    assert!(terminal.is_restored());
    assert_eq!(terminal.modes(), modes_before, "raw mode is left");
    let written = String::from_utf8_lossy(&terminal.written()).into_owned();
    let report = written.find("panicked on purpose").expect("a report");
    // Everything that was asked of the terminal was taken back before.
    for sequence in ["\x1b[<1u", "\x1b[?1006l", "\x1b[?1004l", "\x1b[?2004l", "\x1b[?1049l", "\x1b[?25h"] {
        assert!(written[..report].contains(sequence), "{sequence:?}");
    }
    assert!(!written[report..].contains("\x1b[?1049h"), "nothing is drawn afterwards");
}

#[test]
fn a_panic_of_a_task_gives_the_terminal_back_and_ends_the_program() {
    check("tests::panics::a_task_panics_while_the_program_runs", LEFT_IN_ORDER);
}

#[test]
fn a_panic_of_the_loop_gives_the_terminal_back() {
    check("tests::panics::the_loop_itself_panics", "test result: FAILED");
}
