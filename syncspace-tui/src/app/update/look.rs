//! Choosing a theme: what is looked at is shown at once, what is taken stays.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::look::{Rgb, Theme, ThemePicker};
use crate::app::state::{Modal, State};

pub(super) fn ask(state: &mut State) {
    let before = state.look.theme;
    let chosen = Theme::ALL.iter().position(|(theme, ..)| *theme == before).unwrap_or(0);
    state.modal = Some(Modal::Themes(ThemePicker { chosen, before }));
}

pub(super) fn press(state: &mut State, key: KeyEvent) {
    let Some(Modal::Themes(picker)) = &mut state.modal else { return };
    let last = Theme::ALL.len() - 1;
    match key.code {
        KeyCode::Down | KeyCode::Tab | KeyCode::Char('j') => picker.chosen = (picker.chosen + 1).min(last),
        KeyCode::Up | KeyCode::BackTab | KeyCode::Char('k') => picker.chosen = picker.chosen.saturating_sub(1),
        KeyCode::Home => picker.chosen = 0,
        KeyCode::End => picker.chosen = last,
        KeyCode::Esc => {
            close(state);
            return;
        }
        KeyCode::Enter => {
            state.modal = None;
            set(state, state.look.theme);
            return;
        }
        _ => return,
    }
    if let Some((theme, ..)) = Theme::ALL.get(picker.chosen) {
        state.look.theme = *theme;
    }
}

/// Takes a theme from now on. It is kept with the account on this machine.
pub(super) fn set(state: &mut State, theme: Theme) {
    (state.look.theme, state.own.theme) = (theme, Some(theme));
    let name = theme.name();
    let configured = state.settings.theme;
    if configured != Theme::Auto && configured != theme {
        let held = configured.name();
        state.say(format!("Theme {name} until you leave: the configuration says {held}."));
    } else if state.told.is_on {
        state.say(format!("Theme {name}. It stays so for this account on this machine."));
    } else {
        state.say(format!("Theme {name}. To keep it, write theme = \"{name}\" in the configuration."));
    }
}

/// Closes the list with the theme as it was.
pub(super) fn close(state: &mut State) {
    if let Some(Modal::Themes(picker)) = state.modal.take() {
        state.look.theme = picker.before;
    }
}

/// Takes the background that the terminal told.
pub(super) const fn behind(state: &mut State, rgb: Rgb) {
    state.look.behind = Some(rgb);
}
