//! The people of the table, the places they act in, and the server they ask.

use std::collections::BTreeMap;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use syncspace_server::Server;
use syncspace_server::config::{Config, Rates};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::place::PASSWORD;

/// Who asks; the letters of a row stand in this order.
///
/// `root` administers the server and is in no team. `owner` owns the team and is admin of the channel. `admin` administers the
/// team and is not in the channel. `member` and `guest` are in both. `outsider` is a member of the team who was never in the
/// channel. `left` left both, `banned` was put out of both, `stranger` owns another team and was never in this one.
pub(super) const PERSONAS: [&str; 10] =
    ["root", "owner", "admin", "member", "guest", "outsider", "left", "stranger", "banned", NOBODY];

/// Who has no token.
pub(super) const NOBODY: &str = "nobody";

/// Where it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A private team with a public channel.
    Public,
    /// A private team with a private channel.
    Private,
    /// A private team with a public channel that is archived.
    Archived,
    /// A team that anyone finds, with a public channel.
    Open,
    /// The same, but one comes in on request. `stranger` has asked.
    OnRequest,
}

/// One team with one channel, as it was made for one question.
pub(super) struct Scene {
    pub(super) team: String,
    pub(super) channel: String,
    /// A message of somebody who is a member of both, and whom no persona is.
    pub(super) message: Value,
    /// Who wrote it.
    pub(super) author: String,
    /// The author's own stream.
    pub(super) author_stream: String,
    /// One of the author's sessions.
    pub(super) author_session: String,
    /// Who is kept out of the team.
    pub(super) banned: String,
    /// Who was never in the team.
    pub(super) stranger: String,
    /// Somebody who is in the team and not in the channel.
    pub(super) newcomer: String,
    /// An account that is in no team.
    pub(super) account: String,
    /// A text that stands for no other scene.
    pub(super) unique: String,
    /// An invite to the team.
    pub(super) invite: Value,
    /// A user group of the team that the author is in.
    pub(super) group: String,
}

/// A server and the people on it.
pub(super) struct World {
    server: Server,
    client: reqwest::Client,
    people: BTreeMap<&'static str, Person>,
    teams: std::sync::atomic::AtomicU64,
    _guard: DropGuard,
    _folder: TempDir,
}

struct Person {
    token: String,
    id: String,
    session: String,
}

impl World {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::embedded(folder.path());
        config.settings.bcrypt_cost = 4;
        config.rates = Rates { login_attempts_per_minute: 0, requests_per_second: 0 };
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Server::start(config, listener, shutdown.clone()).await.expect("starts");
        let mut world = Self {
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            people: BTreeMap::new(),
            teams: std::sync::atomic::AtomicU64::new(0),
            server,
            _guard: shutdown.drop_guard(),
            _folder: folder,
        };
        let bootstrap = world.server.bootstrap_token().expect("a new server").expose_secret().to_owned();
        world.register("root", Some(bootstrap)).await;
        for name in PERSONAS.into_iter().filter(|name| !matches!(*name, "root" | NOBODY)).chain(["author", "newcomer"])
        {
            world.register(name, None).await;
        }
        world.must("stranger", Method::POST, "/teams", json!({"name": "elsewhere"})).await;
        world
    }

    async fn register(&mut self, name: &'static str, bootstrap: Option<String>) {
        let body = json!({"username": name, "password": PASSWORD, "bootstrap_token": bootstrap});
        let tokens = self.must(NOBODY, Method::POST, "/auth/register", body).await;
        let token = tokens["access_token"].as_str().expect("a token").to_owned();
        let (id, session) = (tokens["user"]["id"].to_string(), tokens["session_id"].to_string());
        self.people.insert(name, Person { token, id, session });
    }

    /// Gives a token of somebody who has one.
    pub(super) fn token(&self, persona: &str) -> Option<String> {
        self.people.get(persona).map(|person| person.token.clone())
    }

    /// Gives a token of a session of its own.
    pub(super) async fn log_in(&self, persona: &str) -> Option<String> {
        let login = json!({"username": persona, "password": PASSWORD});
        self.people.get(persona)?;
        let tokens = self.must(NOBODY, Method::POST, "/auth/login", login).await;
        tokens["access_token"].as_str().map(str::to_owned)
    }

    /// Gives method and path of every operation by its name.
    pub(super) async fn document(&self) -> BTreeMap<String, (Method, String)> {
        let (_, document) = self.ask(None, &Method::GET, "/api/v1/openapi.json", &Value::Null).await;
        let paths = document["paths"].as_object().expect("paths").iter();
        let operations = paths.flat_map(|(path, methods)| {
            methods.as_object().expect("methods").iter().map(move |(method, operation)| {
                let name = operation["operationId"].as_str().expect("a name").to_owned();
                (name, (method.to_uppercase().parse().expect("a method"), path.clone()))
            })
        });
        operations.collect()
    }

    /// Asks with or without a token, and gives status and body.
    pub(super) async fn ask(&self, token: Option<&str>, method: &Method, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.client.request(method.clone(), format!("http://{}{path}", self.server.address()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let reply = request.send().await.expect("a reply");
        let status = reply.status().as_u16();
        let text = reply.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn must(&self, persona: &str, method: Method, path: &str, body: Value) -> Value {
        let token = self.token(persona);
        let (status, answer) = self.ask(token.as_deref(), &method, &format!("/api/v1{path}"), &body).await;
        assert!((200..300).contains(&status), "{persona} {method} {path}: {status} {answer}");
        answer
    }

    /// Asks an operation on a socket as somebody, and gives the answer.
    pub(super) async fn ask_socket(&self, persona: &str, mut op: Value) -> Value {
        let address = self.server.address();
        let is_resume = op["op"] == "resume";
        let path = if is_resume { "/ws?resume=1" } else { "/ws" };
        let mut request = format!("ws://{address}{path}").into_client_request().expect("a request");
        let token = &self.people[persona].token;
        // Who says in a frame who it is says it nowhere else.
        let is_auth = op["op"] == "auth";
        if !is_auth {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        }
        let stream = TcpStream::connect(address).await.expect("connects");
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("upgrades");
        op["id"] = json!(7);
        if is_auth {
            op["token"] = json!(token);
        }
        let mut epoch = Value::Null;
        loop {
            // The epoch of a resume is in the greeting.
            if is_auth || !epoch.is_null() {
                if is_resume {
                    op["epoch"] = epoch.clone();
                }
                socket.send(Message::text(op.to_string())).await.expect("sends");
                break;
            }
            let frame = text(&mut socket).await;
            if frame["ev"] == "hello" {
                epoch = frame["epoch"].clone();
            }
        }
        loop {
            let frame = text(&mut socket).await;
            if frame["re"] == 7 {
                return frame;
            }
        }
    }

    /// Makes a team with a channel, and everybody what they are in it.
    pub(super) async fn scene(&self, place: Place) -> Scene {
        let number = self.teams.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let is_open = matches!(place, Place::Open | Place::OnRequest);
        let team = json!({"name": format!("team-{number}"), "is_public": is_open});
        let team = self.must("owner", Method::POST, "/teams", team).await["id"].to_string();
        for (name, role) in [
            ("admin", "admin"),
            ("member", "member"),
            ("guest", "guest"),
            ("outsider", "member"),
            ("left", "member"),
            ("banned", "member"),
            ("author", "member"),
            ("newcomer", "member"),
        ] {
            let path = format!("/teams/{team}/members/{}", self.people[name].id);
            self.must("owner", Method::PUT, &path, json!({"role": role})).await;
        }
        let kind = if place == Place::Private { "private" } else { "public" };
        let channel = json!({"kind": kind, "name": "general"});
        let channel = self.must("owner", Method::POST, &format!("/teams/{team}/channels"), channel).await;
        let channel = channel["id"].to_string();
        for name in ["member", "guest", "left", "banned", "author"] {
            let path = format!("/channels/{channel}/members/{}", self.people[name].id);
            self.must("owner", Method::PUT, &path, json!({"role": "member"})).await;
        }
        let content = json!({"content": "hi"});
        let message = self.must("author", Method::POST, &format!("/channels/{channel}/messages"), content).await;
        let invite = self.must("owner", Method::POST, &format!("/teams/{team}/invites"), json!({})).await;
        let group = json!({"name": "group", "user_ids": [self.people["author"].id.parse::<u64>().expect("an id")]});
        let group = self.must("owner", Method::POST, &format!("/teams/{team}/groups"), group).await["id"].to_string();
        self.must("left", Method::POST, &format!("/teams/{team}/leave"), Value::Null).await;
        let path = format!("/teams/{team}/bans/{}", self.people["banned"].id);
        self.must("owner", Method::PUT, &path, Value::Null).await;
        if place == Place::OnRequest {
            let settings = json!({"settings": {"joining": "request"}});
            self.must("owner", Method::PATCH, &format!("/teams/{team}"), settings).await;
            self.must("stranger", Method::PUT, &format!("/teams/{team}/join_request"), json!({})).await;
        }
        if place == Place::Archived {
            let archive = json!({"is_archived": true});
            self.must("owner", Method::PATCH, &format!("/channels/{channel}"), archive).await;
        }
        let mine = self.must("author", Method::GET, &format!("/teams/{team}"), Value::Null).await;
        let account = json!({"username": format!("account-{number}"), "password": PASSWORD});
        let account = self.must("root", Method::POST, "/admin/users", account).await["id"].to_string();
        let author = &self.people["author"];
        Scene {
            team,
            channel,
            message,
            author: author.id.clone(),
            author_stream: format!("m{}", mine["membership"]["member_id"]),
            author_session: author.session.clone(),
            banned: self.people["banned"].id.clone(),
            newcomer: self.people["newcomer"].id.clone(),
            stranger: self.people["stranger"].id.clone(),
            account,
            unique: format!("new-{number}"),
            invite,
            group,
        }
    }
}

async fn text(socket: &mut tokio_tungstenite::WebSocketStream<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.next().await.expect("the socket lives").expect("a frame") {
            return serde_json::from_str(&text).expect("JSON");
        }
    }
}
