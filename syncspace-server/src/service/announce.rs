//! What every instance must hear of at once: ends of sessions and accounts.

use syncspace_protocol::{SessionId, UserId};

use super::Service;
use crate::log::Effect;

impl Service {
    /// Closes the sockets of a session, on whichever instance they are.
    pub(super) fn announce_session_ended(&self, session_id: SessionId) {
        self.realtime.announce(vec![Effect::SessionEnded { session_id }]);
    }

    /// Has the sockets of an account connect again, because they hold what it might do before.
    pub(super) fn announce_rights_changed(&self, user_id: UserId) {
        self.realtime.announce(vec![Effect::RightsChanged { user_id }]);
    }

    /// Closes the sockets of an account that was switched off.
    pub(super) fn announce_user_deactivated(&self, user_id: UserId) {
        self.realtime.announce(vec![Effect::UserDeactivated { user_id }]);
    }
}
