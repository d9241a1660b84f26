//! Bodies of `/teams/{id}/hooks`: addresses that programs post messages to, and addresses that are told of messages.
//!
//! Every hook acts as a bot, and reaches what its bot is in: an incoming one writes where the bot is a member, an outgoing
//! one hears what is written there. So everybody in a channel sees by its members what listens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::auth::Secret;
use crate::{ChannelId, DeliveryId, HookId, Patch, Seq, TeamId, Time, UserId};

/// Header of a delivery: hex HMAC-SHA256, by the hook's secret, of timestamp, `.` and body.
pub const SIGNATURE_HEADER: &str = "x-syncspace-signature";
/// Header of a delivery: when it was signed, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "x-syncspace-timestamp";
/// Header of a delivery: its id, the same each time that it is tried.
pub const DELIVERY_HEADER: &str = "x-syncspace-delivery";

/// In which direction a hook goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HookKind {
    /// Programs post to it, in Slack's format, and a message appears.
    Incoming,
    /// It is told of messages, by a POST to its address.
    Outgoing,
    /// A kind of a newer server.
    #[serde(other)]
    Unknown,
}

/// A hook, as those who manage the team see it. Its token and secret are shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hook {
    /// Its id.
    pub id: HookId,
    /// Its team.
    pub team_id: TeamId,
    /// In which direction it goes.
    pub kind: HookKind,
    /// What it is for.
    pub name: String,
    /// As whom it acts.
    pub bot_id: UserId,
    /// Where an incoming one writes; the only channel that an outgoing one hears, null for all that its bot is in.
    pub channel_id: Option<ChannelId>,
    /// Whether an incoming post may name another channel that the bot is in.
    pub may_choose_channel: bool,
    /// Whom an outgoing one tells.
    pub url: Option<String>,
    /// Words with which a message begins that an outgoing one is told of; empty for all messages.
    #[serde(default)]
    pub trigger_words: Vec<String>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// Body of `POST /teams/{id}/hooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CreateHook {
    /// One that programs post to.
    Incoming {
        /// What it is for, up to 100 characters.
        name: String,
        /// As whom it writes: an active bot of the team.
        bot_id: UserId,
        /// Where it writes: the bot must be in it.
        channel_id: ChannelId,
        /// Whether a post may name another channel that the bot is in.
        #[serde(default)]
        may_choose_channel: bool,
    },
    /// One that is told of messages.
    Outgoing {
        /// What it is for, up to 100 characters.
        name: String,
        /// Whose channels it hears, and as whom it answers: an active bot of the team.
        bot_id: UserId,
        /// The only channel that it hears; absent for all that the bot is in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel_id: Option<ChannelId>,
        /// Words with which a message must begin, in any case; empty for all messages.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        trigger_words: Vec<String>,
        /// Whom it tells: an address with `http://` or `https://` outside private networks, unless the server allows it.
        url: String,
    },
}

/// Body of `PATCH /teams/{id}/hooks/{hook_id}`. Absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditHook {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another channel; null lets an outgoing one hear all that its bot is in.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub channel_id: Patch<ChannelId>,
    /// Whether a post may name another channel that the bot is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_choose_channel: Option<bool>,
    /// Words with which a message must begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_words: Option<Vec<String>>,
    /// Whom an outgoing one tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Answer of `POST /teams/{id}/hooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MadeHook {
    /// What was made.
    #[serde(flatten)]
    pub hook: Hook,
    /// Where programs post to, below the server's address. Shown this once: whoever knows it can write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Secret>,
    /// What signs deliveries. Shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
}

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is to be made, for the first time or again.
    Waiting,
    /// The target took it.
    Done,
    /// It was given up.
    Failed,
    /// A state of a newer server.
    #[serde(other)]
    Unknown,
}

/// One message that an outgoing hook is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Delivery {
    /// Its id, the same each time that it is tried.
    pub id: DeliveryId,
    /// The channel of the message.
    pub channel_id: ChannelId,
    /// The message.
    pub seq: Seq,
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// Status of the last answer, where there was one.
    pub last_status: Option<u16>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it is tried next; null once it is over.
    pub next_at: Option<Time>,
    /// When it came up.
    pub created_at: Time,
}

/// Body of a delivery to an outgoing hook. Answer with `{"text":"…"}` to have it posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HookEvent {
    /// The hook.
    pub hook_id: HookId,
    /// The team.
    pub team_id: TeamId,
    /// The channel.
    pub channel_id: ChannelId,
    /// Its name; absent for one between people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_name: Option<String>,
    /// Place of the message.
    pub seq: Seq,
    /// Place of the root of its thread, in a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_seq: Option<Seq>,
    /// Who wrote it.
    pub user_id: UserId,
    /// The writer's name.
    pub user_name: String,
    /// The text.
    pub text: String,
    /// The word by which it was triggered, as the hook has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_word: Option<String>,
    /// When it was sent.
    pub created_at: Time,
}
