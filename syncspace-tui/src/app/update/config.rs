//! What a changed configuration makes of the state.

use super::Effects;
use crate::app::look::Theme;
use crate::app::message::Effect;
use crate::app::state::State;
use crate::config::{Loaded, Problem};

/// Takes a configuration. One that cannot be read changes nothing.
pub(super) fn take(state: &mut State, config: Result<Box<Loaded>, String>, effects: &mut Effects) {
    let config = match config {
        Ok(config) => *config,
        Err(why) => {
            state.complain(format!("The configuration stays as it was: {why}"));
            return;
        }
    };
    let before = std::mem::replace(&mut state.settings, config.settings);
    (state.keys.map, state.keys.pending) = (config.keymap, None);
    if before.has_mouse != state.settings.has_mouse {
        effects.push(Effect::UseMouse(state.settings.has_mouse));
    }
    if before.has_sidebar != state.settings.has_sidebar {
        state.chat.has_sidebar = state.settings.has_sidebar;
    }
    if before.has_emoji != state.settings.has_emoji {
        state.bodies.forget();
    }
    if before.theme != state.settings.theme {
        let picked = state.own.theme.filter(|_| state.settings.theme == Theme::Auto);
        state.look.theme = picked.unwrap_or(state.settings.theme);
    }
    state.look.depth = state.settings.depth.unwrap_or(state.depth);
    state.say("The configuration was read anew.");
    report(state, &config.problems);
}

/// Says what is wrong in a configuration: the first thing, and where the others are to be found.
pub(crate) fn report(state: &mut State, problems: &[Problem]) {
    let Some(first) = problems.first() else { return };
    let more = match problems.len() - 1 {
        0 => String::new(),
        count => format!(" (and {count} more: syncspace-tui config check)"),
    };
    state.complain(format!("Configuration, {first}{more}"));
}
