//! A server of one's own, and people on it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use syncspace_client::{Client, CredentialStore, Update};
use syncspace_protocol::auth::Register;
use syncspace_protocol::channels::{CreateChannel, MyChannel, NewChannel};
use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::socket::Hello;
use syncspace_protocol::teams::{CreateTeam, MyTeam};
use syncspace_testkit::ServerProcess;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Longest wait for anything in these tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server that can be killed and started again, and the folder of everything that outlives it.
pub(crate) struct World {
    pub(crate) server: ServerProcess,
    folder: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let server = start_server(folder.path(), "127.0.0.1:0").await;
        Self { server, folder }
    }

    /// Starts the server again where it was.
    pub(crate) async fn restart(&mut self) {
        self.server.kill();
        let address = self.server.url().trim_start_matches("http://").to_owned();
        self.server = start_server(self.folder.path(), &address).await;
    }

    /// Gives a client with an account of its own, whose credentials are in [`Self::credentials`].
    pub(crate) async fn register(&self, name: &str) -> Client {
        let client = self.client(name);
        client.register(registration(name)).await.expect("registered");
        client
    }

    /// Gives a client as another program of the same person would have.
    pub(crate) fn client(&self, name: &str) -> Client {
        let server = self.server.url().parse().expect("an address");
        Client::with_credentials(server, CredentialStore::at(self.credentials(name))).expect("a client")
    }

    /// Gives such a client that reaches the server at another address.
    pub(crate) async fn client_at(&self, name: &str, address: &str) -> Client {
        let client = Client::new(address.parse().expect("an address")).expect("a client");
        let login = serde_json::json!({"username": name, "password": "correct horse battery"});
        client.login(serde_json::from_value(login).expect("a body")).await.expect("logged in");
        client
    }

    pub(crate) fn credentials(&self, name: &str) -> PathBuf {
        self.folder.path().join(name).join("credentials.json")
    }

    /// Changes the saved credentials as text.
    pub(crate) fn edit_credentials(&self, name: &str, edit: impl FnOnce(&mut serde_json::Value)) {
        let path = self.credentials(name);
        let text = std::fs::read_to_string(&path).expect("readable");
        let mut file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let server = file["servers"].as_object_mut().and_then(|servers| servers.values_mut().next());
        edit(server.expect("a login"));
        std::fs::write(&path, file.to_string()).expect("writable");
    }
}

async fn start_server(folder: &Path, address: &str) -> ServerProcess {
    let data = folder.join("data");
    let data = data.to_str().expect("a path in UTF-8");
    let limits = ["--bcrypt-cost", "4", "--login-attempts-per-minute", "0", "--requests-per-second", "0"];
    ServerProcess::start(&[&["--listen", address, "--data-dir", data], &limits[..]].concat()).await
}

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) fn registration(name: &str) -> Register {
    Register {
        username: name.parse().expect("a name"),
        password: PASSWORD.parse().expect("a password"),
        email: None,
        full_name: None,
        device_name: Some("test".to_owned()),
        bootstrap_token: None,
        invite_code: None,
    }
}

/// Makes a public team with a public channel, and brings the others in.
pub(crate) async fn team_and_channel(owner: &Client, others: &[&Client]) -> (MyTeam, MyChannel) {
    let team = CreateTeam { name: "eng".parse().expect("a name"), description: None, is_public: true };
    let team = owner.create_team(team).await.expect("a team");
    let channel = NewChannel { name: "talk".parse().expect("a name"), description: None };
    let channel = owner.create_channel(team.team.id, CreateChannel::Public(channel)).await.expect("a channel");
    for other in others {
        other.join_team(team.team.id).await.expect("in the team");
        other.join_channel(channel.channel.id).await.expect("in the channel");
    }
    (team, channel)
}

pub(crate) fn text(content: &str) -> SendMessage {
    SendMessage {
        content: content.to_owned(),
        client_id: Some(format!("id-{content}").parse().expect("a client id")),
        ..SendMessage::default()
    }
}

pub(crate) async fn next(updates: &mut mpsc::Receiver<Update>) -> Update {
    timeout(PATIENCE, updates.recv()).await.expect("an update in time").expect("an open connection")
}

/// Waits until the connection stands.
pub(crate) async fn connected(updates: &mut mpsc::Receiver<Update>) -> Box<Hello> {
    loop {
        if let Update::Connected(hello) = next(updates).await {
            return hello;
        }
    }
}
