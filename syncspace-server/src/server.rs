//! One running server: put together at the start, taken apart in order at the end.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use syncspace_protocol::Epoch;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::config::Config;
use crate::followers::Followers;
use crate::http::Http;
use crate::instance::{Claim, ClaimError};
use crate::jobs::Jobs;
use crate::net::{Lifetime, serve};
use crate::rate_limit::RateLimits;
use crate::realtime::Realtime;
use crate::realtime::carrier::{BusEvent, Carrier, CarrierConfig, CarrierError, Hub, RedisConfig};
use crate::service::{self, Clock, SecretFileError, Service, ServiceParts, TokenKeys, tokens};
use crate::store::{Store, StoreError};

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The listening socket does not tell its address.
    #[error("the listening socket is of no use")]
    Listener(#[source] std::io::Error),
    /// The database cannot be opened or brought up to date.
    #[error("cannot open the database")]
    Store(#[from] StoreError),
    /// The signing secret cannot be read or made.
    #[error(transparent)]
    Secret(#[from] SecretFileError),
    /// The signing secret is of no use.
    #[error(transparent)]
    Key(#[from] tokens::KeyError),
    /// The carrier between instances cannot be set up.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// The service refuses to start.
    #[error(transparent)]
    Service(#[from] service::StartError),
}

/// A server that answers requests until its shutdown token is cancelled.
pub struct Server {
    address: SocketAddr,
    service: Arc<Service>,
    bootstrap_token: Option<SecretString>,
    shutdown_deadline: Duration,
    serving: JoinHandle<bool>,
    background: JoinHandle<()>,
    _sweeper: AbortOnDropHandle<()>,
    _claim: Option<Claim>,
}

impl Server {
    /// Starts a server on a listening socket; it is ready when this returns. Cancelling `shutdown` ends it.
    ///
    /// Connections are answered at once: until the database is open and migrated with 503.
    pub async fn start(config: Config, listener: TcpListener, shutdown: CancellationToken) -> Result<Self, StartError> {
        let address = listener.local_addr().map_err(StartError::Listener)?;
        let claim = config.is_embedded().then(|| Claim::take(&config.data_dir)).transpose()?;
        let life = Lifetime { closing: shutdown.clone(), ..Lifetime::default() };
        let limits = Arc::new(RateLimits::new(config.rates));
        let http = Http::new(limits.clone(), life.clone(), config.cors_origins.clone());
        let answering = http.clone();
        let answer = move |request| answering.clone().answer(request);
        let serving = tokio::spawn(serve(listener, answer, life, config.shutdown_deadline));
        // Dropped on every early return below: a server that did not start stops listening.
        let unfinished = shutdown.clone().drop_guard();
        let (service, bus) = open_service(&config).await?;
        let service = Arc::new(service);
        let bootstrap_token = service.prepare().await?;
        http.open(service.clone());
        let background = tokio::spawn({
            let (service, closing) = (service.clone(), shutdown.clone());
            let jobs = Jobs::default().run(service.clone(), closing.clone());
            let followers = Followers::default().run(service.clone(), closing.clone());
            async move { tokio::join!(service.run(bus, closing), jobs, followers).0 }
        });
        unfinished.disarm();
        if let Some(claim) = &claim
            && let Err(error) = claim.announce(address)
        {
            tracing::warn!(error = &error as &dyn Error, "cannot note the address in the data directory");
        }
        tracing::info!(%address, database = %config.database, "ready");
        Ok(Self {
            address,
            service,
            bootstrap_token,
            shutdown_deadline: config.shutdown_deadline,
            serving,
            background,
            _sweeper: AbortOnDropHandle::new(tokio::spawn(async move { limits.sweep().await })),
            _claim: claim,
        })
    }

    /// Gives the address that it listens on, with the real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives what is asked of the server, for whoever runs it in process.
    #[must_use]
    pub const fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Gives the token that makes the first administrator, where this start made it.
    #[must_use]
    pub const fn bootstrap_token(&self) -> Option<&SecretString> {
        self.bootstrap_token.as_ref()
    }

    /// Waits for the end: running requests and sockets finish, or are cut off at the deadline.
    pub async fn ended(self) {
        match self.serving.await {
            Ok(true) => {}
            Ok(false) => {
                let deadline_ms = u64::try_from(self.shutdown_deadline.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(deadline_ms, "cut off what still ran at the shutdown deadline");
            }
            Err(error) => tracing::error!(error = &error as &dyn Error, "the accept loop failed"),
        }
        // Requests are answered and sockets closed: what they committed is all there is to commit.
        let closing = async {
            self.service.close().await;
            if let Err(error) = self.background.await {
                tracing::error!(error = &error as &dyn Error, "the background work failed");
            }
        };
        if tokio::time::timeout(self.shutdown_deadline, closing).await.is_err() {
            tracing::warn!("the last commits did not finish before the shutdown deadline");
        }
        tracing::info!("ended");
    }
}

/// Runs a server until `shutdown` is cancelled and everything has ended.
pub async fn run(config: Config, listener: TcpListener, shutdown: CancellationToken) -> Result<(), StartError> {
    Server::start(config, listener, shutdown).await?.ended().await;
    Ok(())
}

/// Opens the database, brings it up to date, and puts the service on it.
async fn open_service(config: &Config) -> Result<(Service, mpsc::Receiver<BusEvent>), StartError> {
    let store = Store::open(&config.database).await?;
    let report = store.migrate().await?;
    if !report.applied.is_empty() {
        tracing::info!(from = report.from, to = report.to, "migrated the database");
    }
    let epoch = service::load_epoch(&store).await.map_err(service::StartError::from)?;
    let carrier = match &config.redis {
        Some(url) => CarrierConfig::Redis(RedisConfig::new(url.clone(), epoch.clone())),
        None => CarrierConfig::InProcess(Hub::default()),
    };
    let (carrier, bus) = Carrier::start(&carrier).await?;
    Ok((Service::new(service_parts(config, store, epoch, Realtime::new(carrier))?), bus))
}

/// Gives what a service on an open database is made of.
pub fn service_parts(
    config: &Config,
    store: Store,
    epoch: Epoch,
    realtime: Realtime,
) -> Result<ServiceParts, StartError> {
    let secrets = if config.jwt_secrets.is_empty() {
        vec![tokens::load_or_create_secret(&config.data_dir)?]
    } else {
        config.jwt_secrets.clone()
    };
    let token_keys = TokenKeys::new(&secrets, config.settings.access_token_life_s)?;
    Ok(ServiceParts {
        store,
        epoch,
        realtime,
        clock: Clock::System,
        settings: config.settings.clone(),
        token_keys,
        data_dir: config.is_embedded().then(|| config.data_dir.clone()),
    })
}
