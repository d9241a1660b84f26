//! What a client knows: state that was read, and what events made of it.
//!
//! The matches over events and changes have no wildcard: a new kind does not compile before it is covered here, and in `kinds`,
//! from where a test takes what it has to make.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_client::UnreadBook;
use syncspace_protocol::channels::{Channel, ChannelKind, ChannelMember, ChannelMembership};
use syncspace_protocol::groups::UserGroup;
use syncspace_protocol::join_requests::JoinRequest;
use syncspace_protocol::messages::{Message, ThreadState};
use syncspace_protocol::personal::ChannelPreferences;
use syncspace_protocol::reactions::{Emoji, MyReactions, Reactions};
use syncspace_protocol::scheduled::Scheduled;
use syncspace_protocol::socket::{Event, EventBody, Hello, HelloTeam};
use syncspace_protocol::sync::Change;
use syncspace_protocol::teams::{Team, TeamMember, TeamMembership, TeamRole};
use syncspace_protocol::{ChannelId, GroupId, Rev, ScheduledId, Seq, StreamId, TeamId, Time, UserId};

use super::own::Own;

/// Everything that one person's device knows.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) me: UserId,
    pub(super) teams: BTreeMap<TeamId, TeamState>,
    pub(super) channels: BTreeMap<ChannelId, ChannelState>,
    /// Who is in each channel. Apart from the channels: on a page of changes a channel stands where it last changed, which
    /// may be after its members.
    pub(super) people: BTreeMap<ChannelId, People>,
    pub(super) book: UnreadBook,
    /// Teams that the person asked to come into.
    pub(super) requested: BTreeSet<TeamId>,
}

#[derive(Debug)]
pub(super) struct TeamState {
    pub(super) team: Team,
    pub(super) mine: TeamMembership,
    pub(super) members: BTreeMap<UserId, TeamMember>,
    /// Who left, and when: what was read before does not bring them back.
    pub(super) gone: BTreeMap<UserId, Rev>,
    pub(super) groups: BTreeMap<GroupId, UserGroup>,
    /// Which groups were deleted, and when.
    pub(super) gone_groups: BTreeMap<GroupId, Rev>,
    /// Who asks to come in, of all that ever did; empty for who does not manage members.
    pub(super) requests: BTreeMap<UserId, JoinRequest>,
    /// What the person keeps alone.
    pub(super) own: Own,
    /// What the person has scheduled, also what is over.
    pub(super) scheduled: BTreeMap<ScheduledId, Scheduled>,
}

#[derive(Debug)]
pub(super) struct ChannelState {
    pub(super) channel: Channel,
    pub(super) mine: Option<ChannelMembership>,
    pub(super) log: BTreeMap<Seq, Message>,
    /// With what the person reacted.
    pub(super) reacted: Reacted,
}

/// With what the person reacted to the messages of a channel, by their places.
pub(super) type Reacted = BTreeMap<Seq, BTreeSet<Emoji>>;

#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) members: BTreeMap<UserId, ChannelMember>,
    pub(super) gone: BTreeMap<UserId, Rev>,
}

/// What has to be read before more events are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Everything of a team.
    Team(TeamId),
    /// The person's own lists in a team, its threads among them.
    Threads(TeamId),
    /// A team that came new, with the revs from which its events follow.
    NewTeam(TeamId, Rev, Rev),
    /// Log and members of a channel that the person came into.
    Channel(ChannelId),
    /// The log of a channel, which cannot be continued.
    Log(ChannelId),
    /// Nothing more is wanted of a stream.
    Unfollow(StreamId),
}

impl Model {
    pub(super) fn new(me: UserId) -> Self {
        Self {
            me,
            teams: BTreeMap::new(),
            channels: BTreeMap::new(),
            people: BTreeMap::new(),
            book: UnreadBook::new(me),
            requested: BTreeSet::new(),
        }
    }

    /// Takes an event, and gives what is to be read now.
    pub(super) fn take(&mut self, event: &Event) -> Vec<Wish> {
        self.book.take(event);
        let rev = event.rev.unwrap_or(Rev::ZERO);
        let mut wishes = Vec::new();
        match (&event.body, event.stream) {
            (EventBody::Hello(_) | EventBody::Closing { .. }, _) => unreachable!("the connection keeps it: {event:?}"),
            (EventBody::Unknown, _) => unreachable!("the server is of this version: {event:?}"),
            (
                EventBody::ServerBanner { .. }
                | EventBody::Typing { .. }
                | EventBody::PresenceChanged { .. }
                | EventBody::Void {},
                _,
            ) => {}
            // Whoever hears keeps the account: it belongs to no team.
            (EventBody::MyAccount { .. }, _) => {}
            (EventBody::Changes { items, my_reactions, .. }, _) => {
                self.take_mine(items, my_reactions);
                items.iter().for_each(|change| self.take_change(event.stream, change, &mut wishes));
            }
            (EventBody::StreamReload {}, stream) => wishes.extend(stream.and_then(|stream| self.reload(stream))),
            (EventBody::StreamGone {}, stream) => self.lose(stream.expect("a stream"), &mut wishes),
            (EventBody::MessageCreated { message, thread }, _) => {
                self.put_message(message);
                self.set_thread(message.channel_id, *thread, message.created_at, rev);
            }
            (
                EventBody::MessageUpdated { seq, sender_id, parent_seq, content, edited_at, mentions, former_mentions },
                Some(StreamId::Channel(channel)),
            ) => {
                if let Some(message) = self.message_before(channel, *seq, rev) {
                    assert_eq!((message.sender_id, &message.mentions), (*sender_id, former_mentions), "{event:?}");
                    assert_eq!(message.parent_seq, *parent_seq, "{event:?}");
                    message.content.clone_from(content);
                    message.mentions.clone_from(mentions);
                    (message.is_edited, message.edited_at, message.updated_at) = (true, Some(*edited_at), *edited_at);
                }
            }
            (
                EventBody::MessageDeleted {
                    seq,
                    sender_id,
                    message_type,
                    deleted_by: _,
                    deleted_at,
                    former_mentions,
                    thread,
                },
                Some(StreamId::Channel(channel)),
            ) => {
                if let Some(message) = self.message_before(channel, *seq, rev) {
                    assert_eq!((message.sender_id, message.message_type), (*sender_id, *message_type), "{event:?}");
                    assert_eq!((&message.mentions, message.parent_seq.is_some()), (former_mentions, thread.is_some()));
                    message.content.clear();
                    message.mentions = syncspace_protocol::Mentions::default();
                    message.reactions = Reactions::default();
                    (message.pinned, message.code, message.forwarded_from) = (None, None, None);
                    message.continued_seq = None;
                    message.files.clear();
                    (message.file_url, message.deleted_at, message.updated_at) = (None, Some(*deleted_at), *deleted_at);
                }
                if let Some(state) = self.channels.get_mut(&channel) {
                    state.reacted.remove(seq);
                }
                self.set_thread(channel, *thread, *deleted_at, rev);
            }
            (
                EventBody::ReactionAdded { seq, user_id, reaction, updated_at }
                | EventBody::ReactionRemoved { seq, user_id, reaction, updated_at },
                Some(StreamId::Channel(channel)),
            ) => {
                let is_added = matches!(event.body, EventBody::ReactionAdded { .. });
                if *user_id == self.me {
                    self.set_mine(channel, *seq, &reaction.emoji, is_added);
                }
                if let Some(message) = self.message_before(channel, *seq, rev) {
                    let before = message.reactions.find(&reaction.emoji).map_or(0, |held| held.count);
                    let net = if is_added { before.checked_add(1) } else { before.checked_sub(1) };
                    assert_eq!(net, Some(reaction.count), "{event:?} after {:?}", message.reactions);
                    message.reactions.put(reaction.clone());
                    message.updated_at = *updated_at;
                }
            }
            (
                EventBody::MessageAppended {
                    seq,
                    sender_id,
                    parent_seq,
                    offset,
                    appended,
                    updated_at,
                    mentions,
                    former_mentions,
                    continued_seq,
                },
                Some(StreamId::Channel(channel)),
            ) => {
                if let Some(message) = self.message_before(channel, *seq, rev) {
                    assert_eq!((message.sender_id, &message.mentions), (*sender_id, former_mentions), "{event:?}");
                    assert_eq!(message.parent_seq, *parent_seq, "{event:?}");
                    assert_eq!(u64::try_from(message.content.len()), Ok(*offset), "{event:?}");
                    message.content.push_str(appended);
                    message.mentions.clone_from(mentions);
                    (message.continued_seq, message.updated_at) = (*continued_seq, *updated_at);
                }
            }
            (EventBody::MessagePinned { seq, pin }, Some(StreamId::Channel(channel))) => {
                if let Some(message) = self.message_before(channel, *seq, rev) {
                    assert_eq!(message.pinned.replace(*pin), None, "{event:?}");
                    message.updated_at = pin.pinned_at;
                }
            }
            (EventBody::MessageUnpinned { seq, user_id: _, updated_at }, Some(StreamId::Channel(channel))) => {
                if let Some(message) = self.message_before(channel, *seq, rev) {
                    assert!(message.pinned.take().is_some(), "{event:?}");
                    message.updated_at = *updated_at;
                }
            }
            (EventBody::FloorRaised { floor_seq }, Some(StreamId::Channel(channel))) => {
                self.raise_floor(channel, *floor_seq)
            }
            (EventBody::TeamUpdated { team }, _) => self.put_team(team),
            (EventBody::TeamDeleted { team_id } | EventBody::MyTeamLeft { team_id }, _) => {
                self.leave_team(*team_id, &mut wishes)
            }
            (EventBody::TeamMemberUpdated { member }, _) => self.put_team_member(member, &mut wishes),
            (EventBody::GroupUpdated { group }, _) => self.put_group(group),
            (EventBody::GroupDeleted { group_id }, Some(StreamId::Team(team))) => {
                self.remove_group(team, *group_id, rev);
            }
            (EventBody::TeamMemberRemoved { user_id }, Some(StreamId::Team(team))) => {
                self.remove_team_member(team, *user_id, rev);
            }
            (EventBody::ChannelUpdated { channel }, _) => self.put_channel(channel),
            (EventBody::ChannelDeleted { channel_id }, _) => self.remove_channel(*channel_id, &mut wishes),
            (EventBody::ChannelHidden { channel_id }, _) => self.hide_channel(*channel_id, &mut wishes),
            (EventBody::ChannelMemberUpdated { member }, _) => self.put_member(member),
            (EventBody::ChannelMemberRemoved { channel_id, user_id }, _) => {
                self.remove_member(*channel_id, *user_id, rev)
            }
            (EventBody::MyChannelJoined { channel, membership }, _) => self.enter(channel, *membership, &mut wishes),
            (EventBody::MyChannelLeft { channel_id }, _) => self.leave_at(*channel_id, rev, &mut wishes),
            (EventBody::MyRead { channel_id, read } | EventBody::MyKeywordMentions { channel_id, read, .. }, _) => {
                let held = self.channels.get_mut(channel_id).and_then(|channel| channel.mine.as_mut());
                if let Some(mine) = held.filter(|mine| mine.read.rev < read.rev) {
                    mine.read = *read;
                }
            }
            (EventBody::MyChannelPreferences { channel_id, preferences }, stream) => {
                self.prefer(stream, *channel_id, *preferences);
            }
            (EventBody::MyChannelOrder { order }, stream) => self.own(stream, |own| own.order(order.clone())),
            (EventBody::MyUserMute { mute }, stream) => self.own(stream, |own| own.mute(*mute)),
            (EventBody::MyThread { thread }, stream) => self.own(stream, |own| own.thread(*thread)),
            (EventBody::MySaved { saved }, stream) => self.own(stream, |own| own.save(*saved)),
            (EventBody::MyDraft { draft }, stream) => self.own(stream, |own| own.draft(draft.clone())),
            (EventBody::MyReminder { reminder }, stream) => self.own(stream, |own| own.remind(reminder.clone())),
            (EventBody::MyScheduled { scheduled }, _) => self.put_scheduled(scheduled),
            (EventBody::MyTeamJoined { team }, _) => self.enter_team(team, &mut wishes),
            (EventBody::TeamJoinRequest { request }, _) => self.put_request(request),
            (EventBody::MyJoinRequests { team_ids }, _) => self.requested = team_ids.iter().copied().collect(),
            (
                EventBody::MessageUpdated { .. }
                | EventBody::MessageAppended { .. }
                | EventBody::MessageDeleted { .. }
                | EventBody::ReactionAdded { .. }
                | EventBody::ReactionRemoved { .. }
                | EventBody::MessagePinned { .. }
                | EventBody::MessageUnpinned { .. }
                | EventBody::FloorRaised { .. }
                | EventBody::TeamMemberRemoved { .. }
                | EventBody::GroupDeleted { .. },
                _,
            ) => unreachable!("in a stream of another kind: {event:?}"),
        }
        wishes
    }

    fn take_change(&mut self, stream: Option<StreamId>, change: &Change, wishes: &mut Vec<Wish>) {
        match (change, stream) {
            (Change::Message { message }, _) => self.put_message(message),
            (Change::Floor { floor_seq, rev: _ }, Some(StreamId::Channel(channel))) => {
                self.raise_floor(channel, *floor_seq);
            }
            (Change::Team { team }, _) => self.put_team(team),
            (Change::TeamMember { member }, _) => self.put_team_member(member, wishes),
            (Change::TeamMemberGone { user_id, rev }, Some(StreamId::Team(team))) => {
                self.remove_team_member(team, *user_id, *rev);
            }
            (Change::Group { group }, _) => self.put_group(group),
            (Change::GroupGone { group_id, rev }, Some(StreamId::Team(team))) => {
                self.remove_group(team, *group_id, *rev);
            }
            (Change::Channel { channel }, _) => self.put_channel(channel),
            (Change::ChannelGone { channel_id, rev: _ }, _) => self.remove_channel(*channel_id, wishes),
            (Change::ChannelHidden { channel_id, rev: _ }, _) => self.hide_channel(*channel_id, wishes),
            (Change::ChannelMember { member }, _) => self.put_member(member),
            (Change::ChannelMemberGone { channel_id, user_id, rev }, _) => {
                self.remove_member(*channel_id, *user_id, *rev)
            }
            (Change::MyChannel { channel, membership }, _) => {
                let held = self.channels.get_mut(&channel.id).and_then(|state| state.mine.as_mut());
                match held.filter(|held| held.joined_at == membership.joined_at) {
                    Some(held) if held.read.rev < membership.read.rev => held.read = membership.read,
                    Some(_) => {}
                    None => self.enter(channel, *membership, wishes),
                }
                self.put_channel(channel);
            }
            (Change::MyChannelGone { channel_id, rev }, _) => self.leave_at(*channel_id, *rev, wishes),
            (Change::MyChannelPreferences { channel_id, preferences }, stream) => {
                self.prefer(stream, *channel_id, *preferences);
            }
            (Change::MyChannelOrder { order }, stream) => self.own(stream, |own| own.order(order.clone())),
            (Change::MyUserMute { mute }, stream) => self.own(stream, |own| own.mute(*mute)),
            (Change::MyThread { thread }, stream) => self.own(stream, |own| own.thread(*thread)),
            (Change::MySaved { saved }, stream) => self.own(stream, |own| own.save(*saved)),
            (Change::MyDraft { draft }, stream) => self.own(stream, |own| own.draft(draft.clone())),
            (Change::MyReminder { reminder }, stream) => self.own(stream, |own| own.remind(reminder.clone())),
            (Change::TeamJoinRequest { request }, _) => self.put_request(request),
            (Change::MyScheduled { scheduled }, _) => self.put_scheduled(scheduled),
            (Change::Unknown | Change::Floor { .. } | Change::TeamMemberGone { .. } | Change::GroupGone { .. }, _) => {
                unreachable!("{change:?} in {stream:?}")
            }
        }
    }

    /// Forgets what is no longer kept of a channel.
    fn raise_floor(&mut self, channel: ChannelId, floor: Seq) {
        if let Some(state) = self.channels.get_mut(&channel) {
            state.log.retain(|seq, _| *seq > floor);
            state.reacted.retain(|seq, _| *seq > floor);
        }
        self.teams.values_mut().for_each(|team| team.own.raise_floor(channel, floor));
    }

    /// Takes what belongs to the person in the team whose own stream this is.
    fn own(&mut self, stream: Option<StreamId>, take: impl FnOnce(&mut Own)) {
        let of_stream = |state: &&mut TeamState| Some(StreamId::Member(state.mine.member_id)) == stream;
        if let Some(state) = self.teams.values_mut().find(of_stream) {
            take(&mut state.own);
        }
    }

    fn prefer(&mut self, stream: Option<StreamId>, channel: ChannelId, preferences: ChannelPreferences) {
        self.own(stream, |own| own.prefer(channel, preferences));
        let held = self.channels.get_mut(&channel).and_then(|state| state.mine.as_mut());
        if let Some(mine) = held.filter(|mine| mine.preferences.rev < preferences.rev) {
            mine.preferences = preferences;
        }
    }

    fn reload(&self, stream: StreamId) -> Option<Wish> {
        match stream {
            StreamId::Channel(channel) => Some(Wish::Log(channel)),
            StreamId::Team(team) => Some(Wish::Team(team)),
            StreamId::Member(member) => {
                let of_member = |(_, state): &(&TeamId, &TeamState)| state.mine.member_id == member;
                self.teams.iter().find(of_member).map(|(team, _)| Wish::Team(*team))
            }
        }
    }

    fn lose(&mut self, stream: StreamId, wishes: &mut Vec<Wish>) {
        match (stream, self.reload(stream)) {
            (StreamId::Channel(channel), _) => self.leave(channel, wishes),
            (_, Some(Wish::Team(team))) => self.leave_team(team, wishes),
            _ => {}
        }
    }

    /// Takes the teams of a new connection.
    pub(super) fn greet(&mut self, hello: &Hello) -> Vec<Wish> {
        let teams = &hello.teams;
        self.requested = hello.join_requests.iter().copied().collect();
        let mut wishes = Vec::new();
        let kept: BTreeSet<TeamId> = teams.iter().map(|team| team.team.team.id).collect();
        let left: Vec<TeamId> = self.teams.keys().filter(|team| !kept.contains(team)).copied().collect();
        left.into_iter().for_each(|team| self.leave_team(team, &mut wishes));
        teams.iter().for_each(|team| self.enter_team(team, &mut wishes));
        wishes
    }

    fn enter_team(&mut self, hello: &HelloTeam, wishes: &mut Vec<Wish>) {
        let id = hello.team.team.id;
        let mine = hello.team.membership.expect("it is the person's");
        if self.teams.contains_key(&id) {
            return;
        }
        let state = TeamState {
            team: hello.team.team.clone(),
            mine,
            members: BTreeMap::new(),
            gone: BTreeMap::new(),
            groups: BTreeMap::new(),
            gone_groups: BTreeMap::new(),
            requests: BTreeMap::new(),
            own: Own::default(),
            scheduled: BTreeMap::new(),
        };
        self.teams.insert(id, state);
        wishes.push(Wish::NewTeam(id, hello.team_rev, hello.member_rev));
    }

    fn leave_team(&mut self, team: TeamId, wishes: &mut Vec<Wish>) {
        let Some(state) = self.teams.remove(&team) else { return };
        let of_team = |channel: &ChannelState| channel.channel.team_id == team;
        let channels: Vec<ChannelId> =
            self.channels.iter().filter(|(_, state)| of_team(state)).map(|(channel, _)| *channel).collect();
        channels.into_iter().for_each(|channel| self.remove_channel(channel, wishes));
        let streams = [StreamId::Team(team), StreamId::Member(state.mine.member_id)];
        wishes.extend(streams.map(Wish::Unfollow));
    }

    pub(super) fn put_team(&mut self, team: &Team) {
        if let Some(state) = self.teams.get_mut(&team.id).filter(|state| team.rev > state.team.rev) {
            state.team = team.clone();
        }
    }

    pub(super) fn put_scheduled(&mut self, scheduled: &Scheduled) {
        let Some(state) = self.teams.get_mut(&scheduled.team_id) else { return };
        if state.scheduled.get(&scheduled.id).is_none_or(|held| held.rev < scheduled.rev) {
            state.scheduled.insert(scheduled.id, scheduled.clone());
        }
    }

    pub(super) fn put_request(&mut self, request: &JoinRequest) {
        let Some(state) = self.teams.get_mut(&request.team_id) else { return };
        if state.requests.get(&request.user_id).is_none_or(|held| held.rev < request.rev) {
            state.requests.insert(request.user_id, request.clone());
        }
    }

    pub(super) fn put_team_member(&mut self, member: &TeamMember, wishes: &mut Vec<Wish>) {
        let Some(state) = self.teams.get_mut(&member.team_id) else { return };
        let id = member.user.id;
        let newest = state.members.get(&id).map(|held| held.rev).max(state.gone.get(&id).copied());
        if newest.is_some_and(|newest| member.rev <= newest) {
            return;
        }
        state.members.insert(id, member.clone());
        if id == self.me {
            let is_guest = |role: TeamRole| role == TeamRole::Guest;
            // Public channels came into sight, or out of it.
            let manages = |role: TeamRole| role >= TeamRole::Admin;
            // So did who asks to come in.
            let is_other =
                is_guest(state.mine.role) != is_guest(member.role) || manages(state.mine.role) != manages(member.role);
            if is_other {
                wishes.push(Wish::Team(member.team_id));
            }
            if !manages(member.role) {
                state.requests.clear();
            }
            (state.mine.role, state.mine.joined_at) = (member.role, member.joined_at);
        }
    }

    fn remove_team_member(&mut self, team: TeamId, user: UserId, rev: Rev) {
        let Some(state) = self.teams.get_mut(&team) else { return };
        if state.members.get(&user).is_none_or(|held| held.rev < rev) {
            state.members.remove(&user);
            state.gone.insert(user, rev);
        }
    }

    pub(super) fn put_group(&mut self, group: &UserGroup) {
        let Some(state) = self.teams.get_mut(&group.team_id) else { return };
        let newest = state.groups.get(&group.id).map(|held| held.rev).max(state.gone_groups.get(&group.id).copied());
        if newest.is_none_or(|newest| group.rev > newest) {
            state.groups.insert(group.id, group.clone());
        }
    }

    fn remove_group(&mut self, team: TeamId, group: GroupId, rev: Rev) {
        let Some(state) = self.teams.get_mut(&team) else { return };
        if state.groups.get(&group).is_none_or(|held| held.rev < rev) {
            state.groups.remove(&group);
            state.gone_groups.insert(group, rev);
        }
    }

    pub(super) fn put_channel(&mut self, channel: &Channel) {
        match self.channels.get_mut(&channel.id) {
            Some(state) if channel.rev > state.channel.rev => state.channel = channel.clone(),
            Some(_) => {}
            None => {
                let state = ChannelState {
                    channel: channel.clone(),
                    mine: None,
                    log: BTreeMap::new(),
                    reacted: Reacted::new(),
                };
                self.channels.insert(channel.id, state);
            }
        }
    }

    pub(super) fn remove_channel(&mut self, channel: ChannelId, wishes: &mut Vec<Wish>) {
        self.channels.remove(&channel);
        self.people.remove(&channel);
        self.book.forget(channel);
        wishes.push(Wish::Unfollow(StreamId::Channel(channel)));
    }

    /// Takes a channel that became private: who is not in it forgets it, and who leaves it later will.
    fn hide_channel(&mut self, channel: ChannelId, wishes: &mut Vec<Wish>) {
        match self.channels.get_mut(&channel) {
            Some(state) if state.mine.is_some() => {
                (state.channel.kind, state.channel.is_private) = (ChannelKind::Private, true);
            }
            Some(_) => self.remove_channel(channel, wishes),
            None => {}
        }
    }

    pub(super) fn put_member(&mut self, member: &ChannelMember) {
        let state = self.people.entry(member.channel_id).or_default();
        let id = member.user.id;
        let newest = state.members.get(&id).map(|held| held.rev).max(state.gone.get(&id).copied());
        if newest.is_some_and(|newest| member.rev <= newest) {
            return;
        }
        state.members.insert(id, member.clone());
    }

    fn remove_member(&mut self, channel: ChannelId, user: UserId, rev: Rev) {
        let state = self.people.entry(channel).or_default();
        if state.members.get(&user).is_none_or(|held| held.rev < rev) {
            state.members.remove(&user);
            state.gone.insert(user, rev);
        }
    }

    fn enter(&mut self, channel: &Channel, membership: ChannelMembership, wishes: &mut Vec<Wish>) {
        self.put_channel(channel);
        let Some(state) = self.channels.get_mut(&channel.id) else { return };
        if state.mine.is_none_or(|mine| mine.read.rev < membership.read.rev) {
            state.mine = Some(membership);
            wishes.push(Wish::Channel(channel.id));
            let team = channel.team_id;
            self.teams.entry(team).and_modify(|state| state.own.forget_threads(channel.id));
            wishes.push(Wish::Threads(team));
        }
    }

    /// Leaves a channel unless the person has come back since.
    fn leave_at(&mut self, channel: ChannelId, rev: Rev, wishes: &mut Vec<Wish>) {
        let mine = self.channels.get(&channel).and_then(|state| state.mine);
        if mine.is_none_or(|mine| mine.read.rev < rev) {
            self.leave(channel, wishes);
        }
    }

    fn leave(&mut self, channel: ChannelId, wishes: &mut Vec<Wish>) {
        let Some(state) = self.channels.get_mut(&channel) else { return };
        state.mine = None;
        state.log.clear();
        state.reacted.clear();
        wishes.push(Wish::Unfollow(StreamId::Channel(channel)));
        let is_guest = self.teams.get(&state.channel.team_id).is_none_or(|team| team.mine.role == TeamRole::Guest);
        if state.channel.is_private || is_guest {
            self.remove_channel(channel, wishes);
        }
    }

    pub(super) fn put_message(&mut self, message: &Message) {
        let Some(state) = self.channels.get_mut(&message.channel_id).filter(|state| state.mine.is_some()) else {
            return;
        };
        if state.log.get(&message.seq).is_none_or(|held| message.rev > held.rev) {
            state.log.insert(message.seq, message.clone());
        }
    }

    /// Takes what stands beside the messages of a page, for those that are newer than what is held.
    fn take_mine(&mut self, items: &[Change], mine: &[MyReactions]) {
        for item in items {
            let Change::Message { message } = item else { continue };
            let Some(state) = self.channels.get_mut(&message.channel_id).filter(|state| state.mine.is_some()) else {
                continue;
            };
            if state.log.get(&message.seq).is_none_or(|held| message.rev > held.rev) {
                state.reacted.remove(&message.seq);
                let here = mine.iter().filter(|mine| mine.seq == message.seq);
                state.reacted.extend(here.map(|mine| (mine.seq, mine.emoji.iter().cloned().collect())));
            }
        }
    }

    fn set_mine(&mut self, channel: ChannelId, seq: Seq, emoji: &Emoji, is_added: bool) {
        let Some(state) = self.channels.get_mut(&channel).filter(|state| state.mine.is_some()) else { return };
        let mut mine = state.reacted.remove(&seq).unwrap_or_default();
        if is_added {
            mine.insert(emoji.clone());
        } else {
            mine.remove(emoji);
        }
        if !mine.is_empty() {
            state.reacted.insert(seq, mine);
        }
    }

    /// Finds a message to be changed by an event of this rev, unless what is held is as new; stamps it.
    fn message_before(&mut self, channel: ChannelId, seq: Seq, rev: Rev) -> Option<&mut Message> {
        let message = self.channels.get_mut(&channel)?.log.get_mut(&seq).filter(|message| message.rev < rev)?;
        message.rev = rev;
        Some(message)
    }

    fn set_thread(&mut self, channel: ChannelId, thread: Option<ThreadState>, at: Time, rev: Rev) {
        let Some(thread) = thread else { return };
        if let Some(root) = self.message_before(channel, thread.root_seq, rev) {
            (root.reply_count, root.last_reply_at, root.updated_at) = (thread.reply_count, thread.last_reply_at, at);
        }
    }
}
