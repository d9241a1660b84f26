//! What the actions of the chat do.

use syncspace_protocol::channels::{ChannelKind, Posting};
use syncspace_protocol::{ChannelId, StreamId, TeamId, Time};

use super::Effects;
use super::{accounts, drafts, gaps, jump, link, look, messages, pages, reading};
use crate::app::accounts::Ask;
use crate::app::action::Action;
use crate::app::arriving::{Arriving, Wanted};
use crate::app::composer::DraftKey;
use crate::app::entry::{self, Purpose};
use crate::app::help::Help;
use crate::app::layout::{self, SIDEBAR_MIN_COLUMNS};
use crate::app::loaded;
use crate::app::message::Effect;
use crate::app::outbox::{Parcel, ParcelState};
use crate::app::posting;
use crate::app::sheet::Sheet;
use crate::app::sidebar::{self, EntryId};
use crate::app::state::{Focus, Modal, State};
use crate::app::switcher::{Switcher, Target};
use crate::app::text;
use crate::app::when;
use crate::app::world::Log;

/// "Typing" is told at most that often, in milliseconds, as the protocol says.
const TYPING_EVERY_MS: i64 = 3_000;
/// Unsent messages that are named before they are left, and the columns of each.
const NAMED_MAX: usize = 3;
const NAMED_COLUMNS: usize = 50;

pub(super) fn act(state: &mut State, action: Action, effects: &mut Effects) {
    if pages::act(state, action, effects) {
        return;
    }
    match action {
        Action::GoBack | Action::GoForward => jump::step(state, action == Action::GoForward, effects),
        Action::Help => state.modal = Some(Modal::Help(Help::default())),
        Action::Quit => quit(state, effects),
        Action::Interrupt => ask_to_quit(state),
        Action::Switcher => state.modal = Some(Modal::Switcher(Switcher::default())),
        Action::Palette => state.modal = Some(Modal::Switcher(Switcher::with_text(">"))),
        Action::DirectMessage => state.modal = Some(Modal::Switcher(Switcher::with_text("@"))),
        Action::NextUnread => next_unread(state, effects),
        Action::FirstUnread => gaps::first_unread(state, effects),
        Action::MarkRead => reading::mark_all(state, effects),
        Action::Browse => {
            state.chat.is_browsing = !state.chat.is_browsing;
            if !state.chat.is_browsing {
                state.say("What you see is marked as read again.");
            }
        }
        Action::NextChannel => open_some(state, sidebar::neighbour(state, true), effects),
        Action::PreviousChannel => open_some(state, sidebar::neighbour(state, false), effects),
        Action::LastChannel => open_some(state, state.chat.previous, effects),
        Action::ToggleSidebar => toggle_sidebar(state),
        Action::NextPane => move_focus(state, true),
        Action::PreviousPane => move_focus(state, false),
        Action::NewChannel => ask_channel(state),
        Action::LeaveChannel => ask_to_leave(state),
        Action::NewTeam => effects.push(Effect::FindTeams),
        Action::Invite => effects.extend(state.chat.team.map(Effect::Invite)),
        Action::LogOut => accounts::ask_to_log_out(state),
        Action::Accounts => state.modal = Some(Modal::Switcher(Switcher::with_text("~"))),
        Action::AddAccount => effects.push(Effect::Account(Ask::Add)),
        Action::NextAccount => effects.push(Effect::Account(Ask::Next)),
        Action::PreviousAccount => effects.push(Effect::Account(Ask::Previous)),
        Action::Account(at) => effects.push(Effect::Account(Ask::At(usize::from(at)))),
        Action::OpenTold => effects.push(Effect::Account(Ask::OpenTold)),
        Action::Repaint => {
            // Who has it drawn anew sees something that should not be there, and images are not drawn by us.
            state.pictures.images_lost();
            effects.push(Effect::Repaint);
            // Who doubts the screen doubts the connection: do not wait for the next try.
            link::try_now(state, effects);
        }
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Said => show_said(state),
        Action::Theme => look::ask(state),
        Action::BringBack => drafts::bring_back(state, effects),
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

/// Shows what was said at the bottom, the last first.
fn show_said(state: &mut State) {
    let part = |(at, words): &(Time, String)| (when::words(*at, state.now, &state.zone), words.clone());
    let parts: Vec<(String, String)> = state.said.iter().rev().map(part).collect();
    if parts.is_empty() {
        return state.say("Nothing was said yet.");
    }
    state.modal = Some(Modal::Sheet { sheet: Sheet::opened("What was said", parts), scroll: 0 });
}

/// Goes to what an entry of the switcher leads to.
pub(crate) fn go_to(state: &mut State, target: Target, effects: &mut Effects) {
    match target {
        Target::Channel(channel_id) => open_channel(state, channel_id, effects),
        Target::Join(channel_id) => {
            let channel = state.world.channels.get(&channel_id);
            let label = channel.map(|channel| state.world.channel_label(&channel.channel)).unwrap_or_default();
            set_out(state, label, Wanted::Channel(channel_id), effects);
        }
        Target::Person(team_id, user_id) => {
            let label = format!("@{}", state.world.name(user_id));
            set_out(state, label, Wanted::Person(team_id, user_id), effects);
        }
        Target::Thread(channel_id, root, root_id) => {
            open_channel(state, channel_id, effects);
            pages::open_thread(state, (channel_id, root, root_id), effects);
            state.chat.focus = Focus::ThreadComposer;
        }
        Target::Team(team_id) => open_team(state, team_id, effects),
        Target::Account(no) => effects.push(Effect::Account(Ask::Show(no))),
        Target::Action(action) => act(state, action, effects),
    }
}

/// Waits for a channel: from now on the composer is for it, and for nothing that was open before.
fn set_out(state: &mut State, label: String, wanted: Wanted, effects: &mut Effects) {
    if state.chat.arriving.as_ref().is_none_or(|arriving| arriving.wanted != wanted) {
        give_up(state);
    }
    state.chat.arriving = Some(Arriving { wanted, label, has_failed: false });
    (state.chat.thread, state.chat.editing) = (None, None);
    state.chat.focus = Focus::Composer;
    effects.extend(wanted.ask());
}

/// Asks again for a channel that could not be opened; says what is awaited where it is still under way.
pub(super) fn set_out_again(state: &mut State, effects: &mut Effects) {
    match &mut state.chat.arriving {
        Some(arriving) if arriving.has_failed => {
            arriving.has_failed = false;
            effects.extend(arriving.wanted.ask());
        }
        _ => state.say("Not sent yet: it is still being opened."),
    }
}

/// Opens the channel that was waited for. What was typed meanwhile is its draft; an open dialog keeps the keys.
pub(super) fn arrive(state: &mut State, channel_id: ChannelId, effects: &mut Effects) {
    state.chat.arriving = None;
    let typed = state.chat.drafts.remove(&DraftKey::Arriving);
    open_channel(state, channel_id, effects);
    if let Some(typed) = typed {
        state.chat.drafts.entry(DraftKey::Channel(channel_id)).or_default().paste(&typed.text());
    }
}

/// Ends the wait for a channel. What was typed for it can be brought back, and stands in no other composer by itself.
pub(super) fn give_up(state: &mut State) {
    let Some(arriving) = state.chat.arriving.take() else { return };
    let typed = state.chat.drafts.remove(&DraftKey::Arriving);
    if let Some(typed) = typed.filter(|typed| !typed.is_blank()) {
        drafts::discard(state, DraftKey::Arriving, typed.text());
        let key = state.keys.name(Action::BringBack);
        state.say(format!("{key} brings back what was typed for {}.", arriving.label));
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

/// Goes to the next channel with something unread; after the last one back to where that began.
pub(crate) fn next_unread(state: &mut State, effects: &mut Effects) {
    let start = state.chat.tour_start.or(state.chat.open);
    match (sidebar::next_unread(state), state.chat.tour_start) {
        (Some(channel_id), _) => {
            open_channel(state, channel_id, effects);
            state.chat.tour_start = start;
        }
        (None, _) if accounts::goes_on(state) => effects.push(Effect::Account(Ask::NextUnread)),
        (None, Some(start)) if state.chat.open != Some(start) => {
            open_channel(state, start, effects);
            state.say("Nothing more is unread: back where you began.");
        }
        (None, _) => state.say("Nothing is unread."),
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
            give_up(state);
            state.chat.open = None;
            state.chat.thread = None;
        }
    }
}

/// Shows a channel, and loads its newest page where that was not done yet.
pub(super) fn open_channel(state: &mut State, channel_id: ChannelId, effects: &mut Effects) {
    if state.chat.open != Some(channel_id) {
        jump::leave_stop(state);
    }
    let read = state.world.read_before(channel_id);
    if state.world.channels.contains_key(&channel_id) {
        give_up(state);
    }
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
    state.chat.team = Some(channel.channel.team_id);
    state.chat.last_open.insert(channel.channel.team_id, channel_id);
    state.chat.tour_start = None;
    let is_new = state.chat.open != Some(channel_id);
    if is_new {
        state.chat.visits.visit(channel_id, state.now);
        state.chat.previous = state.chat.open;
        state.chat.open = Some(channel_id);
        state.chat.trail.visit_channel(channel_id);
        state.chat.pages.leave_result();
        state.chat.thread = None;
        state.chat.editing = None;
        (state.chat.kept_unread, state.chat.shown) = (None, None);
        if let Some(timeline) = channel.timeline_mut() {
            timeline.read_before = read;
            timeline.selected = None;
        }
        make_room(state, channel_id, effects);
    }
    state.chat.sidebar_cursor = Some(EntryId::Channel(channel_id));
    state.chat.focus = Focus::Composer;
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
    if is_new && matches!(channel.log, Log::Loaded(_)) {
        gaps::begin_at_unread(state, effects);
    } else if matches!(channel.log, Log::Unloaded | Log::Failed(_)) {
        channel.log = Log::Loading(Vec::new());
        effects.push(if state.told.is_on {
            Effect::LoadKept { channel_id, before: None }
        } else {
            Effect::LoadMessages { channel_id, before: None }
        });
    }
}

/// Forgets messages of channels that are not open any more.
fn make_room(state: &mut State, opened: ChannelId, effects: &mut Effects) {
    let channels = &mut state.world.channels;
    let left = state.chat.previous.and_then(|left| channels.get_mut(&left)).and_then(|left| left.timeline_mut());
    if let Some(timeline) = left {
        loaded::bound_away(timeline);
    }
    for channel_id in state.chat.lately.open(opened) {
        if let Some(channel) = channels.get_mut(&channel_id)
            && matches!(channel.log, Log::Loaded(_))
        {
            channel.log = Log::Unloaded;
            effects.push(Effect::Unfollow(StreamId::Channel(channel_id)));
        }
    }
}

/// Notes that a draft was edited: others are told that the person types, now and then.
pub(super) fn typed(state: &mut State, key: DraftKey, effects: &mut Effects) {
    let (channel_id, parent_seq) = match key {
        DraftKey::Channel(channel_id) => (channel_id, None),
        DraftKey::Thread(channel_id, root) => (channel_id, Some(root)),
        DraftKey::Edit(..) | DraftKey::Arriving => return,
    };
    if posting::obstacle(state, channel_id).is_some() {
        return;
    }
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
        Focus::Page | Focus::PageInput => false,
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
    let rows = sidebar::rows(state);
    let at = rows.iter().position(|id| Some(*id) == state.chat.sidebar_cursor);
    let next = match at {
        Some(at) if down => (at + 1).min(rows.len().saturating_sub(1)),
        Some(at) => at.saturating_sub(1),
        None => 0,
    };
    state.chat.sidebar_cursor = rows.get(next).copied();
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
    let mut joinable: Vec<(bool, ChannelId, String)> = state
        .world
        .channels
        .values()
        .filter(|channel| {
            channel.channel.team_id == team_id
                && channel.channel.kind == ChannelKind::Public
                && !channel.is_joined()
                && channel.channel.archived_at.is_none()
        })
        .map(|channel| {
            let is_read_only = channel.channel.posting == Posting::Admins;
            (is_read_only, channel.channel.id, state.world.channel_label(&channel.channel))
        })
        .collect();
    // The first one is what a newcomer takes: one to talk in.
    joinable.sort_by(|a, b| (a.0, &a.2).cmp(&(b.0, &b.2)));
    joinable.into_iter().map(|(_, id, label)| (id, label)).collect()
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

/// Leaves a form; asks where another account would lose something.
pub(super) fn quit_form(state: &mut State, effects: &mut Effects) {
    if state.modal.is_some() || accounts::losses(state).is_empty() {
        effects.push(Effect::Quit);
    } else {
        ask_to_quit(state);
    }
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
    state.chat.outbox.note_named();
    state.modal = Some(Modal::Form(entry::question(Purpose::Quit, "Leave SyncSpace?", &lines, "Leave")));
}

fn losses(state: &State) -> Vec<String> {
    let mut lines = accounts::losses(state);
    let is_kept = state.told.is_writing();
    let unsent: Vec<&Parcel> = if is_kept {
        // What is on disk is not lost; but whoever sent something should know that it was not sent, once.
        state.chat.outbox.to_name().collect()
    } else {
        state.chat.outbox.iter().filter(|parcel| !matches!(parcel.state, ParcelState::Sent(_))).collect()
    };
    let (refused, waiting): (Vec<&Parcel>, Vec<&Parcel>) =
        unsent.into_iter().partition(|parcel| matches!(parcel.state, ParcelState::Failed(_)));
    let after = if is_kept { "They go out at the next start." } else { "They would be lost." };
    name_parcels(state, &waiting, &format!("are not sent yet. {after}"), &mut lines);
    let after = if is_kept {
        format!("They stay on the page of drafts ({}).", state.keys.name(Action::Drafts))
    } else {
        after.to_owned()
    };
    name_parcels(state, &refused, &format!("were refused. {after}"), &mut lines);
    let drafts = state.chat.drafts.keys().filter(|key| super::is_worth_keeping(state, key)).count();
    if drafts > 0 && !is_kept {
        lines.push(format!("{drafts} draft(s) would be lost."));
    }
    lines
}

/// Names messages that are not sent: where each was to go, and how it begins.
pub(super) fn name_parcels(state: &State, parcels: &[&Parcel], words: &str, lines: &mut Vec<String>) {
    if parcels.is_empty() {
        return;
    }
    lines.push(format!("{} message(s) {words}", parcels.len()));
    lines.extend(parcels.iter().take(NAMED_MAX).map(|parcel| {
        let first = text::line(parcel.content.lines().next().unwrap_or_default());
        text::cut(&format!("  {}: {first}", state.world.label_of(parcel.channel_id)), NAMED_COLUMNS)
    }));
    if let Some(more) = parcels.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more"));
    }
}
