//! What was sent arrives once, in order, whatever happens to the connection.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;
use syncspace_protocol::ErrorCode;
use syncspace_protocol::socket::SentAck;

use crate::app::message::Failure;
use crate::app::{Event, Net};
use crate::play::{ALICE, BOB, GENERAL, NINE, Play, at, id, message, name};

fn send(play: &mut Play, text: &str) {
    play.type_text(text);
    play.press(KeyCode::Enter);
}

fn failure(is_transient: bool, message: &str) -> Failure {
    Failure {
        code: Some(if is_transient { ErrorCode::Busy } else { ErrorCode::Forbidden }),
        message: message.to_owned(),
        field: None,
        is_transient,
        retry_after_ms: Some(500),
    }
}

#[test]
fn a_message_goes_out_once_and_becomes_the_one_that_arrives() {
    let mut play = Play::chat(80, 24);
    send(&mut play, "hello");
    let sent = play.sends();
    let [(content, client_id)] = &sent[..] else { panic!("one send, not {sent:?}") };
    assert_eq!((content.as_str(), client_id.len()), ("hello", 36));
    assert!(play.screen().contains("sending…"));
    let ack = SentAck { message_id: id(1_007), seq: id(7), rev: id(7), created_at: at(NINE), is_repeat: false };
    play.net(Net::Sent { client_id: name(client_id), answer: Ok(ack) });
    let mut echo = message(7, ALICE, 70, "hello");
    echo.client_id = name(client_id);
    play.arrive(echo);
    assert!(!play.screen().contains("sending…"), "{}", play.screen());
    assert_eq!(play.screen().matches("hello").count(), 1);
}

#[test]
fn an_echo_before_the_acknowledgement_is_the_same_message() {
    let mut play = Play::chat(80, 24);
    send(&mut play, "hello");
    let client_id = play.sends().remove(0).1;
    let mut echo = message(7, ALICE, 70, "hello");
    echo.client_id = name(&client_id);
    play.arrive(echo);
    let ack = SentAck { message_id: id(1_007), seq: id(7), rev: id(7), created_at: at(NINE), is_repeat: false };
    play.net(Net::Sent { client_id: name(&client_id), answer: Ok(ack) });
    assert_eq!(play.screen().matches("hello").count(), 1, "{}", play.screen());
    assert_eq!(play.state.chat.outbox.unsent(), 0);
}

#[test]
fn after_a_reconnect_the_same_names_go_out_in_order() {
    let mut play = Play::chat(80, 24);
    send(&mut play, "one");
    send(&mut play, "two");
    let first = play.sends();
    assert_eq!(first.len(), 1, "the second waits for the first");
    play.net(Net::Disconnected { reason: "the connection broke".to_owned(), retry_in_ms: 500 });
    assert_snapshot!(play.screen());
    play.connect();
    assert_eq!(play.sends(), first);
}

#[test]
fn a_busy_server_is_asked_again_after_its_delay() {
    let mut play = Play::chat(80, 24);
    send(&mut play, "one");
    let first = play.sends();
    play.net(Net::Sent { client_id: name(&first[0].1), answer: Err(failure(true, "too much to do")) });
    assert!(play.sends().is_empty());
    play.clock = play.state.next_deadline().expect("a retry").unix_ms();
    play.event(Event::Tick);
    assert_eq!(play.sends(), first);
}

#[test]
fn a_refused_message_stays_and_can_be_sent_again_or_taken_back() {
    let mut play = Play::chat(80, 24);
    send(&mut play, "not allowed");
    let first = play.sends();
    play.net(Net::Sent { client_id: name(&first[0].1), answer: Err(failure(false, "you may not write here")) });
    assert_snapshot!(play.screen());
    play.ctrl('r');
    assert_eq!(play.sends(), first);
    play.net(Net::Sent { client_id: name(&first[0].1), answer: Err(failure(false, "you may not write here")) });
    play.type_text("typed since");
    play.alt('e');
    assert_eq!(play.state.composer().map(|draft| draft.text()), Some("not allowed\ntyped since".to_owned()));
    assert_eq!(play.state.chat.outbox.of(id(GENERAL), None).count(), 0);
}

#[test]
fn a_paste_is_one_block_and_never_sends() {
    let mut play = Play::chat(80, 24);
    play.event(Event::Paste("line 1\nline 2\r\nline 3\n".to_owned()));
    assert!(play.sends().is_empty());
    assert_eq!(play.state.composer().map(|draft| draft.text()), Some("line 1\nline 2\nline 3\n".to_owned()));
}

#[test]
fn every_key_for_a_new_line_makes_one() {
    let mut play = Play::chat(80, 24);
    for (code, modifiers) in [
        (KeyCode::Enter, KeyModifiers::ALT),
        (KeyCode::Enter, KeyModifiers::SHIFT),
        (KeyCode::Char('j'), KeyModifiers::CONTROL),
    ] {
        play.type_text("x");
        play.event(Event::Key(KeyEvent::new(code, modifiers)));
    }
    assert!(play.sends().is_empty());
    assert_eq!(play.state.composer().map(|draft| draft.text()), Some("x\nx\nx\n".to_owned()));
}

#[test]
fn what_is_too_long_stays_in_the_composer() {
    let mut play = Play::chat(80, 24);
    play.event(Event::Paste("x".repeat(16_001)));
    play.press(KeyCode::Enter);
    assert!(play.sends().is_empty());
    assert!(play.screen().contains("Too long by 1 bytes"));
    assert_eq!(play.state.composer().map(|draft| draft.text().len()), Some(16_001));
}

#[test]
fn a_session_that_ends_by_itself_loses_nothing_that_was_typed() {
    let mut play = Play::chat(80, 24);
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 });
    send(&mut play, "not sent yet");
    play.type_text("a draft");
    play.net(Net::SessionOver { reason: "the session was ended; log in again".to_owned() });
    assert!(play.screen().contains("The session was ended; log in again"), "{}", play.screen());
    play.sends();
    play.connect();
    assert_eq!(play.sends().first().map(|(content, _)| content.as_str()), Some("not sent yet"));
    assert!(play.screen().contains("a draft"), "{}", play.screen());
}

fn selected(play: &Play) -> Option<String> {
    play.state.selected().map(|(_, message)| message.content.clone())
}

#[test]
fn after_a_send_up_and_esc_go_to_what_was_sent() {
    for code in [KeyCode::Up, KeyCode::Esc] {
        let mut play = Play::chat(80, 24);
        play.press(KeyCode::Esc);
        play.press(KeyCode::Up);
        play.press(KeyCode::Up);
        assert_eq!(selected(&play).as_deref(), Some("Cache key changed with the lock file, I think."));
        play.press(KeyCode::Char('i'));
        send(&mut play, "hello");
        let mut echo = message(7, ALICE, 70, "hello");
        echo.client_id = name(&play.sends().remove(0).1);
        play.arrive(echo);
        play.press(code);
        assert_eq!(selected(&play).as_deref(), Some("hello"), "{code:?}");
    }
}

#[test]
fn up_goes_to_what_stands_right_above_and_follows_it_when_it_arrives() {
    let mut play = Play::chat(80, 24);
    send(&mut play, "hello");
    let client_id = play.sends().remove(0).1;
    play.press(KeyCode::Up);
    assert_eq!(play.state.selected_parcel().map(|parcel| parcel.content.as_str()), Some("hello"));
    let mut echo = message(7, ALICE, 70, "hello");
    echo.client_id = name(&client_id);
    play.arrive(echo);
    assert_eq!(selected(&play).as_deref(), Some("hello"), "{}", play.screen());
    play.press(KeyCode::Char('e'));
    assert_eq!(play.state.composer().map(|draft| draft.text()).as_deref(), Some("hello"));
}

#[test]
fn what_was_selected_is_forgotten_where_it_is_out_of_sight() {
    let mut play = Play::chat(80, 12);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Up);
    play.press(KeyCode::Char('i'));
    for seq in 7..40 {
        play.arrive(message(seq, BOB, 60, &format!("number {seq}")));
    }
    play.press(KeyCode::Up);
    assert_eq!(selected(&play).as_deref(), Some("number 39"), "{}", play.screen());
}

fn offline_with(texts: &[&str]) -> Play {
    let mut play = Play::chat(80, 24);
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 30_000 });
    texts.iter().for_each(|text| send(&mut play, text));
    play.press(KeyCode::Esc);
    play
}

fn waiting(play: &Play) -> Vec<&str> {
    play.state.chat.outbox.iter().map(|parcel| parcel.content.as_str()).collect()
}

#[test]
fn each_message_on_its_way_can_be_selected() {
    let mut play = offline_with(&["one", "two", "three"]);
    let marked = |play: &Play| -> Vec<String> {
        let screen = play.screen();
        let marked = screen.lines().filter_map(|line| line.split_once("▌ ").map(|(_, text)| text.trim().to_owned()));
        marked.collect()
    };
    for expected in ["one", "two", "three", "three"] {
        play.press(KeyCode::Down);
        assert_eq!(marked(&play), ["↑ waiting for the connection…", expected], "{}", play.screen());
    }
    for expected in ["two", "one"] {
        play.press(KeyCode::Up);
        assert_eq!(marked(&play).last().map(String::as_str), Some(expected));
    }
    play.press(KeyCode::Up);
    assert!(marked(&play).contains(&"message deleted".to_owned()), "{}", play.screen());
    play.press(KeyCode::Down);
    assert_snapshot!(play.screen());
}

#[test]
fn what_was_not_sent_yet_can_be_edited_or_deleted_and_nothing_is_lost() {
    let mut play = offline_with(&["one", "two", "three"]);
    play.press(KeyCode::Down);
    play.press(KeyCode::Down);
    play.press(KeyCode::Char('d'));
    assert_eq!(waiting(&play), ["one", "three"]);
    play.press(KeyCode::Up);
    play.press(KeyCode::Char('e'));
    assert_eq!(waiting(&play), ["three"]);
    assert_eq!(play.state.composer().map(|draft| draft.text()), Some("one".to_owned()));
    play.alt('z');
    assert_eq!(play.state.composer().map(|draft| draft.text()), Some("two\none".to_owned()));
}

#[test]
fn what_may_have_arrived_is_neither_edited_nor_deleted() {
    let mut play = Play::chat(100, 24);
    send(&mut play, "on its way");
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 30_000 });
    play.press(KeyCode::Esc);
    play.press(KeyCode::Down);
    for key in ['e', 'd'] {
        play.press(KeyCode::Char(key));
        assert_eq!(waiting(&play), ["on its way"]);
        assert!(play.screen().contains("It may have arrived already"), "{}", play.screen());
    }
}

#[test]
fn one_refused_message_is_sent_again_alone() {
    let mut play = Play::chat(80, 24);
    for text in ["first", "second"] {
        send(&mut play, text);
        let client_id = play.sends().remove(0).1;
        play.net(Net::Sent { client_id: name(&client_id), answer: Err(failure(false, "you may not write here")) });
    }
    play.press(KeyCode::Esc);
    play.press(KeyCode::Down);
    play.press(KeyCode::Down);
    play.ctrl('r');
    assert_eq!(play.sends().iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["second"]);
}

#[test]
fn what_waits_for_the_disk_alone_is_on_its_way() {
    let mut play = Play::chat_with_disk(80, 24);
    send(&mut play, "hello");
    assert!(play.screen().contains("↑ sending…"), "{}", play.screen());
}

#[test]
fn something_is_selected_also_where_the_first_message_comes_later() {
    let mut play = Play::start(80, 24, true);
    play.connect();
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(crate::play::page(Vec::new(), None)) });
    play.press(KeyCode::Esc);
    play.arrive(message(7, ALICE, 70, "the first one"));
    assert!(play.screen().lines().any(|line| line.contains('▌')), "{}", play.screen());
}
