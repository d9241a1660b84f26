//! Thousands of people with channels and messages, put into a database as rows, and tokens that let each of them in.
//!
//! The server makes the schema; the rows are what it would have written. Only for benchmarks: nothing is checked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use mysql_async::prelude::Queryable as _;
use sha2::{Digest as _, Sha256};
use syncspace_testkit::RedisServer;
use tempfile::TempDir;

use crate::Running;

/// Signs the access tokens; the servers are started with it.
const SECRET: &str = "a signing secret of the benchmarks";

/// The only team.
pub const TEAM: u64 = 1_000_000;

// Far above what the server gives out itself.
const CHANNELS_FROM: u64 = 2_000_000;
const USERS_FROM: u64 = 3_000_000;
const MEMBERS_FROM: u64 = 4_000_000;
const SESSIONS_FROM: u64 = 5_000_000;
const MESSAGES_FROM: u64 = 10_000_000;

/// Rows in one INSERT.
const ROWS_PER_STATEMENT: usize = 500;

const MESSAGE_COLUMNS: &str = "messages (channel_id,seq,id,team_id,rev,sender_id,content,message_type,reply_count,\
                               is_edited,created_at,updated_at,client_id,client_digest)";

const TIME: &str = "'2026-11-22 17:26:21.500'";

/// Gives the id of channel number `number`.
#[must_use]
pub const fn channel_id(number: u64) -> u64 {
    CHANNELS_FROM + number
}

/// Gives the id of person number `number`.
#[must_use]
pub const fn user_id(number: u64) -> u64 {
    USERS_FROM + number
}

/// Gives the id of person number `number` in the team.
#[must_use]
pub const fn member_id(number: u64) -> u64 {
    MEMBERS_FROM + number
}

/// Where servers keep what they are asked to keep.
pub struct Place {
    folder: TempDir,
    shared: Option<(String, RedisServer)>,
}

impl Place {
    /// Makes an empty embedded store.
    pub fn embedded() -> anyhow::Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, shared: None })
    }

    /// Makes an empty database on a private MariaDB or MySQL, and a private Redis.
    pub async fn shared() -> anyhow::Result<Self> {
        let database = syncspace_testkit::mysql_database().await;
        Ok(Self { folder: tempfile::tempdir()?, shared: Some((database, RedisServer::start().await)) })
    }

    /// Says what it is.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        if self.shared.is_some() { "MariaDB or MySQL, and Redis" } else { "the embedded store" }
    }

    /// Starts a server here, and waits until it is ready.
    pub fn start(&self, server: &Path) -> anyhow::Result<Running> {
        self.start_at(server, "127.0.0.1:0")
    }

    /// Starts a server here that listens at this address, and waits until it is ready.
    pub fn start_at(&self, server: &Path, address: &str) -> anyhow::Result<Running> {
        let running = Running::start(&mut self.command(server, address))?;
        running.wait_until_ready()?;
        Ok(running)
    }

    fn command(&self, server: &Path, address: &str) -> Command {
        // On a shared database each instance has a directory of its own.
        let data = if self.shared.is_some() { self.folder.path().join(unique()) } else { self.data() };
        let mut command = Command::new(server);
        command.args(["--listen", address, "--data-dir"]).arg(data);
        command.args(["--bcrypt-cost", "4", "--requests-per-second", "0", "--log-filter", "warn"]);
        if let Some((database, redis)) = &self.shared {
            command.args(["--database", database, "--redis", &redis.url()]);
        }
        command.env("SYNCSPACE_JWT_SECRET", SECRET);
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Opens the database to put rows in; no server may run on an embedded store meanwhile.
    pub async fn rows(&self) -> anyhow::Result<Rows> {
        Ok(match &self.shared {
            Some((database, _)) => {
                let mut connection = mysql_async::Conn::from_url(database).await?;
                connection.query_drop("SET SESSION autocommit = 1, unique_checks = 0").await?;
                Rows::Mysql(Box::new(connection))
            }
            None => {
                let connection = rusqlite::Connection::open(self.data().join("syncspace.db"))?;
                connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;")?;
                Rows::Sqlite(connection)
            }
        })
    }
}

fn unique() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("data-{}", now.as_nanos())
}

/// A database that takes rows.
pub enum Rows {
    /// An embedded store.
    Sqlite(rusqlite::Connection),
    /// MariaDB or MySQL.
    Mysql(Box<mysql_async::Conn>),
}

impl Rows {
    /// Runs a statement that both databases understand.
    pub async fn run(&mut self, statement: &str) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(statement)?,
            Self::Mysql(connection) => connection.query_drop(statement).await?,
        }
        Ok(())
    }

    /// Puts rows in, each written like `(1, 'a')`; many per statement and transaction.
    pub async fn insert(&mut self, into: &str, rows: impl Iterator<Item = String>) -> anyhow::Result<()> {
        let mut rows = rows.peekable();
        self.run("BEGIN").await?;
        let mut statements = 0;
        while rows.peek().is_some() {
            let values: Vec<String> = rows.by_ref().take(ROWS_PER_STATEMENT).collect();
            self.run(&format!("INSERT INTO {into} VALUES {}", values.join(","))).await?;
            statements += 1;
            if statements % 100 == 0 {
                self.run("COMMIT").await?;
                self.run("BEGIN").await?;
            }
        }
        self.run("COMMIT").await
    }

    /// Makes the team, its channels, and people; person `n` is in the channels that `channels_of` names.
    pub async fn put_people<I: Iterator<Item = u64>>(
        &mut self,
        channels: u64,
        people: u64,
        channels_of: impl Fn(u64) -> I,
    ) -> anyhow::Result<()> {
        let user = |number| {
            let id = user_id(number);
            format!("({id},'person-{number}','person-{number}','x',1,0,0,{TIME},{TIME})")
        };
        let into =
            "users (id,username,username_key,hashed_password,is_active,is_admin,is_online,created_at,updated_at)";
        self.insert(into, (0..people).map(user)).await?;
        let session = |number| {
            let (id, user) = (SESSIONS_FROM + number, user_id(number));
            format!("({id},{user},'0123456789abcdef0123456789abcdef',1,{TIME},{TIME},{TIME},'2099-01-01 00:00:00.000')")
        };
        let into = "sessions (id,user_id,seed,refresh_n,rotated_at,created_at,last_used_at,expires_at)";
        self.insert(into, (0..people).map(session)).await?;
        let owner = user_id(0);
        self.run(&format!(
            "INSERT INTO teams (id,name,name_key,is_public,created_by,created_at,updated_at,rev) VALUES \
             ({TEAM},'bench','bench',0,{owner},{TIME},{TIME},1)"
        ))
        .await?;
        self.run(&format!("INSERT INTO team_heads (team_id,last_rev,floor_rev) VALUES ({TEAM},1,0)")).await?;
        let member = |number| format!("({},{TEAM},1,0)", member_id(number));
        self.insert("member_heads (member_id,team_id,last_rev,floor_rev)", (0..people).map(member)).await?;
        let member = |number| format!("({},{TEAM},{},'member',{TIME},1)", user_id(number), member_id(number));
        self.insert("team_members (user_id,team_id,member_id,role,joined_at,rev)", (0..people).map(member)).await?;
        let channel = |number| {
            let id = channel_id(number);
            format!("({id},{TEAM},'public','channel-{number}','channel-{number}',0,{owner},{TIME},{TIME},1)")
        };
        let into = "channels (id,team_id,kind,name,name_key,is_private,created_by,created_at,updated_at,rev)";
        self.insert(into, (0..channels).map(channel)).await?;
        let head = |number| format!("({},{TEAM},0,0,0,0)", channel_id(number));
        let into = "channel_heads (channel_id,team_id,last_seq,last_rev,floor_seq,floor_rev)";
        self.insert(into, (0..channels).map(head)).await?;
        let seats = (0..people).flat_map(|number| {
            channels_of(number).map(move |channel| {
                let (user, channel, member) = (user_id(number), channel_id(channel), member_id(number));
                format!("({user},{channel},{TEAM},{member},'member',{TIME},0,1,1)")
            })
        });
        let into = "channel_members (user_id,channel_id,team_id,member_id,role,joined_at,last_read_seq,rev,my_rev)";
        self.insert(into, seats).await
    }

    /// Puts messages into every channel: numbers `from` to `to` of each, written in the order they would have come.
    pub async fn put_messages(&mut self, channels: u64, from: u64, to: u64, bytes: usize) -> anyhow::Result<()> {
        let content = "x".repeat(bytes);
        let sender = user_id(0);
        let rows = (from..=to).flat_map(|seq| {
            let content = &content;
            (0..channels).map(move |number| {
                let (channel, id) = (channel_id(number), MESSAGES_FROM + seq * channels + number);
                format!(
                    "({channel},{seq},{id},{TEAM},{seq},{sender},'{content}','text',0,0,{TIME},{TIME},'{id}',\
                     '0123456789abcdef0123456789abcdef')"
                )
            })
        });
        self.insert(MESSAGE_COLUMNS, rows).await?;
        self.run(&format!("UPDATE channel_heads SET last_seq = {to}, last_rev = {to} WHERE team_id = {TEAM}")).await
    }

    /// Puts messages in as they come: each with its time, written like the column, and its text without `'` or `\`. Every
    /// channel gets one after the other, and people write in turns.
    pub async fn put_texts(
        &mut self,
        channels: u64,
        people: u64,
        texts: impl ExactSizeIterator<Item = (String, String)>,
    ) -> anyhow::Result<()> {
        let last = u64::try_from(texts.len())?.div_ceil(channels.max(1));
        let rows = texts.zip(0_u64..).map(|((time, content), number)| {
            let (channel, seq, sender) =
                (channel_id(number % channels), number / channels + 1, user_id(number % people));
            let id = MESSAGES_FROM + number;
            format!(
                "({channel},{seq},{id},{TEAM},{seq},{sender},'{content}','text',0,0,'{time}','{time}','{id}',\
                 '0123456789abcdef0123456789abcdef')"
            )
        });
        self.insert(MESSAGE_COLUMNS, rows).await?;
        self.run(&format!("UPDATE channel_heads SET last_seq = {last}, last_rev = {last} WHERE team_id = {TEAM}")).await
    }

    /// Ends the connection, and lets the database know how large its tables are.
    pub async fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => {
                connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);")?;
            }
            Self::Mysql(mut connection) => {
                for table in ["messages", "channel_members", "channel_heads", "users", "sessions"] {
                    connection.query_drop(format!("ANALYZE TABLE {table}")).await?;
                }
                connection.disconnect().await?;
            }
        }
        Ok(())
    }
}

/// Gives an access token of person number `number`, as the server would make it.
pub fn token(number: u64) -> anyhow::Result<String> {
    let digest = Sha256::digest(SECRET.as_bytes());
    let kid: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs();
    let header = serde_json::json!({"typ": "JWT", "alg": "HS256", "kid": kid});
    let claims = serde_json::json!({
        "iss": "syncspace", "aud": "syncspace", "sub": user_id(number).to_string(), "sid": SESSIONS_FROM + number,
        "jti": format!("bench-{number}"), "iat": now, "exp": now + 24 * 3600, "typ": "access",
    });
    let encode = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).context("the secret is a key")?;
    mac.update(signed.as_bytes());
    Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}
