//! A server that stumbles while the connection is there is asked again; nobody has to restart anything.

use syncspace_protocol::groups::UserGroup;
use syncspace_protocol::messages::Thread;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{Seq, StreamId};

use crate::app::entry::team_form;
use crate::app::loaded::TEAM_WAITING_MAX;
use crate::app::message::{Answer, Failure};
use crate::app::state::Screen;
use crate::app::{Effect, Net};
use crate::play::{
    BOB, CAROL, ENG, GENERAL, Play, RANDOM, channel_stream, contents, hello, hello_team, id, message, morning, page,
};
use crossterm::event::KeyCode;

fn busy<T>() -> Answer<T> {
    let message = "the server has too much to do".to_owned();
    Err(Failure { code: None, message, field: None, is_transient: true, retry_after_ms: None })
}

/// Counts the effects of a kind since the last look.
fn count(play: &mut Play, is_one: impl Fn(&Effect) -> bool) -> usize {
    play.effects.drain(..).filter(is_one).count()
}

#[test]
fn a_team_that_could_not_be_read_is_read_again_and_says_so() {
    let mut play = Play::start(80, 24, true);
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    play.net(Net::Team { team_id: id(ENG), answer: busy() });
    assert!(play.screen().contains("Trying again"), "{}", play.screen());
    play.effects.clear();
    play.wait(6_000);
    assert_eq!(count(&mut play, |effect| matches!(effect, Effect::LoadTeam(_))), 1);
    play.net(Net::Team { team_id: id(ENG), answer: Ok(contents()) });
    assert!(play.screen().contains("#general"), "{}", play.screen());
}

#[test]
fn what_was_heard_while_a_team_is_read_is_not_lost_with_the_answer() {
    let mut play = Play::chat(80, 24);
    play.stream(StreamId::Team(id(ENG)), None, EventBody::StreamReload {});
    let mut channel = contents().channels.remove(1).channel;
    (channel.description, channel.rev) = (Some("changed".to_owned()), id(5));
    play.stream(StreamId::Team(id(ENG)), Some(5), EventBody::ChannelUpdated { channel });
    let Err(failure) = busy::<()>() else { return };
    play.net(Net::Team { team_id: id(ENG), answer: Err(Failure { is_transient: false, ..failure }) });
    let changed = play.state.world.channels[&id(RANDOM)].channel.description.clone();
    assert_eq!(changed.as_deref(), Some("changed"));
}

#[test]
fn of_a_team_that_is_read_for_long_a_bounded_number_of_events_waits_and_none_is_missed() {
    let mut play = Play::chat(80, 24);
    let is_team = |effect: &Effect| matches!(effect, Effect::LoadTeam(_));
    play.stream(StreamId::Team(id(ENG)), None, EventBody::StreamReload {});
    play.effects.clear();
    let group = |number: u64| UserGroup {
        id: id(number),
        team_id: id(ENG),
        name: format!("group-{number}").parse().expect("a name"),
        user_ids: vec![id(BOB)],
        created_by: id(BOB),
        created_at: message(1, BOB, 0, "").created_at,
        updated_at: message(1, BOB, 0, "").created_at,
        rev: id(100 + number),
    };
    let most = u64::try_from(TEAM_WAITING_MAX).expect("small");
    for number in 1..=most + 5 {
        let body = EventBody::GroupUpdated { group: group(number) };
        play.stream(StreamId::Team(id(ENG)), Some(100 + number), body);
    }
    let waiting = |play: &Play| play.state.world.teams[&id(ENG)].waiting.as_ref().map(|waiting| waiting.events.len());
    assert_eq!(waiting(&play), Some(TEAM_WAITING_MAX));
    play.net(Net::Team { team_id: id(ENG), answer: Ok(contents()) });
    assert_eq!(play.state.world.groups.len(), TEAM_WAITING_MAX);
    assert_eq!(count(&mut play, is_team), 1, "what was not held is read");
    play.net(Net::Team { team_id: id(ENG), answer: Ok(contents()) });
    assert_eq!((waiting(&play), count(&mut play, is_team)), (None, 0));
}

#[test]
fn messages_that_could_not_be_read_are_read_again() {
    let mut play = Play::chat(80, 24);
    play.stream(channel_stream(GENERAL), None, EventBody::StreamReload {});
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: busy() });
    assert!(play.screen().contains("trying again"), "{}", play.screen());
    play.effects.clear();
    play.wait(6_000);
    assert_eq!(count(&mut play, |effect| matches!(effect, Effect::LoadMessages { before: None, .. })), 1);
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(morning(), None)) });
    assert!(play.screen().contains("Deployed 1.4"), "{}", play.screen());
}

#[test]
fn a_name_that_could_not_be_read_is_asked_for_again() {
    let mut play = Play::chat(80, 24);
    play.arrive(message(7, 77, 60, "who am I?"));
    let is_user = |effect: &Effect| matches!(effect, Effect::LoadUser(_));
    assert_eq!(count(&mut play, is_user), 1);
    play.net(Net::User(busy()));
    play.wait(3_000);
    assert_eq!(count(&mut play, is_user), 0, "not at once");
    play.wait(3_000);
    assert_eq!(count(&mut play, is_user), 1);
}

fn open_thread(play: &mut Play) {
    play.press(KeyCode::Esc);
    for _ in 0..4 {
        play.press(KeyCode::Char('k'));
    }
    play.press(KeyCode::Char('t'));
}

fn thread(replies: std::ops::RangeInclusive<u64>) -> Thread {
    let reply = |seq: u64| {
        let mut reply = message(seq, CAROL, 12, &format!("reply {seq}"));
        (reply.parent_seq, reply.parent_message_id) = (Some(id(2)), Some(id(1_002)));
        reply
    };
    let rev = id(*replies.end());
    let items = replies.map(reply).collect();
    let root = morning().remove(1);
    Thread { root, items, next: None, participants: Vec::new(), membership: None, rev, my_reactions: Vec::new() }
}

fn answer(play: &mut Play, answer: Answer<Thread>) {
    play.net(Net::Thread { channel_id: id(GENERAL), root: id(2), answer });
}

#[test]
fn a_thread_that_could_not_be_read_is_read_again() {
    let is_thread = |effect: &Effect| matches!(effect, Effect::LoadThread { .. });
    let mut play = Play::chat(120, 24);
    open_thread(&mut play);
    play.effects.clear();
    answer(&mut play, busy());
    play.wait(6_000);
    assert_eq!(count(&mut play, is_thread), 1);
    answer(&mut play, busy());
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 });
    play.wait(6_000);
    assert_eq!(count(&mut play, is_thread), 0, "nobody is there to be asked");
    play.connect();
    assert_eq!(count(&mut play, is_thread), 1);
}

#[test]
fn an_open_thread_is_read_anew_with_its_channel() {
    let mut play = Play::chat(120, 24);
    open_thread(&mut play);
    answer(&mut play, Ok(thread(7..=60)));
    play.press(KeyCode::Esc);
    play.press(KeyCode::PageUp);
    let selected = |play: &Play| {
        let list = play.state.chat.thread.as_ref().and_then(|thread| thread.timeline.as_ref()).expect("a thread");
        (list.selected, list.place)
    };
    let before = selected(&play);
    assert_ne!(before.0, Some(Seq::ZERO));
    play.effects.clear();
    play.stream(channel_stream(GENERAL), None, EventBody::StreamReload {});
    assert_eq!(count(&mut play, |effect| matches!(effect, Effect::LoadThread { .. })), 1);
    answer(&mut play, Ok(thread(7..=70)));
    assert_eq!(selected(&play), before, "what is read stays where it is");
    play.press(KeyCode::End);
    assert!(play.screen().contains("reply 70"), "{}", play.screen());
}

#[test]
fn a_form_above_the_chat_does_not_wake_the_program_for_ever() {
    let mut play = Play::chat(80, 24);
    play.type_text("a draft");
    play.arrive(message(7, BOB, 60, "unread"));
    play.state.screen = Screen::Entry { form: team_form(&[]), earlier: Vec::new() };
    play.arrive(message(8, BOB, 61, "more"));
    assert!(play.state.notify.is_settled(), "what came is told, and not gathered");
    play.wait(10_000);
    assert_eq!(play.state.next_deadline().filter(|at| *at <= play.state.now), None);
}
