//! `bot …`

use clap::Subcommand;
use syncspace_protocol::{SessionId, Username};

use super::token::Power;
use super::{ListLimit, TeamListArgs};

/// `bot …`
#[derive(Debug, Subcommand)]
pub(crate) enum Bot {
    /// Make a bot: the account of a program, a member of the team and of no other.
    #[command(after_help = "Examples:
  syncspace bot create ci --name 'Builds' --team eng
  syncspace member add eng/deploys @ci   # only there it reads, writes and has hooks")]
    Create {
        /// Its user name, unique on the server.
        username: Username,
        /// Name as it is shown.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// List the bots of a team.
    #[command(after_help = "Examples:
  syncspace bot list eng")]
    List(TeamListArgs),
    /// Give a bot another name.
    #[command(after_help = "Examples:
  syncspace bot rename @ci 'Builds and releases'")]
    Rename {
        /// `@ci`, `ci` or an id.
        bot: String,
        /// Name as it is shown.
        name: String,
    },
    /// Switch a bot off: its tokens and hooks end at once, what it wrote stays.
    #[command(after_help = "Examples:
  syncspace bot disable @ci --yes")]
    Disable {
        /// `@ci`, `ci` or an id.
        bot: String,
    },
    /// Switch a bot on again; it needs new tokens.
    #[command(after_help = "Examples:
  syncspace bot enable @ci")]
    Enable {
        /// `@ci`, `ci` or an id.
        bot: String,
    },
    /// Make an access token for a bot; it is printed this once, alone on standard output.
    #[command(after_help = "Examples:
  syncspace bot token @ci runner --scope read,write --in 90d")]
    Token {
        /// `@ci`, `ci` or an id.
        bot: String,
        /// What the token is for.
        name: String,
        #[command(flatten)]
        power: Power,
    },
    /// List the access tokens of a bot.
    #[command(after_help = "Examples:
  syncspace bot tokens @ci")]
    Tokens {
        /// `@ci`, `ci` or an id.
        bot: String,
        #[command(flatten)]
        part: ListLimit,
    },
    /// End an access token of a bot.
    #[command(after_help = "Examples:
  syncspace bot revoke @ci 12")]
    Revoke {
        /// `@ci`, `ci` or an id.
        bot: String,
        /// Id of the token, as `bot tokens` shows it.
        id: SessionId,
    },
}
