//! The REST side: one method per route, one way to call, tokens that refresh themselves.

mod access_tokens;
mod accounts;
mod admin;
mod audit;
mod call;
mod channels;
mod files;
mod groups;
mod imports;
mod integrations;
mod join_requests;
mod messages;
mod pages;
mod personal;
mod reminders;
mod repeat;
mod resolve;
mod retention;
mod scheduled;
mod search;
mod teams;
mod tokens;

use std::fmt;
use std::sync::{Arc, OnceLock};

use syncspace_protocol::auth::Secret;
use tokio::sync::mpsc;

use crate::bounds::{CALL_TIMEOUT, CONNECT_TIMEOUT, IDLE_CONNECTION_LIFE};
use crate::socket::{ConnectOptions, Connection, Update};
use crate::{ClientError, CredentialStore, Credentials, ServerUrl};
use tokens::TokenKeeper;

pub(crate) use call::{bearing, is_stale_token, refusal};
pub use files::Upload;
pub(crate) use repeat::repeat_lost;
pub(crate) use tokens::ends_the_login;

/// Access to one server, as one account. Clones share connections and tokens.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

/// What came of setting the HTTP library up.
type Made = Result<reqwest::Client, Arc<reqwest::Error>>;

struct Shared {
    server: ServerUrl,
    /// Made with the first request: reading the system's certificates takes longer than a program takes to start.
    http: OnceLock<Made>,
    /// For the socket: an upgrade needs HTTP/1.1, and has no end to wait for.
    http_upgrade: OnceLock<Made>,
    tokens: TokenKeeper,
}

impl Client {
    /// Makes a client that keeps its tokens in memory only; [`Self::login`] or [`Self::register`] come next.
    pub fn new(server: ServerUrl) -> Result<Self, ClientError> {
        Ok(Self::build(server, TokenKeeper::in_memory()))
    }

    /// Makes a client that loads its tokens from the store, and saves them there whenever they change.
    ///
    /// Where the store has none for this server, [`Self::login`] or [`Self::register`] come next.
    pub fn with_credentials(server: ServerUrl, store: CredentialStore) -> Result<Self, ClientError> {
        let tokens = TokenKeeper::saved(&server, store)?;
        Ok(Self::build(server, tokens))
    }

    /// Makes a client that acts by an access token made for a program; nothing is saved, and nothing is refreshed.
    pub fn with_token(server: ServerUrl, token: Secret) -> Result<Self, ClientError> {
        Ok(Self::build(server, TokenKeeper::fixed(token)))
    }

    fn build(server: ServerUrl, tokens: TokenKeeper) -> Self {
        let (http, http_upgrade) = (OnceLock::new(), OnceLock::new());
        Self { shared: Arc::new(Shared { server, http, http_upgrade, tokens }) }
    }

    /// Gives the server's address.
    #[must_use]
    pub fn server(&self) -> &ServerUrl {
        &self.shared.server
    }

    /// Gives the account this client acts for, where it is logged in.
    #[must_use]
    pub fn credentials(&self) -> Option<Credentials> {
        self.shared.tokens.held()
    }

    /// Tells whether the client acts by an access token made for a program.
    #[must_use]
    pub fn has_token(&self) -> bool {
        self.shared.tokens.is_fixed()
    }

    /// Opens a WebSocket that reconnects and resumes by itself, until it is closed or the updates are dropped.
    ///
    /// Must be called inside a tokio runtime. The updates are bounded: a consumer that does not take them slows the
    /// socket down, and loses nothing.
    #[must_use = "dropping the updates ends the connection"]
    pub fn connect(&self, options: ConnectOptions) -> (Connection, mpsc::Receiver<Update>) {
        Connection::start(self.clone(), options)
    }

    fn http(&self) -> &Made {
        let make = || http_builder(self.server()).timeout(CALL_TIMEOUT).build().map_err(Arc::new);
        self.shared.http.get_or_init(make)
    }

    pub(crate) fn http_upgrade(&self) -> Result<&reqwest::Client, ClientError> {
        let make = || http_builder(self.server()).http1_only().build().map_err(Arc::new);
        self.shared.http_upgrade.get_or_init(make).as_ref().map_err(|source| self.unusable(source))
    }

    /// Says that the HTTP library could not be set up.
    fn unusable(&self, source: &Arc<reqwest::Error>) -> ClientError {
        ClientError::Unreachable { server: self.server().clone(), source: Arc::clone(source).into() }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server", &self.shared.server).finish_non_exhaustive()
    }
}

/// Starts the options that REST and socket share. Proxies come from the environment, but never for this machine.
fn http_builder(server: &ServerUrl) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_CONNECTION_LIFE)
        .user_agent(concat!("syncspace-client/", env!("CARGO_PKG_VERSION")))
        // A redirect would carry the request, and with it the password of a login, to wherever it points.
        .redirect(reqwest::redirect::Policy::none());
    // Nobody's certificate is ever looked at where there is neither TLS nor a proxy.
    let is_plain = server.is_loopback() && !server.is_encrypted();
    let builder = if is_plain { builder.tls_certs_only([]) } else { builder };
    if server.is_loopback() { builder.no_proxy() } else { builder }
}
