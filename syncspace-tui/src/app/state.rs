//! Everything the screen is drawn from.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use jiff::tz::TimeZone;
use syncspace_protocol::auth::ServerInfo;
use syncspace_protocol::messages::{Message, MessagePlace};
use syncspace_protocol::{ChannelId, ClientId, Epoch, MessageId, Rev, Seq, TeamId, Time, UserId};

use super::again::Again;
use super::arriving::Arriving;
use super::bodies::Bodies;
use super::completion::{Chosen, Folder};
use super::composer::{Composer, DraftKey};
use super::deed::Deed;
use super::entry::EntryForm;
use super::frecency::Frecency;
use super::help::Help;
use super::host::Host;
use super::kept::Discarded;
use super::keymap::Keys;
use super::layout;
use super::loaded::Lately;
use super::look::{Depth, Look, ThemePicker};
use super::markdown::Body;
use super::message::LocalServer;
use super::notify::NotifyBook;
use super::others::Others;
use super::outbox::{Outbox, Parcel};
use super::own::Own;
use super::pages::Pages;
use super::picker::Picker;
use super::pictures::{Pictures, Way};
use super::rows::{Row, RowContext};
use super::selection::Selection;
use super::sidebar::EntryId;
use super::switcher::Switcher;
use super::text;
use super::timeline::{Missing, Place, Timeline};
use super::told::Told;
use super::trail::Trail;
use super::update::attach::Dropped;
use super::update::drafts::SharedDraft;
use super::update::jump::Sought;
use super::world::{ChannelState, World};
use crate::config::{Loaded, Settings};

/// Which of the big pictures is shown.
#[derive(Debug)]
pub(crate) enum Screen {
    /// Forms up to the first message; the earlier ones are kept for Esc.
    Entry {
        form: EntryForm,
        earlier: Vec<EntryForm>,
    },
    /// Something is awaited.
    Waiting(String),
    Chat,
}

/// What lies above the picture and takes all keys.
#[derive(Debug)]
pub(crate) enum Modal {
    Help(Help),
    Switcher(Switcher),
    Form(EntryForm),
    Themes(ThemePicker),
    Picker(Picker),
    Sheet { sheet: Sheet, scroll: usize },
}

/// Text that is only read: parts with a head each.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    pub(crate) parts: Vec<(String, String)>,
}

impl Sheet {
    /// Gives its rows in that many columns, each with whether it is a head.
    pub(crate) fn rows(&self, columns: usize) -> Vec<(bool, String)> {
        let part = |(head, body): &(String, String)| {
            let head = text::block(head, columns).into_iter().map(|row| (true, row));
            let body = text::block(body, columns).into_iter().map(|row| (false, row));
            head.chain(body).chain([(false, String::new())]).collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(part).collect()
    }

    /// Gives all of it, to be copied.
    pub(crate) fn text(&self) -> String {
        let part = |(head, body): &(String, String)| format!("{head}\n{body}\n");
        self.parts.iter().map(part).collect::<Vec<_>>().join("\n")
    }

    /// Gives how far it can be scrolled in a window of that size.
    pub(crate) fn last_scroll(&self, columns: u16, rows: u16) -> usize {
        let visible = usize::from(rows).saturating_sub(SHEET_FRAME_ROWS);
        self.rows(Self::columns(columns)).len().saturating_sub(visible)
    }

    /// Gives how many columns of a window its text has.
    pub(crate) fn columns(window: u16) -> usize {
        usize::from(window.min(SHEET_COLUMNS).saturating_sub(2)).max(1)
    }
}

/// Columns of a sheet with its border, where there is room.
pub(crate) const SHEET_COLUMNS: u16 = 80;
/// Rows of its border and of the hint at its end.
const SHEET_FRAME_ROWS: usize = 4;

/// State of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    Offline,
    Connecting,
    Online,
    /// It broke; it is tried again by itself.
    Lost(Outage),
}

/// A lost connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outage {
    /// Why, in a few words.
    pub(crate) reason: String,
    /// When it is tried again by itself; none while it is being tried.
    pub(crate) next_try: Option<Time>,
    /// When it was tried last, or broke.
    pub(crate) last_try: Time,
}

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

/// A line at the bottom, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_error: bool,
    pub(crate) until: Time,
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
}

/// Makes time-ordered names for messages (UUID version 7).
#[derive(Debug)]
pub(crate) struct ClientIds {
    random: fastrand::Rng,
}

/// Everything the screen is drawn from.
#[derive(Debug)]
pub(crate) struct State {
    /// Address of the server, as it is shown.
    pub(crate) server: String,
    /// What this account shows of all of them.
    pub(crate) others: Others,
    /// The name under which one was here before.
    pub(crate) known_name: Option<String>,
    /// Whether a bootstrap token is at hand for the first account.
    pub(crate) has_bootstrap: bool,
    pub(crate) info: Option<ServerInfo>,
    pub(crate) now: Time,
    pub(crate) zone: TimeZone,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    /// Whether the terminal is in front of the person.
    pub(crate) is_focused: bool,
    pub(crate) screen: Screen,
    pub(crate) modal: Option<Modal>,
    pub(crate) link: Link,
    /// Whether this program lives on a server of its own machine, and may start it.
    pub(crate) is_local: bool,
    pub(crate) local_server: LocalServer,
    pub(crate) notice: Option<Notice>,
    /// What was said lately, oldest first, to be read again.
    pub(crate) said: VecDeque<(Time, String)>,
    pub(crate) world: World,
    /// The history that the numbers in the world belong to.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) chat: Chat,
    pub(crate) bodies: Bodies,
    pub(crate) pictures: Pictures,
    pub(crate) own: Own,
    pub(crate) host: Host,
    /// What the disk was told of all this.
    pub(crate) told: Told,
    /// When the server was last heard.
    pub(crate) contact: Option<Time>,
    pub(crate) client_ids: ClientIds,
    pub(crate) keys: Keys,
    pub(crate) settings: Settings,
    pub(crate) look: Look,
    pub(crate) notify: NotifyBook,
    /// How many colours the terminal has, by its own account.
    pub(crate) depth: Depth,
}

/// How sure the address of the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerIs {
    /// It is only likely: the person is asked.
    Guessed,
    /// The person named it when starting the program.
    Named,
    /// It is that of the server of this machine.
    Local,
}

/// How a program starts.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) server: String,
    pub(crate) server_is: ServerIs,
    pub(crate) has_bootstrap: bool,
    pub(crate) is_logged_in: bool,
    pub(crate) now: Time,
    pub(crate) zone: TimeZone,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    pub(crate) seed: u64,
    pub(crate) config: Loaded,
    pub(crate) depth: Depth,
}

/// A notice stays that long, in milliseconds.
const NOTICE_MS: i64 = 6_000;
/// Notices that can be read again.
const SAID_MAX: usize = 50;
/// A server that was not heard for so long is said to be silent since then, in milliseconds.
const SILENCE_MS: i64 = 10_000;

impl ClientIds {
    /// Makes those of another program, for tests of two that share a disk.
    #[cfg(test)]
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed) }
    }

    /// Gives the next name.
    pub(crate) fn next(&mut self, now: Time) -> ClientId {
        let mut random = [0; 10];
        self.random.fill(&mut random);
        let ms = u64::try_from(now.unix_ms()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid();
        ClientId::try_from(uuid.to_string()).expect("a UUID is 36 visible ASCII characters")
    }
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
        }
    }
}

impl State {
    pub(crate) fn new(start: Start) -> Self {
        let screen = if start.is_logged_in {
            Screen::Waiting(format!("Connecting to {} …", start.server))
        } else {
            let mut form = super::entry::server_form(&start.server);
            // A known address is looked up at once: the form would only ask to press Enter.
            form.form.busy = (start.server_is != ServerIs::Guessed).then_some(super::entry::BUSY);
            Screen::Entry { form, earlier: Vec::new() }
        };
        let config = start.config;
        let chat = Chat { has_sidebar: config.settings.has_sidebar, ..Chat::default() };
        let mut state = Self {
            server: start.server,
            others: Others::default(),
            known_name: None,
            has_bootstrap: start.has_bootstrap,
            info: None,
            now: start.now,
            zone: start.zone,
            columns: start.columns,
            rows: start.rows,
            is_focused: true,
            screen,
            modal: None,
            link: Link::Offline,
            is_local: start.server_is == ServerIs::Local,
            local_server: LocalServer::Back,
            notice: None,
            said: VecDeque::new(),
            world: World::default(),
            epoch: None,
            chat,
            bodies: Bodies::default(),
            pictures: Pictures::default(),
            own: Own::default(),
            host: Host::default(),
            told: Told::default(),
            contact: None,
            client_ids: ClientIds { random: fastrand::Rng::with_seed(start.seed) },
            keys: Keys { map: config.keymap, pending: None },
            look: Look {
                theme: config.settings.theme,
                depth: config.settings.depth.unwrap_or(start.depth),
                behind: None,
            },
            depth: start.depth,
            notify: NotifyBook::default(),
            settings: config.settings,
        };
        super::update::report(&mut state, &config.problems);
        state
    }

    /// Begins another account at the same terminal.
    pub(crate) fn another(&mut self) -> Self {
        let (settings, keymap) = (self.settings.clone(), self.keys.map.clone());
        let mut other = Self::new(Start {
            server: self.server.clone(),
            server_is: ServerIs::Guessed,
            has_bootstrap: false,
            is_logged_in: false,
            now: self.now,
            zone: self.zone.clone(),
            columns: self.columns,
            rows: self.rows,
            seed: self.client_ids.random.u64(..),
            config: Loaded { settings, keymap, problems: Vec::new() },
            depth: self.depth,
        });
        (other.look, other.host, other.is_focused) = (self.look, self.host, false);
        other.screen = Screen::Entry { form: super::entry::another_form(&self.server), earlier: Vec::new() };
        other
    }

    /// Tells whether the chat is there, with or without something above it.
    pub(crate) const fn is_chat(&self) -> bool {
        matches!(self.screen, Screen::Chat)
    }

    /// Says something at the bottom for a while.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.put_notice(text.into(), false);
    }

    /// Says at the bottom for a while what went wrong.
    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.put_notice(text.into(), true);
    }

    fn put_notice(&mut self, text: String, is_error: bool) {
        let until = self.later(NOTICE_MS);
        // The same again is said later, and listed once.
        self.said.retain(|(_, said)| *said != text);
        self.said.push_back((self.now, text.clone()));
        let over = self.said.len().saturating_sub(SAID_MAX);
        self.said.drain(..over);
        self.notice = Some(Notice { text, is_error, until });
    }

    /// Gives the time that many milliseconds from now.
    pub(crate) fn later(&self, ms: i64) -> Time {
        Time::from_unix_ms(self.now.unix_ms().saturating_add(ms)).unwrap_or(self.now)
    }

    /// Gives the time at which something changes by itself; none where nothing does.
    pub(crate) fn next_deadline(&self) -> Option<Time> {
        let notice = self.notice.as_ref().map(|notice| notice.until);
        let typing = self.open_channel().and_then(|open| open.typing.values().map(|&(_, until)| until).min());
        let hint = self.keys.pending.as_ref().filter(|pending| !pending.is_hinted).map(|pending| pending.hint_at);
        let seen = self.chat.seen.map(|seen| seen.read_at);
        let link = [self.next_countdown(), self.next_age()].into_iter().flatten().min();
        let drag = self.chat.selection.as_ref().and_then(|selection| selection.scroll_at);
        let again = self.chat.again.next().filter(|_| self.link == Link::Online);
        let search = self.chat.pages.search.due.filter(|_| self.chat.focus.is_page());
        // What only the chat does waits for it: a time that has come and is not taken would wake the program for ever.
        let is_chat = matches!(self.screen, Screen::Chat);
        let retry = self.chat.outbox.next_retry();
        let in_chat = [drag, seen, self.next_share(), retry, search].into_iter().flatten().min();
        let work = [in_chat.filter(|_| is_chat), self.told.next_deadline()].into_iter().flatten().min();
        [notice, typing, hint, again, link, work].into_iter().flatten().min()
    }

    /// Gives the whole seconds until the connection is tried again; none while it is being tried, or there.
    pub(crate) fn seconds_to_try(&self) -> Option<i64> {
        let Link::Lost(Outage { next_try: Some(at), .. }) = &self.link else { return None };
        let ms = at.unix_ms().saturating_sub(self.now.unix_ms());
        (ms > 0).then(|| ms.saturating_add(999) / 1_000)
    }

    /// Gives when the number of those seconds is another one.
    fn next_countdown(&self) -> Option<Time> {
        let Link::Lost(Outage { next_try: Some(at), .. }) = &self.link else { return None };
        let seconds = self.seconds_to_try()?;
        Time::from_unix_ms(at.unix_ms().saturating_sub((seconds - 1).saturating_mul(1_000))).ok()
    }

    /// Gives how long the server was not heard, where the connection is lost for more than a moment.
    pub(crate) fn silence(&self) -> Option<String> {
        let ms = self.silent_ms()?;
        let seconds = ms / 1_000;
        Some(match seconds {
            ..60 => format!("{seconds} s"),
            60..3_600 => format!("{} min", seconds / 60),
            3_600..172_800 => format!("{} h", seconds / 3_600),
            _ => format!("{} days", seconds / 86_400),
        })
    }

    fn silent_ms(&self) -> Option<i64> {
        let contact = self.contact.filter(|_| self.link != Link::Online && matches!(self.screen, Screen::Chat))?;
        Some(self.now.unix_ms().saturating_sub(contact.unix_ms())).filter(|ms| *ms >= SILENCE_MS)
    }

    /// Gives when a draft goes to the server.
    fn next_share(&self) -> Option<Time> {
        self.chat.shared.values().filter_map(|held| held.share_at).min().filter(|_| self.link == Link::Online)
    }

    /// Gives when that is another time.
    fn next_age(&self) -> Option<Time> {
        let contact = self.contact.filter(|_| self.link != Link::Online && matches!(self.screen, Screen::Chat))?;
        let Some(ms) = self.silent_ms() else {
            return Time::from_unix_ms(contact.unix_ms().saturating_add(SILENCE_MS)).ok();
        };
        let step = match ms {
            ..60_000 => 1_000,
            60_000..3_600_000 => 60_000,
            _ => 3_600_000,
        };
        Time::from_unix_ms(contact.unix_ms().saturating_add((ms / step + 1) * step)).ok()
    }

    pub(crate) fn open_channel(&self) -> Option<&ChannelState> {
        self.chat.open.and_then(|id| self.world.channels.get(&id))
    }

    pub(crate) fn open_channel_mut(&mut self) -> Option<&mut ChannelState> {
        self.chat.open.and_then(|id| self.world.channels.get_mut(&id))
    }

    /// Tells whether the open channel is one that the person is no longer in, and that cannot be read any more.
    pub(crate) fn is_open_gone(&self) -> bool {
        let is_gone = |id: ChannelId| !self.world.channels.contains_key(&id) && self.world.gone.contains_key(&id);
        self.chat.open.is_some_and(is_gone)
    }

    /// Tells whether what is typed goes to a message: then lines that come at once are a paste.
    pub(crate) const fn takes_lines(&self) -> bool {
        matches!(self.screen, Screen::Chat) && self.modal.is_none()
    }

    /// Gives what the composer of the focused half is for.
    pub(crate) fn draft_key(&self) -> Option<DraftKey> {
        if let Some((channel_id, seq)) = self.chat.editing {
            return Some(DraftKey::Edit(channel_id, seq));
        }
        match (&self.chat.thread, self.chat.focus) {
            (Some(thread), Focus::ThreadComposer | Focus::ThreadMessages) => {
                Some(DraftKey::Thread(thread.channel_id, thread.root))
            }
            _ if self.chat.arriving.is_some() => Some(DraftKey::Arriving),
            _ => self.chat.open.map(DraftKey::Channel),
        }
    }

    /// Gives the draft that takes the keys.
    pub(crate) fn composer(&self) -> Option<&Composer> {
        self.draft_key().and_then(|key| self.chat.drafts.get(&key))
    }

    /// Gives the selected message of the focused list.
    pub(crate) fn selected(&self) -> Option<(ChannelId, &Message)> {
        if self.chat.parcel.is_some() {
            return None;
        }
        match self.chat.focus {
            Focus::ThreadMessages => {
                let thread = self.chat.thread.as_ref()?;
                let timeline = thread.timeline.as_ref()?;
                Some((thread.channel_id, timeline.get(timeline.selected?)?))
            }
            Focus::Messages => {
                let open = self.open_channel()?;
                let timeline = open.timeline()?;
                Some((open.channel.id, timeline.get(timeline.selected?)?))
            }
            Focus::Sidebar | Focus::Composer | Focus::ThreadComposer | Focus::Page | Focus::PageInput => None,
        }
    }

    /// Gives the selected message on its way.
    pub(crate) fn selected_parcel(&self) -> Option<&Parcel> {
        let is_in_list = matches!(self.chat.focus, Focus::Messages | Focus::ThreadMessages);
        let client_id = self.chat.parcel.as_ref().filter(|_| is_in_list)?;
        self.chat.outbox.iter().find(|parcel| parcel.client_id == *client_id)
    }

    /// Gives the messages on their way that the focused list shows, oldest first.
    pub(crate) fn parcels_in_list(&self) -> Vec<ClientId> {
        let Some(channel_id) = self.chat.open else { return Vec::new() };
        let in_thread = matches!(self.chat.focus, Focus::ThreadMessages | Focus::ThreadComposer);
        let root = self.chat.thread.as_ref().filter(|_| in_thread).map(|thread| thread.root);
        self.chat.outbox.of(channel_id, root).map(|parcel| parcel.client_id.clone()).collect()
    }

    /// Runs a function with what rows of a list are made from; `in_thread` chooses the list.
    pub(crate) fn with_rows<T>(&self, columns: u16, in_thread: bool, run: impl FnOnce(&RowContext<'_>) -> T) -> T {
        let name = |id| self.world.name(id);
        let key = |action| self.keys.name(action);
        run(&RowContext {
            name: &name,
            key: &key,
            zone: &self.zone,
            columns: usize::from(columns),
            is_thread: in_thread,
            is_online: self.link == Link::Online,
            me: self.world.my_id(),
            has_emoji: self.settings.has_emoji,
            bodies: &self.bodies,
            pictures: self.shows_pictures().then_some(&self.pictures),
            takes_images: self.takes_images(),
            own: &self.own,
        })
    }

    /// Tells whether addresses are written as links of the terminal.
    pub(crate) fn has_links(&self) -> bool {
        self.settings.has_links.unwrap_or(self.host.takes_links)
    }

    /// Tells whether pictures are drawn: where colours are told apart well enough, and nobody listens instead of looking.
    pub(crate) fn shows_pictures(&self) -> bool {
        let is_looked_at = self.settings.pictures != Way::None && !self.settings.is_for_reader;
        is_looked_at && self.look.depth > Depth::Sixteen && !self.look.is_monochrome()
    }

    /// Tells whether pictures are images of the terminal, rather than half blocks.
    pub(crate) fn takes_images(&self) -> bool {
        let takes = match self.settings.pictures {
            Way::Auto => self.host.takes_images,
            way => way == Way::Kitty,
        };
        takes && self.shows_pictures()
    }

    /// Gives a message that is loaded, in its channel or in the open thread.
    pub(crate) fn message_at(&self, place: MessagePlace) -> Option<&Message> {
        let channel = self.world.channels.get(&place.channel_id).and_then(ChannelState::timeline);
        let thread = self.chat.thread.as_ref().filter(|thread| thread.channel_id == place.channel_id);
        let thread = thread.and_then(|thread| thread.timeline.as_ref());
        channel.and_then(|list| list.get(place.seq)).or_else(|| thread.and_then(|list| list.get(place.seq)))
    }

    /// Gives the text of a message as the focused list shows it.
    pub(crate) fn body_of(&self, message: &Message) -> Option<Rc<Body>> {
        let (pane, in_thread) = layout::areas(self).focused(self.chat.focus)?;
        Some(self.with_rows(pane.messages.width, in_thread, |context| context.body(message)))
    }

    /// Gives the rows of what is on its way to the open channel, or to the open thread.
    pub(crate) fn unsent_rows(&self, columns: u16, in_thread: bool) -> Vec<Row> {
        let Some(channel_id) = self.chat.open else { return Vec::new() };
        let root = match &self.chat.thread {
            Some(thread) if in_thread => Some(thread.root),
            _ => None,
        };
        let mut rows: Vec<Row> = self.newer_gap().filter(|_| !in_thread).into_iter().collect();
        self.with_rows(columns, in_thread, |context| {
            rows.extend(self.chat.outbox.of(channel_id, root).flat_map(|parcel| context.rows_of_parcel(parcel)));
        });
        rows
    }

    /// Gives the row for what is newer than all that is loaded.
    fn newer_gap(&self) -> Option<Row> {
        let open = self.open_channel()?;
        let timeline = open.timeline()?;
        let missing = open.head.last_seq.get().saturating_sub(timeline.last()?.get());
        (missing > 0).then(|| Row::gap(None, Missing::Messages(missing), timeline.gap))
    }

    /// Gives the names of those who type in the open channel, outside or inside the open thread.
    pub(crate) fn typing_names(&self, root: Option<Seq>) -> Vec<String> {
        let Some(open) = self.open_channel() else { return Vec::new() };
        let mut names: Vec<String> = open
            .typing
            .iter()
            .filter(|(id, (parent, until))| *parent == root && *until > self.now && Some(**id) != self.world.my_id())
            .map(|(&id, _)| self.world.name(id))
            .collect();
        names.sort();
        names
    }
}
