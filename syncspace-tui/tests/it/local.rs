//! `--local`: one server for all terminals of a machine, gone with the last of them.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Command;

use syncspace_testkit::terminal::Key;

use crate::people::{Seat, sit_down};

/// Tells whether a server holds the data directory.
fn is_running(data_dir: &Path) -> bool {
    let lock = OpenOptions::new().write(true).open(data_dir.join("server.lock")).expect("the server made its lock");
    lock.try_lock().is_err()
}

fn leave(seat: Seat) {
    let Seat { mut terminal, .. } = seat;
    terminal.press(Key::Control('q'));
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn the_first_terminal_starts_the_server_and_the_last_one_ends_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("data");
    let arguments = ["--local", "--data-dir", data_dir.to_str().expect("a plain name")];

    let alice = sit_down("alice", &arguments);
    alice.terminal.wait_for("your account administers this server");
    alice.register("alice");
    alice.make_team();

    let bob = sit_down("bob", &arguments);
    bob.register("bob");
    bob.join_team();
    alice.say("hello");
    bob.terminal.wait_for("hello");

    leave(alice);
    assert!(is_running(&data_dir));
    bob.say("still here");
    leave(bob);
    assert!(!is_running(&data_dir));
}

/// Gives the process and the address that the server noted.
fn server_note(data_dir: &Path) -> (u64, String) {
    let note = std::fs::read(data_dir.join("server.json")).expect("the server's note");
    let note: serde_json::Value = serde_json::from_slice(&note).expect("JSON");
    (note["pid"].as_u64().expect("a pid"), note["url"].as_str().expect("a URL").to_owned())
}

#[test]
fn a_server_that_is_killed_starts_again_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("data");
    let arguments = ["--local", "--data-dir", data_dir.to_str().expect("a plain name")];
    let alice = sit_down("alice", &arguments);
    alice.register("alice");
    alice.make_team();
    let bob = sit_down("bob", &arguments);
    bob.register("bob");
    bob.join_team();
    alice.say("before");
    bob.terminal.wait_for("before");

    let (pid, url) = server_note(&data_dir);
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill runs");
    assert!(killed.success());
    alice.terminal.enter("sent while it was dead");
    let arrived = |screen: &str| screen.contains("sent while it was dead") && !screen.contains('↑');
    alice.terminal.wait_until("the message, committed", arrived);
    bob.terminal.wait_until("the message", arrived);
    bob.say("and an answer");
    let screen = alice.terminal.wait_for("and an answer");
    for screen in [screen, bob.terminal.screen()] {
        assert_eq!(screen.matches("sent while it was dead").count(), 1, "{screen}");
    }
    let (next_pid, next_url) = server_note(&data_dir);
    assert_eq!(next_url, url);
    assert_ne!(next_pid, pid);

    leave(alice);
    leave(bob);
    assert!(!is_running(&data_dir));
}

#[test]
fn a_server_that_does_not_start_is_said_with_its_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("data");
    std::fs::create_dir(&data_dir).expect("a folder");
    std::fs::write(data_dir.join("syncspace.db"), "this is no database, and long enough to be looked at")
        .expect("a file");
    let arguments = ["--local", "--data-dir", data_dir.to_str().expect("a plain name")];
    let mut seat = sit_down("alice", &arguments);
    assert_eq!(seat.terminal.wait_for_end(), 1);
    let screen = seat.terminal.screen();
    assert!(screen.contains("the local server did not start; see"), "{screen}");
    assert!(screen.contains("local-server.log"), "{screen}");
}
