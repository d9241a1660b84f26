//! What the person is used to, told to the disk and taken from it: often visited channels, used emoji, the picked theme,
//! and what is typed into the search.

use crate::app::kept::{Habits, Keep};
use crate::app::look::Theme;
use crate::app::pages::search::SearchField;
use crate::app::state::State;
use crate::app::told::ToldHabits;

/// Tells what of it changed.
pub(super) fn tell(state: &mut State, keeps: &mut Vec<Keep>) {
    let (chat, own, told) = (&state.chat, &state.own, &mut state.told.habits);
    let is_same = told.visits == chat.visits.changes() && told.emoji == *own.used() && told.theme == own.theme;
    if !is_same {
        keeps.push(Keep::Habits(Habits {
            visits: chat.visits.clone(),
            emoji: own.used().iter().cloned().collect(),
            theme: own.theme.map(|theme| theme.name().to_owned()),
        }));
        (told.visits, told.theme) = (chat.visits.changes(), own.theme);
        told.emoji.clone_from(own.used());
    }
    let typed = chat.pages.search.input.text();
    if told.search != typed {
        keeps.push(Keep::Search(typed.to_owned()));
        told.search = typed.to_owned();
    }
}

/// Takes what was kept of it. A theme of the configuration, or of the command line, comes before the one that was picked.
pub(super) fn take(state: &mut State, habits: Habits, search: String) {
    let Habits { visits, emoji, theme } = habits;
    state.chat.visits = visits;
    state.own.take_used(emoji);
    state.own.theme = theme.as_deref().and_then(Theme::named);
    if let Some(theme) = state.own.theme.filter(|_| state.settings.theme == Theme::Auto) {
        state.look.theme = theme;
    }
    if state.chat.pages.search.is_empty() {
        state.chat.pages.search = SearchField::with_text(&search);
    }
    state.told.habits = ToldHabits {
        visits: state.chat.visits.changes(),
        emoji: state.own.used().clone(),
        theme: state.own.theme,
        search,
    };
}
