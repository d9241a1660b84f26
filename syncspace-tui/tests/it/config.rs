//! The configuration file of the shipped program.

use std::process::{Command, Output};

use syncspace_testkit::{ServerProcess, binary};
use tempfile::TempDir;

use crate::people::{sit_down, sit_down_in};

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary("syncspace-tui"));
    command.env_clear().env("HOME", folder.path()).args(arguments);
    command.output().expect("it starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_command_line_finds_writes_and_checks_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(".config/syncspace/tui.toml");
    assert_eq!(said(&run(&folder, &["config", "path"])).trim(), path.to_str().expect("plain"));
    assert!(run(&folder, &["config", "check"]).status.success(), "no file is no problem");

    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, run(&folder, &["config", "example"]).stdout).expect("written");
    let checked = run(&folder, &["config", "check"]);
    assert!(checked.status.success() && said(&checked).contains("nothing is wrong"), "{}", said(&checked));

    std::fs::write(&path, "mouse = maybe\n[keys]\nhelp = 'ctrl+i'\n").expect("written");
    let checked = run(&folder, &["config", "check"]);
    assert_eq!(checked.status.code(), Some(1));
    let lines: Vec<String> = said(&checked).lines().map(str::to_owned).collect();
    assert!(lines[0].contains("tui.toml:1:9: cannot be read"), "{lines:?}");
    assert!(lines[1].contains("tui.toml:3:8: Ctrl+I: a terminal without"), "{lines:?}");

    let missing = run(&folder, &["--config", "/nowhere.toml", "config", "check"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("cannot read /nowhere.toml"));
}

#[tokio::test]
async fn a_configuration_is_taken_at_the_start_and_again_when_it_changes() {
    let server = ServerProcess::start(&[]).await;
    let seat = sit_down("alice", &["--server", server.url()]);
    let path = seat.folder.path().join(".config/syncspace/tui.toml");
    seat.register("alice");
    seat.make_team();
    seat.terminal.wait_for("F1 help");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, "[keys]\nhelp = 'f5'\n").expect("written");
    seat.terminal.wait_for("F5 help");
    seat.terminal.type_text("\x1b[15~");
    seat.terminal.wait_for("Keys while writing");

    std::fs::write(&path, "[keys]\nhelp = 'f6'\nquit = 'ctrl+1'\n").expect("written");
    let again = sit_down_in("alice again", &["--server", server.url()], seat.folder);
    again.terminal.wait_for("Configuration, line 3, column 8: Ctrl+1");
    again.terminal.type_text("\x1b[17~");
    again.terminal.wait_for("Keys while writing");
}

#[tokio::test]
async fn notices_hooks_and_the_title_leave_by_the_ways_of_the_configuration() {
    let server = ServerProcess::start(&[]).await;
    let alice = sit_down("alice", &["--server", server.url()]);
    alice.register("alice");
    alice.make_team();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(".config/syncspace/tui.toml");
    let (heard, shown) = (folder.path().join("heard"), folder.path().join("shown"));
    let config = format!(
        "[notifications]\nvia = ['osc9', 'osc777', 'bell', 'desktop']\n\
         desktop_program = ['/bin/sh', '-c', 'printf \"%s|%s\" \"$1\" \"$2\" > {}', 'show']\n\
         [hooks]\nmention = ['/bin/sh', '-c', 'cat >> {}']\n",
        shown.display(),
        heard.display()
    );
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, config).expect("written");
    let bob = sit_down_in("bob", &["--server", server.url()], folder);
    bob.register("bob");
    bob.join_team();
    // The terminal says that nobody looks.
    bob.terminal.type_text("\x1b[O");
    alice.terminal.type_text("@bob \x1b[200~look; now\x1b]0;evil\x07\x1b[201~");
    alice.terminal.wait_for("look; now");
    alice.terminal.press(syncspace_testkit::terminal::Key::Enter);
    bob.terminal.wait_for("look; now");
    let written = || String::from_utf8_lossy(&bob.terminal.written()).into_owned();
    for sequence in [
        "\x1b]9;alice in #general: @bob look; now",
        "\x1b]777;notify;alice in #general;@bob look, now",
        "\x1b]2;(1) SyncSpace",
    ] {
        bob.terminal.wait_for_written(sequence, 0);
    }
    assert!(!written().contains("evil"));
    let read = |path: &std::path::Path| {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            match std::fs::read_to_string(path) {
                Ok(text) if !text.is_empty() => return text,
                _ => assert!(std::time::Instant::now() < deadline, "{} is not written", path.display()),
            }
            std::thread::yield_now();
        }
    };
    assert_eq!(read(&shown), "alice in #general|@bob look; now");
    let hook: serde_json::Value = serde_json::from_str(&read(&heard)).expect("JSON");
    assert_eq!(
        (&hook["event"], &hook["sender"], &hook["channel"]),
        (&"mention".into(), &"alice".into(), &"#general".into())
    );
    let mut terminal = bob.terminal;
    terminal.press(syncspace_testkit::terminal::Key::Control('q'));
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(String::from_utf8_lossy(&terminal.written()).contains("\x1b[23;2t"), "the title is given back");
}
