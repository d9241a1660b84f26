//! What a server under measurement has used so far: statements, passwords, processor, memory.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Context;

use crate::Running;

/// What one server has used since it started.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    /// Statements to the database.
    pub statements: u64,
    /// Those of them that change rows.
    pub changes: u64,
    /// Passwords hashed.
    pub hashings: u64,
    /// Processor time of all its threads.
    pub processor: Duration,
}

impl Running {
    /// Asks the server what it has used so far.
    pub fn used(&self) -> anyhow::Result<Used> {
        let text = get(&self.address, "/metrics")?;
        let figure = |name: &str| -> anyhow::Result<u64> {
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            lines.next().with_context(|| format!("/metrics has no {name}"))?.trim().parse().context("a figure")
        };
        let changes = figure("syncspace_store_changes_total")?;
        Ok(Used {
            statements: figure("syncspace_store_reads_total")? + changes,
            changes,
            hashings: figure("syncspace_password_hashings_total")?,
            processor: processor_time(self.process_id())?,
        })
    }

    /// Gives the most memory the server has held, in MiB, where the system tells.
    pub fn peak_mib(&self) -> anyhow::Result<Option<f64>> {
        let path = format!("/proc/{}/status", self.process_id());
        let Ok(status) = std::fs::read_to_string(path) else { return Ok(None) };
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel tells VmHWM")?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(Some(kibibytes / 1024.0))
    }
}

impl std::ops::Sub for Used {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            statements: self.statements - before.statements,
            changes: self.changes - before.changes,
            hashings: self.hashings - before.hashings,
            processor: self.processor.saturating_sub(before.processor),
        }
    }
}

fn get(address: &str, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply)
}

/// Gives the processor time of all threads of a process; nothing where the system does not tell.
fn processor_time(process: u32) -> anyhow::Result<Duration> {
    let mut nanoseconds = 0;
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Ok(Duration::ZERO) };
    for task in tasks {
        // A thread may end while it is looked at.
        let Ok(text) = std::fs::read_to_string(task?.path().join("schedstat")) else { continue };
        nanoseconds += text.split_whitespace().next().context("the kernel tells schedstat")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}
