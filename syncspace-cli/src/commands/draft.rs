//! `draft …`

use syncspace_client::Client;
use syncspace_protocol::personal::{DraftQuery, PutDraft};

use super::lists::gather_places;
use super::message::content;
use super::resolve;
use crate::args::{ListLimit, draft as args};
use crate::context::Context;
use crate::exit::{During, Outcome};

pub(super) async fn run(context: &Context, args: args::Draft) -> Outcome {
    let client = &context.client()?;
    match args {
        args::Draft::List { target, part } => list(context, client, target, part).await,
        args::Draft::Set { which, text } => set(context, client, &which, text).await,
        args::Draft::Clear(which) => clear(context, client, &which).await,
    }
}

async fn list(context: &Context, client: &Client, team: Option<String>, part: ListLimit) -> Outcome {
    let team = resolve::team_or_default(context, client, team).await?.team.id;
    context.out.list(&gather_places(part, |query| client.drafts(team, query)).await?)
}

async fn set(context: &Context, client: &Client, which: &args::One, text: Option<String>) -> Outcome {
    let content = content(text).await?;
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    if context.only_plans(|| format!("keep a draft in {}", which.target))? {
        return Ok(());
    }
    let during = || format!("cannot keep a draft in {}", which.target);
    let draft = client.put_draft(channel, query(which), PutDraft { content }).await.during(during)?;
    context.out.done(&format!("draft kept in {}", which.target), &draft)
}

async fn clear(context: &Context, client: &Client, which: &args::One) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    if context.only_plans(|| format!("throw the draft in {} away", which.target))? {
        return Ok(());
    }
    let during = || format!("cannot throw the draft in {} away", which.target);
    client.clear_draft(channel, query(which)).await.during(during)?;
    context.out.say(&format!("draft in {} thrown away", which.target));
    Ok(())
}

const fn query(which: &args::One) -> DraftQuery {
    DraftQuery { parent_seq: which.thread, expected_rev: which.expected_rev }
}
