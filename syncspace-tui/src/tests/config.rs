//! A configuration that changes under a running program.

use crossterm::event::KeyCode;

use crate::app::state::Modal;
use crate::app::{Effect, Event};
use crate::config::{Overrides, read};
use crate::play::Play;

fn take(play: &mut Play, text: &str) {
    play.event(Event::Config(Ok(Box::new(read(text, &Overrides::default())))));
}

fn last_line(play: &Play) -> String {
    play.screen().lines().last().unwrap_or_default().trim_end().to_owned()
}

#[test]
fn a_changed_configuration_holds_at_once() {
    let mut play = Play::chat(100, 24);
    play.type_text("half a sen");
    take(&mut play, "mouse = false\nside_bar = false\n[keys]\nhelp = 'f5'\n");
    assert!(last_line(&play).contains("The configuration was read anew."), "{}", last_line(&play));
    assert!(matches!(play.effects.last(), Some(Effect::UseMouse(false))));
    assert!(!play.screen().contains("random"), "the side bar is gone");
    assert!(play.screen().contains("half a sen"), "what was typed is not");
    play.press(KeyCode::F(1));
    assert!(play.state.modal.is_none());
    play.press(KeyCode::F(5));
    assert!(matches!(play.state.modal, Some(Modal::Help(_))));
}

#[test]
fn pain_13_what_is_wrong_is_said_with_its_place() {
    let mut play = Play::chat(120, 24);
    take(&mut play, "mouse = 3\n[keys]\ngo_to = 'ctrl+p'\ninvite = 'ctrl+p'\n");
    let line = last_line(&play);
    let said = "Configuration, line 1, column 9: mouse: it is true or false; it stays true (and 1 more: syncspace-tui";
    assert!(line.contains(said), "{line}");
    play.event(Event::Config(Err("cannot read /x/tui.toml: permission denied".to_owned())));
    assert!(last_line(&play).contains("The configuration stays as it was"), "{}", last_line(&play));
    play.ctrl('p');
    assert!(matches!(play.state.modal, Some(Modal::Switcher(_))), "what holds stays");
}
