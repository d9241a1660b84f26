//! What the actions of the chat do.

use syncspace_protocol::channels::{ChannelKind, CreateChannel};
use syncspace_protocol::{ChannelId, TeamId};

use super::Effects;
use super::{link, messages};
use crate::app::action::Action;
use crate::app::composer::DraftKey;
use crate::app::entry::{self, Purpose};
use crate::app::layout::{self, SIDEBAR_MIN_COLUMNS};
use crate::app::message::Effect;
use crate::app::sidebar::{self, EntryId};
use crate::app::state::{Focus, Modal, State};
use crate::app::switcher::{Switcher, Target};
use crate::app::world::Log;

/// "Typing" is told at most that often, in milliseconds, as the protocol says.
const TYPING_EVERY_MS: i64 = 3_000;

pub(super) fn act(state: &mut State, action: Action, effects: &mut Effects) {
    match action {
        Action::Help => state.modal = Some(Modal::Help { scroll: 0 }),
        Action::Quit => quit(state, effects),
        Action::Interrupt => ask_to_quit(state),
        Action::Switcher => state.modal = Some(Modal::Switcher(Switcher::default())),
        Action::Palette => state.modal = Some(Modal::Switcher(Switcher::with_text(">"))),
        Action::DirectMessage => state.modal = Some(Modal::Switcher(Switcher::with_text("@"))),
        Action::NextUnread => match sidebar::next_unread(state) {
            Some(channel_id) => open_channel(state, channel_id, effects),
            None => state.say("Nothing is unread."),
        },
        Action::NextChannel => open_some(state, sidebar::neighbour(state, true), effects),
        Action::PreviousChannel => open_some(state, sidebar::neighbour(state, false), effects),
        Action::LastChannel => open_some(state, state.chat.previous, effects),
        Action::ToggleSidebar => toggle_sidebar(state),
        Action::NextPane => move_focus(state, true),
        Action::PreviousPane => move_focus(state, false),
        Action::NewChannel => ask_channel(state),
        Action::LeaveChannel => ask_to_leave(state),
        Action::NewTeam => effects.push(Effect::FindTeams),
        Action::Invite => effects.extend(state.chat.team.map(Effect::CreateInvite)),
        Action::LogOut => {
            let lines = ["Your unsent drafts on this device will be gone.".to_owned()];
            state.modal = Some(Modal::Form(entry::question(Purpose::LogOut, "Log out?", &lines, "Log out")));
        }
        Action::Repaint => {
            effects.push(Effect::Repaint);
            // Who doubts the screen doubts the connection: do not wait for the next try.
            link::try_now(state, effects);
        }
        Action::Compose => focus_composer(state),
        Action::Up | Action::Down if state.chat.focus == Focus::Sidebar => {
            move_sidebar_cursor(state, action == Action::Down);
        }
        Action::Open => {
            if let Some(entry) = state.chat.sidebar_cursor {
                open_entry(state, entry, effects);
            }
        }
        other => messages::act(state, other, effects),
    }
}

pub(super) fn go_to(state: &mut State, target: Target, effects: &mut Effects) {
    match target {
        Target::Channel(channel_id) => open_channel(state, channel_id, effects),
        Target::Join(channel_id) => {
            let channel = state.world.channels.get(&channel_id);
            let label = channel.map(|channel| state.world.channel_label(&channel.channel)).unwrap_or_default();
            set_out(state, label);
            effects.push(Effect::JoinChannel(channel_id));
        }
        Target::Person(team_id, user_id) => {
            set_out(state, format!("@{}", state.world.name(user_id)));
            effects.push(Effect::CreateChannel { team_id, body: CreateChannel::Direct { user_id } });
        }
        Target::Team(team_id) => open_team(state, team_id, effects),
        Target::Action(action) => act(state, action, effects),
    }
}

/// Waits for a channel: from now on the composer is for it, and for nothing that was open before.
fn set_out(state: &mut State, label: String) {
    state.chat.arriving = Some(label);
    state.chat.thread = None;
    state.chat.focus = Focus::Composer;
}

/// Ends the wait: what was typed meanwhile goes to the channel that came, or waits for the next try.
pub(super) fn arrive(state: &mut State, channel_id: Option<ChannelId>) {
    if state.chat.arriving.take().is_none() {
        return;
    }
    if let Some(channel_id) = channel_id
        && let Some(typed) = state.chat.drafts.remove(&DraftKey::Arriving)
    {
        state.chat.drafts.entry(DraftKey::Channel(channel_id)).or_default().paste(&typed.text());
    }
}

pub(super) fn open_entry(state: &mut State, entry: EntryId, effects: &mut Effects) {
    match entry {
        EntryId::Team(team_id) => {
            open_team(state, team_id, effects);
            state.chat.focus = Focus::Sidebar;
            state.chat.sidebar_cursor = Some(entry);
        }
        EntryId::Channel(channel_id) => open_channel(state, channel_id, effects),
    }
}

fn open_some(state: &mut State, channel_id: Option<ChannelId>, effects: &mut Effects) {
    if let Some(channel_id) = channel_id {
        open_channel(state, channel_id, effects);
    }
}

/// Opens a team at the channel that was open in it before, or at its first one.
///
/// Not at an unread one: what a person did not choose to see must not count as read.
pub(super) fn open_team(state: &mut State, team_id: TeamId, effects: &mut Effects) {
    let channels = state.world.joined_channels(team_id);
    let last = state.chat.last_open.get(&team_id);
    let last = channels.iter().find(|channel| Some(&channel.channel.id) == last);
    let channel_id = last.or(channels.first()).map(|channel| channel.channel.id);
    state.chat.team = Some(team_id);
    match channel_id {
        Some(channel_id) => open_channel(state, channel_id, effects),
        None => {
            state.chat.open = None;
            state.chat.thread = None;
        }
    }
}

/// Shows a channel, and loads its newest page where that was not done yet.
pub(super) fn open_channel(state: &mut State, channel_id: ChannelId, effects: &mut Effects) {
    let read = state.world.read_before(channel_id);
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
    state.chat.team = Some(channel.channel.team_id);
    state.chat.last_open.insert(channel.channel.team_id, channel_id);
    if state.chat.open != Some(channel_id) {
        state.chat.previous = state.chat.open;
        state.chat.open = Some(channel_id);
        state.chat.thread = None;
        state.chat.editing = None;
        state.chat.kept_unread = None;
        if let Some(timeline) = channel.timeline_mut() {
            timeline.read_before = read;
            timeline.selected = None;
        }
    }
    state.chat.sidebar_cursor = Some(EntryId::Channel(channel_id));
    state.chat.focus = Focus::Composer;
    if matches!(channel.log, Log::Unloaded | Log::Failed(_)) {
        channel.log = Log::Loading(Vec::new());
        effects.push(Effect::LoadMessages { channel_id, before: None });
    }
}

/// Notes that a draft was edited: others are told that the person types, now and then.
pub(super) fn typed(state: &mut State, key: DraftKey, effects: &mut Effects) {
    let (channel_id, parent_seq) = match key {
        DraftKey::Channel(channel_id) => (channel_id, None),
        DraftKey::Thread(channel_id, root) => (channel_id, Some(root)),
        DraftKey::Edit(..) | DraftKey::Arriving => return,
    };
    let is_blank = state.chat.drafts.get(&key).is_none_or(super::super::composer::Composer::is_blank);
    let was_told = state
        .chat
        .typing_sent
        .is_some_and(|(told, at)| told == key && state.now.unix_ms().saturating_sub(at.unix_ms()) < TYPING_EVERY_MS);
    if !is_blank && !was_told {
        state.chat.typing_sent = Some((key, state.now));
        effects.push(Effect::Typing { channel_id, parent_seq });
    }
}

pub(super) fn focus_composer(state: &mut State) {
    let in_thread = match state.chat.focus {
        Focus::ThreadMessages | Focus::ThreadComposer => true,
        // Where a thread fills the screen, it is the only composer there is.
        Focus::Sidebar | Focus::Messages | Focus::Composer => layout::areas(state).main.is_none(),
    };
    state.chat.focus = if in_thread && state.chat.thread.is_some() { Focus::ThreadComposer } else { Focus::Composer };
}

fn toggle_sidebar(state: &mut State) {
    if state.columns >= SIDEBAR_MIN_COLUMNS {
        state.chat.has_sidebar = !state.chat.has_sidebar;
        if !state.chat.has_sidebar && state.chat.focus == Focus::Sidebar {
            focus_composer(state);
        }
    } else if state.chat.focus == Focus::Sidebar {
        focus_composer(state);
    } else {
        state.chat.focus = Focus::Sidebar;
    }
}

fn move_focus(state: &mut State, forward: bool) {
    let areas = layout::areas(state);
    let mut order = Vec::new();
    if areas.main.is_some() {
        order.extend([Focus::Composer, Focus::Messages]);
    }
    if areas.thread.is_some() {
        order.extend([Focus::ThreadComposer, Focus::ThreadMessages]);
    }
    if state.chat.has_sidebar || state.columns < SIDEBAR_MIN_COLUMNS {
        order.push(Focus::Sidebar);
    }
    let at = order.iter().position(|&focus| focus == state.chat.focus).unwrap_or(0);
    let next = if forward { at + 1 } else { at + order.len() - 1 };
    if let Some(&focus) = order.get(next % order.len().max(1)) {
        messages::focus_on(state, focus);
    }
}

fn move_sidebar_cursor(state: &mut State, down: bool) {
    let entries = sidebar::entries(state);
    let at = entries.iter().position(|entry| Some(entry.id) == state.chat.sidebar_cursor);
    let next = match at {
        Some(at) if down => (at + 1).min(entries.len().saturating_sub(1)),
        Some(at) => at.saturating_sub(1),
        None => 0,
    };
    state.chat.sidebar_cursor = entries.get(next).map(|entry| entry.id);
}

/// Opens the form that joins or makes a channel of the open team.
pub(super) fn ask_channel(state: &mut State) {
    if let Some(team_id) = state.chat.team {
        let joinable = joinable_channels(state, team_id);
        state.modal = Some(Modal::Form(entry::channel_form(team_id, &joinable, "")));
    }
}

/// Gives the public channels of a team that the person is not in.
pub(super) fn joinable_channels(state: &State, team_id: TeamId) -> Vec<(ChannelId, String)> {
    let mut joinable: Vec<(ChannelId, String)> = state
        .world
        .channels
        .values()
        .filter(|channel| {
            channel.channel.team_id == team_id
                && channel.channel.kind == ChannelKind::Public
                && !channel.is_joined()
                && channel.channel.archived_at.is_none()
        })
        .map(|channel| (channel.channel.id, state.world.channel_label(&channel.channel)))
        .collect();
    joinable.sort_by(|a, b| a.1.cmp(&b.1));
    joinable
}

fn ask_to_leave(state: &mut State) {
    let Some(open) = state.open_channel() else { return };
    let title = format!("Leave {}?", state.world.channel_label(&open.channel));
    let lines = if open.channel.is_private {
        ["It is private: somebody must add you again to come back.".to_owned()]
    } else {
        ["You can join it again at any time.".to_owned()]
    };
    let purpose = Purpose::LeaveChannel(open.channel.id);
    state.modal = Some(Modal::Form(entry::question(purpose, &title, &lines, "Leave")));
}

/// Leaves at once where nothing would be lost.
fn quit(state: &mut State, effects: &mut Effects) {
    if losses(state).is_empty() {
        effects.push(Effect::Quit);
    } else {
        ask_to_quit(state);
    }
}

fn ask_to_quit(state: &mut State) {
    let lines = losses(state);
    state.modal = Some(Modal::Form(entry::question(Purpose::Quit, "Leave SyncSpace?", &lines, "Leave")));
}

fn losses(state: &State) -> Vec<String> {
    let drafts = state.chat.drafts.keys().filter(|key| super::is_worth_keeping(state, key)).count();
    let unsent = state.chat.outbox.unsent();
    let mut lines = Vec::new();
    if unsent > 0 {
        lines.push(format!("{unsent} message(s) are not sent yet and would be lost."));
    }
    if drafts > 0 {
        lines.push(format!("{drafts} draft(s) would be lost."));
    }
    lines
}
