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

#[test]
fn imported_accounts_are_handed_to_their_people() {
    let world = World::start();
    let root = world.admin();
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("eng.jsonl");
    let lines = r#"{"type":"version","version":1}
{"type":"team","name":"eng","is_public":false}
{"type":"user","username":"bob","role":"member"}
{"type":"user","username":"carol","role":"member"}
{"type":"user","username":"gone"}
{"type":"end","messages":0}
"#;
    std::fs::write(&archive, lines).expect("writes");
    root.run(&["import", "syncspace", archive.to_str().expect("a path"), "--team", "eng"]).ok();
    assert_eq!(root.json(&["user", "list", "--unclaimed", "yes"]).as_array().map(Vec::len), Some(3));
    let plan = root.run(&["user", "hand-over", "--team", "eng", "--dry-run"]).ok().says("hand over 2 accounts");
    assert!(plan.out.contains("carol") && !plan.out.contains("gone"), "{}", plan.out);
    root.run(&["user", "reactivate", "@bob"]).ok().says("with the password that it had");

    root.run(&["user", "hand-over"]).ends_with(2).says("Hand over 2 accounts");
    let handed = root.json(&["user", "hand-over", "--team", "eng", "--yes"]);
    assert_eq!((&handed[0]["username"], &handed[1]["username"]), (&"bob".into(), &"carol".into()));
    let again = root.run(&["user", "hand-over", "@carol", "--for", "2h", "--output", "jsonl"]);
    let again: Value = serde_json::from_str(&again.ok().says("alone").out).expect("JSON");
    let carol = world.stranger();
    let by = |code: &Value| format!("{}\n{PASSWORD}\n", code.as_str().expect("a code"));
    carol.input(&["password", "reset", "--stdin"], by(&handed[1]["code"])).ends_with(4);
    carol.input(&["password", "reset", "--stdin"], by(&again["code"])).ok().says("as carol");
    assert_eq!(carol.json(&["team", "list"])[0]["name"], "eng");
    root.run(&["user", "hand-over", "@carol"]).ends_with(7).says("its person has set a password");
    assert_eq!(root.json(&["user", "hand-over", "--yes"]).as_array().map(Vec::len), Some(1), "bob still");
}
