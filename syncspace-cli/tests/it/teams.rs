//! `team …`

use serde_json::{Value, json};

use crate::support::World;

#[test]
fn a_team_lives_from_create_to_delete() {
    let world = World::start();
    let alice = world.person("alice");
    let created = alice.json(&["team", "create", "eng", "--description", "Engineering"]);
    assert_eq!((&created["name"], &created["membership"]["role"]), (&"eng".into(), &"owner".into()));
    alice.run(&["team", "create", "ENG"]).ends_with(7).says("cannot make the team ENG");
    assert_eq!(alice.json(&["team", "show", "Eng"])["id"], created["id"]);
    assert_eq!(alice.json(&["team", "show", &created["id"].to_string()])["name"], "eng");

    let edited = alice.json(&["team", "edit", "eng", "--name", "platform", "--description", "", "--public", "yes"]);
    assert_eq!((&edited["name"], &edited["is_public"]), (&"platform".into(), &true.into()));
    assert_eq!(edited["description"], Value::Null);

    let plan = alice.json(&["team", "delete", "platform", "--dry-run"]);
    assert_eq!(plan["would"], "delete the team platform with all its channels and messages");
    alice.run(&["team", "delete", "platform"]).ends_with(2).says("give --yes");
    alice.run(&["team", "show", "platform"]).ok();
    alice.run(&["team", "delete", "platform", "--yes"]).ok().says("team platform deleted");
    alice.run(&["team", "show", "platform"]).ends_with(6).says("platform");
    assert_eq!(alice.json(&["team", "list"]), json!([]));
}

#[test]
fn public_teams_are_joined_and_left_and_private_ones_do_not_exist() {
    let world = World::start();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.run(&["team", "create", "open", "--public"]).ok();
    alice.run(&["team", "create", "secret"]).ok();
    bob.run(&["team", "join", "secret"]).ends_with(6);
    assert_eq!(bob.json(&["team", "join", "open"])["membership"]["role"], "member");
    bob.run(&["team", "leave", "open", "--yes"]).ok();
    alice.run(&["team", "leave", "open", "--yes"]).ends_with(7).says("--role owner");
}

#[test]
fn a_team_is_handed_over_and_keeps_people_out() {
    let world = World::start();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    alice.run(&["channel", "create", "eng/general"]).ok();
    alice.run(&["channel", "create", "eng/random"]).ok();
    let defaults = alice.json(&["team", "default-channels", "eng", "--add", "general", "--add", "random"]);
    assert_eq!(defaults.as_array().expect("a list").len(), 2);
    let defaults = alice.json(&["team", "default-channels", "eng", "--remove", "random"]);
    assert_eq!((defaults.as_array().expect("a list").len(), &defaults[0]["name"]), (1, &"general".into()));
    bob.run(&["team", "join", "eng"]).ok();
    let mine = bob.json(&["channel", "list", "eng", "--mine"]);
    assert_eq!((mine.as_array().expect("a list").len(), &mine[0]["name"]), (1, &"general".into()));

    carol.run(&["team", "join", "eng"]).ok();
    alice.run(&["team", "ban", "eng", "@carol"]).ends_with(2);
    alice.run(&["team", "ban", "eng", "@carol", "--yes"]).ok();
    carol.run(&["team", "join", "eng"]).ends_with(5).says("banned");
    bob.run(&["team", "bans", "eng"]).ends_with(5);
    assert_eq!(alice.json(&["team", "bans", "eng"])[0]["user"]["username"], "carol");
    alice.run(&["team", "unban", "eng", "@carol"]).ok();
    carol.run(&["team", "join", "eng"]).ok();

    alice.run(&["team", "transfer", "eng", "@bob"]).ends_with(2);
    assert_eq!(alice.json(&["team", "transfer", "eng", "@bob", "--yes"])["role"], "owner");
    assert_eq!(bob.json(&["team", "show", "eng"])["membership"]["role"], "owner");
}

#[test]
fn an_invite_admits_until_it_is_revoked() {
    let world = World::start();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    alice.run(&["team", "create", "eng"]).ok();
    let invite = alice.json(&["team", "invite", "create", "eng", "--uses", "5", "--expires", "1h", "--role", "guest"]);
    let code = invite["code"].as_str().expect("a code");
    assert_eq!(bob.json(&["team", "invite", "use", code])["membership"]["role"], "guest");

    let listed = alice.json(&["team", "invite", "list", "eng"]);
    assert_eq!((&listed[0]["uses"], &listed[0]["code"]), (&1.into(), &Value::Null));
    alice.run(&["team", "invite", "revoke", "eng", &invite["id"].to_string(), "--yes"]).ok();
    carol.input(&["team", "invite", "use", "-"], code).ends_with(6);
}

#[test]
fn a_team_settles_who_may_do_what_and_takes_people_in_on_request() {
    let world = World::start();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    alice.run(&["team", "create", "ops", "--public"]).ok();
    let usual = alice.json(&["team", "settings", "ops"]);
    assert_eq!((&usual["invite"], &usual["joining"]), (&"admin".into(), &"open".into()));
    let changed = alice.json(&["team", "settings", "ops", "--joining", "request", "--edit-within", "15m"]);
    assert_eq!((&changed["joining"], &changed["edit_within_s"]), (&"request".into(), &900.into()));
    assert!(alice.json(&["team", "settings", "ops", "--edit-within", "always"])["edit_within_s"].is_null());
    assert_eq!(alice.json(&["team", "settings", "ops", "--edit-within", "never"])["edit_within_s"], 0);
    alice.run(&["team", "settings", "ops", "--invite", "guest"]).ends_with(2).says("guests see only");
    bob.run(&["team", "settings", "ops", "--joining", "open"]).ends_with(5);

    bob.run(&["team", "join", "ops"]).ends_with(5).says("ask first");
    assert_eq!(bob.json(&["team", "request", "ops", "--message", "builds"])["state"], "open");
    carol.run(&["team", "request", "ops"]).ok();
    carol.run(&["team", "request", "ops", "--withdraw"]).ok();
    carol.run(&["team", "request", "ops", "--withdraw"]).ends_with(6);
    carol.run(&["team", "request", "ops"]).ok();
    let asked = alice.json(&["team", "requests", "ops"]);
    assert_eq!((&asked[0]["username"], &asked[0]["message"]), (&"bob".into(), &"builds".into()));
    bob.run(&["team", "requests", "ops"]).ends_with(5);
    assert_eq!(alice.json(&["team", "accept", "ops", "@bob"])["role"], "member");
    alice.run(&["team", "decline", "ops", "@carol"]).ok();
    alice.run(&["team", "accept", "ops", "@carol"]).ends_with(6);
    assert_eq!(alice.json(&["team", "requests", "ops"]), json!([]));
    let mine = carol.json(&["team", "requests"]);
    assert_eq!((&mine[0]["team"]["name"], &mine[0]["state"]), (&"ops".into(), &"declined".into()));
    carol.run(&["team", "request", "ops"]).ends_with(7).says("again after");
}
