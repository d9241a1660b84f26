//! The header `Idempotency-Key`: what it does to a reply, and what is refused.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::rig::{PASSWORD, Reply, Rig, access};

/// Posts with a key.
async fn post(rig: &Rig, token: &str, path: &str, key: &str, body: &Value) -> Reply {
    rig.send(rig.post(path).bearer_auth(token).header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn what_is_new_is_created_and_a_repeat_is_ok() {
    let rig = Rig::start().await;
    let tokens = rig.register_admin().await;
    let token = access(&tokens);
    let team = json!({ "name": "eng" });
    let made = post(&rig, token, "/api/v1/teams", "one", &team).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    let inside = format!("/api/v1/teams/{}", made.body["id"]);
    for (path, key, body) in [
        ("/api/v1/teams".to_owned(), "one", team.clone()),
        (format!("{inside}/channels"), "two", json!({ "kind": "private", "name": "plans" })),
        (format!("{inside}/invites"), "three", json!({})),
        ("/api/v1/admin/users".to_owned(), "four", json!({ "username": "bob", "password": PASSWORD })),
    ] {
        let first = post(&rig, token, &path, key, &body).await;
        let again = post(&rig, token, &path, key, &body).await;
        assert_eq!(again.status.as_u16(), 200, "{}", again.body);
        assert_eq!(again.body["id"], first.body["id"], "{path}");
        assert_eq!(again.body["code"], first.body["code"], "{path}");
    }
    // Blanks and the order of fields say nothing, and neither does a default that is spelled out.
    let spelled = rig.post("/api/v1/teams").bearer_auth(token).header("Idempotency-Key", "one");
    let spelled = spelled.header("content-type", "application/json").body("{ \"is_public\": false, \"name\": \"eng\"}");
    assert_eq!(rig.send(spelled).await.body["id"], made.body["id"]);
    let other = post(&rig, token, "/api/v1/teams", "one", &json!({ "name": "ops" })).await;
    other.expect_error(409, "key_reused");
}

#[tokio::test]
async fn a_key_is_visible_ascii_and_comes_once() {
    let rig = Rig::start().await;
    let tokens = rig.register("alice").await;
    let body = json!({ "name": "eng" });
    let ask = |keys: &[&[u8]]| {
        let request = rig.post("/api/v1/teams").bearer_auth(access(&tokens)).json(&body);
        rig.send(keys.iter().fold(request, |request, &key| request.header("idempotency-key", key)))
    };
    let long = "x".repeat(256);
    for keys in [&[&b""[..]][..], &[b"a b"], &["é".as_bytes()], &[long.as_bytes()], &[b"one", b"one"]] {
        let reply = ask(keys).await;
        reply.expect_field("Idempotency-Key");
    }
    assert_eq!(ask(&[&long.as_bytes()[1..]]).await.status.as_u16(), 201);
}

#[tokio::test]
async fn the_document_names_the_header_where_something_is_made() {
    let rig = Rig::start().await;
    let document = rig.send(rig.get("/api/v1/openapi.json")).await.body;
    let mut named = BTreeSet::new();
    for operation in document["paths"].as_object().expect("paths").values().flat_map(|path| {
        let methods = path.as_object().expect("methods");
        methods.values()
    }) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] == "header" {
                assert_eq!((&parameter["name"], &parameter["required"]), (&json!("Idempotency-Key"), &json!(false)));
                assert!(operation["responses"]["200"].is_object() && operation["responses"]["201"].is_object());
                let codes = &operation["responses"]["409"]["x-error-codes"];
                assert!(codes.as_array().is_some_and(|codes| codes.contains(&json!("key_reused"))), "{codes}");
                named.insert(operation["operationId"].as_str().expect("a name"));
            }
        }
    }
    let expected = BTreeSet::from([
        "create_bot",
        "create_channel",
        "create_group",
        "create_invite",
        "create_team",
        "create_user",
        "remind",
        "schedule_message",
        "upload_file",
    ]);
    assert_eq!(named, expected);
}
