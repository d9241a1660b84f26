//! Sockets opened with an access token: what they may do, and that they end with it, on every instance.

use serde_json::json;
use syncspace_protocol::tokens::{CreateToken, MadeToken};

use super::Chat;
use super::peer::{Instance, Peer, Person};
use crate::place::body;

async fn token(instance: &Instance, person: &Person, scopes: &[&str]) -> MadeToken {
    let end = syncspace_server::service::later(syncspace_server::service::Clock::System.now(), 24 * 3_600 * 1_000);
    let new: CreateToken = body(json!({"name": "bot", "scopes": scopes, "expires_at": end}));
    instance.service().create_token(&person.actor, new).await.expect("makes a token")
}

#[tokio::test]
async fn a_socket_does_what_the_scopes_name() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let reader = token(&instance, &chat.alice, &["read"]).await;
    let mut peer = Peer::connect(&instance, "/ws", Some(&reader.token.0)).await;
    assert_eq!(peer.event("hello").await["session_id"], json!(reader.info.id));
    let send = json!({"id": 1, "op": "send", "channel_id": chat.channel, "content": "hi"});
    peer.send(&send).await;
    let refused = peer.reply(1).await;
    assert_eq!(refused["error"]["code"], "forbidden", "{refused}");
    assert!(refused["error"]["message"].as_str().is_some_and(|message| message.contains("scope `write`")));
    chat.say(&instance, &chat.bob, "it hears").await;
    assert_eq!(peer.message().await, "it hears");

    let both = token(&instance, &chat.alice, &["read", "write"]).await;
    let mut peer = Peer::connect(&instance, "/ws", None).await;
    peer.send(&json!({"id": 1, "op": "auth", "token": both.token.0})).await;
    peer.event("hello").await;
    peer.send(&json!({"id": 2, "op": "send", "channel_id": chat.channel, "content": "it speaks"})).await;
    assert_eq!(peer.reply(2).await["ok"]["seq"], 2);
}

#[tokio::test]
async fn a_token_that_may_not_read_opens_no_socket() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let writer = token(&instance, &chat.alice, &["write"]).await;
    let mut peer = Peer::connect(&instance, "/ws", Some(&writer.token.0)).await;
    let refused = peer.next().await;
    assert_eq!(refused["error"]["code"], "forbidden", "{refused}");
    assert_eq!(peer.closing().await, "unauthenticated");
}

#[tokio::test]
async fn a_revoked_token_ends_its_sockets_on_every_instance() {
    let cluster = Instance::cluster().await;
    let [one, two] = &cluster.instances;
    let chat = Chat::on(one).await;
    let made = token(one, &chat.alice, &["read"]).await;
    let person = Person { actor: chat.alice.actor, token: made.token.0.clone() };
    let mut alices = Peer::live(two, &person).await;
    let mut bobs = Peer::live(two, &chat.bob).await;
    one.service().revoke_token(&chat.alice.actor, made.info.id).await.expect("revokes");
    assert_eq!(alices.closing().await, "session_ended");
    chat.say(one, &chat.alice, "others stay").await;
    assert_eq!(bobs.message().await, "others stay");
    assert_eq!(two.get_me(&person).await.0, 401);
}
