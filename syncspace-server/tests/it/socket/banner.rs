//! What administrators show everybody on the server.

use serde_json::{Value, json};

use super::Chat;
use super::peer::{Instance, Peer};
use crate::place::body;

async fn show(instance: &Instance, actor: &syncspace_server::service::Actor, banner: Value) {
    let edit = body(json!({ "banner": banner }));
    instance.service().edit_server_settings(actor, edit).await.expect("settles");
}

#[tokio::test]
async fn a_banner_is_on_every_screen_of_every_instance_and_goes() {
    let cluster = Instance::cluster().await;
    let [one, two] = &cluster.instances;
    let chat = Chat::on(one).await;
    let root = one.administrator().await;
    let (mut alice, mut bob) = (Peer::live(one, &chat.alice).await, Peer::live(two, &chat.bob).await);
    let banner = json!({ "text": "back at nine", "level": "warning" });
    show(one, &root, banner.clone()).await;
    for peer in [&mut alice, &mut bob] {
        assert_eq!(peer.event("server.banner").await["banner"], banner);
    }
    for instance in [one, two] {
        let mut late = Peer::connect(instance, "/ws", Some(&chat.bob.token)).await;
        assert_eq!(late.event("hello").await["banner"], banner);
    }
    show(two, &root, Value::Null).await;
    for peer in [&mut alice, &mut bob] {
        assert_eq!(peer.event("server.banner").await["banner"], Value::Null);
    }
}

#[tokio::test]
async fn a_banner_outlives_a_restart() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let root = instance.administrator().await;
    show(&instance, &root, json!({ "text": "hello", "level": "info" })).await;
    let again = instance.restarted().await;
    let mut bob = Peer::connect(&again, "/ws", Some(&chat.bob.token)).await;
    let hello = bob.event("hello").await;
    // Read at the start, beside the first connections: it comes with `hello`, or right after it.
    let banner = match &hello["banner"] {
        Value::Null => bob.event("server.banner").await["banner"].clone(),
        banner => banner.clone(),
    };
    assert_eq!(banner["text"], "hello");
}
