//! What the benchmarks share: starting a server, filling it with people, many light sockets, and naming the machine.

mod community;
mod crowd;
mod figures;
pub mod population;
pub mod rest;
pub mod server_figures;
pub mod wire;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

pub use self::community::{Community, Plan};
pub use self::crowd::{Crowd, RawSocket, raise_file_limit, text_frame};
pub use self::figures::{Spread, percentile_ms};

/// Longest wait for one start.
const START_WAIT: Duration = Duration::from_secs(20);

/// Gives the command that starts a server on a free port, with its data in a folder.
#[must_use]
pub fn server_command(server: &Path, data: &Path) -> Command {
    let mut command = Command::new(server);
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
    command
}

/// Finds the server in a folder of programs, by default the one of this program's build.
pub fn server_program(programs: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe().context("where this program is")?;
    let beside = this.parent().and_then(Path::parent).context("this program lies in a folder of its build")?;
    let server = programs.unwrap_or_else(|| beside.to_owned()).join("syncspace-server");
    ensure!(server.exists(), "{} is missing: run `make release` first", server.display());
    Ok(server)
}

/// A process that has said where it listens. Dropping it ends it.
pub struct Running {
    process: Child,
    /// Where it listens: `127.0.0.1:7420`.
    pub address: String,
}

impl Running {
    /// Starts the process and reads what it says until it names its address.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
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

    /// Gives the process id.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Waits until `/health/ready` answers 200.
    pub fn wait_until_ready(&self) -> anyhow::Result<()> {
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
    pub fn settled_memory(&self) -> anyhow::Result<Option<u64>> {
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

    /// Gives the process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Gives the processor time that each of its threads has used so far.
    pub fn processor_time(&self) -> anyhow::Result<ProcessorTime> {
        ProcessorTime::of(self.process.id())
    }

    /// Ends the process the way an operator does, so that it leaves its directory in order.
    pub fn stop(mut self) -> anyhow::Result<()> {
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

/// Gives the resident memory of a process, where the system tells.
#[cfg(target_os = "linux")]
pub fn resident_bytes(process: u32) -> anyhow::Result<Option<u64>> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel tells VmRSS")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(Some(kibibytes * 1024))
}

/// Gives the resident memory of a process, where the system tells.
#[cfg(not(target_os = "linux"))]
pub fn resident_bytes(_process: u32) -> anyhow::Result<Option<u64>> {
    Ok(None)
}

/// Processor time of a process by thread, in nanoseconds.
///
/// A sum would fall when a thread ends that has long had nothing to do.
pub struct ProcessorTime(HashMap<OsString, u64>);

impl ProcessorTime {
    /// Gives what a process has used so far.
    #[cfg(target_os = "linux")]
    pub fn of(process: u32) -> anyhow::Result<Self> {
        let mut times = HashMap::new();
        for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
            let task = task?;
            // A thread may end while it is looked at.
            let Ok(text) = std::fs::read_to_string(task.path().join("schedstat")) else { continue };
            let ran = text.split_whitespace().next().context("the kernel tells schedstat")?;
            times.insert(task.file_name(), ran.parse()?);
        }
        Ok(Self(times))
    }

    /// Gives what a process has used so far.
    #[cfg(not(target_os = "linux"))]
    pub fn of(_process: u32) -> anyhow::Result<Self> {
        bail!("the processor time of another process is read from Linux's /proc")
    }

    /// Gives what was used since an earlier look.
    #[must_use]
    pub fn since(&self, before: &Self) -> Duration {
        let used = self.0.iter().map(|(thread, now)| now - before.0.get(thread).unwrap_or(&0).min(now));
        Duration::from_nanos(used.sum())
    }
}

/// Says which machine the figures are from.
#[must_use]
pub fn machine() -> String {
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
