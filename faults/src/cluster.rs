//! Everything that runs: servers, their database and Redis, and the lines between them that can be disturbed.

use syncspace_testkit::{MysqlServer, Proxy, RedisServer, ServerProcess};
use tempfile::TempDir;
use tokio::time::{Duration, Instant, sleep};

/// What a run is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// One server on its embedded store.
    Embedded,
    /// That many servers on MariaDB or MySQL and Redis.
    Shared {
        /// How many.
        servers: usize,
    },
}

/// One secret for all servers; it protects nothing but this run.
const SECRET: &str = "one signing secret for every server of a fault run";
/// Longest wait for all servers to be ready.
const READY_WAIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// The running system.
pub struct Cluster {
    /// The servers, each with its own lines.
    pub servers: Vec<Server>,
    /// The database; none on the embedded store.
    pub mysql: Option<MysqlServer>,
    /// Redis; none on the embedded store.
    pub redis: Option<RedisServer>,
    /// In front of all servers: what people connect to.
    pub entrance: Proxy,
    _folder: TempDir,
}

/// A server that is killed and started again in the same place.
pub struct Server {
    /// `None` while it is down.
    pub process: Option<ServerProcess>,
    /// The line to the database.
    pub to_mysql: Option<Proxy>,
    /// The line to Redis.
    pub to_redis: Option<Proxy>,
    arguments: Vec<String>,
    /// Faults that every start of this server has.
    planted: String,
}

impl Cluster {
    /// Starts everything; every server has this value of `FAILPOINTS` at each start.
    pub async fn start(store: Store, planted: &str) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("cannot make a temporary folder: {error}"));
        let (mut servers, mut mysql, mut redis) = (Vec::new(), None, None);
        match store {
            Store::Embedded => {
                let data = folder.path().join("data").display().to_string();
                servers.push(Server::new(vec!["--data-dir".to_owned(), data], planted));
            }
            Store::Shared { servers: count } => {
                let (database, carrier) = tokio::join!(MysqlServer::start(), RedisServer::start());
                let url = database.database().await;
                for _ in 0..count {
                    let (to_mysql, database) = Proxy::before(&url).await;
                    let (to_redis, redis) = Proxy::before(&carrier.url()).await;
                    let arguments = ["--database".to_owned(), database, "--redis".to_owned(), redis];
                    let server = Server::new(arguments.to_vec(), planted);
                    servers.push(Server { to_mysql: Some(to_mysql), to_redis: Some(to_redis), ..server });
                }
                (mysql, redis) = (Some(database), Some(carrier));
            }
        }
        let mut addresses = Vec::new();
        for server in &mut servers {
            addresses.push(server.start_first().await);
        }
        let entrance = Proxy::balancing(&addresses).await;
        Self { servers, mysql, redis, entrance, _folder: folder }
    }

    /// Gives the address that people connect to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.entrance.address())
    }

    /// Starts what is down, and waits until every server says that it is ready.
    pub async fn settle(&mut self) {
        for server in &mut self.servers {
            server.start().await;
        }
        for server in &self.servers {
            server.wait_until_ready().await;
        }
    }
}

impl Server {
    fn new(mut arguments: Vec<String>, planted: &str) -> Self {
        let limits = ["--bcrypt-cost", "4", "--login-attempts-per-minute", "0", "--requests-per-second", "0"];
        arguments.extend(limits.map(str::to_owned));
        arguments.extend(["--registration", "open", "--log-filter", "warn"].map(str::to_owned));
        Self { process: None, to_mysql: None, to_redis: None, arguments, planted: planted.to_owned() }
    }

    /// Starts on a free port, and keeps it.
    async fn start_first(&mut self) -> String {
        self.start().await;
        let url = self.process.as_ref().map(ServerProcess::url).unwrap_or_default();
        let address = url.trim_start_matches("http://").to_owned();
        self.arguments.extend(["--listen".to_owned(), address.clone()]);
        address
    }

    /// Starts the server unless it runs.
    pub async fn start(&mut self) {
        let planted = self.planted.clone();
        self.start_with(&planted).await;
    }

    /// Starts the server unless it runs, to end at a place such as `log::after_commit`, once it has passed it that often.
    pub async fn start_to_end_at(&mut self, place: &str, passes: u32) {
        let failpoints = format!("{place}={passes}*off->return");
        self.start_with(&failpoints).await;
    }

    async fn start_with(&mut self, failpoints: &str) {
        if self.process.as_mut().is_some_and(|process| !process.has_ended()) {
            return;
        }
        self.process = None;
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        let variables = [("SYNCSPACE_JWT_SECRET", SECRET), ("FAILPOINTS", failpoints)];
        self.process = Some(ServerProcess::start_with_env(&arguments, &variables).await);
    }

    /// Kills the server (SIGKILL).
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Waits until the server has ended by itself; false if it has not in that time.
    pub async fn ends_within(&mut self, wait: Duration) -> bool {
        let deadline = Instant::now() + wait;
        while Instant::now() < deadline {
            if self.process.as_mut().is_none_or(ServerProcess::has_ended) {
                return true;
            }
            sleep(LOOK).await;
        }
        false
    }

    async fn wait_until_ready(&self) {
        let Some(process) = &self.process else { return };
        let Ok(client) = process.url().parse().map(syncspace_client::Client::new) else { return };
        let client = client.unwrap_or_else(|error| panic!("no client: {error}"));
        let deadline = Instant::now() + READY_WAIT;
        while client.ready().await.is_err() {
            assert!(Instant::now() < deadline, "{} is not ready in time\n{}", process.url(), process.output());
            sleep(LOOK).await;
        }
    }
}
