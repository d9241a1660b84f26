//! A bot that answers `!echo TEXT` in a thread, once for each message, however often it or the server restarts.
//!
//! ```text
//! syncspace bot create echo --team eng
//! syncspace member add eng/general @echo
//! export SYNCSPACE_TOKEN=$(syncspace bot token @echo runner --team eng --scope read,write --in 90d)
//! cargo run --example echo_bot -- http://127.0.0.1:7420 eng/general
//! ```

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use syncspace_client::{
    Client, ClientError, ConnectOptions, Connection, CredentialStore, ServerUrl, Update, messages_in,
};
use syncspace_protocol::auth::Secret;
use syncspace_protocol::messages::{Message, SendMessage};
use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::{ChannelId, StreamId, UserId};

/// Pause before a send is repeated that may or may not have arrived.
const RESEND_WAIT: Duration = Duration::from_secs(1);

/// Answers `!echo TEXT` in a channel.
#[derive(Parser)]
struct Arguments {
    /// Address of the server.
    server: ServerUrl,
    /// The channel, as team/channel; the bot must be a member.
    channel: String,
}

struct Bot {
    connection: Connection,
    channel: ChannelId,
    me: UserId,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // A bot has a token and no password; without one it talks as whoever is logged in here.
    let client = match std::env::var("SYNCSPACE_TOKEN") {
        Ok(token) => Client::with_token(arguments.server, Secret(token))?,
        Err(_) => Client::with_credentials(arguments.server, CredentialStore::open_default()?)?,
    };
    let me = client.me().await?.id;
    let channel = client.resolve_channel(&arguments.channel).await?;
    let stream = StreamId::Channel(channel.channel.id);
    let (connection, mut updates) = client.connect(ConnectOptions::following(stream, channel.head.last_rev));
    let bot = Bot { connection, channel: channel.channel.id, me };
    while let Some(update) = updates.recv().await {
        match update {
            Update::Event(event) if event.stream == Some(stream) => bot.take(&event).await?,
            Update::LoggedOut { reason } => bail!("logged out: {reason}"),
            _ => {}
        }
    }
    Ok(())
}

impl Bot {
    async fn take(&self, event: &Event) -> Result<()> {
        match event.body {
            EventBody::StreamReload {} => bail!("too much was missed: start again"),
            EventBody::StreamGone {} => bail!("the channel may not be seen any more"),
            _ => {}
        }
        // Edited messages come again, and are answered again with the same `client_id`: so they are answered once.
        for message in messages_in(event).filter(|message| message.sender_id != self.me) {
            if let Some(text) = message.content.strip_prefix("!echo ") {
                self.answer(message, text).await?;
            }
        }
        Ok(())
    }

    async fn answer(&self, message: &Message, text: &str) -> Result<()> {
        let answer = SendMessage {
            content: text.to_owned(),
            client_id: Some(format!("echo-{}", message.id).parse()?),
            parent_message_id: Some(message.id),
            ..SendMessage::default()
        };
        loop {
            match self.connection.send(self.channel, answer.clone()).await {
                Err(error) if error.is_transient() => tokio::time::sleep(wait_after(&error)).await,
                // The text was edited after it was echoed.
                Err(error) if error.code() == Some(syncspace_protocol::ErrorCode::ClientIdReused) => return Ok(()),
                outcome => return outcome.map(drop).context("cannot answer"),
            }
        }
    }
}

fn wait_after(error: &ClientError) -> Duration {
    error.retry_after().unwrap_or(RESEND_WAIT)
}
