//! A server on either store, for tests that hold on both.

use std::process::Command;

use syncspace_client::{Client, CredentialStore};
use syncspace_protocol::auth::{Login, Secret};
use syncspace_testkit::{ServerProcess, binary};
use tempfile::TempDir;

use crate::world::{PASSWORD, registration};

const SECRET: (&str, &str) = ("SYNCSPACE_JWT_SECRET", "a signing secret of enough bytes");
const LIMITS: [&str; 6] = ["--bcrypt-cost", "4", "--login-attempts-per-minute", "0", "--requests-per-second", "0"];

/// Where a server keeps its data.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StoreKind {
    Sqlite,
    Mysql,
}

/// A running server, and the credentials of people on it.
pub(crate) struct Site {
    pub(crate) server: ServerProcess,
    /// The database, where it is no embedded store.
    database: Option<String>,
    folder: TempDir,
}

impl Site {
    pub(crate) async fn start(kind: StoreKind) -> Self {
        Self::start_with(kind, &[]).await
    }

    /// Starts a server with these environment variables.
    pub(crate) async fn start_with(kind: StoreKind, variables: &[(&str, &str)]) -> Self {
        let database = match kind {
            StoreKind::Sqlite => None,
            StoreKind::Mysql => Some(syncspace_testkit::mysql_database().await),
        };
        let server = match &database {
            None => ServerProcess::start_with_env(&LIMITS, variables).await,
            Some(database) => {
                let place = ["--database", database, "--registration", "open"];
                let arguments = [&place[..], &LIMITS].concat();
                ServerProcess::start_with_env(&arguments, &[&[SECRET], variables].concat()).await
            }
        };
        Self { server, database, folder: tempfile::tempdir().expect("a directory") }
    }

    /// Makes an account, and gives a client with it.
    pub(crate) async fn register(&self, name: &str) -> Client {
        let client = self.client(name, self.server.url());
        client.register(registration(name)).await.expect("registered");
        client
    }

    /// Makes the account of who administers the server, as whoever has the database at hand, and gives a client with it.
    pub(crate) async fn administrator(&self, name: &str) -> Client {
        let data = self.server.folder().join("data");
        let mut create = Command::new(binary("syncspace-server"));
        create.args(["admin", "create", "--bcrypt-cost", "4", "--username", name]).arg("--data-dir").arg(data);
        if let Some(database) = &self.database {
            create.args(["--database", database]).env(SECRET.0, SECRET.1);
        }
        let password = self.folder.path().join("password");
        std::fs::write(&password, PASSWORD).expect("writable");
        let made = create.arg("--password-file").arg(password).output().expect("runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        self.log_in(name, name, self.server.url()).await
    }

    /// Gives another device of somebody, whose line to the server has this URL.
    pub(crate) async fn log_in(&self, name: &str, device: &str, url: &str) -> Client {
        let client = self.client(device, url);
        let password = Secret(PASSWORD.to_owned());
        client.login(Login { username: name.to_owned(), password, device_name: None }).await.expect("logged in");
        client
    }

    fn client(&self, device: &str, url: &str) -> Client {
        let store = CredentialStore::at(self.folder.path().join(device).join("credentials.json"));
        Client::with_credentials(url.parse().expect("an address"), store).expect("a client")
    }
}

/// Writes seeds and figures where a failed run shows them.
#[expect(clippy::print_stdout, reason = "the harness keeps it, and shows it with a failure or on request")]
pub(crate) fn tell(line: &str) {
    println!("{line}");
}

/// Gives how many times as long a random run is to be as in the suite: what `SOAK` says.
pub(crate) fn times_as_long() -> usize {
    std::env::var("SOAK").map_or(1, |times| times.parse().expect("SOAK is a number"))
}
