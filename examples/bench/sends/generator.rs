//! A light sender: raw sockets, frames written by hand, one write for all that may be sent at once.

use std::time::Instant;

use anyhow::{Context, bail, ensure};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use syncspace_protocol::ChannelId;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::CONTENT_BYTES;

/// Most messages that one socket keeps outstanding; the server allows a few more.
const OUTSTANDING_PER_SOCKET: usize = 128;

/// One socket that sends into a channel.
pub(super) struct Sender {
    socket: WebSocketStream<TcpStream>,
    channel: ChannelId,
    /// Begins the client ids of this socket's messages.
    name: String,
    content: String,
    sent: u64,
}

/// Gives how many messages each of the sockets keeps outstanding.
pub(super) fn shares(outstanding: usize) -> Vec<usize> {
    let sockets = outstanding.div_ceil(OUTSTANDING_PER_SOCKET).max(outstanding.min(4));
    (0..sockets).map(|socket| outstanding / sockets + usize::from(socket < outstanding % sockets)).collect()
}

impl Sender {
    /// Connects; the socket follows no stream.
    pub(super) async fn connect(address: &str, token: &str, channel: ChannelId, name: String) -> anyhow::Result<Self> {
        let mut request = format!("ws://{address}/ws?resume=1").into_client_request()?;
        request.headers_mut().insert("authorization", HeaderValue::from_str(&format!("Bearer {token}"))?);
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.context("open a socket")?;
        socket.next().await.context("the server closed before hello")??;
        Ok(Self { socket, channel, name, content: "x".repeat(CONTENT_BYTES), sent: 0 })
    }

    /// Keeps that many messages outstanding until the time is over, and gives how many were acknowledged until then.
    pub(super) async fn run(mut self, outstanding: usize, until: Instant) -> anyhow::Result<u64> {
        let mut acknowledged = 0;
        let mut open = 0;
        loop {
            if Instant::now() < until {
                for _ in open..outstanding {
                    self.feed().await?;
                }
                self.socket.flush().await?;
                open = outstanding;
            } else if open == 0 {
                break;
            }
            let mut frame = self.socket.next().await;
            // What has arrived by now is counted before more is sent.
            while let Some(Ok(message)) = &frame {
                if is_acknowledgement(message)? {
                    open -= 1;
                    acknowledged += u64::from(Instant::now() < until);
                }
                match self.socket.next().now_or_never() {
                    Some(next) => frame = next,
                    None => break,
                }
            }
            if !matches!(frame, Some(Ok(_))) {
                bail!("the server closed the socket: {frame:?}");
            }
        }
        // Answers nothing any more; the server is ended next.
        drop(self.socket);
        Ok(acknowledged)
    }

    async fn feed(&mut self) -> anyhow::Result<()> {
        self.sent += 1;
        let Self { channel, name, content, sent, .. } = self;
        let frame = format!(
            "{{\"id\":{sent},\"op\":\"send\",\"channel_id\":{channel},\"client_id\":\"{name}-{sent:024}\",\"content\":\"{content}\"}}"
        );
        Ok(self.socket.feed(Message::text(frame)).await?)
    }
}

fn is_acknowledgement(message: &Message) -> anyhow::Result<bool> {
    let Message::Text(text) = message else { return Ok(false) };
    let is_reply = text.starts_with("{\"re\":");
    ensure!(!is_reply || text.contains("\"ok\":"), "a message was refused: {text}");
    Ok(is_reply)
}
