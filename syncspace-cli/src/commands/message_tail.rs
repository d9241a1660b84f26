//! `message tail`: the last messages, and with -f those to come, each once and in order, whatever the network does.
//!
//! What was printed is known by one number, the seq of the last message. An event only says that there is more: the
//! next message is printed from it, anything else is read from the log after that number. So a lost connection, a
//! repeated event or a reload cannot lose or double a message.

use std::time::Duration;

use syncspace_client::{Client, ConnectOptions, Update};
use syncspace_protocol::messages::Message;
use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::{ChannelId, Seq, StreamId};
use tokio::sync::mpsc::Receiver;

use super::message::{Log, read_after, read_before};
use super::resolve;
use crate::args::message as args;
use crate::context::Context;
use crate::exit::{CliError, Outcome, login_hint};
use crate::output::Stream;
use crate::records::message::{MessageRow, Names};

/// Pause before a failed read of the log is tried again.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(1);

pub(super) async fn tail(context: &Context, client: &Client, args: args::Tail) -> Outcome {
    let channel = resolve::conversation(context, client, &args.target).await?.channel.id;
    let log = match args.since {
        Some(since) => read_after(client, channel, since, u32::MAX).await?,
        None => read_before(client, channel, None, args.limit).await?,
    };
    if !args.follow {
        return context.out.list(&Names::new(client).rows(log.messages).await);
    }
    let Log { messages, last_seq, rev } = log;
    let mut tail = Tail {
        context,
        client,
        channel,
        target: &args.target,
        printed: context.out.stream::<MessageRow>()?,
        names: Names::new(client),
        last_seq: messages.first().map_or(last_seq, |first| before(first.seq)),
    };
    for message in messages {
        tail.print(message).await?;
    }
    let (_connection, updates) = client.connect(ConnectOptions::following(StreamId::Channel(channel), rev));
    tail.follow(updates).await
}

fn before(seq: Seq) -> Seq {
    Seq::try_from(seq.get().saturating_sub(1)).unwrap_or(Seq::ZERO)
}

/// A channel that is followed.
struct Tail<'a> {
    context: &'a Context,
    client: &'a Client,
    channel: ChannelId,
    target: &'a str,
    printed: Stream<'a>,
    names: Names,
    /// The last message that was printed.
    last_seq: Seq,
}

impl Tail<'_> {
    async fn follow(&mut self, mut updates: Receiver<Update>) -> Outcome {
        while let Some(update) = updates.recv().await {
            match update {
                Update::Connecting { .. } => {}
                Update::Connected(_) => self.catch_up().await?,
                Update::Event(event) => self.take(event).await?,
                Update::Disconnected { reason, retry_in } => {
                    let wait = retry_in.as_secs_f32();
                    self.context.out.say(&format!("connection lost ({reason}); trying again in {wait:.1} s"));
                }
                Update::LoggedOut { reason } => {
                    let hint = login_hint(Some(&self.client.server().to_string()));
                    return Err(CliError::NotLoggedIn(format!("the session is over ({reason}): {hint}")));
                }
            }
        }
        Err(CliError::Unavailable("the connection ended".to_owned()))
    }

    async fn take(&mut self, event: Event) -> Outcome {
        if event.stream != Some(StreamId::Channel(self.channel)) {
            return Ok(());
        }
        match event.body {
            EventBody::MessageCreated { message, .. } if message.seq == self.last_seq.next() => {
                self.print(message).await
            }
            EventBody::MessageCreated { message, .. } if message.seq <= self.last_seq => Ok(()),
            EventBody::MessageCreated { .. } | EventBody::Changes { .. } | EventBody::StreamReload {} => {
                self.catch_up().await
            }
            EventBody::StreamGone {} => {
                Err(CliError::NotFound(format!("{} is gone, or you may not see it any more", self.target)))
            }
            _ => Ok(()),
        }
    }

    /// Prints everything after the last printed message.
    async fn catch_up(&mut self) -> Outcome {
        loop {
            match read_after(self.client, self.channel, self.last_seq, u32::MAX).await {
                Ok(log) => {
                    for message in log.messages {
                        self.print(message).await?;
                    }
                    return Ok(());
                }
                Err(CliError::Client { source, .. }) if source.is_transient() => {
                    let wait = source.retry_after().unwrap_or(READ_AGAIN_AFTER);
                    self.context.out.say(&format!("{source}; trying again in {:.1} s", wait.as_secs_f32()));
                    tokio::time::sleep(wait).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn print(&mut self, message: Message) -> Outcome {
        let seq = message.seq;
        self.printed.push(&self.names.row(message).await)?;
        self.last_seq = seq;
        Ok(())
    }
}
