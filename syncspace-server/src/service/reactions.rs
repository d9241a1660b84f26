//! Reactions: one per person and emoji; how many there are is the same for everybody, which are mine is asked for beside it.

use std::collections::BTreeMap;

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{REACTION_USERS_SHOWN_MAX, REACTIONS_PER_MESSAGE_MAX};
use syncspace_protocol::messages::Message;
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::reactions::{Emoji, MyReactions, Reacted, Reaction, ReactionQuery};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, Seq, StreamId, UserId};

use super::message_changes::{FoundMessage, find_written};
use super::paging::Window;
use super::team_changes::Refused;
use super::{Actor, Service, ServiceError};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::{ChannelAction, Permit};
use crate::store::reactions::ReactionKey;
use crate::store::{Queries, StoreError, messages, reactions};

impl Service {
    /// Reacts to a message; once more with the same emoji is no change.
    pub async fn react(
        &self,
        actor: &Actor,
        channel: ChannelId,
        seq: Seq,
        emoji: &Emoji,
    ) -> Result<Message, ServiceError> {
        self.log.commit(React { actor: *actor, channel, seq, emoji: standard(emoji)? }).await
    }

    /// Takes a reaction back; one that is not there is no change.
    pub async fn unreact(
        &self,
        actor: &Actor,
        channel: ChannelId,
        seq: Seq,
        emoji: &Emoji,
    ) -> Result<Message, ServiceError> {
        self.log.commit(Unreact { actor: *actor, channel, seq, emoji: standard(emoji)? }).await
    }

    /// Lists who reacted to a message with what, in the order in which they did.
    pub async fn reactions(
        &self,
        actor: &Actor,
        channel: ChannelId,
        seq: Seq,
        query: ReactionQuery,
    ) -> Result<Page<Reacted>, ServiceError> {
        let emoji = query.emoji.as_ref().map(standard).transpose()?;
        let window = Window::parse(&PageQuery { cursor: query.cursor, limit: query.limit, ..PageQuery::default() })?;
        let mut db = &self.store;
        self.message(actor, channel, seq).await?;
        let place = (channel, seq);
        let rows = reactions::list(&mut db, place, emoji.as_ref(), window.after_id, window.rows_wanted()).await?;
        let page = window.page(rows, |(rev, _)| rev.get());
        Ok(Page { items: page.items.into_iter().map(|(_, reacted)| reacted).collect(), next: page.next })
    }
}

/// Gives the one name of a standard emoji.
fn standard(emoji: &Emoji) -> Result<Emoji, ServiceError> {
    emoji.canonical().ok_or_else(|| {
        let sentence =
            format!("there is no standard emoji of the short name {emoji}; try thumbsup, heart, tada or eyes");
        ServiceError::invalid_field("emoji", sentence)
    })
}

/// Gives with what a person reacted to these messages, by their places; messages without any are left out.
pub(super) async fn mine_in<'a>(
    db: &mut impl Queries,
    user: UserId,
    messages: impl Iterator<Item = &'a Message> + Send,
) -> Result<BTreeMap<(ChannelId, Seq), Vec<Emoji>>, StoreError> {
    let (mut mine, mut unsure) = (BTreeMap::new(), Vec::new());
    for message in messages.filter(|message| !message.reactions.is_empty()) {
        let place = (message.channel_id, message.seq);
        // As a rule the message names everybody, and nothing has to be read.
        match message.reactions.known_of(user) {
            (_, false) => unsure.push(place),
            (emoji, true) if emoji.is_empty() => {}
            (emoji, true) => drop(mine.insert(place, emoji)),
        }
    }
    if !unsure.is_empty() {
        for (channel, seq, emoji) in reactions::list_of_user(db, user, &unsure).await? {
            mine.entry((channel, seq)).or_default().push(emoji);
        }
    }
    Ok(mine)
}

/// Gives with what a person reacted to messages of one channel, as it stands beside them.
pub(super) async fn mine_beside<'a>(
    db: &mut impl Queries,
    user: UserId,
    messages: impl Iterator<Item = &'a Message> + Send,
) -> Result<Vec<MyReactions>, StoreError> {
    let mine = mine_in(db, user, messages).await?;
    Ok(mine.into_iter().map(|((_, seq), emoji)| MyReactions { seq, emoji }).collect())
}

/// Reacts to a message.
struct React {
    actor: Actor,
    channel: ChannelId,
    seq: Seq,
    emoji: Emoji,
}

impl Operation for React {
    type Output = Message;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Message, Refused> {
        let action = |_| ChannelAction::React;
        let found = find_written(tx, &self.actor, self.channel, self.seq, action).await?;
        let FoundMessage { permit, access, mut message } = found;
        let user_id = self.actor.user_id;
        let key = ReactionKey { channel: self.channel, seq: self.seq, user: user_id, emoji: &self.emoji };
        if reactions::exists(tx.db, key).await? {
            return Ok(message);
        }
        let held = message.reactions.find(&self.emoji).cloned();
        if held.is_none() && message.reactions.len() >= REACTIONS_PER_MESSAGE_MAX {
            let sentence = format!(
                "a message has at most {REACTIONS_PER_MESSAGE_MAX} different reactions; choose one of those that are there"
            );
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        let mut reaction = held.unwrap_or_else(|| Reaction { emoji: self.emoji.clone(), count: 0, users: Vec::new() });
        reaction.count = reaction.count.saturating_add(1);
        if reaction.users.len() < REACTION_USERS_SHOWN_MAX {
            reaction.users.push(user_id);
        }
        let taken = tx.next_rev(StreamId::Channel(self.channel), &permit)?;
        reactions::insert(tx.db, access.team_id, key, tx.now, taken.rev).await?;
        message.reactions.put(reaction.clone());
        (message.rev, message.updated_at) = (taken.rev, tx.now);
        messages::set_reactions(tx.db, &message).await?;
        tx.announce(taken, EventBody::ReactionAdded { seq: self.seq, user_id, reaction, updated_at: tx.now })?;
        Ok(message)
    }
}

/// Takes a reaction back.
struct Unreact {
    actor: Actor,
    channel: ChannelId,
    seq: Seq,
    emoji: Emoji,
}

impl Operation for Unreact {
    type Output = Message;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Message, Refused> {
        let action = |_| ChannelAction::React;
        let found = find_written(tx, &self.actor, self.channel, self.seq, action).await?;
        let FoundMessage { permit, mut message, .. } = found;
        let user_id = self.actor.user_id;
        let key = ReactionKey { channel: self.channel, seq: self.seq, user: user_id, emoji: &self.emoji };
        let Some(mut reaction) = message.reactions.find(&self.emoji).cloned() else { return Ok(message) };
        if !reactions::exists(tx.db, key).await? {
            return Ok(message);
        }
        take_back(tx, (&mut message, user_id), &mut reaction, &permit).await?;
        Ok(message)
    }
}

/// Takes a reaction off a message, and tells everybody in its channel.
pub(super) async fn take_back(
    tx: &mut LogTx<'_>,
    (message, user_id): (&mut Message, UserId),
    reaction: &mut Reaction,
    permit: &Permit,
) -> Result<(), Refused> {
    let (channel, seq) = (message.channel_id, message.seq);
    let taken = tx.next_rev(StreamId::Channel(channel), permit)?;
    reactions::remove(tx.db, ReactionKey { channel, seq, user: user_id, emoji: &reaction.emoji }).await?;
    reaction.count = reaction.count.saturating_sub(1);
    // Whoever came next moves up into the list.
    reaction.users = reactions::first_users(tx.db, (channel, seq), &reaction.emoji, REACTION_USERS_SHOWN_MAX).await?;
    message.reactions.put(reaction.clone());
    (message.rev, message.updated_at) = (taken.rev, tx.now);
    messages::set_reactions(tx.db, message).await?;
    let reaction = reaction.clone();
    tx.announce(taken, EventBody::ReactionRemoved { seq, user_id, reaction, updated_at: tx.now })?;
    Ok(())
}
