//! `syncspace-tui doctor`: what the terminal can do, where everything is, how far the server is, and what to change.
//!
//! Made to be pasted into a report: no names of people, no tokens, the home directory as `~`. Works without a terminal.

mod facts;
mod probe;
mod server;

use std::io::{self, IsTerminal, Write};

use syncspace_client::CredentialStore;

use crate::app::state::ServerIs;
use crate::args::Args;
use crate::config::file::ConfigFile;
use crate::opening::{self, Opening, Wish};
use crate::outside::images::takes_images;
use crate::outside::links::takes_links;
use crate::roster::{MAIN_SLOT, Roster};

use facts::{Facts, MultiplexerOptions, Place};

/// Looks at everything, and prints it.
pub(crate) fn run(args: &Args, file: &ConfigFile) -> anyhow::Result<bool> {
    let store = args.credential_store()?;
    let config = file.load();
    let configured = config.as_ref().ok().and_then(|config| config.settings.server.clone());
    let guessed = crate::default_server(&store, configured);
    let roster = Roster::beside(store.clone());
    let named = args.server.clone().map(|named| (named, ServerIs::Named));
    // The way to the server of the account that would be in front.
    let (openings, front) = opening::plan(&roster, Wish { named, guessed, is_alone: args.alone });
    let Opening { server, slot, .. } = openings[front].clone();
    let login = roster.store(slot.unwrap_or(MAIN_SLOT));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (far, tmux) = runtime.block_on(async {
        tokio::join!(server::measure(&server, login), facts::ask_tmux(|name| std::env::var(name).ok()))
    });
    let problems = match &config {
        Ok(config) => config.problems.iter().map(ToString::to_string).collect(),
        Err(error) => vec![format!("{error:#}")],
    };
    let facts = Facts {
        version: env!("CARGO_PKG_VERSION"),
        variables: facts::variables(|name| std::env::var(name).ok()),
        is_terminal: io::stdin().is_terminal() && io::stdout().is_terminal(),
        size: crossterm::terminal::size().ok(),
        probed: probe::ask().unwrap_or_default(),
        takes_links: takes_links(|name| std::env::var(name).ok()),
        takes_images: takes_images(|name| std::env::var(name).ok()),
        pictures: config.as_ref().map(|config| config.settings.pictures).unwrap_or_default(),
        tmux: tmux.unwrap_or_else(MultiplexerOptions::default),
        places: places(file, &store, &roster),
        problems,
        server,
        far,
    };
    io::stdout().lock().write_all(facts::report(&facts).as_bytes())?;
    Ok(true)
}

fn places(file: &ConfigFile, store: &CredentialStore, roster: &Roster) -> Vec<Place> {
    let (log, accounts) = (store.path().with_file_name("tui.log"), roster.path());
    [
        ("configuration", file.path()),
        ("saved logins", Some(store.path())),
        ("accounts", Some(accounts.as_path())),
        ("log", Some(log.as_path())),
    ]
    .into_iter()
    .filter_map(|(what, path)| Some(Place { what, path: facts::at_home(path?), is_there: path?.exists() }))
    .collect()
}
