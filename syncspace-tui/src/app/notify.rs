//! Of what the person is told: which messages notify, each once, and never what is on the screen or long known.
//!
//! The protocol crate decides by levels, mutes and quiet hours. This adds what only the client knows: what it has heard
//! of before, and what the person is looking at. How a notice is shown is the runner's business.

mod counts;
mod hooks;

use std::collections::{HashMap, HashSet, VecDeque};

use syncspace_client::{ThreadBook, ThreadKey, Unread};
use syncspace_protocol::channels::{ChannelKind, ChannelMembership, MyChannel};
use syncspace_protocol::messages::Message;
use syncspace_protocol::notify::{Notice, NotifyReason};
use syncspace_protocol::personal::{ChannelPreferences, MutedUser, NotifyLevel, ThreadMembership, UserMute};
use syncspace_protocol::preferences::Preferences;
use syncspace_protocol::reminders::{Reminder, ReminderState};
use syncspace_protocol::socket::{Event as StreamEvent, EventBody};
use syncspace_protocol::status::ChosenPresence;
use syncspace_protocol::sync::Change;
use syncspace_protocol::{ChannelId, ReminderId, Seq, StreamId, TeamId, Time, TimeZoneName, UserId};

use super::layout;
use super::message::Effect;
use super::state::State;
use super::text;
use super::world::{ChannelState, World};

pub(crate) use counts::{counts, elsewhere, title};
pub(crate) use hooks::settle_link;

/// More at once are told as a number: nobody reads them one by one.
const NOTICES_AT_ONCE_MAX: usize = 3;
/// Messages that are remembered, for keywords that are found in them a moment later.
const RECENT_MESSAGES_MAX: usize = 64;
/// Longest text of a notice, in columns.
const BODY_COLUMNS_MAX: usize = 200;
/// Notices that are remembered, to be taken back when their message was read.
const SHOWN_MAX: usize = 64;
/// Threads asked about at one time.
const THREADS_ASKED_MAX: usize = 8;

/// What a channel had before the connection broke.
#[derive(Debug, Clone, Copy)]
struct Before {
    unread: Unread,
    /// Messages of it that the person was told of since.
    told: u32,
}

/// Something that the person is told, safe for any terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) title: String,
    pub(crate) body: String,
    /// The message that it is about, where it is one.
    pub(crate) place: Option<NoticePlace>,
}

/// The channel of a message that the person was told of, and its place there.
pub(crate) type NoticePlace = (ChannelId, Seq);

/// What decides of what the person is told.
#[derive(Debug, Default)]
pub(crate) struct NotifyBook {
    preferences: Preferences,
    muted: HashSet<(TeamId, UserId)>,
    threads: Option<ThreadBook>,
    asked: HashSet<ThreadKey>,
    /// The newest message of each channel that was heard of: everything up to it is history.
    heard: HashMap<ChannelId, Seq>,
    /// New messages that were not looked at yet.
    fresh: Vec<Message>,
    recent: VecDeque<(Message, bool)>,
    /// When each reminder came that the person was told of.
    reminded: HashMap<ReminderId, Time>,
    due: Vec<Told>,
    /// What channels of which nothing is loaded had before the connection broke: what they missed is only counted.
    before: HashMap<ChannelId, Before>,
    /// Messages that the person was told of and has not read.
    shown: VecDeque<NoticePlace>,
    /// Where that is of which the person was told last.
    pub(crate) told_in: Option<ChannelId>,
    /// Whether the connection was there when it was looked at last.
    pub(crate) was_online: bool,
}

impl NotifyBook {
    /// Starts with a connection: what the account wants, and who it is.
    pub(crate) fn connect(&mut self, me: UserId, preferences: Preferences, is_same: bool) {
        if !is_same {
            *self = Self { was_online: self.was_online, ..Self::default() };
        }
        self.preferences = preferences;
        self.threads.get_or_insert_with(|| ThreadBook::new(me));
    }

    /// Counts the changes of the person's keywords.
    pub(crate) const fn keywords_rev(&self) -> u32 {
        self.preferences.keywords_rev
    }

    /// Tells whether everything that was heard was looked at.
    #[cfg(test)]
    pub(crate) const fn is_settled(&self) -> bool {
        self.fresh.is_empty()
    }

    /// Notes how far a channel goes where nothing of it was heard: that is history.
    pub(crate) fn know(&mut self, channel_id: ChannelId, last_seq: Seq) {
        self.heard.entry(channel_id).or_insert(last_seq);
    }

    pub(crate) fn put_muted(&mut self, team_id: TeamId, people: &[MutedUser]) {
        self.muted.retain(|(team, _)| *team != team_id);
        self.muted.extend(people.iter().map(|muted| (team_id, muted.user.id)));
    }

    pub(crate) fn put_thread(&mut self, thread: ThreadMembership) {
        self.asked.remove(&(thread.channel_id, thread.root_seq));
        if let Some(threads) = &mut self.threads {
            threads.put(thread);
        }
    }

    /// Takes the answer that a thread is none of this person's.
    pub(crate) fn put_stranger(&mut self, key: ThreadKey, as_of: syncspace_protocol::Rev) {
        self.asked.remove(&key);
        if let Some(threads) = &mut self.threads {
            threads.put_stranger(key.0, key.1, as_of);
        }
    }

    /// Notes that nothing came of asking: it is asked again after the next connection.
    pub(crate) fn forget_asked(&mut self) {
        self.asked.clear();
    }

    /// Gives threads to ask about, each once.
    pub(crate) fn threads_to_ask(&mut self) -> Vec<ThreadKey> {
        let Some(threads) = &self.threads else { return Vec::new() };
        let room = THREADS_ASKED_MAX.saturating_sub(self.asked.len());
        let unsure = threads.unsure().filter(|key| threads.standing(*key).is_none() && !self.asked.contains(key));
        let new: Vec<ThreadKey> = unsure.take(room).collect();
        self.asked.extend(&new);
        new
    }

    /// Gives how the person stands to a thread.
    pub(crate) fn standing(&self, key: ThreadKey) -> Option<ThreadMembership> {
        self.threads.as_ref()?.standing(key)
    }

    /// Gives what is unread in a thread that the person follows.
    pub(crate) fn thread_unread(&self, key: ThreadKey) -> Option<Unread> {
        self.threads.as_ref()?.unread(key)
    }

    fn put_mute(&mut self, team_id: TeamId, mute: UserMute) {
        if mute.is_muted {
            self.muted.insert((team_id, mute.user_id));
        } else {
            self.muted.remove(&(team_id, mute.user_id));
        }
    }

    /// Takes a message that an event brought. `is_live` tells it from those that were missed and came later.
    pub(crate) fn hear(&mut self, message: &Message, is_live: bool) {
        let before = self.heard.get(&message.channel_id).copied();
        let is_news = before.map_or(is_live, |heard| message.seq > heard);
        let heard = before.map_or(message.seq, |heard| heard.max(message.seq));
        self.heard.insert(message.channel_id, heard);
        if is_news {
            self.fresh.push(message.clone());
        }
    }
}

/// Notes, as a connection comes back, what the channels had of which it will not bring what was missed.
pub(crate) fn come_back(state: &mut State) {
    let uncaught = |channel: &&ChannelState| channel.is_joined() && channel.timeline().is_none();
    let known = |channel: &&ChannelState| state.notify.heard.contains_key(&channel.channel.id);
    let before = state.world.channels.values().filter(uncaught).filter(known);
    let before = before.map(|channel| {
        let unread = state.world.unread(channel.channel.id);
        (channel.channel.id, Before { unread, told: 0 })
    });
    state.notify.before = before.collect();
}

/// Tells how often the person was called in a channel while the connection was away, once, where nothing more is known of it.
pub(crate) fn count_missed(state: &mut State, mine: &MyChannel) {
    let channel_id = mine.channel.id;
    state.notify.know(channel_id, mine.head.last_seq);
    let Some(before) = state.notify.before.remove(&channel_id) else { return };
    let Some(ChannelMembership { read, preferences, .. }) = mine.membership else { return };
    let usual = match mine.channel.kind {
        ChannelKind::Direct | ChannelKind::Group => NotifyLevel::All,
        ChannelKind::Public | ChannelKind::Private => state.notify.preferences.notify.unwrap_or(NotifyLevel::Mentions),
    };
    let level = preferences.notify.unwrap_or(usual);
    let counts_all = level == NotifyLevel::All;
    let (was, is) = if counts_all {
        (before.unread.messages, read.unread_count)
    } else {
        (before.unread.mentions, read.mention_count)
    };
    let missed = is.saturating_sub(was).saturating_sub(before.told);
    let heard = state.notify.heard.entry(channel_id).or_insert(mine.head.last_seq);
    *heard = (*heard).max(mine.head.last_seq);
    if missed == 0 || preferences.is_muted || level == NotifyLevel::None || is_quiet(state) {
        return;
    }
    let label = state.world.channel_label(&mine.channel);
    let noun = match (counts_all, missed) {
        (true, 1) => "new message",
        (true, _) => "new messages",
        (false, 1) => "mention",
        (false, _) => "mentions",
    };
    let title = text::cut(&format!("{missed} {noun} in {label}"), BODY_COLUMNS_MAX);
    state.notify.due.push(Told { title, body: "while the connection was away".to_owned(), place: None });
}

/// Learns from an event what the person wants.
pub(crate) fn learn(state: &mut State, event: &StreamEvent, team_id: Option<TeamId>) {
    if let Some(threads) = &mut state.notify.threads {
        threads.take(event);
    }
    match &event.body {
        EventBody::MyAccount { preferences, .. } => state.notify.preferences = (**preferences).clone(),
        EventBody::MyChannelPreferences { channel_id, preferences } => {
            want(&mut state.world, *channel_id, *preferences)
        }
        EventBody::MyUserMute { mute } => {
            if let Some(team_id) = team_id {
                state.notify.put_mute(team_id, *mute);
            }
        }
        EventBody::MyReminder { reminder } => remind(state, reminder),
        EventBody::MyKeywordMentions { channel_id, added, .. } => call_again(state, *channel_id, added),
        EventBody::Changes { items, .. } if matches!(event.stream, Some(StreamId::Member(_))) => {
            for item in items {
                match item {
                    Change::MyChannelPreferences { channel_id, preferences } => {
                        want(&mut state.world, *channel_id, *preferences);
                    }
                    Change::MyReminder { reminder } => remind(state, reminder),
                    Change::MyUserMute { mute } => {
                        if let Some(team_id) = team_id {
                            state.notify.put_mute(team_id, *mute);
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn want(world: &mut World, channel_id: ChannelId, preferences: ChannelPreferences) {
    let membership = world.channels.get_mut(&channel_id).and_then(|channel| channel.membership.as_mut());
    if let Some(membership) = membership.filter(|membership| membership.preferences.rev <= preferences.rev) {
        membership.preferences = preferences;
    }
}

/// Takes a reminder: one whose time has come is told once, and stands in the bottom line also in quiet times.
fn remind(state: &mut State, reminder: &Reminder) {
    if reminder.state != ReminderState::Due {
        state.notify.reminded.remove(&reminder.id);
        return;
    }
    if state.notify.reminded.insert(reminder.id, reminder.remind_at) == Some(reminder.remind_at) {
        return;
    }
    let place = place(state, reminder.channel_id);
    let title = if place.is_empty() { "Reminder".to_owned() } else { format!("Reminder of a message in {place}") };
    let body = reminder.note.as_deref().map(text::line).unwrap_or_default();
    let words = if body.is_empty() { format!("{title}.") } else { format!("{title}: {body}") };
    state.say(words);
    if !is_quiet(state) {
        state.notify.told_in = Some(reminder.channel_id);
        state.notify.due.push(Told { title, body: text::cut(&body, BODY_COLUMNS_MAX), place: None });
    }
}

fn is_quiet(state: &State) -> bool {
    let me = state.world.me.as_ref();
    let zone = me.and_then(|me| me.time_zone.as_ref()).map_or(jiff::tz::TimeZone::UTC, TimeZoneName::zone);
    me.is_some_and(|me| me.chosen_presence == Some(ChosenPresence::Dnd))
        || state.notify.preferences.is_quiet(state.now, &zone)
}

/// Has messages looked at again in which a keyword of the person was found, unless they were told already.
fn call_again(state: &mut State, channel_id: ChannelId, seqs: &[Seq]) {
    let Some(me) = state.world.my_id() else { return };
    let of_these = |(message, is_told): &&mut (Message, bool)| {
        message.channel_id == channel_id && seqs.contains(&message.seq) && !*is_told
    };
    for (message, _) in state.notify.recent.iter_mut().filter(|held| of_these(held)) {
        message.mentions.users.push(me);
        state.notify.fresh.push(message.clone());
    }
    // A message that was not looked at yet is called by name from the start.
    let fresh = state.notify.fresh.iter_mut();
    for message in fresh.filter(|message| message.channel_id == channel_id && seqs.contains(&message.seq)) {
        if !message.mentions.users.contains(&me) {
            message.mentions.users.push(me);
        }
    }
}

/// Tells the person, and the person's programs, of what is new.
pub(crate) fn settle(state: &mut State, seen: Option<(ChannelId, Seq)>, effects: &mut Vec<Effect>) {
    let fresh = std::mem::take(&mut state.notify.fresh);
    let mut told = Vec::new();
    for message in fresh {
        let reason = reason(state, &message);
        let is_again = state.notify.recent.iter().any(|(held, _)| is_same(held, &message));
        if !is_again || reason == Some(NotifyReason::Mention) {
            hooks::of_message(state, &message, reason, is_again, effects);
        }
        let is_in_log = seen.is_some_and(|(channel, seq)| channel == message.channel_id && seq >= message.seq);
        let is_seen = state.is_focused && (is_in_log || is_in_thread(state, &message));
        let is_read = state.world.book.as_ref().and_then(|book| book.read_up_to(message.channel_id));
        let is_due = reason.is_some() && !is_seen && is_read.is_none_or(|read| read < message.seq);
        if let Some(reason) = reason.filter(|_| is_due) {
            if let Some(before) = state.notify.before.get_mut(&message.channel_id) {
                before.told += 1;
            }
            told.push(words(state, &message, reason));
            state.notify.told_in = Some(message.channel_id);
        }
        remember(&mut state.notify, message, is_due || is_seen);
    }
    if told.len() > NOTICES_AT_ONCE_MAX {
        let title = format!("{} new messages", told.len());
        let last = told.pop();
        let place = last.as_ref().and_then(|last| last.place);
        told = vec![Told { title, body: last.map(|last| last.title).unwrap_or_default(), place }];
    }
    withdraw(state, effects);
    state.notify.shown.extend(told.iter().filter_map(|told| told.place));
    let due = std::mem::take(&mut state.notify.due);
    effects.extend(due.into_iter().chain(told).map(Effect::Tell));
}

/// Takes back what the person was told of messages that are read now, here or elsewhere.
fn withdraw(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(book) = &state.world.book else { return };
    let shown = &mut state.notify.shown;
    while shown.len() > SHOWN_MAX {
        shown.pop_front();
    }
    shown.retain(|&(channel_id, seq)| {
        let is_read = book.read_up_to(channel_id).is_some_and(|read| read >= seq);
        if is_read {
            effects.push(Effect::Withdraw((channel_id, seq)));
        }
        !is_read
    });
}

/// Tells whether a message is on the screen in the open thread, with nothing above it.
fn is_in_thread(state: &State, message: &Message) -> bool {
    let thread = state.chat.thread.as_ref().filter(|_| state.modal.is_none());
    let thread =
        thread.filter(|thread| Some(thread.root) == message.parent_seq && thread.channel_id == message.channel_id);
    let Some((thread, pane)) = thread.zip(layout::areas(state).thread) else { return false };
    let Some(timeline) = &thread.timeline else { return false };
    let (columns, height) = (pane.messages.width, usize::from(pane.messages.height));
    let unsent = state.unsent_rows(columns, true);
    let seen = state.with_rows(columns, true, |context| timeline.seen(context, height, &unsent));
    seen.is_some_and(|(_, last)| last >= message.seq)
}

fn is_same(one: &Message, other: &Message) -> bool {
    (one.channel_id, one.seq) == (other.channel_id, other.seq)
}

fn remember(book: &mut NotifyBook, message: Message, is_told: bool) {
    if let Some(held) = book.recent.iter_mut().find(|(held, _)| is_same(held, &message)) {
        held.1 |= is_told;
        return;
    }
    if book.recent.len() >= RECENT_MESSAGES_MAX {
        book.recent.pop_front();
    }
    book.recent.push_back((message, is_told));
}

fn reason(state: &State, message: &Message) -> Option<NotifyReason> {
    let me = state.world.me.as_ref()?;
    let channel = state.world.channels.get(&message.channel_id)?;
    let membership = channel.membership?;
    let key = message.parent_seq.map(|root| (message.channel_id, root));
    let thread = key.and_then(|key| state.notify.threads.as_ref()?.standing(key));
    let notice = Notice {
        me: me.id,
        message,
        kind: channel.channel.kind,
        channel: &membership.preferences,
        is_sender_muted: state.notify.muted.contains(&(channel.channel.team_id, message.sender_id)),
        thread: thread.as_ref(),
        preferences: &state.notify.preferences,
        presence: me.chosen_presence.unwrap_or_default(),
        time_zone: me.time_zone.as_ref(),
        now: state.now,
    };
    notice.reason()
}

fn words(state: &State, message: &Message, reason: NotifyReason) -> Told {
    let sender = state.world.name(message.sender_id);
    let place = place(state, message.channel_id);
    let is_direct = state
        .world
        .channels
        .get(&message.channel_id)
        .is_some_and(|channel| channel.channel.kind == ChannelKind::Direct);
    let title = match reason {
        _ if is_direct => sender,
        NotifyReason::Thread => format!("{sender} in a thread of {place}"),
        NotifyReason::Mention | NotifyReason::Message => format!("{sender} in {place}"),
    };
    let first = message.content.lines().find(|line| !line.trim().is_empty());
    let first = first.map_or_else(|| text::files(message), text::line);
    let body = if state.settings.notifies_text { first } else { "a new message".to_owned() };
    Told {
        title: text::cut(&title, BODY_COLUMNS_MAX),
        body: text::cut(&body, BODY_COLUMNS_MAX),
        place: Some((message.channel_id, message.seq)),
    }
}

fn place(state: &State, channel_id: ChannelId) -> String {
    let channel = state.world.channels.get(&channel_id);
    channel.map(|channel| state.world.channel_label(&channel.channel)).unwrap_or_default()
}
