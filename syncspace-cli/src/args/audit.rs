//! `audit …`

use clap::{Args, Subcommand};
use syncspace_protocol::Time;

use super::ListLimit;
use super::values::time;

/// `audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List what was done, the newest first: in a team of yours, or on the whole server (administrators).
    ///
    /// Without --team it is the whole server. Lines of the log name who did what to whom, never what people wrote.
    #[command(after_help = "Examples:
  syncspace audit list --team eng --limit 20
  syncspace audit list --action account.login_failed --since 2026-11-01T00:00
  syncspace audit list --action member --by @alice
  syncspace audit list --output jsonl > audit.jsonl")]
    List(List),
}

/// `audit list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only this action, like `member.removed`, or all of one kind, like `member`.
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<String>,
    /// Only what this person did: `@alice`, `alice` or an id.
    #[arg(long, value_name = "USER")]
    pub(crate) by: Option<String>,
    /// Only what was done to this person: `@alice`, `alice` or an id.
    #[arg(long, value_name = "USER")]
    pub(crate) to: Option<String>,
    /// Only what was done then or later, like 2026-11-23T08:00:00Z, or 2026-11-23T08:00 on this machine's clock.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Time>,
    /// Only what was done before.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Time>,
    #[command(flatten)]
    pub(crate) part: ListLimit,
}
