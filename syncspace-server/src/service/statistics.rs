//! How much there is on the server, now and at the end of each day.

use syncspace_protocol::server::{Statistics, StatisticsDay};
use syncspace_protocol::{Time, limits::STATISTICS_DAYS_MAX};

use super::users::require_admin;
use super::{Actor, Service, ServiceError, later};
use crate::store::{Queries, StoreError, statistics};

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * 3600 * 1_000;

impl Service {
    /// Gives how much there is, and was on the last days; for administrators.
    pub async fn statistics(&self, actor: &Actor) -> Result<Statistics, ServiceError> {
        require_admin(actor)?;
        let mut db = &self.store;
        let now = count(&mut db, self.clock.now()).await?;
        // One more: today's own row is no end of a day yet.
        let mut days = statistics::list(&mut db, STATISTICS_DAYS_MAX + 1).await?;
        days.retain(|day| day.day < now.day);
        days.truncate(usize::try_from(STATISTICS_DAYS_MAX).unwrap_or(usize::MAX));
        Ok(Statistics { now, days })
    }
}

/// Counts what there is on the day of a time.
pub(super) async fn count(db: &mut impl Queries, now: Time) -> Result<StatisticsDay, StoreError> {
    let day_begin = later(now, -now.unix_ms().rem_euclid(DAY_MS));
    let day = day_begin.to_string().split('T').next().unwrap_or_default().to_owned();
    statistics::count(db, day, [day_begin, later(day_begin, -6 * DAY_MS)]).await
}
