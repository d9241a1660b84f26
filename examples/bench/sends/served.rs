//! The measured servers: started, filled with a team and channels, written to, stopped.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::future::try_join_all;
use syncspace_client::Client;
use syncspace_examples::{Running, server_command};
use syncspace_protocol::ChannelId;
use syncspace_protocol::auth::Register;
use syncspace_protocol::channels::CreateChannel;
use syncspace_protocol::teams::CreateTeam;

use super::generator::{Sender, shares};

/// Which database a server writes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Embedded,
    Mysql,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "the embedded store",
            Self::Mysql => "MariaDB or MySQL",
        })
    }
}

/// How many instances write how many channels.
pub(super) struct Arrangement {
    pub(super) instances: usize,
    pub(super) channels: usize,
    pub(super) outstanding: usize,
}

/// What one measurement came to.
pub(super) struct Measured {
    acknowledged: u64,
    length: Duration,
    server: Duration,
    generator: Duration,
}

impl Measured {
    /// Gives the acknowledged messages per second.
    pub(super) fn rate(&self) -> f64 {
        per(self.acknowledged, self.length.as_secs_f64())
    }

    /// Gives the servers' processor time per message, in microseconds.
    pub(super) fn server_us(&self) -> f64 {
        1e6 / per(self.acknowledged, self.server.as_secs_f64())
    }

    /// Gives the generator's processor time per message, in microseconds.
    pub(super) fn generator_us(&self) -> f64 {
        1e6 / per(self.acknowledged, self.generator.as_secs_f64())
    }
}

fn per(count: u64, seconds: f64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from) / seconds
}

/// Tells whether a database can be started.
pub(crate) fn has_mysql() -> bool {
    has_program("mariadbd") || has_program("mysqld")
}

/// Tells whether a Redis can be started.
pub(super) fn has_redis() -> bool {
    has_program("redis-server")
}

fn has_program(name: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let beside = ["/usr/sbin", "/usr/local/sbin"].map(std::path::PathBuf::from);
    std::env::split_paths(&folders).chain(beside).any(|folder| folder.join(name).is_file())
}

/// Keeps that many messages outstanding in one channel of one server, and counts the acknowledged ones.
pub(super) async fn measure(
    server: &Path,
    place: Place,
    outstanding: usize,
    length: Duration,
) -> anyhow::Result<Measured> {
    let shared = match place {
        Place::Embedded => Vec::new(),
        Place::Mysql => vec!["--database".to_owned(), syncspace_testkit::mysql_database().await],
    };
    run(server, &shared, Arrangement { instances: 1, channels: 1, outstanding }, length).await
}

/// The same through several instances on one database and one Redis.
pub(super) async fn measure_instances(
    server: &Path,
    arrangement: Arrangement,
    length: Duration,
) -> anyhow::Result<Measured> {
    let database = syncspace_testkit::mysql_database().await;
    let redis = syncspace_testkit::redis_url().await;
    let shared = ["--database".to_owned(), database, "--redis".to_owned(), redis];
    run(server, &shared, arrangement, length).await
}

async fn run(server: &Path, shared: &[String], wanted: Arrangement, length: Duration) -> anyhow::Result<Measured> {
    let mut folders = Vec::new();
    let mut running = Vec::new();
    for _ in 0..wanted.instances {
        let data = tempfile::tempdir()?;
        let mut command = server_command(server, data.path());
        command.args(["--bcrypt-cost", "4", "--requests-per-second", "0", "--log-filter", "warn"]);
        command.args(["--registration", "open"]).args(shared);
        command.env("SYNCSPACE_JWT_SECRET", "a signing secret for a benchmark");
        let instance = Running::start(&mut command)?;
        instance.wait_until_ready()?;
        running.push(instance);
        folders.push(data);
    }
    let (token, channels) = fill(&running[0].address, wanted.channels).await?;
    let mut senders = Vec::new();
    for (number, share) in shares(wanted.outstanding).into_iter().enumerate() {
        let address = &running[number % wanted.instances].address;
        // Where there are as many channels as instances, each instance has its own.
        let channel = channels[number % wanted.channels];
        senders.push((Sender::connect(address, &token, channel, format!("s{number}")).await?, share));
    }
    let processes: Vec<_> = running.iter().map(Running::id).collect();
    let before = (processor_time(&processes)?, processor_time(&[std::process::id()])?);
    let until = Instant::now() + length;
    let counts = try_join_all(senders.into_iter().map(|(sender, share)| sender.run(share, until))).await?;
    let after = (processor_time(&processes)?, processor_time(&[std::process::id()])?);
    for instance in running {
        instance.stop()?;
    }
    Ok(Measured {
        acknowledged: counts.iter().sum(),
        length,
        server: after.0.saturating_sub(before.0),
        generator: after.1.saturating_sub(before.1),
    })
}

/// Makes somebody with a team and channels; gives an access token.
async fn fill(address: &str, channels: usize) -> anyhow::Result<(String, Vec<ChannelId>)> {
    let client = Client::new(format!("http://{address}").parse()?)?;
    let register: Register = json(r#"{"username": "bench", "password": "a long password"}"#)?;
    let tokens = client.register(register).await?;
    let team: CreateTeam = json(r#"{"name": "bench"}"#)?;
    let team = client.create_team(team).await?.team.id;
    let mut made = Vec::new();
    for number in 0..channels {
        let channel: CreateChannel = json(&format!("{{\"kind\": \"public\", \"name\": \"bench-{number}\"}}"))?;
        made.push(client.create_channel(team, channel).await?.channel.id);
    }
    Ok((tokens.access_token.0, made))
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    serde_json::from_str(text).context("a body of the benchmark")
}

/// Gives the processor time that processes have used so far; nothing where the system does not tell.
fn processor_time(processes: &[u32]) -> anyhow::Result<Duration> {
    let mut all = Duration::ZERO;
    for process in processes {
        let Ok(text) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        // The name in parentheses may hold anything; user and system time are the 12th and 13th field after it, in 10 ms.
        let (_, fields) = text.rsplit_once(')').context("the kernel names the process")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        all += Duration::from_millis(10 * ticks.sum::<Result<u64, _>>()?);
    }
    Ok(all)
}
