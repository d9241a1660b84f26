//! How many statements were sent: what operators watch, and what goals in statements are measured by.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Many;

/// Statements sent since the store was opened. Each is one round trip on MySQL.
#[derive(Debug, Default)]
pub(super) struct Counts {
    reads: AtomicU64,
    changes: AtomicU64,
    transactions: AtomicU64,
}

/// What was sent up to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StatementCounts {
    /// Statements that only read.
    pub reads: u64,
    /// Statements that change rows.
    pub changes: u64,
    /// Transactions begun.
    pub transactions: u64,
}

impl Counts {
    pub(super) fn read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn look_up(&self, lookups: &[Many]) {
        let statements = lookups.iter().map(Many::statements_as_lookup).sum::<usize>();
        self.reads.fetch_add(statements as u64, Ordering::Relaxed);
    }

    pub(super) fn change_many(&self, change: &Many) {
        self.changes.fetch_add(change.statements_as_change() as u64, Ordering::Relaxed);
    }

    pub(super) fn transaction(&self) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> StatementCounts {
        StatementCounts {
            reads: self.reads.load(Ordering::Relaxed),
            changes: self.changes.load(Ordering::Relaxed),
            transactions: self.transactions.load(Ordering::Relaxed),
        }
    }
}
