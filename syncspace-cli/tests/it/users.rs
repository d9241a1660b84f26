//! `user …`

use serde_json::Value;

use crate::support::{PASSWORD, World};

#[test]
fn an_account_lives_from_create_to_deactivate() {
    let world = World::start();
    let root = world.admin();
    let create = ["user", "create", "bob", "--email", "bob@example.org", "--password-stdin", "--output", "json"];
    let created: Value = serde_json::from_str(&root.input(&create, PASSWORD).ok().out).expect("JSON");
    assert_eq!((&created["username"], &created["email"]), (&"bob".into(), &"bob@example.org".into()));
    root.input(&create, PASSWORD).ends_with(7);

    assert_eq!(root.json(&["user", "list"]).as_array().map(Vec::len), Some(2));
    assert_eq!(root.json(&["user", "list", "--query", "BO"]).as_array().map(Vec::len), Some(1));
    for name in ["@bob", "bob", "BOB", &created["id"].to_string()] {
        assert_eq!(root.json(&["user", "show", name])["id"], created["id"], "{name}");
    }
    assert_eq!(root.json(&["user", "edit", "@bob", "--full-name", "Bob B."])["full_name"], "Bob B.");
    assert_eq!(root.json(&["user", "edit", "@bob", "--full-name", ""])["full_name"], Value::Null);
    assert_eq!(root.json(&["user", "edit", "@bob", "--admin", "yes"])["is_admin"], true);

    let bob = world.stranger();
    bob.input(&["login", "-u", "bob", "--password-stdin"], PASSWORD).ok();
    root.run(&["user", "deactivate", "@root", "--yes"]).ends_with(7).says("your own account");
    root.run(&["user", "deactivate", "@bob"]).ends_with(2).says("give --yes");
    root.run(&["user", "deactivate", "@bob", "--dry-run"]).ok();
    bob.run(&["whoami"]).ok();
    root.run(&["user", "deactivate", "@bob", "--yes"]).ok().says("`syncspace user reactivate @bob`");
    bob.run(&["whoami"]).ends_with(4);
    assert_eq!(root.json(&["user", "show", "@bob"])["is_active"], false);
    bob.input(&["login", "-u", "bob", "--password-stdin"], PASSWORD).ends_with(5).says("switched off");
    assert_eq!(root.json(&["user", "reactivate", "@bob"])["is_active"], true);
    bob.input(&["login", "-u", "bob", "--password-stdin"], PASSWORD).ok();
}

#[test]
fn anybody_edits_their_own_profile_and_no_others() {
    let world = World::start();
    let (root, alice) = (world.admin(), world.person("alice"));
    assert_eq!(alice.json(&["user", "edit", "@alice", "--full-name", "A."])["full_name"], "A.");
    let own_id = alice.json(&["whoami"])["id"].to_string();
    let root_id = root.json(&["whoami"])["id"].to_string();
    alice.run(&["user", "edit", &own_id, "--admin", "yes"]).ends_with(5).says("cannot change user alice");
    let code = alice.run(&["user", "edit", &root_id, "--full-name", "R."]).code;
    assert!(matches!(code, Some(5 | 6)), "{code:?}");
    alice.run(&["user", "edit", "@alice", "--email", "nonsense"]).ends_with(2).says("--email nonsense");
}
