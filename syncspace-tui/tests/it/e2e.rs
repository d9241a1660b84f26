//! The whole system with the shipped programs: two people in two terminals and a script, on every kind of store.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use syncspace_testkit::terminal::{Key, Terminal};
use syncspace_testkit::{ServerProcess, binary, mysql_database, redis_url};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery";
/// Longest wait for one line of `message tail -f`. Generous: the machine may be busy with other tests.
const LINE_WAIT: Duration = Duration::from_secs(40);
/// The same on both instances, as an operator would set it.
const JWT_SECRET: &str = "end-to-end-end-to-end-end-to-end-end-to-end";

#[tokio::test(flavor = "multi_thread")]
async fn a_team_chats_on_one_embedded_server() {
    let server = ServerProcess::start(&["--registration", "open", "--bcrypt-cost", "4"]).await;
    let url = server.url().to_owned();
    blocking(move || a_team_chats(&url, &url)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_chats_across_two_servers_on_mysql_and_redis() {
    let (database, redis) = (mysql_database().await, redis_url().await);
    let arguments =
        ["--database", database.as_str(), "--redis", redis.as_str(), "--registration", "open", "--bcrypt-cost", "4"];
    let secret = [("SYNCSPACE_JWT_SECRET", JWT_SECRET)];
    // At once, as a deployment starts them: one migrates, the other waits for it.
    let (one, other) = tokio::join!(
        ServerProcess::start_with_env(&arguments, &secret),
        ServerProcess::start_with_env(&arguments, &secret)
    );
    let (here, there) = (one.url().to_owned(), other.url().to_owned());
    blocking(move || a_team_chats(&here, &there)).await;
}

#[test]
fn a_local_chat_brings_its_own_server_and_remembers() {
    let home: Home = Arc::new(tempfile::tempdir().expect("a folder"));
    let data = home.path().join("data");
    let _end = EndServer(&data);
    let arguments = ["--local", "--data-dir", path_text(&data)];
    let mut alice = Person::open_at("alice", Arc::clone(&home), &arguments);
    alice.register();
    alice.make_team("eng");
    alice.make_first_channel();
    alice.terminal.enter("note to self");
    alice.sees_message("alice", "note to self");
    assert!(data.join("server.json").exists(), "its server runs on this data");

    // A second terminal finds that server, as somebody else.
    let mut bob = Person::open_at("bob", Arc::clone(&home), &[arguments.as_slice(), &["--profile", "bob"]].concat());
    bob.register();
    bob.join_team("eng");
    alice.leave();
    assert!(data.join("server.json").exists(), "the server stays for the second terminal");
    bob.join_first_channel("general");
    bob.sees_message("alice", "note to self");
    bob.leave();
    assert!(!data.join("server.json").exists(), "the server ends with the last terminal");

    let mut again = Person::open_at("alice", home, &arguments);
    again.sees_message("alice", "note to self");
    again.leave();
}

/// Ends the server of a data directory if a failed test has left it.
struct EndServer<'a>(&'a Path);

impl Drop for EndServer<'_> {
    fn drop(&mut self) {
        let Ok(note) = std::fs::read(self.0.join("server.json")) else { return };
        let note: serde_json::Value = serde_json::from_slice(&note).unwrap_or_default();
        if let Some(pid) = note["pid"].as_u64() {
            let _ended = Command::new("kill").arg(pid.to_string()).status();
        }
    }
}

/// Runs what waits for terminals beside the runtime, and fails as it fails.
async fn blocking(test: impl FnOnce() + Send + 'static) {
    if let Err(failed) = tokio::task::spawn_blocking(test).await {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// Alice on one server, Bob on the other, Carol as a script on each.
fn a_team_chats(alices_server: &str, bobs_server: &str) {
    let mut alice = Person::open("alice", alices_server);
    alice.register();
    alice.make_team("eng");
    alice.make_first_channel();

    let mut bob = Person::open("bob", bobs_server);
    bob.register();
    bob.join_team("eng");
    bob.join_first_channel("general");

    they_see_each_other_live(&alice, &bob);
    a_script_takes_part(&alice, &bob, alices_server, bobs_server);

    bob.leave();
    alice.sees_offline("bob");
    alice.leave();
}

fn they_see_each_other_live(alice: &Person, bob: &Person) {
    // Presence stands beside the people of direct channels.
    alice.write_to("bob", "are you there?");
    alice.sees_online("bob");
    bob.sees_online("alice");
    alice.terminal.press(Key::Alt('s'));
    alice.terminal.wait_for_no("are you there?");

    alice.terminal.type_text("good morning");
    bob.terminal.wait_for("alice is typing");
    alice.terminal.press(Key::Enter);
    bob.sees_message("alice", "good morning");
    bob.terminal.wait_for_no("alice is typing");

    bob.terminal.enter("hello alice");
    alice.sees_message("bob", "hello alice");
    bob.sees_message("bob", "hello alice");
}

fn a_script_takes_part(alice: &Person, bob: &Person, alices_server: &str, bobs_server: &str) {
    let carol = Script::new("carol", alices_server);
    carol.run_with_password(&["register", "--username", "carol"]);
    assert_eq!(carol.run(&["whoami", "--output", "json"])["username"], "carol");
    carol.run(&["team", "join", "eng"]);
    carol.run(&["channel", "join", "eng/general"]);
    let tail = carol.tail("eng/general");
    carol.run(&["message", "send", "eng/general", "the build is green"]);
    alice.sees_message("carol", "the build is green");
    bob.sees_message("carol", "the build is green");

    // The same account from a second machine, on the other server.
    let elsewhere = Script::new("carol", bobs_server);
    elsewhere.run_with_password(&["login", "--username", "carol"]);
    elsewhere.run(&["message", "send", "eng/general", "and deployed"]);
    bob.terminal.enter("thanks");
    alice.sees_message("carol", "and deployed");
    alice.sees_message("bob", "thanks");

    let told = tail.contents(5);
    let expected = ["good morning", "hello alice", "the build is green", "and deployed", "thanks"];
    assert_eq!(told, expected, "what `message tail -f` printed");
}

/// A person's own folder, where programs keep what they know.
type Home = Arc<TempDir>;

/// Somebody in front of the terminal client.
struct Person {
    name: &'static str,
    terminal: Terminal,
    _home: Home,
}

impl Person {
    /// Opens the client for the first time on a machine.
    fn open(name: &'static str, server: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        Self::open_at(name, Arc::new(home), &["--server", server])
    }

    fn open_at(name: &'static str, home: Home, arguments: &[&str]) -> Self {
        let terminal = Terminal::start(name, &binary("syncspace-tui"), arguments, &[("HOME", path_text(home.path()))]);
        Self { name, terminal, _home: home }
    }

    fn register(&self) {
        let screen = self.terminal.wait_for("Your account");
        // Where registering is not what the form offers first, it is the choice below, above the first text.
        if !screen.contains("Password again") {
            if screen.contains('›') {
                self.terminal.press(Key::BackTab);
            }
            self.terminal.press(Key::Down);
            self.terminal.wait_for("Password again");
        }
        self.go_to_text();
        self.terminal.enter(self.name);
        self.terminal.enter(PASSWORD);
        self.terminal.enter(PASSWORD);
        self.terminal.wait_for("Your team");
    }

    /// Goes on to the form's first field that takes text, unless the cursor is in one.
    fn go_to_text(&self) {
        if !self.terminal.screen().contains('›') {
            self.terminal.press(Key::Enter);
            self.terminal.wait_for("›");
        }
    }

    fn make_team(&self, team: &str) {
        self.terminal.wait_for("Name of the team");
        self.go_to_text();
        self.terminal.enter(team);
        self.terminal.wait_for_no("Name of the team");
    }

    fn join_team(&self, team: &str) {
        self.terminal.wait_for(&format!("Join {team}"));
        self.terminal.press(Key::Enter);
        self.terminal.wait_for_no("Your team");
    }

    /// A new team leads to its first channel, with a name to start from.
    fn make_first_channel(&self) {
        let form = self.terminal.wait_for("Name of the channel");
        assert!(form.contains("general"), "{form}");
        self.terminal.press(Key::Enter);
        self.terminal.wait_for_no("Name of the channel");
        self.terminal.wait_for("#general");
    }

    /// A team without one's own channels leads to those that can be joined.
    fn join_first_channel(&self, channel: &str) {
        self.terminal.wait_for(&format!("Join #{channel}"));
        self.terminal.press(Key::Enter);
        self.terminal.wait_for_no("I want to");
        self.terminal.wait_for(&format!("#{channel}"));
    }

    fn write_to(&self, name: &str, content: &str) {
        self.terminal.press(Key::Alt('d'));
        self.terminal.wait_for("Go to");
        self.terminal.type_text(name);
        self.terminal.wait_for("· person");
        self.terminal.press(Key::Enter);
        // Open once the side bar marks it, whatever it knows of the person's presence.
        self.terminal.wait_until(&format!("open channel with {name}"), |screen| {
            ['●', '○', '·'].iter().any(|presence| screen.contains(&format!("›{presence} {name}")))
        });
        self.terminal.enter(content);
        self.sees_message(self.name, content);
    }

    fn sees_message(&self, sender: &str, content: &str) {
        self.terminal.wait_until(&format!("{content:?} by {sender}"), |screen| {
            let before = screen.split(content).next().filter(|before| before.len() < screen.len());
            before.is_some_and(|before| before.contains(sender))
        });
    }

    fn sees_online(&self, name: &str) {
        self.terminal.wait_for(&format!("● {name}"));
    }

    fn sees_offline(&self, name: &str) {
        self.terminal.wait_for(&format!("○ {name}"));
    }

    fn leave(&mut self) {
        self.terminal.press(Key::Control('q'));
        assert_eq!(self.terminal.wait_for_end(), 0, "{} leaves", self.name);
        assert!(self.terminal.is_restored(), "the terminal of {} is left as it was found", self.name);
    }
}

/// Somebody at the command line.
struct Script {
    server: String,
    home: TempDir,
    password: PathBuf,
}

impl Script {
    fn new(name: &str, server: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let password = home.path().join(format!("{name}.secret"));
        std::fs::write(&password, PASSWORD).expect("a file");
        Self { server: server.to_owned(), home, password }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("syncspace"));
        command.env_clear().env("HOME", self.home.path()).env("SYNCSPACE_SERVER", &self.server);
        command.arg("--no-input").args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed, and gives what it prints: JSON, or text.
    fn run(&self, arguments: &[&str]) -> serde_json::Value {
        let done = self.command(arguments).output().expect("it starts");
        let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "syncspace {arguments:?}: {}\n{said}{complained}", done.status);
        serde_json::from_str(&said).unwrap_or_else(|_| said.into_owned().into())
    }

    fn run_with_password(&self, arguments: &[&str]) {
        let file = path_text(&self.password);
        self.run(&[arguments, &["--password-file", file]].concat());
    }

    /// Follows a channel from its first message.
    fn tail(&self, channel: &str) -> Tail {
        let arguments = ["message", "tail", channel, "-f", "--since", "0", "--output", "jsonl"];
        let mut process = self.command(&arguments).stdout(Stdio::piped()).spawn().expect("it starts");
        let output = process.stdout.take().expect("its output is a pipe");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // Ends with the output, or once nobody reads the lines any more.
            let _unread = BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line));
        });
        Tail { process, lines }
    }
}

/// A running `message tail -f`. Dropping it ends it.
struct Tail {
    process: Child,
    lines: Receiver<String>,
}

impl Tail {
    /// Reads that many messages, and gives their content.
    fn contents(self, count: usize) -> Vec<String> {
        (0..count).map(|_| content_of(&self.lines.recv_timeout(LINE_WAIT).expect("another line in time"))).collect()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.process.kill().expect("it can be ended");
        self.process.wait().expect("it has ended");
    }
}

fn content_of(line: &str) -> String {
    let message: serde_json::Value = serde_json::from_str(line).expect("a line of jsonl");
    message["content"].as_str().expect("a message has content").to_owned()
}

fn path_text(path: &Path) -> &str {
    path.to_str().expect("a path of plain text")
}
