//! How long `syncspace-server` takes to start on its embedded store, how large it is, and what it holds while idle.
//!
//! `make bench` runs it. Each run starts, one after the other: the server on an empty data directory, the server again on
//! what that left, and a bare program that does only what cannot be avoided (a process, SQLite with the same schema and
//! `synchronous=FULL`, a socket). Times are from the start of the process to its line `listening on`, and to the first
//! `200` of `/health/ready`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Parser;
use rusqlite::{Connection, TransactionBehavior};

/// Goals of the design, which the figures stand beside.
const START_GOAL_MS: f64 = 100.0;
const BINARY_GOAL_MB: f64 = 30.0;
const MEMORY_GOAL_MB: f64 = 30.0;
/// Longest wait for one start.
const START_WAIT: Duration = Duration::from_secs(20);

/// Measures the start of the server on its embedded store.
#[derive(Parser)]
struct Arguments {
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

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
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

fn server_command(server: &Path, data: &Path) -> Command {
    let mut command = Command::new(server);
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
    command
}

fn bare_command(this: &Path, data: &Path) -> Command {
    let mut command = Command::new(this);
    command.arg("--bare").arg(data);
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

/// A process that has said where it listens. Dropping it ends it.
struct Running {
    process: Child,
    address: String,
}

impl Running {
    /// Starts the process and reads what it says until it names its address.
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        // Nothing of the caller's surroundings shall change what is measured.
        let foreign: Vec<_> = std::env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| name.to_string_lossy().starts_with("SYNCSPACE_"))
            .collect();
        for name in foreign {
            command.env_remove(name);
        }
        let (reader, writer) = std::io::pipe()?;
        let process = command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .spawn()
            .with_context(|| format!("start {}", command.get_program().display()))?;
        // The command keeps the writing ends, and with them the pipe, open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = Self { process, address: String::new() };
        let mut said = String::new();
        let mut lines = BufReader::new(reader);
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                let status = running.process.wait()?;
                bail!("it ended ({status}) before it said `listening on`:\n{said}");
            }
            if let Some(address) = address_in(&line) {
                running.address = address;
                break;
            }
            said.push_str(&line);
        }
        // Read on, so that a full pipe never stops the process.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Ok(running)
    }

    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_WAIT;
        while !self.is_ready()? {
            ensure!(Instant::now() < deadline, "{} is not ready in time", self.address);
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }

    fn is_ready(&self) -> anyhow::Result<bool> {
        let Ok(mut stream) = TcpStream::connect(&self.address) else { return Ok(false) };
        stream.set_read_timeout(Some(START_WAIT))?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status)?;
        Ok(status.contains(" 200 "))
    }

    /// Gives the resident memory once it no longer changes, where the system tells.
    fn settled_memory(&self) -> anyhow::Result<Option<u64>> {
        let mut last = None;
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(250));
            let now = resident_bytes(self.process.id())?;
            if now.is_none() || now == last {
                return Ok(now);
            }
            last = now;
        }
        Ok(last)
    }

    /// Ends the process the way an operator does, so that it leaves its directory in order.
    fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.process.id().to_string()).status().context("run kill")?;
        let deadline = Instant::now() + START_WAIT;
        while self.process.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "process {} does not end", self.process.id());
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Gives the address in a line like `listening on http://127.0.0.1:7420`.
fn address_in(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("listening on")?;
    let (_, rest) = rest.split_once("http://")?;
    let address: String = rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
    Some(address)
}

#[cfg(target_os = "linux")]
fn resident_bytes(process: u32) -> anyhow::Result<Option<u64>> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel tells VmRSS")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(Some(kibibytes * 1024))
}

#[cfg(not(target_os = "linux"))]
fn resident_bytes(_process: u32) -> anyhow::Result<Option<u64>> {
    Ok(None)
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

/// Says which machine the figures are from.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).and_then(|rest| rest.split_once(": "));
    let processor = model.map_or(std::env::consts::ARCH, |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let folder = std::env::temp_dir();
    format!(
        "machine: {processor}, {cores} cores, {} {}, data in {}",
        std::env::consts::OS,
        kernel.trim(),
        folder.display()
    )
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
