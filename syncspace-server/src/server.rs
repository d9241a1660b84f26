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

use crate::blobs::{BlobError, BlobPlace, Blobs};
use crate::config::Config;
use crate::followers::Followers;
use crate::http::Http;
use crate::instance::{Claim, ClaimError};
use crate::jobs::Jobs;
use crate::mail::MailerError;
use crate::net::{Lifetime, serve};
use crate::rate_limit::RateLimits;
use crate::realtime::Realtime;
use crate::realtime::carrier::{BusEvent, Carrier, CarrierConfig, CarrierError, Hub, RedisConfig};
use crate::service::{self, Clock, SecretFileError, Service, ServiceParts, TokenKeys, tokens};
use crate::store::{Store, StoreError};

/// Why a server did not start, or did not go on.
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
    /// Mail cannot be sent.
    #[error("mail cannot be sent")]
    Mail(#[from] MailerError),
    /// The storage of files cannot be used.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The carrier between instances cannot be set up.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// The service refuses to start.
    #[error(transparent)]
    Service(#[from] service::StartError),
    /// What hears of changes and of ended rights panicked.
    #[error("a defect ended the server, see its log; start it again, and report the panic")]
    Defect,
}

/// Pause before work that panicked begins again.
const BEGIN_AGAIN: Duration = Duration::from_secs(5);

/// A server that answers requests until its shutdown token is cancelled.
pub struct Server {
    address: SocketAddr,
    service: Arc<Service>,
    bootstrap_token: Option<SecretString>,
    shutdown_deadline: Duration,
    serving: JoinHandle<bool>,
    background: JoinHandle<bool>,
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
        let background = tokio::spawn(work(service.clone(), bus, shutdown.clone()));
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

    /// Waits for the end: running requests and sockets finish, or are cut off at the deadline. False where a defect ended it.
    pub async fn ended(self) -> bool {
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
            self.background.await.unwrap_or(false)
        };
        let is_sound = tokio::time::timeout(self.shutdown_deadline, closing).await.unwrap_or_else(|_| {
            tracing::warn!("the last commits did not finish before the shutdown deadline");
            true
        });
        tracing::info!("ended");
        is_sound
    }
}

/// Does what no request waits for, until `closing`; false where it could not go on.
async fn work(service: Arc<Service>, bus: mpsc::Receiver<BusEvent>, closing: CancellationToken) -> bool {
    let jobs =
        again_and_again("the jobs", BEGIN_AGAIN, &closing, || Jobs::default().run(service.clone(), closing.clone()));
    let behind = || Followers::default().run(service.clone(), closing.clone());
    let followers = again_and_again("the work behind the log", BEGIN_AGAIN, &closing, behind);
    let hearing = tokio::spawn({
        let (service, closing) = (service.clone(), closing.clone());
        async move { service.run(bus, closing).await }
    });
    let hearing = async {
        let outcome = hearing.await;
        if let Err(error) = &outcome {
            // Sockets would go on getting what their people may no longer see.
            tracing::error!(error = error as &dyn Error, "what hears of ended rights failed: the server ends");
            closing.cancel();
            service.realtime().close();
        }
        outcome.is_ok()
    };
    tokio::join!(hearing, jobs, followers).0
}

/// Runs work in a task of its own until it ends, and begins again where it panics: one bad row must not end what has nothing to
/// do with it.
async fn again_and_again<W>(what: &str, pause: Duration, closing: &CancellationToken, work: impl Fn() -> W)
where
    W: Future<Output = ()> + Send + 'static,
{
    while let Err(error) = tokio::spawn(work()).await {
        tracing::error!(what, error = &error as &dyn Error, "panicked; it begins again");
        if closing.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// Runs a server until `shutdown` is cancelled and everything has ended.
pub async fn run(config: Config, listener: TcpListener, shutdown: CancellationToken) -> Result<(), StartError> {
    if Server::start(config, listener, shutdown).await?.ended().await { Ok(()) } else { Err(StartError::Defect) }
}

/// Opens the database, brings it up to date, and puts the service on it.
async fn open_service(config: &Config) -> Result<(Service, mpsc::Receiver<BusEvent>), StartError> {
    let store = Store::open(&config.database).await?;
    let report = store.migrate().await?;
    if !report.applied.is_empty() {
        tracing::info!(from = report.from, to = report.to, "migrated the database");
    }
    if config.redis.is_some() && matches!(config.file_storage, BlobPlace::Folder(_)) {
        tracing::warn!(
            "uploaded files are in a folder: every instance must see the same one, or set file_storage to a bucket"
        );
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
        blobs: Blobs::open(&config.file_storage)?,
        mailer: config.mail.as_ref().map(crate::config::Mail::mailer).transpose()?,
        clock: Clock::System,
        settings: config.settings.clone(),
        token_keys,
        data_dir: config.is_embedded().then(|| config.data_dir.clone()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn work_that_panics_begins_again_and_work_that_ends_does_not() {
        let begun = Arc::new(AtomicU32::new(0));
        let work = || {
            let begun = begun.clone();
            async move { assert!(begun.fetch_add(1, Ordering::Relaxed) >= 2, "the first two fail") }
        };
        again_and_again("work", Duration::ZERO, &CancellationToken::new(), work).await;
        assert_eq!(begun.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn work_that_panics_while_the_server_ends_is_let_go() {
        let closing = CancellationToken::new();
        closing.cancel();
        again_and_again("work", Duration::from_secs(60), &closing, || async { panic!("as it must") }).await;
    }
}
