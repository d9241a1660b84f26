//! A private MariaDB or MySQL, and fresh databases on it.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use tempfile::TempDir;

use crate::daemon::{Daemon, free_port, run_to_end, temporary_folder};
use crate::programs::{find_program, require_program};

const URL_VARIABLE: &str = "SYNCSPACE_TEST_MYSQL_URL";
/// How often a start is tried again because another program took the port in between.
const STARTS: u32 = 3;

static SHARED: OnceLock<MysqlServer> = OnceLock::new();

/// Gives the URL of a fresh, empty database on the server that this test process shares.
///
/// The server is a private one, started on first use, or the one `SYNCSPACE_TEST_MYSQL_URL` names; on the latter the
/// databases (`syncspace_test_…`) stay behind.
///
/// # Panics
/// If there is no server to use; the message says what to install.
pub async fn mysql_database() -> String {
    match std::env::var(URL_VARIABLE) {
        Ok(url) => make_database(&url).await,
        Err(_) => {
            let started = tokio::task::spawn_blocking(|| SHARED.get_or_init(MysqlServer::start_now)).await;
            let server = started.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            make_database(&server.url).await
        }
    }
}

/// A private server. Dropping it removes everything.
pub struct MysqlServer {
    url: String,
    port: u16,
    /// `None` while it is stopped.
    daemon: Option<Daemon>,
    folder: TempDir,
}

impl MysqlServer {
    /// Starts an empty server of one test, which may stop and start it.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub async fn start() -> Self {
        let started = tokio::task::spawn_blocking(Self::start_now).await;
        started.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Makes a fresh, empty database and gives its URL.
    pub async fn database(&self) -> String {
        make_database(&self.url).await
    }

    /// Kills the server (SIGKILL). What it acknowledged stays: its commits are durable.
    pub fn kill(&mut self) {
        self.daemon = None;
    }

    /// Starts the server again on the same port with what it had, and waits until it accepts connections.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&mut self) {
        let mut daemon = run_server(self.folder.path(), self.port);
        let is_up = daemon.accepts_connections(self.port);
        assert!(is_up, "the database did not start again; its log:\n{}", server_log(self.folder.path()));
        self.daemon = Some(daemon);
    }

    /// Holds the server as it is (SIGSTOP), until [`MysqlServer::resume`].
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets a held server go on (SIGCONT).
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        if let Some(daemon) = &self.daemon {
            daemon.signal(name);
        }
    }

    fn start_now() -> Self {
        let folder = temporary_folder();
        make_data_folder(folder.path());
        for _ in 0..STARTS {
            let port = free_port();
            let mut daemon = run_server(folder.path(), port);
            if daemon.accepts_connections(port) {
                let url = format!("mysql://root@127.0.0.1:{port}");
                return Self { url, port, daemon: Some(daemon), folder };
            }
        }
        panic!("the database does not start; its log:\n{}", server_log(folder.path()))
    }
}

fn server_program() -> std::path::PathBuf {
    require_program(&["mariadbd", "mysqld"], "MariaDB or MySQL", URL_VARIABLE)
}

fn make_data_folder(folder: &Path) {
    let user = format!("--user={}", user_name());
    let data = format!("--datadir={}", folder.join("data").display());
    let server = server_program();
    match find_program(&["mariadb-install-db", "mysql_install_db"]) {
        Some(install) => run_to_end(
            &install,
            &["--no-defaults", &data, &user, "--auth-root-authentication-method=normal", "--skip-test-db"],
        ),
        None => run_to_end(&server, &["--no-defaults", "--initialize-insecure", &data, &user]),
    }
}

/// The pool is taken as it fills: a few MB for most tests, all of it for a million messages. Commits are as durable as the
/// product wants them.
fn run_server(folder: &Path, port: u16) -> Daemon {
    let mut command = Command::new(server_program());
    command.arg("--no-defaults").arg(format!("--user={}", user_name()));
    command.arg(format!("--datadir={}", folder.join("data").display()));
    command.arg(format!("--socket={}", folder.join("socket").display()));
    command.arg(format!("--pid-file={}", folder.join("pid").display()));
    command.arg(format!("--log-error={}", folder.join("server.err").display()));
    command.arg(format!("--port={port}"));
    command.args(["--bind-address=127.0.0.1", "--innodb-buffer-pool-size=512M", "--innodb-flush-log-at-trx-commit=1"]);
    command.args(["--sync-binlog=1", "--max-connections=400", "--performance-schema=OFF", "--loose-mysqlx=OFF"]);
    Daemon::start(folder, &command)
}

fn server_log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("server.err")).unwrap_or_default()
}

fn user_name() -> String {
    let done = Command::new("id").arg("-un").output().unwrap_or_else(|error| panic!("cannot start id: {error}"));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

async fn make_database(server: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let name = format!("syncspace_test_{:x}_{pid}_{count}", now.as_millis());
    let failed = |error: &dyn std::error::Error| -> ! { panic!("the test database at {server} is no use: {error}") };
    let options = Opts::from_url(server).unwrap_or_else(|error| failed(&error));
    let options = OptsBuilder::from_opts(options).prefer_socket(false).db_name(None::<String>);
    let mut connection = Conn::new(options).await.unwrap_or_else(|error| failed(&error));
    let statement = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
    connection.query_drop(statement).await.unwrap_or_else(|error| failed(&error));
    let _ = connection.disconnect().await;
    with_path(server, &name)
}

/// Gives the server's URL with another database's name.
fn with_path(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').map_or((server, ""), |(address, query)| (address, query));
    let start = address.find("://").map_or(0, |at| at + 3);
    let host_end = address[start..].find('/').map_or(address.len(), |at| start + at);
    let question = if query.is_empty() { "" } else { "?" };
    format!("{}/{name}{question}{query}", &address[..host_end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_a_url_changes() {
        for (server, url) in [
            ("mysql://root@127.0.0.1:3306", "mysql://root@127.0.0.1:3306/x"),
            ("mysql://u:p@h/old", "mysql://u:p@h/x"),
            ("mysql://h/old?require_ssl=true", "mysql://h/x?require_ssl=true"),
        ] {
            assert_eq!(with_path(server, "x"), url);
        }
    }
}
