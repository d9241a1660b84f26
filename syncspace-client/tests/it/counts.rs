//! Counts are the same everywhere: on every device of a person, on the server, and counted by hand from the log.

mod device;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use syncspace_client::{Client, ClientError, Unread};
use syncspace_protocol::channels::{CreateChannel, MarkRead, MoveMarker, NewChannel, ReadMarker};
use syncspace_protocol::groups::CreateGroup;
use syncspace_protocol::keywords::Keywords;
use syncspace_protocol::limits::{PAGE_ITEMS_MAX, UNREAD_COUNT_MAX};
use syncspace_protocol::messages::{AppendMessage, EditMessage, Message, MessageQuery, SendMessage};
use syncspace_protocol::personal::EditChannelPreferences;
use syncspace_protocol::scheduled::ScheduleMessage;
use syncspace_protocol::teams::CreateTeam;
use syncspace_protocol::{ChannelId, ErrorCode, GroupId, MessageId, Seq, TeamId, Time, UserId};
use tokio::time::sleep;

use self::device::Device;
use crate::lossy::LossyLine;
use crate::stores::{Site, StoreKind, tell, times_as_long};
use crate::world::PATIENCE;

/// Steps of one run; `make soak` takes five times as many.
const STEPS: usize = 2_000;
/// Steps that go on at the same time.
const AT_ONCE: usize = 125;
/// Steps between two checks.
const BETWEEN_CHECKS: usize = 500;
/// Of a thousand events, so many do not reach one of the devices.
const LOST_PER_MILLE: u32 = 20;
/// The group that both people come into and leave again.
const GROUP: &str = "crew";
/// Pause between two looks at what comes a moment later.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Names the seed of a run that is to be repeated.
const SEED: &str = "COUNTS_SEED";

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_equal_on_every_device_on_sqlite() {
    check(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_equal_on_every_device_on_mysql() {
    check(StoreKind::Mysql).await;
}

async fn check(kind: StoreKind) {
    let seed = std::env::var(SEED).ok().map_or_else(|| fastrand::u64(..), |seed| seed.parse().expect("a number"));
    tell(&format!("{SEED}={seed}"));
    let begun = Instant::now();
    let mut run = Run::start(kind, seed).await;
    let steps = STEPS * times_as_long();
    for _ in 0..steps / BETWEEN_CHECKS {
        for _ in 0..BETWEEN_CHECKS / AT_ONCE {
            run.go_on().await;
        }
        run.compare().await;
        run.begin_round().await;
    }
    tell(&format!("{kind:?}: {steps} steps, {} events lost, {:?}", run.line.lost(), begun.elapsed()));
    assert!(run.line.lost() > 0, "no event was lost: nothing was tried");
}

/// Two people, one of them on two devices; two channels.
struct Run {
    seed: u64,
    random: fastrand::Rng,
    line: LossyLine,
    /// Alice, Alice over the lossy line, Bob.
    devices: Vec<Device>,
    team: TeamId,
    group: GroupId,
    /// Rounds have other keywords: texts say of which one they are.
    round: u32,
    channels: [ChannelId; 2],
    /// Messages that can be answered, edited and deleted, by channel.
    known: Arc<Mutex<Vec<(ChannelId, Seq, MessageId)>>>,
    _site: Site,
}

impl Run {
    async fn start(kind: StoreKind, seed: u64) -> Self {
        let site = Site::start(kind).await;
        let (alice, bob) = (site.register("alice").await, site.register("bob").await);
        let team = CreateTeam { name: "eng".parse().expect("a name"), description: None, is_public: true };
        let team = alice.create_team(team).await.expect("a team").team.id;
        bob.join_team(team).await.expect("in the team");
        let mut channels = Vec::new();
        for name in ["talk", "lounge"] {
            let new = NewChannel { name: name.parse().expect("a name"), description: None };
            let made = alice.create_channel(team, CreateChannel::Public(new)).await.expect("a channel");
            bob.join_channel(made.channel.id).await.expect("in the channel");
            channels.push(made.channel.id);
        }
        let group = CreateGroup { name: GROUP.parse().expect("a name"), user_ids: Vec::new() };
        let group = alice.create_group(team, group).await.expect("a group").id;
        let line = LossyLine::to(site.server.url(), seed).await;
        let second = site.log_in("alice", "alice's second", &line.url()).await;
        let mut devices = Vec::new();
        for client in [alice, second, bob] {
            devices.push(Device::start(client, team).await);
        }
        line.lose(LOST_PER_MILLE);
        let channels = channels.try_into().expect("two channels");
        let run = Self {
            seed,
            random: fastrand::Rng::with_seed(seed),
            line,
            devices,
            team,
            group,
            round: 0,
            channels,
            known: Arc::default(),
            _site: site,
        };
        run.take_keywords().await;
        run
    }

    /// Lets everybody be called by the keyword of this round.
    async fn take_keywords(&self) {
        let keywords = Keywords { keywords: vec![keyword(self.round).parse().expect("a keyword")] };
        for device in &self.devices {
            device.client.put_keywords(keywords.clone()).await.expect("keywords");
        }
    }

    /// Waits until all that was sent was looked at for keywords, and takes others.
    async fn begin_round(&mut self) {
        let [alice, .., bob] = self.devices.as_slice() else { unreachable!("three devices") };
        let talk = self.channels[0];
        let last = format!("{} {}", round_tag(self.round), keyword(self.round));
        let last = SendMessage { content: last, ..SendMessage::default() };
        let last = bob.client.send_message(talk, last).await.expect("sent").seq;
        let before = Seq::try_from(last.get() - 1).expect("a seq");
        let mark = MarkRead { seq: before, mode: MoveMarker::Set, known_rev: None };
        let mut read = alice.client.mark_read(talk, mark).await.expect("marked");
        // A channel's messages are looked at in their order.
        while read.mention_count == 0 {
            sleep(LOOK_AGAIN).await;
            read = alice.client.channel(talk).await.expect("a channel").membership.expect("a membership").read;
        }
        self.round += 1;
        self.take_keywords().await;
    }

    /// Takes some steps at the same time.
    async fn go_on(&mut self) {
        let steps: Vec<_> = (0..AT_ONCE).map(|_| self.step()).collect();
        let steps = steps.iter().map(|(device, step)| take(self, &self.devices[*device], step));
        join_all(steps).await;
        if self.random.u8(0..20) == 0 {
            self.line.cut();
        }
    }

    /// Makes up a step of some device.
    fn step(&mut self) -> (usize, Step) {
        let mut random = self.random.fork();
        let random = &mut random;
        let device = random.usize(0..self.devices.len());
        let channel = self.channels[usize::from(random.u8(0..4) == 0)];
        let message = {
            let known = self.known.lock().expect("unbroken");
            (!known.is_empty()).then(|| known[random.usize(known.len().saturating_sub(400)..known.len())])
        };
        let step = match (random.u8(0..100), message) {
            (0..=4, _) => Step::Leave(self.channels[1]),
            (5..=9, _) => Step::Join(self.channels[1]),
            (10..=19, Some((channel, _, id))) => Step::Reply(channel, id, self.text(channel)),
            (20..=34, Some((channel, seq, _))) => Step::Edit(channel, seq, self.text(channel)),
            (35..=42, Some((channel, seq, _))) => Step::Delete(channel, seq),
            (43..=49, Some((channel, seq, _))) => Step::Read(channel, MoveMarker::Advance, seq),
            (50..=51, Some((channel, seq, _))) => Step::Read(channel, MoveMarker::Set, seq),
            (53..=54, Some((channel, seq, _))) => Step::ReadThread(channel, seq, MoveMarker::Advance),
            (55, Some((channel, seq, _))) => Step::ReadThread(channel, seq, MoveMarker::Set),
            (56, Some((channel, seq, _))) => Step::Follow(channel, seq),
            (57, Some((channel, seq, _))) => Step::Unfollow(channel, seq),
            (58, Some((channel, seq, _))) => Step::MuteThread(channel, seq),
            (65..=69, Some((channel, seq, _))) => Step::Append(channel, seq, more(random)),
            (70..=72, _) => Step::Schedule(self.team, channel, self.text(channel)),
            // Far back: there the counts meet their bound.
            (52, _) => Step::Read(channel, MoveMarker::Set, Seq::ZERO),
            (59, Some((channel, seq, _))) => Step::UnmuteThread(channel, seq),
            (60, _) => Step::MuteChannel(channel, random.bool()),
            (61, _) => Step::MuteUser(self.devices[if device == 2 { 0 } else { 2 }].me, random.bool()),
            (62..=64, _) => Step::PutInGroup(self.devices[random.usize(1..3)].me, random.bool()),
            _ => Step::Send(channel, self.text(channel)),
        };
        (device, step)
    }

    /// Makes up a text. Nobody leaves the first channel, so only there it is plain whom a keyword calls.
    fn text(&mut self, channel: ChannelId) -> String {
        const NAMES: [&str; 11] =
            ["", "", "", "@alice", "@Bob.", "@channel", "@here", "@alice and @bob", "`@alice`", "@crew", "@crew, @bob"];
        let random = &mut self.random;
        let name = NAMES[random.usize(0..NAMES.len())];
        let word = keyword(random.u32(0..=self.round));
        let word = match random.u8(0..6) {
            0 if channel == self.channels[0] => word,
            1 if channel == self.channels[0] => format!("`{word}`"),
            _ => String::new(),
        };
        format!("{name} {} {word} {}", round_tag(self.round), random.u32(..))
    }

    /// Waits until every device has heard of everything, and compares its numbers with the server's, and with the log.
    async fn compare(&self) {
        self.line.lose(0);
        // What was lost last is seen by nobody before something follows it.
        self.line.cut();
        for device in &self.devices {
            let deadline = Instant::now() + PATIENCE;
            // Keywords are found a moment after the messages that have them.
            while let Err(difference) = self.compare_device(device).await {
                assert!(Instant::now() < deadline, "{SEED}={}: {difference}", self.seed);
                sleep(LOOK_AGAIN).await;
            }
        }
        self.line.lose(LOST_PER_MILLE);
    }

    async fn compare_device(&self, device: &Device) -> Result<(), String> {
        device.wait_until_level().await;
        for &channel in &self.channels {
            let mine = device.client.channel(channel).await.expect("a channel");
            let read = mine.membership.map(|membership| membership.read);
            let counted = match &read {
                Some(read) => Some(count_by_hand(&device.client, channel, device.me, read).await),
                None => None,
            };
            let served = read.map(|read| Unread { messages: read.unread_count, mentions: read.mention_count });
            same("the server's numbers and the log's", &served, &counted, &(channel, read))?;
            same("a device's numbers and the log's", &device.unread(channel), &counted, &(channel, read))?;
        }
        self.compare_threads(device).await
    }
}

fn same<T: PartialEq + Debug>(what: &str, one: &T, other: &T, about: &impl Debug) -> Result<(), String> {
    if one == other { Ok(()) } else { Err(format!("{what}: {one:?} and {other:?}, {about:?}")) }
}

impl Run {
    /// Compares what a device says of the person's threads with the server, and the server with the replies.
    async fn compare_threads(&self, device: &Device) -> Result<(), String> {
        let mut served = BTreeMap::new();
        for thread in device.client.all_my_threads(self.team).await.expect("threads") {
            let membership = thread.membership;
            let (channel, root) = (membership.channel_id, membership.root_seq);
            let counted = count_replies_by_hand(&device.client, (channel, root), device.me, &membership.read).await;
            let numbers = Unread { messages: membership.read.unread_count, mentions: membership.read.mention_count };
            same("the server's numbers and the log's", &numbers, &counted, &membership)?;
            served.insert((channel, root), Some(numbers));
        }
        assert!(!served.is_empty(), "no thread was followed: nothing was tried");
        same("a device's threads and the server's", &device.threads(), &served, &device.me)
    }
}

/// By what everybody wants to be called in a round.
fn keyword(round: u32) -> String {
    format!("call {round}x")
}

/// Says in which round a text was written.
fn round_tag(round: u32) -> String {
    format!("round{round}")
}

/// Tells whether a text calls everybody: it has the keyword of the round in which it was written, outside code.
fn calls(content: &str) -> bool {
    let round = content.split_whitespace().find_map(|word| word.strip_prefix("round"));
    round.is_some_and(|round| content.contains(&format!(" call {round}x")))
}

/// What a device does.
enum Step {
    Send(ChannelId, String),
    Reply(ChannelId, MessageId, String),
    Edit(ChannelId, Seq, String),
    /// Takes what a message says, and lets it grow by this.
    Append(ChannelId, Seq, String),
    /// Writes a message to be sent later, and sends it.
    Schedule(TeamId, ChannelId, String),
    Delete(ChannelId, Seq),
    Read(ChannelId, MoveMarker, Seq),
    ReadThread(ChannelId, Seq, MoveMarker),
    Follow(ChannelId, Seq),
    Unfollow(ChannelId, Seq),
    MuteThread(ChannelId, Seq),
    UnmuteThread(ChannelId, Seq),
    MuteChannel(ChannelId, bool),
    MuteUser(UserId, bool),
    PutInGroup(UserId, bool),
    Leave(ChannelId),
    Join(ChannelId),
}

/// Makes up what is appended: a name may begin in the text before, and now and then it is more than the message holds.
fn more(random: &mut fastrand::Rng) -> String {
    let names = ["", "", "", "@alice", "@Bob.", "@channel", "@here", "@crew", "`@alice`"];
    let filling = if random.u8(0..8) == 0 { "x".repeat(15_900) } else { String::new() };
    let (before, name) = (["", "x", " "][random.usize(0..3)], names[random.usize(0..names.len())]);
    format!("{before}{filling} {name} {}", random.u32(..))
}

async fn take(place: &Run, device: &Device, step: &Step) {
    let known = &place.known;
    let connection = &device.connection;
    let outcome = match step {
        Step::Send(channel, content) => send(device, known, *channel, content, None).await,
        Step::Reply(channel, root, content) => send(device, known, *channel, content, Some(*root)).await,
        Step::Edit(channel, seq, content) => connection
            .edit(*channel, *seq, EditMessage { content: content.clone(), expected_rev: None })
            .await
            .map(drop),
        Step::Append(channel, seq, content) => append(device, *channel, *seq, content).await,
        Step::Schedule(team, channel, content) => schedule(device, known, (*team, *channel), content).await,
        Step::Delete(channel, seq) => connection.delete(*channel, *seq).await.map(drop),
        Step::Read(channel, mode, seq) => {
            let known_rev = device.marker(*channel).map(|read| read.rev);
            connection.read(*channel, MarkRead { seq: *seq, mode: *mode, known_rev }).await.map(drop)
        }
        Step::ReadThread(channel, seq, mode) => {
            let mark = MarkRead { seq: *seq, mode: *mode, known_rev: None };
            device.client.read_thread(*channel, *seq, mark).await.map(drop)
        }
        Step::Follow(channel, seq) => device.client.follow_thread(*channel, *seq).await.map(drop),
        Step::Unfollow(channel, seq) => device.client.unfollow_thread(*channel, *seq).await.map(drop),
        Step::MuteThread(channel, seq) => device.client.mute_thread(*channel, *seq).await.map(drop),
        Step::UnmuteThread(channel, seq) => device.client.unmute_thread(*channel, *seq).await.map(drop),
        Step::MuteChannel(channel, is_muted) => {
            let edit = EditChannelPreferences { is_muted: Some(*is_muted), ..EditChannelPreferences::default() };
            device.client.edit_channel_preferences(*channel, edit).await.map(drop)
        }
        Step::MuteUser(user, true) => device.client.mute_user(place.team, *user).await.map(drop),
        Step::MuteUser(user, false) => device.client.unmute_user(place.team, *user).await.map(drop),
        Step::PutInGroup(user, true) => device.client.add_group_member(place.team, place.group, *user).await.map(drop),
        Step::PutInGroup(user, false) => {
            device.client.remove_group_member(place.team, place.group, *user).await.map(drop)
        }
        Step::Leave(channel) => device.client.leave_channel(*channel).await,
        Step::Join(channel) => device.client.join_channel(*channel).await.map(drop),
    };
    // Not in the channel, not one's own, deleted already, a thread that is not followed; or the line was just cut.
    if let Err(error) = outcome {
        let is_expected = match &error {
            ClientError::Refused(detail) => {
                matches!(
                    detail.code,
                    ErrorCode::NotFound
                        | ErrorCode::Forbidden
                        | ErrorCode::Conflict
                        | ErrorCode::Busy
                        | ErrorCode::RateLimited
                )
            }
            error => error.is_transient(),
        };
        assert!(is_expected, "{error:?}");
    }
}

async fn send(
    device: &Device,
    known: &Mutex<Vec<(ChannelId, Seq, MessageId)>>,
    channel: ChannelId,
    content: &str,
    parent_message_id: Option<MessageId>,
) -> Result<(), ClientError> {
    let message = SendMessage { content: content.to_owned(), parent_message_id, ..SendMessage::default() };
    let ack = device.connection.send(channel, message).await?;
    known.lock().expect("unbroken").push((channel, ack.seq, ack.message_id));
    Ok(())
}

async fn append(device: &Device, channel: ChannelId, seq: Seq, content: &str) -> Result<(), ClientError> {
    let message = device.client.message(channel, seq).await?;
    // A text that has grown is looked at anew, by the keywords of this round.
    if message.content.contains("call ") {
        return Ok(());
    }
    let offset = u64::try_from(message.content.len()).expect("a length");
    let append = AppendMessage { offset, content: content.to_owned() };
    device.client.append_message(channel, seq, append).await.map(drop)
}

async fn schedule(
    device: &Device,
    known: &Mutex<Vec<(ChannelId, Seq, MessageId)>>,
    (team, channel_id): (TeamId, ChannelId),
    content: &str,
) -> Result<(), ClientError> {
    let in_an_hour = SystemTime::now() + Duration::from_secs(3_600);
    let ms = in_an_hour.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
    let send_at = Time::from_unix_ms(i64::try_from(ms).expect("a time")).expect("a time");
    let body = ScheduleMessage {
        channel_id,
        content: content.to_owned(),
        files: Vec::new(),
        parent_message_id: None,
        send_at,
    };
    let scheduled = device.client.schedule_message(team, body).await?;
    if let Some(sent) = device.client.send_scheduled_now(team, scheduled.id).await?.message {
        known.lock().expect("unbroken").push((channel_id, sent.seq, sent.id));
    }
    Ok(())
}

/// Counts what the log holds after a marker, message by message.
async fn count_by_hand(client: &Client, channel: ChannelId, me: UserId, read: &ReadMarker) -> Unread {
    let (mut messages, mut mentions) = (0, 0);
    let mut after = Some(read.last_read_seq);
    while let Some(seq) = after {
        let query = MessageQuery { after: Some(seq), limit: Some(PAGE_ITEMS_MAX), ..MessageQuery::default() };
        let page = client.messages(channel, query).await.expect("messages");
        for message in &page.items {
            let is_news = message.deleted_at.is_none() && message.sender_id != me;
            messages += u32::from(is_news && message.parent_seq.is_none());
            mentions += u32::from(is_news && names(message, me));
        }
        after = page.next.as_ref().and(page.items.last()).map(|message| message.seq);
    }
    Unread { messages: messages.min(UNREAD_COUNT_MAX), mentions: mentions.min(UNREAD_COUNT_MAX) }
}

fn names(message: &Message, me: UserId) -> bool {
    message.mentions.channel || message.mentions.users.contains(&me) || calls(&message.content)
}

/// Counts what a thread holds after a marker, reply by reply.
async fn count_replies_by_hand(
    client: &Client,
    (channel, root): (ChannelId, Seq),
    me: UserId,
    read: &ReadMarker,
) -> Unread {
    let (mut messages, mut mentions) = (0, 0);
    let mut after = Some(read.last_read_seq);
    while let Some(seq) = after {
        let query = MessageQuery { after: Some(seq), limit: Some(PAGE_ITEMS_MAX), ..MessageQuery::default() };
        let page = client.thread(channel, root, query).await.expect("a thread");
        for reply in page.items.iter().filter(|reply| reply.deleted_at.is_none() && reply.sender_id != me) {
            messages += 1;
            mentions += u32::from(names(reply, me));
        }
        after = page.next.as_ref().and(page.items.last()).map(|message| message.seq);
    }
    Unread { messages, mentions }
}
