//! What follows from the state after every event: things to load, to mark as read, to send.

use syncspace_protocol::limits::WATCHED_USERS_MAX;
use syncspace_protocol::{ChannelId, UserId};

use super::Effects;
use super::{again, chat, complete, drafts, gaps, jump, messages, pages, parcels, pictures, reading};
use crate::app::entry::{self, FieldId, Purpose};
use crate::app::layout::{self, Pane};
use crate::app::loaded;
use crate::app::message::Effect;
use crate::app::notify;
use crate::app::state::{Focus, Link, Screen, State};
use crate::app::timeline::{Older, Timeline};
use crate::app::world::Log;

/// Does what follows. `has_news` tells whether anything but the person brought the change: only then all channels are
/// looked at, which may be thousands.
pub(super) fn settle(state: &mut State, has_news: bool, effects: &mut Effects) {
    expire(state);
    notify::settle_link(state, state.link == Link::Online, effects);
    again::settle(state, effects);
    leave_first_channel(state, effects);
    if !matches!(state.screen, Screen::Chat) {
        // Behind a form the chat goes on; before the first picture nobody knows yet what is worth telling.
        pictures::hand_over(state, effects);
        if matches!(state.screen, Screen::Entry { .. }) {
            notify::settle(state, None, effects);
        }
        return;
    }
    // Whoever types in a page goes on typing there, whatever becomes of the channel below it.
    let focus = state.chat.focus;
    keep_something_open(state, effects);
    if focus.is_page() {
        state.chat.focus = focus;
    }
    keep_focus_somewhere(state);
    parcels::settle(state);
    messages::keep_selected(state);
    load_open(state, effects);
    jump::settle(state, effects);
    // What is sought is on the screen now: what stands around that stays.
    if let Some(timeline) = state.open_channel_mut().and_then(|open| open.timeline_mut()) {
        loaded::bound_open(timeline);
    }
    if let Some(timeline) = state.chat.thread.as_mut().and_then(|thread| thread.timeline.as_mut()) {
        loaded::bound_open(timeline);
    }
    pages::settle(state, effects);
    load_older(state, effects);
    gaps::load(state, effects);
    gaps::load_in_thread(state, effects);
    let seen = reading::on_screen(state).filter(|_| state.modal.is_none()).map(|(channel, _, last)| (channel, last));
    notify::settle(state, seen, effects);
    reading::settle(state, effects);
    ask_names(state, effects);
    colour(state, effects);
    complete::list_folder(state, effects);
    if state.link == Link::Online {
        if state.own.keywords.want(state.notify.keywords_rev()) {
            effects.push(Effect::LoadKeywords);
        }
        let threads = state.notify.threads_to_ask();
        effects.extend(threads.into_iter().map(|(channel_id, root)| Effect::LoadStanding { channel_id, root }));
        if has_news {
            count_anew(state, effects);
            watch(state, effects);
        }
        send_ready(state, effects);
        drafts::share(state, effects);
    }
}

fn expire(state: &mut State) {
    let now = state.now;
    state.notice.take_if(|notice| notice.until <= now);
    if let Some(pending) = &mut state.keys.pending {
        pending.is_hinted |= pending.hint_at <= now;
    }
    if let Some(open) = state.open_channel_mut() {
        open.typing.retain(|_, (_, until)| *until > now);
    }
}

/// Goes on from the form for the first channel where there is one, made on another device; its own answer opens its own.
fn leave_first_channel(state: &mut State, effects: &mut Effects) {
    let Screen::Entry { form, .. } = &state.screen else { return };
    let Purpose::Channel(team_id) = form.purpose else { return };
    if form.form.busy.is_some() {
        return;
    }
    if !state.world.joined_channels(team_id).is_empty() {
        state.screen = Screen::Chat;
        chat::open_team(state, team_id, effects);
        return;
    }
    // Channels are made and deleted meanwhile.
    let options = entry::channel_options(&chat::joinable_channels(state, team_id));
    if let Screen::Entry { form, .. } = &mut state.screen {
        form.form.set_options(FieldId::Choice, options);
    }
}

/// Opens another channel where the open one was left.
fn keep_something_open(state: &mut State, effects: &mut Effects) {
    let is_team_gone = state.chat.team.is_none_or(|team| !state.world.teams.contains_key(&team));
    if is_team_gone {
        state.chat.team = state.world.teams.keys().next().copied();
    }
    // Nobody went away from a channel that is gone: what is typed stays for it, in sight.
    if state.open_channel().is_some() || state.is_open_gone() {
        return;
    }
    state.chat.open = None;
    state.chat.thread = None;
    let next = state.chat.team.and_then(|team| state.world.joined_channels(team).first().map(|first| first.channel.id));
    match next {
        Some(channel_id) => {
            // Nobody went there: what is being typed is for the channel that is on its way.
            let arriving = state.chat.arriving.take();
            chat::open_channel(state, channel_id, effects);
            state.chat.arriving = arriving;
        }
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
        Focus::Page | Focus::PageInput => true,
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

/// Reads the open channel where that could not be done without a connection.
fn load_open(state: &mut State, effects: &mut Effects) {
    if state.link != Link::Online {
        return;
    }
    if let Some(open) = state.open_channel_mut()
        && matches!(open.log, Log::Unloaded)
    {
        open.log = Log::Loading(Vec::new());
        let channel_id = open.channel.id;
        effects.push(Effect::LoadMessages { channel_id, before: None });
    }
}

fn load_older(state: &mut State, effects: &mut Effects) {
    let Some(pane) = layout::areas(state).main else { return };
    let Some(open) = state.open_channel() else { return };
    let (Some(channel_id), Some(timeline)) = (state.chat.open, open.timeline()) else { return };
    let before = timeline.first();
    let unsent = state.unsent_rows(pane.messages.width, false).len();
    let height = usize::from(pane.messages.height);
    let wants = state.with_rows(pane.messages.width, false, |context| timeline.wants_older(context, height, unsent));
    let effect = match before {
        Some(before) if wants && timeline.has_kept_older => Effect::LoadKept { channel_id, before: Some(before) },
        Some(_) if wants && state.link == Link::Online => Effect::LoadMessages { channel_id, before },
        _ => return,
    };
    effects.push(effect);
    if let Some(timeline) = state.open_channel_mut().and_then(|open| open.timeline_mut()) {
        timeline.older = Older::Loading;
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

/// Asks for people whose messages are on the screen, and who are in no list that was read.
fn ask_names(state: &mut State, effects: &mut Effects) {
    let Some(pane) = layout::areas(state).main else { return };
    let Some(timeline) = state.open_channel().and_then(|open| open.timeline()) else { return };
    let height = usize::from(pane.messages.height);
    let rows = state.with_rows(pane.messages.width, false, |context| timeline.visible(context, height, &[]));
    let on_screen = rows.iter().filter_map(|row| timeline.get(row.seq?));
    let roots = on_screen.clone().filter_map(|message| timeline.get(message.parent_seq?));
    let unknown: Vec<UserId> = on_screen
        .chain(roots)
        .map(|message| message.sender_id)
        .filter(|id| !state.world.people.contains_key(id) && !state.world.asked.contains(id))
        .collect();
    for user_id in unknown {
        if state.world.asked.insert(user_id) {
            effects.push(Effect::LoadUser(user_id));
        }
    }
}

/// Has the code on the screen coloured.
fn colour(state: &mut State, effects: &mut Effects) {
    let areas = layout::areas(state);
    if let (Some(pane), Some(list)) = (areas.main, state.open_channel().and_then(|open| open.timeline())) {
        look_at(state, pane, list, false);
    }
    let thread = state.chat.thread.as_ref().and_then(|thread| thread.timeline.as_ref());
    if let (Some(pane), Some(list)) = (areas.thread, thread) {
        look_at(state, pane, list, true);
    }
    effects.extend(state.bodies.take_wanted().into_iter().map(Effect::Colour));
    pictures::settle(state, effects);
}

/// Lays out what is on the screen, by which code on it is asked for.
fn look_at(state: &State, pane: Pane, list: &Timeline, in_thread: bool) {
    let height = usize::from(pane.messages.height);
    state.with_rows(pane.messages.width, in_thread, |context| list.visible(context, height, &[]));
}

/// Watches the presence of those whom the side bar shows.
fn watch(state: &mut State, effects: &mut Effects) {
    let shown = state.world.channels.values().filter(|channel| channel.is_joined());
    let mut users: Vec<UserId> = shown
        .filter(|channel| channel.channel.archived_at.is_none())
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
    let told = &state.told;
    for parcel in state.chat.outbox.take_ready(state.now, |client_id| told.may_go_out(client_id)) {
        if let Some((at, file)) = parcel.to_upload() {
            let (channel_id, path) = (parcel.channel_id, file.path.clone());
            effects.push(Effect::Upload { channel_id, client_id: parcel.client_id, at, path });
            continue;
        }
        let body = parcel.body();
        effects.push(Effect::Send { channel_id: parcel.channel_id, client_id: parcel.client_id, body });
    }
}
