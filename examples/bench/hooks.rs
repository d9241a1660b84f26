//! How long an incoming hook takes to answer, beside the commit that it cannot do without.
//!
//! In turns, on one connection each: a program's post, answered after its message is committed, and a bare program that commits
//! one row of as many bytes into a database of its own with the same settings, in the same folder.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use rusqlite::Connection;
use serde_json::json;
use syncspace_client::Client;
use syncspace_examples::rest::Rest;
use syncspace_examples::{Running, machine, percentile_ms, server_command, server_program};

/// Goal: what a post may take beside the commit, in milliseconds.
const BESIDE_GOAL_MS: f64 = 2.0;
/// Length of each text, in bytes.
const TEXT_BYTES: usize = 200;
/// Pairs before anything is counted.
const WARM_UP: usize = 50;

/// Measures posts to an incoming hook.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Posts, and commits beside them.
    #[arg(long, default_value_t = 2_000)]
    posts: usize,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
}

#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    ensure!(arguments.posts > 0, "at least one post is needed");
    let server = server_program(arguments.programs)?;
    let data = tempfile::tempdir()?;
    let mut command = server_command(&server, data.path());
    // A hook's posts are limited like a person's requests.
    let running = Running::start(command.args(["--requests-per-second", "0"]))?;
    running.wait_until_ready()?;
    let path = make_hook(&running.address).await?;
    let mut rest = Rest::connect(&running.address, String::new())?;
    let mut bare = Connection::open(data.path().join("bare.db"))?;
    bare.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT NOT NULL);",
    )?;
    let text = "x".repeat(TEXT_BYTES);
    let payload = json!({ "text": text }).to_string();
    let (mut posts, mut commits) = (Vec::new(), Vec::new());
    for turn in 0..WARM_UP + arguments.posts {
        let is_post_first = turn % 2 == 0;
        let before = if is_post_first { None } else { Some(commit(&mut bare, &text)?) };
        let post = rest.post_unnamed(&path, &payload)?;
        let commit = match before {
            Some(took) => took,
            None => commit(&mut bare, &text)?,
        };
        if turn >= WARM_UP {
            posts.push(post);
            commits.push(commit);
        }
    }
    posts.sort_unstable();
    commits.sort_unstable();
    println!("{}\n", machine());
    println!("a post to an incoming hook, {} of each, in milliseconds", arguments.posts);
    println!("{:>14} {:>8} {:>8} {:>8}", "", "median", "p90", "p99");
    let row = |name: &str, of: &dyn Fn(usize) -> f64| {
        println!("{name:>14} {:>8.2} {:>8.2} {:>8.2}", of(50), of(90), of(99));
    };
    row("post", &|percent| percentile_ms(&posts, percent));
    row("bare commit", &|percent| percentile_ms(&commits, percent));
    row("beside it", &|percent| percentile_ms(&posts, percent) - percentile_ms(&commits, percent));
    println!("goal: at most {BESIDE_GOAL_MS} beside the commit");
    running.stop()
}

/// Makes a team with a channel, and a hook into it; gives the hook's path.
async fn make_hook(address: &str) -> anyhow::Result<String> {
    let client = Client::new(format!("http://{address}").parse()?)?;
    let name = json!({"username": "owner", "password": "correct horse battery"});
    client.register(serde_json::from_value(name)?).await?;
    let team = client.create_team(serde_json::from_value(json!({"name": "bench"}))?).await?.team.id;
    let new = serde_json::from_value(json!({"kind": "public", "name": "bench"}))?;
    let channel = client.create_channel(team, new).await?.channel.id;
    let bot = client.create_bot(team, serde_json::from_value(json!({"username": "ci"}))?).await?.user.id;
    client.put_channel_member(channel, bot, serde_json::from_value(json!({"role": "member"}))?).await?;
    let hook = json!({"kind": "incoming", "name": "ci", "bot_id": bot, "channel_id": channel});
    let made = client.create_hook(team, serde_json::from_value(hook)?).await?;
    Ok(made.path.context("an incoming hook has a path")?.0)
}

/// Commits one row; gives how long that took.
fn commit(bare: &mut Connection, text: &str) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let transaction = bare.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.prepare_cached("INSERT INTO t (x) VALUES (?1)")?.execute([text])?;
    transaction.commit()?;
    Ok(begun.elapsed())
}
