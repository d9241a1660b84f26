//! `syncspace-tui`: chat with a team in the terminal.

mod app;
mod args;
mod effects;
mod local;
#[cfg(test)]
mod play;
mod runner;
mod terminal;
#[cfg(test)]
mod tests;
mod view;

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::Context;
use clap::Parser;
use syncspace_client::CredentialStore;

use app::state::ServerIs;
use args::Args;
use local::LocalServer;
use runner::Session;

fn main() -> ExitCode {
    let args = Args::parse();
    // TLS asks for the process's provider; only a second call could fail.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let store = args.credential_store()?;
    start_log(&store)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(async {
        let local = if args.local { Some(LocalServer::find_or_start(args.data_dir).await?) } else { None };
        let (server, server_is) = match (&local, args.server) {
            (Some(local), _) => (local.url().to_owned(), ServerIs::Local),
            (None, Some(named)) => (named, ServerIs::Named),
            (None, None) => (default_server(&store), ServerIs::Guessed),
        };
        let keeper = local.as_ref().map(LocalServer::keeper);
        let bootstrap_file = local.as_ref().map(LocalServer::bootstrap_file);
        let has_mouse = !args.no_mouse;
        let outcome = runner::run(Session { server, server_is, store, bootstrap_file, keeper, has_mouse }).await;
        if let Some(local) = local {
            local.leave().await;
        }
        outcome
    })
}

/// Gives the server of a saved login, else the address a server has by default.
fn default_server(store: &CredentialStore) -> String {
    let saved = store.servers().ok().and_then(|servers| servers.into_iter().next());
    saved.map_or_else(|| "http://127.0.0.1:7420".to_owned(), |server| server.to_string())
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
