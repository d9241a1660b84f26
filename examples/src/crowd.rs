//! Many WebSocket clients that cost next to nothing, so that what is measured is the server.
//!
//! Knows only as much of RFC 6455 as a client needs that reads whole text frames, answers pings, and sends short texts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Clients that connect at the same time.
const CONNECTS_AT_ONCE: usize = 64;

/// Longest wait for what must come.
const WAIT: Duration = Duration::from_secs(60);

const OPCODE_TEXT: u8 = 1;
const OPCODE_PING: u8 = 9;
/// A pong without content; the mask is nought.
const PONG: &[u8] = &[0x8a, 0x80, 0, 0, 0, 0];

/// Raises the number of files this process and its children may have open; says what to do where that is not allowed.
#[cfg(unix)]
pub fn raise_file_limit(needed: usize) -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = u64::try_from(needed)?;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let maximum = limit.maximum.map(|maximum| maximum.max(needed));
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum }).with_context(|| {
            format!("{needed} open files are needed: run `ulimit -n {needed}` first, as root if it must be")
        })?;
    }
    Ok(())
}

/// Raises the number of files this process and its children may have open; here it is as it is.
#[cfg(not(unix))]
pub fn raise_file_limit(_needed: usize) -> anyhow::Result<()> {
    Ok(())
}

/// Gives a text frame as a client sends it; the mask is nought, which the protocol allows and a copy is spared by.
pub fn text_frame(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut frame = vec![0x80 | OPCODE_TEXT];
    match text.len() {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length)?),
        length => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(length)?.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    Ok(frame)
}

/// Cuts what arrives into frames.
#[derive(Default)]
struct Cutter {
    /// Beginning of a frame that has not arrived as a whole.
    rest: Vec<u8>,
}

impl Cutter {
    fn feed(&mut self, chunk: &[u8], mut frame: impl FnMut(u8, &[u8])) {
        let joined;
        let mut left = if self.rest.is_empty() {
            chunk
        } else {
            self.rest.extend(chunk);
            joined = std::mem::take(&mut self.rest);
            &joined[..]
        };
        while let Some((opcode, payload, after)) = cut(left) {
            frame(opcode, payload);
            left = after;
        }
        self.rest = left.to_vec();
    }
}

/// Gives the first frame's opcode and payload, and what comes after it.
fn cut(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&first, after) = bytes.split_first()?;
    let (&second, after) = after.split_first()?;
    let (length, after) = match second & 0x7f {
        126 => {
            let (length, after) = after.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), after)
        }
        127 => {
            let (length, after) = after.split_first_chunk::<8>()?;
            (usize::try_from(u64::from_be_bytes(*length)).ok()?, after)
        }
        length => (usize::from(length), after),
    };
    let (payload, after) = after.split_at_checked(length)?;
    Some((first & 0x0f, payload, after))
}

/// One client's socket.
pub struct RawSocket {
    stream: TcpStream,
    cutter: Cutter,
}

impl RawSocket {
    /// Connects and upgrades; with a token it waits for `hello` besides.
    pub async fn connect(address: &str, token: Option<&str>) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{bearer}\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut reply = Vec::new();
        let end = loop {
            if let Some(at) = reply.windows(4).position(|part| part == b"\r\n\r\n") {
                break at + 4;
            }
            ensure!(stream.read_buf(&mut reply).await? > 0, "the server ended the connection");
        };
        ensure!(reply.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&reply[..end]));
        let mut socket = Self { stream, cutter: Cutter { rest: reply.split_off(end) } };
        if token.is_some() {
            let mut is_greeted = false;
            socket.cutter.feed(&[], |opcode, _| is_greeted |= opcode == OPCODE_TEXT);
            while !is_greeted {
                socket.take(|_| is_greeted = true).await?;
            }
            // What only the greeting needed is not kept for ever.
            socket.cutter.rest.shrink_to_fit();
        }
        Ok(socket)
    }

    /// Sends a frame made by [`text_frame`].
    pub async fn send(&mut self, frame: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(frame).await.context("send")
    }

    /// Waits for bytes, and hands every text frame that they complete on.
    pub async fn take(&mut self, mut text: impl FnMut(&[u8])) -> anyhow::Result<()> {
        self.stream.readable().await?;
        let mut is_pinged = false;
        self.read_some(|opcode, payload| match opcode {
            OPCODE_TEXT => text(payload),
            OPCODE_PING => is_pinged = true,
            _ => {}
        })?;
        if is_pinged {
            self.stream.write_all(PONG).await?;
        }
        Ok(())
    }

    /// Reads with a buffer on the stack: thousands of idle sockets shall not hold one each.
    fn read_some(&mut self, mut frame: impl FnMut(u8, &[u8])) -> anyhow::Result<()> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.try_read(&mut buffer) {
            Ok(0) => bail!("the server ended the connection"),
            Ok(length) => self.cutter.feed(&buffer[..length], &mut frame),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Sockets that only listen; each counts what it gets.
#[derive(Default)]
pub struct Crowd {
    sockets: JoinSet<anyhow::Result<()>>,
    received: Arc<AtomicU64>,
}

impl Crowd {
    /// Connects one socket for each token, and hands each text frame to what `listener` gives for it.
    pub async fn gather<L>(
        address: &str,
        tokens: &[Option<String>],
        mut listener: impl FnMut(usize) -> L,
    ) -> anyhow::Result<Self>
    where
        L: FnMut(&[u8]) + Send + 'static,
    {
        let mut crowd = Self::default();
        for (chunk, tokens) in tokens.chunks(CONNECTS_AT_ONCE).enumerate() {
            let connecting: Vec<_> = tokens
                .iter()
                .map(|token| {
                    let (address, token) = (address.to_owned(), token.clone());
                    tokio::spawn(async move { RawSocket::connect(&address, token.as_deref()).await })
                })
                .collect();
            for (place, socket) in connecting.into_iter().enumerate() {
                let mut socket = socket.await??;
                let mut listener = listener(chunk * CONNECTS_AT_ONCE + place);
                let received = Arc::clone(&crowd.received);
                crowd.sockets.spawn(async move {
                    loop {
                        let mut count = 0;
                        socket
                            .take(|text| {
                                count += 1;
                                listener(text);
                            })
                            .await?;
                        received.fetch_add(count, Ordering::Relaxed);
                    }
                });
            }
        }
        Ok(crowd)
    }

    /// Gives the number of text frames that all sockets got so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Waits until all sockets together got so many text frames.
    pub async fn wait_for(&mut self, count: u64) -> anyhow::Result<()> {
        let deadline = Instant::now() + WAIT;
        while self.received() < count {
            if let Some(ended) = self.sockets.try_join_next() {
                ended??;
            }
            ensure!(Instant::now() < deadline, "{} of {count} frames came in time", self.received());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Waits until nothing has come for a while.
    pub async fn settle(&self) {
        let mut last = u64::MAX;
        while last != self.received() {
            last = self.received();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_wherever_the_bytes_are_split() {
        let long = [vec![0x81, 126, 0, 200], vec![b'x'; 200]].concat();
        let bytes = [&[0x81, 1, b'a'][..], &[0x89, 0], &long].concat();
        for split in 0..=bytes.len() {
            let mut frames = Vec::new();
            let mut cutter = Cutter::default();
            for part in [&bytes[..split], &bytes[split..]] {
                cutter.feed(part, |opcode, payload| frames.push((opcode, payload.len())));
            }
            assert_eq!(frames, [(1, 1), (9, 0), (1, 200)], "split at {split}");
            assert!(cutter.rest.is_empty());
        }
    }
}
