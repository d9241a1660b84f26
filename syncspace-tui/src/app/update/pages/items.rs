//! What is done to entries of a page: scheduled messages are changed, sent and deleted; others are taken off their list.

use syncspace_protocol::messages::MessagePlace;
use syncspace_protocol::scheduled::{EditScheduled, Scheduled, ScheduledState};
use syncspace_protocol::{ClientId, ScheduledId, Time};

use super::super::Effects;
use super::super::{deeds, drafts, parcels};
use crate::app::action::Action;
use crate::app::composer::{Composer, DraftKey};
use crate::app::deed::Deed;
use crate::app::message::Effect;
use crate::app::pages::PageKind;
use crate::app::pages::item::{Item, ItemKey, place};
use crate::app::picker::{Kind, Picker};
use crate::app::state::{Link, Modal, State};
use crate::app::when;

fn chosen_scheduled(state: &State) -> Option<&Scheduled> {
    match state.chat.pages.front().chosen()? {
        Item::Scheduled(scheduled) => Some(scheduled),
        _ => None,
    }
}

fn chosen_unsent(state: &State) -> Option<ClientId> {
    match state.chat.pages.front().chosen()? {
        Item::Unsent(parcel) => Some(parcel.client_id.clone()),
        _ => None,
    }
}

/// Copies the text of the chosen entry.
pub(super) fn copy(state: &mut State, effects: &mut Effects) {
    let Some(text) = state.chat.pages.front().chosen().map(|item| item.text().to_owned()) else { return };
    deeds::copy(state, "The text was", &text, effects);
}

/// Begins to edit the text of the chosen scheduled message, or goes on where it was left.
pub(super) fn edit(state: &mut State, effects: &mut Effects) {
    if let Some(client_id) = chosen_unsent(state) {
        return parcels::edit(state, &client_id, effects);
    }
    let Some((id, content)) = chosen_scheduled(state).map(|held| (held.id, held.content.clone())) else { return };
    state.chat.pages.edits.entry(id).or_insert_with(|| Composer::with_text(&content));
    state.chat.pages.editing = Some(id);
    state.chat.focus = state.chat.pages.focus();
}

/// Leaves the editing; what was typed is there when it is edited again.
pub(super) fn leave_edit(state: &mut State) {
    let Some(id) = state.chat.pages.editing.take() else { return };
    state.chat.focus = state.chat.pages.focus();
    let held = chosen_scheduled(state).filter(|held| held.id == id).map(|held| held.content.clone());
    if state.chat.pages.edits.get(&id).map(Composer::text) == held {
        state.chat.pages.edits.remove(&id);
    } else {
        state.say("Not changed yet. What you typed is kept: e goes on.");
    }
}

pub(super) fn new_line(state: &mut State) {
    if let Some(draft) = state.chat.pages.editing.and_then(|id| state.chat.pages.edits.get_mut(&id)) {
        draft.new_line();
    }
}

/// Saves the edited text.
pub(super) fn save_edit(state: &mut State, effects: &mut Effects) {
    let Some(id) = state.chat.pages.editing else { return };
    let Some(draft) = state.chat.pages.edits.get(&id) else { return };
    if draft.is_blank() {
        return state.complain("It has no text. Esc leaves it as it is; d deletes it.");
    }
    if state.link != Link::Online {
        let key = state.keys.name(Action::OpenItem);
        return state
            .complain(format!("Not saved: there is no connection. What you typed is kept; {key} saves it then."));
    }
    let edit = EditScheduled { content: Some(draft.text()), ..EditScheduled::default() };
    state.chat.pages.editing = None;
    state.chat.focus = state.chat.pages.focus();
    change(state, id, edit, effects);
}

pub(super) fn ask_time(state: &mut State) {
    if let Some(id) = chosen_scheduled(state).map(|held| held.id) {
        state.modal = Some(Modal::Picker(Picker::new(Kind::Reschedule(id))));
    }
}

/// Gives a scheduled message another time.
pub(in crate::app::update) fn set_time(state: &State, id: ScheduledId, send_at: Time, effects: &mut Effects) {
    change(state, id, EditScheduled { send_at: Some(send_at), ..EditScheduled::default() }, effects);
}

fn change(state: &State, id: ScheduledId, edit: EditScheduled, effects: &mut Effects) {
    if let Some(team_id) = state.chat.team {
        effects.push(Effect::Do(Box::new(Deed::EditScheduled { team_id, id, edit })));
    }
}

pub(super) fn send_now(state: &mut State, effects: &mut Effects) {
    if let Some(client_id) = chosen_unsent(state) {
        return parcels::retry(state, &client_id, effects);
    }
    if let (Some(id), Some(team_id)) = (chosen_scheduled(state).map(|held| held.id), state.chat.team) {
        effects.push(Effect::Do(Box::new(Deed::SendScheduled { team_id, id })));
    }
}

/// Saves the chosen file on this machine.
pub(super) fn save_file(state: &mut State, effects: &mut Effects) {
    if let Some(entry) = state.chat.pages.front().chosen().and_then(Item::file) {
        deeds::save_files(state, vec![entry.file], effects);
    }
}

/// Takes the chosen entry off its list. A text that goes with it can be brought back.
pub(super) fn delete(state: &mut State, effects: &mut Effects) {
    let Some(item) = state.chat.pages.front().chosen().cloned() else { return };
    let deed = match &item {
        Item::Scheduled(held) => Deed::CancelScheduled { team_id: held.team_id, id: held.id },
        Item::Saved(saved) => Deed::Save { place: place(&saved.message), is_on: false },
        Item::Thread(thread) => Deed::UnfollowThread(place(&thread.root)),
        Item::Draft { key, text } => {
            state.chat.drafts.remove(key);
            state.chat.longest.remove(key);
            drafts::discard(state, *key, text.clone());
            let key = state.keys.name(Action::BringBack);
            return state.say(format!("The draft is deleted. {key} brings it back."));
        }
        Item::Unsent(parcel) => return parcels::delete(state, &parcel.client_id),
        Item::Hit(_) | Item::File(_) => return,
    };
    effects.push(Effect::Do(Box::new(deed)));
}

/// Takes a scheduled message as it is now.
pub(in crate::app::update) fn put_scheduled(state: &mut State, scheduled: Scheduled, is_text: bool) {
    let words = match scheduled.state {
        ScheduledState::Sent => "It is sent.".to_owned(),
        ScheduledState::Failed => {
            let why = scheduled.failure.as_deref().map(crate::app::text::line).unwrap_or_default();
            format!("Not sent: {why}")
        }
        _ => format!("It will be sent: {}.", when::words(scheduled.send_at, state.now, &state.zone)),
    };
    let (id, is_over) = (scheduled.id, matches!(scheduled.state, ScheduledState::Sent | ScheduledState::Cancelled));
    let is_saved = state.chat.pages.edits.get(&id).is_some_and(|draft| draft.text() == scheduled.content);
    if is_over || (is_text && is_saved) {
        state.chat.pages.edits.remove(&id);
    }
    let list = state.chat.pages.list_mut(PageKind::Scheduled);
    list.is_stale = true;
    if is_over {
        list.remove(&ItemKey::Scheduled(id));
    } else {
        list.put(Item::Scheduled(Box::new(scheduled)));
    }
    state.say(words);
}

/// Notes that a scheduled message is deleted: its text can be brought back where it was to go.
pub(in crate::app::update) fn cancelled(state: &mut State, id: ScheduledId) {
    let list = state.chat.pages.list_mut(PageKind::Scheduled);
    let held = list.items().iter().find(|item| item.key() == ItemKey::Scheduled(id)).cloned();
    list.remove(&ItemKey::Scheduled(id));
    state.chat.pages.edits.remove(&id);
    if let Some(Item::Scheduled(held)) = held {
        drafts::discard(state, DraftKey::Channel(held.channel_id), held.content.clone());
        let key = state.keys.name(Action::BringBack);
        state.say(format!("Deleted: it will not be sent. {key} brings its text back."));
    }
}

/// Notes that an entry is off its list.
pub(in crate::app::update) fn taken_off(state: &mut State, kind: PageKind, place: MessagePlace) {
    state.chat.pages.list_mut(kind).remove(&ItemKey::Message(place));
}
