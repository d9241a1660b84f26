//! The table itself, and when each line of it can be done.

use crossterm::event::{KeyCode, KeyModifiers};

use super::{Action, Info, scope};
use crate::app::key::Key;
use crate::app::state::{Focus, State};
use crate::app::update::attach;
use crate::app::{on_message, pages};

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
}

fn always(_: &State) -> bool {
    true
}

fn has_channel(state: &State) -> bool {
    state.open_channel().is_some_and(crate::app::world::ChannelState::is_joined)
}

fn has_leavable(state: &State) -> bool {
    state.open_channel().is_some_and(|open| open.is_joined() && !open.is_direct())
}

fn has_team(state: &State) -> bool {
    state.chat.team.is_some()
}

/// Tells whether there are so many accounts.
fn has_accounts<const COUNT: usize>(state: &State) -> bool {
    state.others.marks.len() >= COUNT
}

fn has_refused(state: &State) -> bool {
    state.chat.open.is_some_and(|id| state.chat.outbox.has_failed(id))
}

fn has_discarded(state: &State) -> bool {
    !state.chat.discarded.is_empty()
}

fn is_draft_empty(state: &State) -> bool {
    state.composer().is_none_or(crate::app::composer::Composer::is_empty) && state.chat.editing.is_none()
}

/// Tells whether Alt+Left and Alt+Right have no word to move by.
fn is_nothing_typed(state: &State) -> bool {
    match state.chat.focus {
        Focus::Composer | Focus::ThreadComposer => is_draft_empty(state),
        Focus::PageInput => state.chat.pages.editing.is_none() && state.chat.pages.search.is_empty(),
        Focus::Messages | Focus::ThreadMessages | Focus::Sidebar | Focus::Page => true,
    }
}

fn has_draft(state: &State) -> bool {
    state.chat.editing.is_none() && has_channel(state) && state.composer().is_some_and(|draft| !draft.is_blank())
}

fn has_selected(state: &State) -> bool {
    state.selected().is_some_and(|(_, message)| message.deleted_at.is_none())
}

fn has_editable(state: &State) -> bool {
    on_message::can(state, Action::EditMessage) || state.selected_parcel().is_some()
}

fn has_deletable(state: &State) -> bool {
    on_message::can(state, Action::DeleteMessage) || state.selected_parcel().is_some()
}

fn has_selected_or_parcel(state: &State) -> bool {
    has_selected(state) || state.selected_parcel().is_some()
}

fn has_text(state: &State) -> bool {
    on_message::can(state, Action::CopyText) || state.selected_parcel().is_some()
}

fn has_refused_or_parcel(state: &State) -> bool {
    has_refused(state) || state.selected_parcel().is_some()
}

fn is_in_channel_list(state: &State) -> bool {
    state.chat.focus == Focus::Messages && has_selected(state)
}

fn is_in_thread(state: &State) -> bool {
    state.chat.focus == Focus::ThreadMessages
}

/// Everything a person can do in the chat, in the order of the help.
pub(crate) static ACTIONS: &[Info] = &[
    info(Action::Send, "send", scope::COMPOSER, &[plain(KeyCode::Enter)], "Send the message")
        .when(|state| state.draft_key().is_some()),
    info(
        Action::NewLine,
        "new_line",
        scope::TYPED,
        &[Key(ALT, KeyCode::Enter), Key(SHIFT, KeyCode::Enter), ctrl('j')],
        "New line in the message",
    ),
    info(Action::EditDraft, "edit_draft", scope::COMPOSER, &[alt('k')], "Write in your editor"),
    info(Action::SendLater, "send_later", scope::COMPOSER, &[alt('l')], "Send it later").when(has_draft),
    info(Action::Attach, "attach", scope::COMPOSER, &[alt('v')], "Send the files whose paths you dropped here")
        .when(attach::is_offered),
    info(Action::SendAsCode, "send_as_code", scope::COMPOSER, &[alt('p')], "Send it as code").when(has_draft),
    info(Action::SelectMessages, "select_messages", scope::COMPOSER, &[plain(KeyCode::Up)], "Select a message")
        .when(is_draft_empty),
    info(
        Action::LeaveComposer,
        "leave_composer",
        scope::COMPOSER,
        &[plain(KeyCode::Esc)],
        "To the messages; the draft stays",
    ),
    info(Action::Up, "up", scope::MESSAGES | scope::SIDEBAR | scope::PAGES, &[plain(KeyCode::Up), char('k')], "Up"),
    info(
        Action::Down,
        "down",
        scope::MESSAGES | scope::SIDEBAR | scope::PAGES,
        &[plain(KeyCode::Down), char('j')],
        "Down",
    ),
    info(Action::Open, "open", scope::SIDEBAR, &[plain(KeyCode::Enter), char('l'), plain(KeyCode::Right)], "Open it"),
    info(Action::Thread, "open_thread", scope::MESSAGES, &[char('t')], "Open the thread of the message")
        .when(is_in_channel_list),
    info(
        Action::Source,
        "go_to_source",
        scope::MESSAGES,
        &[char('^')],
        "Go to the message that it answers or forwards",
    )
    .when(|state| on_message::can(state, Action::Source)),
    info(Action::Reply, "reply", scope::MESSAGES, &[char('r')], "Reply in a thread")
        .when(|state| on_message::can(state, Action::Reply)),
    info(Action::EditMessage, "edit_message", scope::MESSAGES, &[char('e')], "Edit your message").when(has_editable),
    info(
        Action::DeleteMessage,
        "delete_message",
        scope::MESSAGES,
        &[char('d'), plain(KeyCode::Delete)],
        "Delete the message",
    )
    .when(has_deletable),
    info(Action::MarkUnread, "mark_unread", scope::MESSAGES, &[char('u')], "Mark unread from this message on")
        .when(is_in_channel_list),
    info(Action::Menu, "menu", scope::MESSAGES, &[char('m'), plain(KeyCode::Enter)], "Everything for this message")
        .when(has_selected_or_parcel),
    info(Action::React, "react", scope::MESSAGES, &[char('a')], "React; shows who did")
        .when(|state| on_message::can(state, Action::React)),
    info(Action::ReactAgain, "react_again", scope::MESSAGES, &[char('+')], "React as others did, or as you did last")
        .when(|state| on_message::can(state, Action::ReactAgain)),
    info(Action::Quote, "quote", scope::MESSAGES, &[char('>')], "Quote it in what you write")
        .when(|state| on_message::can(state, Action::Quote)),
    info(Action::CopyText, "copy_text", scope::MESSAGES, &[char('y')], "Copy its text").when(has_text),
    info(Action::SaveFiles, "save_files", scope::MESSAGES, &[char('D')], "Save its files on this machine")
        .when(|state| on_message::can(state, Action::SaveFiles)),
    info(Action::CopyCode, "copy_code", scope::MESSAGES, &[char('c')], "Copy code in it")
        .when(|state| on_message::can(state, Action::CopyCode)),
    info(Action::CopyPermalink, "copy_permalink", scope::MESSAGES, &[char('Y')], "Copy a link to the message")
        .when(|state| on_message::can(state, Action::CopyPermalink)),
    info(Action::OpenLink, "open_link", scope::MESSAGES, &[char('o')], "Open a link in it")
        .when(|state| on_message::can(state, Action::OpenLink)),
    info(Action::CopyLink, "copy_link", scope::MESSAGES, &[char('O')], "Copy a link in it")
        .when(|state| on_message::can(state, Action::CopyLink)),
    info(Action::Pin, "pin", scope::MESSAGES, &[char('p')], "Pin it to the channel, or take it off")
        .when(|state| on_message::can(state, Action::Pin)),
    info(Action::Save, "save", scope::MESSAGES, &[char('s')], "Save it for yourself, or take it off")
        .when(|state| on_message::can(state, Action::Save)),
    info(Action::Remind, "remind", scope::MESSAGES, &[char('R')], "Be reminded of it")
        .when(|state| on_message::can(state, Action::Remind)),
    info(Action::Forward, "forward", scope::MESSAGES, &[char('f')], "Forward it to another channel")
        .when(|state| on_message::can(state, Action::Forward)),
    info(Action::History, "history", scope::MESSAGES, &[char('h')], "Show what it said before it was edited")
        .when(|state| on_message::can(state, Action::History)),
    info(Action::Fold, "fold", scope::MESSAGES, &[char('z')], "Show all of a long message, or fold it")
        .when(|state| on_message::can(state, Action::Fold)),
    info(Action::OpenInEditor, "open_in_editor", scope::MESSAGES, &[char('E')], "Read it in your editor")
        .when(|state| on_message::can(state, Action::OpenInEditor)),
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
        scope::COMPOSER | scope::MESSAGES | scope::PAGES,
        &[plain(KeyCode::PageUp)],
        "A page up, into history",
    ),
    info(
        Action::ScrollDown,
        "scroll_down",
        scope::COMPOSER | scope::MESSAGES | scope::PAGES,
        &[plain(KeyCode::PageDown)],
        "A page down",
    ),
    info(Action::HalfUp, "half_page_up", scope::MESSAGES, &[ctrl('u')], "Half a page up"),
    info(Action::HalfDown, "half_page_down", scope::MESSAGES, &[ctrl('d')], "Half a page down"),
    info(
        Action::First,
        "first",
        scope::MESSAGES | scope::PAGE,
        &[char('g'), plain(KeyCode::Home)],
        "To the first that is loaded",
    ),
    info(Action::Last, "last", scope::MESSAGES | scope::PAGE, &[char('G'), plain(KeyCode::End)], "To the last"),
    info(Action::OpenItem, "open_item", scope::PAGES, &[plain(KeyCode::Enter)], "Open it where it stands")
        .when(pages::has_enter),
    info(Action::EditItem, "edit_item", scope::PAGE, &[char('e')], "Change its text").when(pages::has_text_to_change),
    info(Action::EditTime, "edit_time", scope::PAGE, &[char('t')], "Change its time").when(pages::has_scheduled),
    info(Action::SendNow, "send_now", scope::PAGE, &[char('s')], "Send it now").when(pages::has_unsent),
    info(Action::SaveFiles, "save_file", scope::PAGE, &[char('D')], "Save the file on this machine")
        .when(pages::has_file),
    info(Action::CopyText, "copy_item", scope::PAGE, &[char('y')], "Copy its text").when(pages::has_text),
    info(
        Action::DeleteItem,
        "delete_item",
        scope::PAGE,
        &[char('d'), plain(KeyCode::Delete)],
        "Take it off the list: unfollow, unsave, delete",
    )
    .when(pages::has_removable),
    info(Action::Order, "order", scope::PAGE_INPUT, &[alt('o')], "Best first, or newest first").when(pages::is_search),
    info(Action::Everywhere, "everywhere", scope::PAGE_INPUT, &[alt('g')], "Search in all teams, or in the open one")
        .when(pages::has_other_teams),
    info(Action::Reload, "reload", scope::PAGE, &[char('r')], "Read the list anew"),
    info(Action::NextPage, "next_page", scope::PAGES, &[plain(KeyCode::Tab)], "Next page"),
    info(Action::PreviousPage, "previous_page", scope::PAGES, &[plain(KeyCode::BackTab)], "Page before"),
    info(Action::LeavePage, "leave_page", scope::PAGES, &[plain(KeyCode::Esc)], "Back to where you were"),
    info(Action::Switcher, "go_to", scope::CHAT, &[ctrl('k'), ctrl('t')], "Go to a channel, person or team"),
    info(Action::Search, "search", scope::CHAT, &[ctrl('f'), alt('/'), plain(KeyCode::F(4))], "Search the messages"),
    info(
        Action::Search,
        "search_outside_composer",
        scope::MESSAGES | scope::SIDEBAR | scope::PAGE,
        &[char('/')],
        "Search the messages",
    ),
    info(Action::Threads, "threads", scope::CHAT, &[plain(KeyCode::F(5))], "Threads you follow, unread first"),
    info(Action::Mentions, "mentions", scope::CHAT, &[plain(KeyCode::F(6))], "Messages that call you"),
    info(Action::Saved, "saved", scope::CHAT, &[plain(KeyCode::F(7))], "Messages you saved"),
    info(Action::Scheduled, "scheduled", scope::CHAT, &[plain(KeyCode::F(8))], "Messages that are sent later"),
    info(Action::Files, "files", scope::CHAT, &[plain(KeyCode::F(10))], "Files that messages carry"),
    info(Action::Drafts, "drafts", scope::CHAT, &[plain(KeyCode::F(9))], "What you typed and did not send"),
    info(Action::GoBack, "go_back", scope::CHAT, &[Key(ALT, KeyCode::Left)], "Back to where you were before")
        .when(is_nothing_typed),
    info(Action::GoForward, "go_forward", scope::CHAT, &[Key(ALT, KeyCode::Right)], "Forward again, after going back")
        .when(is_nothing_typed),
    info(Action::NextUnread, "next_unread", scope::CHAT, &[alt('a')], "Next channel with something unread"),
    info(Action::FirstUnread, "first_unread", scope::CHAT, &[alt('u')], "First unread message here").when(has_channel),
    info(Action::MarkRead, "mark_read", scope::CHAT, &[alt('r')], "Mark everything here as read").when(has_channel),
    info(Action::Browse, "browse", scope::CHAT, &[alt('m')], "Browse without marking as read"),
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
    info(Action::NextPane, "next_pane", scope::PANES, &[plain(KeyCode::Tab)], "Next part of the screen"),
    info(Action::PreviousPane, "previous_pane", scope::PANES, &[plain(KeyCode::BackTab)], "Part of the screen before"),
    info(Action::NewChannel, "new_channel", scope::CHAT, &[alt('c')], "Join or make a channel").when(has_team),
    info(Action::DirectMessage, "direct_message", scope::CHAT, &[alt('d')], "Write to a person").when(has_team),
    info(Action::LeaveChannel, "leave_channel", scope::CHAT, &[], "Leave this channel").when(has_leavable),
    info(Action::NewTeam, "new_team", scope::CHAT, &[alt('t')], "Join or make a team"),
    info(Action::Invite, "invite", scope::CHAT, &[alt('i')], "Invite somebody into this team").when(has_team),
    info(Action::Retry, "retry", scope::CHAT, &[ctrl('r')], "Send again what was refused").when(has_refused_or_parcel),
    info(Action::TakeBack, "take_back", scope::CHAT, &[alt('e')], "Take the refused message back to edit it")
        .when(has_refused),
    info(Action::BringBack, "bring_back", scope::CHAT, &[alt('z')], "Bring back the text thrown away last")
        .when(has_discarded),
    info(Action::Palette, "actions", scope::CHAT, &[ctrl('o'), plain(KeyCode::F(3))], "Everything you can do, by name"),
    info(Action::Repaint, "repaint", scope::CHAT, &[ctrl('l')], "Draw the screen anew, connect again now"),
    info(Action::Suspend, "suspend", scope::CHAT, &[ctrl('z')], "To the shell; fg comes back"),
    info(Action::Said, "said", scope::CHAT, &[], "What was said at the bottom, to read it whole and copy it"),
    info(Action::Theme, "theme", scope::CHAT, &[], "Choose a theme"),
    info(Action::NextAccount, "next_account", scope::CHAT, &[Key(ALT, KeyCode::PageDown)], "Next account")
        .when(has_accounts::<2>),
    info(Action::PreviousAccount, "previous_account", scope::CHAT, &[Key(ALT, KeyCode::PageUp)], "Account before")
        .when(has_accounts::<2>),
    info(Action::Account(0), "account_1", scope::CHAT, &[alt('1')], "Account 1").when(has_accounts::<2>),
    info(Action::Account(1), "account_2", scope::CHAT, &[alt('2')], "Account 2").when(has_accounts::<2>),
    info(Action::Account(2), "account_3", scope::CHAT, &[alt('3')], "Account 3").when(has_accounts::<3>),
    info(Action::Account(3), "account_4", scope::CHAT, &[alt('4')], "Account 4").when(has_accounts::<4>),
    info(Action::Account(4), "account_5", scope::CHAT, &[alt('5')], "Account 5").when(has_accounts::<5>),
    info(Action::Account(5), "account_6", scope::CHAT, &[alt('6')], "Account 6").when(has_accounts::<6>),
    info(Action::Account(6), "account_7", scope::CHAT, &[alt('7')], "Account 7").when(has_accounts::<7>),
    info(Action::Account(7), "account_8", scope::CHAT, &[alt('8')], "Account 8").when(has_accounts::<8>),
    info(Action::Account(8), "account_9", scope::CHAT, &[alt('9')], "Account 9").when(has_accounts::<9>),
    info(Action::OpenTold, "open_notice", scope::CHAT, &[alt('n')], "Open what you were notified of last")
        .when(|state| state.others.has_told),
    info(Action::Accounts, "accounts", scope::CHAT, &[], "Your accounts: go to one, add or remove one"),
    info(Action::AddAccount, "add_account", scope::CHAT, &[], "Add an account, here or on another server"),
    info(Action::LogOut, "log_out", scope::CHAT, &[], "Log out of this account"),
    info(Action::Help, "help", scope::CHAT, &[plain(KeyCode::F(1))], "This help"),
    info(
        Action::Help,
        "help_outside_composer",
        scope::MESSAGES | scope::SIDEBAR | scope::PAGE,
        &[char('?')],
        "This help",
    ),
    info(Action::Interrupt, "interrupt", scope::CHAT, &[ctrl('c')], "Leave; asks first"),
    info(Action::Quit, "quit", scope::CHAT, &[ctrl('q')], "Leave; asks if something is unsent"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: HashSet<&str> = ACTIONS.iter().map(|info| info.name).collect();
        assert_eq!(names.len(), ACTIONS.len());
    }
}
