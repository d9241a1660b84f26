//! What an event makes of the state, and what is to be done outside because of it.

mod chat;
mod forms;
mod keys;
mod link;
mod messages;
mod mouse;
mod net;
mod settle;
mod stream;

use syncspace_protocol::Time;

use super::composer::DraftKey;
use super::message::{Effect, Event};
use super::state::{Modal, Screen, State};

/// Effects in the order they are to be done.
type Effects = Vec<Effect>;

/// Applies an event that happened at a time; gives what is to be done outside.
pub(crate) fn update(state: &mut State, event: Event, now: Time) -> Effects {
    // The clock of a machine can be set back; time in the state never goes back.
    state.now = state.now.max(now);
    let mut effects = Effects::new();
    match event {
        Event::Key(_) | Event::Paste(_) | Event::Mouse(_) | Event::Focus { is_focused: true } => {
            link::person_is_here(state, &mut effects);
        }
        Event::Resize { .. } | Event::Focus { is_focused: false } | Event::Tick | Event::Net(_) => {}
    }
    match event {
        Event::Key(key) => keys::press(state, key, &mut effects),
        Event::Paste(text) => paste(state, &text, &mut effects),
        Event::Resize { columns, rows } => (state.columns, state.rows) = (columns, rows),
        Event::Focus { is_focused } => state.is_focused = is_focused,
        Event::Mouse(mouse) => mouse::act(state, mouse, &mut effects),
        Event::Tick => {}
        Event::Net(net) => net::take(state, *net, &mut effects),
    }
    settle::settle(state, &mut effects);
    effects
}

fn paste(state: &mut State, text: &str, effects: &mut Effects) {
    match (&mut state.modal, &mut state.screen) {
        (Some(Modal::Form(entry)), _) | (None, Screen::Entry { form: entry, .. }) => entry.form.paste(text),
        (Some(Modal::Switcher(switcher)), _) => {
            switcher.input.insert(text);
            switcher.chosen = 0;
        }
        (None, Screen::Chat) => {
            chat::focus_composer(state);
            if let Some(key) = state.draft_key() {
                state.chat.drafts.entry(key).or_default().paste(text);
                chat::typed(state, key, effects);
            }
        }
        (Some(Modal::Help { .. }), _) | (None, Screen::Waiting(_)) => {}
    }
}

/// Tells whether a draft is worth asking about before it is dropped.
fn is_worth_keeping(state: &State, key: &DraftKey) -> bool {
    state.chat.drafts.get(key).is_some_and(|draft| !draft.is_blank())
}
