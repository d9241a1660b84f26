//! What people type and paste: nothing is lost, nothing is sent that was not meant to be.

use syncspace_testkit::terminal::Key;

use crate::people::{alice, alice_and_bob, composer, sit_down_in};

#[tokio::test]
async fn pain_4_a_paste_whose_end_is_lost_ends_by_itself() {
    let (_server, alice) = alice().await;
    // The end mark got lost on the way, whole or in its middle.
    for lost in ["", "\x1b[20"] {
        alice.terminal.type_text(&format!("\x1b[200~one\rtwo\rthree{lost}"));
        alice.terminal.wait_for("three");
        assert!(alice.composer().contains("two"), "{}", alice.terminal.screen());
        // The keys work again, and one step takes all of the paste back.
        alice.terminal.type_text("!");
        alice.terminal.wait_for("three!");
        alice.terminal.press(Key::Backspace);
        alice.terminal.wait_for_no("three!");
        alice.terminal.press(Key::Control('z'));
        alice.terminal.wait_for("three!");
        alice.terminal.press(Key::Control('z'));
        alice.terminal.wait_for_no("three!");
        alice.terminal.press(Key::Control('z'));
        alice.terminal.wait_for("Write a message");
    }
    alice.say("typed afterwards");
    let screen = alice.terminal.screen();
    assert!(!screen.contains("two"), "{screen}");
}

#[tokio::test]
async fn pain_4_what_comes_late_of_a_paste_is_pasted_too() {
    let (_server, alice) = alice().await;
    alice.terminal.type_text("\x1b[200~first half");
    alice.terminal.wait_for("first half");
    alice.terminal.type_text(", second half\r\x1b[201~");
    alice.terminal.wait_for("first half, second half");
    alice.say("sent by a key");
    let screen = alice.terminal.screen();
    assert!(screen.contains("first half, second half"), "one message of two lines: {screen}");
    assert_eq!(screen.matches("second half").count(), 1, "{screen}");
}

#[tokio::test]
async fn pain_4_a_paste_of_a_megabyte_sends_nothing() {
    let (server, alice) = alice().await;
    let line = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\r";
    let pasted = line.repeat(1024 * 1024 / line.len());
    alice.terminal.type_text("begun");
    alice.terminal.wait_for("begun");
    for pasted in [format!("\x1b[200~{pasted}\x1b[201~"), pasted] {
        alice.terminal.type_text(&pasted);
        alice.terminal.wait_for("256 KiB");
        // Where the terminal does not say what is a paste, a key has to stand apart from it.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        alice.terminal.press(Key::Control('z'));
        alice.terminal.wait_for_no("0123456789abcdef");
        alice.terminal.wait_for("begun");
    }
    alice.say(", and this");
    let caller = alice.caller(server.url()).await;
    let channel = caller.client.channel(caller.channel).await.expect("the channel");
    let screen = alice.terminal.screen();
    assert!(channel.head.last_seq.get() <= 2 && !screen.contains("0123456789"), "{screen}");
}

#[tokio::test]
async fn pain_4_reports_of_mouse_and_focus_join_no_paste() {
    let (_server, alice) = alice().await;
    alice.terminal.type_text("\x1b[200~first\r\x1b[<35;40;10Msecond\x1b[I and\x1b[<0;3;3m third\x1b[201~");
    alice.terminal.wait_for("second and third");
    let composer = alice.composer();
    assert!(composer.contains("first") && !composer.contains("[<") && !composer.contains("[I"), "{composer}");
}

#[tokio::test]
async fn pain_5_esc_and_ctrl_c_lose_nothing() {
    let (_server, alice, bob) = alice_and_bob().await;
    alice.terminal.type_text("precious words");
    alice.terminal.wait_for("precious words");
    for _ in 0..3 {
        alice.terminal.press(Key::Escape);
        alice.terminal.wait_for("i write");
        alice.terminal.press(Key::Escape);
        alice.terminal.wait_for("Esc messages");
        alice.terminal.wait_for("precious words");
    }
    alice.terminal.press(Key::Control('c'));
    alice.terminal.wait_for("Leave SyncSpace?");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for_no("Leave SyncSpace?");
    // A click into the list, and one on the side bar; another channel and back.
    alice.terminal.type_text("\x1b[<0;60;10M\x1b[<0;60;10m");
    bob.say("meanwhile");
    alice.terminal.wait_for("meanwhile");
    alice.terminal.press(Key::Control('k'));
    alice.terminal.wait_for("Go to");
    alice.terminal.enter("@bob");
    alice.terminal.wait_for("to @bob ─");
    assert!(!alice.terminal.screen().contains("precious"), "a draft belongs to its channel");
    alice.terminal.press(Key::Alt('s'));
    alice.terminal.wait_for("precious words");
    let screen = bob.terminal.screen();
    assert!(!screen.contains("precious words"), "{screen}");
}

#[tokio::test]
async fn pain_12_esc_and_the_key_behind_it_are_two_keys_or_one() {
    let (_server, alice) = alice().await;
    alice.say("to be selected");
    // At once it is a key with Alt, and one after the other it is Esc: as terminals send them.
    alice.terminal.type_text("half\x1b\rwhole");
    alice.terminal.wait_for("whole");
    assert!(alice.composer().lines().any(|line| line.trim_start_matches([' ', '│', '›']).starts_with("whole")));
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌");
    alice.terminal.type_text("i");
    alice.terminal.type_text(" again");
    alice.terminal.wait_for("whole again");
}

#[tokio::test]
async fn pain_3_what_is_typed_before_the_first_picture_is_not_lost() {
    let (server, alice) = alice().await;
    alice.say("seen before");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let folder = alice.kill();
    // Nobody answers; and the keys come before the program reads any.
    server.pause();
    let alice = sit_down_in("alice again", &["--server", server.url()], folder);
    alice.terminal.type_text("typed at once");
    alice.terminal.wait_for("typed at once");
    alice.terminal.wait_for("seen before");
    server.resume();
    alice.terminal.wait_for("● online");
    // Keys that come at once are held for a moment, to be told from a paste.
    alice.terminal.wait_until("the text in the composer", |screen| composer(screen).contains("typed at once"));
}
