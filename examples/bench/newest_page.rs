//! How long the newest 50 messages of a channel take among millions, beside the bare query for the same rows.
//!
//! Over REST, on one connection, and by the same statement on a connection of this program, in turns.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Args;
use mysql_async::prelude::Queryable as _;
use syncspace_examples::machine;
use syncspace_examples::population::{Place, Rows, channel_id, token};
use syncspace_examples::rest::Rest;

/// How many times the bare query's time a page may take, for 99 of 100.
const GOAL_RATIO: f64 = 2.0;

/// Length of each message, in bytes.
const CONTENT_BYTES: usize = 100;

/// Messages in the page.
const PAGE: u64 = 50;

/// The statement for the rows themselves.
const BARE: &str = "SELECT id, channel_id, seq, rev, sender_id, content, message_type, file_url, parent_message_id, \
                    parent_seq, reply_count, last_reply_at, is_edited, edited_at, deleted_at, created_at, updated_at, \
                    client_id, mentions FROM messages WHERE channel_id = ? AND seq < ? ORDER BY seq DESC LIMIT 51";

/// Measures the newest page.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Messages in the database.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Channels that they are in.
    #[arg(long, default_value_t = 1_000)]
    channels: u64,
    /// Pages read of each kind.
    #[arg(long, default_value_t = 4_000)]
    pages: u32,
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
    let channels = arguments.channels;
    let each = arguments.messages / channels.max(1);
    ensure!(each >= PAGE, "each channel must have a page of messages");
    let place = if arguments.shared { Place::shared().await? } else { Place::embedded()? };
    place.start(&server)?.stop()?;
    let mut rows = place.rows().await?;
    rows.put_people(channels, 1, |_| 0..channels).await?;
    rows.put_messages(channels, 1, each, CONTENT_BYTES).await?;
    rows.finish().await?;

    let running = place.start(&server)?;
    let mut bare = place.rows().await?;
    let mut rest = Rest::connect(&running.address, token(0)?)?;
    let (mut served, mut queried) = (Vec::new(), Vec::new());
    // Every channel is visited in the same scattered order by both, each time by the other one first.
    let order = |turn: u64| channel_id(turn * 7_919 % channels);
    for turn in 0..channels.min(500) {
        page(&mut rest, order(turn))?;
        query(&mut bare, order(turn), each).await?;
    }
    let before = running.used()?;
    for turn in 0..u64::from(arguments.pages) {
        let channel = order(turn);
        if turn % 2 == 0 {
            served.push(page(&mut rest, channel)?);
            queried.push(query(&mut bare, channel, each).await?);
        } else {
            queried.push(query(&mut bare, channel, each).await?);
            served.push(page(&mut rest, channel)?);
        }
    }
    let used = running.used()? - before;
    served.sort_unstable();
    queried.sort_unstable();
    let count = f64::from(arguments.pages);
    println!("{}", machine());
    println!();
    println!(
        "newest {PAGE} messages of one of {channels} channels among {} messages, on {}, {} pages each, in microseconds",
        each * channels,
        place.name(),
        arguments.pages
    );
    println!("{:<12} {:>10} {:>10} {:>16} {:>16}", "", "median", "p99", "statements each", "server CPU each");
    println!(
        "{:<12} {:>10} {:>10} {:>16.1} {:>16.0}",
        "page by REST",
        percentile(&served, 50).as_micros(),
        percentile(&served, 99).as_micros(),
        used.statements as f64 / count,
        used.processor.as_secs_f64() * 1e6 / count
    );
    println!(
        "{:<12} {:>10} {:>10}",
        "bare query",
        percentile(&queried, 50).as_micros(),
        percentile(&queried, 99).as_micros()
    );
    let ratio = |percent| percentile(&served, percent).as_secs_f64() / percentile(&queried, percent).as_secs_f64();
    println!("{:<12} {:>10.2} {:>10.2}   goal of p99: {GOAL_RATIO}", "ratio", ratio(50), ratio(99));
    running.stop()
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

/// Runs the bare query, and reads every column of its rows.
async fn query(rows: &mut Rows, channel: u64, last: u64) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let count = match rows {
        Rows::Sqlite(connection) => {
            let mut statement = connection.prepare_cached(BARE)?;
            let columns = statement.column_count();
            let mut found = statement.query([i64::try_from(channel)?, i64::try_from(last + 1)?])?;
            let mut count = 0;
            while let Some(row) = found.next()? {
                for column in 0..columns {
                    std::hint::black_box(row.get::<_, rusqlite::types::Value>(column)?);
                }
                count += 1;
            }
            count
        }
        Rows::Mysql(connection) => {
            let found: Vec<mysql_async::Row> = connection.exec(BARE, (channel, last + 1)).await?;
            std::hint::black_box(&found).len()
        }
    };
    let time = started.elapsed();
    ensure!(count == 51 || u64::try_from(count)? == last, "the bare query gave {count} rows");
    Ok(time)
}

/// Gets a newest page, and gives how long that took.
fn page(rest: &mut Rest, channel: u64) -> anyhow::Result<Duration> {
    let (time, body) = rest.get(&format!("/api/v1/channels/{channel}/messages?limit={PAGE}"))?;
    let messages = String::from_utf8_lossy(&body).matches("\"message_type\"").count();
    ensure!(u64::try_from(messages)? == PAGE, "{messages} messages in a page");
    Ok(time)
}
