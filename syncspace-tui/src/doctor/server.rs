//! How far the server is, and whether its clock is ours.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use syncspace_client::{Client, ConnectOptions, CredentialStore, ServerUrl, Update};
use syncspace_protocol::Time;
use tokio::time::timeout;

/// Longest wait for the server.
const SERVER_WAIT: Duration = Duration::from_secs(5);
/// The quickest of so many questions counts: the first one makes the connection.
const QUESTIONS: usize = 3;

/// What is known of the way to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Far {
    Unreachable(String),
    Reached {
        version: String,
        latency_ms: u128,
        /// How far the server's clock is ahead, where a saved login could ask.
        ahead_ms: Option<i64>,
    },
}

pub(super) async fn measure(address: &str, store: CredentialStore) -> Far {
    let asked = timeout(SERVER_WAIT, ask(address, store)).await;
    let failed = || Err(format!("no answer within {} s", SERVER_WAIT.as_secs()));
    asked.unwrap_or_else(|_| failed()).unwrap_or_else(Far::Unreachable)
}

async fn ask(address: &str, store: CredentialStore) -> Result<Far, String> {
    let server: ServerUrl = address.parse().map_err(|error| format!("{error}"))?;
    let client = Client::with_credentials(server, store).map_err(|error| error.to_string())?;
    let mut quickest = None;
    let mut version = String::new();
    for _ in 0..QUESTIONS {
        let asked = Instant::now();
        let info = client.server_info().await.map_err(|error| error.to_string())?;
        version = crate::app::text::line(&info.version);
        let took = asked.elapsed().as_millis();
        quickest = Some(quickest.map_or(took, |held: u128| held.min(took)));
    }
    let latency_ms = quickest.unwrap_or(0);
    let ahead_ms = if client.credentials().is_some() { clock_ahead(&client, latency_ms).await } else { None };
    Ok(Far::Reached { version, latency_ms, ahead_ms })
}

/// Gives how far the server's clock is ahead of this one: it tells the time when somebody connects.
async fn clock_ahead(client: &Client, latency_ms: u128) -> Option<i64> {
    let (connection, mut updates) = client.connect(ConnectOptions::default());
    let heard = timeout(SERVER_WAIT / 2, async {
        while let Some(update) = updates.recv().await {
            if let Update::Connected(hello) = update {
                let here = Time::from(Timestamp::now()).unix_ms();
                let on_its_way = i64::try_from(latency_ms / 2).unwrap_or(0);
                return Some(hello.server_time.unix_ms() + on_its_way - here);
            }
        }
        None
    });
    let ahead = heard.await.ok().flatten();
    let _closed = timeout(Duration::from_millis(500), connection.close()).await;
    ahead
}
