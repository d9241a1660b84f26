//! What stays in memory of long channels and of many: bounded, and the line being read does not move.

use crossterm::event::KeyCode;
use syncspace_protocol::StreamId;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::messages::{Message, MessagePage};
use syncspace_protocol::socket::EventBody;

use crate::app::loaded::{AWAY_MESSAGES_MAX, CHANNELS_MAX, OPEN_MESSAGES_MAX};
use crate::app::message::TeamContents;
use crate::app::timeline::Part;
use crate::app::world::Log;
use crate::app::{Effect, Net};
use crate::cache::Disk;
use crate::play::{BOB, CAROL, ENG, GENERAL, Play, contents, hello, hello_team, id, message, my_channel, page};

fn messages(seqs: std::ops::RangeInclusive<u64>) -> Vec<Message> {
    let sender = |seq: u64| if seq.is_multiple_of(3) { BOB } else { CAROL };
    let minutes = |seq: u64| i64::try_from(seq / 60).expect("small");
    seqs.map(|seq| message(seq, sender(seq), minutes(seq), &format!("message {seq}"))).collect()
}

fn loaded(play: &Play, channel: u64) -> Vec<u64> {
    let timeline = play.state.world.channels[&id(channel)].timeline();
    timeline.map_or_else(Vec::new, |log| log.iter().map(|message| message.seq.get()).collect())
}

fn top(play: &Play) -> Option<String> {
    play.screen().lines().find(|line| line.contains("message ")).map(|line| line.trim().to_owned())
}

/// #general with its newest page, in a log of `last` messages, all of them read.
fn chat(last: u64, has_disk: bool) -> Play {
    let mut play = Play::start(80, 24, true);
    if has_disk {
        play.turn_disk_on();
    }
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    let mut contents = contents();
    contents.channels[0] = my_channel(GENERAL, ChannelKind::Public, Some("general"), last, 0);
    play.net(Net::Team { team_id: id(ENG), answer: Ok(contents) });
    play.net(Net::KeptLog { channel_id: id(GENERAL), before: None, log: None });
    let newest = MessagePage { rev: id(last), ..page(messages(last - 99..=last), Some("more")) };
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(newest) });
    play.ctrl('b');
    play
}

/// Scrolls up by pages, and answers like a server whatever is asked for, until this many messages were passed.
fn scroll_up(play: &mut Play, last: u64, to: u64) {
    while loaded(play, GENERAL).first().is_some_and(|first| *first > to) {
        play.press(KeyCode::PageUp);
        answer(play, last);
    }
}

/// Answers like a server whatever was asked of the log.
fn answer(play: &mut Play, last: u64) {
    for effect in std::mem::take(&mut play.effects) {
        let of = |seqs| MessagePage { rev: id(last), last_seq: id(last), ..page(messages(seqs), Some("more")) };
        match effect {
            Effect::LoadKept { channel_id, before } => play.net(Net::KeptLog { channel_id, before, log: None }),
            Effect::LoadKeptPart { channel_id, part } => play.net(Net::KeptPart { channel_id, part, log: None }),
            Effect::LoadMessages { channel_id, before: Some(before) } => {
                let seqs = before.get().saturating_sub(100).max(1)..=before.get() - 1;
                play.net(Net::Messages { channel_id, before: Some(before), answer: Ok(of(seqs)) });
            }
            Effect::LoadPart { channel_id, part } => {
                let seqs = match part {
                    Part::Before(seq) => seq.get().saturating_sub(100).max(1)..=seq.get() - 1,
                    Part::After(seq) => seq.get() + 1..=(seq.get() + 100).min(last),
                    Part::Around(seq) => seq.get().saturating_sub(50).max(1)..=(seq.get() + 50).min(last),
                };
                play.net(Net::Part { channel_id, part, answer: Ok(of(seqs)) });
            }
            _ => {}
        }
    }
}

#[test]
fn who_reads_far_back_keeps_a_window_and_the_newest_messages() {
    let mut play = chat(9_000, false);
    scroll_up(&mut play, 9_000, 5_000);
    let held = loaded(&play, GENERAL);
    assert!(held.len() <= OPEN_MESSAGES_MAX, "{}", held.len());
    assert_eq!(held.last(), Some(&9_000), "the newest message is one key away");
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('G'));
    assert!(play.screen().contains("message 9000"), "{}", play.screen());
    // Upwards from there, what was forgotten is met as a gap, and loaded again.
    for _ in 0..40 {
        play.press(KeyCode::PageUp);
        answer(&mut play, 9_000);
        assert!(!play.screen().contains("not loaded"), "{}", play.screen());
    }
    assert!(loaded(&play, GENERAL).len() <= OPEN_MESSAGES_MAX);
}

#[test]
fn the_line_being_read_stays_when_messages_go() {
    let mut play = chat(9_000, false);
    scroll_up(&mut play, 9_000, 8_000);
    let before = (top(&play), play.screen());
    for seq in 9_001..9_001 + u64::try_from(OPEN_MESSAGES_MAX).expect("small") {
        play.arrive(message(seq, BOB, 200, "news"));
        assert_eq!(top(&play), before.0);
    }
    assert!(loaded(&play, GENERAL).len() <= OPEN_MESSAGES_MAX);
    let rows = |screen: &str| screen.lines().take(20).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&play.screen()), rows(&before.1));
}

#[test]
fn who_jumps_around_arrives_however_much_was_loaded_before() {
    let mut play = chat(9_000, false);
    play.press(KeyCode::Esc);
    for jump in 1..=30 {
        let (last, wanted) = (9_000 + jump, jump * 5_021 % 8_900 + 50);
        play.arrive(message(last, BOB, 200, &format!("see syncspace://{ENG}/{GENERAL}/{wanted}")));
        play.press(KeyCode::Char('G'));
        play.press(KeyCode::Char('o'));
        answer(&mut play, last);
        assert!(play.screen().contains(&format!("message {wanted}")), "{}", play.screen());
    }
    assert!(loaded(&play, GENERAL).len() <= OPEN_MESSAGES_MAX);
}

#[test]
fn a_burst_at_the_end_keeps_what_is_near_it() {
    let mut play = chat(200, false);
    for seq in 201..=5_000 {
        play.arrive(message(seq, BOB, 200, &format!("news {seq}")));
    }
    let held = loaded(&play, GENERAL);
    assert!(held.len() <= OPEN_MESSAGES_MAX, "{}", held.len());
    let last_600: Vec<u64> = (4_501..=5_000).collect();
    assert!(held.ends_with(&last_600), "without holes: {:?}", held.first());
    assert!(play.screen().contains("news 5000"));
}

#[test]
fn a_gap_that_was_forgotten_comes_back_from_the_disk_without_a_connection() {
    let disk = Disk::new();
    let mut play = chat(300, true);
    play.save(&disk);
    for seq in 301..=3_000 {
        play.arrive(message(seq, BOB, 200, &format!("message {seq}")));
        play.save(&disk);
    }
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 60_000 });
    let first = loaded(&play, GENERAL)[0];
    assert!(first > 1_000, "{first}");
    while loaded(&play, GENERAL)[0] > first - 500 {
        play.press(KeyCode::PageUp);
        play.save(&disk);
    }
    assert!(
        !play.effects.iter().any(|effect| matches!(effect, Effect::LoadMessages { before: Some(_), .. })),
        "no server was asked"
    );
    let held = loaded(&play, GENERAL);
    assert!(held.len() <= OPEN_MESSAGES_MAX);
}

#[test]
fn a_change_of_a_message_that_was_forgotten_is_not_lost() {
    let mut play = chat(9_000, false);
    scroll_up(&mut play, 9_000, 8_850);
    play.effects.clear();
    for _ in 0..10 {
        play.press(KeyCode::PageUp);
    }
    let asked = play.effects.iter().find_map(|effect| match effect {
        Effect::LoadMessages { before, .. } => *before,
        _ => None,
    });
    let before = asked.expect("more history is asked for");
    let changed = before.get() - 5;
    let edit = EventBody::MessageUpdated {
        seq: id(changed),
        sender_id: id(BOB),
        parent_seq: None,
        content: "changed meanwhile".to_owned(),
        edited_at: crate::play::at(crate::play::NINE),
        mentions: syncspace_protocol::Mentions::default(),
        former_mentions: syncspace_protocol::Mentions::default(),
    };
    play.stream(crate::play::channel_stream(GENERAL), Some(9_001), edit);
    play.effects.clear();
    // Read before the change: it must not be taken for how things are.
    let old = MessagePage { rev: id(9_000), ..page(messages(before.get() - 100..=before.get() - 1), Some("more")) };
    play.net(Net::Messages { channel_id: id(GENERAL), before: Some(before), answer: Ok(old) });
    assert!(!loaded(&play, GENERAL).contains(&changed));
    let is_asked = |effect: &Effect| matches!(effect, Effect::LoadMessages { before: again, .. } if *again == asked);
    assert!(play.effects.iter().any(is_asked), "it is read again");
}

#[test]
fn news_elsewhere_do_not_make_a_page_of_history_old() {
    let mut play = chat(9_000, false);
    for _ in 0..12 {
        play.press(KeyCode::PageUp);
    }
    let first = loaded(&play, GENERAL)[0];
    play.arrive(message(9_001, BOB, 200, "news"));
    let older = MessagePage { rev: id(9_000), ..page(messages(first - 100..=first - 1), Some("more")) };
    play.net(Net::Messages { channel_id: id(GENERAL), before: Some(id(first)), answer: Ok(older) });
    assert_eq!(loaded(&play, GENERAL)[0], first - 100, "a busy channel can be scrolled");
}

#[test]
fn channels_that_were_left_keep_little_and_those_left_long_ago_nothing() {
    const FIRST: u64 = 100;
    let mut play = Play::start(80, 24, true);
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    let count = u64::try_from(CHANNELS_MAX).expect("small") + 5;
    let channels = (FIRST..FIRST + count)
        .map(|number| my_channel(number, ChannelKind::Public, Some(&format!("channel-{number}")), 200, 0))
        .collect();
    let members = contents().members;
    play.net(Net::Team { team_id: id(ENG), answer: Ok(TeamContents { channels, members }) });
    let of = |channel: u64, seqs| -> Vec<Message> {
        let mut page = messages(seqs);
        for message in &mut page {
            (message.channel_id, message.id) = (id(channel), id(channel * 100_000 + message.seq.get()));
        }
        page
    };
    for channel in FIRST..FIRST + count {
        let newest = MessagePage { rev: id(200), ..page(of(channel, 101..=200), Some("more")) };
        play.net(Net::Messages { channel_id: id(channel), before: None, answer: Ok(newest) });
        let news: Vec<Message> = of(channel, 201..=450);
        news.into_iter().for_each(|message| play.arrive(message));
        play.event(crate::app::Event::Key(crossterm::event::KeyEvent::new(
            KeyCode::Down,
            crossterm::event::KeyModifiers::ALT,
        )));
    }
    let is_loaded = |channel: &u64| matches!(play.state.world.channels[&id(*channel)].log, Log::Loaded(_));
    let held: Vec<u64> = (FIRST..FIRST + count).filter(is_loaded).collect();
    assert_eq!(held.len(), CHANNELS_MAX - 1, "and one that is just being read");
    assert!(!held.contains(&(FIRST + 1)), "{held:?}");
    for channel in held {
        assert!(loaded(&play, channel).len() <= AWAY_MESSAGES_MAX || play.state.chat.open == Some(id(channel)));
        assert_eq!(loaded(&play, channel).last(), Some(&450));
    }
    let is_left =
        |effect: &Effect| matches!(effect, Effect::Unfollow(StreamId::Channel(left)) if *left == id(FIRST + 1));
    assert!(play.effects.iter().any(is_left));
}
