//! `token …`

use clap::{Args, Subcommand};
use syncspace_protocol::SessionId;
use syncspace_protocol::tokens::Scope;

use super::{ListLimit, schedule::When};

/// `token …`
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token for a program; it is printed this once, alone on standard output.
    #[command(after_help = "Examples:
  syncspace token create deploy --scope read,write --in 90d
  SYNCSPACE_TOKEN=$(syncspace token create cron --scope read,write --in 1d) ./nightly.sh

SYNCSPACE_TOKEN makes `syncspace` act by a token. Scopes: read sees what you see; write sends messages and files, reacts,
marks as read; manage changes teams, channels, members, bots and hooks; profile changes your account; admin does what
administrators of the server may do. Names are looked up, which takes read; with write alone a message is sent to the id
of a channel.")]
    Create(Create),
    /// List your tokens that hold, with what they may do and when they were last used.
    #[command(after_help = "Examples:
  syncspace token list")]
    List(ListLimit),
    /// End a token, and the sockets that it opened.
    #[command(after_help = "Examples:
  syncspace token revoke 12")]
    Revoke {
        /// Id of the token, as `token list` shows it.
        id: SessionId,
    },
}

/// `token create`
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What it is for.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) power: Power,
}

/// What a token may do, and until when.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("end").required(true).args(["at", "in_s", "never"]))]
pub(crate) struct Power {
    /// What it may do, with commas between: any of read, write, manage, profile, admin.
    #[arg(long = "scope", value_name = "SCOPES", required = true, value_delimiter = ',')]
    pub(crate) scopes: Vec<Scope>,
    #[command(flatten)]
    pub(crate) end: When,
    /// It never ends, where the server allows that.
    #[arg(long)]
    pub(crate) never: bool,
}
