//! Of what the person is told, and what the person's programs are.

use syncspace_protocol::channels::ReadMarker;
use syncspace_protocol::messages::Message;
use syncspace_protocol::personal::{ChannelPreferences, NotifyLevel, ThreadMembership, UserMute};
use syncspace_protocol::preferences::Preferences;
use syncspace_protocol::reminders::{Reminder, ReminderState};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::sync::Change;
use syncspace_protocol::{Rev, StreamId, Time};

use crate::app::{Effect, Event, Net, notify};
use crate::config::{Overrides, read};
use crate::play::{
    ALICE, BOB, ENG, GENERAL, NINE, Play, RANDOM, WITH_BOB, at, channel_stream, id, message, page, user,
};

fn in_channel(channel: u64, seq: u64, content: &str) -> Message {
    let mut message = message(seq, BOB, 90, content);
    message.channel_id = id(channel);
    message.id = id(channel * 1_000 + seq);
    message
}

fn calling(mut message: Message) -> Message {
    message.mentions.users = vec![id(ALICE)];
    message
}

/// Gives what the person was told since the last look: title and text.
fn told(play: &mut Play) -> Vec<(String, String)> {
    let told = play.effects.drain(..).filter_map(|effect| match effect {
        Effect::Tell(told) => Some((told.title, told.body)),
        _ => None,
    });
    told.collect()
}

fn titles(play: &mut Play) -> Vec<String> {
    told(play).into_iter().map(|(title, _)| title).collect()
}

fn look_away(play: &mut Play) {
    play.event(Event::Focus { is_focused: false });
}

fn mine(play: &mut Play, body: EventBody) {
    play.stream(StreamId::Member(id(50)), Some(90), body);
}

fn missed(play: &mut Play, channel: u64, messages: Vec<Message>) {
    let rev = messages.last().map_or(Rev::ZERO, |message| message.rev);
    let items = messages.into_iter().map(|message| Change::Message { message }).collect();
    let changes = EventBody::Changes { items, after: Rev::ZERO, head_rev: rev, read: None, my_reactions: Vec::new() };
    play.stream(channel_stream(channel), Some(rev.get()), changes);
}

#[test]
fn pain_10_what_is_on_the_screen_of_a_focused_terminal_is_not_told_and_else_it_is() {
    let mut play = Play::chat(80, 24);
    play.arrive(calling(in_channel(GENERAL, 7, "@alice one")));
    assert_eq!(told(&mut play), []);
    look_away(&mut play);
    play.arrive(calling(in_channel(GENERAL, 8, "@alice two\nand more")));
    assert_eq!(told(&mut play), [("bob in #general".to_owned(), "@alice two".to_owned())]);
    play.event(Event::Focus { is_focused: true });
    play.arrive(calling(in_channel(RANDOM, 10, "@alice three")));
    assert_eq!(titles(&mut play), ["bob in #random"], "another channel is open");
}

#[test]
fn levels_decide_of_what_is_told() {
    let mut play = Play::chat(80, 24);
    play.arrive(in_channel(RANDOM, 10, "nothing special"));
    assert_eq!(titles(&mut play), Vec::<String>::new());
    play.arrive(in_channel(WITH_BOB, 5, "psst"));
    assert_eq!(told(&mut play), [("bob".to_owned(), "psst".to_owned())]);
    let preferences =
        ChannelPreferences { notify: Some(NotifyLevel::All), rev: id(90), ..ChannelPreferences::default() };
    mine(&mut play, EventBody::MyChannelPreferences { channel_id: id(RANDOM), preferences });
    play.arrive(in_channel(RANDOM, 11, "now it is"));
    assert_eq!(titles(&mut play), ["bob in #random"]);
}

#[test]
fn mutes_and_quiet_times_keep_quiet() {
    let mut play = Play::chat(80, 24);
    let preferences = ChannelPreferences { is_muted: true, rev: id(90), ..ChannelPreferences::default() };
    mine(&mut play, EventBody::MyChannelPreferences { channel_id: id(RANDOM), preferences });
    play.arrive(calling(in_channel(RANDOM, 10, "@alice")));
    mine(&mut play, EventBody::MyUserMute { mute: UserMute { user_id: id(BOB), is_muted: true, rev: id(91) } });
    play.arrive(in_channel(WITH_BOB, 5, "psst"));
    assert_eq!(titles(&mut play), Vec::<String>::new());
    mine(&mut play, EventBody::MyUserMute { mute: UserMute { user_id: id(BOB), is_muted: false, rev: id(92) } });
    let until: Time = at(NINE + 2 * 3_600_000);
    let preferences = Preferences { paused_until: Some(until), ..Preferences::default() };
    let account =
        |preferences| EventBody::MyAccount { user: Box::new(user(ALICE, "alice")), preferences: Box::new(preferences) };
    play.net(Net::Stream(syncspace_protocol::socket::Event { stream: None, rev: None, body: account(preferences) }));
    play.arrive(in_channel(WITH_BOB, 6, "are you there?"));
    assert_eq!(titles(&mut play), Vec::<String>::new());
    play.clock = until.unix_ms();
    play.arrive(in_channel(WITH_BOB, 7, "now?"));
    assert_eq!(titles(&mut play), ["bob"]);
}

#[test]
fn pain_10_each_message_is_told_once_over_reconnects() {
    let mut play = Play::chat(80, 24);
    look_away(&mut play);
    play.arrive(calling(in_channel(GENERAL, 7, "@alice one")));
    play.arrive(calling(in_channel(GENERAL, 7, "@alice one")));
    assert_eq!(titles(&mut play).len(), 1);
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 });
    play.connect();
    missed(
        &mut play,
        GENERAL,
        vec![calling(in_channel(GENERAL, 7, "@alice one")), calling(in_channel(GENERAL, 8, "@alice two"))],
    );
    assert_eq!(told(&mut play), [("bob in #general".to_owned(), "@alice two".to_owned())]);
    missed(&mut play, GENERAL, vec![calling(in_channel(GENERAL, 8, "@alice two"))]);
    assert_eq!(titles(&mut play), Vec::<String>::new());
}

#[test]
fn history_is_never_told() {
    let mut play = Play::chat(80, 24);
    look_away(&mut play);
    let old = (1..=6).map(|seq| calling(in_channel(GENERAL, seq, "@alice"))).collect();
    missed(&mut play, GENERAL, old);
    let older = page(vec![calling(in_channel(GENERAL, 1, "@alice"))], None);
    play.net(Net::Messages { channel_id: id(GENERAL), before: Some(id(2)), answer: Ok(older) });
    assert_eq!(titles(&mut play), Vec::<String>::new());
}

#[test]
fn what_was_read_elsewhere_is_not_told_and_many_are_told_as_a_number() {
    let mut play = Play::chat(80, 24);
    look_away(&mut play);
    let read = ReadMarker { last_read_seq: id(8), unread_count: 0, mention_count: 0, as_of_rev: id(8), rev: id(91) };
    mine(&mut play, EventBody::MyRead { channel_id: id(GENERAL), read });
    missed(&mut play, GENERAL, (7..=8).map(|seq| calling(in_channel(GENERAL, seq, "@alice"))).collect());
    assert_eq!(titles(&mut play), Vec::<String>::new());
    missed(&mut play, GENERAL, (9..=20).map(|seq| calling(in_channel(GENERAL, seq, "@alice"))).collect());
    assert_eq!(told(&mut play), [("12 new messages".to_owned(), "bob in #general".to_owned())]);
}

#[test]
fn a_keyword_calls_like_a_name_and_only_once() {
    let mut play = Play::chat(80, 24);
    play.arrive(in_channel(RANDOM, 10, "the build is red"));
    assert_eq!(titles(&mut play), Vec::<String>::new());
    let read = ReadMarker { last_read_seq: id(6), unread_count: 4, mention_count: 1, as_of_rev: id(10), rev: id(91) };
    let found =
        || EventBody::MyKeywordMentions { channel_id: id(RANDOM), added: vec![id(10)], removed: Vec::new(), read };
    mine(&mut play, found());
    assert_eq!(told(&mut play), [("bob in #random".to_owned(), "the build is red".to_owned())]);
    mine(&mut play, found());
    assert_eq!(titles(&mut play), Vec::<String>::new());
}

#[test]
fn replies_of_followed_threads_are_told() {
    let mut play = Play::chat(80, 24);
    let read = ReadMarker { last_read_seq: id(2), unread_count: 0, mention_count: 0, as_of_rev: id(6), rev: id(1) };
    let membership =
        ThreadMembership { channel_id: id(RANDOM), root_seq: id(2), is_following: true, is_muted: false, read };
    let reply = |seq| {
        let mut reply = in_channel(RANDOM, seq, "an answer");
        (reply.parent_seq, reply.parent_message_id) = (Some(id(2)), Some(id(2_002)));
        reply
    };
    play.arrive(reply(10));
    assert_eq!(titles(&mut play), Vec::<String>::new());
    play.net(Net::Standing { channel_id: id(RANDOM), root: id(2), answer: Ok((Some(membership), id(6))) });
    play.arrive(reply(11));
    assert_eq!(titles(&mut play), ["bob in a thread of #random"]);
}

#[test]
fn a_reminder_is_told_once_when_its_time_has_come() {
    let mut play = Play::chat(80, 24);
    let reminder = |state, minutes: i64| Reminder {
        id: id(4),
        team_id: id(ENG),
        channel_id: id(RANDOM),
        seq: id(9),
        note: Some("ask \u{1b}[31mbob".to_owned()),
        remind_at: at(NINE + minutes * 60_000),
        state,
        is_message_gone: false,
        created_at: at(NINE),
        updated_at: at(NINE),
        rev: id(91),
    };
    let mut heard = |state, minutes| {
        mine(&mut play, EventBody::MyReminder { reminder: reminder(state, minutes) });
        (titles(&mut play), play.screen().contains("Reminder of a message in #random: ask bob"))
    };
    assert_eq!(heard(ReminderState::Waiting, 60), (Vec::new(), false));
    assert_eq!(heard(ReminderState::Due, 60), (vec!["Reminder of a message in #random".to_owned()], true));
    assert_eq!(heard(ReminderState::Due, 60), (Vec::new(), true));
    assert_eq!(heard(ReminderState::Due, 90).0.len(), 1, "it got another time");
}

#[test]
fn the_text_stays_inside_where_it_is_wanted_so() {
    let mut play = Play::chat(80, 24);
    play.state.settings = read("[notifications]\ntext = false\n", &Overrides::default()).settings;
    play.arrive(in_channel(WITH_BOB, 5, "a secret"));
    assert_eq!(told(&mut play), [("bob".to_owned(), "a new message".to_owned())]);
}

#[test]
fn pain_20_names_and_texts_of_others_are_clean_when_they_leave() {
    let mut play = Play::chat(80, 24);
    play.arrive(in_channel(WITH_BOB, 5, "a\u{1b}]0;evil\u{7}b\u{9b}2J\u{202e}c"));
    assert_eq!(told(&mut play), [("bob".to_owned(), "abc".to_owned())]);
}

#[test]
fn the_title_counts_calls_and_direct_messages() {
    let mut play = Play::chat(80, 24);
    assert_eq!(
        notify::title(&play.state, notify::counts(&play.state).1).as_deref(),
        Some("(1) SyncSpace"),
        "one of bob"
    );
    play.arrive(calling(in_channel(RANDOM, 10, "@alice")));
    assert_eq!(notify::title(&play.state, notify::counts(&play.state).1).as_deref(), Some("(2) SyncSpace"));
    play.arrive(in_channel(RANDOM, 11, "hello"));
    assert_eq!(notify::title(&play.state, notify::counts(&play.state).1).as_deref(), Some("(2) SyncSpace"));
    play.state.settings = read("notifications.title = false\n", &Overrides::default()).settings;
    assert_eq!(notify::title(&play.state, notify::counts(&play.state).1), None);
}

/// Gives the programs that were to run since the last look, with what they are told.
fn hooks(play: &mut Play) -> Vec<(String, serde_json::Value)> {
    let run = play.effects.drain(..).filter_map(|effect| match effect {
        Effect::RunHook { program, input } => {
            Some((program.join(" "), serde_json::from_str(&input).expect("one line of JSON")))
        }
        _ => None,
    });
    run.collect()
}

#[test]
fn programs_are_told_of_what_happens() {
    let mut play = Play::chat(80, 24);
    let file =
        "[hooks]\nmessage = ['log']\nmention = ['shout', '-x']\ndirect = 'ring'\nconnected = 'up'\nlost = 'down'\n";
    play.state.settings = read(file, &Overrides::default()).settings;
    play.arrive(in_channel(RANDOM, 10, "\u{1b}hello"));
    let run = hooks(&mut play);
    assert_eq!(run.len(), 1);
    let (program, input) = &run[0];
    assert_eq!(program, "log");
    let expected = serde_json::json!({
        "event": "message", "server": "http://127.0.0.1:7420", "user": "alice", "at": play.state.now, "team": "eng",
        "channel": "#random", "channel_id": RANDOM, "seq": 10, "thread_seq": null, "sender": "bob", "sender_id": BOB,
        "content": "\u{1b}hello", "created_at": at(NINE + 90 * 60_000), "notifies": false,
    });
    assert_eq!(input, &expected);
    play.arrive(calling(in_channel(WITH_BOB, 5, "@alice")));
    let run: Vec<String> = hooks(&mut play).into_iter().map(|(program, _)| program).collect();
    assert_eq!(run, ["log", "shout -x", "ring"]);
    let mut own = in_channel(RANDOM, 11, "mine");
    own.sender_id = id(ALICE);
    play.arrive(own);
    assert_eq!(hooks(&mut play), [], "not of what one writes oneself");
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 });
    play.event(Event::Tick);
    play.connect();
    let events: Vec<_> =
        hooks(&mut play).into_iter().map(|(program, input)| (program, input["event"].clone())).collect();
    assert_eq!(events, [("down".to_owned(), "lost".into()), ("up".to_owned(), "connected".into())]);
}

#[test]
fn nothing_is_heard_before_it_is_known_who_this_is() {
    let mut play = Play::start(80, 24, true);
    play.arrive(calling(in_channel(GENERAL, 7, "@alice")));
    assert_eq!(titles(&mut play), Vec::<String>::new());
}
