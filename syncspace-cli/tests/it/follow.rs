//! Commands that run on while things happen: `message tail`, and `message send` through a crash of the server.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Person, World, program};

/// Longest wait for a line; a test machine may be busy.
const LINE_WAIT: Duration = Duration::from_secs(40);

/// A command that runs on, and the lines of its standard output. Dropping it ends the command.
struct Following {
    child: Child,
    lines: Receiver<String>,
}

impl Following {
    fn start(person: &Person, arguments: &[&str]) -> Self {
        Self::start_with_input(person, arguments, String::new())
    }

    fn start_with_input(person: &Person, arguments: &[&str], input: String) -> Self {
        let mut child = Command::new(program())
            .env_clear()
            .envs(person.environment())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // The command may end before it has read everything, which is for the test to judge.
        std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let lines = lines_of(child.stdout.take().expect("a pipe"));
        Self { child, lines }
    }

    #[track_caller]
    fn next(&mut self) -> Value {
        match self.lines.recv_timeout(LINE_WAIT) {
            Ok(line) => serde_json::from_str(&line).expect("an object per line"),
            Err(error) => {
                drop(self.child.kill());
                let mut talk = String::new();
                drop(self.child.stderr.take().expect("a pipe").read_to_string(&mut talk));
                panic!("no line: {error}\n{talk}");
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn lines_of(out: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn lounge(world: &World) -> (Person, Person) {
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    alice.run(&["channel", "create", "eng/lounge"]).ok();
    bob.run(&["team", "join", "eng"]).ok();
    bob.run(&["channel", "join", "eng/lounge"]).ok();
    (alice, bob)
}

#[test]
fn what_is_sent_arrives_where_it_is_followed() {
    let world = World::start();
    let (alice, bob) = lounge(&world);
    alice.input(&["message", "send", "eng/lounge", "--lines"], "one\ntwo\nthree\n").ok();
    let mut tail = Following::start(&bob, &["message", "tail", "eng/lounge", "-f", "-n", "2", "-o", "jsonl"]);
    assert_eq!(tail.next()["content"], "two");
    assert_eq!(tail.next()["content"], "three");
    for number in 4..=20_u64 {
        alice.run(&["message", "send", "eng/lounge", &format!("message {number}")]).ok();
        let message = tail.next();
        assert_eq!((&message["seq"], &message["sender"]), (&number.into(), &"alice".into()));
    }
}

#[test]
fn nothing_is_lost_or_doubled_while_many_write() {
    let world = World::start();
    let (alice, bob) = lounge(&world);
    alice.run(&["message", "send", "eng/lounge", "first"]).ok();
    let mut tail = Following::start(&bob, &["message", "tail", "eng/lounge", "-f", "-n", "1", "-o", "jsonl"]);
    assert_eq!(tail.next()["seq"], 1);
    let lines = |name: &str| -> String { (0..60).map(|number| format!("{name} {number}\n")).collect() };
    std::thread::scope(|scope| {
        for (person, name) in [(&alice, "a"), (&bob, "b"), (&alice, "c")] {
            scope.spawn(move || person.input(&["message", "send", "eng/lounge", "--lines"], lines(name)).ok());
        }
    });
    for seq in 2..=181_u64 {
        assert_eq!(tail.next()["seq"], seq);
    }
}

#[test]
fn only_members_follow() {
    let world = World::start();
    let (alice, bob) = lounge(&world);
    alice.run(&["channel", "create", "eng/other"]).ok();
    let tail = bob.run(&["message", "tail", "eng/other", "-f"]);
    tail.ends_with(5).says("syncspace channel join eng/other");
}

#[test]
fn a_follower_survives_a_server_that_comes_back() {
    let folder = tempfile::tempdir().expect("a directory");
    let data = folder.path().to_str().expect("a path in UTF-8");
    let mut world = World::start_with(&["--data-dir", data]);
    let (alice, bob) = lounge(&world);
    let mut tail = Following::start(&bob, &["message", "tail", "eng/lounge", "-f", "--since", "0", "-o", "jsonl"]);
    alice.run(&["message", "send", "eng/lounge", "before"]).ok();
    assert_eq!(tail.next()["content"], "before");

    let address = world.server.url().trim_start_matches("http://").to_owned();
    world.server.kill();
    let world = World::start_with(&["--data-dir", data, "--listen", &address]);
    alice.input(&["message", "send", "eng/lounge", "--lines"], "one\ntwo\nthree\n").ok();
    for (content, seq) in [("one", 2), ("two", 3), ("three", 4)] {
        let message = tail.next();
        assert_eq!((&message["content"], &message["seq"]), (&content.into(), &seq.into()));
    }
    drop(world);
}

#[test]
fn lines_arrive_exactly_once_through_a_crash_of_the_server() {
    const LINES: u64 = 150;
    let folder = tempfile::tempdir().expect("a directory");
    let data = folder.path().to_str().expect("a path in UTF-8");
    // The list at the end must not meet the limit that so many sends have used up.
    let unlimited = ["--data-dir", data, "--requests-per-second", "0"];
    let mut world = World::start_with(&unlimited);
    let (alice, _bob) = lounge(&world);
    let input: String = (1..=LINES).map(|number| format!("line {number}\n")).collect();
    let send = ["message", "send", "eng/lounge", "--lines", "-o", "jsonl"];
    let mut sending = Following::start_with_input(&alice, &send, input);
    for seq in 1..=20_u64 {
        assert_eq!(sending.next()["seq"], seq);
    }
    let address = world.server.url().trim_start_matches("http://").to_owned();
    world.server.kill();
    let _world = World::start_with(&[unlimited.as_slice(), &["--listen", &address]].concat());
    for seq in 21..=LINES {
        let message = sending.next();
        assert_eq!((&message["seq"], &message["content"]), (&seq.into(), &format!("line {seq}").into()));
    }
    assert_eq!(sending.child.wait().expect("the command ends").code(), Some(0));
    let log = alice.json(&["message", "list", "eng/lounge", "-n", "1000"]);
    assert_eq!(u64::try_from(log.as_array().expect("a list").len()), Ok(LINES));
}

#[test]
fn a_channel_that_is_lost_ends_the_tail() {
    let world = World::start();
    let (alice, bob) = lounge(&world);
    let mut tail = Following::start(&bob, &["message", "tail", "eng/lounge", "-f", "-n", "5", "-o", "jsonl"]);
    alice.run(&["message", "send", "eng/lounge", "hello"]).ok();
    assert_eq!(tail.next()["content"], "hello");
    alice.run(&["channel", "delete", "eng/lounge", "--yes"]).ok();
    let status = tail.child.wait().expect("the command ends");
    assert_eq!(status.code(), Some(6));
}
