//! What follows from the state after every event: things to load, to mark as read, to send.

use syncspace_protocol::limits::WATCHED_USERS_MAX;
use syncspace_protocol::{ChannelId, Seq, UserId};

use super::Effects;
use super::chat;
use crate::app::entry;
use crate::app::layout;
use crate::app::message::Effect;
use crate::app::sidebar;
use crate::app::state::{Focus, Link, Screen, State};
use crate::app::timeline::Older;

pub(super) fn settle(state: &mut State, effects: &mut Effects) {
    expire(state);
    if !matches!(state.screen, Screen::Chat) {
        return;
    }
    keep_something_open(state, effects);
    keep_focus_somewhere(state);
    load_older(state, effects);
    mark_read(state, effects);
    ask_names(state, effects);
    if state.link == Link::Online {
        count_anew(state, effects);
        watch(state, effects);
        send_ready(state, effects);
    }
}

fn expire(state: &mut State) {
    let now = state.now;
    state.notice.take_if(|notice| notice.until <= now);
    if let Some(open) = state.open_channel_mut() {
        open.typing.retain(|_, (_, until)| *until > now);
    }
}

/// Opens another channel where the open one is gone.
fn keep_something_open(state: &mut State, effects: &mut Effects) {
    let is_team_gone = state.chat.team.is_none_or(|team| !state.world.teams.contains_key(&team));
    if is_team_gone {
        state.chat.team = state.world.teams.keys().next().copied();
    }
    if state.open_channel().is_some() {
        return;
    }
    state.chat.open = None;
    state.chat.thread = None;
    let next = state.chat.team.and_then(|team| state.world.joined_channels(team).first().map(|first| first.channel.id));
    match next {
        Some(channel_id) => chat::open_channel(state, channel_id, effects),
        None if state.world.teams.is_empty() && state.link == Link::Online => {
            state.screen = Screen::Entry { form: entry::team_form(&[]), earlier: Vec::new() };
            effects.push(Effect::FindTeams);
        }
        None => {}
    }
}

/// Moves the keys out of a part that is not there any more.
fn keep_focus_somewhere(state: &mut State) {
    let areas = layout::areas(state);
    let is_there = match state.chat.focus {
        Focus::Sidebar => areas.sidebar.is_some(),
        Focus::Messages | Focus::Composer => areas.main.is_some(),
        Focus::ThreadMessages | Focus::ThreadComposer => areas.thread.is_some(),
    };
    if is_there {
        return;
    }
    state.chat.focus = match state.chat.focus {
        Focus::Messages if areas.thread.is_some() => Focus::ThreadMessages,
        Focus::ThreadMessages if areas.main.is_some() => Focus::Messages,
        _ if areas.main.is_some() => Focus::Composer,
        _ => Focus::ThreadComposer,
    };
}

fn load_older(state: &mut State, effects: &mut Effects) {
    let Some(pane) = layout::areas(state).main else { return };
    let Some(open) = state.open_channel() else { return };
    let (Some(channel_id), Some(timeline)) = (state.chat.open, open.timeline()) else { return };
    let before = timeline.first();
    let unsent = state.unsent_rows(pane.messages.width, false).len();
    let height = usize::from(pane.messages.height);
    let wants = state.with_rows(pane.messages.width, false, |context| timeline.wants_older(context, height, unsent));
    if wants && before.is_some() && state.link == Link::Online {
        effects.push(Effect::LoadMessages { channel_id, before });
        if let Some(timeline) = state.open_channel_mut().and_then(|open| open.timeline_mut()) {
            timeline.older = Older::Loading;
        }
    }
}

/// Moves the read marker to the last message on the screen, while the person has the terminal in front.
fn mark_read(state: &mut State, effects: &mut Effects) {
    if !state.is_focused || state.modal.is_some() || state.link != Link::Online {
        return;
    }
    let Some((channel_id, seen)) = last_seen(state) else { return };
    if state.chat.kept_unread == Some(channel_id) {
        return;
    }
    let asked = state.chat.marked.get(&channel_id).copied().unwrap_or(Seq::ZERO);
    let Some(newest) = state.world.channels.get(&channel_id).map(|channel| channel.head.last_seq) else { return };
    let Some(book) = &mut state.world.book else { return };
    let is_news = book.read_up_to(channel_id).is_some_and(|read| seen > read);
    if is_news && seen > asked {
        state.chat.marked.insert(channel_id, seen);
        let mark = if seen >= newest { book.read_all(channel_id, newest) } else { book.advance(channel_id, seen) };
        effects.push(Effect::MarkRead { channel_id, mark });
    }
}

/// Asks for the numbers of channels of which something was missed.
fn count_anew(state: &mut State, effects: &mut Effects) {
    let Some(book) = &state.world.book else { return };
    // A team that is being read brings the markers of all its channels.
    let is_read = |id: &ChannelId| {
        let channel = state.world.channels.get(id).filter(|channel| channel.is_joined());
        let team = channel.and_then(|channel| state.world.teams.get(&channel.channel.team_id));
        team.is_some_and(|team| team.waiting.is_none())
    };
    let unsure: Vec<ChannelId> = book.unsure().filter(is_read).collect();
    for channel_id in unsure {
        if state.chat.counting.insert(channel_id) {
            effects.push(Effect::LoadMarker(channel_id));
        }
    }
}

fn last_seen(state: &State) -> Option<(ChannelId, Seq)> {
    let pane = layout::areas(state).main?;
    let open = state.open_channel()?;
    let timeline = open.timeline()?;
    let height = usize::from(pane.messages.height);
    let unsent = state.unsent_rows(pane.messages.width, false);
    let (_, last) = state.with_rows(pane.messages.width, false, |context| timeline.seen(context, height, &unsent))?;
    Some((open.channel.id, last))
}

/// Asks for people who wrote here and are in no list that was read.
fn ask_names(state: &mut State, effects: &mut Effects) {
    let Some(timeline) = state.open_channel().and_then(|open| open.timeline()) else { return };
    let unknown: Vec<UserId> = timeline
        .iter()
        .map(|message| message.sender_id)
        .filter(|id| !state.world.people.contains_key(id) && !state.world.asked.contains(id))
        .collect();
    for user_id in unknown {
        if state.world.asked.insert(user_id) {
            effects.push(Effect::LoadUser(user_id));
        }
    }
}

/// Watches the presence of those whom the side bar shows.
fn watch(state: &mut State, effects: &mut Effects) {
    let mut users: Vec<UserId> = sidebar::all_channels(state)
        .into_iter()
        .filter_map(|id| state.world.channels.get(&id))
        .filter_map(|channel| state.world.partner(&channel.channel))
        .collect();
    users.sort();
    users.dedup();
    users.truncate(WATCHED_USERS_MAX);
    if users != state.chat.watched {
        state.chat.watched.clone_from(&users);
        effects.push(Effect::Watch(users));
    }
}

fn send_ready(state: &mut State, effects: &mut Effects) {
    for parcel in state.chat.outbox.take_ready(state.now) {
        let body = parcel.body();
        effects.push(Effect::Send { channel_id: parcel.channel_id, client_id: parcel.client_id, body });
    }
}
