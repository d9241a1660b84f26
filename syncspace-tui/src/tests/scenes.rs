//! Whole screens at the six widths: one line of the table is one scene, and one test.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use std::rc::Rc;
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::channels::{ChannelKind, Posting};
use syncspace_protocol::messages::{Message, Thread};
use syncspace_protocol::personal::{MyThread, ThreadMembership};
use syncspace_protocol::reactions::Reaction;
use syncspace_protocol::server::{Banner, BannerLevel};
use syncspace_protocol::socket::{Event as StreamEvent, EventBody};
use syncspace_protocol::{ErrorCode, channels::ReadMarker};

use crate::app::accounts::AccountNo;
use crate::app::deed::{Deed, Outcome};
use crate::app::keymap::{Keymap, Preset};
use crate::app::message::Failure;
use crate::app::others::{Mark, MarkLink};
use crate::app::state::ServerIs;
use crate::app::timeline::Part;
use crate::app::world::Log;
use crate::app::{Event, Net};
use crate::play::{
    ALICE, BOB, CAROL, ENG, GENERAL, Play, channel_stream, contents, hello, hello_team, id, message, morning,
    my_channel, name, page, server_info,
};
use crate::reader::Reader;

/// Every width has its own layout: one column, with a side bar, with a thread beside the messages.
const SIZES: [(u16, u16); 6] = [(40, 20), (60, 20), (80, 24), (100, 24), (120, 30), (200, 30)];

/// Names scenes, and what leads to each from a window of a size.
macro_rules! scenes {
    ($($name:ident => $play:expr),+ $(,)?) => {$(
        #[test]
        fn $name() {
            for (columns, rows) in SIZES {
                let play: Play = $play(columns, rows);
                let screen = play.screen();
                assert!(screen.lines().all(|row| unicode_width::UnicodeWidthStr::width(row) <= usize::from(columns)));
                assert_snapshot!(format!("{}_{columns}", stringify!($name)), screen);
            }
        }
    )+};
}

scenes! {
    words_of_the_world => |columns, rows| with(columns, rows, world()),
    code_and_tables => |columns, rows| with(columns, rows, code()),
    long_message_folded => |columns, rows| with(columns, rows, folded()),
    gap_rows => gap,
    new_line => new_line_drawn,
    outbox_with_a_refusal => outbox,
    offline_with_a_countdown => offline,
    reactions_that_wrap => |columns, rows| with(columns, rows, vec![reacted()]),
    page_below_the_strip => page_and_strip,
    thread_below_the_strip => |columns, rows| strip(thread(columns, rows)),
    thread_without_a_connection => |columns, rows| lost(thread(columns, rows)),
    draft_of_many_lines => long_draft,
    banner_below_the_strip => |columns, rows| banner(strip(Play::chat(columns, rows))),
    who_is_typing => typing,
    read_only_channel => read_only,
    direct_messages => direct,
    registration_refused => register_refused,
    login_elsewhere => login,
    channel_form_refused => channel_refused,
    emoji_picker => |columns, rows| picker(columns, rows, "a"),
    remind_picker => |columns, rows| picker(columns, rows, "R"),
    forward_picker => |columns, rows| picker(columns, rows, "f"),
    links_picker => |columns, rows| picker(columns, rows, "o"),
    help_searched => help,
    help_at_its_end_below_the_strip => |columns, rows| {
        let mut play = strip(Play::chat(columns, rows));
        play.press(KeyCode::F(1));
        (0..20).for_each(|_| play.press(KeyCode::PageDown));
        play
    },
    prefix_pending => prefix,
    palette => do_what,
    search_with_names => |columns, rows| searched(columns, rows, "deploy in:"),
    search_in_all_teams => super::finding::found_in_all,
    page_of_one_team_of_two => |columns, rows| {
        let mut play = super::finding::in_two_teams(columns, rows);
        play.press(KeyCode::F(9));
        play
    },
    search_with_days => |columns, rows| searched(columns, rows, "deploy -before:"),
}

/// Puts messages into #general, as all there is of it.
fn with(columns: u16, rows: u16, items: Vec<Message>) -> Play {
    let mut play = Play::chat(columns, rows);
    let last = items.last().map_or(id(1), |message| message.seq);
    let open = play.state.open_channel_mut().expect("a channel");
    (open.log, open.head.last_seq) = (Log::Loading(Vec::new()), last);
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(items, None)) });
    play.effects.clear();
    play
}

/// Long words, wide letters, stacked marks, emoji of several parts, and text from right to left.
fn world() -> Vec<Message> {
    vec![
        message(1, BOB, 0, &format!("Donau{}kapitän and then some words", "dampfschifffahrts".repeat(6))),
        message(
            2,
            CAROL,
            1,
            "日本語の文章はどこでも改行できますので、幅の狭い端末でも崩れません。한국어도 마찬가지입니다.",
        ),
        message(
            3,
            BOB,
            2,
            "stacked: e\u{301}\u{302}\u{323} Z\u{351}\u{36b}\u{343}a\u{30a}lgo  ภาษาไทยไม่มีช่องว่างระหว่างคำ",
        ),
        message(4, CAROL, 3, "👩‍👩‍👧‍👦 family, 🇩🇪🇯🇵 flags, 👍🏽 tone, 1️⃣ keycap, ❤️ heart, 🏳️‍🌈 :tada: :octocat:"),
        message(5, BOB, 4, "شكرا جزيلا على المساعدة (v1.5) and back to left, שלום עולם"),
        message(6, CAROL, 5, "zero\u{200b}width and \u{202e}turned\u{202c} and tab\there"),
    ]
}

fn code() -> Vec<Message> {
    let fence = "```rust\nfn main() { let answer = std::env::args().skip(1).map(|word| word.len()).sum::<usize>(); }\n\treturn;\n```";
    let table =
        "| service | state | since |\n|:--|:-:|--:|\n| api | up | 09:00 |\n| `a\\|b` | **down** | 日本 |\n| one cell |";
    let wide = "| key | meaning |\n|---|---|\n| retry | how often a request that failed is sent again before the person is told that it came to nothing |";
    vec![message(1, BOB, 0, fence), message(2, CAROL, 1, table), message(3, BOB, 2, wide)]
}

fn folded() -> Vec<Message> {
    let long: Vec<String> = (1..=200).map(|number| format!("line {number}")).collect();
    vec![message(1, BOB, 0, &long.join("\n")), message(2, CAROL, 9, "That is long.")]
}

fn numbered(seqs: std::ops::RangeInclusive<u64>) -> Vec<Message> {
    seqs.map(|seq| message(seq, if seq.is_multiple_of(3) { BOB } else { CAROL }, 0, &format!("message {seq}")))
        .collect()
}

/// A channel of 500 messages that was read up to the hundredth.
fn behind(columns: u16, rows: u16, part: Vec<Message>) -> Play {
    let mut play = Play::start(columns, rows, true);
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    let mut contents = contents();
    contents.channels[0] = my_channel(GENERAL, ChannelKind::Public, Some("general"), 500, 400);
    play.net(Net::Team { team_id: id(ENG), answer: Ok(contents) });
    let mut newest = page(numbered(401..=500), Some("401"));
    newest.rev = id(500);
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(newest) });
    let mut part = page(part, Some("x"));
    (part.last_seq, part.rev) = (id(500), id(500));
    play.net(Net::Part { channel_id: id(GENERAL), part: Part::Around(id(101)), answer: Ok(part) });
    play
}

fn gap(columns: u16, rows: u16) -> Play {
    let mut play = behind(columns, rows, numbered(96..=106));
    play.net(Net::Part { channel_id: id(GENERAL), part: Part::After(id(106)), answer: Err(failure("no")) });
    play
}

fn new_line_drawn(columns: u16, rows: u16) -> Play {
    behind(columns, rows, numbered(51..=150))
}

fn failure(message: &str) -> Failure {
    Failure {
        code: Some(ErrorCode::Forbidden),
        message: message.to_owned(),
        field: None,
        is_transient: false,
        retry_after_ms: None,
    }
}

fn outbox(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    play.type_text("Who may write here?");
    play.press(KeyCode::Enter);
    let first = play.sends().remove(0).1;
    let words = "only moderators may write in this channel since this morning";
    play.net(Net::Sent { client_id: name(&first), answer: Err(failure(words)) });
    play.type_text("on its way, and long enough to need more than one row in a narrow window");
    play.press(KeyCode::Enter);
    play.type_text("waits");
    play.press(KeyCode::Enter);
    play.press(KeyCode::Esc);
    play
}

fn lost(mut play: Play) -> Play {
    play.net(Net::Disconnected { reason: "the connection broke".to_owned(), retry_in_ms: 42_000 });
    play
}

fn offline(columns: u16, rows: u16) -> Play {
    let mut play = lost(Play::chat(columns, rows));
    play.type_text("sent once it is back");
    play.press(KeyCode::Enter);
    play.type_text("half a sent");
    play
}

fn reacted() -> Message {
    let mut message = message(7, BOB, 60, "We ship on Thursday.");
    let emoji = [
        "thumbsup", "heart", "tada", "eyes", "rocket", "fire", "100", "clap", "joy", "thinking", "wave", "ok_hand",
        "pray", "muscle", "sparkles", "bug", "warning", "memo", "coffee", "zap",
    ];
    for (count, emoji) in (1u32..).zip(emoji) {
        let users = vec![id(if count.is_multiple_of(4) { ALICE } else { BOB })];
        message.reactions.put(Reaction { emoji: name(emoji), count, users });
    }
    message
}

/// Puts two accounts more beside the one of the play.
fn strip(mut play: Play) -> Play {
    let mark = |at: usize, name: &str, host: &str, link, unread, calls| Mark {
        no: AccountNo::numbered(at),
        name: Some(name.to_owned()),
        host: host.to_owned(),
        link,
        unread,
        calls,
        unsent: 0,
        unsaved: 0,
    };
    play.state.others.marks = Rc::new(vec![
        mark(0, "alice", "127.0.0.1:7420", MarkLink::Online, 3, 1),
        mark(1, "bob", "chat.example.org", MarkLink::Offline, 120, 12),
        mark(2, "alice", "another.example.com", MarkLink::Asks, 0, 0),
    ]);
    play
}

fn my_thread(root: Message, unread: u32, mentions: u32) -> MyThread {
    let read = ReadMarker {
        last_read_seq: root.seq,
        unread_count: unread,
        mention_count: mentions,
        as_of_rev: root.rev,
        rev: id(1),
    };
    let membership =
        ThreadMembership { channel_id: root.channel_id, root_seq: root.seq, is_following: true, is_muted: false, read };
    MyThread { root, membership }
}

fn banner(mut play: Play) -> Play {
    let text = "The server restarts at 18:00 UTC; what you type is kept, and sent once it is back".to_owned();
    let banner = Some(Banner { text, level: BannerLevel::Warning, until: None });
    play.net(Net::Stream(StreamEvent::outside_streams(EventBody::ServerBanner { banner })));
    play
}

#[test]
fn a_banner_is_said_once_and_goes_with_its_time_or_when_it_is_taken_away() {
    let mut play = Play::chat(80, 24);
    let shown = |play: &mut Play, text: &str, until| {
        let banner = Banner { text: text.to_owned(), level: BannerLevel::Info, until };
        play.net(Net::Stream(StreamEvent::outside_streams(EventBody::ServerBanner { banner: Some(banner) })));
    };
    shown(&mut play, "back at nine", None);
    assert_eq!(play.screen().matches("back at nine").count(), 1, "it has a row of its own");
    // A low window has no row for it, and lines for a reader have none either.
    let mut low = Play::chat(80, 8);
    shown(&mut low, "back at nine", None);
    assert_eq!(low.screen().matches("back at nine").count(), 1, "{}", low.screen());
    low.state.notice = None;
    shown(&mut low, "back at nine", None);
    assert!(low.state.notice.is_none(), "it is no news");
    play.net(Net::Stream(StreamEvent::outside_streams(EventBody::ServerBanner { banner: None })));
    assert!(!play.screen().contains("back at nine"));
    let now = play.state.now;
    shown(&mut play, "for a while", Some(now));
    assert!(!play.screen().contains("for a while"), "it is over");
}

fn page_and_strip(columns: u16, rows: u16) -> Play {
    let mut play = strip(Play::chat(columns, rows));
    play.press(KeyCode::F(5));
    let asked = play.deeds().into_iter().find(|deed| matches!(deed, Deed::ReadList { .. })).expect("the list");
    let mut root = morning().remove(1);
    root.reply_count = 5;
    let items = vec![my_thread(root, 3, 1), my_thread(message(5, ALICE, 15, "Shall we move the standup?"), 0, 0)];
    play.answer(asked, Outcome::Threads(syncspace_protocol::Page { items, next: None }));
    play
}

fn thread(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    play.press(KeyCode::Esc);
    (0..4).for_each(|_| play.press(KeyCode::Char('k')));
    play.press(KeyCode::Char('t'));
    let mut items = morning();
    let long = message(7, CAROL, 50, "I have put the key back to what it was; the next build should be fast again 🎉");
    let items = vec![items.remove(3), long];
    let thread = Thread {
        root: morning().remove(1),
        items,
        next: None,
        participants: Vec::new(),
        membership: None,
        rev: id(7),
        my_reactions: Vec::new(),
    };
    play.net(Net::Thread { channel_id: id(GENERAL), root: id(2), answer: Ok(thread) });
    play.type_text("thank");
    play
}

fn long_draft(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    let lines: Vec<String> = (1..=25).map(|number| format!("line {number} of what I have to say")).collect();
    play.event(Event::Paste(lines.join("\n")));
    play
}

fn typing(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    for user in [BOB, CAROL] {
        play.stream(channel_stream(GENERAL), None, EventBody::Typing { user_id: id(user), parent_seq: None });
    }
    play
}

fn read_only(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    let mut channel = play.state.open_channel().expect("a channel").channel.clone();
    (channel.posting, channel.archived_at, channel.rev) =
        (Posting::Admins, Some(channel.created_at), channel.rev.next());
    play.state.world.put_channel_itself(channel);
    play.type_text("x");
    play.press(KeyCode::Enter);
    play
}

fn direct(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    play.ctrl('k');
    play.type_text("bob");
    play.press(KeyCode::Enter);
    let items = vec![Message { channel_id: id(crate::play::WITH_BOB), ..message(4, BOB, 30, "Lunch at twelve?") }];
    play.net(Net::Messages { channel_id: id(crate::play::WITH_BOB), before: None, answer: Ok(page(items, None)) });
    play
}

fn register_refused(columns: u16, rows: u16) -> Play {
    let mut play = Play::start(columns, rows, false);
    play.press(KeyCode::Enter);
    play.net(Net::Server(Ok(server_info(RegistrationMode::Invite, false))));
    for text in ["alice", "short", "short", "K7Q2-44ZX"] {
        play.type_text(text);
        play.press(KeyCode::Enter);
    }
    let words = "the password is too short: it needs at least 10 characters, none of which is told to anybody";
    play.net(Net::LoggedIn(Err(Failure { field: Some("password".to_owned()), ..failure(words) })));
    play
}

fn login(columns: u16, rows: u16) -> Play {
    let mut play = Play::start_at(ServerIs::Named);
    (play.state.columns, play.state.rows) = (columns, rows);
    play.net(Net::Server(Err(failure(
        "cannot reach the server at http://127.0.0.1:7420: connection refused (os error 111)",
    ))));
    play
}

fn channel_refused(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    play.alt('c');
    play.type_text("general");
    play.press(KeyCode::Enter);
    let answer = Err(Failure { field: Some("name".to_owned()), ..failure("the name general is taken in this team") });
    let wanted = crate::app::arriving::Wanted::New(id(ENG));
    play.net(Net::ChannelEntered { wanted, answer });
    play
}

fn picker(columns: u16, rows: u16, key: &str) -> Play {
    let text = "see https://ci.example/builds/4711?branch=main&very=long_address_that_needs_room and https://b.example";
    let mut play = with(columns, rows, vec![message(7, BOB, 60, text)]);
    play.press(KeyCode::Esc);
    play.type_text(key);
    play
}

fn help(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    play.press(KeyCode::F(1));
    play.type_text("mess");
    play
}

fn prefix(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    play.state.keys.map = Keymap::of(Preset::Vim);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char(' '));
    play.clock = play.state.next_deadline().expect("a hint").unix_ms();
    play.event(Event::Tick);
    play
}

fn do_what(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    play.ctrl('o');
    play
}

fn searched(columns: u16, rows: u16, typed: &str) -> Play {
    let mut play = Play::chat(columns, rows);
    play.ctrl('f');
    play.type_text(typed);
    play
}

/// What a screen reader hears is not laid out: only the line at the bottom ends where the window does.
#[test]
fn lines_of_the_screen_reader() {
    for (columns, rows) in SIZES {
        let (mut reader, mut out) = (Reader::default(), Vec::new());
        let mut play = Play::chat(columns, rows);
        reader.draw(&mut out, &play.state).expect("memory");
        let mut step = |play: &mut Play, act: fn(&mut Play)| {
            act(play);
            reader.draw(&mut out, &play.state).expect("memory");
        };
        step(&mut play, |play| play.arrive(message(7, BOB, 60, "two\nlines and 日本語 \u{1b}[31mred")));
        step(&mut play, |play| play.type_text("a sentence that is longer than the narrowest of the windows"));
        step(&mut play, |play| play.press(KeyCode::Enter));
        step(&mut play, |play| play.press(KeyCode::F(5)));
        step(&mut play, |play| play.press(KeyCode::Esc));
        step(&mut play, |play| play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 60_000 }));
        let heard = String::from_utf8(out).expect("text").replace("\r\n", "\n").replace("\r\u{1b}[K", "\n\\r");
        assert!(!heard.contains('\u{1b}') && !heard.contains('│'), "{heard}");
        assert_snapshot!(format!("screen_reader_{columns}"), heard);
    }
}
