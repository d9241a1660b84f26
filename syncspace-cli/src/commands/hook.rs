//! `hook …`

use syncspace_client::Client;
use syncspace_protocol::hooks::{CreateHook, EditHook, HookKind, MadeHook};
use syncspace_protocol::{ChannelId, HookId, Patch, TeamId};

use super::lists::gather;
use super::resolve;
use crate::args::{ListArgs, ListLimit, hook as args};
use crate::context::Context;
use crate::exit::{During, Outcome};
use crate::records::integration::HookAddress;

/// Deliveries that `hook show` shows.
const SHOWN_MAX: u32 = 10;

pub(super) async fn run(context: &Context, args: args::Hook) -> Outcome {
    let client = context.client()?;
    match args {
        args::Hook::Incoming(args) => incoming(context, &client, args).await,
        args::Hook::Outgoing(args) => outgoing(context, &client, args).await,
        args::Hook::List(list) => {
            let team = resolve::team_or_default(context, &client, list.target).await?.team.id;
            context.out.list(&gather(list.part, |query| client.hooks(team, query)).await?)
        }
        args::Hook::Show { id } => show(context, &client, id).await,
        args::Hook::Deliveries { id, part } => deliveries(context, &client, id, part).await,
        args::Hook::Edit(args) => edit(context, &client, args).await,
        args::Hook::Delete { id } => {
            let team = resolve::default_team(context, &client).await?.team.id;
            let hook = client.hook(team, id).await.during(|| format!("hook {id}"))?;
            if context.only_plans(|| format!("delete the hook {}", hook.name))? {
                return Ok(());
            }
            context.confirm(format!("Delete the hook {}?", hook.name)).await?;
            client.delete_hook(team, id).await.during(|| format!("cannot delete hook {id}"))?;
            context.out.say(&format!("hook {} deleted", hook.name));
            Ok(())
        }
    }
}

async fn channel(context: &Context, client: &Client, name: &str) -> Outcome<(TeamId, ChannelId)> {
    let found = resolve::channel(context, client, name).await?.channel;
    Ok((found.team_id, found.id))
}

async fn incoming(context: &Context, client: &Client, args: args::Incoming) -> Outcome {
    let (team, channel_id) = channel(context, client, &args.channel).await?;
    let bot_id = resolve::user(client, &args.bot).await?.id;
    if context.only_plans(|| format!("let programs post to {} as {}", args.channel, args.bot))? {
        return Ok(());
    }
    let name = args.name;
    let hook = CreateHook::Incoming { name, bot_id, channel_id, may_choose_channel: args.choose_channel };
    let made = client.create_hook(team, hook).await.during(|| format!("cannot make a hook for {}", args.channel))?;
    made_hook(context, client, &made)
}

async fn outgoing(context: &Context, client: &Client, args: args::Outgoing) -> Outcome {
    let (team, channel_id) = match &args.channel {
        Some(name) => {
            let (team, channel) = channel(context, client, name).await?;
            (team, Some(channel))
        }
        None => (resolve::default_team(context, client).await?.team.id, None),
    };
    let bot_id = resolve::user(client, &args.bot).await?.id;
    if context.only_plans(|| format!("have {} told of messages that {} reads", args.url, args.bot))? {
        return Ok(());
    }
    let (name, trigger_words, url) = (args.name, args.triggers, args.url);
    let hook = CreateHook::Outgoing { name, bot_id, channel_id, trigger_words, url };
    let made = client.create_hook(team, hook).await.during(|| "cannot make the hook".to_owned())?;
    made_hook(context, client, &made)
}

/// Prints what is to be kept, so that a shell can take it, and says beside it what it is.
fn made_hook(context: &Context, client: &Client, made: &MadeHook) -> Outcome {
    let server = client.server().to_string();
    let url = made.path.as_ref().map(|path| format!("{}{}", server.trim_end_matches('/'), path.0));
    let what = if url.is_some() { "address" } else { "secret" };
    let hook = &made.hook;
    context.out.say(&format!("hook {} made, with the id {}; its {what} is shown this once", hook.name, hook.id));
    let secret = made.secret.as_ref().map(|secret| secret.0.clone());
    context.out.entry(&HookAddress { id: hook.id, name: hook.name.clone(), url, secret })
}

async fn show(context: &Context, client: &Client, id: HookId) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    let hook = client.hook(team, id).await.during(|| format!("hook {id}"))?;
    context.out.record(&hook)?;
    if hook.kind == HookKind::Outgoing && context.out.is_table() {
        deliveries(context, client, id, ListLimit { limit: Some(SHOWN_MAX) }).await?;
    }
    Ok(())
}

async fn deliveries(context: &Context, client: &Client, id: HookId, part: ListLimit) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    let part = ListArgs { query: None, limit: part.limit };
    context.out.list(&gather(part, |query| client.hook_deliveries(team, id, query)).await?)
}

async fn edit(context: &Context, client: &Client, args: args::Edit) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    let channel_id = match &args.channel {
        Some(name) => Patch::Set(channel(context, client, name).await?.1),
        None if args.all_channels => Patch::Clear,
        None => Patch::Keep,
    };
    let id = args.id;
    if context.only_plans(|| format!("change hook {id}"))? {
        return Ok(());
    }
    let edit = EditHook {
        name: args.name,
        channel_id,
        may_choose_channel: args.choose_channel,
        trigger_words: args.triggers,
        url: args.url,
    };
    let changed = client.edit_hook(team, id, edit).await.during(|| format!("cannot change hook {id}"))?;
    context.out.done(&format!("hook {} changed", changed.name), &changed)
}
