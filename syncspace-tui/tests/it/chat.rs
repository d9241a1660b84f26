//! Two people in one team.

use syncspace_testkit::terminal::Key;

use crate::people::{Seat, alice_and_bob, sit_down_in};

#[tokio::test]
async fn two_people_see_each_others_messages_and_typing() {
    let (_server, alice, bob) = alice_and_bob().await;
    alice.say("hello from alice");
    bob.terminal.wait_for("hello from alice");
    bob.terminal.type_text("half a senten");
    alice.terminal.wait_for("bob is typing…");
    bob.terminal.enter("ce, now whole");
    alice.terminal.wait_for("half a sentence, now whole");
    alice.terminal.wait_for_no("bob is typing…");

    // A thread: bob answers, alice reads it.
    bob.terminal.press(Key::Escape);
    bob.terminal.wait_for("▌");
    bob.terminal.press(Key::Up);
    bob.terminal.type_text("r");
    bob.terminal.wait_for("reply in thread");
    bob.terminal.enter("an answer in the thread");
    alice.terminal.wait_for("↳ 1 reply");
    alice.terminal.wait_for("│ an answer in the thread");
}

#[tokio::test]
async fn a_direct_message_shows_presence_and_what_is_unread() {
    let (_server, alice, bob) = alice_and_bob().await;
    alice.terminal.press(Key::Control('k'));
    alice.terminal.wait_for("Go to");
    alice.terminal.enter("@bob");
    // Not "to @bob (opening…)": what is sent then waits.
    alice.terminal.wait_for("to @bob ─");
    alice.say("psst");
    alice.terminal.wait_for("● bob");
    bob.terminal.wait_until("one unread message of alice", |screen| {
        screen.lines().any(|line| line.contains("alice") && line.contains(" 1 │"))
    });
    bob.terminal.press(Key::Alt('a'));
    bob.terminal.wait_for("psst");
    bob.terminal.wait_until("nothing unread", |screen| !screen.contains(" 1 │"));
    drop(bob);
    alice.terminal.wait_for("○ bob");
}

#[tokio::test]
async fn a_saved_login_leads_straight_to_the_chat() {
    let (server, alice, _bob) = alice_and_bob().await;
    alice.say("see you");
    let Seat { mut terminal, folder } = alice;
    terminal.press(Key::Control('q'));
    assert_eq!(terminal.wait_for_end(), 0);
    let alice = sit_down_in("alice again", &["--server", server.url()], folder);
    alice.terminal.wait_for("see you");
}

#[tokio::test]
async fn hostile_text_reaches_no_terminal_as_a_sequence() {
    let (_server, alice, bob) = alice_and_bob().await;
    bob.terminal.type_text("\x1b[200~evil\x1b]0;pwned\x07-\u{9b}2J\u{202e}text\nin two lines\x1b[201~");
    bob.terminal.wait_for("in two lines");
    bob.terminal.press(Key::Enter);
    alice.terminal.wait_for("in two lines");
    for seat in [&alice, &bob] {
        let written = String::from_utf8_lossy(&seat.terminal.written()).into_owned();
        for sequence in ["]0;", "pwned", "\u{9b}", "\u{202e}"] {
            assert!(!written.contains(sequence), "{sequence:?}\n{}", seat.terminal.screen());
        }
    }
}
