//! Rows of the order in which a person's channels of a team stand: one for each person who ever chose one.

use syncspace_protocol::personal::MyChannelOrder;
use syncspace_protocol::{ChannelId, MemberId, Rev, TeamId};

use super::{FromValue, Queries, Row, Sql, StoreError, Value, params};

/// Channels as a column: a JSON list of their ids.
struct Ids(Vec<ChannelId>);

impl From<&Ids> for Value {
    fn from(ids: &Ids) -> Self {
        // Numbers: writing them cannot fail.
        serde_json::to_string(&ids.0).map_or(Self::Null, Self::Text)
    }
}

impl FromValue for Ids {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let Value::Text(text) = value else { return Err("an order of channels") };
        serde_json::from_str(text).map(Self).map_err(|_| "an order of channels")
    }
}

fn read(row: &Row) -> Result<MyChannelOrder, StoreError> {
    let mut row = row.reader();
    let Ids(channel_ids) = row.take()?;
    Ok(MyChannelOrder { channel_ids, rev: row.take()? })
}

/// Finds the order of a person's channels.
pub async fn find(db: &mut impl Queries, member: MemberId) -> Result<Option<MyChannelOrder>, StoreError> {
    find_changed(db, member, Rev::ZERO).await
}

/// Finds the order of a person's channels where it was changed after a rev of the person's own stream.
pub async fn find_changed(
    db: &mut impl Queries,
    member: MemberId,
    after: Rev,
) -> Result<Option<MyChannelOrder>, StoreError> {
    let sql = Sql::both("SELECT channel_ids, rev FROM channel_orders WHERE member_id = ? AND rev > ?");
    db.query_first(&sql, params![member, after]).await?.as_ref().map(read).transpose()
}

/// Writes the order of a person's channels.
pub async fn put(
    db: &mut impl Queries,
    (member, team): (MemberId, TeamId),
    order: &MyChannelOrder,
) -> Result<(), StoreError> {
    const PUT: Sql = Sql::pair(
        "INSERT INTO channel_orders (member_id, team_id, channel_ids, rev) VALUES (?,?,?,?) \
         ON DUPLICATE KEY UPDATE channel_ids = VALUES(channel_ids), rev = VALUES(rev)",
        "INSERT INTO channel_orders (member_id, team_id, channel_ids, rev) VALUES (?,?,?,?) \
         ON CONFLICT (member_id) DO UPDATE SET channel_ids = excluded.channel_ids, rev = excluded.rev",
    );
    let ids = Ids(order.channel_ids.clone());
    db.execute(&PUT, params![member, team, &ids, order.rev]).await.map(drop)
}
