//! The carrier over Redis: one connection that listens, one for commands.
//!
//! Redis holds nothing that cannot be made anew. It is watched by a sign of life more often than each second, and after it was away
//! everything is subscribed and said again before `Connected` is reported.

mod keys;
mod listener;
mod presence;
mod publisher;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, IntoConnectionInfo as _, ProtocolVersion};
use secrecy::{ExposeSecret as _, SecretString};
use syncspace_protocol::{Epoch, UserId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::keys::Keys;
use self::listener::{Listener, Wish};
use self::presence::Presences;
use self::publisher::Publisher;
use super::events::Events;
use super::{Attendance, BusEvent, CarrierError, Subject};

/// Longest wait for the answer to a command, in milliseconds.
const ANSWER_MS_MAX: u64 = 2_000;

/// Longest wait for a connection to Redis, in milliseconds.
const CONNECT_MS_MAX: u64 = 1_000;

/// Where Redis is, and which part of it belongs to this installation.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// Address, `redis://…` or `rediss://…`; it may hold a password.
    pub url: SecretString,
    /// What every key and channel begins with, so that installations can share a Redis.
    pub prefix: String,
    /// The store's epoch: instances of another history are not met.
    pub epoch: Epoch,
    /// How long an instance counts as alive without a sign of life, in milliseconds; it gives three in that time.
    pub lease_ms: u32,
}

impl RedisConfig {
    /// Names a Redis with the usual prefix and a lease of 15 seconds.
    #[must_use]
    pub fn new(url: impl Into<SecretString>, epoch: Epoch) -> Self {
        Self { url: url.into(), prefix: "syncspace:".to_owned(), epoch, lease_ms: 15_000 }
    }
}

/// One instance's end of a Redis.
#[derive(Debug, Clone)]
pub struct Redis(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    is_connected: Arc<AtomicBool>,
    events: Events,
    wishes: mpsc::Sender<Wish>,
    publisher: Publisher,
    presences: Arc<Presences>,
    tasks: Vec<JoinHandle<()>>,
}

/// The carrier's tasks end with it.
impl Drop for Inner {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Redis {
    pub(super) fn start(config: &RedisConfig) -> Result<(Self, mpsc::Receiver<BusEvent>), CarrierError> {
        let (events, receiver) = Events::channel();
        let keys = Arc::new(Keys::new(&config.prefix, &config.epoch, uuid::Uuid::new_v4()));
        let is_connected = Arc::new(AtomicBool::new(false));
        let commands = command_connection(config)?;

        let presences = Arc::new(Presences::new(commands.clone(), Arc::clone(&keys), config.lease_ms));
        let (publisher, publishing) = Publisher::new(commands, Arc::clone(&keys), events.clone());
        let (wishes, wished) = mpsc::channel(listener::WISHES_WAITING_MAX);
        let listener = Listener {
            client: client(config, ProtocolVersion::RESP3)?,
            keys,
            events: events.clone(),
            is_connected: Arc::clone(&is_connected),
            presences: Arc::clone(&presences),
        };
        let tasks = vec![
            tokio::spawn(listener.run(wished)),
            tokio::spawn(publishing),
            tokio::spawn(Arc::clone(&presences).keep_saying()),
        ];
        let inner = Inner { is_connected, events, wishes, publisher, presences, tasks };
        Ok((Self(Arc::new(inner)), receiver))
    }

    pub(super) fn publish(&self, subject: Subject, payload: Bytes) {
        self.0.publisher.publish(subject, payload);
    }

    pub(super) async fn subscribe(&self, subject: Subject) -> bool {
        let (done, is_done) = tokio::sync::oneshot::channel();
        let _ = self.0.wishes.send(Wish::Subscribe { subject, done }).await;
        is_done.await.unwrap_or(false)
    }

    pub(super) async fn unsubscribe(&self, subject: Subject) {
        let (done, is_done) = tokio::sync::oneshot::channel();
        let _ = self.0.wishes.send(Wish::Unsubscribe { subject, done }).await;
        let _ = is_done.await;
    }

    pub(super) fn is_connected(&self) -> bool {
        self.0.is_connected.load(Ordering::Acquire)
    }

    pub(super) fn lost_count(&self) -> u64 {
        self.0.events.lost_count()
    }

    pub(super) fn set_online(&self, user_id: UserId, socket: Option<u32>) {
        self.0.presences.set_online(user_id, socket);
    }

    pub(super) async fn attendance(&self, user_ids: &[UserId]) -> Attendance {
        self.0.presences.attendance(user_ids, self.is_connected()).await
    }

    pub(super) async fn leave(&self) {
        if self.is_connected() {
            self.0.presences.leave().await;
        }
    }
}

fn client(config: &RedisConfig, protocol: ProtocolVersion) -> Result<Client, CarrierError> {
    let info = config.url.expose_secret().into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(protocol);
    let tcp = TcpSettings::default().set_nodelay(true);
    Ok(Client::open(info.set_redis_settings(settings).set_tcp_settings(tcp))?)
}

/// Makes the connection for commands; it connects, and connects again, by itself.
fn command_connection(config: &RedisConfig) -> Result<ConnectionManager, CarrierError> {
    let settings = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_millis(CONNECT_MS_MAX)))
        .set_response_timeout(Some(Duration::from_millis(ANSWER_MS_MAX)))
        .set_number_of_retries(1)
        .set_min_delay(Duration::from_millis(20));
    Ok(ConnectionManager::new_lazy_with_config(client(config, ProtocolVersion::RESP2)?, settings)?)
}
