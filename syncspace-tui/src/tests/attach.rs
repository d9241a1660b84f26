//! Files of this machine on their way into a message: several in one command, dropped on the terminal, completed by Tab.

use crossterm::event::KeyCode;

use super::files::{file, look_for_files};
use crate::app::deed::{Deed, Outcome};
use crate::app::message::{Failure, FolderEntry, Here};
use crate::app::state::Focus;
use crate::app::{Effect, Event, Net};
use crate::cache::Disk;
use crate::play::{Play, id};

fn composer(play: &Play) -> String {
    play.state.composer().map(crate::app::composer::Composer::text).unwrap_or_default()
}

fn enter(play: &mut Play, words: &str) {
    play.type_text(words);
    play.press(KeyCode::Enter);
}

/// Gives the uploads that were asked for: place and path.
fn uploads(play: &mut Play) -> Vec<(usize, String)> {
    let upload = |effect: &Effect| match effect {
        Effect::Upload { at, path, .. } => Some((*at, path.clone())),
        _ => None,
    };
    let asked = play.effects.iter().filter_map(upload).collect();
    play.effects.retain(|effect| upload(effect).is_none());
    asked
}

/// Lets an upload end; gives what was sent because of it.
fn uploaded(play: &mut Play, at: usize, number: u64) -> Vec<(String, Vec<u64>)> {
    let client_id = play.state.chat.outbox.iter().next().expect("on its way").client_id.clone();
    play.net(Net::Uploaded { client_id, at, answer: Ok(file(number, "x", 10, None)) });
    let send = |effect: &Effect| match effect {
        Effect::Send { body, .. } => Some((body.content.clone(), body.files.iter().map(|file| file.get()).collect())),
        _ => None,
    };
    let went = play.effects.iter().filter_map(send).collect();
    play.effects.retain(|effect| send(effect).is_none());
    went
}

#[test]
fn several_files_are_one_message() {
    let mut play = Play::chat(80, 24);
    enter(&mut play, "/upload /tmp/a.png '/tmp/b c.png' 1.5 of them");
    assert_eq!(composer(&play), "");
    look_for_files(&mut play, &["/tmp/a.png", "/tmp/b c.png"]);
    assert_eq!(uploads(&mut play), [(0, "/tmp/a.png".to_owned())]);
    let screen = play.screen();
    assert!(screen.contains("▤ a.png") && screen.contains("▤ b c.png") && screen.contains("1.5 of them"), "{screen}");
    assert_eq!(uploaded(&mut play, 0, 5), []);
    assert_eq!(uploads(&mut play), [(1, "/tmp/b c.png".to_owned())]);
    // What is told twice of the first one is not the second one.
    assert_eq!(uploaded(&mut play, 0, 7), []);
    assert_eq!(uploaded(&mut play, 1, 6), [("1.5 of them".to_owned(), vec![5, 6])]);
}

#[test]
fn several_files_outlive_a_kill_between_them() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.save(&disk);
    enter(&mut play, "/upload /tmp/a.png /tmp/b.png both");
    look_for_files(&mut play, &["/tmp/a.png", "/tmp/b.png"]);
    play.save(&disk);
    uploaded(&mut play, 0, 5);
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.connect();
    again.save(&disk);
    assert_eq!(uploads(&mut again), [(1, "/tmp/b.png".to_owned())], "the first one is there");
    uploaded(&mut again, 1, 6);
    again.save(&disk);
    assert_eq!(again.sends().into_iter().map(|(content, _)| content).collect::<Vec<_>>(), ["both"]);
}

#[test]
fn a_command_without_its_file_comes_back_above_what_was_typed_since() {
    let mut play = Play::chat(80, 24);
    enter(&mut play, "/upload plan.pdf for tomorrow");
    play.type_text("meanwhile");
    look_for_files(&mut play, &[]);
    assert!(play.screen().contains("There is no file plan.pdf here"), "{}", play.screen());
    assert_eq!(composer(&play), "/upload plan.pdf for tomorrow\nmeanwhile");
    let mut play = Play::chat(80, 24);
    let many: Vec<String> = (0..11).map(|number| format!("/tmp/{number}.png")).collect();
    enter(&mut play, &format!("/upload {}", many.join(" ")));
    look_for_files(&mut play, &many.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(play.screen().contains("A message carries at most 10 files."), "{}", play.screen());
    assert_eq!(uploads(&mut play), []);
}

#[test]
fn a_dropped_path_is_text_until_it_is_made_a_file() {
    let mut play = Play::chat(80, 24);
    play.type_text("look: ");
    play.event(Event::Paste("'/tmp/my plan.pdf' ".to_owned()));
    assert_eq!(composer(&play), "look: '/tmp/my plan.pdf' ");
    // Before it is known, and where it is no file, the key does nothing.
    play.alt('v');
    assert_eq!(composer(&play), "look: '/tmp/my plan.pdf' ");
    look_for_files(&mut play, &["/tmp/my plan.pdf"]);
    assert!(play.screen().contains("Alt+V makes my plan.pdf a file of the message"), "{}", play.screen());
    assert_eq!(composer(&play), "look: '/tmp/my plan.pdf' ", "an offer changes nothing");
    play.alt('v');
    assert_eq!(composer(&play), "/upload '/tmp/my plan.pdf' look:");
    assert!(play.sends().is_empty() && uploads(&mut play).is_empty(), "nothing is sent");
    play.ctrl('z');
    assert_eq!(composer(&play), "look: '/tmp/my plan.pdf' ");
}

#[test]
fn what_is_pasted_and_is_no_file_stays_text_without_a_word() {
    let mut play = Play::chat(80, 24);
    play.event(Event::Paste("/tmp/not there".to_owned()));
    look_for_files(&mut play, &[]);
    assert_eq!(composer(&play), "/tmp/not there");
    assert_eq!(play.state.notice, None);
    for text in ["plain text", "/usr/bin/env is where\nit is", "https://example.org/a.png"] {
        let mut play = Play::chat(80, 24);
        play.event(Event::Paste(text.to_owned()));
        let is_asked = play.effects.iter().any(|effect| matches!(effect, Effect::FindFiles { .. }));
        assert!(!is_asked || text.starts_with('/'), "{text}");
        assert_eq!(composer(&play), text);
    }
}

/// Gives what is asked to be scheduled.
fn scheduled(play: &mut Play) -> Option<Deed> {
    play.deeds().into_iter().find(|deed| matches!(deed, Deed::Schedule { .. }))
}

const LATER: &str = "/later 14:30 /upload /tmp/a.png 'b c.png' for tomorrow";

#[test]
fn files_are_sent_later_and_the_line_stays_until_the_server_has_the_message() {
    let mut play = Play::chat(80, 24);
    enter(&mut play, LATER);
    look_for_files(&mut play, &["/tmp/a.png", &crate::app::paths::whole("b c.png").expect("a path")]);
    assert_eq!(composer(&play), LATER, "nothing is lost while they go up");
    assert!(play.screen().contains("2 files go up"), "{}", play.screen());
    let deed = scheduled(&mut play).expect("a message for later");
    let Deed::Schedule { message, paths, .. } = &deed else { unreachable!() };
    assert_eq!((message.content.as_str(), message.channel_id), ("for tomorrow", id(crate::play::GENERAL)));
    assert!(paths[0] == "/tmp/a.png" && paths[1].ends_with("/b c.png") && paths.len() == 2, "{paths:?}");
    let send_at = message.send_at;
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("going up already") && scheduled(&mut play).is_none(), "{}", play.screen());
    play.answer(deed, Outcome::Due(send_at));
    assert_eq!(composer(&play), "");
    assert!(play.screen().contains("It will be sent"), "{}", play.screen());
    assert!(play.state.chat.outbox.iter().next().is_none(), "nothing goes out now");
}

#[test]
fn a_key_that_is_pressed_twice_sends_once_later() {
    let mut play = Play::chat(80, 24);
    enter(&mut play, LATER);
    play.press(KeyCode::Enter);
    look_for_files(&mut play, &["/tmp/a.png"]);
    look_for_files(&mut play, &["/tmp/a.png"]);
    assert_eq!(play.deeds().iter().filter(|deed| matches!(deed, Deed::Schedule { .. })).count(), 1);
}

#[test]
fn what_was_typed_while_files_go_up_for_later_stays() {
    let mut play = Play::chat(80, 24);
    enter(&mut play, "/later 14:30 /upload /tmp/a.png");
    look_for_files(&mut play, &["/tmp/a.png"]);
    let deed = scheduled(&mut play).expect("a message for later");
    play.type_text(" and more");
    let now = play.state.now;
    play.answer(deed, Outcome::Due(now));
    assert_eq!(composer(&play), "and more");
}

#[test]
fn files_that_cannot_be_sent_later_leave_the_line_as_it_is() {
    let mut play = Play::chat(80, 24);
    enter(&mut play, LATER);
    look_for_files(&mut play, &[]);
    assert!(play.screen().contains("There is no file /tmp/a.png here"), "{}", play.screen());
    assert_eq!(composer(&play), LATER);
    play.press(KeyCode::Enter);
    look_for_files(&mut play, &["/tmp/a.png"]);
    let deed = scheduled(&mut play).expect("a message for later");
    let Deed::Schedule { message, .. } = &deed else { unreachable!() };
    assert_eq!(message.content, "'b c.png' for tomorrow", "what is no file is text");
    let failure =
        Failure { message: "no route".to_owned(), is_transient: true, code: None, field: None, retry_after_ms: None };
    play.net(Net::Done { deed: Box::new(deed), answer: Err(failure) });
    assert!(play.screen().contains("Not done: No route"), "{}", play.screen());
    assert_eq!(composer(&play), LATER);
    play.press(KeyCode::Enter);
    look_for_files(&mut play, &["/tmp/a.png"]);
    assert!(scheduled(&mut play).is_some(), "Enter begins it anew");
    let mut play = Play::chat(80, 24);
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 60_000 });
    enter(&mut play, LATER);
    assert!(play.screen().contains("there is no connection"), "{}", play.screen());
    assert_eq!(composer(&play), LATER);
    for wrong in ["/later 14:30 /upload", "/later 14:30 /upload 'open"] {
        let mut play = Play::chat(80, 24);
        enter(&mut play, wrong);
        assert_eq!(composer(&play), wrong);
        assert!(scheduled(&mut play).is_none() && play.screen().contains("Name a file"), "{}", play.screen());
    }
}

#[test]
fn a_draft_that_sends_files_is_sent_later_by_its_key_too() {
    let mut play = Play::chat(80, 24);
    play.type_text("/upload /tmp/a.png look");
    play.alt('l');
    play.type_text("tomorrow 8:00");
    play.press(KeyCode::Enter);
    look_for_files(&mut play, &["/tmp/a.png"]);
    let deed = scheduled(&mut play).expect("a message for later");
    let Deed::Schedule { message, paths, .. } = &deed else { unreachable!() };
    assert_eq!((message.content.as_str(), paths.as_slice()), ("look", ["/tmp/a.png".to_owned()].as_slice()));
    let send_at = message.send_at;
    play.answer(deed, Outcome::Due(send_at));
    assert_eq!(composer(&play), "");
}

#[test]
fn a_kill_while_files_go_up_for_later_keeps_the_line() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    enter(&mut play, LATER);
    look_for_files(&mut play, &["/tmp/a.png"]);
    play.save(&disk);
    play.wait(6_000);
    play.save(&disk);
    assert_eq!(composer(&Play::restart(&disk, 80, 24)), LATER);
}

/// The text of a dropped file may have several lines.
#[test]
fn an_offer_keeps_every_line() {
    let mut play = Play::chat(80, 24);
    play.event(Event::Paste("one\ntwo\n".to_owned()));
    play.event(Event::Paste("/tmp/a.png".to_owned()));
    look_for_files(&mut play, &["/tmp/a.png"]);
    play.alt('v');
    play.press(KeyCode::Enter);
    look_for_files(&mut play, &["/tmp/a.png"]);
    assert_eq!(play.state.notice, None, "what was said of how to send it");
    assert_eq!(uploads(&mut play), [(0, "/tmp/a.png".to_owned())]);
    assert_eq!(uploaded(&mut play, 0, 5), [("one\ntwo".to_owned(), vec![5])]);
}

/// Answers what lies in the folder that is asked for.
fn list(play: &mut Play, names: &[&str]) -> String {
    let folder = |effect| match effect {
        Effect::ListFolder(path) => Some(path),
        _ => None,
    };
    // Those on the way there were asked for as well.
    let path = play.effects.drain(..).filter_map(folder).next_back().expect("it is asked");
    let entry =
        |name: &&str| FolderEntry { is_file: !name.ends_with('/'), name: name.trim_end_matches('/').to_owned() };
    let mut entries: Vec<FolderEntry> = names.iter().map(entry).collect();
    entries.sort();
    play.net(Net::Here(Here::Folder { path: path.clone(), entries }));
    path
}

#[test]
fn tab_completes_paths_folders_first() {
    let mut play = Play::chat(80, 24);
    play.type_text("/upload /srv/");
    assert_eq!(list(&mut play, &["plan.pdf", "plans/", "my files/", ".hidden", "zoo.txt"]), "/srv/");
    insta::assert_snapshot!("tab_completes_paths", play.screen());
    play.type_text("pl");
    play.press(KeyCode::Tab);
    assert_eq!(composer(&play), "/upload /srv/plans/", "one goes on in a folder");
    assert_eq!(list(&mut play, &["2026.pdf"]), "/srv/plans/");
    play.press(KeyCode::Tab);
    assert_eq!(composer(&play), "/upload /srv/plans/2026.pdf ");
    // A name with blanks is quoted, and its quote is closed at the end.
    play.type_text("/srv/m");
    list(&mut play, &["my files/"]);
    play.press(KeyCode::Tab);
    assert_eq!(composer(&play), "/upload /srv/plans/2026.pdf '/srv/my files/");
    list(&mut play, &["it's.png"]);
    play.press(KeyCode::Tab);
    assert_eq!(composer(&play), "/upload /srv/plans/2026.pdf '/srv/my files/it'\\''s.png' ");
    // The words behind are text.
    play.type_text("look at this");
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::ListFolder(_))));
    play.press(KeyCode::Enter);
    look_for_files(&mut play, &["/srv/plans/2026.pdf", "/srv/my files/it's.png"]);
    assert_eq!(uploads(&mut play).len(), 1);
    assert_eq!(play.state.chat.outbox.iter().next().expect("on its way").content, "look at this");
    assert_eq!(play.state.chat.open, Some(id(crate::play::GENERAL)));
}

#[test]
fn a_tab_before_the_folder_is_read_stays_in_the_composer_and_completes_then() {
    let mut play = Play::chat(80, 24);
    play.type_text("/upload /srv/pl");
    play.press(KeyCode::Tab);
    assert_eq!(play.state.chat.focus, Focus::Composer);
    list(&mut play, &["plan.pdf", "zoo.txt"]);
    assert_eq!(composer(&play), "/upload /srv/plan.pdf ");
    // Of several none is taken unseen, and whoever types on wants none.
    play.type_text("/opt/a");
    play.press(KeyCode::Tab);
    list(&mut play, &["a1", "a2"]);
    assert!(composer(&play).ends_with(" /opt/a") && play.screen().contains("a2"), "{}", play.screen());
    play.type_text(" /etc/h");
    play.press(KeyCode::Tab);
    play.press(KeyCode::Char('o'));
    list(&mut play, &["hosts"]);
    assert!(composer(&play).ends_with(" /etc/ho"), "{}", composer(&play));
}

#[test]
fn hidden_files_are_for_who_asks_for_them() {
    let mut play = Play::chat(80, 24);
    play.type_text("/upload /srv/.");
    list(&mut play, &["a.png", ".profile"]);
    let screen = play.screen();
    assert!(screen.contains(".profile") && !screen.contains("a.png"), "{screen}");
}
