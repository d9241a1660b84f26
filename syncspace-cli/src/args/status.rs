//! `status …`

use clap::{Args, Subcommand, ValueEnum};
use syncspace_protocol::Time;
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::status::ChosenPresence;

/// `status …`
#[derive(Debug, Subcommand)]
pub(crate) enum Status {
    /// Say something of yourself, or choose what presence others see; what you do not name stays as it is.
    ///
    /// A new text or emoji stays until you change it, unless you say when it ends.
    #[command(after_help = "Examples:
  syncspace status set 'On holiday' --emoji palm_tree --until 2026-12-07T08:00
  syncspace status set 'At lunch' --for 1h --presence away
  syncspace status set --presence invisible")]
    Set(Set),
    /// Say nothing of yourself any more; the presence you chose stays.
    #[command(after_help = "Examples:
  syncspace status clear
  syncspace status set --presence online")]
    Clear,
}

/// `status set`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["text", "emoji", "until", "for_s", "presence"]))]
pub(crate) struct Set {
    /// What you say, on one line; '' takes the text away.
    pub(crate) text: Option<String>,
    /// Short name of an emoji beside it, without colons.
    #[arg(long, value_name = "NAME")]
    pub(crate) emoji: Option<Emoji>,
    /// When it ends, like 2026-11-23T08:00:00Z, or 2026-11-23T08:00 on this machine's clock.
    #[arg(long, value_name = "TIME", value_parser = super::values::time, conflicts_with = "for_s")]
    pub(crate) until: Option<Time>,
    /// How long it stays, like 30m or 2h.
    #[arg(long = "for", value_name = "TIME", value_parser = super::values::seconds)]
    pub(crate) for_s: Option<u32>,
    /// What others see while you are connected.
    #[arg(long, value_enum, value_name = "PRESENCE")]
    pub(crate) presence: Option<Chosen>,
}

/// A presence as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Chosen {
    /// What is so: online while a device is connected.
    Online,
    /// Away.
    Away,
    /// Not to be disturbed; your devices do not notify you either.
    Dnd,
    /// Offline, to everybody but yourself.
    Invisible,
}

impl From<Chosen> for ChosenPresence {
    fn from(chosen: Chosen) -> Self {
        match chosen {
            Chosen::Online => Self::Online,
            Chosen::Away => Self::Away,
            Chosen::Dnd => Self::Dnd,
            Chosen::Invisible => Self::Invisible,
        }
    }
}
