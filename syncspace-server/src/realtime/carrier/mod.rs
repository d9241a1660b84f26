//! What carries events between instances, and knows on which of them people are connected.
//!
//! Two carriers behind one closed enum, with one contract. A carrier may lose what it carries and says so; whoever
//! receives finds the truth in the database. Nothing here knows what a payload means.

mod events;
mod in_process;
mod redis;

use std::collections::HashSet;

use bytes::Bytes;
use syncspace_protocol::status::PresenceStatus;
use syncspace_protocol::{TeamId, UserId};
use tokio::sync::mpsc;

pub use in_process::{Hub, InProcess};
pub use redis::{Redis, RedisConfig};

/// What a message is about; an instance receives only what it subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The streams of one team.
    Team(TeamId),
    /// What every instance must hear of: ends of sessions, changes of rights.
    Control,
}

/// What a carrier delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusEvent {
    /// Another instance published this. Messages of one subject keep the order in which one instance published them.
    Message {
        /// What it is about.
        subject: Subject,
        /// The message, as it was published.
        payload: Bytes,
    },
    /// Messages arrive from here on; some may have been lost before, so heads must be compared. Also comes first after
    /// a start, and, without a `Disconnected` before it, where single messages were lost.
    Connected,
    /// No message arrives until `Connected`.
    Disconnected,
}

/// Who of some people is connected, as far as a carrier knows.
#[derive(Debug, Clone, Default)]
pub struct Attendance {
    /// Those who are.
    online: HashSet<UserId>,
    /// Whether all instances were heard.
    is_complete: bool,
}

impl Attendance {
    /// Tells whether a person is connected: `Online`, `Offline` or `Unknown`.
    #[must_use]
    pub fn status(&self, user_id: UserId) -> PresenceStatus {
        if self.online.contains(&user_id) { PresenceStatus::Online } else { self.of_the_absent() }
    }

    /// Tells what is said of whoever is not connected: `Offline`, or `Unknown` where not all instances were heard.
    #[must_use]
    pub const fn of_the_absent(&self) -> PresenceStatus {
        if self.is_complete { PresenceStatus::Offline } else { PresenceStatus::Unknown }
    }
}

/// Which carrier to start.
#[derive(Debug, Clone)]
pub enum CarrierConfig {
    /// Between the instances of one process that share the hub; one instance as a rule.
    InProcess(Hub),
    /// Between processes and machines.
    Redis(RedisConfig),
}

/// A carrier that cannot be started as configured.
#[derive(Debug, thiserror::Error)]
#[error("the address of Redis cannot be used")]
pub struct CarrierError {
    #[from]
    source: ::redis::RedisError,
}

/// One instance's end of a carrier. When the last clone is dropped, the instance is gone.
#[derive(Debug, Clone)]
pub enum Carrier {
    /// Within the process.
    InProcess(InProcess),
    /// Over Redis.
    Redis(Redis),
}

impl Carrier {
    /// Joins an instance to its carrier; what arrives comes out of the receiver.
    ///
    /// Does not wait for Redis: `Connected` says when it is there.
    pub async fn start(config: &CarrierConfig) -> Result<(Self, mpsc::Receiver<BusEvent>), CarrierError> {
        match config {
            CarrierConfig::InProcess(hub) => {
                let (carrier, events) = hub.join();
                Ok((Self::InProcess(carrier), events))
            }
            CarrierConfig::Redis(config) => {
                let (carrier, events) = Redis::start(config)?;
                Ok((Self::Redis(carrier), events))
            }
        }
    }

    /// Sends a message to the other instances that subscribed to its subject. Never waits.
    ///
    /// What cannot be sent is lost; the others are told that something was as soon as that is possible.
    pub fn publish(&self, subject: Subject, payload: Bytes) {
        match self {
            Self::InProcess(carrier) => carrier.publish(subject, &payload),
            Self::Redis(carrier) => carrier.publish(subject, payload),
        }
    }

    /// Asks for messages of a subject; gives whether they arrive from now on.
    ///
    /// False while Redis is away: they will arrive from the next `Connected` on.
    pub async fn subscribe(&self, subject: Subject) -> bool {
        match self {
            Self::InProcess(carrier) => {
                carrier.subscribe(subject);
                true
            }
            Self::Redis(carrier) => carrier.subscribe(subject).await,
        }
    }

    /// Asks for no further messages of a subject.
    pub async fn unsubscribe(&self, subject: Subject) {
        match self {
            Self::InProcess(carrier) => carrier.unsubscribe(subject),
            Self::Redis(carrier) => carrier.unsubscribe(subject).await,
        }
    }

    /// Tells whether messages arrive at present.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        match self {
            Self::InProcess(_) => true,
            Self::Redis(carrier) => carrier.is_connected(),
        }
    }

    /// Gives how many messages this instance could neither send nor take in since it started.
    #[must_use]
    pub fn lost_count(&self) -> u64 {
        match self {
            Self::InProcess(carrier) => carrier.lost_count(),
            Self::Redis(carrier) => carrier.lost_count(),
        }
    }

    /// Says by which socket a person is here, the one it used last, or that it is not; the others see it a moment later.
    pub async fn set_online(&self, user_id: UserId, socket: Option<u32>) {
        match self {
            Self::InProcess(carrier) => carrier.set_online(user_id, socket.is_some()),
            Self::Redis(carrier) => carrier.set_online(user_id, socket),
        }
    }

    /// Tells who of these people is connected to any instance.
    ///
    /// While Redis is away, those connected here are online and all others unknown.
    pub async fn attendance(&self, user_ids: &[UserId]) -> Attendance {
        match self {
            Self::InProcess(carrier) => carrier.attendance(user_ids),
            Self::Redis(carrier) => carrier.attendance(user_ids).await,
        }
    }

    /// Takes leave: nobody is connected to this instance any more, and the others need not wait for its lease to end.
    pub async fn leave(&self) {
        match self {
            Self::InProcess(carrier) => carrier.leave(),
            Self::Redis(carrier) => carrier.leave().await,
        }
    }
}
