//! A device that keeps a model by events alone, and compares it with what can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use syncspace_client::{Client, ConnectOptions, Connection, Unread, Update};
use syncspace_protocol::channels::{Channel, ChannelMember};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::join_requests::{JoinRequest, JoinRequestState};
use syncspace_protocol::limits::PAGE_ITEMS_MAX;
use syncspace_protocol::messages::{Message, MessageQuery};
use syncspace_protocol::preferences::Preferences;
use syncspace_protocol::scheduled::{Scheduled, ScheduledState};
use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::status::PresenceStatus;
use syncspace_protocol::sync::ChangesQuery;
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::users::{Person, User};
use syncspace_protocol::{ChannelId, GroupId, Rev, ScheduledId, Seq, StreamId, TeamId, UserId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::kinds::{name_of_change, name_of_event};
use super::model::{Model, Reacted, Wish};
use super::own::Own;
use crate::world::PATIENCE;

/// Pause between two looks at whether everything was heard.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

pub(super) struct Observer {
    client: Client,
    connection: Connection,
    heard: Arc<Mutex<Heard>>,
    _task: JoinSet<()>,
}

/// An account, and what its person wants for it.
type Account = (User, Preferences);

/// How often each kind came.
pub(super) type Kinds = BTreeMap<&'static str, u32>;

struct Heard {
    model: Model,
    /// How far each followed stream was heard.
    revs: BTreeMap<StreamId, Rev>,
    /// How often each kind of event came.
    seen: Kinds,
    /// How often each kind of change came after an absence.
    changed: Kinds,
    account: Option<Account>,
    connections: u32,
}

impl Observer {
    pub(super) async fn start(client: Client) -> Self {
        let me = client.credentials().expect("a login").user_id;
        let model = Model::new(me);
        let (seen, changed) = (Kinds::new(), Kinds::new());
        let heard = Heard { model, revs: BTreeMap::new(), seen, changed, account: None, connections: 0 };
        let heard = Arc::new(Mutex::new(heard));
        let (connection, updates) = client.connect(ConnectOptions::default());
        let mut task = JoinSet::new();
        task.spawn(hear(client.clone(), connection.clone(), heard.clone(), updates));
        let observer = Self { client, connection, heard, _task: task };
        let deadline = Instant::now() + PATIENCE;
        while observer.lock().revs.is_empty() {
            assert!(Instant::now() < deadline, "no connection");
            sleep(LOOK_AGAIN).await;
        }
        observer
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().expect("unbroken")
    }

    /// Gives how often each kind of event came.
    pub(super) fn seen(&self) -> Kinds {
        self.lock().seen.clone()
    }

    /// Gives how often each kind of change came after an absence.
    pub(super) fn changed(&self) -> Kinds {
        self.lock().changed.clone()
    }

    /// Waits until an event of this kind came.
    pub(super) async fn hears(&self, kind: &str) {
        self.hears_again(kind, &Kinds::new()).await;
    }

    /// Waits until an event of this kind came that did not before.
    pub(super) async fn hears_again(&self, kind: &str, before: &Kinds) {
        let deadline = Instant::now() + PATIENCE;
        while self.seen().get(kind) <= before.get(kind) {
            assert!(Instant::now() < deadline, "no {kind} came: {:?}", self.seen());
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until a change of this kind came after an absence.
    pub(super) async fn catches_up(&self, kind: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.changed().contains_key(kind) {
            assert!(Instant::now() < deadline, "no {kind} came: {:?}", self.changed());
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Connects once more, waits until everything was heard, and compares the model with what can be read.
    pub(super) async fn converges(&self) {
        self.connection.reconnect_now();
        self.agrees().await;
    }

    /// Waits until the model is what can be read, as the connection stands.
    pub(super) async fn agrees(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let differences = self.differences().await;
            if differences.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "{}\n{:?}", differences.join("\n"), self.seen());
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Reads everything again, and says where the model differs.
    async fn differences(&self) -> Vec<String> {
        let mut differences = Differences(Vec::new());
        let me = self.client.me().await.expect("the account");
        let account = account(me, self.client.preferences().await.expect("preferences"));
        differences.compare("account", &self.lock().account, &Some(account));
        let teams = self.client.all_teams().await.expect("teams");
        let own: Vec<_> = teams.into_iter().filter_map(|team| Some((team.team, team.membership?))).collect();
        let ids: BTreeSet<TeamId> = own.iter().map(|(team, _)| team.id).collect();
        differences.compare("teams", &self.lock().model.teams.keys().copied().collect(), &ids);
        let asked = self.client.all_my_join_requests().await.expect("own requests").into_iter();
        let asked = asked.filter(|request| request.state == JoinRequestState::Open).map(|request| request.team.id);
        differences.compare("own requests", &self.lock().model.requested, &asked.collect());
        for (team, membership) in own {
            let requests = read_requests(&self.client, team.id, membership.role).await.expect("requests");
            let members = self.client.all_team_members(team.id).await.expect("members");
            let channels = self.client.all_channels(team.id).await.expect("channels");
            let scheduled = self.client.all_scheduled(team.id).await.expect("scheduled");
            let groups = self.client.all_groups(team.id).await.expect("groups");
            let people: BTreeMap<UserId, Person> =
                members.iter().map(|member| (member.user.id, member.user.clone())).collect();
            {
                let heard = self.lock();
                let Some(state) = heard.model.teams.get(&team.id) else { continue };
                differences.compare(&format!("{}", team.id), &state.team, &team);
                differences.compare(&format!("me in {}", team.id), &state.mine, &membership);
                let waits = |scheduled: &&Scheduled| {
                    matches!(scheduled.state, ScheduledState::Waiting | ScheduledState::Failed)
                };
                let mut held: Vec<Scheduled> = state.scheduled.values().filter(waits).cloned().collect();
                held.sort_by_key(|scheduled| (scheduled.send_at, scheduled.id));
                differences.compare(&format!("scheduled in {}", team.id), &held, &scheduled);
                let is_open = |request: &&JoinRequest| request.state == JoinRequestState::Open;
                let mut held: Vec<JoinRequest> = state.requests.values().filter(is_open).cloned().collect();
                held.sort_by_key(|request| (request.created_at, request.user_id));
                differences.compare(&format!("requests to {}", team.id), &held, &requests);
                let members = members.into_iter().map(|member| (member.user.id, member)).collect();
                differences.compare(&format!("members of {}", team.id), &state.members, &members);
                let groups = groups.into_iter().map(|group| (group.id, group)).collect();
                differences.compare(&format!("groups of {}", team.id), &state.groups, &groups);
                let ids: BTreeSet<ChannelId> = channels.iter().map(|mine| mine.channel.id).collect();
                let known = heard.model.channels.values().filter(|state| state.channel.team_id == team.id);
                differences.compare(
                    &format!("channels of {}", team.id),
                    &known.map(|state| state.channel.id).collect(),
                    &ids,
                );
            }
            let own = Own::read(&self.client, team.id).await.expect("lists");
            {
                let heard = self.lock();
                let model = &heard.model;
                let Some(state) = model.teams.get(&team.id) else { continue };
                let mine = |channel| model.channels.get(&channel).filter(|state| state.mine.is_some());
                let is_in = |channel| mine(channel).is_some();
                let is_there = |channel, seq| {
                    let message = mine(channel).and_then(|state| state.log.get(&seq));
                    message.is_some_and(|message| message.deleted_at.is_none())
                };
                let lists = |own: &Own| own.lists(is_in, is_there);
                differences.compare(&format!("own lists in {}", team.id), &lists(&state.own), &lists(&own));
            }
            for mine in channels {
                self.compare_channel(&mut differences, &people, mine).await;
            }
        }
        differences.0
    }

    async fn compare_channel(
        &self,
        differences: &mut Differences,
        people: &BTreeMap<UserId, Person>,
        mine: syncspace_protocol::channels::MyChannel,
    ) {
        let id = mine.channel.id;
        let members = self.client.all_channel_members(id).await.expect("members");
        let log = match mine.membership {
            Some(_) => read_log(&self.client, id).await.expect("messages"),
            None => ReadLog::empty(),
        };
        let heard = self.lock();
        let Some(state) = heard.model.channels.get(&id) else { return };
        differences.compare(
            &format!("channel {id}"),
            &known_as(&state.channel, people),
            &known_as(&mine.channel, people),
        );
        // A person's name is the team's business: the newest one counts.
        let named = |members: Vec<ChannelMember>| -> BTreeMap<UserId, ChannelMember> {
            members.into_iter().map(|member| (member.user.id, with_name(member, people))).collect()
        };
        let people_held = heard.model.people.get(&id);
        let held = people_held.map(|people| people.members.values().cloned().collect()).unwrap_or_default();
        let held = named(held);
        differences.compare(&format!("members of channel {id}"), &held, &named(members));
        let place = |read: &syncspace_protocol::channels::ReadMarker| (read.last_read_seq, read.rev);
        // What one may do in a channel is the team's stream's business, how far one has read one's own.
        let role = people_held.and_then(|people| people.members.get(&heard.model.me)).map(|member| member.role);
        let held = state.mine.map(|mine| (role, mine.joined_at, place(&mine.read), mine.preferences));
        let read = mine.membership.map(|mine| (Some(mine.role), mine.joined_at, place(&mine.read), mine.preferences));
        differences.compare(&format!("me in channel {id}"), &held, &read);
        let served = mine.membership.map(|membership| Unread {
            messages: membership.read.unread_count,
            mentions: membership.read.mention_count,
        });
        differences.compare(&format!("unread in channel {id}"), &heard.model.book.unread(id), &served);
        let held: Vec<Message> = state.log.values().cloned().collect();
        differences.compare(&format!("log of channel {id}"), &held, &log.messages);
        differences.compare(&format!("own reactions in channel {id}"), &state.reacted, &log.reacted);
    }
}

struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, held: &T, read: &T) {
        if held != read {
            self.0.push(format!("{what}:\n  by events {held:?}\n  read      {read:?}"));
        }
    }
}

fn with_name(member: ChannelMember, people: &BTreeMap<UserId, Person>) -> ChannelMember {
    let user = people.get(&member.user.id).cloned().unwrap_or(member.user);
    ChannelMember { user, ..member }
}

/// Gives a channel with the people of the team as they are called now, and of others only who they are.
fn known_as(channel: &Channel, people: &BTreeMap<UserId, Person>) -> Channel {
    let named = |person: &Person| Person {
        full_name: people.get(&person.id).and_then(|person| person.full_name.clone()),
        ..person.clone()
    };
    Channel { people: channel.people.iter().map(named).collect(), ..channel.clone() }
}

async fn hear(client: Client, connection: Connection, heard: Arc<Mutex<Heard>>, mut updates: mpsc::Receiver<Update>) {
    while let Some(update) = updates.recv().await {
        let mut wishes = match update {
            Update::Connected(hello) => {
                let mut heard = heard.lock().expect("unbroken");
                heard.connections += 1;
                let wishes = heard.model.greet(&hello);
                heard.account = Some(account(hello.user, hello.preferences));
                wishes
            }
            Update::Event(event) => take(&mut heard.lock().expect("unbroken"), &event),
            Update::Connecting { .. } | Update::Disconnected { .. } => Vec::new(),
            Update::LoggedOut { reason } => unreachable!("{reason}"),
        };
        while let Some(wish) = wishes.pop() {
            while let Err(error) = fulfil(&client, &connection, &heard, wish, &mut wishes).await {
                // What may not be read was left or deleted meanwhile, and an event is on its way that says so.
                if matches!(error.code(), Some(ErrorCode::NotFound | ErrorCode::Forbidden)) {
                    break;
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
        let unsure: Vec<ChannelId> = heard.lock().expect("unbroken").model.book.unsure().collect();
        for channel in unsure {
            if let Ok(read) = connection.marker(channel).await {
                heard.lock().expect("unbroken").model.book.put(channel, read);
            }
        }
    }
}

fn take(heard: &mut Heard, event: &Event) -> Vec<Wish> {
    *heard.seen.entry(name_of_event(&event.body)).or_default() += 1;
    if let EventBody::Changes { items, .. } = &event.body {
        items.iter().for_each(|change| *heard.changed.entry(name_of_change(change)).or_default() += 1);
    }
    if let (Some(stream), Some(rev)) = (event.stream, event.rev) {
        heard.revs.insert(stream, rev);
    }
    if let EventBody::MyAccount { user, preferences } = &event.body {
        heard.account = Some(account(User::clone(user), Preferences::clone(preferences)));
    }
    heard.model.take(event)
}

/// Gives an account without what changes by coming and going.
fn account(user: User, preferences: Preferences) -> Account {
    (User { presence: PresenceStatus::Unknown, is_online: None, last_seen: None, ..user }, preferences)
}

async fn fulfil(
    client: &Client,
    connection: &Connection,
    heard: &Mutex<Heard>,
    wish: Wish,
    wishes: &mut Vec<Wish>,
) -> Result<(), syncspace_client::ClientError> {
    match wish {
        Wish::Unfollow(stream) => {
            connection.unfollow(stream);
            heard.lock().expect("unbroken").revs.remove(&stream);
        }
        Wish::NewTeam(team, team_rev, member_rev) => {
            let member = heard.lock().expect("unbroken").model.teams.get(&team).map(|state| state.mine.member_id);
            if let Some(member) = member {
                follow(connection, heard, StreamId::Team(team), team_rev);
                follow(connection, heard, StreamId::Member(member), member_rev);
                read_team(client, heard, team, wishes).await?;
            }
        }
        Wish::Team(team) => {
            let member = heard.lock().expect("unbroken").model.teams.get(&team).map(|state| state.mine.member_id);
            if let Some(member) = member {
                for stream in [StreamId::Team(team), StreamId::Member(member)] {
                    let rev = head(client, stream).await?;
                    follow(connection, heard, stream, rev);
                    let model = &mut heard.lock().expect("unbroken").model;
                    if let (StreamId::Member(_), Some(state)) = (stream, model.teams.get_mut(&team)) {
                        state.own.forget_up_to(rev);
                    }
                }
                read_team(client, heard, team, wishes).await?;
            }
        }
        Wish::Threads(team) => {
            let own = Own::read(client, team).await?;
            let model = &mut heard.lock().expect("unbroken").model;
            model.teams.entry(team).and_modify(|state| state.own.take(own));
        }
        Wish::Channel(channel) => {
            read_own(client, heard, channel).await?;
            read_members(client, heard, channel).await?;
            read_channel_log(client, connection, heard, channel).await?;
        }
        Wish::Log(channel) => read_channel_log(client, connection, heard, channel).await?,
    }
    Ok(())
}

fn follow(connection: &Connection, heard: &Mutex<Heard>, stream: StreamId, rev: Rev) {
    connection.follow(stream, rev);
    let mut heard = heard.lock().expect("unbroken");
    heard.revs.insert(stream, rev);
    if let StreamId::Channel(channel) = stream {
        heard.model.book.follow_from(channel, rev);
    }
}

/// Gives the kinds of what changed in a stream after a rev.
pub(super) async fn changed_since(
    client: &Client,
    stream: StreamId,
    mut after: Rev,
) -> Result<BTreeSet<&'static str>, syncspace_client::ClientError> {
    let mut kinds = BTreeSet::new();
    loop {
        let page = client.changes(stream, ChangesQuery { after, limit: None }).await?;
        kinds.extend(page.items.iter().map(name_of_change));
        if page.rev == page.head_rev {
            return Ok(kinds);
        }
        after = page.rev;
    }
}

pub(super) async fn head(client: &Client, stream: StreamId) -> Result<Rev, syncspace_client::ClientError> {
    Ok(client.changes(stream, ChangesQuery { after: Rev::ZERO, limit: Some(1) }).await?.head_rev)
}

/// Reads all lists of a team; what is held and not among them is gone.
async fn read_team(
    client: &Client,
    heard: &Mutex<Heard>,
    team: TeamId,
    wishes: &mut Vec<Wish>,
) -> Result<(), syncspace_client::ClientError> {
    let mine = client.team(team).await?;
    let members = client.all_team_members(team).await?;
    let channels = client.all_channels(team).await?;
    let own = Own::read(client, team).await?;
    let scheduled = client.all_scheduled(team).await?;
    let groups = client.all_groups(team).await?;
    let role = mine.membership.map_or(TeamRole::Guest, |membership| membership.role);
    let requests = read_requests(client, team, role).await?;
    {
        let model = &mut heard.lock().expect("unbroken").model;
        model.put_team(&mine.team);
        members.iter().for_each(|member| model.put_team_member(member, wishes));
        scheduled.iter().for_each(|scheduled| model.put_scheduled(scheduled));
        groups.iter().for_each(|group| model.put_group(group));
        let named: BTreeSet<GroupId> = groups.iter().map(|group| group.id).collect();
        let listed: BTreeSet<UserId> = members.iter().map(|member| member.user.id).collect();
        let planned: BTreeSet<ScheduledId> = scheduled.iter().map(|scheduled| scheduled.id).collect();
        requests.iter().for_each(|request| model.put_request(request));
        if let Some(state) = model.teams.get_mut(&team) {
            state.requests.retain(|user, _| requests.iter().any(|request| request.user_id == *user));
            state.own.take(own);
            state.scheduled.retain(|id, _| planned.contains(id));
            state.members.retain(|user, _| listed.contains(user));
            state.groups.retain(|group, _| named.contains(group));
        }
        let listed: BTreeSet<ChannelId> = channels.iter().map(|channel| channel.channel.id).collect();
        let of_team = model.channels.values().filter(|state| state.channel.team_id == team);
        let gone: Vec<_> = of_team.map(|state| state.channel.id).filter(|id| !listed.contains(id)).collect();
        gone.into_iter().for_each(|channel| model.remove_channel(channel, wishes));
        for channel in &channels {
            model.put_channel(&channel.channel);
            if let Some(state) = model.channels.get_mut(&channel.channel.id) {
                state.mine = channel.membership;
            }
            match channel.membership {
                Some(membership) => {
                    model.book.put(channel.channel.id, membership.read);
                    wishes.push(Wish::Channel(channel.channel.id));
                }
                None => model.book.forget(channel.channel.id),
            }
        }
    }
    for channel in &channels {
        // Of one that was deleted meanwhile nothing can be read; an event follows.
        drop(read_members(client, heard, channel.channel.id).await);
    }
    Ok(())
}

/// Reads who asks to come into a team, for who manages its members.
async fn read_requests(
    client: &Client,
    team: TeamId,
    role: TeamRole,
) -> Result<Vec<JoinRequest>, syncspace_client::ClientError> {
    if role >= TeamRole::Admin { client.all_join_requests(team).await } else { Ok(Vec::new()) }
}

/// Reads what the person keeps in the team of a channel: threads of a channel one comes into were not told before.
async fn read_own(
    client: &Client,
    heard: &Mutex<Heard>,
    channel: ChannelId,
) -> Result<(), syncspace_client::ClientError> {
    let team = heard.lock().expect("unbroken").model.channels.get(&channel).map(|state| state.channel.team_id);
    let Some(team) = team else { return Ok(()) };
    let own = Own::read(client, team).await?;
    if let Some(state) = heard.lock().expect("unbroken").model.teams.get_mut(&team) {
        state.own.take(own);
    }
    Ok(())
}

async fn read_members(
    client: &Client,
    heard: &Mutex<Heard>,
    channel: ChannelId,
) -> Result<(), syncspace_client::ClientError> {
    let members = client.all_channel_members(channel).await?;
    let model = &mut heard.lock().expect("unbroken").model;
    let listed: BTreeSet<UserId> = members.iter().map(|member| member.user.id).collect();
    if let Some(state) = model.people.get_mut(&channel) {
        state.members.retain(|user, _| listed.contains(user));
    }
    members.iter().for_each(|member| model.put_member(member));
    Ok(())
}

async fn read_channel_log(
    client: &Client,
    connection: &Connection,
    heard: &Mutex<Heard>,
    channel: ChannelId,
) -> Result<(), syncspace_client::ClientError> {
    let log = read_log(client, channel).await?;
    {
        let mut heard = heard.lock().expect("unbroken");
        let Some(state) = heard.model.channels.get_mut(&channel).filter(|state| state.mine.is_some()) else {
            return Ok(());
        };
        state.log.clear();
        state.reacted = log.reacted;
        log.messages.iter().for_each(|message| heard.model.put_message(message));
    }
    follow(connection, heard, StreamId::Channel(channel), log.rev);
    Ok(())
}

/// A whole log.
struct ReadLog {
    messages: Vec<Message>,
    reacted: Reacted,
    /// The rev above which events are to be applied to it.
    rev: Rev,
}

impl ReadLog {
    const fn empty() -> Self {
        Self { messages: Vec::new(), reacted: Reacted::new(), rev: Rev::ZERO }
    }
}

async fn read_log(client: &Client, channel: ChannelId) -> Result<ReadLog, syncspace_client::ClientError> {
    let (mut log, mut rev) = (ReadLog::empty(), None);
    loop {
        let after = log.messages.last().map_or(Seq::ZERO, |message| message.seq);
        let query = MessageQuery { after: Some(after), limit: Some(PAGE_ITEMS_MAX), ..MessageQuery::default() };
        let page = client.messages(channel, query).await?;
        rev.get_or_insert(page.rev);
        log.messages.extend(page.items);
        let mine = page.my_reactions.into_iter().map(|mine| (mine.seq, mine.emoji.into_iter().collect()));
        log.reacted.extend(mine);
        if page.next.is_none() {
            log.rev = rev.unwrap_or(Rev::ZERO);
            return Ok(log);
        }
    }
}
