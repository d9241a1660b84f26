//! `member …`

use clap::{Args, Subcommand};

use super::ListArgs;
use super::values::Role;

/// `member …`
#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// List who is in a team or channel.
    #[command(after_help = "Examples:
  syncspace member list eng
  syncspace member list eng/general --output csv")]
    List {
        /// `eng` for a team, `eng/general` for a channel.
        target: String,
        #[command(flatten)]
        part: ListArgs,
    },
    /// Show one person in a team or channel.
    #[command(after_help = "Examples:
  syncspace member show eng @bob --output json | jq -r .role")]
    Show(Target),
    /// Add a person to a team or channel.
    ///
    /// A person who is there already stays as they are.
    #[command(after_help = "Examples:
  syncspace member add eng @bob --role admin
  syncspace member add eng/secret @bob")]
    Add {
        #[command(flatten)]
        who: Target,
        /// What the person may do there; a channel knows member and admin.
        #[arg(long, value_enum)]
        role: Option<Role>,
    },
    /// Change what a person may do in a team or channel.
    #[command(after_help = "Examples:
  syncspace member edit eng @bob --role owner
  syncspace member edit eng/secret @bob --role member")]
    Edit {
        #[command(flatten)]
        who: Target,
        /// What the person may do there; a channel knows member and admin.
        #[arg(long, value_enum)]
        role: Role,
    },
    /// Remove a person from a team or channel.
    #[command(after_help = "Examples:
  syncspace member remove eng @bob
  syncspace member remove eng/secret @bob --yes")]
    Remove(Target),
}

/// Names one person in a team or channel.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// `eng` for a team, `eng/general` for a channel.
    pub(crate) target: String,
    /// `@bob`, `bob` or an id.
    pub(crate) user: String,
}
