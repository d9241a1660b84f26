//! Scrolling: history loads above, and what is being read stays where it is.

use crossterm::event::KeyCode;
use syncspace_protocol::messages::Message;

use crate::app::{Effect, Event, Net};
use crate::play::{BOB, CAROL, GENERAL, Play, id, message, page};

fn messages(seqs: std::ops::RangeInclusive<u64>) -> Vec<Message> {
    let sender = |seq: u64| if seq.is_multiple_of(3) { BOB } else { CAROL };
    seqs.map(|seq| message(seq, sender(seq), i64::try_from(seq).expect("small"), &format!("message {seq}"))).collect()
}

/// #general with messages 101 to 200 loaded and more above.
fn long_chat() -> Play {
    let mut play = Play::start(80, 24, true);
    play.connect();
    let mut newest = page(messages(101..=200), Some("101"));
    newest.last_seq = id(200);
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(newest) });
    play.ctrl('b');
    play.effects.clear();
    play
}

fn body(play: &Play) -> String {
    play.screen().lines().take(21).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_read_does_not_move_when_messages_arrive() {
    let mut play = long_chat();
    play.press(KeyCode::PageUp);
    play.press(KeyCode::PageUp);
    let before = body(&play);
    play.arrive(message(201, BOB, 300, "news"));
    assert_eq!(body(&play), before);
    assert!(play.screen().contains("1 new below"), "{}", play.screen());
}

#[test]
fn what_is_read_does_not_move_when_history_is_loaded() {
    let mut play = long_chat();
    let asked = |play: &Play| {
        play.effects
            .iter()
            .any(|effect| matches!(effect, Effect::LoadMessages { before: Some(seq), .. } if *seq == id(101)))
    };
    for _ in 0..40 {
        play.press(KeyCode::PageUp);
    }
    assert!(asked(&play));
    let before = body(&play);
    assert!(before.contains("message 101"), "{before}");
    play.net(Net::Messages {
        channel_id: id(GENERAL),
        before: Some(id(101)),
        answer: Ok(page(messages(1..=100), None)),
    });
    let after = body(&play);
    // Only the day line of what was the first message may go: it has one above it now.
    let texts = |screen: &str| {
        screen.lines().filter(|line| line.contains("message ")).map(|line| line.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&after)[0], texts(&before)[0]);
    for _ in 0..40 {
        play.press(KeyCode::PageUp);
    }
    assert!(body(&play).contains("message 1\n") || body(&play).contains("message 1 "), "{}", body(&play));
}

#[test]
fn scrolling_down_again_follows_the_newest_message() {
    let mut play = long_chat();
    let before = body(&play);
    play.press(KeyCode::PageUp);
    assert_ne!(body(&play), before);
    play.press(KeyCode::PageDown);
    assert_eq!(body(&play), before);
    play.arrive(message(201, BOB, 300, "news"));
    assert!(body(&play).contains("news"));
}

#[test]
fn resizing_keeps_the_first_message_on_the_screen() {
    let mut play = long_chat();
    for _ in 0..3 {
        play.press(KeyCode::PageUp);
    }
    let first = |play: &Play| {
        play.screen()
            .lines()
            .find(|line| line.contains("message "))
            .map(|line| line.split("message ").nth(1).unwrap_or("").trim().to_owned())
    };
    let before = first(&play);
    for (columns, rows) in [(40, 24), (120, 24), (30, 10), (80, 24)] {
        play.event(Event::Resize { columns, rows });
        assert_eq!(first(&play), before, "{columns}x{rows}\n{}", play.screen());
    }
}

#[test]
fn the_selected_message_is_always_on_the_screen() {
    let mut play = long_chat();
    play.press(KeyCode::Esc);
    for step in 0..150 {
        play.press(if step < 90 { KeyCode::Char('k') } else { KeyCode::Char('j') });
        let selected = play.state.selected().map(|(_, message)| message.content.clone()).expect("one is selected");
        let screen = play.screen();
        assert!(
            screen.lines().any(|line| line.contains('▌') && line.trim_end().ends_with(&selected)),
            "{selected}\n{screen}"
        );
    }
}
