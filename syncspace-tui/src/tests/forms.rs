//! The way from nothing to the first message.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::teams::MyTeam;
use syncspace_protocol::{ErrorCode, TeamId};

use crate::app::message::{Failure, TeamContents};
use crate::app::state::ServerIs;
use crate::app::{Effect, Net};
use crate::play::{ALICE, ENG, GENERAL, Play, hello, id, my_channel, my_team, page, server_info, user};

fn at_account(registration: RegistrationMode, first: bool) -> Play {
    let mut play = Play::start(80, 30, false);
    play.press(KeyCode::Enter);
    play.net(Net::Server(Ok(server_info(registration, first))));
    play
}

fn refusal(field: Option<&str>, message: &str) -> Failure {
    Failure {
        code: Some(ErrorCode::NameTaken),
        message: message.to_owned(),
        field: field.map(str::to_owned),
        is_transient: false,
        retry_after_ms: None,
    }
}

fn registered() -> Play {
    let mut play = at_account(RegistrationMode::Open, true);
    for text in ["alice", "correct horse", "correct horse"] {
        play.type_text(text);
        play.press(KeyCode::Enter);
    }
    play
}

#[test]
fn the_first_form_asks_for_the_server() {
    let mut play = Play::start(80, 24, false);
    assert_snapshot!(play.screen());
    play.press(KeyCode::Enter);
    assert!(matches!(&play.effects[..], [Effect::FindServer { address }] if address == "http://127.0.0.1:7420"));
}

#[test]
fn an_unreachable_server_is_said_at_the_address() {
    let mut play = Play::start(60, 16, false);
    play.press(KeyCode::Enter);
    let words = "cannot reach the server at http://127.0.0.1:7420: connection refused";
    play.net(Net::Server(Err(refusal(None, words))));
    assert_snapshot!(play.screen());
}

#[test]
fn the_first_person_is_asked_to_register() {
    let play = at_account(RegistrationMode::Open, true);
    assert_snapshot!(play.screen());
}

#[test]
fn a_code_is_asked_for_only_where_the_server_wants_one() {
    let mut play = at_account(RegistrationMode::Invite, false);
    assert!(!play.screen().contains("Invite code"));
    play.press(KeyCode::Up);
    play.press(KeyCode::Down);
    assert_snapshot!(play.screen());
}

#[test]
fn different_passwords_are_noticed_before_the_server_is_asked() {
    let mut play = at_account(RegistrationMode::Open, true);
    for text in ["alice", "correct horse", "correct house"] {
        play.type_text(text);
        play.press(KeyCode::Enter);
    }
    assert!(play.screen().contains("The two passwords differ."));
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::Register(_))));
}

#[test]
fn a_refused_name_keeps_what_was_typed() {
    let mut play = registered();
    assert!(matches!(play.effects.last(), Some(Effect::Register(_))));
    play.net(Net::LoggedIn(Err(refusal(Some("username"), "the username alice is taken"))));
    assert_snapshot!(play.screen());
    play.press(KeyCode::Esc);
    play.press(KeyCode::Enter);
    assert!(matches!(play.effects.last(), Some(Effect::FindServer { .. })));
}

#[test]
fn the_way_to_the_first_message_has_six_prompts() {
    let mut play = registered();
    play.net(Net::LoggedIn(Ok(user(ALICE, "alice"))));
    assert!(matches!(play.effects.last(), Some(Effect::Connect)));
    play.net(Net::Connected(Box::new(hello(Vec::new()))));
    assert!(matches!(play.effects.last(), Some(Effect::FindTeams)));
    play.net(Net::JoinableTeams(Ok(Vec::new())));
    assert_snapshot!("team", play.screen());

    play.type_text("eng");
    play.press(KeyCode::Enter);
    assert!(matches!(play.effects.last(), Some(Effect::CreateTeam(team)) if team.name.as_str() == "eng"));
    play.net(Net::TeamEntered(Ok(my_team())));
    let team_id: TeamId = id(ENG);
    play.net(Net::Team { team_id, answer: Ok(TeamContents::default()) });
    assert_snapshot!("channel", play.screen());

    play.press(KeyCode::Enter);
    assert!(matches!(play.effects.last(), Some(Effect::CreateChannel { .. })));
    let general = my_channel(GENERAL, ChannelKind::Public, Some("general"), 0, 0);
    play.net(Net::ChannelEntered(Ok(general)));
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(Vec::new(), None)) });
    assert_snapshot!("empty_channel", play.screen());
    play.type_text("hello");
    play.effects.clear();
    play.press(KeyCode::Enter);
    assert_eq!(play.sends().first().map(|(content, _)| content.as_str()), Some("hello"));
}

#[test]
fn what_is_typed_first_is_the_name() {
    let mut play = at_account(RegistrationMode::Open, false);
    play.type_text("alice");
    play.press(KeyCode::BackTab);
    play.press(KeyCode::Char(' '));
    assert!(play.screen().contains("(•) Make a new account"), "{}", play.screen());
    play.type_text("na");
    assert!(play.screen().contains("› alicena"), "{}", play.screen());
}

#[test]
fn a_team_to_join_is_offered_before_a_new_one() {
    let mut play = Play::start(80, 30, false);
    play.net(Net::JoinableTeams(Ok(vec![MyTeam { membership: None, ..my_team() }])));
    assert!(play.screen().contains("(•) Join eng"), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(matches!(play.effects.last(), Some(Effect::JoinTeam(_))));
}

#[test]
fn a_named_server_is_asked_without_a_prompt() {
    let mut play = Play::start_at(ServerIs::Named);
    assert!(play.screen().contains("Asking the server"), "{}", play.screen());
    play.net(Net::Server(Ok(server_info(RegistrationMode::Open, false))));
    assert!(play.screen().contains("Your account"));
    play.press(KeyCode::Esc);
    play.press(KeyCode::Enter);
    assert!(matches!(&play.effects[..], [Effect::FindServer { .. }]));
}
