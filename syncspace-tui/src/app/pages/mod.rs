//! Pages over the chat: search, threads, mentions, saved and scheduled messages, files, drafts.
//!
//! Each is a list of the same kind: its items are read page by page, one of them is chosen, and opened in context. A page
//! keeps what was typed and chosen while it is not in front. Asks nothing of the server: that is `update`'s.

pub(crate) mod item;
pub(crate) mod list;
pub(crate) mod rows;
pub(crate) mod search;
pub(crate) mod snippet;

use std::collections::{BTreeMap, HashMap};

use syncspace_protocol::personal::MyThread;
use syncspace_protocol::{ChannelId, MessageId, ScheduledId, Seq, TeamId};

use super::action::Action;
use super::composer::Composer;
use super::kept::KeptList;
use super::state::{Focus, Link, State};
use super::trail::View;
use item::Item;
use list::List;
use search::SearchField;

/// Threads of a team that are remembered, for the page and for "go to".
pub(crate) const THREADS_MAX: usize = 200;

/// One of the pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum PageKind {
    #[default]
    Search,
    Threads,
    Mentions,
    Saved,
    Scheduled,
    Files,
    Drafts,
}

/// What the chat showed when a page came in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) view: Option<View>,
    /// Channel, root and the root's id of the thread that was open.
    pub(crate) thread: Option<(ChannelId, Seq, MessageId)>,
    pub(crate) focus: Focus,
}

/// Everything that the pages keep.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// The page that is in front, or was last.
    pub(crate) kind: PageKind,
    /// Where Esc leads from a page.
    pub(crate) origin: Option<Origin>,
    /// Whether what is on the screen was opened from the page: Esc leads back to it.
    pub(crate) is_away: bool,
    lists: [List; 7],
    pub(crate) search: SearchField,
    /// The scheduled message whose text is being edited.
    pub(crate) editing: Option<ScheduledId>,
    /// Edited texts of scheduled messages that are not saved yet.
    pub(crate) edits: HashMap<ScheduledId, Composer>,
    /// Names the requests, so that an answer that comes late is known as such.
    number: u64,
    /// Threads that the person follows, as they were listed last.
    pub(crate) threads: BTreeMap<TeamId, Vec<MyThread>>,
    /// Lists that were read at another time: before a restart, or while another team was open.
    pub(crate) kept: HashMap<(TeamId, PageKind), KeptList>,
    /// How far a thread was marked as read.
    pub(crate) thread_marked: Option<(ChannelId, Seq, Seq)>,
}

impl PageKind {
    pub(crate) const ALL: [Self; 7] =
        [Self::Search, Self::Threads, Self::Mentions, Self::Saved, Self::Scheduled, Self::Files, Self::Drafts];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Search => "Search",
            Self::Threads => "Threads",
            Self::Mentions => "Mentions",
            Self::Saved => "Saved",
            Self::Scheduled => "Scheduled",
            Self::Files => "Files",
            Self::Drafts => "Drafts",
        }
    }

    /// Says what the page holds, or how something gets there.
    pub(crate) const fn nothing(self) -> &'static str {
        match self {
            Self::Search => "Nothing was found. Fewer words or filters find more.",
            Self::Threads => "You follow no thread yet. Answer a message (r), and its thread stands here.",
            Self::Mentions => "Nobody has called you yet. Messages with your @name stand here.",
            Self::Saved => "Nothing is saved yet. Press s on a message to keep it here.",
            Self::Scheduled => "Nothing waits to be sent. Alt+L sends what you write later, as does /later 14:30 TEXT.",
            Self::Files => "No message carries a file yet. /upload sends one.",
            Self::Drafts => {
                "There are no drafts. What you type and do not send stands here, and what could not be sent."
            }
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::Search => 0,
            Self::Threads => 1,
            Self::Mentions => 2,
            Self::Saved => 3,
            Self::Scheduled => 4,
            Self::Files => 5,
            Self::Drafts => 6,
        }
    }

    /// Gives the page after this one, or before it.
    pub(crate) fn neighbour(self, is_forward: bool) -> Self {
        let step = if is_forward { 1 } else { Self::ALL.len() - 1 };
        Self::ALL.get((self.place() + step) % Self::ALL.len()).copied().unwrap_or_default()
    }
}

impl Pages {
    /// Gives the list of a page.
    pub(crate) const fn list(&self, kind: PageKind) -> &List {
        &self.lists[kind.place()]
    }

    pub(crate) const fn list_mut(&mut self, kind: PageKind) -> &mut List {
        &mut self.lists[kind.place()]
    }

    /// Gives the list in front.
    pub(crate) const fn front(&self) -> &List {
        self.list(self.kind)
    }

    pub(crate) const fn front_mut(&mut self) -> &mut List {
        self.list_mut(self.kind)
    }

    /// Gives what takes the keys of the page in front.
    pub(crate) const fn focus(&self) -> Focus {
        if matches!(self.kind, PageKind::Search) || self.editing.is_some() { Focus::PageInput } else { Focus::Page }
    }

    /// Gives the name of the next request.
    pub(crate) const fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Gives what was typed in it alone, for a session that begins anew.
    pub(crate) fn typed(self) -> Self {
        let search = SearchField::with_text(self.search.input.text()).in_order_of(&self.search);
        Self { search, edits: self.edits, ..Self::default() }
    }

    /// Notes that the person went elsewhere from what a page had opened.
    pub(crate) const fn leave_result(&mut self) {
        self.is_away = false;
    }
}

/// Tells whether Enter does something on the page: searches, opens, or saves what is edited.
pub(crate) fn has_enter(state: &State) -> bool {
    let pages = &state.chat.pages;
    pages.kind == PageKind::Search || pages.editing.is_some() || pages.front().chosen().is_some()
}

/// Tells whether an entry with a text of its own is chosen.
pub(crate) fn has_text(state: &State) -> bool {
    state.chat.pages.front().chosen().is_some_and(|item| !item.text().is_empty())
}

/// Tells whether a message that is not sent is chosen: scheduled, or one that did not go out.
pub(crate) fn has_unsent(state: &State) -> bool {
    has_scheduled(state) || matches!(state.chat.pages.front().chosen(), Some(Item::Unsent(_)))
}

/// Tells whether a message that is not sent is chosen, whose text can be changed: also without a connection, as what is typed
/// is kept until it can be saved.
pub(crate) fn has_text_to_change(state: &State) -> bool {
    matches!(state.chat.pages.front().chosen(), Some(Item::Scheduled(_) | Item::Unsent(_)))
}

/// Says why an action that is for the chosen entry cannot be done now.
pub(crate) fn obstacle(state: &State, action: Action) -> Option<&'static str> {
    let needs_server = matches!(
        (action, state.chat.pages.front().chosen()?),
        (Action::EditTime | Action::SendNow, Item::Scheduled(_))
            | (Action::DeleteItem, Item::Scheduled(_) | Item::Thread(_) | Item::Saved(_))
            | (Action::SaveFiles, Item::File(_))
    );
    (needs_server && state.link != Link::Online).then_some("there is no connection")
}

/// Tells whether a scheduled message is chosen, and can be changed.
pub(crate) fn has_scheduled(state: &State) -> bool {
    let is_scheduled = matches!(state.chat.pages.front().chosen(), Some(Item::Scheduled(_)));
    is_scheduled && state.link == Link::Online
}

/// Tells whether a file is chosen, and can be fetched.
pub(crate) fn has_file(state: &State) -> bool {
    state.link == Link::Online && matches!(state.chat.pages.front().chosen(), Some(Item::File(_)))
}

/// Tells whether the chosen entry can be taken off its list.
pub(crate) fn has_removable(state: &State) -> bool {
    match state.chat.pages.front().chosen() {
        Some(Item::Scheduled(_) | Item::Thread(_) | Item::Saved(_)) => state.link == Link::Online,
        Some(Item::Draft { .. } | Item::Unsent(_)) => true,
        Some(Item::Hit(_) | Item::File(_)) | None => false,
    }
}

pub(crate) fn is_search(state: &State) -> bool {
    state.chat.pages.kind == PageKind::Search
}

/// Tells whether what is in front is of all teams.
pub(crate) fn is_of_all(state: &State) -> bool {
    has_other_teams(state) && state.chat.pages.search.is_everywhere
}

/// Tells whether there is another team to search in.
pub(crate) fn has_other_teams(state: &State) -> bool {
    is_search(state) && state.world.teams.len() > 1
}
