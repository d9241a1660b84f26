//! Keys: presets, sequences, what the help and the bottom line say of them.

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use crate::app::keymap::{Builder, Keymap, Preset, Sequence, place_of};
use crate::app::state::{Focus, Modal};
use crate::app::{Effect, Event};
use crate::play::Play;

fn with_preset(preset: Preset) -> Play {
    let mut play = Play::chat(80, 24);
    play.state.keys.map = Keymap::of(preset);
    play
}

/// Gives the program with some actions bound anew.
fn with_keys(bindings: &[(&str, &[&str])]) -> Play {
    let mut builder = Builder::new(Preset::Standard);
    for (name, keys) in bindings {
        let at = place_of(name).expect("an action");
        builder.clear(at);
        for keys in *keys {
            builder.claim(at, Sequence::parse(keys).expect("keys")).expect("free");
        }
    }
    let mut play = Play::chat(80, 24);
    play.state.keys.map = builder.finish();
    play
}

fn draft(play: &Play) -> String {
    play.state.composer().map(crate::app::composer::Composer::text).unwrap_or_default()
}

fn last_line(play: &Play) -> String {
    play.screen().lines().last().unwrap_or_default().trim_end().to_owned()
}

#[test]
fn a_sequence_waits_for_its_last_key_and_shows_how_it_can_go_on() {
    let mut play = with_preset(Preset::Vim);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char(' '));
    assert!(last_line(&play).ends_with("Space …"), "{}", last_line(&play));
    assert!(!play.screen().contains("Join or make a channel"), "not at once");
    play.clock = play.state.next_deadline().expect("a hint").unix_ms();
    play.event(Event::Tick);
    assert_snapshot!("continuations_80", play.screen());
    assert_eq!(play.state.next_deadline(), None, "nothing is waited for any more");
    play.press(KeyCode::Char('c'));
    assert!(matches!(play.state.modal, Some(Modal::Form(_))));
    assert!(play.state.keys.pending.is_none());
}

#[test]
fn a_sequence_ends_with_escape_and_does_nothing() {
    let mut play = with_preset(Preset::Vim);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('g'));
    play.press(KeyCode::Esc);
    assert!(play.state.keys.pending.is_none());
    assert_eq!(play.state.chat.focus, Focus::Messages, "Escape was for the sequence");
    play.press(KeyCode::Char('g'));
    play.press(KeyCode::Char('g'));
    assert_eq!(play.state.selected().map(|(_, message)| message.seq.get()), Some(1));
}

#[test]
fn what_does_not_go_on_as_it_began_is_a_key_of_its_own() {
    let mut play = with_preset(Preset::Emacs);
    play.ctrl('x');
    play.type_text("hello");
    assert_eq!(draft(&play), "hello");
    play.ctrl('x');
    play.ctrl('c');
    assert!(matches!(play.state.modal, Some(Modal::Form(_))), "asks: there is a draft");
}

#[test]
fn pain_12_a_bound_text_key_never_steals_typing() {
    let mut play = with_keys(&[("invite", &["x"]), ("go_to", &["g o"]), ("quit", &["Q"])]);
    play.type_text("x go Q");
    assert_eq!(draft(&play), "x go Q");
    assert!(play.effects.iter().all(|effect| matches!(effect, Effect::Typing { .. })), "{:?}", play.effects);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('x'));
    assert!(matches!(play.effects.last(), Some(Effect::Invite(_))));
}

#[test]
fn pain_12_send_and_new_line_can_change_places() {
    let mut play = with_keys(&[("send", &["alt+enter", "ctrl+j"]), ("new_line", &["enter"])]);
    play.type_text("one");
    play.press(KeyCode::Enter);
    play.type_text("two");
    assert_eq!(draft(&play), "one\ntwo");
    play.ctrl('j');
    assert_eq!(play.sends().into_iter().map(|(content, _)| content).collect::<Vec<_>>(), ["one\ntwo"]);
}

#[test]
fn an_unbound_key_does_nothing_and_its_action_is_found_by_name() {
    let mut play = with_keys(&[("next_unread", &[]), ("new_channel", &["f5"])]);
    let open = play.state.chat.open;
    play.alt('a');
    assert_eq!(play.state.chat.open, open);
    play.press(KeyCode::F(1));
    play.type_text("unread");
    assert_snapshot!("help_unbound_80", play.screen());
    play.press(KeyCode::Esc);
    play.ctrl('o');
    play.type_text("join or");
    assert!(play.screen().contains("F5"), "{}", play.screen());
}

#[test]
fn pain_13_the_help_finds_a_key_by_what_it_does() {
    let mut play = Play::chat(80, 24);
    play.press(KeyCode::F(1));
    play.type_text("channel bel");
    let screen = play.screen();
    assert!(screen.contains("Channel below") && screen.contains("Alt+↓"), "{screen}");
    assert!(!screen.contains("Send the message"), "{screen}");
    play.type_text("zzz");
    assert!(play.screen().contains("Nothing here is called so"), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(play.state.modal.is_none());
    assert_eq!(draft(&play), "", "what was looked for is no message");
}

#[test]
fn pain_13_the_bottom_line_names_live_keys() {
    let mut play = with_keys(&[("go_to", &["f6"]), ("help", &[])]);
    assert!(last_line(&play).ends_with("F6 go to · Esc messages"), "{}", last_line(&play));
    play.press(KeyCode::Esc);
    assert!(last_line(&play).ends_with("m menu · i write · ? help"), "{}", last_line(&play));
}

#[test]
fn presets_have_their_own_help() {
    for (name, preset) in [("vim", Preset::Vim), ("emacs", Preset::Emacs)] {
        let mut play = with_preset(preset);
        play.state.rows = 44;
        play.press(KeyCode::Esc);
        play.press(KeyCode::F(1));
        assert_snapshot!(format!("help_{name}"), play.screen());
    }
}
