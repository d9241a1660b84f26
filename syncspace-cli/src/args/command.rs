//! `command …`

use clap::{Args, Subcommand};
use syncspace_protocol::CommandId;
use syncspace_protocol::names::SlashName;

use super::TeamListArgs;

/// `command …`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a command that people type with a slash; the secret that signs its requests is printed this once.
    #[command(after_help = "Examples:
  syncspace command create deploy https://example.org/deploy --bot @ci --hint '[service]' --description 'Brings it out'

The program behind it gets what Slack's programs get: a form with the same fields, X-Slack-Signature and
X-Slack-Request-Timestamp, and three seconds to answer.")]
    Create(Create),
    /// List the commands of a team.
    #[command(after_help = "Examples:
  syncspace command list eng")]
    List(TeamListArgs),
    /// Change a command.
    #[command(after_help = "Examples:
  syncspace command edit 6 --url https://example.org/new")]
    Edit(Edit),
    /// Delete a command.
    #[command(after_help = "Examples:
  syncspace command delete 6 --yes")]
    Delete {
        /// Id of the command.
        id: CommandId,
    },
    /// Run a command in a channel.
    #[command(after_help = "Examples:
  syncspace command run eng/deploys /deploy web 1.2")]
    Run {
        /// The channel, like eng/deploys.
        channel: String,
        /// The command, with or without the slash.
        #[arg(value_parser = slash_name)]
        name: SlashName,
        /// What follows it.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        text: Vec<String>,
    },
}

/// Reads the name of a command as people type it.
fn slash_name(text: &str) -> Result<SlashName, String> {
    text.strip_prefix('/').unwrap_or(text).parse().map_err(|error| format!("{error}"))
}

/// `command create`
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What is typed behind the slash, with or without it.
    #[arg(value_parser = slash_name)]
    pub(crate) name: SlashName,
    /// Who is asked.
    pub(crate) url: String,
    /// Who answers: a bot of the team.
    #[arg(long, value_name = "BOT")]
    pub(crate) bot: String,
    /// What it does.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// What may follow it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) hint: Option<String>,
}

/// `command edit`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true).args(["url", "description", "hint"]))]
pub(crate) struct Edit {
    /// Id of the command.
    pub(crate) id: CommandId,
    /// Who is asked.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// What it does; empty for nothing.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// What may follow it; empty for nothing.
    #[arg(long, value_name = "TEXT")]
    pub(crate) hint: Option<String>,
}
