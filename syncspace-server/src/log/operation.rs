//! One change: its rules and rows, and the outcome that somebody waits for.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use syncspace_protocol::StreamId;
use tokio::sync::oneshot;

use super::{FrameError, LogTx, SendPlace};
use crate::store::{IdBlocks, StoreError};

/// A change of streams. It is applied inside a transaction that holds the heads of its streams, and may be applied again
/// from the start where the transaction has to be repeated.
///
/// Neighbours of one type in a batch are a run: they take their ids and are applied together, so that a type may share
/// look-ups and writes among them. The order of a run is the order in which they were submitted.
pub trait Operation: Send + Sync + Sized + 'static {
    /// What the one who waits gets after the commit.
    type Output: Send + 'static;
    /// What the one who waits gets instead.
    type Error: From<LogError> + Send + 'static;

    /// Names the streams whose heads it needs, the one that chooses the lane first. Streams it makes itself are not among them.
    fn streams(&self) -> Vec<StreamId>;

    /// Gives its place among what the same sender sends, where that order matters.
    fn place(&self) -> Option<&SendPlace> {
        None
    }

    /// Gives about how many bytes it writes, where people choose how many; batches are bounded by their sum.
    fn content_bytes(&self) -> usize {
        0
    }

    /// Takes the ids of what it will make, before the transaction begins.
    fn prepare(&mut self, ids: &IdBlocks) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = ids;
        std::future::ready(Ok(()))
    }

    /// Takes the ids of a whole run.
    fn prepare_run(run: Vec<&mut Self>, ids: &IdBlocks) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for operation in run {
                operation.prepare(ids).await?;
            }
            Ok(())
        }
    }

    /// Checks its rules, then writes. After the first write only the store's errors may come.
    fn apply(&self, tx: &mut LogTx<'_>) -> impl Future<Output = Result<Self::Output, Abort<Self::Error>>> + Send;

    /// Applies a run, and gives an outcome for each in the same order. An error means that the transaction cannot go on.
    fn apply_run(run: &[&Self], tx: &mut LogTx<'_>) -> impl Future<Output = Result<Outcomes<Self>, LogError>> + Send {
        async move {
            let mut outcomes = Vec::with_capacity(run.len());
            for operation in run {
                outcomes.push(match operation.apply(tx).await {
                    Ok(output) => Ok(output),
                    Err(Abort::Refused(error)) => Err(error),
                    Err(Abort::Failed(error)) => return Err(error),
                });
            }
            Ok(outcomes)
        }
    }
}

/// What came of each operation of a run.
pub type Outcomes<O> = Vec<Result<<O as Operation>::Output, <O as Operation>::Error>>;

/// Why an operation was not applied.
#[derive(Debug)]
pub enum Abort<E> {
    /// Its rules say no; others in the same transaction go on.
    Refused(E),
    /// The store or the writing of an event failed; the transaction is repeated or given up as a whole.
    Failed(LogError),
}

impl<E> From<LogError> for Abort<E> {
    fn from(error: LogError) -> Self {
        Self::Failed(error)
    }
}

impl<E> From<StoreError> for Abort<E> {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl<E> From<FrameError> for Abort<E> {
    fn from(error: FrameError) -> Self {
        Self::Failed(error.into())
    }
}

/// Why the log did not commit an operation whose rules said yes.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The lane is full; nothing was done.
    #[error("the log has too much to do")]
    Busy {
        /// When to try again, in milliseconds.
        retry_after_ms: u64,
    },
    /// The server is shutting down; nothing was done.
    #[error("the log takes no more operations")]
    Closed,
    /// The store failed, also when the transaction was repeated.
    #[error("the log could not commit")]
    Store(#[source] Arc<StoreError>),
    /// An event could not be written.
    #[error("the log could not announce a change")]
    Frame(#[source] Arc<FrameError>),
    /// The operation panicked: a defect. Nothing was done.
    #[error("the operation panicked")]
    Panicked,
}

impl From<StoreError> for LogError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<FrameError> for LogError {
    fn from(error: FrameError) -> Self {
        Self::Frame(Arc::new(error))
    }
}

/// An operation in a lane, without its types.
pub(super) trait Waiting: Any + Send {
    fn streams(&self) -> Vec<StreamId>;
    fn content_bytes(&self) -> usize;
    /// Tells whether something before it, whose order it is to keep, has failed.
    fn is_broken(&self) -> bool;
    /// Notes that what comes behind it must not be committed before it.
    fn break_off(&self);
    /// Tells whether both are operations of one type.
    fn is_like(&self, other: &dyn Waiting) -> bool;
    /// Takes ids for itself and for those of its type that follow it.
    fn prepare_with<'a>(
        &'a mut self,
        rest: &'a mut [Box<dyn Waiting>],
        ids: &'a IdBlocks,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Applies it and those of its type that follow it, and keeps the outcomes.
    fn apply_with<'a>(
        &'a mut self,
        rest: &'a mut [Box<dyn Waiting>],
        tx: &'a mut LogTx<'_>,
    ) -> BoxFuture<'a, Result<(), LogError>>;
    /// Tells the one who waits: the transaction is committed.
    fn committed(self: Box<Self>);
    /// Tells the one who waits: the transaction was given up.
    fn failed(self: Box<Self>, error: LogError);
}

pub(super) struct Queued<O: Operation> {
    operation: O,
    outcome: Option<Result<O::Output, O::Error>>,
    reply: oneshot::Sender<Result<O::Output, O::Error>>,
}

impl<O: Operation> Queued<O> {
    pub(super) fn new(operation: O, reply: oneshot::Sender<Result<O::Output, O::Error>>) -> Self {
        Self { operation, outcome: None, reply }
    }

    /// Gives this and those that follow with their type again.
    fn typed<'a>(&'a mut self, rest: &'a mut [Box<dyn Waiting>]) -> Vec<&'a mut Self> {
        let rest = rest.iter_mut().filter_map(|waiting| {
            let waiting: &mut dyn Any = &mut **waiting;
            waiting.downcast_mut()
        });
        std::iter::once(self).chain(rest).collect()
    }
}

impl<O: Operation> Waiting for Queued<O> {
    fn streams(&self) -> Vec<StreamId> {
        self.operation.streams()
    }

    fn content_bytes(&self) -> usize {
        self.operation.content_bytes()
    }

    fn is_broken(&self) -> bool {
        self.operation.place().is_some_and(SendPlace::is_broken)
    }

    fn break_off(&self) {
        if let Some(place) = self.operation.place() {
            place.break_off();
        }
    }

    fn is_like(&self, other: &dyn Waiting) -> bool {
        let other: &dyn Any = other;
        other.is::<Self>()
    }

    fn prepare_with<'a>(
        &'a mut self,
        rest: &'a mut [Box<dyn Waiting>],
        ids: &'a IdBlocks,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let run = self.typed(rest).into_iter().map(|queued| &mut queued.operation).collect();
        Box::pin(O::prepare_run(run, ids))
    }

    fn apply_with<'a>(
        &'a mut self,
        rest: &'a mut [Box<dyn Waiting>],
        tx: &'a mut LogTx<'_>,
    ) -> BoxFuture<'a, Result<(), LogError>> {
        Box::pin(async move {
            let run = self.typed(rest);
            let operations: Vec<_> = run.iter().map(|queued| &queued.operation).collect();
            let outcomes = O::apply_run(&operations, tx).await?;
            for (queued, outcome) in run.into_iter().zip(outcomes) {
                queued.outcome = Some(outcome);
            }
            Ok(())
        })
    }

    fn committed(self: Box<Self>) {
        // Whoever stopped waiting has dropped the receiver, and wants no answer.
        if let Some(outcome) = self.outcome {
            drop(self.reply.send(outcome));
        }
    }

    fn failed(self: Box<Self>, error: LogError) {
        drop(self.reply.send(Err(error.into())));
    }
}
