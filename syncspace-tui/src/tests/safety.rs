//! Text from others cannot steer the terminal.

use crate::app::Net;
use crate::play::{BOB, Play, id, message, person};

const HOSTILE: &str = "a\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J\u{202e}b\u{1b}]52;c;aGk=\u{1b}\\c\td\u{0}e";

#[track_caller]
fn check_clean(screen: &str) {
    let dirty =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!screen.contains(dirty), "{screen:?}");
    assert!(!screen.contains("[31m") && !screen.contains("title") && !screen.contains("52;c"), "{screen}");
}

#[test]
fn a_hostile_message_is_shown_as_its_harmless_rest() {
    let mut play = Play::chat(80, 24);
    play.arrive(message(7, BOB, 60, HOSTILE));
    let screen = play.screen();
    check_clean(&screen);
    assert!(screen.contains("aredb"), "{screen}");
}

#[test]
fn hostile_names_reasons_and_descriptions_are_cleaned() {
    let mut play = Play::chat(120, 24);
    let mut bob = person(BOB, "bob");
    bob.full_name = Some(HOSTILE.to_owned());
    play.state.world.people.insert(id(BOB), bob);
    if let Some(channel) = play.state.open_channel_mut() {
        channel.channel.description = Some(HOSTILE.to_owned());
    }
    play.net(Net::Disconnected { reason: HOSTILE.to_owned(), retry_in_ms: 500 });
    check_clean(&play.screen());
    play.ctrl('k');
    check_clean(&play.screen());
}
