//! The shipped program inside tmux, read as tmux draws it.

use syncspace_testkit::terminal::Key;
use syncspace_testkit::{ServerProcess, Tmux, binary};
use tempfile::TempDir;

use crate::people::{Seat, alice_at, numbers};

/// Widths of terminals, with the room for a side bar and without.
const WIDTHS: [u16; 6] = [40, 60, 80, 100, 120, 200];

/// Text that breaks grids: wide, combining, families, flags, keycaps, skin tones, right to left.
const DOUBTFUL: [&str; 8] = [
    "日本語の長い文章がここにあります",
    "👩‍👩‍👧‍👦 family and 🧑🏽‍💻 more",
    "❤️ heart 1️⃣ keycap ☎️ phone",
    "🇯🇵🇩🇪🇧🇷 flags",
    "👍🏽 tone 🫱🏻‍🫲🏿 hands",
    "e\u{301}\u{302}\u{303} stack กำลัง Thai",
    "مرحبا بالعالم right to left",
    "wide １２３ and ｶﾀｶﾅ half",
];

/// Sits Bob down in tmux, who was here before.
fn sit_down_in_tmux(server: &ServerProcess, folder: TempDir) -> (Tmux, Seat) {
    let home = folder.path().to_str().expect("a plain name").to_owned();
    let environment = [("SYNCSPACE_STATE_DIR", home.as_str()), ("HOME", home.as_str())];
    let arguments = ["--server", server.url()];
    let (tmux, terminal) = Tmux::start("tmux", &binary("syncspace-tui"), &arguments, &environment);
    (tmux, Seat { terminal, folder })
}

async fn alice_in_tmux() -> (ServerProcess, Tmux, Seat) {
    let server = ServerProcess::start(&[]).await;
    let folder = alice_at(server.url()).kill();
    let (tmux, alice) = sit_down_in_tmux(&server, folder);
    alice.terminal.wait_for("● online");
    (server, tmux, alice)
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_6_wide_text_and_emoji_break_no_row_in_tmux() {
    let (server, tmux, alice) = alice_in_tmux().await;
    let caller = alice.caller(server.url()).await;
    // They come one by one: each is drawn over what the one before has left.
    for text in DOUBTFUL {
        caller.send(text).await;
        tmux_shows(&tmux, 120, &[text]).await;
    }
    caller.send("the last of them").await;
    for width in WIDTHS {
        alice.terminal.resize(width, 30);
        tmux_shows(&tmux, width, &[&DOUBTFUL[..], &["the last of them"]].concat()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_6_flags_that_move_leave_no_half_of_themselves_in_tmux() {
    let (server, tmux, alice) = alice_in_tmux().await;
    let caller = alice.caller(server.url()).await;
    let texts = ["a🇯🇵b🇩🇪", "🇧🇷🇺🇸🇫🇷🇪🇸 🇮🇹", "plain text with nothing in it", "日本 🇯🇵 x🇺🇦y", "🇯🇵🇩🇪🇧🇷 more plain text"];
    let letters_in = |text: &str| text.chars().filter(|c| matches!(c, '\u{1f1e6}'..='\u{1f1ff}')).count();
    let mut letters = 0;
    // With each message every row shows another text than before.
    for (number, text) in texts.iter().cycle().take(20).enumerate() {
        caller.send(&format!("{text} {number}")).await;
        letters += letters_in(text);
        let is_there = |screen: &str| screen.contains(&number.to_string()) && letters_in(screen) == letters;
        tmux_shows_at_last(&tmux, is_there).await;
    }
}

async fn tmux_shows_at_last(tmux: &Tmux, is_there: impl Fn(&str) -> bool) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let screen = tmux.screen();
        if is_there(&screen) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{screen}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Waits until tmux has these texts below each other and nothing beside them, in a screen of that width with its borders.
///
/// Of tmux, and not of the terminal outside, which counts columns in its own way again.
async fn tmux_shows(tmux: &Tmux, width: u16, texts: &[&str]) {
    let side_bar = if width >= 80 { 24 } else { 0 };
    let texts: Vec<String> = texts.iter().map(|text| bare(text)).collect();
    let is_there = |screen: &str| {
        let rows: Vec<String> = screen.lines().map(|row| row.chars().skip(side_bar).collect()).collect();
        let border = rows.iter().rfind(|row| row.contains("to #general ──"));
        let is_wide = border.is_some_and(|border| border.chars().count() + side_bar == usize::from(width));
        let bordered = screen.lines().filter(|row| row.chars().nth(23) == Some('│')).count();
        let is_bordered = side_bar == 0 || bordered == screen.lines().count() - 1;
        let bare: Vec<String> = rows.iter().map(|row| bare(row)).collect();
        is_wide && is_bordered && bare.windows(texts.len()).any(|rows| rows == texts)
    };
    tmux_shows_at_last(tmux, is_there).await;
}

/// Gives a row without blanks, and without what tmux leaves out of emoji that it does not know.
fn bare(row: &str) -> String {
    let is_kept =
        |c: &char| !c.is_whitespace() && !matches!(c, '\u{fe0f}' | '\u{200d}' | '\u{20e3}' | '\u{300}'..='\u{36f}');
    row.chars().filter(is_kept).filter(|c| !matches!(c, '\u{1f000}'..='\u{1faff}')).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_8_what_is_copied_in_tmux_reaches_the_terminal_outside() {
    let (_server, _tmux, alice) = alice_in_tmux().await;
    alice.say("copy me");
    alice.go_to_messages();
    alice.terminal.type_text("y");
    let screen = alice.terminal.wait_for("sent to the terminal's clipboard, 7 characters; tmux needs set-clipboard on");
    assert!(!screen.to_lowercase().contains("copied"), "{screen}");
    // "copy me" in base64, written by tmux.
    alice.terminal.wait_for_written("Y29weSBtZQ==", 0);
    let written = String::from_utf8_lossy(&alice.terminal.written()).into_owned();
    assert!(written.contains("\x1b]52;"), "tmux hands it on");
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_14_detaching_and_attaching_keeps_the_place_and_the_draft() {
    let (server, tmux, mut alice) = alice_in_tmux().await;
    let caller = alice.caller(server.url()).await;
    caller.send_numbers(1..=90).await;
    alice.terminal.wait_for("number 90");
    alice.terminal.type_text("half a sentence");
    alice.terminal.wait_for("half a sentence");
    alice.terminal.press(Key::PageUp);
    alice.terminal.press(Key::PageUp);
    // Two pages up is the beginning; the whole of it is drawn once the last row is of it, too.
    let screen = alice.terminal.wait_until("history", |screen| {
        let numbers = numbers(screen);
        numbers.first() == Some(&1) && numbers.last().is_some_and(|last| *last < 40)
    });
    let last = *numbers(&screen).last().expect("a message");
    tmux.detach();
    alice.terminal.wait_for_end();
    assert!(alice.terminal.is_restored());
    caller.send_numbers(91..=95).await;
    let again = tmux.attach("tmux again");
    let screen = again.wait_for("half a sentence");
    assert_eq!(numbers(&screen).last(), Some(&last), "{screen}");
    again.type_text(", whole");
    again.wait_for("half a sentence, whole");
    again.resize(80, 24);
    // In fewer rows the list begins where it began: what ended it before is below now.
    again.wait_until("the same place in the new size", |screen| {
        let numbers = numbers(screen);
        numbers.first() == Some(&1) && numbers.last().is_some_and(|now| *now < last)
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_4_a_paste_in_tmux_sends_nothing() {
    let (_server, _tmux, alice) = alice_in_tmux().await;
    let pasted: String = (1..=200).map(|number| format!("pasted line {number}\r")).collect();
    alice.terminal.type_text(&format!("\x1b[200~{pasted}\x1b[201~"));
    alice.terminal.wait_for("pasted line 200");
    alice.terminal.press(Key::Control('z'));
    alice.terminal.wait_for_no("pasted line");
    alice.say("typed afterwards");
    let screen = alice.terminal.screen();
    assert!(screen.contains("The beginning of #general") && !screen.contains("pasted line"), "{screen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_12_every_key_for_a_new_line_works_in_tmux() {
    let (_server, _tmux, alice) = alice_in_tmux().await;
    // One after the other: lines that come at once are a paste.
    for (typed, seen) in [("one", "one"), ("\x1b\r", ""), ("two", "two"), ("\n", ""), ("three", "three")] {
        alice.terminal.type_text(typed);
        alice.terminal.wait_for(seen);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let composer = alice.composer();
    let lines: Vec<&str> = composer.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), 3, "{composer}");
}
