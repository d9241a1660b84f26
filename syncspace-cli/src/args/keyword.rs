//! `keyword …`

use clap::Subcommand;
use syncspace_protocol::Keyword as Word;

/// `keyword …`
#[derive(Debug, Subcommand)]
pub(crate) enum Keyword {
    /// List the words and phrases by which you want to be called.
    #[command(after_help = "Examples:
  syncspace keyword list
  syncspace keyword list --output jsonl | jq -r .keyword")]
    List,
    /// Add keywords: from now on messages in your channels that have one count as mentions of you, in all teams.
    ///
    /// Whole words are compared, without regard to case; code calls nobody.
    #[command(after_help = "Examples:
  syncspace keyword add deploy 'release train'")]
    Add {
        /// A word, or a phrase in quotes; up to 50 characters each.
        #[arg(required = true, value_name = "KEYWORD")]
        keywords: Vec<Word>,
    },
    /// Remove keywords; what has called you so far stays counted.
    #[command(after_help = "Examples:
  syncspace keyword remove deploy")]
    Remove {
        /// A word, or a phrase in quotes.
        #[arg(required = true, value_name = "KEYWORD")]
        keywords: Vec<Word>,
    },
}
