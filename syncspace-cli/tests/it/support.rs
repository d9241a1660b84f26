//! A server of its own for each test, and people with credentials of their own.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use syncspace_testkit::{ReceivedMail, ServerProcess, SmtpServer};
use tempfile::TempDir;

/// Password of everybody in these tests.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// Longest run of one command; a test machine may be busy.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct World {
    pub(crate) server: ServerProcess,
}

/// A server that sends mail, and what takes it, in this process.
pub(crate) struct MailWorld {
    pub(crate) world: World,
    smtp: SmtpServer,
    runtime: tokio::runtime::Runtime,
}

impl MailWorld {
    pub(crate) fn start() -> Self {
        // With a thread of its own: it answers while the test waits for a command.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let smtp = runtime.block_on(SmtpServer::start());
        let url = format!("smtp://127.0.0.1:{}", smtp.port());
        let arguments = ["--bcrypt-cost", "4", "--login-attempts-per-minute", "0", "--smtp-from", "chat@example.org"];
        let arguments: Vec<&str> =
            arguments.iter().chain(&["--public-url", "https://chat.example.org"]).copied().collect();
        let variables = [("SYNCSPACE_SMTP_URL", url.as_str())];
        let server = runtime.block_on(ServerProcess::start_with_env(&arguments, &variables));
        Self { world: World { server }, smtp, runtime }
    }

    /// Gives the mail that arrives as the one of this number, from 1 on.
    pub(crate) fn mail(&self, number: usize) -> ReceivedMail {
        self.runtime.block_on(self.smtp.wait_for(number)).swap_remove(number - 1)
    }
}

impl World {
    /// Starts a server without limits that tests would run into.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--login-attempts-per-minute", "0", "--requests-per-second", "0"])
    }

    /// Starts a server with these arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let arguments: Vec<&str> = ["--bcrypt-cost", "4"].iter().chain(arguments).copied().collect();
        Self { server: runtime.block_on(ServerProcess::start(&arguments)) }
    }

    /// Gives somebody who knows the server's address and has no account.
    pub(crate) fn stranger(&self) -> Person {
        Person {
            state: tempfile::tempdir().expect("a directory"),
            server: Some(self.server.url().to_owned()),
            token: None,
        }
    }

    /// Gives a program that acts by an access token.
    pub(crate) fn acting_by(&self, token: &str) -> Person {
        Person { token: Some(token.to_owned()), ..self.stranger() }
    }

    /// Registers somebody.
    pub(crate) fn person(&self, name: &str) -> Person {
        let person = self.stranger();
        person.input(&["register", "-u", name, "--password-stdin"], PASSWORD).ok();
        person
    }

    /// Registers the administrator of the server.
    pub(crate) fn admin(&self) -> Person {
        let person = self.stranger();
        let token = self.server.folder().join("data").join("bootstrap-token");
        let token = token.to_str().expect("a path in UTF-8");
        person.input(&["register", "-u", "root", "--password-stdin", "--bootstrap-token-file", token], PASSWORD).ok();
        person
    }
}

/// Somebody at the command line, with credentials of their own.
pub(crate) struct Person {
    pub(crate) state: TempDir,
    server: Option<String>,
    token: Option<String>,
}

impl Person {
    /// Gives somebody who has never used any server.
    pub(crate) fn nobody() -> Self {
        Self { state: tempfile::tempdir().expect("a directory"), server: None, token: None }
    }

    /// Runs a command without input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.input(arguments, "")
    }

    /// Runs a command with this standard input.
    pub(crate) fn input(&self, arguments: &[&str], input: impl Into<Vec<u8>>) -> Run {
        let mut command = assert_cmd::Command::new(program());
        command.env_clear().envs(self.environment()).args(arguments).write_stdin(input).timeout(COMMAND_TIMEOUT);
        let output = command.output().expect("the command runs");
        Run {
            what: arguments.join(" "),
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            talk: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Runs a command that must succeed, and reads its JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--output", "json"]).collect();
        let run = self.run(&arguments).ok();
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:?}"))
    }

    /// Gives the environment of this person's commands.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let state = self.state.path().to_str().expect("a path in UTF-8").to_owned();
        let mut environment = vec![("SYNCSPACE_STATE_DIR", state), ("TZ", "UTC".to_owned())];
        environment.extend(self.server.clone().map(|server| ("SYNCSPACE_SERVER", server)));
        environment.extend(self.token.clone().map(|token| ("SYNCSPACE_TOKEN", token)));
        environment
    }
}

/// Gives the path of the program under test.
pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_syncspace"))
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Run {
    what: String,
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) talk: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.ends_with(0)
    }

    /// Checks the exit code; a failure says so.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}{}", self.what, self.out, self.talk);
        let says_so = self.talk.lines().any(|line| line.starts_with("error: "));
        assert_eq!(says_so, code != 0, "{self:?}");
        self
    }

    /// Checks that standard error says this.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.talk.contains(text), "{text:?} is not said by {}:\n{}", self.what, self.talk);
        self
    }
}
