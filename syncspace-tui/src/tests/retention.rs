//! Messages that are no longer kept: they go from the screen, the disk and the lists, and what was typed stays.

use crossterm::event::KeyCode;
use syncspace_protocol::messages::Message;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::sync::Change;

use crate::app::Net;
use crate::app::composer::DraftKey;
use crate::cache::Disk;
use crate::play::{BOB, GENERAL, Play, channel_stream, id, message, morning, page};

fn seqs(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| message.seq.get()).collect()
}

fn on_screen(play: &Play) -> Vec<u64> {
    let timeline = play.state.open_channel().and_then(|open| open.timeline()).expect("a log");
    timeline.iter().map(|message| message.seq.get()).collect()
}

fn raise(play: &mut Play, rev: u64, floor: u64) {
    play.stream(channel_stream(GENERAL), Some(rev), EventBody::FloorRaised { floor_seq: id(floor) });
}

#[test]
fn what_is_no_longer_kept_goes_from_screen_and_disk() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 30);
    play.save(&disk);
    assert!(play.screen().contains("The beginning of #general"), "{}", play.screen());
    raise(&mut play, 7, 4);
    play.save(&disk);
    assert_eq!(on_screen(&play), [5, 6]);
    assert_eq!(seqs(&disk.load(id(GENERAL), None).expect("a log").messages), [5, 6]);
    let screen = play.screen();
    assert!(screen.contains("Older messages are no longer kept in #general"), "{screen}");
    play.arrive(message(7, BOB, 60, "and on"));
    assert_eq!(on_screen(&play), [5, 6, 7]);
}

#[test]
fn whoever_was_away_forgets_it_too() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 30);
    play.save(&disk);
    let items =
        vec![Change::Floor { floor_seq: id(5), rev: id(7) }, Change::Message { message: message(7, BOB, 60, "on") }];
    let changes = EventBody::Changes { items, after: id(6), head_rev: id(8), read: None, my_reactions: Vec::new() };
    play.stream(channel_stream(GENERAL), Some(8), changes);
    play.save(&disk);
    assert_eq!(on_screen(&play), [6, 7]);
    assert_eq!(seqs(&disk.load(id(GENERAL), None).expect("a log").messages), [6, 7]);
}

#[test]
fn a_part_that_comes_late_brings_nothing_back() {
    let mut play = Play::chat(80, 30);
    raise(&mut play, 7, 4);
    play.net(Net::Messages { channel_id: id(GENERAL), before: Some(id(5)), answer: Ok(page(morning(), None)) });
    assert_eq!(on_screen(&play), [5, 6]);
}

#[test]
fn everything_may_go() {
    let mut play = Play::chat(80, 30);
    play.press(KeyCode::Esc);
    (0..3).for_each(|_| play.press(KeyCode::Char('k')));
    raise(&mut play, 7, 6);
    assert_eq!(on_screen(&play), [0; 0]);
    let screen = play.screen();
    assert!(screen.contains("Older messages are no longer kept in #general"), "{screen}");
    play.arrive(message(7, BOB, 60, "a new start"));
    assert!(play.screen().contains("a new start"), "{}", play.screen());
}

#[test]
fn what_is_read_gives_way_to_the_first_that_is_left() {
    let mut play = Play::chat(80, 12);
    play.press(KeyCode::Esc);
    (0..5).for_each(|_| play.press(KeyCode::Char('k')));
    raise(&mut play, 7, 4);
    let screen = play.screen();
    let first = &morning()[4].content;
    assert!(screen.contains(first.lines().next().expect("a line")), "{screen}");
}

#[test]
fn a_thread_whose_first_message_goes_is_closed_and_what_was_typed_stays() {
    let mut play = Play::chat(120, 24);
    play.press(KeyCode::Esc);
    (0..4).for_each(|_| play.press(KeyCode::Char('k')));
    play.press(KeyCode::Char('t'));
    let root = play.state.chat.thread.as_ref().expect("a thread").root;
    play.type_text("half a word");
    raise(&mut play, 7, root.get());
    assert!(play.state.chat.thread.is_none());
    let screen = play.screen();
    assert!(screen.contains("its first message is no longer kept"), "{screen}");
    let draft = play.state.chat.drafts.get(&DraftKey::Thread(id(GENERAL), root)).map(|draft| draft.text());
    assert_eq!(draft.as_deref(), Some("half a word"));
}
