//! `remind …`

use syncspace_client::Client;
use syncspace_protocol::ReminderId;
use syncspace_protocol::reminders::{CreateReminder, EditReminder};

use super::lists::{gather, patch};
use super::message::named as named_message;
use super::resolve;
use super::schedule::{needed_time, time};
use crate::args::{ListArgs, ListLimit, remind as args};
use crate::context::Context;
use crate::exit::{During, Outcome};
use crate::output::local_time;

pub(super) async fn run(context: &Context, args: args::Remind) -> Outcome {
    let client = &context.client()?;
    match args {
        args::Remind::Add(args) => add(context, client, args).await,
        args::Remind::List { target, part } => list(context, client, target, part).await,
        args::Remind::Edit(args) => edit(context, client, args).await,
        args::Remind::Done { id } => finish(context, client, id).await,
    }
}

async fn add(context: &Context, client: &Client, args: args::Add) -> Outcome {
    let remind_at = needed_time(&args.when)?;
    let channel = resolve::conversation(context, client, &args.which.target).await?.channel;
    let message = named_message(&args.which);
    if context.only_plans(|| format!("remind you of {message} at {}", local_time(remind_at)))? {
        return Ok(());
    }
    let body = CreateReminder { channel_id: channel.id, seq: args.which.seq, remind_at, note: args.note };
    let during = || format!("cannot remind you of {message}");
    let reminder = client.remind(channel.team_id, body).await.during(during)?;
    let sentence = format!("you are reminded at {}, by the reminder {}", local_time(reminder.remind_at), reminder.id);
    context.out.done(&sentence, &reminder)
}

async fn list(context: &Context, client: &Client, team: Option<String>, part: ListLimit) -> Outcome {
    let team = resolve::team_or_default(context, client, team).await?.team.id;
    let part = ListArgs { query: None, limit: part.limit };
    context.out.list(&gather(part, |query| client.reminders(team, query)).await?)
}

async fn edit(context: &Context, client: &Client, args: args::Edit) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    if context.only_plans(|| format!("change the {}", named(args.id)))? {
        return Ok(());
    }
    let edit = EditReminder { remind_at: time(&args.when), note: patch(args.note) };
    let during = || format!("cannot change the {}", named(args.id));
    let reminder = client.edit_reminder(team, args.id, edit).await.during(during)?;
    context.out.done(&format!("{} comes at {}", named(args.id), local_time(reminder.remind_at)), &reminder)
}

async fn finish(context: &Context, client: &Client, id: ReminderId) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    if context.only_plans(|| format!("end the {}", named(id)))? {
        return Ok(());
    }
    client.finish_reminder(team, id).await.during(|| format!("cannot end the {}", named(id)))?;
    context.out.say(&format!("{} done", named(id)));
    Ok(())
}

fn named(id: ReminderId) -> String {
    format!("reminder {id}")
}
