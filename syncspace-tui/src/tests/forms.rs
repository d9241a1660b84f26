//! The way from nothing to the first message.

use crossterm::event::{KeyCode, KeyModifiers, MouseEvent, MouseEventKind};
use insta::assert_snapshot;
use syncspace_protocol::auth::{RegistrationMode, ServerInfo};
use syncspace_protocol::channels::{ChannelKind, Posting};
use syncspace_protocol::socket::{Event as StreamEvent, EventBody};
use syncspace_protocol::teams::{Invite, MailState, MyTeam, TeamRole};
use syncspace_protocol::{ErrorCode, StreamId, TeamId};

use crate::app::arriving::Wanted;
use crate::app::message::{Failure, TeamContents};
use crate::app::state::ServerIs;
use crate::app::{Effect, Event, Net};
use crate::play::{ALICE, ENG, GENERAL, Play, at, hello, hello_team, id, my_channel, my_team, page, server_info, user};

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

fn invite() -> Invite {
    Invite {
        id: id(1),
        team_id: id(ENG),
        created_by: id(ALICE),
        created_at: at(0),
        expires_at: at(1),
        role: TeamRole::Member,
        uses_max: 1,
        uses: 0,
        email: None,
        mail: None,
        mail_error: None,
        code: Some("a-secret-code".to_owned()),
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
    assert_snapshot!(play.screen());
    play.press(KeyCode::Up);
    play.press(KeyCode::Down);
    assert!(play.screen().contains("(•) Log in") && !play.screen().contains("Invite code"), "{}", play.screen());
}

#[test]
fn whoever_was_never_here_is_asked_to_register_and_whoever_was_to_log_in() {
    for registration in [RegistrationMode::Open, RegistrationMode::Invite] {
        assert!(at_account(registration, false).screen().contains("(•) Make a new account"));
    }
    let closed = at_account(RegistrationMode::Closed, false).screen();
    assert!(closed.contains("(•) Log in") && !closed.contains("Make a new account"), "{closed}");

    let mut play = Play::start(80, 30, false);
    play.state.known_name = Some("alice".to_owned());
    play.press(KeyCode::Enter);
    play.net(Net::Server(Ok(server_info(RegistrationMode::Invite, false))));
    play.type_text("correct horse");
    assert_snapshot!("known_name", play.screen());
    play.press(KeyCode::Enter);
    let Some(Effect::LogIn { username, password }) = play.effects.last() else { unreachable!("{:?}", play.effects) };
    assert_eq!((username.as_str(), password.0.as_str()), ("alice", "correct horse"));
}

#[test]
fn a_refused_login_takes_another_name_or_another_password_as_the_next_thing_typed() {
    let refused = || {
        let mut play = at_account(RegistrationMode::Invite, false);
        play.press(KeyCode::Up);
        play.press(KeyCode::Down);
        for text in ["bbo", "correct horse"] {
            play.type_text(text);
            play.press(KeyCode::Enter);
        }
        let failure = Failure { code: Some(ErrorCode::InvalidCredentials), ..refusal(None, "wrong name or password") };
        play.net(Net::LoggedIn(Err(failure)));
        play
    };
    let log_in = |play: &Play| match play.effects.last() {
        Some(Effect::LogIn { username, password }) => (username.clone(), password.0.clone()),
        other => unreachable!("{other:?}"),
    };
    // The password is what is typed next, and it does not stand in the open.
    let mut play = refused();
    play.type_text("battery");
    assert!(!play.screen().contains("battery"), "{}", play.screen());
    // The name was wrong: the right one comes in its place.
    let mut play = refused();
    assert_snapshot!("refused_login", play.screen());
    play.press(KeyCode::Up);
    for text in ["bob", "correct horse"] {
        play.type_text(text);
        play.press(KeyCode::Enter);
    }
    assert_eq!(log_in(&play), ("bob".to_owned(), "correct horse".to_owned()));
    // The password was wrong: the name stays.
    let mut play = refused();
    play.type_text("battery staple");
    play.press(KeyCode::Enter);
    assert_eq!(log_in(&play), ("bbo".to_owned(), "battery staple".to_owned()));
    // A letter was wrong: whoever moves in it edits it.
    let mut play = refused();
    play.press(KeyCode::Up);
    for _ in 0..2 {
        play.press(KeyCode::Left);
    }
    play.press(KeyCode::Char('o'));
    assert!(play.screen().contains("› bobo"), "{}", play.screen());
}

#[test]
fn a_lost_password_is_set_anew_by_a_code() {
    let mut play = at_account(RegistrationMode::Closed, false);
    play.press(KeyCode::Up);
    play.press(KeyCode::Down);
    let screen = play.screen();
    assert!(screen.contains("(•) Set a new password by a code") && !screen.contains("User name"), "{screen}");
    for text in ["s3cret", "another horse", "another house"] {
        play.type_text(text);
        play.press(KeyCode::Enter);
    }
    assert!(play.screen().contains("The two passwords differ."), "{}", play.screen());
    play.press(KeyCode::Backspace);
    play.press(KeyCode::Backspace);
    play.press(KeyCode::Backspace);
    play.type_text("rse");
    play.press(KeyCode::Enter);
    let Some(Effect::ResetPassword(reset)) = play.effects.last() else { unreachable!("{:?}", play.effects) };
    assert_eq!((reset.code.0.as_str(), reset.new_password.expose()), ("s3cret", "another horse"));
    assert!(!play.screen().contains("s3cret"), "{}", play.screen());
    let refusal = Failure { code: Some(ErrorCode::InvalidCredentials), ..refusal(None, "this code was used") };
    play.net(Net::LoggedIn(Err(refusal)));
    assert!(play.screen().contains("This code was used"), "{}", play.screen());
}

#[test]
fn a_code_for_a_lost_password_is_mailed_where_the_server_can() {
    let mut play = Play::start(80, 30, false);
    play.press(KeyCode::Enter);
    let info = ServerInfo { sends_mail: true, ..server_info(RegistrationMode::Closed, false) };
    play.net(Net::Server(Ok(info)));
    for key in [KeyCode::Up, KeyCode::Down, KeyCode::Down] {
        play.press(key);
    }
    assert_snapshot!(play.screen());
    play.type_text("alice");
    play.press(KeyCode::Enter);
    let Some(Effect::MailReset(ask)) = play.effects.last() else { unreachable!("{:?}", play.effects) };
    assert_eq!(ask.username, "alice");
    play.net(Net::ResetMailed(Ok(())));
    let screen = play.screen();
    assert!(screen.contains("If there is such an account, a code is on its way"), "{screen}");
    assert!(screen.contains("(•) Set a new password by a code"), "{screen}");
    play.type_text("s3cret");
    play.press(KeyCode::Enter);
    play.type_text("another horse");
    play.press(KeyCode::Enter);
    play.type_text("another horse");
    play.press(KeyCode::Enter);
    assert!(matches!(play.effects.last(), Some(Effect::ResetPassword(reset)) if reset.code.0 == "s3cret"));
}

#[test]
fn an_invite_is_mailed_where_the_server_can() {
    let mut play = Play::chat(80, 24);
    play.net(Net::InviteByMail(id(ENG)));
    assert_snapshot!(play.screen());
    play.type_text("bob");
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("name@example.org"), "{}", play.screen());
    play.type_text("@example.org");
    play.press(KeyCode::Enter);
    let Some(Effect::CreateInvite { body, .. }) = play.effects.last() else { unreachable!("{:?}", play.effects) };
    assert!(body.send_mail && body.email.as_ref().is_some_and(|email| email.as_str() == "bob@example.org"));
    let mailed = Invite { email: body.email.clone(), code: None, mail: Some(MailState::Waiting), ..invite() };
    play.net(Net::Invite(Ok(mailed)));
    assert!(play.screen().contains("An invite is on its way to bob@example.org."), "{}", play.screen());
    play.net(Net::InviteByMail(id(ENG)));
    play.press(KeyCode::BackTab);
    play.press(KeyCode::Down);
    play.press(KeyCode::Enter);
    let Some(Effect::CreateInvite { body, .. }) = play.effects.last() else { unreachable!("{:?}", play.effects) };
    assert!(!body.send_mail && body.email.is_none());
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
    assert!(matches!(play.effects.last(), Some(Effect::OpenCache(_))));
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
    play.net(Net::ChannelEntered { wanted: Wanted::New(team_id), answer: Ok(general) });
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(Vec::new(), None)) });
    assert_snapshot!("empty_channel", play.screen());
    play.type_text("hello");
    play.effects.clear();
    play.press(KeyCode::Enter);
    assert_eq!(play.sends().first().map(|(content, _)| content.as_str()), Some("hello"));
}

fn at_first_channel() -> Play {
    let mut play = registered();
    play.net(Net::LoggedIn(Ok(user(ALICE, "alice"))));
    play.net(Net::Connected(Box::new(hello(Vec::new()))));
    play.net(Net::JoinableTeams(Ok(Vec::new())));
    play.type_text("eng");
    play.press(KeyCode::Enter);
    play.net(Net::TeamEntered(Ok(my_team())));
    play.net(Net::Team { team_id: id(ENG), answer: Ok(TeamContents::default()) });
    play
}

#[test]
fn a_team_is_read_once_whichever_says_first_that_it_was_entered() {
    let mut play = at_first_channel();
    play.net(Net::Stream(StreamEvent {
        stream: None,
        rev: None,
        body: EventBody::MyTeamJoined { team: hello_team() },
    }));
    let loads = play.effects.iter().filter(|effect| matches!(effect, Effect::LoadTeam(_))).count();
    assert_eq!(loads, 1);
    let follows = |stream: StreamId| {
        play.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Follow { stream: followed, .. } if *followed == stream))
    };
    assert!(follows(StreamId::Team(id(ENG))), "{:?}", play.effects);
}

#[test]
fn a_form_that_waits_for_its_answer_stays_when_the_team_is_read_again() {
    let mut play = at_first_channel();
    play.press(KeyCode::Enter);
    play.net(Net::Team { team_id: id(ENG), answer: Ok(TeamContents::default()) });
    assert!(play.screen().contains("Your first channel"), "{}", play.screen());
    let general = my_channel(GENERAL, ChannelKind::Public, Some("general"), 0, 0);
    play.net(Net::ChannelEntered { wanted: Wanted::New(id(ENG)), answer: Ok(general) });
    assert!(play.screen().contains("to #general"), "{}", play.screen());
}

#[test]
fn a_first_channel_made_on_another_device_is_opened() {
    let mut play = at_first_channel();
    let channels = vec![my_channel(GENERAL, ChannelKind::Public, Some("general"), 0, 0)];
    play.net(Net::Team { team_id: id(ENG), answer: Ok(TeamContents { channels, members: Vec::new() }) });
    assert!(play.screen().contains("to #general"), "{}", play.screen());
}

#[test]
fn what_is_typed_first_is_the_name() {
    let mut play = at_account(RegistrationMode::Open, false);
    play.type_text("alice");
    play.press(KeyCode::BackTab);
    play.press(KeyCode::Char(' '));
    assert!(play.screen().contains("(•) Log in"), "{}", play.screen());
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

#[test]
fn a_long_list_of_channels_to_join_is_scrolled() {
    for (columns, rows) in [(80, 24), (50, 20), (40, 10)] {
        let mut play = Play::chat(columns, rows);
        for number in 100..140 {
            let mine = my_channel(number, ChannelKind::Public, Some(&format!("channel-{number}")), 0, 0);
            let changed = EventBody::ChannelUpdated { channel: mine.channel };
            play.stream(StreamId::Team(id(ENG)), Some(number), changed);
        }
        play.alt('c');
        assert!(play.screen().contains("(•) Join #channel-100"), "{}", play.screen());
        (0..30).for_each(|_| play.press(KeyCode::Down));
        assert!(play.screen().contains("(•) Join #channel-130"), "{}", play.screen());
        let wheel = MouseEvent { kind: MouseEventKind::ScrollUp, column: 5, row: 5, modifiers: KeyModifiers::NONE };
        (0..3).for_each(|_| play.event(Event::Mouse(wheel)));
        assert!(play.screen().contains("(•) Join #channel-127"), "{}", play.screen());
        play.press(KeyCode::PageDown);
        assert!(play.screen().contains("(•) Join #channel-134"), "{}", play.screen());
        if rows == 24 {
            assert_snapshot!(play.screen());
        }
        play.press(KeyCode::End);
        assert!(play.screen().contains("(•) Make a private channel"), "{}", play.screen());
        play.press(KeyCode::Home);
        assert!(play.screen().contains("(•) Join #channel-100"), "{}", play.screen());
    }
}

#[test]
fn a_team_that_is_made_while_somebody_chooses_can_be_joined() {
    let mut play = Play::start(80, 24, true);
    play.net(Net::Connected(Box::new(hello(Vec::new()))));
    play.net(Net::JoinableTeams(Ok(Vec::new())));
    play.type_text("my own");
    play.effects.clear();
    play.wait(10_000);
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::FindTeams)), "{:?}", play.effects);
    let team = MyTeam { membership: None, ..my_team() };
    play.net(Net::JoinableTeams(Ok(vec![team])));
    let screen = play.screen();
    assert!(screen.contains("( ) Join eng") && screen.contains("(•) Make a new team"), "{screen}");
    assert!(screen.contains("my own"), "what was typed stays: {screen}");
}

#[test]
fn a_form_says_that_there_is_more_of_it() {
    let mut play = at_account(RegistrationMode::Open, true);
    (play.state.columns, play.state.rows) = (50, 14);
    assert!(play.screen().contains('↓') && !play.screen().contains('↑'), "{}", play.screen());
    play.press(KeyCode::BackTab);
    play.press(KeyCode::BackTab);
    assert!(play.screen().contains('↑'), "{}", play.screen());
}

#[test]
fn an_invite_code_is_copied_and_not_closed_by_a_letter() {
    let mut play = Play::chat(80, 24);
    play.net(Net::Invite(Ok(invite())));
    assert_snapshot!(play.screen());
    play.effects.clear();
    play.press(KeyCode::Char('y'));
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::Copy { text } if text == "a-secret-code")));
    play.press(KeyCode::Char('n'));
    assert!(play.screen().contains("a-secret-code"), "it is shown once: no letter closes it");
    play.press(KeyCode::Enter);
    assert!(!play.screen().contains("a-secret-code"));
}

#[test]
fn whoever_is_alone_in_a_team_is_told_how_to_invite() {
    let mut play = Play::start(80, 24, true);
    play.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
    let mut contents = crate::play::contents();
    contents.members.truncate(1);
    play.net(Net::Team { team_id: id(ENG), answer: Ok(contents) });
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(Vec::new(), None)) });
    assert!(play.screen().contains("The beginning of #general. Alt+I invites others."), "{}", play.screen());
}

#[test]
fn channels_that_are_only_read_come_last_among_those_to_join() {
    let mut play = Play::chat(80, 24);
    for (number, named, posting) in [(100, "announce", Posting::Admins), (101, "talk", Posting::Everyone)] {
        let mut channel = my_channel(number, ChannelKind::Public, Some(named), 0, 0).channel;
        channel.posting = posting;
        play.stream(StreamId::Team(id(ENG)), Some(number), EventBody::ChannelUpdated { channel });
    }
    play.alt('c');
    let screen = play.screen();
    assert!(screen.contains("(•) Join #talk") && screen.contains("( ) Join #announce"), "{screen}");
}
