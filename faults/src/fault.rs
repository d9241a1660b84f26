//! What can go wrong: each fault strikes, lasts a little, and is over again.

use std::fmt;

use tokio::time::{Duration, sleep};

use crate::cluster::{Cluster, Store};

/// Places in the way of a commit where a server can be made to end.
const PLACES: [&str; 5] =
    ["log::before_begin", "log::after_lock", "log::after_apply", "log::after_commit", "log::after_publish"];

/// Longest wait for a server to come by such a place; then it is killed where it is.
const PLACE_WAIT: Duration = Duration::from_secs(12);

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A server is killed (SIGKILL) and started again.
    ServerKilled,
    /// A server ends by itself at a place in the way of a commit; the number chooses from the list.
    ServerEndsAt(usize),
    /// A server is asked to stop (SIGTERM), lets go of everybody, and is started again.
    ServerStopped,
    /// A server is held (SIGSTOP) for some seconds.
    ServerPaused,
    /// The database is killed (SIGKILL) and started again.
    DatabaseKilled,
    /// The database is held (SIGSTOP) for some seconds.
    DatabasePaused,
    /// A server's connections to the database are cut, several times, in the middle of commits.
    DatabaseCut,
    /// A server's database does everything and says nothing, and then the connections are cut.
    DatabaseRepliesLost,
    /// Redis is emptied.
    RedisFlushed,
    /// Redis is killed (SIGKILL) and started again, empty.
    RedisKilled,
    /// Redis is held (SIGSTOP) for some seconds.
    RedisPaused,
    /// A server's connections to Redis are cut.
    RedisCut,
    /// The connections of all clients are cut.
    ClientsCut,
    /// Servers hear every client and no client hears a server, and then the connections are cut.
    ClientRepliesLost,
    /// Nothing goes through between clients and servers for a while, and nothing is lost.
    ClientsStalled,
}

impl Fault {
    /// Gives every kind that can strike such a system.
    #[must_use]
    pub fn all(store: Store) -> Vec<Self> {
        let places = (0..PLACES.len()).map(Self::ServerEndsAt);
        let here = [Self::ServerKilled, Self::ServerStopped, Self::ServerPaused];
        let clients = [Self::ClientsCut, Self::ClientRepliesLost, Self::ClientsStalled];
        let mut all: Vec<_> = places.chain(here).chain(clients).collect();
        if matches!(store, Store::Shared { .. }) {
            all.extend([Self::DatabaseKilled, Self::DatabasePaused, Self::DatabaseCut, Self::DatabaseRepliesLost]);
            all.extend([Self::RedisFlushed, Self::RedisKilled, Self::RedisPaused, Self::RedisCut]);
        }
        all
    }

    /// Lets it strike, waits until it is over, and gives what it was in the end.
    pub async fn strike(self, cluster: &mut Cluster, random: &mut fastrand::Rng) -> Self {
        let chosen = random.usize(..cluster.servers.len());
        match self {
            Self::ServerKilled => {
                cluster.servers[chosen].kill();
                pause(random, 0..1_000).await;
                cluster.servers[chosen].start().await;
            }
            Self::ServerEndsAt(place) => {
                if !end_at(cluster, chosen, PLACES[place % PLACES.len()], random).await {
                    return Self::ServerKilled;
                }
            }
            Self::ServerStopped => {
                if let Some(process) = cluster.servers[chosen].process.take() {
                    process.terminate().await;
                }
                cluster.servers[chosen].start().await;
            }
            Self::ServerPaused => {
                if let Some(process) = &cluster.servers[chosen].process {
                    process.pause();
                    pause(random, 300..5_000).await;
                    process.resume();
                }
            }
            Self::ClientsCut => cluster.entrance.cut_connections(),
            Self::ClientRepliesLost => {
                cluster.entrance.lose_replies();
                pause(random, 100..1_500).await;
                cluster.entrance.flow();
            }
            Self::ClientsStalled => {
                cluster.entrance.stall();
                pause(random, 100..2_000).await;
                cluster.entrance.flow();
            }
            Self::DatabaseKilled | Self::DatabasePaused | Self::DatabaseCut | Self::DatabaseRepliesLost => {
                self.strike_database(cluster, chosen, random).await;
            }
            Self::RedisFlushed | Self::RedisKilled | Self::RedisPaused | Self::RedisCut => {
                self.strike_redis(cluster, chosen, random).await;
            }
        }
        self
    }

    async fn strike_database(self, cluster: &mut Cluster, chosen: usize, random: &mut fastrand::Rng) {
        let (Some(mysql), Some(line)) = (&mut cluster.mysql, &cluster.servers[chosen].to_mysql) else { return };
        match self {
            Self::DatabaseKilled => {
                mysql.kill();
                pause(random, 0..1_500).await;
                tokio::task::block_in_place(|| mysql.start_again());
            }
            Self::DatabasePaused => {
                mysql.pause();
                pause(random, 300..3_000).await;
                mysql.resume();
            }
            Self::DatabaseCut => {
                for _ in 0..random.u32(3..8) {
                    line.cut_connections();
                    pause(random, 5..120).await;
                }
            }
            _ => {
                line.lose_replies();
                pause(random, 50..600).await;
                line.flow();
            }
        }
    }

    async fn strike_redis(self, cluster: &mut Cluster, chosen: usize, random: &mut fastrand::Rng) {
        let (Some(redis), Some(line)) = (&mut cluster.redis, &mut cluster.servers[chosen].to_redis) else { return };
        match self {
            Self::RedisFlushed => redis.flush().await,
            Self::RedisKilled => {
                redis.kill();
                pause(random, 0..2_500).await;
                tokio::task::block_in_place(|| redis.start_again());
            }
            Self::RedisPaused => {
                redis.pause();
                pause(random, 300..4_000).await;
                redis.resume();
            }
            _ => {
                line.cut().await;
                pause(random, 0..2_000).await;
                line.restore().await;
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::ServerEndsAt(place) => return f.pad(&format!("server ends at {}", PLACES[place % PLACES.len()])),
            Self::ServerKilled => "server killed",
            Self::ServerStopped => "server stopped",
            Self::ServerPaused => "server paused",
            Self::DatabaseKilled => "database killed",
            Self::DatabasePaused => "database paused",
            Self::DatabaseCut => "database cut off",
            Self::DatabaseRepliesLost => "database's replies lost",
            Self::RedisFlushed => "Redis emptied",
            Self::RedisKilled => "Redis killed",
            Self::RedisPaused => "Redis paused",
            Self::RedisCut => "Redis cut off",
            Self::ClientsCut => "clients cut off",
            Self::ClientRepliesLost => "clients' replies lost",
            Self::ClientsStalled => "clients stalled",
        };
        f.pad(word)
    }
}

/// Starts a server so that it ends at a place, waits until it has, and starts it again; false if it never came by there.
async fn end_at(cluster: &mut Cluster, chosen: usize, place: &str, random: &mut fastrand::Rng) -> bool {
    let server = &mut cluster.servers[chosen];
    server.kill();
    server.start_to_end_at(place, random.u32(0..20)).await;
    // Those who went elsewhere meanwhile would stay there, and nothing would be committed here.
    cluster.entrance.cut_connections();
    let has_ended = server.ends_within(PLACE_WAIT).await;
    server.kill();
    server.start().await;
    has_ended
}

async fn pause(random: &mut fastrand::Rng, milliseconds: std::ops::Range<u64>) {
    sleep(Duration::from_millis(random.u64(milliseconds))).await;
}
