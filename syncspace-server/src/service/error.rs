//! What a call of the service can come to, other than what was asked.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use syncspace_protocol::error::{ErrorCode, ErrorDetail};

use crate::log::LogError;
use crate::store::StoreError;

/// Wait named to clients while the database is away, in milliseconds.
const UNAVAILABLE_RETRY_MS: u64 = 1_000;

/// Why a call did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The rules say no; the asking person is told why.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// The database cannot be reached, or cannot say what came of the call.
    #[error("the database is unavailable")]
    Unavailable {
        /// What the store said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Too much to do right now; nothing was done.
    #[error("too busy")]
    Busy {
        /// When to try again, in milliseconds.
        retry_after_ms: u64,
    },
    /// A fault of the server; someone must look at it.
    #[error("a fault of the server")]
    Fault {
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// A "no" with its reason, as the asking person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Kind of the refusal.
    pub code: ErrorCode,
    /// A sentence for the person.
    pub message: Cow<'static, str>,
    /// The field or parameter that was wrong.
    pub field: Option<&'static str>,
    /// When to try again, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl ServiceError {
    /// Refuses with a code and a sentence for the person.
    #[must_use]
    pub fn refused(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(Refusal { code, message: message.into(), field: None, retry_after_ms: None })
    }

    /// Refuses the value of one field; the sentence says what would fit.
    #[must_use]
    pub fn invalid_field(field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(Refusal {
            code: ErrorCode::InvalidField,
            message: message.into(),
            field: Some(field),
            retry_after_ms: None,
        })
    }

    /// Says that there is no such thing, in the same words whether it is missing or hidden.
    #[must_use]
    pub fn not_found(what: &'static str) -> Self {
        Self::refused(ErrorCode::NotFound, format!("there is no such {what}, or you may not see it"))
    }

    /// Says that what a field names does not exist, or may not be seen.
    #[must_use]
    pub fn not_found_by(field: &'static str, message: &'static str) -> Self {
        Self::Refused(Refusal {
            code: ErrorCode::NotFound,
            message: message.into(),
            field: Some(field),
            retry_after_ms: None,
        })
    }

    /// Reports a fault of the server.
    #[must_use]
    pub fn fault(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Fault { source: source.into() }
    }

    /// Gives the code that the wire carries.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Unavailable { .. } => ErrorCode::Unavailable,
            Self::Busy { .. } => ErrorCode::Busy,
            Self::Fault { .. } => ErrorCode::Internal,
        }
    }

    /// Gives the error as REST and socket tell it, without the name of the request.
    #[must_use]
    pub fn detail(&self) -> ErrorDetail {
        let (message, field, retry_after_ms) = match self {
            Self::Refused(refusal) => (refusal.message.as_ref(), refusal.field, refusal.retry_after_ms),
            Self::Unavailable { .. } => {
                ("the database cannot be reached right now; try again later", None, Some(UNAVAILABLE_RETRY_MS))
            }
            Self::Busy { retry_after_ms } => {
                ("the server has too much to do right now; try again later", None, Some(*retry_after_ms))
            }
            Self::Fault { .. } => ("the server made a mistake; its log says more under the request id", None, None),
        };
        ErrorDetail {
            code: self.code(),
            message: message.to_owned(),
            field: field.map(str::to_owned),
            retry_after_ms,
            request_id: None,
        }
    }
}

/// Wait named to clients whose transaction always found another one in its way, in milliseconds.
const CONFLICT_RETRY_MS: u64 = 100;

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. } => {
                Self::Unavailable { source: error.into() }
            }
            StoreError::Conflict { .. } => Self::Busy { retry_after_ms: CONFLICT_RETRY_MS },
            other => Self::fault(other),
        }
    }
}

impl From<Arc<StoreError>> for ServiceError {
    fn from(error: Arc<StoreError>) -> Self {
        match &*error {
            StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. } => {
                Self::Unavailable { source: error.into() }
            }
            StoreError::Conflict { .. } => Self::Busy { retry_after_ms: CONFLICT_RETRY_MS },
            _ => Self::fault(error),
        }
    }
}

impl From<LogError> for ServiceError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Busy { retry_after_ms } => Self::Busy { retry_after_ms },
            LogError::Closed => Self::Unavailable { source: error.into() },
            LogError::Store(ref store) => match &**store {
                StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. } => {
                    Self::Unavailable { source: error.into() }
                }
                StoreError::Conflict { .. } => Self::Busy { retry_after_ms: CONFLICT_RETRY_MS },
                // Two instances chose the same name at the same moment; the check before saw neither.
                StoreError::Duplicate { .. } => super::users::duplicate(store)
                    .unwrap_or_else(|| Self::refused(ErrorCode::NameTaken, "this name was taken a moment ago")),
                StoreError::Corrupt { .. } | StoreError::Schema { .. } | StoreError::Other { .. } => Self::fault(error),
            },
            LogError::Frame(_) | LogError::Panicked => Self::fault(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_tells_nobody_what_it_was() {
        let detail = ServiceError::fault("column hashed_password is missing").detail();
        assert_eq!(detail.code, ErrorCode::Internal);
        assert!(!detail.message.contains("column"));
    }

    #[test]
    fn whoever_may_come_back_is_told_when() {
        let unavailable = ServiceError::Unavailable { source: "connection refused".into() };
        assert_eq!(unavailable.detail().retry_after_ms, Some(UNAVAILABLE_RETRY_MS));
        assert_eq!(ServiceError::Busy { retry_after_ms: 70 }.detail().retry_after_ms, Some(70));
    }
}
