//! What is due by the clock: found by the one instance that has the turn, done through the log.

use std::error::Error;
use std::time::Duration;

use futures_util::future::join_all;

use super::job_kinds::Turn;
use super::reminder_changes::Fire;
use super::scheduled_changes::Dispatch;
use super::{Service, ServiceError, later};
use crate::log::Operation;
use crate::store::{reminders, scheduled};

/// Most things of one kind done at once: they fall into few commits, and requests come in between.
const DUE_AT_ONCE: u32 = 100;

/// How long something that cannot be done stands back, so that it keeps nothing else waiting, in milliseconds.
const PUT_OFF_MS: i64 = 60_000;

/// What came of a look at the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// So many things were done, and there may be more.
    Done(usize),
    /// Nothing is due; the next thing is so far away, if there is any.
    NothingFor(Option<Duration>),
    /// Nothing was done: another instance has the turn now.
    TurnLost,
}

impl Service {
    /// Does what is due, up to a bound: sends messages, makes reminders come.
    ///
    /// The fence is asked before, not in each commit: every operation looks again, under the lock of its stream, whether its
    /// thing is still to be done, so an instance that was held up after it asked does nothing twice.
    pub async fn do_due(&self, turn: &Turn) -> Result<Due, ServiceError> {
        let now = self.clock.now();
        let mut db = &self.store;
        let next = [scheduled::next_due(&mut db).await?, reminders::next_due(&mut db).await?];
        let next = next.into_iter().flatten().min();
        let Some(_due) = next.filter(|&next| next <= now) else {
            return Ok(Due::NothingFor(next.map(|next| self.time_until(next))));
        };
        let mut tx = self.store.begin().await?;
        if !turn.fence().holds(&mut tx).await? {
            return Ok(Due::TurnLost);
        }
        let messages = scheduled::list_due(&mut tx, now, DUE_AT_ONCE).await?;
        let reminders = reminders::list_due(&mut tx, now, DUE_AT_ONCE).await?;
        tx.rollback().await;
        let (sent, fired) = tokio::join!(
            self.do_all(messages.iter().copied().map(Dispatch::due)),
            self.do_all(reminders.iter().copied().map(Fire))
        );
        let ((sent, unsent), (fired, unfired)) = (sent?, fired?);
        let until = later(now, PUT_OFF_MS);
        for place in unsent {
            scheduled::put_off(&mut db, messages[place].id, now, until).await?;
        }
        for place in unfired {
            reminders::put_off(&mut db, reminders[place].id, now, until).await?;
        }
        Ok(Due::Done(sent + fired))
    }

    /// Commits what is due of one kind; gives how many were done, and the places of those that cannot be, whatever is tried.
    async fn do_all<O>(&self, operations: impl Iterator<Item = O>) -> Result<(usize, Vec<usize>), ServiceError>
    where
        O: Operation<Error = ServiceError>,
    {
        let (mut done, mut undone) = (0, Vec::new());
        let outcomes = join_all(operations.map(|operation| self.log.commit(operation))).await;
        for (place, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(_) => done += 1,
                Err(error @ (ServiceError::Refused(_) | ServiceError::Fault { .. })) => {
                    tracing::warn!(error = &error as &dyn Error, "something that was due was passed over");
                    undone.push(place);
                }
                Err(error) => return Err(error),
            }
        }
        Ok((done, undone))
    }

    /// Waits until something may be due sooner than was known, by a request to this instance.
    pub async fn alarmed(&self) {
        self.alarm.notified().await;
    }
}
