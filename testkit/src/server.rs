//! The shipped `syncspace-server` binary as a process of its own.

use std::path::Path;
use std::process::{Command, ExitStatus};

use tempfile::TempDir;

use crate::daemon::{Daemon, temporary_folder};
use crate::programs::binary;

/// A running server. Dropping it kills it.
pub struct ServerProcess {
    daemon: Daemon,
    url: String,
    folder: TempDir,
}

impl ServerProcess {
    /// Starts the server on a free port with these arguments besides, and waits until it is ready.
    ///
    /// Without `--data-dir` among them it gets an empty one. `SYNCSPACE_…` variables of this process do not reach it.
    ///
    /// # Panics
    /// If it does not become ready; the message shows what it wrote.
    pub async fn start(arguments: &[&str]) -> Self {
        Self::start_with_env(arguments, &[]).await
    }

    /// Starts the server like [`ServerProcess::start`], with environment variables besides.
    ///
    /// # Panics
    /// If it does not become ready; the message shows what it wrote.
    pub async fn start_with_env(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = temporary_folder();
        let mut command = Command::new(binary("syncspace-server"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SYNCSPACE_")) {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        if !arguments.contains(&"--data-dir") {
            command.arg("--data-dir").arg(folder.path().join("data"));
        }
        command.args(arguments);
        let started = tokio::task::spawn_blocking(move || {
            let mut daemon = Daemon::start(folder.path(), &command);
            let url = daemon.line_that(|line| line.trim().strip_prefix("listening on ").map(str::to_owned));
            Self { daemon, url, folder }
        });
        started.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Gives the server's base URL, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Gives the process id.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.daemon.pid()
    }

    /// Gives the folder that is removed with this; its `data` is the data directory unless another one was named.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the last part of what the server has written to standard output and standard error.
    #[must_use]
    pub fn output(&self) -> String {
        self.daemon.output()
    }

    /// Ends the server as a crash would (SIGKILL), and waits until it is gone.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Tells whether the server has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.daemon.has_ended()
    }

    /// Holds the server as it is (SIGSTOP), until [`ServerProcess::resume`].
    pub fn pause(&self) {
        self.daemon.signal("STOP");
    }

    /// Lets a held server go on (SIGCONT).
    pub fn resume(&self) {
        self.daemon.signal("CONT");
    }

    /// Asks the server to stop (SIGTERM), waits, and gives how it ended.
    ///
    /// # Panics
    /// If it does not end in time.
    pub async fn terminate(mut self) -> ExitStatus {
        let ended = tokio::task::spawn_blocking(move || {
            self.daemon.signal("TERM");
            self.daemon.wait()
        });
        ended.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}
