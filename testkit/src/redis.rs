//! A private Redis, and places on it that tests do not share.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::daemon::{Daemon, free_port, temporary_folder};
use crate::programs::require_program;

const URL_VARIABLE: &str = "SYNCSPACE_TEST_REDIS_URL";
/// How often a start is tried again because another program took the port in between.
const STARTS: u32 = 3;

static SHARED: OnceLock<RedisServer> = OnceLock::new();

/// Where a test may write in Redis.
#[derive(Debug, Clone)]
pub struct RedisPlace {
    /// URL of the server, shared by the tests of this process.
    pub url: String,
    /// What every key and every pub/sub channel of the test must begin with: `t-…:`.
    pub prefix: String,
}

/// Gives the URL of the Redis that this test process shares.
///
/// It is a private one, started on first use, or the one `SYNCSPACE_TEST_REDIS_URL` names.
///
/// # Panics
/// If there is no server to use; the message says what to install.
pub async fn redis_url() -> String {
    redis_place().await.url
}

/// Gives the URL of the shared Redis and a prefix that no other test has.
///
/// # Panics
/// If there is no server to use; the message says what to install.
pub async fn redis_place() -> RedisPlace {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let url = match std::env::var(URL_VARIABLE) {
        Ok(url) => url,
        Err(_) => {
            let started = tokio::task::spawn_blocking(|| SHARED.get_or_init(RedisServer::start_now)).await;
            started.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())).url()
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    RedisPlace { url, prefix: format!("t-{:x}-{pid}-{count}:", now.as_millis()) }
}

/// A private server of one test, which may stop and start it. Dropping it removes everything.
pub struct RedisServer {
    port: u16,
    /// `None` while it is stopped.
    daemon: Option<Daemon>,
    folder: TempDir,
}

impl RedisServer {
    /// Starts an empty server.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub async fn start() -> Self {
        let started = tokio::task::spawn_blocking(Self::start_now).await;
        started.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Gives the server's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills the server; what it held is lost.
    pub fn kill(&mut self) {
        self.daemon = None;
    }

    /// Starts the server again, empty, on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&mut self) {
        let mut daemon = run_server(&self.folder, self.port);
        assert!(daemon.accepts_connections(self.port), "Redis did not start again\n{}", daemon.output());
        self.daemon = Some(daemon);
    }

    /// Holds the server as it is (SIGSTOP), until [`RedisServer::resume`].
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets a held server go on (SIGCONT).
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Empties the server.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn flush(&self) {
        let flushed = async {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
            stream.write_all(b"FLUSHALL\r\n").await?;
            stream.read_u8().await
        };
        assert_eq!(flushed.await.ok(), Some(b'+'), "Redis was not emptied");
    }

    fn signal(&self, name: &str) {
        if let Some(daemon) = &self.daemon {
            daemon.signal(name);
        }
    }

    fn start_now() -> Self {
        let folder = temporary_folder();
        for _ in 0..STARTS {
            let port = free_port();
            let mut daemon = run_server(&folder, port);
            if daemon.accepts_connections(port) {
                return Self { port, daemon: Some(daemon), folder };
            }
        }
        panic!("Redis does not start")
    }
}

fn run_server(folder: &TempDir, port: u16) -> Daemon {
    let mut command = Command::new(require_program(&["redis-server", "valkey-server"], "Redis", URL_VARIABLE));
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.arg("--dir").arg(folder.path());
    Daemon::start(folder.path(), &command)
}
