//! A WebSocket as a load generator needs it: connects, resumes, reads frames as text.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// One connection.
pub struct Wire {
    socket: WebSocketStream<TcpStream>,
}

impl Wire {
    /// Connects with everything behind, and gives the first frame, `hello`.
    pub async fn resuming(address: &str, token: &str) -> anyhow::Result<(Self, Utf8Bytes)> {
        Self::open(TcpStream::connect(address).await?, address, "/ws?resume=1", token).await
    }

    /// Connects like [`Wire::resuming`] from a loopback address: the ports of one are soon used up by thousands.
    pub async fn resuming_from(from: Ipv4Addr, address: &str, token: &str) -> anyhow::Result<(Self, Utf8Bytes)> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        Self::open(socket.connect(address.parse()?).await?, address, "/ws?resume=1", token).await
    }

    /// Connects live, and gives the first frame, `hello`.
    pub async fn live(address: &str, token: &str) -> anyhow::Result<(Self, Utf8Bytes)> {
        Self::open(TcpStream::connect(address).await?, address, "/ws", token).await
    }

    async fn open(stream: TcpStream, address: &str, path: &str, token: &str) -> anyhow::Result<(Self, Utf8Bytes)> {
        stream.set_nodelay(true)?;
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
        let config = WebSocketConfig::default().read_buffer_size(4 * 1024).write_buffer_size(0);
        let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
        let mut wire = Self { socket };
        let hello = wire.next().await?;
        if !hello.contains("\"ev\":\"hello\"") {
            bail!("the first frame is no hello: {hello}");
        }
        Ok((wire, hello))
    }

    /// Sends a frame.
    pub async fn send(&mut self, text: impl Into<Utf8Bytes>) -> anyhow::Result<()> {
        self.socket.send(Message::Text(text.into())).await.context("send")
    }

    /// Gives the next text frame; pings are answered on the way.
    pub async fn next(&mut self) -> anyhow::Result<Utf8Bytes> {
        loop {
            match self.socket.next().await.context("the server ended the connection")?? {
                Message::Text(text) => return Ok(text),
                Message::Close(close) => bail!("the server closed the connection: {close:?}"),
                _ => {}
            }
        }
    }

    /// Reads until a frame fits, and gives it.
    pub async fn until(&mut self, fits: impl Fn(&str) -> bool) -> anyhow::Result<Utf8Bytes> {
        loop {
            let frame = self.next().await?;
            if fits(&frame) {
                return Ok(frame);
            }
        }
    }
}

/// Writes the frame that resumes streams, each named with its newest rev.
#[must_use]
pub fn resume_frame(epoch: &str, streams: impl Iterator<Item = (String, u64)>) -> String {
    let named: Vec<String> = streams.map(|(stream, rev)| format!("\"{stream}\":{rev}")).collect();
    format!("{{\"id\":1,\"op\":\"resume\",\"epoch\":\"{epoch}\",\"streams\":{{{}}}}}", named.join(","))
}

/// Reads the epoch from a `hello`.
pub fn epoch_in(hello: &str) -> anyhow::Result<String> {
    let hello: serde_json::Value = serde_json::from_str(hello)?;
    hello["epoch"].as_str().map(str::to_owned).context("a hello names the epoch")
}
