//! A line to a server that loses events: it knows WebSocket frames, and lets everything else through.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

/// A line to a server. Dropping it cuts it.
pub(crate) struct LossyLine {
    address: SocketAddr,
    rules: Arc<Rules>,
    cuts: watch::Sender<u32>,
    _connections: JoinSet<()>,
}

struct Rules {
    server: String,
    /// How many of a thousand events are lost.
    lost_per_mille: AtomicU32,
    random: Mutex<fastrand::Rng>,
    lost: AtomicU32,
}

impl LossyLine {
    /// Opens a line to the server at this URL that loses nothing yet.
    pub(crate) async fn to(server: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let rules = Arc::new(Rules {
            server: server.trim_start_matches("http://").to_owned(),
            lost_per_mille: AtomicU32::new(0),
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            lost: AtomicU32::new(0),
        });
        let (cuts, cut) = watch::channel(0);
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, rules.clone(), cut));
        Self { address, rules, cuts, _connections: connections }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on loses so many events of a thousand.
    pub(crate) fn lose(&self, per_mille: u32) {
        self.rules.lost_per_mille.store(per_mille, Ordering::Relaxed);
    }

    /// Cuts all sockets; new ones are let through.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Gives how many events were lost.
    pub(crate) fn lost(&self) -> u32 {
        self.rules.lost.load(Ordering::Relaxed)
    }
}

impl Rules {
    /// Decides about a frame of the server. Answers and greetings are never lost: without them nothing would go on.
    fn loses(&self, frame: &str) -> bool {
        let per_mille = self.lost_per_mille.load(Ordering::Relaxed);
        if per_mille == 0 {
            return false;
        }
        let frame: Value = serde_json::from_str(frame).expect("JSON");
        let is_event = frame["ev"].as_str().is_some_and(|name| !matches!(name, "hello" | "closing"));
        let is_lost = is_event && self.random.lock().expect("unbroken").u32(0..1_000) < per_mille;
        self.lost.fetch_add(u32::from(is_lost), Ordering::Relaxed);
        is_lost
    }
}

async fn accept(listener: TcpListener, rules: Arc<Rules>, cut: watch::Receiver<u32>) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let (rules, cut) = (rules.clone(), cut.clone());
        connections.spawn(async move { carry(near, &rules, cut).await });
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(mut near: TcpStream, rules: &Rules, mut cut: watch::Receiver<u32>) {
    let Ok(mut far) = TcpStream::connect(&rules.server).await else { return };
    drop(near.set_nodelay(true).and(far.set_nodelay(true)));
    if is_upgrade(&near).await {
        cut.mark_unchanged();
        tokio::select! {
            () = carry_frames(near, far, rules) => {}
            _ = cut.changed() => {}
        }
    } else {
        drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
    }
}

/// Looks at the first request of a connection without taking it.
async fn is_upgrade(near: &TcpStream) -> bool {
    let mut head = [0; 4_096];
    loop {
        let Ok(length) = near.peek(&mut head).await else { return false };
        let text = String::from_utf8_lossy(&head[..length]).to_lowercase();
        if length == 0 || text.contains("\r\n\r\n") {
            return text.contains("upgrade: websocket");
        }
        tokio::task::yield_now().await;
    }
}

async fn carry_frames(near: TcpStream, far: TcpStream, rules: &Rules) {
    let mut asked = None;
    #[expect(clippy::result_large_err, reason = "the library's callback has this type")]
    let keep = |request: &Request, response: Response| {
        asked = Some((request.uri().to_string(), request.headers().get("authorization").cloned()));
        Ok(response)
    };
    let Ok(mut near) = tokio_tungstenite::accept_hdr_async(near, keep).await else { return };
    let Some((path, token)) = asked else { return };
    let mut request = format!("ws://{}{path}", rules.server).into_client_request().expect("a request");
    if let Some(token) = token {
        request.headers_mut().insert("authorization", token);
    }
    let Ok((mut far, _)) = tokio_tungstenite::client_async(request, far).await else { return };
    loop {
        tokio::select! {
            Some(Ok(frame)) = near.next() => {
                if far.send(frame).await.is_err() { return }
            }
            Some(Ok(frame)) = far.next() => {
                let is_lost = matches!(&frame, Message::Text(text) if rules.loses(text));
                if !is_lost && near.send(frame).await.is_err() { return }
            }
            else => return,
        }
    }
}
