//! What can go wrong between a program and the server, one variant for each thing a caller may decide.

use std::path::PathBuf;
use std::time::Duration;

use syncspace_protocol::{ErrorCode, ErrorDetail};

use crate::{ServerUrl, ServerUrlError};

/// Any other error, kept as the source.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call did not give its result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server answered, and said no; or would, and was not asked. The message is a sentence for a person.
    #[error("{}", .0.message)]
    Refused(ErrorDetail),
    /// The server could not be reached, or the connection broke. Whether it acted on the request is not known.
    #[error("cannot reach the server at {server}")]
    Unreachable {
        /// The server.
        server: ServerUrl,
        /// What the network said.
        source: BoxError,
    },
    /// No answer came in time. Whether the server acted on the request is not known.
    #[error("the server did not answer in time")]
    TimedOut,
    /// There are no credentials for this server, or its session has ended.
    #[error("not logged in at {server}")]
    NotLoggedIn {
        /// The server.
        server: ServerUrl,
    },
    /// The answer was not what this version of the protocol says. Is it a SyncSpace server of this version?
    #[error("the answer to {during} could not be understood")]
    Protocol {
        /// The request.
        during: String,
        /// What was wrong with the answer.
        source: BoxError,
    },
    /// A file of this machine, as a rule the credentials, could not be read or written.
    #[error("cannot use {}", .path.display())]
    Local {
        /// The file.
        path: PathBuf,
        /// Why not, and what to do.
        source: BoxError,
    },
    /// The address is not that of a server.
    #[error(transparent)]
    Address(#[from] ServerUrlError),
}

impl ClientError {
    /// Gives the server's code, where the server refused.
    #[must_use]
    pub const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(detail) => Some(detail.code),
            _ => None,
        }
    }

    /// Gives how long to wait before trying again, where the server said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(detail) => detail.retry_after_ms.map(Duration::from_millis),
            _ => None,
        }
    }

    /// Tells whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Refused(detail) => {
                matches!(detail.code, ErrorCode::Busy | ErrorCode::Unavailable | ErrorCode::RateLimited)
            }
            Self::Unreachable { .. } | Self::TimedOut => true,
            Self::NotLoggedIn { .. } | Self::Protocol { .. } | Self::Local { .. } | Self::Address(_) => false,
        }
    }

    /// Tells whether only a new login helps.
    #[must_use]
    pub const fn is_logged_out(&self) -> bool {
        match self {
            Self::Refused(detail) => matches!(detail.code, ErrorCode::SessionEnded | ErrorCode::Unauthenticated),
            Self::NotLoggedIn { .. } => true,
            _ => false,
        }
    }

    /// Makes the refusal that the server would give, for what can be seen without asking it.
    pub(crate) fn refused(code: ErrorCode, message: String) -> Self {
        Self::Refused(ErrorDetail { code, message, field: None, retry_after_ms: None, request_id: None })
    }

    pub(crate) fn local(path: impl Into<PathBuf>, source: impl Into<BoxError>) -> Self {
        Self::Local { path: path.into(), source: source.into() }
    }
}
