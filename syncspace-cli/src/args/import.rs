//! `import …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use syncspace_protocol::ImportId;
use syncspace_protocol::imports::MatchBy;

/// `import …`
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Import an export of a Slack workspace: people, channels, threads and reactions, with their times.
    ///
    /// Everything is checked before anything is sent; --dry-run ends there, and says which names are taken on the server. What
    /// broke off, also with Ctrl+C, goes on where it stood when the same command is given again. An export has no bytes of files:
    /// their names stay in the text.
    #[command(after_help = "Examples:
  syncspace import slack export.zip --team eng --dry-run
  syncspace import slack export.zip --team eng --match-by email")]
    Slack(Archive),
    /// Import a bulk export of Mattermost: lines of JSON, or a zip file with them and the attachments.
    #[command(after_help = "Examples:
  syncspace import mattermost export.zip --team eng
  syncspace import mattermost bulk.jsonl --team eng --from-team engineering --match-by username")]
    Mattermost {
        #[command(flatten)]
        archive: Archive,
        /// Name of the team in the export; the only one where absent.
        #[arg(long, value_name = "NAME")]
        from_team: Option<String>,
        #[command(flatten)]
        large: Large,
    },
    /// Import an archive that `team export` wrote.
    #[command(after_help = "Examples:
  syncspace import syncspace eng.jsonl --team eng
  syncspace import syncspace eng.jsonl --files eng.files --team eng --match-by username")]
    Syncspace {
        #[command(flatten)]
        archive: Archive,
        /// The folder of its files.
        #[arg(long, value_name = "DIR")]
        files: Option<PathBuf>,
        #[command(flatten)]
        large: Large,
    },
    /// Take an import back that broke off: its channels and messages go. Accounts that it made stay, switched off.
    #[command(after_help = "Examples:
  syncspace import cancel 7 --team eng")]
    Cancel {
        /// Number of the import, as the sentence says that speaks of it.
        import: ImportId,
    },
}

/// What imports take that bring files.
#[derive(Debug, Args)]
pub(crate) struct Large {
    /// Leave files out that are longer than the server takes.
    ///
    /// Without it an archive with such files is refused before anything is sent. The text of a message says what was left out of
    /// it.
    #[arg(long)]
    pub(crate) skip_large_files: bool,
}

/// What every import takes.
#[derive(Debug, Args)]
pub(crate) struct Archive {
    /// The archive.
    pub(crate) archive: PathBuf,
    /// How its people are found among the accounts of the server.
    ///
    /// Whoever is not found gets an account that is switched off and has no password; `user reactivate` hands it over.
    #[arg(long, value_enum, default_value_t = Match::Nothing, value_name = "HOW")]
    pub(crate) match_by: Match,
    /// Import also into a team that another archive was imported into.
    ///
    /// An import fills only channels that it makes: what is in both archives comes twice, in channels with a number behind their
    /// names, and direct conversations that exist already are passed over.
    #[arg(long)]
    pub(crate) beside: bool,
}

/// How people are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Match {
    /// Each gets an account of its own.
    Nothing,
    /// By the e-mail address.
    Email,
    /// By the username.
    Username,
}

impl From<Match> for MatchBy {
    fn from(how: Match) -> Self {
        match how {
            Match::Nothing => Self::Nothing,
            Match::Email => Self::Email,
            Match::Username => Self::Username,
        }
    }
}
