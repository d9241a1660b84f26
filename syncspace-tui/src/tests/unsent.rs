//! What could not be sent: all of it in one place, whole, and said once when leaving.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ErrorCode, StreamId};

use crate::app::message::Failure;
use crate::app::{Effect, Net};
use crate::cache::Disk;
use crate::play::{ENG, GENERAL, Play, RANDOM, id, name};

const REASON: &str = "this channel takes messages from its administrators alone, since it was made to tell everybody \
    what is going on; write to one of them instead, or ask in another channel";

fn refuse(play: &mut Play, text: &str) {
    play.type_text(text);
    play.press(KeyCode::Enter);
    let client_id = play.sends().remove(0).1;
    let answer = Err(Failure {
        code: Some(ErrorCode::Forbidden),
        message: REASON.to_owned(),
        field: None,
        is_transient: false,
        retry_after_ms: None,
    });
    play.net(Net::Sent { client_id: name(&client_id), answer });
}

/// Is refused a message in #random, which is deleted then.
fn refused_in_what_is_gone(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    play.ctrl('k');
    play.type_text("random");
    play.press(KeyCode::Enter);
    refuse(&mut play, "hear me out");
    play.ctrl('k');
    play.type_text("general");
    play.press(KeyCode::Enter);
    let deleted = EventBody::ChannelDeleted { channel_id: id(RANDOM) };
    play.stream(StreamId::Team(id(ENG)), Some(9), deleted);
    play
}

fn copied(play: &mut Play) -> Option<String> {
    let mut copied = play.effects.drain(..).filter_map(|effect| match effect {
        Effect::Copy { text } => Some(text),
        _ => None,
    });
    copied.next()
}

fn words(screen: &str) -> String {
    screen.split_whitespace().filter(|word| !matches!(*word, "│" | "▌")).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_refusal_is_read_whole_and_copied() {
    for (columns, rows) in [(120, 36), (80, 24), (50, 20)] {
        let mut play = Play::chat(columns, rows);
        play.state.chat.has_sidebar = false;
        refuse(&mut play, "hear me out");
        assert!(words(&play.screen()).contains("or ask in another channel"), "{}", play.screen());
        play.press(KeyCode::Up);
        play.press(KeyCode::Char('y'));
        assert_eq!(copied(&mut play).as_deref(), Some("hear me out"));
        play.press(KeyCode::Enter);
        play.press(KeyCode::Char('y'));
        let sheet = copied(&mut play).unwrap_or_default();
        assert!(sheet.contains("or ask in another channel") && sheet.contains("hear me out"), "{sheet}");
        if columns == 50 {
            assert_snapshot!(play.screen());
        }
    }
}

#[test]
fn what_was_not_sent_stands_on_one_page_wherever_it_was_to_go() {
    let mut play = refused_in_what_is_gone(80, 24);
    assert!(play.screen().contains("1 not sent (F9)"), "{}", play.screen());
    play.press(KeyCode::F(9));
    assert_snapshot!(play.screen());
    play.press(KeyCode::Char('y'));
    assert_eq!(copied(&mut play).as_deref(), Some("hear me out"));
    play.press(KeyCode::Char('s'));
    assert_eq!(play.sends().first().map(|(text, _)| text.as_str()), Some("hear me out"), "it is tried again");
}

#[test]
fn what_was_not_sent_is_opened_edited_and_deleted_from_there() {
    let mut play = refused_in_what_is_gone(80, 24);
    play.press(KeyCode::F(9));
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("hear me out") && play.screen().contains("y copies"), "{}", play.screen());
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('d'));
    assert_eq!(play.state.chat.outbox.unsent(), 0);
    play.press(KeyCode::Esc);
    play.alt('z');
    assert_eq!(play.state.composer().map(|draft| draft.text()).as_deref(), Some("hear me out"));
    assert!(play.screen().contains("to #general"), "{}", play.screen());
}

#[test]
fn what_was_refused_elsewhere_is_edited_where_it_was_to_go() {
    let mut play = Play::chat(80, 24);
    refuse(&mut play, "hear me out");
    play.ctrl('k');
    play.type_text("random");
    play.press(KeyCode::Enter);
    play.press(KeyCode::F(9));
    play.press(KeyCode::Char('e'));
    assert!(play.screen().contains("to #general"), "{}", play.screen());
    assert_eq!(play.state.composer().map(|draft| draft.text()).as_deref(), Some("hear me out"));
    assert_eq!(play.state.chat.open, Some(id(GENERAL)));
}

#[test]
fn leaving_names_what_was_refused_once() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.save(&disk);
    refuse_kept(&mut play, &disk);
    play.ctrl('q');
    assert_snapshot!(play.screen());
    play.press(KeyCode::Esc);
    play.effects.clear();
    play.ctrl('q');
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::Quit)), "{}", play.screen());
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.effects.clear();
    assert!(again.screen().contains("1 not sent (F9)"), "{}", again.screen());
    again.ctrl('q');
    assert!(again.effects.iter().any(|effect| matches!(effect, Effect::Quit)), "{}", again.screen());
}

/// The same with a disk, which a message waits for before it goes out.
fn refuse_kept(play: &mut Play, disk: &Disk) {
    play.type_text("hear me out");
    play.press(KeyCode::Enter);
    play.save(disk);
    let client_id = play.sends().remove(0).1;
    let answer = Err(Failure {
        code: Some(ErrorCode::Forbidden),
        message: REASON.to_owned(),
        field: None,
        is_transient: false,
        retry_after_ms: None,
    });
    play.net(Net::Sent { client_id: name(&client_id), answer });
    play.save(disk);
}
