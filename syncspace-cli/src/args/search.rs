//! `search`

use clap::{Args, ValueEnum};

/// Find messages of a team by their words.
///
/// All words must be there, in any case and order; "several words" in quotes stand in a row. Filters: from:@alice or
/// from:me, in:#general or in:@bob, before:, after: and on: a day like 2026-11-22, has:link, has:file, has:code, is:thread,
/// mentions:me. A - before any of these leaves out what is so. C++, foo_bar, addresses and paths are found as they
/// are written.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  syncspace search 'from:@alice deploy' --team eng
  syncspace search '\"error budget\" in:#ops after:2026-11-01 -draft' --team eng --context
  syncspace search 'has:link mentions:me' --limit 100 --output jsonl | jq -r .message.content
  syncspace search deploy --sort relevance
  syncspace search -- '-from:@bot deploy'   # a search that begins with - stands behind --")]
pub(crate) struct Search {
    /// What to look for, in quotes of the shell.
    pub(crate) query: String,
    /// In which order hits come.
    #[arg(long, value_enum, default_value_t = Sort::Time, value_name = "ORDER")]
    pub(crate) sort: Sort,
    /// At most this many.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Show what stands around each hit: the messages before and after it, or what a reply answers.
    #[arg(long, short = 'C')]
    pub(crate) context: bool,
    /// Where days begin, like Europe/Berlin or +02:00; this machine's time zone where absent.
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
}

/// In which order hits come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// Newest first.
    Time,
    /// Best first, among the newest 500.
    Relevance,
}
