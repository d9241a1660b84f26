//! Who is connected to which instance. An instance's word counts while its lease lives.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use redis::aio::ConnectionManager;
use redis::{Pipeline, RedisResult};
use syncspace_protocol::status::PresenceStatus;
use syncspace_protocol::{Time, UserId};
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use super::super::Attendance;
use super::keys::Keys;

/// Life of a person's presence key without a word of any instance, in seconds: what dead instances left goes by itself.
const KEY_LIFE_S: i64 = 2 * 3_600;

/// Signs of life between two repetitions of everything; at 5 seconds each that is an hour, half of [`KEY_LIFE_S`].
const SAY_ALL_EVERY: u32 = 720;

/// Longest wait for what other instances say, in milliseconds; then it is unknown.
const ASK_MS_MAX: u64 = 500;

/// People in one pipeline.
const BATCH_MAX: usize = 500;

/// This instance's word on who is connected to it, and the others'.
pub(super) struct Presences {
    commands: ConnectionManager,
    keys: Arc<Keys>,
    lease_ms: u32,
    mine: Mutex<Mine>,
    has_news: Notify,
}

/// What is so here, whatever Redis knows of it.
#[derive(Default)]
struct Mine {
    online: HashMap<UserId, Here>,
    // Those of whom Redis may not know what is so.
    unsaid: HashSet<UserId>,
    has_left: bool,
}

/// How a person is here.
#[derive(Clone, Copy)]
struct Here {
    last_activity: Time,
    /// Local number of the socket it used last.
    socket: u32,
}

impl std::fmt::Debug for Presences {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presences").field("online", &self.lock().online.len()).finish_non_exhaustive()
    }
}

impl Presences {
    pub(super) fn new(commands: ConnectionManager, keys: Arc<Keys>, lease_ms: u32) -> Self {
        Self { commands, keys, lease_ms, mine: Mutex::default(), has_news: Notify::new() }
    }

    /// Notes by which socket the person is here, and that it uses it now; it is said as soon as Redis is there.
    pub(super) fn set_online(&self, user_id: UserId, socket: Option<u32>) {
        let mut mine = self.lock();
        if let Some(socket) = socket {
            mine.online.insert(user_id, Here { last_activity: Time::from(Timestamp::now()), socket });
        } else {
            mine.online.remove(&user_id);
        }
        mine.unsaid.insert(user_id);
        drop(mine);
        self.has_news.notify_one();
    }

    /// Lets everything be said again, because Redis may have lost it.
    pub(super) fn say_all(&self) {
        let mut mine = self.lock();
        let online: Vec<_> = mine.online.keys().copied().collect();
        mine.unsaid.extend(online);
        drop(mine);
        self.has_news.notify_one();
    }

    /// Renews the lease and says what is not said yet, until the carrier is gone.
    ///
    /// The only writer of this instance's words: what it writes is what is so at that moment, so none comes too late.
    pub(super) async fn keep_saying(self: Arc<Self>) {
        let mut tick = tokio::time::interval(Duration::from_millis(u64::from(self.lease_ms / 3).max(1)));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ticks = 0;
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    ticks = (ticks + 1) % SAY_ALL_EVERY;
                    if ticks == 0 {
                        self.say_all();
                    }
                }
                () = self.has_news.notified() => {}
            }
            if let Err(error) = self.say_news().await {
                tracing::debug!(%error, "could not say who is online; it is said again with the next sign of life");
            }
        }
    }

    async fn say_news(&self) -> RedisResult<()> {
        if self.lock().has_left {
            return Ok(());
        }
        if !self.renew_lease().await? {
            // Redis was emptied, or this instance slept: nothing it said may be there any more.
            self.say_all();
        }
        loop {
            let some: Vec<UserId> = self.lock().unsaid.iter().copied().take(BATCH_MAX).collect();
            if some.is_empty() {
                return Ok(());
            }
            let words = self.words_about(&some);
            let said = words.exec_async(&mut self.commands.clone()).await;
            if said.is_err() {
                self.lock().unsaid.extend(some);
            }
            said?;
        }
    }

    /// Gives the commands that say what is so about these people, and takes them off the list.
    fn words_about(&self, user_ids: &[UserId]) -> Pipeline {
        let mut mine = self.lock();
        let mut pipeline = Pipeline::with_capacity(2 * user_ids.len());
        for user_id in user_ids {
            mine.unsaid.remove(user_id);
            let (key, instance) = (self.keys.user_presence(*user_id), self.keys.instance());
            match mine.online.get(user_id) {
                Some(here) => {
                    let word = serde_json::json!({
                        "status": PresenceStatus::Online,
                        "last_activity": here.last_activity,
                        "socket_id": here.socket,
                    });
                    pipeline.hset(&key, instance, word.to_string()).ignore();
                    pipeline.expire(&key, KEY_LIFE_S).ignore();
                }
                None => {
                    pipeline.hdel(&key, instance).ignore();
                }
            }
        }
        pipeline
    }

    /// Renews the lease; tells whether it was still there.
    async fn renew_lease(&self) -> RedisResult<bool> {
        let key = self.keys.lease(&self.keys.instance());
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.exists(&key);
        pipeline.cmd("SET").arg(&key).arg(1).arg("PX").arg(self.lease_ms).ignore();
        let (was_there,): (bool,) = pipeline.query_async(&mut self.commands.clone()).await?;
        Ok(was_there)
    }

    /// Takes leave of the other instances: without a lease, none of this one's words counts.
    pub(super) async fn leave(&self) {
        self.lock().has_left = true;
        let mut end = redis::cmd("DEL");
        end.arg(self.keys.lease(&self.keys.instance()));
        if let Err(error) = end.exec_async(&mut self.commands.clone()).await {
            tracing::debug!(%error, "could not end the lease; it ends by itself");
        }
    }

    /// Tells who is connected to any living instance.
    pub(super) async fn attendance(&self, user_ids: &[UserId], is_connected: bool) -> Attendance {
        let elsewhere = if is_connected {
            let asked = tokio::time::timeout(Duration::from_millis(ASK_MS_MAX), self.online_elsewhere(user_ids)).await;
            asked.ok().and_then(Result::ok)
        } else {
            None
        };
        let is_complete = elsewhere.is_some();
        let mut online = elsewhere.unwrap_or_default();
        let here = self.lock();
        online.extend(user_ids.iter().filter(|&user_id| here.online.contains_key(user_id)));
        Attendance { online, is_complete }
    }

    async fn online_elsewhere(&self, user_ids: &[UserId]) -> RedisResult<HashSet<UserId>> {
        let mut instances_of: Vec<(UserId, Vec<String>)> = Vec::with_capacity(user_ids.len());
        for some in user_ids.chunks(BATCH_MAX) {
            let mut pipeline = Pipeline::with_capacity(some.len());
            for user_id in some {
                pipeline.hkeys(self.keys.user_presence(*user_id));
            }
            let instances: Vec<Vec<String>> = pipeline.query_async(&mut self.commands.clone()).await?;
            instances_of.extend(some.iter().copied().zip(instances));
        }
        let mut named: HashSet<&str> = instances_of.iter().flat_map(|(_, ids)| ids).map(String::as_str).collect();
        // What Redis holds of this instance may be old; what is noted here is not.
        let me = self.keys.instance();
        named.remove(me.as_str());
        let living = self.living(named.into_iter().collect()).await?;
        let is_online = |ids: &[String]| ids.iter().any(|id| living.contains(id.as_str()));
        Ok(instances_of.iter().filter(|(_, ids)| is_online(ids)).map(|(user_id, _)| *user_id).collect())
    }

    async fn living<'a>(&self, instances: Vec<&'a str>) -> RedisResult<HashSet<&'a str>> {
        if instances.is_empty() {
            return Ok(HashSet::new());
        }
        let mut pipeline = Pipeline::with_capacity(instances.len());
        for instance in &instances {
            pipeline.exists(self.keys.lease(instance));
        }
        let lives: Vec<bool> = pipeline.query_async(&mut self.commands.clone()).await?;
        Ok(instances.into_iter().zip(lives).filter(|(_, lives)| *lives).map(|(instance, _)| instance).collect())
    }

    /// Nothing under this lock can panic half way, so a poisoned one is still whole.
    fn lock(&self) -> MutexGuard<'_, Mine> {
        self.mine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
