//! How long a client is behind after an absence: 10,000 missed messages over 500 channels, and nothing missed at all.
//!
//! The client goes to a server that has never seen it; its first resume there is printed apart, because
//! nothing is known of its streams yet. Afterwards everything that came is checked: every message once, in order.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::Value;
use syncspace_examples::population::{Place, TEAM, channel_id, member_id, token};
use syncspace_examples::server_figures::Used;
use syncspace_examples::wire::{Wire, epoch_in, resume_frame};
use syncspace_examples::{Running, machine};

/// Longest time from the resume frame to the last missed message, in milliseconds.
const GOAL_MISSED_MS: f64 = 250.0;

/// Most statements of a resume that missed nothing.
const GOAL_STATEMENTS: f64 = 2.0;

/// Most processor time of a resume that missed nothing, in milliseconds.
const GOAL_PROCESSOR_MS: f64 = 1.0;

/// Messages that the client has of each channel.
const KNOWN_EACH: u64 = 20;

/// Length of each message, in bytes.
const CONTENT_BYTES: usize = 100;

/// Measures resuming.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Channels the client is in.
    #[arg(long, default_value_t = 500)]
    channels: u64,
    /// Messages it missed, over all channels.
    #[arg(long, default_value_t = 10_000)]
    missed: u64,
    /// Resumes of each kind.
    #[arg(long, default_value_t = 20)]
    runs: u32,
    /// Measures on MariaDB or MySQL and Redis, which must be installed, and not on the embedded store.
    #[arg(long)]
    shared: bool,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
}

/// One resume.
struct Resume {
    /// From the first byte to `hello`.
    greeting: Duration,
    /// From the resume frame to the last missed message, or to the answer where nothing is missed.
    catching_up: Duration,
    frames: Vec<String>,
}

#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let server = syncspace_examples::server_program(arguments.programs.clone())?;
    ensure!(arguments.channels > 0 && arguments.runs > 0, "at least one channel and one run are needed");
    let each = arguments.missed / arguments.channels;
    let place = if arguments.shared { Place::shared().await? } else { Place::embedded()? };
    place.start(&server)?.stop()?;
    let mut rows = place.rows().await?;
    let channels = arguments.channels;
    rows.put_people(channels, 2, |_| 0..channels).await?;
    rows.put_messages(channels, 1, KNOWN_EACH + each, CONTENT_BYTES).await?;
    rows.finish().await?;

    println!("{}", machine());
    println!();
    println!("resume over {channels} channels on {}, {} runs: median (least to most)", place.name(), arguments.runs);
    let streams = |has: u64| {
        let channels = (0..channels).map(move |number| (format!("c{}", channel_id(number)), has));
        channels.chain([(format!("t{TEAM}"), 1), (format!("m{}", member_id(0)), 1)])
    };
    println!(
        "{:<34} {:>24} {:>24} {:>12} {:>15}",
        "", "to hello, ms", "then to the last, ms", "statements", "server CPU, ms"
    );
    measure(&arguments, &place, &server, &format!("{} messages missed", each * channels), each, &streams).await?;
    println!("goal: {GOAL_MISSED_MS} ms");
    measure(&arguments, &place, &server, "nothing missed", 0, &streams).await?;
    println!("goal: {GOAL_STATEMENTS} statements, {GOAL_PROCESSOR_MS} ms CPU");
    Ok(())
}

/// Resumes again and again on a fresh server, first with nobody else there, then with somebody who keeps the streams known.
async fn measure<I: Iterator<Item = (String, u64)>>(
    arguments: &Arguments,
    place: &Place,
    server: &Path,
    title: &str,
    missed_each: u64,
    streams: &impl Fn(u64) -> I,
) -> anyhow::Result<()> {
    let running = place.start(server)?;
    let (other, hello) = Wire::live(&running.address, &token(1)?).await?;
    let epoch = epoch_in(&hello)?;
    drop(other);
    let frame = resume_frame(&epoch, streams(KNOWN_EACH + if missed_each == 0 { missed_of(arguments) } else { 0 }));
    let cold = repeat(&running, 1, &frame, missed_each, arguments.channels).await?;
    print_line(&format!("{title}, streams unknown"), &cold);
    let (_other, _) = Wire::live(&running.address, &token(1)?).await?;
    let warm = repeat(&running, arguments.runs, &frame, missed_each, arguments.channels).await?;
    print_line(title, &warm);
    running.stop()
}

const fn missed_of(arguments: &Arguments) -> u64 {
    arguments.missed / arguments.channels
}

/// Times of several resumes, and what the server used for all of them.
struct Runs {
    greetings: Vec<f64>,
    times: Vec<f64>,
    used: Used,
}

async fn repeat(running: &Running, count: u32, frame: &str, missed_each: u64, channels: u64) -> anyhow::Result<Runs> {
    let token = token(0)?;
    let mut runs = Runs { greetings: Vec::new(), times: Vec::new(), used: Used::default() };
    let before = running.used()?;
    let mut last = None;
    for _ in 0..count {
        let resume = resume(&running.address, &token, frame, missed_each * channels).await?;
        runs.greetings.push(resume.greeting.as_secs_f64() * 1e3);
        runs.times.push(resume.catching_up.as_secs_f64() * 1e3);
        last = Some(resume);
    }
    runs.used = running.used()? - before;
    let last = last.context("one run at least")?;
    check(&last.frames, missed_each, channels)?;
    Ok(runs)
}

fn print_line(title: &str, runs: &Runs) {
    let count = runs.times.len() as f64;
    println!(
        "{title:<34} {:>24} {:>24} {:>12.1} {:>15.2}",
        spread(&runs.greetings),
        spread(&runs.times),
        runs.used.statements as f64 / count,
        runs.used.processor.as_secs_f64() * 1e3 / count
    );
}

fn spread(values: &[f64]) -> String {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    format!("{:.1} ({:.1} to {:.1})", at(values.len() / 2), at(0), at(values.len() - 1))
}

async fn resume(address: &str, token: &str, frame: &str, missed: u64) -> anyhow::Result<Resume> {
    let started = Instant::now();
    let (mut wire, _) = Wire::resuming(address, token).await?;
    let greeting = started.elapsed();
    let started = Instant::now();
    wire.send(frame).await?;
    let (mut frames, mut received, mut is_answered) = (Vec::new(), 0, false);
    while received < missed || !is_answered {
        let frame = wire.next().await?;
        is_answered |= frame.contains("\"re\":1");
        received += frame.matches("\"kind\":\"message\"").count() as u64;
        frames.push(frame.to_string());
    }
    Ok(Resume { greeting, catching_up: started.elapsed(), frames })
}

/// Checks that each missed message came once and in order.
fn check(frames: &[String], missed_each: u64, channels: u64) -> anyhow::Result<()> {
    let mut next = std::collections::BTreeMap::new();
    for frame in frames {
        let frame: Value = serde_json::from_str(frame)?;
        for item in frame["items"].as_array().into_iter().flatten() {
            let message = &item["message"];
            let (channel, seq) = (message["channel_id"].as_u64(), message["seq"].as_u64());
            let expected = next.entry(channel).or_insert(KNOWN_EACH);
            *expected += 1;
            ensure!(seq == Some(*expected), "in channel {channel:?} came {seq:?} where {expected} was next");
        }
    }
    let complete = next.values().filter(|&&seq| seq == KNOWN_EACH + missed_each).count() as u64;
    ensure!(missed_each == 0 || complete == channels, "{complete} of {channels} channels are complete");
    Ok(())
}
