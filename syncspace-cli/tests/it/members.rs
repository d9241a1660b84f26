//! `member …`

use crate::support::World;

#[test]
fn a_person_is_added_changed_and_removed_in_a_team() {
    let world = World::start();
    // An administrator sees everybody; others see whom they share a team with.
    let (alice, bob) = (world.admin(), world.person("bob"));
    alice.run(&["team", "create", "eng"]).ok();
    bob.run(&["member", "list", "eng"]).ends_with(6);
    alice.run(&["member", "show", "eng", "@bob"]).ends_with(6).says("syncspace member add eng @bob");
    assert_eq!(alice.json(&["member", "add", "eng", "@bob", "--role", "admin"])["role"], "admin");

    alice.run(&["member", "add", "eng", "@bob"]).ok().says("@bob is in eng already");
    assert_eq!(alice.json(&["member", "show", "eng", "@bob"])["role"], "admin", "adding again demotes nobody");
    alice.run(&["member", "add", "eng", "@bob", "--role", "guest"]).ends_with(7).says("syncspace member edit");
    assert_eq!(alice.json(&["member", "edit", "eng", "bob", "--role", "member"])["role"], "member");
    assert_eq!(bob.json(&["member", "list", "eng"]).as_array().map(Vec::len), Some(2));
    bob.run(&["member", "edit", "eng", "@bob", "--role", "owner"]).ends_with(5);
    alice.run(&["member", "edit", "eng", "@root", "--role", "member"]).ends_with(7);

    alice.run(&["member", "remove", "eng", "@bob"]).ends_with(2);
    alice.run(&["member", "remove", "eng", "@bob", "--yes"]).ok();
    bob.run(&["team", "show", "eng"]).ends_with(6);
    alice.run(&["member", "edit", "eng", "@bob", "--role", "guest"]).ends_with(6);
}

#[test]
fn a_person_is_added_and_removed_in_a_channel() {
    let world = World::start();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    bob.run(&["team", "join", "eng"]).ok();
    alice.run(&["channel", "create", "eng/secret", "--private"]).ok();
    bob.run(&["channel", "show", "eng/secret"]).ends_with(6);
    alice.run(&["member", "add", "eng/secret", "@bob", "--role", "guest"]).ends_with(2).says("member or admin");
    assert_eq!(alice.json(&["member", "add", "eng/secret", "@bob"])["role"], "member");
    bob.run(&["channel", "show", "eng/secret"]).ok();
    assert_eq!(alice.json(&["member", "edit", "eng/secret", "@bob", "--role", "admin"])["role"], "admin");
    let csv = bob.run(&["member", "list", "eng/secret", "--output", "csv"]).ok().out;
    assert!(csv.starts_with("user_id,username,full_name,role,joined_at,is_active,is_bot\n"), "{csv}");
    assert_eq!(csv.lines().count(), 3, "{csv}");
    alice.run(&["member", "remove", "eng/secret", "@bob", "--yes"]).ok();
    bob.run(&["channel", "show", "eng/secret"]).ends_with(6);
}
