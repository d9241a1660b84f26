//! Opens the socket: an HTTP upgrade through the same library, proxies and certificates as every other request.

use futures_util::future::TryFutureExt as _;
use reqwest::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use reqwest::{StatusCode, Upgraded};
use syncspace_protocol::auth::Secret;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::session::OpenFailure;
use crate::bounds::{HELLO_TIMEOUT, SERVER_FRAME_BYTES_MAX};
use crate::error::BoxError;
use crate::rest::{bearing, ends_the_login, is_stale_token, refusal};
use crate::{Client, ClientError};

/// An open socket.
pub(super) type Socket = WebSocketStream<Upgraded>;

const REQUEST_NAME: &str = "GET /ws";

/// Opens a socket that waits for `resume`; refreshes the token first, or once the server has refused it.
pub(super) async fn open(client: Client) -> Result<Socket, OpenFailure> {
    let opened = async {
        let token = client.access_token().await?;
        match upgrade(&client, &token).await {
            Err(ClientError::Refused(detail)) if is_stale_token(&detail) && !client.has_token() => {
                let fresh = client.replace_token(&token).await?;
                upgrade(&client, &fresh).await
            }
            outcome => outcome,
        }
    };
    opened.map_err(|error: ClientError| failure(&error)).await
}

async fn upgrade(client: &Client, token: &Secret) -> Result<Socket, ClientError> {
    timeout(HELLO_TIMEOUT, upgrade_patiently(client, token)).await.unwrap_or(Err(ClientError::TimedOut))
}

async fn upgrade_patiently(client: &Client, token: &Secret) -> Result<Socket, ClientError> {
    let key = generate_key();
    let request = client
        .http_upgrade()?
        .get(client.server().join(["ws"]))
        .query(&[("resume", "1")])
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key);
    let response = bearing(request, token)?.send().await.map_err(|source| client.network_error(source))?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refusal(client, response, REQUEST_NAME).await);
    }
    // RFC 6455, 4.1: proves that the other side took it for a WebSocket and not for some other upgrade.
    let accept = response.headers().get(SEC_WEBSOCKET_ACCEPT).map(|value| value.as_bytes());
    if accept != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        let source = BoxError::from("the server did not accept a WebSocket");
        return Err(ClientError::Protocol { during: REQUEST_NAME.to_owned(), source });
    }
    let upgraded = response.upgrade().await.map_err(|source| client.network_error(source))?;
    let config = WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        .max_message_size(Some(SERVER_FRAME_BYTES_MAX))
        .max_frame_size(Some(SERVER_FRAME_BYTES_MAX));
    Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await)
}

fn failure(error: &ClientError) -> OpenFailure {
    let reason = with_causes(error);
    if ends_the_login(error) {
        OpenFailure::LoggedOut { reason }
    } else {
        OpenFailure::Later { reason, retry_after: error.retry_after() }
    }
}

/// Writes an error with its causes in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
