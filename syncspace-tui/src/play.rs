//! Plays the program in tests: events in, screens and effects out. No terminal, no network, no clock.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use syncspace_protocol::auth::{RegistrationMode, ServerInfo};
use syncspace_protocol::channels::{
    Channel, ChannelHead, ChannelKind, ChannelMembership, ChannelRole, MyChannel, Posting, ReadMarker,
};
use syncspace_protocol::messages::{Message, MessagePage, MessageType};
use syncspace_protocol::personal::ChannelPreferences;
use syncspace_protocol::preferences::Preferences;
use syncspace_protocol::reactions::Reactions;
use syncspace_protocol::socket::{Event as StreamEvent, EventBody, Hello, HelloTeam, Limits};
use syncspace_protocol::status::{Presence, PresenceStatus};
use syncspace_protocol::teams::{MyTeam, Team, TeamMember, TeamMembership, TeamRole, TeamSettings};
use syncspace_protocol::users::{Person, User};
use syncspace_protocol::{ClientId, Epoch, Mentions, Seq, StreamId, Time};

use crate::app::deed::{Deed, Outcome};
use crate::app::kept::Keep;
use crate::app::look::Depth;
use crate::app::message::TeamContents;
use crate::app::state::{ServerIs, Start};
use crate::app::update::restore::at_start;
use crate::app::update::update_all;
use crate::app::{Effect, Event, Net, State};
use crate::cache::Disk;
use crate::view;

/// A Monday, 2026-11-23, 09:00 UTC.
pub(crate) const NINE: i64 = 1_795_424_400_000;
const HOUR: i64 = 3_600_000;
pub(crate) const ALICE: u64 = 1;
pub(crate) const BOB: u64 = 2;
pub(crate) const CAROL: u64 = 3;
pub(crate) const GENERAL: u64 = 10;
pub(crate) const RANDOM: u64 = 11;
pub(crate) const WITH_BOB: u64 = 12;
pub(crate) const ENG: u64 = 5;

/// A run of the program.
pub(crate) struct Play {
    pub(crate) state: State,
    pub(crate) effects: Vec<Effect>,
    /// Milliseconds since 1970.
    pub(crate) clock: i64,
}

pub(crate) fn id<T: TryFrom<u64, Error: std::fmt::Debug>>(number: u64) -> T {
    T::try_from(number).expect("a number of the wire")
}

pub(crate) fn at(ms: i64) -> Time {
    Time::from_unix_ms(ms).expect("a time")
}

pub(crate) fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a name")
}

pub(crate) fn person(user: u64, username: &str) -> Person {
    Person { id: id(user), username: name(username), full_name: None, avatar_url: None, is_active: true, is_bot: false }
}

pub(crate) fn user(number: u64, username: &str) -> User {
    User {
        id: id(number),
        username: name(username),
        full_name: None,
        email: None,
        email_verified_at: None,
        email_pending: None,
        avatar_url: None,
        time_zone: None,
        custom_status: None,
        chosen_presence: None,
        is_active: true,
        is_admin: false,
        is_bot: false,
        presence: PresenceStatus::Online,
        is_online: Some(true),
        last_seen: None,
        created_at: at(NINE),
        updated_at: at(NINE),
    }
}

pub(crate) fn my_team() -> MyTeam {
    let team = Team {
        id: id(ENG),
        name: name("eng"),
        description: None,
        avatar_url: None,
        is_public: true,
        settings: TeamSettings::default(),
        created_by: id(ALICE),
        created_at: at(NINE),
        updated_at: at(NINE),
        rev: id(1),
    };
    let membership = TeamMembership { member_id: id(50), role: TeamRole::Owner, joined_at: at(NINE) };
    MyTeam { team, membership: Some(membership) }
}

fn member(number: u64, username: &str) -> TeamMember {
    let user = person(number, username);
    TeamMember { team_id: id(ENG), user, role: TeamRole::Member, joined_at: at(NINE), rev: id(1) }
}

/// A joined channel whose log ends at a seq, with so many unread.
pub(crate) fn my_channel(number: u64, kind: ChannelKind, named: Option<&str>, last_seq: u64, unread: u32) -> MyChannel {
    let people = if named.is_some() { Vec::new() } else { vec![person(ALICE, "alice"), person(BOB, "bob")] };
    let channel = Channel {
        id: id(number),
        team_id: id(ENG),
        kind,
        name: named.map(name),
        description: (named == Some("general")).then(|| "whatever concerns everybody".to_owned()),
        topic: None,
        posting: Posting::Everyone,
        is_default: false,
        retention_days: None,
        is_private: kind != ChannelKind::Public,
        people,
        created_by: id(ALICE),
        created_at: at(NINE),
        updated_at: at(NINE),
        archived_at: None,
        rev: id(1),
    };
    let head = ChannelHead { last_seq: id(last_seq), last_rev: id(last_seq), floor_seq: Seq::ZERO };
    let read = ReadMarker {
        last_read_seq: id(last_seq - u64::from(unread)),
        unread_count: unread,
        mention_count: 0,
        as_of_rev: id(last_seq),
        rev: id(1),
    };
    let membership = ChannelMembership {
        role: ChannelRole::Member,
        joined_at: at(NINE),
        read,
        preferences: ChannelPreferences::default(),
    };
    MyChannel { channel, head, membership: Some(membership) }
}

/// Message `seq` of #general, sent that many minutes after nine.
pub(crate) fn message(seq: u64, sender: u64, minutes: i64, content: &str) -> Message {
    Message {
        id: id(1_000 + seq),
        channel_id: id(GENERAL),
        seq: id(seq),
        rev: id(seq),
        sender_id: id(sender),
        content: content.to_owned(),
        message_type: MessageType::Text,
        file_url: None,
        parent_message_id: None,
        parent_seq: None,
        reply_count: 0,
        last_reply_at: None,
        is_edited: false,
        edited_at: None,
        deleted_at: None,
        created_at: at(NINE + minutes * 60_000),
        updated_at: at(NINE + minutes * 60_000),
        client_id: name(&format!("c{seq}")),
        mentions: Mentions::default(),
        reactions: Reactions::default(),
        pinned: None,
        code: None,
        forwarded_from: None,
        continued_seq: None,
        files: Vec::new(),
    }
}

pub(crate) fn page(items: Vec<Message>, next: Option<&str>) -> MessagePage {
    let from_seq = items.first().map_or(Seq::ZERO, |message| message.seq);
    let to_seq = items.last().map_or(Seq::ZERO, |message| message.seq);
    MessagePage {
        items,
        next: next.map(str::to_owned),
        from_seq,
        to_seq,
        last_seq: to_seq,
        rev: id(to_seq.get()),
        my_reactions: Vec::new(),
    }
}

pub(crate) fn hello(teams: Vec<HelloTeam>) -> Hello {
    Hello {
        banner: None,
        protocol: 1,
        epoch: Epoch("e".to_owned()),
        session_id: id(1),
        connection_id: "x".to_owned(),
        server_time: at(NINE),
        heartbeat_ms: 25_000,
        limits: Limits { message_bytes_max: 16_000, frame_bytes_max: 65_536, watched_users_max: 200 },
        user: user(ALICE, "alice"),
        preferences: Preferences::default(),
        teams,
        join_requests: Vec::new(),
    }
}

pub(crate) fn hello_team() -> HelloTeam {
    HelloTeam { team: my_team(), team_rev: id(1), member_rev: id(1) }
}

pub(crate) fn server_info(registration: RegistrationMode, needs_first_admin: bool) -> ServerInfo {
    ServerInfo {
        product: "syncspace".to_owned(),
        version: "0.1.0".to_owned(),
        protocol: 1,
        registration,
        needs_first_admin,
        sends_mail: false,
        file_bytes_max: None,
    }
}

pub(crate) fn contents() -> TeamContents {
    TeamContents {
        channels: vec![
            my_channel(GENERAL, ChannelKind::Public, Some("general"), 6, 0),
            my_channel(RANDOM, ChannelKind::Public, Some("random"), 9, 3),
            my_channel(WITH_BOB, ChannelKind::Direct, None, 4, 1),
        ],
        members: vec![member(ALICE, "alice"), member(BOB, "bob"), member(CAROL, "carol")],
    }
}

/// A morning in #general: groups, a reply, an edited and a deleted message, wide and long text.
pub(crate) fn morning() -> Vec<Message> {
    let mut messages = vec![
        message(1, BOB, -60 * 15, "Deployed 1.4 to staging, nothing odd so far."),
        message(2, CAROL, 0, "Good morning! Does anybody know why the nightly build takes twice as long since Friday?"),
        message(3, CAROL, 1, "日本語のログも出ます 👩‍👩‍👧 ❤️"),
        message(4, BOB, 12, "Cache key changed with the lock file, I think."),
        message(5, ALICE, 15, "fn main() {\n\tprintln!(\"hi\");\n}"),
        message(6, BOB, 40, ""),
    ];
    messages[1].reply_count = 1;
    messages[1].last_reply_at = Some(at(NINE + 12 * 60_000));
    messages[3].parent_seq = Some(id(2));
    messages[3].parent_message_id = Some(id(1_002));
    messages[4].is_edited = true;
    messages[5].deleted_at = Some(at(NINE + 41 * 60_000));
    messages
}

impl Play {
    /// Starts without a saved login, with an address that is more or less certain.
    pub(crate) fn start_at(server_is: ServerIs) -> Self {
        Self::start_with(80, 30, false, server_is)
    }

    /// Starts with an address that is only likely.
    pub(crate) fn start(columns: u16, rows: u16, is_logged_in: bool) -> Self {
        Self::start_with(columns, rows, is_logged_in, ServerIs::Guessed)
    }

    fn start_with(columns: u16, rows: u16, is_logged_in: bool, server_is: ServerIs) -> Self {
        let state = State::new(Start {
            server: "http://127.0.0.1:7420".to_owned(),
            server_is,
            has_bootstrap: false,
            is_logged_in,
            now: at(NINE),
            zone: TimeZone::UTC,
            columns,
            rows,
            seed: 7,
            config: crate::config::read("", &crate::config::Overrides::default()),
            depth: Depth::True,
        });
        Self { state, effects: Vec::new(), clock: NINE + 3_600_000 }
    }

    /// Starts in #general, with the morning's messages on the screen.
    pub(crate) fn chat(columns: u16, rows: u16) -> Self {
        let mut play = Self::start(columns, rows, true);
        play.enter_general();
        play.effects.clear();
        play
    }

    /// The same with an empty disk from the start; nothing of it is saved yet.
    pub(crate) fn chat_with_disk(columns: u16, rows: u16) -> Self {
        let mut play = Self::start(columns, rows, true);
        play.turn_disk_on();
        play.enter_general();
        play
    }

    fn enter_general(&mut self) {
        let play = self;
        play.connect();
        play.net(Net::KeptLog { channel_id: id(GENERAL), before: None, log: None });
        play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(morning(), None)) });
        let presence = [(BOB, PresenceStatus::Online), (CAROL, PresenceStatus::Offline)];
        let presence =
            presence.map(|(user, status)| Presence { user_id: id(user), status, custom_status: None }).to_vec();
        let changed = EventBody::PresenceChanged { users: presence };
        play.net(Net::Stream(StreamEvent { stream: None, rev: None, body: changed }));
    }

    /// Starts with what is on disk, as a saved login of Alice does, some time later.
    pub(crate) fn restart(disk: &Disk, columns: u16, rows: u16) -> Self {
        let mut play = Self::start(columns, rows, true);
        play.clock += HOUR;
        play.state.now = at(play.clock);
        play.effects = at_start(&mut play.state, id(ALICE), disk.snapshot());
        play
    }

    /// Begins to keep what happens on a disk.
    pub(crate) fn turn_disk_on(&mut self) {
        self.net(Net::CacheOpened { user_id: id(ALICE), answer: Ok(Box::default()) });
    }

    /// Does what the state asked of the disk since the last look, and gives its answers.
    pub(crate) fn save(&mut self, disk: &Disk) {
        let asked = std::mem::take(&mut self.effects);
        for effect in asked {
            match effect {
                Effect::Keep(keeps) => {
                    disk.write(&keeps);
                    let client_ids: Vec<ClientId> = keeps
                        .into_iter()
                        .filter_map(|keep| match keep {
                            Keep::Parcel(parcel) => Some(parcel.client_id),
                            _ => None,
                        })
                        .collect();
                    if !client_ids.is_empty() {
                        self.net(Net::Kept { client_ids, answer: Ok(()) });
                    }
                }
                Effect::LoadKept { channel_id, before } => {
                    let log = disk.load(channel_id, before).map(Box::new);
                    self.net(Net::KeptLog { channel_id, before, log });
                }
                Effect::LoadKeptPart { channel_id, part } => {
                    let log = disk.load_part(channel_id, part).map(Box::new);
                    self.net(Net::KeptPart { channel_id, part, log });
                }
                Effect::SearchKept { number, query } => {
                    self.net(Net::KeptHits { number, answer: Ok(disk.search(&query)) });
                }
                effect => self.effects.push(effect),
            }
        }
    }

    /// Lets time pass up to each moment at which the state wants to be woken.
    pub(crate) fn wait(&mut self, ms: i64) {
        let until = self.clock + ms;
        while let Some(next) = self.state.next_deadline().filter(|next| next.unix_ms() <= until) {
            self.clock = self.clock.max(next.unix_ms() - 10);
            self.event(Event::Tick);
        }
        self.clock = until - 10;
        self.event(Event::Tick);
    }

    pub(crate) fn connect(&mut self) {
        self.net(Net::Connected(Box::new(hello(vec![hello_team()]))));
        self.net(Net::Team { team_id: id(ENG), answer: Ok(contents()) });
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.clock += 10;
        let effects = update_all(&mut self.state, [event], at(self.clock));
        self.effects.extend(effects);
    }

    pub(crate) fn net(&mut self, net: Net) {
        self.event(Event::Net(Box::new(net)));
    }

    pub(crate) fn stream(&mut self, stream: StreamId, rev: Option<u64>, body: EventBody) {
        self.net(Net::Stream(StreamEvent { stream: Some(stream), rev: rev.map(id), body }));
    }

    /// Lets a message arrive in its channel.
    pub(crate) fn arrive(&mut self, message: Message) {
        let (stream, rev) = (StreamId::Channel(message.channel_id), message.rev.get());
        self.stream(stream, Some(rev), EventBody::MessageCreated { message, thread: None });
    }

    pub(crate) fn press(&mut self, code: KeyCode) {
        self.event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    pub(crate) fn ctrl(&mut self, c: char) {
        self.event(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
    }

    pub(crate) fn alt(&mut self, c: char) {
        self.event(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT)));
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        for c in text.chars() {
            self.press(KeyCode::Char(c));
        }
    }

    /// Gives the whole screen as text.
    pub(crate) fn screen(&self) -> String {
        screen_of(&self.state)
    }

    /// Gives what was asked of the server since the last look.
    pub(crate) fn deeds(&mut self) -> Vec<Deed> {
        let deed = |effect| match effect {
            Effect::Do(deed) => Some(*deed),
            _ => None,
        };
        self.effects.drain(..).filter_map(deed).collect()
    }

    /// Answers something that was asked of the server.
    pub(crate) fn answer(&mut self, deed: Deed, outcome: Outcome) {
        self.net(Net::Done { deed: Box::new(deed), answer: Ok(outcome) });
    }

    /// Gives what was sent since the last look, as (content, client id).
    pub(crate) fn sends(&mut self) -> Vec<(String, String)> {
        self.effects
            .drain(..)
            .filter_map(|effect| match effect {
                Effect::Send { client_id, body, .. } => Some((body.content, client_id.to_string())),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn unread(&self, channel: u64) -> u32 {
        self.state.world.unread(id(channel)).messages
    }
}

pub(crate) fn channel_stream(number: u64) -> StreamId {
    StreamId::Channel(id(number))
}

/// Gives the whole screen of a state as text.
pub(crate) fn screen_of(state: &State) -> String {
    let backend = TestBackend::new(state.columns, state.rows);
    let mut terminal = Terminal::new(backend).expect("a terminal in memory");
    terminal.draw(|frame| view::draw(frame, state)).expect("drawing in memory");
    let buffer = terminal.backend().buffer();
    let mut screen = String::new();
    for y in 0..buffer.area.height {
        let mut skipped = 0;
        let mut row = String::new();
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skipped > 0 {
                skipped -= 1;
                continue;
            }
            row.push_str(symbol);
            skipped = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
        }
        screen.push_str(row.trim_end());
        screen.push('\n');
    }
    screen
}
