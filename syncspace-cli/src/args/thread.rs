//! `thread …`

use clap::{Args, Subcommand};
use syncspace_protocol::Seq;

use super::ListLimit;

/// `thread …`
#[derive(Debug, Subcommand)]
pub(crate) enum Thread {
    /// List the threads you follow: those with unread replies first.
    #[command(after_help = "Examples:
  syncspace thread list eng
  syncspace thread list eng -n 10 --output jsonl | jq .membership.read.unread_count")]
    List {
        /// Name or id of the team; --team or your only one where absent.
        #[arg(value_name = "TEAM")]
        target: Option<String>,
        #[command(flatten)]
        part: ListLimit,
    },
    /// Follow the thread of a message. Whoever starts, answers or is named in one follows by itself.
    #[command(after_help = "Examples:
  syncspace thread follow eng/general 42")]
    Follow(One),
    /// Follow a thread no longer, also when somebody names you there.
    #[command(after_help = "Examples:
  syncspace thread unfollow eng/general 42")]
    Unfollow(One),
    /// Keep quiet about a thread that you follow.
    #[command(after_help = "Examples:
  syncspace thread mute eng/general 42")]
    Mute(One),
    /// Keep quiet about a thread no longer.
    #[command(after_help = "Examples:
  syncspace thread unmute eng/general 42")]
    Unmute(One),
    /// Mark a thread that you follow as read, on all your devices.
    #[command(after_help = "Examples:
  syncspace thread read eng/general 42
  syncspace thread read eng/general 42 --up-to 57
  syncspace thread read eng/general 42 --unread-from 51")]
    Read {
        #[command(flatten)]
        which: One,
        /// Place of the last reply that you have read; the newest where absent. Never moves back.
        #[arg(long, value_name = "SEQ", conflicts_with = "unread_from")]
        up_to: Option<Seq>,
        /// Place of the first reply that is to be unread again.
        #[arg(long, value_name = "SEQ")]
        unread_from: Option<Seq>,
    },
}

/// Names one thread.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// `eng/general`, or `#general` or `@bob` with --team.
    pub(crate) target: String,
    /// Place of its root, or of any reply.
    pub(crate) seq: Seq,
}
