//! What is read, where, and what moves meanwhile: nothing that nobody asked for.

use syncspace_protocol::channels::{CreateChannel, NewChannel};
use syncspace_testkit::terminal::Key;

use crate::people::{FOCUS_GAINED, FOCUS_LOST, alice, alice_and_bob, numbers, sit_down, sit_down_with};

fn has_unread(count: u32) -> impl Fn(&str) -> bool {
    move |screen| screen.lines().any(|line| line.contains("#general") && line.contains(&format!(" {count} │")))
}

fn has_no_unread(screen: &str) -> bool {
    screen.lines().any(|line| line.contains("#general") && line.trim_end().contains('│') && !line.contains(" 1 │"))
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_2_two_clients_of_one_account_count_the_same() {
    let (server, alice, bob) = alice_and_bob().await;
    let elsewhere = sit_down("alice elsewhere", &["--server", server.url()]);
    elsewhere.log_in("alice");
    [&alice, &elsewhere].iter().for_each(|seat| seat.terminal.type_text(FOCUS_LOST));
    bob.caller(server.url()).await.send_numbers(1..=3).await;
    for seat in [&alice, &elsewhere] {
        seat.terminal.wait_until("three unread messages", has_unread(3));
    }
    elsewhere.terminal.type_text(FOCUS_GAINED);
    for seat in [&elsewhere, &alice] {
        seat.terminal.wait_until("nothing unread", |screen| !has_unread(3)(screen));
    }
    assert_eq!(alice.caller(server.url()).await.unread().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_2_nothing_is_read_while_nobody_looks() {
    let (server, alice, bob) = alice_and_bob().await;
    alice.say("all read");
    let (caller, sender) = (alice.caller(server.url()).await, bob.caller(server.url()).await);
    alice.terminal.type_text(FOCUS_LOST);
    sender.send("said to nobody").await;
    alice.terminal.wait_for("said to nobody");
    alice.terminal.wait_until("one unread message", has_unread(1));
    // Longer than a message has to stand on the screen to be read.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(caller.unread().await, 1);
    // Without marking, by key, also in front of everybody.
    alice.terminal.press(Key::Alt('m'));
    alice.terminal.wait_for("browsing");
    alice.terminal.type_text(FOCUS_GAINED);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(caller.unread().await, 1);
    alice.terminal.press(Key::Alt('m'));
    alice.terminal.wait_until("nothing unread", has_no_unread);
    caller.wait_until_read().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_18_what_arrives_moves_no_line_that_is_read() {
    let (server, alice, bob) = alice_and_bob().await;
    let sender = bob.caller(server.url()).await;
    sender.send_numbers(1..=90).await;
    alice.terminal.wait_for("number 90");
    alice.terminal.press(Key::PageUp);
    alice.terminal.press(Key::PageUp);
    // Both pages up: after one of them the last is above 50.
    let screen = alice.terminal.wait_until("history", |screen| numbers(screen).last().is_some_and(|last| *last < 40));
    let rows = |screen: &str| -> Vec<(usize, u32)> {
        let row = |(row, line): (usize, &str)| Some((row, *numbers(line).first()?));
        screen.lines().enumerate().filter_map(row).collect()
    };
    let before = rows(&screen);
    sender.send_numbers(91..=100).await;
    bob.terminal.wait_for("number 100");
    sender.send("@alice please look").await;
    alice
        .terminal
        .wait_until("a call", |screen| screen.lines().any(|line| line.contains("#general") && line.contains("@1")));
    assert_eq!(rows(&alice.terminal.screen()), before);
    // Neither does what one types oneself.
    alice.terminal.type_text("three\x1b\rlines\x1b\rhere");
    let screen = alice.terminal.wait_for("here");
    let kept = rows(&screen);
    assert!(kept.iter().all(|row| before.contains(row)) && kept.len() + 4 > before.len(), "{screen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_14_a_storm_of_sizes_keeps_the_line_that_is_read() {
    let (server, alice, bob) = alice_and_bob().await;
    bob.caller(server.url()).await.send_numbers(1..=90).await;
    alice.terminal.wait_for("number 90");
    alice.terminal.press(Key::PageUp);
    let screen = alice.terminal.wait_until("history", |screen| numbers(screen).last().is_some_and(|last| *last < 90));
    // The line at the top is the one that is read.
    let read = numbers(&screen);
    let mut seed = 7_u32;
    for _ in 0..200 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (columns, rows) = (20 + (seed >> 8) % 281, 5 + (seed >> 20) % 96);
        alice.terminal.resize(u16::try_from(columns).expect("small"), u16::try_from(rows).expect("small"));
    }
    for (columns, rows) in [(20, 5), (300, 100), (39, 9), (120, 36)] {
        alice.terminal.resize(columns, rows);
        if columns >= 39 {
            alice.terminal.wait_until("the same message", |screen| numbers(screen).contains(&read[0]));
        }
    }
    alice.terminal.wait_until("the same lines", |screen| numbers(screen) == read);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_19_a_wrapped_address_is_one_link_on_every_row() {
    let (server, alice) = alice().await;
    let folder = alice.kill();
    let alice = sit_down_with("alice", &["--server", server.url()], folder, &[("KITTY_WINDOW_ID", "1")]);
    alice.terminal.wait_for("● online");
    let url = format!("https://example.org/{}", "a-long-way/".repeat(20));
    alice.terminal.enter(&format!("see {url}end"));
    alice.terminal.wait_for("Write a message");
    alice.terminal.wait_for("a-long-way/end");
    alice.terminal.wait_for_written("a-long-way/end\x1b]8;;\x1b\\", 0);
    let written = String::from_utf8_lossy(&alice.terminal.written()).into_owned();
    let opened: Vec<&str> = written.split("\x1b]8;").filter(|part| part.starts_with("id=")).collect();
    assert!(opened.len() >= 3, "a link for each row: {opened:?}");
    let head = opened[0].split("\x1b\\").next().expect("an end");
    assert!(head.ends_with(&format!(";{url}end")), "{head}");
    assert!(opened.iter().all(|part| part.starts_with(head)), "one address, one id: {opened:?}");
    // It ends before anything else is drawn.
    assert_eq!(written.matches("\x1b]8;id=").count(), written.matches("\x1b]8;;\x1b\\").count());
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_10_a_notice_is_withdrawn_when_it_was_read_elsewhere() {
    let (server, alice, bob) = alice_and_bob().await;
    let elsewhere = sit_down_with(
        "alice elsewhere",
        &["--server", server.url()],
        tempfile::tempdir().expect("a folder"),
        &[("KITTY_WINDOW_ID", "1")],
    );
    elsewhere.log_in("alice");
    [&alice, &elsewhere].iter().for_each(|seat| seat.terminal.type_text(FOCUS_LOST));
    bob.caller(server.url()).await.send("@alice look").await;
    elsewhere.terminal.wait_for_written("p=body;@alice look", 0);
    let written = elsewhere.terminal.written().len();
    alice.terminal.wait_for("look");
    alice.terminal.type_text(FOCUS_GAINED);
    elsewhere.terminal.wait_for_written(":p=close;", written);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_7_dragging_copies_what_was_written_and_no_borders() {
    let (_server, alice) = alice().await;
    let text = format!("drag over {}end", "these words ".repeat(12));
    alice.terminal.enter(&text);
    alice.terminal.wait_for("words end");
    let screen = alice.terminal.wait_until("it sent", |screen| !screen.contains('↑'));
    let find = |words: &str| {
        let rows = screen.lines().enumerate();
        let mut places = rows.filter_map(|(row, line)| Some((row + 1, line[..line.find(words)?].chars().count() + 1)));
        places.next().expect("on the screen")
    };
    let ((first_row, first), (last_row, last)) = (find("drag over"), find("end"));
    assert!(last_row > first_row, "it is wrapped: {screen}");
    let written = alice.terminal.written().len();
    let last = last + 2;
    alice
        .terminal
        .type_text(&format!("\x1b[<0;{first};{first_row}M\x1b[<32;{last};{last_row}M\x1b[<0;{last};{last_row}m"));
    alice.terminal.wait_for("sent to the terminal's clipboard");
    let written = String::from_utf8_lossy(&alice.terminal.written()[written..]).into_owned();
    let copied =
        written.split("\x1b]52;c;").nth(1).and_then(|rest| rest.split(['\x1b', '\x07']).next()).expect("OSC 52");
    // Base64 tells a text of this length from any other.
    assert_eq!(copied.trim_end_matches('='), base64(&text).trim_end_matches('='), "{screen}");
}

/// Writes text in base64 (RFC 4648).
fn base64(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let triple = |bytes: &[u8]| {
        let bits = bytes.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - bytes.len()));
        let letter = |at: usize| char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63]);
        (0..=bytes.len()).map(letter).collect::<String>()
    };
    text.as_bytes().chunks(3).map(triple).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_11_a_thread_is_live_and_found_again() {
    let (server, alice, bob) = alice_and_bob().await;
    alice.say("the root of it");
    alice.go_to_messages();
    alice.terminal.type_text("r");
    alice.terminal.wait_for("reply in thread");
    alice.terminal.enter("first reply");
    bob.terminal.wait_for("↳ 1 reply");
    bob.go_to_messages();
    bob.terminal.press(Key::Up);
    bob.terminal.type_text("t");
    bob.terminal.wait_for("Thread in #general");
    alice.terminal.enter("second reply");
    bob.terminal.wait_for("second reply");
    bob.terminal.wait_for("↳ 2 replies");
    // A reply is no unread message of the channel.
    let caller = bob.caller(server.url()).await;
    bob.terminal.press(Key::Escape);
    bob.terminal.wait_for("i write");
    bob.terminal.type_text("q");
    bob.terminal.wait_for_no("Thread in #general");
    caller.wait_until_read().await;
    alice.terminal.enter("third reply");
    bob.terminal.wait_for("↳ 3 replies");
    assert_eq!(caller.unread().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_17_any_channel_is_three_keys_away() {
    let (server, alice, bob) = alice_and_bob().await;
    let caller = bob.caller(server.url()).await;
    let team = caller.client.channel(caller.channel).await.expect("the channel").channel.team_id;
    for name in ["release-notes", "random", "infrastructure"] {
        let channel = NewChannel { name: name.parse().expect("a name"), description: None };
        caller.client.create_channel(team, CreateChannel::Public(channel)).await.expect("made");
    }
    bob.terminal.wait_for("#infrastructure");
    bob.terminal.press(Key::Control('k'));
    bob.terminal.wait_for("Go to");
    bob.terminal.type_text("rn");
    bob.terminal.wait_until("the channel first", |screen| screen.contains("release-notes"));
    bob.terminal.press(Key::Enter);
    bob.terminal.wait_for("to #release-notes");
    bob.terminal.press(Key::Alt('s'));
    bob.terminal.wait_for("to #general");
    alice.say("@bob over here");
    bob.terminal.press(Key::Alt('s'));
    bob.terminal.wait_for("to #release-notes");
    alice.say("@bob once more");
    bob.terminal.wait_until("two calls", |screen| screen.contains("@2"));
    bob.terminal.press(Key::Alt('a'));
    bob.terminal.wait_for("to #general");
    bob.terminal.wait_for("once more");
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_6_what_scrolls_by_an_emoji_leaves_nothing_behind() {
    let (server, alice) = alice().await;
    let caller = alice.caller(server.url()).await;
    // Each is drawn over the letters of the one that stood there before.
    let texts = ["letters everywhere", "❤️heart of it", "more letters here", "☎️phone of it", "letters at the end"];
    for text in texts {
        caller.send(text).await;
        alice.terminal.wait_for(&text[text.len() - 6..]);
    }
    let shown = |screen: &str| -> Vec<String> {
        let rows = screen.lines().filter_map(|line| line.split("│  ").nth(1)).map(|row| row.trim_end().to_owned());
        rows.filter(|row| row.contains("letters") || row.contains("of it")).collect()
    };
    let screen = alice.terminal.wait_until("all of them", |screen| shown(screen).len() == texts.len());
    assert_eq!(shown(&screen), texts, "{screen}");
}
