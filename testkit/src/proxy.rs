//! A TCP line that a test can disturb: in front of a server, a database or Redis, it makes them go away and return.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Forwards connections on a loopback port to a server, until it is cut.
pub struct Proxy {
    address: SocketAddr,
    targets: Targets,
    line: watch::Sender<Line>,
    /// Answers that are still to be lost, each with its connection.
    losses: Arc<AtomicU32>,
    /// `None` while the line is cut.
    running: Option<JoinHandle<()>>,
}

/// What happens to the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Forward,
    /// Requests arrive, answers do not.
    LoseReplies,
    /// Nothing arrives, nothing is lost.
    Stall,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    flow: Flow,
    /// Connections of an earlier age end.
    age: u64,
}

/// Where connections go: each to the next one that accepts it.
#[derive(Clone)]
struct Targets {
    addresses: Arc<[String]>,
    next: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts forwarding a free port to `HOST:PORT`.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start(target: &str) -> Self {
        Self::balancing(&[target.to_owned()]).await
    }

    /// Starts forwarding a free port to several servers in turn, past those that accept no connection.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn balancing(targets: &[String]) -> Self {
        let (listener, address) = listen(0).await.unwrap_or_else(|error| panic!("no free loopback port: {error}"));
        let targets = Targets { addresses: targets.into(), next: Arc::default() };
        let line = watch::Sender::new(Line { flow: Flow::Forward, age: 0 });
        let losses = Arc::<AtomicU32>::default();
        let running = tokio::spawn(forward(listener, targets.clone(), line.subscribe(), losses.clone()));
        Self { address, targets, line, losses, running: Some(running) }
    }

    /// Starts forwarding to the server of a URL such as `mysql://root@127.0.0.1:3306/db`, and gives the URL through here.
    ///
    /// # Panics
    /// If the URL names no port, or there is no free one.
    pub async fn before(url: &str) -> (Self, String) {
        let after_scheme = url.find("://").map_or(0, |at| at + 3);
        let authority = url[after_scheme..].split(['/', '?']).next().unwrap_or_default();
        let target = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        assert!(target.contains(':'), "{url} names no port");
        let proxy = Self::start(target).await;
        let through = url.replacen(target, &proxy.address.to_string(), 1);
        (proxy, through)
    }

    /// Gives the address to connect to.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection and refuses new ones.
    pub async fn cut(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
            // Waits until the port is closed; the task can only end by the abort.
            let _ = running.await;
        }
    }

    /// Forwards again, on the same port.
    ///
    /// # Panics
    /// If another program took the port.
    pub async fn restore(&mut self) {
        if self.running.is_none() {
            let (listener, _) = listen(self.address.port()).await.unwrap_or_else(|error| panic!("{error}"));
            let (targets, line, losses) = (self.targets.clone(), self.line.subscribe(), self.losses.clone());
            self.running = Some(tokio::spawn(forward(listener, targets, line, losses)));
        }
    }

    /// Ends every connection; new ones are forwarded.
    pub fn cut_connections(&self) {
        self.line.send_modify(|line| line.age += 1);
    }

    /// Forwards what is asked and throws away what is answered, until [`Proxy::flow`].
    pub fn lose_replies(&self) {
        self.line.send_modify(|line| line.flow = Flow::LoseReplies);
    }

    /// Throws the next answers away and ends the connection of each, that many times.
    pub fn lose_next_replies(&self, count: u32) {
        self.losses.store(count, Ordering::SeqCst);
    }

    /// Gives how many of them are still to be lost.
    #[must_use]
    pub fn replies_to_lose(&self) -> u32 {
        self.losses.load(Ordering::SeqCst)
    }

    /// Forwards nothing either way, and loses nothing, until [`Proxy::flow`].
    pub fn stall(&self) {
        self.line.send_modify(|line| line.flow = Flow::Stall);
    }

    /// Forwards again; connections that have lost answers end.
    pub fn flow(&self) {
        self.line.send_modify(|line| {
            if line.flow == Flow::LoseReplies {
                line.age += 1;
            }
            line.flow = Flow::Forward;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

impl Targets {
    async fn connect(&self) -> Option<TcpStream> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for offset in 0..self.addresses.len() {
            let target = &self.addresses[first.wrapping_add(offset) % self.addresses.len()];
            if let Ok(stream) = TcpStream::connect(target).await {
                return Some(stream);
            }
        }
        None
    }
}

async fn listen(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn forward(listener: TcpListener, targets: Targets, line: watch::Receiver<Line>, losses: Arc<AtomicU32>) {
    // Dropped with this task, which ends the connections too.
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let targets = targets.clone();
        let (line, losses) = (line.clone(), losses.clone());
        connections.spawn(async move {
            if let Some(far) = targets.connect().await {
                let _ = near.set_nodelay(true).and(far.set_nodelay(true));
                carry(near, far, line, &losses).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Carries bytes both ways until either side ends or the line does.
async fn carry(near: TcpStream, far: TcpStream, line: watch::Receiver<Line>, losses: &AtomicU32) {
    let mut life = line.clone();
    let age = life.borrow_and_update().age;
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let both =
        async { tokio::join!(pump(near_in, far_out, line.clone(), None), pump(far_in, near_out, line, Some(losses))) };
    tokio::select! {
        _ = both => {}
        _ = life.wait_for(|line| line.age != age) => {}
    }
}

/// Carries bytes one way: of replies some may be to be lost.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut line: watch::Receiver<Line>,
    losses: Option<&AtomicU32>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        // The proxy is gone where the sender is: so is this connection.
        let Ok(flow) = line.wait_for(|line| line.flow != Flow::Stall).await.map(|line| line.flow) else { return };
        if losses.is_some() && flow == Flow::LoseReplies {
            continue;
        }
        if losses.is_some_and(take_one) {
            break;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
    // Half of a connection may end before the other.
    let _ = to.shutdown().await;
}

fn take_one(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that gives every byte back.
    async fn echo() -> String {
        let (listener, address) = listen(0).await.expect("a port");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        address.to_string()
    }

    async fn ask(stream: &mut TcpStream, byte: u8) -> io::Result<u8> {
        stream.write_u8(byte).await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn connections_pass_by_servers_that_are_away() {
        let (gone, away) = listen(0).await.expect("a port");
        drop(gone);
        let proxy = Proxy::balancing(&[away.to_string(), echo().await]).await;
        for byte in 0..4 {
            let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
            assert_eq!(ask(&mut stream, byte).await.expect("an answer"), byte);
        }
    }

    #[tokio::test]
    async fn lost_replies_stay_lost() {
        let proxy = Proxy::start(&echo().await).await;
        let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
        assert_eq!(ask(&mut stream, 1).await.expect("an answer"), 1);
        proxy.lose_replies();
        stream.write_u8(2).await.expect("taken");
        proxy.flow();
        assert!(ask(&mut stream, 3).await.is_err(), "the connection ends instead");
        let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
        assert_eq!(ask(&mut stream, 4).await.expect("an answer"), 4);
    }

    #[tokio::test]
    async fn as_many_replies_are_lost_as_were_asked_for() {
        let proxy = Proxy::start(&echo().await).await;
        let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
        assert_eq!(ask(&mut stream, 1).await.expect("an answer"), 1);
        proxy.lose_next_replies(2);
        assert!(ask(&mut stream, 2).await.is_err());
        let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
        assert!(ask(&mut stream, 3).await.is_err());
        assert_eq!(proxy.replies_to_lose(), 0);
        let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
        assert_eq!(ask(&mut stream, 4).await.expect("an answer"), 4);
    }

    #[tokio::test]
    async fn a_stalled_line_loses_nothing() {
        let proxy = Proxy::start(&echo().await).await;
        let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
        proxy.stall();
        stream.write_u8(1).await.expect("taken");
        proxy.flow();
        assert_eq!(stream.read_u8().await.expect("an answer"), 1);
    }

    #[tokio::test]
    async fn cut_connections_end_and_others_follow() {
        let proxy = Proxy::start(&echo().await).await;
        let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
        assert_eq!(ask(&mut stream, 1).await.expect("an answer"), 1);
        proxy.cut_connections();
        assert!(stream.read_u8().await.is_err());
        let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
        assert_eq!(ask(&mut stream, 2).await.expect("an answer"), 2);
    }
}
