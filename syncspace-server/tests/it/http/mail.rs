//! What the routes about mail answer.

use serde_json::json;
use syncspace_server::config::Rates;
use syncspace_testkit::SmtpServer;

use super::rig::{PASSWORD, Rig, access, mail_by};

#[tokio::test]
async fn asking_for_a_new_password_is_answered_alike_and_bounded_by_name() {
    let smtp = SmtpServer::start().await;
    let rig = Rig::start_with(|config| {
        config.mail = Some(mail_by(&smtp));
        config.rates = Rates { login_attempts_per_minute: 1_000, requests_per_second: 0 };
    })
    .await;
    rig.register_as(json!({ "username": "alice", "password": PASSWORD, "email": "alice@example.org" })).await;
    let ask = |name: &str| rig.post("/api/v1/auth/password-reset/mail").json(&json!({ "username": name }));
    for name in ["alice", "nobody"] {
        for _ in 0..5 {
            let reply = rig.send(ask(name)).await;
            assert_eq!((reply.status.as_u16(), reply.body), (204, serde_json::Value::Null), "{name}");
        }
        rig.send(ask(&name.to_uppercase())).await.expect_error(429, "rate_limited");
    }
    let mails = smtp.wait_for(2).await;
    assert!(mails.iter().all(|mail| mail.to == "alice@example.org"), "{mails:?}");
    let info = rig.send(rig.get("/api/v1/server")).await.body;
    assert_eq!(info["sends_mail"], true);
}

#[tokio::test]
async fn mail_that_waits_goes_out_while_the_server_runs() {
    let smtp = SmtpServer::start().await;
    let rig = Rig::start_with(|config| config.mail = Some(mail_by(&smtp))).await;
    let root = rig.register_admin().await;
    let team = rig.send(rig.post("/api/v1/teams").bearer_auth(access(&root)).json(&json!({ "name": "eng" }))).await;
    let invites = format!("/api/v1/teams/{}/invites", team.body["id"]);
    let create = json!({ "email": "bob@example.org", "send_mail": true });
    let made = rig.send(rig.post(&invites).bearer_auth(access(&root)).json(&create)).await.body;
    assert_eq!((&made["mail"], &made["code"]), (&json!("waiting"), &json!(null)));
    let code = smtp.wait_for(1).await[0].code();
    let bob = json!({ "username": "bob", "password": PASSWORD, "email": "bob@example.org", "invite_code": code });
    let bob = rig.register_as(bob).await;
    assert!(bob["user"]["email_verified_at"].is_string(), "{bob}");
}
