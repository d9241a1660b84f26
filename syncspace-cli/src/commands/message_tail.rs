//! `message tail`: the last messages, and with -f those to come, each once and in order, whatever the network does.
//!
//! What was printed is known by one number, the seq of the last message. An event only says that there is more: the
//! next message is printed from it, anything else is read from the log after that number. So a lost connection, a
//! repeated event or a reload cannot lose or double a message.

use std::time::Duration;

use syncspace_client::{Client, ConnectOptions, Update};
use syncspace_protocol::limits::PAGE_ITEMS_MAX;
use syncspace_protocol::messages::{Message, MessageQuery};
use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId};

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
    let found = resolve::conversation(context, client, &args.target).await?;
    let channel = found.channel.id;
    if args.follow && found.membership.is_none() {
        let target = &args.target;
        return Err(CliError::Forbidden(format!(
            "only members follow {target}: join it with `syncspace channel join {target}`"
        )));
    }
    if args.follow {
        return Tail::start(context, client, channel, &args).await?.follow(args.since).await;
    }
    let log = match args.since {
        Some(since) => read_after(client, channel, since, u32::MAX).await?,
        None => read_before(client, channel, None, args.limit).await?,
    };
    context.out.list(&Names::new(client).rows(log.messages).await)
}

/// A channel that is followed.
struct Tail<'a> {
    context: &'a Context,
    client: &'a Client,
    channel: ChannelId,
    target: &'a str,
    printed: Stream<'a>,
    names: Names,
    /// The last message that was printed, or the place to go on from.
    last_seq: Seq,
    /// The channel's rev when its log was read.
    rev: Rev,
}

impl<'a> Tail<'a> {
    /// Prints the last messages, unless the beginning is a place of its own.
    async fn start(
        context: &'a Context,
        client: &'a Client,
        channel: ChannelId,
        args: &'a args::Tail,
    ) -> Outcome<Self> {
        let wanted = if args.since.is_some() { 0 } else { args.limit };
        let Log { messages, last_seq, rev } = read_before(client, channel, None, wanted).await?;
        let mut tail = Tail {
            context,
            client,
            channel,
            target: &args.target,
            printed: context.out.stream::<MessageRow>()?,
            names: Names::new(client),
            last_seq,
            rev,
        };
        for message in messages {
            tail.print(message).await?;
        }
        Ok(tail)
    }

    async fn follow(&mut self, since: Option<Seq>) -> Outcome {
        if let Some(since) = since {
            self.last_seq = since.min(self.last_seq);
        }
        let options = ConnectOptions::following(StreamId::Channel(self.channel), self.rev);
        let (_connection, mut updates) = self.client.connect(options);
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
        let is_ours = event.stream == Some(StreamId::Channel(self.channel));
        match event.body {
            EventBody::MessageCreated { message, .. } if is_ours && message.seq == self.last_seq.next() => {
                self.print(message).await
            }
            EventBody::MessageCreated { message, .. } if is_ours && message.seq <= self.last_seq => Ok(()),
            EventBody::MessageCreated { .. } | EventBody::Changes { .. } | EventBody::StreamReload {} if is_ours => {
                self.catch_up().await
            }
            EventBody::StreamGone {} if is_ours => Err(self.gone()),
            EventBody::MyChannelLeft { channel_id } | EventBody::ChannelDeleted { channel_id }
                if channel_id == self.channel =>
            {
                Err(self.gone())
            }
            _ => Ok(()),
        }
    }

    fn gone(&self) -> CliError {
        CliError::NotFound(format!("{} is gone, or you are not in it any more", self.target))
    }

    /// Prints everything after the last printed message, page by page.
    async fn catch_up(&mut self) -> Outcome {
        loop {
            let after = Some(self.last_seq);
            let query = MessageQuery { after, limit: Some(PAGE_ITEMS_MAX), ..MessageQuery::default() };
            match self.client.messages(self.channel, query).await {
                Ok(page) => {
                    let is_last = page.next.is_none() || page.items.is_empty();
                    for message in page.items {
                        self.print(message).await?;
                    }
                    if is_last {
                        return Ok(());
                    }
                }
                Err(error) if error.is_transient() => {
                    let wait = error.retry_after().unwrap_or(READ_AGAIN_AFTER);
                    self.context.out.say(&format!("{error}; trying again in {:.1} s", wait.as_secs_f32()));
                    tokio::time::sleep(wait).await;
                }
                Err(error) => return Err(error.into()),
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
