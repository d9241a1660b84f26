//! A program that hooks and commands ask: it notes what comes and answers as it is told, well or badly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

/// Longest wait for anything that must come.
const WAIT: Duration = Duration::from_secs(60);

/// What a target does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// It answers with this status and body.
    Answer(u16, String),
    /// It leads elsewhere.
    Redirect(u16, String),
    /// It takes the request and says nothing.
    Silence,
    /// It answers with so many bytes.
    Flood(usize),
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) path: String,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A running target.
pub(crate) struct Target {
    port: u16,
    behaviour: Arc<Mutex<Behaviour>>,
    received: mpsc::UnboundedReceiver<Received>,
    _task: AbortOnDropHandle<()>,
}

impl Target {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let behaviour = Arc::new(Mutex::new(behaviour));
        let (sender, received) = mpsc::unbounded_channel();
        let now = Arc::clone(&behaviour);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, now) = (sender.clone(), Arc::clone(&now));
                tokio::spawn(async move { serve(stream, &sender, &now).await });
            }
        });
        Self { port, behaviour, received, _task: AbortOnDropHandle::new(task) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) async fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().await = behaviour;
    }

    /// Gives the next request.
    pub(crate) async fn next(&mut self) -> Received {
        timeout(WAIT, self.received.recv()).await.expect("a request in time").expect("the target runs")
    }

    /// Tells whether a request came that was not asked for yet.
    pub(crate) fn has_more(&self) -> bool {
        !self.received.is_empty()
    }
}

async fn serve(stream: TcpStream, sender: &mpsc::UnboundedSender<Received>, behaviour: &Mutex<Behaviour>) {
    let mut stream = BufReader::new(stream);
    while let Some(received) = read(&mut stream).await {
        let behaviour = behaviour.lock().await.clone();
        if sender.send(received).is_err() {
            return;
        }
        let (head, body) = match behaviour {
            Behaviour::Answer(status, body) => (format!("HTTP/1.1 {status} Any\r\n"), body),
            Behaviour::Redirect(status, to) => (format!("HTTP/1.1 {status} Any\r\nlocation: {to}\r\n"), String::new()),
            Behaviour::Flood(bytes) => ("HTTP/1.1 200 OK\r\n".to_owned(), "x".repeat(bytes)),
            Behaviour::Silence => return std::future::pending().await,
        };
        let reply = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        // The other side may have had enough.
        if stream.get_mut().write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received { path, headers, body: String::from_utf8(body).expect("text") })
}
