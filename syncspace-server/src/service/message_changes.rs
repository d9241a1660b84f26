//! Operations on messages that stand in a channel's log.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::messages::{Message, ThreadState};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId, TeamId, Time, UserId};

use super::access::ChannelAccess;
use super::audit::Line;
use super::team_changes::Refused;
use super::{Actor, ServiceError, access, history, mentions};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::{ChannelAction, Permit};
use crate::store::messages::{self, NewContent};
use crate::store::{files, pins, reactions, versions};

/// Changes the text of a message.
pub(super) struct Rewrite {
    pub(super) actor: Actor,
    pub(super) channel: ChannelId,
    pub(super) seq: Seq,
    pub(super) content: String,
    /// What the author had seen of it.
    pub(super) expected_rev: Option<Rev>,
}

impl Operation for Rewrite {
    type Output = Message;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Message, Refused> {
        let action = |Authored { is_own, age_s }| ChannelAction::EditMessage { is_own, age_s };
        let found = find_written(tx, &self.actor, self.channel, self.seq, action).await?;
        let FoundMessage { permit, access, mut message } = found;
        let team = access.team_id;
        if message.content == self.content {
            return Ok(message);
        }
        history::refuse_unseen(tx.db, &message, self.expected_rev).await?;
        let names = mentions::names_in(&self.content, message.message_type, message.forwarded_from.is_some());
        mentions::check_all(&access, &names, &message.mentions)?;
        let mentions = mentions::resolve(tx.db, &[(self.channel, &names)]).await?.pop().unwrap_or_default();
        let former = std::mem::replace(&mut message.mentions, mentions);
        let taken = tx.next_rev(StreamId::Channel(self.channel), &permit)?;
        history::keep(tx.db, team, &message, tx.now, taken.rev).await?;
        let new = NewContent { content: &self.content, mentions: &message.mentions };
        messages::set_content(tx.db, self.channel, self.seq, new, tx.now, taken.rev).await?;
        mentions::note_again(tx.db, team, &message, &former).await?;
        message.content.clone_from(&self.content);
        message.rev = taken.rev;
        (message.is_edited, message.edited_at, message.updated_at) = (true, Some(tx.now), tx.now);
        let body = EventBody::MessageUpdated {
            seq: self.seq,
            sender_id: message.sender_id,
            parent_seq: message.parent_seq,
            content: self.content.clone(),
            edited_at: tx.now,
            mentions: message.mentions.clone(),
            former_mentions: former,
        };
        tx.announce(taken, body)?;
        Ok(message)
    }
}

/// Empties a message and keeps its place; one that is empty already stays as it is.
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
        let action = |Authored { is_own, .. }| ChannelAction::DeleteMessage { is_own };
        let found = find_place(tx, &self.actor, self.channel, self.seq, action).await?;
        let FoundMessage { permit, access, mut message } = found;
        if message.deleted_at.is_some() {
            return Ok(message);
        }
        let team = access.team_id;
        if message.sender_id != self.actor.user_id {
            let line = Line::by(&self.actor, AuditAction::MessageDeleted).in_team(team).in_channel(self.channel);
            let files: Vec<_> = message.files.iter().map(|file| file.id).collect();
            let line = line.to(message.sender_id).with("seq", self.seq);
            line.with_some("file_ids", (!files.is_empty()).then_some(files)).write(tx.db, tx.now).await?;
        }
        bury(tx, (team, self.actor.user_id), &mut message, &permit).await?;
        Ok(message)
    }
}

/// Empties a message that has content, keeps its place, and tells everybody in its channel.
pub(super) async fn bury(
    tx: &mut LogTx<'_>,
    (team, deleted_by): (TeamId, UserId),
    message: &mut Message,
    permit: &Permit,
) -> Result<(), Refused> {
    let (channel, seq) = (message.channel_id, message.seq);
    let taken = tx.next_rev(StreamId::Channel(channel), permit)?;
    messages::bury(tx.db, channel, seq, tx.now, taken.rev).await?;
    if !message.reactions.is_empty() {
        reactions::remove_all(tx.db, channel, seq).await?;
    }
    if !message.files.is_empty() {
        files::release(tx.db, channel, seq, tx.now).await?;
    }
    if message.pinned.is_some() {
        pins::remove(tx.db, channel, seq).await?;
    }
    if message.is_edited {
        versions::remove_all(tx.db, channel, seq).await?;
    }
    let former_mentions = std::mem::take(&mut message.mentions);
    mentions::note_again(tx.db, team, message, &former_mentions).await?;
    let thread = match message.parent_seq {
        Some(root) => Some(forget_reply(tx, (channel, root), taken.rev).await?),
        None => None,
    };
    message.rev = taken.rev;
    message.bury(tx.now);
    let body = EventBody::MessageDeleted {
        seq,
        sender_id: message.sender_id,
        message_type: message.message_type,
        deleted_by,
        deleted_at: tx.now,
        former_mentions,
        thread,
    };
    tx.announce(taken, body)?;
    Ok(())
}

/// Takes a deleted reply off its root's count; the state is there also where the root is no longer kept.
async fn forget_reply(
    tx: &mut LogTx<'_>,
    (channel, root_seq): (ChannelId, Seq),
    rev: Rev,
) -> Result<ThreadState, Refused> {
    let root = messages::find(tx.db, channel, root_seq).await?;
    let last_reply_at: Option<Time> = messages::find_last_reply_at(tx.db, channel, root_seq).await?;
    let root_sender_id = root.as_ref().map(|root| root.sender_id);
    let reply_count = root.map_or(0, |root| root.reply_count.saturating_sub(1));
    let state = ThreadState { root_seq, root_sender_id, reply_count, last_reply_at };
    messages::set_thread(tx.db, channel, &state, tx.now, rev).await?;
    Ok(state)
}

/// How a message stands to whoever wants to do something to it.
pub(super) struct Authored {
    /// Whether it was written by the same person.
    pub(super) is_own: bool,
    /// How long ago it was sent, in seconds.
    pub(super) age_s: u64,
}

/// A message with something that its actor may do to it.
pub(super) struct FoundMessage {
    pub(super) permit: Permit,
    pub(super) access: ChannelAccess,
    pub(super) message: Message,
}

/// Finds a message that still has content, and asks whether the actor may do this to it.
pub(super) async fn find_written(
    tx: &mut LogTx<'_>,
    actor: &Actor,
    channel: ChannelId,
    seq: Seq,
    action: impl Fn(Authored) -> ChannelAction + std::marker::Send,
) -> Result<FoundMessage, Refused> {
    let found = find_place(tx, actor, channel, seq, action).await?;
    let is_written = found.message.deleted_at.is_none();
    if is_written { Ok(found) } else { Err(Abort::Refused(ServiceError::not_found("message"))) }
}

/// Finds a message, also a deleted one, and asks whether the actor may do this to it.
async fn find_place(
    tx: &mut LogTx<'_>,
    actor: &Actor,
    channel: ChannelId,
    seq: Seq,
    action: impl Fn(Authored) -> ChannelAction + std::marker::Send,
) -> Result<FoundMessage, Refused> {
    let access = access::load_channel(tx.db, actor, channel).await?;
    let message = messages::find(tx.db, channel, seq).await?;
    let message = message.ok_or_else(|| Abort::Refused(ServiceError::not_found("message")))?;
    // A clock behind another instance's: nothing is younger than just sent.
    let age_ms = u64::try_from(tx.now.unix_ms() - message.created_at.unix_ms()).unwrap_or(0);
    let written = Authored { is_own: message.sender_id == actor.user_id, age_s: age_ms / 1_000 };
    let permit = access::permit_channel(&access, action(written))?;
    Ok(FoundMessage { permit, access, message })
}
