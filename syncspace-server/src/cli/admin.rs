//! `admin create`: an administrator for whoever has the database at hand.

use std::io::{BufRead, IsTerminal, stdin};

use anyhow::{Context, anyhow};
use syncspace_protocol::Password;
use syncspace_server::config::Config;
use syncspace_server::realtime::Realtime;
use syncspace_server::server::service_parts;
use syncspace_server::service::{Service, load_epoch};

use super::args::AdminCreate;
use super::output;

/// Makes the account; its password never travels in a flag, which other people of the machine could see.
pub(crate) async fn create(config: &Config, create: &AdminCreate) -> anyhow::Result<()> {
    let password: Password = read_password(create)?.parse().map_err(|error| anyhow!("{error}"))?;
    let store = super::open_store(config).await?;
    store.migrate().await.context("cannot migrate the database")?;
    let epoch = load_epoch(&store).await?;
    let service = Service::new(service_parts(config, store, epoch, Realtime::alone())?);
    let made = service.create_first_admin(create.username.clone(), password).await;
    service.close().await;
    let user = made?;
    output::line(&format!("{} (id {}) now administers this server", user.username, user.id));
    Ok(())
}

fn read_password(create: &AdminCreate) -> anyhow::Result<String> {
    if let Some(path) = &create.password_file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the password from {}", path.display()))?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    if stdin().is_terminal() {
        let prompt = format!("Password for {}", create.username);
        let password = dialoguer::Password::new().with_prompt(prompt).with_confirmation("Once more", "They differ");
        return password.interact().context("cannot ask for the password");
    }
    let mut line = String::new();
    stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
