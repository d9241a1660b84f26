//! Commands of the team: typed like ours, run at the server, answered to the person alone or to all.

use crossterm::event::KeyCode;
use syncspace_protocol::ErrorCode;
use syncspace_protocol::commands::{CommandAnswer, RunCommand, SlashCommand};
use syncspace_protocol::users::Person;

use crate::app::Event;
use crate::app::deed::{Deed, Outcome};
use crate::app::message::{Effect, Failure, Net};
use crate::play::{ENG, GENERAL, Play, at, id, name, person};

fn deploy() -> SlashCommand {
    SlashCommand {
        id: id(6),
        team_id: id(ENG),
        name: name("deploy"),
        description: Some("Brings a\u{1b}[31m service out".to_owned()),
        usage_hint: Some("[service]".to_owned()),
        bot_id: id(90),
        url: None,
        created_by: id(1),
        created_at: at(0),
        updated_at: at(0),
    }
}

/// A chat in a team that has a command.
fn chat() -> Play {
    let mut play = Play::chat(80, 24);
    let deed = Deed::ListCommands(id(ENG));
    play.net(Net::Done { deed: Box::new(deed), answer: Ok(Outcome::Commands(vec![deploy()])) });
    play
}

fn run(text: &str) -> Deed {
    Deed::RunCommand { channel_id: id(GENERAL), run: RunCommand { name: name("deploy"), text: text.to_owned() } }
}

fn answered(play: &mut Play, text: &str) {
    let answer = CommandAnswer { text: text.to_owned(), seq: None };
    play.net(Net::Done { deed: Box::new(run("web")), answer: Ok(Outcome::Answered(answer)) });
}

#[test]
fn a_command_of_the_team_is_completed_and_run() {
    let mut play = chat();
    play.type_text("/dep");
    let screen = play.screen();
    assert!(screen.contains("/deploy [service]") && screen.contains("Brings a service out"), "{screen}");
    play.press(KeyCode::Tab);
    play.type_text("web");
    play.press(KeyCode::Enter);
    let is_run = |effect: &Effect| matches!(effect, Effect::Do(deed) if **deed == run("web"));
    assert!(play.effects.iter().any(is_run), "{:?}", play.effects);
    answered(&mut play, "web is out");
    assert!(play.screen().contains("/deploy: web is out"), "{}", play.screen());
    answered(&mut play, "line one\nline two\u{1b}[2J");
    let screen = play.screen();
    assert!(screen.contains("to you alone") && screen.contains("line two"), "{screen}");
}

/// An answer comes up to three seconds late: whatever is typed by then goes where it would have gone.
#[test]
fn an_answer_takes_nothing_of_what_is_typed() {
    let mut play = chat();
    play.type_text("half");
    answered(&mut play, "line one\nline two");
    play.type_text(" a yak, joking");
    play.event(Event::Paste(" and more".to_owned()));
    let screen = play.screen();
    let typed = "half a yak, joking and more";
    assert_eq!(play.state.composer().map(|draft| draft.text()), Some(typed.to_owned()));
    assert!(screen.contains("line two") && screen.contains(typed), "both are to be seen\n{screen}");
    for key in [KeyCode::Esc, KeyCode::Enter] {
        answered(&mut play, "line one\nline two");
        play.press(key);
        assert!(!play.screen().contains("line two"), "{}", play.screen());
        assert_eq!(play.state.composer().map(|draft| draft.text()), Some(typed.to_owned()), "it only closes");
    }
}

#[test]
fn an_answer_takes_no_place_of_what_is_open_and_is_there_to_be_read_again() {
    let mut play = chat();
    play.ctrl('k');
    play.type_text("rand");
    answered(&mut play, "line one\nline two");
    play.type_text("om");
    assert!(play.screen().contains("random") && !play.screen().contains("line two"), "{}", play.screen());
    play.press(KeyCode::Esc);
    play.type_text("/said");
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("line two"), "{}", play.screen());
}

#[test]
fn an_answer_is_shown_as_it_is_read() {
    let mut play = chat();
    answered(&mut play, "**Usage**: see [docs](https://example.org/d)\n- `one`\n- two");
    let screen = play.screen();
    assert!(screen.contains("Usage: see docs") && screen.contains("https://example.org/d"), "{screen}");
    assert!(!screen.contains("**") && !screen.contains("`one`") && !screen.contains("]("), "{screen}");
    play.press(KeyCode::Esc);
    answered(&mut play, "it is **out**");
    assert!(play.screen().contains("/deploy: it is out"), "{}", play.screen());
}

#[test]
fn a_long_answer_leaves_the_line_that_is_typed_in() {
    let mut play = chat();
    answered(&mut play, &"row of it\n".repeat(60));
    play.type_text("seen while typed");
    for _ in 0..9 {
        play.press(KeyCode::PageDown);
    }
    let screen = play.screen();
    assert!(screen.contains("seen while typed") && !screen.contains("↓ more"), "{screen}");
    play.press(KeyCode::PageUp);
    assert!(play.screen().contains("↓ more"), "{}", play.screen());
}

#[test]
fn a_bot_is_marked_wherever_it_is_named() {
    let mut play = chat();
    let ci = Person { is_bot: true, ..person(90, "ci") };
    play.state.world.people.insert(ci.id, ci);
    assert_eq!(play.state.world.name(id(90)), "ci (bot)");
}

#[test]
fn what_was_typed_comes_back_where_nobody_answers() {
    let mut play = chat();
    play.type_text("/deploy web");
    play.press(KeyCode::Enter);
    let failure = Failure {
        code: Some(ErrorCode::TargetFailed),
        message: "/deploy was not answered: it did not answer within 3 s".to_owned(),
        field: None,
        is_transient: false,
        retry_after_ms: None,
    };
    play.net(Net::Done { deed: Box::new(run("web")), answer: Err(failure) });
    let screen = play.screen();
    assert!(screen.contains("/deploy web") && screen.contains("Not done"), "{screen}");
}
