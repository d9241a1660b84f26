//! The bottom line: what calls from elsewhere stays in sight, and what is said there is said whole.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{Mentions, StreamId};

use crate::app::Effect;
use crate::play::{ALICE, BOB, Play, RANDOM, WITH_BOB, id, message, my_channel};

fn last_line(play: &Play) -> String {
    play.screen().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn who_calls_from_elsewhere_is_in_sight_without_the_side_bar() {
    let mut play = Play::chat(50, 20);
    assert!(last_line(&play).contains("@1 @bob"), "a direct message calls: {}", play.screen());
    let mut read = message(5, ALICE, 50, "answered elsewhere");
    read.channel_id = id(WITH_BOB);
    play.ctrl('k');
    play.type_text("bob");
    play.press(KeyCode::Enter);
    play.alt('r');
    play.alt('s');
    let mut call = message(10, BOB, 60, "look, @alice");
    call.channel_id = id(RANDOM);
    call.mentions = Mentions { users: vec![id(ALICE)], ..Mentions::default() };
    play.arrive(call);
    assert!(last_line(&play).contains("#random"), "{}", play.screen());
    assert_snapshot!(play.screen());
    for columns in [40, 60, 79] {
        play.state.columns = columns;
        assert!(last_line(&play).contains("@"), "{}", play.screen());
    }
    play.state.columns = 80;
    assert!(!last_line(&play).contains("#random"), "the side bar shows it");
}

#[test]
fn what_has_no_room_at_the_bottom_is_said_above_what_is_typed() {
    let mut play = Play::chat(50, 20);
    play.type_text("typed");
    let words =
        "Not changed: you may edit your messages for 15 minutes. What you typed is kept: press e on the message.";
    play.state.complain(words);
    let screen = play.screen();
    let flat = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(words), "{screen}");
    assert!(screen.contains(" typed"), "the draft stays in sight");
    assert_snapshot!(screen);
}

#[test]
fn what_was_said_is_read_and_copied_later() {
    let mut play = Play::chat(80, 24);
    play.state.complain("Not done: the first thing.");
    play.state.complain("Not done: the second thing.");
    play.wait(60_000);
    assert!(!play.screen().contains("second thing"));
    play.type_text("/said");
    play.press(KeyCode::Enter);
    let screen = play.screen();
    assert!(screen.find("second thing") < screen.find("first thing"), "{screen}");
    play.effects.clear();
    play.press(KeyCode::Char('y'));
    let is_all = |effect: &Effect| matches!(effect, Effect::Copy { text } if text.contains("first thing"));
    assert!(play.effects.iter().any(is_all));
}

#[test]
fn who_calls_from_below_the_side_bar_is_in_sight_too() {
    let mut play = Play::chat(120, 10);
    for number in 100..140 {
        let mine = my_channel(number, ChannelKind::Public, Some(&format!("channel-{number}")), 0, 0);
        let membership = mine.membership.expect("joined");
        let joined = EventBody::MyChannelJoined { channel: mine.channel, membership };
        play.stream(StreamId::Member(id(50)), Some(number), joined);
    }
    play.wait(10_000);
    assert!(last_line(&play).contains("@1 @bob"), "direct messages stand at the end: {}", play.screen());
    play.state.rows = 60;
    assert!(!last_line(&play).contains("@bob"), "{}", play.screen());
}

#[test]
fn a_long_notice_does_not_cover_what_is_selected() {
    let mut play = Play::chat(50, 20);
    play.arrive(message(7, BOB, 60, "the newest"));
    play.press(KeyCode::Up);
    play.state
        .complain("Not done: only admins write in this channel; you may read it, and react to what stands there.");
    assert!(play.screen().contains("▌ the newest") && play.screen().contains("stands there."), "{}", play.screen());
}
