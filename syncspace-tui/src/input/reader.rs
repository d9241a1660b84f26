//! The thread that reads the terminal's bytes, and stops when it is told to.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

use filedescriptor::{POLLIN, poll, pollfd};
use tokio::sync::mpsc;

/// Most bytes that are read at once.
const READ_BYTES: usize = 16 * 1024;
/// Reads that wait to be understood; then the terminal waits.
const READS_QUEUED_MAX: usize = 16;

/// A thread that reads. Dropping it ends the thread: nobody takes a key from who has the terminal next.
pub(super) struct Reader {
    reads: mpsc::Receiver<io::Result<Vec<u8>>>,
    stop: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Begins to read the terminal that this program was started in.
    pub(super) fn start() -> io::Result<Self> {
        let stdin = io::stdin();
        let tty =
            if stdin.is_terminal() { File::from(stdin.as_fd().try_clone_to_owned()?) } else { File::open("/dev/tty")? };
        let (stop, stopped) = UnixStream::pair()?;
        let (sender, reads) = mpsc::channel(READS_QUEUED_MAX);
        let work = move || read_all(tty, &stopped, &sender);
        let thread = std::thread::Builder::new().name("keys".to_owned()).spawn(work)?;
        Ok(Self { reads, stop, thread: Some(thread) })
    }

    /// Waits for bytes; none at the end of the terminal.
    pub(super) async fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        self.reads.recv().await
    }

    /// Gives bytes that were read already.
    pub(super) fn read_already(&mut self) -> Option<io::Result<Vec<u8>>> {
        self.reads.try_recv().ok()
    }

    /// Ends the thread, and gives what it had read.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.stop();
        let mut rest = Vec::new();
        while let Ok(read) = self.reads.try_recv() {
            rest.extend(read.unwrap_or_default());
        }
        rest
    }

    fn stop(&mut self) {
        // First nobody takes what it reads, so that it does not wait for that; then it is woken.
        self.reads.close();
        let _woken = self.stop.write_all(b"x");
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop();
    }
}

fn read_all(mut tty: File, stopped: &UnixStream, reads: &mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let read = match wait(&tty, stopped) {
            Ok(true) => tty.read(&mut buffer),
            Ok(false) => return,
            Err(error) => Err(error),
        };
        let sent = match read {
            Ok(0) => return,
            Ok(length) => reads.blocking_send(Ok(buffer[..length].to_vec())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // A terminal that is gone gives this: its input has ended.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => return,
            Err(error) => {
                let _heard = reads.blocking_send(Err(error));
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Waits until there is something to read; tells whether it is so, or the thread shall stop.
fn wait(tty: &File, stopped: &UnixStream) -> io::Result<bool> {
    let asked = |fd| pollfd { fd, events: POLLIN, revents: 0 };
    loop {
        let mut fds = [asked(tty.as_raw_fd()), asked(stopped.as_raw_fd())];
        match poll(&mut fds, None) {
            Ok(_) if fds[1].revents != 0 => return Ok(false),
            Ok(_) if fds[0].revents != 0 => return Ok(true),
            Ok(_) => {}
            Err(filedescriptor::Error::Poll(error) | filedescriptor::Error::Io(error))
                if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}
