//! Runs the server in the foreground, until a signal ends it.

use std::io::ErrorKind;
use std::net::SocketAddr;

use anyhow::{Context, anyhow};
use sd_notify::NotifyState;
use secrecy::ExposeSecret;
use syncspace_server::Server;
use syncspace_server::config::Config;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::output;

/// Serves until SIGTERM or SIGINT; a second signal ends the process at once.
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    watch_signals(shutdown.clone()).context("cannot watch for signals")?;
    let data_dir = config.data_dir.clone();
    let listener = listen(config.listen).await?;
    let server = tokio::select! {
        // A start that fails cancels the token too: its error comes first.
        biased;
        started = Server::start(config, listener, shutdown.clone()) => started?,
        () = shutdown.cancelled() => return Ok(()),
    };
    if let Some(token) = server.bootstrap_token() {
        output::bootstrap_token(token.expose_secret(), &data_dir);
    }
    output::line(&format!("listening on http://{}", server.address()));
    notify(NotifyState::Ready);
    shutdown.cancelled().await;
    notify(NotifyState::Stopping);
    server.ended().await;
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "cannot listen on {address}: another program does, perhaps another syncspace-server; stop it, or choose \
             another address with --listen"
        ),
        ErrorKind::PermissionDenied => {
            anyhow!("cannot listen on {address}: permission denied; ports below 1024 need a privilege")
        }
        _ => anyhow::Error::new(error).context(format!("cannot listen on {address}")),
    })
}

/// Tells systemd, where it started us.
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "cannot tell systemd");
    }
}

#[cfg(unix)]
fn watch_signals(shutdown: CancellationToken) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        next().await;
        tracing::info!("ending; a second signal ends at once");
        shutdown.cancel();
        next().await;
        std::process::exit(1);
    });
    Ok(())
}

#[cfg(not(unix))]
fn watch_signals(shutdown: CancellationToken) -> std::io::Result<()> {
    tokio::spawn(async move {
        // Without a console there is no signal to wait for.
        if tokio::signal::ctrl_c().await.is_ok() {
            shutdown.cancel();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(1);
        }
    });
    Ok(())
}
