//! Messages on their way, one by one: each can be selected below those that have arrived, sent again, edited, deleted.

use syncspace_protocol::{ChannelId, ClientId};

use super::Effects;
use super::{chat, deeds, drafts, link, messages};
use crate::app::action::Action;
use crate::app::outbox::Parcel;
use crate::app::sheet::Sheet;
use crate::app::state::{Focus, Link, Modal, State};
use crate::app::timeline::Place;

/// Selects the message on its way above; tells whether the keys were among those.
pub(super) fn up(state: &mut State) -> bool {
    let Some(selected) = state.chat.parcel.take() else { return false };
    let parcels = state.parcels_in_list();
    let at = parcels.iter().position(|parcel| *parcel == selected);
    match at.and_then(|at| at.checked_sub(1)) {
        Some(above) => state.chat.parcel = parcels.get(above).cloned(),
        None => messages::with_list(state, |list, context, height, unsent| {
            list.selected = list.last();
            list.reveal_selected(context, height, unsent);
        }),
    }
    true
}

/// Selects the message on its way below; tells whether there is one, or the selected one is the last.
pub(super) fn down(state: &mut State) -> bool {
    let parcels = state.parcels_in_list();
    let next = match state.chat.parcel.clone() {
        Some(selected) => {
            let at = parcels.iter().position(|parcel| *parcel == selected);
            at.and_then(|at| parcels.get(at + 1)).or(parcels.last()).cloned()
        }
        None if is_at_last(state) => parcels.first().cloned(),
        None => None,
    };
    let is_found = next.is_some();
    if is_found {
        state.chat.parcel = next;
        messages::with_list(state, |list, _, _, _| list.place = Place::Bottom);
    }
    is_found
}

/// Selects the last message on its way of the list that has the keys, where the newest messages are in sight.
pub(super) fn select_last(state: &mut State) {
    let mut is_at_bottom = false;
    messages::with_list(state, |list, _, _, _| is_at_bottom = list.place == Place::Bottom);
    state.chat.parcel = state.parcels_in_list().pop().filter(|_| is_at_bottom);
}

fn is_at_last(state: &mut State) -> bool {
    let mut is_last = false;
    messages::with_list(state, |list, _, _, _| is_last = list.selected.is_some() && list.selected == list.last());
    is_last
}

/// Sends a message again, now.
pub(super) fn retry(state: &mut State, client_id: &ClientId, effects: &mut Effects) {
    if state.chat.outbox.retry_one(client_id) {
        link::try_now(state, effects);
    }
}

/// Takes a message back into its composer.
pub(super) fn edit(state: &mut State, client_id: &ClientId, effects: &mut Effects) {
    match state.chat.outbox.take(client_id) {
        Some(parcel) => {
            state.chat.parcel = None;
            go_to_its_channel(state, parcel.channel_id, effects);
            messages::put_back(state, parcel, effects);
        }
        None => state.complain(MAY_HAVE_ARRIVED),
    }
}

fn go_to_its_channel(state: &mut State, channel_id: ChannelId, effects: &mut Effects) {
    if !state.world.channels.contains_key(&channel_id) {
        show_gone(state, channel_id);
    } else if state.chat.open != Some(channel_id) || state.chat.focus.is_page() {
        chat::open_channel(state, channel_id, effects);
    }
}

/// Shows what is left of a channel that is gone: the composer with what was typed for it.
pub(super) fn show_gone(state: &mut State, channel_id: ChannelId) {
    let label = state.world.label_of(channel_id);
    state.world.gone.insert(channel_id, label);
    chat::give_up(state);
    (state.chat.open, state.chat.thread, state.chat.editing) = (Some(channel_id), None, None);
    state.chat.focus = Focus::Composer;
}

/// Throws a message away; its text can be brought back.
pub(super) fn delete(state: &mut State, client_id: &ClientId) {
    let Some(parcel) = state.chat.outbox.take(client_id) else {
        state.complain(MAY_HAVE_ARRIVED);
        return;
    };
    drafts::discard(state, parcel.draft_key(), parcel.typed());
    if state.chat.parcel.as_ref() == Some(client_id) {
        state.chat.parcel = state.parcels_in_list().last().cloned();
        if state.chat.parcel.is_none() {
            chat::focus_composer(state);
        }
    }
    let back = state.keys.name(Action::BringBack);
    state.say(format!("Deleted before it was sent. {back} brings the text back."));
}

/// Copies the text of the selected message.
pub(super) fn copy(state: &mut State, effects: &mut Effects) {
    let Some(content) = state.selected_parcel().map(|parcel| parcel.content.clone()) else { return };
    deeds::copy(state, "The text was", &content, effects);
}

/// Shows the selected message whole, with what is to be said of it.
pub(super) fn show(state: &mut State) {
    if let Some(sheet) = state.selected_parcel().map(|parcel| sheet_of(state, parcel)) {
        state.modal = Some(Modal::Sheet { sheet, scroll: 0 });
    }
}

/// Gives a message on its way as a text to read.
pub(super) fn sheet_of(state: &State, parcel: &Parcel) -> Sheet {
    let label = state.world.label_of(parcel.channel_id);
    let head = format!("To {label}, {}", parcel.state.words(state.link == Link::Online));
    Sheet::opened("A message that is not sent", vec![(head, parcel.content.clone())])
}

const MAY_HAVE_ARRIVED: &str = "It may have arrived already: once online it is sent again, and stands there once.";

/// Selects nothing that is gone.
pub(super) fn settle(state: &mut State) {
    if state.chat.parcel.is_some() && state.selected_parcel().is_none() {
        state.chat.parcel = None;
    }
}
