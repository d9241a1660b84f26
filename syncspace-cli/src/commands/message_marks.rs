//! `message react` and what else is put on a message: no text of its own.

use syncspace_client::Client;
use syncspace_protocol::reactions::{Emoji, ReactionQuery};

use super::lists::gather;
use super::message::named;
use super::resolve;
use crate::args::message as args;
use crate::args::{ListArgs, ListLimit};
use crate::context::Context;
use crate::exit::{During, Outcome};
use crate::records::message::Names;

pub(super) async fn react(context: &Context, client: &Client, which: &args::One, emoji: &Emoji) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    if context.only_plans(|| format!("react with {emoji} to {}", named(which)))? {
        return Ok(());
    }
    let during = || format!("cannot react to {}", named(which));
    let message = client.react(channel, which.seq, emoji).await.during(during)?;
    context.out.entry(&Names::new(client).row(message).await)
}

pub(super) async fn unreact(context: &Context, client: &Client, which: &args::One, emoji: &Emoji) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    if context.only_plans(|| format!("take {emoji} back from {}", named(which)))? {
        return Ok(());
    }
    let during = || format!("cannot take the reaction to {} back", named(which));
    let message = client.unreact(channel, which.seq, emoji).await.during(during)?;
    context.out.entry(&Names::new(client).row(message).await)
}

pub(super) async fn reactions(
    context: &Context,
    client: &Client,
    which: &args::One,
    (emoji, limit): (Option<Emoji>, Option<u32>),
) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    let reacted = gather(ListArgs { limit, query: None }, |query| {
        let query = ReactionQuery { emoji: emoji.clone(), cursor: query.cursor, limit: query.limit };
        client.reactions(channel, which.seq, query)
    });
    let reacted = reacted.await?;
    let mut names = Names::new(client);
    let mut rows = Vec::with_capacity(reacted.len());
    for reacted in reacted {
        rows.push(names.reacted(reacted).await);
    }
    context.out.list(&rows)
}

pub(super) async fn history(context: &Context, client: &Client, which: &args::One) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    let everything = ListArgs { limit: None, query: None };
    let versions = gather(everything, |query| client.history(channel, which.seq, query)).await?;
    context.out.list(&versions)
}

pub(super) async fn pin(context: &Context, client: &Client, which: &args::One) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    if context.only_plans(|| format!("pin {}", named(which)))? {
        return Ok(());
    }
    let message = client.pin(channel, which.seq).await.during(|| format!("cannot pin {}", named(which)))?;
    context.out.entry(&Names::new(client).row(message).await)
}

pub(super) async fn unpin(context: &Context, client: &Client, which: &args::One) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    if context.only_plans(|| format!("unpin {}", named(which)))? {
        return Ok(());
    }
    let message = client.unpin(channel, which.seq).await.during(|| format!("cannot unpin {}", named(which)))?;
    context.out.entry(&Names::new(client).row(message).await)
}

pub(super) async fn pins(context: &Context, client: &Client, target: &str, part: ListLimit) -> Outcome {
    let channel = resolve::conversation(context, client, target).await?.channel.id;
    let part = ListArgs { limit: part.limit, query: None };
    let messages = gather(part, |query| client.pins(channel, query)).await?;
    context.out.list(&Names::new(client).rows(messages).await)
}
