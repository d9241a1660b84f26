//! What a line must hold to by itself, the same for whoever sends it and whoever takes it.

use std::collections::HashSet;
use std::fmt;

use super::{ARCHIVE_VERSION, ArchiveChannel, ArchiveLine, ArchiveMessage};
use crate::Time;
use crate::channels::ChannelKind;
use crate::limits::{
    ARCHIVE_KEY_CHARS_MAX, ARCHIVE_REACTIONS_MAX, DESCRIPTION_CHARS_MAX, FILES_PER_MESSAGE_MAX, FULL_NAME_CHARS_MAX,
    GROUP_MEMBERS_MAX, GROUP_USERS_MAX, MESSAGE_BYTES_MAX, REACTIONS_PER_MESSAGE_MAX, TOPIC_CHARS_MAX,
};
use crate::messages::MessageType;
use crate::text::clean_line;

/// Why a line cannot be imported: a sentence that names what it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LineError(String);

/// The last millisecond that databases know, in the year 9999.
const TIME_MS_MAX: i64 = 253_402_300_799_999;

fn refuse<T>(why: impl fmt::Display) -> Result<T, LineError> {
    Err(LineError(why.to_string()))
}

impl ArchiveLine {
    /// Checks what can be told of the line alone: lengths, times, and what belongs together.
    pub fn check(&self) -> Result<(), LineError> {
        match self {
            Self::Version(head) if head.version != ARCHIVE_VERSION => refuse(format_args!(
                "this is version {} of the format, and {ARCHIVE_VERSION} is known; use a newer program",
                head.version
            )),
            Self::User(user) => at_most("full_name", user.full_name.as_deref(), FULL_NAME_CHARS_MAX)
                .map_err(|error| LineError(format!("the user {}: {error}", user.username))),
            Self::Group(group) if group.users.len() > GROUP_USERS_MAX => {
                refuse(format_args!("the group {} has more than {GROUP_USERS_MAX} people", group.name))
            }
            Self::Channel(channel) => {
                channel.check().map_err(|error| LineError(format!("the channel {}: {error}", quoted(&channel.key))))
            }
            Self::Message(message) => message.check().map_err(|error| {
                LineError(format!("message {} of {}: {error}", message.number, quoted(&message.channel)))
            }),
            Self::Version(_) | Self::Team(_) | Self::Group(_) | Self::Member(_) | Self::End(_) => Ok(()),
        }
    }
}

impl ArchiveChannel {
    fn check(&self) -> Result<(), LineError> {
        if !(1..=ARCHIVE_KEY_CHARS_MAX).contains(&self.key.chars().count()) {
            return refuse(format_args!("a key has 1 to {ARCHIVE_KEY_CHARS_MAX} characters"));
        }
        let is_named = matches!(self.kind, ChannelKind::Public | ChannelKind::Private);
        if is_named != self.name.is_some() {
            return refuse("public and private channels have a name, direct and group channels have none");
        }
        if !is_named && !(1..=GROUP_MEMBERS_MAX).contains(&self.people.len()) {
            return refuse(format_args!("a direct or group channel names 1 to {GROUP_MEMBERS_MAX} people"));
        }
        at_most("description", self.description.as_deref(), DESCRIPTION_CHARS_MAX)?;
        at_most("topic", self.topic.as_deref(), TOPIC_CHARS_MAX)?;
        check_times([Some(self.created_at), self.archived_at])
    }
}

impl ArchiveMessage {
    fn check(&self) -> Result<(), LineError> {
        if self.number == 0 || self.parent.is_some_and(|parent| parent == 0 || parent >= self.number) {
            return refuse("messages are numbered from 1, and answer messages before them");
        }
        if self.content.len() > MESSAGE_BYTES_MAX {
            return refuse(format_args!(
                "a message has at most {MESSAGE_BYTES_MAX} bytes; this one has {}",
                self.content.len()
            ));
        }
        let is_deleted = self.deleted_at.is_some();
        let holds_something = !self.content.is_empty() || !self.files.is_empty();
        if is_deleted && (holds_something || !self.reactions.is_empty() || self.pinned.is_some()) {
            return refuse("a deleted message holds nothing");
        }
        if !is_deleted && !holds_something {
            return refuse("it is empty");
        }
        if self.message_type == MessageType::Unknown {
            return refuse("its message_type is none of text, code, file and system");
        }
        if self.files.len() > FILES_PER_MESSAGE_MAX {
            return refuse(format_args!("it carries more than {FILES_PER_MESSAGE_MAX} files"));
        }
        self.check_reactions()?;
        let pinned_at = self.pinned.as_ref().map(|pin| pin.at);
        check_times([Some(self.created_at), self.edited_at, self.deleted_at, pinned_at])
    }

    fn check_reactions(&self) -> Result<(), LineError> {
        if self.reactions.len() > ARCHIVE_REACTIONS_MAX {
            return refuse(format_args!("it has more than {ARCHIVE_REACTIONS_MAX} reactions"));
        }
        let mut emoji = HashSet::new();
        for reaction in &self.reactions {
            let Some(name) = reaction.emoji.canonical() else {
                return refuse(format_args!("there is no emoji {}", reaction.emoji));
            };
            emoji.insert(name);
            check_times([Some(reaction.at)])?;
        }
        if emoji.len() > REACTIONS_PER_MESSAGE_MAX {
            return refuse(format_args!("it has more than {REACTIONS_PER_MESSAGE_MAX} different emoji"));
        }
        Ok(())
    }
}

fn check_times<const COUNT: usize>(times: [Option<Time>; COUNT]) -> Result<(), LineError> {
    match times.into_iter().flatten().find(|time| !(0..=TIME_MS_MAX).contains(&time.unix_ms())) {
        Some(time) => refuse(format_args!("times lie between 1970 and 9999; this one is {time}")),
        None => Ok(()),
    }
}

fn at_most(field: &str, text: Option<&str>, chars_max: usize) -> Result<(), LineError> {
    match text {
        Some(text) if text.chars().count() > chars_max => {
            refuse(format_args!("{field} has at most {chars_max} characters"))
        }
        _ => Ok(()),
    }
}

/// Gives a part of a text for a sentence about it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", clean_line(text).chars().take(60).collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(line: &Value, with: Value) -> Result<(), String> {
        let mut line = line.clone();
        let fields = line.as_object_mut().expect("an object");
        fields.extend(with.as_object().expect("fields").clone());
        let line: ArchiveLine = serde_json::from_value(line).expect("a line");
        line.check().map_err(|error| error.to_string())
    }

    #[test]
    fn a_message_that_does_not_fit_is_refused_with_its_number() {
        let at = "2026-11-22T17:26:21.500Z";
        let message = json!({
            "type": "message", "channel": "general", "number": 7, "sender": "alice", "content": "hi", "created_at": at,
        });
        assert_eq!(check(&message, json!({})), Ok(()));
        let many: Vec<_> = (0..11).map(|_| json!({"name": "a", "size_bytes": 1, "sha256": "0a"})).collect();
        for (with, why) in [
            (json!({"number": 0}), "from 1"),
            (json!({"parent": 7}), "before them"),
            (json!({"content": "x".repeat(16_001)}), "16000 bytes"),
            (json!({"content": ""}), "empty"),
            (json!({"deleted_at": at}), "holds nothing"),
            (json!({"message_type": "poem"}), "message_type"),
            (json!({"files": many}), "10 files"),
            (json!({"created_at": "-000001-01-01T00:00:00Z"}), "1970"),
            (json!({"reactions": [{"emoji": "no_such", "user": "bob", "at": at}]}), "no emoji no_such"),
        ] {
            let refused = check(&message, with.clone()).expect_err("refused");
            assert!(refused.contains(why) && refused.contains("of \"general\""), "{with}: {refused}");
        }
    }

    #[test]
    fn a_channel_has_a_name_or_people() {
        let channel = json!({
            "type": "channel", "key": "general", "kind": "public", "name": "general", "created_at": "2026-11-22T17:26:21.500Z",
        });
        assert_eq!(check(&channel, json!({})), Ok(()));
        for (with, why) in [
            (json!({"key": ""}), "1 to 600"),
            (json!({"name": null}), "a name"),
            (json!({"kind": "direct"}), "none"),
            (json!({"kind": "direct", "name": null}), "1 to 10 people"),
            (json!({"topic": "x".repeat(251)}), "topic"),
        ] {
            assert!(check(&channel, with.clone()).expect_err("refused").contains(why), "{with}");
        }
        assert!(check(&json!({"type": "version", "version": 1}), json!({"version": 2})).is_err());
    }
}
