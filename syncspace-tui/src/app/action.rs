//! The one table of what a person can do in the chat: name, standard keys, where it is valid, and what the help says.

mod table;

use super::key::Key;
use super::state::{Focus, State};

pub(crate) use table::ACTIONS;

/// Something a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Help,
    Quit,
    Interrupt,
    Switcher,
    Palette,
    NextUnread,
    FirstUnread,
    MarkRead,
    Browse,
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
    Accounts,
    AddAccount,
    NextAccount,
    PreviousAccount,
    /// The account at a place, from 0 on.
    Account(u8),
    OpenTold,
    Repaint,
    Suspend,
    Said,
    Theme,
    Retry,
    TakeBack,
    BringBack,
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
    Fold,
    Menu,
    React,
    ReactAgain,
    Quote,
    CopyText,
    SaveFiles,
    CopyCode,
    CopyPermalink,
    OpenLink,
    CopyLink,
    Pin,
    Save,
    Remind,
    Forward,
    History,
    OpenInEditor,
    EditDraft,
    SendLater,
    SendAsCode,
    /// Make files of the message of paths that were dropped.
    Attach,
    Search,
    Threads,
    Mentions,
    Saved,
    Scheduled,
    Drafts,
    Files,
    GoBack,
    GoForward,
    OpenItem,
    LeavePage,
    NextPage,
    PreviousPage,
    Order,
    Everywhere,
    EditItem,
    EditTime,
    SendNow,
    DeleteItem,
    Reload,
    Source,
}

/// Places where keys go, as bits.
pub(crate) mod scope {
    /// Any place of the chat, and of the pages over it.
    pub(crate) const CHAT: u8 = PANES | PAGES;
    /// Any place of the chat itself.
    pub(crate) const PANES: u8 = COMPOSER | MESSAGES | SIDEBAR;
    /// Any page over the chat.
    pub(crate) const PAGES: u8 = PAGE | PAGE_INPUT;
    pub(crate) const COMPOSER: u8 = 1;
    pub(crate) const MESSAGES: u8 = 2;
    pub(crate) const SIDEBAR: u8 = 4;
    /// A page in which letters are commands.
    pub(crate) const PAGE: u8 = 8;
    /// A page in which letters are typed.
    pub(crate) const PAGE_INPUT: u8 = 16;
    /// Where letters are text.
    pub(crate) const TYPED: u8 = COMPOSER | PAGE_INPUT;
}

/// One line of the table.
pub(crate) struct Info {
    pub(crate) action: Action,
    /// Name in configuration and documentation.
    pub(crate) name: &'static str,
    /// Its keys in the standard preset; what holds now is in [`super::keymap`].
    pub(crate) keys: &'static [Key],
    pub(crate) scope: u8,
    pub(crate) help: &'static str,
    /// Whether it can be done now.
    pub(crate) when: fn(&State) -> bool,
}

impl Info {
    /// Tells whether the action leads to another account: such keys hold also where there is no chat.
    pub(crate) const fn leads_away(&self) -> bool {
        matches!(self.action, Action::NextAccount | Action::PreviousAccount | Action::Account(_) | Action::OpenTold)
    }

    /// Tells whether the action makes sense when chosen by its name.
    pub(crate) fn is_in_palette(&self) -> bool {
        self.scope & scope::PANES == scope::PANES && !matches!(self.action, Action::Palette | Action::Interrupt)
    }
}

/// Gives the part of the table's places that the keys go to now.
pub(crate) const fn scope_of(focus: Focus) -> u8 {
    match focus {
        Focus::Sidebar => scope::SIDEBAR,
        Focus::Messages | Focus::ThreadMessages => scope::MESSAGES,
        Focus::Composer | Focus::ThreadComposer => scope::COMPOSER,
        Focus::Page => scope::PAGE,
        Focus::PageInput => scope::PAGE_INPUT,
    }
}

/// Gives what can be done now, where the keys go now.
pub(crate) fn valid(state: &State) -> impl Iterator<Item = &'static Info> + '_ {
    let scope = scope_of(state.chat.focus);
    ACTIONS.iter().filter(move |info| info.scope & scope != 0 && (info.when)(state))
}
