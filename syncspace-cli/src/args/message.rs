//! `message …`

use clap::{Args, Subcommand};
use syncspace_protocol::{ClientId, Seq};

/// `message …`
#[derive(Debug, Subcommand)]
pub(crate) enum Message {
    /// List messages of a channel, oldest first; the newest ones where nothing else is said.
    #[command(after_help = "Examples:
  syncspace message list eng/general
  syncspace message list eng/general --after 120 --limit 500 --output jsonl
  syncspace message list @bob --team eng
  syncspace message list eng/general --thread 42")]
    List(List),
    /// Show one message.
    #[command(after_help = "Examples:
  syncspace message show eng/general 42
  syncspace message show eng/general 42 --output json | jq -r .content")]
    Show(One),
    /// Send a message, or one per line of standard input.
    ///
    /// Every message gets its client_id before it is sent. A failure that may pass is tried again under the same
    /// client_id, so that the message arrives exactly once.
    #[command(after_help = "Examples:
  syncspace message send eng/general 'Deploy is done'
  git log -1 | syncspace message send eng/general
  syncspace message send @bob 'Lunch?' --team eng
  syncspace message send eng/general --reply-to 42 'Yes'
  syncspace message send eng/general --lines --client-id import-7 < lines.txt   # run again: nothing doubles")]
    Send(Send),
    /// Write a message now that is sent later, also while you are away.
    ///
    /// `schedule list`, `edit`, `cancel` and `now` look after it until then.
    #[command(after_help = "Examples:
  syncspace message schedule eng/general 'Good morning' --at 2030-11-23T08:00:00Z
  syncspace message schedule @bob 'Lunch?' --in 2h --team eng")]
    Schedule(Schedule),
    /// Change the text of your message.
    #[command(after_help = "Examples:
  syncspace message edit eng/general 42 'Deploy is done, really'
  syncspace message edit eng/general 42 - < text.txt")]
    Edit {
        #[command(flatten)]
        which: One,
        /// New text; standard input where it is `-`, or absent and standard input is no terminal.
        text: Option<String>,
    },
    /// Delete a message: its place stays, its text is gone.
    #[command(after_help = "Examples:
  syncspace message delete eng/general 42
  syncspace message delete eng/general 42 --yes")]
    Delete(One),
    /// Print the last messages of a channel, and with -f those to come.
    ///
    /// Survives a lost connection: what came meanwhile is printed once, in order.
    #[command(after_help = "Examples:
  syncspace message tail eng/general
  syncspace message tail eng/general -f --output jsonl | while read -r m; do …; done
  syncspace message tail eng/general -f --since 120")]
    Tail(Tail),
}

/// Names one message.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// `eng/general`, or `#general` or `@bob` with --team.
    pub(crate) target: String,
    /// Place of the message in its channel.
    pub(crate) seq: Seq,
}

/// `message list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// `eng/general`, or `#general` or `@bob` with --team.
    pub(crate) target: String,
    /// At most this many.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Only messages before this place, the nearest ones.
    #[arg(long, value_name = "SEQ", group = "place")]
    pub(crate) before: Option<Seq>,
    /// Only messages after this place, the nearest ones.
    #[arg(long, value_name = "SEQ", group = "place")]
    pub(crate) after: Option<Seq>,
    /// Messages on both sides of this place, at most 200.
    #[arg(long, value_name = "SEQ", group = "place")]
    pub(crate) around: Option<Seq>,
    /// The thread below this message: itself, then its replies.
    #[arg(long, value_name = "SEQ", group = "place")]
    pub(crate) thread: Option<Seq>,
}

/// `message send`
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// `eng/general`, or `#general` or `@bob` with --team.
    pub(crate) target: String,
    /// The text; standard input where it is `-`, or absent and standard input is no terminal.
    #[arg(conflicts_with = "lines")]
    pub(crate) text: Option<String>,
    /// Send each line of standard input as a message of its own; empty lines are passed over.
    #[arg(long)]
    pub(crate) lines: bool,
    /// Place of the message that this one answers.
    #[arg(long, value_name = "SEQ")]
    pub(crate) reply_to: Option<Seq>,
    /// Your own name for the message: sending it again gives the same message back. With --lines each line gets this
    /// name, `-` and its number.
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<ClientId>,
    /// How long to try again where the server is busy or away, like 90s or 5m.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = super::values::seconds)]
    pub(crate) retry_for: u32,
}

/// `message schedule`
#[derive(Debug, Args)]
pub(crate) struct Schedule {
    /// `eng/general`, or `#general` or `@bob` with --team.
    pub(crate) target: String,
    /// The text; standard input where it is `-`, or absent and standard input is no terminal.
    pub(crate) text: Option<String>,
    #[command(flatten)]
    pub(crate) when: super::schedule::When,
    /// Place of the message that this one answers.
    #[arg(long, value_name = "SEQ")]
    pub(crate) reply_to: Option<Seq>,
}

/// `message tail`
#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// `eng/general`, or `#general` or `@bob` with --team.
    pub(crate) target: String,
    /// Go on with the messages to come, until Ctrl+C.
    #[arg(long, short = 'f')]
    pub(crate) follow: bool,
    /// Start with this many messages.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, conflicts_with = "since")]
    pub(crate) limit: u32,
    /// Start with every message after this place.
    #[arg(long, value_name = "SEQ")]
    pub(crate) since: Option<Seq>,
}
