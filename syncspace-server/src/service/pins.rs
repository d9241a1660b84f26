//! Pins: messages that a channel keeps at hand.

use std::collections::BTreeMap;

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::PINS_PER_CHANNEL_MAX;
use syncspace_protocol::messages::{Message, Pin};
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, Seq, StreamId};

use super::message_changes::{FoundMessage, find_written};
use super::paging::Window;
use super::team_changes::Refused;
use super::{Actor, Service, ServiceError, access};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::ChannelAction;
use crate::store::{Queries as _, messages, pins};

impl Service {
    /// Pins a message to its channel; one that is pinned already stays as it is.
    pub async fn pin(&self, actor: &Actor, channel: ChannelId, seq: Seq) -> Result<Message, ServiceError> {
        self.log.commit(PinMessage { actor: *actor, channel, seq }).await
    }

    /// Takes a message off the pins of its channel.
    pub async fn unpin(&self, actor: &Actor, channel: ChannelId, seq: Seq) -> Result<Message, ServiceError> {
        self.log.commit(UnpinMessage { actor: *actor, channel, seq }).await
    }

    /// Lists the pinned messages of a channel, those pinned last first.
    pub async fn pins(
        &self,
        actor: &Actor,
        channel: ChannelId,
        query: &PageQuery,
    ) -> Result<Page<Message>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        access::load_channel(&mut db, actor, channel).await?;
        let before = query.cursor.is_some().then_some(window.after_id);
        let rows = pins::list(&mut db, channel, before, window.rows_wanted()).await?;
        let page = window.page(rows, |(rev, _)| rev.get());
        if page.items.is_empty() {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let places = page.items.iter().map(|&(_, seq)| (channel, seq));
        let found = db.query_many(vec![messages::by_places(places)]).await?;
        let found = found.first().map_or(Ok(Vec::new()), |rows| messages::read_all(rows))?;
        let mut found: BTreeMap<Seq, Message> = found.into_iter().map(|message| (message.seq, message)).collect();
        let items = page.items.iter().filter_map(|(_, seq)| found.remove(seq)).collect();
        Ok(Page { items, next: page.next })
    }
}

/// Pins a message to its channel.
struct PinMessage {
    actor: Actor,
    channel: ChannelId,
    seq: Seq,
}

impl Operation for PinMessage {
    type Output = Message;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Message, Refused> {
        let action = |_| ChannelAction::Pin;
        let found = find_written(tx, &self.actor, self.channel, self.seq, action).await?;
        let FoundMessage { permit, access, mut message } = found;
        if message.pinned.is_some() {
            return Ok(message);
        }
        if pins::count(tx.db, self.channel).await? >= PINS_PER_CHANNEL_MAX {
            let sentence =
                format!("a channel has at most {PINS_PER_CHANNEL_MAX} pinned messages; take one of them off first");
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        let pin = Pin { user_id: self.actor.user_id, pinned_at: tx.now };
        let taken = tx.next_rev(StreamId::Channel(self.channel), &permit)?;
        (message.pinned, message.rev, message.updated_at) = (Some(pin), taken.rev, tx.now);
        pins::insert(tx.db, access.team_id, &message).await?;
        messages::set_pinned(tx.db, &message).await?;
        tx.announce(taken, EventBody::MessagePinned { seq: self.seq, pin })?;
        Ok(message)
    }
}

/// Takes a message off the pins of its channel.
struct UnpinMessage {
    actor: Actor,
    channel: ChannelId,
    seq: Seq,
}

impl Operation for UnpinMessage {
    type Output = Message;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Message, Refused> {
        let action = |_| ChannelAction::Pin;
        let found = find_written(tx, &self.actor, self.channel, self.seq, action).await?;
        let FoundMessage { permit, mut message, .. } = found;
        if message.pinned.is_none() {
            return Ok(message);
        }
        let taken = tx.next_rev(StreamId::Channel(self.channel), &permit)?;
        (message.pinned, message.rev, message.updated_at) = (None, taken.rev, tx.now);
        pins::remove(tx.db, self.channel, self.seq).await?;
        messages::set_pinned(tx.db, &message).await?;
        let (seq, user_id) = (self.seq, self.actor.user_id);
        tx.announce(taken, EventBody::MessageUnpinned { seq, user_id, updated_at: tx.now })?;
        Ok(message)
    }
}
