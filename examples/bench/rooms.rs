//! How long a message takes from its sender to those who read: in many rooms under half of the full load, and alone between
//! two instances.
//!
//! Rooms: 200 with 10 people each, on the embedded store. First every room's sender sends as soon as the
//! last message is acknowledged, which gives the full rate; then all together send half as many, evenly, whether or not the
//! server keeps up. Alone: two instances on one MySQL or MariaDB and one Redis of their own; one message now and then.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Args;
use syncspace_examples::{
    Community, Crowd, Plan, RawSocket, Running, machine, percentile_ms, raise_file_limit, server_command, text_frame,
};
use syncspace_testkit::{MysqlServer, RedisServer};
use tokio::task::JoinSet;

/// Goals of the design, in milliseconds.
const ROOMS_GOAL_MS: f64 = 20.0;
const ALONE_GOAL_MS: f64 = 2.0;

/// Pause between messages that are alone.
const ALONE_PAUSE: Duration = Duration::from_millis(25);

/// Measures how long messages take.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Rooms.
    #[arg(long, default_value_t = 200)]
    rooms: usize,
    /// People in each room.
    #[arg(long, default_value_t = 10)]
    people: usize,
    /// Length of each measurement, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Messages that are sent alone.
    #[arg(long, default_value_t = 200)]
    alone: usize,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
}

#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let this = std::env::current_exe().context("where this program is")?;
    let beside = this.parent().and_then(Path::parent).context("this program lies in a folder of its build")?;
    let server = arguments.programs.clone().unwrap_or_else(|| beside.to_owned()).join("syncspace-server");
    ensure!(server.exists(), "{} is missing: run `make release` first", server.display());
    raise_file_limit(4 * arguments.rooms * (arguments.people + 1) + 1_000)?;

    println!("{}", machine());
    println!();
    measure_rooms(&server, &arguments).await?;
    println!();
    measure_alone(&server, arguments.alone).await
}

/// Times of many messages.
#[derive(Clone, Default)]
struct Times(Arc<Mutex<Vec<Duration>>>);

impl Times {
    fn note(&self, time: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(time);
    }

    fn take_sorted(&self) -> Vec<Duration> {
        let mut times = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        times.sort_unstable();
        times
    }
}

/// Sends messages that say when they were sent, and reads that from events.
#[derive(Clone, Copy)]
struct Stopwatch {
    start: Instant,
}

impl Stopwatch {
    fn frame(self, id: usize, channel: u64) -> anyhow::Result<Vec<u8>> {
        let sent_us = self.start.elapsed().as_micros();
        text_frame(&format!(
            "{{\"id\":{id},\"op\":\"send\",\"channel_id\":{channel},\"content\":\"sent at {sent_us:0>12} {:x>80}\"}}",
            ""
        ))
    }

    /// Gives how long the message of an event took; none for other frames.
    fn age(self, text: &[u8]) -> Option<Duration> {
        let mark = b"\"content\":\"sent at ";
        let at = text.windows(mark.len()).position(|part| part == mark)? + mark.len();
        let sent_us = str::from_utf8(text.get(at..at + 12)?).ok()?.parse().ok()?;
        Some(self.start.elapsed().saturating_sub(Duration::from_micros(sent_us)))
    }
}

fn is_reply(text: &[u8]) -> bool {
    text.starts_with(b"{\"re\":")
}

async fn measure_rooms(server: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let mut command = server_command(server, data.path());
    command.args(["--bcrypt-cost", "4", "--requests-per-second", "0", "--login-attempts-per-minute", "0"]);
    command.args(["--log-filter", "warn"]);
    let running = Running::start(&mut command)?;
    running.wait_until_ready()?;
    let (rooms, people) = (arguments.rooms, arguments.people);
    let plan = Plan { people: rooms * people, channels: rooms, channels_each: 1 };
    let community = Community::found(&running.address, data.path(), plan).await?;
    let stopwatch = Stopwatch { start: Instant::now() };
    let received = Times::default();
    let tokens: Vec<_> = community.tokens.iter().cloned().map(Some).collect();
    let crowd = Crowd::gather(&running.address, &tokens, |_| {
        let received = received.clone();
        move |text: &[u8]| {
            if let Some(age) = stopwatch.age(text) {
                received.note(age);
            }
        }
    })
    .await?;
    let mut senders = Vec::new();
    for (token, channel) in community.tokens.iter().zip(&community.channels) {
        senders.push((RawSocket::connect(&running.address, Some(token)).await?, channel.get()));
    }
    crowd.settle().await;
    let length = Duration::from_secs(arguments.seconds);
    let (senders, acknowledged) = send_all(senders, stopwatch, length, None).await?;
    let full_rate = f64::from(u32::try_from(acknowledged.len())?) / length.as_secs_f64();
    crowd.settle().await;
    let full = received.take_sorted();
    print_times(&format!("{rooms} rooms x {people}, full rate {full_rate:.0}/s"), &acknowledged, &full, "");

    let every = Duration::from_secs_f64(f64::from(u32::try_from(rooms)?) / (full_rate / 2.0));
    let (_senders, acknowledged) = send_all(senders, stopwatch, length, Some(every)).await?;
    crowd.settle().await;
    let half = received.take_sorted();
    let expected = acknowledged.len() * people;
    ensure!(half.len() == expected, "{} deliveries as events of {expected}", half.len());
    let title = format!("{rooms} rooms x {people}, half of it, {:.0}/s", full_rate / 2.0);
    print_times(&title, &acknowledged, &half, &format!("p99 <= {ROOMS_GOAL_MS} ms received"));
    Ok(())
}

fn print_times(title: &str, acknowledged: &[Duration], received: &[Duration], goal: &str) {
    println!(
        "{title}: acknowledged p50 {:.1} ms, p99 {:.1} ms; received p50 {:.1} ms, p99 {:.1} ms  {goal}",
        percentile_ms(acknowledged, 50),
        percentile_ms(acknowledged, 99),
        percentile_ms(received, 50),
        percentile_ms(received, 99),
    );
}

type Senders = Vec<(RawSocket, u64)>;

/// Lets every sender send for a while, evenly or as soon as it may; gives the times until the answers, sorted.
async fn send_all(
    senders: Senders,
    stopwatch: Stopwatch,
    length: Duration,
    every: Option<Duration>,
) -> anyhow::Result<(Senders, Vec<Duration>)> {
    let acknowledged = Times::default();
    let count = u32::try_from(senders.len())?;
    let mut sending = JoinSet::new();
    for (place, (socket, channel)) in (0_u32..).zip(senders) {
        let acknowledged = acknowledged.clone();
        sending.spawn(async move {
            let mut sender = Sender { socket, channel, stopwatch, acknowledged, sent_at: Vec::new(), answered: 0 };
            match every {
                None => sender.send_in_turn(length).await?,
                Some(every) => sender.send_evenly(length, every, every * place / count).await?,
            }
            anyhow::Ok((sender.socket, channel))
        });
    }
    let mut senders = Vec::new();
    while let Some(ended) = sending.join_next().await {
        senders.push(ended??);
    }
    senders.sort_unstable_by_key(|&(_, channel)| channel);
    Ok((senders, acknowledged.take_sorted()))
}

struct Sender {
    socket: RawSocket,
    channel: u64,
    stopwatch: Stopwatch,
    acknowledged: Times,
    /// When each message was sent. Answers to one channel come in order.
    sent_at: Vec<Instant>,
    answered: usize,
}

impl Sender {
    async fn send(&mut self) -> anyhow::Result<()> {
        let frame = self.stopwatch.frame(self.sent_at.len(), self.channel)?;
        self.sent_at.push(Instant::now());
        self.socket.send(&frame).await
    }

    async fn take(&mut self) -> anyhow::Result<()> {
        let (sent_at, answered, acknowledged) = (&self.sent_at, &mut self.answered, &self.acknowledged);
        let mut is_refused = false;
        self.socket
            .take(|text| {
                if is_reply(text) {
                    is_refused |= text.windows(7).any(|part| part == b"\"error\"");
                    acknowledged.note(sent_at[*answered].elapsed());
                    *answered += 1;
                }
            })
            .await?;
        ensure!(!is_refused, "a message was refused");
        Ok(())
    }

    async fn send_in_turn(&mut self, length: Duration) -> anyhow::Result<()> {
        let started = Instant::now();
        while started.elapsed() < length {
            self.send().await?;
            self.take_answers().await?;
        }
        Ok(())
    }

    async fn send_evenly(&mut self, length: Duration, every: Duration, first: Duration) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut due = started + first;
        while due < started + length {
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {
                    self.send().await?;
                    due += every;
                }
                taken = self.take() => taken?,
            }
        }
        self.take_answers().await
    }

    async fn take_answers(&mut self) -> anyhow::Result<()> {
        while self.answered < self.sent_at.len() {
            self.take().await?;
        }
        Ok(())
    }
}

/// Sends single messages on one instance, and reads them on another one.
async fn measure_alone(server: &Path, messages: usize) -> anyhow::Result<()> {
    let (mysql, redis) = (MysqlServer::start().await, RedisServer::start().await);
    let (database, redis_url) = (mysql.database().await, redis.url());
    let secret = "a signing secret for two instances of a benchmark";
    let (one_data, other_data) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let mut instances = Vec::new();
    for data in [&one_data, &other_data] {
        let mut command = server_command(server, data.path());
        command.args(["--database", &database, "--redis", &redis_url, "--bcrypt-cost", "4"]);
        command.env("SYNCSPACE_JWT_SECRET", secret);
        command.args(["--registration", "open", "--requests-per-second", "0", "--log-filter", "warn"]);
        let running = Running::start(&mut command)?;
        running.wait_until_ready()?;
        instances.push(running);
    }
    let [one, other] = &instances[..] else { bail!("there are two instances") };
    let (token, channel) = Community::found_alone(&one.address).await?;
    let stopwatch = Stopwatch { start: Instant::now() };
    let (received, acknowledged) = (Times::default(), Times::default());
    let times = received.clone();
    let mut crowd = Crowd::gather(&other.address, &[Some(token.clone())], move |_| {
        let times = times.clone();
        move |text: &[u8]| {
            if let Some(age) = stopwatch.age(text) {
                times.note(age);
            }
        }
    })
    .await?;
    let socket = RawSocket::connect(&one.address, Some(&token)).await?;
    let mut sender = Sender {
        socket,
        channel: channel.get(),
        stopwatch,
        acknowledged: acknowledged.clone(),
        sent_at: Vec::new(),
        answered: 0,
    };
    crowd.settle().await;
    let before = crowd.received();
    for _ in 0..messages {
        tokio::time::sleep(ALONE_PAUSE).await;
        sender.send().await?;
        sender.take_answers().await?;
    }
    crowd.wait_for(before + u64::try_from(messages)?).await?;
    let (acknowledged, received) = (acknowledged.take_sorted(), received.take_sorted());
    let over_ms = percentile_ms(&received, 50) - percentile_ms(&acknowledged, 50);
    println!(
        "one message now and then, to another instance by Redis: acknowledged (one commit) p50 {:.2} ms, p99 {:.2} ms; received \
         p50 {:.2} ms, p99 {:.2} ms; over one commit {over_ms:.2} ms  <= {ALONE_GOAL_MS} ms",
        percentile_ms(&acknowledged, 50),
        percentile_ms(&acknowledged, 99),
        percentile_ms(&received, 50),
        percentile_ms(&received, 99),
    );
    Ok(())
}
