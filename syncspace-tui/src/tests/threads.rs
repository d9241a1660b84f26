//! Long threads: they open at their end, are read on where the person scrolls, and stay bounded in memory.

use crossterm::event::KeyCode;
use syncspace_protocol::Seq;
use syncspace_protocol::messages::{Message, Thread};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::sync::Change;

use crate::app::loaded::OPEN_MESSAGES_MAX;
use crate::app::message::Failure;
use crate::app::timeline::Part;
use crate::app::{Effect, Net};
use crate::play::{CAROL, GENERAL, Play, channel_stream, id, message, morning};

/// Places of replies lie apart: others talk in the channel meanwhile.
const STEP: u64 = 3;
/// Replies of a page, as the program asks for them.
const PAGE: usize = 100;

fn seq(number: u64) -> u64 {
    10 + number * STEP
}

fn reply(number: u64) -> Message {
    let minute = i64::try_from(20 + number / 50).expect("small");
    let mut reply = message(seq(number), CAROL, minute, &format!("reply {number}."));
    (reply.parent_seq, reply.parent_message_id) = (Some(id(2)), Some(id(1_002)));
    reply
}

/// A part of a thread of so many replies, as a server gives it.
fn part(last: u64, part: Part) -> Thread {
    let all = 1..=last;
    let (numbers, next): (Vec<u64>, _) = match part {
        Part::Before(before) => {
            let found: Vec<u64> = all.filter(|number| seq(*number) < before.get()).collect();
            let page = found[found.len().saturating_sub(PAGE)..].to_vec();
            let next = page.first().filter(|first| **first > 1).map(|first| seq(*first));
            (page, next)
        }
        Part::After(after) => {
            let page: Vec<u64> = all.filter(|number| seq(*number) > after.get()).take(PAGE).collect();
            let next = page.last().filter(|end| **end < last).map(|end| seq(*end));
            (page, next)
        }
        Part::Around(_) => unreachable!("no part of a thread is asked for around a place"),
    };
    Thread {
        root: morning().remove(1),
        items: numbers.into_iter().map(reply).collect(),
        next: next.map(|next| next.to_string()),
        participants: Vec::new(),
        membership: None,
        rev: id(seq(last)),
        my_reactions: Vec::new(),
    }
}

/// Answers like a server whatever is asked of the thread.
fn answer(play: &mut Play, last: u64) {
    for effect in std::mem::take(&mut play.effects) {
        match effect {
            Effect::LoadThread { channel_id, root } => {
                let answer = Ok(part(last, Part::Before(Seq::END)));
                play.net(Net::Thread { channel_id, root, answer });
            }
            Effect::LoadThreadPart { channel_id, root, part: wanted } => {
                play.net(Net::ThreadPart { channel_id, root, part: wanted, answer: Ok(part(last, wanted)) });
            }
            _ => {}
        }
    }
}

/// A thread of so many replies, just opened.
fn open(last: u64) -> Play {
    let mut play = Play::chat(120, 24);
    play.press(KeyCode::Esc);
    for _ in 0..4 {
        play.press(KeyCode::Char('k'));
    }
    play.press(KeyCode::Char('t'));
    answer(&mut play, last);
    play
}

fn held(play: &Play) -> Vec<u64> {
    let list = play.state.chat.thread.as_ref().and_then(|thread| thread.timeline.as_ref()).expect("a thread");
    list.iter().map(|message| message.seq.get()).collect()
}

fn top(play: &Play) -> Option<String> {
    let screen = play.screen();
    let line = screen.lines().find(|line| line.contains("reply ") && line.contains('.'))?;
    line.split("reply ").nth(1)?.split('.').next().map(str::to_owned)
}

#[test]
fn a_long_thread_opens_at_its_newest_replies() {
    let mut play = open(3_000);
    assert!(play.screen().contains("reply 3000."), "{}", play.screen());
    assert_eq!(held(&play).len(), PAGE + 1, "and its root");
    // Upwards everything follows on, as far as one goes.
    let mut before = 3_000;
    play.press(KeyCode::Esc);
    while before > 2_500 {
        play.press(KeyCode::PageUp);
        answer(&mut play, 3_000);
        assert!(!play.screen().contains("not loaded"), "{}", play.screen());
        let now: u64 = top(&play).and_then(|number| number.parse().ok()).expect("a reply");
        assert!(now < before && before - now < 50, "from {before} to {now}");
        before = now;
    }
}

#[test]
fn what_is_missing_in_a_thread_is_a_row_and_is_read_from_its_beginning_on() {
    let mut play = open(3_000);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('g'));
    let screen = play.screen();
    let rows: Vec<&str> = screen.lines().filter(|line| line.contains("more replies")).collect();
    assert!(rows.len() == 1 && rows[0].contains("loading more replies"), "{screen}");
    assert!(!screen.contains("reply 2900."), "what was missed stands between: {screen}");
    answer(&mut play, 3_000);
    assert_eq!(top(&play).as_deref(), Some("1"), "{}", play.screen());
    play.press(KeyCode::PageDown);
    assert_eq!(held(&play)[1..4], [seq(1), seq(2), seq(3)]);
}

#[test]
fn a_gap_between_two_parts_of_a_thread_closes_from_both_sides() {
    let mut play = open(350);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('g'));
    answer(&mut play, 350);
    for _ in 0..60 {
        play.press(KeyCode::PageDown);
        answer(&mut play, 350);
    }
    let all: Vec<u64> = std::iter::once(2).chain((1..=350).map(seq)).collect();
    assert_eq!(held(&play), all);
    assert!(play.screen().contains("reply 350."), "{}", play.screen());
}

#[test]
fn who_reads_a_thread_far_back_keeps_a_window_its_root_and_its_end() {
    let mut play = open(6_000);
    play.press(KeyCode::Esc);
    while held(&play)[1] > seq(2_500) {
        play.press(KeyCode::PageUp);
        let before = top(&play);
        answer(&mut play, 6_000);
        assert_eq!(top(&play), before, "the line being read stays");
    }
    let held_now = held(&play);
    assert!(held_now.len() <= OPEN_MESSAGES_MAX, "{}", held_now.len());
    assert_eq!((held_now.first(), held_now.last()), (Some(&2), Some(&seq(6_000))));
    play.press(KeyCode::Char('G'));
    assert!(play.screen().contains("reply 6000."), "{}", play.screen());
    for _ in 0..80 {
        play.press(KeyCode::PageUp);
        answer(&mut play, 6_000);
        assert!(!play.screen().contains("not loaded"), "{}", play.screen());
    }
}

#[test]
fn a_burst_of_replies_stays_bounded() {
    let mut play = open(200);
    for number in 201..=5_000 {
        play.arrive(reply(number));
    }
    assert!(held(&play).len() <= OPEN_MESSAGES_MAX, "{}", held(&play).len());
    assert!(play.screen().contains("reply 5000."), "{}", play.screen());
}

#[test]
fn a_reply_that_changes_in_a_gap_comes_with_the_gap_as_it_is_then() {
    let mut play = open(3_000);
    let rev = seq(3_000) + 1;
    let changed = Message { content: "changed".to_owned(), rev: id(rev), ..reply(100) };
    let items = vec![Change::Message { message: changed }];
    let (after, head_rev) = (id(seq(3_000)), id(rev));
    let changes = EventBody::Changes { items, after, head_rev, read: None, my_reactions: Vec::new() };
    play.stream(channel_stream(GENERAL), Some(rev), changes);
    assert!(!held(&play).contains(&seq(100)));
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('g'));
    // The answer was on its way before the change.
    answer(&mut play, 3_000);
    assert!(!held(&play).contains(&seq(100)), "it is read once more");
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::LoadThreadPart { .. })));
}

#[test]
fn replies_that_could_not_be_read_are_asked_for_again_by_scrolling() {
    let mut play = open(3_000);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('g'));
    let wanted = play.effects.drain(..).find_map(|effect| match effect {
        Effect::LoadThreadPart { channel_id, root, part } => Some((channel_id, root, part)),
        _ => None,
    });
    let (channel_id, root, wanted) = wanted.expect("a part");
    let failure = Failure {
        code: None,
        message: "too much to do".to_owned(),
        field: None,
        is_transient: true,
        retry_after_ms: None,
    };
    play.net(Net::ThreadPart { channel_id, root, part: wanted, answer: Err(failure) });
    assert!(play.screen().contains("more replies not loaded"), "{}", play.screen());
    play.press(KeyCode::Char('g'));
    play.press(KeyCode::PageUp);
    answer(&mut play, 3_000);
    assert_eq!(top(&play).as_deref(), Some("1"), "{}", play.screen());
}
