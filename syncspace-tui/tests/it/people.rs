//! People at their terminals.

use std::process::Command;

use syncspace_client::{Client, ClientError, CredentialStore};
use syncspace_protocol::ChannelId;
use syncspace_protocol::messages::SendMessage;
use syncspace_testkit::terminal::{Key, Terminal};
use syncspace_testkit::{Proxy, ServerProcess, binary};
use tempfile::TempDir;

/// What a terminal says when its window is behind others, and when it is in front again.
pub(crate) const FOCUS_LOST: &str = "\x1b[O";
pub(crate) const FOCUS_GAINED: &str = "\x1b[I";

const PASSWORD: &str = "correct horse battery";

/// A person's terminal, with a folder for what the program saves.
pub(crate) struct Seat {
    pub(crate) terminal: Terminal,
    pub(crate) folder: TempDir,
}

/// Starts a server, with Alice in her team and its channel.
pub(crate) async fn alice() -> (ServerProcess, Seat) {
    let server = ServerProcess::start(&[]).await;
    let alice = alice_at(server.url());
    (server, alice)
}

/// Starts a server, with Alice and Bob in one channel.
pub(crate) async fn alice_and_bob() -> (ServerProcess, Seat, Seat) {
    let (server, alice) = alice().await;
    let bob = bob_at(server.url());
    (server, alice, bob)
}

/// Registers Alice, who makes the team.
pub(crate) fn alice_at(url: &str) -> Seat {
    let alice = sit_down("alice", &["--server", url]);
    alice.register("alice");
    alice.make_team();
    alice
}

/// Registers Bob, who joins the team.
pub(crate) fn bob_at(url: &str) -> Seat {
    let bob = sit_down("bob", &["--server", url]);
    bob.register("bob");
    bob.join_team();
    bob
}

/// Puts a line that can be cut before a server; gives the address through it.
pub(crate) async fn line_to(server: &ServerProcess) -> (Proxy, String) {
    let (proxy, url) = Proxy::before(server.url()).await;
    (proxy, url)
}

/// Sits somebody down before a fresh terminal.
pub(crate) fn sit_down(name: &str, arguments: &[&str]) -> Seat {
    sit_down_in(name, arguments, tempfile::tempdir().expect("a folder for the credentials"))
}

/// Sits somebody down who was here before.
pub(crate) fn sit_down_in(name: &str, arguments: &[&str], folder: TempDir) -> Seat {
    sit_down_with(name, arguments, folder, &[])
}

/// Sits somebody down who was here before, in a terminal of some kind.
pub(crate) fn sit_down_with(name: &str, arguments: &[&str], folder: TempDir, more: &[(&str, &str)]) -> Seat {
    let state_dir = folder.path().to_str().expect("a folder with a plain name").to_owned();
    let environment = [&[("SYNCSPACE_STATE_DIR", state_dir.as_str()), ("HOME", state_dir.as_str())], more].concat();
    Seat { terminal: Terminal::start(name, &binary("syncspace-tui"), arguments, &environment), folder }
}

/// Somebody at the server without a screen: sends a lot, and asks what counts.
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) channel: ChannelId,
}

impl Caller {
    /// Sends `number FIRST` to `number LAST`, each once.
    pub(crate) async fn send_numbers(&self, numbers: std::ops::RangeInclusive<u32>) {
        for number in numbers {
            self.send(&format!("number {number}")).await;
        }
    }

    pub(crate) async fn send(&self, content: &str) {
        let message = SendMessage { content: content.to_owned(), ..SendMessage::default() };
        let mut sent = self.client.send_message(self.channel, message.clone()).await;
        // Faster than people are: the server's limits hold here too.
        while let Some(wait) = sent.as_ref().err().and_then(ClientError::retry_after) {
            tokio::time::sleep(wait).await;
            sent = self.client.send_message(self.channel, message.clone()).await;
        }
        sent.expect("sent");
    }

    /// Waits until the server knows everything in the channel as read. It is asked not faster than it allows.
    pub(crate) async fn wait_until_read(&self) {
        while self.unread().await != 0 {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// Asks the server how many messages of the channel are unread.
    pub(crate) async fn unread(&self) -> u32 {
        let channel = self.client.channel(self.channel).await.expect("the channel");
        channel.membership.expect("joined").read.unread_count
    }
}

impl Seat {
    /// Fills in the form of the account, up to the choice of a team.
    pub(crate) fn register(&self, username: &str) {
        let screen = self.terminal.wait_for("Your account");
        // Registering comes first where nobody administers the server yet, and second everywhere else.
        if !screen.contains("(•) Make a new account") {
            self.terminal.press(Key::Up);
            self.terminal.press(Key::Down);
            self.terminal.wait_for("(•) Make a new account");
        }
        // Where the choice has the keys, what is typed goes to the name below it.
        for text in [username, PASSWORD, PASSWORD] {
            self.terminal.enter(text);
        }
        self.terminal.wait_for("Your team");
    }

    /// Makes the team `eng` and its channel `general`.
    pub(crate) fn make_team(&self) {
        self.terminal.enter("eng");
        self.terminal.wait_for("Your first channel");
        self.terminal.press(Key::Enter);
        self.terminal.wait_for("to #general");
        self.terminal.wait_for("The beginning of #general");
    }

    /// Joins the team `eng` and its channel `general`.
    pub(crate) fn join_team(&self) {
        self.terminal.wait_for("(•) Join eng");
        self.terminal.press(Key::Enter);
        self.terminal.wait_for("(•) Join #general");
        self.terminal.press(Key::Enter);
        self.terminal.wait_for("to #general");
    }

    /// Sends a message, and waits until it is committed.
    pub(crate) fn say(&self, text: &str) {
        self.terminal.enter(text);
        // In the composer it stands on the screen before it is sent; an empty one says so.
        let is_sent = |screen: &str| ["Write a message", text].iter().all(|part| screen.contains(part));
        self.terminal.wait_until(&format!("{text:?} sent"), |screen| is_sent(screen) && !screen.contains("sending"));
    }

    /// Logs in to an account that is there, from another machine.
    pub(crate) fn log_in(&self, username: &str) {
        self.terminal.wait_for("Your account");
        // From the name to the choice above it, and on to its second half.
        self.terminal.press(Key::Up);
        self.terminal.press(Key::Down);
        self.terminal.wait_for("(•) Log in");
        for text in [username, PASSWORD] {
            self.terminal.enter(text);
        }
        self.terminal.wait_for("to #general");
        self.terminal.wait_for("online");
    }

    /// Gives the same person without a screen.
    pub(crate) async fn caller(&self, url: &str) -> Caller {
        let store = CredentialStore::at(self.folder.path().join("credentials.json"));
        let client = Client::with_credentials(url.parse().expect("an address"), store).expect("a client");
        let channel = client.resolve_channel("eng/general").await.expect("the channel").channel.id;
        Caller { client, channel }
    }

    /// Goes to the list of messages.
    pub(crate) fn go_to_messages(&self) {
        self.terminal.press(Key::Escape);
        self.terminal.wait_for("▌");
    }

    /// Gives the text of the composer's rows: what stands between its border and the status line.
    pub(crate) fn composer(&self) -> String {
        composer(&self.terminal.screen())
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.terminal.pid().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().expect("kill runs").success());
    }

    /// Ends the program without a chance to say goodbye, and gives what it has kept.
    pub(crate) fn kill(mut self) -> TempDir {
        self.signal("KILL");
        self.terminal.wait_for_end();
        self.folder
    }
}

/// Gives the text of the composer's rows on a screen.
pub(crate) fn composer(screen: &str) -> String {
    let rows: Vec<&str> = screen.lines().collect();
    let border = rows.iter().rposition(|row| row.contains(" to #general") || row.contains("reply in thread"));
    rows[border.map_or(0, |at| at + 1)..rows.len() - 1].join("\n")
}

/// Gives the numbers of the messages on a screen that [`Caller::send_numbers`] sent.
pub(crate) fn numbers(screen: &str) -> Vec<u32> {
    screen.lines().filter_map(|line| line.split("number ").nth(1)?.trim().parse().ok()).collect()
}
