//! The pages over the chat: searched, listed, opened in context, and left again to the very line.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;
use syncspace_protocol::channels::ReadMarker;
use syncspace_protocol::messages::{Message, MessagePlace};
use syncspace_protocol::personal::{MyThread, SavedMessage, ThreadMembership};
use syncspace_protocol::scheduled::{Scheduled, ScheduledState};
use syncspace_protocol::search::{Highlight, SearchContext, SearchHit, SearchPage, SearchSort};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{Mentions, Page, StreamId};

use crate::app::deed::{Deed, ListOf, Outcome};
use crate::app::message::Failure;
use crate::app::pages::PageKind;
use crate::app::state::Focus;
use crate::app::timeline::Part;
use crate::app::{Effect, Event, Net};
use crate::cache::Disk;
use crate::play::{ALICE, BOB, CAROL, ENG, GENERAL, NINE, Play, RANDOM, at, id, message, morning, page};

const SIZES: [(u16, u16); 6] = [(40, 20), (60, 20), (80, 24), (100, 24), (120, 36), (200, 40)];

fn hit(seq: u64, content: &str, found: &str) -> SearchHit {
    let start = content.find(found).expect("in it");
    let highlights = vec![Highlight { start, end: start + found.len() }];
    let message = message(seq, BOB, i64::try_from(seq).expect("small") - 24 * 60, content);
    SearchHit { message, highlights, context: SearchContext::default() }
}

fn hits() -> Vec<SearchHit> {
    let mut first = hit(
        300,
        "The deploy of this morning failed because the cache key changed with the lock file, so every job compiled \
         everything anew and ran into the limit of an hour; I have raised it and try again.",
        "deploy",
    );
    first.context.before = Some(message(299, CAROL, -20 * 60, "Is anybody looking at the red build?"));
    first.context.after = Some(message(301, CAROL, -18 * 60, "Thanks!"));
    let mut reply = hit(280, "deploy again after lunch", "deploy");
    reply.message.parent_seq = Some(id(270));
    reply.context.root = Some(message(270, ALICE, -30 * 60, "When do we ship 1.5?"));
    vec![first, reply, hit(12, "first deploy ever 日本語 👩‍👩‍👧", "deploy")]
}

fn found(items: Vec<SearchHit>, next: Option<&str>) -> Outcome {
    let next = next.map(str::to_owned);
    Outcome::Hits(Box::new(SearchPage { items, next, is_partial: false, behind: false, behind_changes: 0 }))
}

/// Opens the page, types, and gives what the server is asked.
fn search(play: &mut Play, typed: &str) -> Deed {
    play.ctrl('f');
    play.type_text(typed);
    play.wait(500);
    let mut asked = play.deeds();
    asked.retain(|deed| matches!(deed, Deed::Search { .. }));
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked.remove(0)
}

fn asks_around(play: &Play, seq: u64) -> bool {
    play.effects
        .iter()
        .any(|effect| matches!(effect, Effect::LoadPart { part: Part::Around(at), .. } if *at == id(seq)))
}

fn offline(play: &mut Play) {
    play.net(Net::Disconnected { reason: "the connection broke".to_owned(), retry_in_ms: 60_000 });
}

#[test]
fn an_empty_search_shows_what_can_be_typed() {
    for (columns, rows) in SIZES {
        let mut play = Play::chat(columns, rows);
        play.ctrl('f');
        assert_snapshot!(format!("search_empty_{columns}"), play.screen());
    }
}

#[test]
fn hits_stand_with_what_was_found_and_what_is_around() {
    for (columns, rows) in SIZES {
        let mut play = Play::chat(columns, rows);
        let asked = search(&mut play, "deploy");
        play.answer(asked, found(hits(), Some("more")));
        assert_snapshot!(format!("search_hits_{columns}"), play.screen());
    }
}

#[test]
fn the_server_is_asked_with_everything_it_needs_after_a_pause_or_at_enter() {
    let mut play = Play::chat(80, 24);
    play.ctrl('f');
    play.type_text("dep");
    assert_eq!(play.deeds(), [], "somebody is still typing");
    play.press(KeyCode::Enter);
    let asked = play.deeds();
    let [Deed::Search { params, .. }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((params.q.as_str(), params.team_id, params.sort), ("dep", id(ENG), Some(SearchSort::Time)));
    assert_eq!((params.time_zone.as_deref(), params.cursor.as_deref()), (Some("UTC"), None));
    play.type_text("loy");
    play.wait(500);
    let later = play.deeds();
    assert!(matches!(later.as_slice(), [Deed::Search { params, .. }] if params.q == "deploy"), "{later:?}");
    // The answer to what was typed before is not shown below what is typed now.
    play.answer(asked[0].clone(), found(hits(), None));
    assert!(!play.screen().contains("first deploy ever"), "{}", play.screen());
    play.answer(later[0].clone(), found(hits(), None));
    assert!(play.screen().contains("first deploy ever"), "{}", play.screen());
    play.alt('o');
    let turned = play.deeds();
    assert!(
        matches!(turned.as_slice(), [Deed::Search { params, .. }] if params.sort == Some(SearchSort::Relevance)),
        "{turned:?}"
    );
}

#[test]
fn scrolling_reads_on_and_ends() {
    let mut play = Play::chat(80, 24);
    let asked = search(&mut play, "word");
    let many = |from: u64| (from..from + 30).rev().map(|seq| hit(seq, "a word", "word")).collect();
    play.answer(asked, found(many(100), Some("cursor")));
    assert_eq!(play.deeds(), []);
    play.press(KeyCode::PageDown);
    (0..20).for_each(|_| play.press(KeyCode::Down));
    let more = play.deeds();
    let [Deed::Search { params, .. }] = more.as_slice() else { panic!("{more:?}") };
    assert_eq!(params.cursor.as_deref(), Some("cursor"));
    play.answer(more[0].clone(), found(many(60), None));
    (0..60).for_each(|_| play.press(KeyCode::Down));
    assert_eq!(play.deeds(), []);
    let list = play.state.chat.pages.list(PageKind::Search);
    assert_eq!((list.items().len(), list.chosen_at()), (60, 59));
}

#[test]
fn a_hit_opens_in_context_and_esc_leads_back_to_the_very_line_twice() {
    for (columns, rows) in SIZES {
        let mut play = Play::chat(columns, rows);
        play.press(KeyCode::Esc);
        play.press(KeyCode::Char('g'));
        let asked = search(&mut play, "deploy");
        play.answer(asked, found(hits(), None));
        play.press(KeyCode::Down);
        play.press(KeyCode::Up);
        let listed = play.screen();
        play.press(KeyCode::Enter);
        assert!(asks_around(&play, 300), "{:?}", play.effects);
        let around: Vec<Message> =
            (260..340)
                .map(|seq| {
                    if seq == 300 { hits()[0].message.clone() } else { message(seq, CAROL, 0, &format!("line {seq}")) }
                })
                .collect();
        let mut part = page(around, Some("260"));
        part.last_seq = id(400);
        play.net(Net::Part { channel_id: id(GENERAL), part: Part::Around(id(300)), answer: Ok(part) });
        assert_eq!(play.state.selected().map(|(_, message)| message.seq), Some(id(300)));
        assert_snapshot!(format!("search_in_context_{columns}"), play.screen());
        play.press(KeyCode::Esc);
        assert_eq!(play.screen(), listed);
        play.press(KeyCode::Esc);
        assert_eq!(play.state.chat.focus, Focus::Messages);
        assert_eq!(play.state.selected().map(|(_, message)| message.seq), Some(id(1)));
    }
}

#[test]
fn without_a_connection_what_is_kept_is_searched_and_it_says_so() {
    for (columns, rows) in SIZES {
        let disk = Disk::new();
        let mut play = Play::chat_with_disk(columns, rows);
        play.save(&disk);
        offline(&mut play);
        play.effects.clear();
        play.ctrl('f');
        play.type_text("from:bob cache");
        play.wait(500);
        play.save(&disk);
        assert_eq!(play.deeds(), [], "nobody is there to ask");
        assert_snapshot!(format!("search_kept_{columns}"), play.screen());
        play.press(KeyCode::Enter);
        assert_eq!(play.state.selected().map(|(_, message)| message.seq), Some(id(4)));
        play.press(KeyCode::Esc);
        assert_eq!(play.state.chat.focus, Focus::PageInput);
        // Once the server is there, it is asked.
        play.effects.clear();
        play.connect();
        let asked = play.deeds();
        assert!(asked.iter().any(|deed| matches!(deed, Deed::Search { .. })), "{asked:?}");
    }
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let mut play = Play::chat(80, 24);
    let asked = search(&mut play, "from:nobody");
    let failure = |message: &str, field: Option<&str>, is_transient| Failure {
        code: None,
        message: message.to_owned(),
        field: field.map(str::to_owned),
        is_transient,
        retry_after_ms: None,
    };
    let refused = failure("at character 1: there is no @nobody in this team", Some("q"), false);
    play.net(Net::Done { deed: Box::new(asked), answer: Err(refused) });
    assert!(play.screen().contains("At character 1: there is no @nobody in this team."), "{}", play.screen());
    play.ctrl('u');
    play.type_text("slow");
    play.press(KeyCode::Enter);
    let asked = play.deeds().remove(0);
    let busy = failure("The server is busy.", None, true);
    play.net(Net::Done { deed: Box::new(asked), answer: Err(busy) });
    assert!(play.screen().contains("The server is busy. Enter tries again."), "{}", play.screen());
    play.press(KeyCode::Enter);
    let asked = play.deeds().remove(0);
    let behind = SearchPage { items: hits(), next: None, is_partial: false, behind: true, behind_changes: 7 };
    play.answer(asked, Outcome::Hits(Box::new(behind)));
    assert!(play.screen().contains("7 newest changes not indexed yet: search again soon"), "{}", play.screen());
    let asked = {
        play.type_text(" x");
        play.press(KeyCode::Enter);
        play.deeds().remove(0)
    };
    play.answer(asked, found(Vec::new(), None));
    assert!(play.screen().contains("Nothing was found. Fewer words or filters find more."), "{}", play.screen());
}

#[test]
fn pain_5_what_is_typed_into_the_search_is_never_lost() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    play.wait(6_000);
    play.save(&disk);
    let asked = search(&mut play, "half a query");
    play.answer(asked, found(hits(), None));
    play.press(KeyCode::Esc);
    play.type_text("a draft");
    play.ctrl('f');
    assert!(
        play.screen().contains("/ half a query") && play.screen().contains("first deploy ever"),
        "{}",
        play.screen()
    );
    play.event(Event::Paste(" and\nmore".to_owned()));
    assert!(play.screen().contains("/ half a query and more"), "{}", play.screen());
    play.wait(6_000);
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 24);
    again.ctrl('f');
    assert!(again.screen().contains("/ half a query and more"), "{}", again.screen());
}

#[test]
fn a_command_searches_at_once() {
    let mut play = Play::chat(80, 24);
    play.type_text("/search from:bob lock file");
    play.press(KeyCode::Enter);
    let asked = play.deeds();
    assert!(matches!(asked.as_slice(), [Deed::Search { params, .. }] if params.q == "from:bob lock file"), "{asked:?}");
    for (command, kind) in [
        ("/threads", PageKind::Threads),
        ("/mentions", PageKind::Mentions),
        ("/saved", PageKind::Saved),
        ("/scheduled", PageKind::Scheduled),
        ("/drafts", PageKind::Drafts),
        ("/search", PageKind::Search),
    ] {
        let mut play = Play::chat(80, 24);
        play.type_text(command);
        play.press(KeyCode::Enter);
        assert!(play.state.chat.focus.is_page());
        assert_eq!(play.state.chat.pages.kind, kind);
    }
}

/// A list that was asked for, with its request.
fn open(play: &mut Play, key: u8, list: ListOf) -> Deed {
    play.effects.clear();
    play.press(KeyCode::F(key));
    let asked = play.deeds();
    let is_it = |deed: &&Deed| matches!(deed, Deed::ReadList { list: of, .. } if *of == list);
    asked.iter().find(is_it).cloned().unwrap_or_else(|| panic!("{asked:?}"))
}

fn listed<T>(items: Vec<T>) -> Page<T> {
    Page { items, next: None }
}

fn thread(root: Message, unread: u32, mentions: u32) -> MyThread {
    let membership = ThreadMembership {
        channel_id: root.channel_id,
        root_seq: root.seq,
        is_following: true,
        is_muted: false,
        read: ReadMarker {
            last_read_seq: root.seq,
            unread_count: unread,
            mention_count: mentions,
            as_of_rev: root.rev,
            rev: id(1),
        },
    };
    MyThread { root, membership }
}

fn threads() -> Vec<MyThread> {
    let mut question = morning()[1].clone();
    question.reply_count = 5;
    let mut other = message(5, ALICE, 15, "Shall we move the standup to ten?");
    other.reply_count = 2;
    other.last_reply_at = Some(at(NINE + 20 * 60_000));
    vec![thread(question, 3, 1), thread(other, 0, 0)]
}

#[test]
fn threads_stand_unread_first_and_open_beside_their_channel() {
    for (columns, rows) in SIZES {
        let mut play = Play::chat(columns, rows);
        let asked = open(&mut play, 5, ListOf::Threads);
        play.answer(asked, Outcome::Threads(listed(threads())));
        assert_snapshot!(format!("threads_{columns}"), play.screen());
        let listed = play.screen();
        play.press(KeyCode::Enter);
        let asked =
            play.effects.iter().any(|effect| matches!(effect, Effect::LoadThread { root, .. } if *root == id(2)));
        assert!(asked, "{:?}", play.effects);
        assert_eq!(play.state.chat.focus, Focus::ThreadMessages);
        play.press(KeyCode::Esc);
        assert_eq!(play.screen(), listed);
        play.press(KeyCode::Esc);
        assert_eq!(play.state.chat.focus, Focus::Composer);
        assert!(play.state.chat.thread.is_none());
    }
}

#[test]
fn an_open_thread_is_marked_as_read_as_far_as_it_stands_on_the_screen() {
    let mut play = Play::chat(120, 36);
    let asked = open(&mut play, 5, ListOf::Threads);
    play.answer(asked, Outcome::Threads(listed(threads())));
    play.press(KeyCode::Enter);
    play.effects.clear();
    let read = syncspace_protocol::messages::Thread {
        root: morning()[1].clone(),
        items: vec![morning()[3].clone()],
        next: None,
        participants: Vec::new(),
        membership: None,
        rev: id(6),
        my_reactions: Vec::new(),
    };
    play.net(Net::Thread { channel_id: id(GENERAL), root: id(2), answer: Ok(read) });
    let marks = play.deeds();
    let place = MessagePlace { channel_id: id(GENERAL), seq: id(2) };
    assert!(
        matches!(marks.as_slice(), [Deed::ReadThread { place: of, mark }] if *of == place && mark.seq == id(4)),
        "{marks:?}"
    );
    play.press(KeyCode::Down);
    assert_eq!(play.deeds(), [], "once is enough");
}

#[test]
fn mentions_are_asked_of_the_server_and_stand_unread_first() {
    for (columns, rows) in SIZES {
        let mut play = Play::chat(columns, rows);
        play.effects.clear();
        play.press(KeyCode::F(6));
        let asked = play.deeds().remove(0);
        assert!(matches!(&asked, Deed::Search { params, .. } if params.q == "mentions:me"), "{asked:?}");
        let mention = |seq: u64, channel: u64, text: &str| {
            let mut hit = hit(seq, text, "@alice");
            hit.message.channel_id = id(channel);
            hit
        };
        let items = vec![mention(5, GENERAL, "read already, @alice"), mention(8, RANDOM, "@alice have a look, please")];
        play.answer(asked, found(items, None));
        let screen = play.screen();
        let places = ["have a look", "read already"].map(|text| screen.find(text));
        assert!(places.is_sorted(), "{screen}");
        assert_snapshot!(format!("mentions_{columns}"), screen);
    }
}

#[test]
fn mentions_without_a_connection_are_those_that_are_kept() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 24);
    let mut call = message(7, BOB, 60, "@alice are you there?");
    call.mentions = Mentions { users: vec![id(ALICE)], ..Mentions::default() };
    play.arrive(call);
    play.save(&disk);
    offline(&mut play);
    play.press(KeyCode::F(6));
    play.save(&disk);
    let screen = play.screen();
    assert!(screen.contains("@alice are you there?") && screen.contains("only what is kept here"), "{screen}");
}

#[test]
fn saved_messages_are_listed_and_taken_off() {
    for (columns, rows) in SIZES {
        let mut play = Play::chat(columns, rows);
        let asked = open(&mut play, 7, ListOf::Saved);
        let saved = |seq: u64, text: &str| SavedMessage {
            message: message(seq, CAROL, 5, text),
            saved_at: at(NINE + 3_000_000),
            rev: id(seq),
        };
        let items = vec![saved(3, "How to restart the runner: `systemctl restart runner`"), saved(2, "The key")];
        play.answer(asked, Outcome::SavedPage(listed(items)));
        assert_snapshot!(format!("saved_{columns}"), play.screen());
        play.press(KeyCode::Char('d'));
        let off = play.deeds().remove(0);
        let place = MessagePlace { channel_id: id(GENERAL), seq: id(3) };
        assert_eq!(off, Deed::Save { place, is_on: false });
        let mark = syncspace_protocol::personal::SavedMark {
            channel_id: id(GENERAL),
            seq: id(3),
            is_saved: false,
            rev: id(9),
        };
        play.answer(off, Outcome::Saved(mark));
        let screen = play.screen();
        assert!(!screen.contains("How to restart") && screen.contains("The key"), "{screen}");
    }
}

fn scheduled(number: u64, content: &str, minutes: i64) -> Scheduled {
    Scheduled {
        id: id(number),
        team_id: id(ENG),
        channel_id: id(GENERAL),
        parent_message_id: None,
        content: content.to_owned(),
        files: Vec::new(),
        send_at: at(NINE + minutes * 60_000),
        state: ScheduledState::Waiting,
        failure: None,
        message: None,
        created_at: at(NINE),
        updated_at: at(NINE),
        rev: id(number),
    }
}

fn on_scheduled(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    let asked = open(&mut play, 8, ListOf::Scheduled);
    let mut failed = scheduled(2, "Release notes are out", 30);
    (failed.state, failed.failure) = (ScheduledState::Failed, Some("the channel is archived".to_owned()));
    let items = vec![scheduled(1, "Good afternoon, everybody!\nThe build is green.", 300), failed];
    play.answer(asked, Outcome::ScheduledPage(listed(items)));
    play
}

#[test]
fn scheduled_messages_are_edited_in_place() {
    for (columns, rows) in SIZES {
        let mut play = on_scheduled(columns, rows);
        assert_snapshot!(format!("scheduled_{columns}"), play.screen());
        play.press(KeyCode::Char('e'));
        play.type_text(" d and e are text");
        assert_snapshot!(format!("scheduled_edit_{columns}"), play.screen());
        // Esc loses nothing.
        play.press(KeyCode::Esc);
        assert!(play.screen().contains("changed, not saved: e"), "{}", play.screen());
        play.press(KeyCode::Char('e'));
        play.press(KeyCode::Enter);
        let edit = play.deeds().remove(0);
        let text = "Good afternoon, everybody!\nThe build is green. d and e are text";
        assert!(
            matches!(&edit, Deed::EditScheduled { id: of, edit, .. }
                if *of == id(1) && edit.content.as_deref() == Some(text) && edit.send_at.is_none()),
            "{edit:?}"
        );
        play.answer(edit, Outcome::Scheduled(Box::new(scheduled(1, text, 300))));
        let screen = play.screen();
        assert!(!screen.contains("not saved") && screen.contains("d and e"), "{screen}");
    }
}

#[test]
fn a_refused_edit_of_a_scheduled_message_keeps_the_text() {
    let mut play = on_scheduled(80, 24);
    play.press(KeyCode::Char('e'));
    play.type_text(" more");
    play.press(KeyCode::Enter);
    let edit = play.deeds().remove(0);
    let failure = Failure {
        code: None,
        message: "it was sent already".to_owned(),
        field: None,
        is_transient: false,
        retry_after_ms: None,
    };
    play.net(Net::Done { deed: Box::new(edit), answer: Err(failure) });
    let screen = play.screen();
    assert!(screen.contains("Not saved: It was sent already") && screen.contains("changed, not saved: e"), "{screen}");
}

#[test]
fn scheduled_messages_get_another_time_are_sent_now_or_deleted() {
    let mut play = on_scheduled(80, 24);
    play.press(KeyCode::Char('t'));
    play.type_text("tomorrow 8:15");
    play.press(KeyCode::Enter);
    let edit = play.deeds().remove(0);
    let time = at(NINE + (23 * 60 + 15) * 60_000);
    assert!(matches!(&edit, Deed::EditScheduled { edit, .. } if edit.send_at == Some(time)), "{edit:?}");
    assert_eq!(play.state.chat.focus, Focus::Page);
    play.press(KeyCode::Down);
    play.press(KeyCode::Char('s'));
    let send = play.deeds().remove(0);
    assert_eq!(send, Deed::SendScheduled { team_id: id(ENG), id: id(2) });
    let mut sent = scheduled(2, "", 30);
    sent.state = ScheduledState::Sent;
    play.answer(send, Outcome::Scheduled(Box::new(sent)));
    assert!(!play.screen().contains("Release notes"), "{}", play.screen());
    play.deeds();
    play.press(KeyCode::Char('d'));
    let cancel = play.deeds().remove(0);
    assert_eq!(cancel, Deed::CancelScheduled { team_id: id(ENG), id: id(1) });
    play.answer(cancel, Outcome::Done);
    assert!(play.screen().contains("Alt+Z brings its text back"), "{}", play.screen());
    play.press(KeyCode::Esc);
    play.alt('z');
    assert!(play.screen().contains("The build is green."), "{}", play.screen());
}

#[test]
fn drafts_are_listed_opened_and_deleted_and_come_back() {
    for (columns, rows) in SIZES {
        let mut play = Play::chat(columns, rows);
        play.type_text("to everybody");
        play.alt('s');
        play.ctrl('k');
        play.type_text("random");
        play.press(KeyCode::Enter);
        play.type_text("something else");
        play.press(KeyCode::F(9));
        assert_snapshot!(format!("drafts_{columns}"), play.screen());
        play.press(KeyCode::Enter);
        assert_eq!((play.state.chat.open, play.state.chat.focus), (Some(id(GENERAL)), Focus::Composer));
        play.press(KeyCode::F(9));
        play.press(KeyCode::Char('d'));
        assert!(!play.screen().contains("to everybody"), "{}", play.screen());
        play.press(KeyCode::Esc);
        play.alt('z');
        assert!(play.screen().contains("to everybody"), "{}", play.screen());
    }
}

#[test]
fn empty_pages_say_how_something_gets_there() {
    let mut play = Play::chat(80, 24);
    for (key, list, outcome, words) in [
        (5, ListOf::Threads, Outcome::Threads(listed(Vec::new())), "You follow no thread yet."),
        (7, ListOf::Saved, Outcome::SavedPage(listed(Vec::new())), "Press s on a message"),
        (8, ListOf::Scheduled, Outcome::ScheduledPage(listed(Vec::new())), "Nothing waits to be sent."),
    ] {
        let asked = open(&mut play, key, list);
        assert!(play.screen().contains("Loading …"), "{}", play.screen());
        play.answer(asked, outcome);
        assert!(play.screen().contains(words), "{words}\n{}", play.screen());
    }
    play.press(KeyCode::F(9));
    assert!(play.screen().contains("There are no drafts."), "{}", play.screen());
}

#[test]
fn lists_without_a_connection_say_so_and_come_with_it() {
    let mut play = Play::chat(80, 24);
    offline(&mut play);
    for key in [7, 8] {
        play.press(KeyCode::F(key));
        assert!(play.screen().contains("This list is the server's"), "{}", play.screen());
    }
    play.effects.clear();
    play.net(Net::Connected(Box::new(crate::play::hello(vec![crate::play::hello_team()]))));
    let asked = play.deeds();
    assert!(asked.iter().any(|deed| matches!(deed, Deed::ReadList { list: ListOf::Scheduled, .. })), "{asked:?}");
    // What was read once is shown with its time.
    let mut play = on_scheduled(80, 24);
    offline(&mut play);
    let screen = play.screen();
    assert!(screen.contains("only what is kept here, as of"), "{screen}");
    assert!(screen.contains("Release notes are out"), "{screen}");
}

#[test]
fn a_page_in_front_follows_what_happens() {
    let mut play = on_scheduled(80, 24);
    play.effects.clear();
    play.stream(StreamId::Member(id(50)), Some(2), EventBody::MyScheduled { scheduled: scheduled(3, "new", 60) });
    let asked = play.deeds();
    assert!(matches!(asked.as_slice(), [Deed::ReadList { list: ListOf::Scheduled, .. }]), "{asked:?}");
    play.answer(asked[0].clone(), Outcome::ScheduledPage(listed(vec![scheduled(3, "new", 60)])));
    assert!(play.screen().contains("new") && !play.screen().contains("Release notes"), "{}", play.screen());
}

#[test]
fn nothing_is_marked_as_read_behind_a_page_and_no_letter_reaches_the_composer() {
    let mut play = Play::chat(80, 24);
    play.press(KeyCode::F(7));
    play.effects.clear();
    play.arrive(message(7, BOB, 60, "unseen"));
    play.wait(2_000);
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::MarkRead { .. })), "{:?}", play.effects);
    play.type_text("xyz");
    assert!(play.state.chat.drafts.is_empty());
    assert_eq!(play.state.chat.focus, Focus::Page);
}

#[test]
fn tab_walks_the_pages_and_the_help_names_their_keys() {
    let mut play = Play::chat(80, 40);
    play.press(KeyCode::F(5));
    for kind in [PageKind::Mentions, PageKind::Saved, PageKind::Scheduled] {
        play.press(KeyCode::Tab);
        assert_eq!(play.state.chat.pages.kind, kind);
    }
    play.press(KeyCode::F(1));
    assert_snapshot!("help_page", play.screen());
    // By the key of every other list, too.
    play.press(KeyCode::Esc);
    assert!(play.state.modal.is_none());
    play.press(KeyCode::Char('?'));
    assert_snapshot!("help_page", play.screen());
    play.press(KeyCode::Esc);
    play.event(Event::Key(KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT)));
    assert_eq!(play.state.chat.pages.kind, PageKind::Saved);
    // The switcher goes elsewhere from a page, and the page is there again.
    play.ctrl('k');
    play.type_text("random");
    play.press(KeyCode::Enter);
    assert_eq!((play.state.chat.open, play.state.chat.focus), (Some(id(RANDOM)), Focus::Composer));
}
