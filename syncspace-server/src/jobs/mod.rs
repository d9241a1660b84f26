//! Work on a clock, with one owner at a time among all instances.
//!
//! Owns when what is done; what is done, and the proof of ownership inside each transaction, is the service's. Every job
//! may be cut off anywhere and begun again.

mod deliver;
mod due;
mod mail;
mod schedule;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::service::{Batch, JobKind, LeaseTimes, Service, ServiceError, Turn};
use mail::Mails;
use schedule::Schedule;

/// How long the owner may be silent before another instance takes over.
const TURN: LeaseTimes =
    LeaseTimes { term: Duration::from_secs(30), renewal: Duration::from_secs(10), look: Duration::from_secs(5) };

/// Pause between two batches of one job, so that requests come in between.
const BATCH_PAUSE: Duration = Duration::from_millis(50);

/// Something to do again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// What.
    pub kind: JobKind,
    /// How long after its end it begins again, up to a tenth sooner or later.
    pub every: Duration,
}

/// What is done beside requests, and how the instances take turns.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// Everything that is to be done.
    pub jobs: Vec<Job>,
    /// How ownership is timed; the same on all instances.
    pub turn: LeaseTimes,
}

impl Default for Jobs {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        let every = |kind| match kind {
            // A busy server notes thousands of commits a second: little and often.
            // What somebody deleted is soon to be gone.
            JobKind::LogCommits | JobKind::Files | JobKind::Deleted | JobKind::Erasures => minutes(1),
            JobKind::SocketTickets | JobKind::PasswordResets | JobKind::EmailCodes | JobKind::Statistics => minutes(10),
            JobKind::IdempotencyKeys
            | JobKind::Revocations
            | JobKind::Deliveries
            | JobKind::Audit
            | JobKind::Retention
            | JobKind::Mails => minutes(60),
            JobKind::Sessions => minutes(6 * 60),
        };
        Self { jobs: JobKind::ALL.iter().map(|&kind| Job { kind, every: every(kind) }).collect(), turn: TURN }
    }
}

impl Jobs {
    /// Waits for this instance's turn and does what is due, until `closing`; then another instance may go on at once.
    pub async fn run(self, service: Arc<Service>, closing: CancellationToken) {
        loop {
            let Some(turn) = closing.run_until_cancelled(self.next_turn(&service)).await else { return };
            debug!("this instance does the jobs of all");
            let mut mails = Mails::default();
            tokio::select! {
                () = closing.cancelled() => {
                    tokio::select! {
                        () = mails.finish() => {}
                        error = turn.keep() => warn!(error = &error as &dyn Error, "lost the turn at the jobs"),
                    }
                    return turn.give_back().await;
                }
                error = turn.keep() => warn!(error = &error as &dyn Error, "lost the turn at the jobs"),
                () = self.work(&service, &turn) => warn!("lost the turn at the jobs: another instance has it"),
                () = due::watch(&service, &turn) => warn!("lost the turn at the jobs: another instance has it"),
                () = deliver::watch(&service, &turn) => warn!("lost the turn at the jobs: another instance has it"),
                () = mails.watch(&service, &turn) => warn!("lost the turn at the jobs: another instance has it"),
            }
        }
    }

    async fn next_turn(&self, service: &Service) -> Turn {
        let mut is_told = false;
        loop {
            match service.wait_for_turn(self.turn).await {
                Ok(turn) => return turn,
                Err(error) if is_told => debug!(error = &error as &dyn Error, "still no turn at the jobs"),
                Err(error) => {
                    is_told = true;
                    warn!(error = &error as &dyn Error, "could not ask for the turn at the jobs; tried again");
                }
            }
            sleep(self.turn.look).await;
        }
    }

    /// Does what is due, one job after the other; returns where another instance has the turn.
    async fn work(&self, service: &Service, turn: &Turn) {
        let periods = self.jobs.iter().map(|job| period(job.every));
        let mut schedule = Schedule::new(periods, Instant::now(), fastrand::Rng::new());
        while let Some((number, due)) = schedule.next() {
            sleep_until(due).await;
            let kind = self.jobs[number].kind;
            match run_job(service, turn, kind).await {
                Ok(None) => return,
                Ok(Some(rows)) => {
                    debug!(job = kind.name(), rows, "job done");
                    if schedule.done(number, Instant::now()) {
                        info!(job = kind.name(), rows, "job works again");
                    }
                }
                Err(error) => {
                    let error = &error as &dyn Error;
                    if schedule.failed(number, Instant::now()) {
                        warn!(job = kind.name(), error, "job failed; tried again until it works");
                    } else {
                        debug!(job = kind.name(), error, "job still fails");
                    }
                }
            }
        }
        std::future::pending().await
    }
}

/// Gives how often a job is done: what is settled for it, unless a test has no time to wait.
fn period(every: Duration) -> Duration {
    fail::fail_point!("jobs::at_once", |_| Duration::from_millis(100));
    every
}

/// Removes batch after batch; gives how many rows went, or nothing where another instance has the turn.
async fn run_job(service: &Service, turn: &Turn, kind: JobKind) -> Result<Option<u64>, ServiceError> {
    let mut removed = 0;
    loop {
        match service.run_batch(turn, kind).await? {
            Batch::TurnLost => return Ok(None),
            Batch::Last(rows) => return Ok(Some(removed + rows)),
            Batch::More(rows) => removed += rows,
        }
        sleep(BATCH_PAUSE).await;
    }
}
