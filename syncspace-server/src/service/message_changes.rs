//! Operations on a channel's log.

use sha2::{Digest as _, Sha256};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::mentions::MentionedNames;
use syncspace_protocol::messages::{Message, MessageType, SendMessage, ThreadState};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, ClientId, MessageId, Rev, Seq, StreamId, TeamId, Time};

use super::team_changes::{Refused, prepared};
use super::{Actor, ServiceError, access, mentions};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::{ChannelAction, Permit};
use crate::store::messages::NewContent;
use crate::store::{IdBlocks, StoreError, messages};

/// Names a request to send as it was made, before anything was cleaned: the first half of its SHA-256, in hex.
pub(super) fn digest(body: &SendMessage) -> String {
    let parent = body.parent_message_id.map_or(0, MessageId::get);
    let hash = Sha256::new().chain_update(parent.to_be_bytes()).chain_update(body.content.as_bytes()).finalize();
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Sends a message.
pub(super) struct Send {
    pub(super) actor: Actor,
    pub(super) id: Option<MessageId>,
    pub(super) channel: ChannelId,
    pub(super) content: String,
    /// The names in the content.
    pub(super) names: MentionedNames,
    pub(super) parent: Option<MessageId>,
    pub(super) client_id: ClientId,
    pub(super) digest: String,
}

/// A message that stands in the log.
pub(crate) struct Sent {
    pub(crate) message: Message,
    /// The rev that the sending took; later changes gave the message newer ones, so a repeat has the newest.
    pub(crate) sent_rev: Rev,
    pub(crate) is_repeat: bool,
}

impl Operation for Send {
    type Output = Sent;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.id = Some(ids.next().await?);
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Sent, Refused> {
        // The repeat is answered first of all, also after an edit, a deletion, or leaving the channel.
        if let Some(sent) = self.find_repeat(tx).await? {
            return Ok(sent);
        }
        let (permit, found) = access::on_channel(tx.db, &self.actor, self.channel, ChannelAction::Post).await?;
        let root = self.find_root(tx).await?;
        let mentions = mentions::resolve(tx.db, &[(self.channel, &self.names)]).await?.pop().unwrap_or_default();
        let stream = StreamId::Channel(self.channel);
        let taken = tx.next_rev(stream, &permit)?;
        let message = Message {
            id: prepared(self.id)?,
            channel_id: self.channel,
            seq: tx.next_seq(stream, &permit)?,
            rev: taken.rev,
            sender_id: self.actor.user_id,
            content: self.content.clone(),
            message_type: MessageType::Text,
            file_url: None,
            parent_message_id: root.as_ref().map(|root| root.id),
            parent_seq: root.as_ref().map(|root| root.seq),
            reply_count: 0,
            last_reply_at: None,
            is_edited: false,
            edited_at: None,
            deleted_at: None,
            created_at: tx.now,
            updated_at: tx.now,
            client_id: self.client_id.clone(),
            mentions,
        };
        messages::insert(tx.db, found.team_id, &message, &self.digest).await?;
        mentions::note(tx.db, found.team_id, &[&message]).await?;
        let thread = match root {
            Some(root) => {
                let state = ThreadState {
                    root_seq: root.seq,
                    reply_count: root.reply_count.saturating_add(1),
                    last_reply_at: Some(tx.now),
                };
                messages::set_thread(tx.db, self.channel, &state, tx.now, taken.rev).await?;
                Some(state)
            }
            None => None,
        };
        tx.announce(taken, EventBody::MessageCreated { message: message.clone(), thread })?;
        Ok(Sent { message, sent_rev: taken.rev, is_repeat: false })
    }
}

impl Send {
    async fn find_repeat(&self, tx: &mut LogTx<'_>) -> Result<Option<Sent>, Refused> {
        let sender = self.actor.user_id;
        match messages::find_by_client_id(tx.db, self.channel, sender, &self.client_id).await? {
            None => Ok(None),
            Some((message, digest)) if digest == self.digest => {
                Ok(Some(Sent { sent_rev: message.rev, message, is_repeat: true }))
            }
            Some(_) => {
                let sentence = "this client_id was used for another message; every new message needs a new one";
                Err(Abort::Refused(ServiceError::refused(ErrorCode::ClientIdReused, sentence)))
            }
        }
    }

    /// Finds the root of the thread that the message joins; a reply to a reply joins the same thread.
    async fn find_root(&self, tx: &mut LogTx<'_>) -> Result<Option<Message>, Refused> {
        let Some(parent) = self.parent else { return Ok(None) };
        let gone = || {
            let sentence = "the message you answer does not exist in this channel, or was deleted";
            let mut refusal = ServiceError::invalid_field("parent_message_id", sentence);
            if let ServiceError::Refused(refusal) = &mut refusal {
                refusal.code = ErrorCode::NotFound;
            }
            Abort::Refused(refusal)
        };
        let parent = messages::find_by_id(tx.db, parent).await?;
        let parent = parent.filter(|found| found.channel_id == self.channel && found.deleted_at.is_none());
        let parent = parent.ok_or_else(gone)?;
        match parent.parent_seq {
            None => Ok(Some(parent)),
            Some(seq) => Ok(Some(messages::find(tx.db, self.channel, seq).await?.ok_or_else(gone)?)),
        }
    }
}

/// Changes the text of a message.
pub(super) struct Rewrite {
    pub(super) actor: Actor,
    pub(super) channel: ChannelId,
    pub(super) seq: Seq,
    pub(super) content: String,
    /// The names in the content.
    pub(super) names: MentionedNames,
}

impl Operation for Rewrite {
    type Output = Message;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Message, Refused> {
        let action = |is_own| ChannelAction::EditMessage { is_own };
        let (permit, team, mut message) = find_mine(tx, &self.actor, self.channel, self.seq, action).await?;
        if message.content == self.content {
            return Ok(message);
        }
        let mentions = mentions::resolve(tx.db, &[(self.channel, &self.names)]).await?.pop().unwrap_or_default();
        let former = std::mem::replace(&mut message.mentions, mentions);
        let taken = tx.next_rev(StreamId::Channel(self.channel), &permit)?;
        let new = NewContent { content: &self.content, mentions: &message.mentions };
        messages::set_content(tx.db, self.channel, self.seq, new, tx.now, taken.rev).await?;
        mentions::note_again(tx.db, team, &message, &former).await?;
        message.content.clone_from(&self.content);
        message.rev = taken.rev;
        (message.is_edited, message.edited_at, message.updated_at) = (true, Some(tx.now), tx.now);
        let body = EventBody::MessageUpdated {
            seq: self.seq,
            sender_id: message.sender_id,
            content: self.content.clone(),
            edited_at: tx.now,
            mentions: message.mentions.clone(),
            former_mentions: former,
        };
        tx.announce(taken, body)?;
        Ok(message)
    }
}

/// Empties a message and keeps its place.
pub(super) struct Bury {
    pub(super) actor: Actor,
    pub(super) channel: ChannelId,
    pub(super) seq: Seq,
}

impl Operation for Bury {
    type Output = Message;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Message, Refused> {
        let action = |is_own| ChannelAction::DeleteMessage { is_own };
        let (permit, team, mut message) = find_mine(tx, &self.actor, self.channel, self.seq, action).await?;
        let taken = tx.next_rev(StreamId::Channel(self.channel), &permit)?;
        messages::bury(tx.db, self.channel, self.seq, tx.now, taken.rev).await?;
        let former_mentions = std::mem::take(&mut message.mentions);
        mentions::note_again(tx.db, team, &message, &former_mentions).await?;
        let thread = match message.parent_seq {
            Some(root) => Some(self.forget_reply(tx, root, taken.rev).await?),
            None => None,
        };
        message.content.clear();
        message.file_url = None;
        message.rev = taken.rev;
        (message.deleted_at, message.updated_at) = (Some(tx.now), tx.now);
        let body = EventBody::MessageDeleted {
            seq: self.seq,
            sender_id: message.sender_id,
            message_type: message.message_type,
            deleted_by: self.actor.user_id,
            deleted_at: tx.now,
            former_mentions,
            thread,
        };
        tx.announce(taken, body)?;
        Ok(message)
    }
}

impl Bury {
    /// Takes a deleted reply off its root's count; the state is there also where the root is no longer kept.
    async fn forget_reply(&self, tx: &mut LogTx<'_>, root_seq: Seq, rev: Rev) -> Result<ThreadState, Refused> {
        let root = messages::find(tx.db, self.channel, root_seq).await?;
        let last_reply_at: Option<Time> = messages::find_last_reply_at(tx.db, self.channel, root_seq).await?;
        let reply_count = root.map_or(0, |root| root.reply_count.saturating_sub(1));
        let state = ThreadState { root_seq, reply_count, last_reply_at };
        messages::set_thread(tx.db, self.channel, &state, tx.now, rev).await?;
        Ok(state)
    }
}

/// Finds a message that still has content, and asks whether the actor may do this to it.
async fn find_mine(
    tx: &mut LogTx<'_>,
    actor: &Actor,
    channel: ChannelId,
    seq: Seq,
    action: impl Fn(bool) -> ChannelAction + std::marker::Send,
) -> Result<(Permit, TeamId, Message), Refused> {
    let found = access::load_channel(tx.db, actor, channel).await?;
    let message = messages::find(tx.db, channel, seq).await?.filter(|message| message.deleted_at.is_none());
    let message = message.ok_or_else(|| Abort::Refused(ServiceError::not_found("message")))?;
    let permit = access::permit_channel(&found, action(message.sender_id == actor.user_id))?;
    Ok((permit, found.team_id, message))
}
