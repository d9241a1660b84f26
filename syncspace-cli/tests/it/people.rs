//! What people say of themselves and choose for their accounts.

use serde_json::Value;

use crate::support::World;

#[test]
fn a_status_is_set_shown_and_cleared() {
    let world = World::start();
    let alice = world.person("alice");
    alice.run(&["status", "set"]).ends_with(2);
    alice.run(&["status", "set", "x", "--emoji", "no_such_emoji"]).ends_with(2).says("there is no emoji no_such_emoji");
    alice.run(&["status", "set", "x", "--until", "2020-01-01T00:00:00Z"]).ends_with(2).says("must lie ahead");
    let said = alice.run(&["status", "set", "At lunch", "--emoji", "pizza", "--for", "1h", "--presence", "away"]).ok();
    assert!(said.talk.contains("your status is 🍕 At lunch until ") && said.talk.contains("presence away"), "{said:?}");
    let shown = alice.json(&["user", "show", "@alice"]);
    assert_eq!((&shown["custom_status"]["text"], &shown["chosen_presence"]), (&"At lunch".into(), &"away".into()));
    assert!(alice.run(&["user", "show", "@alice"]).ok().out.contains("🍕 At lunch"));
    alice.run(&["status", "clear", "--dry-run"]).ok();
    let cleared = alice.json(&["status", "clear"]);
    assert_eq!((&cleared["custom_status"], &cleared["chosen_presence"]), (&Value::Null, &"away".into()));
}

#[test]
fn a_time_zone_is_part_of_the_profile() {
    let world = World::start();
    let alice = world.person("alice");
    let edited = alice.json(&["user", "edit", "@alice", "--time-zone", "europe/berlin"]);
    assert_eq!(edited["time_zone"], "Europe/Berlin");
    alice.run(&["user", "edit", "@alice", "--time-zone", "Mars/Olympus"]).ends_with(2).says("there is no time zone");
    alice.run(&["user", "edit", "@alice", "--time-zone", "not a zone"]).ends_with(2).says("named as IANA does");
}
