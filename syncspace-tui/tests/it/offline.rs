//! The disk keeps what was typed and what was read, whatever happens to the program and to the server.

use std::path::Path;
use std::time::Duration;

use syncspace_testkit::ServerProcess;
use syncspace_testkit::terminal::Key;

use crate::people::{FOCUS_LOST, alice_at, composer, line_to, numbers, sit_down, sit_down_in};

/// What is typed is on disk after this at the latest.
const ON_DISK: Duration = Duration::from_secs(1);

/// Pain 5: typed text is lost. Killed at any moment, a program comes back with every draft and its cursor.
#[tokio::test(flavor = "multi_thread")]
async fn sigkill_keeps_drafts_and_their_cursors() {
    let server = ServerProcess::start(&[]).await;
    let arguments = ["--server", server.url()];
    let alice = alice_at(arguments[1]);
    alice.say("the root of a thread");
    alice.terminal.type_text("\x1b[200~first line\nsecond line\x1b[201~");
    alice.terminal.wait_for("second line");
    for _ in 0..4 {
        alice.terminal.type_text("\x1b[D");
    }
    // A thread has a draft of its own.
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌");
    alice.terminal.type_text("r");
    alice.terminal.wait_for("reply in thread");
    alice.terminal.type_text("half an answer");
    alice.terminal.wait_for("half an answer");
    std::thread::sleep(ON_DISK);
    let folder = alice.kill();

    let alice = sit_down_in("alice again", &arguments, folder);
    let screen = alice.terminal.wait_for("second line");
    assert!(composer(&screen).contains("first line"), "{screen}");
    alice.terminal.type_text("NEW ");
    alice.terminal.wait_for("second NEW line");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌");
    alice.terminal.type_text("r");
    alice.terminal.wait_for("half an answer");
    std::thread::sleep(ON_DISK);
    // Nothing of it was sent.
    let folder = alice.kill();
    let alice = sit_down_in("alice once more", &arguments, folder);
    alice.terminal.wait_for("online");
    let screen = alice.terminal.wait_for("second NEW line");
    assert_eq!(screen.matches("second").count(), 1, "{screen}");
}

/// Pain 3: a start is slow and blocks the screen. Without a server there is the last channel with its history.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_the_server_shows_the_last_channel_with_its_history() {
    let server = ServerProcess::start(&[]).await;
    let (mut line, url) = line_to(&server).await;
    let arguments = ["--server", url.as_str()];
    let alice = alice_at(arguments[1]);
    for number in 1..=20 {
        alice.say(&format!("message {number} of 20"));
    }
    std::thread::sleep(ON_DISK);
    line.cut().await;
    let folder = alice.kill();

    let alice = sit_down_in("alice again", &arguments, folder);
    let screen = alice.terminal.wait_for("message 20 of 20");
    assert!(screen.contains("message 1 of 20") && screen.contains("› #general"), "{screen}");
    alice.terminal.wait_for("○ offline");
    alice.terminal.type_text("typed without a server");
    alice.terminal.wait_for("typed without a server");
    line.restore().await;
    alice.terminal.wait_for("● online");
    let screen = alice.terminal.screen();
    for number in 1..=20 {
        assert_eq!(screen.matches(&format!("message {number} of 20")).count(), 1, "{screen}");
    }
    assert!(composer(&screen).contains("typed without a server"), "{screen}");
}

/// Pain 5 again: what was sent without a connection goes out once and in order, over restarts and kills.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_sends_the_outbox_once() {
    let server = ServerProcess::start(&[]).await;
    let (mut line, url) = line_to(&server).await;
    let bob = sit_down("bob", &["--server", server.url()]);
    bob.register("bob");
    bob.make_team();
    let arguments = ["--server", url.as_str()];
    let alice = sit_down("alice", &arguments);
    alice.register("alice");
    alice.join_team();
    alice.say("before the cut");
    std::thread::sleep(ON_DISK);

    // Lost answers: the server has the message, and its sender does not know.
    line.lose_replies();
    alice.terminal.enter("the answer to this one is lost");
    bob.terminal.wait_for("the answer to this one is lost");
    line.cut().await;
    alice.terminal.wait_for("○ offline");
    for text in ["second", "third"] {
        alice.terminal.enter(text);
        alice.terminal.wait_for(text);
    }
    std::thread::sleep(ON_DISK);
    let folder = alice.kill();
    let alice = sit_down_in("alice without a server", &arguments, folder);
    alice.terminal.wait_for("third");
    alice.terminal.wait_for("waiting for the connection");
    let folder = alice.kill();
    line.flow();
    line.restore().await;
    let alice = sit_down_in("alice again", &arguments, folder);
    alice.terminal.wait_until("everything sent", |screen| screen.contains("third") && !screen.contains('↑'));
    bob.terminal.wait_for("third");
    bob.say("all there");
    let screens = [alice.terminal.wait_for("all there"), bob.terminal.screen()];
    for screen in screens {
        let texts = ["the answer to this one is lost", "second", "third", "all there"];
        let places: Vec<_> = texts.iter().map(|text| screen.find(text).expect("there")).collect();
        assert!(places.is_sorted(), "{screen}");
        texts.iter().for_each(|text| assert_eq!(screen.matches(text).count(), 1, "{text}\n{screen}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_leaves_nothing_on_disk() {
    let server = ServerProcess::start(&[]).await;
    let alice = alice_at(server.url());
    alice.say("for nobody after me");
    std::thread::sleep(ON_DISK);
    let files = |folder: &Path| std::fs::read_dir(folder.join("cache")).expect("a directory").count();
    assert!(files(alice.folder.path()) > 0);
    alice.terminal.press(Key::Control('o'));
    alice.terminal.wait_for("Go to");
    alice.terminal.enter("log out");
    alice.terminal.wait_for("Log out?");
    alice.terminal.press(Key::Enter);
    alice.terminal.wait_for("Server address");
    assert_eq!(files(alice.folder.path()), 0);
}

/// Gives every two numbered messages that stand on a screen as neighbours and are not.
fn false_neighbours(screen: &str) -> Vec<(u32, u32)> {
    let number = |line: &str| line.split("number ").nth(1).and_then(|rest| rest.trim().parse::<u32>().ok());
    let mut wrong = Vec::new();
    let mut above = None;
    for line in screen.lines() {
        if line.contains(" not loaded") || line.contains("── loading ") {
            above = None;
        } else if let Some(here) = number(line) {
            wrong.extend(above.filter(|above| above + 1 != here).map(|above| (above, here)));
            above = Some(here);
        }
    }
    wrong
}

/// Pain 1: a hole in history after a dropped connection. What is not there is a row, never a false neighbour.
#[tokio::test(flavor = "multi_thread")]
async fn a_hole_after_a_cut_shows_no_false_neighbours() {
    const COUNT: u32 = 600;
    let server = ServerProcess::start(&[]).await;
    let (mut line, url) = line_to(&server).await;
    let bob = sit_down("bob", &["--server", server.url()]);
    bob.register("bob");
    bob.make_team();
    let arguments = ["--server", url.as_str()];
    let alice = sit_down("alice", &arguments);
    alice.register("alice");
    alice.join_team();
    alice.say("before the cut");
    // Nothing that comes now is seen by anybody.
    alice.terminal.type_text(FOCUS_LOST);
    std::thread::sleep(ON_DISK);
    line.cut().await;
    alice.terminal.wait_for("○ offline");

    bob.caller(server.url()).await.send_numbers(1..=COUNT).await;
    line.restore().await;
    let whole = |screen: &str| -> bool {
        assert_eq!(false_neighbours(screen), [], "{screen}");
        screen.contains(&format!("number {COUNT}"))
    };
    alice.terminal.wait_until("the last message", whole);
    let folder = alice.kill();

    // Without its cache the program has read the end alone, and opens where the first unread message is, far above it.
    std::fs::remove_dir_all(folder.path().join("cache")).expect("a directory");
    let alice = sit_down_in("alice again", &arguments, folder);
    alice.terminal.type_text(FOCUS_LOST);
    let screen = alice.terminal.wait_until("the first unread message", |screen| {
        assert_eq!(false_neighbours(screen), [], "{screen}");
        screen.lines().any(|line| line.trim_end().ends_with("number 1")) && !screen.contains("loading")
    });
    let mut seen = *numbers(&screen).last().expect("a number");
    while seen < COUNT {
        alice.terminal.press(Key::PageDown);
        // A page that comes to the end of what is loaded waits there for more of it.
        let screen = alice.terminal.wait_until("more messages", |screen| {
            assert_eq!(false_neighbours(screen), [], "{screen}");
            numbers(screen).last() > Some(&seen) && !screen.contains("loading")
        });
        let numbers = numbers(&screen);
        assert!(numbers.first() <= Some(&(seen + 1)), "nothing is passed by after {seen}:\n{screen}");
        seen = *numbers.last().expect("a number");
    }
}
