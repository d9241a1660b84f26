//! How long searches take among many messages, by time and by relevance, and how fast the index follows.
//!
//! Texts are words of a Zipf distribution, as in talk: the hundred commonest make up half of it. Queries
//! take one to three words, from one message (so that something is found) or each by itself, some with a filter.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use jiff::Timestamp;
use syncspace_examples::population::{Place, TEAM, token};
use syncspace_examples::rest::Rest;
use syncspace_examples::{Running, machine, percentile_ms};

/// Goals for 95 of 100 searches among 5 million messages, in milliseconds.
const GOALS_MS: [(&str, f64); 2] = [("time", 150.0), ("relevance", 400.0)];

/// When the first message was sent, and over how long all are spread: two years.
const FIRST_SENT_MS: i64 = 1_700_000_000_000;
const SPREAD_MS: i64 = 2 * 365 * 24 * 3600 * 1000;

/// Words that there are.
const VOCABULARY: usize = 60_000;
/// How much rarer each further word is.
const ZIPF_EXPONENT: f64 = 1.05;
/// Shortest and longest message, in words.
const MESSAGE_WORDS: (usize, usize) = (3, 22);
/// People who write.
const PEOPLE: u64 = 200;

/// Measures searches.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Messages in the database.
    #[arg(long, default_value_t = 100_000)]
    messages: u64,
    /// Channels that they are in.
    #[arg(long, default_value_t = 1_000)]
    channels: u64,
    /// Searches of each order.
    #[arg(long, default_value_t = 300)]
    searches: u32,
    /// Measures on MariaDB or MySQL and Redis, which must be installed, and not on the embedded store.
    #[arg(long)]
    shared: bool,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
}

#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let server = syncspace_examples::server_program(arguments.programs.clone())?;
    let (messages, channels) = (arguments.messages, arguments.channels);
    ensure!(channels > 0 && messages >= channels, "each channel must have a message");
    let place = if arguments.shared { Place::shared().await? } else { Place::embedded()? };
    place.start(&server)?.stop()?;
    let mut rows = place.rows().await?;
    rows.put_people(channels, PEOPLE, |person| if person == 0 { 0..channels } else { 0..0 }).await?;
    let talk = Talk::new();
    let count = usize::try_from(messages)?;
    rows.put_texts(channels, PEOPLE, (0..count).map(|number| talk.message(number, count))).await?;
    rows.finish().await?;

    let running = place.start(&server)?;
    let mut rest = Rest::connect(&running.address, token(0)?)?;
    let indexed = wait_for_index(&mut rest)?;
    println!("{}", machine());
    println!();
    println!(
        "search in {messages} messages of {channels} channels, on {}, {} searches of each order, in milliseconds",
        place.name(),
        arguments.searches
    );
    println!(
        "{:<14} {:>8} {:>8} {:>8} {:>8} {:>8} {:>10} {:>10} {:>12}",
        "order", "median", "p95", "p99", "most", "goal p95", "with hits", "cut short", "statements"
    );
    for (order, goal_ms) in GOALS_MS {
        measure(&running, &mut rest, &talk, &arguments, (order, goal_ms))?;
    }
    println!();
    println!(
        "index made from nothing in {:.0} s: {:.0} messages a second",
        indexed.as_secs_f64(),
        messages as f64 / indexed.as_secs_f64()
    );
    running.stop()
}

fn measure(
    running: &Running,
    rest: &mut Rest,
    talk: &Talk,
    arguments: &Arguments,
    (order, goal_ms): (&str, f64),
) -> anyhow::Result<()> {
    let mut random = fastrand::Rng::with_seed(99);
    let count = usize::try_from(arguments.messages)?;
    let queries: Vec<String> =
        (0..arguments.searches).map(|_| talk.query(&mut random, count, arguments.channels)).collect();
    // Other queries of the same mix: the database's memory is as warm as that of a running server.
    for _ in 0..arguments.searches / 4 {
        search(rest, &talk.query(&mut random, count, arguments.channels), order)?;
    }
    let before = running.used()?;
    let (mut times, mut found, mut cut) = (Vec::new(), 0, 0);
    for query in &queries {
        let (time, page) = search(rest, query, order)?;
        times.push(time);
        found += u32::from(page["items"].as_array().is_some_and(|items| !items.is_empty()));
        cut += u32::from(page["is_partial"] == true);
    }
    let statements = running.used()?.statements - before.statements;
    times.sort_unstable();
    println!(
        "{:<14} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8} {:>10} {:>10} {:>12.1}",
        format!("by {order}"),
        percentile_ms(&times, 50),
        percentile_ms(&times, 95),
        percentile_ms(&times, 99),
        percentile_ms(&times, 100),
        goal_ms,
        found,
        cut,
        statements as f64 / f64::from(arguments.searches.max(1))
    );
    Ok(())
}

fn search(rest: &mut Rest, query: &str, order: &str) -> anyhow::Result<(Duration, serde_json::Value)> {
    let query = query.replace('#', "%23").replace(':', "%3A").replace(' ', "+");
    let (time, body) = rest.get(&format!("/api/v1/search?q={query}&team_id={TEAM}&sort={order}"))?;
    Ok((time, serde_json::from_slice(&body)?))
}

/// Waits until the server has put every message into the index.
fn wait_for_index(rest: &mut Rest) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let (mut left, mut moved) = (u64::MAX, Instant::now());
    loop {
        let (_, page) = search(rest, "nothing", "time")?;
        let behind = page["behind_changes"].as_u64().context("how far the index is behind")?;
        if behind == 0 {
            return Ok(started.elapsed());
        }
        if behind < left {
            (left, moved) = (behind, Instant::now());
        }
        ensure!(moved.elapsed() < Duration::from_secs(60), "the index stands still {behind} changes behind");
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// What people write and look for.
struct Talk {
    /// Of each word, how likely it or a commoner one is.
    shares: Vec<f64>,
}

impl Talk {
    fn new() -> Self {
        let mut sum = 0.0;
        let weights =
            (1..=u32::try_from(VOCABULARY).unwrap_or(u32::MAX)).map(|rank| f64::from(rank).powf(-ZIPF_EXPONENT));
        let sums: Vec<f64> = weights
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        Self { shares: sums.into_iter().map(|part| part / sum).collect() }
    }

    fn word(&self, random: &mut fastrand::Rng) -> String {
        let share = random.f64();
        let mut rest = self.shares.partition_point(|&sum| sum < share) + 1;
        let mut word = String::from("w");
        while rest > 0 {
            word.push(char::from(b"bcdfghjklmnpqrstuvwxyzaeio"[rest % 26]));
            rest /= 26;
        }
        word
    }

    /// Gives the words of a message: the same each time.
    fn words(&self, number: usize) -> Vec<String> {
        let mut random = fastrand::Rng::with_seed(number as u64);
        let count = random.usize(MESSAGE_WORDS.0..=MESSAGE_WORDS.1);
        (0..count).map(|_| self.word(&mut random)).collect()
    }

    /// Gives when a message was sent, and its text.
    fn message(&self, number: usize, count: usize) -> (String, String) {
        let share = number as f64 / count as f64;
        let after = Duration::from_millis(SPREAD_MS.unsigned_abs()).mul_f64(share);
        let sent = Timestamp::from_millisecond(FIRST_SENT_MS).unwrap_or_default() + after;
        (sent.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string(), self.words(number).join(" "))
    }

    fn query(&self, random: &mut fastrand::Rng, count: usize, channels: u64) -> String {
        let number = random.usize(..count);
        let wanted = random.usize(1..=3);
        let mut words: Vec<String> = if random.bool() {
            let words = self.words(number);
            (0..wanted).map(|_| words[random.usize(..words.len())].clone()).collect()
        } else {
            (0..wanted).map(|_| self.word(random)).collect()
        };
        match random.u32(..10) {
            0 => words.push(format!("in:#channel-{}", u64::try_from(number).unwrap_or_default() % channels)),
            1 => words.push(format!("from:person-{}", u64::try_from(number).unwrap_or_default() % PEOPLE)),
            2 => words.push(format!("-{}", self.word(random))),
            _ => {}
        }
        words.join(" ")
    }
}
