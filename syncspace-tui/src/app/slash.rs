//! Commands that are typed where a message is: `/join random`. Each stands for an action, or for one call of the server.

use syncspace_protocol::auth::Secret;
use syncspace_protocol::channels::{ChannelKind, EditChannel};
use syncspace_protocol::commands::{RunCommand, SlashCommand};
use syncspace_protocol::messages::MessagePlace;
use syncspace_protocol::personal::EditChannelPreferences;
use syncspace_protocol::preferences::EditPreferences;
use syncspace_protocol::reminders::CreateReminder;
use syncspace_protocol::scheduled::ScheduleMessage;
use syncspace_protocol::status::{ChosenPresence, EditStatus};
use syncspace_protocol::users::{Person, User};
use syncspace_protocol::{ChannelId, Email, Patch, Time};

use super::action::Action;
use super::composer::DraftKey;
use super::deed::Deed;
use super::look::Theme;
use super::others::Mark;
use super::paths::Named;
use super::state::State;
use super::switcher::Target;
use super::{posting, text, when};

/// What a command comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Comes {
    Do(Deed),
    Act(Action),
    Go(Target),
    /// Look for messages.
    Find(String),
    Look(Theme),
    /// Say this at the bottom.
    Say(String),
    /// Send files of this machine, as many of these as there are.
    Upload(Named),
    /// Send files of this machine then.
    UploadLater(Named, Time),
}

/// One command.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// What follows the name.
    pub(crate) usage: &'static str,
    pub(crate) about: &'static str,
    make: fn(&State, &str) -> Result<Comes, String>,
}

const fn command(
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    make: fn(&State, &str) -> Result<Comes, String>,
) -> Command {
    Command { name, usage, about, make }
}

/// Every command, in the order of their names.
pub(crate) static COMMANDS: &[Command] = &[
    command("account", "[2 | name | add]", "Go to another account", account),
    command("away", "", "Show that you are away", |_, _| Ok(presence(ChosenPresence::Away))),
    command("back", "", "Show that you are here again", |_, _| Ok(presence(ChosenPresence::Online))),
    command("dnd", "[20m | off]", "Do not disturb, for a time", dnd),
    command("drafts", "", "What you typed and did not send", |_, _| Ok(Comes::Act(Action::Drafts))),
    command("email", "[ADDRESS | off]", "Show or change your e-mail address", email),
    command("files", "", "Files that messages carry", |_, _| Ok(Comes::Act(Action::Files))),
    command("help", "", "Which keys do what", |_, _| Ok(Comes::Act(Action::Help))),
    command("invite", "[@name]", "Add somebody to this channel, or to the team", invite),
    command("join", "#channel", "Join a channel", join),
    command("later", "TIME [/upload FILE…] TEXT", "Send a message later", later),
    command("leave", "", "Leave this channel", |_, _| Ok(Comes::Act(Action::LeaveChannel))),
    command("mentions", "", "Messages that call you", |_, _| Ok(Comes::Act(Action::Mentions))),
    command("msg", "@name", "Write to a person", msg),
    command("mute", "", "Be notified of nothing in this channel", |state, _| mute(state, true)),
    command("quit", "", "Leave SyncSpace", |_, _| Ok(Comes::Act(Action::Quit))),
    command("remind", "TIME [NOTE]", "Be reminded of the newest message here", remind),
    command("said", "", "What was said at the bottom, once more", |_, _| Ok(Comes::Act(Action::Said))),
    command("saved", "", "Messages you saved", |_, _| Ok(Comes::Act(Action::Saved))),
    command("scheduled", "", "Messages that are sent later", |_, _| Ok(Comes::Act(Action::Scheduled))),
    command("search", "WORDS", "Search; from: in: before: has: narrow it", |_, rest| {
        Ok(if rest.is_empty() { Comes::Act(Action::Search) } else { Comes::Find(rest.to_owned()) })
    }),
    command("status", "[:emoji:] [text]", "Say what you do; empty takes it back", status),
    command("theme", "[NAME]", "Choose a theme", theme),
    command("threads", "", "Threads you follow", |_, _| Ok(Comes::Act(Action::Threads))),
    command("topic", "TEXT", "Say what this channel is about right now", topic),
    command("unmute", "", "Be notified again", |state, _| mute(state, false)),
    command(UPLOAD, "FILE… [TEXT]", "Send files of this machine; Tab completes", upload),
    command("verify", "CODE", "Confirm your e-mail address by the mailed code", verify),
];

/// The command whose text may have several lines.
const UPLOAD: &str = "upload";

/// Tells whether a draft is meant as a command: one line that begins with a slash and a word, as no path does.
pub(crate) fn is_command(draft: &str) -> bool {
    let name = draft.split_whitespace().next().and_then(|first| first.strip_prefix('/'));
    (!draft.trim_end().contains('\n') || name.is_some_and(|name| name.eq_ignore_ascii_case(UPLOAD)))
        && draft.starts_with('/')
        && name
            .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(is_of_name))
}

/// Tells whether the name of a command may have this.
const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Gives what a command comes to; else what is wrong with it.
pub(crate) fn read(state: &State, draft: &str) -> Result<Comes, String> {
    let typed = draft.trim().trim_start_matches('/');
    let (name, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let name = name.to_lowercase();
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        if let Some(command) = of_team(state).find(|command| command.name.as_str() == name) {
            let run = RunCommand { name: command.name.clone(), text: rest.trim().to_owned() };
            return Ok(Comes::Do(Deed::RunCommand { channel_id: open(state)?, run }));
        }
        return Err(format!("There is no command /{}. A blank before it makes it text.", text::line(&name)));
    };
    (command.make)(state, rest.trim())
}

/// Gives the commands of the open team. One that is called like one of ours is hidden by it.
pub(crate) fn of_team(state: &State) -> impl Iterator<Item = &SlashCommand> {
    state.chat.team.and_then(|team| state.world.commands.get(&team)).into_iter().flatten()
}

/// Reads which account is meant: its number, its name, its server, or both.
fn account(state: &State, rest: &str) -> Result<Comes, String> {
    match rest {
        "" | "list" => return Ok(Comes::Act(Action::Accounts)),
        "add" => return Ok(Comes::Act(Action::AddAccount)),
        "remove" => return Ok(Comes::Act(Action::LogOut)),
        _ => {}
    }
    let number = rest.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let is_meant = |mark: &&Mark| {
        let names = [mark.name.clone().unwrap_or_default(), mark.host.clone(), mark.label()];
        names.iter().any(|name| name.eq_ignore_ascii_case(rest.trim_start_matches('@')))
    };
    let marks = &state.others.marks;
    let found = number.and_then(|at| marks.get(at)).or_else(|| marks.iter().find(is_meant));
    found.map(|mark| Comes::Go(Target::Account(mark.no))).ok_or_else(|| {
        format!("There is no account {} here. /account lists them, /account add begins one.", text::line(rest))
    })
}

fn upload(state: &State, rest: &str) -> Result<Comes, String> {
    let channel_id = open(state)?;
    if let Some(why) = posting::obstacle(state, channel_id) {
        return Err(format!("Not sent: {why}."));
    }
    let usage = "Name a file, in quotes where it has blanks: /upload 'my plan.pdf' for tomorrow.";
    Named::read(rest).map(Comes::Upload).ok_or_else(|| usage.to_owned())
}

fn theme(_: &State, rest: &str) -> Result<Comes, String> {
    if rest.is_empty() {
        return Ok(Comes::Act(Action::Theme));
    }
    let names: Vec<&str> = Theme::ALL.iter().map(|(_, name, _)| *name).collect();
    Theme::named(rest).map(Comes::Look).ok_or_else(|| format!("A theme is one of {}.", names.join(", ")))
}

fn presence(presence: ChosenPresence) -> Comes {
    Comes::Do(Deed::SetStatus(EditStatus { presence: Some(presence), ..EditStatus::default() }))
}

fn dnd(state: &State, rest: &str) -> Result<Comes, String> {
    let paused_until = match rest {
        "" => return Ok(presence(ChosenPresence::Dnd)),
        "off" => Patch::Clear,
        rest => Patch::Set(time(state, rest)?),
    };
    Ok(Comes::Do(Deed::Prefer(EditPreferences { paused_until, ..EditPreferences::default() })))
}

fn time(state: &State, typed: &str) -> Result<Time, String> {
    when::parse(typed, state.now, &state.zone).ok_or_else(not_a_time)
}

fn not_a_time() -> String {
    "That is not a time to come: try 20m, 2h, 14:30, fri 9:00.".to_owned()
}

fn open(state: &State) -> Result<ChannelId, String> {
    state.chat.open.ok_or_else(|| "No channel is open.".to_owned())
}

/// Finds a person of the open team by name.
fn person<'a>(state: &'a State, typed: &str) -> Result<&'a Person, String> {
    let name = typed.trim_start_matches('@');
    let team = state.chat.team.and_then(|id| state.world.teams.get(&id));
    let members = team.into_iter().flat_map(|team| team.members.keys());
    members
        .filter_map(|id| state.world.people.get(id))
        .find(|person| person.username.as_str().eq_ignore_ascii_case(name))
        .ok_or_else(|| format!("Nobody in this team is called {}.", text::line(name)))
}

fn invite(state: &State, rest: &str) -> Result<Comes, String> {
    if rest.is_empty() {
        return Ok(Comes::Act(Action::Invite));
    }
    Ok(Comes::Do(Deed::AddPerson { channel_id: open(state)?, user_id: person(state, rest)?.id }))
}

fn join(state: &State, rest: &str) -> Result<Comes, String> {
    let name = rest.trim_start_matches('#');
    let of_team = state.world.channels.values().filter(|channel| Some(channel.channel.team_id) == state.chat.team);
    let is_called = |channel: &&super::world::ChannelState| {
        channel.channel.name.as_ref().is_some_and(|called| called.as_str().eq_ignore_ascii_case(name))
    };
    match of_team.filter(|channel| channel.channel.kind == ChannelKind::Public || channel.is_joined()).find(is_called) {
        Some(channel) if channel.is_joined() => Ok(Comes::Go(Target::Channel(channel.channel.id))),
        Some(channel) => Ok(Comes::Go(Target::Join(channel.channel.id))),
        None => Err(format!("There is no channel {} here.", text::line(name))),
    }
}

fn msg(state: &State, rest: &str) -> Result<Comes, String> {
    let user_id = person(state, rest)?.id;
    let team_id = state.chat.team.ok_or_else(|| "No team is open.".to_owned())?;
    let joined = state.world.joined_channels(team_id);
    let known = joined.iter().find(|channel| state.world.partner(&channel.channel) == Some(user_id));
    Ok(Comes::Go(known.map_or(Target::Person(team_id, user_id), |channel| Target::Channel(channel.channel.id))))
}

fn mute(state: &State, is_muted: bool) -> Result<Comes, String> {
    let edit = EditChannelPreferences { is_muted: Some(is_muted), ..EditChannelPreferences::default() };
    Ok(Comes::Do(Deed::PreferChannel { channel_id: open(state)?, edit }))
}

fn topic(state: &State, rest: &str) -> Result<Comes, String> {
    let topic = if rest.is_empty() { Patch::Clear } else { Patch::Set(rest.to_owned()) };
    Ok(Comes::Do(Deed::EditChannel { channel_id: open(state)?, edit: EditChannel { topic, ..EditChannel::default() } }))
}

fn email(state: &State, rest: &str) -> Result<Comes, String> {
    match rest {
        "" => Ok(Comes::Say(state.world.me.as_ref().map(address_words).unwrap_or_default())),
        "off" => Ok(Comes::Do(Deed::EditEmail(None))),
        "again" => Ok(Comes::Do(Deed::SendEmailCode)),
        address => {
            let parsed = address.parse().map_err(|_| format!("{} is no e-mail address.", text::line(address)))?;
            Ok(Comes::Do(Deed::EditEmail(Some(parsed))))
        }
    }
}

/// Says what address an account has, and what is to be done about it.
pub(crate) fn address_words(user: &User) -> String {
    let line = |email: &Email| text::line(email.as_str());
    match (&user.email_pending, &user.email, user.email_verified_at) {
        (Some(pending), _, _) => format!("{} counts once you type /verify and the code mailed to it.", line(pending)),
        (None, Some(email), Some(_)) => format!("{} is your address, and confirmed.", line(email)),
        (None, Some(email), None) => {
            format!("{} is your address, and not confirmed: /verify and the code; /email again mails one.", line(email))
        }
        (None, None, _) => "Your account has no e-mail address. /email ADDRESS gives it one.".to_owned(),
    }
}

fn verify(_: &State, rest: &str) -> Result<Comes, String> {
    if rest.is_empty() {
        return Err("Type the code from the mail behind it.".to_owned());
    }
    Ok(Comes::Do(Deed::VerifyEmail(Secret(rest.to_owned()))))
}

fn status(_: &State, rest: &str) -> Result<Comes, String> {
    let named = rest.strip_prefix(':').and_then(|rest| rest.split_once(':'));
    let (emoji, said) = match named {
        Some((name, said)) => {
            let emoji = name.parse().map_err(|_| format!("There is no emoji :{}:.", text::line(name)))?;
            (Patch::Set(emoji), said.trim())
        }
        None => (Patch::Clear, rest),
    };
    let said = if said.is_empty() { Patch::Clear } else { Patch::Set(said.to_owned()) };
    Ok(Comes::Do(Deed::SetStatus(EditStatus { text: said, emoji, ..EditStatus::default() })))
}

fn remind(state: &State, rest: &str) -> Result<Comes, String> {
    let (remind_at, note) = when::split(rest, state.now, &state.zone).ok_or_else(not_a_time)?;
    let channel = state.open_channel().ok_or_else(|| "No channel is open.".to_owned())?;
    let newest = channel.timeline().and_then(|list| list.iter().rev().find(|message| message.deleted_at.is_none()));
    let newest = newest.ok_or_else(|| "There is no message here yet.".to_owned())?;
    let MessagePlace { channel_id, seq } = MessagePlace { channel_id: newest.channel_id, seq: newest.seq };
    let reminder = CreateReminder { channel_id, seq, remind_at, note };
    Ok(Comes::Do(Deed::Remind { team_id: channel.channel.team_id, reminder }))
}

/// Takes as many words for the time as make one: `later fri 9:00 good morning`.
fn later(state: &State, rest: &str) -> Result<Comes, String> {
    let (send_at, content) = when::split(rest, state.now, &state.zone)
        .and_then(|(send_at, content)| Some((send_at, content?)))
        .ok_or_else(|| "Write a time and then the message: /later 14:30 good afternoon.".to_owned())?;
    if let Some(files) = of_upload(&content) {
        let usage = "Name a file, in quotes where it has blanks: /later 14:30 /upload 'my plan.pdf' for tomorrow.";
        let named = Named::read(files).ok_or_else(|| usage.to_owned())?;
        return Ok(Comes::UploadLater(named, send_at));
    }
    let key = state.draft_key();
    let parent_message_id = match (key, &state.chat.thread) {
        (Some(DraftKey::Thread(..)), Some(thread)) => Some(thread.root_id),
        _ => None,
    };
    let channel = state.open_channel().ok_or_else(|| "No channel is open.".to_owned())?;
    let message =
        ScheduleMessage { channel_id: channel.channel.id, content, files: Vec::new(), parent_message_id, send_at };
    let draft = key.unwrap_or(DraftKey::Channel(channel.channel.id));
    // Its draft is the command, which has gone by then.
    let (typed, paths) = (String::new(), Vec::new());
    Ok(Comes::Do(Deed::Schedule { team_id: channel.channel.team_id, message, draft, typed, paths }))
}

/// Gives what follows the command that sends files, where a text is that.
pub(crate) fn of_upload(text: &str) -> Option<&str> {
    let typed = text.strip_prefix('/')?;
    let (name, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    name.eq_ignore_ascii_case(UPLOAD).then(|| rest.trim())
}
