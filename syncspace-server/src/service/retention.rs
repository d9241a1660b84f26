//! How long messages are kept: what is settled for a channel, its team or the server, what it takes, and the taking.
//!
//! The oldest messages of a channel go, a bounded part at a time: with each part its floor rises by a rev of its own, and
//! nothing is left below it. Only places from the oldest one on: a message that is older than one before it waits for that.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::limits::RETENTION_DAYS_MAX;
use syncspace_protocol::retention::{RetentionQuery, RetentionReport, retention_days};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, StreamId, TeamId, Time};

use super::audit::Line;
use super::job_kinds::{Batch, Turn};
use super::team_changes::Refused;
use super::users::require_admin;
use super::{Actor, DAY_S, Service, ServiceError, access, later};
use crate::log::{LogTx, Operation};
use crate::permissions::{self, ChannelAction, TeamAction};
use crate::store::retention::{self, KeptChannel};
use crate::store::{Dialect, Queries, server_settings};

/// Most messages that go in one transaction, which holds up whoever writes in the channel: some ten milliseconds.
const MESSAGES_PER_COMMIT: u32 = 200;

/// Channels looked at by one statement.
const CHANNELS_PER_LOOK: u32 = 200;

/// Refuses what is no number of days.
pub(super) fn check_days(field: &'static str, days: Option<u32>) -> Result<(), ServiceError> {
    if days.is_none_or(|days| days <= RETENTION_DAYS_MAX) {
        return Ok(());
    }
    let sentence = format!("messages are kept for 1 to {RETENTION_DAYS_MAX} days, or for ever: 0");
    Err(ServiceError::invalid_field(field, sentence))
}

/// Gives the time before which messages are no longer kept; none where they are kept for ever.
fn cutoff(days: Option<u32>, now: Time) -> Option<Time> {
    days.map(|days| later(now, -i64::from(days) * i64::from(DAY_S) * 1_000))
}

/// Tells whether the oldest message of a channel is older than a time.
fn is_due(kept: &KeptChannel, before: Option<Time>) -> bool {
    kept.oldest_at.zip(before).is_some_and(|(oldest, before)| oldest < before)
}

impl Service {
    /// Tells how long the messages of a channel are kept, and what goes by that.
    pub async fn channel_retention(
        &self,
        actor: &Actor,
        channel: ChannelId,
        query: RetentionQuery,
    ) -> Result<RetentionReport, ServiceError> {
        check_days("days", query.days)?;
        let mut db = &self.store;
        // What other days would take is counted message by message: for those who may settle them.
        let action = if query == RetentionQuery::NOW { ChannelAction::Read } else { ChannelAction::SetRetention };
        access::on_channel(&mut db, actor, channel, action).await?;
        let server = server_settings::load(&mut db).await?.retention_days;
        // An import that still fills the channel has it for itself.
        let Some(kept) = retention::find(&mut db, channel).await? else { return Ok(RetentionReport::default()) };
        let days = retention_days(query.settled(kept.own_days), kept.team_days, server);
        let mut report = Report::new(days, self.clock.now());
        report.take(&mut db, &kept).await?;
        Ok(report.done)
    }

    /// Tells what goes of the channels that leave it to their team how long messages are kept; for those who manage it.
    pub async fn team_retention(
        &self,
        actor: &Actor,
        team: TeamId,
        query: RetentionQuery,
    ) -> Result<RetentionReport, ServiceError> {
        check_days("days", query.days)?;
        let mut db = &self.store;
        let (_, found) = access::on_team(&mut db, actor, team, TeamAction::Edit).await?;
        let server = server_settings::load(&mut db).await?.retention_days;
        let days = query.settled(found.facts.settings.retention_days);
        let mut report = Report::new(retention_days(None, days, server), self.clock.now());
        for kept in retention::list_of_team(&mut db, team).await?.iter().filter(|kept| kept.own_days.is_none()) {
            report.take(&mut db, kept).await?;
        }
        Ok(report.done)
    }

    /// Tells what goes of the channels that leave it to the server how long messages are kept; for administrators.
    pub async fn server_retention(
        &self,
        actor: &Actor,
        query: RetentionQuery,
    ) -> Result<RetentionReport, ServiceError> {
        require_admin(actor)?;
        check_days("days", query.days)?;
        let mut db = &self.store;
        let days = query.settled(server_settings::load(&mut db).await?.retention_days);
        let mut report = Report::new(retention_days(None, None, days), self.clock.now());
        let mut after = None;
        loop {
            let page = retention::list(&mut db, after, CHANNELS_PER_LOOK).await?;
            let Some(last) = page.last() else { return Ok(report.done) };
            after = Some(last.channel);
            for kept in page.iter().filter(|kept| kept.own_days.or(kept.team_days).is_none()) {
                report.take(&mut db, kept).await?;
            }
        }
    }

    /// Removes the next part of what was kept long enough; cut off anywhere, it is found again.
    ///
    /// The fence is asked before, not in each commit: the operation looks again, under the lock of the channel, what is settled.
    pub(super) async fn apply_retention(&self, turn: &Turn) -> Result<Batch, ServiceError> {
        let mut tx = self.store.begin().await?;
        if !turn.fence().holds(&mut tx).await? {
            return Ok(Batch::TurnLost);
        }
        let server = server_settings::load(&mut tx).await?.retention_days;
        let page = retention::list(&mut tx, turn.retention_after(), CHANNELS_PER_LOOK).await?;
        tx.rollback().await;
        let now = self.clock.now();
        let mut before = turn.retention_after();
        for kept in &page {
            if is_due(kept, cutoff(retention_days(kept.own_days, kept.team_days, server), now)) {
                // Behind it, should it fail: one channel does not keep the others waiting.
                turn.note_retention(Some(kept.channel));
                let dialect = self.store.dialect();
                let removed = self.log.commit(RaiseFloor { dialect, channel: kept.channel }).await?;
                turn.note_retention(before);
                return Ok(Batch::More(removed));
            }
            before = Some(kept.channel);
        }
        let is_last = page.len() < usize::try_from(CHANNELS_PER_LOOK).unwrap_or(usize::MAX);
        turn.note_retention(before.filter(|_| !is_last));
        Ok(if is_last { Batch::Last(0) } else { Batch::More(0) })
    }
}

/// A report that is being made.
struct Report {
    done: RetentionReport,
    before: Option<Time>,
}

impl Report {
    fn new(retention_days: Option<u32>, now: Time) -> Self {
        Self {
            done: RetentionReport { retention_days, ..RetentionReport::default() },
            before: cutoff(retention_days, now),
        }
    }

    async fn take(&mut self, db: &mut impl Queries, kept: &KeptChannel) -> Result<(), ServiceError> {
        self.done.channels += 1;
        let Some(before) = self.before.filter(|_| is_due(kept, self.before)) else { return Ok(()) };
        let old = retention::count_old(db, kept, before).await?;
        self.done.messages += old.messages;
        self.done.files += old.files;
        self.done.file_bytes += old.file_bytes;
        Ok(())
    }
}

/// Takes the oldest messages of a channel that were kept long enough, at most a bounded number.
struct RaiseFloor {
    dialect: Dialect,
    channel: ChannelId,
}

impl Operation for RaiseFloor {
    /// How many messages went.
    type Output = u64;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<u64, Refused> {
        let server = server_settings::load(tx.db).await?.retention_days;
        let Some(kept) = retention::find(tx.db, self.channel).await? else { return Ok(0) };
        let days = retention_days(kept.own_days, kept.team_days, server);
        let Some(before) = cutoff(days, tx.now) else { return Ok(0) };
        let oldest = retention::list_oldest(tx.db, self.channel, MESSAGES_PER_COMMIT + 1).await?;
        let limit = usize::try_from(MESSAGES_PER_COMMIT).unwrap_or(usize::MAX);
        let count = oldest.iter().take(limit).take_while(|message| message.created_at < before).count();
        let (old, rest) = oldest.split_at(count);
        let Some(last) = old.last() else { return Ok(0) };
        let taken = tx.raise_floor(self.channel, last.seq, &permissions::kept_long_enough()).await?;
        retention::remove(tx.db, self.dialect, self.channel, old, tx.now).await?;
        // One line for all that goes in a row: the floor says how far.
        if rest.first().is_none_or(|message| message.created_at >= before) {
            let line = Line::by_server(AuditAction::RetentionApplied).in_team(kept.team).in_channel(self.channel);
            line.with("floor_seq", last.seq).with("retention_days", days).write(tx.db, tx.now).await?;
        }
        tx.announce(taken, EventBody::FloorRaised { floor_seq: last.seq })?;
        Ok(old.len() as u64)
    }
}
