//! `group …`

use clap::Subcommand;
use syncspace_protocol::GroupName;

use super::{ListArgs, TeamListArgs};

/// `group …`
#[derive(Debug, Subcommand)]
pub(crate) enum Group {
    /// Make a user group: `@name` in a message mentions those of it who are in the channel.
    #[command(after_help = "Examples:
  syncspace group create oncall --team eng
  syncspace group create oncall @alice @bob")]
    Create {
        /// Its name, without the `@`.
        name: GroupName,
        /// Who is in it: `@alice`, `alice` or ids, of people in the team.
        users: Vec<String>,
    },
    /// List the user groups of a team.
    #[command(after_help = "Examples:
  syncspace group list eng
  syncspace group list --output jsonl | jq -r .name")]
    List(TeamListArgs),
    /// List who is in a user group.
    #[command(after_help = "Examples:
  syncspace group show @oncall --team eng")]
    Show {
        /// `@oncall`, `oncall` or an id.
        group: String,
        #[command(flatten)]
        part: ListArgs,
    },
    /// Put people of the team into a user group.
    #[command(after_help = "Examples:
  syncspace group add @oncall @carol @dave")]
    Add {
        /// `@oncall`, `oncall` or an id.
        group: String,
        /// `@alice`, `alice` or ids.
        #[arg(required = true)]
        users: Vec<String>,
    },
    /// Take people out of a user group.
    #[command(after_help = "Examples:
  syncspace group remove @oncall @carol")]
    Remove {
        /// `@oncall`, `oncall` or an id.
        group: String,
        /// `@alice`, `alice` or ids.
        #[arg(required = true)]
        users: Vec<String>,
    },
    /// Give a user group another name; messages keep whom they mentioned.
    #[command(after_help = "Examples:
  syncspace group rename @oncall sre")]
    Rename {
        /// `@oncall`, `oncall` or an id.
        group: String,
        /// The new name, without the `@`.
        name: GroupName,
    },
    /// Delete a user group; messages keep whom they mentioned.
    #[command(after_help = "Examples:
  syncspace group delete @oncall
  syncspace group delete @oncall --yes")]
    Delete {
        /// `@oncall`, `oncall` or an id.
        group: String,
    },
}
