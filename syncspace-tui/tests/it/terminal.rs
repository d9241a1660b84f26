//! The terminal is given back as it was, however the program ends.

use syncspace_testkit::ServerProcess;
use syncspace_testkit::terminal::{Key, Terminal};

use crate::people::sit_down;

/// Gives the modes of a line that nobody has changed.
fn untouched() -> String {
    Terminal::start("untouched", "/bin/cat".as_ref(), &[], &[]).modes()
}

#[test]
fn leaving_restores_the_terminal() {
    let mut seat = sit_down("nobody", &[]);
    seat.terminal.wait_for("Server address");
    assert!(!seat.terminal.is_restored() && seat.terminal.modes() != untouched());
    seat.terminal.press(Key::Control('q'));
    assert_eq!(seat.terminal.wait_for_end(), 0);
    assert!(seat.terminal.is_restored());
    assert_eq!(seat.terminal.modes(), untouched());
}

#[tokio::test]
async fn signals_restore_the_terminal() {
    let server = ServerProcess::start(&[]).await;
    for signal in ["TERM", "HUP"] {
        let mut seat = sit_down(signal, &["--server", server.url()]);
        seat.register(&format!("user-{}", signal.to_lowercase()));
        seat.signal(signal);
        assert_eq!(seat.terminal.wait_for_end(), 0, "{signal}");
        assert!(seat.terminal.is_restored(), "{signal}");
        assert_eq!(seat.terminal.modes(), untouched(), "{signal}");
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

#[tokio::test]
async fn the_shell_has_its_terminal_while_the_program_is_stopped() {
    let server = ServerProcess::start(&[]).await;
    let seat = sit_down("alice", &["--server", server.url()]);
    seat.register("alice");
    seat.make_team();
    seat.terminal.type_text("half a sentence");
    seat.terminal.wait_for("half a sentence");
    let drawn = seat.terminal.written().len();
    seat.terminal.press(Key::Control('l'));
    seat.terminal.wait_for_written("sentence", drawn);
    // By key, where nothing is being written; by the signal, anywhere.
    seat.terminal.press(Key::Escape);
    seat.terminal.wait_for("i write");
    seat.terminal.press(Key::Control('z'));
    seat.terminal.wait_until_restored();
    seat.terminal.wait_for_modes(&untouched());
    seat.signal("CONT");
    seat.terminal.wait_for("half a sentence");
    seat.terminal.wait_until_taken();

    seat.signal("TSTP");
    seat.terminal.wait_until_restored();
    seat.signal("CONT");
    seat.terminal.wait_for("half a sentence");

    // Stopped without being asked, and resumed on a screen that somebody else has written on.
    seat.signal("STOP");
    seat.signal("CONT");
    seat.terminal.type_text("i and more");
    seat.terminal.wait_for("half a sentence and more");
}
