//! Rights that end: written into the numbered log with the change that ends them, and read from it by every instance.

use std::time::Duration;

use syncspace_protocol::SessionId;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::{Service, ServiceError};
use crate::log::{self, Effect};
use crate::store::{Source, StoreError, Tx, revocations};

/// How often the end of the log is asked for. The bus brings it sooner, but may lose it, and an instance that cannot speak
/// says nothing on it.
const READ_EVERY: Duration = Duration::from_secs(1);

/// Longest wait for the end of the log; a database that is slower than this has said nothing.
const READ_WAIT: Duration = Duration::from_millis(1_500);

/// Rows read at a time.
const ROWS_AT_ONCE: u32 = 500;

impl Service {
    /// Ends a transaction that takes something away: writes what, commits, and tells every instance.
    pub(super) async fn commit_revoking(&self, mut tx: Tx, effects: Vec<Effect>) -> Result<(), ServiceError> {
        if effects.is_empty() {
            return Ok(tx.commit().await?);
        }
        let revoked = log::revoke(&mut tx, effects, self.clock.now()).await?;
        tx.commit().await?;
        self.realtime.revoke(revoked);
        Ok(())
    }

    /// Starts reading the log at its end; before the first socket.
    pub(super) async fn start_revocations(&self) -> Result<(), ServiceError> {
        let asked_at = Instant::now();
        let head = revocations::load_head(&mut &self.store).await?;
        self.realtime.start_revocations(head.last, asked_at);
        Ok(())
    }

    /// Reads the log's end now and then, and at once where a number is missing; never ends.
    pub(super) async fn keep_revocations(&self) {
        let mut is_away = false;
        loop {
            let failure: Option<Source> = match timeout(READ_WAIT, self.read_revocations()).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.into()),
                Err(late) => Some(late.into()),
            };
            if let (Some(error), false) = (&failure, is_away) {
                let error = error.as_ref() as &dyn std::error::Error;
                warn!(error, "the log of ended rights cannot be read; tried again every second");
            }
            is_away = failure.is_some();
            // A missing number asks again at once, but not without end where the database is away.
            tokio::select! {
                () = sleep(READ_EVERY) => {}
                () = self.realtime.revocation_gap(), if !is_away => {}
            }
        }
    }

    async fn read_revocations(&self) -> Result<(), StoreError> {
        let asked_at = Instant::now();
        let head = revocations::load_head(&mut &self.store).await?;
        let Some(mut after) = self.realtime.see_revocations(head.last, asked_at) else { return Ok(()) };
        if after < head.floor {
            warn!(
                after,
                floor = head.floor,
                "ended rights were purged before they were read: everything is looked at anew"
            );
            self.realtime.restart_revocations(head.last, asked_at);
            return Ok(());
        }
        while after < head.last {
            let rows = revocations::list_after(&mut &self.store, after, ROWS_AT_ONCE).await?;
            let effects = rows.iter().map_while(|(number, row)| Some((*number, serde_json::from_str(row).ok()?)));
            let effects: Vec<(u64, Effect)> = effects.collect();
            self.realtime.catch_up_revocations(&effects);
            let Some((last, _)) = rows.last().filter(|_| effects.len() == rows.len()) else {
                // Written by another version, or purged meanwhile.
                warn!(after, "ended rights cannot be read one by one: everything is looked at anew");
                self.realtime.restart_revocations(head.last, asked_at);
                return Ok(());
            };
            after = *last;
        }
        Ok(())
    }
}

/// Says that sessions are over.
pub(super) fn sessions_ended(sessions: &[SessionId]) -> Vec<Effect> {
    sessions.iter().map(|&session_id| Effect::SessionEnded { session_id }).collect()
}
