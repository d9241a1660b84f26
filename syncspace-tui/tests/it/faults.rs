//! What the network, the system and the disk do to people: nothing of it loses, doubles or hides a message.
//!
//! The clock of a machine cannot be moved from here: a long sleep is a program that is held while its connection dies.

use std::process::Command;
use std::time::Duration;

use syncspace_testkit::ServerProcess;
use syncspace_testkit::terminal::Key;

use crate::people::{FOCUS_LOST, alice_and_bob, alice_at, bob_at, line_to, numbers, sit_down_in};

/// What is typed is on disk after this at the latest.
const ON_DISK: Duration = Duration::from_secs(1);
/// Messages that are missed meanwhile, and fit on one screen.
const MISSED: u32 = 20;

/// Tells whether all that was missed stands there, each once and in order.
fn is_whole(screen: &str) -> bool {
    numbers(screen) == (1..=MISSED).collect::<Vec<_>>()
}

async fn cut_for(time: Duration) {
    let server = ServerProcess::start(&[]).await;
    let (mut line, url) = line_to(&server).await;
    let bob = alice_at(server.url());
    let alice = bob_at(&url);
    alice.say("before the cut");
    line.cut().await;
    alice.terminal.wait_for("○ offline");
    bob.caller(server.url()).await.send_numbers(1..=MISSED).await;
    alice.terminal.type_text("typed meanwhile");
    tokio::time::sleep(time).await;
    line.restore().await;
    let screen = alice.terminal.wait_until("everything that was missed", is_whole);
    assert!(screen.contains("before the cut") && alice.composer().contains("typed meanwhile"), "{screen}");
    alice.terminal.press(Key::Enter);
    bob.terminal.wait_for("typed meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_1_a_cut_of_a_second_leaves_no_hole() {
    cut_for(Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_1_a_cut_of_a_minute_leaves_no_hole() {
    cut_for(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_1_a_machine_that_slept_has_no_hole() {
    let server = ServerProcess::start(&[]).await;
    let (line, url) = line_to(&server).await;
    let bob = alice_at(server.url());
    let alice = bob_at(&url);
    alice.say("before the lid was closed");
    alice.terminal.type_text("half a thought");
    alice.terminal.wait_for("half a thought");
    alice.signal("STOP");
    // Nobody tells a sleeping machine that its connection is gone.
    line.cut_connections();
    bob.caller(server.url()).await.send_numbers(1..=MISSED).await;
    alice.signal("CONT");
    let screen = alice.terminal.wait_until("everything that was missed", is_whole);
    assert!(screen.contains("before the lid was closed"), "{screen}");
    assert!(alice.composer().contains("half a thought"), "{screen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_1_a_line_that_says_nothing_is_given_up_and_loses_nothing() {
    let server = ServerProcess::start(&[]).await;
    let (line, url) = line_to(&server).await;
    let bob = alice_at(server.url());
    let alice = bob_at(&url);
    line.stall();
    // It looks like a connection, and nothing arrives.
    alice.terminal.enter("into the void");
    alice.terminal.wait_for("into the void");
    bob.caller(server.url()).await.send_numbers(1..=MISSED).await;
    line.flow();
    alice.terminal.wait_until("everything that was missed", |screen| numbers(screen).len() == MISSED as usize);
    bob.terminal.wait_for("into the void");
    let screen = alice.terminal.wait_until("nothing on its way", |screen| !screen.contains('↑'));
    assert_eq!(screen.matches("into the void").count(), 1, "{screen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_1_a_server_that_was_killed_is_found_again() {
    let data = tempfile::tempdir().expect("a folder");
    let data_dir = data.path().join("data").display().to_string();
    let mut server = ServerProcess::start(&["--data-dir", &data_dir]).await;
    let url = server.url().to_owned();
    let alice = alice_at(&url);
    let bob = bob_at(&url);
    alice.say("before the crash");
    server.kill();
    alice.terminal.wait_for("○ offline");
    alice.terminal.enter("written while it was away");
    alice.terminal.wait_for("waiting for the connection");
    let listen = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let _server = ServerProcess::start(&["--data-dir", &data_dir, "--listen", &listen]).await;
    for seat in [&alice, &bob] {
        let screen = seat.terminal.wait_until("both messages, sent", |screen| {
            screen.contains("written while it was away") && !screen.contains('↑') && screen.contains("● online")
        });
        for text in ["before the crash", "written while it was away"] {
            assert_eq!(screen.matches(text).count(), 1, "{text}\n{screen}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_5_a_kill_while_sending_sends_nothing_twice() {
    let (server, alice, bob) = alice_and_bob().await;
    let arguments = ["--server", server.url()];
    let mut alice = alice;
    let texts: Vec<String> =
        (0..4).flat_map(|round| (0..3).map(move |at| format!("round {round} text {at}."))).collect();
    for (round, texts) in texts.chunks(3).enumerate() {
        texts.iter().for_each(|text| alice.terminal.enter(text));
        // A little later each time: before, between and after it is on disk, sent and acknowledged.
        tokio::time::sleep(Duration::from_millis(40 * round as u64 * round as u64)).await;
        let folder = alice.kill();
        alice = sit_down_in("alice again", &arguments, folder);
        alice.terminal.wait_for("● online");
        alice.terminal.wait_for_no("sending");
        alice.say(&format!("after round {round}"));
    }
    bob.terminal.wait_for("after round 3");
    for screen in [alice.terminal.wait_for("after round 3"), bob.terminal.screen()] {
        let count = |text: &String| screen.matches(text.as_str()).count();
        assert!(texts.iter().all(|text| count(text) <= 1), "{screen}");
        // What was sent stands in order, and nothing before it is missing.
        for texts in texts.chunks(3) {
            let sent: Vec<usize> = texts.iter().map(count).collect();
            assert!(sent.is_sorted_by(|before, after| before >= after), "{sent:?}\n{screen}");
            let places: Vec<_> = texts.iter().filter_map(|text| screen.find(text)).collect();
            assert!(places.is_sorted(), "{screen}");
        }
    }
}

/// Takes the room on every disk away from a program, or gives it back: no file may grow any more.
#[cfg(target_os = "linux")]
fn limit_files(pid: u32, bytes: &str) {
    let done =
        Command::new("prlimit").args(["--pid", &pid.to_string(), &format!("--fsize={bytes}:unlimited")]).status();
    assert!(done.expect("prlimit runs").success());
}

/// A full disk by `RLIMIT_FSIZE`: nobody has to be root for that, and it hits every file of the program.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn pain_5_a_full_disk_is_said_and_loses_nothing() {
    use syncspace_testkit::binary;
    use syncspace_testkit::terminal::Terminal;

    use crate::people::Seat;

    let server = ServerProcess::start(&[]).await;
    let bob = alice_at(server.url());
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().to_str().expect("a plain name").to_owned();
    let environment = [("SYNCSPACE_STATE_DIR", home.as_str()), ("HOME", home.as_str())];
    // The signal would end the program; a disk that is full gives an error.
    let script = format!("trap '' XFSZ; exec '{}' --server {}", binary("syncspace-tui").display(), server.url());
    let terminal = Terminal::start("alice", "/bin/sh".as_ref(), &["-c", &script], &environment);
    let alice = Seat { terminal, folder };
    alice.register("alice2");
    alice.join_team();
    alice.say("with room");
    std::thread::sleep(ON_DISK);
    let pid = alice.terminal.pid().expect("it runs");
    limit_files(pid, "1");
    alice.terminal.type_text("typed on a full disk");
    alice.terminal.wait_for("typed on a full disk");
    alice.terminal.wait_until("a word about the disk", |screen| screen.to_lowercase().contains("disk"));
    alice.terminal.press(Key::Enter);
    bob.terminal.wait_for("typed on a full disk");
    alice.terminal.type_text("still here");
    alice.terminal.wait_for("still here");
    limit_files(pid, "unlimited");
    // It is tried again after a while: then what was typed meanwhile is there as well.
    alice.terminal.type_text("\x1b[I");
    let database = |folder: &std::path::Path| -> u64 {
        let files = std::fs::read_dir(folder.join("cache")).expect("a directory");
        files.map(|file| file.and_then(|file| file.metadata()).map_or(0, |file| file.len())).sum()
    };
    let before = database(alice.folder.path());
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while database(alice.folder.path()) == before && std::time::Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(200));
    }
    std::thread::sleep(ON_DISK);
    let folder = alice.kill();
    let alice = sit_down_in("alice again", &["--server", server.url()], folder);
    alice.terminal.wait_for("still here");
    assert!(alice.composer().contains("still here"), "{}", alice.terminal.screen());
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_2_counts_are_the_servers_after_a_cut() {
    let server = ServerProcess::start(&[]).await;
    let (mut line, url) = line_to(&server).await;
    let bob = alice_at(server.url());
    let alice = bob_at(&url);
    alice.say("all read");
    alice.terminal.type_text(FOCUS_LOST);
    line.cut().await;
    alice.terminal.wait_for("○ offline");
    let caller = bob.caller(server.url()).await;
    caller.send_numbers(1..=7).await;
    line.restore().await;
    alice.terminal.wait_for("number 7");
    let shown = |screen: &str| screen.lines().any(|line| line.contains("#general") && line.contains(" 7 │"));
    alice.terminal.wait_until("seven unread messages", shown);
    assert_eq!(alice.caller(&url).await.unread().await, 7);
}
