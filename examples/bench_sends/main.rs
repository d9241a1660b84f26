//! How many messages a second one channel takes, acknowledged after the commit, beside a bare writer of the same rows.
//!
//! `make bench` runs it. For each number of outstanding messages the server on its embedded store and a bare program take
//! turns. The bare program writes the same message rows into the same table with `synchronous=FULL`, that many per
//! transaction, with the head beside them: it checks nothing, looks nothing up, and talks to nobody.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rusqlite::{Connection as Sqlite, TransactionBehavior, params};
use syncspace_client::{Client, ConnectOptions, Connection, Update};
use syncspace_examples::{Running, machine, server_command};
use syncspace_protocol::ChannelId;
use syncspace_protocol::auth::Register;
use syncspace_protocol::channels::CreateChannel;
use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::teams::CreateTeam;

/// Share of the bare writer's rate that the design wants, at 64 and at 1,024 outstanding.
const GOAL_RATIO: f64 = 0.8;

/// Length of each message, in bytes.
const CONTENT_BYTES: usize = 100;

/// Measures durable sends.
#[derive(Parser)]
struct Arguments {
    /// Pairs of measurements for each number of outstanding messages.
    #[arg(long, default_value_t = 10)]
    pairs: usize,
    /// Length of one measurement, in milliseconds.
    #[arg(long, default_value_t = 1_000)]
    duration_ms: u64,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.pairs > 0, "at least one pair is needed");
    let this = std::env::current_exe().context("where this program is")?;
    let beside = this.parent().and_then(Path::parent).context("this program lies in a folder of its build")?;
    let server = arguments.programs.unwrap_or_else(|| beside.to_owned()).join("syncspace-server");
    ensure!(server.exists(), "{} is missing: run `make release` first", server.display());
    let length = Duration::from_millis(arguments.duration_ms);

    println!("{}", machine());
    println!();
    println!(
        "durable sends in one channel, {} pairs of {length:?}: messages per second, median (least to most)",
        arguments.pairs
    );
    println!("{:>12} {:>28} {:>28} {:>8}  goal", "outstanding", "server", "bare writer", "ratio");
    for outstanding in [1, 16, 64, 256, 1_000] {
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..arguments.pairs {
            rates[0].push(measure_server(&server, outstanding, length).await?);
            rates[1].push(measure_bare(outstanding, length)?);
        }
        let [server_rate, bare_rate] = rates.map(Spread::of);
        let ratio = server_rate.median / bare_rate.median;
        let goal = if outstanding >= 64 { format!(">= {GOAL_RATIO}") } else { String::new() };
        println!("{outstanding:>12} {server_rate:>28} {bare_rate:>28} {ratio:>8.2}  {goal}");
    }
    Ok(())
}

/// Keeps that many messages outstanding on one connection, and counts the acknowledged ones.
async fn measure_server(server: &Path, outstanding: usize, length: Duration) -> anyhow::Result<f64> {
    let data = tempfile::tempdir()?;
    let mut command = server_command(server, data.path());
    command.args(["--bcrypt-cost", "4", "--requests-per-second", "0", "--log-filter", "warn"]);
    let running = Running::start(&mut command)?;
    running.wait_until_ready()?;
    let (connection, channel) = connect(&running.address).await?;
    let mut sends = FuturesUnordered::new();
    let started = Instant::now();
    let mut acknowledged = 0_u32;
    loop {
        let is_over = started.elapsed() >= length;
        while !is_over && sends.len() < outstanding {
            sends.push(send(&connection, channel));
        }
        match sends.next().await {
            Some(sent) => {
                sent?;
                acknowledged += 1;
            }
            None => break,
        }
    }
    let rate = f64::from(acknowledged) / started.elapsed().as_secs_f64();
    drop(sends);
    connection.close().await;
    running.stop()?;
    Ok(rate)
}

async fn send(connection: &Connection, channel: ChannelId) -> anyhow::Result<()> {
    let message = SendMessage { content: "x".repeat(CONTENT_BYTES), client_id: None, parent_message_id: None };
    connection.send(channel, message).await.map(drop).context("a message was not taken")
}

async fn connect(address: &str) -> anyhow::Result<(Connection, ChannelId)> {
    let client = Client::new(format!("http://{address}").parse()?)?;
    let register: Register = json(r#"{"username": "bench", "password": "a long password"}"#)?;
    client.register(register).await?;
    let team: CreateTeam = json(r#"{"name": "bench"}"#)?;
    let team = client.create_team(team).await?.team.id;
    let channel: CreateChannel = json(r#"{"kind": "public", "name": "bench"}"#)?;
    let channel = client.create_channel(team, channel).await?.channel.id;
    let (connection, mut updates) = client.connect(ConnectOptions::default());
    let (connected, is_connected) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut connected = Some(connected);
        while let Some(update) = updates.recv().await {
            if matches!(update, Update::Connected(_))
                && let Some(connected) = connected.take()
            {
                // Fails only where the measurement is over already.
                let _sent = connected.send(());
            }
        }
    });
    is_connected.await.context("the connection ended before it stood")?;
    Ok((connection, channel))
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    serde_json::from_str(text).context("a body of the benchmark")
}

/// Writes that many rows in each transaction, and counts the committed ones.
fn measure_bare(outstanding: usize, length: Duration) -> anyhow::Result<f64> {
    let data = tempfile::tempdir()?;
    let mut database = Sqlite::open(data.path().join("bare.db"))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    for statement in syncspace_migrations::sqlite_steps().iter().flat_map(|step| &step.statements) {
        database.execute_batch(statement)?;
    }
    database.execute("INSERT INTO channel_heads (channel_id, team_id, last_seq, last_rev, floor_seq, floor_rev) VALUES (1,1,0,0,0,0)", [])?;
    let content = "x".repeat(CONTENT_BYTES);
    let started = Instant::now();
    let mut committed = 0_u32;
    while started.elapsed() < length {
        let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO messages (channel_id, seq, id, team_id, rev, sender_id, content, message_type, file_url, \
                 parent_message_id, parent_seq, reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, \
                 updated_at, client_id, client_digest) VALUES (1,?1,?1,1,?1,1,?2,'text',NULL,NULL,NULL,0,NULL,0,NULL,NULL,\
                 '2026-11-22 17:26:21.500','2026-11-22 17:26:21.500',?3,'0123456789abcdef0123456789abcdef')",
            )?;
            for _ in 0..outstanding {
                committed += 1;
                insert.execute(params![committed, content, format!("01a204aa-f85e-710c-9d9e-{committed:012}")])?;
            }
        }
        transaction
            .execute("UPDATE channel_heads SET last_rev = ?1, last_seq = ?1 WHERE channel_id = 1", [committed])?;
        transaction.commit()?;
    }
    Ok(f64::from(committed) / started.elapsed().as_secs_f64())
}

struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(mut rates: Vec<f64>) -> Self {
        rates.sort_by(f64::total_cmp);
        let at = |place: usize| rates.get(place).copied().unwrap_or(f64::NAN);
        Self { median: at(rates.len() / 2), least: at(0), most: at(rates.len().saturating_sub(1)) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{:.0} ({:.0} to {:.0})", self.median, self.least, self.most))
    }
}
