//! Files: sent from one terminal, seen and saved in another.

use std::path::Path;
use std::time::Duration;

use image::{Rgb, RgbImage};
use syncspace_protocol::messages::SendMessage;
use syncspace_testkit::ServerProcess;
use syncspace_testkit::terminal::Key;

use crate::people::{Seat, alice_and_bob, alice_at, bob_at, line_to, sit_down_in, sit_down_with};

/// Writes a picture of two colours; gives its bytes.
fn write_picture(path: &Path) -> Vec<u8> {
    let colour = |x: u32, _| if x < 64 { Rgb([200, 0, 0]) } else { Rgb([0, 0, 200]) };
    RgbImage::from_fn(128, 32, colour).save(path).expect("a picture");
    std::fs::read(path).expect("its bytes")
}

/// Pain 9: pictures are wanted everywhere, and leave ghosts when they scroll.
#[tokio::test(flavor = "multi_thread")]
async fn pain_9_a_picture_is_sent_seen_scrolled_and_saved() {
    let (_server, alice, bob) = alice_and_bob().await;
    let bytes = write_picture(&alice.folder.path().join("two colours.png"));
    alice.terminal.enter("/upload '~/two colours.png' look at this");
    // A row of the picture, as wide as it may be.
    let row = "▀".repeat(64);
    for person in [&alice, &bob] {
        let screen = person.terminal.wait_until("the picture", |screen| screen.contains(&row));
        assert!(screen.contains("look at this") && screen.contains("▤ two colours.png"), "{screen}");
        assert_eq!(screen.matches(&row).count(), 8, "{screen}");
    }
    bob.go_to_messages();
    bob.terminal.type_text("D");
    bob.terminal.wait_for("Saved as");
    let saved = bob.folder.path().join("two colours.png");
    assert_eq!(std::fs::read(&saved).expect("a file"), bytes);
    // Once more: nothing is overwritten.
    bob.terminal.type_text("D");
    bob.terminal.wait_for("two colours (2).png");
    assert_eq!(std::fs::read(saved).expect("a file"), bytes);
    // What scrolls by leaves nothing behind.
    for line in 0..40 {
        alice.say(&format!("line {line}."));
    }
    bob.terminal.type_text("G");
    bob.terminal.wait_until("the picture gone", |screen| screen.contains("line 39.") && !screen.contains('▀'));
}

/// Pain 9: pictures in terminals that draw images; and pain 3: nothing that was seen waits for the network.
#[tokio::test(flavor = "multi_thread")]
async fn pain_9_a_terminal_that_draws_images_is_handed_them_also_without_a_network() {
    const KITTY: [(&str, &str); 2] = [("TERM", "xterm-kitty"), ("COLORTERM", "truecolor")];
    const HOLD: &str = "\u{1b}_Ga=t,t=d,f=100,q=2,i=";
    let server = ServerProcess::start(&[]).await;
    let (mut line, url) = line_to(&server).await;
    let arguments = ["--server", url.as_str()];
    let alice = alice_at(server.url());
    let folder = tempfile::tempdir().expect("a folder");
    let bob = sit_down_with("bob", &arguments, folder, &KITTY);
    bob.register("bob");
    bob.join_team();
    write_picture(&alice.folder.path().join("two colours.png"));
    alice.terminal.enter("/upload '~/two colours.png' look at this");
    bob.terminal.wait_for_written(HOLD, 0);
    // A size of it, and the cells that stand for it.
    bob.terminal.wait_for_written("\u{1b}_Ga=p,U=1,q=2,i=", 0);
    bob.terminal.wait_for_written("\u{10eeee}\u{305}\u{305}", 0);
    let screen = bob.terminal.wait_for("▤ two colours.png");
    assert!(!screen.contains('▀'), "{screen}");
    bob.terminal.wait_for("look at this");
    line.cut().await;
    bob.terminal.wait_for("○ offline");
    let Seat { mut terminal, folder } = bob;
    terminal.press(Key::Control('q'));
    assert_eq!(terminal.wait_for_end(), 0);
    let mut bob = sit_down_with("bob again", &arguments, folder, &KITTY);
    bob.terminal.wait_for("▤ two colours.png");
    bob.terminal.wait_for_written(HOLD, 0);
    bob.terminal.wait_for_written("\u{10eeee}\u{305}\u{305}", 0);
    // Whoever leaves takes the images along.
    bob.terminal.press(Key::Control('q'));
    assert_eq!(bob.terminal.wait_for_end(), 0);
    bob.terminal.wait_for_written("\u{1b}_Ga=d,d=I,q=2,i=", 0);
    assert!(bob.terminal.is_restored());
}

/// Several files of a folder, completed by Tab, and one that is dropped on the terminal.
#[tokio::test(flavor = "multi_thread")]
async fn files_are_completed_by_tab_or_dropped_and_go_out_as_one_message() {
    let (_server, alice, bob) = alice_and_bob().await;
    let folder = alice.folder.path().join("my papers");
    std::fs::create_dir(&folder).expect("a folder");
    for name in ["plan.txt", "costs.txt"] {
        std::fs::write(folder.join(name), name).expect("a file");
    }
    alice.terminal.type_text("/upload ~/my");
    alice.terminal.wait_for("my papers/");
    alice.terminal.type_text("\t");
    alice.terminal.wait_until("the folder", |screen| screen.contains("plan.txt") && screen.contains("costs.txt"));
    alice.terminal.type_text("pl\t");
    alice.terminal.wait_for("'~/my papers/plan.txt'");
    alice.terminal.enter("'~/my papers/costs.txt' both of them");
    for person in [&alice, &bob] {
        person.terminal.wait_until("one message", |screen| {
            screen.contains("both of them") && screen.contains("▤ plan.txt  8 B") && screen.contains("▤ costs.txt  9 B")
        });
    }
    let path = folder.join("plan.txt");
    alice.terminal.type_text(&format!("\u{1b}[200~'{}'\u{1b}[201~", path.display()));
    alice.terminal.wait_for("Alt+V makes plan.txt a file of the message");
    alice.terminal.press(Key::Alt('v'));
    alice.terminal.wait_for("/upload '");
    alice.terminal.enter(" once more");
    bob.terminal.wait_until("the dropped one", |screen| {
        screen.contains("once more") && screen.matches("▤ plan.txt  8 B").count() == 2
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_one_name_are_all_saved() {
    let (server, alice, bob) = alice_and_bob().await;
    let caller = alice.caller(server.url()).await;
    let mut files = Vec::new();
    for content in ["one", "two", "three"] {
        let path = alice.folder.path().join("image.txt");
        std::fs::write(&path, content).expect("a file");
        files.push(caller.client.upload_path(caller.channel, &path, None, |_| {}).await.expect("uploaded").id);
    }
    let message = SendMessage { files, ..SendMessage::default() };
    caller.client.send_message(caller.channel, message).await.expect("sent");
    bob.terminal.wait_for("▤ image.txt  5 B");
    bob.go_to_messages();
    bob.terminal.type_text("D");
    bob.terminal.wait_for("image (3).txt");
    let read = |name: &str| std::fs::read_to_string(bob.folder.path().join(name)).expect(name);
    assert_eq!(["image.txt", "image (2).txt", "image (3).txt"].map(read), ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_a_page_and_open_where_they_were_sent() {
    let (_server, alice, bob) = alice_and_bob().await;
    std::fs::write(alice.folder.path().join("plan.txt"), "first this, then that").expect("a file");
    alice.terminal.enter("/upload ~/plan.txt");
    bob.terminal.wait_for("▤ plan.txt  21 B");
    // Words can still be given to it.
    alice.terminal.wait_for("▤ plan.txt  21 B");
    alice.go_to_messages();
    alice.terminal.type_text("e");
    alice.terminal.wait_for("edit in #general");
    alice.terminal.enter("what comes first");
    bob.terminal.wait_until("both", |screen| screen.contains("what comes first") && screen.contains("▤ plan.txt"));
    bob.terminal.type_text("/files\r");
    bob.terminal.wait_until("the page", |screen| screen.contains("1 file") && screen.contains("plan.txt"));
    bob.terminal.press(Key::Enter);
    bob.terminal.wait_until("the message", |screen| screen.contains("▌") && screen.contains("to #general"));
}

/// Pain 5: what was sent while the line was down is lost with the program.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_waits_goes_out_once_after_a_kill() {
    let server = ServerProcess::start(&[]).await;
    let (mut line, url) = line_to(&server).await;
    let arguments = ["--server", url.as_str()];
    let alice = alice_at(arguments[1]);
    let bob = bob_at(server.url());
    std::fs::write(alice.folder.path().join("plan.txt"), "first this").expect("a file");
    line.cut().await;
    alice.terminal.wait_for("○ offline");
    alice.terminal.enter("/upload ~/plan.txt as promised");
    alice.terminal.wait_for("waiting for the connection");
    // What is in the outbox is on disk after this at the latest.
    std::thread::sleep(Duration::from_secs(1));
    let folder = alice.kill();
    line.restore().await;
    let alice = sit_down_in("alice again", &arguments, folder);
    for person in [&alice, &bob] {
        person.terminal.wait_until("the file", |screen| {
            screen.contains("▤ plan.txt  10 B") && screen.contains("as promised") && !screen.contains("waiting")
        });
    }
    alice.say("and nothing more");
    let screen = bob.terminal.wait_for("and nothing more");
    assert_eq!(screen.matches("as promised").count(), 1, "{screen}");
}
