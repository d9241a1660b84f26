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

#[test]
fn preferences_and_quiet_hours_are_set_and_shown() {
    let world = World::start();
    let alice = world.person("alice");
    assert_eq!(alice.json(&["preferences", "show"])["notify"], Value::Null);
    assert_eq!(alice.json(&["preferences", "set", "--notify", "all"])["notify"], "all");
    alice.run(&["dnd", "hours"]).ends_with(2);
    alice.run(&["dnd", "hours", "22:00"]).ends_with(2);
    alice.run(&["dnd", "hours", "22:00", "24:00"]).ends_with(2).says("a time of day is written like 07:30");
    let said = alice.run(&["dnd", "hours", "22:00", "07:00", "--days", "sun,mon"]).ok();
    assert!(said.talk.contains("from 22:00 to 07:00 on mon,sun, in UTC; `syncspace user edit @alice"), "{said:?}");
    let paused = alice.json(&["dnd", "on", "--in", "1h"]);
    assert!(paused["paused_until"].is_string() && paused["notify"] == "all", "{paused}");
    alice.run(&["dnd", "on"]).ok().says("until `syncspace dnd off`");
    assert_eq!(alice.json(&["user", "show", "@alice"])["chosen_presence"], "dnd");
    alice.run(&["dnd", "off"]).ok().says("you may be disturbed again, but at your hours");
    let shown = alice.json(&["preferences", "show"]);
    assert_eq!((&shown["paused_until"], &shown["dnd_hours"]["from"]), (&Value::Null, &"22:00".into()));
    assert_eq!(alice.json(&["user", "show", "@alice"])["chosen_presence"], "online");
    assert_eq!(alice.json(&["dnd", "hours", "--none"])["dnd_hours"], Value::Null);
}
