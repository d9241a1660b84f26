//! The WebSocket: upgrades with our own buffers, then one task per socket.
//!
//! warp's own upgrade allocates 128 KiB per connection before the first frame; ours allocates what is used.

mod account;
mod catch_up;
mod outbox;
mod requests;
mod session;
mod socket;
mod talk;
mod transport;
mod watch;

use std::sync::Arc;

use http::header::{
    AUTHORIZATION, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::upgrade::OnUpgrade;
use syncspace_protocol::ErrorCode;
use syncspace_protocol::limits::FRAME_BYTES_MAX;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply as _};

use self::outbox::Wire;
use self::socket::{Entrance, Socket};
use self::transport::Transport;
use crate::http::{Failure, failure};
use crate::net::Lifetime;
use crate::rate_limit::{ConnectionLimits, RateLimits};
use crate::service::Service;

/// Bytes that one read of a socket takes at most, held by every connection; a longer frame grows it. Most frames of clients are
/// some hundred bytes.
const READ_BUFFER_BYTES: usize = 2 * 1024;

/// Room for the library's own frames: answers to pings and closes. All others are written beside it.
const CONTROL_BYTES_MAX: usize = 4 * 1024;

/// Gives the route of the socket.
pub(crate) fn route(service: Arc<Service>, limits: Arc<RateLimits>, life: Lifetime) -> BoxedFilter<(Response,)> {
    warp::path("ws")
        .and(warp::path::end())
        .and(warp::get())
        .and(warp::header::headers_cloned())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(move |headers: HeaderMap, query: String, upgrade: Option<OnUpgrade>| {
            match accept(&headers, &query, upgrade) {
                Ok((upgrade, entrance, response)) => {
                    spawn(Arc::clone(&service), limits.for_connection(), life.clone(), upgrade, entrance);
                    response
                }
                Err(refused) => failure(refused),
            }
        })
        .boxed()
}

/// Checks a request for an upgrade (RFC 6455, section 4.2.1) and makes its answer.
fn accept(
    headers: &HeaderMap,
    query: &str,
    upgrade: Option<OnUpgrade>,
) -> Result<(OnUpgrade, Entrance, Response), Failure> {
    let refuse = |message: &'static str| Failure::new(ErrorCode::InvalidField, message);
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let names = |name, word: &str| {
        text(name).is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    };
    if !names(UPGRADE, "websocket") || !names(CONNECTION, "upgrade") {
        return Err(refuse("/ws is a WebSocket over HTTP/1.1: send Connection: Upgrade and Upgrade: websocket"));
    }
    if text(SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(refuse("Sec-WebSocket-Version must be 13"));
    }
    let key = text(SEC_WEBSOCKET_KEY).ok_or_else(|| refuse("Sec-WebSocket-Key is missing"))?;
    let value_of = |wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let upgrade = upgrade.ok_or_else(|| refuse("this connection cannot be upgraded; use HTTP/1.1"))?;
    let accepted = HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| refuse("Sec-WebSocket-Key cannot be used"))?;
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let answer = response.headers_mut();
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.insert(SEC_WEBSOCKET_ACCEPT, accepted);
    let bearer = text(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let entrance = Entrance {
        token: bearer.map(str::to_owned),
        // A single-use ticket, for clients that cannot send a header.
        ticket: value_of("token"),
        // Everything is behind until `resume` frames name revisions.
        resumes: value_of("resume").as_deref() == Some("1"),
    };
    Ok((upgrade, entrance, response))
}

fn spawn(service: Arc<Service>, limits: ConnectionLimits, life: Lifetime, upgrade: OnUpgrade, entrance: Entrance) {
    let closing = life.closing.clone();
    life.tasks.spawn(async move {
        let upgraded = match upgrade.await {
            Ok(upgraded) => upgraded,
            Err(error) => return tracing::debug!(%error, "upgrade failed"),
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(CONTROL_BYTES_MAX)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let (transport, read) = Transport::of(upgraded);
        let wire = Wire::new(transport);
        let stream = WebSocketStream::from_partially_read(wire, read, Role::Server, Some(config)).await;
        Box::new(Socket::new(service, stream, limits, closing)).run(entrance).await;
    });
}
