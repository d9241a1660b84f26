//! What the chat shows, where its keys go, and what is to come of what was asked.

use std::collections::{HashMap, HashSet};

use syncspace_protocol::{ChannelId, ClientId, MessageId, Rev, Seq, TeamId, Time, UserId};

use super::again::Again;
use super::arriving::Arriving;
use super::completion::{Chosen, Folder};
use super::composer::{Composer, DraftKey};
use super::deed::Deed;
use super::frecency::Frecency;
use super::kept::Discarded;
use super::loaded::Lately;
use super::outbox::Outbox;
use super::pages::Pages;
use super::selection::Selection;
use super::sidebar::EntryId;
use super::timeline::{Place, Timeline};
use super::trail::Trail;
use super::update::attach::Dropped;
use super::update::drafts::SharedDraft;
use super::update::jump::Sought;

/// What takes the keys in the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Sidebar,
    Messages,
    Composer,
    ThreadMessages,
    ThreadComposer,
    /// A page over the chat, in which letters are commands.
    Page,
    /// A page over the chat, in which letters are typed.
    PageInput,
}

impl Focus {
    /// Tells whether a page over the chat has the keys.
    pub(crate) const fn is_page(self) -> bool {
        matches!(self, Self::Page | Self::PageInput)
    }
}

/// An opened thread.
#[derive(Debug)]
pub(crate) struct ThreadPane {
    pub(crate) channel_id: ChannelId,
    pub(crate) root: Seq,
    pub(crate) root_id: MessageId,
    /// None while it is being read.
    pub(crate) timeline: Option<Timeline>,
    pub(crate) error: Option<String>,
}

/// What stands before the person's eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) channel_id: ChannelId,
    /// The last message on the screen when it began.
    pub(crate) seq: Seq,
    /// When it counts as read.
    pub(crate) read_at: Time,
}

/// A view that is to be the same once its messages are there again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ViewBefore {
    pub(crate) channel_id: ChannelId,
    pub(crate) place: Place,
    pub(crate) selected: Option<Seq>,
    pub(crate) read_before: Option<Seq>,
    /// Whether the part that it shows was asked for.
    pub(crate) is_asked: bool,
}

/// What the chat shows and where its keys go.
#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) open: Option<ChannelId>,
    pub(crate) previous: Option<ChannelId>,
    pub(crate) team: Option<TeamId>,
    /// The channel that was open last in each team.
    pub(crate) last_open: HashMap<TeamId, ChannelId>,
    pub(crate) focus: Focus,
    /// Whether the side bar is wanted beside the messages, where there is room.
    pub(crate) has_sidebar: bool,
    pub(crate) sidebar_cursor: Option<EntryId>,
    pub(crate) thread: Option<ThreadPane>,
    pub(crate) drafts: HashMap<DraftKey, Composer>,
    /// The message being edited.
    pub(crate) editing: Option<(ChannelId, Seq)>,
    pub(crate) outbox: Outbox,
    /// The message on its way that is selected, below all that have arrived.
    pub(crate) parcel: Option<ClientId>,
    /// Whose drafts these are, after a session that ended by itself.
    pub(crate) owner: Option<UserId>,
    pub(crate) watched: Vec<UserId>,
    /// Where "typing" was last sent, and when.
    pub(crate) typing_sent: Option<(DraftKey, Time)>,
    /// The highest place for which a read marker was asked, by channel.
    pub(crate) marked: HashMap<ChannelId, Seq>,
    /// What has stood before the person's eyes for how long, and is not marked as read yet.
    pub(crate) seen: Option<Seen>,
    /// Up to where everything of a channel has passed the screen.
    pub(crate) shown: Option<(ChannelId, Seq)>,
    /// Whether something unread stands above the screen that has not passed it.
    pub(crate) has_unseen_above: bool,
    /// Whether reading marks nothing as read.
    pub(crate) is_browsing: bool,
    /// The place after which the open channel is to be shown, once that is loaded.
    pub(crate) jump_after: Option<(ChannelId, Seq)>,
    /// The view of a channel whose messages are being read anew.
    pub(crate) view_before: Option<ViewBefore>,
    /// A channel that was marked unread while it was open: until it is opened again, seeing it is not reading it.
    pub(crate) kept_unread: Option<ChannelId>,
    /// Channels whose marker was asked for, because something was missed.
    pub(crate) counting: HashSet<ChannelId>,
    /// How often and how lately channels were opened.
    pub(crate) visits: Frecency,
    /// Where the tour through what is unread began.
    pub(crate) tour_start: Option<ChannelId>,
    /// The channel that the person asked to leave.
    pub(crate) leaving: Option<ChannelId>,
    /// A channel to open as soon as it is known.
    pub(crate) wanted: Option<ChannelId>,
    /// Texts that were thrown away, oldest first.
    pub(crate) discarded: Vec<Discarded>,
    /// What was typed at its longest, since the composer was empty.
    pub(crate) longest: HashMap<DraftKey, String>,
    /// Drafts as the server has them.
    pub(crate) shared: HashMap<DraftKey, SharedDraft>,
    /// What the server had of each draft when the drafts of a team were asked for.
    pub(crate) drafts_asked: HashMap<TeamId, HashMap<DraftKey, Rev>>,
    /// What could not be read, and is asked for again.
    pub(crate) again: Again,
    /// Forwards that got no answer.
    pub(crate) unanswered: Vec<Deed>,
    /// Channels of which messages are loaded.
    pub(crate) lately: Lately,
    /// Where the person has been, to go back and forward.
    pub(crate) trail: Trail,
    /// A message that is shown as soon as it is loaded.
    pub(crate) sought: Option<Sought>,
    /// The pages over the chat: search, threads, mentions and the like.
    pub(crate) pages: Pages,
    /// What the server is asked to open: what is typed now is meant for it.
    pub(crate) arriving: Option<Arriving>,
    /// Text that the pointer selects.
    pub(crate) selection: Option<Selection>,
    /// What the person did in the list of completions.
    pub(crate) completion: Chosen,
    /// The folder in which a path is being typed.
    pub(crate) folder: Option<Folder>,
    /// Files whose paths were dropped into a draft.
    pub(crate) dropped: Option<Dropped>,
    /// The command that was typed last, to be given back where it is refused.
    pub(crate) last_command: Option<(Deed, DraftKey, String)>,
    /// Drafts whose files are going up, to be sent later.
    pub(crate) scheduling: Vec<(DraftKey, String)>,
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            open: None,
            previous: None,
            team: None,
            last_open: HashMap::new(),
            focus: Focus::Composer,
            has_sidebar: true,
            sidebar_cursor: None,
            thread: None,
            drafts: HashMap::new(),
            editing: None,
            outbox: Outbox::default(),
            parcel: None,
            owner: None,
            watched: Vec::new(),
            typing_sent: None,
            marked: HashMap::new(),
            seen: None,
            shown: None,
            has_unseen_above: false,
            is_browsing: false,
            jump_after: None,
            view_before: None,
            kept_unread: None,
            counting: HashSet::new(),
            visits: Frecency::default(),
            tour_start: None,
            leaving: None,
            wanted: None,
            discarded: Vec::new(),
            longest: HashMap::new(),
            shared: HashMap::new(),
            drafts_asked: HashMap::new(),
            again: Again::default(),
            unanswered: Vec::new(),
            lately: Lately::default(),
            trail: Trail::default(),
            sought: None,
            pages: Pages::default(),
            arriving: None,
            selection: None,
            completion: Chosen::default(),
            folder: None,
            dropped: None,
            last_command: None,
            scheduling: Vec::new(),
        }
    }
}
