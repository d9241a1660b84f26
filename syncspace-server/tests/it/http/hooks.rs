//! `/hooks/{token}` as the programs see it that post there: Slack's words and statuses. And a delivery by the running server.

use futures_util::StreamExt as _;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::rig::{Reply, Rig, access};
use crate::target::{Behaviour, Target};

/// Alice's team with a channel, and a bot in it.
struct Scene {
    rig: Rig,
    alice: String,
    team: String,
    channel: String,
    bot: Value,
}

impl Scene {
    async fn set(rig: Rig) -> Self {
        let alice = access(&rig.register("alice").await).to_owned();
        let mut scene = Self { rig, alice, team: String::new(), channel: String::new(), bot: Value::Null };
        scene.team = scene.must("/teams", json!({ "name": "eng" })).await["id"].to_string();
        let team = format!("/teams/{}", scene.team);
        let channel = json!({ "kind": "public", "name": "deploys" });
        scene.channel = scene.must(&format!("{team}/channels"), channel).await["id"].to_string();
        scene.bot = scene.must(&format!("{team}/bots"), json!({ "username": "ci" })).await["user"]["id"].clone();
        let path = format!("/api/v1/channels/{}/members/{}", scene.channel, scene.bot);
        let put = scene.rig.request(reqwest::Method::PUT, &path).bearer_auth(&scene.alice);
        let put = scene.rig.send(put.json(&json!({ "role": "member" }))).await;
        assert!(put.status.is_success(), "{}", put.body);
        scene
    }

    async fn must(&self, path: &str, body: Value) -> Value {
        let reply = self.rig.send(self.rig.post(&format!("/api/v1{path}")).bearer_auth(&self.alice).json(&body)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
        reply.body
    }

    async fn hook(&self, more: Value) -> Value {
        let mut hook = json!({ "name": "ci", "bot_id": self.bot });
        hook.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.must(&format!("/teams/{}/hooks", self.team), hook).await
    }

    async fn incoming(&self) -> String {
        let channel: u64 = self.channel.parse().expect("an id");
        let made = self.hook(json!({ "kind": "incoming", "channel_id": channel })).await;
        made["path"].as_str().expect("a path").to_owned()
    }

    async fn newest(&self) -> Value {
        let path = format!("/api/v1/channels/{}/messages?limit=1", self.channel);
        self.rig.send(self.rig.get(&path).bearer_auth(&self.alice)).await.body["items"][0].clone()
    }
}

async fn post(rig: &Rig, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    let request = rig.post(path).header("content-type", kind).body(body);
    let response = request.send().await.expect("a reply");
    assert!(response.headers()["content-type"].to_str().expect("text").starts_with("text/plain"));
    (response.status().as_u16(), response.text().await.expect("a body"))
}

#[tokio::test]
async fn posts_are_answered_in_slacks_words() {
    let scene = Scene::set(Rig::start().await).await;
    let path = scene.incoming().await;
    let rig = &scene.rig;
    let ok = (200, "ok".to_owned());
    assert_eq!(post(rig, &path, "application/json", r#"{"text":"one"}"#).await, ok);
    assert_eq!(scene.newest().await["content"], "one");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(post(rig, &path, form, "payload=%7B%22text%22%3A%22two%20%2B%20two%22%7D").await, ok);
    assert_eq!(scene.newest().await["content"], "two + two");
    // What curl -d sends says that it is a form, and is none.
    assert_eq!(post(rig, &path, form, r#"{"text":"three & more"}"#).await, ok);
    assert_eq!(scene.newest().await["content"], "three & more");
    for (body, status, word) in [
        ("".to_owned(), 400, "invalid_payload"),
        ("{".to_owned(), 400, "invalid_payload"),
        ("[]".to_owned(), 400, "invalid_payload"),
        ("{}".to_owned(), 400, "no_text"),
        (json!({ "text": "x".repeat(16_001) }).to_string(), 400, "msg_too_long"),
        (json!({ "text": "<".repeat(200_000) }).to_string(), 400, "msg_too_long"),
        (json!({ "text": "x".repeat(300_000) }).to_string(), 413, "payload_too_large"),
        (json!({ "text": "x", "channel": "#nowhere" }).to_string(), 404, "channel_not_found"),
        (json!({ "attachments": vec![json!({}); 101] }).to_string(), 400, "too_many_attachments"),
    ] {
        let start = body.chars().take(40).collect::<String>();
        assert_eq!(post(rig, &path, "application/json", body).await, (status, word.to_owned()), "{start}");
    }
    assert_eq!(post(rig, "/api/v1/hooks/none", "application/json", "{}").await, (404, "no_service".to_owned()));
    let archive = rig.request(reqwest::Method::PATCH, &format!("/api/v1/channels/{}", scene.channel));
    rig.send(archive.bearer_auth(&scene.alice).json(&json!({ "is_archived": true }))).await;
    assert_eq!(post(rig, &path, "application/json", r#"{"text":"x"}"#).await, (410, "channel_is_archived".to_owned()));
}

#[tokio::test]
async fn a_hook_has_a_bucket_of_its_own() {
    let scene = Scene::set(Rig::start_with(|config| config.rates.requests_per_second = 5).await).await;
    let (one, other) = (scene.incoming().await, scene.incoming().await);
    // All at once: one after the other a slow machine might not be fast enough for the limit.
    let posts = (0..200).map(|_| post(&scene.rig, &one, "application/json", r#"{"text":"x"}"#));
    let answers = futures_util::future::join_all(posts).await;
    assert!(answers.contains(&(429, "rate_limited".to_owned())) && answers.contains(&(200, "ok".to_owned())));
    let first = post(&scene.rig, &other, "application/json", r#"{"text":"x"}"#).await;
    assert_eq!(first, (200, "ok".to_owned()), "another hook goes on");
}

#[tokio::test]
async fn hooks_that_do_not_exist_are_asked_for_so_often_and_no_more() {
    let scene = Scene::set(Rig::start_with(|config| config.rates.requests_per_second = 5).await).await;
    let (known, unknown) = (scene.incoming().await, scene.incoming().await);
    assert_eq!(post(&scene.rig, &known, "application/json", r#"{"text":"x"}"#).await.0, 200);
    let posts = (0..1_200).map(|number| {
        let path = format!("{}{number}", known.rsplit_once('/').expect("a path").0.to_owned() + "/");
        let rig = &scene.rig;
        async move { post(rig, &path, "application/json", r#"{"text":"x"}"#).await }
    });
    let answers: Vec<_> = futures_util::stream::iter(posts).buffer_unordered(50).collect().await;
    assert!(answers.contains(&(404, "no_service".to_owned())) && answers.contains(&(429, "rate_limited".to_owned())));
    assert_eq!(post(&scene.rig, &known, "application/json", r#"{"text":"x"}"#).await.0, 200, "what is known goes on");
    let refused = post(&scene.rig, &unknown, "application/json", r#"{"text":"x"}"#).await;
    assert!([200, 429].contains(&refused.0), "as the bucket fills: {refused:?}");
}

#[tokio::test]
async fn the_running_server_tells_hooks_and_a_dead_target_delays_no_other() {
    let allow = |config: &mut syncspace_server::config::Config| {
        config.settings.hook_targets_allowed = vec!["127.0.0.1".parse().expect("a target")];
    };
    let scene = Scene::set(Rig::start_with(allow).await).await;
    let dead = Target::start(Behaviour::Silence).await;
    let mut target = Target::start(Behaviour::Answer(200, String::new())).await;
    scene.hook(json!({ "kind": "outgoing", "url": dead.url("/") })).await;
    scene.hook(json!({ "kind": "outgoing", "url": target.url("/") })).await;
    for text in ["one", "two", "three"] {
        scene.must(&format!("/channels/{}/messages", scene.channel), json!({ "content": text })).await;
    }
    let mut told = Vec::new();
    for _ in 0..3 {
        let event: Value = serde_json::from_str(&target.next().await.body).expect("JSON");
        told.push(event["text"].as_str().expect("a text").to_owned());
    }
    told.sort_unstable();
    assert_eq!(told, ["one", "three", "two"]);
    let metrics: Reply = scene.rig.send(scene.rig.get("/metrics")).await;
    assert_eq!(metrics.status, StatusCode::OK);
}
