//! `preferences …`

use clap::{Args, Subcommand};

use super::channel::Level;

/// `preferences …`
#[derive(Debug, Subcommand)]
pub(crate) enum Preferences {
    /// Show of what you are notified, and when you are not to be disturbed.
    #[command(after_help = "Examples:
  syncspace preferences show
  syncspace preferences show --output json")]
    Show,
    /// Choose of what you are notified in public and private channels of which you chose nothing else.
    #[command(after_help = "Examples:
  syncspace preferences set --notify all
  syncspace preferences set --notify usual
  syncspace channel notify eng/general none")]
    Set(Set),
}

/// `preferences set`
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Every message, mentions, nothing, or the usual, which is mentions. Direct and group channels notify of every message.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) notify: Level,
}
