//! `group …`, `keyword …`

use serde_json::json;

use crate::support::World;

#[test]
fn a_group_lives_from_create_to_delete() {
    let world = World::start();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    bob.run(&["team", "join", "eng"]).ok();
    let made = alice.json(&["group", "create", "oncall", "@bob"]);
    assert_eq!((&made["name"], made["user_ids"].as_array().map(Vec::len)), (&"oncall".into(), Some(1)));
    bob.run(&["group", "create", "mine"]).ends_with(5).says("only owners and admins");
    alice.run(&["group", "create", "here"]).ends_with(2).says("mentions others already");
    alice.run(&["group", "create", "bob"]).ends_with(7).says("person of this team");
    alice.run(&["group", "add", "@oncall", "@carol"]).ends_with(6);
    carol.run(&["team", "join", "eng"]).ok();
    let added = alice.json(&["group", "add", "@oncall", "@carol", "alice"]);
    assert_eq!(added["user_ids"].as_array().map(Vec::len), Some(3));
    let listed = bob.json(&["group", "show", "oncall"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(3));
    alice.run(&["group", "remove", "oncall", "@carol"]).ok().says("@carol removed from @oncall");
    alice.run(&["group", "remove", "oncall", "@carol"]).ends_with(6);
    let renamed = alice.json(&["group", "rename", "@oncall", "sre"]);
    assert_eq!(bob.json(&["group", "list"])[0]["name"], renamed["name"]);
    let plan = alice.json(&["group", "delete", "sre", "--dry-run"]);
    assert_eq!(plan["would"], "delete the group @sre");
    alice.run(&["group", "delete", "sre"]).ends_with(2).says("give --yes");
    alice.run(&["group", "delete", "sre", "--yes"]).ok();
    assert_eq!(bob.json(&["group", "list"]), json!([]));
}

#[test]
fn keywords_are_added_and_removed() {
    let world = World::start();
    let alice = world.person("alice");
    assert_eq!(alice.json(&["keyword", "list"]), json!([]));
    alice.run(&["keyword", "add", "++"]).ends_with(2).says("letter or digit");
    alice.run(&["keyword", "add", "deploy", "release train"]).ok().says("deploy, release train added");
    assert_eq!(alice.json(&["keyword", "list"]), json!([{"keyword": "deploy"}, {"keyword": "release train"}]));
    alice.run(&["keyword", "remove", "nothing"]).ends_with(6).says("none of your keywords");
    alice.run(&["keyword", "remove", "Deploy"]).ok();
    assert_eq!(alice.json(&["keyword", "list"]), json!([{"keyword": "release train"}]));
}
