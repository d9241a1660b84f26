//! `message …`

use clap::{Args, Subcommand};
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::{ClientId, FileId, Rev, Seq};

use super::ListLimit;

/// `message …`
#[derive(Debug, Subcommand)]
pub(crate) enum Message {
    /// List messages of a channel, oldest first; the newest ones where nothing else is said.
    #[command(after_help = "Examples:
  syncspace message list eng/general
  syncspace message list eng/general --after 120 --limit 500 --output jsonl
  syncspace message list @bob --team eng
  syncspace message list eng/general --thread 42
  syncspace message list syncspace://1/3/42   # the message that a link names, and what was said around it")]
    List(List),
    /// Show one message, named by its place or by a link to it.
    #[command(after_help = "Examples:
  syncspace message show eng/general 42
  syncspace message show syncspace://1/3/42
  syncspace message show https://chat.example.org/teams/1/channels/3/messages/42
  syncspace message show eng/general 42 --output json | jq -r .content")]
    Show {
        /// `eng/general`, `#general` or `@bob` with --team, or a link to the message.
        target: String,
        /// Place of the message in its channel; not with a link.
        seq: Option<Seq>,
    },
    /// Print a link to a message.
    #[command(after_help = "Examples:
  syncspace message link eng/general 42
  syncspace message link eng/general 42 --web")]
    Link {
        #[command(flatten)]
        which: One,
        /// Print the form for browsers.
        #[arg(long)]
        web: bool,
    },
    /// Print the text of a message as a quote, to put an answer below it.
    #[command(after_help = "Examples:
  (syncspace message quote eng/general 42; echo 'Agreed.') | syncspace message send eng/general")]
    Quote(One),
    /// Send a copy of a message, with its files, into another channel; it says where it comes from.
    #[command(after_help = "Examples:
  syncspace message forward eng/general 42 eng/releases
  syncspace message forward eng/general 42 @bob --team eng
  syncspace message forward eng/general 42 eng/releases --text 'only this part'")]
    Forward {
        #[command(flatten)]
        which: One,
        /// Where to: `eng/releases`, or `#releases` or `@bob` with --team.
        to: String,
        /// Show this instead of the whole text.
        #[arg(long, value_name = "TEXT")]
        text: Option<String>,
        /// Your own name for the copy: sending it again gives the same message back.
        #[arg(long, value_name = "ID")]
        client_id: Option<ClientId>,
    },
    /// Send a message, or one per line of standard input.
    ///
    /// Every message gets its client_id before it is sent. A failure that may pass is tried again under the same
    /// client_id, so that the message arrives exactly once.
    #[command(after_help = "Examples:
  syncspace message send eng/general 'Deploy is done'
  git log -1 | syncspace message send eng/general
  syncspace message send @bob 'Lunch?' --team eng
  syncspace message send eng/general --reply-to 42 'Yes'
  syncspace message send eng/general --code rust --title main.rs < main.rs
  syncspace message send eng/general 'The plan' --file plan.pdf --file costs.csv
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
  syncspace message edit eng/general 42 - < text.txt
  syncspace message edit eng/general 42 'Done' --expected-rev 57   # not over what somebody else wrote since")]
    Edit {
        #[command(flatten)]
        which: One,
        /// New text; standard input where it is `-`, or absent and standard input is no terminal.
        text: Option<String>,
        /// Only where the text was not changed after this rev of the message.
        #[arg(long, value_name = "REV")]
        expected_rev: Option<Rev>,
    },
    /// Append standard input to your message as it comes, at most once a second.
    ///
    /// Once the message is full the text goes on in its thread. A repeat of a part whose answer was lost doubles nothing.
    #[command(after_help = "Examples:
  make 2>&1 | syncspace message append eng/builds 42
  syncspace message append eng/builds 42 'all green'")]
    Append {
        #[command(flatten)]
        which: One,
        /// What to append; standard input where it is `-` or absent.
        text: Option<String>,
    },
    /// List the texts that edits of a message replaced, oldest first.
    #[command(after_help = "Examples:
  syncspace message history eng/general 42
  syncspace message history eng/general 42 --output jsonl | jq -r .content")]
    History(One),
    /// Pin a message to its channel.
    #[command(after_help = "Examples:
  syncspace message pin eng/general 42")]
    Pin(One),
    /// Take a message off the pins of its channel.
    #[command(after_help = "Examples:
  syncspace message unpin eng/general 42")]
    Unpin(One),
    /// List the pinned messages of a channel, those pinned last first.
    #[command(after_help = "Examples:
  syncspace message pins eng/general
  syncspace message pins @bob --team eng --output jsonl")]
    Pins {
        /// `eng/general`, or `#general` or `@bob` with --team.
        target: String,
        #[command(flatten)]
        part: ListLimit,
    },
    /// Delete a message: its place stays, its text is gone.
    #[command(after_help = "Examples:
  syncspace message delete eng/general 42
  syncspace message delete eng/general 42 --yes")]
    Delete(One),
    /// React to a message with an emoji, named by its short name.
    #[command(after_help = "Examples:
  syncspace message react eng/general 42 thumbsup
  syncspace message react @bob 7 tada --team eng")]
    React {
        #[command(flatten)]
        which: One,
        /// Short name of the emoji, like thumbsup, heart or tada.
        emoji: Emoji,
    },
    /// Take your reaction to a message back.
    #[command(after_help = "Examples:
  syncspace message unreact eng/general 42 thumbsup")]
    Unreact {
        #[command(flatten)]
        which: One,
        /// Short name of the emoji.
        emoji: Emoji,
    },
    /// List who reacted to a message with what.
    #[command(after_help = "Examples:
  syncspace message reactions eng/general 42
  syncspace message reactions eng/general 42 --emoji thumbsup --output jsonl | jq -r .user")]
    Reactions {
        #[command(flatten)]
        which: One,
        /// Only reactions with this emoji.
        #[arg(long, value_name = "NAME")]
        emoji: Option<Emoji>,
        /// At most this many.
        #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        limit: Option<u32>,
    },
    /// Save a message for you.
    #[command(after_help = "Examples:
  syncspace message save eng/general 42")]
    Save(One),
    /// Take a message off your saved ones.
    #[command(after_help = "Examples:
  syncspace message unsave eng/general 42")]
    Unsave(One),
    /// List your saved messages, the last saved first.
    #[command(after_help = "Examples:
  syncspace message saved eng
  syncspace message saved eng -n 20 --output jsonl | jq -r .message.content")]
    Saved {
        /// Name or id of the team; --team or your only one where absent.
        #[arg(value_name = "TEAM")]
        target: Option<String>,
        #[command(flatten)]
        part: ListLimit,
    },
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
    /// Send the text as code in this language, like rust; '' where it has none.
    #[arg(long, value_name = "LANGUAGE", conflicts_with = "lines")]
    pub(crate) code: Option<String>,
    /// File name or title of the code.
    #[arg(long, value_name = "NAME", requires = "code")]
    pub(crate) title: Option<String>,
    /// Upload this file and have the message carry it; up to ten. The text may be absent then.
    #[arg(long, value_name = "FILE", conflicts_with = "lines")]
    pub(crate) file: Vec<std::path::PathBuf>,
    /// Have the message carry a file that `file upload` gave this id.
    #[arg(long, value_name = "ID", conflicts_with = "lines")]
    pub(crate) file_id: Vec<FileId>,
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
    /// Upload this file and have the message carry it; up to ten. The text may be absent then.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Vec<std::path::PathBuf>,
    /// Have the message carry a file that `file upload` gave this id.
    #[arg(long, value_name = "ID")]
    pub(crate) file_id: Vec<FileId>,
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
