//! What every command has at hand: the server, the client, the output, and the answers to "shall I?".

use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use syncspace_client::{Client, CredentialStore, ServerUrl};
use syncspace_protocol::auth::Secret;
use syncspace_protocol::text::clean_line;

use crate::args::GlobalArgs;
use crate::exit::{CliError, During, Outcome, login_hint};
use crate::output::{Cell, Column, Output, Record};
use crate::prompt;

/// Where a server listens that was told nothing.
const DEFAULT_SERVER: &str = "http://127.0.0.1:7420";
/// Beside the credentials: the server that was logged in to last.
const LAST_SERVER_FILE: &str = "last-server";

/// Holds an access token to act by. Never a flag: command lines are there for everybody to see.
const TOKEN_VARIABLE: &str = "SYNCSPACE_TOKEN";

/// What every command has at hand.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) global: GlobalArgs,
    pub(crate) out: Output,
}

/// What a command would do, shown instead of doing it.
#[derive(Debug, Serialize)]
struct Plan {
    dry_run: bool,
    would: String,
}

impl Record for Plan {
    const PLURAL: &'static str = "plans";
    const COLUMNS: &'static [Column] = &[Column::shown("dry_run"), Column::shown("would")];

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::Bool(self.dry_run), Cell::text(&self.would)]
    }

    fn line(&self) -> Option<String> {
        Some(format!("would {}", clean_line(&self.would)))
    }
}

impl Context {
    pub(crate) fn new(global: GlobalArgs) -> Self {
        let out = Output::new(&global);
        Self { global, out }
    }

    /// Gives the server of the flag or environment, else the one logged in to last, else the only one.
    pub(crate) fn server(&self) -> Outcome<Option<ServerUrl>> {
        if let Some(text) = &self.global.server {
            return text.parse().map(Some).map_err(|error| CliError::Usage(format!("--server {text}: {error}")));
        }
        let store = CredentialStore::open_default()?;
        let mut servers = store.servers()?;
        let last = fs::read_to_string(last_server_path(&store)).ok().and_then(|text| text.parse().ok());
        Ok(match last.filter(|last| servers.contains(last)) {
            Some(last) => Some(last),
            None if servers.len() == 1 => servers.pop(),
            None if servers.is_empty() => None,
            None => {
                let names = servers.iter().map(ServerUrl::to_string).collect::<Vec<_>>().join(", ");
                return Err(CliError::Usage(format!(
                    "you are logged in to several servers: choose one with --server ({names})"
                )));
            }
        })
    }

    /// Gives the server of [`Self::server`], else the one on this machine, for what needs no login.
    pub(crate) fn server_or_local(&self) -> Outcome<ServerUrl> {
        match self.server()? {
            Some(server) => Ok(server),
            None => DEFAULT_SERVER.parse().map_err(|error| CliError::Usage(format!("{DEFAULT_SERVER}: {error}"))),
        }
    }

    /// Gives the token in the environment.
    pub(crate) fn token() -> Option<Secret> {
        std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty()).map(Secret)
    }

    /// Makes the client of the token in the environment, else of a person who is logged in.
    pub(crate) fn client(&self) -> Outcome<Client> {
        if let Some(token) = Self::token() {
            return Ok(Client::with_token(self.server_or_local()?, token)?);
        }
        let Some(server) = self.server()? else {
            return Err(CliError::NotLoggedIn(format!("not logged in anywhere: {}", login_hint(None))));
        };
        let client = Client::with_credentials(server, CredentialStore::open_default()?)?;
        if client.credentials().is_none() {
            let server = client.server().to_string();
            return Err(CliError::NotLoggedIn(format!("not logged in to {server}: {}", login_hint(Some(&server)))));
        }
        Ok(client)
    }

    /// Makes a client that will keep the login it is about to get.
    pub(crate) fn client_to_log_in(&self) -> Outcome<Client> {
        Ok(Client::with_credentials(self.server_or_local()?, CredentialStore::open_default()?)?)
    }

    /// Makes later commands use this server where they name none.
    pub(crate) fn remember_server(server: &ServerUrl) -> Outcome {
        let path = last_server_path(&CredentialStore::open_default()?);
        fs::write(&path, server.to_string())
            .map_err(|source| CliError::Local { what: format!("cannot write {}", path.display()), source })
    }

    /// With --dry-run: says what would be done, and that it must not be.
    pub(crate) fn only_plans(&self, would: impl FnOnce() -> String) -> Outcome<bool> {
        if self.global.dry_run {
            self.out.entry(&Plan { dry_run: true, would: would() })?;
        }
        Ok(self.global.dry_run)
    }

    /// Asks whether to go on, unless --yes.
    pub(crate) async fn confirm(&self, question: String) -> Outcome {
        if self.global.yes {
            return Ok(());
        }
        if !self.may_ask() {
            return Err(CliError::Usage(format!("{question} Nobody is here to answer: give --yes")));
        }
        if prompt::blocking(move || prompt::yes(&question)).await? { Ok(()) } else { Err(CliError::Cancelled) }
    }

    /// Asks for a word that is not typed by mistake, unless --yes.
    pub(crate) async fn confirm_by_word(&self, question: &str, word: &str) -> Outcome {
        if self.global.yes {
            return Ok(());
        }
        if !self.may_ask() {
            return Err(CliError::Usage(format!("{question}. Nobody is here to answer: give --yes")));
        }
        let question = format!("{question}: ");
        let answer = prompt::blocking(move || prompt::line(&question)).await?;
        if answer.trim_start_matches('@') == word { Ok(()) } else { Err(CliError::Cancelled) }
    }

    /// Tells whether a question may be asked and somebody may answer.
    pub(crate) fn may_ask(&self) -> bool {
        !self.global.no_input && prompt::is_interactive()
    }

    /// Tells whether a person is known to be this client's.
    pub(crate) async fn is_me(client: &Client, user: syncspace_protocol::UserId) -> Outcome<bool> {
        match client.credentials() {
            Some(credentials) => Ok(credentials.user_id == user),
            None => Ok(client.me().await.during(|| "cannot tell who you are".to_owned())?.id == user),
        }
    }
}

fn last_server_path(store: &CredentialStore) -> PathBuf {
    store.path().with_file_name(LAST_SERVER_FILE)
}
