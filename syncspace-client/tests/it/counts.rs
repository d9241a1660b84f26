//! Counts are the same everywhere: on every device of a person, on the server, and counted by hand from the log.

mod device;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use syncspace_client::{Client, ClientError, Unread};
use syncspace_protocol::channels::{CreateChannel, MarkRead, MoveMarker, NewChannel, ReadMarker};
use syncspace_protocol::limits::{PAGE_ITEMS_MAX, UNREAD_COUNT_MAX};
use syncspace_protocol::messages::{AppendMessage, EditMessage, Message, MessageQuery, SendMessage};
use syncspace_protocol::scheduled::ScheduleMessage;
use syncspace_protocol::teams::CreateTeam;
use syncspace_protocol::{ChannelId, ErrorCode, MessageId, Seq, TeamId, Time, UserId};

use self::device::Device;
use crate::lossy::LossyLine;
use crate::stores::{Site, StoreKind, tell, times_as_long};

/// Steps of one run; `make soak` takes five times as many.
const STEPS: usize = 2_000;
/// Steps that go on at the same time.
const AT_ONCE: usize = 200;
/// Steps between two checks.
const BETWEEN_CHECKS: usize = 1_000;
/// Of a thousand events, so many do not reach one of the devices.
const LOST_PER_MILLE: u32 = 20;
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
    }
    tell(&format!("{kind:?}: {steps} steps, {} events lost, {:?}", run.line.lost(), begun.elapsed()));
    assert!(run.line.lost() > 0, "no event was lost: nothing was tried");
}

/// Two people, one of them on two devices; two channels.
struct Run {
    random: fastrand::Rng,
    line: LossyLine,
    /// Alice, Alice over the lossy line, Bob.
    devices: Vec<Device>,
    team: TeamId,
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
        let line = LossyLine::to(site.server.url(), seed).await;
        let second = site.log_in("alice", "alice's second", &line.url()).await;
        let mut devices = Vec::new();
        for client in [alice, second, bob] {
            devices.push(Device::start(client, team).await);
        }
        line.lose(LOST_PER_MILLE);
        let channels = channels.try_into().expect("two channels");
        Self {
            random: fastrand::Rng::with_seed(seed),
            line,
            devices,
            team,
            channels,
            known: Arc::default(),
            _site: site,
        }
    }

    /// Takes some steps at the same time.
    async fn go_on(&mut self) {
        let steps: Vec<_> = (0..AT_ONCE).map(|_| self.step()).collect();
        let steps = steps.iter().map(|(device, step)| take(&self.devices[*device], &self.known, step));
        join_all(steps).await;
        if self.random.u8(0..20) == 0 {
            self.line.cut();
        }
    }

    /// Makes up a step of some device.
    fn step(&mut self) -> (usize, Step) {
        let random = &mut self.random;
        let device = random.usize(0..self.devices.len());
        let channel = self.channels[usize::from(random.u8(0..4) == 0)];
        let known = self.known.lock().expect("unbroken");
        let message = (!known.is_empty()).then(|| known[random.usize(known.len().saturating_sub(400)..known.len())]);
        let step = match (random.u8(0..100), message) {
            (0..=4, _) => Step::Leave(self.channels[1]),
            (5..=9, _) => Step::Join(self.channels[1]),
            (10..=19, Some((channel, _, id))) => Step::Reply(channel, id, text(random)),
            (20..=34, Some((channel, seq, _))) => Step::Edit(channel, seq, text(random)),
            (35..=42, Some((channel, seq, _))) => Step::Delete(channel, seq),
            (43..=49, Some((channel, seq, _))) => Step::Read(channel, MoveMarker::Advance, seq),
            (50..=51, Some((channel, seq, _))) => Step::Read(channel, MoveMarker::Set, seq),
            (53..=54, Some((channel, seq, _))) => Step::ReadThread(channel, seq, MoveMarker::Advance),
            (55, Some((channel, seq, _))) => Step::ReadThread(channel, seq, MoveMarker::Set),
            (56, Some((channel, seq, _))) => Step::Follow(channel, seq),
            (57, Some((channel, seq, _))) => Step::Unfollow(channel, seq),
            (58, Some((channel, seq, _))) => Step::MuteThread(channel, seq),
            (59..=63, Some((channel, seq, _))) => Step::Append(channel, seq, more(random)),
            (64..=66, _) => Step::Schedule(self.team, channel, text(random)),
            // Far back: there the counts meet their bound.
            (52, _) => Step::Read(channel, MoveMarker::Set, Seq::ZERO),
            _ => Step::Send(channel, text(random)),
        };
        (device, step)
    }

    /// Waits until every device has heard of everything, and compares its numbers with the server's, and with the log.
    async fn compare(&self) {
        self.line.lose(0);
        // What was lost last is seen by nobody before something follows it.
        self.line.cut();
        for device in &self.devices {
            device.wait_until_level().await;
            for &channel in &self.channels {
                let mine = device.client.channel(channel).await.expect("a channel");
                let read = mine.membership.map(|membership| membership.read);
                let counted = match &read {
                    Some(read) => Some(count_by_hand(&device.client, channel, device.me, read).await),
                    None => None,
                };
                let served = read.map(|read| Unread { messages: read.unread_count, mentions: read.mention_count });
                assert_eq!(served, counted, "the server's numbers and the log's, {channel} {read:?}");
                assert_eq!(device.unread(channel), counted, "a device's numbers and the log's, {channel} {read:?}");
            }
            self.compare_threads(device).await;
        }
        self.line.lose(LOST_PER_MILLE);
    }
}

impl Run {
    /// Compares what a device says of the person's threads with the server, and the server with the replies.
    async fn compare_threads(&self, device: &Device) {
        let mut served = BTreeMap::new();
        for thread in device.client.all_my_threads(self.team).await.expect("threads") {
            let membership = thread.membership;
            let (channel, root) = (membership.channel_id, membership.root_seq);
            let counted = count_replies_by_hand(&device.client, (channel, root), device.me, &membership.read).await;
            let numbers = Unread { messages: membership.read.unread_count, mentions: membership.read.mention_count };
            assert_eq!(numbers, counted, "the server's numbers and the log's, {membership:?}");
            served.insert((channel, root), Some(numbers));
        }
        assert!(!served.is_empty(), "no thread was followed: nothing was tried");
        assert_eq!(device.threads(), served, "a device's threads and the server's");
    }
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
    Leave(ChannelId),
    Join(ChannelId),
}

fn text(random: &mut fastrand::Rng) -> String {
    let names = ["", "", "", "@alice", "@Bob.", "@channel", "@here", "@alice and @bob", "`@alice`"];
    format!("{} {}", names[random.usize(0..names.len())], random.u32(..))
}

/// Makes up what is appended: a name may begin in the text before, and now and then it is more than the message holds.
fn more(random: &mut fastrand::Rng) -> String {
    let filling = if random.u8(0..8) == 0 { "x".repeat(15_900) } else { String::new() };
    format!("{}{filling} {}", ["", "x", " "][random.usize(0..3)], text(random))
}

async fn take(device: &Device, known: &Mutex<Vec<(ChannelId, Seq, MessageId)>>, step: &Step) {
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
    let body = ScheduleMessage { channel_id, content: content.to_owned(), parent_message_id: None, send_at };
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
    message.mentions.channel || message.mentions.users.contains(&me)
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
