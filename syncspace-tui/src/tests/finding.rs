//! The search: what Tab makes of a filter that was begun, and searching in all teams.

use crossterm::event::KeyCode;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::messages::Message;
use syncspace_protocol::search::{SearchContext, SearchHit, SearchPage, SearchParams};
use syncspace_protocol::{ChannelId, TeamId};

use crate::app::deed::{Deed, Outcome};
use crate::app::message::{Failure, TeamContents};
use crate::app::pages::PageKind;
use crate::app::{Effect, Net};
use crate::play::{BOB, ENG, GENERAL, Play, contents, hello, hello_team, id, message, my_channel, name};

const OPS: u64 = 6;
const OPS_GENERAL: u64 = 20;

/// Types into the search, and takes what is offered.
fn complete(play: &mut Play, typed: &str) -> String {
    play.ctrl('u');
    play.type_text(typed);
    play.press(KeyCode::Tab);
    play.state.chat.pages.search.input.text().to_owned()
}

#[test]
fn tab_completes_filters_and_names() {
    let mut play = Play::chat(80, 24);
    play.ctrl('f');
    for (typed, whole) in [
        ("fr", "from:"),
        ("deploy -fr", "deploy -from:"),
        ("from:bo", "from:@bob "),
        ("from:@CA", "from:@carol "),
        ("from:m", "from:me "),
        ("-from:@c", "-from:@carol "),
        ("in:#ra", "in:#random "),
        ("in:ran", "in:#random "),
        ("in:@", "in:@bob "),
        ("has:l", "has:link "),
        ("has:c", "has:code "),
        ("is:p", "is:pinned "),
        ("is:s", "is:saved "),
        ("ment", "mentions:"),
        ("mentions:", "mentions:me "),
        ("before:", "before:2026-11-23 "),
        ("on:2026-11-22", "on:2026-11-22"),
        ("\"said in:ra", "\"said in:ra"),
        ("has:x", "has:x"),
        ("plain", "plain"),
    ] {
        assert_eq!(complete(&mut play, typed), whole, "{typed}");
        // Where nothing is offered, Tab goes to the next page.
        play.ctrl('f');
    }
}

#[test]
fn a_list_of_one_leaves_the_arrows_to_the_hits_and_enter_never_takes_unasked() {
    let mut play = Play::chat(80, 24);
    play.ctrl('f');
    play.type_text("in");
    assert!(play.screen().contains("Tab takes it"), "{}", play.screen());
    play.press(KeyCode::Down);
    play.press(KeyCode::Enter);
    let asked = play.deeds();
    assert!(matches!(asked.as_slice(), [Deed::Search { params, .. }] if params.q == "in"), "{asked:?}");
    play.ctrl('u');
    play.type_text("has:");
    play.press(KeyCode::Down);
    play.press(KeyCode::Enter);
    assert_eq!(play.state.chat.pages.search.input.text(), "has:file ");
    // Esc closes the list, and then the page.
    play.type_text("is:");
    play.press(KeyCode::Esc);
    assert!(!play.screen().contains("Tab takes it") && play.state.chat.focus.is_page(), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(!play.state.chat.focus.is_page());
}

#[test]
fn a_filter_that_is_begun_is_not_asked_until_enter() {
    let mut play = Play::chat(80, 24);
    play.ctrl('f');
    play.type_text("deploy in:");
    play.wait(2_000);
    assert_eq!(play.deeds(), []);
    play.press(KeyCode::Enter);
    assert_eq!(play.deeds().len(), 1);
}

fn in_team(team: u64, channel: u64) -> TeamContents {
    let mut channel = my_channel(channel, ChannelKind::Public, Some("general"), 300, 0);
    channel.channel.team_id = id(team);
    TeamContents { channels: vec![channel], members: contents().members }
}

/// Alice in two teams, each with a channel of the same name, in the search of all of them.
pub(super) fn in_two_teams(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    let mut ops = hello_team();
    (ops.team.team.id, ops.team.team.name) = (id(OPS), name("ops"));
    play.net(Net::Connected(Box::new(hello(vec![hello_team(), ops]))));
    play.net(Net::Team { team_id: id(OPS), answer: Ok(in_team(OPS, OPS_GENERAL)) });
    play.ctrl('f');
    play.effects.clear();
    play
}

/// Asks all teams; gives what each is asked.
fn ask_all(play: &mut Play, typed: &str) -> [(u64, SearchParams); 2] {
    play.alt('g');
    play.type_text(typed);
    play.press(KeyCode::Enter);
    asked(play)
}

fn asked(play: &mut Play) -> [(u64, SearchParams); 2] {
    let asked: Vec<_> = play
        .deeds()
        .into_iter()
        .filter_map(|deed| match deed {
            Deed::Search { number, params } => Some((number, params)),
            _ => None,
        })
        .collect();
    asked.try_into().expect("each team is asked")
}

fn hit(channel: u64, seq: u64) -> SearchHit {
    let content = format!("deploy {seq}");
    let channel_id: ChannelId = id(channel);
    let sent = i64::try_from(seq).expect("small") - 24 * 60;
    let message = Message { channel_id, id: id(channel * 10_000 + seq), ..message(seq, BOB, sent, &content) };
    SearchHit { message, highlights: Vec::new(), context: SearchContext::default() }
}

/// Searches all teams, and has found something in both.
pub(super) fn found_in_all(columns: u16, rows: u16) -> Play {
    let mut play = in_two_teams(columns, rows);
    let [eng, ops] = ask_all(&mut play, "deploy");
    answer(&mut play, eng, GENERAL, &[300, 280], Some("more"));
    answer(&mut play, ops, OPS_GENERAL, &[290, 250], None);
    play
}

fn answer(play: &mut Play, (number, params): (u64, SearchParams), channel: u64, seqs: &[u64], next: Option<&str>) {
    let items = seqs.iter().map(|&seq| hit(channel, seq)).collect();
    let page = SearchPage { items, next: next.map(str::to_owned), is_partial: false, behind: false, behind_changes: 0 };
    play.answer(Deed::Search { number, params }, Outcome::Hits(Box::new(page)));
}

fn listed(play: &Play) -> Vec<u64> {
    let items = play.state.chat.pages.list(PageKind::Search).items();
    items.iter().filter_map(|item| item.message()).map(|message| message.seq.get()).collect()
}

#[test]
fn all_teams_are_searched_as_one_in_order_of_time_and_read_on_where_one_runs_dry() {
    let mut play = in_two_teams(100, 24);
    let [eng, ops] = ask_all(&mut play, "deploy");
    let teams: [TeamId; 2] = [id(ENG), id(OPS)];
    assert_eq!([eng.1.team_id, ops.1.team_id], teams);
    answer(&mut play, ops, OPS_GENERAL, &[290, 250], None);
    assert_eq!(listed(&play), Vec::<u64>::new(), "one team is awaited");
    answer(&mut play, eng, GENERAL, &[300, 280], Some("more"));
    assert_eq!(listed(&play), [300, 290, 280], "what comes next, the first team may still have");
    let more = play.deeds();
    let [Deed::Search { number, params }] = more.as_slice() else { panic!("{more:?}") };
    assert_eq!((params.team_id, params.cursor.as_deref()), (teams[0], Some("more")));
    answer(&mut play, (*number, params.clone()), GENERAL, &[260, 240], None);
    assert_eq!(listed(&play), [300, 290, 280, 260, 250, 240]);
    assert_eq!(play.deeds(), []);
    let screen = play.screen();
    assert!(screen.contains("eng / #general") && screen.contains("ops / #general"), "{screen}");
    assert!(screen.contains("6 found · all teams (Alt+G) · newest first (Alt+O)"), "{screen}");
    // A hit of another team opens there; Esc leads back to the same list, and then to where it began.
    play.press(KeyCode::Down);
    play.press(KeyCode::Enter);
    assert_eq!((play.state.chat.open, play.state.chat.team), (Some(id(OPS_GENERAL)), Some(teams[1])));
    play.deeds();
    play.press(KeyCode::Esc);
    assert_eq!(play.screen().lines().filter(|row| row.contains("▌")).count(), 2, "{}", play.screen());
    assert_eq!((listed(&play).len(), play.state.chat.pages.front().chosen_at()), (6, 1));
    play.press(KeyCode::Esc);
    assert_eq!(play.state.chat.open, Some(id(GENERAL)));
    // Alt+G asks the open team alone again.
    play.ctrl('f');
    play.alt('g');
    let alone = play.deeds();
    assert!(matches!(alone.as_slice(), [Deed::Search { params, .. }] if params.team_id == teams[0]), "{alone:?}");
}

#[test]
fn a_team_that_does_not_know_a_name_has_nothing_and_one_that_fails_is_named() {
    let mut play = in_two_teams(100, 24);
    let refused = |words: &str, field: Option<&str>| Failure {
        code: None,
        message: words.to_owned(),
        field: field.map(str::to_owned),
        is_transient: field.is_none(),
        retry_after_ms: None,
    };
    let fail = |play: &mut Play, (number, params): (u64, SearchParams), failure: &Failure| {
        play.net(Net::Done { deed: Box::new(Deed::Search { number, params }), answer: Err(failure.clone()) });
    };
    let unknown = refused("at character 1: there is no @bob in this team", Some("q"));
    let [eng, ops] = ask_all(&mut play, "from:bob");
    answer(&mut play, eng, GENERAL, &[300], None);
    fail(&mut play, ops, &unknown);
    assert_eq!(listed(&play), [300]);
    assert!(!play.screen().contains("no @bob"), "{}", play.screen());
    play.type_text(" x");
    play.press(KeyCode::Enter);
    let [eng, ops] = asked(&mut play);
    answer(&mut play, eng, GENERAL, &[300], None);
    fail(&mut play, ops, &refused("the server is busy", None));
    assert!(play.screen().contains("ops is missing: The server is busy"), "{}", play.screen());
    play.type_text("y");
    play.press(KeyCode::Enter);
    let [eng, ops] = asked(&mut play);
    fail(&mut play, eng, &unknown);
    fail(&mut play, ops, &unknown);
    assert!(play.screen().contains("there is no @bob in this team"), "{}", play.screen());
}

#[test]
fn one_team_has_no_choice_and_without_a_connection_all_that_is_kept_is_searched() {
    let mut alone = Play::chat(100, 24);
    alone.ctrl('f');
    alone.type_text("x");
    assert!(!alone.screen().contains("this team"), "{}", alone.screen());
    let mut play = in_two_teams(100, 24);
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 60_000 });
    play.alt('g');
    play.type_text("in:#general deploy");
    play.press(KeyCode::Enter);
    let query = play.effects.iter().find_map(|effect| match effect {
        Effect::SearchKept { query, .. } => Some(query.clone()),
        _ => None,
    });
    let query = query.expect("the cache is asked");
    assert!(query.admits(&hit(GENERAL, 1).message) && query.admits(&hit(OPS_GENERAL, 1).message), "{query:?}");
    assert!([GENERAL, OPS_GENERAL].iter().all(|&channel| query.channels.contains(&id(channel))), "{query:?}");
}
