//! Messages: what a person reads of a channel's log, and the doors to its changes.

use syncspace_protocol::messages::{EditMessage, Message, MessagePage, MessageQuery, SendMessage, Thread};
use syncspace_protocol::socket::SentAck;
use syncspace_protocol::{ChannelId, ClientId, MessageId, Seq};
use uuid::Uuid;

use super::mentions::names_in;
use super::message_changes::{Bury, Rewrite};
use super::paging::{Window, truncate};
use super::sends::{Send, Sent, digest};
use super::threads::find_membership;
use super::{Actor, Service, ServiceError, access, parse, reactions};
use crate::log::SendPlace;
use crate::store::messages::Part;
use crate::store::{Queries, messages, threads};

impl Service {
    /// Gives part of a channel's log, oldest first.
    pub async fn messages(
        &self,
        actor: &Actor,
        channel: ChannelId,
        query: MessageQuery,
    ) -> Result<MessagePage, ServiceError> {
        let limit = Window::limit(query.limit)?;
        let mut db = &self.store;
        // The head comes first: the page may hold more than its rev says, never less.
        let (_, head) = access::load_channel_and_head(&mut db, actor, channel).await?;
        let newest = Part::Before(head.last_seq.next());
        let (mut items, has_more) = match (query.before, query.after, query.around) {
            (None, None, None) => one_side(&mut db, channel, newest, limit).await?,
            (Some(before), None, None) => one_side(&mut db, channel, Part::Before(before), limit).await?,
            (None, Some(after), None) => one_side(&mut db, channel, Part::After(after), limit).await?,
            (None, None, Some(around)) => both_sides(&mut db, channel, around, limit).await?,
            _ => {
                let sentence = "name at most one of before, after and around";
                return Err(ServiceError::invalid_field("before", sentence));
            }
        };
        items.retain(|message| message.seq > head.floor_seq);
        let edge = if query.after.is_some() { items.last() } else { items.first() };
        let next = edge.filter(|_| has_more).map(|message| message.seq.to_string());
        let from_seq = items.first().map_or(Seq::ZERO, |message| message.seq);
        let to_seq = items.last().map_or(Seq::ZERO, |message| message.seq);
        let my_reactions = reactions::mine_beside(&mut db, actor.user_id, items.iter()).await?;
        Ok(MessagePage { items, next, from_seq, to_seq, last_seq: head.last_seq, rev: head.last_rev, my_reactions })
    }

    /// Sends a message; the same `client_id` gives the same message back, and whether it stood there already.
    pub async fn send_message(
        &self,
        actor: &Actor,
        channel: ChannelId,
        body: SendMessage,
    ) -> Result<(Message, bool), ServiceError> {
        let sent = self.submit_send(actor, channel, body, None)?.await?;
        Ok((sent.message, sent.is_repeat))
    }

    /// Puts a message into its channel's lane at once, so that calls in order are messages in order; the future ends after the
    /// commit.
    pub(crate) fn submit_send(
        &self,
        actor: &Actor,
        channel: ChannelId,
        body: SendMessage,
        place: Option<SendPlace>,
    ) -> Result<impl Future<Output = Result<Sent, ServiceError>> + use<>, ServiceError> {
        let files = parse::message_files(body.files.clone())?;
        let content = match files.is_empty() {
            true => parse::message_content(&body.content)?,
            false => parse::message_content_or_none(&body.content)?,
        };
        let digest = digest(&body).map_err(ServiceError::fault)?;
        let (message_type, code) = parse::message_kind(body.message_type, body.code, !files.is_empty())?;
        let client_id = match body.client_id {
            Some(client_id) => client_id,
            None => ClientId::try_from(Uuid::now_v7().to_string()).map_err(ServiceError::fault)?,
        };
        let parent = body.parent_message_id;
        let forward_of = body.forward_of;
        let names = names_in(&content, message_type, forward_of.is_some());
        self.log.submit(Send {
            actor: *actor,
            id: None,
            channel,
            content,
            message_type,
            code,
            names,
            parent,
            forward_of,
            files,
            copy_ids: Vec::new(),
            client_id,
            digest,
            place,
        })
    }

    /// Gives one message by its place.
    pub async fn message(&self, actor: &Actor, channel: ChannelId, seq: Seq) -> Result<Message, ServiceError> {
        let mut db = &self.store;
        access::load_channel(&mut db, actor, channel).await?;
        messages::find(&mut db, channel, seq).await?.ok_or_else(|| ServiceError::not_found("message"))
    }

    /// Gives one message by its id.
    pub async fn message_by_id(&self, actor: &Actor, id: MessageId) -> Result<Message, ServiceError> {
        let mut db = &self.store;
        let found = messages::find_by_id(&mut db, id).await?;
        let message = found.ok_or_else(|| ServiceError::not_found("message"))?;
        // The same words whether there is no such message or its channel is hidden.
        match access::load_channel(&mut db, actor, message.channel_id).await {
            Ok(_) => Ok(message),
            Err(access::Stopped::Refused(_)) => Err(ServiceError::not_found("message")),
            Err(stopped) => Err(stopped.into()),
        }
    }

    /// Changes the text of the actor's own message.
    pub async fn edit_message(
        &self,
        actor: &Actor,
        channel: ChannelId,
        seq: Seq,
        edit: EditMessage,
    ) -> Result<Message, ServiceError> {
        let content = parse::message_content(&edit.content)?;
        self.log.commit(Rewrite { actor: *actor, channel, seq, content, expected_rev: edit.expected_rev }).await
    }

    /// Deletes a message; gives the place it leaves.
    pub async fn delete_message(&self, actor: &Actor, channel: ChannelId, seq: Seq) -> Result<Message, ServiceError> {
        self.log.commit(Bury { actor: *actor, channel, seq }).await
    }

    /// Gives a thread: its root and replies before or after a place, oldest first; from the first one on where none is named.
    /// A reply names its thread as well as the root.
    pub async fn thread(
        &self,
        actor: &Actor,
        channel: ChannelId,
        seq: Seq,
        query: MessageQuery,
    ) -> Result<Thread, ServiceError> {
        let part = match (query.before, query.after, query.around) {
            (None, after, None) => Part::After(after.unwrap_or(Seq::ZERO)),
            (Some(before), None, None) => Part::Before(before),
            _ => return Err(ServiceError::invalid_field("before", "a thread is read by one of before and after")),
        };
        let limit = Window::limit(query.limit)?;
        let mut db = &self.store;
        let (_, head) = access::load_channel_and_head(&mut db, actor, channel).await?;
        let not_found = || ServiceError::not_found("message");
        let mut root = messages::find(&mut db, channel, seq).await?.ok_or_else(not_found)?;
        if let Some(root_seq) = root.parent_seq {
            root = messages::find(&mut db, channel, root_seq).await?.ok_or_else(not_found)?;
        }
        let mut items = messages::list_replies(&mut db, (channel, root.seq), part, limit + 1).await?;
        let has_more = cut(&mut items, part, limit);
        let edge = if matches!(part, Part::After(_)) { items.last() } else { items.first() };
        let next = edge.filter(|_| has_more).map(|message| message.seq.to_string());
        let shown = std::iter::once(&root).chain(&items);
        let my_reactions = reactions::mine_beside(&mut db, actor.user_id, shown).await?;
        let participants = threads::list_participants(&mut db, (channel, root.seq)).await?;
        let membership = find_membership(&mut db, actor.user_id, (channel, root.seq)).await?;
        Ok(Thread { root, items, next, participants, membership, rev: head.last_rev, my_reactions })
    }
}

impl Sent {
    /// Gives what the sender is told on the socket.
    pub(crate) fn ack(&self) -> SentAck {
        SentAck {
            message_id: self.message.id,
            seq: self.message.seq,
            rev: self.sent_rev,
            created_at: self.message.created_at,
            is_repeat: self.is_repeat,
        }
    }
}

/// Reads one side of a place, and whether the log goes on there.
async fn one_side(
    db: &mut impl Queries,
    channel: ChannelId,
    part: Part,
    limit: u32,
) -> Result<(Vec<Message>, bool), ServiceError> {
    let mut items = messages::list(db, channel, part, limit + 1).await?;
    let has_more = cut(&mut items, part, limit);
    Ok((items, has_more))
}

/// Takes away what was read only to see whether the log goes on; tells whether it does.
fn cut(items: &mut Vec<Message>, part: Part, limit: u32) -> bool {
    match part {
        Part::After(_) => truncate(items, limit),
        Part::Before(_) => {
            items.reverse();
            let has_more = truncate(items, limit);
            items.reverse();
            has_more
        }
    }
}

/// Reads a place with what is before and after it; "goes on" means towards older messages.
async fn both_sides(
    db: &mut impl Queries,
    channel: ChannelId,
    around: Seq,
    limit: u32,
) -> Result<(Vec<Message>, bool), ServiceError> {
    let older = limit / 2;
    let (mut items, has_more) = one_side(db, channel, Part::Before(around), older).await?;
    let place = Seq::try_from(around.get().saturating_sub(1)).unwrap_or(Seq::ZERO);
    let (newer, _) = one_side(db, channel, Part::After(place), limit - older).await?;
    items.extend(newer);
    Ok((items, has_more))
}
