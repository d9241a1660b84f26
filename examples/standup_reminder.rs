//! Posts a reminder on every working day, once, even where several of these run for the same account.
//!
//! The message's `client_id` is made of the date, so a repeat gives the message back that stands there already.
//!
//! ```text
//! cargo run --example standup_reminder -- http://127.0.0.1:7420 eng/general --at 09:30 --text "Stand-up in 5 minutes"
//! ```

#![expect(clippy::print_stdout, reason = "a program that tells what it posted")]

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use jiff::civil::{Time, Weekday};
use jiff::{ToSpan, Zoned};
use syncspace_client::{Client, CredentialStore, ServerUrl};
use syncspace_protocol::ChannelId;
use syncspace_protocol::messages::SendMessage;

/// Pause before a send is repeated that may or may not have arrived.
const RESEND_WAIT: Duration = Duration::from_secs(5);
/// A longer sleep would miss that the clock was set, or the machine suspended.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Posts a reminder on every working day.
#[derive(Parser)]
struct Arguments {
    /// Address of the server.
    server: ServerUrl,
    /// The channel, as team/channel.
    channel: String,
    /// When, in this machine's time zone.
    #[arg(long, default_value = "09:30")]
    at: Time,
    /// What.
    #[arg(long, default_value = "Stand-up in 5 minutes")]
    text: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let client = Client::with_credentials(arguments.server, CredentialStore::open_default()?)?;
    let channel = client.resolve_channel(&arguments.channel).await?.channel.id;
    loop {
        let due = next_due(&Zoned::now(), arguments.at)?;
        println!("the next reminder is due on {}", due.strftime("%A, %F %R"));
        while let Ok(left) = Duration::try_from(Zoned::now().duration_until(&due)) {
            tokio::time::sleep(left.min(SLEEP_MAX)).await;
        }
        remind(&client, channel, &arguments.text, &due).await?;
    }
}

/// Gives the next working day's time, after now.
fn next_due(now: &Zoned, at: Time) -> Result<Zoned> {
    let mut due = now.with().time(at).build()?;
    while due <= *now || matches!(due.weekday(), Weekday::Saturday | Weekday::Sunday) {
        due = due.checked_add(1.day())?;
    }
    Ok(due)
}

async fn remind(client: &Client, channel: ChannelId, text: &str, due: &Zoned) -> Result<()> {
    let client_id = due.strftime("standup-%F-%H%M").to_string().parse()?;
    let message = SendMessage { content: text.to_owned(), client_id: Some(client_id), ..SendMessage::default() };
    loop {
        match client.send_message(channel, message.clone()).await {
            Err(error) if error.is_transient() => {
                tokio::time::sleep(error.retry_after().unwrap_or(RESEND_WAIT)).await;
            }
            outcome => {
                let message = outcome.context("cannot post the reminder")?;
                println!("message {} of {}: {}", message.seq, message.created_at, message.content);
                return Ok(());
            }
        }
    }
}
