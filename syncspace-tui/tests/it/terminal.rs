//! The terminal is given back as it was, however the program ends.

use std::process::Command;

use syncspace_testkit::ServerProcess;
use syncspace_testkit::terminal::Key;

use crate::people::sit_down;

#[test]
fn leaving_restores_the_terminal() {
    let mut seat = sit_down("nobody", &[]);
    seat.terminal.wait_for("Server address");
    assert!(!seat.terminal.is_restored());
    seat.terminal.press(Key::Control('q'));
    assert_eq!(seat.terminal.wait_for_end(), 0);
    assert!(seat.terminal.is_restored());
}

#[tokio::test]
async fn signals_restore_the_terminal() {
    let server = ServerProcess::start(&[]).await;
    for signal in ["TERM", "HUP"] {
        let mut seat = sit_down(signal, &["--server", server.url()]);
        seat.register(&format!("user-{}", signal.to_lowercase()));
        let pid = seat.terminal.pid().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill runs");
        assert!(sent.success());
        assert_eq!(seat.terminal.wait_for_end(), 0, "{signal}");
        assert!(seat.terminal.is_restored(), "{signal}");
    }
}

#[test]
fn an_unreachable_server_is_named_and_the_address_can_be_changed() {
    let seat = sit_down("nobody", &["--server", "http://127.0.0.1:1"]);
    seat.terminal.wait_for("Cannot reach the server at http://127.0.0.1:1");
    seat.terminal.press(Key::Control('w'));
    seat.terminal.type_text("example.invalid");
    seat.terminal.wait_for("example.invalid");
    seat.terminal.wait_for_no("Cannot reach");
}

#[tokio::test]
async fn a_named_server_leads_to_the_account_and_back_to_its_address() {
    let server = ServerProcess::start(&[]).await;
    let seat = sit_down("nobody", &["--server", server.url()]);
    seat.terminal.wait_for("Your account");
    seat.terminal.press(Key::Escape);
    seat.terminal.wait_for("Server address");
    seat.terminal.press(Key::Enter);
    seat.terminal.wait_for("Your account");
}
