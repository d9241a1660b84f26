//! `audit …`, `server …`, and new passwords for those who lost theirs.

use serde_json::Value;

use crate::support::{PASSWORD, World};

const NEW_PASSWORD: &str = "another horse";

#[test]
fn who_lost_the_password_sets_a_new_one_by_a_code() {
    let world = World::start();
    let (root, alice) = (world.admin(), world.person("alice"));
    alice.run(&["user", "reset-password", "@alice"]).ends_with(5);
    let reset = root.run(&["user", "reset-password", "@alice", "--for", "1h", "--output", "json"]);
    let reset = reset.ok().says("syncspace password reset --server http");
    let reset: Value = serde_json::from_str(&reset.out).expect("JSON");
    let code = reset["code"].as_str().expect("a code");
    let laptop = world.stranger();
    laptop.run(&["password", "reset", "--no-input"]).ends_with(2).says("--stdin");
    laptop.input(&["password", "reset", "--stdin"], format!("{code}\nshort\n")).ends_with(2).says("10 to 256");
    let lines = format!("{code}\n{NEW_PASSWORD}\n");
    laptop.input(&["password", "reset", "--stdin"], lines.clone()).ok().says("as alice");
    assert_eq!(laptop.json(&["whoami"])["username"], "alice");
    alice.run(&["whoami"]).ends_with(4);
    laptop.input(&["password", "reset", "--stdin"], lines).ends_with(4).says("was used");
    alice.input(&["login", "-u", "alice", "--password-stdin"], PASSWORD).ends_with(4);
    alice.input(&["login", "-u", "alice", "--password-stdin"], NEW_PASSWORD).ok();
}

#[test]
fn the_audit_log_says_what_was_done() {
    let world = World::start();
    let (root, alice) = (world.admin(), world.person("alice"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    root.run(&["team", "join", "eng"]).ok();
    alice.run(&["member", "edit", "eng", "@root", "--role", "admin"]).ok();
    alice.run(&["audit", "list"]).ends_with(5);
    let lines = alice.json(&["audit", "list", "--team", "eng", "--action", "member"]);
    let told = |line: &Value| (line["action"].clone(), line["user_name"].clone());
    let told: Vec<_> = lines.as_array().expect("a list").iter().map(told).collect();
    assert_eq!(told[0], ("member.role_changed".into(), "root".into()), "the newest first");
    assert_eq!(told[1], ("member.joined".into(), "root".into()));
    let by = root.json(&["audit", "list", "--by", "@alice", "--action", "team.created", "-n", "1"]);
    assert_eq!((&by[0]["team_name"], &by[0]["actor_name"]), (&"eng".into(), &"alice".into()));
    let table = root.run(&["audit", "list", "--to", "@root", "--action", "member.role_changed"]).ok().out;
    assert!(table.contains("former_role=member role=admin"), "{table}");
    let csv = root.run(&["audit", "list", "--output", "csv"]).ok().out;
    assert!(csv.lines().next().is_some_and(|header| header.starts_with("at,action,actor")), "{csv}");
    root.run(&["audit", "list", "--action", "nonsense"]).ends_with(2).says("there are account, session, ");
    let help = root.run(&["audit", "list", "--help"]).ok().out;
    assert!(help.contains("\n  session: ended stolen\n"), "{help}");
    let none = root.run(&["audit", "list", "--until", "2020-01-01T00:00:00Z"]).ok();
    none.says("no lines in the audit log");
}

#[test]
fn an_administrator_settles_what_holds_for_the_whole_server() {
    let world = World::start();
    let (root, alice) = (world.admin(), world.person("alice"));
    alice.run(&["server", "settings"]).ends_with(5);
    alice.run(&["server", "banner", "set", "hi"]).ends_with(5);
    assert_eq!(root.json(&["server", "settings"])["registration"], Value::Null);
    root.run(&["server", "edit", "--registration", "closed"]).ok();
    let closed = world.stranger().input(&["register", "-u", "bob", "--password-stdin"], PASSWORD);
    let closed = closed.ends_with(5).says("takes no registration");
    assert!(!closed.talk.contains("hint"), "no code helps: {closed:?}");
    root.run(&["server", "edit", "--registration", "invite"]).ok();
    let by_invite = world.stranger().input(&["register", "-u", "bob", "--password-stdin"], PASSWORD).ends_with(5);
    by_invite.says("hint: ask for an invite and give it with --invite-code");
    root.run(&["server", "edit", "--registration", "configured"]).ok();
    world.person("bob");
    let banner = ["server", "banner", "set", "back at nine", "--warning", "--for", "8h"];
    root.run(&[&banner[..], &["--dry-run"]].concat()).ok();
    assert_eq!(root.json(&["server", "settings"])["banner"], Value::Null, "a plan changes nothing");
    let settings = root.json(&banner);
    assert_eq!(
        (&settings["banner"]["text"], &settings["banner"]["level"]),
        (&"back at nine".into(), &"warning".into())
    );
    assert_ne!(settings["banner"]["until"], Value::Null);
    let shown = root.json(&["server", "banner", "show"]);
    assert_eq!((&shown[0]["text"], shown[0]["until"].is_string()), (&"back at nine".into(), true));
    assert_eq!(root.json(&["server", "banner", "clear"])["banner"], Value::Null);
    root.run(&["server", "banner", "show"]).ok().says("no banners");
    let days = root.json(&["server", "statistics"]);
    assert_eq!((&days[0]["users"], &days[0]["messages"]), (&3.into(), &0.into()));
}

#[test]
fn administrators_filter_accounts() {
    let world = World::start();
    let (root, alice) = (world.admin(), world.person("alice"));
    world.person("bob");
    root.run(&["user", "deactivate", "@bob", "--yes"]).ok();
    let names = |arguments: &[&str]| {
        let listed = root.json(arguments);
        let names = listed.as_array().expect("a list").iter().map(|user| user["username"].as_str().unwrap_or_default());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(&["user", "list", "--active", "no"]), ["bob"]);
    assert_eq!(names(&["user", "list", "--active", "yes", "--admin", "no"]), ["alice"]);
    assert_eq!(names(&["user", "list", "--admin", "yes", "--query", "oo"]), ["root"]);
    alice.run(&["user", "list", "--active", "no"]).ends_with(5);
}

#[test]
fn an_administrator_erases_a_person_whose_name_it_types() {
    let world = World::start();
    let (root, alice) = (world.admin(), world.person("alice"));
    world.person("bob");
    alice.run(&["team", "create", "eng", "--public"]).ok();
    alice.run(&["user", "erase", "@bob", "--yes"]).ends_with(5);
    alice.run(&["user", "erasures"]).ends_with(5);
    root.run(&["user", "erase", "@alice", "--yes"]).ends_with(7).says("nobody else owns eng");
    root.run(&["user", "erase", "@root", "--yes"]).ends_with(7).says("your own account");
    let plan = root.json(&["user", "erase", "@alice", "--dry-run"]);
    assert_eq!((&plan["username"], &plan["owns_alone"][0]["name"]), (&"alice".into(), &"eng".into()));
    root.run(&["user", "erase", "@bob"]).ends_with(2).says("give --yes");
    root.run(&["user", "erasures"]).ok().says("no erasures");
    let erasure = root.json(&["user", "erase", "@bob", "--yes"]);
    let name = erasure["username"].as_str().expect("a name").to_owned();
    assert!(name.starts_with("erased-"), "{name}");
    assert_eq!(root.json(&["user", "erasures"])[0]["username"], name.as_str());
    root.run(&["user", "show", "@bob"]).ends_with(6);
    root.run(&["user", "reactivate", &name]).ends_with(7).says("was erased");
}
