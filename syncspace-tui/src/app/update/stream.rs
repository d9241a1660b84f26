//! What events of the streams make of the state. Applying one twice changes nothing.

use syncspace_client::UnreadBook;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::messages::Message;
use syncspace_protocol::socket::{Event as StreamEvent, EventBody};
use syncspace_protocol::sync::Change;
use syncspace_protocol::teams::{TeamMember, TeamRole};
use syncspace_protocol::{ChannelId, MemberId, Rev, StreamId, TeamId};

use super::Effects;
use super::messages;
use crate::app::message::Effect;
use crate::app::state::State;
use crate::app::timeline::Timeline;
use crate::app::world::Log;

pub(super) fn take(state: &mut State, event: StreamEvent, effects: &mut Effects) {
    count(state, &event);
    let Some(event) = hold_back(state, event) else { return };
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
    let waiting = match event.stream {
        Some(StreamId::Team(team_id)) => state.world.teams.get_mut(&team_id).and_then(|team| team.waiting.as_mut()),
        Some(StreamId::Member(member_id)) => {
            let team_id = team_of(state, member_id);
            team_id.and_then(|id| state.world.teams.get_mut(&id)).and_then(|team| team.waiting.as_mut())
        }
        Some(StreamId::Channel(channel_id)) => {
            match state.world.channels.get_mut(&channel_id).map(|channel| &mut channel.log) {
                Some(Log::Loading(waiting)) if event.rev.is_some() => Some(waiting),
                _ => None,
            }
        }
        None => None,
    };
    match waiting {
        Some(waiting) => {
            waiting.push(event);
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
    match event.body {
        EventBody::MessageCreated { message, thread } => {
            if let Some(thread) = thread {
                edit_lists(state, channel_id, |list| list.set_thread(thread));
            }
            put_message(state, message);
        }
        EventBody::MessageUpdated { seq, content, edited_at, mentions, .. } => edit_lists(state, channel_id, |list| {
            list.edit(seq, |message| {
                if message.rev < rev {
                    message.content.clone_from(&content);
                    message.mentions.clone_from(&mentions);
                    message.is_edited = true;
                    message.edited_at = Some(edited_at);
                    message.rev = rev;
                }
            });
        }),
        EventBody::MessageDeleted { seq, deleted_at, thread, .. } => {
            edit_lists(state, channel_id, |list| list.mark_deleted(seq, deleted_at));
            if let Some(thread) = thread {
                edit_lists(state, channel_id, |list| list.set_thread(thread));
            }
        }
        EventBody::ReactionAdded { seq, reaction, updated_at, .. }
        | EventBody::ReactionRemoved { seq, reaction, updated_at, .. } => edit_lists(state, channel_id, |list| {
            list.edit(seq, |message| {
                if message.rev < rev {
                    message.reactions.put(reaction.clone());
                    (message.updated_at, message.rev) = (updated_at, rev);
                }
            });
        }),
        EventBody::MessageAppended { seq, appended, updated_at, mentions, continued_seq, .. } => {
            edit_lists(state, channel_id, |list| {
                list.edit(seq, |message| {
                    if message.rev < rev {
                        message.content.push_str(&appended);
                        message.mentions.clone_from(&mentions);
                        (message.continued_seq, message.updated_at) = (continued_seq, updated_at);
                        message.rev = rev;
                    }
                });
            });
        }
        EventBody::MessagePinned { seq, pin } => edit_lists(state, channel_id, |list| {
            list.edit(seq, |message| {
                if message.rev < rev {
                    (message.pinned, message.updated_at, message.rev) = (Some(pin), pin.pinned_at, rev);
                }
            });
        }),
        EventBody::MessageUnpinned { seq, updated_at, .. } => edit_lists(state, channel_id, |list| {
            list.edit(seq, |message| {
                if message.rev < rev {
                    (message.pinned, message.updated_at, message.rev) = (None, updated_at, rev);
                }
            });
        }),
        EventBody::Typing { user_id, parent_seq } => {
            let now = state.now;
            if let Some(channel) = state.world.channels.get_mut(&channel_id) {
                channel.set_typing(user_id, parent_seq, now);
            }
        }
        EventBody::Changes { items, .. } => {
            for item in items {
                if let Change::Message { message } = item {
                    put_message(state, message);
                }
            }
        }
        EventBody::StreamReload {} => {
            if let Some(channel) = state.world.channels.get_mut(&channel_id) {
                effects.push(Effect::Unfollow(StreamId::Channel(channel_id)));
                if state.chat.open == Some(channel_id) {
                    channel.log = Log::Loading(Vec::new());
                    effects.push(Effect::LoadMessages { channel_id, before: None });
                } else {
                    channel.log = Log::Unloaded;
                }
            }
        }
        EventBody::StreamGone {} => {
            effects.push(Effect::Unfollow(StreamId::Channel(channel_id)));
            leave_channel(state, channel_id);
        }
        _ => {}
    }
}

/// Puts a message, new or changed, wherever it is shown.
fn put_message(state: &mut State, message: Message) {
    let me = state.world.my_id();
    if Some(message.sender_id) == me {
        state.chat.outbox.arrived(&message.client_id);
    }
    messages::put_in_thread(state, &message);
    let is_watched = state.is_focused && state.chat.open == Some(message.channel_id);
    let read = state.world.book.as_ref().and_then(|book| book.read_up_to(message.channel_id));
    let Some(channel) = state.world.channels.get_mut(&message.channel_id) else { return };
    let last_known = channel.head.last_seq;
    channel.note_message(&message);
    if let Some(timeline) = channel.timeline_mut() {
        // What arrives while nobody looks stands below a "new" line when the person comes back.
        if !is_watched && Some(message.sender_id) != me && message.seq > last_known && timeline.read_before.is_none() {
            timeline.read_before = read;
        }
        // Below the first loaded one there is a hole; history fills it when it is scrolled to.
        if timeline.first().is_none_or(|first| message.seq >= first) {
            timeline.put(message);
        }
    }
}

fn edit_lists(state: &mut State, channel_id: ChannelId, edit: impl Fn(&mut Timeline)) {
    if let Some(timeline) = state.world.channels.get_mut(&channel_id).and_then(|channel| channel.timeline_mut()) {
        edit(timeline);
    }
    if let Some(thread) = &mut state.chat.thread
        && thread.channel_id == channel_id
        && let Some(timeline) = &mut thread.timeline
    {
        edit(timeline);
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
        Change::Channel { channel } => state.world.put_channel_itself(channel),
        Change::ChannelGone { channel_id, .. } => forget_channel(state, channel_id),
        Change::ChannelHidden { channel_id, .. } => hide_channel(state, channel_id),
        _ => {}
    }
}

fn member_event(state: &mut State, member_id: MemberId, body: EventBody, effects: &mut Effects) {
    match body {
        EventBody::MyChannelJoined { channel, membership } => state.world.join_channel(channel, membership),
        EventBody::MyChannelLeft { channel_id } => {
            effects.push(Effect::Unfollow(StreamId::Channel(channel_id)));
            leave_channel(state, channel_id);
        }
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
            state.world.enter_team(team.team);
            effects.push(Effect::LoadTeam(team_id));
        }
        EventBody::MyTeamLeft { team_id } => leave_team(state, team_id),
        EventBody::MyAccount { user, .. } => state.world.me = Some(*user),
        EventBody::PresenceChanged { users } => {
            state.world.presence.extend(users.into_iter().map(|presence| (presence.user_id, presence.status)));
        }
        _ => {}
    }
}

fn reload_team(state: &mut State, team_id: TeamId, effects: &mut Effects) {
    if let Some(team) = state.world.teams.get_mut(&team_id)
        && team.waiting.is_none()
    {
        team.waiting = Some(Vec::new());
        effects.push(Effect::LoadTeam(team_id));
    }
}

fn leave_team(state: &mut State, team_id: TeamId) {
    if let Some(team) = state.world.teams.get(&team_id) {
        let name = crate::app::text::line(team.team.name.as_str());
        state.say(format!("You are no longer in the team {name}."));
    }
    state.world.leave_team(team_id);
}

fn leave_channel(state: &mut State, channel_id: ChannelId) {
    let is_open = state.chat.open == Some(channel_id);
    if is_open && let Some(open) = state.open_channel() {
        let label = state.world.channel_label(&open.channel);
        state.say(format!("You left {label}."));
        state.chat.open = None;
        state.chat.thread = None;
        state.chat.editing = None;
    }
    if let Some(channel) = state.world.channels.get_mut(&channel_id) {
        channel.log = Log::Unloaded;
    }
    state.world.leave_channel(channel_id);
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
    state.world.channels.remove(&channel_id);
}
