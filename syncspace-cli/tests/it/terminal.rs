//! A person at a terminal: hidden passwords, questions, Ctrl+C.

use std::path::Path;

use syncspace_testkit::terminal::{Key, Terminal};

use crate::support::{PASSWORD, Person, World, program};

fn start(person: &Person, program: &Path, arguments: &[&str]) -> Terminal {
    let environment = person.environment();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Terminal::start(&arguments.join(" "), program, arguments, &environment)
}

fn terminal(person: &Person, arguments: &[&str]) -> Terminal {
    start(person, &program(), arguments)
}

#[test]
fn a_password_is_asked_for_and_not_shown() {
    let world = World::start();
    let alice = world.stranger();
    let mut register = terminal(&alice, &["register", "-u", "alice"]);
    register.wait_for("Password of alice at http://");
    register.enter(PASSWORD);
    register.wait_for("Again: ");
    register.enter(PASSWORD);
    let screen = register.wait_for("registered and logged in");
    assert!(!screen.contains(PASSWORD), "{screen}");
    assert_eq!(register.wait_for_end(), 0);
    alice.run(&["whoami"]).ok();

    let mut login = terminal(&alice, &["login"]);
    login.wait_for("User name: ");
    login.enter("alice");
    login.wait_for("Password of alice");
    login.type_text("wrong");
    login.press(Key::Control('u'));
    login.enter(PASSWORD);
    login.wait_for("logged in to");
    assert_eq!(login.wait_for_end(), 0);
}

#[test]
fn ctrl_c_at_a_password_ends_it_and_brings_the_echo_back() {
    let nobody = Person::nobody();
    let arguments = ["login", "-u", "alice", "--server", "http://127.0.0.1:9"];
    let mut login = terminal(&nobody, &arguments);
    login.wait_for("Password of alice");
    login.press(Key::Control('c'));
    assert_eq!(login.wait_for_end(), 130);

    let script = format!("{} {}; stty -a | grep -wo -e '-*echo'", program().display(), arguments.join(" "));
    let mut shell = start(&nobody, Path::new("/bin/sh"), &["-c", &script]);
    shell.wait_for("Password of alice");
    shell.press(Key::Control('c'));
    shell.wait_until("echo is on", |screen| screen.lines().any(|line| line == "echo"));
    assert_eq!(shell.wait_for_end(), 0);
}

#[test]
fn a_no_leaves_everything_as_it_is() {
    let world = World::start();
    let alice = world.person("alice");
    alice.run(&["team", "create", "eng"]).ok();
    for answer in ["n", ""] {
        let mut delete = terminal(&alice, &["team", "delete", "eng"]);
        delete.wait_for("Delete the team eng with all its channels and messages? [y/N]");
        delete.enter(answer);
        delete.wait_for("cancelled; nothing was changed");
        assert_eq!(delete.wait_for_end(), 3);
    }
    let mut refused = terminal(&alice, &["team", "delete", "eng", "--no-input"]);
    refused.wait_for("give --yes");
    assert_eq!(refused.wait_for_end(), 2);
    alice.run(&["team", "show", "eng"]).ok();
    let mut delete = terminal(&alice, &["team", "delete", "eng"]);
    delete.wait_for("[y/N]");
    delete.enter("y");
    delete.wait_for("team eng deleted");
    assert_eq!(delete.wait_for_end(), 0);
}

#[test]
fn ctrl_c_ends_a_tail() {
    let world = World::start();
    let alice = world.person("alice");
    alice.run(&["team", "create", "eng"]).ok();
    alice.run(&["channel", "create", "eng/lounge"]).ok();
    alice.run(&["message", "send", "eng/lounge", "hello"]).ok();
    let mut tail = terminal(&alice, &["message", "tail", "eng/lounge", "-f"]);
    tail.wait_for("alice: hello");
    tail.press(Key::Control('c'));
    assert_eq!(tail.wait_for_end(), 130);
}

#[test]
fn a_person_is_erased_by_the_name_that_is_typed() {
    let world = World::start();
    let root = world.admin();
    world.person("alice");
    for (answer, code) in [("y", 3), ("bob", 3), ("@alice", 0)] {
        let mut erase = terminal(&root, &["user", "erase", "@alice"]);
        erase.wait_for("0 messages, 0 reactions");
        erase.wait_for("Type the username");
        erase.enter(answer);
        assert_eq!(erase.wait_for_end(), code, "{answer}");
    }
    root.run(&["user", "show", "@alice"]).ends_with(6);
}
