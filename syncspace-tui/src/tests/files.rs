//! Files of messages: their lines, and what the pictures among them look like.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::files::{FileEntry, FileInfo, PictureSize};
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::socket::{Event as StreamEvent, EventBody, Hello, SentAck};
use syncspace_protocol::sync::Change;
use syncspace_protocol::{ClientId, Epoch, Page, StreamId};

use crate::app::deed::{Deed, ListOf, Outcome};
use crate::app::kept::Keep;
use crate::app::look::Depth;
use crate::app::message::{Failure, Here, SavedBefore};
use crate::app::pictures::{FILE_BYTES_MAX, Fetched, ImageId, Place, Shown, Thumbnail, Way};
use crate::app::{Effect, Event, Net};
use crate::cache::Disk;
use crate::play::{ALICE, BOB, GENERAL, NINE, Play, at, hello, hello_team, id, message};

pub(super) fn file(number: u64, name: &str, size_bytes: u64, picture: Option<(u32, u32)>) -> FileInfo {
    FileInfo {
        id: id(number),
        name: name.to_owned(),
        content_type: "application/octet-stream".to_owned(),
        size_bytes,
        sha256: "0".repeat(64),
        picture: picture.map(|(width, height)| PictureSize { width, height }),
    }
}

pub(super) fn with_files(seq: u64, content: &str, files: Vec<FileInfo>) -> Message {
    Message { message_type: MessageType::File, files, ..message(seq, BOB, 60, content) }
}

/// A chat in many colours.
pub(super) fn colourful(columns: u16) -> Play {
    let mut play = Play::chat(columns, 30);
    play.state.look.depth = Depth::True;
    play
}

fn asked(play: &mut Play) -> Vec<u64> {
    let picture = |effect| match effect {
        Effect::LoadPicture { file, .. } => Some(file.id.get()),
        _ => None,
    };
    play.effects.drain(..).filter_map(picture).collect()
}

/// A picture of two colours, the left half and the right one.
fn two_halves(width: u32, height: u32) -> Thumbnail {
    let pixel = |at: u32| Some(if at % width < width / 2 { (200, 0, 0) } else { (0, 0, 200) });
    Thumbnail::new(width, (0..width * height).map(pixel).collect())
}

/// The same as it comes from the server.
pub(super) fn fetched(width: u32, height: u32) -> Fetched {
    let image = ImageId::numbered(u32::from(u8::MAX));
    Fetched { small: two_halves(width, height), png: PNG.into(), image, is_kept: false }
}

/// What goes to the terminal as it is.
pub(super) const PNG: &[u8] = b"a PNG file";

fn shown(play: &Play, file: &FileInfo) -> Shown {
    let place = Place { channel_id: id(GENERAL), columns: 60, takes_images: false };
    play.state.pictures.shown(file, place)
}

fn lost() -> Failure {
    Failure { code: None, message: "no route".to_owned(), field: None, is_transient: true, retry_after_ms: None }
}

#[test]
fn a_file_is_a_line_and_a_picture_is_shown_below_it() {
    for columns in [40, 60, 80, 100, 120, 200] {
        let mut play = colourful(columns);
        let files = vec![
            file(1, "sunset over a very long name of a bay with 日本 in it.png", 1_234_567, Some((640, 320))),
            file(2, "notes.txt", 812, None),
        ];
        play.arrive(with_files(7, "look", files));
        assert_eq!(asked(&mut play), [1]);
        play.net(Net::Picture { file: id(1), answer: Ok(Some(fetched(64, 32))) });
        assert_snapshot!(format!("picture_{columns}"), play.screen());
    }
}

/// A file without words is named wherever a message stands in one line.
#[test]
fn a_message_without_words_goes_by_its_files() {
    let mut play = colourful(80);
    play.event(Event::Focus { is_focused: false });
    play.effects.clear();
    let mut call = with_files(7, "", vec![file(1, "a.png", 10, None), file(2, "b.txt", 10, None)]);
    call.mentions.users = vec![id(ALICE)];
    play.arrive(call);
    let told = play.effects.iter().find_map(|effect| match effect {
        Effect::Tell(told) => Some(told.body.clone()),
        _ => None,
    });
    assert_eq!(told.as_deref(), Some("▤ a.png, b.txt"));
    let mut reply = message(10, ALICE, 62, "thanks");
    (reply.parent_seq, reply.parent_message_id) = (Some(id(7)), Some(id(1_007)));
    play.arrive(message(8, ALICE, 61, "between"));
    play.arrive(reply);
    assert!(play.screen().contains("┌ bob: ▤ a.png, b.txt"), "{}", play.screen());
}

#[test]
fn nothing_moves_when_a_picture_comes() {
    let mut play = colourful(80);
    play.arrive(with_files(7, "", vec![file(1, "wide.png", 5_000, Some((640, 64)))]));
    play.arrive(message(8, ALICE, 61, "nice"));
    let place = |play: &Play, words: &str| play.screen().lines().position(|line| line.contains(words)).expect("there");
    let before = (place(&play, "wide.png"), place(&play, "nice"));
    play.net(Net::Picture { file: id(1), answer: Ok(Some(fetched(64, 6))) });
    assert_eq!((place(&play, "wide.png"), place(&play, "nice")), before);
    assert!(play.screen().contains(&"▀".repeat(54)), "{}", play.screen());
}

#[test]
fn what_cannot_be_shown_says_why_and_asks_for_nothing_more() {
    let mut play = colourful(80);
    let files = vec![file(1, "a.png", 5_000, Some((64, 64))), file(2, "b.png", FILE_BYTES_MAX + 1, Some((64, 64)))];
    play.arrive(with_files(7, "two", files));
    assert_eq!(asked(&mut play), [1]);
    let failure = Failure { is_transient: false, message: "no picture: it is broken".to_owned(), ..lost() };
    play.net(Net::Picture { file: id(1), answer: Err(failure) });
    assert!(play.screen().contains("▤ a.png  4.8 KiB · no picture: it is broken"), "{}", play.screen());
    assert!(play.screen().contains("▤ b.png  10.0 MiB · too large to be shown here"), "{}", play.screen());
    assert_eq!(asked(&mut play), Vec::<u64>::new());
}

#[test]
fn a_picture_that_was_cut_off_comes_with_the_next_connection() {
    let mut play = colourful(80);
    play.arrive(with_files(7, "", vec![file(1, "a.png", 5_000, Some((64, 64)))]));
    assert_eq!(asked(&mut play), [1]);
    // Also where no answer comes at all.
    for answer in [None, Some(Err(lost()))] {
        play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 1_000 });
        assert_eq!(asked(&mut play), [1], "the disk may have it");
        play.net(Net::Picture { file: id(1), answer: Ok(None) });
        if let Some(answer) = answer {
            play.net(Net::Picture { file: id(1), answer });
        }
        assert_eq!(asked(&mut play), Vec::<u64>::new());
        play.connect();
        assert_eq!(asked(&mut play), [1]);
    }
}

/// Pain 3: nothing waits for the network that is on this machine.
#[test]
fn pictures_are_there_after_a_restart_without_a_network() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 30);
    play.wait(10_000);
    play.arrive(with_files(7, "", vec![file(1, "a.png", 5_000, Some((64, 64)))]));
    play.net(Net::Picture { file: id(1), answer: Ok(Some(fetched(32, 32))) });
    let before = play.screen();
    assert!(before.contains(&"▀".repeat(32)), "{before}");
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 30);
    assert!(again.screen().contains(&"▀".repeat(32)), "the first picture: {}", again.screen());
    assert_eq!(asked(&mut again), Vec::<u64>::new());
    // Deleted, it is nowhere any more.
    let deleted = Message { deleted_at: Some(at(NINE)), rev: id(8), ..with_files(7, "", Vec::new()) };
    let items = vec![Change::Message { message: deleted }];
    let changes = EventBody::Changes { items, after: id(7), head_rev: id(8), read: None, my_reactions: Vec::new() };
    let stream = StreamId::Channel(id(GENERAL));
    disk.write(&[Keep::Event(Box::new(StreamEvent { stream: Some(stream), rev: Some(id(8)), body: changes }))]);
    assert_eq!(disk.picture(id(1)), None);
}

/// The numbers of files are those of one server and one history.
#[test]
fn pictures_are_forgotten_with_the_login_and_with_the_history() {
    let check = |change: &dyn Fn(&mut Play)| {
        let mut play = colourful(80);
        let picture = file(1, "a.png", 5_000, Some((64, 64)));
        play.arrive(with_files(7, "", vec![picture.clone()]));
        play.net(Net::Picture { file: id(1), answer: Ok(Some(fetched(32, 32))) });
        assert!(matches!(shown(&play, &picture), Shown::Rows(_)));
        change(&mut play);
        assert!(matches!(shown(&play, &picture), Shown::Room(_)));
    };
    check(&|play| play.net(Net::SessionOver { reason: String::new() }));
    check(&|play| {
        let other = Hello { epoch: Epoch("another".to_owned()), ..hello(vec![hello_team()]) };
        play.net(Net::Connected(Box::new(other)));
    });
}

#[test]
fn pictures_are_fetched_a_few_at_a_time_and_only_what_is_seen() {
    let mut play = colourful(80);
    for seq in 7..27 {
        play.arrive(with_files(seq, "", vec![file(seq, "a.png", 5_000, Some((8, 2)))]));
    }
    let first = asked(&mut play);
    assert_eq!(first.len(), 4, "{first:?}");
    play.net(Net::Picture { file: id(first[0]), answer: Ok(Some(fetched(8, 2))) });
    assert_eq!(asked(&mut play).len(), 1);
}

#[test]
fn few_colours_no_wish_and_a_deleted_message_draw_nothing() {
    let check = |change: &dyn Fn(&mut Play)| {
        let mut play = colourful(80);
        change(&mut play);
        play.arrive(with_files(7, "", vec![file(1, "a.png", 5_000, Some((64, 64)))]));
        assert_eq!(asked(&mut play), Vec::<u64>::new());
        assert!(play.screen().contains("▤ a.png  4.8 KiB"), "{}", play.screen());
    };
    check(&|play| play.state.look.depth = Depth::Sixteen);
    check(&|play| play.state.settings.pictures = Way::None);
    let mut play = colourful(80);
    let deleted = Message { deleted_at: Some(at(1)), ..with_files(7, "", Vec::new()) };
    play.arrive(deleted);
    assert!(play.screen().contains("message deleted"), "{}", play.screen());
}

/// Gives the uploads that were asked for, by the file's path.
fn uploads(play: &mut Play) -> Vec<(String, ClientId)> {
    let upload = |effect: &Effect| match effect {
        Effect::Upload { client_id, path, .. } => Some((path.clone(), client_id.clone())),
        _ => None,
    };
    let asked = play.effects.iter().filter_map(upload).collect();
    play.effects.retain(|effect| upload(effect).is_none());
    asked
}

/// Gives the messages that went out, with their files.
fn sent(play: &mut Play) -> Vec<(String, Vec<u64>)> {
    let send = |effect: &Effect| match effect {
        Effect::Send { body, .. } => Some((body.content.clone(), body.files.iter().map(|file| file.get()).collect())),
        _ => None,
    };
    let went = play.effects.iter().filter_map(send).collect();
    play.effects.retain(|effect| send(effect).is_none());
    went
}

fn enter(play: &mut Play, words: &str) {
    play.type_text(words);
    play.press(KeyCode::Enter);
}

/// Answers whether paths are files, as on a machine that has these.
pub(super) fn look_for_files(play: &mut Play, there: &[&str]) {
    let asked = play.effects.iter().position(|effect| matches!(effect, Effect::FindFiles { .. })).expect("it is asked");
    let Effect::FindFiles { asked, choices } = play.effects.remove(asked) else { return };
    let is_there = |paths: &Vec<String>| paths.iter().all(|path| there.contains(&path.as_str()));
    play.net(Net::Here(Here::Files { asked, found: choices.into_iter().find(is_there) }));
}

/// Sends a file that is there.
fn send_file(play: &mut Play, command: &str, path: &str) {
    enter(play, command);
    look_for_files(play, &[path]);
}

#[test]
fn a_file_is_uploaded_and_then_its_message_goes_out() {
    let mut play = colourful(80);
    send_file(&mut play, "/upload '/tmp/my plan.pdf' for tomorrow", "/tmp/my plan.pdf");
    enter(&mut play, "and this after it");
    let asked = uploads(&mut play);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].0, "/tmp/my plan.pdf");
    assert_eq!(sent(&mut play), [], "nothing overtakes it");
    play.net(Net::Uploading { client_id: asked[0].1.clone(), at: 0, percent: 40 });
    assert!(play.screen().contains("▤ my plan.pdf  40 %"), "{}", play.screen());
    play.net(Net::Uploaded { client_id: asked[0].1.clone(), at: 0, answer: Ok(file(5, "my plan.pdf", 10, None)) });
    assert_eq!(sent(&mut play), [("for tomorrow".to_owned(), vec![5])]);
    // The same once more, of an upload that was begun twice.
    play.net(Net::Uploaded { client_id: asked[0].1.clone(), at: 0, answer: Ok(file(6, "my plan.pdf", 10, None)) });
    assert_eq!(sent(&mut play), []);
    play.net(Net::Sent { client_id: asked[0].1.clone(), answer: Ok(ack(7)) });
    assert_eq!(sent(&mut play), [("and this after it".to_owned(), Vec::new())]);
}

fn ack(seq: u64) -> SentAck {
    SentAck { message_id: id(1_000 + seq), seq: id(seq), rev: id(seq), created_at: at(NINE), is_repeat: false }
}

#[test]
fn what_cannot_be_uploaded_stays_and_comes_back_as_it_was_typed() {
    let mut play = colourful(80);
    send_file(&mut play, "/upload /tmp/gone.png look", "/tmp/gone.png");
    let (_, client_id) = uploads(&mut play).remove(0);
    let failure =
        Failure { is_transient: false, message: "cannot use /tmp/gone.png: no such file".to_owned(), ..lost() };
    play.net(Net::Uploaded { client_id, at: 0, answer: Err(failure) });
    assert!(play.screen().contains("not sent: Cannot use /tmp/gone.png: no such file"), "{}", play.screen());
    play.alt('e');
    let composer = play.state.composer().expect("a draft").text();
    assert_eq!(composer, "/upload '/tmp/gone.png' look");
}

#[test]
fn a_file_on_its_way_outlives_a_kill_at_every_step() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.save(&disk);
    send_file(&mut play, "/upload /tmp/a.png look", "/tmp/a.png");
    play.save(&disk);
    let (_, client_id) = uploads(&mut play).remove(0);
    // Killed before it is uploaded: it is uploaded again.
    let mut again = Play::restart(&disk, 80, 24);
    again.connect();
    again.save(&disk);
    assert_eq!(uploads(&mut again), [("/tmp/a.png".to_owned(), client_id.clone())]);
    again.net(Net::Uploaded { client_id: client_id.clone(), at: 0, answer: Ok(file(5, "a.png", 10, None)) });
    assert_eq!(sent(&mut again), [], "first its number is on disk");
    again.save(&disk);
    assert_eq!(sent(&mut again), [("look".to_owned(), vec![5])]);
    // Killed before the answer: it goes out again as it was.
    let mut last = Play::restart(&disk, 80, 24);
    last.connect();
    last.save(&disk);
    assert_eq!(uploads(&mut last), []);
    assert_eq!(sent(&mut last), [("look".to_owned(), vec![5])]);
}

#[test]
fn a_file_that_is_not_named_is_asked_for() {
    for (typed, words) in [("/upload", "Name a file"), ("/upload 'open", "in quotes where it has blanks")] {
        let mut play = colourful(80);
        enter(&mut play, typed);
        assert!(play.screen().contains(words), "{}", play.screen());
        assert_eq!(play.state.composer().expect("a draft").text(), typed, "it stays to be put right");
    }
}

#[test]
fn files_of_a_message_are_saved() {
    let mut play = colourful(80);
    play.arrive(with_files(7, "two", vec![file(1, "a.png", 10, None), file(2, "b.txt", 10, None)]));
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('D'));
    let saved = |play: &Play| -> Vec<u64> {
        let files = play.effects.iter().filter_map(|effect| match effect {
            Effect::SaveFiles { files, .. } => Some(files),
            _ => None,
        });
        files.flatten().map(|file| file.id.get()).collect()
    };
    assert_eq!(saved(&play), [1, 2]);
    let mut tell = |name: &str, before: &SavedBefore, answer: Result<&str, &str>, words: &str| {
        let answer = answer.map(|name| format!("/home/alice/{name}")).map_err(str::to_owned);
        play.net(Net::Saved { name: name.to_owned(), before: before.clone(), answer });
        assert!(play.screen().contains(words), "{words}: {}", play.screen());
    };
    let mut before = SavedBefore::default();
    tell("a.png", &before, Ok("a.png"), "Saved as /home/alice/a.png");
    before.saved.push("a.png".to_owned());
    tell("b.txt", &before, Ok("b (2).txt"), "Saved a.png, b (2).txt in /home/alice.");
    tell("b.txt", &before, Err("the disk is full"), "b.txt was not saved: the disk is full. Saved: a.png.");
    before.failed.push("b.txt".to_owned());
    tell("c", &before, Ok("c"), "Saved a.png, c in /home/alice. Not saved: b.txt.");
}

#[test]
fn the_page_of_files_lists_opens_and_saves() {
    for (columns, rows) in [(40, 20), (60, 20), (80, 24), (100, 24), (120, 36), (200, 40)] {
        let mut play = Play::chat(columns, rows);
        play.press(KeyCode::F(10));
        let deed = play.deeds().into_iter().find(|deed| matches!(deed, Deed::ReadList { list: ListOf::Files, .. }));
        let entry = |number: u64, name: &str, seq: u64| FileEntry {
            file: file(number, name, number * 1_234_567, None),
            channel_id: id(GENERAL),
            uploader_id: id(BOB),
            message_seq: Some(id(seq)),
            created_at: at(NINE),
        };
        let items = vec![
            entry(9, "sunset over a very long name of a bay with 日本 in it, taken from the hill.png", 6),
            entry(3, "plan.pdf", 4),
        ];
        play.answer(deed.expect("the list is read"), Outcome::Files(Page { items, next: None }));
        assert_snapshot!(format!("page_{columns}"), play.screen());
        play.press(KeyCode::Down);
        play.press(KeyCode::Char('D'));
        assert!(
            play.effects.iter().any(|effect| matches!(effect, Effect::SaveFiles { files, .. } if files[0].id == id(3)))
        );
        play.press(KeyCode::Enter);
        assert_eq!(play.state.selected().map(|(_, message)| message.seq), Some(id(4)));
        // What is new is listed when one comes back.
        play.press(KeyCode::Esc);
        let again = play.deeds().into_iter().find(|deed| matches!(deed, Deed::ReadList { list: ListOf::Files, .. }));
        play.answer(again.expect("it is read anew"), Outcome::Files(Page { items: Vec::new(), next: None }));
        play.arrive(with_files(7, "", vec![file(11, "new.txt", 10, None)]));
        assert!(play.deeds().iter().any(|deed| matches!(deed, Deed::ReadList { list: ListOf::Files, .. })));
    }
}
