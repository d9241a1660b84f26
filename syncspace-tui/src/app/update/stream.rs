//! What events of the streams make of the state. Applying one twice changes nothing.

use syncspace_client::UnreadBook;
use syncspace_protocol::channels::{Channel, ChannelKind, ChannelMembership};
use syncspace_protocol::messages::Message;
use syncspace_protocol::server::Banner;
use syncspace_protocol::socket::{Event as StreamEvent, EventBody};
use syncspace_protocol::sync::Change;
use syncspace_protocol::teams::{TeamMember, TeamRole};
use syncspace_protocol::{ChannelId, MemberId, Rev, Seq, StreamId, TeamId};

use super::Effects;
use super::{drafts, forms, gaps, keep, messages, pages};
use crate::app::action::Action;
use crate::app::composer::{Composer, DraftKey};
use crate::app::layout;
use crate::app::loaded::{TeamWaiting, WAITING_MAX};
use crate::app::message::Effect;
use crate::app::state::State;
use crate::app::text;
use crate::app::world::{ChannelState, Log};
use crate::app::{loaded, notify};

pub(super) fn take(state: &mut State, event: StreamEvent, effects: &mut Effects) {
    count(state, &event);
    let of_team = match event.stream {
        Some(StreamId::Member(member_id)) => team_of(state, member_id),
        _ => None,
    };
    notify::learn(state, &event, of_team);
    let Some(event) = hold_back(state, event) else { return };
    keep::event(state, &event, effects);
    pages::heard(state, &event);
    gaps::heard(state, &event);
    match event.stream {
        Some(StreamId::Channel(channel_id)) => channel_event(state, channel_id, event, effects),
        Some(StreamId::Team(team_id)) => team_event(state, team_id, event.body, effects),
        Some(StreamId::Member(member_id)) => member_event(state, member_id, event.body, effects),
        None => account_event(state, event.body, effects),
    }
}

/// Counts at once, also what waits for its team or channel to be read: the book knows what it had before.
fn count(state: &mut State, event: &StreamEvent) {
    let Some(book) = &mut state.world.book else { return };
    let marker = |book: &UnreadBook| state.chat.open.and_then(|open| book.marker(open)).map(|read| read.last_read_seq);
    let before = marker(book);
    book.take(event);
    // Marked unread on another device: what stands on this screen is not to undo it.
    if marker(book) < before {
        state.chat.kept_unread = state.chat.open;
    }
}

/// Keeps an event for later whose team or channel is just being read.
fn hold_back(state: &mut State, event: StreamEvent) -> Option<StreamEvent> {
    let team_id = match event.stream {
        Some(StreamId::Team(team_id)) => Some(team_id),
        Some(StreamId::Member(member_id)) => team_of(state, member_id),
        Some(StreamId::Channel(channel_id)) => {
            match state.world.channels.get_mut(&channel_id).map(|channel| &mut channel.log) {
                Some(Log::Loading(waiting)) if event.rev.is_some() => {
                    // What is above the bound comes with the log that is read, or when that is followed.
                    if waiting.len() < WAITING_MAX {
                        waiting.push(event);
                    }
                    return None;
                }
                _ => None,
            }
        }
        None => None,
    };
    match team_id.and_then(|id| state.world.teams.get_mut(&id)).and_then(|team| team.waiting.as_mut()) {
        Some(waiting) => {
            waiting.put(event);
            None
        }
        None => Some(event),
    }
}

fn team_of(state: &State, member_id: MemberId) -> Option<TeamId> {
    let of_member = |(_, team): &(&TeamId, &crate::app::world::TeamState)| {
        team.membership.is_some_and(|membership| membership.member_id == member_id)
    };
    state.world.teams.iter().find(of_member).map(|(&id, _)| id)
}

fn channel_event(state: &mut State, channel_id: ChannelId, event: StreamEvent, effects: &mut Effects) {
    let rev = event.rev.unwrap_or(Rev::ZERO);
    note_own_reaction(state, channel_id, &event.body);
    patch_lists(state, channel_id, rev, &event.body);
    match event.body {
        EventBody::MessageCreated { message, .. } => {
            state.notify.hear(&message, true);
            put_message(state, message);
        }
        EventBody::Typing { user_id, parent_seq } => {
            let now = state.now;
            if let Some(channel) = state.world.channels.get_mut(&channel_id) {
                channel.set_typing(user_id, parent_seq, now);
            }
        }
        EventBody::FloorRaised { floor_seq } => raise_floor(state, channel_id, floor_seq),
        EventBody::Changes { items, .. } => {
            for item in items {
                match item {
                    Change::Message { message } => {
                        state.notify.hear(&message, false);
                        put_message(state, message);
                    }
                    Change::Floor { floor_seq, .. } => raise_floor(state, channel_id, floor_seq),
                    _ => {}
                }
            }
        }
        EventBody::StreamReload {} => {
            if let Some(channel) = state.world.channels.get_mut(&channel_id) {
                effects.push(Effect::Unfollow(StreamId::Channel(channel_id)));
                if state.chat.open == Some(channel_id) {
                    state.chat.view_before = gaps::view_of(channel);
                    channel.log = Log::Loading(Vec::new());
                    effects.push(Effect::LoadMessages { channel_id, before: None });
                } else {
                    channel.log = Log::Unloaded;
                }
            }
            // What was missed of it stands in no list of changes.
            if let Some(thread) = state.chat.thread.as_ref().filter(|thread| thread.channel_id == channel_id) {
                effects.push(Effect::LoadThread { channel_id, root: thread.root });
            }
        }
        EventBody::StreamGone {} => {
            effects.push(Effect::Unfollow(StreamId::Channel(channel_id)));
            leave_channel(state, channel_id);
        }
        _ => {}
    }
}

/// Forgets messages that are no longer kept, up to a place, and closes a thread that begins there.
fn raise_floor(state: &mut State, channel_id: ChannelId, floor: Seq) {
    if let Some(channel) = state.world.channels.get_mut(&channel_id) {
        channel.raise_floor(floor);
    }
    let Some(thread) = state.chat.thread.as_mut().filter(|thread| thread.channel_id == channel_id) else { return };
    if thread.root <= floor {
        messages::thread_is_gone(state);
    } else if let Some(timeline) = &mut thread.timeline {
        timeline.raise_floor(floor);
    }
}

/// Notes what this person reacted with, on whatever device.
fn note_own_reaction(state: &mut State, channel_id: ChannelId, body: &EventBody) {
    let me = state.world.my_id();
    match body {
        EventBody::ReactionAdded { seq, user_id, reaction, .. } if Some(*user_id) == me => {
            state.own.set_reaction(channel_id, *seq, &reaction.emoji, true);
        }
        EventBody::ReactionRemoved { seq, user_id, reaction, .. } if Some(*user_id) == me => {
            state.own.set_reaction(channel_id, *seq, &reaction.emoji, false);
        }
        EventBody::Changes { my_reactions, .. } => state.own.take(channel_id, my_reactions.clone()),
        _ => {}
    }
}

/// Puts a message, new or changed, wherever it is shown.
pub(super) fn put_message(state: &mut State, message: Message) {
    let me = state.world.my_id();
    // What was selected on its way stays so where it arrives.
    let is_selected = state.chat.parcel.as_ref() == Some(&message.client_id) && Some(message.sender_id) == me;
    let selected = is_selected.then_some(message.seq);
    if Some(message.sender_id) == me {
        state.chat.outbox.arrived(&message.client_id);
    }
    messages::put_in_thread(state, &message, selected);
    let is_open = state.chat.open == Some(message.channel_id);
    let is_watched = state.is_focused && is_open;
    let read = state.world.book.as_ref().and_then(|book| book.read_up_to(message.channel_id));
    let Some(channel) = state.world.channels.get_mut(&message.channel_id) else { return };
    let last_known = channel.head.last_seq;
    channel.note_message(&message);
    if let Some(timeline) = channel.timeline_mut() {
        // What arrives while nobody looks stands below a "new" line when the person comes back.
        if !is_watched && Some(message.sender_id) != me && message.seq > last_known && timeline.read_before.is_none() {
            timeline.read_before = read;
        }
        timeline.hear(message);
        timeline.selected = selected.or(timeline.selected);
        if !is_open {
            loaded::bound_away(timeline);
        }
    }
}

/// Changes the messages that an event is about, in every list that has them.
fn patch_lists(state: &mut State, channel_id: ChannelId, rev: Rev, body: &EventBody) {
    if let Some(timeline) = state.world.channels.get_mut(&channel_id).and_then(|channel| channel.timeline_mut()) {
        timeline.patch(rev, body);
    }
    if let Some(thread) = &mut state.chat.thread
        && thread.channel_id == channel_id
        && let Some(timeline) = &mut thread.timeline
    {
        timeline.patch(rev, body);
    }
}

fn team_event(state: &mut State, team_id: TeamId, body: EventBody, effects: &mut Effects) {
    match body {
        EventBody::TeamUpdated { team } => state.world.put_team(team),
        EventBody::TeamDeleted { .. } | EventBody::StreamGone {} => leave_team(state, team_id),
        EventBody::TeamMemberUpdated { member } => put_team_member(state, member, effects),
        EventBody::TeamMemberRemoved { user_id } => {
            if let Some(team) = state.world.teams.get_mut(&team_id) {
                team.members.remove(&user_id);
            }
        }
        EventBody::ChannelMemberUpdated { member } => state.world.put_channel_member(&member),
        EventBody::GroupUpdated { group } => state.world.put_group(group),
        EventBody::GroupDeleted { group_id } => drop(state.world.groups.remove(&group_id)),
        EventBody::ChannelUpdated { channel } => state.world.put_channel_itself(channel),
        EventBody::ChannelDeleted { channel_id } => forget_channel(state, channel_id),
        EventBody::ChannelHidden { channel_id } => hide_channel(state, channel_id),
        EventBody::StreamReload {} => reload_team(state, team_id, effects),
        EventBody::Changes { items, .. } => {
            items.into_iter().for_each(|item| team_change(state, team_id, item, effects));
        }
        _ => {}
    }
}

/// Takes a person in a team. Who becomes a guest, or is no longer one, sees other channels: they are read again.
fn put_team_member(state: &mut State, member: TeamMember, effects: &mut Effects) {
    let team_id = member.team_id;
    let is_guest = |state: &State| {
        let mine = state.world.teams.get(&team_id).and_then(|team| team.membership);
        mine.is_some_and(|mine| mine.role == TeamRole::Guest)
    };
    let before = is_guest(state);
    state.world.put_member(member);
    if is_guest(state) != before {
        reload_team(state, team_id, effects);
    }
}

fn team_change(state: &mut State, team_id: TeamId, item: Change, effects: &mut Effects) {
    match item {
        Change::Team { team } => state.world.put_team(team),
        Change::TeamMember { member } => put_team_member(state, member, effects),
        Change::TeamMemberGone { user_id, rev } => {
            if let Some(team) = state.world.teams.get_mut(&team_id)
                && team.members.get(&user_id).is_some_and(|&held| held < rev)
            {
                team.members.remove(&user_id);
            }
        }
        Change::ChannelMember { member } => state.world.put_channel_member(&member),
        Change::Group { group } => state.world.put_group(group),
        Change::GroupGone { group_id, .. } => drop(state.world.groups.remove(&group_id)),
        Change::Channel { channel } => state.world.put_channel_itself(channel),
        Change::ChannelGone { channel_id, .. } => forget_channel(state, channel_id),
        Change::ChannelHidden { channel_id, .. } => hide_channel(state, channel_id),
        _ => {}
    }
}

fn member_event(state: &mut State, member_id: MemberId, body: EventBody, effects: &mut Effects) {
    match body {
        EventBody::MyChannelJoined { channel, membership } => join_channel(state, channel, membership),
        EventBody::MyChannelLeft { channel_id } => {
            effects.push(Effect::Unfollow(StreamId::Channel(channel_id)));
            leave_channel(state, channel_id);
        }
        EventBody::MySaved { saved } => state.own.save(saved),
        EventBody::MyDraft { draft } => drafts::take(state, draft),
        // Counted already.
        EventBody::MyRead { .. } | EventBody::MyKeywordMentions { .. } => {}
        EventBody::StreamReload {} | EventBody::StreamGone {} => {
            if let Some(team_id) = team_of(state, member_id) {
                reload_team(state, team_id, effects);
            }
        }
        EventBody::Changes { items, .. } => {
            for item in items {
                match item {
                    Change::MyChannel { channel, membership } => state.world.join_channel(channel, membership),
                    Change::MyChannelGone { channel_id, .. } => leave_channel(state, channel_id),
                    Change::MySaved { saved } => state.own.save(saved),
                    Change::MyDraft { draft } => drafts::take(state, draft),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn account_event(state: &mut State, body: EventBody, effects: &mut Effects) {
    match body {
        EventBody::MyTeamJoined { team } => {
            let team_id = team.team.team.id;
            effects.push(Effect::Follow { stream: StreamId::Team(team_id), rev: team.team_rev });
            if let Some(membership) = team.team.membership {
                let stream = StreamId::Member(membership.member_id);
                effects.push(Effect::Follow { stream, rev: team.member_rev });
            }
            // Who entered it here has asked for it already, and what came since is followed. Read twice, an older answer would
            // take away what was made in between.
            if state.world.teams.get(&team_id).is_none_or(|held| held.is_kept) {
                state.world.enter_team(team.team);
                effects.push(Effect::LoadTeam(team_id));
            }
        }
        EventBody::MyTeamLeft { team_id } => leave_team(state, team_id),
        EventBody::MyAccount { user, .. } => state.world.me = Some(*user),
        EventBody::ServerBanner { banner } => take_banner(state, banner),
        EventBody::PresenceChanged { users } => {
            state.world.presence.extend(users.into_iter().map(|presence| (presence.user_id, presence.status)));
        }
        _ => {}
    }
}

pub(super) fn reload_team(state: &mut State, team_id: TeamId, effects: &mut Effects) {
    if let Some(team) = state.world.teams.get_mut(&team_id)
        && team.waiting.is_none()
    {
        team.waiting = Some(TeamWaiting::default());
        effects.push(Effect::LoadTeam(team_id));
    }
}

fn leave_team(state: &mut State, team_id: TeamId) {
    if let Some(team) = state.world.teams.get(&team_id) {
        let name = text::line(team.team.name.as_str());
        state.say(format!("You are no longer in the team {name}."));
    }
    state.world.leave_team(team_id);
    keep_typed(state);
}

fn leave_channel(state: &mut State, channel_id: ChannelId) {
    let was_in = state.world.channels.get(&channel_id).is_some_and(ChannelState::is_joined);
    let is_asked = state.chat.leaving.take_if(|leaving| *leaving == channel_id).is_some();
    if let Some(channel) = state.world.channels.get_mut(&channel_id) {
        channel.log = Log::Unloaded;
    }
    state.world.leave_channel(channel_id);
    if state.chat.open != Some(channel_id) || !was_in {
        return;
    }
    let label = state.world.label_of(channel_id);
    if is_asked && !has_typed(state, channel_id) {
        state.say(format!("You left {label}."));
        (state.chat.open, state.chat.thread, state.chat.editing) = (None, None, None);
        return;
    }
    let who = if is_asked { String::new() } else { ": you were removed, or left it elsewhere".to_owned() };
    let key = state.keys.name(Action::Drafts);
    let kept = if has_typed(state, channel_id) { format!(" What you typed is kept ({key}).") } else { String::new() };
    state.say(format!("You are no longer in {label}{who}.{kept}"));
    keep_typed(state);
}

/// Notes that the person is in a channel; says so where somebody else saw to that.
fn join_channel(state: &mut State, channel: Channel, membership: ChannelMembership) {
    let channel_id = channel.id;
    let is_known = state.world.channels.get(&channel_id).is_some_and(ChannelState::is_joined);
    let is_direct = matches!(channel.kind, ChannelKind::Direct | ChannelKind::Group);
    let is_asked = state.chat.arriving.is_some() || forms::waiting_form(state).is_some();
    state.world.join_channel(channel, membership);
    if !is_known && !is_direct && !is_asked && state.is_chat() && state.chat.open != Some(channel_id) {
        let (label, key) = (state.world.label_of(channel_id), state.keys.name(Action::Switcher));
        state.say(format!("You are in {label} now: {key} goes there."));
    }
}

fn has_typed(state: &State, channel_id: ChannelId) -> bool {
    let of_channel = |(key, draft): (&DraftKey, &Composer)| key.channel_id() == Some(channel_id) && !draft.is_blank();
    state.chat.drafts.iter().any(of_channel)
}

/// Keeps the composer for what it was for, where that is gone: half of a word is not to land in another channel. What was
/// to be read there is to be seen no more.
pub(super) fn keep_typed(state: &mut State) {
    let Some(thread) = &mut state.chat.thread else { return };
    if !state.world.channels.contains_key(&thread.channel_id) {
        (thread.timeline, thread.error) = (None, Some("You are no longer in its channel.".to_owned()));
    }
}

/// Takes a channel that became private: who is not in it sees it no more.
fn hide_channel(state: &mut State, channel_id: ChannelId) {
    match state.world.channels.get_mut(&channel_id) {
        Some(channel) if channel.membership.is_some() => {
            (channel.channel.kind, channel.channel.is_private) = (ChannelKind::Private, true);
        }
        Some(_) => forget_channel(state, channel_id),
        None => {}
    }
}

fn forget_channel(state: &mut State, channel_id: ChannelId) {
    leave_channel(state, channel_id);
    state.world.forget_channel(channel_id);
    keep_typed(state);
}

/// Takes what everybody on the server sees. A new one is said as well: its row may be too short for it, or not be there.
pub(super) fn take_banner(state: &mut State, banner: Option<Banner>) {
    let is_news = banner.is_some() && banner != state.world.banner;
    state.world.banner = banner;
    // Where it has a row of its own, once is enough.
    if let Some(banner) = state.banner().filter(|_| is_news && !layout::has_room_for_banner(state)) {
        state.say(text::line(&banner.text));
    }
}
