//! Everything the screen is drawn from.

use std::collections::VecDeque;

use jiff::tz::TimeZone;
use syncspace_protocol::auth::ServerInfo;
use syncspace_protocol::messages::{Message, MessagePlace};
use syncspace_protocol::server::Banner;
use syncspace_protocol::{ChannelId, ClientId, Epoch, Seq, Time};

use super::bodies::Bodies;
use super::client_ids::ClientIds;
use super::composer::{Composer, DraftKey};
use super::entry::EntryForm;
use super::help::Help;
use super::host::Host;
use super::keymap::Keys;
use super::look::{Depth, Look, ThemePicker};
use super::message::LocalServer;
use super::notify::NotifyBook;
use super::others::Others;
use super::outbox::Parcel;
use super::own::Own;
use super::picker::Picker;
use super::pictures::Pictures;
use super::sheet::Sheet;
use super::switcher::Switcher;
use super::told::Told;
use super::world::{ChannelState, World};
use crate::config::{Loaded, Settings};

pub(crate) use super::chat::{Chat, Focus, Seen, ThreadPane, ViewBefore};
pub(crate) use super::connection::{Link, Outage};

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

/// A line at the bottom, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_error: bool,
    pub(crate) until: Time,
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
    /// When the server was last heard; where the connection was lost since, when that was noticed.
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

impl State {
    /// Gives what everybody on the server is to see now.
    pub(crate) fn banner(&self) -> Option<&Banner> {
        self.world.banner.as_ref().filter(|banner| banner.is_current(self.now))
    }

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
            client_ids: ClientIds::seeded(start.seed),
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
            seed: self.client_ids.draw(),
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
        self.keep_said(text.clone());
        self.notice = Some(Notice { text, is_error, until });
    }

    /// Lists a text among what was said lately.
    pub(crate) fn keep_said(&mut self, text: String) {
        // The same again is said later, and listed once.
        self.said.retain(|(_, said)| *said != text);
        self.said.push_back((self.now, text));
        let over = self.said.len().saturating_sub(SAID_MAX);
        self.said.drain(..over);
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

    /// Gives when a draft goes to the server.
    fn next_share(&self) -> Option<Time> {
        self.chat.shared.values().filter_map(|held| held.share_at).min().filter(|_| self.link == Link::Online)
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

    /// Gives a message that is loaded, in its channel or in the open thread.
    pub(crate) fn message_at(&self, place: MessagePlace) -> Option<&Message> {
        let channel = self.world.channels.get(&place.channel_id).and_then(ChannelState::timeline);
        let thread = self.chat.thread.as_ref().filter(|thread| thread.channel_id == place.channel_id);
        let thread = thread.and_then(|thread| thread.timeline.as_ref());
        channel.and_then(|list| list.get(place.seq)).or_else(|| thread.and_then(|list| list.get(place.seq)))
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
