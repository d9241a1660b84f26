//! `bot …`, `hook …`, `command …`

use serde_json::json;

use crate::support::World;

#[test]
fn a_bot_lives_from_create_to_disable() {
    let world = World::start();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    alice.run(&["channel", "create", "eng/deploys"]).ok();
    bob.run(&["team", "join", "eng"]).ok();
    bob.run(&["bot", "create", "ci"]).ends_with(5).says("only owners and admins");
    let made = alice.json(&["bot", "create", "ci", "--name", "Builds"]);
    assert_eq!((&made["user"]["username"], &made["user"]["is_bot"]), (&json!("ci"), &json!(true)));
    alice.run(&["bot", "create", "ci"]).ends_with(7);
    alice.run(&["member", "add", "eng/deploys", "@ci"]).ok();
    let admin = ["bot", "token", "@ci", "runner", "--scope", "admin", "--in", "1d"];
    alice.run(&admin).ends_with(2).says("never administers the server");
    let token = alice.run(&["bot", "token", "@ci", "runner", "--scope", "read,write", "--in", "1d"]).ok().out;
    let bot = world.acting_by(token.trim());
    assert_eq!(bot.json(&["whoami"])["is_bot"], true);
    bot.run(&["message", "send", "eng/deploys", "built"]).ok();
    bot.run(&["team", "create", "mine"]).ends_with(5);
    let listed = alice.json(&["bot", "tokens", "@ci"]);
    assert_eq!(listed[0]["name"], "runner");
    alice.run(&["bot", "rename", "@ci", "Builds and releases"]).ok();
    assert_eq!(alice.json(&["bot", "list"])[0]["user"]["full_name"], "Builds and releases");
    alice.run(&["team", "create", "ops"]).ok();
    assert_eq!(alice.json(&["bot", "list", "eng"])[0]["user"]["full_name"], "Builds and releases");
    for what in ["bot", "hook", "command", "group", "file"] {
        assert_eq!(alice.json(&[what, "list", "ops"]), json!([]), "{what}");
        alice.run(&[what, "list"]).ends_with(2).says("choose one with --team");
        alice.run(&[what, "list", "none"]).ends_with(6).says("team none");
    }
    alice.run(&["team", "delete", "ops", "--yes"]).ok();
    alice.run(&["bot", "disable", "@ci"]).ends_with(2).says("give --yes");
    alice.run(&["bot", "disable", "@ci", "--yes"]).ok();
    bot.run(&["whoami"]).ends_with(4);
    alice.run(&["bot", "enable", "@ci"]).ok().says("switched on");
}

#[test]
fn hooks_and_commands_are_made_and_deleted() {
    let world = World::start();
    let alice = world.person("alice");
    alice.run(&["team", "create", "eng"]).ok();
    alice.run(&["channel", "create", "eng/deploys"]).ok();
    alice.run(&["bot", "create", "ci"]).ok();
    let incoming = ["hook", "incoming", "eng/deploys", "--bot", "@ci", "--name", "releases"];
    alice.run(&incoming).ends_with(6).says("add it to the channel first");
    alice.run(&["member", "add", "eng/deploys", "@ci"]).ok();
    let made = alice.run(&incoming).ok().says("shown this once").out;
    let url = made.trim();
    assert!(url.starts_with(world.server.url()) && url.contains("/api/v1/hooks/"), "{url}");

    let target = "https://example.org/hook";
    let outgoing = ["hook", "outgoing", target, "--bot", "@ci", "--name", "log", "--trigger", "!log"];
    let outgoing = alice.json(&outgoing);
    assert!(outgoing["secret"].as_str().is_some_and(|secret| secret.len() > 40), "{outgoing}");
    let id = outgoing["id"].to_string();
    let shown = alice.json(&["hook", "show", &id]);
    assert_eq!((&shown["url"], &shown["trigger_words"]), (&json!(target), &json!(["!log"])));
    assert!(!shown.to_string().contains("secret"), "{shown}");
    alice.run(&["hook", "edit", &id]).ends_with(2);
    let edited = alice.json(&["hook", "edit", &id, "--channel", "eng/deploys", "--name", "records"]);
    assert_eq!((&edited["name"], edited["channel_id"].is_number()), (&json!("records"), true));
    assert_eq!(alice.json(&["hook", "deliveries", &id]), json!([]));
    alice.run(&["hook", "delete", &id, "--yes"]).ok();
    assert_eq!(alice.json(&["hook", "list"]).as_array().map(Vec::len), Some(1));

    let create = ["command", "create", "deploy", target, "--bot", "@ci", "--hint", "[service]"];
    alice.run(&create).ok().says("/deploy made");
    alice.run(&create).ends_with(7).says("has a command /deploy already");
    let listed = alice.json(&["command", "list"]);
    assert_eq!((&listed[0]["name"], &listed[0]["usage_hint"]), (&json!("deploy"), &json!("[service]")));
    for name in ["nothing", "/nothing"] {
        alice.run(&["command", "run", "eng/deploys", name, "x"]).ends_with(6).says("/nothing in eng/deploys");
    }
    let id = listed[0]["id"].to_string();
    let edited = alice.json(&["command", "edit", &id, "--hint", "", "--description", "Brings it out"]);
    assert_eq!((&edited["usage_hint"], &edited["description"]), (&json!(null), &json!("Brings it out")));
    alice.run(&["command", "delete", &id, "--yes"]).ok();
    assert_eq!(alice.json(&["command", "list"]), json!([]));
}
