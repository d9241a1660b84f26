//! Routes of messages, threads and missed changes.

use syncspace_protocol::error::{ErrorCode, ErrorDetail};
use syncspace_protocol::messages::{
    AppendMessage, Appended, EditMessage, Message, MessagePage, MessagePlace, MessageQuery, MessageType,
    MessageVersion, SendMessage, Thread,
};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::reactions::{Emoji, Reacted, ReactionQuery};
use syncspace_protocol::sync::{Changes, ChangesQuery};
use syncspace_protocol::{ChannelId, ClientId, MessageId, Page, Seq, StreamId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Reads a part of a channel's log, oldest first.
    pub async fn messages(&self, channel: ChannelId, query: MessageQuery) -> Result<MessagePage, ClientError> {
        self.get(&format!("channels/{channel}/messages")).query(&query).fetch().await
    }

    /// Sends a message; again with the same `client_id` gives the one that was sent before.
    pub async fn send_message(&self, channel: ChannelId, message: SendMessage) -> Result<Message, ClientError> {
        self.post(&format!("channels/{channel}/messages")).body(&message).fetch().await
    }

    /// Forwards a message into a channel: a copy of its text as it is now, or another text that stands for it, with its
    /// files, which says where it comes from.
    pub async fn forward_message(
        &self,
        source: MessagePlace,
        channel: ChannelId,
        text: Option<String>,
        client_id: Option<ClientId>,
    ) -> Result<Message, ClientError> {
        let found = self.message(source.channel_id, source.seq).await?;
        if found.deleted_at.is_some() {
            let message = "the message you forward was deleted".to_owned();
            let code = ErrorCode::NotFound;
            let detail = ErrorDetail { code, message, field: None, retry_after_ms: None, request_id: None };
            return Err(ClientError::Refused(detail));
        }
        let message = SendMessage {
            content: text.unwrap_or(found.content),
            client_id,
            // Of a type that people do not send goes the text.
            message_type: if found.message_type == MessageType::Code { MessageType::Code } else { MessageType::Text },
            code: found.code,
            forward_of: Some(source),
            files: found.files.iter().map(|file| file.id).collect(),
            ..SendMessage::default()
        };
        self.send_message(channel, message).await
    }

    /// Gives a message by its place.
    pub async fn message(&self, channel: ChannelId, seq: Seq) -> Result<Message, ClientError> {
        self.get(&format!("channels/{channel}/messages/{seq}")).fetch().await
    }

    /// Gives a message by its id.
    pub async fn message_by_id(&self, message: MessageId) -> Result<Message, ClientError> {
        self.get(&format!("messages/{message}")).fetch().await
    }

    /// Changes the text of a message.
    pub async fn edit_message(&self, channel: ChannelId, seq: Seq, edit: EditMessage) -> Result<Message, ClientError> {
        self.patch(&format!("channels/{channel}/messages/{seq}")).body(&edit).fetch().await
    }

    /// Deletes a message; its place stays, and is given back without the text.
    pub async fn delete_message(&self, channel: ChannelId, seq: Seq) -> Result<Message, ClientError> {
        self.delete(&format!("channels/{channel}/messages/{seq}")).fetch().await
    }

    /// Appends to a message of one's own, and gives where its text ends now; the same part at the same place again is no
    /// change.
    pub async fn append_message(
        &self,
        channel: ChannelId,
        seq: Seq,
        append: AppendMessage,
    ) -> Result<Appended, ClientError> {
        self.post(&format!("channels/{channel}/messages/{seq}/append")).body(&append).fetch().await
    }

    /// Lists the texts that edits of a message replaced, oldest first.
    pub async fn history(
        &self,
        channel: ChannelId,
        seq: Seq,
        query: PageQuery,
    ) -> Result<Page<MessageVersion>, ClientError> {
        self.get(&format!("channels/{channel}/messages/{seq}/history")).query(&query).fetch().await
    }

    /// Pins a message to its channel; one that is pinned already stays as it is.
    pub async fn pin(&self, channel: ChannelId, seq: Seq) -> Result<Message, ClientError> {
        self.put(&format!("channels/{channel}/messages/{seq}/pin")).fetch().await
    }

    /// Takes a message off the pins of its channel.
    pub async fn unpin(&self, channel: ChannelId, seq: Seq) -> Result<Message, ClientError> {
        self.delete(&format!("channels/{channel}/messages/{seq}/pin")).fetch().await
    }

    /// Lists the pinned messages of a channel, those pinned last first.
    pub async fn pins(&self, channel: ChannelId, query: PageQuery) -> Result<Page<Message>, ClientError> {
        self.get(&format!("channels/{channel}/pins")).query(&query).fetch().await
    }

    /// Reacts to a message; once more with the same emoji is no change.
    pub async fn react(&self, channel: ChannelId, seq: Seq, emoji: &Emoji) -> Result<Message, ClientError> {
        self.put(&format!("channels/{channel}/messages/{seq}/reactions/{emoji}")).fetch().await
    }

    /// Takes a reaction back; one that is not there is no change.
    pub async fn unreact(&self, channel: ChannelId, seq: Seq, emoji: &Emoji) -> Result<Message, ClientError> {
        self.delete(&format!("channels/{channel}/messages/{seq}/reactions/{emoji}")).fetch().await
    }

    /// Lists who reacted to a message with what, in the order in which they did.
    pub async fn reactions(
        &self,
        channel: ChannelId,
        seq: Seq,
        query: ReactionQuery,
    ) -> Result<Page<Reacted>, ClientError> {
        self.get(&format!("channels/{channel}/messages/{seq}/reactions")).query(&query).fetch().await
    }

    /// Reads a thread: its root and a page of replies.
    pub async fn thread(&self, channel: ChannelId, seq: Seq, query: MessageQuery) -> Result<Thread, ClientError> {
        self.get(&format!("channels/{channel}/messages/{seq}/thread")).query(&query).fetch().await
    }

    /// Reads what changed in a stream after a rev.
    pub async fn changes(&self, stream: StreamId, query: ChangesQuery) -> Result<Changes, ClientError> {
        self.get(&format!("streams/{stream}/changes")).query(&query).fetch().await
    }
}
