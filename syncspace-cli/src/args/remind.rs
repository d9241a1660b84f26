//! `remind …`

use clap::{Args, Subcommand};
use syncspace_protocol::ReminderId;

use super::ListLimit;
use super::message::One;
use super::schedule::When;

/// `remind …`
#[derive(Debug, Subcommand)]
pub(crate) enum Remind {
    /// Be reminded of a message, on all your devices.
    #[command(after_help = "Examples:
  syncspace remind add eng/general 42 --in 2h
  syncspace remind add eng/general 42 --at 2030-11-23T08:00:00Z --note 'is it fixed?'
  syncspace remind add @bob 7 --in 1d --team eng")]
    Add(Add),
    /// List your reminders that wait for their time or are due, by time.
    #[command(after_help = "Examples:
  syncspace remind list eng
  syncspace remind list eng --output json | jq -r '.[] | select(.state == \"due\") | .note'")]
    List {
        /// Name or id of the team; --team or your only one where absent.
        #[arg(value_name = "TEAM")]
        target: Option<String>,
        #[command(flatten)]
        part: ListLimit,
    },
    /// Change time or note; one that is due comes again at the new time.
    #[command(after_help = "Examples:
  syncspace remind edit 7 --in 30m --team eng
  syncspace remind edit 7 --note 'ask Bob' --team eng
  syncspace remind edit 7 --note '' --team eng")]
    Edit(Edit),
    /// End a reminder, whether it is done or not wanted any more.
    #[command(after_help = "Examples:
  syncspace remind done 7 --team eng")]
    Done {
        /// Id of the reminder.
        id: ReminderId,
    },
}

/// `remind add`
#[derive(Debug, Args)]
pub(crate) struct Add {
    #[command(flatten)]
    pub(crate) which: One,
    #[command(flatten)]
    pub(crate) when: When,
    /// A line to remember it by.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

/// `remind edit`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true).args(["note", "at", "in_s"]))]
pub(crate) struct Edit {
    /// Id of the reminder.
    pub(crate) id: ReminderId,
    #[command(flatten)]
    pub(crate) when: When,
    /// Another line to remember it by; '' for none.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}
