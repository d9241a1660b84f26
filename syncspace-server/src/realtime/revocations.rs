//! What was taken away, on this instance: applied at once from the bus, or in order from the log; and the pause of delivery
//! while nobody can say whether there is more.

use std::sync::{MutexGuard, PoisonError};

use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::bus::Message;
use super::carrier::Subject;
use super::ledger::Ledger;
use super::{Frame, Realtime};
use crate::log::{Effect, Revoked};

impl Realtime {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.inner.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells every instance, this one included, of what was committed into the revocation log.
    pub fn revoke(&self, revoked: Revoked) {
        self.apply_revoked(&revoked);
        self.tell(Subject::Control, &Message::Revoked(revoked));
    }

    /// Applies what the log says was taken away, unless it was applied here with its event.
    pub(super) fn apply_revoked(&self, revoked: &Revoked) {
        (revoked.first..).zip(&revoked.effects).for_each(|(number, &effect)| self.apply_row(number, effect));
        self.look_for_gaps();
    }

    /// Applies a row of the log. A second time it may take away what was given back since.
    fn apply_row(&self, number: u64, effect: Effect) {
        if self.ledger().holds(number) {
            return;
        }
        // First nobody is let in by what is kept, then those who are in go.
        self.hear_ended(effect);
        self.inner.hub.revoke_all(&[effect]);
        self.ledger().apply(number, 1);
    }

    /// Forgets what is kept of a right that ended.
    fn hear_ended(&self, effect: Effect) {
        self.inner.sessions.hear(effect);
        if effect == Effect::ServerSettingsChanged {
            self.inner.settings_changed.notify_one();
        }
        // Those who show the person may share no team with it any more.
        if let Effect::TeamLeft { user_id, .. } = effect {
            self.inner.hub.recheck_watched(user_id, &self.inner.watchers.depart(user_id));
        }
    }

    /// Notes the numbers of what was applied as part of its stream.
    pub(super) fn note_revoked(&self, revoked: &Revoked) {
        revoked.effects.iter().for_each(|&effect| self.hear_ended(effect));
        self.ledger().apply(revoked.first, revoked.effects.len());
        self.look_for_gaps();
    }

    fn look_for_gaps(&self) {
        if self.ledger().missing_after().is_some() {
            self.inner.revocation_gap.notify_one();
        }
    }

    /// Starts at the log's end: nobody is connected yet, and whoever connects reads what holds.
    pub fn start_revocations(&self, last: u64, read_at: Instant) {
        self.ledger().restart(last, read_at);
    }

    /// Has every connection look again at its session and at all it follows: parts of the log are no longer kept.
    pub fn restart_revocations(&self, last: u64, read_at: Instant) {
        self.inner.sessions.clear();
        self.ledger().restart(last, read_at);
        self.inner.hub.refresh_all();
        self.inner.settings_changed.notify_one();
        self.inner.confirmed.notify_one();
    }

    /// Learns where the log ended when the database was asked; gives the number after which rows are to be read, if any.
    ///
    /// The other instances hear it too: those that reach no database know by it that they miss nothing.
    #[must_use]
    pub fn see_revocations(&self, last: u64, read_at: Instant) -> Option<u64> {
        self.hear_revocations(last, read_at);
        self.tell(Subject::Control, &Message::RevocationsEnd(last));
        self.ledger().missing_after()
    }

    /// Learns where the log ended at a time, from whoever read it.
    pub(super) fn hear_revocations(&self, last: u64, at: Instant) {
        self.ledger().see(last, at);
        self.inner.confirmed.notify_one();
    }

    /// Applies rows of the log, in their order.
    pub fn catch_up_revocations(&self, rows: &[(u64, Effect)]) {
        rows.iter().for_each(|&(number, effect)| self.apply_row(number, effect));
        self.inner.confirmed.notify_one();
    }

    /// Waits until a number came whose predecessors did not.
    pub async fn revocation_gap(&self) {
        self.inner.revocation_gap.notified().await;
    }

    /// Waits until somebody settled something for the whole server.
    pub async fn settings_changed(&self) {
        self.inner.settings_changed.notified().await;
    }

    /// Hands a frame that belongs to no stream to everybody who is connected here.
    pub fn tell_everybody(&self, frame: &Frame) {
        self.inner.hub.tell_all(frame);
    }

    /// Stops delivery while nobody confirms that everything taken away was applied here, and lets it go on; never ends.
    pub async fn guard_delivery(&self) {
        loop {
            let deadline = self.ledger().deadline();
            let is_overdue = deadline <= Instant::now();
            if is_overdue != self.inner.hub.is_withholding() {
                if is_overdue {
                    warn!(
                        "neither the bus nor the database tells who lost access: nothing is delivered until one does"
                    );
                    self.inner.hub.withhold();
                } else {
                    info!("it is known again who lost access: delivery goes on");
                    self.inner.hub.go_on_delivering();
                }
            }
            tokio::select! {
                () = sleep_until(deadline), if !is_overdue => {}
                () = self.inner.confirmed.notified() => {}
            }
        }
    }

    /// Tells whether it was confirmed a short while ago that everything taken away was applied here.
    pub(super) fn are_revocations_confirmed(&self) -> bool {
        self.ledger().deadline() > Instant::now()
    }

    /// Tells whether delivery stands still.
    #[must_use]
    pub fn is_withholding(&self) -> bool {
        self.inner.hub.is_withholding()
    }
}
