//! What goes while the disk cannot be written is gone there, too.

use crossterm::event::KeyCode;
use syncspace_protocol::StreamId;
use syncspace_protocol::socket::EventBody;

use crate::app::client_ids::ClientIds;
use crate::app::{Effect, Net};
use crate::cache::Disk;
use crate::play::{GENERAL, Play, id, my_team};

/// A chat with a disk that has taken everything, without a connection.
fn offline_on(disk: &Disk) -> Play {
    let mut play = Play::chat_with_disk(80, 24);
    play.save(disk);
    play.wait(6_000);
    play.save(disk);
    play.net(Net::Disconnected { reason: "the connection broke".to_owned(), retry_in_ms: 60_000_000 });
    play.save(disk);
    play
}

/// Loses what the disk was told since the last look, and says so.
fn lose(play: &mut Play) {
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::Keep(_))), "nothing was told");
    play.effects.clear();
    play.net(Net::Kept { client_ids: Vec::new(), answer: Err("the disk is full".to_owned()) });
    play.effects.clear();
}

fn contents_on(disk: &Disk) -> Vec<String> {
    disk.snapshot().outbox.into_iter().map(|parcel| parcel.body.content).collect()
}

#[test]
fn a_message_deleted_while_the_disk_fails_is_not_sent_at_the_next_start() {
    let disk = Disk::new();
    let mut play = offline_on(&disk);
    play.type_text("A");
    play.press(KeyCode::Enter);
    play.save(&disk);
    assert_eq!(contents_on(&disk), ["A"]);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('j'));
    play.press(KeyCode::Char('d'));
    assert_eq!(play.state.chat.outbox.unsent(), 0);
    lose(&mut play);
    play.wait(31_000);
    play.save(&disk);
    assert_eq!(contents_on(&disk), [""; 0]);
}

#[test]
fn what_goes_while_the_disk_is_not_written_is_gone_there_too() {
    let disk = Disk::new();
    let mut play = offline_on(&disk);
    play.type_text("A");
    play.press(KeyCode::Enter);
    play.type_text("draft");
    play.save(&disk);
    play.type_text("!");
    lose(&mut play);
    for _ in 0.."draft!".len() {
        play.press(KeyCode::Backspace);
    }
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('j'));
    play.press(KeyCode::Char('d'));
    play.wait(31_000);
    play.save(&disk);
    assert_eq!(contents_on(&disk), [""; 0]);
    assert_eq!(disk.snapshot().drafts, []);
}

#[test]
fn a_channel_left_while_the_disk_fails_is_gone_there_too() {
    let disk = Disk::new();
    let mut play = offline_on(&disk);
    assert!(disk.load(id(GENERAL), None).is_some());
    play.connect();
    play.save(&disk);
    let member = my_team().membership.expect("a member").member_id;
    play.stream(StreamId::Member(member), Some(9), EventBody::MyChannelLeft { channel_id: id(GENERAL) });
    lose(&mut play);
    play.wait(31_000);
    play.save(&disk);
    assert_eq!(disk.load(id(GENERAL), None), None);
}

#[test]
fn another_program_on_the_same_disk_keeps_what_it_told() {
    let disk = Disk::new();
    let mut other = offline_on(&disk);
    let mut play = offline_on(&disk);
    other.state.client_ids = ClientIds::seeded(99);
    other.type_text("of the other terminal");
    other.press(KeyCode::Enter);
    other.save(&disk);
    play.type_text("A");
    lose(&mut play);
    play.wait(31_000);
    play.save(&disk);
    assert_eq!(contents_on(&disk), ["of the other terminal"]);
}
