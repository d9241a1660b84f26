//! `server …`

use clap::{Args, Subcommand, ValueEnum};
use syncspace_protocol::Time;
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::server::BannerLevel;

use super::values::{Kept, kept, seconds, time};

/// `server …`
#[derive(Debug, Subcommand)]
pub(crate) enum Server {
    /// Show whether a server answers, its version, and who may register.
    ///
    /// Needs no login. Ends with code 9 where the server does not answer or is not ready.
    #[command(after_help = "Examples:
  syncspace server status
  until syncspace server status --quiet --server http://127.0.0.1:7420; do sleep 1; done")]
    Status,
    /// Show what is settled for the whole server (administrators).
    #[command(after_help = "Examples:
  syncspace server settings --output json")]
    Settings,
    /// Settle something for the whole server (administrators): at once, on all its instances.
    #[command(after_help = "Examples:
  syncspace server edit --registration invite
  syncspace server edit --registration configured   # as the configuration of the server says")]
    Edit {
        /// Who may make an account.
        #[arg(long, value_enum, value_name = "MODE")]
        registration: Registration,
    },
    /// Show everybody on the server a line, or take it away (administrators).
    #[command(subcommand)]
    Banner(ServerBanner),
    /// Show how long messages are kept where neither channel nor team says it, or settle it (administrators).
    ///
    /// Without a time it shows what holds, and what is old enough to go. With one it shows what would go, and asks; what goes
    /// is gone for everybody, within the hour.
    #[command(after_help = "Examples:
  syncspace server retention
  syncspace server retention 365d --dry-run
  syncspace server retention forever")]
    Retention {
        /// For how long: like 365d, or forever; inherited is the same here, nothing stands above the server.
        #[arg(value_name = "TIME", value_parser = kept)]
        keep: Option<Kept>,
    },
    /// Show how much there is on the server, and was at the end of each of the last days (administrators).
    #[command(after_help = "Examples:
  syncspace server statistics
  syncspace server statistics --output csv > days.csv")]
    Statistics,
}

/// `server banner …`
#[derive(Debug, Subcommand)]
pub(crate) enum ServerBanner {
    /// Show the line that everybody sees.
    #[command(after_help = "Examples:
  syncspace server banner show")]
    Show,
    /// Show everybody a line, on all their devices at once.
    #[command(after_help = "Examples:
  syncspace server banner set 'The server restarts at 18:00 UTC' --warning --for 8h
  syncspace server banner set 'Lunch is served' --until 2026-11-23T13:00")]
    Set(SetBanner),
    /// Take the line away.
    #[command(after_help = "Examples:
  syncspace server banner clear")]
    Clear,
}

/// `server banner set`
#[derive(Debug, Args)]
pub(crate) struct SetBanner {
    /// The line.
    pub(crate) text: String,
    /// Set it off: something to be prepared for.
    #[arg(long)]
    pub(crate) warning: bool,
    /// When it goes by itself, like 2026-11-23T08:00:00Z, or 2026-11-23T08:00 on this machine's clock.
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "for_s")]
    pub(crate) until: Option<Time>,
    /// How long until it goes by itself, like 30m or 8h.
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    pub(crate) for_s: Option<u32>,
}

impl SetBanner {
    /// Gives how much it matters.
    pub(crate) const fn level(&self) -> BannerLevel {
        if self.warning { BannerLevel::Warning } else { BannerLevel::Info }
    }
}

/// Who may make an account, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Registration {
    /// Anyone.
    Open,
    /// Whoever has an invite to a team.
    Invite,
    /// Nobody; administrators make accounts.
    Closed,
    /// As the server's configuration says.
    Configured,
}

impl Registration {
    /// Gives the mode; none for the configuration's.
    pub(crate) const fn mode(self) -> Option<RegistrationMode> {
        match self {
            Self::Open => Some(RegistrationMode::Open),
            Self::Invite => Some(RegistrationMode::Invite),
            Self::Closed => Some(RegistrationMode::Closed),
            Self::Configured => None,
        }
    }
}
