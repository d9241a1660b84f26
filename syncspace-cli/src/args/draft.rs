//! `draft …`

use clap::{Args, Subcommand};
use syncspace_protocol::{Rev, Seq};

use super::ListLimit;

/// `draft …`
#[derive(Debug, Subcommand)]
pub(crate) enum Draft {
    /// List your drafts in a team, the last changed first.
    #[command(after_help = "Examples:
  syncspace draft list eng
  syncspace draft list eng --output jsonl | jq -r .content")]
    List {
        /// Name or id of the team; --team or your only one where absent.
        #[arg(value_name = "TEAM")]
        target: Option<String>,
        #[command(flatten)]
        part: ListLimit,
    },
    /// Keep a draft in a channel, or in a thread of it.
    #[command(after_help = "Examples:
  syncspace draft set eng/general 'Deploy is'
  syncspace draft set eng/general --thread 42 - < answer.txt")]
    Set {
        #[command(flatten)]
        which: One,
        /// The text; standard input where it is `-`, or absent and standard input is no terminal.
        text: Option<String>,
    },
    /// Throw a draft away.
    #[command(after_help = "Examples:
  syncspace draft clear eng/general
  syncspace draft clear eng/general --thread 42")]
    Clear(One),
}

/// Names one draft.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// `eng/general`, or `#general` or `@bob` with --team.
    pub(crate) target: String,
    /// Place of the message whose thread it belongs to.
    #[arg(long, value_name = "SEQ")]
    pub(crate) thread: Option<Seq>,
    /// Change it only if it is still at this rev, 0 for none; whatever is there where absent.
    #[arg(long, value_name = "REV")]
    pub(crate) expected_rev: Option<Rev>,
}
