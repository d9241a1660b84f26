//! Going to places: back and forward, permalinks, threads in "go to"; and what is remembered of habits over a restart.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;
use syncspace_protocol::channels::ReadMarker;
use syncspace_protocol::messages::{ForwardedFrom, Message, MessagePage, MessagePlace};
use syncspace_protocol::personal::{MyThread, ThreadMembership};

use crate::app::deed::{Deed, Outcome};
use crate::app::look::Theme;
use crate::app::state::Focus;
use crate::app::timeline::Part;
use crate::app::world::Log;
use crate::app::{Effect, Event, Net};
use crate::cache::Disk;
use crate::play::{BOB, CAROL, ENG, GENERAL, Play, RANDOM, WITH_BOB, id, message, name, page};

fn alt_arrow(play: &mut Play, code: KeyCode) {
    play.event(Event::Key(KeyEvent::new(code, KeyModifiers::ALT)));
}

fn back(play: &mut Play) {
    alt_arrow(play, KeyCode::Left);
}

fn forward(play: &mut Play) {
    alt_arrow(play, KeyCode::Right);
}

fn go_to(play: &mut Play, typed: &str) {
    play.ctrl('k');
    play.type_text(typed);
    play.press(KeyCode::Enter);
}

/// A long channel, of which the end is loaded.
fn long(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    play.state.open_channel_mut().expect("a channel").log = Log::Loading(Vec::new());
    let items: Vec<Message> = (400..=500).map(|seq| message(seq, CAROL, 0, &format!("line {seq}"))).collect();
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(items, Some("400"))) });
    play.effects.clear();
    play
}

fn part_around(play: &mut Play, seq: u64) {
    let items: Vec<Message> = (seq - 40..=seq + 40).map(|seq| message(seq, CAROL, 0, &format!("line {seq}"))).collect();
    let mut part = page(items, Some("x"));
    (part.last_seq, part.rev) = (id(501), id(501));
    play.net(Net::Part { channel_id: id(GENERAL), part: Part::Around(id(seq)), answer: Ok(part) });
}

fn selected(play: &Play) -> Option<u64> {
    play.state.selected().map(|(_, message)| message.seq.get())
}

#[test]
fn back_and_forward_walk_the_channels_and_survive_a_restart() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    go_to(&mut play, "random");
    go_to(&mut play, "bob");
    assert_eq!(play.state.chat.open, Some(id(WITH_BOB)));
    back(&mut play);
    assert_eq!(play.state.chat.open, Some(id(RANDOM)));
    play.wait(6_000);
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    back(&mut again);
    assert_eq!(again.state.chat.open, Some(id(GENERAL)));
    back(&mut again);
    assert!(again.screen().contains("This is where you began."), "{}", again.screen());
    forward(&mut again);
    forward(&mut again);
    assert_eq!(again.state.chat.open, Some(id(WITH_BOB)));
    forward(&mut again);
    assert!(again.screen().contains("There is nothing to go forward to."), "{}", again.screen());
}

#[test]
fn while_something_is_typed_the_keys_move_by_words() {
    let mut play = Play::chat(80, 24);
    go_to(&mut play, "random");
    play.type_text("two words");
    back(&mut play);
    assert_eq!(play.state.chat.open, Some(id(RANDOM)));
    assert_eq!(play.state.composer().map(|draft| draft.cursor()), Some((0, 4)));
}

#[test]
fn a_permalink_to_what_is_not_loaded_opens_it_in_context_and_back_leads_to_the_line() {
    let mut play = long(80, 24);
    play.arrive(message(501, BOB, 1, "see syncspace://5/10/100"));
    play.press(KeyCode::Esc);
    assert_eq!(selected(&play), Some(501));
    play.effects.clear();
    play.press(KeyCode::Char('o'));
    let asks = |play: &Play| {
        play.effects
            .iter()
            .any(|effect| matches!(effect, Effect::LoadPart { part: Part::Around(at), .. } if *at == id(100)))
    };
    assert!(asks(&play), "{:?}", play.effects);
    assert!(play.screen().contains("Loading that message"), "{}", play.screen());
    part_around(&mut play, 100);
    assert_eq!(selected(&play), Some(100));
    assert_snapshot!("permalink_in_context", play.screen());
    back(&mut play);
    assert_eq!(play.state.open_channel().and_then(|open| open.timeline()?.selected), Some(id(501)));
    assert!(play.screen().contains("see syncspace://5/10/100"), "{}", play.screen());
    forward(&mut play);
    assert!(play.screen().contains("line 100"), "{}", play.screen());
}

#[test]
fn what_else_is_being_loaded_does_not_end_the_way_to_a_message() {
    let mut play = long(80, 24);
    play.arrive(message(501, BOB, 1, "see syncspace://5/10/100"));
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('o'));
    let part = Part::Before(id(400));
    let gap = MessagePage { last_seq: id(501), rev: id(501), ..page(Vec::new(), Some("more")) };
    play.net(Net::Part { channel_id: id(GENERAL), part, answer: Ok(gap) });
    play.net(Net::KeptPart { channel_id: id(GENERAL), part, log: None });
    assert!(!play.screen().contains("not there any more"), "{}", play.screen());
    part_around(&mut play, 100);
    assert_eq!(selected(&play), Some(100));
}

#[test]
fn a_message_that_is_gone_is_said_to_be() {
    let mut play = long(80, 24);
    play.arrive(message(501, BOB, 1, "see syncspace://5/10/100 or syncspace://5/99/1"));
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('o'));
    play.press(KeyCode::Char('1'));
    let items: Vec<Message> = (300..=340).map(|seq| message(seq, CAROL, 0, "kept")).collect();
    let mut part = page(items, None);
    (part.last_seq, part.rev) = (id(501), id(501));
    play.net(Net::Part { channel_id: id(GENERAL), part: Part::Around(id(100)), answer: Ok(part) });
    assert!(play.screen().contains("That message is not there any more."), "{}", play.screen());
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('G'));
    play.press(KeyCode::Char('o'));
    play.press(KeyCode::Char('2'));
    assert!(play.screen().contains("It stands in a channel that you are not in."), "{}", play.screen());
}

#[test]
fn without_a_connection_a_place_opens_from_the_disk_or_says_what_it_needs() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.state.open_channel_mut().expect("a channel").log = Log::Loading(Vec::new());
    let items: Vec<Message> = (1..=600).map(|seq| message(seq, CAROL, 0, &format!("line {seq}"))).collect();
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(items, None)) });
    play.arrive(message(601, BOB, 1, "see syncspace://5/10/50"));
    play.wait(6_000);
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.press(KeyCode::Esc);
    again.press(KeyCode::Char('o'));
    again.save(&disk);
    assert_eq!(selected(&again), Some(50));
    assert!(again.screen().contains("line 50"), "{}", again.screen());
    let mut bare = long(80, 24);
    bare.arrive(message(501, BOB, 1, "see syncspace://5/10/100"));
    bare.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 60_000 });
    bare.press(KeyCode::Esc);
    bare.press(KeyCode::Char('o'));
    assert!(bare.screen().contains("it needs the connection"), "{}", bare.screen());
}

#[test]
fn what_a_message_answers_or_forwards_is_one_key_away() {
    let mut play = long(80, 24);
    let mut reply = message(501, BOB, 1, "I think so");
    (reply.parent_seq, reply.parent_message_id) = (Some(id(100)), Some(id(1_100)));
    play.arrive(reply);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('^'));
    part_around(&mut play, 100);
    assert_eq!(selected(&play), Some(100));
    let mut play = long(80, 24);
    let mut copy = message(501, BOB, 1, "look");
    let place = Some(MessagePlace { channel_id: id(GENERAL), seq: id(450) });
    copy.forwarded_from = Some(ForwardedFrom { sender_id: id(CAROL), place });
    play.arrive(copy);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('^'));
    assert_eq!(selected(&play), Some(450));
    play.press(KeyCode::Char('^'));
    assert!(play.screen().contains("Not possible here: Go to the message that it answers"), "{}", play.screen());
}

fn thread(seq: u64, text: &str, unread: u32) -> MyThread {
    let root = message(seq, CAROL, 0, text);
    let read =
        ReadMarker { last_read_seq: root.seq, unread_count: unread, mention_count: 0, as_of_rev: root.rev, rev: id(1) };
    let membership =
        ThreadMembership { channel_id: root.channel_id, root_seq: root.seq, is_following: true, is_muted: false, read };
    MyThread { root, membership }
}

#[test]
fn threads_and_commands_are_found_in_go_to() {
    let mut play = Play::chat(80, 24);
    let threads = vec![thread(2, "Why is the nightly build slow?", 0), thread(3, "Moving to the new runner", 2)];
    play.net(Net::Standings { team_id: id(ENG), answer: Ok((Vec::new(), threads)) });
    play.ctrl('k');
    assert_snapshot!("go_to_threads", play.screen());
    play.type_text("nightly");
    assert_snapshot!("go_to_nightly", play.screen());
    play.press(KeyCode::Enter);
    assert_eq!(play.state.chat.focus, Focus::ThreadComposer);
    let asked = play.effects.iter().any(|effect| matches!(effect, Effect::LoadThread { root, .. } if *root == id(2)));
    assert!(asked, "{:?}", play.effects);
    play.ctrl('k');
    play.type_text("choose a theme");
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("high-contrast"), "{}", play.screen());
}

#[test]
fn habits_are_the_same_after_a_restart() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.save(&disk);
    for channel in ["random", "bob", "random", "general"] {
        go_to(&mut play, channel);
    }
    play.press(KeyCode::Esc);
    (0..3).for_each(|_| play.press(KeyCode::Char('k')));
    play.press(KeyCode::Char('a'));
    play.type_text("rocket");
    play.press(KeyCode::Enter);
    play.type_text("i");
    play.type_text("/theme light");
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("Theme light. It stays so for this account on this machine."), "{}", play.screen());
    play.wait(6_000);
    play.save(&disk);
    let again = Play::restart(&disk, 80, 24);
    let now = again.state.now;
    let score = |channel: u64| again.state.chat.visits.score(id(channel), now);
    assert!(score(RANDOM) > score(WITH_BOB) && score(WITH_BOB) > 0, "{} {}", score(RANDOM), score(WITH_BOB));
    assert_eq!(again.state.own.recent().first(), Some(&name("rocket")));
    assert_eq!(again.state.look.theme, Theme::Light);
}

#[test]
fn a_theme_of_the_configuration_comes_before_a_picked_one() {
    let mut play = Play::chat_with_disk(80, 24);
    play.state.settings.theme = Theme::Dark;
    play.type_text("/theme light");
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("until you leave: the configuration says dark"), "{}", play.screen());
    play.type_text("/theme pink");
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("A theme is one of auto, terminal, dark"), "{}", play.screen());
}

#[test]
fn a_reminder_has_a_time_and_a_note() {
    let mut play = Play::chat(80, 24);
    play.press(KeyCode::Esc);
    (0..3).for_each(|_| play.press(KeyCode::Char('k')));
    play.press(KeyCode::Char('R'));
    play.type_text("fri 9:00 ask carol about it");
    assert_snapshot!("remind_note", play.screen());
    play.press(KeyCode::Enter);
    let asked = play.deeds();
    let [deed @ Deed::Remind { reminder, .. }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(reminder.note.as_deref(), Some("ask carol about it"));
    let time = reminder.remind_at;
    play.answer(deed.clone(), Outcome::Due(time));
    assert!(play.screen().contains("You will be reminded: Fri 27 Nov, 09:00"), "{}", play.screen());
    // A note alone is for one of the times that are offered.
    play.press(KeyCode::Char('R'));
    play.type_text("just a note");
    play.press(KeyCode::Down);
    play.press(KeyCode::Enter);
    let asked = play.deeds();
    assert!(
        matches!(asked.as_slice(), [Deed::Remind { reminder, .. }] if reminder.note.as_deref() == Some("just a note")),
        "{asked:?}"
    );
    play.press(KeyCode::Char('i'));
    play.type_text("/remind 20m stretch");
    play.press(KeyCode::Enter);
    let asked = play.deeds();
    assert!(
        matches!(asked.as_slice(), [Deed::Remind { reminder, .. }] if reminder.note.as_deref() == Some("stretch")),
        "{asked:?}"
    );
}

#[test]
fn a_search_and_what_it_opened_leave_the_line_that_was_read_where_it_was() {
    let mut play = long(120, 36);
    play.press(KeyCode::Esc);
    (0..3).for_each(|_| play.press(KeyCode::PageUp));
    let before = play.screen();
    play.ctrl('f');
    play.type_text("line");
    play.press(KeyCode::Enter);
    let asked = play.deeds().remove(0);
    let hit = syncspace_protocol::search::SearchHit {
        message: message(100, CAROL, 0, "line 100"),
        highlights: Vec::new(),
        context: syncspace_protocol::search::SearchContext::default(),
    };
    let page = syncspace_protocol::search::SearchPage {
        items: vec![hit],
        next: None,
        is_partial: false,
        behind: false,
        behind_changes: 0,
    };
    play.answer(asked, Outcome::Hits(Box::new(page)));
    play.press(KeyCode::Enter);
    part_around(&mut play, 100);
    assert_eq!(selected(&play), Some(100));
    play.press(KeyCode::Esc);
    play.press(KeyCode::Esc);
    assert_eq!(play.screen(), before);
}
