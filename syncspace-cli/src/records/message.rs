//! Messages, with the names of those who wrote them.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;
use syncspace_client::Client;
use syncspace_protocol::files::{FileInfo, size_words};
use syncspace_protocol::messages::{Message, MessageVersion};
use syncspace_protocol::reactions::{Reacted, Reaction};
use syncspace_protocol::text::{clean_line, clean_text};
use syncspace_protocol::{ChannelId, UserId};

use super::place::title;
use crate::output::{Cell, Column, Record, local_time};

/// A message, and who wrote it.
#[derive(Debug, Serialize)]
pub(crate) struct MessageRow {
    /// User name of the sender; null where it cannot be found out.
    sender: Option<String>,
    #[serde(flatten)]
    message: Message,
    /// What the person calls the channel of a forwarded message, where that can be found out.
    #[serde(skip)]
    forwarded_from: Option<String>,
}

impl Record for MessageRow {
    const PLURAL: &'static str = "messages";
    const COLUMNS: &'static [Column] = &[
        Column::shown("seq"),
        Column::shown("created_at"),
        Column::shown("sender"),
        Column::shown("content"),
        Column::shown("id"),
        Column::shown("sender_id"),
        Column::shown("message_type"),
        Column::shown("language"),
        Column::shown("file_name"),
        Column::shown("parent_seq"),
        Column::shown("reply_count"),
        Column::shown("reactions"),
        Column::shown("pinned_at"),
        Column::shown("edited_at"),
        Column::shown("deleted_at"),
        Column::shown("client_id"),
        Column::shown("files"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let message = &self.message;
        vec![
            Cell::Number(message.seq.get()),
            Cell::Time(message.created_at),
            Cell::maybe(self.sender.as_ref()),
            Cell::text(&message.content),
            Cell::Number(message.id.get()),
            Cell::Number(message.sender_id.get()),
            Cell::word(message.message_type),
            Cell::maybe(message.code.as_ref().and_then(|code| code.language.as_ref())),
            Cell::maybe(message.code.as_ref().and_then(|code| code.file_name.as_ref())),
            message.parent_seq.map_or(Cell::Empty, |seq| Cell::Number(seq.get())),
            Cell::Number(message.reply_count.into()),
            Cell::Text(message.reactions.iter().map(counted).collect::<Vec<_>>().join(" ")),
            Cell::maybe_time(message.pinned.map(|pin| pin.pinned_at)),
            Cell::maybe_time(message.edited_at),
            Cell::maybe_time(message.deleted_at),
            Cell::text(&message.client_id),
            Cell::Text(message.files.iter().map(|file| file.id.to_string()).collect::<Vec<_>>().join(" ")),
        ]
    }

    fn line(&self) -> Option<String> {
        let message = &self.message;
        let sender = self.sender.clone().unwrap_or_else(|| format!("user {}", message.sender_id));
        let mut head = format!("{:>5}  {}  {}", message.seq, local_time(message.created_at), clean_line(&sender));
        if let Some(parent) = message.parent_seq {
            head.push_str(&format!(" (to {parent})"));
        }
        if let Some(source) = message.forwarded_from {
            head.push_str(&match source.place {
                Some(place) => {
                    let known = self.forwarded_from.as_deref().map(clean_line);
                    let from = known.map_or_else(|| format!("channel {}", place.channel_id), Cow::into_owned);
                    format!(" (shares message {} of {from})", place.seq)
                }
                None => " (shares a message from elsewhere)".to_owned(),
            });
        }
        if let Some(code) = message.code.as_ref() {
            let about: Vec<&str> = code.file_name.iter().chain(&code.language).map(String::as_str).collect();
            head.push_str(&format!(" [{}]", clean_line(&about.join(", "))));
        }
        if message.deleted_at.is_some() {
            return Some(head + ": (deleted)");
        }
        let reactions: String = message.reactions.iter().map(shown).collect();
        let edited = if message.is_edited { " (edited)" } else { "" };
        // Below the first line, so that no text of a message can look like the beginning of another.
        let text = clean_text(&message.content).replace('\n', "\n       ");
        let pinned = if message.pinned.is_some() { " (pinned)" } else { "" };
        let files: String = message.files.iter().map(carried).collect();
        Some(format!("{head}: {text}{edited}{pinned}{reactions}{files}"))
    }
}

/// Writes a reaction behind a text, as people read it.
fn shown(reaction: &Reaction) -> String {
    let emoji = reaction.emoji.glyph().map_or_else(|| format!(":{}:", reaction.emoji), str::to_owned);
    format!(" [{emoji} {}]", reaction.count)
}

/// Writes a file below a text, by the id that commands take.
fn carried(file: &FileInfo) -> String {
    format!("\n       [file {}: {}, {}]", file.id, clean_line(&file.name), size_words(file.size_bytes))
}

/// Writes a reaction by the name that commands take.
fn counted(reaction: &Reaction) -> String {
    format!("{}:{}", reaction.emoji, reaction.count)
}

/// A person's reaction, and who that is.
#[derive(Debug, Serialize)]
pub(crate) struct ReactedRow {
    /// User name; null where it cannot be found out.
    user: Option<String>,
    #[serde(flatten)]
    reacted: Reacted,
}

impl Record for ReactedRow {
    const PLURAL: &'static str = "reactions";
    const COLUMNS: &'static [Column] =
        &[Column::shown("user"), Column::shown("emoji"), Column::shown("reacted_at"), Column::detail("user_id")];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::maybe(self.user.as_ref()),
            Cell::text(&self.reacted.emoji),
            Cell::Time(self.reacted.reacted_at),
            Cell::Number(self.reacted.user_id.get()),
        ]
    }
}

impl Record for MessageVersion {
    const PLURAL: &'static str = "former texts";
    const COLUMNS: &'static [Column] =
        &[Column::shown("rev"), Column::shown("written_at"), Column::shown("replaced_at"), Column::shown("content")];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.rev.get()),
            Cell::Time(self.written_at),
            Cell::Time(self.replaced_at),
            Cell::text(&self.content),
        ]
    }
}

/// Finds the names of senders, asking once for each.
pub(crate) struct Names {
    client: Client,
    known: HashMap<UserId, Option<String>>,
    channels: HashMap<ChannelId, Option<String>>,
}

impl Names {
    pub(crate) fn new(client: &Client) -> Self {
        let mut known = HashMap::new();
        if let Some(me) = client.credentials() {
            known.insert(me.user_id, Some(me.username.to_string()));
        }
        Self { client: client.clone(), known, channels: HashMap::new() }
    }

    /// Puts the person's name beside a reaction.
    pub(crate) async fn reacted(&mut self, reacted: Reacted) -> ReactedRow {
        ReactedRow { user: self.find(reacted.user_id).await, reacted }
    }

    /// Finds the name of a person; none where it cannot be found out.
    pub(crate) async fn find(&mut self, id: UserId) -> Option<String> {
        if !self.known.contains_key(&id) {
            // A name that cannot be found must not stop the messages; the id is there.
            let name = self.client.user(id).await.ok().map(|user| user.username.to_string());
            self.known.insert(id, name);
        }
        self.known.get(&id).cloned().flatten()
    }

    /// Finds what the person calls a channel, as other commands take it; none where it cannot be found out.
    pub(crate) async fn channel(&mut self, id: ChannelId) -> Option<String> {
        if !self.channels.contains_key(&id) {
            let me = self.client.credentials().map(|me| me.user_id);
            // A name that cannot be found must not stop the messages; the id is there.
            let found = self.client.channel(id).await.ok();
            let name = found.map(|channel| match &channel.channel.name {
                Some(name) => format!("#{name}"),
                None => title(&channel, me),
            });
            self.channels.insert(id, name);
        }
        self.channels.get(&id).cloned().flatten()
    }

    /// Puts the sender's name beside a message.
    pub(crate) async fn row(&mut self, message: Message) -> MessageRow {
        let sender = self.find(message.sender_id).await;
        let forwarded_from = match message.forwarded_from.and_then(|source| source.place) {
            Some(place) => self.channel(place.channel_id).await,
            None => None,
        };
        MessageRow { sender, message, forwarded_from }
    }

    /// Puts the senders' names beside messages.
    pub(crate) async fn rows(&mut self, messages: Vec<Message>) -> Vec<MessageRow> {
        let mut rows = Vec::with_capacity(messages.len());
        for message in messages {
            rows.push(self.row(message).await);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: &str) -> Message {
        serde_json::from_value(serde_json::json!({
            "id": 90, "channel_id": 3, "seq": 12, "rev": 14, "sender_id": 7, "content": content,
            "message_type": "text", "file_url": null, "parent_message_id": null, "parent_seq": null,
            "reply_count": 0, "last_reply_at": null, "is_edited": false, "edited_at": null, "deleted_at": null,
            "created_at": "2026-11-22T17:26:21.500Z", "updated_at": "2026-11-22T17:26:21.500Z", "client_id": "c-1",
        }))
        .expect("a message")
    }

    #[test]
    fn a_message_cannot_forge_another_or_steer_the_terminal() {
        let row = MessageRow {
            sender: None,
            forwarded_from: None,
            message: message("one\n   13  2026 root: two\u{1b}[2J\u{202e}"),
        };
        let line = row.line().expect("a line");
        assert!(line.starts_with("   12  2026-11-2"), "{line}");
        assert!(line.ends_with("  user 7: one\n          13  2026 root: two"), "{line}");
    }

    #[test]
    fn a_deleted_message_says_so() {
        let mut deleted = message("");
        deleted.deleted_at = Some(deleted.created_at);
        let line = MessageRow { sender: Some("bob".to_owned()), forwarded_from: None, message: deleted }
            .line()
            .expect("a line");
        assert!(line.ends_with("  bob: (deleted)"), "{line}");
    }

    #[test]
    fn json_keeps_the_message_flat_beside_its_sender() {
        let row = MessageRow { sender: Some("bob".to_owned()), forwarded_from: None, message: message("hi") };
        let json = serde_json::to_value(&row).expect("JSON");
        assert_eq!((&json["sender"], &json["seq"], &json["content"]), (&"bob".into(), &12.into(), &"hi".into()));
    }
}
