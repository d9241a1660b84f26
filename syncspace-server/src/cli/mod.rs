//! The commands of the program. Only its binary has this module.

mod admin;
mod args;
mod output;
mod serve;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use syncspace_protocol::Email;
use syncspace_server::config::{Config, ConfigError, Layers, describe};
use syncspace_server::service::Clock;
use syncspace_server::store::Store;
use syncspace_server::telemetry;

use args::{Args, Command};

/// Exit code of a command line or configuration that is wrong, as in every program of ours.
const USAGE: u8 = 2;

/// Longest wait for threads that still work when everything else has ended.
const THREADS_WAIT: Duration = Duration::from_secs(1);

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let args = Args::parse();
    let (config, layers) = match load(&args) {
        Ok(loaded) => loaded,
        Err(error) => {
            output::error(&error.into());
            return ExitCode::from(USAGE);
        }
    };
    match execute(&args, config, &layers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn load(args: &Args) -> Result<(Config, Layers), ConfigError> {
    let mut layers = Layers::default();
    layers.add_flags(args.settings.clone());
    // Variables that are not Unicode cannot be meant for us: none of our values needs such text.
    let variables =
        std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)));
    layers.add_environment(variables)?;
    if let Some(path) = &args.config_file {
        layers.add_file(path)?;
    }
    Ok((Config::check(&layers)?, layers))
}

fn execute(args: &Args, config: Config, layers: &Layers) -> anyhow::Result<()> {
    if let Command::ConfigCheck = args.command {
        if let Some(mail) = &config.mail {
            mail.mailer().context("mail cannot be sent")?;
        }
        output::line("the configuration is fine");
        return Ok(());
    }
    if let Command::ConfigShow = args.command {
        output::text(&describe(&config, layers));
        return Ok(());
    }
    telemetry::start(&config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let executed = runtime.block_on(async {
        match &args.command {
            Command::Serve => serve::serve(config).await,
            Command::Migrate => migrate(&config).await,
            Command::MigrationStatus => migration_status(&config).await,
            Command::AdminCreate(create) => admin::create(&config, create).await,
            Command::MailTest(address) => mail_test(&config, address).await,
            Command::ConfigCheck | Command::ConfigShow => Ok(()),
        }
    });
    // What still blocks a thread, as a password being hashed for a request that was cut off, is not waited for.
    runtime.shutdown_timeout(THREADS_WAIT);
    executed
}

async fn migrate(config: &Config) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let report = store.migrate().await.context("cannot migrate the database")?;
    for name in &report.applied {
        output::line(&format!("applied {name}"));
    }
    output::line(&format!("the schema is at version {}", report.to));
    store.close().await;
    Ok(())
}

async fn migration_status(config: &Config) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let status = store.migration_status().await.context("cannot read the state of the database")?;
    output::line(&format!("the schema is at version {} of {}", status.current, status.latest));
    for name in &status.pending {
        output::line(&format!("pending {name}"));
    }
    store.close().await;
    Ok(())
}

/// Sends a mail past the queue; whoever tries it has its errors in full.
async fn mail_test(config: &Config, address: &Email) -> anyhow::Result<()> {
    let mail = config.mail.as_ref().context("this server sends no mail: set public_url, smtp_url and smtp_from")?;
    let mailer = mail.mailer().context("mail cannot be sent")?;
    let sent = mailer.send_test(address.clone(), Clock::System.now()).await;
    sent.map_err(|error| anyhow::anyhow!("{}", error.reason()))
        .with_context(|| format!("no mail went to {address}"))?;
    output::line(&format!("the mail server took a mail to {address}; look whether it arrives"));
    Ok(())
}

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    if config.is_embedded() {
        std::fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("cannot make the data directory {}", config.data_dir.display()))?;
    }
    Store::open(&config.database).await.with_context(|| format!("cannot open the database {}", config.database))
}
