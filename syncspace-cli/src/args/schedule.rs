//! `schedule …`, and when a message is to be sent.

use clap::{Args, Subcommand};
use syncspace_protocol::{ScheduledId, Time};

use super::ListLimit;

/// `schedule …`
#[derive(Debug, Subcommand)]
pub(crate) enum Schedule {
    /// List your messages that wait for their time or could not be sent, by time.
    #[command(after_help = "Examples:
  syncspace schedule list eng
  syncspace schedule list eng --output json | jq -r .[].failure")]
    List {
        /// Name or id of the team; --team or your only one where absent.
        #[arg(value_name = "TEAM")]
        target: Option<String>,
        #[command(flatten)]
        part: ListLimit,
    },
    /// Change text or time; one that could not be sent waits again with a new time.
    #[command(after_help = "Examples:
  syncspace schedule edit 7 --text 'Good evening' --team eng
  syncspace schedule edit 7 --in 2h --team eng")]
    Edit(Edit),
    /// Take a message back that was not sent yet.
    #[command(after_help = "Examples:
  syncspace schedule cancel 7 --team eng")]
    Cancel {
        /// Id of the scheduled message.
        id: ScheduledId,
    },
    /// Send one at once.
    #[command(after_help = "Examples:
  syncspace schedule now 7 --team eng")]
    Now {
        /// Id of the scheduled message.
        id: ScheduledId,
    },
}

/// `schedule edit`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true).args(["text", "at", "in_s"]))]
pub(crate) struct Edit {
    /// Id of the scheduled message.
    pub(crate) id: ScheduledId,
    /// Another text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    #[command(flatten)]
    pub(crate) when: When,
}

/// A time that lies ahead.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct When {
    /// The time, like 2026-11-23T08:00:00Z, or 2026-11-23T08:00 on this machine's clock.
    #[arg(long, value_name = "TIME", value_parser = super::values::time)]
    pub(crate) at: Option<Time>,
    /// How long from now, like 30m or 2h.
    #[arg(long = "in", value_name = "TIME", value_parser = super::values::seconds)]
    pub(crate) in_s: Option<u32>,
}
