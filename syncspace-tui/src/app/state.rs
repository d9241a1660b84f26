//! Everything the screen is drawn from.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use syncspace_protocol::auth::ServerInfo;
use syncspace_protocol::{ChannelId, ClientId, Epoch, MessageId, Seq, TeamId, Time, UserId};

use super::composer::{Composer, DraftKey};
use super::entry::EntryForm;
use super::message::LocalServer;
use super::outbox::Outbox;
use super::rows::{Row, RowContext};
use super::sidebar::EntryId;
use super::switcher::Switcher;
use super::timeline::Timeline;
use super::world::{ChannelState, World};

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
    Help { scroll: usize },
    Switcher(Switcher),
    Form(EntryForm),
}

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
    /// Whose drafts these are, after a session that ended by itself.
    pub(crate) owner: Option<UserId>,
    pub(crate) watched: Vec<UserId>,
    /// Where "typing" was last sent, and when.
    pub(crate) typing_sent: Option<(DraftKey, Time)>,
    /// The highest place for which a read marker was asked, by channel.
    pub(crate) marked: HashMap<ChannelId, Seq>,
    /// A channel that was marked unread while it was open: until it is opened again, seeing it is not reading it.
    pub(crate) kept_unread: Option<ChannelId>,
    /// Channels whose marker was asked for, because something was missed.
    pub(crate) counting: HashSet<ChannelId>,
    /// A channel to open as soon as it is known.
    pub(crate) wanted: Option<ChannelId>,
    /// What is being opened, while the server is asked for it: what is typed now is meant for it.
    pub(crate) arriving: Option<String>,
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
    pub(crate) world: World,
    /// The history that the numbers in the world belong to.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) chat: Chat,
    pub(crate) client_ids: ClientIds,
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
}

/// A notice stays that long, in milliseconds.
const NOTICE_MS: i64 = 6_000;

impl ClientIds {
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
            owner: None,
            watched: Vec::new(),
            typing_sent: None,
            marked: HashMap::new(),
            kept_unread: None,
            counting: HashSet::new(),
            wanted: None,
            arriving: None,
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
        Self {
            server: start.server,
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
            world: World::default(),
            epoch: None,
            chat: Chat::default(),
            client_ids: ClientIds { random: fastrand::Rng::with_seed(start.seed) },
        }
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
        [notice, typing, self.chat.outbox.next_retry(), self.next_countdown()].into_iter().flatten().min()
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

    pub(crate) fn open_channel(&self) -> Option<&ChannelState> {
        self.chat.open.and_then(|id| self.world.channels.get(&id))
    }

    pub(crate) fn open_channel_mut(&mut self) -> Option<&mut ChannelState> {
        self.chat.open.and_then(|id| self.world.channels.get_mut(&id))
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
    pub(crate) fn selected(&self) -> Option<(ChannelId, &syncspace_protocol::messages::Message)> {
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
            Focus::Sidebar | Focus::Composer | Focus::ThreadComposer => None,
        }
    }

    /// Runs a function with what rows of a list are made from; `in_thread` chooses the list.
    pub(crate) fn with_rows<T>(&self, columns: u16, in_thread: bool, run: impl FnOnce(&RowContext<'_>) -> T) -> T {
        let name = |id| self.world.name(id);
        run(&RowContext {
            name: &name,
            zone: &self.zone,
            columns: usize::from(columns),
            is_thread: in_thread,
            me: self.world.my_id(),
        })
    }

    /// Gives the rows of what is on its way to the open channel, or to the open thread.
    pub(crate) fn unsent_rows(&self, columns: u16, in_thread: bool) -> Vec<Row> {
        let Some(channel_id) = self.chat.open else { return Vec::new() };
        let root = match &self.chat.thread {
            Some(thread) if in_thread => Some(thread.root),
            _ => None,
        };
        self.with_rows(columns, in_thread, |context| {
            self.chat.outbox.of(channel_id, root).flat_map(|parcel| context.rows_of_parcel(parcel)).collect()
        })
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
