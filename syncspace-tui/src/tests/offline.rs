//! Starts from the disk, before any network: what stands on the screen, what is typed, and how the server is met again.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::messages::Message;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::socket::SentAck;
use syncspace_protocol::sync::Change;
use syncspace_protocol::{Epoch, Rev, Seq, StreamId};

use crate::app::kept::{Keep, Snapshot};
use crate::app::world::Log;
use crate::app::{Effect, Net};
use crate::cache::Disk;
use crate::play::{
    ALICE, BOB, CAROL, GENERAL, NINE, Play, RANDOM, at, channel_stream, contents, hello, hello_team, id, message, name,
    page, user,
};

/// A person who has chatted with a disk beside, and whom the power or a signal stops at any moment.
fn chat_on(disk: &Disk) -> Play {
    let mut play = Play::chat_with_disk(80, 24);
    play.save(disk);
    later(&mut play, disk);
    play.effects.clear();
    play
}

fn later(play: &mut Play, disk: &Disk) {
    play.wait(6_000);
    play.save(disk);
}

fn follows(play: &Play) -> Vec<(StreamId, Rev)> {
    let follow = |effect: &Effect| match effect {
        Effect::Follow { stream, rev } => Some((*stream, *rev)),
        _ => None,
    };
    play.effects.iter().filter_map(follow).collect()
}

fn page_loads(play: &Play) -> Vec<(u64, Option<Seq>)> {
    let load = |effect: &Effect| match effect {
        Effect::LoadMessages { channel_id, before } => Some((channel_id.get(), *before)),
        _ => None,
    };
    play.effects.iter().filter_map(load).collect()
}

/// Pain 3: a start is slow and blocks the screen.
#[test]
fn the_first_picture_is_the_last_channel_with_its_history_and_its_draft() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    play.type_text("half a thought");
    play.press(KeyCode::Left);
    later(&mut play, &disk);
    let again = Play::restart(&disk, 80, 24);
    assert_snapshot!(again.screen());
    assert_eq!(again.state.composer().map(|draft| draft.cursor()), Some((0, 13)));
    assert!(matches!(again.effects.first(), Some(Effect::Connect { epoch: Some(Epoch(epoch)) }) if epoch == "e"));
    assert_eq!(follows(&again), [(channel_stream(GENERAL), id(6))]);
    assert_eq!(page_loads(&again), [], "nothing is read that is there");
}

#[test]
fn keys_typed_before_the_connection_land_in_the_composer() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    later(&mut play, &disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.type_text("typed at once");
    again.net(Net::Connecting { attempt: 1 });
    again.connect();
    assert_eq!(again.state.composer().map(|draft| draft.text()), Some("typed at once".to_owned()));
    assert!(again.screen().contains("typed at once"), "{}", again.screen());
}

/// Pain 2: unread counts come back after a restart.
#[test]
fn unread_counts_are_the_same_after_a_restart_and_after_meeting_the_server() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    let mut elsewhere = message(10, CAROL, 70, "elsewhere");
    elsewhere.channel_id = id(RANDOM);
    play.arrive(elsewhere);
    assert_eq!(play.unread(RANDOM), 4);
    later(&mut play, &disk);
    let mut again = Play::restart(&disk, 80, 24);
    assert_eq!((again.unread(RANDOM), again.unread(GENERAL)), (4, 0));
    again.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    assert_eq!(again.unread(RANDOM), 4);
    let mut read = contents();
    read.channels[1].head.last_seq = id(10);
    read.channels[1].membership.as_mut().expect("a member").read.unread_count = 4;
    read.channels[1].membership.as_mut().expect("a member").read.as_of_rev = id(10);
    again.net(Net::Team { team_id: id(crate::play::ENG), answer: Ok(read) });
    assert_eq!(again.unread(RANDOM), 4);
}

/// Pain 1: a hole in history after an absence.
#[test]
fn what_was_missed_while_the_program_was_off_comes_once() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    later(&mut play, &disk);
    let mut again = Play::restart(&disk, 80, 40);
    again.connect();
    let items = [message(7, BOB, 90, "missed one"), message(8, BOB, 91, "missed two")]
        .map(|message| Change::Message { message })
        .to_vec();
    let changes = EventBody::Changes { items, after: id(6), head_rev: id(8), read: None, my_reactions: Vec::new() };
    again.stream(channel_stream(GENERAL), Some(8), changes);
    again.arrive(message(9, CAROL, 92, "live"));
    again.save(&disk);
    let expected = ["Deployed 1.4", "missed one", "missed two", "live"];
    for play in [again, Play::restart(&disk, 80, 40)] {
        let screen = play.screen();
        expected.iter().for_each(|text| assert_eq!(screen.matches(text).count(), 1, "{text}\n{screen}"));
    }
}

#[test]
fn a_channel_that_may_not_be_seen_any_more_is_nowhere() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    later(&mut play, &disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.connect();
    again.stream(channel_stream(GENERAL), None, EventBody::StreamGone {});
    assert!(!again.screen().contains("Deployed 1.4"), "{}", again.screen());
    again.save(&disk);
    assert_eq!(disk.load(id(GENERAL), None), None);
}

#[test]
fn a_log_that_cannot_be_continued_is_read_anew() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    later(&mut play, &disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.connect();
    again.effects.clear();
    again.stream(channel_stream(GENERAL), None, EventBody::StreamReload {});
    assert_eq!(page_loads(&again), [(GENERAL, None)]);
    again.save(&disk);
    assert_eq!(disk.load(id(GENERAL), None), None);
    let newest: Vec<Message> = (90..=100).map(|seq| message(seq, BOB, 100, "anew")).collect();
    again.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(newest, Some("90"))) });
    again.save(&disk);
    let kept = disk.load(id(GENERAL), None).expect("the new log");
    assert_eq!((kept.messages.len(), kept.rev), (11, id(100)));
}

#[test]
fn another_channel_opens_from_the_disk_too() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    play.alt('s');
    play.ctrl('k');
    play.type_text("random");
    play.press(KeyCode::Enter);
    play.save(&disk);
    assert_eq!(page_loads(&play), [(RANDOM, None)], "what is not on disk comes from the server");
    let mut first = message(9, BOB, 5, "random talk");
    first.channel_id = id(RANDOM);
    play.net(Net::Messages { channel_id: id(RANDOM), before: None, answer: Ok(page(vec![first], None)) });
    later(&mut play, &disk);

    let mut again = Play::restart(&disk, 80, 24);
    assert!(again.screen().contains("random talk"), "{}", again.screen());
    again.alt('s');
    again.save(&disk);
    assert!(again.screen().contains("Deployed 1.4"), "{}", again.screen());
    assert_eq!(page_loads(&again), []);
    assert!(follows(&again).contains(&(channel_stream(GENERAL), id(6))));
}

#[test]
fn a_channel_that_is_not_on_disk_is_read_as_soon_as_the_server_is_there() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    later(&mut play, &disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.ctrl('k');
    again.type_text("random");
    again.press(KeyCode::Enter);
    again.save(&disk);
    assert_eq!(page_loads(&again), []);
    assert!(again.screen().contains("Waiting for the connection"), "{}", again.screen());
    again.connect();
    assert_eq!(page_loads(&again), [(RANDOM, None)]);
}

/// Pain 5: typed text is lost.
#[test]
fn a_kill_at_any_moment_keeps_every_draft_with_its_cursor() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    for text in ["to the channel", "then elsewhere", "and back"] {
        play.type_text(text);
        play.press(KeyCode::Home);
        play.save(&disk);
        let again = Play::restart(&disk, 80, 24);
        assert_eq!(again.state.chat.drafts.len(), play.state.chat.drafts.len());
        for (key, draft) in &play.state.chat.drafts {
            let kept = again.state.chat.drafts.get(key).expect("a draft");
            assert_eq!((kept.text(), kept.cursor()), (draft.text(), draft.cursor()), "{key:?}");
        }
        play.press(KeyCode::End);
        play.press(KeyCode::Esc);
        play.press(KeyCode::Char('e'));
        play.alt('s');
    }
}

fn send(play: &mut Play, text: &str) {
    play.type_text(text);
    play.press(KeyCode::Enter);
}

#[test]
fn a_message_goes_out_once_it_is_on_disk() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    play.effects.clear();
    send(&mut play, "exactly once");
    let sends = |play: &Play| play.effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count();
    assert_eq!(sends(&play), 0, "a kill now must not send it twice");
    play.save(&disk);
    assert_eq!(sends(&play), 1);
    assert_eq!(disk.snapshot().outbox.len(), 1);
    assert!(disk.snapshot().drafts.is_empty(), "the draft went with it");
}

#[test]
fn what_was_on_its_way_goes_out_after_a_restart_in_order_under_the_same_names() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 });
    send(&mut play, "one");
    send(&mut play, "two");
    play.save(&disk);
    let names: Vec<String> = play.state.chat.outbox.iter().map(|parcel| parcel.client_id.to_string()).collect();
    for _ in 0..2 {
        // The first restart is killed before it hears an answer.
        let mut again = Play::restart(&disk, 80, 24);
        assert!(again.screen().contains("waiting for the connection"), "{}", again.screen());
        again.connect();
        again.save(&disk);
        assert_eq!(again.sends(), [("one".to_owned(), names[0].clone())]);
    }
    let mut again = Play::restart(&disk, 80, 24);
    again.connect();
    again.save(&disk);
    again.sends();
    for (seq, (text, client_id)) in (7..).zip([("one", &names[0]), ("two", &names[1])]) {
        let ack =
            SentAck { message_id: id(1_000 + seq), seq: id(seq), rev: id(seq), created_at: at(NINE), is_repeat: true };
        again.net(Net::Sent { client_id: name(client_id), answer: Ok(ack) });
        let mut echo = message(seq, ALICE, 80, text);
        echo.client_id = name(client_id);
        again.arrive(echo);
        again.save(&disk);
    }
    assert_eq!(again.sends(), [("two".to_owned(), names[1].clone())]);
    assert!(disk.snapshot().outbox.is_empty());
}

#[test]
fn a_disk_that_refuses_is_said_and_nothing_waits_for_it() {
    let mut play = Play::chat_with_disk(100, 24);
    play.effects.clear();
    send(&mut play, "sent all the same");
    let client_ids = play.state.chat.outbox.iter().map(|parcel| parcel.client_id.clone()).collect();
    play.net(Net::Kept { client_ids, answer: Err("the disk is full".to_owned()) });
    assert!(play.screen().contains("The cache cannot be written: the disk is full."), "{}", play.screen());
    assert_eq!(play.sends().len(), 1);
    // Later it is told everything again.
    play.type_text("more");
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::Keep(_))));
    play.wait(31_000);
    let told = play.effects.iter().any(|effect| match effect {
        Effect::Keep(keeps) => keeps.iter().any(|keep| matches!(keep, Keep::Draft(draft) if draft.content == "more")),
        _ => false,
    });
    assert!(told);
}

#[test]
fn who_logs_in_sees_nothing_of_an_account_before() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    play.type_text("alice's secret");
    later(&mut play, &disk);
    play.net(Net::SessionOver { reason: "the session was ended".to_owned() });
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::CloseCache)));
    play.effects.clear();
    play.net(Net::LoggedIn(Ok(user(BOB, "bob"))));
    assert!(matches!(play.effects.last(), Some(Effect::OpenCache(of)) if *of == id(BOB)));
    play.net(Net::CacheOpened { user_id: id(BOB), answer: Ok(Box::<Snapshot>::default()) });
    assert!(play.state.chat.drafts.is_empty() && play.state.world.channels.is_empty());
    let text = play.screen();
    assert!(!text.contains("secret") && !text.contains("general"), "{text}");
}

#[test]
fn who_logs_in_again_finds_the_chat_before_the_server_is_met() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    play.type_text("a draft");
    later(&mut play, &disk);
    play.net(Net::SessionOver { reason: "the session was ended".to_owned() });
    play.net(Net::LoggedIn(Ok(user(ALICE, "alice"))));
    play.net(Net::CacheOpened { user_id: id(ALICE), answer: Ok(Box::new(disk.snapshot())) });
    let text = play.screen();
    assert!(text.contains("a draft") && text.contains("Deployed 1.4"), "{text}");
}

#[test]
fn the_status_says_how_long_there_was_no_connection() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    later(&mut play, &disk);
    let mut again = Play::restart(&disk, 80, 24);
    let status = |play: &Play| play.screen().lines().last().unwrap_or_default().trim_end().to_owned();
    assert!(status(&again).starts_with("○ offline 59 min"), "{}", status(&again));
    again.connect();
    assert!(status(&again).starts_with("● online  alice"), "{}", status(&again));
    // Nothing happened for a while, and the connection was there.
    again.wait(32_000);
    again.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 60_000 });
    assert!(status(&again).starts_with("○ offline  next"), "{}", status(&again));
    again.wait(25_000);
    assert!(status(&again).starts_with("○ offline 25 s  next"), "{}", status(&again));
}

#[test]
fn another_history_forgets_what_was_cached_and_keeps_what_was_typed() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    play.type_text("typed");
    later(&mut play, &disk);
    let mut again = Play::restart(&disk, 80, 24);
    let mut other = hello(vec![hello_team()]);
    other.epoch = Epoch("another".to_owned());
    again.net(Net::Connected(Box::new(other)));
    again.save(&disk);
    assert_eq!(disk.load(id(GENERAL), None), None);
    assert_eq!(disk.snapshot().drafts.len(), 1);
    // The connection says of each stream that it cannot be continued.
    again.stream(channel_stream(GENERAL), None, EventBody::StreamReload {});
    assert!(matches!(again.state.open_channel().map(|open| &open.log), Some(Log::Loading(_))));
}

#[test]
fn leaving_loses_nothing_and_asks_only_where_something_is_not_sent() {
    let disk = Disk::new();
    let mut play = chat_on(&disk);
    play.type_text("a draft");
    play.ctrl('q');
    assert!(matches!(play.effects.last(), Some(Effect::Quit)), "the draft is on disk");
    assert!(matches!(&play.effects[play.effects.len() - 2], Effect::Keep(_)), "before the end");
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 });
    play.press(KeyCode::Enter);
    play.ctrl('q');
    assert!(
        play.screen().contains("1 message(s) are not sent yet. They go out at the next start."),
        "{}",
        play.screen()
    );
}
