//! What a server keeps of one person, to be handed over: one JSON object per line, in the forms in which the person's own
//! devices read it.
//!
//! The account comes first, then each team with what the person keeps there, then what the person wrote and reacted with, channel
//! by channel; `end` is the last line. Of others nothing is in it but the text of messages that the person saved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::auth::Session;
use crate::keywords::Keywords;
use crate::messages::Message;
use crate::personal::{Draft, SavedMessage};
use crate::preferences::Preferences;
use crate::reactions::Emoji;
use crate::reminders::MyReminder;
use crate::scheduled::Scheduled;
use crate::teams::MyTeam;
use crate::users::User;
use crate::{ChannelId, Seq, Time};

/// One line of what is kept of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum PersonLine {
    /// The account.
    Profile(Box<User>),
    /// What the person chose for the whole account.
    Preferences(Box<Preferences>),
    /// By what the person wants to be called.
    Keywords(Keywords),
    /// A device that is logged in.
    Session(Session),
    /// A team that the person is in, and what it is there; what follows up to the next one belongs to it.
    Team(Box<MyTeam>),
    /// What the person has typed and not sent.
    Draft(Draft),
    /// A message to be sent later.
    Scheduled(Box<Scheduled>),
    /// What the person wants to be reminded of.
    Reminder(Box<MyReminder>),
    /// A message that the person saved and may still read.
    Saved(Box<SavedMessage>),
    /// A message of the person's, of any channel that it was ever in.
    Message(Box<Message>),
    /// A reaction of the person's.
    Reaction(PersonReaction),
    /// The last line.
    End(PersonEnd),
}

/// A reaction of somebody's to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonReaction {
    /// The channel.
    pub channel_id: ChannelId,
    /// Place of the message.
    pub seq: Seq,
    /// With what.
    pub emoji: Emoji,
    /// When.
    pub reacted_at: Time,
}

/// The last line of what is kept of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonEnd {
    /// How many messages are in it.
    pub messages: u64,
}
