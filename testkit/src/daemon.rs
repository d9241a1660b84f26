//! One running program under a watchdog: a small shell script that outlives this process just long enough to clean up.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Longest wait for a program to be ready, or to end. Generous: machines that run tests are busy.
pub(crate) const READY_WAIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
/// The last part of a program's output that a failure shows, in bytes.
const OUTPUT_SHOWN: usize = 4000;

/// A running program. Dropping it kills it and waits until it is gone.
pub(crate) struct Daemon {
    name: String,
    watchdog: Child,
    pid: u32,
    lines: Mutex<Receiver<String>>,
    output: Arc<Mutex<String>>,
}

impl Daemon {
    /// Starts a program; its files are in `folder`, which the watchdog removes if this process dies.
    pub(crate) fn start(folder: &Path, command: &Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(include_str!("watchdog.sh")).arg("watchdog").arg(folder);
        shell.arg(command.get_program()).args(command.get_args()).current_dir(folder);
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(key, value),
                None => shell.env_remove(key),
            };
        }
        // A group of its own: Ctrl-C in the terminal must not end the watchdog before it has cleaned up.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut watchdog = shell.spawn().unwrap_or_else(|error| panic!("cannot start sh: {error}"));
        let output = Arc::default();
        let (Some(stdout), Some(stderr)) = (watchdog.stdout.take(), watchdog.stderr.take()) else {
            panic!("the pipes of {name} are missing")
        };
        let lines = read_lines(stdout, &output);
        keep(stderr, &output);
        let mut daemon = Self { name, watchdog, pid: 0, lines: Mutex::new(lines), output };
        let line = daemon.line_that(|line| line.strip_prefix("pid ").map(str::to_owned));
        daemon.pid = line.parse().unwrap_or_else(|_| panic!("{line:?} is no process id"));
        daemon
    }

    /// Waits for a line on standard output and gives what `find` makes of it.
    pub(crate) fn line_that<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + READY_WAIT;
        loop {
            let lines = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(found) = find(&line) {
                        return found;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("{} is not ready in time\n{}", self.name, self.output()),
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.watchdog.wait();
                    panic!("{} ended at its start ({status:?})\n{}", self.name, self.output())
                }
            }
        }
    }

    /// Waits until the program accepts connections; false if it has ended instead, for example because another one
    /// took the port.
    pub(crate) fn accepts_connections(&mut self, port: u16) -> bool {
        let deadline = Instant::now() + READY_WAIT;
        while Instant::now() < deadline {
            if matches!(self.watchdog.try_wait(), Ok(Some(_))) {
                return false;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return true;
            }
            thread::sleep(LOOK);
        }
        panic!("{} is not ready in time\n{}", self.name, self.output())
    }

    /// Gives the last part of what the program has written, for messages.
    pub(crate) fn output(&self) -> String {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let start = output.len().saturating_sub(OUTPUT_SHOWN);
        let start = (start..output.len()).find(|at| output.is_char_boundary(*at)).unwrap_or(0);
        output.get(start..).unwrap_or_default().to_owned()
    }

    /// Gives the program's process id.
    pub(crate) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let _ = Command::new("kill").arg(format!("-{name}")).arg(self.pid.to_string()).stderr(Stdio::null()).status();
    }

    /// Tells whether the program has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.watchdog.try_wait(), Ok(Some(_)))
    }

    /// Waits until the program has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + READY_WAIT;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.watchdog.try_wait() {
                return status;
            }
            thread::sleep(LOOK);
        }
        panic!("{} does not end\n{}", self.name, self.output())
    }

    /// Kills the program at once, keeping its files.
    pub(crate) fn kill(&mut self) {
        if let Some(pipe) = self.watchdog.stdin.as_mut() {
            let _ = pipe.write_all(b"stop\n");
        }
        let _ = self.watchdog.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Gives a port that nothing listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.unwrap_or_else(|error| panic!("no free loopback port: {error}")).port()
}

/// Makes a temporary folder whose path is short enough for sockets in it.
pub(crate) fn temporary_folder() -> tempfile::TempDir {
    let made = tempfile::Builder::new().prefix("syncspace-").tempdir();
    made.unwrap_or_else(|error| panic!("cannot make a temporary folder: {error}"))
}

/// Runs a program to its end and fails the test with its output if it fails.
pub(crate) fn run_to_end(program: &Path, arguments: &[impl AsRef<OsStr>]) {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let done = done.unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
    if !done.status.success() {
        let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        panic!("{} failed ({})\n{}", program.display(), done.status, said.join("\n"));
    }
}

fn read_lines(stdout: ChildStdout, output: &Arc<Mutex<String>>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let output = Arc::clone(output);
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            append(&output, &format!("{line}\n"));
            let _ = sender.send(line);
        }
    });
    receiver
}

fn keep(mut stderr: ChildStderr, output: &Arc<Mutex<String>>) {
    let output = Arc::clone(output);
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = stderr.read(&mut bytes) {
            append(&output, &String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()));
        }
    });
}

fn append(output: &Mutex<String>, text: &str) {
    output.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
}
