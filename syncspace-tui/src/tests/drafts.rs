//! Nothing typed is lost: what was thrown away comes back, and devices of one person share their drafts.

use crossterm::event::KeyCode;
use syncspace_protocol::personal::Draft;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ErrorCode, Rev, Seq, StreamId};

use crate::app::composer::DraftKey;
use crate::app::message::Failure;
use crate::app::{Effect, Net};
use crate::cache::Disk;
use crate::play::{ENG, GENERAL, NINE, Play, RANDOM, at, id, my_team};

const DAY: i64 = 24 * 3_600_000;

fn typed(play: &Play) -> String {
    play.state.composer().map(|draft| draft.text()).unwrap_or_default()
}

/// Lets another device of the person change a draft.
fn elsewhere(play: &mut Play, rev: u64, content: &str) {
    let member = my_team().membership.expect("a member").member_id;
    let draft = draft(rev, None, content);
    play.stream(StreamId::Member(member), Some(rev), EventBody::MyDraft { draft });
}

fn draft(rev: u64, parent_seq: Option<Seq>, content: &str) -> Draft {
    Draft { channel_id: id(GENERAL), parent_seq, content: content.to_owned(), updated_at: at(NINE), rev: id(rev) }
}

/// Gives what was sent to the other devices since the last look.
fn shared(play: &mut Play) -> Vec<(String, Rev)> {
    let shared = |effect| match effect {
        Effect::ShareDraft { content, expected_rev, .. } => Some((content, expected_rev)),
        _ => None,
    };
    play.effects.drain(..).filter_map(shared).collect()
}

fn taken(play: &mut Play, rev: u64, content: &str) {
    play.net(Net::DraftShared { key: DraftKey::Channel(id(GENERAL)), answer: Ok(draft(rev, None, content)) });
}

/// Pain 5: typed text is lost.
#[test]
fn a_cleared_composer_comes_back() {
    let mut play = Play::chat(80, 24);
    play.type_text("a long thought");
    play.ctrl('u');
    assert_eq!(typed(&play), "");
    play.alt('z');
    assert_eq!(typed(&play), "a long thought");
    // Letter by letter it is thrown away just as well.
    for _ in 0.."a long thought".len() {
        play.press(KeyCode::Backspace);
    }
    play.type_text("new");
    play.alt('z');
    assert_eq!(typed(&play), "a long thought\nnew");
    play.alt('z');
    assert_eq!(typed(&play), "a long thought\nnew", "it is there once");
}

#[test]
fn what_was_sent_is_not_brought_back() {
    let mut play = Play::chat(80, 24);
    play.type_text("sent");
    play.press(KeyCode::Enter);
    play.alt('z');
    assert_eq!(typed(&play), "");
}

#[test]
fn a_discarded_text_comes_back_where_it_belongs_for_a_day() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.type_text("for general");
    play.ctrl('u');
    play.wait(6_000);
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.ctrl('k');
    again.type_text("random");
    again.press(KeyCode::Enter);
    assert_eq!(again.state.chat.open, Some(id(RANDOM)));
    again.alt('z');
    assert_eq!((again.state.chat.open, typed(&again)), (Some(id(GENERAL)), "for general".to_owned()));

    let mut late = Play::start(80, 24, true);
    late.clock += DAY + 7_200_000;
    late.state.now = at(late.clock);
    crate::app::update::restore::at_start(&mut late.state, id(crate::play::ALICE), disk.snapshot());
    late.alt('z');
    assert_eq!(typed(&late), "");
}

#[test]
fn a_draft_goes_to_the_other_devices_after_a_pause() {
    let mut play = Play::chat(80, 24);
    play.type_text("hel");
    assert!(shared(&mut play).is_empty());
    play.wait(2_100);
    assert_eq!(shared(&mut play), [("hel".to_owned(), id(0))]);
    play.type_text("lo");
    play.wait(5_000);
    assert!(shared(&mut play).is_empty(), "one at a time");
    taken(&mut play, 7, "hel");
    play.wait(2_100);
    assert_eq!(shared(&mut play), [("hello".to_owned(), id(7))]);
    taken(&mut play, 8, "hello");
    play.press(KeyCode::Enter);
    play.wait(2_100);
    assert_eq!(shared(&mut play), [(String::new(), id(8))]);
    taken(&mut play, 9, "");
    play.wait(60_000);
    assert!(shared(&mut play).is_empty());
}

#[test]
fn what_another_device_typed_is_taken_where_nothing_was_typed_here() {
    let mut play = Play::chat(80, 24);
    elsewhere(&mut play, 5, "from the phone");
    assert_eq!(typed(&play), "from the phone");
    elsewhere(&mut play, 6, "from the phone, longer");
    elsewhere(&mut play, 5, "late news");
    assert_eq!(typed(&play), "from the phone, longer");
    play.wait(5_000);
    assert!(shared(&mut play).is_empty(), "the server has it already");
    elsewhere(&mut play, 7, "");
    assert_eq!(typed(&play), "");
}

#[test]
fn what_is_being_typed_here_is_never_overwritten() {
    let mut play = Play::chat(80, 24);
    elsewhere(&mut play, 5, "from the phone");
    play.type_text(" and here");
    elsewhere(&mut play, 6, "something else");
    assert_eq!(typed(&play), "from the phone and here");
    play.wait(2_100);
    assert_eq!(shared(&mut play), [("from the phone and here".to_owned(), id(6))]);
}

#[test]
fn an_echo_that_comes_after_sending_is_no_new_draft() {
    let mut play = Play::chat(80, 24);
    play.type_text("quick");
    play.wait(2_100);
    play.press(KeyCode::Enter);
    elsewhere(&mut play, 5, "quick");
    assert_eq!(typed(&play), "", "our own words come back late");
    taken(&mut play, 5, "quick");
    assert_eq!(typed(&play), "");
    play.effects.clear();
    play.wait(2_100);
    assert_eq!(shared(&mut play), [(String::new(), id(5))]);
}

#[test]
fn a_draft_that_another_device_sent_meanwhile_is_gone_here_too() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.type_text("to be sent elsewhere");
    play.wait(2_100);
    taken(&mut play, 5, "to be sent elsewhere");
    play.wait(6_000);
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    assert_eq!(typed(&again), "to be sent elsewhere");
    again.connect();
    again.net(Net::Drafts { team_id: id(ENG), answer: Ok(Vec::new()) });
    assert_eq!(typed(&again), "");
    again.alt('z');
    assert_eq!(typed(&again), "to be sent elsewhere", "nothing is lost by it");
}

#[test]
fn two_devices_at_once_are_settled_by_reading_first() {
    let mut play = Play::chat(80, 24);
    play.type_text("mine");
    play.wait(2_100);
    shared(&mut play);
    let code = Some(ErrorCode::Conflict);
    let failure =
        Failure { code, message: "changed".to_owned(), field: None, is_transient: false, retry_after_ms: None };
    play.net(Net::DraftShared { key: DraftKey::Channel(id(GENERAL)), answer: Err(failure) });
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::LoadDrafts(team) if *team == id(ENG))));
    play.net(Net::Drafts { team_id: id(ENG), answer: Ok(vec![draft(9, None, "theirs")]) });
    assert_eq!(typed(&play), "mine");
    play.effects.clear();
    play.wait(20_000);
    assert_eq!(shared(&mut play), [("mine".to_owned(), id(9))]);
}

#[test]
fn a_thread_shares_its_own_draft() {
    let mut play = Play::chat(120, 24);
    let member = my_team().membership.expect("a member").member_id;
    let draft = draft(5, Some(id(2)), "a reply from the phone");
    play.stream(StreamId::Member(member), Some(5), EventBody::MyDraft { draft });
    assert_eq!(typed(&play), "");
    let key = DraftKey::Thread(id(GENERAL), id(2));
    assert_eq!(play.state.chat.drafts.get(&key).map(|draft| draft.text()), Some("a reply from the phone".to_owned()));
}
