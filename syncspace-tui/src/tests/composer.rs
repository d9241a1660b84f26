//! Writing: completions, commands, pastes, drafts in an editor.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;
use syncspace_protocol::auth::Secret;
use syncspace_protocol::messages::MessageType;
use syncspace_protocol::status::ChosenPresence;

use crate::app::composer::DraftKey;
use crate::app::deed::{Deed, Outcome};
use crate::app::message::{Failure, Here};
use crate::app::slash::COMMANDS;
use crate::app::state::{Focus, Modal};
use crate::app::{Effect, Event, Net};
use crate::play::{ALICE, CAROL, GENERAL, Play, RANDOM, id};

fn draft(play: &Play) -> String {
    play.state.composer().map(crate::app::composer::Composer::text).unwrap_or_default()
}

fn deeds(play: &mut Play) -> Vec<Deed> {
    let deed = |effect| match effect {
        Effect::Do(deed) => Some(*deed),
        _ => None,
    };
    play.effects.drain(..).filter_map(deed).collect()
}

#[test]
fn completions_fit_every_width() {
    for columns in [40, 60, 80, 100, 120, 200] {
        let mut play = Play::chat(columns, 24);
        play.type_text("/");
        assert_snapshot!(format!("completion_{columns}"), play.screen());
    }
}

#[test]
fn people_channels_and_emoji_are_completed_by_tab() {
    for (typed, expected) in [
        ("hi @ca", "hi @carol "),
        ("(@bo", "(@bob "),
        ("see #ran", "see #random "),
        (":tad", "🎉 "),
        ("to @her", "to @here "),
    ] {
        let mut play = Play::chat(80, 24);
        play.type_text(typed);
        play.press(KeyCode::Tab);
        assert_eq!(draft(&play), expected, "{typed}");
        assert_eq!(play.state.chat.focus, Focus::Composer, "Tab never moves the keys while a list is open");
    }
}

#[test]
fn the_list_is_walked_and_closed_and_sends_as_typed() {
    let mut play = Play::chat(80, 24);
    play.type_text("@");
    assert_snapshot!("people", play.screen());
    play.press(KeyCode::Down);
    play.press(KeyCode::Enter);
    assert_eq!(draft(&play), "@bob ");
    play.ctrl('u');
    play.type_text("@bo");
    play.press(KeyCode::Enter);
    assert_eq!(play.sends().into_iter().map(|(text, _)| text).collect::<Vec<_>>(), ["@bo"], "nobody chose anything");
    play.type_text("a@b mail @zz 12:30");
    assert!(!play.screen().contains("Tab takes it"), "{}", play.screen());
    play.type_text(" @c");
    play.press(KeyCode::Esc);
    assert_eq!(play.state.chat.focus, Focus::Composer);
    assert!(!play.screen().contains("Tab takes it"), "{}", play.screen());
    assert!(draft(&play).ends_with(" @c"), "Esc loses nothing");
}

#[test]
fn commands_stand_for_actions_and_calls() {
    let mut play = Play::chat(80, 24);
    let mut run = |typed: &str| {
        play.type_text(typed);
        play.press(KeyCode::Char(' '));
        play.press(KeyCode::Enter);
        deeds(&mut play)
    };
    assert!(matches!(run("/topic what we ship").as_slice(), [Deed::EditChannel { .. }]));
    let away = run("/away");
    assert!(
        matches!(away.as_slice(), [Deed::SetStatus(edit)] if edit.presence == Some(ChosenPresence::Away)),
        "{away:?}"
    );
    assert!(matches!(run("/dnd 2h").as_slice(), [Deed::Prefer(_)]));
    assert!(matches!(run("/status :palm_tree: on holiday").as_slice(), [Deed::SetStatus(_)]));
    let added = run("/invite @carol");
    assert_eq!(added, [Deed::AddPerson { channel_id: id(GENERAL), user_id: id(CAROL) }]);
    assert!(matches!(run("/mute").as_slice(), [Deed::PreferChannel { .. }]));
    assert!(matches!(run("/remind 20m").as_slice(), [Deed::Remind { .. }]));
    let later = run("/later fri 9:00 good morning");
    assert!(
        matches!(later.as_slice(), [Deed::Schedule { message, .. }] if message.content == "good morning"),
        "{later:?}"
    );
    assert_eq!(run("/join random"), []);
    assert_eq!(play.state.chat.open, Some(id(RANDOM)));
    assert_eq!(play.sends(), [], "no command is a message");
}

#[test]
fn the_own_address_is_shown_changed_and_confirmed_by_commands() {
    let mut play = Play::chat(80, 24);
    let run = |play: &mut Play, typed: &str| {
        play.type_text(typed);
        play.press(KeyCode::Enter);
        deeds(play)
    };
    assert_eq!(run(&mut play, "/email"), []);
    assert!(play.screen().contains("Your account has no e-mail address."), "{}", play.screen());
    let asked = run(&mut play, "/email a@example.org");
    let Some(deed @ Deed::EditEmail(Some(_))) = asked.first() else { unreachable!("{asked:?}") };
    let account = |json: serde_json::Value| {
        let mut user = serde_json::to_value(crate::play::user(ALICE, "alice")).expect("an account");
        user.as_object_mut().expect("fields").extend(json.as_object().expect("fields").clone());
        Outcome::Own(Box::new(serde_json::from_value(user).expect("an account")))
    };
    let pending = account(serde_json::json!({ "email_pending": "a@example.org" }));
    play.net(Net::Done { deed: Box::new(deed.clone()), answer: Ok(pending) });
    assert!(play.screen().contains("a@example.org counts once you type /verify"), "{}", play.screen());
    let asked = run(&mut play, "/verify c0de");
    assert_eq!(asked, [Deed::VerifyEmail(Secret("c0de".to_owned()))]);
    let verified = serde_json::json!({ "email": "a@example.org", "email_verified_at": "2026-11-29T08:00:00.000Z" });
    play.net(Net::Done { deed: Box::new(asked[0].clone()), answer: Ok(account(verified)) });
    assert!(play.screen().contains("a@example.org is your address, and confirmed."), "{}", play.screen());
    assert_eq!(run(&mut play, "/email again"), [Deed::SendEmailCode]);
    assert_eq!(run(&mut play, "/email off"), [Deed::EditEmail(None)]);
    for (typed, words) in [("/email nowhere", "nowhere is no e-mail address."), ("/verify", "Type the code")] {
        assert_eq!(run(&mut play, typed), []);
        assert!(play.screen().contains(words), "{}", play.screen());
        play.ctrl('u');
    }
}

#[test]
fn a_command_that_is_none_stays_and_a_path_is_text() {
    let mut play = Play::chat(80, 24);
    play.type_text("/nothing here");
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("There is no command /nothing."), "{}", play.screen());
    assert_eq!(draft(&play), "/nothing here");
    play.ctrl('u');
    for text in ["/usr/bin/env is there", " /away is what I type", "/"] {
        play.event(Event::Paste(text.to_owned()));
        play.press(KeyCode::Enter);
        let last = play.state.chat.outbox.iter().last().map(|parcel| parcel.content.as_str());
        assert_eq!(last, Some(text));
    }
}

#[test]
fn pain_5_a_command_that_is_refused_is_given_back() {
    let mut play = Play::chat(80, 24);
    play.type_text("/topic of the day");
    play.press(KeyCode::Enter);
    let deed = deeds(&mut play).remove(0);
    assert_eq!(draft(&play), "");
    let message = "You may not do that.".to_owned();
    let failure = Failure { code: None, message, field: None, is_transient: false, retry_after_ms: None };
    play.net(Net::Done { deed: Box::new(deed), answer: Err(failure) });
    assert_eq!(draft(&play), "/topic of the day");
}

#[test]
fn every_command_says_what_it_does() {
    for command in COMMANDS {
        assert!(!command.about.is_empty() && command.about.chars().count() <= 50, "{}", command.name);
    }
    assert!(COMMANDS.is_sorted_by_key(|command| command.name));
}

#[test]
fn pain_12_three_keys_make_a_new_line() {
    let mut play = Play::chat(80, 24);
    for modifiers in [KeyModifiers::SHIFT, KeyModifiers::ALT] {
        play.type_text("x");
        play.event(Event::Key(KeyEvent::new(KeyCode::Enter, modifiers)));
    }
    play.type_text("x");
    play.ctrl('j');
    play.type_text("x");
    assert_eq!(draft(&play), "x\nx\nx\nx");
}

#[test]
fn pain_4_a_paste_is_one_block_and_one_step() {
    let lines: Vec<String> = (1..=200).map(|number| format!("line {number}")).collect();
    let mut play = Play::chat(80, 24);
    play.type_text("see: ");
    play.event(Event::Paste(lines.join("\n")));
    assert_eq!(draft(&play), format!("see: {}", lines.join("\n")));
    assert_eq!(play.sends(), []);
    play.ctrl('z');
    assert_eq!(draft(&play), "see: ");
}

#[test]
fn a_long_paste_is_offered_as_code_by_one_key() {
    let lines: Vec<String> = (1..=21).map(|number| format!("line {number}")).collect();
    let mut play = Play::chat(80, 24);
    play.event(Event::Paste(lines.join("\n")));
    assert_snapshot!("paste_of_21_lines", play.screen());
    play.alt('p');
    let sent = play.effects.iter().find_map(|effect| match effect {
        Effect::Send { body, .. } => Some(body.clone()),
        _ => None,
    });
    assert_eq!(sent.map(|body| (body.message_type, body.content)), Some((MessageType::Code, lines.join("\n"))));
    assert_eq!(draft(&play), "");
}

#[test]
fn a_draft_is_written_in_an_editor_and_undo_takes_it_back() {
    let mut play = Play::chat(80, 24);
    play.type_text("short");
    play.alt('k');
    let key = DraftKey::Channel(id(GENERAL));
    assert!(
        matches!(play.effects.last(), Some(Effect::Editor { text, draft: Some(held) }) if text == "short" && *held == key)
    );
    play.net(Net::Here(Here::Edited { draft: Some(key), text: Ok("a long\ntext".to_owned()) }));
    assert_eq!(draft(&play), "a long\ntext");
    play.net(Net::Here(Here::Edited { draft: Some(key), text: Err("the editor ended with signal 9".to_owned()) }));
    assert_eq!(draft(&play), "a long\ntext");
    assert!(play.screen().contains("The draft is as it was"), "{}", play.screen());
    // One step, whatever the editor did to it.
    play.ctrl('z');
    assert_eq!(draft(&play), "short");
}

#[test]
fn editing_ones_message_knows_no_commands() {
    let mut play = Play::chat(80, 24);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('k'));
    play.press(KeyCode::Char('e'));
    play.ctrl('u');
    play.event(Event::Paste("/away".to_owned()));
    assert!(play.state.modal.is_none() || matches!(play.state.modal, Some(Modal::Form(_))));
    assert_eq!(deeds(&mut play), []);
}
