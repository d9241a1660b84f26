//! Routes of messages, threads and missed changes.

use syncspace_protocol::messages::{EditMessage, Message, MessagePage, MessageQuery, SendMessage, Thread};
use syncspace_protocol::reactions::{Emoji, Reacted, ReactionQuery};
use syncspace_protocol::sync::{Changes, ChangesQuery};
use syncspace_protocol::{ChannelId, MessageId, Page, Seq, StreamId};

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
