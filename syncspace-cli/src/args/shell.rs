//! `completion` and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Print the completion script of a shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  syncspace completion bash > ~/.local/share/bash-completion/completions/syncspace
  syncspace completion zsh > ~/.zfunc/_syncspace
  syncspace completion fish > ~/.config/fish/completions/syncspace.fish")]
pub(crate) struct Completion {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Print the manual page, or write one page per command into a directory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  syncspace man | man -l -
  syncspace man --dir ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// Directory to write the pages into; made where it is missing.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
