//! Deleted teams and channels: a tombstone at once, and soon nothing of what was written in them.

use syncspace_protocol::{TeamId, UserId};

use super::erasures::free_name;
use super::job_kinds::{BATCH_ROWS_MAX, Batch, Turn};
use super::{Service, ServiceError, later};
use crate::log::Effect;
use crate::store::personal_data::{self, Person};
use crate::store::users::find_user;
use crate::store::{Tx, bots, erasures, removals};

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
        if let Some(team) = removals::find_team(&mut tx, before).await? {
            return self.remove_team(tx, team).await;
        }
        let batch = if let Some(channel) = removals::find_channel(&mut tx, before).await? {
            let mut rows = removals::remove_messages(&mut tx, self.store.dialect(), channel, BATCH_ROWS_MAX).await?;
            if rows < u64::from(BATCH_ROWS_MAX) {
                rows = removals::remove_words(&mut tx, self.store.dialect(), channel, BATCH_ROWS_MAX).await?;
            }
            if rows < u64::from(BATCH_ROWS_MAX) {
                removals::remove_rest(&mut tx, channel, now).await?;
            }
            Batch::More(rows + 1)
        } else {
            Batch::Last(0)
        };
        tx.commit().await?;
        Ok(batch)
    }

    /// Removes a part of what a deleted team had: its bots one by one, then its imports and deliveries, then the rest.
    async fn remove_team(&self, mut tx: Tx, team: TeamId) -> Result<Batch, ServiceError> {
        let now = self.clock.now();
        if let Some(bot) = bots::find_any(&mut tx, team).await? {
            let rows = self.end_bot(&mut tx, bot).await?;
            self.commit_revoking(tx, vec![Effect::UserDeactivated { user_id: bot }]).await?;
            return Ok(Batch::More(rows + 1));
        }
        let imported = removals::remove_import(&mut tx, self.store.dialect(), team, BATCH_ROWS_MAX).await?;
        let rows = match imported {
            Some(rows) => rows,
            None => removals::remove_deliveries(&mut tx, self.store.dialect(), team, BATCH_ROWS_MAX).await?,
        };
        if imported.is_none() && rows < u64::from(BATCH_ROWS_MAX) {
            removals::remove_team(&mut tx, team, now).await?;
        }
        tx.commit().await?;
        Ok(Batch::More(rows + 1))
    }

    /// Empties a bot's account, which was in no other team; its name is free then.
    async fn end_bot(&self, tx: &mut Tx, bot: UserId) -> Result<u64, ServiceError> {
        let now = self.clock.now();
        if let Some(user) = find_user(tx, bot).await? {
            let name = free_name(tx, bot).await?;
            erasures::empty_account(tx, &user, &name, now).await?;
        }
        let person = Person::load(tx, bot).await?;
        let (rows, has_more) = personal_data::clear_all(tx, self.store.dialect(), &person, BATCH_ROWS_MAX).await?;
        if !has_more {
            erasures::release_files(tx, bot, now).await?;
            bots::remove(tx, bot).await?;
        }
        Ok(rows)
    }
}
