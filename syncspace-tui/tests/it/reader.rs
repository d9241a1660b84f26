//! Lines for a screen reader, of the shipped program.

use syncspace_testkit::ServerProcess;
use syncspace_testkit::terminal::Key;

use crate::people::sit_down;

#[tokio::test]
async fn pain_22_a_screen_reader_hears_lines() {
    let server = ServerProcess::start(&[]).await;
    let bob = sit_down("bob", &["--server", server.url()]);
    bob.register("bob");
    bob.make_team();
    let mut alice = sit_down("alice", &["--server", server.url(), "--screen-reader"]);
    let terminal = &alice.terminal;
    terminal.wait_for("Your account.");
    // The choice, if it has the keys, then the texts.
    if !terminal.screen().contains("User name") {
        terminal.press(Key::Down);
    }
    terminal.wait_for("account");
    for text in ["alice", "correct horse battery", "correct horse battery"] {
        terminal.enter(text);
    }
    terminal.wait_for("Join eng");
    terminal.press(Key::Enter);
    terminal.wait_for("Join #general");
    terminal.press(Key::Enter);
    terminal.wait_for("to #general>");
    terminal.enter("hello");
    terminal.wait_for("you: hello");
    bob.say("good morning");
    terminal.wait_for("bob: good morning");
    let written = String::from_utf8_lossy(&terminal.written()).into_owned();
    for picture in ["\x1b[?1049h", "\x1b[?1000h", "\x1b[2J", "─", "│", "┌", "▌"] {
        assert!(!written.contains(picture), "{picture:?}");
    }
    alice.terminal.press(Key::Control('q'));
    assert_eq!(alice.terminal.wait_for_end(), 0);
    assert!(alice.terminal.is_restored());
}
