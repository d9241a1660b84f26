//! `team request` and what becomes of it.

use syncspace_client::Client;
use syncspace_protocol::join_requests::AskToJoin;

use super::lists::gather;
use super::resolve;
use crate::args::{ListArgs, ListLimit};
use crate::context::Context;
use crate::exit::{During, Outcome};

pub(super) async fn ask(
    context: &Context,
    client: &Client,
    team: &str,
    (message, withdraw): (Option<String>, bool),
) -> Outcome {
    let team = resolve::team(client, team).await?.team;
    let name = &team.name;
    if withdraw {
        if context.only_plans(|| format!("take your request to {name} back"))? {
            return Ok(());
        }
        client.withdraw_join_request(team.id).await.during(|| format!("cannot take your request to {name} back"))?;
        context.out.say(&format!("request to {name} taken back"));
        return Ok(());
    }
    if context.only_plans(|| format!("ask to come into {name}"))? {
        return Ok(());
    }
    let during = || format!("cannot ask to come into {name}");
    let request = client.ask_to_join(team.id, AskToJoin { message }).await.during(during)?;
    context.out.done(&format!("asked to come into {name}; those who manage its members decide"), &request)
}

pub(super) async fn list(context: &Context, client: &Client, team: Option<String>, part: ListLimit) -> Outcome {
    let part = ListArgs { query: None, limit: part.limit };
    let Some(team) = team else {
        return context.out.list(&gather(part, |query| client.my_join_requests(query)).await?);
    };
    let team = resolve::team(client, &team).await?.team.id;
    context.out.list(&gather(part, |query| client.join_requests(team, query)).await?)
}

pub(super) async fn accept(context: &Context, client: &Client, team: &str, user: &str) -> Outcome {
    let (team, user) = (resolve::team(client, team).await?.team, resolve::user(client, user).await?);
    let what = format!("take @{} into {}", user.username, team.name);
    if context.only_plans(|| what.clone())? {
        return Ok(());
    }
    let member = client.accept_join_request(team.id, user.id).await.during(|| format!("cannot {what}"))?;
    context.out.done(&format!("@{} is in {} now", user.username, team.name), &member)
}

pub(super) async fn decline(context: &Context, client: &Client, team: &str, user: &str) -> Outcome {
    let (team, user) = (resolve::team(client, team).await?.team, resolve::user(client, user).await?);
    let what = format!("decline the request of @{} to {}", user.username, team.name);
    if context.only_plans(|| what.clone())? {
        return Ok(());
    }
    client.decline_join_request(team.id, user.id).await.during(|| format!("cannot {what}"))?;
    context.out.say(&format!("request of @{} declined", user.username));
    Ok(())
}
