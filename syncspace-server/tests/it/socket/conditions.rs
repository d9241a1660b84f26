//! Too much to do, and no database: said at once and with a delay over both doors, and over by itself.

use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;
use serde_json::{Value, json};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::messages::MessageQuery;
use syncspace_server::store::{Queries, Sql, params};
use tokio::time::{Instant, timeout};

use super::peer::{Instance, Peer};
use super::{Chat, text};

/// Longest wait for anything that must come.
const WAIT: Duration = Duration::from_secs(30);
/// More messages than a lane and its running batch hold.
const SENDS_MAX: usize = 10_000;
/// After so many refusals the lane is full and stays full.
const REFUSALS_IN_A_ROW: u32 = 100;
/// What `at once` means beside a database that stands still for seconds.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Stops the channel's writer, fills its lane, and asks for more.
async fn a_full_lane_is_busy_at_once(instance: &Instance) {
    let chat = Chat::on(instance).await;
    let mut bob = Peer::live(instance, &chat.bob).await;
    let store = instance.store().await;
    let mut obstacle = store.begin().await.expect("begins");
    let lock = Sql::both("UPDATE channel_heads SET last_rev = last_rev WHERE channel_id = ?");
    obstacle.execute(&lock, params![chat.channel]).await.expect("locks");

    // A send enters its lane when it is first asked.
    let (service, alice, channel) = (instance.service(), &chat.alice.actor, chat.channel);
    let (mut sends, mut refusals) = (Vec::new(), 0);
    while refusals < REFUSALS_IN_A_ROW {
        let mut send = Box::pin(service.send_message(alice, channel, text("early")));
        match poll!(&mut send) {
            Poll::Pending => {
                sends.push(send);
                refusals = 0;
            }
            Poll::Ready(outcome) => {
                let error = outcome.expect_err("nothing can be committed");
                assert_eq!(error.code(), ErrorCode::Busy, "{error:?}");
                refusals += 1;
                // The lane takes what it can.
                tokio::task::yield_now().await;
            }
        }
        assert!(sends.len() < SENDS_MAX, "the lane has no end");
    }

    let begin = Instant::now();
    let send = json!({"id": 1, "op": "send", "channel_id": chat.channel, "content": "late", "client_id": "one"});
    bob.send(&send).await;
    let refused = bob.reply(1).await;
    assert_eq!(refused["error"]["code"], "busy", "{refused}");
    assert!(refused["error"]["retry_after_ms"].as_u64() > Some(0), "{refused}");
    let path = format!("/api/v1/channels/{}/messages", chat.channel);
    let (status, wait, reply) = instance.post(&chat.bob, &path, &json!({"content": "late", "client_id": "one"})).await;
    assert_eq!((status, reply["error"]["code"].as_str()), (503, Some("busy")), "{reply}");
    assert!(wait.is_some_and(|wait| wait.parse::<u64>().expect("seconds") > 0), "{reply}");
    assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
    obstacle.rollback().await;

    let taken = sends.len() as u64;
    for outcome in timeout(WAIT * 2, join_all(sends)).await.expect("the lane goes on by itself") {
        outcome.expect("what was taken is committed");
    }
    let newest = async || {
        let query = MessageQuery { limit: Some(1), ..MessageQuery::default() };
        instance.service().messages(&chat.alice.actor, chat.channel, query).await.expect("reads").last_seq.get()
    };
    assert_eq!(newest().await, taken, "what was refused was not half done");
    let ack = send_until_taken(&mut bob, &send).await;
    assert_eq!(ack["seq"], taken + 1, "{ack}");
}

/// Sends a frame again until it is not refused for want of room.
async fn send_until_taken(peer: &mut Peer, send: &Value) -> Value {
    let again = async {
        for id in 2.. {
            let mut frame = send.clone();
            frame["id"] = json!(id);
            peer.send(&frame).await;
            let reply = peer.reply(id).await;
            if reply["ok"].is_object() {
                return reply["ok"].clone();
            }
            assert_eq!(reply["error"]["code"], "busy", "{reply}");
        }
        unreachable!("ids do not end");
    };
    timeout(WAIT, again).await.expect("there is room again")
}

#[tokio::test]
async fn a_full_lane_is_busy_at_once_on_the_embedded_store() {
    a_full_lane_is_busy_at_once(&Instance::embedded().await).await;
}

#[tokio::test]
async fn a_full_lane_is_busy_at_once_on_mysql() {
    let (instance, _line) = Instance::on_mysql().await;
    a_full_lane_is_busy_at_once(&instance).await;
}

#[tokio::test]
async fn health_tells_when_the_database_is_away_and_back() {
    let (instance, mut line) = Instance::on_mysql().await;
    assert_eq!(instance.get("/health/ready").await.0, 200);
    line.cut().await;
    let (status, wait, reply) = instance.get("/health/ready").await;
    assert_eq!((status, reply["error"]["code"].as_str()), (503, Some("unavailable")), "{reply}");
    assert!(wait.is_some_and(|wait| wait.parse::<u64>().expect("seconds") > 0), "{reply}");
    assert_eq!(instance.get("/health/live").await.0, 200, "the process itself is well");
    line.restore().await;
    let ready = async { while instance.get("/health/ready").await.0 != 200 {} };
    timeout(WAIT, ready).await.expect("ready again by itself");
}

#[tokio::test]
async fn what_is_made_while_the_database_is_away_is_made_once_afterwards() {
    let (instance, mut line) = Instance::on_mysql().await;
    let chat = Chat::on(&instance).await;
    line.cut().await;
    let team = json!({"name": "ops"});
    let (status, wait, reply) = instance.post(&chat.alice, "/api/v1/teams", &team).await;
    assert_eq!((status, reply["error"]["code"].as_str()), (503, Some("unavailable")), "{reply}");
    assert!(wait.is_some(), "{reply}");
    line.restore().await;
    let made = async {
        loop {
            let (status, _, reply) = instance.post(&chat.alice, "/api/v1/teams", &team).await;
            match status {
                201 => return,
                _ => assert_eq!(reply["error"]["code"], "unavailable", "nothing was half done: {reply}"),
            }
        }
    };
    timeout(WAIT, made).await.expect("goes on by itself");
}
