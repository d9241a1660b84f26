//! The server of this machine, for `--local`: found, or started from the binary beside this one, kept, and ended again.
//!
//! Several terminals may use it. Each holds a shared lock on `clients.lock` in the data directory; whoever leaves and
//! can get it exclusively was the last one, and ends the server, but only one that `--local` started: its process id
//! stands in `local.json`. A server that somebody runs by hand or as a service on the same data is found and never
//! ended. Starting and ending happen under `local.lock`, so that two terminals cannot do both at once.

mod keeper;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde::{Deserialize, Serialize};
use syncspace_client::{Client, ServerUrl};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

pub(crate) use keeper::Keeper;

/// A server is ready within this time, or something is wrong.
const READY_WAIT: Duration = Duration::from_secs(10);
/// Another terminal starts or ends the server for at most this long.
const TURN_WAIT: Duration = Duration::from_secs(20);
/// A server that was asked to end is gone within this time.
const END_WAIT: Duration = Duration::from_secs(5);
/// Between two looks at a file or lock.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The running server of this machine, and our right to use it.
pub(crate) struct LocalServer {
    data_dir: PathBuf,
    url: String,
    clients: File,
}

/// What the server notes of itself in `server.json`.
#[derive(Debug, Clone, Deserialize)]
struct Note {
    pid: u32,
    url: String,
}

/// What we note of a server that we started, in `local.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Started {
    pid: u32,
    /// Its port, tried again the next time: saved logins are kept by address.
    port: Option<u16>,
}

impl LocalServer {
    /// Finds the server of a data directory, or starts it; ready when this returns.
    pub(crate) async fn find_or_start(data_dir: Option<PathBuf>) -> anyhow::Result<Self> {
        let data_dir = match data_dir {
            Some(data_dir) => data_dir,
            None => default_data_dir()?,
        };
        make_private_dir(&data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
        let turn = take_turn(&data_dir).await?;
        let url = match running(&data_dir) {
            Some(note) => {
                wait_until_ready(&note.url, &data_dir).await?;
                note.url
            }
            None => start(&data_dir).await?,
        };
        let clients = open_lock(&data_dir.join("clients.lock"))?;
        clients.lock_shared().context("cannot lock clients.lock")?;
        drop(turn);
        Ok(Self { data_dir, url, clients })
    }

    /// Gives the server's address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Gives the file whose token makes the first account an administrator; it is there until one exists.
    pub(crate) fn bootstrap_file(&self) -> PathBuf {
        self.data_dir.join("bootstrap-token")
    }

    /// Gives who starts the server again if it dies.
    pub(crate) fn keeper(&self) -> Keeper {
        let pids = (running(&self.data_dir).map(|note| note.pid), started(&self.data_dir).map(|started| started.pid));
        let is_ours = pids.0.is_some() && pids.0 == pids.1;
        Keeper { data_dir: self.data_dir.clone(), url: self.url.clone(), is_ours, starts: keeper::Starts::default() }
    }

    /// Leaves the server; ends it if we were the last and one of us started it.
    pub(crate) async fn leave(self) {
        if let Err(error) = self.end_if_last().await {
            tracing::warn!(%error, "the local server may still run");
        }
    }

    async fn end_if_last(self) -> anyhow::Result<()> {
        let Self { data_dir, clients, .. } = self;
        let _turn = take_turn(&data_dir).await?;
        clients.unlock().context("cannot unlock clients.lock")?;
        match clients.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(source)) => return Err(source).context("cannot lock clients.lock"),
        }
        let (Some(note), Some(started)) = (running(&data_dir), started(&data_dir)) else { return Ok(()) };
        if note.pid != started.pid {
            return Ok(());
        }
        ask_to_end(note.pid)?;
        let deadline = Instant::now() + END_WAIT;
        while running(&data_dir).is_some() {
            if Instant::now() >= deadline {
                bail!("process {} has not ended yet", note.pid);
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

/// Starts the server, and waits until it says that it listens.
async fn start(data_dir: &Path) -> anyhow::Result<String> {
    let port = started(data_dir).and_then(|started| started.port);
    if let Some(port) = port {
        // The port of the last time can be taken by now; then any other will do.
        match start_on(data_dir, port).await {
            Ok(url) => return Ok(url),
            Err(error) => tracing::info!(%error, "the port of the last time is not free"),
        }
    }
    start_on(data_dir, 0).await
}

async fn start_on(data_dir: &Path, port: u16) -> anyhow::Result<String> {
    let binary = std::env::current_exe().context("cannot find this program")?.with_file_name(server_name());
    let log_path = data_dir.join("local-server.log");
    let log = OpenOptions::new().create(true).append(true).open(&log_path);
    let log = log.with_context(|| format!("cannot write {}", log_path.display()))?;
    let mut command = Command::new(&binary);
    command.arg("--listen").arg(format!("127.0.0.1:{port}")).arg("--data-dir").arg(data_dir);
    // What is set for another server on this machine must not turn the local one into it.
    for variable in ["SYNCSPACE_DATABASE", "SYNCSPACE_REDIS", "SYNCSPACE_LISTEN", "SYNCSPACE_DATA_DIR"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    // A group of its own: Ctrl+C and a closed window are for this program, not for the server others may use.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().with_context(|| format!("cannot start {}", binary.display()))?;
    let ready = timeout(READY_WAIT, first_address(&mut child)).await;
    let url = match ready {
        Ok(Ok(url)) => url,
        failed => {
            let why = match failed {
                Ok(Err(error)) => error,
                _ => anyhow!("it was not ready within {} seconds", READY_WAIT.as_secs()),
            };
            // Killed only where it never became ready: nobody can be using it.
            drop(child.kill().await);
            return Err(why).with_context(|| format!("the local server did not start; see {}", log_path.display()));
        }
    };
    let port = port_of(&url);
    if let Some(pid) = child.id() {
        let note = serde_json::to_vec(&Started { pid, port })?;
        std::fs::write(data_dir.join("local.json"), note).context("cannot write local.json")?;
    }
    wait_until_ready(&url, data_dir).await?;
    Ok(url)
}

fn port_of(url: &str) -> Option<u16> {
    url.rsplit(':').next().and_then(|port| port.trim_end_matches('/').parse().ok())
}

/// Reads `listening on http://…` from the server's standard output.
async fn first_address(child: &mut Child) -> anyhow::Result<String> {
    let out = child.stdout.take().context("the server has no standard output")?;
    let mut lines = BufReader::new(out).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(url) = line.strip_prefix("listening on ") {
            return Ok(url.trim().to_owned());
        }
    }
    let status = child.wait().await?;
    bail!("it ended at once ({status})")
}

async fn wait_until_ready(url: &str, data_dir: &Path) -> anyhow::Result<()> {
    let server: ServerUrl = url.parse()?;
    let client = Client::new(server)?;
    let deadline = Instant::now() + READY_WAIT;
    loop {
        match client.ready().await {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() >= deadline => {
                let log = data_dir.join("local-server.log");
                return Err(error).with_context(|| {
                    format!("the local server at {url} does not become ready; see {}", log.display())
                });
            }
            Err(_) => sleep(LOOK_EVERY).await,
        }
    }
}

/// Gives what a living server of the data directory noted. A note without its lock was left by a crash.
fn running(data_dir: &Path) -> Option<Note> {
    let note = serde_json::from_slice(&std::fs::read(data_dir.join("server.json")).ok()?).ok()?;
    let lock = OpenOptions::new().write(true).open(data_dir.join("server.lock")).ok()?;
    matches!(lock.try_lock(), Err(TryLockError::WouldBlock)).then_some(note)
}

fn started(data_dir: &Path) -> Option<Started> {
    serde_json::from_slice(&std::fs::read(data_dir.join("local.json")).ok()?).ok()
}

/// Waits for the right to start or end the server; it ends with the returned file.
async fn take_turn(data_dir: &Path) -> anyhow::Result<File> {
    let turn = open_lock(&data_dir.join("local.lock"))?;
    let deadline = Instant::now() + TURN_WAIT;
    loop {
        match turn.try_lock() {
            Ok(()) => return Ok(turn),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(LOOK_EVERY).await,
            Err(TryLockError::WouldBlock) => bail!("another program holds {}", data_dir.join("local.lock").display()),
            Err(TryLockError::Error(source)) => return Err(source).context("cannot lock local.lock"),
        }
    }
}

fn open_lock(path: &Path) -> anyhow::Result<File> {
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    opened.with_context(|| format!("cannot open {}", path.display()))
}

fn default_data_dir() -> anyhow::Result<PathBuf> {
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy().context("there is no home directory; name one with --data-dir")?;
    Ok(strategy.data_dir().join("syncspace"))
}

fn server_name() -> &'static str {
    if cfg!(windows) { "syncspace-server.exe" } else { "syncspace-server" }
}

#[cfg(unix)]
fn ask_to_end(pid: u32) -> anyhow::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("server.json names no process")?;
    kill_process(pid, Signal::TERM).context("cannot end the local server")
}

#[cfg(not(unix))]
fn ask_to_end(_pid: u32) -> anyhow::Result<()> {
    bail!("on this system the local server is ended by hand")
}

#[cfg(unix)]
fn make_private_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private_dir(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}
