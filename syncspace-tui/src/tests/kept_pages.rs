//! What of the pages survives a restart: lists that were read, and texts of scheduled messages that were not saved.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::Page;
use syncspace_protocol::channels::ReadMarker;
use syncspace_protocol::personal::{MyThread, SavedMessage, ThreadMembership};
use syncspace_protocol::scheduled::{Scheduled, ScheduledState};
use syncspace_protocol::socket::EventBody;

use crate::app::Net;
use crate::app::deed::{Deed, ListOf, Outcome};
use crate::cache::Disk;
use crate::play::{BOB, CAROL, ENG, GENERAL, NINE, Play, at, id, message, morning};

fn read(play: &mut Play, key: u8, list: ListOf, outcome: Outcome) {
    play.effects.retain(|effect| !matches!(effect, crate::app::Effect::Do(_)));
    play.press(KeyCode::F(key));
    let asked = play.deeds();
    let is_it = |deed: &Deed| matches!(deed, Deed::ReadList { list: of, .. } if *of == list);
    let asked = asked.into_iter().find(is_it).expect("the list is asked for");
    play.answer(asked, outcome);
}

fn page<T>(items: Vec<T>) -> Page<T> {
    Page { items, next: None }
}

fn threads() -> Outcome {
    let root = morning().remove(1);
    let read =
        ReadMarker { last_read_seq: root.seq, unread_count: 2, mention_count: 0, as_of_rev: root.rev, rev: id(1) };
    let (channel_id, root_seq) = (root.channel_id, root.seq);
    let membership = ThreadMembership { channel_id, root_seq, is_following: true, is_muted: false, read };
    Outcome::Threads(page(vec![MyThread { root, membership }]))
}

fn saved() -> Outcome {
    let message = message(3, CAROL, 5, "How to restart the runner");
    Outcome::SavedPage(page(vec![SavedMessage { message, saved_at: at(NINE + 3_000_000), rev: id(3) }]))
}

fn held(number: u64, content: &str) -> Scheduled {
    Scheduled {
        id: id(number),
        team_id: id(ENG),
        channel_id: id(GENERAL),
        parent_message_id: None,
        content: content.to_owned(),
        files: Vec::new(),
        send_at: at(NINE + 5 * 3_600_000),
        state: ScheduledState::Waiting,
        failure: None,
        message: None,
        created_at: at(NINE),
        updated_at: at(NINE),
        rev: id(number),
    }
}

fn scheduled(items: Vec<Scheduled>) -> Outcome {
    Outcome::ScheduledPage(page(items))
}

/// A run that has read its lists, and was killed.
fn killed(disk: &Disk) {
    let mut play = Play::chat_with_disk(80, 24);
    play.save(disk);
    read(&mut play, 5, ListOf::Threads, threads());
    read(&mut play, 7, ListOf::Saved, saved());
    read(&mut play, 8, ListOf::Scheduled, scheduled(vec![held(1, "Good afternoon")]));
    play.wait(6_000);
    play.save(disk);
}

#[test]
fn lists_that_were_read_are_there_after_a_restart_without_a_connection() {
    let disk = Disk::new();
    killed(&disk);
    for (columns, rows) in [(40, 20), (60, 20), (80, 24), (100, 24), (120, 36), (200, 40)] {
        let mut play = Play::restart(&disk, columns, rows);
        play.net(Net::Disconnected { reason: "the connection broke".to_owned(), retry_in_ms: 60_000 });
        for (key, words) in [(5, "nightly build"), (7, "How to restart"), (8, "Good afternoon")] {
            play.press(KeyCode::F(key));
            let screen = play.screen();
            assert!(screen.contains(words) && screen.contains("only what is kept here"), "{screen}");
        }
        play.press(KeyCode::F(5));
        assert_snapshot!(format!("threads_kept_{columns}"), play.screen());
    }
}

#[test]
fn what_is_kept_stands_until_the_server_answers() {
    let disk = Disk::new();
    killed(&disk);
    let mut play = Play::restart(&disk, 100, 24);
    play.connect();
    play.effects.clear();
    play.press(KeyCode::F(7));
    let screen = play.screen();
    assert!(screen.contains("How to restart") && screen.contains("what is kept here, as of 10:"), "{screen}");
    let asked = play.deeds().into_iter().find(|deed| matches!(deed, Deed::ReadList { .. })).expect("it is asked for");
    play.answer(asked, Outcome::SavedPage(page(Vec::new())));
    let screen = play.screen();
    assert!(!screen.contains("How to restart") && !screen.contains("kept"), "{screen}");
}

#[test]
fn what_may_not_be_seen_any_more_is_not_kept() {
    let disk = Disk::new();
    killed(&disk);
    assert!(disk.snapshot().lists.iter().any(|list| format!("{list:?}").contains("How to restart")));
    let mut play = Play::restart(&disk, 80, 24);
    play.connect();
    let team = syncspace_protocol::StreamId::Team(id(ENG));
    play.stream(team, Some(2), EventBody::ChannelDeleted { channel_id: id(GENERAL) });
    play.wait(6_000);
    play.save(&disk);
    let kept = format!("{:?}", disk.snapshot().lists);
    assert!(!kept.contains("How to restart") && !kept.contains("nightly build"), "{kept}");
}

/// Pain 5: typed text lost.
#[test]
fn pain_5_a_changed_text_of_a_scheduled_message_survives_a_kill() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.save(&disk);
    read(&mut play, 8, ListOf::Scheduled, scheduled(vec![held(1, "Good afternoon")]));
    play.press(KeyCode::Char('e'));
    play.type_text(", everybody");
    play.wait(6_000);
    play.type_text("!");
    // What was typed last is on disk as well, though the lists wait.
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.press(KeyCode::F(8));
    assert!(again.screen().contains("→ Good afternoon, everybody!"), "{}", again.screen());
    again.press(KeyCode::Esc);
    again.connect();
    read(&mut again, 8, ListOf::Scheduled, scheduled(vec![held(1, "Good afternoon")]));
    assert!(again.screen().contains("changed, not saved: e"), "{}", again.screen());
    again.press(KeyCode::Char('e'));
    assert!(again.screen().contains("Good afternoon, everybody!"), "{}", again.screen());
    again.press(KeyCode::Enter);
    let edit = again.deeds().into_iter().find(|deed| matches!(deed, Deed::EditScheduled { .. })).expect("an edit");
    again.answer(edit, Outcome::Scheduled(Box::new(held(1, "Good afternoon, everybody!"))));
    again.save(&disk);
    assert_eq!(disk.snapshot().edits, []);
}

/// Typing works without a connection; only what needs the server says so.
#[test]
fn a_scheduled_message_is_edited_without_a_connection_and_saved_with_the_next() {
    let mut play = Play::chat(80, 24);
    read(&mut play, 8, ListOf::Scheduled, scheduled(vec![held(1, "Good afternoon")]));
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 1_000 });
    for (key, what) in [('t', "Change its time"), ('s', "Send it now"), ('d', "Take it off the list")] {
        play.press(KeyCode::Char(key));
        let screen = play.screen();
        assert!(screen.contains(&format!("Not possible here: {what}")), "{screen}");
        assert_eq!(play.deeds(), [], "{key}");
    }
    play.press(KeyCode::Char('e'));
    play.type_text(", all");
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("Not saved: there is no connection."), "{}", play.screen());
    assert_eq!(play.deeds(), []);
    play.connect();
    play.press(KeyCode::Enter);
    let edit = play.deeds().into_iter().find_map(|deed| match deed {
        Deed::EditScheduled { edit, .. } => edit.content,
        _ => None,
    });
    assert_eq!(edit.as_deref(), Some("Good afternoon, all"));
}

#[test]
fn pain_5_a_changed_text_of_a_message_that_was_sent_meanwhile_can_be_brought_back() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.save(&disk);
    read(&mut play, 8, ListOf::Scheduled, scheduled(vec![held(1, "Good afternoon"), held(2, "Other")]));
    play.press(KeyCode::Char('e'));
    play.type_text(" to all of you");
    play.press(KeyCode::Esc);
    play.wait(6_000);
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.connect();
    read(&mut again, 8, ListOf::Scheduled, scheduled(vec![held(2, "Other")]));
    assert!(again.screen().contains("Alt+Z brings back what you changed"), "{}", again.screen());
    again.press(KeyCode::Esc);
    again.alt('z');
    assert!(again.screen().contains("Good afternoon to all of you"), "{}", again.screen());
    again.arrive(message(7, BOB, 60, "x"));
    again.save(&disk);
    assert_eq!(disk.snapshot().edits, []);
}
