//! `message show`, `link`, `quote` and `forward`: messages named by others, and taken elsewhere.

use syncspace_client::Client;
use syncspace_protocol::links::Permalink;
use syncspace_protocol::messages::MessagePlace;
use syncspace_protocol::{ClientId, Seq};

use super::message::named;
use super::resolve;
use crate::args::message as args;
use crate::context::Context;
use crate::exit::{CliError, During, Outcome};
use crate::records::message::Names;

/// What `message forward` is to send.
pub(super) struct Copy {
    pub(super) to: String,
    pub(super) text: Option<String>,
    pub(super) client_id: Option<ClientId>,
}

pub(super) async fn show(context: &Context, client: &Client, target: &str, seq: Option<Seq>) -> Outcome {
    let (channel, seq) = match seq {
        Some(seq) => (resolve::conversation(context, client, target).await?.channel.id, seq),
        None => linked(client, target)?,
    };
    let message = client.message(channel, seq).await.during(|| format!("message {seq} of {target}"))?;
    context.out.record(&Names::new(client).row(message).await)
}

/// Reads a link; one that names another server is not looked up on this one.
pub(super) fn linked(client: &Client, text: &str) -> Outcome<(syncspace_protocol::ChannelId, Seq)> {
    if !Permalink::is_meant_by(text) {
        let message = format!("the place of the message is missing: give it behind {text}, or give a link");
        return Err(CliError::Usage(message));
    }
    let link: Permalink = text.parse().map_err(|error| CliError::Usage(format!("{text}: {error}")))?;
    let here = client.server().to_string();
    match Permalink::server_in(text) {
        Some(server) if server != here.trim_end_matches('/') => {
            let message = format!("the link leads to {server}, and you are at {here}: give --server {server}");
            Err(CliError::Usage(message))
        }
        _ => Ok((link.channel_id, link.seq)),
    }
}

pub(super) async fn link(context: &Context, client: &Client, which: &args::One, web: bool) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel;
    // Only links that lead somewhere are given.
    let message = client.message(channel.id, which.seq).await.during(|| named(which))?;
    let link = Permalink { team_id: channel.team_id, channel_id: channel.id, seq: message.seq };
    let text = if web { link.on_web(&client.server().to_string()) } else { link.to_string() };
    context.out.raw(format!("{text}\n").as_bytes())
}

pub(super) async fn quote(context: &Context, client: &Client, which: &args::One) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    let message = client.message(channel, which.seq).await.during(|| named(which))?;
    if message.deleted_at.is_some() {
        return Err(CliError::NotFound(format!("{} was deleted", named(which))));
    }
    // The text comes from others, and standard output may be a terminal.
    context.out.raw(syncspace_protocol::text::clean_text(&message.quoted()).as_bytes())
}

pub(super) async fn forward(context: &Context, client: &Client, which: &args::One, copy: &Copy) -> Outcome {
    let source = resolve::conversation(context, client, &which.target).await?.channel.id;
    if context.only_plans(|| format!("forward {} to {}", named(which), copy.to))? {
        return Ok(());
    }
    let channel = resolve::conversation_to_write(context, client, &copy.to).await?.channel.id;
    let source = MessagePlace { channel_id: source, seq: which.seq };
    let during = || format!("cannot forward {} to {}", named(which), copy.to);
    let message = client.forward_message(source, channel, copy.text.clone(), copy.client_id.clone()).await;
    context.out.entry(&Names::new(client).row(message.during(during)?).await)
}
