//! `syncspace-tui config`: where the file is, what is wrong in it, and one to start from.

use std::io::{self, Write};

use clap::Subcommand;
use crossterm::terminal::supports_keyboard_enhancement;
use crossterm::tty::IsTty;

use super::example;
use super::file::ConfigFile;

/// What to do with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print where the configuration file is
    Path,
    /// Say what is wrong in the configuration file; exit code 1 where something is
    Check,
    /// Print a configuration file with every setting and every action, to be edited
    Example,
}

/// Runs a command; tells whether everything is well.
pub(crate) fn run(command: ConfigCommand, file: &ConfigFile) -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    let path = file.path().map_or_else(String::new, |path| path.display().to_string());
    match command {
        ConfigCommand::Path => writeln!(out, "{path}")?,
        ConfigCommand::Example => out.write_all(example().as_bytes())?,
        ConfigCommand::Check => {
            let mut problems = file.load()?.problems;
            if problems.iter().any(|problem| problem.is_doubt) && tells_keys_apart() {
                problems.retain(|problem| !problem.is_doubt);
            }
            for problem in &problems {
                writeln!(out, "{path}:{}:{}: {}", problem.line, problem.column, problem.text)?;
            }
            if problems.is_empty() {
                writeln!(out, "{path}: nothing is wrong")?;
            }
            return Ok(problems.is_empty());
        }
    }
    Ok(true)
}

/// Tells whether this terminal speaks the enhanced keyboard protocol; without a terminal, nobody knows.
pub(crate) fn tells_keys_apart() -> bool {
    io::stdin().is_tty() && io::stdout().is_tty() && supports_keyboard_enhancement().unwrap_or(false)
}
