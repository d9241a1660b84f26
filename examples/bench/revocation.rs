//! How long a right lives on after it was taken away: from the request that ends it to the last message that still reaches
//! a socket of its former owner, on any instance.
//!
//! Two servers share a private MariaDB and Redis; a member has a socket on each; messages come through
//! both. In turn the member is taken out of the channel, or its session is ended, by a request to the first instance. Then the
//! same without Redis. The time begins before the request is sent, so it holds the commit too.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use syncspace_client::{Client, ConnectOptions, Connection, Update, messages_in};
use syncspace_examples::{Running, machine, server_command};
use syncspace_protocol::auth::{Login, Register};
use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::{ChannelId, SessionId};
use syncspace_testkit::{RedisServer, mysql_database};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// What the design wants of 99 in 100, with Redis and without, in milliseconds.
const GOAL_MS: [u32; 2] = [200, 1_500];

/// How long deliveries are looked for after a right ended.
const WATCH: [Duration; 2] = [Duration::from_millis(700), Duration::from_millis(2_500)];

/// Pause between two messages through one instance.
const SEND_EVERY: Duration = Duration::from_millis(10);

/// Longest wait for a member to hear the channel.
const HEAR_WAIT: Duration = Duration::from_secs(30);

const PASSWORD: &str = "a long password";

/// Measures how soon rights end.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Rights ended with Redis.
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// Rights ended without Redis; each takes about three seconds.
    #[arg(long, default_value_t = 40)]
    rounds_without_redis: usize,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
}

#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let this = std::env::current_exe().context("where this program is")?;
    let beside = this.parent().and_then(Path::parent).context("this program lies in a folder of its build")?;
    let server = arguments.programs.unwrap_or_else(|| beside.to_owned()).join("syncspace-server");
    ensure!(server.exists(), "{} is missing: run `make release` first", server.display());

    println!("{}", machine());
    println!();
    println!(
        "from the request that ends a right to the last delivery on two instances, {SEND_EVERY:?} between messages"
    );
    println!("{:>14} {:>8} {:>8} {:>8} {:>8}  goal of p99", "", "rounds", "p50", "p99", "most");
    let mut stage = Stage::set(&server).await?;
    let with = stage.rounds(arguments.rounds, WATCH[0]).await?;
    print("with Redis", with, GOAL_MS[0]);
    stage.redis.kill();
    let without = stage.rounds(arguments.rounds_without_redis, WATCH[1]).await?;
    print("without Redis", without, GOAL_MS[1]);
    stage.noise.iter().for_each(JoinHandle::abort);
    Ok(())
}

fn print(what: &str, mut times: Vec<Duration>, goal_ms: u32) {
    times.sort_unstable();
    let at = |hundredths: usize| {
        let place = (times.len() * hundredths).div_ceil(100).saturating_sub(1);
        times.get(place).map_or_else(|| "-".to_owned(), |time| format!("{} ms", time.as_millis()))
    };
    println!("{what:>14} {:>8} {:>8} {:>8} {:>8}  <= {goal_ms} ms", times.len(), at(50), at(99), at(100));
}

/// Two servers, a channel with traffic on both, and a member.
struct Stage {
    owner: Client,
    servers: [Running; 2],
    redis: RedisServer,
    channel: ChannelId,
    noise: Vec<JoinHandle<()>>,
    _data: tempfile::TempDir,
}

impl Stage {
    async fn set(server: &Path) -> anyhow::Result<Self> {
        let (database, redis) = (mysql_database().await, RedisServer::start().await);
        let data = tempfile::tempdir()?;
        let secret = data.path().join("bench.toml");
        std::fs::write(&secret, "jwt_secret = \"one signing secret for both instances\"\n")?;
        let start = |name: &str| {
            let mut command = server_command(server, &data.path().join(name));
            command.arg("--config").arg(&secret).args(["--database", &database, "--redis", &redis.url()]);
            command.args(["--registration", "open", "--bcrypt-cost", "4", "--log-filter", "error"]);
            command.args(["--requests-per-second", "0", "--login-attempts-per-minute", "0"]);
            let running = Running::start(&mut command)?;
            running.wait_until_ready()?;
            anyhow::Ok(running)
        };
        let servers = [start("one")?, start("two")?];
        let owner = client(&servers[0])?;
        owner.register(account("owner")?).await?;
        let team = owner.create_team(json(r#"{"name": "bench"}"#)?).await?.team.id;
        let channel = owner.create_channel(team, json(r#"{"kind": "private", "name": "bench"}"#)?).await?.channel.id;
        let member = client(&servers[0])?;
        let member = member.register(account("member")?).await?;
        owner.put_team_member(team, member.user.id, json(r#"{"role": "member"}"#)?).await?;
        let mut stage = Self { owner, servers, redis, channel, noise: Vec::new(), _data: data };
        for server in &stage.servers {
            let client = client(server)?;
            client.login(login("owner")?).await?;
            let (connection, mut updates) = client.connect(ConnectOptions::default());
            stage.noise.push(tokio::spawn(async move { while updates.recv().await.is_some() {} }));
            stage.noise.push(tokio::spawn(make_noise(connection, channel)));
        }
        Ok(stage)
    }

    async fn rounds(&self, rounds: usize, watch: Duration) -> anyhow::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(rounds);
        for round in 0..rounds {
            times.push(self.round(round % 2 == 0, watch).await.with_context(|| format!("round {round}"))?);
        }
        Ok(times)
    }

    /// Ends a right of the member, and gives how long after the request its sockets still heard something.
    async fn round(&self, is_membership: bool, watch: Duration) -> anyhow::Result<Duration> {
        let member = client(&self.servers[0])?;
        let user = member.login(login("member")?).await?.user.id;
        self.owner.put_channel_member(self.channel, user, json(r#"{"role": "member"}"#)?).await?;
        let ears = [Ear::open(&self.servers[0]).await?, Ear::open(&self.servers[1]).await?];
        for ear in &ears {
            ear.wait_until_heard().await?;
        }
        let asked_at = Instant::now();
        let last_heard = if is_membership {
            self.owner.remove_channel_member(self.channel, user).await?;
            sleep(watch.saturating_sub(asked_at.elapsed())).await;
            ears.iter().filter_map(Ear::last_heard).max()
        } else {
            member.end_session(ears[1].session).await?;
            sleep(watch.saturating_sub(asked_at.elapsed())).await;
            ears[1].last_heard()
        };
        ears.into_iter().for_each(Ear::close);
        Ok(last_heard.map_or(Duration::ZERO, |last| last.saturating_duration_since(asked_at)))
    }
}

/// A socket of the member, and when it last heard a message.
struct Ear {
    session: SessionId,
    heard_at: Arc<Mutex<Option<Instant>>>,
    connection: Connection,
    listening: JoinHandle<()>,
}

impl Ear {
    /// Logs the member in by a session of its own.
    async fn open(server: &Running) -> anyhow::Result<Self> {
        let client = client(server)?;
        let session = client.login(login("member")?).await?.session_id;
        let (connection, mut updates) = client.connect(ConnectOptions::default());
        let heard_at: Arc<Mutex<Option<Instant>>> = Arc::default();
        let noted = Arc::clone(&heard_at);
        let listening = tokio::spawn(async move {
            while let Some(update) = updates.recv().await {
                if let Update::Event(event) = &update
                    && messages_in(event).next().is_some()
                {
                    *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                }
            }
        });
        Ok(Self { session, heard_at, connection, listening })
    }

    fn last_heard(&self) -> Option<Instant> {
        *self.heard_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait_until_heard(&self) -> anyhow::Result<()> {
        let heard = async {
            while self.last_heard().is_none() {
                sleep(SEND_EVERY).await;
            }
        };
        timeout(HEAR_WAIT, heard).await.context("the member hears nothing")
    }

    fn close(self) {
        tokio::spawn(self.connection.close());
        self.listening.abort();
    }
}

/// Sends on and on; what is refused while something is away is not missed.
async fn make_noise(connection: Connection, channel: ChannelId) {
    loop {
        let message = SendMessage { content: "x".repeat(100), ..SendMessage::default() };
        let _sent = timeout(Duration::from_millis(500), connection.send(channel, message)).await;
        sleep(SEND_EVERY).await;
    }
}

fn client(server: &Running) -> anyhow::Result<Client> {
    Ok(Client::new(format!("http://{}", server.address).parse()?)?)
}

fn account(name: &str) -> anyhow::Result<Register> {
    json(&format!(r#"{{"username": "{name}", "password": "{PASSWORD}"}}"#))
}

fn login(name: &str) -> anyhow::Result<Login> {
    json(&format!(r#"{{"username": "{name}", "password": "{PASSWORD}"}}"#))
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    serde_json::from_str(text).context("a body of the benchmark")
}
