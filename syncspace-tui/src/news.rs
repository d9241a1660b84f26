//! The way of answers into the loop: each goes with the account that it is for.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendError;

use crate::app::Net;
use crate::app::accounts::AccountNo;

/// An answer, and the account that it is for.
pub(crate) type Heard = (AccountNo, Net);

/// Passes the answers of one account on.
#[derive(Debug, Clone)]
pub(crate) struct News {
    account: AccountNo,
    queue: mpsc::Sender<Heard>,
}

impl News {
    pub(crate) const fn of(account: AccountNo, queue: mpsc::Sender<Heard>) -> Self {
        Self { account, queue }
    }

    /// Waits for room in the queue; fails where nobody listens any more.
    pub(crate) async fn send(&self, answer: Net) -> Result<(), SendError<Heard>> {
        self.queue.send((self.account, answer)).await
    }

    /// Passes on what matters only while it is new: nothing where the queue is full.
    pub(crate) fn try_send(&self, answer: Net) {
        let _taken = self.queue.try_send((self.account, answer));
    }

    /// The same, on a thread of its own.
    pub(crate) fn blocking_send(&self, answer: Net) -> Result<(), ()> {
        // The answer that nobody heard is given back by the queue, and is large.
        self.queue.blocking_send((self.account, answer)).map_err(drop)
    }
}
