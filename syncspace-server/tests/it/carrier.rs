//! One list of facts about carriers, checked within the process and on a private Redis.

use std::time::Duration;

use bytes::Bytes;
use syncspace_protocol::status::PresenceStatus;
use syncspace_protocol::{Epoch, UserId};
use syncspace_server::realtime::carrier::{BusEvent, Carrier, CarrierConfig, Hub, RedisConfig, Subject};
use syncspace_testkit::{RedisServer, ServerProcess};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

/// Longest wait for anything that must come; a pass never takes so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// One instance and what reached it.
struct Instance {
    carrier: Carrier,
    events: Receiver<BusEvent>,
}

async fn join(config: &CarrierConfig) -> Instance {
    let (carrier, events) = Carrier::start(config).await.expect("starts");
    let mut instance = Instance { carrier, events };
    assert_eq!(instance.next().await, BusEvent::Connected);
    instance
}

impl Instance {
    async fn next(&mut self) -> BusEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("an event")
    }

    async fn next_text(&mut self) -> String {
        match self.next().await {
            BusEvent::Message { payload, .. } => String::from_utf8(payload.to_vec()).expect("text"),
            other => unreachable!("{other:?} instead of a message"),
        }
    }

    async fn until(&mut self, wanted: &BusEvent) {
        while self.next().await != *wanted {}
    }

    /// Waits for a message of `sender`, who tries again and again: its own way to Redis may come back later.
    async fn wait_to_hear(&mut self, sender: &Self, subject: Subject) {
        let wanted = BusEvent::Message { subject, payload: Bytes::from_static(b"back") };
        let heard = async {
            loop {
                sender.publish(subject, "back");
                if timeout(Duration::from_millis(200), self.until(&wanted)).await.is_ok() {
                    return;
                }
            }
        };
        timeout(PATIENCE, heard).await.expect("it is heard in time");
    }

    fn publish(&self, subject: Subject, text: &str) {
        self.carrier.publish(subject, Bytes::copy_from_slice(text.as_bytes()));
    }

    async fn subscribe(&self, subject: Subject) {
        assert!(self.carrier.subscribe(subject).await);
    }

    async fn status(&self, user_id: UserId) -> PresenceStatus {
        self.carrier.attendance(&[user_id]).await.status(user_id)
    }

    async fn wait_for_status(&self, user_id: UserId, wanted: PresenceStatus) {
        let seen = async {
            while self.status(user_id).await != wanted {
                tokio::task::yield_now().await;
            }
        };
        assert!(timeout(PATIENCE, seen).await.is_ok(), "{user_id} never became {wanted:?}");
    }
}

fn team(id: u64) -> Subject {
    Subject::Team(id.try_into().expect("an id"))
}

fn user(id: u64) -> UserId {
    id.try_into().expect("an id")
}

fn redis_config(server: &RedisServer) -> CarrierConfig {
    let config = RedisConfig::new(server.url(), Epoch("e1".to_owned()));
    CarrierConfig::Redis(RedisConfig { lease_ms: 600, ..config })
}

/// Makes a test of each fact, on both carriers.
macro_rules! on_both_carriers {
    ($($fact:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test]
            async fn $fact() {
                super::$fact(super::CarrierConfig::InProcess(super::Hub::default())).await;
            })*
        }

        mod on_redis {
            $(#[tokio::test]
            async fn $fact() {
                let server = super::RedisServer::start().await;
                super::$fact(super::redis_config(&server)).await;
            })*
        }
    };
}

on_both_carriers! {
    messages_of_a_subject_arrive_in_order,
    an_instance_does_not_hear_itself,
    only_subscribed_subjects_arrive,
    every_subscribed_instance_hears_a_message,
    publishing_never_waits,
    several_devices_are_one_person,
    people_of_an_instance_that_is_gone_are_offline,
    people_of_an_instance_that_took_leave_are_offline_at_once,
}

async fn messages_of_a_subject_arrive_in_order(config: CarrierConfig) {
    let (one, mut other) = (join(&config).await, join(&config).await);
    other.subscribe(team(1)).await;
    other.subscribe(Subject::Control).await;
    for number in 0..2_000 {
        one.publish(if number % 2 == 0 { team(1) } else { Subject::Control }, &number.to_string());
    }
    for number in 0..2_000 {
        assert_eq!(other.next_text().await, number.to_string());
    }
}

async fn an_instance_does_not_hear_itself(config: CarrierConfig) {
    let (mut one, other) = (join(&config).await, join(&config).await);
    one.subscribe(team(1)).await;
    one.publish(team(1), "mine");
    other.publish(team(1), "yours");
    assert_eq!(one.next_text().await, "yours");
}

async fn only_subscribed_subjects_arrive(config: CarrierConfig) {
    let (one, mut other) = (join(&config).await, join(&config).await);
    other.subscribe(team(1)).await;
    other.subscribe(team(2)).await;
    one.publish(team(3), "never asked for");
    one.publish(team(1), "first");
    assert_eq!(other.next_text().await, "first");
    other.carrier.unsubscribe(team(1)).await;
    one.publish(team(1), "no longer asked for");
    one.publish(team(2), "second");
    assert_eq!(other.next().await, BusEvent::Message { subject: team(2), payload: Bytes::from_static(b"second") });
}

async fn every_subscribed_instance_hears_a_message(config: CarrierConfig) {
    let (one, mut second, mut third) = (join(&config).await, join(&config).await, join(&config).await);
    second.subscribe(team(1)).await;
    third.subscribe(team(1)).await;
    one.publish(team(1), "hi");
    assert_eq!((second.next_text().await, third.next_text().await), ("hi".to_owned(), "hi".to_owned()));
}

async fn publishing_never_waits(config: CarrierConfig) {
    let (one, mut other) = (join(&config).await, join(&config).await);
    other.subscribe(team(1)).await;
    // Nobody takes anything meanwhile: this test has one thread. What does not fit is lost, and that is said.
    for _ in 0..50_000 {
        one.publish(team(1), "flood");
    }
    other.until(&BusEvent::Connected).await;
    assert!(one.carrier.lost_count() + other.carrier.lost_count() > 0);
}

async fn several_devices_are_one_person(config: CarrierConfig) {
    let (one, other) = (join(&config).await, join(&config).await);
    let people = [3, 1, 2].map(user);
    let asked = one.carrier.attendance(&people).await;
    assert_eq!(people.map(|person| asked.status(person)), [PresenceStatus::Offline; 3]);

    one.carrier.set_online(user(1), Some(1)).await;
    other.carrier.set_online(user(1), Some(1)).await;
    let watcher = join(&config).await;
    watcher.wait_for_status(user(1), PresenceStatus::Online).await;
    one.carrier.set_online(user(1), None).await;
    one.carrier.set_online(user(2), Some(2)).await;
    watcher.wait_for_status(user(2), PresenceStatus::Online).await;
    assert_eq!(watcher.status(user(1)).await, PresenceStatus::Online, "the other device is still there");
    other.carrier.set_online(user(1), None).await;
    watcher.wait_for_status(user(1), PresenceStatus::Offline).await;
}

async fn people_of_an_instance_that_is_gone_are_offline(config: CarrierConfig) {
    let (one, watcher) = (join(&config).await, join(&config).await);
    one.carrier.set_online(user(1), Some(1)).await;
    watcher.carrier.set_online(user(2), Some(2)).await;
    watcher.wait_for_status(user(1), PresenceStatus::Online).await;
    drop(one);
    watcher.wait_for_status(user(1), PresenceStatus::Offline).await;
    assert_eq!(watcher.status(user(2)).await, PresenceStatus::Online);
}

async fn people_of_an_instance_that_took_leave_are_offline_at_once(config: CarrierConfig) {
    let (one, watcher) = (join(&config).await, join(&config).await);
    one.carrier.set_online(user(1), Some(1)).await;
    watcher.wait_for_status(user(1), PresenceStatus::Online).await;
    one.carrier.leave().await;
    assert_eq!(watcher.status(user(1)).await, PresenceStatus::Offline);
}

#[tokio::test]
async fn redis_may_go_and_come_back() {
    let mut server = RedisServer::start().await;
    let config = redis_config(&server);
    let (mut one, mut other) = (join(&config).await, join(&config).await);
    other.subscribe(team(1)).await;
    one.carrier.set_online(user(1), Some(1)).await;
    other.wait_for_status(user(1), PresenceStatus::Online).await;

    server.kill();
    one.until(&BusEvent::Disconnected).await;
    other.until(&BusEvent::Disconnected).await;
    assert!(!one.carrier.is_connected());
    one.publish(team(1), "lost");
    assert!(!other.carrier.subscribe(team(2)).await, "not yet");
    assert_eq!(one.status(user(1)).await, PresenceStatus::Online, "one's own people are known");
    assert_eq!(other.status(user(1)).await, PresenceStatus::Unknown);
    other.carrier.set_online(user(2), Some(2)).await;

    server.start_again();
    one.until(&BusEvent::Connected).await;
    other.until(&BusEvent::Connected).await;
    assert!(other.carrier.is_connected());
    other.wait_for_status(user(1), PresenceStatus::Online).await;
    one.wait_for_status(user(2), PresenceStatus::Online).await;
    for subject in [team(1), team(2)] {
        other.wait_to_hear(&one, subject).await;
    }
}

#[tokio::test]
async fn what_an_emptied_redis_forgot_is_said_again() {
    let server = RedisServer::start().await;
    let config = redis_config(&server);
    let (one, other) = (join(&config).await, join(&config).await);
    one.carrier.set_online(user(1), Some(1)).await;
    other.wait_for_status(user(1), PresenceStatus::Online).await;
    let client = redis::Client::open(server.url()).expect("a client");
    let mut connection = client.get_multiplexed_async_connection().await.expect("connects");
    redis::cmd("FLUSHALL").exec_async(&mut connection).await.expect("empties");
    // Nothing breaks off by that: the lease that is gone tells it.
    other.wait_for_status(user(1), PresenceStatus::Online).await;
    assert!(one.carrier.is_connected());
}

#[tokio::test]
async fn a_person_has_a_field_for_each_instance() {
    let server = RedisServer::start().await;
    let config = redis_config(&server);
    let (one, other) = (join(&config).await, join(&config).await);
    one.carrier.set_online(user(1), Some(7)).await;
    other.carrier.set_online(user(1), Some(8)).await;
    let client = redis::Client::open(server.url()).expect("a client");
    let mut connection = client.get_multiplexed_async_connection().await.expect("connects");
    let fields = async {
        loop {
            let mut read = redis::cmd("HVALS");
            read.arg("syncspace:e1:user_presence:1");
            let fields: Vec<String> = read.query_async(&mut connection).await.expect("reads");
            if fields.len() == 2 {
                return fields;
            }
        }
    };
    let fields = timeout(PATIENCE, fields).await.expect("both say so");
    let fields = fields.iter().map(|field| serde_json::from_str::<serde_json::Value>(field).expect("JSON"));
    let mut sockets: Vec<_> = fields
        .map(|field| {
            assert_eq!(field["status"], "online");
            assert!(field["last_activity"].as_str().is_some_and(|time| time.ends_with('Z')), "{field}");
            field["socket_id"].as_u64()
        })
        .collect();
    sockets.sort_unstable();
    assert_eq!(sockets, [Some(7), Some(8)]);
}

#[tokio::test]
async fn an_address_where_no_redis_is_is_warned_about() {
    let server = ServerProcess::start(&["--redis", "redis://127.0.0.1:1"]).await;
    let warned = async {
        while !server.output().contains("Redis cannot be reached: is the setting `redis` right?") {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(PATIENCE, warned).await.is_ok(), "{}", server.output());
}

#[tokio::test]
async fn a_redis_that_hangs_is_away() {
    let server = RedisServer::start().await;
    let config = redis_config(&server);
    let (one, mut other) = (join(&config).await, join(&config).await);
    other.subscribe(team(1)).await;
    let client = redis::Client::open(server.url()).expect("a client");
    let mut connection = client.get_multiplexed_async_connection().await.expect("connects");
    let pause = redis::cmd("CLIENT").arg("PAUSE").arg(4_000).arg("ALL").exec_async(&mut connection).await;
    pause.expect("pauses");
    other.until(&BusEvent::Disconnected).await;
    other.until(&BusEvent::Connected).await;
    other.wait_to_hear(&one, team(1)).await;
}

#[tokio::test]
async fn histories_do_not_meet() {
    let server = RedisServer::start().await;
    let config = |epoch: &str| CarrierConfig::Redis(RedisConfig::new(server.url(), Epoch(epoch.to_owned())));
    let (old, new, mut listening) = (join(&config("e1")).await, join(&config("e2")).await, join(&config("e2")).await);
    listening.subscribe(team(1)).await;
    old.publish(team(1), "old");
    old.carrier.set_online(user(1), Some(1)).await;
    new.publish(team(1), "new");
    assert_eq!(listening.next_text().await, "new");
    assert_eq!(listening.status(user(1)).await, PresenceStatus::Offline);
}

#[tokio::test]
async fn an_instance_starts_while_redis_is_away() {
    let mut server = RedisServer::start().await;
    let config = redis_config(&server);
    server.kill();
    let (carrier, events) = Carrier::start(&config).await.expect("starts");
    let mut instance = Instance { carrier, events };
    assert!(!instance.carrier.is_connected());
    assert!(!instance.carrier.subscribe(team(1)).await);
    assert_eq!(instance.status(user(1)).await, PresenceStatus::Unknown);
    server.start_again();
    instance.until(&BusEvent::Connected).await;
    let other = join(&config).await;
    other.publish(team(1), "hi");
    assert_eq!(instance.next_text().await, "hi");
}
