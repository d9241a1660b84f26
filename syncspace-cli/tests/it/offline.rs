//! What needs no server.

use std::process::{Command, Stdio};

use crate::support::{Person, program};

/// Port 9 (discard) is bound by nobody on a machine of today.
const NOWHERE: &str = "http://127.0.0.1:9";

#[test]
fn without_a_login_a_command_says_how_to_log_in() {
    let nobody = Person::nobody();
    for command in [
        &["whoami"][..],
        &["logout"],
        &["team", "list"],
        &["channel", "list", "eng"],
        &["message", "send", "eng/general", "hi"],
        &["session", "list"],
    ] {
        nobody.run(command).ends_with(4).says("run `syncspace login --server URL`");
        let elsewhere: Vec<&str> = command.iter().copied().chain(["--server", NOWHERE]).collect();
        let expected = "not logged in to http://127.0.0.1:9: run `syncspace login --server http://127.0.0.1:9`";
        nobody.run(&elsewhere).ends_with(4).says(expected);
    }
}

#[test]
fn an_unreachable_server_is_said_to_be_so() {
    let nobody = Person::nobody();
    let status = nobody.run(&["server", "status", "--server", NOWHERE]);
    status.ends_with(9).says("cannot reach the server at http://127.0.0.1:9: Connection refused");
    let login = ["login", "-u", "alice", "--password-stdin", "--server", NOWHERE];
    nobody.input(&login, "correct horse").ends_with(9).says("cannot log in to http://127.0.0.1:9 as alice");
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    let nobody = Person::nobody();
    for command in [
        &["--no-such-flag"][..],
        &["no-such-noun"],
        &["team", "delete"],
        &["team", "create", "42"],
        &["user", "create", "a b"],
        &["register", "-u", "alice", "--email", "nobody"],
        &["team", "list", "--output", "xml"],
        &["team", "list", "--limit", "0"],
        &["team", "invite", "create", "eng", "--expires", "31d"],
        &["message", "show", "eng/general", "first"],
        &["message", "send", "eng/general", "hi", "--lines"],
        &["message", "send", "eng/general", "hi", "--client-id", "two words"],
        &["server", "status", "--server", "ftp://example.org"],
    ] {
        nobody.run(command).ends_with(2);
    }
}

#[test]
fn nothing_is_asked_where_nobody_can_answer() {
    let nobody = Person::nobody();
    nobody.run(&["login"]).ends_with(2).says("give --username");
    nobody.run(&["login", "-u", "alice"]).ends_with(2).says("give --password-stdin or --password-file");
    nobody.run(&["register", "-u", "alice"]).ends_with(2).says("give --password-stdin or --password-file");
    nobody.run(&["login", "-u", "alice", "--password-stdin"]).ends_with(2).says("standard input is empty");
    nobody.run(&["login", "-u", "alice", "--password-file", "/nonexistent"]).ends_with(1).says("/nonexistent");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = Command::new(program())
        .args(["completion", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the command ends");
    assert!(output.status.success(), "{:?}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn nobody_listening_to_the_talk_changes_nothing() {
    let nobody = Person::nobody();
    let mut child = Command::new(program())
        .env_clear()
        .envs(nobody.environment())
        .args(["whoami"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("the command ends").code(), Some(4));
}

#[test]
fn every_command_has_a_manual_page() {
    let nobody = Person::nobody();
    let dir = nobody.state.path().join("man1");
    nobody.run(&["man", "--dir", dir.to_str().expect("a path in UTF-8")]).ok();
    for page in ["syncspace.1", "syncspace-team.1", "syncspace-team-invite-create.1", "syncspace-message-tail.1"] {
        let text = std::fs::read_to_string(dir.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(text.contains(".TH"), "{page}");
    }
    assert!(nobody.run(&["man"]).ok().out.contains("Exit codes"));
}

#[test]
fn completion_knows_every_noun() {
    let nobody = Person::nobody();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = nobody.run(&["completion", shell]).ok().out;
        for noun in ["team", "channel", "member", "message", "session"] {
            assert!(script.contains(noun), "{shell} does not know {noun}");
        }
    }
}
