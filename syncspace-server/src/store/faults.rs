//! Faults that tests plant in a transaction; no part of a release.

use super::{Statement, StoreError, Tx};

/// What goes wrong with a commit, so that nobody hears what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// It happened, and its answer was lost.
    AnswerLost,
    /// It never reached the database.
    NeverArrived,
}

impl Tx {
    /// Has the commit of this transaction go wrong.
    pub fn plant(&mut self, fault: CommitFault) {
        self.fault = Some(fault);
    }

    pub(super) async fn commit_unheard(self, fault: CommitFault, last: Vec<Statement>) -> Result<(), StoreError> {
        match fault {
            CommitFault::AnswerLost => self.commit_plainly(last).await?,
            CommitFault::NeverArrived => self.rollback().await,
        }
        Err(StoreError::OutcomeUnknown { source: "a test wants it so".into() })
    }
}
