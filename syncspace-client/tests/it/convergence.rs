//! State plus events equals state read again: for every kind of event of every stream, also where frames are lost.

mod everything;
mod kinds;
mod model;
mod observer;
mod own;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use syncspace_client::{Client, ClientError, Importer, Upload};
use syncspace_protocol::archive::ArchiveLine;
use syncspace_protocol::channels::{
    ChannelRole, CreateChannel, EditChannel, MarkRead, MoveMarker, NewChannel, Posting, PutChannelMember,
};
use syncspace_protocol::groups::CreateGroup;
use syncspace_protocol::imports::{MatchBy, StartImport};
use syncspace_protocol::join_requests::AskToJoin;
use syncspace_protocol::keywords::Keywords;
use syncspace_protocol::messages::{
    AppendMessage, Code, EditMessage, MessagePlace, MessageQuery, MessageType, SendMessage,
};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::personal::{ChannelOrder, DraftQuery, EditChannelPreferences, NotifyLevel, PutDraft};
use syncspace_protocol::preferences::EditPreferences;
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::reminders::{CreateReminder, EditReminder};
use syncspace_protocol::scheduled::{EditScheduled, ScheduleMessage};
use syncspace_protocol::status::{ChosenPresence, EditStatus};
use syncspace_protocol::teams::{CreateTeam, EditTeam, EditTeamSettings, Joining, PutTeamMember, TeamRole};
use syncspace_protocol::users::EditProfile;
use syncspace_protocol::{ChannelId, ErrorCode, GroupName, Patch, Seq, TeamId, UserId};

use self::everything::Scene;
use self::kinds::Home;
use self::observer::Observer;
use crate::lossy::LossyLine;
use crate::stores::{Site, StoreKind, tell, times_as_long};

/// Messages of the history that is imported to go again: more than go at once.
const HISTORY: u64 = 250;
/// Operations that one run gets done; `make soak` takes five times as many.
const OPERATIONS: usize = 300;
/// Most tries for each of them: people ask for what they may not do, too.
const TRIES_MAX: usize = 12;
/// Operations that go on at the same time.
const AT_ONCE: usize = 12;
/// Of a thousand frames, so many are lost on the way to Alice, and to Bob, who is told less and comes and goes.
const LOST_PER_MILLE: [u32; 2] = [10, 50];
/// What user groups are called.
const GROUPS: [&str; 3] = ["ops", "all-hands", "on.call"];
/// By what people want to be called, and what they write.
const WORDS: [&str; 4] = ["", "deploy", "release train", "会議"];
/// Kinds of events that a run goes on for until they came; every kind is made by a test of its own.
const FREQUENT: [&str; 6] =
    ["ChannelMemberUpdated", "GroupUpdated", "MessageCreated", "MyAccount", "MyChannelJoined", "TeamMemberUpdated"];
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

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_a_message_gives_what_is_read() {
    let site = Site::start(StoreKind::Sqlite).await;
    let people = vec![site.register("alice").await, site.register("bob").await];
    let crowd = Crowd::found(people, 0).await;
    let (alice, bob, channel) = (&crowd.people[0], &crowd.people[1], crowd.channels[0]);
    let observer = Observer::start(site.log_in("bob", "bob's second", site.server.url()).await).await;
    // From here on everything comes as an event.
    observer.converges().await;
    change_messages(alice, bob, channel).await.expect("done");
    for kind in kinds::events(&[Home::Channel]) {
        observer.hears(kind).await;
    }
    observer.converges().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_a_team_and_a_person_gives_what_is_read_on_sqlite() {
    check_everything(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_a_team_and_a_person_gives_what_is_read_on_mysql() {
    check_everything(StoreKind::Mysql).await;
}

/// Has everything done once, before the eyes of one device of Bob's and behind the back of another.
async fn check_everything(kind: StoreKind) {
    let site = Site::start(kind).await;
    let scene = Scene::set(&site).await.expect("set");
    let present = Observer::start(site.log_in("bob", "bob's second", site.server.url()).await).await;
    let line = LossyLine::to(site.server.url(), 0).await;
    let reader = site.log_in("bob", "bob's third", &line.url()).await;
    let absent = Observer::start(reader.clone()).await;
    present.agrees().await;
    absent.agrees().await;
    let streams = scene.streams().await;
    let heads = join_all(streams.map(|stream| observer::head(&reader, stream))).await;
    let heard = present.seen();
    for is_shared in [false, true] {
        let caught_up = absent.changed();
        line.lose(1_000);
        let done = if is_shared { scene.change_what_is_shared().await } else { scene.change_what_bob_keeps().await };
        done.expect("done");
        present.agrees().await;
        assert_eq!(absent.changed(), caught_up, "nothing comes to who is away");
        line.lose(0);
        line.cut();
        absent.agrees().await;
    }
    for kind in kinds::events(&[Home::Team, Home::Member, Home::Account]) {
        present.hears_again(kind, &heard).await;
    }
    present.agrees().await;
    assert_eq!(present.changed(), BTreeMap::new(), "everything came as it happened");
    for kind in kinds::changes(&[Home::Team, Home::Member]) {
        absent.catches_up(kind).await;
    }
    for (stream, (home, head)) in streams.into_iter().zip([Home::Team, Home::Member].into_iter().zip(heads)) {
        let listed = observer::changed_since(&reader, stream, head.expect("a head")).await.expect("changes");
        assert_eq!(listed, kinds::changes(&[home]).collect::<BTreeSet<_>>(), "read from {stream}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_kept_goes_from_every_device_on_sqlite() {
    check_retention(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_kept_goes_from_every_device_on_mysql() {
    check_retention(StoreKind::Mysql).await;
}

/// Lets an imported history go before the eyes of one device of Bob's and behind the back of another.
async fn check_retention(kind: StoreKind) {
    let site = Site::start_with(kind, &[("FAILPOINTS", "jobs::at_once=return")]).await;
    let people = vec![site.administrator("alice").await, site.register("bob").await];
    let crowd = Crowd::found(people, 0).await;
    let (alice, bob) = (&crowd.people[0], &crowd.people[1]);
    let channel = import_history(alice, crowd.teams[0]).await.expect("imported");
    let text = |content: &str| SendMessage { content: content.to_owned(), ..SendMessage::default() };
    alice.join_channel(channel).await.expect("in the channel");
    bob.join_channel(channel).await.expect("in the channel");
    let oldest = Seq::try_from(1).expect("a seq");
    let root = alice.message(channel, oldest).await.expect("the oldest").id;
    bob.save_message(channel, oldest).await.expect("saved");
    bob.send_message(channel, SendMessage { parent_message_id: Some(root), ..text("an answer") }).await.expect("sent");
    bob.react(channel, oldest, &"tada".parse().expect("a short name")).await.expect("reacted");
    let unread = MarkRead { seq: oldest, mode: MoveMarker::Set, known_rev: None };
    bob.mark_read(channel, unread).await.expect("marked unread");
    let present = Observer::start(site.log_in("bob", "bob's second", site.server.url()).await).await;
    let line = LossyLine::to(site.server.url(), 0).await;
    let absent = Observer::start(site.log_in("bob", "bob's third", &line.url()).await).await;
    present.agrees().await;
    absent.agrees().await;
    line.lose(1_000);
    let edit = EditChannel { retention_days: Patch::Set(30), ..EditChannel::default() };
    alice.edit_channel(channel, edit).await.expect("settled");
    present.hears("FloorRaised").await;
    alice.send_message(channel, text("after it")).await.expect("sent");
    present.agrees().await;
    let left = alice.messages(channel, MessageQuery::default()).await.expect("a page").items;
    assert_eq!(left.first().map(|message| message.seq.get()), Some(HISTORY + 1), "the answer and what came after it");
    line.lose(0);
    line.cut();
    absent.catches_up("Floor").await;
    absent.agrees().await;
}

/// Imports a channel of long ago, and gives it.
async fn import_history(alice: &Client, team: TeamId) -> Result<ChannelId, ClientError> {
    let at = "2020-01-01T08:00:00.000Z";
    let line = |line: serde_json::Value| serde_json::from_value::<ArchiveLine>(line).expect("a line");
    let start = StartImport { source: "test".to_owned(), fingerprint: "f".repeat(64), match_by: MatchBy::Username };
    let mut importer = Importer::start(alice.clone(), team, &start).await?;
    importer.push(&line(json!({"type": "user", "username": "alice", "role": "member"}))).await?;
    let channel = json!({"type": "channel", "key": "old", "kind": "public", "name": "old", "created_at": at});
    importer.push(&line(channel)).await?;
    for number in 1..=HISTORY {
        let message = json!({
            "type": "message", "channel": "old", "number": number, "sender": "alice",
            "content": format!("number {number}"), "created_at": at,
        });
        importer.push(&line(message)).await?;
    }
    let report = importer.finish().await?;
    Ok(report.channels[0].channel_id)
}

/// Does to messages whatever can be done to them.
async fn change_messages(alice: &Client, bob: &Client, channel: ChannelId) -> Result<(), ClientError> {
    let [tada, eyes] = ["tada", "eyes"].map(|name| name.parse::<Emoji>().expect("a short name"));
    let text = |content: &str| SendMessage { content: content.to_owned(), ..SendMessage::default() };
    let said = alice.send_message(channel, text("hello @bob")).await?.seq;
    alice.react(channel, said, &tada).await?;
    bob.react(channel, said, &tada).await?;
    bob.react(channel, said, &eyes).await?;
    alice.unreact(channel, said, &tada).await?;
    bob.pin(channel, said).await?;
    alice.append_message(channel, said, AppendMessage { offset: 10, content: " and @channel".to_owned() }).await?;
    alice.edit_message(channel, said, EditMessage { content: "hello".to_owned(), expected_rev: None }).await?;
    let other = bob.send_message(channel, text("one")).await?.seq;
    bob.pin(channel, other).await?;
    bob.unpin(channel, other).await?;
    let full = bob.send_message(channel, text(&"x".repeat(16_000))).await?.seq;
    bob.append_message(channel, full, AppendMessage { offset: 16_000, content: "goes on".to_owned() }).await?;
    let code = Code { language: Some("rust".to_owned()), file_name: None };
    let code = SendMessage { message_type: MessageType::Code, code: Some(code), ..text("fn main() {}") };
    let code = alice.send_message(channel, code).await?.seq;
    let source = MessagePlace { channel_id: channel, seq: code };
    let copy = bob.forward_message(source, channel, None, None).await?.seq;
    bob.react(channel, copy, &eyes).await?;
    bob.pin(channel, copy).await?;
    bob.delete_message(channel, copy).await?;
    // Two messages with a file each, one of which is deleted.
    let mut carrying = Vec::new();
    for content in ["", "the plan"] {
        let upload = Upload { bytes: &b"any bytes"[..], name: "plan.txt".to_owned(), length: None, sha256: None };
        let file = bob.upload_file(channel, upload, |_| {}).await?.id;
        carrying.push(bob.send_message(channel, SendMessage { files: vec![file], ..text(content) }).await?.seq);
    }
    bob.delete_message(channel, carrying[0]).await.map(drop)
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
    let wanted = OPERATIONS * times_as_long();
    for round in 0..wanted * TRIES_MAX / AT_ONCE {
        if crowd.done >= wanted && missing(&seats).is_empty() && lost(&seats) > 0 {
            break;
        }
        crowd.go_on().await;
        if round % 25 == 24 {
            seats.iter().for_each(|(line, _)| line.cut());
        }
    }
    tell(&format!("{kind:?}: {} operations done, {} refused, {:?}", crowd.done, crowd.refused, begun.elapsed()));
    for (line, observer) in &seats {
        line.lose(0);
        // What was lost last is seen by nobody before something follows it; resuming shows it.
        line.cut();
        observer.converges().await;
        let (seen, changed) = (observer.seen(), observer.changed());
        tell(&format!("{} frames lost; came: {seen:?} {changed:?}; {:?}", line.lost(), begun.elapsed()));
    }
    assert_eq!(missing(&seats), Vec::<&str>::new(), "came to nobody");
    assert!(lost(&seats) > 0, "no frame was lost: nothing was tried");
    assert!(crowd.done >= wanted, "{} done, {} refused", crowd.done, crowd.refused);
}

/// Gives the frequent kinds that came to nobody yet.
fn missing(seats: &[(LossyLine, Observer)]) -> Vec<&'static str> {
    let heard: BTreeSet<_> = seats.iter().flat_map(|(_, observer)| observer.seen().into_keys()).collect();
    FREQUENT.into_iter().filter(|kind| !heard.contains(kind)).collect()
}

/// Gives how many frames were lost on all lines.
fn lost(seats: &[(LossyLine, Observer)]) -> u32 {
    seats.iter().map(|(line, _)| line.lost()).sum()
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
    Append(ChannelId, Seq, String),
    Pin(ChannelId, Seq),
    Unpin(ChannelId, Seq),
    React(ChannelId, Seq, Emoji),
    Unreact(ChannelId, Seq, Emoji),
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
    Ban(TeamId, UserId),
    LiftBan(TeamId, UserId),
    CreateGroup(TeamId, UserId),
    ChangeGroup(TeamId, GroupChange),
    AskToJoin(TeamId, String),
    Withdraw(TeamId),
    Decide(TeamId, UserId, bool),
    Profile(EditProfile),
    Schedule(TeamId, ChannelId, String, SignedDuration),
    EditScheduled(TeamId, String),
    CancelScheduled(TeamId),
    Own(OwnOperation),
}

/// What becomes of some group of a team.
enum GroupChange {
    Rename(GroupName),
    Add(UserId),
    Remove(UserId),
    Delete,
}

/// What a person does that no other sees.
enum OwnOperation {
    Prefer(ChannelId, EditChannelPreferences),
    Order(TeamId, ChannelId),
    Mute(TeamId, UserId, bool),
    Follow(ChannelId, Seq, bool),
    MuteThread(ChannelId, Seq, bool),
    ReadThread(ChannelId, Seq, MoveMarker),
    Save(ChannelId, Seq, bool),
    Draft(ChannelId, Option<Seq>, Option<String>),
    Status(EditStatus),
    Want(EditPreferences),
    Keywords(&'static str),
    Remind(TeamId, ChannelId, Seq, SignedDuration),
    Snooze(TeamId, SignedDuration),
    EndReminder(TeamId),
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
        if self.random.u8(0..5) == 0 {
            return (self.random.usize(0..2), Operation::Own(self.choose_own(team, channel, seq, other)));
        }
        if self.random.u8(0..12) == 0 {
            return (0, self.choose_group(team, other));
        }
        if self.random.u8(0..8) == 0 {
            return match self.random.u8(0..6) {
                0..=1 => (self.random.usize(1..self.people.len()), Operation::AskToJoin(team, text)),
                2 => (self.random.usize(1..self.people.len()), Operation::Withdraw(team)),
                3 => (0, Operation::RemoveTeamMember(team, other)),
                _ => (0, Operation::Decide(team, other, self.random.u8(0..3) > 0)),
            };
        }
        let operation = match self.random.u8(0..100) {
            0..=19 => Operation::Send(channel, text),
            20..=22 => {
                let ahead = SignedDuration::from_millis(self.random.i64(100..3_000));
                Operation::Schedule(team, channel, text, ahead)
            }
            23 => Operation::EditScheduled(team, text),
            24 => Operation::CancelScheduled(team),
            25..=32 => Operation::Reply(channel, seq, text),
            33..=34 => Operation::Edit(channel, seq, text),
            35 => Operation::Append(channel, seq, text.repeat(self.random.usize(1..200))),
            36..=37 => Operation::Pin(channel, seq),
            38 => Operation::Unpin(channel, seq),
            39..=43 => Operation::React(channel, seq, emoji(&mut self.random)),
            44..=45 => Operation::Unreact(channel, seq, emoji(&mut self.random)),
            46..=49 => Operation::Delete(channel, seq),
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
                let edit = if self.random.bool() {
                    EditChannel { description: Patch::Set(text), ..EditChannel::default() }
                } else {
                    EditChannel { topic: Patch::Set(text), ..EditChannel::default() }
                };
                // Rarely, and soon back: where only admins post, most of what is tried here is refused.
                let posting = match self.random.u8(0..8) {
                    0 => Some(Posting::Admins),
                    1..=4 => Some(Posting::Everyone),
                    _ => None,
                };
                let is_private = (self.random.u8(0..16) == 0).then_some(true);
                let is_default = (self.random.u8(0..8) == 0).then(|| self.random.bool());
                let is_archived = [None, None, Some(true), Some(false), Some(false)][self.random.usize(0..5)];
                Operation::EditChannel(channel, EditChannel { is_archived, posting, is_private, is_default, ..edit })
            }
            87 => Operation::DeleteChannel(channel),
            88..=89 => {
                // Never so that most of what is tried here is refused.
                let mention_all = [TeamRole::Guest, TeamRole::Member][self.random.usize(0..2)];
                let joining = [Joining::Open, Joining::Request, Joining::Request][self.random.usize(0..3)];
                let settings = EditTeamSettings {
                    mention_all: Some(mention_all),
                    joining: Some(joining),
                    ..EditTeamSettings::default()
                };
                let settings = if self.random.bool() { settings } else { EditTeamSettings::default() };
                let edit = EditTeam { description: Patch::Set(text), settings, ..EditTeam::default() };
                Operation::EditTeam(team, edit)
            }
            90 => {
                self.names += 1;
                let name = format!("team-{}", self.names).parse().expect("a name");
                Operation::CreateTeam(CreateTeam { name, description: None, is_public: self.random.bool() })
            }
            91 if team != self.teams[0] => Operation::DeleteTeam(team),
            91..=95 => Operation::PutTeamMember(team, other, self.team_role()),
            96 if self.random.bool() => Operation::RemoveTeamMember(team, other),
            97 if self.random.u8(0..8) == 0 => Operation::Ban(team, other),
            97..=98 => Operation::LiftBan(team, other),
            _ => Operation::Profile(EditProfile { full_name: Patch::Set(text), ..EditProfile::default() }),
        };
        (who, operation)
    }

    fn choose_group(&mut self, team: TeamId, other: UserId) -> Operation {
        let change = match self.random.u8(0..10) {
            0..=2 => return Operation::CreateGroup(team, other),
            3..=4 => GroupChange::Rename(GROUPS[self.random.usize(0..GROUPS.len())].parse().expect("a name")),
            5..=7 => GroupChange::Add(other),
            8 => GroupChange::Remove(other),
            _ => GroupChange::Delete,
        };
        Operation::ChangeGroup(team, change)
    }

    fn choose_own(&mut self, team: TeamId, channel: ChannelId, seq: Seq, other: UserId) -> OwnOperation {
        let is_so = self.random.bool();
        let ahead = SignedDuration::from_millis(self.random.i64(50..2_000));
        match self.random.u8(0..17) {
            10 => OwnOperation::Keywords(WORDS[self.random.usize(0..WORDS.len())]),
            11..=12 => OwnOperation::Remind(team, channel, seq, ahead),
            13 => OwnOperation::Snooze(team, ahead),
            14 => OwnOperation::EndReminder(team),
            0..=1 => {
                let notify = [Patch::Keep, Patch::Clear, Patch::Set(NotifyLevel::All)][self.random.usize(0..3)].clone();
                let edit =
                    EditChannelPreferences { is_muted: Some(is_so), notify, ..EditChannelPreferences::default() };
                OwnOperation::Prefer(channel, edit)
            }
            2 => OwnOperation::Order(team, channel),
            3 => OwnOperation::Mute(team, other, is_so),
            4 => OwnOperation::Follow(channel, seq, is_so),
            5 => OwnOperation::MuteThread(channel, seq, is_so),
            6 => OwnOperation::ReadThread(channel, seq, if is_so { MoveMarker::Set } else { MoveMarker::Advance }),
            7 => OwnOperation::Save(channel, seq, is_so),
            8 => {
                let presence = [ChosenPresence::Online, ChosenPresence::Dnd, ChosenPresence::Invisible];
                let text = if is_so { Patch::Set(text(&mut self.random)) } else { Patch::Clear };
                let presence = Some(presence[self.random.usize(0..3)]);
                OwnOperation::Status(EditStatus { text, presence, ..EditStatus::default() })
            }
            9 => {
                let notify = if is_so { Patch::Set(NotifyLevel::All) } else { Patch::Clear };
                OwnOperation::Want(EditPreferences { notify, ..EditPreferences::default() })
            }
            _ => {
                let content = (self.random.u8(0..3) > 0).then(|| text(&mut self.random));
                OwnOperation::Draft(channel, is_so.then_some(seq), content)
            }
        }
    }

    fn channel_role(&mut self) -> ChannelRole {
        if self.random.bool() { ChannelRole::Admin } else { ChannelRole::Member }
    }

    fn team_role(&mut self) -> TeamRole {
        [TeamRole::Guest, TeamRole::Member, TeamRole::Member, TeamRole::Admin][self.random.usize(0..4)]
    }
}

fn emoji(random: &mut fastrand::Rng) -> Emoji {
    ["thumbsup", "tada", "eyes"][random.usize(0..3)].parse().expect("a short name")
}

fn text(random: &mut fastrand::Rng) -> String {
    let names = ["", "", "@alice", "@bob", "@channel", "@here", "@ops", "@all-hands.", "@on.call"];
    let word = WORDS[random.usize(0..WORDS.len())];
    format!("{} {word} {}", names[random.usize(0..names.len())], random.u32(..))
}

/// Tells whether a refusal is what people who do things at random run into.
fn is_expected(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused(detail) if matches!(
        detail.code,
        ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::Conflict | ErrorCode::Archived | ErrorCode::NameTaken
            | ErrorCode::InvalidField | ErrorCode::LastOwner | ErrorCode::RateLimited
    ))
}

async fn act(client: &Client, operation: Operation) -> Result<Made, ClientError> {
    let send = |content, parent_message_id| SendMessage { content, parent_message_id, ..SendMessage::default() };
    match operation {
        Operation::Send(channel, content) => client.send_message(channel, send(content, None)).await.map(drop),
        Operation::Reply(channel, seq, content) => {
            let around = MessageQuery { around: Some(seq), limit: Some(2), ..MessageQuery::default() };
            let page = client.messages(channel, around).await?;
            let root = page.items.first().map(|message| message.id);
            client.send_message(channel, send(content, root)).await.map(drop)
        }
        Operation::Edit(channel, seq, content) => {
            client.edit_message(channel, seq, EditMessage { content, expected_rev: None }).await.map(drop)
        }
        Operation::Delete(channel, seq) => client.delete_message(channel, seq).await.map(drop),
        Operation::Append(channel, seq, content) => {
            let offset = u64::try_from(client.message(channel, seq).await?.content.len()).expect("a length");
            client.append_message(channel, seq, AppendMessage { offset, content }).await.map(drop)
        }
        Operation::Pin(channel, seq) => client.pin(channel, seq).await.map(drop),
        Operation::Unpin(channel, seq) => client.unpin(channel, seq).await.map(drop),
        Operation::React(channel, seq, emoji) => client.react(channel, seq, &emoji).await.map(drop),
        Operation::Unreact(channel, seq, emoji) => client.unreact(channel, seq, &emoji).await.map(drop),
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
        Operation::Ban(team, user) => client.ban(team, user).await.map(drop),
        Operation::LiftBan(team, user) => client.lift_ban(team, user).await,
        Operation::CreateGroup(team, user) => {
            let free = client.groups(team, PageQuery::default()).await?.items;
            let is_free = |name: &&&str| free.iter().all(|group| group.name.as_str() != **name);
            let Some(name) = GROUPS.iter().find(is_free) else { return Ok(Made::Nothing) };
            let new = CreateGroup { name: name.parse().expect("a name"), user_ids: vec![user] };
            client.create_group(team, new).await.map(drop)
        }
        Operation::ChangeGroup(team, change) => {
            let groups = client.groups(team, PageQuery::default()).await?.items;
            let Some(group) = groups.last().map(|group| group.id) else { return Ok(Made::Nothing) };
            match change {
                GroupChange::Rename(name) => client.rename_group(team, group, name).await.map(drop),
                GroupChange::Add(user) => client.add_group_member(team, group, user).await.map(drop),
                GroupChange::Remove(user) => client.remove_group_member(team, group, user).await.map(drop),
                GroupChange::Delete => client.delete_group(team, group).await,
            }
        }
        Operation::AskToJoin(team, message) => {
            client.ask_to_join(team, AskToJoin { message: Some(message) }).await.map(drop)
        }
        Operation::Withdraw(team) => client.withdraw_join_request(team).await,
        Operation::Decide(team, user, true) => client.accept_join_request(team, user).await.map(drop),
        Operation::Decide(team, user, false) => client.decline_join_request(team, user).await,
        Operation::Profile(edit) => client.edit_me(edit).await.map(drop),
        Operation::Own(operation) => act_alone(client, operation).await,
        Operation::Schedule(team, channel_id, content, ahead) => {
            let send_at = (Timestamp::now() + ahead).into();
            let body = ScheduleMessage { channel_id, content, files: Vec::new(), parent_message_id: None, send_at };
            client.schedule_message(team, body).await.map(drop)
        }
        Operation::EditScheduled(team, content) => {
            let waiting = client.scheduled(team, PageQuery::default()).await?;
            let Some(first) = waiting.items.first() else { return Ok(Made::Nothing) };
            let edit = EditScheduled { content: Some(content), ..EditScheduled::default() };
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

async fn act_alone(client: &Client, operation: OwnOperation) -> Result<(), ClientError> {
    match operation {
        OwnOperation::Prefer(channel, edit) => client.edit_channel_preferences(channel, edit).await.map(drop),
        OwnOperation::Order(team, channel) => {
            client.order_channels(team, ChannelOrder { channel_ids: vec![channel] }).await.map(drop)
        }
        OwnOperation::Mute(team, user, true) => client.mute_user(team, user).await.map(drop),
        OwnOperation::Mute(team, user, false) => client.unmute_user(team, user).await.map(drop),
        OwnOperation::Follow(channel, seq, true) => client.follow_thread(channel, seq).await.map(drop),
        OwnOperation::Follow(channel, seq, false) => client.unfollow_thread(channel, seq).await.map(drop),
        OwnOperation::MuteThread(channel, seq, true) => client.mute_thread(channel, seq).await.map(drop),
        OwnOperation::MuteThread(channel, seq, false) => client.unmute_thread(channel, seq).await.map(drop),
        OwnOperation::ReadThread(channel, seq, mode) => {
            client.read_thread(channel, seq, MarkRead { seq, mode, known_rev: None }).await.map(drop)
        }
        OwnOperation::Keywords(word) => {
            let keywords = Keywords { keywords: word.parse().into_iter().collect() };
            client.put_keywords(keywords).await.map(drop)
        }
        OwnOperation::Save(channel, seq, true) => client.save_message(channel, seq).await.map(drop),
        OwnOperation::Save(channel, seq, false) => client.unsave_message(channel, seq).await.map(drop),
        OwnOperation::Status(edit) => client.set_status(edit).await.map(drop),
        OwnOperation::Want(edit) => client.edit_preferences(edit).await.map(drop),
        OwnOperation::Draft(channel, parent_seq, content) => {
            let query = DraftQuery { parent_seq, expected_rev: None };
            match content {
                Some(content) => client.put_draft(channel, query, PutDraft { content }).await.map(drop),
                None => client.clear_draft(channel, query).await.map(drop),
            }
        }
        OwnOperation::Remind(team, channel_id, seq, ahead) => {
            let remind_at = (Timestamp::now() + ahead).into();
            let body = CreateReminder { channel_id, seq, remind_at, note: Some("look again".to_owned()) };
            client.remind(team, body).await.map(drop)
        }
        OwnOperation::Snooze(team, ahead) => {
            let reminders = client.reminders(team, PageQuery::default()).await?;
            let Some(first) = reminders.items.first() else { return Ok(()) };
            let remind_at = Some((Timestamp::now() + ahead).into());
            let edit = EditReminder { remind_at, ..EditReminder::default() };
            client.edit_reminder(team, first.reminder.id, edit).await.map(drop)
        }
        OwnOperation::EndReminder(team) => {
            let reminders = client.reminders(team, PageQuery::default()).await?;
            let Some(first) = reminders.items.first() else { return Ok(()) };
            client.finish_reminder(team, first.reminder.id).await
        }
    }
}
