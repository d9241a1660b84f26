//! A server in this process, on a database and port of its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use syncspace_protocol::auth::Register;
use syncspace_server::config::{Config, Mail, Rates};
use syncspace_server::realtime::Realtime;
use syncspace_server::server::service_parts;
use syncspace_server::service::{Clock, Origin, Service, ServiceParts, load_epoch};
use syncspace_server::store::Store;
use syncspace_server::{Server, StartError};
use syncspace_testkit::SmtpServer;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(super) const PASSWORD: &str = "correct horse battery";

/// A running server; dropping it begins its shutdown.
pub(super) struct Rig {
    pub(super) address: SocketAddr,
    pub(super) client: reqwest::Client,
    pub(super) server: Server,
    pub(super) shutdown: CancellationToken,
    config: Config,
    _guard: DropGuard,
    _folder: TempDir,
}

/// Status and body of a reply.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: Value,
}

impl Reply {
    pub(super) async fn of(response: Response) -> Self {
        let status = response.status();
        let headers = response.headers().clone();
        let text = response.text().await.expect("a body");
        let is_json = headers.get("content-type").is_some_and(|kind| kind == "application/json");
        let has_json = is_json && !text.is_empty();
        let body = if has_json { serde_json::from_str(&text).expect(&text) } else { Value::Null };
        Self { status, headers, body }
    }

    #[track_caller]
    pub(super) fn expect_error(&self, status: u16, code: &str) -> &Value {
        let error = &self.body["error"];
        assert_eq!((self.status.as_u16(), error["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", self.body);
        assert_eq!(error["request_id"], self.header("x-request-id"), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        error
    }

    #[track_caller]
    pub(super) fn expect_field(&self, field: &str) {
        let error = self.expect_error(400, "invalid_field");
        assert_eq!(error["field"], field, "{}", self.body);
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Settings of a test's server: everything open, cheap and unlimited.
pub(super) fn config(folder: &TempDir) -> Config {
    let mut config = Config::embedded(folder.path());
    config.settings.bcrypt_cost = 4;
    config.rates = Rates { login_attempts_per_minute: 0, requests_per_second: 0 };
    config
}

/// Settings that send mail by a test's mail server.
pub(super) fn mail_by(smtp: &SmtpServer) -> Mail {
    Mail {
        server: format!("smtp://127.0.0.1:{}", smtp.port()).parse().expect("a mail server"),
        sender: "chat@example.org".parse().expect("a sender"),
        public_url: "https://chat.example.org".parse().expect("an address"),
        ca_file: None,
    }
}

impl Rig {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(super) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(&folder);
        change(&mut config);
        let shutdown = CancellationToken::new();
        let server = start(config.clone(), shutdown.clone()).await.expect("starts");
        Self {
            address: server.address(),
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            server,
            config,
            _guard: shutdown.clone().drop_guard(),
            shutdown,
            _folder: folder,
        }
    }

    /// Gives a service on the same data with a clock of its own.
    pub(super) async fn service_at(&self, clock: Clock) -> Service {
        let store = Store::open(&self.config.database).await.expect("opens");
        let epoch = load_epoch(&store).await.expect("an epoch");
        let parts = service_parts(&self.config, store, epoch, Realtime::alone()).expect("a secret");
        Service::new(ServiceParts { clock, ..parts })
    }

    pub(super) fn data_dir(&self) -> &std::path::Path {
        &self.config.data_dir
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    pub(super) async fn send(&self, request: RequestBuilder) -> Reply {
        Reply::of(request.send().await.expect("a reply")).await
    }

    /// Makes an account and gives its tokens.
    pub(super) async fn register(&self, username: &str) -> Value {
        self.register_as(json!({ "username": username, "password": PASSWORD })).await
    }

    /// Makes the first administrator and gives its tokens.
    pub(super) async fn register_admin(&self) -> Value {
        let token = self.server.bootstrap_token().expect("a new server").expose_secret();
        self.register_as(json!({ "username": "root", "password": PASSWORD, "bootstrap_token": token })).await
    }

    pub(super) async fn register_as(&self, body: Value) -> Value {
        let reply = self.send(self.post("/api/v1/auth/register").json(&body)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
        reply.body
    }
}

pub(super) fn origin() -> Origin {
    Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), user_agent: None }
}

pub(super) fn register(username: &str) -> Register {
    serde_json::from_value(json!({ "username": username, "password": PASSWORD })).expect("a body")
}

/// Starts a server on a free port.
pub(super) async fn start(config: Config, shutdown: CancellationToken) -> Result<Server, StartError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    Server::start(config, listener, shutdown).await
}

/// Gives the access token of a register or login reply.
pub(super) fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().expect("tokens")
}
