//! What bad input gets: the documented status and code, and a sentence that says what was wrong.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;
use syncspace_protocol::limits::{BODY_BYTES_MAX, PASSWORD_CHARS_MAX};

use syncspace_server::service::{Clock, later};

use super::rig::{PASSWORD, Rig, access, origin, register};

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let rig = Rig::start().await;
    for path in ["/", "/api", "/api/v1", "/api/v1/nothing", "/api/v1/users/", "/api/v2/users", "/API/v1/users", "//"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            rig.send(rig.request(method, path)).await.expect_error(404, "not_found");
        }
    }
}

#[tokio::test]
async fn a_link_to_a_message_has_a_page_that_asks_nobody() {
    let rig = Rig::start().await;
    let path = "/teams/1/channels/3/messages/42";
    let page = rig.get(&format!("{path}?from=mail")).send().await.expect("a reply");
    let (status, kind) = (page.status(), page.headers()[CONTENT_TYPE].to_str().expect("text").to_owned());
    assert_eq!((status.as_u16(), kind.as_str()), (200, "text/html; charset=utf-8"), "there is no such message");
    let text = page.text().await.expect("a page");
    assert!(text.contains("syncspace message list syncspace://1/3/42"), "{text}");
    rig.send(rig.post(path)).await.expect_error(405, "method_not_allowed");
    for odd in ["/teams/1/channels/3/messages/<b>", "/teams/1/channels/3", "/teams/0/channels/3/messages/42"] {
        rig.send(rig.get(odd)).await.expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let rig = Rig::start().await;
    for (method, path, allow) in [
        (Method::DELETE, "/api/v1/users/me", "GET, PATCH, HEAD"),
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::PUT, "/api/v1/users/5", "GET, HEAD"),
        (Method::POST, "/health/live", "GET, HEAD"),
        (Method::OPTIONS, "/api/v1/server", "GET, HEAD"),
    ] {
        let reply = rig.send(rig.request(method, path)).await;
        reply.expect_error(405, "method_not_allowed");
        assert_eq!(reply.header("allow"), allow, "{path}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let rig = Rig::start().await;
    let reply = rig.send(rig.request(Method::HEAD, "/health/live")).await;
    assert_eq!((reply.status.as_u16(), &reply.body), (200, &json!(null)));
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_with_its_place() {
    let rig = Rig::start().await;
    for (body, part) in [
        (&b"{\"username\":"[..], "line 1 column"),
        (b"\xff\xfe", "line 1"),
        (b"", "empty"),
        (b" [\"alice\",\"0123456789\"]", "a list"),
        (b"7", "not what was expected"),
        (b"{\"username\":\"alice\",\"password\":\"0123456789\"} trailing", "trailing"),
        (b"{\"username\":\"\xff\",\"password\":\"0123456789\"}", "line 1"),
    ] {
        let request = rig.post("/api/v1/auth/register").header(CONTENT_TYPE, "application/json").body(body);
        let reply = rig.send(request).await;
        let message = reply.expect_error(400, "invalid_body")["message"].as_str().expect("a sentence");
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_wrong_field_is_named_and_nothing_is_written() {
    let rig = Rig::start().await;
    let long = "x".repeat(PASSWORD_CHARS_MAX + 1);
    for (body, field) in [
        (json!({ "password": PASSWORD }), "username"),
        (json!({ "username": "a b", "password": PASSWORD }), "username"),
        (json!({ "username": "12", "password": PASSWORD }), "username"),
        (json!({ "username": "x".repeat(51), "password": PASSWORD }), "username"),
        (json!({ "username": null, "password": PASSWORD }), "username"),
        (json!({ "username": "alice", "password": "short" }), "password"),
        (json!({ "username": "alice", "password": long }), "password"),
        (json!({ "username": "alice", "password": PASSWORD, "email": "nobody" }), "email"),
        (json!({ "username": "alice", "password": PASSWORD, "full_name": "x".repeat(101) }), "full_name"),
        (json!({ "username": "alice", "password": PASSWORD, "device_name": 7 }), "device_name"),
    ] {
        rig.send(rig.post("/api/v1/auth/register").json(&body)).await.expect_field(field);
    }
    rig.register("alice").await;
}

#[tokio::test]
async fn only_json_is_read() {
    let rig = Rig::start().await;
    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let request = rig.post("/api/v1/auth/register").header(CONTENT_TYPE, content_type).body(body.clone());
        rig.send(request).await.expect_error(415, "unsupported_media_type");
    }
    rig.send(rig.post("/api/v1/auth/register").body(body.clone())).await.expect_error(415, "unsupported_media_type");
    let request =
        rig.post("/api/v1/auth/register").header(CONTENT_TYPE, "Application/JSON; charset=utf-8").body(body.clone());
    assert_eq!(rig.send(request).await.status.as_u16(), 201);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let rig = Rig::start().await;
    for length in [BODY_BYTES_MAX + 1, 3 * BODY_BYTES_MAX, 40 * BODY_BYTES_MAX] {
        let request = || rig.post("/api/v1/auth/register").header(CONTENT_TYPE, "application/json");
        let announced = rig.send(request().header("expect", "100-continue").body(vec![b' '; length])).await;
        announced.expect_error(413, "too_large");
        if length > 4 * BODY_BYTES_MAX {
            continue;
        }
        let chunks =
            futures_util::stream::iter(vec![b' '; length].chunks(8_000).map(<[u8]>::to_vec).collect::<Vec<_>>());
        let chunks = futures_util::StreamExt::map(chunks, Ok::<_, std::io::Error>);
        rig.send(request().body(reqwest::Body::wrap_stream(chunks))).await.expect_error(413, "too_large");
    }
    let mut body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    body.push_str(&" ".repeat(BODY_BYTES_MAX - body.len()));
    let request = rig.post("/api/v1/auth/register").header(CONTENT_TYPE, "application/json").body(body);
    assert_eq!(rig.send(request).await.status.as_u16(), 201);
}

#[tokio::test]
async fn a_malformed_id_is_named() {
    let rig = Rig::start().await;
    let tokens = rig.register("alice").await;
    for id in ["0", "-1", "x", "1.5", "9007199254740992", "%31x", "%00", "%ff"] {
        let request = rig.get(&format!("/api/v1/users/{id}")).bearer_auth(access(&tokens));
        rig.send(request).await.expect_field("user_id");
    }
    let request = rig.get("/api/v1/users/%31").bearer_auth(access(&tokens));
    assert_eq!(rig.send(request).await.body["id"], 1);
    let request = rig.get("/api/v1/users/9007199254740991").bearer_auth(access(&tokens));
    rig.send(request).await.expect_error(404, "not_found");
}

#[tokio::test]
async fn a_query_is_read_strictly() {
    let rig = Rig::start().await;
    let tokens = rig.register("alice").await;
    for (query, field) in [
        ("limit=many", "limit"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=1&limit=2", "limit"),
        ("lmit=1", "lmit"),
        ("cursor=nonsense", "cursor"),
    ] {
        let request = rig.get(&format!("/api/v1/users?{query}")).bearer_auth(access(&tokens));
        rig.send(request).await.expect_field(field);
    }
    rig.send(rig.get("/api/v1/users/me?x=1").bearer_auth(access(&tokens))).await.expect_field("x");
}

#[tokio::test]
async fn a_token_that_is_missing_forged_or_over_is_refused() {
    let rig = Rig::start().await;
    let tokens = rig.register("alice").await;
    let token = access(&tokens);
    let (signed, _) = token.rsplit_once('.').expect("a signature");
    let forged = format!("{signed}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    // {"alg":"none"} and the same claims, without a signature.
    let claims = token.split('.').nth(1).expect("claims");
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
    let refresh_token = tokens["refresh_token"].as_str().expect("tokens");
    for value in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {token}"),
        token.to_owned(),
        format!("Bearer {forged}"),
        format!("Bearer {unsigned}"),
        format!("Bearer {refresh_token}"),
        "Bearer x".to_owned(),
    ] {
        let reply = rig.send(rig.get("/api/v1/users/me").header(AUTHORIZATION, &value)).await;
        reply.expect_error(401, "unauthenticated");
        assert_eq!(reply.header("www-authenticate"), "Bearer", "{value}");
    }
    rig.send(rig.get("/api/v1/users/me")).await.expect_error(401, "unauthenticated");
    let lower = rig.get("/api/v1/users/me").header(AUTHORIZATION, format!("bearer {token}"));
    assert_eq!(rig.send(lower).await.status.as_u16(), 200);
    assert_eq!(rig.send(rig.post("/api/v1/auth/logout").bearer_auth(token)).await.status.as_u16(), 204);
    rig.send(rig.get("/api/v1/users/me").bearer_auth(token)).await.expect_error(401, "session_ended");
}

#[tokio::test]
async fn an_expired_token_is_told_apart_from_a_wrong_one() {
    let rig = Rig::start_with(|config| config.settings.access_token_life_s = 10).await;
    let clock = Clock::manual(later(Clock::System.now(), -3_600_000));
    let tokens = rig.service_at(clock).await.register(&origin(), register("alice")).await.expect("registers");
    let reply = rig.send(rig.get("/api/v1/users/me").bearer_auth(&tokens.access_token.0)).await;
    reply.expect_error(401, "token_expired");
}

#[tokio::test]
async fn whoever_may_not_ask_is_refused_before_the_request_is_read() {
    let rig = Rig::start().await;
    let request = rig.request(Method::PATCH, "/api/v1/admin/users/x?y=1").body("not JSON");
    rig.send(request).await.expect_error(401, "unauthenticated");
}

#[tokio::test]
async fn too_many_logins_from_one_address_are_told_when_to_come_back() {
    let rig = Rig::start_with(|config| config.rates.login_attempts_per_minute = 2).await;
    let login = json!({ "username": "nobody", "password": "wrong password" });
    for _ in 0..2 {
        rig.send(rig.post("/api/v1/auth/login").json(&login)).await.expect_error(401, "invalid_credentials");
    }
    let reply = rig.send(rig.post("/api/v1/auth/login").json(&login)).await;
    let wait_ms = reply.expect_error(429, "rate_limited")["retry_after_ms"].as_u64().expect("a wait");
    assert_eq!(reply.header("retry-after"), wait_ms.div_ceil(1_000).to_string());
    assert_eq!(rig.send(rig.get("/api/v1/server")).await.status.as_u16(), 200);
}

#[tokio::test]
async fn too_many_requests_of_one_person_are_told_when_to_come_back() {
    let rig = Rig::start_with(|config| config.rates.requests_per_second = 1).await;
    let (alice, bob) = (rig.register("alice").await, rig.register("bob").await);
    let ask = |tokens| rig.send(rig.get("/api/v1/users/me").bearer_auth(access(tokens)));
    let replies = [ask(&alice).await, ask(&alice).await, ask(&alice).await, ask(&alice).await];
    let refused = replies.iter().find(|reply| reply.status.as_u16() != 200).expect("the burst is two");
    refused.expect_error(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(ask(&bob).await.status.as_u16(), 200);
}

#[tokio::test]
async fn every_reply_names_its_request_and_is_never_stored() {
    let rig = Rig::start().await;
    for path in ["/health/live", "/api/v1/server", "/api/v1/nothing", "/api/v1/users/me"] {
        let reply = rig.send(rig.get(path).header("x-request-id", "mine-1")).await;
        assert_eq!(reply.header("x-request-id"), "mine-1");
        assert_eq!(reply.header("cache-control"), "no-store, private");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("content-type"), "application/json");
        let reply = rig.send(rig.get(path).header("x-request-id", "not; sane")).await;
        assert_eq!(reply.header("x-request-id").len(), 32);
    }
}

#[tokio::test]
async fn configured_web_pages_may_call() {
    let rig = Rig::start_with(|config| config.cors_origins = vec!["https://chat.example".to_owned()]).await;
    let preflight = |origin| {
        let request = rig.request(Method::OPTIONS, "/api/v1/users/me").header("origin", origin);
        rig.send(request.header("access-control-request-method", "PATCH"))
    };
    let reply = preflight("https://chat.example").await;
    assert_eq!(reply.status.as_u16(), 204);
    assert_eq!(reply.header("access-control-allow-origin"), "https://chat.example");
    let reply = preflight("https://other.example").await;
    reply.expect_error(405, "method_not_allowed");
    assert_eq!(reply.header("access-control-allow-origin"), "");
    let reply = rig.send(rig.get("/api/v1/users/me").header("origin", "https://chat.example")).await;
    reply.expect_error(401, "unauthenticated");
    assert_eq!(reply.header("access-control-allow-origin"), "https://chat.example");
}

#[tokio::test]
async fn what_one_may_not_see_does_not_exist() {
    let rig = Rig::start().await;
    let (alice, eve) = (rig.register("alice").await, rig.register("eve").await);
    let team = json!({ "name": "Secret", "is_public": false });
    let team = rig.send(rig.post("/api/v1/teams").bearer_auth(access(&alice)).json(&team)).await.body;
    let channel = json!({ "kind": "private", "name": "plans" });
    let channels = format!("/api/v1/teams/{}/channels", team["id"]);
    let channel = rig.send(rig.post(&channels).bearer_auth(access(&alice)).json(&channel)).await.body;
    for path in [
        format!("/api/v1/teams/{}", team["id"]),
        format!("/api/v1/teams/{}/members", team["id"]),
        channels,
        format!("/api/v1/channels/{}", channel["id"]),
        format!("/api/v1/channels/{}/messages", channel["id"]),
        format!("/api/v1/streams/c{}/changes?after=0", channel["id"]),
        format!("/api/v1/streams/t{}/changes?after=0", team["id"]),
        "/api/v1/teams/9007199254740991".to_owned(),
        "/api/v1/messages/9007199254740991".to_owned(),
    ] {
        rig.send(rig.get(&path).bearer_auth(access(&eve))).await.expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn a_malformed_stream_or_list_of_people_is_named() {
    let rig = Rig::start().await;
    let tokens = rig.register("alice").await;
    for (path, field) in [
        ("/api/v1/streams/x1/changes?after=0", "stream"),
        ("/api/v1/streams/c1/changes", "after"),
        ("/api/v1/streams/c1/changes?after=x", "after"),
        ("/api/v1/presence", "users"),
        ("/api/v1/presence?users=1,x", "users"),
        ("/api/v1/presence?users=", "users"),
        ("/api/v1/channels/1/messages?before=x", "before"),
        ("/api/v1/channels/1/messages/x", "seq"),
    ] {
        rig.send(rig.get(path).bearer_auth(access(&tokens))).await.expect_field(field);
    }
}
