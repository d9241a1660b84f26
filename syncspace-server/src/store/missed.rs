//! What a person's device missed of many channels, in two statements: what it may read and how far, and then the rows.

use std::collections::BTreeMap;

use syncspace_protocol::messages::Message;
use syncspace_protocol::{ChannelId, Rev, Seq, UserId};

use super::channel_members::{MARKER, MarkerRow, read_marker};
use super::messages::{MESSAGE, read};
use super::{Queries, Sql, StoreError, Value, padded, params, placeholders};

/// Most channels read by one statement.
pub const CHANNELS_PER_PAGE: usize = 64;

/// How far a channel's stream goes, and how far the person has read.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// Changes up to this number are no longer kept one by one.
    pub floor_rev: Rev,
    /// How far the floor was last raised, and at which rev.
    pub floor: (Seq, Rev),
    /// Where the person's marker stands, with the channel's newest numbers.
    pub marker: MarkerRow,
}

/// Loads how far the streams of these channels go; leaves out those that the person is not in.
pub async fn load_ranges(
    db: &mut impl Queries,
    user: UserId,
    channels: &[ChannelId],
) -> Result<BTreeMap<ChannelId, Range>, StoreError> {
    let mut ranges = BTreeMap::new();
    for chunk in channels.chunks(CHANNELS_PER_PAGE) {
        let ids = padded(chunk.iter().map(|&id| Value::from(id)).collect());
        let sql = Sql::built(format!(
            "SELECT m.channel_id, h.floor_rev, h.floor_seq, h.floor_seq_rev, {MARKER} FROM channel_members m JOIN channels c ON c.id = m.channel_id \
             JOIN teams t ON t.id = m.team_id JOIN channel_heads h ON h.channel_id = m.channel_id \
             WHERE m.user_id = ? AND m.channel_id IN ({}) AND m.left_at IS NULL AND c.deleted_at IS NULL \
             AND t.deleted_at IS NULL",
            placeholders(ids.len())
        ));
        let mut values = params![user];
        values.extend(ids);
        for row in db.query(&sql, values).await? {
            let mut row = row.reader();
            let channel = row.take()?;
            let (floor_rev, floor) = (row.take()?, (row.take()?, row.take()?));
            ranges.insert(channel, Range { floor_rev, floor, marker: read_marker(&mut row)? });
        }
    }
    Ok(ranges)
}

/// Lists messages changed after a rev in each of these channels, ordered by channel, rev and place, up to a limit over all.
pub async fn list_changes(
    db: &mut impl Queries,
    after: &[(ChannelId, Rev)],
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    if after.is_empty() {
        return Ok(Vec::new());
    }
    let pairs = super::sql::padded_length(after.len());
    let last = after.last().copied();
    let pad = std::iter::repeat(last).flatten().take(pairs.saturating_sub(after.len()));
    let values = after.iter().copied().chain(pad).flat_map(|(channel, rev)| params![channel, rev]).collect();
    let ranges = vec!["(channel_id = ? AND rev > ?)"; pairs].join(" OR ");
    let sql = Sql::built(format!(
        "SELECT {MESSAGE} FROM messages WHERE {ranges} ORDER BY channel_id, rev, seq LIMIT {limit}"
    ));
    db.query(&sql, values).await?.iter().map(read).collect()
}
