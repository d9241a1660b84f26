//! The people of the table, the places they act in, and the server they ask.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use syncspace_protocol::Time;
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
/// channel. `leaver` left the channel and is in the team. `left` left both, `banned` was put out of both, `stranger` owns
/// another team and was never in this one.
///
/// Nobody leaves a direct channel: `leaver` is not in it, and those who are not in the team any more still are.
pub(super) const PERSONAS: [&str; 11] =
    ["root", "owner", "admin", "member", "guest", "outsider", "leaver", "left", "stranger", "banned", NOBODY];

/// Everybody who was ever in the channel.
const IN_CHANNEL: [&str; 7] = ["author", "owner", "member", "guest", "leaver", "left", "banned"];

/// Stands for a body that is a picture.
pub(super) const PICTURE: &str = "a picture";

/// Its checksum.
pub(super) const PICTURE_SHA256: &str = "a930c2bb4e61c0682068f71c4ef427eefbb07098ecea9390e445e7af4b66a384";

/// Who has no token.
pub(super) const NOBODY: &str = "nobody";

/// Where it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In no team.
    Nowhere,
    /// A private team with a public channel.
    Public,
    /// A private team with a private channel.
    Private,
    /// A private team with a public channel that is archived.
    Archived,
    /// A private team with a public channel where only admins post.
    ReadOnly,
    /// A private team with the direct channel of `author` and `member`.
    Direct,
    /// A private team with the direct channel of `author`, `owner`, `member`, `guest`, and of `left` and `banned` who are gone.
    Group,
    /// A private team with a public channel. Whoever was ever in it has planned something there.
    Kept,
    /// A private team with a public channel, for which `author` has uploaded a file that no message carries.
    Waiting,
    /// A private team with a public channel, and an import that `root` has begun, of one user and one channel.
    Importing,
    /// A team that anyone finds, with a public channel.
    Open,
    /// The same, but one comes in on request. `stranger` has asked.
    OnRequest,
}

/// One team with one channel, as it was made for one question.
#[derive(Default)]
pub(super) struct Scene {
    /// Who asks.
    pub(super) asker: &'static str,
    pub(super) team: String,
    pub(super) channel: String,
    /// A message of somebody who is a member of both, and whom no persona is.
    pub(super) message: Value,
    /// The file that it carries.
    pub(super) file: String,
    /// A file of the author's that no message carries, where there is one.
    pub(super) waiting_file: String,
    /// An upload of the author's that is not finished, where one waits.
    pub(super) upload: String,
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
    /// An account that is in no team, where no team is asked about.
    pub(super) account: String,
    /// A text that stands for no other scene.
    pub(super) unique: String,
    /// An invite to the team.
    pub(super) invite: Value,
    /// A user group of the team that the author is in.
    pub(super) group: String,
    /// The import that fills it, where there is one.
    pub(super) import: String,
    /// What people have planned, where they have.
    pub(super) kept: BTreeMap<&'static str, Kept>,
}

/// What somebody keeps in a team, and nobody else sees.
pub(super) struct Kept {
    /// The person's own stream.
    pub(super) stream: String,
    /// The id of a message to be sent later.
    pub(super) scheduled: String,
    /// The id of a reminder.
    pub(super) reminder: String,
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
        if *body == json!(PICTURE) {
            request = request.body(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01".as_slice());
        } else if !body.is_null() {
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
        let bare = self.bare_scene(number);
        if place == Place::Nowhere {
            let account = json!({"username": format!("account-{number}"), "password": PASSWORD});
            let account = self.must("root", Method::POST, "/admin/users", account).await["id"].to_string();
            return Scene { account, ..bare };
        }
        let team = self.team(number, place).await;
        let channel = self.channel(&team, place).await;
        let file = self.upload(&channel).await;
        let waiting_file = if place == Place::Waiting { self.upload(&channel).await } else { Value::Null };
        let upload = json!({"name": "x", "size_bytes": 2_000_000, "sha256": "0".repeat(64)});
        let upload = match place {
            Place::Waiting => {
                let path = format!("/channels/{channel}/uploads");
                self.must("author", Method::POST, &path, upload).await["id"].to_string()
            }
            _ => String::new(),
        };
        let content = json!({"content": "hi", "files": [file]});
        let message = self.must("author", Method::POST, &format!("/channels/{channel}/messages"), content).await;
        let kept = if place == Place::Kept { self.plan(&team, &channel, &message).await } else { BTreeMap::new() };
        let group = json!({"name": "group", "user_ids": [self.number_of("author")]});
        let (invites, groups) = (format!("/teams/{team}/invites"), format!("/teams/{team}/groups"));
        let (invite, group, author_stream) = tokio::join!(
            self.must("owner", Method::POST, &invites, json!({})),
            self.must("owner", Method::POST, &groups, group),
            self.stream_of("author", &team),
        );
        let import = if place == Place::Importing { self.begin_import(&team).await } else { String::new() };
        self.part(&team, &channel, place).await;
        let (file, waiting_file) = (file.to_string(), waiting_file.to_string());
        Scene {
            team,
            channel,
            message,
            file,
            waiting_file,
            upload,
            author_stream,
            invite,
            group: group["id"].to_string(),
            import,
            kept,
            ..bare
        }
    }

    /// Has the administrator begin an import into a team, and gives its id.
    async fn begin_import(&self, team: &str) -> String {
        let start = json!({"source": "x", "fingerprint": "a".repeat(64)});
        let import = self.must("root", Method::POST, &format!("/teams/{team}/imports"), start).await["id"].to_string();
        let user = json!({"type": "user", "username": "old"});
        let channel = json!({"type": "channel", "key": "old", "kind": "public", "name": "old", "created_at": "2020-01-01T00:00:00Z"});
        let path = format!("/teams/{team}/imports/{import}/lines");
        self.must("root", Method::POST, &path, json!({"lines": [user, channel]})).await;
        import
    }

    /// Has the author upload a file into a channel, and gives its id.
    async fn upload(&self, channel: &str) -> Value {
        self.must("author", Method::POST, &format!("/channels/{channel}/files"), json!("any bytes")).await["id"].clone()
    }

    /// Gives a scene without a team.
    fn bare_scene(&self, number: u64) -> Scene {
        let id = |name: &str| self.people[name].id.clone();
        Scene {
            author: id("author"),
            author_session: self.people["author"].session.clone(),
            banned: id("banned"),
            newcomer: id("newcomer"),
            stranger: id("stranger"),
            unique: format!("new-{number}"),
            ..Scene::default()
        }
    }

    /// Makes a team with everybody in it who ever was.
    async fn team(&self, number: u64, place: Place) -> String {
        let is_open = matches!(place, Place::Open | Place::OnRequest);
        let team = json!({"name": format!("team-{number}"), "is_public": is_open});
        let team = self.must("owner", Method::POST, "/teams", team).await["id"].to_string();
        let people = [
            ("admin", "admin"),
            ("member", "member"),
            ("guest", "guest"),
            ("outsider", "member"),
            ("leaver", "member"),
            ("left", "member"),
            ("banned", "member"),
            ("author", "member"),
            ("newcomer", "member"),
        ];
        let adds = people.map(|(name, role)| {
            let path = format!("/teams/{team}/members/{}", self.people[name].id);
            async move { self.must("owner", Method::PUT, &path, json!({"role": role})).await }
        });
        join_all(adds).await;
        team
    }

    /// Makes a channel with everybody in it who ever was.
    async fn channel(&self, team: &str, place: Place) -> String {
        let path = format!("/teams/{team}/channels");
        let new = match place {
            Place::Private => json!({"kind": "private", "name": "general"}),
            Place::Direct => json!({"kind": "direct", "user_id": self.number_of("member")}),
            Place::Group => {
                let others = ["owner", "member", "guest", "left", "banned"].map(|name| self.number_of(name));
                json!({"kind": "group", "user_ids": others})
            }
            _ => json!({"kind": "public", "name": "general"}),
        };
        let maker = if is_direct(place) { "author" } else { "owner" };
        let channel = self.must(maker, Method::POST, &path, new).await["id"].to_string();
        if !is_direct(place) {
            let adds = IN_CHANNEL.into_iter().filter(|name| *name != "owner").map(|name| {
                let path = format!("/channels/{channel}/members/{}", self.people[name].id);
                async move { self.must("owner", Method::PUT, &path, json!({"role": "member"})).await }
            });
            join_all(adds).await;
        }
        channel
    }

    /// Has those plan something who are still in the channel.
    async fn plan(&self, team: &str, channel: &str, message: &Value) -> BTreeMap<&'static str, Kept> {
        let channel_id: u64 = channel.parse().expect("an id");
        let plans = IN_CHANNEL.map(async |name| {
            let text = kept_text(name);
            let later = json!({"channel_id": channel_id, "content": text, "send_at": in_an_hour()});
            let remind =
                json!({"channel_id": channel_id, "seq": message["seq"], "note": text, "remind_at": in_an_hour()});
            let draft = json!({"content": text});
            let stream = self.stream_of(name, team).await;
            let scheduled = self.must(name, Method::POST, &format!("/teams/{team}/scheduled"), later).await;
            let reminder = self.must(name, Method::POST, &format!("/teams/{team}/reminders"), remind).await;
            self.must(name, Method::PUT, &format!("/channels/{channel}/draft"), draft).await;
            let id = |made: &Value| made["id"].to_string();
            (name, Kept { stream, scheduled: id(&scheduled), reminder: id(&reminder) })
        });
        join_all(plans).await.into_iter().collect()
    }

    /// Has those go who are gone, and closes what is closed.
    async fn part(&self, team: &str, channel: &str, place: Place) {
        if !is_direct(place) {
            self.must("leaver", Method::POST, &format!("/channels/{channel}/leave"), Value::Null).await;
        }
        self.must("left", Method::POST, &format!("/teams/{team}/leave"), Value::Null).await;
        let path = format!("/teams/{team}/bans/{}", self.people["banned"].id);
        self.must("owner", Method::PUT, &path, Value::Null).await;
        let closing = match place {
            Place::Archived => json!({"is_archived": true}),
            Place::ReadOnly => json!({"posting": "admins"}),
            Place::OnRequest => {
                let settings = json!({"settings": {"joining": "request"}});
                self.must("owner", Method::PATCH, &format!("/teams/{team}"), settings).await;
                self.must("stranger", Method::PUT, &format!("/teams/{team}/join_request"), json!({})).await;
                return;
            }
            _ => return,
        };
        self.must("owner", Method::PATCH, &format!("/channels/{channel}"), closing).await;
    }

    async fn stream_of(&self, name: &str, team: &str) -> String {
        let mine = self.must(name, Method::GET, &format!("/teams/{team}"), Value::Null).await;
        format!("m{}", mine["membership"]["member_id"])
    }

    fn number_of(&self, name: &str) -> u64 {
        self.people[name].id.parse().expect("an id")
    }
}

const fn is_direct(place: Place) -> bool {
    matches!(place, Place::Direct | Place::Group)
}

/// What somebody writes who plans something.
pub(super) fn kept_text(name: &str) -> String {
    format!("planned by {name}")
}

pub(super) fn in_an_hour() -> Time {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let ms = i64::try_from(now.as_millis()).expect("a time") + 3_600_000;
    Time::from_unix_ms(ms).expect("a time")
}

async fn text(socket: &mut tokio_tungstenite::WebSocketStream<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.next().await.expect("the socket lives").expect("a frame") {
            return serde_json::from_str(&text).expect("JSON");
        }
    }
}
