//! `file …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use syncspace_protocol::FileId;

use super::ListLimit;

/// `file …`
#[derive(Debug, Subcommand)]
pub(crate) enum File {
    /// Upload a file for a message; `message send --file` uploads and sends at once.
    ///
    /// What no message carries after a day is forgotten.
    #[command(after_help = "Examples:
  syncspace file upload eng/general plan.pdf
  pg_dump shop | syncspace file upload eng/general - --name shop.sql
  syncspace file upload eng/general plan.pdf -o json | jq .id
  syncspace message send eng/general 'The plan' --file-id 12")]
    Upload(Upload),
    /// Download a file into this folder, under its own name.
    ///
    /// Nothing is overwritten. What broke off goes on where it stood when the same command is given again, and the checksum is
    /// compared at the end.
    #[command(after_help = "Examples:
  syncspace file download 12
  syncspace file download 12 --to plans/october.pdf
  syncspace file download 12 --to - | gunzip | head")]
    Download(Download),
    /// List the files of a channel, or of a team all that you may see, the newest first.
    #[command(after_help = "Examples:
  syncspace file list eng/general
  syncspace file list eng -n 20
  syncspace file list eng/general -o json | jq '.[] | select(.size_bytes > 1000000) | .name'")]
    List {
        /// A team, like `eng`; or `eng/general`, or `#general` or `@bob` with --team. Where absent, --team or your only team.
        target: Option<String>,
        #[command(flatten)]
        part: ListLimit,
    },
    /// Print an address that gives a file for a minute without logging in.
    #[command(after_help = "Examples:
  curl -OJ \"$(syncspace file link 12)\"")]
    Link {
        /// Id of the file.
        id: FileId,
    },
    /// Delete a file of yours that no message carries; others go with their messages.
    #[command(after_help = "Examples:
  syncspace file delete 12
  syncspace message delete eng/general 42   # with the files that it carries")]
    Delete {
        /// Id of the file.
        id: FileId,
    },
}

/// `file upload`
#[derive(Debug, Args)]
pub(crate) struct Upload {
    /// Where it is for: `eng/general`, or `#general` or `@bob` with --team.
    pub(crate) target: String,
    /// The file; `-` for standard input.
    pub(crate) file: PathBuf,
    /// What it is to be called instead of its own name.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// `file download`
#[derive(Debug, Args)]
pub(crate) struct Download {
    /// Id of the file.
    pub(crate) id: FileId,
    /// Where to: a new file, or `-` for standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// Overwrite what is there.
    #[arg(long)]
    pub(crate) force: bool,
}
