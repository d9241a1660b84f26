//! What happens when everybody comes back at once: 10,000 clients in 50 channels each reconnect with `resume`.
//!
//! Meanwhile other people, who never lost their connection, go on talking; a thread of its own measures
//! how long their messages take. The clients run on the same machine and cost about as much processor as the server does.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use syncspace_examples::population::{Place, TEAM, channel_id, member_id, token};
use syncspace_examples::wire::{Wire, epoch_in, resume_frame};
use syncspace_examples::{Running, machine};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite;

/// Most statements for each client once heads are known.
const GOAL_STATEMENTS_EACH: f64 = 0.01;

/// How long others' messages may take, in milliseconds, for 99 of 100.
const GOAL_OTHERS_MS: f64 = 100.0;

/// Pause between two messages of the others.
const TALK_EVERY: Duration = Duration::from_millis(5);

/// Longest wait for one client to be back.
const WAIT: Duration = Duration::from_secs(120);

/// Measures a reconnect storm.
#[derive(Args)]
pub(crate) struct Arguments {
    /// People who come back at once.
    #[arg(long, default_value_t = 10_000)]
    clients: u64,
    /// Channels of the team.
    #[arg(long, default_value_t = 500)]
    channels: u64,
    /// Channels that each of them is in.
    #[arg(long, default_value_t = 50)]
    channels_each: u64,
    /// In how many channels of each client one message was missed.
    #[arg(long, default_value_t = 0)]
    missed: u64,
    /// Measures on MariaDB or MySQL and Redis, which must be installed, and not on the embedded store.
    #[arg(long)]
    shared: bool,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    raise_file_limit(usize::try_from(arguments.clients)? + 1_000)?;
    tokio::runtime::Runtime::new()?.block_on(measure(arguments))
}

async fn measure(arguments: Arguments) -> anyhow::Result<()> {
    let server = syncspace_examples::server_program(arguments.programs.clone())?;
    ensure!(arguments.channels_each < arguments.channels, "there must be more channels than one person is in");
    let place = if arguments.shared { Place::shared().await? } else { Place::embedded()? };
    place.start(&server)?.stop()?;
    let mut rows = place.rows().await?;
    // The last two people talk in the last channel, where none of the others is.
    let (clients, channels) = (arguments.clients, arguments.channels);
    let channels_of = |person: u64| {
        let first = if person < clients { person } else { channels };
        let count = if person < clients { arguments.channels_each } else { 1 };
        (0..count).map(move |step| if person < clients { (first + step * 7) % channels } else { channels })
    };
    rows.put_people(channels + 1, clients + 2, channels_of).await?;
    rows.put_messages(channels, 1, 10, 100).await?;
    rows.finish().await?;

    println!("{}", machine());
    println!();
    println!(
        "{clients} clients in {} channels each come back at once, on {}; {} channels of each moved meanwhile",
        arguments.channels_each,
        place.name(),
        arguments.missed
    );
    let running = place.start(&server)?;
    let epoch = epoch_in(&Wire::live(&running.address, &token(clients)?).await?.1)?;
    let frames: Vec<String> = (0..clients)
        .map(|person| {
            let moved = |place: usize| if (place as u64) < arguments.missed { 9 } else { 10 };
            let channels = channels_of(person).enumerate();
            let channels = channels.map(|(place, channel)| (format!("c{}", channel_id(channel)), moved(place)));
            let own = [(format!("t{TEAM}"), 1), (format!("m{}", member_id(person)), 1)];
            resume_frame(&epoch, channels.chain(own))
        })
        .collect();
    let frames = Arc::new(frames);
    println!(
        "{:<30} {:>9} {:>12} {:>14} {:>12} {:>9} {:>12} {:>18} {:>10}",
        "",
        "all, s",
        "each p99, s",
        "statements",
        "per client",
        "bcrypt",
        "CPU each, ms",
        "others p50/p99, ms",
        "peak, MiB"
    );
    for (wave, title) in (1..).zip(["heads unknown", "heads known", "again"]) {
        storm(&running, (wave, title), &arguments, &frames).await?;
    }
    println!(
        "goal: {GOAL_STATEMENTS_EACH} statements per client once heads are known, others' p99 {GOAL_OTHERS_MS} ms, no bcrypt"
    );
    running.stop()
}

/// Lets everybody connect at once, waits until all are back, and lets them go again.
async fn storm(
    running: &Running,
    (wave, title): (u8, &str),
    arguments: &Arguments,
    frames: &Arc<Vec<String>>,
) -> anyhow::Result<()> {
    let from = Ipv4Addr::new(127, 0, 1, wave);
    let is_over = Arc::new(AtomicBool::new(false));
    let talk = others(&running.address, arguments.clients, arguments.channels, Arc::clone(&is_over)).await?;
    let start = Arc::new(Barrier::new(usize::try_from(arguments.clients)? + 1));
    let mut clients = JoinSet::new();
    for person in 0..arguments.clients {
        let (address, token, missed) = (running.address.clone(), token(person)?, arguments.missed);
        let (start, frames) = (Arc::clone(&start), Arc::clone(frames));
        clients.spawn(async move {
            start.wait().await;
            let frame = frames.get(usize::try_from(person)?).context("a frame for each client")?;
            tokio::time::timeout(WAIT, come_back_at_last(from, &address, &token, frame, missed))
                .await
                .context("not back in time")?
        });
    }
    let before = running.used()?;
    start.wait().await;
    let started = Instant::now();
    let (mut wires, mut times) = (Vec::new(), Vec::new());
    while let Some(client) = clients.join_next().await {
        let wire = client??;
        times.push(started.elapsed());
        wires.push(wire);
    }
    let all = started.elapsed();
    let used = running.used()? - before;
    is_over.store(true, Ordering::Relaxed);
    let mut delays = talk.join().map_err(|_| anyhow::anyhow!("the thread of the others failed"))??;
    delays.sort_unstable();
    let count = arguments.clients as f64;
    println!(
        "{title:<30} {:>9.2} {:>12.2} {:>14} {:>12.4} {:>9} {:>12.3} {:>18} {:>10.1}",
        all.as_secs_f64(),
        percentile(&times, 99).as_secs_f64(),
        format!("{} ({} ch.)", used.statements, used.changes),
        used.statements as f64 / count,
        used.hashings,
        used.processor.as_secs_f64() * 1e3 / count,
        format!("{:.1} / {:.1}", ms(percentile(&delays, 50)), ms(percentile(&delays, 99))),
        running.peak_mib()?.unwrap_or(f64::NAN)
    );
    drop(wires);
    // The next storm begins when the server has noticed that everybody is gone.
    tokio::time::sleep(Duration::from_secs(3)).await;
    Ok(())
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Tries until it is back, with pauses like those of our client.
async fn come_back_at_last(
    from: Ipv4Addr,
    address: &str,
    token: &str,
    frame: &str,
    missed: u64,
) -> anyhow::Result<Wire> {
    let mut wait_ms = 500;
    loop {
        match come_back(from, address, token, frame, missed).await {
            Err(error) if error.is::<std::io::Error>() || error.is::<tungstenite::Error>() => {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(..wait_ms))).await;
                wait_ms = (wait_ms * 2).min(30_000);
            }
            outcome => return outcome,
        }
    }
}

/// Connects, resumes, and reads what was missed.
async fn come_back(from: Ipv4Addr, address: &str, token: &str, frame: &str, missed: u64) -> anyhow::Result<Wire> {
    let (mut wire, _) = Wire::resuming_from(from, address, token).await?;
    wire.send(frame).await?;
    let (mut received, mut is_answered) = (0, false);
    while received < missed || !is_answered {
        let frame = wire.next().await?;
        is_answered |= frame.contains("\"re\":1");
        received += frame.matches("\"kind\":\"message\"").count() as u64;
        ensure!(!frame.contains("\"gone\"") && !frame.contains("\"reload\""), "a stream was not resumed: {frame}");
    }
    Ok(wire)
}

type Talk = std::thread::JoinHandle<anyhow::Result<Vec<Duration>>>;

/// Two people who are connected and stay so: one talks, the other listens, in a thread of their own.
async fn others(address: &str, clients: u64, channels: u64, is_over: Arc<AtomicBool>) -> anyhow::Result<Talk> {
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let (address, tokens) = (address.to_owned(), (token(clients)?, token(clients + 1)?));
    let talk = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let (mut speaker, _) = Wire::live(&address, &tokens.0).await?;
            let (mut listener, _) = Wire::live(&address, &tokens.1).await?;
            let mut delays = Vec::new();
            let channel = channel_id(channels);
            // Fails only where nobody waits any more.
            let mut ready = Some(ready);
            while !is_over.load(Ordering::Relaxed) {
                let sent = Instant::now();
                let send = format!("{{\"id\":1,\"op\":\"send\",\"channel_id\":{channel},\"content\":\"on we talk\"}}");
                speaker.send(send).await?;
                listener.until(|frame| frame.contains("\"content\":\"on we talk\"")).await?;
                if let Some(ready) = ready.take() {
                    // The first one opened the channel.
                    let _sent = ready.send(());
                    continue;
                }
                delays.push(sent.elapsed());
                speaker.until(|frame| frame.contains("\"re\":1")).await?;
                tokio::time::sleep(TALK_EVERY).await;
            }
            Ok(delays)
        })
    });
    is_ready.await.context("the others cannot talk")?;
    Ok(talk)
}

/// Raises the number of files this process and the server may have open.
#[cfg(unix)]
fn raise_file_limit(needed: usize) -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = u64::try_from(needed)?;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let maximum = limit.maximum.map(|maximum| maximum.max(needed));
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })
            .with_context(|| format!("{needed} open files are needed: run `ulimit -n {needed}` first"))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn raise_file_limit(_needed: usize) -> anyhow::Result<()> {
    Ok(())
}
