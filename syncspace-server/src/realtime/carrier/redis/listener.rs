//! The connection that listens: subscribes, notices when Redis is away, and comes back.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, RedisResult, Value};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use super::super::events::Events;
use super::super::{BusEvent, Subject};
use super::CONNECT_MS_MAX;
use super::keys::{Incoming, Keys};
use super::presence::Presences;

/// Subscriptions and their ends that may wait for the listener.
pub(super) const WISHES_WAITING_MAX: usize = 1_024;

/// Channels in one SUBSCRIBE after Redis came back.
const SUBSCRIBE_AT_ONCE: usize = 500;

/// Time between two signs of life, in milliseconds. With the wait for an answer, a Redis that hangs is noticed within
/// two seconds.
const PING_EVERY_MS: u64 = 700;

/// Longest wait for an answer, in milliseconds.
const ANSWER_MS_MAX: u64 = 1_000;

/// First and longest wait before the next try to connect, in milliseconds; the actual one is random up to that.
const RETRY_MS: std::ops::RangeInclusive<u64> = 20..=1_000;

/// What the instance wants to receive, or no more.
#[derive(Debug)]
pub(super) enum Wish {
    /// Messages of this subject; answered with whether they arrive from now on.
    Subscribe { subject: Subject, done: oneshot::Sender<bool> },
    /// No further messages of this subject.
    Unsubscribe { subject: Subject, done: oneshot::Sender<()> },
}

/// Owns the listening connection.
pub(super) struct Listener {
    pub(super) client: Client,
    pub(super) keys: Arc<Keys>,
    pub(super) events: Events,
    pub(super) is_connected: Arc<AtomicBool>,
    pub(super) presences: Arc<Presences>,
}

impl Listener {
    /// Listens until the carrier is gone.
    pub(super) async fn run(self, mut wishes: mpsc::Receiver<Wish>) {
        let mut subjects = HashSet::new();
        let mut is_first = true;
        loop {
            let (connection, is_lost) = self.connect(&mut wishes, &mut subjects, is_first).await;
            tracing::info!(subjects = subjects.len(), "{}", if is_first { "Redis is there" } else { "Redis is back" });
            is_first = false;
            self.is_connected.store(true, Ordering::Release);
            self.events.connection(BusEvent::Connected).await;

            let why = self.listen(connection, &is_lost, &mut wishes, &mut subjects).await;
            self.is_connected.store(false, Ordering::Release);
            tracing::warn!(reason = %why, "Redis is away; events reach other instances through the database");
            self.events.connection(BusEvent::Disconnected).await;
        }
    }

    /// Tries until there is a connection with every subscription in place; meanwhile wishes are noted.
    async fn connect(
        &self,
        wishes: &mut mpsc::Receiver<Wish>,
        subjects: &mut HashSet<Subject>,
        is_first: bool,
    ) -> (MultiplexedConnection, Arc<Notify>) {
        let mut wait_ms = *RETRY_MS.start();
        // What was there before may come back; what never was may be a wrong address.
        let mut is_news = is_first;
        loop {
            note_wishes(wishes, subjects);
            match self.try_connect(subjects).await {
                Ok(connected) => return connected,
                Err(error) if std::mem::take(&mut is_news) => tracing::warn!(
                    %error,
                    "Redis cannot be reached: is the setting `redis` right? Until it can, instances hear of each other \
                     through the database, and nobody knows who is online elsewhere; it is tried on and on"
                ),
                Err(error) => tracing::debug!(%error, "no connection to Redis"),
            }
            let pause = tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=wait_ms)));
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    Some(wish) = wishes.recv() => note_wish(wish, subjects),
                }
            }
            wait_ms = (wait_ms * 2).min(*RETRY_MS.end());
        }
    }

    async fn try_connect(&self, subjects: &HashSet<Subject>) -> RedisResult<(MultiplexedConnection, Arc<Notify>)> {
        let is_lost = Arc::new(Notify::new());
        let (keys, events, notify) = (Arc::clone(&self.keys), self.events.clone(), Arc::clone(&is_lost));
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(CONNECT_MS_MAX)))
            .set_response_timeout(Some(Duration::from_millis(ANSWER_MS_MAX)))
            .set_push_sender(move |push: PushInfo| {
                take_push(push, &keys, &events, &notify);
                Ok::<_, std::convert::Infallible>(())
            });
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut channels: Vec<_> = subjects.iter().map(|subject| self.keys.channel(*subject)).collect();
        channels.push(self.keys.lost_channel());
        for some in channels.chunks(SUBSCRIBE_AT_ONCE) {
            connection.subscribe(some).await?;
        }
        self.presences.say_all();
        Ok((connection, is_lost))
    }

    /// Listens until the connection is lost; gives why.
    async fn listen(
        &self,
        mut connection: MultiplexedConnection,
        is_lost: &Notify,
        wishes: &mut mpsc::Receiver<Wish>,
        subjects: &mut HashSet<Subject>,
    ) -> String {
        let mut ping = tokio::time::interval(Duration::from_millis(PING_EVERY_MS));
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                () = is_lost.notified() => return "the connection was closed".to_owned(),
                _ = ping.tick() => redis::cmd("PING").exec_async(&mut connection).await,
                Some(wish) = wishes.recv() => self.grant(wish, &mut connection, subjects).await,
            };
            if let Err(error) = outcome {
                return error.to_string();
            }
        }
    }

    async fn grant(
        &self,
        wish: Wish,
        connection: &mut MultiplexedConnection,
        subjects: &mut HashSet<Subject>,
    ) -> RedisResult<()> {
        match wish {
            Wish::Subscribe { subject, done } => {
                subjects.insert(subject);
                let outcome = connection.subscribe(self.keys.channel(subject)).await;
                let _ = done.send(outcome.is_ok());
                outcome
            }
            Wish::Unsubscribe { subject, done } => {
                subjects.remove(&subject);
                let outcome = connection.unsubscribe(self.keys.channel(subject)).await;
                let _ = done.send(());
                outcome
            }
        }
    }
}

fn note_wishes(wishes: &mut mpsc::Receiver<Wish>, subjects: &mut HashSet<Subject>) {
    while let Ok(wish) = wishes.try_recv() {
        note_wish(wish, subjects);
    }
}

fn note_wish(wish: Wish, subjects: &mut HashSet<Subject>) {
    match wish {
        Wish::Subscribe { subject, done } => {
            subjects.insert(subject);
            let _ = done.send(false);
        }
        Wish::Unsubscribe { subject, done } => {
            subjects.remove(&subject);
            let _ = done.send(());
        }
    }
}

/// Takes what Redis sent without being asked. Runs on the connection's own task and must not wait.
fn take_push(push: PushInfo, keys: &Keys, events: &Events, is_lost: &Notify) {
    match push.kind {
        PushKind::Disconnection => is_lost.notify_one(),
        PushKind::Message => {
            let mut data = push.data.into_iter();
            let (Some(Value::BulkString(channel)), Some(Value::BulkString(message))) = (data.next(), data.next())
            else {
                return;
            };
            match keys.read(&channel, message) {
                Incoming::Message { subject, payload } => events.message(subject, payload),
                Incoming::Lost => events.report_gap(),
                Incoming::Ignored => {}
            }
        }
        _ => {}
    }
}
