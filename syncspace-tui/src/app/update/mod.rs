//! What an event makes of the state, and what is to be done outside because of it.

mod accounts;
mod again;
pub(crate) mod attach;
mod chat;
mod complete;
mod config;
mod deeds;
pub(crate) mod drafts;
mod forms;
mod gaps;
mod habits;
pub(crate) mod jump;
mod keep;
mod keys;
mod link;
mod look;
mod messages;
mod mouse;
mod net;
mod pages;
mod parcels;
mod pictures;
mod reading;
pub(crate) mod restore;
mod select;
mod settle;
mod stream;

use syncspace_protocol::Time;

use super::composer::{DRAFT_BYTES_MAX, DraftKey};
use super::message::{Effect, Event};
use super::state::{Modal, Screen, State};
use super::switcher;

pub(crate) use chat::{go_to, next_unread};
pub(crate) use config::report;

/// Effects in the order they are to be done.
type Effects = Vec<Effect>;

/// Applies events that happened by a time; gives what is to be done outside. What follows from the state is looked at
/// once, after the last one.
pub(crate) fn update_all(state: &mut State, events: impl IntoIterator<Item = Event>, now: Time) -> Effects {
    // The clock of a machine can be set back; time in the state never goes back.
    state.now = state.now.max(now);
    let mut effects = Effects::new();
    let mut has_news = false;
    for event in events {
        has_news |= matches!(event, Event::Net(_) | Event::Tick);
        apply(state, event, &mut effects);
    }
    settle::settle(state, has_news, &mut effects);
    keep::tell(state, &mut effects);
    switcher::gather(state, has_news);
    effects
}

fn apply(state: &mut State, event: Event, effects: &mut Effects) {
    match event {
        Event::Key(_) | Event::Paste(_) | Event::Mouse(_) | Event::Focus { is_focused: true } => {
            link::person_is_here(state, effects);
        }
        Event::Resize { .. }
        | Event::Retaken { .. }
        | Event::Focus { is_focused: false }
        | Event::Tick
        | Event::Net(_)
        | Event::Config(_)
        | Event::Behind(_) => {}
    }
    if matches!(event, Event::Paste(_) | Event::Mouse(_)) {
        state.keys.pending = None;
    }
    match event {
        Event::Key(key) => {
            keys::press(state, key, effects);
            drafts::watch(state);
        }
        Event::Paste(text) => {
            paste(state, &text, effects);
            drafts::watch(state);
        }
        Event::Resize { columns, rows } => (state.columns, state.rows) = (columns, rows),
        Event::Retaken { columns, rows } => {
            (state.columns, state.rows) = (columns, rows);
            state.pictures.images_lost();
        }
        Event::Focus { is_focused } => state.is_focused = is_focused,
        Event::Mouse(mouse) => mouse::act(state, mouse, effects),
        Event::Config(config) => config::take(state, config, effects),
        Event::Behind(rgb) => look::behind(state, rgb),
        Event::Tick => select::scroll_on(state),
        Event::Net(net) => {
            net::take(state, *net, effects);
            keep::heard(state);
        }
    }
}

/// Gives what is to be kept when the program ends without being asked: its terminal is gone, or the system ends it.
pub(crate) fn leave(state: &mut State) -> Effects {
    let mut effects = vec![Effect::Quit];
    keep::tell(state, &mut effects);
    effects.retain(|effect| !matches!(effect, Effect::Quit));
    effects
}

fn paste(state: &mut State, text: &str, effects: &mut Effects) {
    let is_aside = |modal: &mut Modal| matches!(modal, Modal::Sheet { sheet, .. } if sheet.is_aside);
    let aside = state.modal.take_if(is_aside);
    paste_in_front(state, text, effects);
    state.modal = state.modal.take().or(aside);
}

fn paste_in_front(state: &mut State, text: &str, effects: &mut Effects) {
    match (&mut state.modal, &mut state.screen) {
        (Some(Modal::Form(entry)), _) | (None, Screen::Entry { form: entry, .. }) => entry.form.paste(text),
        (Some(Modal::Switcher(switcher)), _) => {
            switcher.input.insert(text);
            switcher.chosen = 0;
        }
        (None, Screen::Chat) if state.chat.focus.is_page() => pages::paste(state, text),
        (None, Screen::Chat) => {
            chat::focus_composer(state);
            if let Some(key) = state.draft_key() {
                let left_out = state.chat.drafts.entry(key).or_default().paste(text);
                chat::typed(state, key, effects);
                say_left_out(state, left_out);
                attach::pasted(key, text, effects);
            }
        }
        (Some(Modal::Help(help)), _) => {
            help.input.insert(text);
            help.scroll = 0;
        }
        (Some(Modal::Picker(picker)), _) => {
            picker.input.insert(text);
            picker.chosen = 0;
        }
        (Some(Modal::Sheet { .. } | Modal::Themes(_)), _) | (None, Screen::Waiting(_)) => {}
    }
}

/// Says that a text was too long for a draft.
fn say_left_out(state: &mut State, bytes: usize) {
    if bytes > 0 {
        let room = DRAFT_BYTES_MAX / 1024;
        state.complain(format!("A draft holds {room} KiB: {bytes} bytes were left out. Ctrl+Z takes all of it back."));
    }
}

/// Tells whether a draft is worth asking about before it is dropped.
fn is_worth_keeping(state: &State, key: &DraftKey) -> bool {
    state.chat.drafts.get(key).is_some_and(|draft| !draft.is_blank())
}
