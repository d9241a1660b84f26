//! The command line.

use std::path::PathBuf;

use anyhow::bail;
use clap::Parser;
use syncspace_client::CredentialStore;

/// Chat with your team in the terminal.
#[derive(Debug, Parser)]
#[command(name = "syncspace-tui", version, about)]
pub(crate) struct Args {
    /// Address of the server, like `https://chat.example.org`
    #[arg(long, env = "SYNCSPACE_SERVER", value_name = "URL", conflicts_with = "local")]
    pub(crate) server: Option<String>,

    /// Use the server of this machine; start it where it is not running, and end it with the last one who uses it
    #[arg(long)]
    pub(crate) local: bool,

    /// Where the server of --local keeps its data [default: syncspace in your data directory]
    #[arg(long, env = "SYNCSPACE_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Use another saved login: a second account on this machine
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Leave the mouse to the terminal, for its own selecting and copying
    #[arg(long)]
    pub(crate) no_mouse: bool,
}

impl Args {
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
