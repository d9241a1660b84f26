//! What can go wrong with a database, by what someone does about it.

use std::borrow::Cow;

/// The error underneath, kept for logs.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// A statement or transaction that failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or cannot write now; nothing was changed. Try again later.
    #[error("the database is unavailable: {during}")]
    Unavailable {
        /// What was tried.
        during: &'static str,
        /// Why it failed.
        source: Source,
    },
    /// Another transaction was in the way (deadlock, lock wait). Repeat the whole transaction at once.
    #[error("another transaction was in the way")]
    Conflict {
        /// What the database said.
        source: Source,
    },
    /// A unique key already has this value. The transaction goes on without the statement.
    #[error("the unique key {key} already has this value")]
    Duplicate {
        /// Name of the key as in `migrations/`, or `PRIMARY`.
        key: String,
    },
    /// The connection was lost while a change was being committed: it may have happened or not. Look it up.
    #[error("it is unknown whether the change was committed")]
    OutcomeUnknown {
        /// Why it is unknown.
        source: Source,
    },
    /// A column holds what the program never writes.
    #[error("column {column} of a row (from 0) does not hold {expected}")]
    Corrupt {
        /// Place of the column in the statement, from 0.
        column: usize,
        /// What the program expects there.
        expected: &'static str,
    },
    /// The schema does not fit this program, or cannot be brought up to date now.
    #[error("{message}")]
    Schema {
        /// What is wrong and what to do, for the operator.
        message: String,
    },
    /// A mistake in the program, the schema or the configuration. Someone must look at it.
    #[error("the database refused: {during}")]
    Other {
        /// What was tried: the statement without its values, or a sentence.
        during: Cow<'static, str>,
        /// What the database said.
        source: Source,
    },
}

impl StoreError {
    /// Tells whether this says that the named unique key has the value already.
    #[must_use]
    pub fn is_duplicate_of(&self, name: &str) -> bool {
        matches!(self, Self::Duplicate { key } if key == name)
    }
}
