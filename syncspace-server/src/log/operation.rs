//! One change: its rules and rows, and the outcome that somebody waits for.

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use syncspace_protocol::StreamId;
use tokio::sync::oneshot;

use super::{FrameError, LogTx};
use crate::store::{IdBlocks, StoreError};

/// A change of streams. It is applied inside a transaction that holds the heads of its streams, and may be applied again
/// from the start where the transaction has to be repeated.
pub trait Operation: Send + Sync + 'static {
    /// What the one who waits gets after the commit.
    type Output: Send + 'static;
    /// What the one who waits gets instead.
    type Error: From<LogError> + Send + 'static;

    /// Names the streams whose heads it needs, the one that chooses the lane first. Streams it makes itself are not among them.
    fn streams(&self) -> Vec<StreamId>;

    /// Takes the ids of what it will make, before the transaction begins. Called once.
    fn prepare(&mut self, ids: &IdBlocks) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = ids;
        std::future::ready(Ok(()))
    }

    /// Checks its rules, then writes. After the first write only the store's errors may come.
    fn apply(&self, tx: &mut LogTx<'_>) -> impl Future<Output = Result<Self::Output, Abort<Self::Error>>> + Send;
}

/// Why an operation was not applied.
#[derive(Debug)]
pub enum Abort<E> {
    /// Its rules say no; others in the same transaction go on.
    Refused(E),
    /// The store failed; the transaction is repeated or given up as a whole.
    Store(StoreError),
    /// An event could not be written; a defect.
    Frame(FrameError),
}

impl<E> From<StoreError> for Abort<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E> From<FrameError> for Abort<E> {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
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
}

impl From<StoreError> for LogError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// An operation in a lane, without its types.
pub(super) trait Waiting: Send {
    fn streams(&self) -> Vec<StreamId>;
    fn prepare<'a>(&'a mut self, ids: &'a IdBlocks) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Applies it and keeps its outcome. An error means that the transaction cannot go on.
    fn apply<'a>(&'a mut self, tx: &'a mut LogTx<'_>) -> BoxFuture<'a, Result<(), LogError>>;
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
}

impl<O: Operation> Waiting for Queued<O> {
    fn streams(&self) -> Vec<StreamId> {
        self.operation.streams()
    }

    fn prepare<'a>(&'a mut self, ids: &'a IdBlocks) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.operation.prepare(ids))
    }

    fn apply<'a>(&'a mut self, tx: &'a mut LogTx<'_>) -> BoxFuture<'a, Result<(), LogError>> {
        Box::pin(async move {
            self.outcome = Some(match self.operation.apply(tx).await {
                Ok(output) => Ok(output),
                Err(Abort::Refused(error)) => Err(error),
                Err(Abort::Store(error)) => return Err(error.into()),
                Err(Abort::Frame(error)) => return Err(LogError::Frame(Arc::new(error))),
            });
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
