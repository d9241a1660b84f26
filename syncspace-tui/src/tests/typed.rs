//! What was typed is neither lost nor sent twice, whatever fails.

use crossterm::event::KeyCode;
use syncspace_protocol::personal::Draft;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{Epoch, StreamId};

use crate::app::composer::DraftKey;
use crate::app::deed::Deed;
use crate::app::message::Failure;
use crate::app::outbox::ParcelState;
use crate::app::state::Focus;
use crate::app::{Effect, Net};
use crate::cache::Disk;
use crate::play::{ALICE, BOB, ENG, GENERAL, NINE, Play, at, contents, hello, hello_team, id, message, my_team};

fn typed(play: &Play) -> String {
    play.state.composer().map(|draft| draft.text()).unwrap_or_default()
}

fn draft(rev: u64, content: &str) -> Draft {
    let channel_id = id(GENERAL);
    Draft { channel_id, parent_seq: None, content: content.to_owned(), updated_at: at(NINE), rev: id(rev) }
}

/// Lets another device of the person change the draft of #general.
fn elsewhere(play: &mut Play, rev: u64, content: &str) {
    let member = my_team().membership.expect("a member").member_id;
    play.stream(StreamId::Member(member), Some(rev), EventBody::MyDraft { draft: draft(rev, content) });
}

fn shared(play: &mut Play, rev: u64, content: &str) {
    play.net(Net::DraftShared { key: DraftKey::Channel(id(GENERAL)), answer: Ok(draft(rev, content)) });
}

#[test]
fn a_draft_that_another_device_replaces_can_be_brought_back() {
    let mut play = Play::chat(80, 24);
    play.type_text("Y");
    play.wait(2_100);
    shared(&mut play, 5, "Y");
    elsewhere(&mut play, 6, "Y and more");
    elsewhere(&mut play, 7, "X");
    assert_eq!(typed(&play), "X");
    play.alt('z');
    assert_eq!(typed(&play), "Y and more\nX");
    assert_eq!(play.state.chat.discarded, [], "what only grew is not kept twice");
}

#[test]
fn a_draft_that_was_sent_elsewhere_is_not_brought_back() {
    let mut play = Play::chat(80, 24);
    elsewhere(&mut play, 5, "from the phone");
    play.arrive(message(7, ALICE, 60, "from the phone"));
    elsewhere(&mut play, 6, "");
    assert_eq!((typed(&play), play.state.chat.discarded.len()), (String::new(), 0));
    elsewhere(&mut play, 7, "thrown away");
    elsewhere(&mut play, 8, "");
    play.alt('z');
    assert_eq!(typed(&play), "thrown away");
}

#[test]
fn a_list_of_drafts_that_is_older_than_a_draft_does_not_remove_it() {
    let mut play = Play::start(80, 24, true);
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    play.net(Net::Team { team_id: id(ENG), answer: Ok(contents()) });
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::LoadDrafts(_))));
    play.type_text("just typed");
    play.wait(2_100);
    shared(&mut play, 5, "just typed");
    play.net(Net::Drafts { team_id: id(ENG), answer: Ok(Vec::new()) });
    assert_eq!(typed(&play), "just typed");
}

fn edited(play: &mut Play, content: &str) {
    let content = content.to_owned();
    play.net(Net::Edited { channel_id: id(GENERAL), seq: id(5), content, answer: Ok(()) });
}

#[test]
fn what_is_added_to_an_edit_under_way_stays() {
    let mut play = Play::chat(80, 24);
    play.press(KeyCode::Esc);
    play.type_text("ke");
    play.type_text(" one");
    let first = typed(&play);
    play.press(KeyCode::Enter);
    assert!(matches!(play.effects.last(), Some(Effect::Edit { .. })));
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('e'));
    play.type_text(" two");
    edited(&mut play, &first);
    assert_eq!(typed(&play), format!("{first} two"));
    let second = typed(&play);
    play.press(KeyCode::Enter);
    edited(&mut play, &second);
    assert!(!play.state.chat.drafts.contains_key(&DraftKey::Edit(id(GENERAL), id(5))));
}

/// A chat without a connection, with an unsent reply to message 2.
fn unsent_reply() -> Play {
    let mut play = Play::chat(80, 24);
    play.net(Net::Disconnected { reason: "the connection broke".to_owned(), retry_in_ms: 60_000 });
    play.press(KeyCode::Esc);
    for _ in 0..4 {
        play.press(KeyCode::Char('k'));
    }
    play.press(KeyCode::Char('t'));
    play.type_text("a reply");
    play.press(KeyCode::Enter);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('q'));
    assert_eq!((play.state.chat.thread.is_none(), play.state.chat.outbox.unsent()), (true, 1));
    play.effects.clear();
    play
}

#[test]
fn an_unsent_reply_is_edited_in_its_thread() {
    let mut play = unsent_reply();
    play.press(KeyCode::Char('G'));
    play.press(KeyCode::Char('j'));
    play.press(KeyCode::Char('e'));
    assert_eq!((play.state.chat.focus, typed(&play)), (Focus::ThreadComposer, "a reply".to_owned()));
    assert!(play.screen().contains("reply in thread"), "{}", play.screen());
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::LoadThread { .. })));
}

#[test]
fn unsent_code_that_is_taken_back_says_how_it_stays_code() {
    let mut play = Play::chat(80, 24);
    play.net(Net::Disconnected { reason: "the connection broke".to_owned(), retry_in_ms: 60_000 });
    play.type_text("let a = 1;");
    play.alt('p');
    assert_eq!(play.state.chat.outbox.unsent(), 1, "{}", play.screen());
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('j'));
    play.press(KeyCode::Char('e'));
    assert_eq!(typed(&play), "let a = 1;");
    assert!(play.screen().contains("It was code:"), "{}", play.screen());
}

#[test]
fn unsent_messages_of_another_history_wait_for_the_person() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.save(&disk);
    play.wait(6_000);
    play.save(&disk);
    play.net(Net::Disconnected { reason: "the connection broke".to_owned(), retry_in_ms: 60_000_000 });
    play.type_text("for #general as it was");
    play.press(KeyCode::Enter);
    play.save(&disk);
    for mut play in [play, Play::restart(&disk, 80, 24)] {
        play.effects.clear();
        let mut hello = hello(vec![hello_team()]);
        hello.epoch = Epoch("another".to_owned());
        play.net(Net::Connected(Box::new(hello)));
        play.net(Net::Team { team_id: id(ENG), answer: Ok(contents()) });
        play.wait(6_000);
        assert_eq!(play.sends(), []);
        let states: Vec<_> = play.state.chat.outbox.iter().map(|parcel| parcel.state.clone()).collect();
        assert!(matches!(states.as_slice(), [ParcelState::Failed(_)]), "{states:?}");
    }
}

fn failure() -> Failure {
    let message = "no answer".to_owned();
    Failure { code: None, message, field: None, is_transient: true, retry_after_ms: None }
}

fn forward(play: &mut Play) -> Deed {
    play.press(KeyCode::Char('f'));
    play.type_text("random");
    play.effects.clear();
    play.press(KeyCode::Enter);
    let forwarded = play.effects.drain(..).find_map(|effect| match effect {
        Effect::Do(deed) => Some(*deed),
        _ => None,
    });
    forwarded.expect("a forward")
}

#[test]
fn a_forward_without_an_answer_is_repeated_under_the_same_name() {
    let mut play = Play::chat(80, 24);
    play.arrive(message(7, BOB, 60, "news"));
    play.press(KeyCode::Esc);
    let first = forward(&mut play);
    play.net(Net::Done { deed: Box::new(first.clone()), answer: Err(failure()) });
    assert!(play.screen().contains("may have arrived"), "{}", play.screen());
    assert_eq!(forward(&mut play), first, "the server takes it once");
    let refused = Failure { is_transient: false, ..failure() };
    play.net(Net::Done { deed: Box::new(first.clone()), answer: Err(refused) });
    assert_ne!(forward(&mut play), first);
}
