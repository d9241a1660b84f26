//! Dragging selects text of messages, not of the screen.

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::app::{Effect, Event, Net};
use crate::play::{BOB, Play, message};

fn mouse(play: &mut Play, kind: MouseEventKind, (column, row): (u16, u16)) {
    play.event(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

/// Drags from one place to another, and gives what was copied.
fn drag(play: &mut Play, from: (u16, u16), to: (u16, u16)) -> Vec<String> {
    play.effects.clear();
    mouse(play, MouseEventKind::Down(MouseButton::Left), from);
    mouse(play, MouseEventKind::Drag(MouseButton::Left), to);
    mouse(play, MouseEventKind::Up(MouseButton::Left), to);
    let copied = play.effects.drain(..).filter_map(|effect| match effect {
        Effect::Copy { text } => Some(text),
        _ => None,
    });
    copied.collect()
}

/// Gives column and row of some text on the screen.
fn place(play: &Play, text: &str) -> (u16, u16) {
    let screen = play.screen();
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).expect("it is on the screen");
    let before = line.split(text).next().unwrap_or_default();
    (u16::try_from(before.chars().count()).expect("a column"), u16::try_from(row).expect("a row"))
}

#[test]
fn pain_7_a_selection_has_neither_gutter_nor_wraps() {
    let long = "the quick brown fox jumps over the lazy dog and then it sleeps for the rest of this long day";
    let mut play = Play::chat(60, 24);
    play.arrive(message(7, BOB, 60, long));
    let (from, to) = (place(&play, "quick"), place(&play, "long day"));
    assert!(to.1 > from.1, "it is wrapped");
    let to = (to.0 + 3, to.1);
    assert_eq!(
        drag(&mut play, from, to),
        ["quick brown fox jumps over the lazy dog and then it sleeps for the rest of this long"]
    );
    assert_eq!(
        drag(&mut play, to, from),
        ["quick brown fox jumps over the lazy dog and then it sleeps for the rest of this long"]
    );
}

#[test]
fn a_selection_over_messages_is_their_source() {
    let mut play = Play::chat(100, 24);
    play.arrive(message(7, BOB, 60, "a **bold** claim"));
    play.arrive(message(8, BOB, 61, "```sh\nmake all\n```"));
    let (from, to) = (place(&play, "bold"), place(&play, "make"));
    assert_eq!(drag(&mut play, from, (to.0 + 3, to.1)), ["bold** claim\n```sh\nmake"]);
    assert!(play.screen().contains("The selection was sent to the terminal's clipboard"), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(play.state.chat.selection.is_none());
}

#[test]
fn a_click_selects_a_message_and_copies_nothing() {
    let mut play = Play::chat(80, 24);
    let at = place(&play, "Cache key");
    assert_eq!(drag(&mut play, at, at), [] as [&str; 0]);
    assert!(play.screen().contains("▌ │ Cache key"), "{}", play.screen());
}

#[test]
fn a_pointer_held_beyond_the_edge_scrolls_on() {
    let mut play = Play::chat(80, 12);
    for seq in 7..40 {
        play.arrive(message(seq, BOB, 60, &format!("number {seq}")));
    }
    let from = place(&play, "number 39");
    mouse(&mut play, MouseEventKind::Down(MouseButton::Left), from);
    mouse(&mut play, MouseEventKind::Drag(MouseButton::Left), (from.0, 0));
    for _ in 0..30 {
        play.clock = play.state.next_deadline().expect("it scrolls on").unix_ms();
        play.event(Event::Tick);
    }
    play.effects.clear();
    mouse(&mut play, MouseEventKind::Up(MouseButton::Left), (from.0, 0));
    let copied = play.effects.iter().find_map(|effect| match effect {
        Effect::Copy { text } => Some(text.lines().count()),
        _ => None,
    });
    assert!(copied.is_some_and(|lines| lines > 20), "{copied:?}");
    assert!(
        play.state.chat.selection.as_ref().is_none_or(|selection| selection.scroll_at.is_none()),
        "it stands still"
    );
}

#[test]
fn a_click_takes_what_is_under_it_however_the_list_was_scrolled() {
    let mut play = Play::chat(80, 12);
    for seq in 7..40 {
        play.arrive(message(seq, BOB, 60, &format!("number {seq}")));
    }
    // Something was selected once, far below what the wheel then shows.
    play.press(KeyCode::Esc);
    play.press(KeyCode::Esc);
    for _ in 0..5 {
        mouse(&mut play, MouseEventKind::ScrollUp, (40, 5));
    }
    let number = play.screen().split_once("number ").and_then(|(_, rest)| rest.get(..2).map(str::to_owned));
    let wanted = format!("number {}", number.expect("messages are in sight"));
    let (before, at) = (play.screen(), place(&play, &wanted));
    mouse(&mut play, MouseEventKind::Down(MouseButton::Left), at);
    assert!(play.screen().lines().any(|line| line.contains(&format!("▌ {wanted}"))), "{}", play.screen());
    assert_eq!(place(&play, &wanted), at, "nothing moves under the pointer:\n{before}\n{}", play.screen());
}

#[test]
fn a_click_selects_what_is_on_its_way() {
    let mut play = Play::chat(80, 24);
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 30_000 });
    play.type_text("not sent yet");
    play.press(KeyCode::Enter);
    let at = place(&play, "not sent yet");
    mouse(&mut play, MouseEventKind::Down(MouseButton::Left), at);
    assert!(play.screen().contains("▌ not sent yet"), "{}", play.screen());
}
