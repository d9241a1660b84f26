//! `command …`

use syncspace_client::Client;
use syncspace_protocol::commands::{CreateCommand, EditCommand, RunCommand};
use syncspace_protocol::names::SlashName;
use syncspace_protocol::{CommandId, Patch};

use super::lists::gather;
use super::resolve;
use crate::args::command as args;
use crate::context::Context;
use crate::exit::{During, Outcome};

pub(super) async fn run(context: &Context, args: args::Command) -> Outcome {
    let client = context.client()?;
    match args {
        args::Command::Create(args) => create(context, &client, args).await,
        args::Command::List(list) => {
            let team = resolve::team_or_default(context, &client, list.target).await?.team.id;
            context.out.list(&gather(list.part, |query| client.commands(team, query)).await?)
        }
        args::Command::Edit(args) => edit(context, &client, args).await,
        args::Command::Delete { id } => delete(context, &client, id).await,
        args::Command::Run { channel, name, text } => run_in(context, &client, (&channel, name, text)).await,
    }
}

async fn create(context: &Context, client: &Client, args: args::Create) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    let bot_id = resolve::user(client, &args.bot).await?.id;
    let name = args.name;
    if context.only_plans(|| format!("make the command /{name}"))? {
        return Ok(());
    }
    let during = format!("cannot make the command /{name}");
    let command = CreateCommand { name, description: args.description, usage_hint: args.hint, bot_id, url: args.url };
    let made = client.create_command(team, command).await.during(|| during)?;
    let (name, id) = (&made.command.name, made.command.id);
    context.out.say(&format!("command /{name} made, with the id {id}; its secret is shown this once"));
    context.out.entry(&made)
}

async fn edit(context: &Context, client: &Client, args: args::Edit) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    let id = args.id;
    if context.only_plans(|| format!("change command {id}"))? {
        return Ok(());
    }
    let patch = |text: Option<String>| match text {
        None => Patch::Keep,
        Some(text) if text.is_empty() => Patch::Clear,
        Some(text) => Patch::Set(text),
    };
    let edit = EditCommand { description: patch(args.description), usage_hint: patch(args.hint), url: args.url };
    let changed = client.edit_command(team, id, edit).await.during(|| format!("cannot change command {id}"))?;
    context.out.done(&format!("command /{} changed", changed.name), &changed)
}

async fn delete(context: &Context, client: &Client, id: CommandId) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    if context.only_plans(|| format!("delete command {id}"))? {
        return Ok(());
    }
    context.confirm(format!("Delete command {id}?")).await?;
    client.delete_command(team, id).await.during(|| format!("cannot delete command {id}"))?;
    context.out.say(&format!("command {id} deleted"));
    Ok(())
}

async fn run_in(context: &Context, client: &Client, (channel, name, text): (&str, SlashName, Vec<String>)) -> Outcome {
    let found = resolve::conversation_to_write(context, client, channel).await?.channel;
    if context.only_plans(|| format!("run /{name} in {channel}"))? {
        return Ok(());
    }
    let during = format!("/{name} in {channel}");
    let answer = client.run_command(found.id, RunCommand { name, text: text.join(" ") }).await.during(|| during)?;
    context.out.entry(&answer)
}
