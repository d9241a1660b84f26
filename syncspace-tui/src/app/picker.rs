//! A list above the chat from which one thing is chosen: what to do with a message, an emoji, a link, a time, a channel.

use std::collections::HashMap;

use syncspace_protocol::messages::{Message, MessagePlace};
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::{ChannelId, ScheduledId, Time, UserId};

use super::action::{self, Action};
use super::composer::DraftKey;
use super::line_input::LineInput;
use super::markdown::CodeText;
use super::state::State;
use super::world::ChannelState;
use super::{on_message, posting, text, when};

/// Most entries that are listed.
const CHOICES_MAX: usize = 60;
/// Names of people that are listed beside a reaction.
const NAMES_MAX: usize = 8;

/// What is chosen from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What can be done to the selected message.
    Menu,
    Emoji(MessagePlace),
    OpenLink(Vec<String>),
    CopyLink(Vec<String>),
    CopyCode(Vec<CodeText>),
    Remind(MessagePlace),
    Forward(MessagePlace),
    Schedule(DraftKey),
    /// Another time for a scheduled message.
    Reschedule(ScheduledId),
}

/// A list that is open.
#[derive(Debug)]
pub(crate) struct Picker {
    pub(crate) kind: Kind,
    pub(crate) input: LineInput,
    pub(crate) chosen: usize,
    /// Everybody who reacted, where that was read.
    pub(crate) who: HashMap<Emoji, Vec<UserId>>,
}

/// What an entry stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pick {
    Action(Action),
    React(Emoji),
    Open(String),
    CopyUrl(String),
    CopyCode(String),
    At(Time),
    /// Remind then, with a note.
    Remind(Time, Option<String>),
    Channel(ChannelId),
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) about: String,
    /// Whether it cannot be chosen; `about` says why.
    pub(crate) is_dim: bool,
    pub(crate) pick: Pick,
}

impl Picker {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, input: LineInput::default(), chosen: 0, who: HashMap::new() }
    }

    /// Tells whether text is typed in it; elsewhere keys choose.
    pub(crate) const fn is_typed(&self) -> bool {
        matches!(
            self.kind,
            Kind::Emoji(_) | Kind::Remind(_) | Kind::Forward(_) | Kind::Schedule(_) | Kind::Reschedule(_)
        )
    }

    pub(crate) const fn title(&self) -> &'static str {
        match self.kind {
            Kind::Menu => "This message",
            Kind::Emoji(_) => "React with",
            Kind::OpenLink(_) => "Open a link",
            Kind::CopyLink(_) => "Copy a link",
            Kind::CopyCode(_) => "Copy code",
            Kind::Remind(_) => "Remind me: choose, or type a time and a note",
            Kind::Forward(_) => "Forward to",
            Kind::Schedule(_) | Kind::Reschedule(_) => "Send later: choose, or type a time",
        }
    }

    pub(crate) const fn nothing(&self) -> &'static str {
        match self.kind {
            Kind::Emoji(_) => "No emoji of that name.",
            Kind::Remind(_) | Kind::Schedule(_) | Kind::Reschedule(_) => {
                "Not a time to come: try 20m, 2h, 14:30, fri 9:00."
            }
            Kind::Forward(_) => "No channel of that name.",
            Kind::Menu | Kind::OpenLink(_) | Kind::CopyLink(_) | Kind::CopyCode(_) => "Nothing.",
        }
    }
}

/// Gives what can be chosen now.
pub(crate) fn choices(state: &State, picker: &Picker) -> Vec<Choice> {
    let typed = picker.input.text().trim().to_lowercase();
    match &picker.kind {
        Kind::Menu => menu(state),
        Kind::Emoji(place) => emoji(state, picker, *place, typed.trim_matches(':')),
        Kind::OpenLink(urls) => numbered(urls.iter().map(|url| (url.clone(), Pick::Open(url.clone())))),
        Kind::CopyLink(urls) => numbered(urls.iter().map(|url| (url.clone(), Pick::CopyUrl(url.clone())))),
        Kind::CopyCode(codes) => {
            numbered(codes.iter().map(|code| (code_label(code), Pick::CopyCode(code.text.clone()))))
        }
        Kind::Remind(_) => reminders(state, picker.input.text()),
        Kind::Schedule(_) | Kind::Reschedule(_) => times(state, picker.input.text()),
        Kind::Forward(_) => channels(state, typed.trim_start_matches(['#', '@'])),
    }
}

fn menu(state: &State) -> Vec<Choice> {
    let entry = |&action: &Action| {
        let info = action::ACTIONS.iter().find(|info| info.action == action)?;
        let obstacle = on_message::obstacle(state, action);
        Some(Choice {
            key: state.keys.map.first_label(action, action::scope::MESSAGES).unwrap_or_default(),
            label: label(state, info),
            about: obstacle.unwrap_or_default().to_owned(),
            is_dim: obstacle.is_some(),
            pick: Pick::Action(action),
        })
    };
    on_message::ON_MESSAGE.iter().filter_map(entry).collect()
}

/// Gives what an action does to this message: where it is pinned, the same key takes it off.
fn label(state: &State, info: &action::Info) -> String {
    let selected =
        state.selected().map(|(channel_id, message)| (MessagePlace { channel_id, seq: message.seq }, message));
    let label = match (info.action, selected) {
        (Action::Pin, Some((_, Message { pinned: Some(_), .. }))) => "Take off the pins of the channel",
        (Action::Save, Some((place, _))) if state.own.is_saved(place) => "Take off your saved messages",
        _ => info.help,
    };
    label.to_owned()
}

fn numbered(entries: impl Iterator<Item = (String, Pick)>) -> Vec<Choice> {
    let choice = |(at, (label, pick)): (usize, (String, Pick))| Choice {
        key: if at < 9 { (at + 1).to_string() } else { String::new() },
        label: text::line(&label),
        about: String::new(),
        is_dim: false,
        pick,
    };
    entries.enumerate().take(CHOICES_MAX).map(choice).collect()
}

fn code_label(code: &CodeText) -> String {
    let lines = code.text.lines().count();
    let first = code.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let language = if code.language.is_empty() { String::new() } else { format!("{} · ", code.language) };
    let noun = if lines == 1 { "line" } else { "lines" };
    format!("{language}{lines} {noun} · {first}")
}

/// Gives what the message has already, what was used last, and then everything of that name.
fn emoji(state: &State, picker: &Picker, place: MessagePlace, wanted: &str) -> Vec<Choice> {
    let message = state.message_at(place);
    let mut choices: Vec<Choice> = Vec::new();
    let mut push = |emoji: Emoji, about: String| {
        if choices.len() < CHOICES_MAX && !choices.iter().any(|choice| choice.pick == Pick::React(emoji.clone())) {
            let mark = if state.own.has_reacted(place, &emoji) { "✓" } else { "" };
            let (glyph, name) = (text::emoji(&emoji), emoji.as_str());
            let label = if glyph.starts_with(':') { glyph } else { format!("{glyph} {name}") };
            choices.push(Choice { key: mark.to_owned(), label, about, is_dim: false, pick: Pick::React(emoji) });
        }
    };
    for reaction in message.iter().flat_map(|message| message.reactions.iter()) {
        if reaction.emoji.as_str().contains(wanted) {
            let known = picker.who.get(&reaction.emoji).unwrap_or(&reaction.users);
            push(reaction.emoji.clone(), names(state, known, usize::try_from(reaction.count).unwrap_or(usize::MAX)));
        }
    }
    if wanted.is_empty() {
        state.own.recent().into_iter().for_each(|emoji| push(emoji, String::new()));
    }
    for emoji in find_emoji(wanted).take(CHOICES_MAX) {
        push(emoji, String::new());
    }
    choices
}

/// Gives emoji whose short name fits, those that begin with it first.
pub(crate) fn find_emoji(wanted: &str) -> impl Iterator<Item = Emoji> {
    let named = |is_fitting: fn(&str, &str) -> bool| {
        emojis::iter().filter_map(move |emoji| {
            let name = emoji.shortcodes().find(|name| is_fitting(name, wanted))?;
            name.parse::<Emoji>().ok()?.canonical()
        })
    };
    let begins = |name: &str, wanted: &str| name.starts_with(wanted);
    let contains = |name: &str, wanted: &str| !name.starts_with(wanted) && name.contains(wanted);
    named(begins).chain(named(contains))
}

fn names(state: &State, users: &[UserId], count: usize) -> String {
    let mut names: Vec<String> = users.iter().take(NAMES_MAX).map(|&id| state.world.name(id)).collect();
    let others = count.saturating_sub(names.len());
    if others > 0 {
        names.push(format!("{others} more"));
    }
    names.join(", ")
}

fn times(state: &State, typed: &str) -> Vec<Choice> {
    let entry = |(label, time): (String, Time)| Choice {
        key: String::new(),
        about: when::words(time, state.now, &state.zone),
        label,
        is_dim: false,
        pick: Pick::At(time),
    };
    if typed.trim().is_empty() {
        return when::offers(state.now, &state.zone).into_iter().map(entry).collect();
    }
    let time = when::parse(typed, state.now, &state.zone);
    time.map(|time| entry((text::line(typed.trim()), time))).into_iter().collect()
}

/// Gives times with what is typed as their note; a typed time comes before those that are offered.
fn reminders(state: &State, typed: &str) -> Vec<Choice> {
    let entry = |label: String, time: Time, note: Option<String>| {
        let at = when::words(time, state.now, &state.zone);
        let about = note.as_ref().map_or_else(|| at.clone(), |note| format!("{} · {at}", text::line(note)));
        Choice { key: String::new(), label, about, is_dim: false, pick: Pick::Remind(time, note) }
    };
    if let Some((time, note)) = when::split(typed, state.now, &state.zone) {
        let label = when::words(time, state.now, &state.zone);
        let about = note.as_deref().map(text::line).unwrap_or_default();
        return vec![Choice { about, ..entry(label, time, note) }];
    }
    let note = Some(typed.trim().to_owned()).filter(|note| !note.is_empty());
    let offers = when::offers(state.now, &state.zone).into_iter();
    offers.map(|(label, time)| entry(label, time, note.clone())).collect()
}

/// Gives the channels of the open team that fit, and that one may write in.
fn channels(state: &State, wanted: &str) -> Vec<Choice> {
    let Some(team_id) = state.chat.team else { return Vec::new() };
    let entry = |channel: &ChannelState| Choice {
        key: String::new(),
        label: state.world.channel_label(&channel.channel),
        about: String::new(),
        is_dim: false,
        pick: Pick::Channel(channel.channel.id),
    };
    let channels = state.world.joined_channels(team_id);
    let fits = |choice: &Choice| choice.label.to_lowercase().contains(wanted);
    let may_write = |channel: &&ChannelState| posting::obstacle(state, channel.channel.id).is_none();
    channels.into_iter().filter(may_write).map(entry).filter(fits).take(CHOICES_MAX).collect()
}
