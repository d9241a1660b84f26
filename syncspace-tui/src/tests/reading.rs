//! What counts as read, and what the person is told of what was missed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use syncspace_protocol::Seq;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::messages::{Message, MessagePage};

use crate::app::message::TeamContents;
use crate::app::timeline::Part;
use crate::app::{Effect, Event, Net};
use crate::cache::Disk;
use crate::play::{
    BOB, CAROL, ENG, GENERAL, Play, RANDOM, WITH_BOB, contents, hello, hello_team, id, message, my_channel, page,
};

fn messages(seqs: std::ops::RangeInclusive<u64>) -> Vec<Message> {
    let minutes = |seq: u64| i64::try_from(seq).expect("small");
    seqs.map(|seq| message(seq, CAROL, minutes(seq), &format!("message {seq}"))).collect()
}

/// #general with the newest 100 of `last` messages, of which so many are unread.
fn chat(last: u64, unread: u32) -> Play {
    let mut play = Play::start(80, 24, true);
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    let mut contents = contents();
    contents.channels[0] = my_channel(GENERAL, ChannelKind::Public, Some("general"), last, unread);
    play.net(Net::Team { team_id: id(ENG), answer: Ok(contents) });
    let newest = MessagePage { rev: id(last), ..page(messages(last - 99..=last), Some("more")) };
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(newest) });
    play.ctrl('b');
    play
}

fn marks(play: &Play) -> Vec<Seq> {
    let mark = |effect: &Effect| match effect {
        Effect::MarkRead { mark, .. } => Some(mark.seq),
        _ => None,
    };
    play.effects.iter().filter_map(mark).collect()
}

#[test]
fn a_channel_opens_at_its_first_unread_message() {
    let play = chat(500, 60);
    let screen = play.screen();
    assert!(screen.contains("── new ──") && screen.contains("message 441"), "{screen}");
    assert!(screen.contains("60 new below"), "{screen}");
}

#[test]
fn a_channel_opens_at_its_first_unread_message_also_where_that_must_be_loaded() {
    let mut play = chat(500, 400);
    let is_asked =
        |effect: &Effect| matches!(effect, Effect::LoadPart { part: Part::Around(seq), .. } if *seq == id(101));
    assert!(play.effects.iter().any(is_asked));
    play.wait(2_000);
    assert_eq!(marks(&play), [], "what stands there meanwhile is not what is read");
    let around = MessagePage { rev: id(500), last_seq: id(500), ..page(messages(51..=150), None) };
    play.net(Net::Part { channel_id: id(GENERAL), part: Part::Around(id(101)), answer: Ok(around) });
    assert!(play.screen().contains("message 101"), "{}", play.screen());
}

#[test]
fn only_what_has_passed_the_screen_is_marked_as_read() {
    let mut play = chat(500, 60);
    play.wait(800);
    let first = marks(&play);
    assert_eq!(first.len(), 1);
    assert!(first[0] > id(441) && first[0] < id(500), "{first:?}");
    // Over what was never seen, the marker does not move.
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('G'));
    play.wait(5_000);
    assert_eq!(marks(&play), first);
    assert!(play.screen().contains("unread above · Alt+U"), "{}", play.screen());
    // By pages, however fast, everything passes the screen; a moment at the end counts for all of it.
    play.alt('u');
    play.press(KeyCode::Esc);
    for _ in 0..20 {
        play.press(KeyCode::PageDown);
    }
    play.wait(1_600);
    assert_eq!(marks(&play).last(), Some(&id(500)));
    assert_eq!(play.unread(GENERAL), 0);
}

#[test]
fn a_key_marks_all_as_read() {
    let mut play = chat(500, 400);
    play.alt('r');
    assert_eq!(marks(&play), [id(500)]);
    assert_eq!(play.unread(GENERAL), 0);
    assert!(play.screen().contains("All of it is marked as read."), "{}", play.screen());
    play.alt('r');
    assert_eq!(marks(&play).len(), 1);
}

/// Opens a conversation that the server has still to make.
fn set_out(play: &mut Play) {
    play.alt('d');
    play.type_text("carol");
    play.press(KeyCode::Enter);
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::CreateChannel { .. })), "{}", play.screen());
}

#[test]
fn what_is_typed_while_a_channel_is_opened_survives_a_kill() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.save(&disk);
    play.wait(6_000);
    play.save(&disk);
    set_out(&mut play);
    play.type_text("dear carol");
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    assert!(again.screen().contains("Alt+Z brings back"), "{}", again.screen());
    again.alt('z');
    assert_eq!(again.state.composer().map(|draft| draft.text()), Some("dear carol".to_owned()));
    again.save(&disk);
    let mut third = Play::restart(&disk, 80, 24);
    assert_eq!(third.state.composer().map(|draft| draft.text()), Some("dear carol".to_owned()), "and only once");
    third.event(Event::Key(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::ALT)));
    assert_eq!(third.state.composer().map(|draft| draft.text()), Some("dear carol".to_owned()));
}

fn told(play: &mut Play) -> Vec<String> {
    let told = play.effects.drain(..).filter_map(|effect| match effect {
        Effect::Tell(told) => Some(told.title),
        _ => None,
    });
    told.collect()
}

/// The lists as they are after an outage: in #random two mentions more, from bob one message more.
fn after_outage() -> TeamContents {
    let mut contents = contents();
    contents.channels[1] = my_channel(RANDOM, ChannelKind::Public, Some("random"), 15, 9);
    contents.channels[2] = my_channel(WITH_BOB, ChannelKind::Direct, None, 5, 2);
    let membership = contents.channels[1].membership.as_mut().expect("joined");
    membership.read.mention_count = 2;
    contents
}

#[test]
fn mentions_missed_in_channels_that_nobody_opened_are_told_once() {
    let mut play = Play::chat(80, 24);
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 });
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    play.net(Net::Team { team_id: id(ENG), answer: Ok(after_outage()) });
    let mut titles = told(&mut play);
    titles.sort();
    assert_eq!(titles, ["1 new message in @bob", "2 mentions in #random"]);
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 });
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    play.net(Net::Team { team_id: id(ENG), answer: Ok(after_outage()) });
    assert_eq!(told(&mut play), Vec::<String>::new());
}

#[test]
fn a_mention_that_came_right_after_an_outage_is_not_told_twice() {
    let mut play = Play::chat(80, 24);
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 });
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    let mut calling = message(15, BOB, 90, "@alice");
    (calling.channel_id, calling.id) = (id(RANDOM), id(11_015));
    calling.mentions.users = vec![id(crate::play::ALICE)];
    play.arrive(calling);
    play.net(Net::Team { team_id: id(ENG), answer: Ok(after_outage()) });
    let mut titles = told(&mut play);
    titles.sort();
    assert_eq!(titles, ["1 mention in #random", "1 new message in @bob", "bob in #random"]);
}
