//! Deleted teams and channels: a tombstone at once, and soon nothing of what was written in them.

use super::job_kinds::{BATCH_ROWS_MAX, Batch, Turn};
use super::{Service, ServiceError, later};
use crate::store::removals;

/// How long what was deleted stays before it goes, in milliseconds: what was on its way when it was deleted has arrived by then.
const GRACE_MS: i64 = 10 * 60 * 1_000;

impl Service {
    /// Removes a part of what is left of deleted teams and channels: cut off anywhere, it is found again.
    pub(super) async fn remove_deleted(&self, turn: &Turn) -> Result<Batch, ServiceError> {
        let now = self.clock.now();
        let before = later(now, -GRACE_MS);
        let mut tx = self.store.begin().await?;
        if !turn.fence().holds(&mut tx).await? {
            return Ok(Batch::TurnLost);
        }
        let batch = if let Some(team) = removals::find_team(&mut tx, before).await? {
            removals::remove_team(&mut tx, team, now).await?;
            Batch::More(1)
        } else if let Some(channel) = removals::find_channel(&mut tx, before).await? {
            let messages = removals::remove_messages(&mut tx, self.store.dialect(), channel, BATCH_ROWS_MAX).await?;
            if messages < u64::from(BATCH_ROWS_MAX) {
                removals::remove_rest(&mut tx, channel, now).await?;
            }
            Batch::More(messages + 1)
        } else {
            Batch::Last(0)
        };
        tx.commit().await?;
        Ok(batch)
    }
}
