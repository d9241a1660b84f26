//! A TCP line that a test can cut: in front of a database or Redis, it makes them go away and return.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Forwards connections on a loopback port to a server, until it is cut.
pub struct Proxy {
    address: SocketAddr,
    target: String,
    /// `None` while the line is cut.
    running: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts forwarding a free port to `HOST:PORT`.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start(target: &str) -> Self {
        let (listener, address) = listen(0).await.unwrap_or_else(|error| panic!("no free loopback port: {error}"));
        let running = tokio::spawn(forward(listener, target.to_owned()));
        Self { address, target: target.to_owned(), running: Some(running) }
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
            self.running = Some(tokio::spawn(forward(listener, self.target.clone())));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

async fn listen(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn forward(listener: TcpListener, target: String) {
    // Dropped with this task, which ends the connections too.
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let target = target.clone();
        connections.spawn(async move {
            if let Ok(mut far) = TcpStream::connect(target).await {
                let _ = near.set_nodelay(true).and(far.set_nodelay(true));
                let _ = copy_bidirectional(&mut near, &mut far).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}
