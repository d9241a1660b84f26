//! State plus events equals state read again: for every kind of event of every stream, also where frames are lost.

mod model;
mod observer;

use std::time::Instant;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use syncspace_client::{Client, ClientError};
use syncspace_protocol::channels::{
    ChannelRole, CreateChannel, EditChannel, MarkRead, MoveMarker, NewChannel, PutChannelMember,
};
use syncspace_protocol::messages::{EditMessage, MessageQuery, SendMessage};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::scheduled::{EditScheduled, ScheduleMessage};
use syncspace_protocol::teams::{CreateTeam, EditTeam, PutTeamMember, TeamRole};
use syncspace_protocol::users::EditProfile;
use syncspace_protocol::{ChannelId, ErrorCode, Patch, Seq, TeamId, UserId};

use self::observer::Observer;
use crate::lossy::LossyLine;
use crate::stores::{Site, StoreKind, tell, times_as_long};

/// Operations of one run; `make soak` takes five times as many.
const OPERATIONS: usize = 600;
/// Operations that go on at the same time.
const AT_ONCE: usize = 12;
/// Of a thousand frames, so many are lost on the way to Alice, and to Bob, who is told less and comes and goes.
const LOST_PER_MILLE: [u32; 2] = [10, 50];
/// Names the seed of a run that is to be repeated.
const SEED: &str = "CONVERGENCE_SEED";

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_loses_frames_converges_on_sqlite() {
    check(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_loses_frames_converges_on_mysql() {
    check(StoreKind::Mysql).await;
}

async fn check(kind: StoreKind) {
    let seed = std::env::var(SEED).ok().map_or_else(|| fastrand::u64(..), |seed| seed.parse().expect("a number"));
    tell(&format!("{SEED}={seed}"));
    let begun = Instant::now();
    let site = Site::start(kind).await;
    let mut people = Vec::new();
    for name in ["alice", "bob", "carol", "dave"] {
        people.push(site.register(name).await);
    }
    let mut crowd = Crowd::found(people, seed).await;
    let mut seats = Vec::new();
    for (name, lost_per_mille) in ["alice", "bob"].into_iter().zip(LOST_PER_MILLE) {
        let line = LossyLine::to(site.server.url(), seed).await;
        let observer = Observer::start(site.log_in(name, &format!("{name}'s second"), &line.url()).await).await;
        line.lose(lost_per_mille);
        seats.push((line, observer));
    }
    for round in 0..OPERATIONS * times_as_long() / AT_ONCE {
        crowd.go_on().await;
        if round % 25 == 24 {
            seats.iter().for_each(|(line, _)| line.cut());
        }
    }
    tell(&format!("{kind:?}: {} operations done, {} refused, {:?}", crowd.done, crowd.refused, begun.elapsed()));
    for (line, observer) in seats {
        line.lose(0);
        // What was lost last is seen by nobody before something follows it; resuming shows it.
        line.cut();
        observer.converges().await;
        tell(&format!("{} frames lost; came: {:?}; {:?}", line.lost(), observer.seen(), begun.elapsed()));
        assert!(line.lost() > 0, "no frame was lost: nothing was tried");
    }
    assert!(crowd.done > crowd.refused / 2, "{} done, {} refused", crowd.done, crowd.refused);
}

/// People who do things at random.
struct Crowd {
    people: Vec<Client>,
    random: fastrand::Rng,
    teams: Vec<TeamId>,
    channels: Vec<ChannelId>,
    names: u32,
    done: usize,
    refused: usize,
}

enum Operation {
    Send(ChannelId, String),
    Reply(ChannelId, Seq, String),
    Edit(ChannelId, Seq, String),
    Delete(ChannelId, Seq),
    Mark(ChannelId, Seq, MoveMarker),
    Join(ChannelId),
    Leave(ChannelId),
    PutMember(ChannelId, UserId, ChannelRole),
    RemoveMember(ChannelId, UserId),
    Create(TeamId, CreateChannel),
    EditChannel(ChannelId, EditChannel),
    DeleteChannel(ChannelId),
    EditTeam(TeamId, EditTeam),
    CreateTeam(CreateTeam),
    DeleteTeam(TeamId),
    PutTeamMember(TeamId, UserId, TeamRole),
    RemoveTeamMember(TeamId, UserId),
    Profile(EditProfile),
    Schedule(TeamId, ChannelId, String, SignedDuration),
    EditScheduled(TeamId, String),
    CancelScheduled(TeamId),
}

/// What an operation made, that others may act on.
enum Made {
    Nothing,
    Channel(ChannelId),
    Team(TeamId),
}

impl Crowd {
    /// Founds a team of all of them with two channels.
    async fn found(people: Vec<Client>, seed: u64) -> Self {
        let mut crowd = Self {
            people,
            random: fastrand::Rng::with_seed(seed),
            teams: Vec::new(),
            channels: Vec::new(),
            names: 0,
            done: 0,
            refused: 0,
        };
        let team = CreateTeam { name: "eng".parse().expect("a name"), description: None, is_public: true };
        let team = crowd.people[0].create_team(team).await.expect("a team").team.id;
        crowd.teams.push(team);
        for person in &crowd.people[1..] {
            person.join_team(team).await.expect("in the team");
        }
        for is_private in [false, true] {
            let new = crowd.new_channel(is_private);
            let channel = crowd.people[0].create_channel(team, new).await.expect("a channel").channel.id;
            crowd.channels.push(channel);
            let role = PutChannelMember { role: ChannelRole::Member };
            crowd.people[0].put_channel_member(channel, crowd.id(1), role).await.expect("in the channel");
        }
        crowd
    }

    fn id(&self, person: usize) -> UserId {
        self.people[person].credentials().expect("a login").user_id
    }

    fn new_channel(&mut self, is_private: bool) -> CreateChannel {
        self.names += 1;
        let name = format!("channel-{}", self.names).parse().expect("a name");
        let new = NewChannel { name, description: None };
        if is_private { CreateChannel::Private(new) } else { CreateChannel::Public(new) }
    }

    async fn go_on(&mut self) {
        let chosen: Vec<(usize, Operation)> = (0..AT_ONCE).map(|_| self.choose()).collect();
        let people = &self.people;
        let outcomes = join_all(chosen.into_iter().map(|(who, operation)| act(&people[who], operation))).await;
        for outcome in outcomes {
            match outcome {
                Ok(made) => {
                    self.done += 1;
                    match made {
                        Made::Nothing => {}
                        Made::Channel(channel) => self.channels.push(channel),
                        Made::Team(team) => self.teams.push(team),
                    }
                }
                Err(error) => {
                    assert!(is_expected(&error), "{error:?}");
                    self.refused += 1;
                }
            }
        }
        // The newest few are used: the oldest are often gone.
        let excess = self.channels.len().saturating_sub(6);
        self.channels.drain(..excess);
        let excess = self.teams.len().saturating_sub(3);
        self.teams.drain(1..=excess);
    }

    fn choose(&mut self) -> (usize, Operation) {
        // Alice owns the team: what needs rights she does, mostly.
        let who = if self.random.bool() { 0 } else { self.random.usize(0..self.people.len()) };
        // Bob, who is watched, is meant most often.
        let other = self.random.usize(0..self.people.len()).max(1);
        let other = self.id(other);
        let team =
            if self.random.u8(0..4) > 0 { self.teams[0] } else { self.teams[self.random.usize(0..self.teams.len())] };
        let channel = self.channels[self.random.usize(0..self.channels.len())];
        let seq = Seq::try_from(self.random.u64(1..12)).expect("a seq");
        let text = text(&mut self.random);
        let operation = match self.random.u8(0..100) {
            0..=19 => Operation::Send(channel, text),
            20..=22 => {
                let ahead = SignedDuration::from_millis(self.random.i64(100..3_000));
                Operation::Schedule(team, channel, text, ahead)
            }
            23 => Operation::EditScheduled(team, text),
            24 => Operation::CancelScheduled(team),
            25..=32 => Operation::Reply(channel, seq, text),
            33..=42 => Operation::Edit(channel, seq, text),
            43..=49 => Operation::Delete(channel, seq),
            50..=53 => Operation::Mark(channel, seq, MoveMarker::Advance),
            54..=55 => Operation::Mark(channel, seq, MoveMarker::Set),
            56..=61 => Operation::Join(channel),
            62..=65 => Operation::Leave(channel),
            66..=71 => Operation::PutMember(channel, other, self.channel_role()),
            72..=74 => Operation::RemoveMember(channel, other),
            75..=79 => {
                let is_private = self.random.bool();
                Operation::Create(team, self.new_channel(is_private))
            }
            80 => Operation::Create(team, CreateChannel::Direct { user_id: other }),
            81 => Operation::Create(team, CreateChannel::Group { user_ids: vec![other, self.id(1), self.id(0)] }),
            82..=86 => {
                let edit = EditChannel { description: Patch::Set(text), ..EditChannel::default() };
                let is_archived = [None, None, Some(true), Some(false), Some(false)][self.random.usize(0..5)];
                Operation::EditChannel(channel, EditChannel { is_archived, ..edit })
            }
            87 => Operation::DeleteChannel(channel),
            88..=89 => Operation::EditTeam(team, EditTeam { description: Patch::Set(text), ..EditTeam::default() }),
            90 => {
                self.names += 1;
                let name = format!("team-{}", self.names).parse().expect("a name");
                Operation::CreateTeam(CreateTeam { name, description: None, is_public: self.random.bool() })
            }
            91 if team != self.teams[0] => Operation::DeleteTeam(team),
            91..=95 => Operation::PutTeamMember(team, other, self.team_role()),
            96 if self.random.bool() => Operation::RemoveTeamMember(team, other),
            _ => Operation::Profile(EditProfile { full_name: Patch::Set(text), ..EditProfile::default() }),
        };
        (who, operation)
    }

    fn channel_role(&mut self) -> ChannelRole {
        if self.random.bool() { ChannelRole::Admin } else { ChannelRole::Member }
    }

    fn team_role(&mut self) -> TeamRole {
        [TeamRole::Guest, TeamRole::Member, TeamRole::Member, TeamRole::Admin][self.random.usize(0..4)]
    }
}

fn text(random: &mut fastrand::Rng) -> String {
    let names = ["", "", "@alice", "@bob", "@channel", "@here"];
    format!("{} {}", names[random.usize(0..names.len())], random.u32(..))
}

/// Tells whether a refusal is what people who do things at random run into.
fn is_expected(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused(detail) if matches!(
        detail.code,
        ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::Conflict | ErrorCode::Archived | ErrorCode::NameTaken
            | ErrorCode::InvalidField | ErrorCode::LastOwner
    ))
}

async fn act(client: &Client, operation: Operation) -> Result<Made, ClientError> {
    let send = |content, parent_message_id| SendMessage { content, client_id: None, parent_message_id };
    match operation {
        Operation::Send(channel, content) => client.send_message(channel, send(content, None)).await.map(drop),
        Operation::Reply(channel, seq, content) => {
            let around = MessageQuery { around: Some(seq), limit: Some(2), ..MessageQuery::default() };
            let page = client.messages(channel, around).await?;
            let root = page.items.first().map(|message| message.id);
            client.send_message(channel, send(content, root)).await.map(drop)
        }
        Operation::Edit(channel, seq, content) => {
            client.edit_message(channel, seq, EditMessage { content }).await.map(drop)
        }
        Operation::Delete(channel, seq) => client.delete_message(channel, seq).await.map(drop),
        Operation::Mark(channel, seq, mode) => {
            client.mark_read(channel, MarkRead { seq, mode, known_rev: None }).await.map(drop)
        }
        Operation::Join(channel) => client.join_channel(channel).await.map(drop),
        Operation::Leave(channel) => client.leave_channel(channel).await,
        Operation::PutMember(channel, user, role) => {
            client.put_channel_member(channel, user, PutChannelMember { role }).await.map(drop)
        }
        Operation::RemoveMember(channel, user) => client.remove_channel_member(channel, user).await,
        Operation::Create(team, new) => {
            return client.create_channel(team, new).await.map(|made| Made::Channel(made.channel.id));
        }
        Operation::EditChannel(channel, edit) => client.edit_channel(channel, edit).await.map(drop),
        Operation::DeleteChannel(channel) => client.delete_channel(channel).await,
        Operation::EditTeam(team, edit) => client.edit_team(team, edit).await.map(drop),
        Operation::CreateTeam(new) => return client.create_team(new).await.map(|made| Made::Team(made.team.id)),
        Operation::DeleteTeam(team) => client.delete_team(team).await,
        Operation::PutTeamMember(team, user, role) => {
            client.put_team_member(team, user, PutTeamMember { role }).await.map(drop)
        }
        Operation::RemoveTeamMember(team, user) => client.remove_team_member(team, user).await,
        Operation::Profile(edit) => client.edit_me(edit).await.map(drop),
        Operation::Schedule(team, channel_id, content, ahead) => {
            let send_at = (Timestamp::now() + ahead).into();
            let body = ScheduleMessage { channel_id, content, parent_message_id: None, send_at };
            client.schedule_message(team, body).await.map(drop)
        }
        Operation::EditScheduled(team, content) => {
            let waiting = client.scheduled(team, PageQuery::default()).await?;
            let Some(first) = waiting.items.first() else { return Ok(Made::Nothing) };
            let edit = EditScheduled { content: Some(content), send_at: None };
            client.edit_scheduled(team, first.id, edit).await.map(drop)
        }
        Operation::CancelScheduled(team) => {
            let waiting = client.scheduled(team, PageQuery::default()).await?;
            let Some(first) = waiting.items.first() else { return Ok(Made::Nothing) };
            client.cancel_scheduled(team, first.id).await
        }
    }
    .map(|()| Made::Nothing)
}
