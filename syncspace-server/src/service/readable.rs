//! Messages that something names, as a person may read them at this moment.

use std::collections::BTreeMap;

use syncspace_protocol::messages::Message;
use syncspace_protocol::{ChannelId, Seq};

use super::{Actor, access};
use crate::store::{Queries, StoreError, channels, messages};

/// Reads messages by their places: those that are not deleted, and that the actor may read now.
///
/// Two look-ups however many places there are; callers bound them by a page.
pub(super) async fn messages_at(
    db: &mut impl Queries,
    actor: &Actor,
    mut places: Vec<(ChannelId, Seq)>,
) -> Result<BTreeMap<(ChannelId, Seq), Message>, StoreError> {
    places.sort_unstable();
    places.dedup();
    let mut pairs: Vec<_> = places.iter().map(|&(channel, _)| (channel, actor.user_id)).collect();
    pairs.dedup();
    // The permission last: what was taken away while the messages were read is not shown.
    let lookups = vec![messages::by_places(places.into_iter()), channels::access_of_many(pairs.into_iter())];
    let found = db.query_many(lookups).await?;
    let [messages, access] = found.as_slice() else { return Ok(BTreeMap::new()) };
    let access = channels::read_access_of_many(access)?;
    let may_read = |channel| access::weigh_channel(actor, access.get(&(channel, actor.user_id)).copied()).is_ok();
    let messages = messages::read_all(messages)?.into_iter();
    let readable = messages.filter(|message| message.deleted_at.is_none() && may_read(message.channel_id));
    Ok(readable.map(|message| ((message.channel_id, message.seq), message)).collect())
}
