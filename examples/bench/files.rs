//! How a large file goes up and comes down: how fast, and what the server and the client hold meanwhile.
//!
//! A file of 1 GiB, made as it is sent and forgotten as it is received, goes through the client library. Before it a small one
//! does, so that what is made once is there: pools, threads, the folder. Memory is what is resident of the server, and of this
//! program, which is the client, looked at all the time. The bare program copies as many bytes into a file with an fsync at the end.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use syncspace_client::{Client, Upload};
use syncspace_examples::{Running, machine, resident_bytes, server_command, server_program};
use syncspace_protocol::ChannelId;
use tokio::io::AsyncReadExt as _;

/// Goal of issue and design: what a file of any length may add to the server's memory.
const GROWTH_GOAL_MB: f64 = 8.0;
/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const MIB: u64 = 1024 * 1024;

/// Measures a large file on its way up and down.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Length of the file, in MiB.
    #[arg(long, default_value_t = 1024)]
    mib: u64,
    /// How often it goes up and down.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
}

#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    ensure!(arguments.runs > 0, "at least one run is needed");
    let server = server_program(arguments.programs)?;
    let data = tempfile::tempdir()?;
    let mut command = server_command(&server, data.path());
    let running = Running::start(command.args(["--file-mib-max", &arguments.mib.to_string()]))?;
    running.wait_until_ready()?;
    let (client, channel) = found(&running.address).await?;
    go_around(&client, channel, MIB).await?;
    let before = running.settled_memory()?.context("memory is told on this system")?;
    println!("{}\n", machine());
    println!("a file of {} MiB, {} runs: MiB a second", arguments.mib, arguments.runs);
    println!("{:>10} {:>10} {:>10} {:>10} {:>10}", "up", "down", "bare copy", "up/bare", "down/bare");
    let own = std::process::id();
    let own_before = resident_bytes(own)?.context("memory is told on this system")?;
    let (looking, own_looking) = (Looking::at(running.process_id()), Looking::at(own));
    for _ in 0..arguments.runs {
        let (up, down) = go_around(&client, channel, arguments.mib * MIB).await?;
        let bare = copy(data.path(), arguments.mib)?;
        let [up, down, bare] = [up, down, bare].map(|took| rate(arguments.mib, took));
        println!("{up:>10.0} {down:>10.0} {bare:>10.0} {:>10.2} {:>10.2}", up / bare, down / bare);
    }
    println!("\nmemory, resident (goal: <= {GROWTH_GOAL_MB} MB more)");
    tell_memory("server", before, looking.most());
    tell_memory("client", own_before, own_looking.most());
    running.stop()
}

fn tell_memory(whose: &str, before: u64, most: u64) {
    println!(
        "{whose:>10}: {:.1} MB before, {:.1} MB at most, {:.1} MB more",
        megabytes(before),
        megabytes(most),
        megabytes(most.saturating_sub(before))
    );
}

async fn found(address: &str) -> anyhow::Result<(Client, ChannelId)> {
    let body = |value| serde_json::from_value(value).context("a body of the benchmark");
    let client = Client::new(format!("http://{address}").parse()?)?;
    let name = serde_json::json!({"username": "owner", "password": "correct horse battery"});
    client.register(serde_json::from_value(name)?).await?;
    let team = client.create_team(body(serde_json::json!({"name": "bench"}))?).await?.team.id;
    let new = serde_json::from_value(serde_json::json!({"kind": "public", "name": "bench"}))?;
    Ok((client.clone(), client.create_channel(team, new).await?.channel.id))
}

/// Sends a file up and fetches it; gives how long each took, and leaves nothing.
async fn go_around(client: &Client, channel: ChannelId, length: u64) -> anyhow::Result<(Duration, Duration)> {
    let bytes = tokio::io::repeat(7).take(length);
    let upload = Upload { bytes, name: "large.bin".to_owned(), length: Some(length), sha256: None };
    let begun = Instant::now();
    let file = client.upload_file(channel, upload, |_| {}).await?;
    let up = begun.elapsed();
    ensure!(file.size_bytes == length, "{} bytes arrived of {length}", file.size_bytes);
    let begun = Instant::now();
    let received = client.download_file(&file, 0, &mut tokio::io::sink(), |_| {}).await?;
    let down = begun.elapsed();
    ensure!(received == length, "{received} bytes came of {length}");
    client.delete_file(file.id).await?;
    Ok((up, down))
}

/// Does only what cannot be avoided: writes as many bytes, and has them be durable.
fn copy(folder: &Path, mib: u64) -> anyhow::Result<Duration> {
    let (path, bytes) = (folder.join("bare.bin"), vec![7; 256 * 1024]);
    let begun = Instant::now();
    let mut file = std::fs::File::create(&path)?;
    for _ in 0..mib * 4 {
        file.write_all(&bytes)?;
    }
    file.sync_all()?;
    let took = begun.elapsed();
    std::fs::remove_file(path)?;
    Ok(took)
}

/// Looks at the memory of a process all the time.
struct Looking {
    most: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Looking {
    fn at(process: u32) -> Self {
        let looking = Self { most: Arc::default(), is_over: Arc::default() };
        let (most, is_over) = (looking.most.clone(), looking.is_over.clone());
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                if let Ok(Some(bytes)) = resident_bytes(process) {
                    most.fetch_max(bytes, Ordering::Relaxed);
                }
                std::thread::sleep(LOOK_EVERY);
            }
        });
        looking
    }

    fn most(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.most.load(Ordering::Relaxed)
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files and processes are far below 2^52")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files are far below 2^52")]
fn rate(mib: u64, took: Duration) -> f64 {
    mib as f64 / took.as_secs_f64()
}
