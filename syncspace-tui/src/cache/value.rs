//! Values as the tables hold them.

use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;
use syncspace_protocol::{ChannelId, Seq};

use crate::app::composer::DraftKey;

/// Gives a number of the wire as SQLite's. Numbers of the wire are below 2^53.
pub(super) fn int(number: impl Into<u64>) -> i64 {
    i64::try_from(number.into()).unwrap_or(i64::MAX)
}

/// Reads a number of the wire.
pub(super) fn number<T>(row: &Row<'_>, at: usize) -> rusqlite::Result<T>
where
    T: TryFrom<u64>,
    T::Error: std::error::Error + Send + Sync + 'static,
{
    let stored: i64 = row.get(at)?;
    let wrong = |error| rusqlite::Error::FromSqlConversionFailure(at, Type::Integer, error);
    let stored = u64::try_from(stored).map_err(|error| wrong(error.into()))?;
    T::try_from(stored).map_err(|error| wrong(Box::new(error)))
}

/// Reads what was stored as JSON; none where this program writes it in another way.
pub(super) fn json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).inspect_err(|error| tracing::info!(%error, "a row of the cache is passed over")).ok()
}

/// Gives the three columns that name a draft.
pub(super) fn draft_columns(key: DraftKey) -> (i64, i64, i64) {
    match key {
        DraftKey::Channel(channel) => (0, int(channel), 0),
        DraftKey::Thread(channel, root) => (1, int(channel), int(root)),
        DraftKey::Edit(channel, seq) => (2, int(channel), int(seq)),
        // For a channel without a number yet.
        DraftKey::Arriving => (3, 1, 0),
    }
}

/// Reads the three columns that name a draft.
pub(super) fn draft_key(row: &Row<'_>) -> rusqlite::Result<Option<DraftKey>> {
    let (kind, channel, seq): (i64, ChannelId, Seq) = (row.get(0)?, number(row, 1)?, number(row, 2)?);
    Ok(match kind {
        0 => Some(DraftKey::Channel(channel)),
        1 => Some(DraftKey::Thread(channel, seq)),
        2 => Some(DraftKey::Edit(channel, seq)),
        3 => Some(DraftKey::Arriving),
        _ => None,
    })
}
