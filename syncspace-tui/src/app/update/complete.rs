//! Keys in the list of completions, in a draft and in the search, and commands that are typed as a message.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Effects;
use super::{attach, chat, look, pages};
use crate::app::completion::{self, Chosen, Folder, List};
use crate::app::composer::{Composer, DraftKey};
use crate::app::deed::Deed;
use crate::app::message::{Effect, FolderEntry};
use crate::app::slash::{self, Comes};
use crate::app::state::State;

/// Takes a key that is for the open list; tells whether it was.
pub(super) fn press(state: &mut State, key: KeyEvent, effects: &mut Effects) -> bool {
    if let Some(folder) = &mut state.chat.folder {
        folder.is_wanted = false;
    }
    let Some(list) = completion::open(state) else { return wait_for_folder(state, key) };
    let ctrl = key.modifiers == KeyModifiers::CONTROL;
    let plain = key.modifiers.is_empty();
    // In a list of one there is nowhere to go: in the search these keys are for the hits.
    let is_only = state.chat.focus.is_page() && list.choices.len() == 1;
    match key.code {
        KeyCode::Up | KeyCode::Down | KeyCode::BackTab | KeyCode::Char('n' | 'p') if is_only => return false,
        KeyCode::Tab if plain => accept(state, &list, effects),
        KeyCode::Enter if plain && list.has_moved => accept(state, &list, effects),
        KeyCode::Down if plain => go(state, &list, 1),
        KeyCode::Char('n') if ctrl => go(state, &list, 1),
        KeyCode::Up if plain => go(state, &list, list.choices.len() - 1),
        KeyCode::BackTab => go(state, &list, list.choices.len() - 1),
        KeyCode::Char('p') if ctrl => go(state, &list, list.choices.len() - 1),
        KeyCode::Esc if plain => {
            state.chat.completion = Chosen { word: list.word, is_dismissed: true, ..Chosen::default() };
        }
        _ => return false,
    }
    true
}

/// Takes a Tab that is faster than the folder in which a path is typed; it completes once that is read.
fn wait_for_folder(state: &mut State, key: KeyEvent) -> bool {
    let is_tab = key.code == KeyCode::Tab && key.modifiers.is_empty() && completion::folder(state).is_some();
    match &mut state.chat.folder {
        Some(folder) if is_tab && !folder.is_read => {
            folder.is_wanted = true;
            true
        }
        _ => false,
    }
}

fn go(state: &mut State, list: &List, by: usize) {
    let at = (list.chosen + by) % list.choices.len();
    state.chat.completion = Chosen { word: list.word.clone(), at, has_moved: true, is_dismissed: false };
}

fn accept(state: &mut State, list: &List, effects: &mut Effects) {
    let Some(choice) = list.choices.get(list.chosen) else { return };
    if state.chat.focus.is_page() {
        state.chat.completion = Chosen::default();
        return pages::complete(state, &list.word, &choice.insert);
    }
    let Some(key) = state.draft_key() else { return };
    let draft = state.chat.drafts.entry(key).or_default();
    // In a folder it goes on.
    let blank = if choice.insert.ends_with('/') { "" } else { " " };
    draft.replace_before(list.word.chars().count(), &format!("{}{blank}", choice.insert));
    state.chat.completion = Chosen::default();
    chat::typed(state, key, effects);
}

/// Gives back what was typed as a command that was refused, unless something else was typed since.
pub(super) fn take_back(state: &mut State, deed: &Deed) {
    if let Some((_, key, typed)) = state.chat.last_command.take_if(|(last, ..)| last == deed) {
        let draft = state.chat.drafts.entry(key).or_default();
        if draft.is_empty() {
            *draft = Composer::with_text(&typed);
        }
    }
}

/// Runs a draft that is a command; tells whether it was one.
pub(super) fn run_command(state: &mut State, key: DraftKey, effects: &mut Effects) -> bool {
    let draft = state.chat.drafts.get(&key).map(Composer::text).unwrap_or_default();
    if matches!(key, DraftKey::Edit(..) | DraftKey::Arriving) || !slash::is_command(&draft) {
        return false;
    }
    match slash::read(state, &draft) {
        // What is wrong with it can be put right: it stays.
        Err(wrong) => state.complain(wrong),
        // It stays until the server has the message.
        Ok(Comes::UploadLater(named, send_at)) => attach::send_later(state, (key, draft), named, send_at, effects),
        Ok(comes) => {
            state.chat.drafts.remove(&key);
            match comes {
                Comes::Do(deed) => {
                    state.chat.last_command = Some((deed.clone(), key, draft));
                    effects.push(Effect::Do(Box::new(deed)));
                }
                Comes::Act(action) => chat::act(state, action, effects),
                Comes::Go(target) => chat::go_to(state, target, effects),
                Comes::Look(theme) => look::set(state, theme),
                Comes::Say(words) => state.say(words),
                Comes::Find(text) => pages::look_for(state, &text, effects),
                Comes::Upload(named) => attach::send(state, key, draft, &named, effects),
                Comes::UploadLater(..) => {}
            }
        }
    }
    true
}

/// Has the folder read in which a path is being typed.
pub(super) fn list_folder(state: &mut State, effects: &mut Effects) {
    let wanted = completion::folder(state);
    if state.chat.folder.as_ref().map(|folder| &folder.path) == wanted.as_ref() {
        return;
    }
    effects.extend(wanted.clone().map(Effect::ListFolder));
    state.chat.folder = wanted.map(|path| Folder { path, entries: Vec::new(), is_read: false, is_wanted: false });
}

/// Takes what lies in a folder, while a path in it is being typed.
pub(super) fn listed(state: &mut State, path: &str, entries: Vec<FolderEntry>, effects: &mut Effects) {
    let Some(folder) = state.chat.folder.as_mut().filter(|folder| folder.path == path) else { return };
    (folder.entries, folder.is_read) = (entries, true);
    if std::mem::take(&mut folder.is_wanted)
        && let Some(list) = completion::open(state)
        // Of several nobody has seen the first one yet.
        && list.choices.len() == 1
    {
        accept(state, &list, effects);
    }
}
