//! Accounts and sessions.

use crate::support::{PASSWORD, Person, World};

#[test]
fn a_person_registers_logs_out_and_logs_in_again() {
    let world = World::start();
    let alice = world.stranger();
    let register = ["register", "-u", "alice", "--password-stdin", "--full-name", "Alice A."];
    alice.input(&register, PASSWORD).ok().says("registered and logged in to http://127.0.0.1:");
    let me = alice.json(&["whoami"]);
    assert_eq!((&me["username"], &me["full_name"]), (&"alice".into(), &"Alice A.".into()));
    assert_eq!(me["server"], world.server.url());

    alice.run(&["logout"]).ok().says("logged out");
    alice.run(&["whoami"]).ends_with(4).says(&format!("run `syncspace login --server {}`", world.server.url()));

    let secret = alice.state.path().join("secret");
    std::fs::write(&secret, format!("{PASSWORD}\n")).expect("a file");
    let secret = secret.to_str().expect("a path in UTF-8");
    alice.run(&["login", "-u", "alice", "--password-file", secret]).ok().says("logged in to");
    assert_eq!(alice.json(&["whoami"])["username"], "alice");
}

#[test]
fn the_server_logged_in_to_last_is_the_default() {
    let world = World::start();
    world.person("alice");
    let alice = Person::nobody();
    alice.input(&["login", "--server", world.server.url(), "-u", "alice", "--password-stdin"], PASSWORD).ok();
    assert_eq!(alice.json(&["whoami"])["server"], world.server.url());
    assert_eq!(alice.json(&["server", "status"])["server"], world.server.url());
}

#[test]
fn the_bootstrap_token_makes_an_administrator() {
    let world = World::start();
    assert_eq!(world.admin().json(&["whoami"])["is_admin"], true);
    assert_eq!(world.person("alice").json(&["whoami"])["is_admin"], false);
}

#[test]
fn server_status_needs_no_login() {
    let world = World::start();
    let status = world.stranger().json(&["server", "status"]);
    assert_eq!((&status["ready"], &status["product"]), (&true.into(), &"syncspace".into()));
    assert!(status["latency_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{status}");
    assert!(status["version"].is_string() && status["registration"].is_string(), "{status}");
}

#[test]
fn a_session_can_be_ended_from_another() {
    let world = World::start();
    let (laptop, phone) = (world.person("alice"), world.stranger());
    phone.input(&["login", "-u", "alice", "--password-stdin", "--device-name", "phone"], PASSWORD).ok();
    let sessions = laptop.json(&["session", "list"]);
    let sessions = sessions.as_array().expect("a list");
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| session["is_current"] == false).expect("the phone");
    assert_eq!(other["device_name"], "phone");
    laptop.run(&["session", "end", &other["id"].to_string()]).ok();
    assert_eq!(laptop.json(&["session", "list"]).as_array().map(Vec::len), Some(1));
    phone.run(&["whoami"]).ends_with(4).says("syncspace login");
}

#[test]
fn a_password_is_changed_from_two_lines() {
    let world = World::start();
    let alice = world.person("alice");
    let change = ["password", "change", "--password-stdin"];
    alice.input(&change, "not my password\nanother horse battery\n").ends_with(4);
    alice.input(&change, format!("{PASSWORD}\nshort\n")).ends_with(2).says("10 to 256 characters");
    alice.input(&change, format!("{PASSWORD}\nanother horse battery\n")).ok();
    alice.run(&["whoami"]).ok();
    let again = world.stranger();
    let login = ["login", "-u", "alice", "--password-stdin"];
    again.input(&login, PASSWORD).ends_with(4).says("check user name and password");
    again.input(&login, "another horse battery").ok();
}
