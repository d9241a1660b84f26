//! Which part of the state a key goes to.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Effects;
use super::{chat, forms};
use crate::app::action::{self, Key};
use crate::app::form::Pressed;
use crate::app::message::Effect;
use crate::app::state::{Focus, Modal, Screen, State};
use crate::app::switcher;

pub(super) fn press(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    let pressed = Key::of(key);
    let is_leaving = [Key(KeyModifiers::CONTROL, KeyCode::Char('q')), Key(KeyModifiers::CONTROL, KeyCode::Char('c'))];
    if !matches!(state.screen, Screen::Chat) && is_leaving.contains(&pressed) {
        effects.push(Effect::Quit);
        return;
    }
    if state.modal.is_some() {
        press_in_modal(state, key, pressed, effects);
        return;
    }
    match &mut state.screen {
        Screen::Entry { .. } if pressed == Key(KeyModifiers::NONE, KeyCode::F(1)) => {
            state.modal = Some(Modal::Help { scroll: 0 });
        }
        Screen::Entry { form, .. } => match form.form.press(key) {
            Pressed::Stays => {}
            Pressed::Submit => forms::submit_entry(state, effects),
            Pressed::Cancel => forms::back(state, effects),
        },
        Screen::Waiting(_) => {}
        Screen::Chat => press_in_chat(state, key, effects),
    }
}

fn press_in_chat(state: &mut State, key: KeyEvent, effects: &mut Effects) {
    if let Some(action) = action::find(state, key) {
        chat::act(state, action, effects);
        return;
    }
    if !matches!(state.chat.focus, Focus::Composer | Focus::ThreadComposer) {
        if !Key::of(key).is_text() {
            return;
        }
        if let Some(bound) = action::bound(state, key) {
            state.say(format!("Not possible here: {}", bound.help));
            return;
        }
        // What is no command is text, and text is for the composer: nothing typed is lost.
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
        state.modal = None;
        // A second Ctrl+C or Ctrl+Q at the question "leave?" is an answer, too: no.
        return;
    }
    match &mut state.modal {
        Some(Modal::Help { scroll }) => match key.code {
            KeyCode::Down | KeyCode::Char('j') => *scroll += 1,
            KeyCode::Up | KeyCode::Char('k') => *scroll = scroll.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => *scroll += usize::from(state.rows / 2),
            KeyCode::PageUp => *scroll = scroll.saturating_sub(usize::from(state.rows / 2)),
            KeyCode::Home => *scroll = 0,
            _ => state.modal = None,
        },
        Some(Modal::Switcher(_)) => press_in_switcher(state, key, effects),
        Some(Modal::Form(entry)) => match entry.form.press(key) {
            Pressed::Stays => {}
            Pressed::Submit => forms::submit_dialog(state, effects),
            Pressed::Cancel => state.modal = None,
        },
        None => {}
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
            let (typed, chosen) = (switcher.input.text().to_owned(), switcher.chosen);
            let choices = switcher::choices(state, &typed);
            if let Some(choice) = choices.into_iter().nth(chosen) {
                state.modal = None;
                chat::go_to(state, choice.target, effects);
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

fn clamp_choice(state: &mut State) {
    let Some(Modal::Switcher(switcher)) = &state.modal else { return };
    let count = switcher::choices(state, switcher.input.text()).len();
    if let Some(Modal::Switcher(switcher)) = &mut state.modal {
        switcher.chosen = switcher.chosen.min(count.saturating_sub(1));
    }
}
