//! Delivery under bad conditions: busy channels, readers that stop, instances that die between commit and announcement.

use serde_json::json;
use syncspace_server::config::Config;
use syncspace_testkit::{RedisServer, ServerProcess};

use super::peer::{Instance, Peer};
use super::{Chat, text};

/// Reads messages, live or caught up, and checks that each comes once and in order.
async fn read_all(peer: &mut Peer, count: u64) {
    let mut seen = 0;
    let mut rev = 0;
    while seen < count {
        let frame = peer.next().await;
        let messages = match frame["ev"].as_str() {
            Some("message.created") => vec![frame["message"].clone()],
            Some("changes") => {
                let items = frame["items"].as_array().expect("items").iter();
                items.filter(|item| item["kind"] == "message").map(|item| item["message"].clone()).collect()
            }
            _ => continue,
        };
        assert!(frame["rev"].as_u64() > Some(rev), "revs grow: {rev} then {}", frame["rev"]);
        rev = frame["rev"].as_u64().expect("a rev");
        for message in messages {
            seen += 1;
            assert_eq!(message["seq"].as_u64(), Some(seen), "in order, without gaps");
        }
    }
}

#[tokio::test]
async fn a_busy_channel_reaches_everybody_once_and_in_order() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    // Enough for events to gather.
    let mut devices = Vec::new();
    for _ in 0..24 {
        devices.push(Peer::live(&instance, &chat.bob).await);
    }
    let mut sender = Peer::live(&instance, &chat.alice).await;
    for id in 1..=400 {
        let content = format!("m{id}");
        sender.send(&json!({"id": id, "op": "send", "channel_id": chat.channel, "content": content})).await;
    }
    for id in 1..=400 {
        let reply = sender.reply(id).await;
        assert_eq!(reply["ok"]["seq"].as_u64(), Some(id), "{reply}");
    }
    for device in &mut devices {
        read_all(device, 400).await;
        device.nothing_more().await;
    }
}

#[tokio::test]
async fn a_reader_that_stops_keeps_nobody_waiting_and_catches_up() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut stopped = Peer::live(&instance, &chat.bob).await;
    let mut reading = Peer::live(&instance, &chat.alice).await;
    // More than the mailbox, the buffers and the kernel hold.
    let content = "x".repeat(8_000);
    let sends = (0..1_500).map(|_| instance.service().send_message(&chat.alice.actor, chat.channel, text(&content)));
    let sending = async {
        for sent in futures_util::future::join_all(sends).await {
            sent.expect("sends");
        }
    };
    tokio::join!(sending, read_all(&mut reading, 1_500));
    read_all(&mut stopped, 1_500).await;
    stopped.nothing_more().await;
    chat.say(&instance, &chat.alice, "live again").await;
    assert_eq!(stopped.message().await, "live again");
}

#[tokio::test]
async fn a_message_reaches_other_instances_though_its_own_died_before_it_could_say_so() {
    const SECRET: &str = "one signing secret for both instances";
    let database = syncspace_testkit::mysql_database().await;
    let redis = RedisServer::start().await;
    let reader = Instance::start(|config: &mut Config| {
        config.database = database.parse().expect("a database URL");
        config.redis = Some(redis.url().into());
        config.jwt_secrets = vec![SECRET.into()];
    })
    .await;
    reader.wait_for_bus(true).await;
    let chat = Chat::on(&reader).await;
    let mut bob = Peer::live(&reader, &chat.bob).await;
    let redis_url = redis.url();
    let arguments = ["--database", &database, "--redis", &redis_url];
    let variables = [("SYNCSPACE_JWT_SECRET", SECRET), ("FAILPOINTS", "log::after_commit=return")];
    let doomed = ServerProcess::start_with_env(&arguments, &variables).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/api/v1/channels/{}/messages", doomed.url(), chat.channel);
    let request = client.post(url).bearer_auth(&chat.alice.token).json(&json!({"content": "last words"}));
    assert!(request.send().await.is_err(), "it dies before it answers: {}", doomed.output());
    // Silence: nothing else is sent, and still the comparison of heads finds it.
    assert_eq!(bob.message().await, "last words");
    bob.nothing_more().await;
}
