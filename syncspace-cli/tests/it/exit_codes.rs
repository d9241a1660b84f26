//! Exit codes, provoked for real; others of them are met all over these tests.

use crate::support::{PASSWORD, World};

#[test]
fn refusals_have_codes_of_their_own() {
    let world = World::start();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    bob.run(&["team", "join", "eng"]).ok();
    bob.run(&["team", "edit", "eng", "--name", "mine"]).ends_with(5).says("cannot change the team eng");
    bob.run(&["team", "show", "nowhere"]).ends_with(6).says("nowhere");
    alice.run(&["team", "create", "eng"]).ends_with(7);
    alice.run(&["team", "create", "x", "--description", &"x".repeat(1_001)]).ends_with(2);
    bob.input(&["login", "-u", "bob", "--password-stdin"], "wrong password").ends_with(4);
}

#[test]
fn too_many_logins_are_told_when_to_come_back() {
    let world = World::start_with(&["--login-attempts-per-minute", "1"]);
    let alice = world.stranger();
    let login = ["login", "-u", "alice", "--password-stdin"];
    alice.input(&login, PASSWORD).ends_with(4);
    alice.input(&login, PASSWORD).ends_with(8).says("hint: try again in ");
}

#[test]
fn registration_that_is_closed_is_forbidden() {
    let world = World::start_with(&["--registration", "closed"]);
    world.stranger().input(&["register", "-u", "alice", "--password-stdin"], PASSWORD).ends_with(5);
}

#[test]
fn a_server_that_went_away_is_unavailable() {
    let mut world = World::start();
    let alice = world.person("alice");
    alice.run(&["whoami"]).ok();
    world.server.kill();
    alice.run(&["whoami"]).ends_with(9).says("cannot reach the server at");
    alice.run(&["server", "status"]).ends_with(9);
}
