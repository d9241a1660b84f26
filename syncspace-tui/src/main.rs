//! `syncspace-tui`: chat with a team in the terminal.

mod answers;
mod app;
mod args;
mod cache;
mod clock;
mod config;
mod deeds;
mod doctor;
mod editor;
mod effects;
mod highlight;
mod host;
mod input;
mod local;
mod news;
mod opening;
mod outside;
mod pace;
mod paste_guard;
mod picture;
#[cfg(test)]
mod play;
mod reader;
mod roster;
mod runner;
mod signals;
mod terminal;
#[cfg(test)]
mod tests;
mod thumbnail;
mod tty;
mod view;

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::Context;
use clap::Parser;
use syncspace_client::CredentialStore;

use app::state::ServerIs;
use args::{Args, Command};
use effects::all::Local;
use local::LocalServer;
use opening::Wish;
use roster::Roster;
use runner::Session;

fn main() -> ExitCode {
    let args = Args::parse();
    // TLS asks for the process's provider; only a second call could fail.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let outcome = match args.command {
        Some(Command::Config(command)) => config::command::run(command, &args.config_file()),
        Some(Command::Doctor) => doctor::run(&args, &args.config_file()),
        None => run(args).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            terminal::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let store = args.credential_store()?;
    let config_file = args.config_file();
    let config = config_file.load()?;
    start_log(&store)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(async {
        let local = if args.local { Some(LocalServer::find_or_start(args.data_dir).await?) } else { None };
        let named = match (&local, args.server) {
            (Some(local), _) => Some((local.url().to_owned(), ServerIs::Local)),
            (None, named) => named.map(|named| (named, ServerIs::Named)),
        };
        let guessed = default_server(&store, config.settings.server.clone());
        let roster = Roster::beside(store);
        let (openings, front) = opening::plan(&roster, Wish { named, guessed, is_alone: args.alone });
        let local_of_accounts = local.as_ref().map(|local| Local {
            url: local.url().to_owned(),
            bootstrap_file: local.bootstrap_file(),
            keeper: local.keeper(),
        });
        let session = Session { openings, front, roster, local: local_of_accounts, config_file, config };
        let outcome = runner::run(session).await;
        if let Some(local) = local {
            local.leave().await;
        }
        outcome
    })
}

/// Gives the server of a saved login, else the one of the configuration, else the address a server has by default.
fn default_server(store: &CredentialStore, configured: Option<String>) -> String {
    let saved = store.servers().ok().and_then(|servers| servers.into_iter().next());
    let saved = saved.map(|server| server.to_string()).or(configured);
    saved.unwrap_or_else(|| "http://127.0.0.1:7420".to_owned())
}

/// Logs to a file beside the credentials: standard error is the screen.
fn start_log(store: &CredentialStore) -> anyhow::Result<()> {
    let Some(dir) = store.path().parent() else { return Ok(()) };
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let path = dir.join("tui.log");
    let file = open_private(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let filter = tracing_subscriber::EnvFilter::try_from_env("SYNCSPACE_TUI_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).init();
    Ok(())
}

#[cfg(unix)]
fn open_private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn open_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
