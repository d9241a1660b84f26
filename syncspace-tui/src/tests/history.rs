//! Scrolling: history loads above, and what is being read stays where it is.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::messages::{Message, MessagePage};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::sync::Change;

use crate::app::message::Failure;
use crate::app::timeline::Part;
use crate::app::{Effect, Event, Net};
use crate::cache::Disk;
use crate::play::{
    BOB, CAROL, ENG, GENERAL, Play, channel_stream, contents, hello, hello_team, id, message, my_channel, page,
};

fn messages(seqs: std::ops::RangeInclusive<u64>) -> Vec<Message> {
    let sender = |seq: u64| if seq.is_multiple_of(3) { BOB } else { CAROL };
    seqs.map(|seq| message(seq, sender(seq), i64::try_from(seq).expect("small"), &format!("message {seq}"))).collect()
}

/// #general with messages 101 to 200 loaded and more above.
fn long_chat() -> Play {
    let mut play = Play::start(80, 24, true);
    play.connect();
    let mut newest = page(messages(101..=200), Some("101"));
    newest.last_seq = id(200);
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(newest) });
    play.ctrl('b');
    play.effects.clear();
    play
}

fn body(play: &Play) -> String {
    play.screen().lines().take(21).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_read_does_not_move_when_messages_arrive() {
    let mut play = long_chat();
    play.press(KeyCode::PageUp);
    play.press(KeyCode::PageUp);
    let before = body(&play);
    play.arrive(message(201, BOB, 300, "news"));
    assert_eq!(body(&play), before);
    assert!(play.screen().contains("1 new below"), "{}", play.screen());
}

#[test]
fn what_is_read_does_not_move_when_history_is_loaded() {
    let mut play = long_chat();
    let asked = |play: &Play| {
        play.effects
            .iter()
            .any(|effect| matches!(effect, Effect::LoadMessages { before: Some(seq), .. } if *seq == id(101)))
    };
    for _ in 0..40 {
        play.press(KeyCode::PageUp);
    }
    assert!(asked(&play));
    let before = body(&play);
    assert!(before.contains("message 101"), "{before}");
    let older = MessagePage { rev: id(200), ..page(messages(1..=100), None) };
    play.net(Net::Messages { channel_id: id(GENERAL), before: Some(id(101)), answer: Ok(older) });
    let after = body(&play);
    // Its day and author lines go, now that it has neighbours above; it and all below stay on their rows.
    let from_there = |body: &str| {
        let at = body.lines().position(|line| line.trim() == "message 101").expect("on the screen");
        (at, body.lines().skip(at).map(str::to_owned).collect::<Vec<_>>())
    };
    assert_eq!(from_there(&after), from_there(&before));
    for _ in 0..40 {
        play.press(KeyCode::PageUp);
    }
    assert!(body(&play).contains("message 1\n") || body(&play).contains("message 1 "), "{}", body(&play));
}

#[test]
fn scrolling_down_again_follows_the_newest_message() {
    let mut play = long_chat();
    let before = body(&play);
    play.press(KeyCode::PageUp);
    assert_ne!(body(&play), before);
    play.press(KeyCode::PageDown);
    assert_eq!(body(&play), before);
    play.arrive(message(201, BOB, 300, "news"));
    assert!(body(&play).contains("news"));
}

#[test]
fn resizing_keeps_the_first_message_on_the_screen() {
    let mut play = long_chat();
    for _ in 0..3 {
        play.press(KeyCode::PageUp);
    }
    let first = |play: &Play| {
        play.screen()
            .lines()
            .find(|line| line.contains("message "))
            .map(|line| line.split("message ").nth(1).unwrap_or("").trim().to_owned())
    };
    let before = first(&play);
    for (columns, rows) in [(40, 24), (120, 24), (30, 10), (80, 24)] {
        play.event(Event::Resize { columns, rows });
        assert_eq!(first(&play), before, "{columns}x{rows}\n{}", play.screen());
    }
}

#[test]
fn the_selected_message_is_always_on_the_screen() {
    let mut play = long_chat();
    play.press(KeyCode::Esc);
    for step in 0..150 {
        play.press(if step < 90 { KeyCode::Char('k') } else { KeyCode::Char('j') });
        let selected = play.state.selected().map(|(_, message)| message.content.clone()).expect("one is selected");
        let screen = play.screen();
        assert!(
            screen.lines().any(|line| line.contains('▌') && line.trim_end().ends_with(&selected)),
            "{selected}\n{screen}"
        );
    }
}

fn part_of(seqs: std::ops::RangeInclusive<u64>) -> MessagePage {
    MessagePage { rev: id(500), last_seq: id(500), ..page(messages(seqs), None) }
}

fn asked_parts(play: &mut Play) -> Vec<Part> {
    let part = |effect| match effect {
        Effect::LoadPart { part, .. } => Some(part),
        _ => None,
    };
    play.effects.drain(..).filter_map(part).collect()
}

fn part_loaded(play: &mut Play, part: Part, page: MessagePage) {
    play.net(Net::Part { channel_id: id(GENERAL), part, answer: Ok(page) });
}

/// #general with messages 401 to 500 loaded, read up to 100.
fn far_behind(rows: u16) -> Play {
    let mut play = Play::start(80, rows, true);
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    let mut contents = contents();
    contents.channels[0] = my_channel(GENERAL, ChannelKind::Public, Some("general"), 500, 400);
    play.net(Net::Team { team_id: id(ENG), answer: Ok(contents) });
    let newest = MessagePage { rev: id(500), ..page(messages(401..=500), Some("401")) };
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(newest) });
    play.ctrl('b');
    // It is opened at the first unread message, which is not there: here that cannot be loaded.
    let part = asked_parts(&mut play)[0];
    part_failed(&mut play, part, refusal());
    play.state.notice = None;
    play.effects.clear();
    play
}

fn refusal() -> Failure {
    Failure { code: None, message: "no".to_owned(), field: None, is_transient: true, retry_after_ms: None }
}

fn part_failed(play: &mut Play, part: Part, failure: Failure) {
    play.net(Net::Part { channel_id: id(GENERAL), part, answer: Err(failure) });
    if let Some(log) = play.state.open_channel_mut().and_then(|open| open.timeline_mut()) {
        log.try_again();
    }
}

/// Gives every two messages of a screen that stand there as neighbours and are not.
fn false_neighbours(screen: &str) -> Vec<(u64, u64)> {
    let number = |line: &str| {
        line.trim_start_matches('▌').trim().strip_prefix("message ").and_then(|rest| rest.parse::<u64>().ok())
    };
    let mut wrong = Vec::new();
    let mut above: Option<u64> = None;
    for line in screen.lines() {
        if line.contains("not loaded") || line.contains("loading ") {
            above = None;
        } else if let Some(here) = number(line) {
            wrong.extend(above.filter(|above| above + 1 != here).map(|above| (above, here)));
            above = Some(here);
        }
    }
    wrong
}

/// Pain 18: no jump to the first unread message, and the view moves while reading.
#[test]
fn alt_u_goes_to_the_first_unread_message_and_loads_it() {
    let mut play = far_behind(24);
    play.alt('u');
    let parts = asked_parts(&mut play);
    assert_eq!(parts, [Part::Around(id(101))]);
    part_loaded(&mut play, parts[0], part_of(51..=150));
    assert_snapshot!(play.screen());
    assert_eq!(false_neighbours(&play.screen()), []);
    // Reading on, the gap comes near and closes without moving a line.
    for _ in 0..12 {
        play.press(KeyCode::PageDown);
        assert_eq!(false_neighbours(&play.screen()), [], "{}", play.screen());
        for part in asked_parts(&mut play) {
            let before = body(&play);
            let Part::After(seq) = part else { panic!("the part after, not {part:?}") };
            part_loaded(&mut play, part, part_of(seq.get() + 1..=(seq.get() + 100).min(400)));
            let top = |body: &str| body.lines().find(|line| line.contains("message ")).map(str::to_owned);
            assert_eq!(top(&body(&play)), top(&before));
        }
    }
    assert_eq!(false_neighbours(&play.screen()), []);
}

/// Pain 1: a hole in history that nobody sees.
#[test]
fn what_is_not_loaded_is_a_row_with_its_size_wherever_one_looks() {
    let mut play = far_behind(24);
    play.alt('u');
    part_loaded(&mut play, Part::Around(id(101)), part_of(51..=150));
    asked_parts(&mut play);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('G'));
    for _ in 0..60 {
        play.press(KeyCode::Char('k'));
        assert_eq!(false_neighbours(&play.screen()), [], "{}", play.screen());
    }
    // A slow answer: the person is at the gap before it is closed. What stands above it stays.
    for _ in 0..30 {
        play.press(KeyCode::PageUp);
        assert_eq!(false_neighbours(&play.screen()), [], "{}", play.screen());
        if play.screen().contains("250 messages") {
            break;
        }
    }
    assert!(play.screen().contains("── loading 250 messages …"), "{}", play.screen());
    assert_eq!(asked_parts(&mut play), [Part::Before(id(401))]);
    let above = |play: &Play| -> Vec<String> {
        let body = body(play);
        body.lines().take_while(|line| !line.contains(" messages")).map(str::to_owned).collect()
    };
    let before = above(&play);
    assert!(before.iter().any(|line| line.ends_with("message 150")), "{before:?}");
    part_loaded(&mut play, Part::Before(id(401)), part_of(301..=400));
    assert_eq!(above(&play), before);
    assert!(play.screen().contains("loading 150 messages"), "{}", play.screen());
    assert_eq!(asked_parts(&mut play), [Part::After(id(150))], "below what is being read");
    part_loaded(&mut play, Part::After(id(150)), part_of(151..=250));
    assert_eq!(body(&play).lines().take(before.len()).collect::<Vec<_>>(), before);
    assert_eq!(false_neighbours(&play.screen()), [], "{}", play.screen());
}

#[test]
fn who_scrolls_up_never_meets_a_gap_that_loads_in_time() {
    let mut play = far_behind(24);
    play.alt('u');
    part_loaded(&mut play, Part::Around(id(101)), part_of(51..=150));
    asked_parts(&mut play);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('G'));
    let mut loaded = 0;
    for _ in 0..60 {
        play.press(KeyCode::PageUp);
        for part in asked_parts(&mut play) {
            let Part::Before(seq) = part else { panic!("the part before, not {part:?}") };
            let before = body(&play);
            part_loaded(&mut play, part, part_of(seq.get().saturating_sub(100).max(151)..=seq.get() - 1));
            assert_eq!(body(&play), before, "nothing moves");
            loaded += 1;
        }
        assert!(!play.screen().contains("loading"), "{}", play.screen());
    }
    assert_eq!(loaded, 3);
}

#[test]
fn who_pages_down_passes_nothing_that_is_being_loaded() {
    let mut play = far_behind(24);
    play.alt('u');
    part_loaded(&mut play, Part::Around(id(101)), part_of(51..=150));
    for _ in 0..10 {
        play.press(KeyCode::PageDown);
    }
    let last_rows = |play: &Play| body(play).lines().rev().take(2).map(|row| row.trim().to_owned()).collect::<Vec<_>>();
    let [gap, above] = &last_rows(&play)[..] else { panic!("two rows") };
    assert!(gap.contains("loading 250 messages") && above.ends_with("message 150"), "{}", play.screen());
    part_loaded(&mut play, Part::After(id(150)), part_of(151..=250));
    play.press(KeyCode::PageDown);
    assert!(body(&play).contains("message 151\n") || body(&play).contains("message 151 "), "{}", play.screen());
}

#[test]
fn a_gap_that_cannot_be_loaded_says_so_and_is_tried_again() {
    let mut play = far_behind(24);
    play.alt('u');
    part_loaded(&mut play, Part::Around(id(101)), part_of(101..=110));
    let part = asked_parts(&mut play).pop().expect("the gap is near");
    play.net(Net::Part { channel_id: id(GENERAL), part, answer: Err(refusal()) });
    assert!(asked_parts(&mut play).is_empty(), "not again and again");
    assert!(play.screen().contains("290 messages not loaded; scroll to try again"), "{}", play.screen());
    play.press(KeyCode::PageDown);
    assert_eq!(asked_parts(&mut play).len(), 1);
}

#[test]
fn pages_of_what_was_missed_show_no_false_neighbours() {
    let mut play = far_behind(24);
    play.alt('m');
    let changes = |seqs: &[u64], after: u64, head: u64| {
        let items = seqs
            .iter()
            .map(|&seq| {
                let mut message = messages(seq..=seq).remove(0);
                message.rev = id(after + 1);
                Change::Message { message }
            })
            .collect();
        EventBody::Changes { items, after: id(after), head_rev: id(head), read: None, my_reactions: Vec::new() }
    };
    // By rev, what was edited since comes late: 501 after 502 and 503.
    play.stream(channel_stream(GENERAL), Some(503), changes(&[502, 503], 500, 504));
    assert!(play.screen().contains("1 message"), "{}", play.screen());
    assert_eq!(false_neighbours(&play.screen()), [], "{}", play.screen());
    play.stream(channel_stream(GENERAL), Some(504), changes(&[501], 503, 504));
    assert_eq!(false_neighbours(&play.screen()), [], "{}", play.screen());
    assert!(!play.screen().contains("loading"), "{}", play.screen());
}

#[test]
fn what_is_newer_than_the_loaded_messages_is_a_row_too() {
    let disk = Disk::new();
    let mut play = far_behind(24);
    play.turn_disk_on();
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(part_of(401..=480)) });
    play.wait(6_000);
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.press(KeyCode::Esc);
    again.press(KeyCode::Char('G'));
    assert!(again.screen().contains("── 20 messages not loaded ──"), "{}", again.screen());
}

/// Pain 14: resize loses your place.
#[test]
fn a_storm_of_sizes_keeps_the_message_that_was_read() {
    let mut play = far_behind(24);
    play.alt('u');
    part_loaded(&mut play, Part::Around(id(101)), part_of(51..=150));
    let place = |play: &Play| play.state.open_channel().and_then(|open| open.timeline()).map(|list| list.place);
    let before = place(&play);
    for step in 0..500_u16 {
        play.event(Event::Resize { columns: 20 + step * 37 % 280, rows: 5 + step * 13 % 95 });
        play.screen();
        if step % 50 == 0 {
            play.arrive(messages(501 + u64::from(step)..=501 + u64::from(step)).remove(0));
        }
    }
    play.event(Event::Resize { columns: 80, rows: 24 });
    assert_eq!(place(&play), before);
    assert!(play.screen().contains("message 101"), "{}", play.screen());
}

#[test]
fn browsing_marks_nothing_as_read() {
    let mut play = far_behind(24);
    let marks = |play: &Play| play.effects.iter().filter(|effect| matches!(effect, Effect::MarkRead { .. })).count();
    play.alt('m');
    assert!(play.screen().contains("browsing: nothing is marked as read"), "{}", play.screen());
    play.press(KeyCode::PageUp);
    play.wait(10_000);
    assert_eq!((marks(&play), play.unread(GENERAL)), (0, 400));
    play.alt('m');
    play.alt('u');
    part_loaded(&mut play, Part::Around(id(101)), part_of(51..=150));
    play.wait(800);
    assert_eq!(marks(&play), 1);
}

#[test]
fn a_glance_is_no_reading_and_a_stream_of_news_is_read_all_the_same() {
    let mut play = Play::chat(80, 24);
    let marks = |play: &Play| play.effects.iter().filter(|effect| matches!(effect, Effect::MarkRead { .. })).count();
    play.effects.clear();
    play.arrive(message(7, BOB, 60, "seen in passing"));
    play.wait(300);
    play.alt('a');
    play.wait(10_000);
    assert!(
        play.effects
            .iter()
            .all(|effect| !matches!(effect, Effect::MarkRead { channel_id, .. } if *channel_id == id(GENERAL)))
    );
    play.alt('s');
    play.effects.clear();
    for seq in 8..20 {
        play.arrive(message(seq, BOB, 60, "and on"));
        play.wait(200);
    }
    assert!((2..=4).contains(&marks(&play)), "{}", marks(&play));
}

/// Pain 18 again: a log that must be read anew leaves the person where the person was.
#[test]
fn reading_a_log_anew_keeps_the_place() {
    let mut play = far_behind(24);
    play.alt('u');
    part_loaded(&mut play, Part::Around(id(101)), part_of(51..=150));
    asked_parts(&mut play);
    let before = body(&play);
    play.stream(channel_stream(GENERAL), None, EventBody::StreamReload {});
    let newest = MessagePage { rev: id(900), ..page(messages(401..=500), Some("401")) };
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(newest) });
    assert_eq!(asked_parts(&mut play), [Part::Around(id(101))]);
    let around = MessagePage { rev: id(900), ..part_of(51..=150) };
    part_loaded(&mut play, Part::Around(id(101)), around);
    assert_eq!(body(&play), before);
    assert_eq!(asked_parts(&mut play), []);
}
