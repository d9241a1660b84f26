//! `audit …`

use clap::{Args, Subcommand};
use syncspace_protocol::Time;
use syncspace_protocol::audit::AuditAction;

use super::ListLimit;
use super::values::time;

/// How the lines of the log are asked for.
const LIST_EXAMPLES: &str = "Examples:
  syncspace audit list --team eng --limit 20
  syncspace audit list --action account.login_failed --since 2026-11-01T00:00
  syncspace audit list --action member --by @alice
  syncspace audit list --output jsonl > audit.jsonl";

/// `audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List what was done, the newest first: in a team of yours, or on the whole server (administrators).
    ///
    /// Without --team it is the whole server. Lines of the log name who did what to whom, never what people wrote.
    #[command(after_help = LIST_EXAMPLES, after_long_help = list_help())]
    List(List),
}

/// Gives the examples again, and every action that there is: the list of the protocol, by kind.
fn list_help() -> String {
    let mut help = format!("{LIST_EXAMPLES}\n\nActions, by kind:");
    let mut kind = "";
    for name in AuditAction::ALL.iter().map(|action| action.as_str()) {
        let (of, what) = name.split_once('.').unwrap_or((name, ""));
        if std::mem::replace(&mut kind, of) == of {
            help.push_str(&format!(" {what}"));
        } else {
            help.push_str(&format!("\n  {of}: {what}"));
        }
    }
    help
}

/// `audit list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only this action, like `member.removed`, or all of one kind, like `member`; `--help` names all of them.
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
