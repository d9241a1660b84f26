//! What one instance does for all, as sockets on other instances see it, and what is left of it in Redis.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use redis::Value;
use redis::aio::MultiplexedConnection;
use serde_json::json;
use syncspace_protocol::erasure::ErasureStage;
use syncspace_server::config::Mail;
use syncspace_server::service::{Batch, JobKind, LeaseTimes, Service, Turn};
use syncspace_server::store::{Queries as _, Sql, params};
use syncspace_testkit::{RedisServer, SmtpServer};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::Chat;
use super::peer::{Instance, Peer, Person};
use crate::erasure::{MARK, Scene, live, work_in};
use crate::place::{PASSWORD, Place, Rig, body, origin};

/// Longest wait for anything that must come.
const WAIT: Duration = Duration::from_secs(20);

/// A term that no instance waits out while it is renewed as often.
const TIMES: LeaseTimes =
    LeaseTimes { term: Duration::from_secs(30), renewal: Duration::from_secs(1), look: Duration::from_millis(20) };

/// Has a service, and no other instance, do what one instance does for all; the others ask for it all the time.
async fn in_its_turn(service: &Service, test: impl AsyncFnOnce(&Turn)) {
    let turn = service.wait_for_turn(TIMES).await.expect("a turn");
    tokio::select! {
        () = test(&turn) => {}
        error = turn.keep() => unreachable!("nobody takes what is renewed: {error}"),
    }
    turn.give_back().await;
}

async fn connect(redis: &RedisServer) -> MultiplexedConnection {
    let client = redis::Client::open(redis.url()).expect("a client");
    client.get_multiplexed_async_connection().await.expect("connects")
}

/// Writes every text that a reply holds.
fn write(reply: &Value, text: &mut String) {
    match reply {
        Value::BulkString(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
        Value::SimpleString(word) => text.push_str(word),
        Value::Array(parts) | Value::Set(parts) => parts.iter().for_each(|part| write(part, text)),
        Value::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            write(key, text);
            write(value, text);
        }),
        other => text.push_str(&format!("{other:?}")),
    }
    text.push('\n');
}

/// Gives all that a Redis holds, in every database of it: the texts of each value by its key.
async fn contents(connection: &mut MultiplexedConnection) -> BTreeMap<String, String> {
    let keyspace: String = redis::cmd("INFO").arg("keyspace").query_async(connection).await.expect("says");
    assert!(keyspace.lines().all(|line| !line.starts_with("db") || line.starts_with("db0:")), "{keyspace}");
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query_async(connection).await.expect("lists");
    let mut found = BTreeMap::new();
    for key in keys {
        let kind: String = redis::cmd("TYPE").arg(&key).query_async(connection).await.expect("a type");
        let (read, rest): (_, &[&str]) = match kind.as_str() {
            "string" => ("GET", &[]),
            "hash" => ("HGETALL", &[]),
            "list" => ("LRANGE", &["0", "-1"]),
            "set" => ("SMEMBERS", &[]),
            "zset" => ("ZRANGE", &["0", "-1", "WITHSCORES"]),
            "stream" => ("XRANGE", &["-", "+"]),
            // It ended between the two looks.
            "none" => continue,
            other => unreachable!("nobody looks into a {other}"),
        };
        let value: Value = redis::cmd(read).arg(&key).arg(rest).query_async(connection).await.expect("reads");
        let mut text = String::new();
        write(&value, &mut text);
        found.insert(String::from_utf8_lossy(&key).into_owned(), text);
    }
    found
}

/// Gives the keys in whose name or value the mark stands, in whatever case.
async fn marked(connection: &mut MultiplexedConnection) -> Vec<String> {
    let has_mark = |text: &str| text.to_lowercase().contains(MARK);
    let all = contents(connection).await.into_iter();
    all.filter(|(key, value)| has_mark(key) || has_mark(value)).map(|(key, _)| key).collect()
}

/// Puts the mark into a value of each kind, and finds it there: what is not found afterwards is not there.
async fn try_the_search(connection: &mut MultiplexedConnection) {
    let planted: [&[&str]; 8] = [
        &["SET", "p:QmarkQ", "x"],
        &["SET", "p:string", "an qmarkq"],
        &["HSET", "p:hash", "field", "QMARKQ"],
        &["HSET", "p:hash-field", "qmarkq@example.org", "x"],
        &["RPUSH", "p:list", "x", "the qmarkq.txt"],
        &["SADD", "p:set", "x", "qmarkq"],
        &["ZADD", "p:sorted", "1", "qmarkq"],
        &["XADD", "p:stream", "*", "field", "qmarkq"],
    ];
    let (mut plant, mut remove) = (redis::pipe(), redis::cmd("DEL"));
    for command in planted {
        plant.cmd(command[0]).arg(&command[1..]).ignore();
        remove.arg(command[1]);
    }
    plant.exec_async(connection).await.expect("plants");
    let mut keys = planted.map(|command| command[1]);
    keys.sort_unstable();
    assert_eq!(marked(connection).await, keys);
    remove.exec_async(connection).await.expect("removes");
}

/// What instances tell each other.
struct Published {
    messages: mpsc::UnboundedReceiver<String>,
    _task: AbortOnDropHandle<()>,
}

impl Published {
    async fn on(redis: &RedisServer) -> Self {
        let client = redis::Client::open(redis.url()).expect("a client");
        let mut all = client.get_async_pubsub().await.expect("connects");
        all.psubscribe("*").await.expect("subscribes");
        let (sender, messages) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut told = all.into_on_message();
            while let Some(message) = told.next().await {
                let text = String::from_utf8_lossy(message.get_payload_bytes()).into_owned();
                if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Self { messages, _task: AbortOnDropHandle::new(task) }
    }

    /// Waits for a message that holds all of these texts.
    async fn until(&mut self, texts: &[&str]) {
        let found = async {
            loop {
                let message = self.messages.recv().await.expect("it listens");
                if texts.iter().all(|text| message.contains(text)) {
                    return;
                }
            }
        };
        timeout(WAIT, found).await.unwrap_or_else(|_| unreachable!("nothing with {texts:?} was published"));
    }

    /// Gives what was published and not asked for yet.
    fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.messages.try_recv().ok()).collect()
    }
}

/// Logs an account of a scene in on one more device.
async fn login(scene: &Scene, username: &str) -> Person {
    let tokens = scene.rig.login(username, PASSWORD).await.expect("logs in");
    Person { actor: scene.rig.actor(&tokens).await, token: tokens.access_token.0 }
}

#[tokio::test]
async fn an_erasure_reaches_other_instances_and_leaves_nothing_in_redis() {
    let scene = Scene::on(Place::mysql_and_redis().await).await;
    in_its_turn(&scene.rig.service, async |turn| erase(&scene, turn).await).await;
}

async fn erase(scene: &Scene, turn: &Turn) {
    let (place, user) = (&scene.rig.place, scene.doomed.user_id);
    let redis = place.redis.as_ref().expect("a place with Redis");
    let mut connection = connect(redis).await;
    try_the_search(&mut connection).await;
    let (one, other) = (Instance::beside(place).await, Instance::beside(place).await);
    let mut published = Published::on(redis).await;
    live(scene).await;
    for texts in [
        &["message.created", "hello @bob from qmarkq", "carried qmarkq.txt"][..],
        &["message.updated", "second qmarkq"],
        &["team.member_updated", "Quentin qmarkq"],
    ] {
        published.until(texts).await;
    }
    // The person is there with a device on each instance, and types.
    let (doomed, bob) = (login(scene, MARK).await, login(scene, "bob").await);
    let mut devices = [Peer::live(&one, &doomed).await, Peer::live(&other, &doomed).await];
    let mut bob = Peer::live(&other, &bob).await;
    devices[0].send(&json!({"id": 1, "op": "typing", "channel_id": scene.general})).await;
    let reply = devices[0].reply(1).await;
    assert!(reply["ok"].is_object(), "{reply}");
    bob.until(|frame| frame["ev"] == "typing" && frame["user_id"] == user.get()).await;
    let presence = format!("user_presence:{user}");
    let here = async |connection: &mut MultiplexedConnection, count: usize| {
        let said = async {
            loop {
                let all = contents(connection).await;
                let found = all.iter().find(|(key, _)| key.ends_with(&presence));
                if found.map_or(0, |(_, value)| value.matches("last_activity").count()) == count {
                    return;
                }
            }
        };
        let outcome = timeout(WAIT, said).await;
        assert!(outcome.is_ok(), "never on {count} instances: {:?}", contents(connection).await);
    };
    here(&mut connection, 2).await;
    assert_eq!(marked(&mut connection).await, [""; 0], "what is said goes through Redis and is kept nowhere");
    published.rest();

    scene.erase().await;
    for device in &mut devices {
        assert_eq!(device.closing().await, "session_ended");
    }
    let renamed = |frame: &serde_json::Value| {
        frame["ev"] == "team.member_updated" && frame["member"]["user"]["username"] == format!("erased-{user}")
    };
    bob.until(renamed).await;
    bob.until(|frame| frame["ev"] == "team.member_removed" && frame["user_id"] == user.get()).await;
    scene.rig.clock.advance_ms(60_001);
    work_in(&scene.rig.service, turn).await;
    assert_eq!(scene.erasure().await.stage, ErasureStage::Done);
    // Three in the channel, one in the direct channel, one where it had left, in the order of the channels.
    for _ in 0..5 {
        bob.until(|frame| frame["ev"] == "message.deleted" && frame["sender_id"] == user.get()).await;
    }
    bob.until(|frame| frame["ev"] == "reaction.removed" && frame["user_id"] == user.get()).await;

    here(&mut connection, 0).await;
    assert_eq!(marked(&mut connection).await, [""; 0]);
    let all = contents(&mut connection).await;
    assert!(all.keys().all(|key| !key.ends_with(&presence)), "{all:?}");
    let told = published.rest();
    assert!(told.iter().any(|message| message.contains("message.deleted")), "{told:?}");
    assert!(told.iter().all(|message| !message.to_lowercase().contains(MARK)), "{told:?}");
}

#[tokio::test]
async fn a_floor_that_was_raised_reaches_sockets_of_other_instances() {
    let rig = Place::mysql_and_redis().await.open_rig().await;
    in_its_turn(&rig.service, async |turn| raise_floor(&rig, turn).await).await;
}

async fn raise_floor(rig: &Rig, turn: &Turn) {
    let (one, other) = (Instance::beside(&rig.place).await, Instance::beside(&rig.place).await);
    let chat = Chat::on(&one).await;
    chat.say(&one, &chat.alice, "one").await;
    chat.say(&other, &chat.bob, "two").await;
    let edit = body(json!({ "retention_days": 30 }));
    one.service().edit_channel(&chat.alice.actor, chat.channel, edit).await.expect("settles");
    let mut readers = [Peer::live(&one, &chat.alice).await, Peer::live(&other, &chat.bob).await];
    rig.clock.advance_ms(31 * 24 * 3_600_000);
    assert_eq!(rig.service.run_batch(turn, JobKind::Retention).await.expect("removes"), Batch::More(2));
    for reader in &mut readers {
        // As it happens: whoever lost it on the way reads it among `changes`, some seconds later.
        let raised = reader.event("channel.floor_raised").await;
        assert_eq!((&raised["stream"], &raised["floor_seq"]), (&json!(chat.stream()), &json!(2)), "{raised}");
    }
    chat.say(&one, &chat.alice, "three").await;
    for reader in &mut readers {
        assert_eq!(reader.message().await, "three");
        reader.nothing_more().await;
    }
}

#[tokio::test]
async fn a_mail_is_sent_once_though_every_instance_would_send_it() {
    let (place, smtp) = (Place::mysql_and_redis().await, SmtpServer::start().await);
    let start = async |name: &str| {
        let mail = Mail {
            server: format!("smtp://127.0.0.1:{}", smtp.port()).parse().expect("a mail server"),
            // Tells which of them sent it.
            sender: format!("{name}@example.org").parse().expect("a sender"),
            public_url: "https://chat.example.org".parse().expect("an address"),
            ca_file: None,
        };
        Instance::beside_with(&place, |config| config.mail = Some(mail)).await
    };
    let (one, other) = (start("one").await, start("other").await);
    register(&[&one, &other], "first").await;
    let mails = smtp.wait_for(MAILS).await;
    let sender = mails[0].from.clone();
    assert!(mails.iter().all(|mail| mail.from == sender), "one of them has the turn: {mails:?}");
    wait_until_none_waits(&one).await;
    // The one that has the turn goes, and the other one goes on with what comes.
    let (gone, left, heir) = match sender.as_str() {
        "one@example.org" => (one, other, "other@example.org"),
        _ => (other, one, "one@example.org"),
    };
    register(&[&gone, &left], "second").await;
    gone.shutdown();
    gone.ended().await;
    register(&[&left], "third").await;
    wait_until_none_waits(&left).await;
    let mails = smtp.mails();
    assert_eq!(mails.last().expect("mail").from, heir);
    let mut recipients: Vec<_> = mails.into_iter().map(|mail| mail.to).collect();
    recipients.sort();
    let names = ["first", "second", "third"].into_iter();
    let mut expected: Vec<_> =
        names.flat_map(|name| (0..MAILS).map(move |number| format!("{name}{number}@example.org"))).collect();
    expected.sort();
    assert_eq!(recipients, expected);
}

/// People who register together, each of whom is mailed.
const MAILS: usize = 12;

/// Registers people by turns on some instances.
async fn register(instances: &[&Instance], name: &str) {
    for (number, instance) in (0..MAILS).zip(instances.iter().cycle()) {
        let username = format!("{name}{number}");
        let register =
            json!({ "username": username, "password": PASSWORD, "email": format!("{username}@example.org") });
        instance.service().register(&origin(), body(register)).await.expect("registers");
    }
}

async fn wait_until_none_waits(instance: &Instance) {
    let store = instance.store().await;
    let waiting = async || {
        let rows = (&store).query(&Sql::both("SELECT COUNT(*) FROM mails"), params![]).await.expect("counts");
        rows[0].reader().take::<u32>().expect("a number")
    };
    let sent = async {
        while waiting().await > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(WAIT, sent).await.expect("every mail is sent in time");
}
