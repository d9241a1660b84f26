//! The one table of what a person can do in the chat: name, keys, where it is valid, and what the help says.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use syncspace_protocol::messages::MessageType;

use super::state::{Focus, State};

/// Something a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Help,
    Quit,
    Interrupt,
    Switcher,
    Palette,
    NextUnread,
    NextChannel,
    PreviousChannel,
    LastChannel,
    ToggleSidebar,
    NextPane,
    PreviousPane,
    NewChannel,
    DirectMessage,
    LeaveChannel,
    NewTeam,
    Invite,
    LogOut,
    Repaint,
    Retry,
    TakeBack,
    Send,
    NewLine,
    LeaveComposer,
    SelectMessages,
    ScrollUp,
    ScrollDown,
    Compose,
    Up,
    Down,
    HalfUp,
    HalfDown,
    First,
    Last,
    Thread,
    Reply,
    EditMessage,
    DeleteMessage,
    MarkUnread,
    CloseThread,
    LeaveList,
    Open,
}

/// Places where keys go, as bits.
pub(crate) mod scope {
    /// Any place of the chat.
    pub(crate) const CHAT: u8 = COMPOSER | MESSAGES | SIDEBAR;
    pub(crate) const COMPOSER: u8 = 1;
    pub(crate) const MESSAGES: u8 = 2;
    pub(crate) const SIDEBAR: u8 = 4;
}

/// A key with what is held down beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) KeyModifiers, pub(crate) KeyCode);

/// One line of the table.
pub(crate) struct Info {
    pub(crate) action: Action,
    /// Name in configuration and documentation.
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [Key],
    pub(crate) scope: u8,
    pub(crate) help: &'static str,
    /// Whether it can be done now.
    pub(crate) when: fn(&State) -> bool,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const ALT: KeyModifiers = KeyModifiers::ALT;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

const fn plain(code: KeyCode) -> Key {
    Key(NONE, code)
}

const fn char(c: char) -> Key {
    Key(NONE, KeyCode::Char(c))
}

const fn ctrl(c: char) -> Key {
    Key(CTRL, KeyCode::Char(c))
}

const fn alt(c: char) -> Key {
    Key(ALT, KeyCode::Char(c))
}

const fn info(action: Action, name: &'static str, scope: u8, keys: &'static [Key], help: &'static str) -> Info {
    Info { action, name, keys, scope, help, when: always }
}

impl Info {
    const fn when(self, when: fn(&State) -> bool) -> Self {
        Self { when, ..self }
    }

    /// Tells whether the action makes sense when chosen by its name.
    pub(crate) fn is_in_palette(&self) -> bool {
        self.scope == scope::CHAT && !matches!(self.action, Action::Palette | Action::Interrupt)
    }

    /// Gives the keys as people write them.
    pub(crate) fn keys_label(&self) -> String {
        let labels: Vec<String> = self.keys.iter().map(|key| key.label()).collect();
        labels.join(", ")
    }
}

fn always(_: &State) -> bool {
    true
}

fn has_channel(state: &State) -> bool {
    state.open_channel().is_some_and(super::world::ChannelState::is_joined)
}

fn has_leavable(state: &State) -> bool {
    state.open_channel().is_some_and(|open| open.is_joined() && !open.is_direct())
}

fn has_team(state: &State) -> bool {
    state.chat.team.is_some()
}

fn has_refused(state: &State) -> bool {
    state.chat.open.is_some_and(|id| state.chat.outbox.has_failed(id))
}

fn is_draft_empty(state: &State) -> bool {
    state.composer().is_none_or(super::composer::Composer::is_empty) && state.chat.editing.is_none()
}

fn has_selected(state: &State) -> bool {
    state.selected().is_some_and(|(_, message)| message.deleted_at.is_none())
}

fn has_own_selected(state: &State) -> bool {
    state.selected().is_some_and(|(_, message)| {
        message.deleted_at.is_none()
            && matches!(message.message_type, MessageType::Text | MessageType::Code)
            && Some(message.sender_id) == state.world.my_id()
    })
}

fn is_in_channel_list(state: &State) -> bool {
    state.chat.focus == Focus::Messages && has_selected(state)
}

fn is_in_thread(state: &State) -> bool {
    state.chat.focus == Focus::ThreadMessages
}

/// Everything a person can do in the chat, in the order of the help.
pub(crate) static ACTIONS: &[Info] = &[
    info(Action::Send, "send", scope::COMPOSER, &[plain(KeyCode::Enter)], "Send the message").when(has_channel),
    info(
        Action::NewLine,
        "new_line",
        scope::COMPOSER,
        &[Key(ALT, KeyCode::Enter), Key(SHIFT, KeyCode::Enter), ctrl('j')],
        "New line in the message",
    ),
    info(Action::SelectMessages, "select_messages", scope::COMPOSER, &[plain(KeyCode::Up)], "Select a message")
        .when(is_draft_empty),
    info(
        Action::LeaveComposer,
        "leave_composer",
        scope::COMPOSER,
        &[plain(KeyCode::Esc)],
        "To the messages; the draft stays",
    ),
    info(Action::Up, "up", scope::MESSAGES | scope::SIDEBAR, &[plain(KeyCode::Up), char('k')], "Up"),
    info(Action::Down, "down", scope::MESSAGES | scope::SIDEBAR, &[plain(KeyCode::Down), char('j')], "Down"),
    info(Action::Open, "open", scope::SIDEBAR, &[plain(KeyCode::Enter), char('l'), plain(KeyCode::Right)], "Open it"),
    info(
        Action::Thread,
        "open_thread",
        scope::MESSAGES,
        &[char('t'), plain(KeyCode::Enter)],
        "Open the thread of the message",
    )
    .when(is_in_channel_list),
    info(Action::Reply, "reply", scope::MESSAGES, &[char('r')], "Reply in a thread").when(has_selected),
    info(Action::EditMessage, "edit_message", scope::MESSAGES, &[char('e')], "Edit your message")
        .when(has_own_selected),
    info(
        Action::DeleteMessage,
        "delete_message",
        scope::MESSAGES,
        &[char('d'), plain(KeyCode::Delete)],
        "Delete the message",
    )
    .when(has_selected),
    info(Action::MarkUnread, "mark_unread", scope::MESSAGES, &[char('u')], "Mark unread from this message on")
        .when(is_in_channel_list),
    info(Action::CloseThread, "close_thread", scope::MESSAGES, &[char('q')], "Close the thread").when(is_in_thread),
    info(
        Action::LeaveList,
        "leave_list",
        scope::MESSAGES | scope::SIDEBAR,
        &[plain(KeyCode::Esc)],
        "Back: from a thread to the channel, else to writing",
    ),
    info(Action::Compose, "compose", scope::MESSAGES | scope::SIDEBAR, &[char('i')], "Write"),
    info(
        Action::ScrollUp,
        "scroll_up",
        scope::COMPOSER | scope::MESSAGES,
        &[plain(KeyCode::PageUp)],
        "A page up, into history",
    ),
    info(
        Action::ScrollDown,
        "scroll_down",
        scope::COMPOSER | scope::MESSAGES,
        &[plain(KeyCode::PageDown)],
        "A page down",
    ),
    info(Action::HalfUp, "half_page_up", scope::MESSAGES, &[ctrl('u')], "Half a page up"),
    info(Action::HalfDown, "half_page_down", scope::MESSAGES, &[ctrl('d')], "Half a page down"),
    info(Action::First, "first", scope::MESSAGES, &[char('g'), plain(KeyCode::Home)], "To the oldest loaded message"),
    info(Action::Last, "last", scope::MESSAGES, &[char('G'), plain(KeyCode::End)], "To the newest message"),
    info(Action::Switcher, "go_to", scope::CHAT, &[ctrl('k'), ctrl('t')], "Go to a channel, person or team"),
    info(Action::NextUnread, "next_unread", scope::CHAT, &[alt('a')], "Next channel with something unread"),
    info(Action::PreviousChannel, "previous_channel", scope::CHAT, &[Key(ALT, KeyCode::Up)], "Channel above"),
    info(Action::NextChannel, "next_channel", scope::CHAT, &[Key(ALT, KeyCode::Down)], "Channel below"),
    info(Action::LastChannel, "last_channel", scope::CHAT, &[alt('s')], "Back to the channel before"),
    info(
        Action::ToggleSidebar,
        "toggle_sidebar",
        scope::CHAT,
        &[ctrl('b'), plain(KeyCode::F(2))],
        "Show or hide the side bar",
    ),
    info(Action::NextPane, "next_pane", scope::CHAT, &[plain(KeyCode::Tab)], "Next part of the screen"),
    info(Action::PreviousPane, "previous_pane", scope::CHAT, &[plain(KeyCode::BackTab)], "Part of the screen before"),
    info(Action::NewChannel, "new_channel", scope::CHAT, &[alt('c')], "Join or make a channel").when(has_team),
    info(Action::DirectMessage, "direct_message", scope::CHAT, &[alt('d')], "Write to a person").when(has_team),
    info(Action::LeaveChannel, "leave_channel", scope::CHAT, &[], "Leave this channel").when(has_leavable),
    info(Action::NewTeam, "new_team", scope::CHAT, &[alt('t')], "Join or make a team"),
    info(Action::Invite, "invite", scope::CHAT, &[alt('i')], "Invite somebody into this team").when(has_team),
    info(Action::Retry, "retry", scope::CHAT, &[ctrl('r')], "Send what was refused again").when(has_refused),
    info(Action::TakeBack, "take_back", scope::CHAT, &[alt('e')], "Take the refused message back to edit it")
        .when(has_refused),
    info(Action::Palette, "actions", scope::CHAT, &[ctrl('o'), plain(KeyCode::F(3))], "Everything you can do, by name"),
    info(Action::Repaint, "repaint", scope::CHAT, &[ctrl('l')], "Draw the screen anew, connect again now"),
    info(Action::LogOut, "log_out", scope::CHAT, &[], "Log out of this server"),
    info(Action::Help, "help", scope::CHAT, &[plain(KeyCode::F(1))], "This help"),
    info(Action::Help, "help_outside_composer", scope::MESSAGES | scope::SIDEBAR, &[char('?')], "This help"),
    info(Action::Interrupt, "interrupt", scope::CHAT, &[ctrl('c')], "Leave; asks first"),
    info(Action::Quit, "quit", scope::CHAT, &[ctrl('q')], "Leave; asks if something is unsent"),
];

/// Gives the part of the table's places that the keys go to now.
pub(crate) const fn scope_of(focus: Focus) -> u8 {
    match focus {
        Focus::Sidebar => scope::SIDEBAR,
        Focus::Messages | Focus::ThreadMessages => scope::MESSAGES,
        Focus::Composer | Focus::ThreadComposer => scope::COMPOSER,
    }
}

/// Gives what can be done now, where the keys go now.
pub(crate) fn valid(state: &State) -> impl Iterator<Item = &'static Info> + '_ {
    let scope = scope_of(state.chat.focus);
    ACTIONS.iter().filter(move |info| info.scope & scope != 0 && (info.when)(state))
}

/// Gives what a key is bound to in the part that the keys go to, whether or not it can be done now.
pub(crate) fn bound(state: &State, key: KeyEvent) -> Option<&'static Info> {
    let (key, scope) = (Key::of(key), scope_of(state.chat.focus));
    ACTIONS.iter().find(|info| info.scope & scope != 0 && info.keys.contains(&key))
}

/// Gives the action that a key stands for here.
pub(crate) fn find(state: &State, key: KeyEvent) -> Option<Action> {
    let key = Key::of(key);
    let info = valid(state).find(|info| info.keys.contains(&key))?;
    // Ctrl+K is also "delete to the end of the line", which people's fingers know from the shell.
    let kills_line = key == ctrl('k')
        && scope_of(state.chat.focus) == scope::COMPOSER
        && state.composer().is_some_and(super::composer::Composer::has_text_right);
    (!kills_line).then_some(info.action)
}

impl Key {
    /// Gives a key as the table writes it: terminals differ in whether they report Shift beside what it makes.
    pub(crate) fn of(event: KeyEvent) -> Self {
        let kept = event.modifiers & (CTRL | ALT | SHIFT);
        match event.code {
            KeyCode::Char(c) if kept.intersects(CTRL | ALT) => {
                Self(kept - SHIFT, KeyCode::Char(c.to_ascii_lowercase()))
            }
            KeyCode::Char(_) | KeyCode::BackTab => Self(kept - SHIFT, event.code),
            KeyCode::Tab if kept.contains(SHIFT) => Self(kept - SHIFT, KeyCode::BackTab),
            code => Self(kept, code),
        }
    }

    /// Tells whether the key types a character.
    pub(crate) const fn is_text(self) -> bool {
        self.0.is_empty() && matches!(self.1, KeyCode::Char(_))
    }

    /// Gives the key as people write it.
    pub(crate) fn label(self) -> String {
        let mut label = String::new();
        for (held, word) in [(CTRL, "Ctrl+"), (ALT, "Alt+"), (SHIFT, "Shift+")] {
            if self.0.contains(held) {
                label.push_str(word);
            }
        }
        match self.1 {
            KeyCode::Char(c) if self.0.is_empty() => label.push(c),
            KeyCode::Char(c) => label.push(c.to_ascii_uppercase()),
            KeyCode::F(number) => label.push_str(&format!("F{number}")),
            KeyCode::BackTab => label.push_str("Shift+Tab"),
            KeyCode::PageUp => label.push_str("PgUp"),
            KeyCode::PageDown => label.push_str("PgDn"),
            KeyCode::Delete => label.push_str("Del"),
            KeyCode::Up => label.push('↑'),
            KeyCode::Down => label.push('↓'),
            KeyCode::Right => label.push('→'),
            other => label.push_str(&format!("{other:?}")),
        }
        label
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: HashSet<&str> = ACTIONS.iter().map(|info| info.name).collect();
        assert_eq!(names.len(), ACTIONS.len());
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for place in [scope::COMPOSER, scope::MESSAGES, scope::SIDEBAR] {
            let mut seen = Vec::new();
            for info in ACTIONS.iter().filter(|info| info.scope & place != 0) {
                for key in info.keys {
                    assert!(!seen.contains(key), "{} in {place}", key.label());
                    seen.push(*key);
                }
            }
        }
    }

    #[test]
    fn keys_that_terminals_cannot_tell_apart_are_not_bound() {
        for key in ACTIONS.iter().flat_map(|info| info.keys) {
            assert!(![ctrl('i'), ctrl('m'), ctrl('[')].contains(key), "{}", key.label());
        }
    }
}
