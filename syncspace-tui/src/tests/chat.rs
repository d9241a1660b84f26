//! The chat: what is shown, where keys go, what is counted.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::channels::{ChannelKind, MoveMarker, ReadMarker};
use syncspace_protocol::messages::{Message, MessageType, Thread, ThreadState};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::teams::{TeamMember, TeamRole};
use syncspace_protocol::users::Person;
use syncspace_protocol::{Mentions, StreamId};

use crate::app::arriving::Wanted;
use crate::app::composer::DraftKey;
use crate::app::rows::Tone;
use crate::app::state::Focus;
use crate::app::{Effect, Event, Net};
use crate::play::{
    ALICE, BOB, CAROL, ENG, GENERAL, NINE, Play, RANDOM, at, channel_stream, id, message, morning, my_channel, name,
};

#[test]
fn the_chat_fits_every_width() {
    for columns in [40, 60, 80, 100, 120, 200] {
        let play = Play::chat(columns, 30);
        assert_snapshot!(format!("chat_{columns}"), play.screen());
    }
}

#[test]
fn the_side_bar_lies_above_a_narrow_chat() {
    let mut play = Play::chat(50, 20);
    play.ctrl('b');
    assert_snapshot!(play.screen());
    play.press(KeyCode::Esc);
    assert!(!play.screen().contains("random"));
}

#[test]
fn help_shows_the_keys_of_the_place() {
    let mut play = Play::chat(80, 40);
    play.press(KeyCode::F(1));
    assert_snapshot!("help_composer", play.screen());
    play.press(KeyCode::Esc);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('?'));
    assert_snapshot!("help_messages", play.screen());
}

#[test]
fn a_question_mark_in_a_message_is_a_question_mark() {
    let mut play = Play::chat(80, 24);
    play.type_text("why?");
    assert!(play.screen().contains("why?"));
    assert!(play.state.modal.is_none());
}

fn with_thread(columns: u16) -> Play {
    let mut play = Play::chat(columns, 24);
    play.press(KeyCode::Esc);
    for _ in 0..4 {
        play.press(KeyCode::Char('k'));
    }
    play.press(KeyCode::Char('t'));
    assert!(matches!(play.effects.last(), Some(Effect::LoadThread { .. })));
    let mut items = morning();
    let reply = items.remove(3);
    let root = items.remove(1);
    let thread = Thread {
        root,
        items: vec![reply],
        next: None,
        participants: Vec::new(),
        membership: None,
        rev: id(6),
        my_reactions: Vec::new(),
    };
    play.net(Net::Thread { channel_id: id(GENERAL), root: id(2), answer: Ok(thread) });
    play
}

#[test]
fn a_thread_stands_beside_the_messages_where_there_is_room() {
    assert_snapshot!("thread_120", with_thread(120).screen());
    assert_snapshot!("thread_80", with_thread(80).screen());
}

#[test]
fn what_is_typed_after_opening_a_thread_is_a_reply() {
    for columns in [60, 80, 120] {
        let mut play = with_thread(columns);
        play.type_text("a thread reply");
        assert_eq!(play.state.composer().map(|draft| draft.text()), Some("a thread reply".to_owned()), "{columns}");
        play.press(KeyCode::Esc);
        assert_eq!(play.state.chat.focus, Focus::ThreadMessages);
        play.press(KeyCode::Char('q'));
        assert_eq!(play.state.chat.focus, Focus::Messages);
    }
}

#[test]
fn letters_that_are_no_command_are_written() {
    let mut play = Play::chat(80, 24);
    play.press(KeyCode::Esc);
    play.type_text("what is bound");
    assert_eq!(play.state.composer().map(|draft| draft.text()), Some("what is bound".to_owned()));
    play.ctrl('u');
    play.press(KeyCode::Esc);
    // The last message is deleted: it cannot be edited, which is said, and nothing is written.
    play.press(KeyCode::Char('e'));
    assert_eq!(play.state.chat.focus, Focus::Messages);
    assert!(play.screen().contains("Not possible here: Edit your message"), "{}", play.screen());
    play.ctrl('x');
    assert_eq!(play.state.chat.focus, Focus::Messages, "a key with Ctrl is no text");
}

#[test]
fn a_reply_goes_into_the_thread_and_arrives_in_it() {
    let mut play = with_thread(120);
    play.type_text("so it is");
    play.effects.clear();
    play.press(KeyCode::Enter);
    let sent = play.effects.iter().find_map(|effect| match effect {
        Effect::Send { body, .. } => Some(body.clone()),
        _ => None,
    });
    assert_eq!(sent.and_then(|body| body.parent_message_id), Some(id(1_002)));

    let mut reply = message(7, CAROL, 60, "thanks");
    reply.parent_seq = Some(id(2));
    reply.parent_message_id = Some(id(1_002));
    let thread =
        Some(ThreadState { root_seq: id(2), root_sender_id: None, reply_count: 2, last_reply_at: Some(at(NINE)) });
    play.stream(channel_stream(GENERAL), Some(7), EventBody::MessageCreated { message: reply, thread });
    assert_eq!(play.screen().matches("thanks").count(), 2, "{}", play.screen());
    assert!(play.screen().contains("2 replies"));
}

#[test]
fn somebody_typing_is_shown_for_a_while() {
    let mut play = Play::chat(80, 24);
    play.stream(channel_stream(GENERAL), None, EventBody::Typing { user_id: id(BOB), parent_seq: None });
    assert!(play.screen().contains("bob is typing…"));
    play.clock = play.state.next_deadline().expect("typing ends").unix_ms();
    play.event(Event::Tick);
    assert!(!play.screen().contains("typing"));
    assert_eq!(play.state.next_deadline(), None, "an idle program has nothing to wait for");
}

#[test]
fn typing_is_told_every_three_seconds_at_most() {
    let mut play = Play::chat(80, 24);
    play.type_text("hello");
    let told = |play: &Play| play.effects.iter().filter(|effect| matches!(effect, Effect::Typing { .. })).count();
    assert_eq!(told(&play), 1);
    play.clock += 3_000;
    play.type_text("!");
    assert_eq!(told(&play), 2);
}

#[test]
fn each_channel_keeps_its_own_draft() {
    let mut play = Play::chat(100, 24);
    play.type_text("for general");
    play.alt('a');
    play.alt('a');
    assert!(!play.screen().contains("for general"), "{}", play.screen());
    play.type_text("elsewhere");
    play.ctrl('k');
    play.type_text("gen");
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("for general"));
    assert!(!play.screen().contains("elsewhere"));
}

#[test]
fn pain_17_alt_a_visits_what_is_unread_and_comes_back() {
    let mut play = Play::chat(100, 24);
    let mut visited = Vec::new();
    for _ in 0..4 {
        play.alt('a');
        let open = play.state.chat.open.expect("a channel");
        visited.push(play.state.world.channel_name(&play.state.world.channels[&open].channel).into_owned());
        // Seeing it reads it; the answers of the server do not come in this test.
        let head = play.state.world.channels[&open].head;
        let read = ReadMarker {
            last_read_seq: head.last_seq,
            unread_count: 0,
            mention_count: 0,
            as_of_rev: head.last_rev,
            rev: id(99),
        };
        play.stream(StreamId::Member(id(50)), Some(99), EventBody::MyRead { channel_id: open, read });
    }
    assert_eq!(visited, ["bob", "random", "general", "general"], "who calls first, and the start again at the end");
    assert!(play.screen().contains("Nothing is unread."), "{}", play.screen());
}

#[test]
fn a_message_on_the_screen_of_a_focused_terminal_is_read() {
    let mut play = Play::chat(80, 24);
    play.arrive(message(7, BOB, 60, "news"));
    assert_eq!(play.unread(GENERAL), 1, "not before it has stood there for a moment");
    play.wait(800);
    assert_eq!(play.unread(GENERAL), 0);
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::MarkRead { mark, .. } if mark.seq == id(7))));

    play.effects.clear();
    play.event(Event::Focus { is_focused: false });
    play.arrive(message(8, BOB, 61, "more news"));
    play.wait(800);
    assert_eq!(play.unread(GENERAL), 1);
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::MarkRead { .. })));
    assert_snapshot!(play.screen());
    play.event(Event::Focus { is_focused: true });
    play.wait(800);
    assert_eq!(play.unread(GENERAL), 0);
}

#[test]
fn messages_elsewhere_count_and_own_ones_do_not() {
    let mut play = Play::chat(80, 24);
    let elsewhere = |seq, sender| {
        let mut message = message(seq, sender, 60, "x");
        message.channel_id = id(RANDOM);
        message
    };
    play.arrive(elsewhere(10, BOB));
    play.arrive(elsewhere(10, BOB));
    play.arrive(elsewhere(11, ALICE));
    assert_eq!(play.unread(RANDOM), 4);
    let deleted = EventBody::MessageDeleted {
        seq: id(10),
        sender_id: id(BOB),
        message_type: MessageType::Text,
        deleted_by: id(BOB),
        former_mentions: Mentions::default(),
        deleted_at: at(NINE),
        thread: None,
    };
    play.stream(channel_stream(RANDOM), Some(12), deleted);
    assert_eq!(play.unread(RANDOM), 3);
}

/// A message of Bob that names somebody.
fn naming(seq: u64, content: &str, mentions: Mentions) -> Message {
    let mut named = message(seq, BOB, 60, content);
    named.mentions = mentions;
    named
}

#[test]
fn mentions_stand_in_the_side_bar_and_ones_name_is_set_off() {
    let mut play = Play::chat(80, 24);
    let me = || Mentions { users: vec![id(ALICE)], ..Mentions::default() };
    let mut elsewhere = naming(10, "@alice", me());
    elsewhere.channel_id = id(RANDOM);
    play.arrive(elsewhere);
    assert!(play.screen().contains("#random         @1 4 "), "{}", play.screen());
    play.arrive(naming(7, "well, @Alice. And `@alice`, @bob, @channel", me()));
    let open = play.state.open_channel().and_then(|open| open.timeline()).expect("a timeline");
    let rows = play.state.with_rows(60, false, |context| open.visible(context, 20, &[]));
    let set_off: Vec<&str> = rows
        .iter()
        .flat_map(|row| &row.spans)
        .filter(|(tone, _)| *tone == Tone::Mention)
        .map(|(_, words)| words.as_str())
        .collect();
    assert_eq!(set_off, ["@Alice"]);
}

#[test]
fn a_channel_marked_unread_stays_so_until_it_is_opened_again() {
    let mut play = Play::chat(80, 24);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('k'));
    play.press(KeyCode::Char('u'));
    let set = |effect: &Effect| match effect {
        Effect::MarkRead { mark, .. } => Some((mark.mode, mark.seq.get())),
        _ => None,
    };
    assert_eq!(play.effects.iter().find_map(set), Some((MoveMarker::Set, 4)));
    play.effects.clear();
    play.arrive(message(7, BOB, 60, "more"));
    play.wait(800);
    assert_eq!(play.effects.iter().find_map(set), None, "seeing it is not reading it");
    play.press(KeyCode::Char('i'));
    play.alt('a');
    play.alt('s');
    play.wait(800);
    assert_eq!(play.effects.iter().filter_map(set).next_back(), Some((MoveMarker::Advance, 7)));
}

#[test]
fn what_another_device_marks_unread_is_not_undone_by_this_screen() {
    let mut play = Play::chat(80, 24);
    play.effects.clear();
    let read = ReadMarker { last_read_seq: id(3), unread_count: 3, mention_count: 1, as_of_rev: id(6), rev: id(9) };
    play.stream(StreamId::Member(id(50)), Some(9), EventBody::MyRead { channel_id: id(GENERAL), read });
    play.wait(800);
    assert_eq!(play.unread(GENERAL), 3);
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::MarkRead { .. })), "{:?}", play.effects);
}

#[test]
fn who_becomes_a_guest_reads_the_channels_again() {
    let mut play = Play::chat(80, 24);
    let member = |role, rev| TeamMember {
        team_id: id(ENG),
        user: Person {
            id: id(ALICE),
            username: name("alice"),
            full_name: None,
            avatar_url: None,
            is_active: true,
            is_bot: false,
        },
        role,
        joined_at: at(NINE),
        rev: id(rev),
    };
    play.effects.clear();
    for (role, rev, expected) in [(TeamRole::Member, 90, 0), (TeamRole::Guest, 91, 1)] {
        let body = EventBody::TeamMemberUpdated { member: member(role, rev) };
        play.stream(StreamId::Team(id(ENG)), Some(rev), body);
        let asked = play.effects.iter().filter(|effect| matches!(effect, Effect::LoadTeam(_))).count();
        assert_eq!(asked, expected, "{role:?}");
    }
}

#[test]
fn a_channel_that_one_was_just_put_into_is_counted() {
    let mut play = Play::chat(80, 24);
    let new = my_channel(77, ChannelKind::Private, Some("plans"), 0, 0);
    let membership = new.membership.expect("a membership");
    let joined = EventBody::MyChannelJoined { channel: new.channel, membership };
    play.stream(StreamId::Member(id(50)), Some(9), joined);
    let mut first = message(1, BOB, 60, "psst");
    first.channel_id = id(77);
    play.arrive(first);
    assert_eq!(play.unread(77), 1);
    assert!(play.screen().contains("◇plans             1 "), "{}", play.screen());
}

#[test]
fn a_channel_of_which_something_was_missed_is_counted_anew() {
    let mut play = Play::chat(80, 24);
    play.effects.clear();
    let mut elsewhere = message(14, BOB, 60, "x");
    elsewhere.channel_id = id(RANDOM);
    play.arrive(elsewhere.clone());
    elsewhere.seq = id(15);
    elsewhere.rev = id(15);
    play.arrive(elsewhere);
    let asked = play.effects.iter().filter(|effect| matches!(effect, Effect::LoadMarker(_))).count();
    assert_eq!(asked, 1);
    let read = ReadMarker { last_read_seq: id(6), unread_count: 9, mention_count: 2, as_of_rev: id(15), rev: id(1) };
    play.net(Net::Counted { channel_id: id(RANDOM), answer: Ok(read) });
    assert_eq!(play.unread(RANDOM), 9);
}

#[test]
fn editing_changes_one_message_and_esc_loses_nothing() {
    let mut play = Play::chat(80, 24);
    play.type_text("a draft");
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('k'));
    play.press(KeyCode::Char('e'));
    play.type_text(" // changed");
    play.press(KeyCode::Esc);
    assert!(play.screen().contains("a draft"), "{}", play.screen());
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('e'));
    play.press(KeyCode::Enter);
    let edited = play.effects.iter().find_map(|effect| match effect {
        Effect::Edit { seq, content, .. } => Some((*seq, content.clone())),
        _ => None,
    });
    assert_eq!(edited, Some((id(5), "fn main() {\n\tprintln!(\"hi\");\n} // changed".to_owned())));
}

#[test]
fn deleting_asks_first() {
    let mut play = Play::chat(80, 24);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('k'));
    play.press(KeyCode::Char('d'));
    assert_snapshot!(play.screen());
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::Delete { .. })));
    play.press(KeyCode::Char('y'));
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::Delete { seq, .. } if *seq == id(5))));
}

#[test]
fn the_switcher_finds_channels_people_and_actions() {
    let mut play = Play::chat(80, 24);
    play.ctrl('k');
    assert_snapshot!("switcher", play.screen());
    play.type_text("caro");
    play.press(KeyCode::Enter);
    assert!(matches!(play.effects.last(), Some(Effect::CreateChannel { .. })));
    play.ctrl('o');
    assert_snapshot!("palette", play.screen());
}

#[test]
fn ctrl_k_ends_the_line_where_text_is_right_of_the_cursor() {
    let mut play = Play::chat(80, 24);
    play.type_text("keep this");
    for _ in 0..5 {
        play.press(KeyCode::Left);
    }
    play.ctrl('k');
    assert!(play.state.modal.is_none());
    assert!(play.screen().contains("keep"));
    assert!(!play.screen().contains("this"));
}

#[test]
fn leaving_asks_only_where_something_would_be_lost() {
    let mut play = Play::chat(80, 24);
    play.type_text("half a sentence");
    play.ctrl('q');
    assert_snapshot!(play.screen());
    play.press(KeyCode::Esc);
    assert!(play.effects.iter().all(|effect| !matches!(effect, Effect::Quit)));
    play.ctrl('u');
    play.ctrl('q');
    assert!(matches!(play.effects.last(), Some(Effect::Quit)));
}

#[test]
fn ctrl_c_never_leaves_at_once() {
    let mut play = Play::chat(80, 24);
    play.ctrl('c');
    play.ctrl('c');
    assert!(play.effects.iter().all(|effect| !matches!(effect, Effect::Quit)));
    assert!(play.state.modal.is_none());
}

#[test]
fn what_is_typed_while_a_channel_opens_is_for_that_channel() {
    let mut play = Play::chat(80, 24);
    play.type_text("for general");
    play.alt('d');
    play.type_text("caro");
    play.press(KeyCode::Enter);
    play.type_text("psst");
    play.press(KeyCode::Enter);
    assert_eq!(play.sends(), [], "nothing is sent before it is known where to");
    assert!(play.screen().contains("to @carol (opening…)"), "{}", play.screen());
    let answer = Ok(my_channel(90, ChannelKind::Direct, None, 1, 0));
    play.net(Net::ChannelEntered { wanted: Wanted::Person(id(ENG), id(CAROL)), answer });
    assert!(play.screen().contains("psst"), "{}", play.screen());
    play.press(KeyCode::Enter);
    let sent: Vec<_> = play.sends().into_iter().map(|(content, _)| content).collect();
    assert_eq!(sent, ["psst"]);
    assert_eq!(play.state.chat.drafts[&DraftKey::Channel(id(GENERAL))].text(), "for general");
}
