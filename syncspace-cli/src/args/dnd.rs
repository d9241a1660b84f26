//! `dnd …`

use clap::{Args, Subcommand, ValueEnum};
use syncspace_protocol::preferences::{ClockTime, Weekday};

use super::schedule::When;

/// `dnd …`
#[derive(Debug, Subcommand)]
pub(crate) enum Dnd {
    /// Let nothing disturb you, until a time, or until you say otherwise where you name none.
    #[command(after_help = "Examples:
  syncspace dnd on
  syncspace dnd on --in 2h
  syncspace dnd on --at 2026-11-23T17:00")]
    On {
        #[command(flatten)]
        end: When,
    },
    /// Let yourself be disturbed again; your hours stay.
    #[command(after_help = "Examples:
  syncspace dnd off")]
    Off,
    /// Let nothing disturb you at some hours of the week, by the clock of your time zone.
    #[command(after_help = "Examples:
  syncspace dnd hours 22:00 07:00
  syncspace dnd hours 12:00 13:00 --days mon,tue,wed,thu,fri
  syncspace dnd hours --none
  syncspace user edit @alice --time-zone Europe/Berlin")]
    Hours(Hours),
}

/// `dnd hours`
#[derive(Debug, Args)]
pub(crate) struct Hours {
    /// When they begin.
    #[arg(required_unless_present = "none", requires = "to")]
    pub(crate) from: Option<ClockTime>,
    /// When they end, on the next day where that is not after the beginning.
    pub(crate) to: Option<ClockTime>,
    /// Days on which they begin; every day where absent.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "DAYS")]
    pub(crate) days: Vec<Day>,
    /// Have no such hours any more.
    #[arg(long, conflicts_with_all = ["from", "to", "days"])]
    pub(crate) none: bool,
}

/// A day as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl From<Day> for Weekday {
    fn from(day: Day) -> Self {
        match day {
            Day::Mon => Self::Mon,
            Day::Tue => Self::Tue,
            Day::Wed => Self::Wed,
            Day::Thu => Self::Thu,
            Day::Fri => Self::Fri,
            Day::Sat => Self::Sat,
            Day::Sun => Self::Sun,
        }
    }
}
