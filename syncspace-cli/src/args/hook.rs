//! `hook …`

use clap::{Args, Subcommand};
use syncspace_protocol::HookId;

use super::TeamListArgs;
use super::values::yes_no;

/// `hook …`
#[derive(Debug, Subcommand)]
pub(crate) enum Hook {
    /// Make an address that programs post messages to, in Slack's format; it is printed this once.
    #[command(after_help = "Examples:
  syncspace member add eng/deploys @ci   # a hook's bot must be in its channel
  syncspace hook incoming eng/deploys --bot @ci --name 'release pipeline'
  curl -d '{\"text\":\"v1.2 is out\"}' \"$(syncspace hook incoming eng/deploys --bot @ci --name ci)\"")]
    Incoming(Incoming),
    /// Have an address told of messages in the channels of a bot; the secret that signs is printed this once.
    #[command(after_help = "Examples:
  syncspace hook outgoing https://example.org/tickets --bot @tickets --trigger '!ticket' --name tickets
  syncspace hook outgoing https://example.org/log --bot @audit --channel eng/deploys --name log

Each delivery carries X-SyncSpace-Signature: v0= and the hex HMAC-SHA256, by the secret, of v0:TIMESTAMP:BODY, with
X-SyncSpace-Timestamp, and X-SyncSpace-Delivery, which is the same each time that a delivery is tried.")]
    Outgoing(Outgoing),
    /// List the hooks of a team.
    #[command(after_help = "Examples:
  syncspace hook list eng")]
    List(TeamListArgs),
    /// Show a hook, and what an outgoing one was told last.
    #[command(after_help = "Examples:
  syncspace hook show 4")]
    Show {
        /// Id of the hook.
        id: HookId,
    },
    /// List what an outgoing hook was told, the newest first, with why it failed.
    #[command(after_help = "Examples:
  syncspace hook deliveries 4 --limit 100")]
    Deliveries {
        /// Id of the hook.
        id: HookId,
        #[command(flatten)]
        part: super::ListLimit,
    },
    /// Change a hook.
    #[command(after_help = "Examples:
  syncspace hook edit 4 --url https://example.org/new
  syncspace hook edit 5 --choose-channel yes")]
    Edit(Edit),
    /// Delete a hook: it takes no posts from now on, and what it was to be told is forgotten.
    #[command(after_help = "Examples:
  syncspace hook delete 4 --yes")]
    Delete {
        /// Id of the hook.
        id: HookId,
    },
}

/// `hook incoming`
#[derive(Debug, Args)]
pub(crate) struct Incoming {
    /// Where it writes, like eng/deploys; its bot must be in it.
    pub(crate) channel: String,
    /// As whom it writes: a bot of the team.
    #[arg(long, value_name = "BOT")]
    pub(crate) bot: String,
    /// What it is for.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// Let a post name another channel that the bot is in; without it such a post is refused.
    #[arg(long)]
    pub(crate) choose_channel: bool,
}

/// `hook outgoing`
#[derive(Debug, Args)]
pub(crate) struct Outgoing {
    /// Whom it tells.
    pub(crate) url: String,
    /// Whose channels it hears, and as whom it answers: a bot of the team.
    #[arg(long, value_name = "BOT")]
    pub(crate) bot: String,
    /// What it is for.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// The only channel that it hears.
    #[arg(long, value_name = "CHANNEL")]
    pub(crate) channel: Option<String>,
    /// Words with which a message must begin; without any it is told of all messages.
    #[arg(long = "trigger", value_name = "WORD")]
    pub(crate) triggers: Vec<String>,
}

/// `hook edit`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["name", "channel", "all_channels", "choose_channel", "triggers", "url"]))]
pub(crate) struct Edit {
    /// Id of the hook.
    pub(crate) id: HookId,
    /// What it is for.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Another channel.
    #[arg(long, value_name = "CHANNEL", conflicts_with = "all_channels")]
    pub(crate) channel: Option<String>,
    /// Let an outgoing one hear all that its bot is in.
    #[arg(long)]
    pub(crate) all_channels: bool,
    /// Whether a post may name another channel.
    #[arg(long, value_name = "YES|NO", hide_possible_values = true, value_parser = yes_no())]
    pub(crate) choose_channel: Option<bool>,
    /// Words with which a message must begin, instead of those before.
    #[arg(long = "trigger", value_name = "WORD")]
    pub(crate) triggers: Option<Vec<String>>,
    /// Whom an outgoing one tells.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
}
