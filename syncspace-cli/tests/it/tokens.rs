//! `token …`, and acting by one.

use serde_json::json;

use crate::support::World;

#[test]
fn a_token_is_made_used_listed_and_revoked() {
    let world = World::start();
    let alice = world.person("alice");
    alice.run(&["team", "create", "eng"]).ok();
    alice.run(&["channel", "create", "eng/general"]).ok();
    alice.run(&["token", "create", "deploy", "--scope", "read"]).ends_with(2);
    alice.run(&["token", "create", "deploy", "--scope", "everything", "--in", "1d"]).ends_with(2).says("no scope");
    alice.run(&["token", "create", "deploy", "--scope", "read", "--never"]).ends_with(2).says("every token ends");
    let made = alice.run(&["token", "create", "deploy", "--scope", "read,write", "--in", "90d"]).ok();
    let made = made.says("shown this once");
    let token = made.out.trim();
    assert!(token.starts_with("ssp_") && !token.contains(char::is_whitespace), "{token}");

    let script = world.acting_by(token);
    assert_eq!(script.json(&["whoami"])["username"], "alice");
    script.run(&["message", "send", "eng/general", "from a script"]).ok();
    script.run(&["channel", "create", "eng/more"]).ends_with(5).says("lacks the scope `manage`");
    script.run(&["token", "list"]).ends_with(5).says("with a login only");

    let made = alice.run(&["token", "create", "cron", "--scope", "write", "--in", "1d"]).ok().out;
    let (writer, channel) =
        (world.acting_by(made.trim()), alice.json(&["channel", "show", "eng/general"])["id"].to_string());
    writer.run(&["message", "send", "eng/general", "by name"]).ends_with(5).says("lacks the scope `read`");
    assert_eq!(writer.json(&["message", "send", &channel, "by id"])["content"], "by id");
    writer.run(&["message", "send", "99", "nowhere"]).ends_with(6);
    alice.run(&["token", "revoke", &alice.json(&["token", "list"])[1]["id"].to_string()]).ok();

    let listed = alice.json(&["token", "list"]);
    assert_eq!((&listed[0]["name"], &listed[0]["scopes"]), (&json!("deploy"), &json!(["read", "write"])));
    assert!(listed[0]["last_used_at"].is_string() && listed[0].get("token").is_none(), "{listed}");
    alice.run(&["token", "revoke", &listed[0]["id"].to_string()]).ok();
    let ended = script.run(&["whoami"]).ends_with(4).says("this token was revoked, or its time is over");
    let ended = ended.says("hint: make another one with `syncspace token create`, and put it into SYNCSPACE_TOKEN");
    assert!(!ended.talk.contains("syncspace login"), "{ended:?}");
    assert_eq!(alice.json(&["token", "list"]), json!([]));
}
