//! What is known of the server's contents: teams, people, channels, how much of them is unread.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use syncspace_client::{Unread, UnreadBook};
use syncspace_protocol::channels::{Channel, ChannelHead, ChannelKind, ChannelMember, ChannelMembership, MyChannel};
use syncspace_protocol::commands::SlashCommand;
use syncspace_protocol::groups::UserGroup;
use syncspace_protocol::messages::Message;
use syncspace_protocol::server::Banner;
use syncspace_protocol::socket::{Event as StreamEvent, HelloTeam};
use syncspace_protocol::status::PresenceStatus;
use syncspace_protocol::teams::{MyTeam, Team, TeamMember, TeamMembership};
use syncspace_protocol::text::clean_line;
use syncspace_protocol::users::{Person, User};
use syncspace_protocol::{ChannelId, GroupId, Rev, Seq, TeamId, Time, UserId};

use super::loaded::TeamWaiting;
use super::message::TeamContents;
use super::text;
use super::timeline::Timeline;

/// Somebody stays "typing" that long after the last sign of it, in milliseconds. Signs come every 3 seconds.
const TYPING_MS: i64 = 6_000;

/// A team of the person.
#[derive(Debug, Clone)]
pub(crate) struct TeamState {
    pub(crate) team: Team,
    pub(crate) membership: Option<TeamMembership>,
    /// People in the team, with the rev of their membership.
    pub(crate) members: HashMap<UserId, Rev>,
    /// Events that came while the team was being read; none once it is.
    pub(crate) waiting: Option<TeamWaiting>,
    /// Whether it is what the disk had: the server has not been asked yet.
    pub(crate) is_kept: bool,
}

/// A channel that the person may see.
#[derive(Debug)]
pub(crate) struct ChannelState {
    pub(crate) channel: Channel,
    pub(crate) head: ChannelHead,
    pub(crate) membership: Option<ChannelMembership>,
    pub(crate) log: Log,
    /// Who types, where, and until when that is believed.
    pub(crate) typing: HashMap<UserId, (Option<Seq>, Time)>,
}

/// The loaded log of a channel.
#[derive(Debug)]
pub(crate) enum Log {
    /// Not asked for.
    Unloaded,
    /// Asked for; events that come meanwhile wait.
    Loading(Vec<StreamEvent>),
    /// It could not be read.
    Failed(String),
    Loaded(Box<Timeline>),
}

/// Everything that is known of the server's contents.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) me: Option<User>,
    /// What everybody on the server sees, as it was told last.
    pub(crate) banner: Option<Banner>,
    pub(crate) teams: BTreeMap<TeamId, TeamState>,
    /// Which there are, who is in them and how they are called is changed here alone: their order hangs on it.
    pub(crate) channels: HashMap<ChannelId, ChannelState>,
    /// Names of the channels that the person was in during this session, and is not any more.
    pub(crate) gone: HashMap<ChannelId, String>,
    /// What is unread; none before it is known who this is.
    pub(crate) book: Option<UnreadBook>,
    pub(crate) people: HashMap<UserId, Person>,
    /// User groups of all teams.
    pub(crate) groups: HashMap<GroupId, UserGroup>,
    /// Commands of each team, as they were when it was loaded.
    pub(crate) commands: HashMap<TeamId, Vec<SlashCommand>>,
    pub(crate) presence: HashMap<UserId, PresenceStatus>,
    /// People who were asked for by id, so that they are asked for once.
    pub(crate) asked: HashSet<UserId>,
    order: RefCell<Order>,
}

/// Joined channels of each team in the order of the side bar: made when it is asked for, forgotten when one of them
/// changes. A side bar of thousands is drawn at every key.
#[derive(Debug, Default)]
struct Order {
    /// Whose it is: direct channels are called after the others in them.
    me: Option<UserId>,
    of_teams: HashMap<TeamId, Rc<[ChannelId]>>,
}

impl ChannelState {
    fn new(mine: MyChannel) -> Self {
        Self {
            channel: mine.channel,
            head: mine.head,
            membership: mine.membership,
            log: Log::Unloaded,
            typing: HashMap::new(),
        }
    }

    pub(crate) const fn is_joined(&self) -> bool {
        self.membership.is_some()
    }

    pub(crate) const fn is_direct(&self) -> bool {
        matches!(self.channel.kind, ChannelKind::Direct | ChannelKind::Group)
    }

    pub(crate) fn timeline(&self) -> Option<&Timeline> {
        match &self.log {
            Log::Loaded(timeline) => Some(timeline),
            Log::Unloaded | Log::Loading(_) | Log::Failed(_) => None,
        }
    }

    pub(crate) fn timeline_mut(&mut self) -> Option<&mut Timeline> {
        match &mut self.log {
            Log::Loaded(timeline) => Some(timeline),
            Log::Unloaded | Log::Loading(_) | Log::Failed(_) => None,
        }
    }

    /// Notes how far the log goes with a message.
    pub(crate) fn note_message(&mut self, message: &Message) {
        self.head.last_seq = self.head.last_seq.max(message.seq);
        self.head.last_rev = self.head.last_rev.max(message.rev);
        self.typing.remove(&message.sender_id);
    }

    /// Forgets messages that are no longer kept, up to a place.
    pub(crate) fn raise_floor(&mut self, floor: Seq) {
        self.head.floor_seq = self.head.floor_seq.max(floor);
        if let Some(timeline) = self.timeline_mut() {
            timeline.raise_floor(floor);
        }
    }

    pub(crate) fn set_typing(&mut self, user_id: UserId, parent_seq: Option<Seq>, now: Time) {
        if let Ok(until) = Time::from_unix_ms(now.unix_ms().saturating_add(TYPING_MS)) {
            self.typing.insert(user_id, (parent_seq, until));
        }
    }
}

impl World {
    pub(crate) fn my_id(&self) -> Option<UserId> {
        self.me.as_ref().map(|me| me.id)
    }

    /// Gives what is unread in a channel.
    pub(crate) fn unread(&self, channel_id: ChannelId) -> Unread {
        self.book.as_ref().and_then(|book| book.unread(channel_id)).unwrap_or_default()
    }

    /// Gives the place up to which a channel is read, where something after it is not.
    pub(crate) fn read_before(&self, channel_id: ChannelId) -> Option<Seq> {
        let read = self.book.as_ref()?.read_up_to(channel_id);
        read.filter(|_| self.unread(channel_id).messages > 0)
    }

    /// Gives the name of a person, safe for the terminal.
    pub(crate) fn name(&self, user_id: UserId) -> String {
        match self.people.get(&user_id) {
            Some(person) if !person.is_active => format!("{} (left)", text::line(person.username.as_str())),
            Some(person) if person.is_bot => format!("{} (bot)", text::line(person.username.as_str())),
            Some(person) => text::line(person.username.as_str()),
            None => self
                .me
                .as_ref()
                .filter(|me| me.id == user_id)
                .map_or_else(|| format!("user {user_id}"), |me| text::line(me.username.as_str())),
        }
    }

    /// Gives the name of a channel without a sign before it: `general`, or the other people of a direct one.
    pub(crate) fn channel_name<'a>(&self, channel: &'a Channel) -> Cow<'a, str> {
        if let Some(name) = &channel.name {
            return clean_line(name.as_str());
        }
        let me = self.my_id();
        let mut others = channel.people.iter().filter(|person| Some(person.id) != me).map(|person| &person.username);
        let Some(first) = others.next() else { return Cow::Borrowed("notes to myself") };
        others.fold(clean_line(first.as_str()), |names, other| names + ", " + clean_line(other.as_str()))
    }

    /// Gives the name of a channel with its sign: `#general`, `@alice`.
    pub(crate) fn channel_label(&self, channel: &Channel) -> String {
        format!("{}{}", sign(channel.kind), self.channel_name(channel))
    }

    /// Gives the name of a channel with its sign, also of one that is not there any more.
    pub(crate) fn label_of(&self, channel_id: ChannelId) -> String {
        let known = self.channels.get(&channel_id).map(|channel| self.channel_label(&channel.channel));
        known.or_else(|| self.gone.get(&channel_id).cloned()).unwrap_or_else(|| "a channel that is gone".to_owned())
    }

    /// Gives the other person of a direct channel.
    pub(crate) fn partner(&self, channel: &Channel) -> Option<UserId> {
        let me = self.my_id();
        match channel.kind {
            ChannelKind::Direct => channel.people.iter().map(|person| person.id).find(|&id| Some(id) != me).or(me),
            ChannelKind::Public | ChannelKind::Private | ChannelKind::Group => None,
        }
    }

    /// Gives the joined channels of a team in the order of the side bar.
    pub(crate) fn joined_channels(&self, team_id: TeamId) -> Vec<&ChannelState> {
        self.joined(team_id).iter().filter_map(|id| self.channels.get(id)).collect()
    }

    /// Gives which channels of a team are joined, in the order of the side bar: named ones, then direct ones.
    pub(crate) fn joined(&self, team_id: TeamId) -> Rc<[ChannelId]> {
        let mut order = self.order.borrow_mut();
        if order.me != self.my_id() {
            *order = Order { me: self.my_id(), of_teams: HashMap::new() };
        }
        let joined = order.of_teams.entry(team_id).or_insert_with(|| self.sort_joined(team_id));
        debug_assert_eq!(**joined, *self.sort_joined(team_id), "a change forgot the order");
        Rc::clone(joined)
    }

    fn sort_joined(&self, team_id: TeamId) -> Rc<[ChannelId]> {
        let mut channels: Vec<&ChannelState> = self
            .channels
            .values()
            .filter(|state| {
                state.channel.team_id == team_id && state.is_joined() && state.channel.archived_at.is_none()
            })
            .collect();
        channels.sort_by_cached_key(|state| {
            (state.is_direct(), self.channel_name(&state.channel).to_lowercase(), state.channel.id)
        });
        channels.iter().map(|state| state.channel.id).collect()
    }

    fn forget_order(&mut self) {
        self.order.get_mut().of_teams.clear();
    }

    pub(crate) fn team_unread(&self, team_id: TeamId) -> Unread {
        let of_team = self.channels.values().filter(|state| state.channel.team_id == team_id && state.is_joined());
        of_team.map(|state| self.unread(state.channel.id)).fold(Unread::default(), |sum, one| Unread {
            messages: sum.messages.saturating_add(one.messages),
            mentions: sum.mentions.saturating_add(one.mentions),
        })
    }

    /// Puts a team in, still to be read.
    pub(crate) fn enter_team(&mut self, mine: MyTeam) {
        let id = mine.team.id;
        let members = self.teams.remove(&id).map(|state| state.members).unwrap_or_default();
        let waiting = Some(TeamWaiting::default());
        let state = TeamState { team: mine.team, membership: mine.membership, members, waiting, is_kept: false };
        self.teams.insert(id, state);
    }

    pub(crate) fn leave_team(&mut self, team_id: TeamId) {
        self.teams.remove(&team_id);
        self.keep_channels(|channel| channel.team_id != team_id);
    }

    /// Forgets the channels that are not to be kept, but for the names of those that the person was in.
    fn keep_channels(&mut self, is_kept: impl Fn(&Channel) -> bool) {
        let lost: Vec<ChannelId> = self
            .channels
            .values()
            .map(|state| &state.channel)
            .filter(|channel| !is_kept(channel))
            .map(|channel| channel.id)
            .collect();
        lost.into_iter().for_each(|channel_id| self.forget_channel(channel_id));
    }

    /// Forgets a channel, but for its name where the person was in it.
    pub(crate) fn forget_channel(&mut self, channel_id: ChannelId) {
        self.forget_order();
        self.note_gone(channel_id);
        self.channels.remove(&channel_id);
    }

    fn note_gone(&mut self, channel_id: ChannelId) {
        if let Some(state) = self.channels.get(&channel_id).filter(|state| state.is_joined()) {
            self.gone.insert(channel_id, self.channel_label(&state.channel));
        }
    }

    /// Takes what a team holds; gives the events that came while it was read.
    pub(crate) fn fill_team(&mut self, team_id: TeamId, contents: TeamContents) -> TeamWaiting {
        self.forget_order();
        let known: HashSet<ChannelId> = contents.channels.iter().map(|mine| mine.channel.id).collect();
        self.keep_channels(|channel| channel.team_id != team_id || known.contains(&channel.id));
        for mine in contents.channels {
            self.put_channel(mine);
        }
        let members = contents.members.iter().map(|member| (member.user.id, member.rev)).collect();
        for member in contents.members {
            self.people.insert(member.user.id, member.user);
        }
        let Some(state) = self.teams.get_mut(&team_id) else { return TeamWaiting::default() };
        state.members = members;
        state.waiting.take().unwrap_or_default()
    }

    /// Takes a channel with what the person is in it.
    pub(crate) fn put_channel(&mut self, mine: MyChannel) {
        self.forget_order();
        let mine_id = mine.channel.id;
        self.learn_people(&mine.channel);
        if mine.membership.is_some() {
            self.gone.remove(&mine.channel.id);
        }
        if let Some(book) = &mut self.book {
            match &mine.membership {
                Some(membership) => book.put(mine.channel.id, membership.read),
                None => book.forget(mine.channel.id),
            }
        }
        match self.channels.get_mut(&mine.channel.id) {
            Some(state) => {
                if mine.channel.rev >= state.channel.rev {
                    state.channel = mine.channel;
                }
                state.head.last_seq = state.head.last_seq.max(mine.head.last_seq);
                state.head.last_rev = state.head.last_rev.max(mine.head.last_rev);
                if mine.head.floor_seq > state.head.floor_seq {
                    state.raise_floor(mine.head.floor_seq);
                }
                if mine.membership.is_none() {
                    self.note_gone(mine_id);
                }
                let Some(state) = self.channels.get_mut(&mine_id) else { return };
                state.membership = mine.membership;
            }
            None => {
                self.channels.insert(mine.channel.id, ChannelState::new(mine));
            }
        }
    }

    /// Notes that a channel is followed from a rev on, at which the server gave its log.
    pub(crate) fn follow_from(&mut self, channel_id: ChannelId, rev: Rev) {
        if let Some(book) = &mut self.book {
            book.follow_from(channel_id, rev);
        }
    }

    /// Takes a channel as it is now.
    pub(crate) fn put_channel_itself(&mut self, channel: Channel) {
        self.forget_order();
        self.learn_people(&channel);
        match self.channels.get_mut(&channel.id) {
            Some(state) if channel.rev > state.channel.rev => state.channel = channel,
            Some(_) => {}
            None => {
                let head = ChannelHead { last_seq: Seq::ZERO, last_rev: Rev::ZERO, floor_seq: Seq::ZERO };
                let state = ChannelState::new(MyChannel { channel, head, membership: None });
                self.channels.insert(state.channel.id, state);
            }
        }
    }

    /// Notes that the person is in a channel.
    pub(crate) fn join_channel(&mut self, channel: Channel, membership: ChannelMembership) {
        let id = channel.id;
        self.gone.remove(&id);
        self.put_channel_itself(channel);
        if let Some(state) = self.channels.get_mut(&id) {
            state.membership = Some(membership);
        }
        if let Some(book) = &mut self.book {
            book.put(id, membership.read);
        }
    }

    /// Notes that the person is no longer in a channel: a private one is forgotten.
    pub(crate) fn leave_channel(&mut self, channel_id: ChannelId) {
        self.forget_order();
        self.note_gone(channel_id);
        let Some(state) = self.channels.get_mut(&channel_id) else { return };
        if state.channel.is_private {
            self.channels.remove(&channel_id);
        } else {
            state.membership = None;
        }
    }

    /// Takes a person in a team, unless what is at hand is as new.
    pub(crate) fn put_member(&mut self, member: TeamMember) {
        let me = self.my_id();
        let Some(team) = self.teams.get_mut(&member.team_id) else { return };
        if team.members.get(&member.user.id).is_some_and(|&held| held > member.rev) {
            return;
        }
        team.members.insert(member.user.id, member.rev);
        if let Some(membership) = team.membership.as_mut().filter(|_| Some(member.user.id) == me) {
            membership.role = member.role;
        }
        self.people.insert(member.user.id, member.user);
    }

    /// Takes what a person may do in a channel: of others nothing hangs on it here.
    pub(crate) fn put_channel_member(&mut self, member: &ChannelMember) {
        let me = self.my_id();
        let membership = self.channels.get_mut(&member.channel_id).and_then(|channel| channel.membership.as_mut());
        if let Some(membership) = membership.filter(|_| Some(member.user.id) == me) {
            membership.role = member.role;
        }
    }

    pub(crate) fn put_team(&mut self, team: Team) {
        if let Some(state) = self.teams.get_mut(&team.id)
            && team.rev > state.team.rev
        {
            state.team = team;
        }
    }

    /// Takes the user groups of a team.
    pub(crate) fn put_groups(&mut self, team_id: TeamId, groups: Vec<UserGroup>) {
        self.groups.retain(|id, held| held.team_id != team_id || groups.iter().any(|group| group.id == *id));
        groups.into_iter().for_each(|group| self.put_group(group));
    }

    /// Takes a user group, unless what is at hand is as new.
    pub(crate) fn put_group(&mut self, group: UserGroup) {
        if self.groups.get(&group.id).is_none_or(|held| held.rev < group.rev) {
            self.groups.insert(group.id, group);
        }
    }

    /// Tells whether the person is in any channel of any team.
    pub(crate) fn joined_any(&self) -> bool {
        self.channels.values().any(ChannelState::is_joined)
    }

    /// Takes a person who was asked for by id.
    pub(crate) fn learn_user(&mut self, user: User) {
        let User { id, username, full_name, avatar_url, is_active, is_bot, .. } = user;
        self.people.insert(id, Person { id, username, full_name, avatar_url, is_active, is_bot });
    }

    fn learn_people(&mut self, channel: &Channel) {
        for person in &channel.people {
            self.people.insert(person.id, person.clone());
        }
    }
}

/// Gives what stands before the name of a channel.
const fn sign(kind: ChannelKind) -> char {
    match kind {
        ChannelKind::Public => '#',
        ChannelKind::Private => '◇',
        ChannelKind::Direct | ChannelKind::Group => '@',
    }
}

/// Gives the teams of a hello that are no longer among the known ones, to be forgotten.
pub(crate) fn teams_gone(world: &World, teams: &[HelloTeam]) -> Vec<TeamId> {
    world.teams.keys().copied().filter(|id| !teams.iter().any(|hello| hello.team.team.id == *id)).collect()
}
