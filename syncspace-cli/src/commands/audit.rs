//! `audit …`

use syncspace_client::Client;
use syncspace_protocol::UserId;
use syncspace_protocol::audit::AuditQuery;

use super::lists::gather;
use super::resolve;
use crate::args::{ListArgs, audit as args};
use crate::context::Context;
use crate::exit::Outcome;

pub(super) async fn run(context: &Context, args: args::Audit) -> Outcome {
    let client = context.client()?;
    let args::Audit::List(args) = args;
    let team = match &context.global.team {
        Some(text) => Some(resolve::team(&client, text).await?.team.id),
        None => None,
    };
    let wanted = AuditQuery {
        cursor: None,
        limit: None,
        action: args.action,
        actor_id: person(&client, args.by).await?,
        user_id: person(&client, args.to).await?,
        since: args.since,
        until: args.until,
    };
    let part = ListArgs { query: None, limit: args.part.limit };
    let lines = gather(part, |page| {
        let query = AuditQuery { cursor: page.cursor, limit: page.limit, ..wanted.clone() };
        let client = &client;
        async move {
            match team {
                Some(team) => client.team_audit(team, query).await,
                None => client.audit(query).await,
            }
        }
    });
    context.out.list(&lines.await?)
}

async fn person(client: &Client, text: Option<String>) -> Outcome<Option<UserId>> {
    match text {
        Some(text) => Ok(Some(resolve::user(client, &text).await?.id)),
        None => Ok(None),
    }
}
