//! How long `syncspace-server` takes to start on its embedded store, how large it is, and what it holds while idle.
//!
//! Each run starts, one after the other: the server on an empty data directory, the server again on
//! what that left, and a bare program that does only what cannot be avoided (a process, SQLite with the same schema and
//! `synchronous=FULL`, a socket). Times are from the start of the process to its line `listening on`, and to the first
//! `200` of `/health/ready`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use rusqlite::{Connection, TransactionBehavior};
use syncspace_examples::{Running, machine, server_command};

/// Goals of the design, which the figures stand beside.
const START_GOAL_MS: f64 = 100.0;
const BINARY_GOAL_MB: f64 = 30.0;
const MEMORY_GOAL_MB: f64 = 30.0;

/// Measures the start of the server on its embedded store.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Starts of each kind.
    #[arg(long, default_value_t = 15)]
    runs: usize,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Is the bare program: makes its database in this folder, and answers.
    #[arg(long, hide = true)]
    bare: Option<PathBuf>,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(folder) = arguments.bare {
        return run_bare(&folder);
    }
    let this = std::env::current_exe().context("where this program is")?;
    let beside = this.parent().and_then(Path::parent).context("this program lies in a folder of its build")?;
    let programs = arguments.programs.unwrap_or_else(|| beside.to_owned());
    let server = programs.join("syncspace-server");
    ensure!(server.exists(), "{} is missing: run `make release` first", server.display());

    println!("{}", machine());
    println!();
    measure_starts(&server, &this, arguments.runs)?;
    println!();
    measure_memory(&server)?;
    println!();
    measure_sizes(&programs)
}

/// Times of one start.
struct Start {
    listening: Duration,
    ready: Duration,
}

fn measure_starts(server: &Path, this: &Path, runs: usize) -> anyhow::Result<()> {
    ensure!(runs > 0, "at least one run is needed");
    let mut starts: [Vec<Start>; 4] = Default::default();
    for _ in 0..runs {
        let data = tempfile::tempdir()?;
        let bare_data = tempfile::tempdir()?;
        // Alternating, so that a busy moment of the machine falls on all alike.
        starts[0].push(measure_start(&mut server_command(server, data.path()))?);
        starts[1].push(measure_start(&mut bare_command(this, bare_data.path()))?);
        starts[2].push(measure_start(&mut server_command(server, data.path()))?);
        starts[3].push(measure_start(&mut bare_command(this, bare_data.path()))?);
    }
    println!("start, {runs} runs, milliseconds: median (fastest to slowest)");
    println!("{:<34} {:>28} {:>28} {:>10}", "", "to `listening on`", "to ready", "goal");
    let names =
        ["server, empty directory", "bare program, empty directory", "server, existing", "bare program, existing"];
    for (name, starts) in names.iter().zip(&starts) {
        let listening = spread(starts.iter().map(|start| start.listening));
        let ready = spread(starts.iter().map(|start| start.ready));
        let goal = if name.starts_with("server") { format!("<= {START_GOAL_MS}") } else { "limit".to_owned() };
        println!("{name:<34} {listening:>28} {ready:>28} {goal:>10}");
    }
    Ok(())
}

fn bare_command(this: &Path, data: &Path) -> Command {
    let mut command = Command::new(this);
    command.args(["start", "--bare"]).arg(data);
    command
}

fn measure_start(command: &mut Command) -> anyhow::Result<Start> {
    let before = Instant::now();
    let running = Running::start(command)?;
    let listening = before.elapsed();
    running.wait_until_ready()?;
    let ready = before.elapsed();
    running.stop()?;
    Ok(Start { listening, ready })
}

fn measure_memory(server: &Path) -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let running = Running::start(&mut server_command(server, data.path()))?;
    running.wait_until_ready()?;
    let Some(bytes) = running.settled_memory()? else {
        println!("memory of the idle server: not known on this system");
        return running.stop();
    };
    println!("memory of the idle server, resident: {:.1} MB (goal: <= {MEMORY_GOAL_MB} MB)", megabytes(bytes));
    running.stop()
}

fn measure_sizes(programs: &Path) -> anyhow::Result<()> {
    println!("size of the programs (goal for each: <= {BINARY_GOAL_MB} MB)");
    for name in ["syncspace-server", "syncspace-tui", "syncspace"] {
        match std::fs::metadata(programs.join(name)) {
            Ok(file) => println!("{name:<20} {:.1} MB", megabytes(file.len())),
            Err(error) => println!("{name:<20} {error}"),
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files and processes are far below 2^52")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

/// Gives the median, the least and the most, in milliseconds.
fn spread(times: impl Iterator<Item = Duration>) -> String {
    let mut times: Vec<_> = times.collect();
    times.sort();
    let ms = |time: Option<&Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0);
    let median = times.get(times.len() / 2);
    format!("{:.1} ({:.1} to {:.1})", ms(median), ms(times.first()), ms(times.last()))
}

/// Does only what no server with this store can avoid, and answers every request with 200.
fn run_bare(folder: &Path) -> anyhow::Result<()> {
    let mut database = Connection::open(folder.join("bare.db"))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    let is_new: bool = database.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    if is_new {
        let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for statement in syncspace_migrations::sqlite_steps().iter().flat_map(|step| &step.statements) {
            transaction.execute_batch(statement)?;
        }
        transaction.commit()?;
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on http://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let mut stream = stream?;
        let mut request = [0; 1024];
        let _length = stream.read(&mut request)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    }
    Ok(())
}
