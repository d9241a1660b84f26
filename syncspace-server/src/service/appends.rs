//! Messages that grow: parts are appended at the end, at most one a second; what no longer fits goes on in a reply.
//!
//! The time of the last part stands in the row, so that the pause holds whichever instance is asked.

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{APPEND_PAUSE_MS, MESSAGE_BYTES_MAX};
use syncspace_protocol::messages::{AppendMessage, Appended, Continued, Message, ThreadState};
use syncspace_protocol::reactions::Reactions;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, ClientId, Mentions, MessageId, Seq, StreamId, TeamId, Time};
use uuid::Uuid;

use super::error::Refusal;
use super::message_changes::{Authored, FoundMessage, find_written};
use super::sends::Written;
use super::team_changes::{Refused, prepared};
use super::{Actor, Service, ServiceError, mentions, parse, sends};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::{ChannelAction, Permit};
use crate::store::{IdBlocks, StoreError, messages};

impl Service {
    /// Appends to a message of the actor's own; the same part at the same place again is no change.
    pub async fn append_message(
        &self,
        actor: &Actor,
        channel: ChannelId,
        seq: Seq,
        append: AppendMessage,
    ) -> Result<Appended, ServiceError> {
        let part = parse::appended_part(&append.content)?;
        let client_id = ClientId::try_from(Uuid::now_v7().to_string()).map_err(ServiceError::fault)?;
        self.log.commit(Append { actor: *actor, id: None, client_id, channel, seq, offset: append.offset, part }).await
    }
}

/// Appends a part to a message.
struct Append {
    actor: Actor,
    /// Of the reply in which the text goes on, where that may become necessary.
    id: Option<MessageId>,
    /// Names that reply.
    client_id: ClientId,
    channel: ChannelId,
    seq: Seq,
    offset: u64,
    part: String,
}

impl Operation for Append {
    type Output = Appended;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    fn content_bytes(&self) -> usize {
        MESSAGE_BYTES_MAX + self.part.len()
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        let end = self.offset.saturating_add(length(&self.part));
        if end > length_max() {
            self.id = Some(ids.next().await?);
        }
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Appended, Refused> {
        let action = |Authored { is_own, .. }| ChannelAction::Append { is_own };
        let found = find_written(tx, &self.actor, self.channel, self.seq, action).await?;
        let FoundMessage { permit, access, mut message } = found;
        let continued = match message.continued_seq {
            Some(seq) => messages::find(tx.db, self.channel, seq).await?.filter(|reply| reply.deleted_at.is_none()),
            None => None,
        };
        // Where the reply is gone, the text ends here again.
        message.continued_seq = continued.as_ref().map(|reply| reply.seq);
        if self.is_done(&message, continued.as_ref()) {
            return Ok(end_of(&message, continued.as_ref()));
        }
        self.refuse_misplaced(&message).map_err(Abort::Refused)?;
        self.refuse_early(tx).await?;
        // A name may begin in what stands there and end in what comes.
        let names = mentions::names_in(
            &(message.content.clone() + &self.part),
            message.message_type,
            message.forwarded_from.is_some(),
        );
        mentions::check_all(&access, &names, &message.mentions)?;
        self.grow(tx, (permit, access.team_id), message).await
    }
}

impl Append {
    /// Tells whether the part stands where it is to go already.
    fn is_done(&self, message: &Message, continued: Option<&Message>) -> bool {
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let Some(there) = message.content.get(offset..) else { return false };
        let is_whole = !there.is_empty() && there.starts_with(&self.part);
        let rest = self.part.strip_prefix(there);
        is_whole || continued.zip(rest).is_some_and(|(reply, rest)| reply.content.starts_with(rest))
    }

    fn refuse_misplaced(&self, message: &Message) -> Result<(), ServiceError> {
        if let Some(seq) = message.continued_seq {
            let sentence = format!("message {} is full; its text goes on in message {seq}: append there", self.seq);
            return Err(ServiceError::refused(ErrorCode::Conflict, sentence));
        }
        let end = length(&message.content);
        if self.offset == end {
            return Ok(());
        }
        Err(ServiceError::Refused(Refusal {
            code: ErrorCode::Conflict,
            message: format!("the text has {end} bytes: append at offset {end}, not at {}", self.offset).into(),
            field: Some("offset"),
            retry_after_ms: None,
        }))
    }

    async fn refuse_early(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let last = messages::find_appended_at(tx.db, self.channel, self.seq).await?;
        let passed_ms = last.map(|last| tx.now.unix_ms().saturating_sub(last.unix_ms()));
        // A clock behind another instance's says nothing of the pause: nobody waits until it has caught up.
        let Some(passed_ms) = passed_ms.and_then(|ms| u64::try_from(ms).ok()).filter(|&ms| ms < APPEND_PAUSE_MS) else {
            return Ok(());
        };
        Err(Abort::Refused(ServiceError::Refused(Refusal {
            code: ErrorCode::RateLimited,
            message: "a message grows at most once a second; gather what comes meanwhile, then append it".into(),
            field: None,
            retry_after_ms: Some(APPEND_PAUSE_MS - passed_ms),
        })))
    }

    async fn grow(
        &self,
        tx: &mut LogTx<'_>,
        (permit, team): (Permit, TeamId),
        mut message: Message,
    ) -> Result<Appended, Refused> {
        let stream = StreamId::Channel(self.channel);
        let room = MESSAGE_BYTES_MAX.saturating_sub(message.content.len());
        let (here, beyond) = self.part.split_at(self.part.floor_char_boundary(room));
        let content = message.content.clone() + here;
        let mentions = self.named(tx, &message, &content).await?;
        let former = std::mem::replace(&mut message.mentions, mentions);
        let offset = length(&message.content);
        let taken = tx.next_rev(stream, &permit)?;
        message.content = content;
        (message.rev, message.updated_at) = (taken.rev, tx.now);
        if !beyond.is_empty() {
            message.continued_seq = Some(tx.next_seq(stream, &permit)?);
        }
        messages::set_appended(tx.db, &message).await?;
        mentions::note_again(tx.db, team, &message, &former).await?;
        let body = EventBody::MessageAppended {
            seq: self.seq,
            sender_id: message.sender_id,
            parent_seq: message.parent_seq,
            offset,
            appended: here.to_owned(),
            updated_at: tx.now,
            mentions: message.mentions.clone(),
            former_mentions: former,
            continued_seq: message.continued_seq,
        };
        tx.announce(taken, body)?;
        let Some(seq) = message.continued_seq else { return Ok(end_of(&message, None)) };
        let reply = self.go_on(tx, (permit, team), &message, (seq, beyond)).await?;
        if reply.parent_seq == Some(message.seq) {
            // The reply stamps its root.
            message.rev = reply.rev;
        }
        Ok(end_of(&message, Some(&reply)))
    }

    /// Sends what did not fit as a reply.
    async fn go_on(
        &self,
        tx: &mut LogTx<'_>,
        (permit, team): (Permit, TeamId),
        message: &Message,
        (seq, beyond): (Seq, &str),
    ) -> Result<Message, Refused> {
        let taken = tx.next_rev(StreamId::Channel(self.channel), &permit)?;
        let root_seq = message.parent_seq.unwrap_or(message.seq);
        // The root of a reply may be kept no longer.
        let root = messages::find(tx.db, self.channel, root_seq).await?;
        let thread = root.map_or_else(|| lone(root_seq, tx.now), |mut root| sends::answered(&mut root, tx.now));
        let reply = Message {
            id: prepared(self.id)?,
            seq,
            rev: taken.rev,
            content: beyond.to_owned(),
            file_url: None,
            parent_message_id: Some(message.parent_message_id.unwrap_or(message.id)),
            parent_seq: Some(root_seq),
            reply_count: 0,
            last_reply_at: None,
            is_edited: false,
            edited_at: None,
            created_at: tx.now,
            updated_at: tx.now,
            client_id: self.client_id.clone(),
            mentions: self.named(tx, message, beyond).await?,
            reactions: Reactions::default(),
            pinned: None,
            forwarded_from: None,
            continued_seq: None,
            files: Vec::new(),
            ..message.clone()
        };
        let digest = sends::digest_of_reply(&reply);
        let written = Written { taken, team, message: reply.clone(), digest, copies: Vec::new(), thread: Some(thread) };
        sends::write(vec![written], tx).await?;
        Ok(reply)
    }

    async fn named(&self, tx: &mut LogTx<'_>, message: &Message, content: &str) -> Result<Mentions, StoreError> {
        let names = mentions::names_in(content, message.message_type, message.forwarded_from.is_some());
        Ok(mentions::resolve(tx.db, &[(self.channel, &names)]).await?.pop().unwrap_or_default())
    }
}

/// The thread of a reply whose root is no longer kept.
const fn lone(root_seq: Seq, now: Time) -> ThreadState {
    ThreadState { root_seq, root_sender_id: None, reply_count: 1, last_reply_at: Some(now) }
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

fn length_max() -> u64 {
    u64::try_from(MESSAGE_BYTES_MAX).unwrap_or(u64::MAX)
}

fn end_of(message: &Message, continued: Option<&Message>) -> Appended {
    let continued = continued.map(|reply| Continued { seq: reply.seq, length: length(&reply.content) });
    Appended { rev: message.rev, length: length(&message.content), continued }
}
