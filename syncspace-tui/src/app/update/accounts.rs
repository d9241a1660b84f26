//! What the chat and the forms ask of the accounts, and what is said before one is removed.

use super::Effects;
use super::chat;
use crate::app::accounts::Ask;
use crate::app::entry::{self, Purpose};
use crate::app::message::Effect;
use crate::app::outbox::{Parcel, ParcelState};
use crate::app::state::{Modal, State};

/// Tells whether the way through what is unread goes on in another account.
pub(super) fn goes_on(state: &State) -> bool {
    let others = &state.others;
    !others.is_alone() && (others.is_touring || others.beside().any(|(_, mark)| mark.unread > 0))
}

/// Asks before an account is removed from this device: what goes, what stays, and what was never sent.
pub(super) fn ask_to_log_out(state: &mut State) {
    let mut lines: Vec<String> = state.others.mine().map(|mark| mark.label()).into_iter().collect();
    lines.push("This device forgets its login, messages and drafts. What reached the server stays there.".to_owned());
    let unsent = state.chat.outbox.unsent();
    let (title, submit) = if unsent == 0 {
        let is_away = !state.is_chat() && state.known_name.is_some();
        lines.extend(is_away.then(|| "Whatever waits here to be sent is lost.".to_owned()));
        ("Log out?", "Log out")
    } else {
        let unsent: Vec<&Parcel> =
            state.chat.outbox.iter().filter(|parcel| !matches!(parcel.state, ParcelState::Sent(_))).collect();
        chat::name_parcels(state, &unsent, "are not sent yet and would be lost:", &mut lines);
        ("Log out? Unsent messages would be lost", "Lose them")
    };
    state.modal = Some(Modal::Form(entry::question(Purpose::LogOut, title, &lines, submit)));
}

/// Leaves the first form of an account: one that nobody has logged in to is given up, another one is asked about.
pub(super) fn give_up(state: &mut State, effects: &mut Effects) {
    if state.others.is_alone() {
        return;
    }
    let is_new = state.known_name.is_none() && state.chat.owner.is_none();
    if is_new && state.chat.outbox.unsent() == 0 {
        effects.push(Effect::Account(Ask::GiveUp));
    } else {
        ask_to_log_out(state);
    }
}

/// Gives what the other accounts have not sent, or would lose, when the program is left.
pub(super) fn losses(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, mark) in state.others.beside() {
        let label = format!("{number} {}", mark.label());
        if mark.unsent > 0 {
            lines.push(format!("{label}: {} message(s) are not sent yet.", mark.unsent));
        }
        if mark.unsaved > 0 {
            lines.push(format!("{label}: {} draft(s) would be lost.", mark.unsaved));
        }
    }
    lines
}
