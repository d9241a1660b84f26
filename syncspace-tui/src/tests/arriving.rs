//! What is typed while a channel is being opened belongs to that channel, and to no other.

use crossterm::event::KeyCode;
use syncspace_protocol::channels::{ChannelKind, MyChannel};

use crate::app::arriving::Wanted;
use crate::app::message::{Answer, Failure};
use crate::app::state::Modal;
use crate::app::{Effect, Net};
use crate::play::{ALICE, CAROL, ENG, GENERAL, Play, RANDOM, id, my_channel, person};

const WITH_CAROL: u64 = 90;

fn with_carol() -> MyChannel {
    let mut mine = my_channel(WITH_CAROL, ChannelKind::Direct, None, 1, 0);
    mine.channel.people = vec![person(ALICE, "alice"), person(CAROL, "carol")];
    mine
}

fn failure() -> Failure {
    let message = "the server is busy".to_owned();
    Failure { code: None, message, field: None, is_transient: true, retry_after_ms: None }
}

fn pick(play: &mut Play, typed: &str) {
    play.ctrl('k');
    play.type_text(typed);
    play.press(KeyCode::Enter);
}

/// Asks for a channel with Carol, which there is not yet.
fn set_out() -> Play {
    let mut play = Play::chat(80, 24);
    pick(&mut play, "@carol");
    assert!(matches!(play.effects.last(), Some(Effect::CreateChannel { .. })));
    play.effects.clear();
    play
}

fn entered(play: &mut Play, answer: Answer<MyChannel>) {
    play.net(Net::ChannelEntered { wanted: Wanted::Person(id(ENG), id(CAROL)), answer });
}

fn typed(play: &Play) -> String {
    play.state.composer().map(|draft| draft.text()).unwrap_or_default()
}

fn sent(play: &mut Play) -> Vec<String> {
    play.sends().into_iter().map(|(content, _)| content).collect()
}

#[test]
fn another_failure_does_not_end_the_wait() {
    let mut play = set_out();
    play.type_text("half");
    play.net(Net::Deleted(Err(failure())));
    play.type_text(" of it");
    assert_eq!(typed(&play), "half of it");
    entered(&mut play, Ok(with_carol()));
    play.press(KeyCode::Enter);
    assert_eq!((play.state.chat.open, sent(&mut play)), (Some(id(WITH_CAROL)), vec!["half of it".to_owned()]));
}

#[test]
fn what_is_typed_for_a_channel_that_cannot_be_opened_goes_nowhere_else() {
    let mut play = set_out();
    play.type_text("half");
    entered(&mut play, Err(failure()));
    play.type_text(" of it");
    assert_eq!(typed(&play), "half of it");
    let screen = play.screen();
    assert!(screen.contains("to @carol (not opened:") && screen.contains("the server is busy"), "{screen}");
    play.press(KeyCode::Enter);
    assert!(matches!(play.effects.as_slice(), [Effect::CreateChannel { .. }]), "it is tried again: {:?}", play.effects);
    entered(&mut play, Err(failure()));
    play.press(KeyCode::Esc);
    assert_eq!((play.state.chat.open, typed(&play)), (Some(id(GENERAL)), String::new()));
    play.alt('z');
    assert_eq!(typed(&play), "half of it", "it comes back where the person is");
}

#[test]
fn a_channel_that_comes_at_the_second_try_gets_the_text() {
    let mut play = set_out();
    play.type_text("psst");
    entered(&mut play, Err(failure()));
    play.press(KeyCode::Enter);
    entered(&mut play, Ok(with_carol()));
    assert_eq!((play.state.chat.open, typed(&play)), (Some(id(WITH_CAROL)), "psst".to_owned()));
}

#[test]
fn what_was_cleared_while_a_channel_opens_comes_back_there() {
    let mut play = set_out();
    play.type_text("psst");
    play.ctrl('u');
    assert_eq!(typed(&play), "");
    play.alt('z');
    assert_eq!(typed(&play), "psst");
    entered(&mut play, Ok(with_carol()));
    assert_eq!(typed(&play), "psst");
}

#[test]
fn a_late_answer_takes_no_keys_from_an_open_dialog() {
    let mut play = set_out();
    play.ctrl('k');
    play.type_text("ran");
    entered(&mut play, Ok(with_carol()));
    assert!(matches!(play.state.modal, Some(Modal::Switcher(_))));
    play.type_text("dom");
    play.press(KeyCode::Enter);
    assert_eq!((play.state.chat.open, sent(&mut play)), (Some(id(RANDOM)), Vec::new()));
}

#[test]
fn who_went_elsewhere_meanwhile_stays_there() {
    let mut play = set_out();
    play.type_text("for carol");
    pick(&mut play, "random");
    assert_eq!((play.state.chat.open, typed(&play)), (Some(id(RANDOM)), String::new()));
    play.type_text("for random");
    entered(&mut play, Ok(with_carol()));
    assert_eq!((play.state.chat.open, typed(&play)), (Some(id(RANDOM)), "for random".to_owned()));
    assert!(play.state.world.channels.contains_key(&id(WITH_CAROL)));
    play.ctrl('u');
    play.alt('z');
    play.alt('z');
    assert_eq!(typed(&play), "for carol\nfor random", "nothing of it is lost");
}

#[test]
fn the_text_for_the_next_channel_is_not_given_to_the_one_before() {
    let mut play = set_out();
    let mut news = my_channel(30, ChannelKind::Public, Some("news"), 1, 0);
    news.membership = None;
    play.state.world.put_channel(news);
    pick(&mut play, "news");
    play.type_text("for news");
    entered(&mut play, Ok(with_carol()));
    assert_eq!((play.state.chat.open, typed(&play)), (Some(id(GENERAL)), "for news".to_owned()));
}
