//! Work behind the log: what follows from messages, and no send waits for. The search index, and mentions by keywords.
//!
//! Owns when it is done and how much at once; what is done, and how far it has come in each channel, is the service's. Commits
//! of this instance call at once; what other instances wrote or left when they ended is found by looking at all heads,
//! some at a time. Every instance may do everything: doing it twice is harmless.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use syncspace_protocol::ChannelId;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::service::{CHANNELS_PER_BATCH, Follower, Service, ServiceError};

/// How long commits gather before they are worked on together: a transaction for each message would cost as much as its send.
const GATHER: Duration = Duration::from_millis(500);
/// Shortest and longest rest after a batch.
const REST: (Duration, Duration) = (Duration::from_millis(2), Duration::from_secs(2));
/// Longer rest for each change that was committed beside a batch, and most times as long as the batch: sends come first.
const GIVE_WAY: (Duration, u32) = (Duration::from_millis(2), 8);
/// Heads looked at by one statement.
const HEADS_PER_LOOK: u32 = 1_000;
/// Pause between two such statements.
const LOOK_PAUSE: Duration = Duration::from_millis(200);
/// Wait before a look or batch that failed is tried again.
const RETRY_WAIT: Duration = Duration::from_secs(2);

/// How the work behind the log is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followers {
    /// How long after the end of a look at all heads the next one begins.
    pub look_every: Duration,
}

impl Default for Followers {
    fn default() -> Self {
        Self { look_every: Duration::from_secs(10) }
    }
}

impl Followers {
    /// Works until `closing`. May be cut off anywhere, and goes on where it was.
    pub async fn run(self, service: Arc<Service>, closing: CancellationToken) {
        let service = &*service;
        let all = Follower::ALL.map(|follower| async move {
            tokio::join!(self.keep_looking(service, follower), keep_working(service, follower))
        });
        closing.run_until_cancelled(join_all(all)).await;
    }

    /// Looks at the heads of all channels again and again; never ends.
    async fn keep_looking(&self, service: &Service, follower: Follower) {
        let mut trouble = Trouble::new("looking for channels that have work left");
        loop {
            let mut next = None;
            loop {
                match service.look_for_behind(follower, next, HEADS_PER_LOOK).await {
                    Ok(found) => {
                        trouble.is_over();
                        next = found;
                    }
                    Err(error) => {
                        trouble.tell(&error);
                        sleep(RETRY_WAIT).await;
                    }
                }
                if next.is_none() {
                    break;
                }
                sleep(LOOK_PAUSE).await;
            }
            sleep(self.look_every).await;
        }
    }
}

/// Works on channels that have something new, a round of all of them at a time, so that none waits for others for ever; never
/// ends.
async fn keep_working(service: &Service, follower: Follower) {
    let mut trouble = Trouble::new(follower.work());
    let due = service.news(follower);
    loop {
        due.wait(GATHER).await;
        let round = due.take();
        for channels in round.chunks(CHANNELS_PER_BATCH) {
            let (started, before) = (Instant::now(), due.commits());
            match service.follow(follower, channels).await {
                Ok(unfinished) => {
                    trouble.is_over();
                    due.worked(unfinished);
                    let took = started.elapsed();
                    sleep(rest(took, due.commits() - before)).await;
                }
                Err(error) => {
                    trouble.tell(&error);
                    if matches!(error, ServiceError::Busy { .. } | ServiceError::Unavailable { .. }) {
                        due.note(channels.iter().copied());
                    } else {
                        work_on_each(service, follower, channels).await;
                    }
                    sleep(RETRY_WAIT).await;
                }
            }
        }
    }
}

/// Works on the channels of a batch that failed by a fault, each alone: one that cannot be done must not keep the others back. It
/// is not due again at once.
async fn work_on_each(service: &Service, follower: Follower, channels: &[ChannelId]) {
    let due = service.news(follower);
    for &channel in channels {
        match service.follow(follower, &[channel]).await {
            Ok(unfinished) => due.worked(unfinished),
            Err(error) => warn!(%channel, error = &error as &dyn Error, "cannot do this channel: {}", follower.work()),
        }
    }
}

/// Gives how long to rest after a batch: at most half of a database's time is used, and a ninth beside many commits.
fn rest(took: Duration, commits: u64) -> Duration {
    let (each, most) = GIVE_WAY;
    let commits = u32::try_from(commits).unwrap_or(u32::MAX);
    let given = took.saturating_add(each.saturating_mul(commits)).min(took.saturating_mul(most));
    given.clamp(REST.0, REST.1)
}

/// Tells of the first failure in a row, and of its end.
struct Trouble {
    what: &'static str,
    is_told: bool,
}

impl Trouble {
    const fn new(what: &'static str) -> Self {
        Self { what, is_told: false }
    }

    fn tell(&mut self, error: &ServiceError) {
        let (what, error) = (self.what, error as &dyn Error);
        if std::mem::replace(&mut self.is_told, true) {
            debug!(what, error, "still fails");
        } else {
            warn!(what, error, "failed; tried again until it works");
        }
    }

    fn is_over(&mut self) {
        if std::mem::take(&mut self.is_told) {
            info!(what = self.what, "works again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_as_long_as_the_batch_and_longer_beside_sends() {
        let ms = Duration::from_millis;
        assert_eq!(rest(ms(20), 0), ms(20));
        assert_eq!(rest(ms(20), 10), ms(40));
        assert_eq!(rest(ms(20), 1_000), ms(160));
        assert_eq!(rest(Duration::ZERO, u64::MAX), REST.0);
        assert_eq!(rest(ms(10_000), 0), REST.1);
    }
}
