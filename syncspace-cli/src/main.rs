//! `syncspace`: SyncSpace's command line, for people in a shell and for scripts.
//!
//! [`args`] is what was typed, [`commands`] what it means, [`output`] the one place that prints, [`exit`] how it ends.

mod args;
mod commands;
mod context;
mod exit;
mod import;
mod output;
mod prompt;
mod records;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::args::Cli;
use crate::context::Context;
use crate::exit::{CliError, Outcome};
use crate::output::Output;

fn main() -> ExitCode {
    // Fails only where a provider is installed already, which is then as good.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let cli = Cli::parse();
    log_to_stderr();
    let context = Context::new(cli.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => {
            return end(&context, Err(CliError::Local { what: "cannot start the runtime".to_owned(), source }));
        }
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = commands::run(&context, cli.command) => outcome,
            Ok(()) = tokio::signal::ctrl_c() => Err(CliError::Interrupted),
        }
    });
    // A thread that still waits for a key or a line must not keep the program alive.
    runtime.shutdown_background();
    end(&context, outcome)
}

/// Says what went wrong and what to do next, and gives the exit code.
fn end(context: &Context, outcome: Outcome) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let Some(exit) = error.exit() else { return ExitCode::SUCCESS };
    if !matches!(error, CliError::Interrupted) {
        Output::error(&error.to_string());
        let server = context.server().ok().flatten().map(|server| server.to_string());
        if let Some(hint) = error.hint(server.as_deref(), Context::token().is_some()) {
            Output::hint(&hint);
        }
    }
    ExitCode::from(exit as u8)
}

fn log_to_stderr() {
    let Ok(filter) = EnvFilter::try_from_env("SYNCSPACE_LOG") else { return };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

#[cfg(test)]
mod tests;
