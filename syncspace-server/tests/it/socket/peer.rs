//! Servers in this process, people on them, and a bare socket to talk through.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use syncspace_protocol::auth::Register;
use syncspace_server::Server;
use syncspace_server::config::{Config, Rates};
use syncspace_server::service::{Actor, Service};
use syncspace_server::store::Store;
use syncspace_testkit::{Proxy, RedisServer};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_util::sync::CancellationToken;

use crate::place::{Place, SECRET, origin, register_body};

/// Longest wait for anything that must come.
const WAIT: Duration = Duration::from_secs(20);

/// A running server.
pub(super) struct Instance {
    address: SocketAddr,
    server: Server,
    shutdown: CancellationToken,
    config: Config,
    folder: TempDir,
}

/// Two instances on one database and one Redis that the test may stop.
pub(super) struct Cluster {
    pub(super) instances: [Instance; 2],
    pub(super) redis: RedisServer,
}

impl Instance {
    /// Starts a server on the embedded store.
    pub(super) async fn embedded() -> Self {
        Self::start(|_| {}).await
    }

    /// Starts a server on MySQL, and gives the line to it that the test may cut.
    pub(super) async fn on_mysql() -> (Self, Proxy) {
        let (line, database) = Proxy::before(&syncspace_testkit::mysql_database().await).await;
        let instance = Self::start(|config| {
            config.database = database.parse().expect("a database URL");
            config.jwt_secrets = vec!["a signing secret of enough bytes".into()];
        });
        (instance.await, line)
    }

    /// Asks for a person's account over REST, and gives status and `Retry-After`.
    pub(super) async fn get_me(&self, person: &Person) -> (u16, Option<String>) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let url = format!("http://{}/api/v1/users/me", self.address);
        let reply = client.get(url).bearer_auth(&person.token).send().await.expect("a reply");
        let wait = reply.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        (reply.status().as_u16(), wait)
    }

    /// Starts two servers on MySQL and Redis.
    pub(super) async fn cluster() -> Cluster {
        let database = syncspace_testkit::mysql_database().await;
        let redis = RedisServer::start().await;
        let change = |config: &mut Config| {
            config.database = database.parse().expect("a database URL");
            config.redis = Some(redis.url().into());
            config.jwt_secrets = vec!["one signing secret for both instances".into()];
        };
        let cluster = Cluster { instances: [Self::start(change).await, Self::start(change).await], redis };
        cluster.wait_for_bus().await;
        cluster
    }

    /// Starts a server beside those that share a place, and waits until it hears them.
    pub(super) async fn beside(place: &Place) -> Self {
        Self::beside_with(place, |_| {}).await
    }

    pub(super) async fn beside_with(place: &Place, change: impl FnOnce(&mut Config)) -> Self {
        let instance = Self::start(|config| {
            config.database = place.url.clone();
            config.redis = place.redis.as_ref().map(|redis| redis.url().into());
            config.jwt_secrets = vec![SECRET.into()];
            change(config);
        });
        let instance = instance.await;
        instance.wait_for_bus(place.redis.is_some()).await;
        instance
    }

    pub(super) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::embedded(folder.path());
        config.settings.bcrypt_cost = 4;
        config.rates = Rates { login_attempts_per_minute: 0, requests_per_second: 0 };
        change(&mut config);
        Self::run(config, folder).await
    }

    async fn run(config: Config, folder: TempDir) -> Self {
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Server::start(config.clone(), listener, shutdown.clone()).await.expect("starts");
        Self { address: server.address(), server, shutdown, config, folder }
    }

    /// Ends the server and starts it again on the same data.
    pub(super) async fn restarted(self) -> Self {
        let Self { server, shutdown, config, folder, .. } = self;
        shutdown.cancel();
        timeout(WAIT, server.ended()).await.expect("ends before its deadline");
        Self::run(config, folder).await
    }

    /// Opens its database beside it, as somebody who gets in its way.
    pub(super) async fn store(&self) -> Store {
        Store::open(&self.config.database).await.expect("opens")
    }

    /// Posts as a person, and gives status, `Retry-After` and body.
    pub(super) async fn post(&self, person: &Person, path: &str, body: &Value) -> (u16, Option<String>, Value) {
        let request = http_client().post(format!("http://{}{path}", self.address)).bearer_auth(&person.token);
        parts(request.json(body).send().await.expect("a reply")).await
    }

    /// Asks a path without a token, and gives status, `Retry-After` and body.
    pub(super) async fn get(&self, path: &str) -> (u16, Option<String>, Value) {
        parts(http_client().get(format!("http://{}{path}", self.address)).send().await.expect("a reply")).await
    }

    /// Waits until other instances are heard, or are no longer.
    pub(super) async fn wait_for_bus(&self, is_there: bool) {
        let changed = async {
            while self.service().is_bus_connected() != is_there {
                tokio::task::yield_now().await;
            }
        };
        timeout(WAIT, changed).await.expect("the bus comes or goes");
    }

    pub(super) fn service(&self) -> &Arc<Service> {
        self.server.service()
    }

    /// Makes the first administrator.
    pub(super) async fn administrator(&self) -> Actor {
        let token = self.server.bootstrap_token().expect("a new server").expose_secret().to_owned();
        let register = Register { bootstrap_token: Some(token), ..register_body("root") };
        let tokens = self.service().register(&origin(), register).await.expect("registers");
        self.service().authenticate(&tokens.access_token.0).await.expect("authenticates")
    }

    pub(super) fn shutdown(&self) {
        self.shutdown.cancel();
    }

    pub(super) async fn ended(self) {
        timeout(WAIT, self.server.ended()).await.expect("ends before its deadline");
    }
}

fn http_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

async fn parts(reply: reqwest::Response) -> (u16, Option<String>, Value) {
    let wait = reply.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
    (reply.status().as_u16(), wait, reply.json().await.expect("JSON"))
}

impl Cluster {
    /// Waits until both instances hear each other.
    pub(super) async fn wait_for_bus(&self) {
        for instance in &self.instances {
            instance.wait_for_bus(true).await;
        }
    }
}

/// Somebody who is logged in.
pub(super) struct Person {
    pub(super) actor: Actor,
    pub(super) token: String,
}

pub(super) async fn people<const N: usize>(instance: &Instance, names: [&str; N]) -> [Person; N] {
    let mut people = Vec::new();
    for name in names {
        let service = instance.service();
        let tokens = service.register(&origin(), register_body(name)).await.expect("registers");
        let token = tokens.access_token.0;
        people.push(Person { actor: service.authenticate(&token).await.expect("authenticates"), token });
    }
    people.try_into().unwrap_or_else(|_| unreachable!("as many people as names"))
}

/// A socket, and the frames that came and were not asked for yet.
pub(super) struct Peer {
    socket: WebSocketStream<TcpStream>,
    waiting: VecDeque<Value>,
}

impl Peer {
    pub(super) async fn connect(instance: &Instance, path: &str, token: Option<&str>) -> Self {
        let mut request = format!("ws://{}{path}", instance.address).into_client_request().expect("a request");
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        }
        let stream = TcpStream::connect(instance.address).await.expect("connects");
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("upgrades");
        Self { socket, waiting: VecDeque::new() }
    }

    /// Connects a person who gets everything from now on.
    pub(super) async fn live(instance: &Instance, person: &Person) -> Self {
        let mut peer = Self::connect(instance, "/ws", Some(&person.token)).await;
        peer.event("hello").await;
        // The answer says that the streams follow: they do before a request is read.
        peer.send_text("{\"id\":0,\"op\":\"ping\"}").await;
        peer.reply(0).await;
        peer
    }

    pub(super) async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(super) async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("sends");
    }

    pub(super) async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.socket.send(Message::Binary(Bytes::from_static(bytes))).await.expect("sends");
    }

    /// Writes bytes past the protocol.
    pub(super) async fn send_raw(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).await.expect("writes");
    }

    /// Gives the next frame.
    pub(super) async fn next(&mut self) -> Value {
        match self.waiting.pop_front() {
            Some(frame) => frame,
            None => self.read().await.expect("another frame"),
        }
    }

    async fn read(&mut self) -> Option<Value> {
        loop {
            match timeout(WAIT, self.socket.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Gives the first frame that fits, and keeps the others.
    pub(super) async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.waiting.iter().position(&fits) {
            return self.waiting.remove(place).expect("it is there");
        }
        loop {
            let frame = self.read().await.expect("the connection lives");
            if fits(&frame) {
                return frame;
            }
            self.waiting.push_back(frame);
        }
    }

    pub(super) async fn reply(&mut self, id: u64) -> Value {
        self.until(|frame| frame["re"] == id).await
    }

    pub(super) async fn event(&mut self, name: &str) -> Value {
        self.until(|frame| frame["ev"] == name).await
    }

    /// Tells whether such an event came and was not asked for yet.
    pub(super) fn has(&self, name: &str) -> bool {
        self.waiting.iter().any(|frame| frame["ev"] == name)
    }

    /// Tells whether this message has come, live or caught up; asks for a sign of life first, which comes after it.
    pub(super) async fn has_heard(&mut self, content: &str) -> bool {
        self.send_text("{\"id\":999998,\"op\":\"ping\"}").await;
        self.reply(999_998).await;
        let is_it = |message: &Value| message["content"] == content;
        self.waiting.iter().any(|frame| {
            let items = frame["items"].as_array().into_iter().flatten();
            is_it(&frame["message"]) || items.into_iter().any(|item| is_it(&item["message"]))
        })
    }

    /// Gives the text of the next message, live or caught up.
    pub(super) async fn message(&mut self) -> String {
        let frame = self
            .until(|frame| {
                frame["ev"] == "message.created" || (frame["ev"] == "changes" && frame["items"][0]["kind"] == "message")
            })
            .await;
        let message = if frame["ev"] == "changes" { &frame["items"][0]["message"] } else { &frame["message"] };
        message["content"].as_str().expect("a text").to_owned()
    }

    /// Gives the reason of the goodbye, and checks that the connection then ends.
    pub(super) async fn closing(&mut self) -> String {
        let reason = self.event("closing").await["reason"].as_str().expect("a reason").to_owned();
        assert!(self.read().await.is_none(), "nothing follows the goodbye");
        reason
    }

    /// Checks that no message came beside those that were asked for: a request's answer comes after all that was sent before.
    pub(super) async fn nothing_more(&mut self) {
        self.send_text("{\"id\":999999,\"op\":\"ping\"}").await;
        self.reply(999_999).await;
        let stray =
            self.waiting.iter().find(|frame| frame["ev"] == "message.created" || frame["ev"] == "message.updated");
        assert!(stray.is_none(), "{stray:?}");
    }
}
