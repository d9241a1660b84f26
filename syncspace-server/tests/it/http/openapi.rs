//! The OpenAPI document against real replies: every operation is called, and what comes back must be as described.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use syncspace_testkit::SmtpServer;

use super::rig::{PASSWORD, Reply, Rig, access, mail_by};
use crate::target::{Behaviour, Target};

/// What goes where bytes are taken.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01";

/// Calls operations by their names in the document, and checks requests and replies against it.
struct Walk<'a> {
    rig: &'a Rig,
    document: Value,
    token: String,
    called: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    async fn start(rig: &'a Rig) -> Self {
        let document = rig.send(rig.get("/api/v1/openapi.json")).await.body;
        let token = access(&rig.register_admin().await).to_owned();
        Self { rig, document, token, called: BTreeSet::new() }
    }

    /// Gives path, method and description of an operation.
    fn find(&self, name: &str) -> (String, Method, Value) {
        let paths = self.document["paths"].as_object().expect("paths");
        let mut operations = paths.iter().flat_map(|(path, methods)| {
            methods.as_object().expect("methods").iter().map(move |(method, operation)| (path, method, operation))
        });
        let (path, method, operation) =
            operations.find(|(_, _, operation)| operation["operationId"] == name).expect("an operation of this name");
        (path.clone(), method.to_uppercase().parse().expect("a method"), operation.clone())
    }

    /// Calls an operation that must do what it is asked; parameters are for path and query alike.
    async fn call(&mut self, name: &str, params: &[(&str, Value)], body: Value) -> Value {
        self.called.insert(name.to_owned());
        let (path, method, operation) = self.find(name);
        self.check_refusals(name, &path, &operation).await;
        let reply = self.ask(&path, method, &operation, params, &body).await;
        assert!(reply.status.is_success(), "{name}: {}", reply.body);
        self.check_reply(name, &operation, &reply);
        reply.body
    }

    async fn ask(
        &self,
        path: &str,
        method: Method,
        operation: &Value,
        params: &[(&str, Value)],
        body: &Value,
    ) -> Reply {
        let mut path = path.to_owned();
        let mut query = Vec::new();
        for (name, value) in params {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let placeholder = format!("{{{name}}}");
            if path.contains(&placeholder) {
                path = path.replace(&placeholder, &text);
            } else {
                query.push((name.to_owned(), text));
            }
        }
        let mut request = self.rig.request(method, &path).query(&query);
        if operation["security"] != json!([]) {
            request = request.bearer_auth(&self.token);
        }
        if !operation["requestBody"]["content"]["application/octet-stream"].is_null() {
            return self.rig.send(request.body(PICTURE)).await;
        }
        let described = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(described.is_null(), body.is_null(), "{path}");
        if !body.is_null() {
            self.check_schema(&path, described, body);
            request = request.json(body);
        }
        self.rig.send(request).await
    }

    fn check_reply(&self, name: &str, operation: &Value, reply: &Reply) {
        let described = &operation["responses"][reply.status.as_str()];
        assert!(!described.is_null(), "{name}: status {} is not described", reply.status);
        let schema = &described["content"]["application/json"]["schema"];
        assert_eq!(schema.is_null(), reply.body.is_null(), "{name}: {}", reply.body);
        if !schema.is_null() {
            self.check_schema(name, schema, &reply.body);
        }
        if let Some(code) = reply.body["error"]["code"].as_str() {
            let codes = described["x-error-codes"].as_array().expect("codes");
            assert!(codes.iter().any(|known| known == code), "{name}: {code} is not described");
        }
    }

    fn check_schema(&self, name: &str, schema: &Value, value: &Value) {
        let mut schema = schema.clone();
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let errors: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:?} in {value}");
    }

    /// Provokes what every operation of a kind refuses: no token, a wrong id, a wrong body, an unknown parameter.
    async fn check_refusals(&self, name: &str, path: &str, operation: &Value) {
        let (_, method, _) = self.find(name);
        // What posts to hooks is answered in Slack's words.
        if !path.starts_with("/api/v1/") || matches!(name, "openapi" | "post_to_hook") {
            return;
        }
        let filled =
            path.split('/').map(|word| if word.starts_with('{') { "~" } else { word }).collect::<Vec<_>>().join("/");
        let request = || self.rig.request(method.clone(), &filled);
        if operation["security"] != json!([]) {
            let reply = self.rig.send(request()).await;
            reply.expect_error(401, "unauthenticated");
            self.check_reply(name, operation, &reply);
        }
        let mut refused = vec![request().bearer_auth(&self.token).query(&[("no_such", "1")])];
        if operation.get("requestBody").is_some() {
            refused.push(request().bearer_auth(&self.token).body("x"));
            refused.push(request().bearer_auth(&self.token).header("content-type", "application/json").body("x"));
        }
        for request in refused {
            let reply = self.rig.send(request).await;
            assert!(matches!(reply.status.as_u16(), 400 | 415), "{name}: {}", reply.body);
            self.check_reply(name, operation, &reply);
        }
    }

    /// Calls an operation as somebody else.
    async fn call_as(&mut self, token: &str, name: &str, params: &[(&str, Value)], body: Value) -> Value {
        let mine = std::mem::replace(&mut self.token, token.to_owned());
        let reply = self.call(name, params, body).await;
        self.token = mine;
        reply
    }

    fn expect_complete(&self) {
        let paths = self.document["paths"].as_object().expect("paths");
        let all: BTreeSet<String> = paths
            .values()
            .flat_map(|methods| methods.as_object().expect("methods").values())
            .map(|operation| operation["operationId"].as_str().expect("a name").to_owned())
            .collect();
        assert_eq!(all, self.called);
    }
}

#[tokio::test]
async fn every_operation_answers_as_the_document_says() {
    let allowed = vec!["127.0.0.1".parse().expect("a target")];
    let smtp = SmtpServer::start().await;
    let rig = Rig::start_with(|config| {
        config.settings.hook_targets_allowed = allowed;
        config.mail = Some(mail_by(&smtp));
    })
    .await;
    let mut walk = Walk::start(&rig).await;
    walk_mail(&mut walk, &smtp).await;
    walk_accounts(&mut walk).await;
    let dave = access(&rig.register("dave").await).to_owned();
    let team = walk_teams(&mut walk, &dave).await;
    let channel = walk_channels(&mut walk, &team, &dave).await;
    walk_messages(&mut walk, &channel).await;
    walk_personal(&mut walk, &team, &channel).await;
    walk_scheduled(&mut walk, &team, &channel).await;
    walk_reminders(&mut walk, &team, &channel).await;
    walk_files(&mut walk, &team, &channel).await;
    walk_integrations(&mut walk, &team, &channel).await;
    walk.call("delete_channel", &[channel], Value::Null).await;
    walk.call("delete_team", &[team], Value::Null).await;
    walk.call("openapi", &[], Value::Null).await;
    walk.call("live", &[], Value::Null).await;
    walk.call("ready", &[], Value::Null).await;
    walk.call("metrics", &[], Value::Null).await;
    walk.expect_complete();
}

async fn walk_mail(walk: &mut Walk<'_>, smtp: &SmtpServer) {
    walk.call("edit_me", &[], json!({ "email": "root@example.org" })).await;
    walk.call("send_email_code", &[], Value::Null).await;
    let code = smtp.wait_for(2).await[0].code();
    walk.call("verify_email", &[], json!({ "code": code })).await;
    walk.call("mail_password_reset", &[], json!({ "username": "root" })).await;
}

async fn walk_accounts(walk: &mut Walk<'_>) {
    walk.call("server_info", &[], Value::Null).await;
    let bob = json!({ "username": "bob", "password": PASSWORD, "email": "bob@example.org", "device_name": "laptop" });
    let bob = walk.call("register", &[], bob).await;
    let login = walk.call("login", &[], json!({ "username": "bob", "password": PASSWORD })).await;
    walk.call("refresh", &[], json!({ "refresh_token": login["refresh_token"] })).await;
    walk.call("me", &[], Value::Null).await;
    walk.call("edit_me", &[], json!({ "full_name": "Root", "avatar_url": null })).await;
    let status = json!({ "text": "Shipping", "emoji": "rocket", "expires_at": null, "presence": "dnd" });
    walk.call("set_status", &[], status).await;
    let hours = json!({ "from": "22:00", "to": "07:00", "days": ["sun", "mon"] });
    let preferences = walk.call("edit_preferences", &[], json!({ "notify": "all", "dnd_hours": hours })).await;
    assert_eq!(walk.call("preferences", &[], Value::Null).await, preferences);
    walk.call("put_keywords", &[], json!({ "keywords": ["deploy", "release train"] })).await;
    walk.call("keywords", &[], Value::Null).await;
    walk.call("socket_ticket", &[], Value::Null).await;
    let end = json!(Timestamp::now().checked_add(SignedDuration::from_hours(1)).expect("a time"));
    let token = walk.call("create_token", &[], json!({ "name": "ci", "scopes": ["read"], "expires_at": end })).await;
    walk.call("access_tokens", &[], Value::Null).await;
    walk.call("revoke_token", &[("token_id", token["id"].clone())], Value::Null).await;
    walk.call("users", &[("limit", json!(1))], Value::Null).await;
    walk.call("user", &[("user_id", bob["user"]["id"].clone())], Value::Null).await;
    let carol = json!({ "username": "carol", "password": PASSWORD, "is_admin": true });
    let carol = walk.call("create_user", &[], carol).await;
    let carol_id = [("user_id", carol["id"].clone())];
    walk.call("edit_user", &carol_id, json!({ "full_name": "Carol", "is_admin": false })).await;
    let reset = walk.call("create_password_reset", &carol_id, json!({})).await;
    walk.call("reset_password", &[], json!({ "code": reset["code"], "new_password": "a third horse" })).await;
    walk.call("deactivate_user", &carol_id, Value::Null).await;
    walk.call("erasure_plan", &carol_id, Value::Null).await;
    let erasure = walk.call("erase_user", &carol_id, Value::Null).await;
    assert_eq!(walk.call("erasures", &[], Value::Null).await["items"], json!([erasure]));
    walk.call("accounts", &[("is_active", json!(false))], Value::Null).await;
    walk.call("audit", &[("action", json!("user"))], Value::Null).await;
    let banner = json!({ "text": "back at nine", "level": "warning" });
    walk.call("edit_server_settings", &[], json!({ "banner": banner })).await;
    walk.call("server_settings", &[], Value::Null).await;
    walk.call("statistics", &[], Value::Null).await;
    walk.call("server_retention", &[], Value::Null).await;
    walk.call("sessions", &[], Value::Null).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another horse" });
    walk.call("change_password", &[], change).await;
    let again = walk.rig.post("/api/v1/auth/login").json(&json!({ "username": "root", "password": "another horse" }));
    let again = walk.rig.send(again).await.body;
    walk.call("end_session", &[("session_id", again["session_id"].clone())], Value::Null).await;
    let last = walk.rig.post("/api/v1/auth/login").json(&json!({ "username": "root", "password": "another horse" }));
    let last = walk.rig.send(last).await.body;
    walk.call_as(access(&last), "logout", &[], Value::Null).await;
}

/// One parameter with its value.
type Param = (&'static str, Value);

async fn walk_teams(walk: &mut Walk<'_>, dave: &str) -> Param {
    let made = walk.call("create_team", &[], json!({ "name": "Engineering", "is_public": true })).await;
    let team = ("team_id", made["id"].clone());
    let only_team = [team.clone()];
    walk.call("teams", &[("name", json!("engineering"))], Value::Null).await;
    walk.call("team", &only_team, Value::Null).await;
    walk.call(
        "edit_team",
        &only_team,
        json!({
            "description": "builds it", "avatar_url": null, "settings": { "edit_within_s": 3600, "joining": "open" },
        }),
    )
    .await;
    walk.call_as(dave, "join_team", &only_team, Value::Null).await;
    walk.call_as(dave, "leave_team", &only_team, Value::Null).await;
    let invite = walk.call("create_invite", &only_team, json!({ "role": "member", "uses_max": 2 })).await;
    walk.call("invites", &only_team, Value::Null).await;
    walk.call_as(dave, "use_invite", &[("code", invite["code"].clone())], Value::Null).await;
    walk.call("revoke_invite", &[team.clone(), ("invite_id", invite["id"].clone())], Value::Null).await;
    let bob = [team.clone(), ("user_id", json!(2))];
    walk.call("put_team_member", &bob, json!({ "role": "guest" })).await;
    walk.call("team_members", &only_team, Value::Null).await;
    walk.call("remove_team_member", &bob, Value::Null).await;
    walk.call("ban", &bob, Value::Null).await;
    walk.call("bans", &only_team, Value::Null).await;
    walk.call("team_audit", &only_team, Value::Null).await;
    walk.call("team_retention", &only_team, Value::Null).await;
    walk.call("lift_ban", &bob, Value::Null).await;
    walk.call("edit_team", &only_team, json!({ "settings": { "joining": "request" } })).await;
    let carol = access(&walk.rig.register("caroline").await).to_owned();
    let carol_id = json!(walk.call_as(&carol, "me", &[], Value::Null).await["id"]);
    let asker = [team.clone(), ("user_id", carol_id)];
    walk.call_as(&carol, "ask_to_join", &only_team, json!({ "message": "please" })).await;
    walk.call_as(&carol, "withdraw_join_request", &only_team, Value::Null).await;
    walk.call_as(&carol, "ask_to_join", &only_team, json!({})).await;
    walk.call("join_requests", &only_team, Value::Null).await;
    walk.call("accept_join_request", &asker, Value::Null).await;
    walk.call_as(&carol, "leave_team", &only_team, Value::Null).await;
    walk.call_as(&carol, "ask_to_join", &only_team, json!({})).await;
    walk.call("decline_join_request", &asker, Value::Null).await;
    walk.call_as(&carol, "my_join_requests", &[("limit", json!(1))], Value::Null).await;
    let root = json!(walk.call("me", &[], Value::Null).await["id"]);
    let dave_id = json!(walk.call_as(dave, "me", &[], Value::Null).await["id"]);
    walk.call("transfer_team", &only_team, json!({ "user_id": dave_id })).await;
    walk.call_as(dave, "transfer_team", &only_team, json!({ "user_id": root })).await;
    walk_groups(walk, &team, &root, &dave_id).await;
    walk_moving(walk, &team).await;
    team
}

async fn walk_moving(walk: &mut Walk<'_>, team: &Param) {
    let only_team = [team.clone()];
    let start = json!({ "source": "slack", "fingerprint": "0a".repeat(32), "match_by": "email" });
    let import = walk.call("start_import", &only_team, start.clone()).await;
    assert_eq!(walk.call("start_import", &only_team, start).await, import);
    let of_import = [team.clone(), ("import_id", import["id"].clone())];
    let lines = json!({ "lines": [
        { "type": "user", "username": "erin", "role": "member" },
        { "type": "channel", "key": "old", "kind": "public", "name": "old", "created_at": "2020-01-01T00:00:00Z" },
        { "type": "member", "channel": "old", "user": "erin", "role": "member" },
    ] });
    walk.call("import_lines", &of_import, lines).await;
    let sha256 = hex_of(PICTURE);
    let file = [
        ("channel", json!("old")),
        ("number", json!(1)),
        ("place", json!(0)),
        ("name", json!("dot.png")),
        ("sender", json!("erin")),
        ("sha256", json!(sha256)),
    ];
    let file = [of_import.as_slice(), &file].concat();
    let size = walk.call("import_file", &file, Value::Null).await["size_bytes"].clone();
    let carried = json!([{ "name": "dot.png", "size_bytes": size, "sha256": sha256 }]);
    let message = json!({ "type": "message", "channel": "old", "number": 1, "sender": "erin", "content": "",
        "created_at": "2020-01-01T00:00:00Z", "files": carried });
    walk.call("import_lines", &of_import, json!({ "lines": [message] })).await;
    walk.call("import", &of_import, Value::Null).await;
    assert_eq!(walk.call("finish_import", &of_import, Value::Null).await["channels_left"], 0);
    let unclaimed = walk.call("accounts", &[("is_unclaimed", json!(true))], Value::Null).await["items"].clone();
    assert_eq!((unclaimed.as_array().map(Vec::len), &unclaimed[0]["username"]), (Some(1), &json!("erin")));
    walk.call("hand_over", &[("user_id", unclaimed[0]["id"].clone())], json!({ "expires_in_s": 3_600 })).await;
    walk.call("export_team", &[team.clone(), ("include_private", json!(true))], Value::Null).await;
    walk.call("exported_file", &[team.clone(), ("sha256", json!(sha256))], Value::Null).await;
    walk.call("export_me", &[], Value::Null).await;
    walk.call("export_user", &[("user_id", json!(1))], Value::Null).await;
    let other = json!({ "source": "slack", "fingerprint": "0b".repeat(32) });
    let other = walk.call("start_import", &only_team, other).await;
    let channel = json!({ "type": "channel", "key": "lobby", "kind": "public", "name": "lobby", "created_at": "2020-01-01T00:00:00Z" });
    let check = json!({ "team_id": team.1, "fingerprint": "0c".repeat(32), "lines": [channel] });
    assert!(walk.call("check_import", &[], check).await["other"].is_object());
    walk.call("cancel_import", &[team.clone(), ("import_id", other["id"].clone())], Value::Null).await;
}

fn hex_of(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn walk_groups(walk: &mut Walk<'_>, team: &Param, root: &Value, dave: &Value) {
    let only_team = [team.clone()];
    let made = walk.call("create_group", &only_team, json!({ "name": "oncall", "user_ids": [root] })).await;
    let group = [team.clone(), ("group_id", made["id"].clone())];
    walk.call("groups", &only_team, Value::Null).await;
    walk.call("group", &group, Value::Null).await;
    walk.call("rename_group", &group, json!({ "name": "sre" })).await;
    let member = [group.as_slice(), &[("user_id", dave.clone())]].concat();
    walk.call("add_group_member", &member, Value::Null).await;
    walk.call("group_members", &group, Value::Null).await;
    walk.call("remove_group_member", &member, Value::Null).await;
    walk.call("delete_group", &group, Value::Null).await;
}

async fn walk_integrations(walk: &mut Walk<'_>, team: &Param, channel: &Param) {
    let target = Target::start(Behaviour::Answer(200, "done".to_owned())).await;
    let only_team = [team.clone()];
    let bot = walk.call("create_bot", &only_team, json!({ "username": "ci", "full_name": "Builds" })).await;
    let bot_id = bot["user"]["id"].clone();
    let place = [team.clone(), ("user_id", bot_id.clone())];
    walk.call("bots", &only_team, Value::Null).await;
    walk.call("edit_bot", &place, json!({ "full_name": "Builds and releases", "is_active": true })).await;
    let end = json!(Timestamp::now().checked_add(SignedDuration::from_hours(1)).expect("a time"));
    let token = json!({ "name": "ci", "scopes": ["read", "write"], "expires_at": end });
    let token = walk.call("create_bot_token", &place, token).await;
    walk.call("bot_tokens", &place, Value::Null).await;
    let token = [place.as_slice(), &[("token_id", token["id"].clone())]].concat();
    walk.call("revoke_bot_token", &token, Value::Null).await;
    let member = [channel.clone(), ("user_id", bot_id.clone())];
    walk.call("put_channel_member", &member, json!({ "role": "member" })).await;
    let outgoing = json!({ "kind": "outgoing", "name": "log", "bot_id": bot_id, "url": target.url("/") });
    walk.call("create_hook", &only_team, outgoing).await;
    let hook = json!({ "kind": "incoming", "name": "ci", "bot_id": bot_id, "channel_id": channel.1 });
    let hook = walk.call("create_hook", &only_team, hook).await;
    let token = hook["path"].as_str().and_then(|path| path.rsplit('/').next()).expect("a token").to_owned();
    walk.call("post_to_hook", &[("token", json!(token))], json!({ "text": "built" })).await;
    let hook = [team.clone(), ("hook_id", hook["id"].clone())];
    walk.call("hooks", &only_team, Value::Null).await;
    walk.call("hook", &hook, Value::Null).await;
    walk.call("edit_hook", &hook, json!({ "may_choose_channel": true, "channel_id": channel.1 })).await;
    walk.call("hook_deliveries", &hook, Value::Null).await;
    walk.call("delete_hook", &hook, Value::Null).await;
    let command = json!({ "name": "deploy", "usage_hint": "[service]", "bot_id": bot_id, "url": target.url("/") });
    let command = walk.call("create_command", &only_team, command).await;
    walk.call("commands", &only_team, Value::Null).await;
    let command = [team.clone(), ("command_id", command["id"].clone())];
    walk.call("edit_command", &command, json!({ "description": "Brings it out", "usage_hint": null })).await;
    let answer =
        walk.call("run_command", std::slice::from_ref(channel), json!({ "name": "deploy", "text": "web" })).await;
    assert_eq!(answer["text"], "done");
    walk.call("delete_command", &command, Value::Null).await;
}

async fn walk_channels(walk: &mut Walk<'_>, team: &Param, dave: &str) -> Param {
    let only_team = [team.clone()];
    let made = walk.call("create_channel", &only_team, json!({ "kind": "public", "name": "releases" })).await;
    let dave_id = json!(walk.call_as(dave, "me", &[], Value::Null).await["id"]);
    walk.call("create_channel", &only_team, json!({ "kind": "direct", "user_id": dave_id })).await;
    let channel = ("channel_id", made["id"].clone());
    let only_channel = [channel.clone()];
    walk.call("channels", &only_team, Value::Null).await;
    walk.call("channel", &only_channel, Value::Null).await;
    walk.call("channel_retention", &only_channel, Value::Null).await;
    walk.call("edit_channel", &only_channel, json!({ "description": "what is out" })).await;
    walk.call_as(dave, "join_channel", &only_channel, Value::Null).await;
    walk.call_as(dave, "leave_channel", &only_channel, Value::Null).await;
    let dave = [channel.clone(), ("user_id", dave_id)];
    walk.call("put_channel_member", &dave, json!({ "role": "member" })).await;
    walk.call("channel_members", &only_channel, Value::Null).await;
    walk.call("remove_channel_member", &dave, Value::Null).await;
    channel
}

async fn walk_files(walk: &mut Walk<'_>, team: &Param, channel: &Param) {
    let only_channel = [channel.clone()];
    let upload = [channel.clone(), ("name", json!("dot.png"))];
    let (carried, waiting) = (
        walk.call("upload_file", &upload, Value::Null).await["id"].clone(),
        walk.call("upload_file", &upload, Value::Null).await["id"].clone(),
    );
    walk.call("send_message", &only_channel, json!({ "content": "", "files": [carried] })).await;
    let file = [("file_id", carried)];
    assert_eq!(walk.call("file", &file, Value::Null).await["content_type"], "image/png");
    walk.call("files", &only_channel, Value::Null).await;
    walk.call("team_files", &[team.clone(), ("limit", json!(1))], Value::Null).await;
    walk.call("download_file", &file, Value::Null).await;
    let link = walk.call("link_file", &file, Value::Null).await["path"].as_str().expect("a path").to_owned();
    let link = link.rsplit('/').next().expect("a last part").to_owned();
    walk.call("download_link", &[("link", json!(link))], Value::Null).await;
    walk.call("delete_file", &[("file_id", waiting)], Value::Null).await;
    let sha256: String = Sha256::digest(PICTURE).iter().map(|byte| format!("{byte:02x}")).collect();
    let new = json!({ "name": "dot.png", "size_bytes": PICTURE.len(), "sha256": sha256 });
    let upload = [("file_id", walk.call("begin_upload", &only_channel, new).await["id"].clone())];
    walk.call("upload", &upload, Value::Null).await;
    let part = [upload[0].clone(), ("offset", json!(0))];
    assert_eq!(walk.call("continue_upload", &part, Value::Null).await["file"]["content_type"], "image/png");
    let new = json!({ "name": "other", "size_bytes": 7, "sha256": "0".repeat(64) });
    let upload = [("file_id", walk.call("begin_upload", &only_channel, new).await["id"].clone())];
    walk.call("cancel_upload", &upload, Value::Null).await;
    walk.call("set_team_picture", std::slice::from_ref(team), Value::Null).await;
    let me = walk.call("set_my_picture", &[], Value::Null).await;
    let sha256 = me["avatar_url"].as_str().expect("an address").rsplit('/').next().expect("a name").to_owned();
    walk.call("asset", &[("sha256", json!(sha256))], Value::Null).await;
}

async fn walk_scheduled(walk: &mut Walk<'_>, team: &Param, channel: &Param) {
    let only_team = [team.clone()];
    let ahead = Timestamp::now() + SignedDuration::from_hours(12);
    let body = json!({ "channel_id": channel.1, "content": "Good morning", "send_at": ahead.to_string() });
    let first = walk.call("schedule_message", &only_team, body.clone()).await;
    let second = walk.call("schedule_message", &only_team, body).await;
    walk.call("scheduled", &[team.clone(), ("limit", json!(1))], Value::Null).await;
    let first = [team.clone(), ("scheduled_id", first["id"].clone())];
    walk.call("edit_scheduled", &first, json!({ "content": "Good evening" })).await;
    let sent = walk.call("send_scheduled_now", &first, Value::Null).await;
    assert_eq!(walk.call("scheduled_message", &first, Value::Null).await, sent);
    let second = [team.clone(), ("scheduled_id", second["id"].clone())];
    walk.call("cancel_scheduled", &second, Value::Null).await;
}

async fn walk_reminders(walk: &mut Walk<'_>, team: &Param, channel: &Param) {
    let only_team = [team.clone()];
    let ahead = Timestamp::now() + SignedDuration::from_hours(12);
    let seq = walk.call("send_message", std::slice::from_ref(channel), json!({ "content": "x" })).await["seq"].clone();
    let body = json!({ "channel_id": channel.1, "seq": seq, "remind_at": ahead.to_string(), "note": "again" });
    let made = walk.call("remind", &only_team, body).await;
    let listed = walk.call("reminders", &[team.clone(), ("limit", json!(1))], Value::Null).await;
    assert_eq!(listed["items"][0]["message"]["content"], "x");
    let id = [team.clone(), ("reminder_id", made["id"].clone())];
    walk.call("edit_reminder", &id, json!({ "note": null })).await;
    walk.call("reminder", &id, Value::Null).await;
    walk.call("finish_reminder", &id, Value::Null).await;
}

async fn walk_messages(walk: &mut Walk<'_>, channel: &Param) {
    let only_channel = [channel.clone()];
    let send = json!({ "content": "1.0 is out", "client_id": "c-1" });
    let root = walk.call("send_message", &only_channel, send.clone()).await;
    assert_eq!(walk.call("send_message", &only_channel, send).await, root);
    let reply = json!({ "content": "hooray", "parent_message_id": root["id"] });
    walk.call("send_message", &only_channel, reply).await;
    let place = [channel.clone(), ("seq", root["seq"].clone())];
    walk.call("messages", &[channel.clone(), ("limit", json!(1))], Value::Null).await;
    walk.call("message", &place, Value::Null).await;
    walk.call("edit_message", &place, json!({ "content": "1.0.1 is out" })).await;
    let tada = [channel.clone(), ("seq", root["seq"].clone()), ("emoji", json!("tada"))];
    walk.call("react", &tada, Value::Null).await;
    walk.call("reactions", &place, Value::Null).await;
    walk.call("thread", &place, Value::Null).await;
    walk.call("unreact", &tada, Value::Null).await;
    walk.call("append_message", &place, json!({ "offset": 12, "content": "!" })).await;
    walk.call("history", &place, Value::Null).await;
    walk.call("pin", &place, Value::Null).await;
    walk.call("pins", &only_channel, Value::Null).await;
    walk.call("unpin", &place, Value::Null).await;
    walk.call("message_by_id", &[("message_id", root["id"].clone())], Value::Null).await;
    walk.call("search", &[("q", json!("out")), ("team_id", json!(1)), ("sort", json!("relevance"))], Value::Null).await;
    walk.call("mark_read", &only_channel, json!({ "seq": root["seq"] })).await;
    walk.call("delete_message", &place, Value::Null).await;
    let stream = json!(format!("c{}", channel.1));
    walk.call("changes", &[("stream", stream), ("after", json!(0))], Value::Null).await;
    walk.call("presence", &[("users", json!("1,2"))], Value::Null).await;
}

async fn walk_personal(walk: &mut Walk<'_>, team: &Param, channel: &Param) {
    let (only_team, only_channel) = ([team.clone()], [channel.clone()]);
    let wanted = json!({ "is_muted": true, "notify": null, "is_favourite": true });
    walk.call("edit_channel_preferences", &only_channel, wanted).await;
    walk.call("order_channels", &only_team, json!({ "channel_ids": [channel.1] })).await;
    walk.call("channel_order", &only_team, Value::Null).await;
    let members = walk.call("team_members", &only_team, Value::Null).await;
    let user = ("user_id", members["items"].as_array().expect("a list").last().expect("dave")["user"]["id"].clone());
    let other = [team.clone(), user];
    walk.call("mute_user", &other, Value::Null).await;
    walk.call("muted_users", &only_team, Value::Null).await;
    walk.call("unmute_user", &other, Value::Null).await;
    let root = walk.call("send_message", &only_channel, json!({ "content": "who is in?" })).await;
    let reply = json!({ "content": "I am", "parent_message_id": root["id"] });
    walk.call("send_message", &only_channel, reply).await;
    let place = [channel.clone(), ("seq", root["seq"].clone())];
    walk.call("follow_thread", &place, Value::Null).await;
    walk.call("mute_thread", &place, Value::Null).await;
    walk.call("unmute_thread", &place, Value::Null).await;
    walk.call("read_thread", &place, json!({ "seq": root["seq"], "mode": "set" })).await;
    let threads = walk.call("my_threads", &only_team, Value::Null).await;
    assert_eq!(threads["items"][0]["root"]["seq"], root["seq"]);
    walk.call("unfollow_thread", &place, Value::Null).await;
    walk.call("save_message", &place, Value::Null).await;
    let saved = walk.call("saved_messages", &only_team, Value::Null).await;
    assert_eq!(saved["items"][0]["message"]["seq"], root["seq"]);
    walk.call("unsave_message", &place, Value::Null).await;
    let thread = [channel.clone(), ("parent_seq", root["seq"].clone()), ("expected_rev", json!(0))];
    walk.call("put_draft", &thread, json!({ "content": "perhaps" })).await;
    walk.call("drafts", &only_team, Value::Null).await;
    walk.call("clear_draft", &only_channel, Value::Null).await;
}
