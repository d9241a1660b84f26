//! `doctor` of the shipped program.

use std::process::Command;

use syncspace_testkit::ServerProcess;
use syncspace_testkit::binary;

use crate::people::{sit_down, sit_down_in};

#[tokio::test]
async fn the_doctor_looks_at_the_terminal_and_the_server() {
    let server = ServerProcess::start(&[]).await;
    let seat = sit_down("alice", &["--server", server.url()]);
    seat.register("alice");
    let mut doctor = sit_down_in("doctor", &["--server", server.url(), "doctor"], seat.folder);
    assert_eq!(doctor.terminal.wait_for_end(), 0);
    let written = String::from_utf8_lossy(&doctor.terminal.written()).into_owned();
    for line in [
        "120x36",
        "TERM               xterm-256color",
        "keyboard           legacy",
        "latency",
        "ms ahead of this machine",
    ] {
        assert!(written.contains(line), "{line}\n{written}");
    }
    assert!(!written.contains("token") && !written.contains("alice"), "{written}");
}

#[test]
fn the_doctor_works_without_terminal_and_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(binary("syncspace-tui"));
    command.env_clear().env("HOME", folder.path()).args(["--server", "http://127.0.0.1:1", "doctor"]);
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success());
    assert!(said.contains("not a terminal") && said.contains("-> not reached"), "{said}");
    assert!(said.contains("~/.config/syncspace/tui.toml (not there)"), "{said}");
    assert!(!said.contains('\x1b'), "{said}");
}
