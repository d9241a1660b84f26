//! Which part of the state a key goes to.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Effects;
use super::{chat, complete, deeds, forms, look, pages};
use crate::app::accounts::Ask;
use crate::app::action::{Action, Info};
use crate::app::composer::Composer;
use crate::app::form::Pressed;
use crate::app::help::{self, Help};
use crate::app::key::Key;
use crate::app::keymap::{Found, HINT_AFTER_MS, Pending};
use crate::app::message::Effect;
use crate::app::on_message::{self, ON_MESSAGE};
use crate::app::picker::{self, Kind, Picker};
use crate::app::state::{Focus, Modal, Screen, State};
use crate::app::switcher;

pub(super) fn press(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    if !is_past_sheet(state, key) {
        return press_in_front(state, key, effects);
    }
    let aside = state.modal.take();
    press_in_front(state, key, effects);
    // Whatever the key opened is what the person wants to see.
    if state.modal.is_none() && matches!(state.screen, Screen::Chat) {
        state.modal = aside;
        clamp_scroll(state);
    }
}

/// Tells whether a key is for what lies below a sheet that came by itself.
fn is_past_sheet(state: &State, key: KeyEvent) -> bool {
    use KeyCode::{Down, Enter, Esc, PageDown, PageUp, Up};
    let closes_anything = key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'q'));
    let is_for_sheet = key.modifiers.is_empty() && matches!(key.code, Down | Enter | Esc | PageDown | PageUp | Up);
    matches!(&state.modal, Some(Modal::Sheet { sheet, .. }) if sheet.is_aside) && !is_for_sheet && !closes_anything
}

fn press_in_front(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    let pressed = Key::of(key);
    state.chat.selection = None;
    let is_leaving = [Key(KeyModifiers::CONTROL, KeyCode::Char('q')), Key(KeyModifiers::CONTROL, KeyCode::Char('c'))];
    if !matches!(state.screen, Screen::Chat) && is_leaving.contains(&pressed) {
        chat::quit_form(state, effects);
        return;
    }
    if leads_away(state, pressed, effects) {
        return;
    }
    let is_in_chat = state.modal.is_none() && matches!(state.screen, Screen::Chat);
    if !is_in_chat && pressed == Key(KeyModifiers::CONTROL, KeyCode::Char('z')) {
        effects.push(Effect::Suspend);
        return;
    }
    if state.modal.is_some() {
        press_in_modal(state, key, pressed, effects);
        return;
    }
    match &mut state.screen {
        Screen::Entry { .. } if pressed == Key(KeyModifiers::NONE, KeyCode::F(1)) => {
            state.modal = Some(Modal::Help(Help::default()));
        }
        Screen::Entry { form, .. } => match form.form.press(key) {
            Pressed::Stays | Pressed::Copy => {}
            Pressed::Submit => forms::submit_entry(state, effects),
            Pressed::Cancel => forms::back(state, effects),
        },
        Screen::Waiting(_) => {}
        Screen::Chat => press_in_chat(state, key, effects),
    }
}

/// Goes to another account from a form, a wait or a list. In the chat such keys are found with all the others.
fn leads_away(state: &mut State, pressed: Key, effects: &mut Effects) -> bool {
    let is_in_chat = state.modal.is_none() && matches!(state.screen, Screen::Chat);
    // While themes are looked at, the colours of all accounts are not settled.
    if is_in_chat || state.others.is_alone() || matches!(state.modal, Some(Modal::Themes(_))) {
        return false;
    }
    match state.keys.map.find(state, &[pressed]) {
        Found::Action(info) if info.leads_away() => {
            chat::act(state, info.action, effects);
            true
        }
        _ => false,
    }
}

fn press_in_chat(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    if state.keys.pending.is_none() && complete::press(state, key, effects) {
        return;
    }
    let begun = state.keys.pending.take().map(|pending| pending.keys).unwrap_or_default();
    let is_alone = begun.is_empty();
    let mut pressed = begun;
    pressed.push(Key::of(key));
    match state.keys.map.find(state, &pressed) {
        Found::Action(info) if !is_for_text(state, info, &pressed) => chat::act(state, info.action, effects),
        Found::Begun => {
            let hint_at = state.later(HINT_AFTER_MS);
            state.keys.pending = Some(Pending { keys: pressed, hint_at, is_hinted: false });
        }
        // What does not go on as it began was meant for itself, but for the key that takes it back.
        Found::Nothing | Found::Blocked(_) if !is_alone => {
            if key.code != KeyCode::Esc {
                press_in_chat(state, key, effects);
            }
        }
        Found::Action(_) | Found::Nothing => type_in(state, key, effects),
        Found::Blocked(_) if is_writing(state) => type_in(state, key, effects),
        Found::Blocked(info) => {
            let is_on_page = state.chat.focus.is_page();
            let obstacle = if is_on_page { crate::app::pages::obstacle } else { on_message::obstacle };
            let why = obstacle(state, info.action).map(|why| format!(" ({why})"));
            state.say(format!("Not possible here: {}{}", info.help, why.unwrap_or_default()));
        }
    }
}

/// Tells whether a key is for the text, as people's fingers know it: Ctrl+K also deletes to the end of the line, Ctrl+Z
/// also undoes.
fn is_for_text(state: &State, info: &Info, pressed: &[Key]) -> bool {
    let is_ctrl = |c| pressed == [Key(KeyModifiers::CONTROL, KeyCode::Char(c))];
    is_writing(state)
        && match info.action {
            Action::Switcher if state.chat.focus == Focus::PageInput => false,
            Action::Switcher => is_ctrl('k') && state.composer().is_some_and(Composer::has_text_right),
            Action::Suspend => is_ctrl('z') && state.composer().is_some() && state.chat.focus != Focus::PageInput,
            _ => false,
        }
}

const fn is_writing(state: &State) -> bool {
    matches!(state.chat.focus, Focus::Composer | Focus::ThreadComposer | Focus::PageInput)
}

/// Hands a key to the composer: what is no command is text, and nothing typed is lost.
fn type_in(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    if state.chat.focus.is_page() {
        return pages::press(state, key);
    }
    if !is_writing(state) {
        if !Key::of(key).is_text() {
            return;
        }
        chat::focus_composer(state);
    }
    let Some(draft) = state.draft_key() else { return };
    if state.chat.drafts.entry(draft).or_default().press(key) {
        chat::typed(state, draft, effects);
    }
}

fn press_in_modal(state: &mut State, key: KeyEvent, pressed: Key, effects: &mut Effects) {
    let closes_anything =
        [Key(KeyModifiers::CONTROL, KeyCode::Char('c')), Key(KeyModifiers::CONTROL, KeyCode::Char('q'))];
    if closes_anything.contains(&pressed) {
        look::close(state);
        state.modal = None;
        // A second Ctrl+C or Ctrl+Q at the question "leave?" is an answer, too: no.
        return;
    }
    match &mut state.modal {
        Some(Modal::Themes(_)) => look::press(state, key),
        Some(Modal::Help(_)) => press_in_help(state, key),
        Some(Modal::Sheet { sheet, scroll }) => match key.code {
            KeyCode::Down | KeyCode::Char('j') => *scroll += 1,
            KeyCode::Up | KeyCode::Char('k') => *scroll = scroll.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => *scroll += usize::from(state.rows / 2),
            KeyCode::PageUp => *scroll = scroll.saturating_sub(usize::from(state.rows / 2)),
            KeyCode::Home => *scroll = 0,
            // As far as it goes: see `clamp_scroll`.
            KeyCode::End => *scroll = usize::MAX,
            KeyCode::Char('y') => {
                let text = sheet.text();
                deeds::copy(state, "All of it was", &text, effects);
            }
            _ => state.modal = None,
        },
        Some(Modal::Picker(_)) => press_in_picker(state, key, pressed, effects),
        Some(Modal::Switcher(_)) => press_in_switcher(state, key, effects),
        Some(Modal::Form(entry)) => match entry.form.press(key) {
            Pressed::Stays => {}
            Pressed::Submit => forms::submit_dialog(state, effects),
            Pressed::Cancel => state.modal = None,
            Pressed::Copy => {
                let code = entry.form.copied.clone().unwrap_or_default();
                deeds::copy(state, "The code was", &code, effects);
            }
        },
        None => {}
    }
    clamp_scroll(state);
}

fn press_in_help(state: &mut State, key: KeyEvent) {
    let page = usize::from(state.rows / 2);
    let Some(Modal::Help(help)) = &mut state.modal else { return };
    match key.code {
        KeyCode::Down => help.scroll += 1,
        KeyCode::Up => help.scroll = help.scroll.saturating_sub(1),
        KeyCode::PageDown => help.scroll += page,
        KeyCode::PageUp => help.scroll = help.scroll.saturating_sub(page),
        KeyCode::Esc | KeyCode::Enter | KeyCode::F(1) => state.modal = None,
        _ => {
            if help.input.press(key) {
                help.scroll = 0;
            }
        }
    }
}

/// Keeps what is read above the chat from being scrolled beyond its end, where the way back would seem to be stuck.
pub(super) fn clamp_scroll(state: &mut State) {
    let last = match &state.modal {
        Some(Modal::Help(help)) => help::last_scroll(state, help.input.text()),
        Some(Modal::Sheet { sheet, .. }) => sheet.last_scroll(state),
        _ => return,
    };
    if let Some(Modal::Help(Help { scroll, .. }) | Modal::Sheet { scroll, .. }) = &mut state.modal {
        *scroll = (*scroll).min(last);
    }
}

fn press_in_switcher(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    let Some(Modal::Switcher(switcher)) = &mut state.modal else { return };
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Esc => state.modal = None,
        KeyCode::Down | KeyCode::Tab => switcher.chosen += 1,
        KeyCode::Char('n' | 'k' | 't') if ctrl => switcher.chosen += 1,
        KeyCode::Up | KeyCode::BackTab => switcher.chosen = switcher.chosen.saturating_sub(1),
        KeyCode::Char('p') if ctrl => switcher.chosen = switcher.chosen.saturating_sub(1),
        KeyCode::Enter => {
            let Some(Modal::Switcher(switcher)) = &state.modal else { return };
            if let Some(choice) = switcher::choices(state, switcher).into_iter().nth(switcher.chosen) {
                state.modal = None;
                match choice.account {
                    Some(no) => effects.push(Effect::Account(Ask::Go(no, choice.target))),
                    None => chat::go_to(state, choice.target, effects),
                }
            }
        }
        _ => {
            if switcher.input.press(key) {
                switcher.chosen = 0;
            }
        }
    }
    clamp_choice(state);
}

fn press_in_picker(state: &mut State, key: KeyEvent, pressed: Key, effects: &mut Effects) {
    let Some(Modal::Picker(picker)) = &mut state.modal else { return };
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Esc => return state.modal = None,
        KeyCode::Down | KeyCode::Tab => picker.chosen += 1,
        KeyCode::Char('n') if ctrl => picker.chosen += 1,
        KeyCode::Up | KeyCode::BackTab => picker.chosen = picker.chosen.saturating_sub(1),
        KeyCode::Char('p') if ctrl => picker.chosen = picker.chosen.saturating_sub(1),
        KeyCode::Enter => {
            let at = picker.chosen;
            return choose(state, at, effects);
        }
        _ if picker.is_typed() => {
            if picker.input.press(key) {
                picker.chosen = 0;
            }
        }
        _ if picker.kind == Kind::Menu => {
            // The keys of the menu are the keys of the messages: one scheme, learnt by looking.
            let action = match state.keys.map.find(state, &[pressed]) {
                Found::Action(info) | Found::Blocked(info) => Some(info.action),
                Found::Begun | Found::Nothing => None,
            };
            if let Some(at) = ON_MESSAGE.iter().position(|one| Some(*one) == action) {
                return choose(state, at, effects);
            }
            if let Some(Modal::Picker(picker)) = &mut state.modal {
                move_in_list(picker, key.code);
            }
        }
        KeyCode::Char(digit @ '1'..='9') => {
            let at = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(1) - 1;
            return choose(state, at, effects);
        }
        code => move_in_list(picker, code),
    }
    let Some(Modal::Picker(picker)) = &state.modal else { return };
    let last = picker::choices(state, picker).len().saturating_sub(1);
    if let Some(Modal::Picker(picker)) = &mut state.modal {
        picker.chosen = picker.chosen.min(last);
    }
}

const fn move_in_list(picker: &mut Picker, code: KeyCode) {
    match code {
        KeyCode::Char('j') => picker.chosen += 1,
        KeyCode::Char('k') => picker.chosen = picker.chosen.saturating_sub(1),
        _ => {}
    }
}

/// Takes an entry of the open list; one that is dim says why it cannot be taken.
fn choose(state: &mut State, at: usize, effects: &mut Effects) {
    let Some(Modal::Picker(picker)) = &state.modal else { return };
    let kind = picker.kind.clone();
    match picker::choices(state, picker).into_iter().nth(at) {
        Some(choice) if choice.is_dim => state.say(format!("Not possible: {}.", choice.about)),
        Some(choice) => deeds::pick(state, &kind, choice.pick, effects),
        None => {}
    }
}

fn clamp_choice(state: &mut State) {
    let Some(Modal::Switcher(switcher)) = &state.modal else { return };
    // The first one is always there, and to find them all is the dearest part of a key.
    if switcher.chosen == 0 {
        return;
    }
    let count = switcher::choices(state, switcher).len();
    if let Some(Modal::Switcher(switcher)) = &mut state.modal {
        switcher.chosen = switcher.chosen.min(count.saturating_sub(1));
    }
}
