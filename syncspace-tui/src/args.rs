//! The command line.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Parser, Subcommand};
use syncspace_client::CredentialStore;

use crate::app::keymap::Preset;
use crate::app::look::Theme;
use crate::config::Overrides;
use crate::config::command::ConfigCommand;
use crate::config::file::ConfigFile;

/// Chat with your team in the terminal.
#[derive(Debug, Parser)]
#[command(name = "syncspace-tui", version, about)]
pub(crate) struct Args {
    /// Address of the server to be in front, like `https://chat.example.org`
    #[arg(long, env = "SYNCSPACE_SERVER", value_name = "URL", global = true, conflicts_with = "local")]
    pub(crate) server: Option<String>,

    /// Use the server of this machine; start it where it is not running, and end it with the last one who uses it
    #[arg(long, global = true)]
    pub(crate) local: bool,

    /// Where the server of --local keeps its data [default: syncspace in your data directory]
    #[arg(long, env = "SYNCSPACE_DATA_DIR", value_name = "DIR", global = true)]
    pub(crate) data_dir: Option<PathBuf>,

    /// Open only this one account, not all that are remembered
    #[arg(long)]
    pub(crate) alone: bool,

    /// Use another set of saved logins and accounts, apart from the others
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) profile: Option<String>,

    /// Configuration file [default: syncspace/tui.toml in your configuration directory]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,

    /// Keys to start from: standard, vim or emacs
    #[arg(long, value_name = "PRESET", value_parser = preset)]
    pub(crate) keys: Option<Preset>,

    /// Colours: auto, terminal, dark, light, high-contrast or monochrome
    #[arg(long, value_name = "THEME", value_parser = theme)]
    pub(crate) theme: Option<Theme>,

    /// Lines for a screen reader: no boxes, no pictures, no second screen
    #[arg(long)]
    pub(crate) screen_reader: bool,

    /// Leave the mouse to the terminal, for its own selecting and copying
    #[arg(long)]
    pub(crate) no_mouse: bool,

    /// What to do instead of opening the chat
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What can be done instead of opening the chat.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find, check and write the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print what the terminal can do, where files are, how far the server is, and what to change
    Doctor,
}

/// Reads the name of a preset.
fn preset(name: &str) -> Result<Preset, String> {
    Preset::named(name).ok_or_else(|| format!("it is one of {}", Preset::NAMES.join(", ")))
}

/// Reads the name of a theme.
fn theme(name: &str) -> Result<Theme, String> {
    Theme::named(name).ok_or_else(|| "it is auto, terminal, dark, light, high-contrast or monochrome".to_owned())
}

impl Args {
    /// Gives the configuration file, with what the command line says above it.
    pub(crate) fn config_file(&self) -> ConfigFile {
        let overrides = Overrides {
            preset: self.keys,
            no_mouse: self.no_mouse,
            theme: self.theme,
            screen_reader: self.screen_reader,
        };
        ConfigFile::find(self.config.clone(), overrides)
    }

    /// Gives the file with the saved logins of the profile.
    pub(crate) fn credential_store(&self) -> anyhow::Result<CredentialStore> {
        let store = CredentialStore::open_default()?;
        let Some(profile) = &self.profile else { return Ok(store) };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if profile.is_empty() || !profile.chars().all(is_name) {
            bail!("a profile's name has letters, digits, '-' and '_'");
        }
        Ok(CredentialStore::at(store.path().with_file_name(format!("credentials-{profile}.json"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
