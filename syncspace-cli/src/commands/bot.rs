//! `bot …`

use syncspace_client::Client;
use syncspace_protocol::bots::{Bot, CreateBot, EditBot};
use syncspace_protocol::users::User;
use syncspace_protocol::{Patch, TeamId, Username};

use super::lists::gather;
use super::{resolve, token};
use crate::args::{ListArgs, bot as args};
use crate::context::Context;
use crate::exit::{During, Outcome};

pub(super) async fn run(context: &Context, args: args::Bot) -> Outcome {
    let client = context.client()?;
    let named = if let args::Bot::List(list) = &args { list.target.clone() } else { None };
    let team = resolve::team_or_default(context, &client, named).await?.team.id;
    match args {
        args::Bot::Create { username, name } => create(context, &client, team, (username, name)).await,
        args::Bot::List(list) => context.out.list(&gather(list.part, |query| client.bots(team, query)).await?),
        args::Bot::Rename { bot, name } => {
            let edit = EditBot { full_name: Patch::Set(name), ..EditBot::default() };
            change(context, &client, team, (&bot, "renamed", edit)).await
        }
        args::Bot::Disable { bot } => {
            if !context.global.dry_run {
                context.confirm(format!("Switch {bot} off, and end its tokens and hooks?")).await?;
            }
            let edit = EditBot { is_active: Some(false), ..EditBot::default() };
            change(context, &client, team, (&bot, "switched off", edit)).await
        }
        args::Bot::Enable { bot } => {
            let edit = EditBot { is_active: Some(true), ..EditBot::default() };
            change(context, &client, team, (&bot, "switched on", edit)).await
        }
        args::Bot::Token { bot, name, power } => {
            let found = find(&client, &bot).await?;
            if context.only_plans(|| format!("make the token {name} for {bot}"))? {
                return Ok(());
            }
            let new = token::wanted(name, &power);
            let made = client.create_bot_token(team, found.id, new).await;
            token::show(context, &made.during(|| format!("cannot make a token for {bot}"))?)
        }
        args::Bot::Tokens { bot, part } => {
            let found = find(&client, &bot).await?;
            let part = ListArgs { query: None, limit: part.limit };
            context.out.list(&gather(part, |query| client.bot_tokens(team, found.id, query)).await?)
        }
        args::Bot::Revoke { bot, id } => {
            let found = find(&client, &bot).await?;
            if context.only_plans(|| format!("revoke token {id} of {bot}"))? {
                return Ok(());
            }
            client.revoke_bot_token(team, found.id, id).await.during(|| format!("cannot revoke token {id}"))?;
            context.out.say(&format!("token {id} of {bot} revoked"));
            Ok(())
        }
    }
}

async fn find(client: &Client, bot: &str) -> Outcome<User> {
    resolve::user(client, bot).await
}

async fn create(
    context: &Context,
    client: &Client,
    team: TeamId,
    (username, full_name): (Username, Option<String>),
) -> Outcome {
    if context.only_plans(|| format!("make the bot @{username}"))? {
        return Ok(());
    }
    let during = format!("cannot make the bot @{username}");
    let made = client.create_bot(team, CreateBot { username, full_name }).await.during(|| during)?;
    context.out.done(&format!("bot @{} made; add it to the channels that it is for", made.user.username), &made)
}

async fn change(context: &Context, client: &Client, team: TeamId, (bot, done, edit): (&str, &str, EditBot)) -> Outcome {
    // Who is switched off is in no list of people: the bots of the team are.
    let wanted = bot.trim_start_matches('@');
    let all: Vec<Bot> = gather(ListArgs { query: None, limit: None }, |query| client.bots(team, query)).await?;
    let is_it =
        |one: &&Bot| one.user.username.as_str().eq_ignore_ascii_case(wanted) || one.user.id.to_string() == wanted;
    let id = match all.iter().find(is_it) {
        Some(found) => found.user.id,
        None => find(client, bot).await?.id,
    };
    if context.only_plans(|| format!("have {bot} {done}"))? {
        return Ok(());
    }
    let changed = client.edit_bot(team, id, edit).await.during(|| format!("cannot change the bot {bot}"))?;
    context.out.done(&format!("@{} {done}", changed.user.username), &changed)
}
