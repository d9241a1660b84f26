//! Programs of the person, run beside the chat: a bounded queue, a few at a time, each for a limited time.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::app::text;

/// Programs that wait for their turn; what comes beyond is left out, and that is logged.
const WAITING_MAX: usize = 64;
/// Programs that run at the same time.
const RUNNING_MAX: usize = 4;
/// Of what a program complains, that much is logged, in bytes.
const COMPLAINT_BYTES_MAX: u64 = 4_096;

/// A program to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// The program and its arguments.
    pub(crate) program: Vec<String>,
    /// What it reads from its standard input.
    pub(crate) input: String,
    pub(crate) time_limit: Duration,
}

/// Runs programs. Dropping it ends those that run.
pub(crate) struct Programs {
    queue: mpsc::Sender<Job>,
    _runner: JoinSet<()>,
}

impl Programs {
    pub(crate) fn start() -> Self {
        let (queue, jobs) = mpsc::channel(WAITING_MAX);
        let mut runner = JoinSet::new();
        runner.spawn(run_all(jobs));
        Self { queue, _runner: runner }
    }

    /// Has a program run, soon. Never waits.
    pub(crate) fn run(&self, job: Job) {
        if self.queue.try_send(job).is_err() {
            tracing::warn!(waiting = WAITING_MAX, "a program was left out: too many wait");
        }
    }
}

async fn run_all(mut jobs: mpsc::Receiver<Job>) {
    let places = Arc::new(Semaphore::new(RUNNING_MAX));
    let mut running = JoinSet::new();
    while let Some(job) = jobs.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            let name = job.program.first().cloned().unwrap_or_default();
            if let Err(error) = run(job).await {
                tracing::warn!(program = name, error = format!("{error:#}"), "a program failed");
            }
            drop(place);
        });
    }
}

async fn run(job: Job) -> anyhow::Result<()> {
    let Some((program, arguments)) = job.program.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    // Keys that end or stop the chat are not for it.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().context("it does not start")?;
    let (input, complaints) = (child.stdin.take(), child.stderr.take());
    let talk = async {
        let write = async {
            if let Some(mut input) = input {
                // A program may end without reading.
                let _written = input.write_all(job.input.as_bytes()).await;
            }
        };
        let read = async {
            let mut said = Vec::new();
            if let Some(complaints) = complaints {
                let mut complaints = complaints.take(COMPLAINT_BYTES_MAX);
                let _read = complaints.read_to_end(&mut said).await;
            }
            said
        };
        let ((), said) = tokio::join!(write, read);
        (said, child.wait().await)
    };
    let Ok((said, status)) = timeout(job.time_limit, talk).await else {
        bail!("it took longer than {} s and was ended", job.time_limit.as_secs());
    };
    if !said.is_empty() {
        tracing::warn!(program, said = text::line(&String::from_utf8_lossy(&said)), "a program complained");
    }
    let status = status.context("nobody knows how it ended")?;
    anyhow::ensure!(status.success(), "it ended with {status}");
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn job(script: &str, input: &str, time_limit: Duration) -> Job {
        let program = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        Job { program, input: input.to_owned(), time_limit }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_program_reads_what_it_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("heard");
        let script = format!("cat > '{}'", file.display());
        run(job(&script, "{\"event\":\"message\"}\n", LONG)).await.expect("it runs");
        assert_eq!(std::fs::read_to_string(file).expect("written"), "{\"event\":\"message\"}\n");
    }

    #[tokio::test]
    async fn one_that_reads_nothing_or_fails_is_no_harm() {
        run(job("exit 0", &"x".repeat(1_000_000), LONG)).await.expect("it need not read");
        let failed = run(job("echo no >&2; exit 3", "", LONG)).await.expect_err("its exit code");
        assert!(failed.to_string().contains("exit status: 3"), "{failed}");
        let missing = Job { program: vec!["/nowhere/at/all".to_owned()], input: String::new(), time_limit: LONG };
        assert!(run(missing).await.expect_err("there is none").to_string().contains("does not start"));
    }

    #[tokio::test]
    async fn one_that_hangs_is_ended() {
        let failed = run(job("exec sleep 600", "", Duration::from_millis(50))).await.expect_err("ended");
        assert!(failed.to_string().contains("was ended"), "{failed}");
    }

    #[tokio::test]
    async fn too_many_are_left_out_and_nothing_waits() {
        let programs = Programs::start();
        for _ in 0..10 * WAITING_MAX {
            programs.run(job("exec sleep 600", "", LONG));
        }
    }
}
