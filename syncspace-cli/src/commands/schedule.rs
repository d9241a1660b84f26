//! `message schedule` and `schedule …`.

use jiff::{SignedDuration, Timestamp};
use syncspace_client::Client;
use syncspace_protocol::scheduled::{EditScheduled, ScheduleMessage, ScheduledState};
use syncspace_protocol::{ScheduledId, Time};

use super::file;
use super::lists::gather;
use super::message::content;
use super::message_send::root;
use super::resolve;
use crate::args::{ListArgs, ListLimit, message as message_args, schedule as args};
use crate::context::Context;
use crate::exit::{CliError, During, Outcome};
use crate::output::local_time;

pub(super) async fn run(context: &Context, args: args::Schedule) -> Outcome {
    let client = &context.client()?;
    match args {
        args::Schedule::List { target, part } => list(context, client, target, part).await,
        args::Schedule::Edit(args) => edit(context, client, args).await,
        args::Schedule::Cancel { id } => cancel(context, client, id).await,
        args::Schedule::Now { id } => send_now(context, client, id).await,
    }
}

pub(super) async fn schedule(context: &Context, client: &Client, args: message_args::Schedule) -> Outcome {
    let send_at = needed_time(&args.when)?;
    let text = match args.text {
        // A script's standard input is not the text of a file that it sends.
        None if !args.file.is_empty() || !args.file_id.is_empty() => String::new(),
        text => content(text).await?,
    };
    if context.only_plans(|| format!("schedule a message to {} for {}", args.target, local_time(send_at)))? {
        return Ok(());
    }
    let channel = resolve::conversation_to_write(context, client, &args.target).await?.channel;
    let parent_message_id = match args.reply_to {
        Some(seq) => Some(root(client, channel.id, &args.target, seq).await?),
        None => None,
    };
    let mut files = args.file_id;
    for path in &args.file {
        files.push(file::send_up(context, client, channel.id, (path, None)).await?.id);
    }
    let body = ScheduleMessage { channel_id: channel.id, content: text, files, parent_message_id, send_at };
    let during = || format!("cannot schedule a message to {}", args.target);
    let scheduled = client.schedule_message(channel.team_id, body).await.during(during)?;
    let sentence = format!("scheduled for {}, with the id {}", local_time(scheduled.send_at), scheduled.id);
    context.out.done(&sentence, &scheduled)
}

async fn list(context: &Context, client: &Client, team: Option<String>, part: ListLimit) -> Outcome {
    let team = resolve::team_or_default(context, client, team).await?.team.id;
    let part = ListArgs { query: None, limit: part.limit };
    context.out.list(&gather(part, |query| client.scheduled(team, query)).await?)
}

async fn edit(context: &Context, client: &Client, args: args::Edit) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    if context.only_plans(|| format!("change the {}", named(args.id)))? {
        return Ok(());
    }
    let edit = EditScheduled { content: args.text, send_at: time(&args.when), ..EditScheduled::default() };
    let during = || format!("cannot change the {}", named(args.id));
    let scheduled = client.edit_scheduled(team, args.id, edit).await.during(during)?;
    let sentence = match scheduled.state {
        ScheduledState::Failed => {
            format!("{} changed; it is not sent until it gets a time: --at or --in", named(args.id))
        }
        _ => format!("{} is sent at {}", named(args.id), local_time(scheduled.send_at)),
    };
    context.out.done(&sentence, &scheduled)
}

async fn cancel(context: &Context, client: &Client, id: ScheduledId) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    if context.only_plans(|| format!("cancel the {}", named(id)))? {
        return Ok(());
    }
    client.cancel_scheduled(team, id).await.during(|| format!("cannot cancel the {}", named(id)))?;
    context.out.say(&format!("{} cancelled", named(id)));
    Ok(())
}

async fn send_now(context: &Context, client: &Client, id: ScheduledId) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    if context.only_plans(|| format!("send the {} now", named(id)))? {
        return Ok(());
    }
    let sent = client.send_scheduled_now(team, id).await.during(|| format!("cannot send the {}", named(id)))?;
    context.out.done(&format!("{} sent", named(id)), &sent)
}

fn named(id: ScheduledId) -> String {
    format!("scheduled message {id}")
}

/// Gives the time that was typed, and fails where none was.
pub(super) fn needed_time(when: &args::When) -> Outcome<Time> {
    time(when).ok_or_else(|| CliError::Usage("say when: --at TIME or --in TIME".to_owned()))
}

/// Gives the time that was typed; none where none was.
pub(super) fn time(when: &args::When) -> Option<Time> {
    let from_now = |s: u32| Timestamp::now().checked_add(SignedDuration::from_secs(s.into())).map(Time::from).ok();
    when.at.or_else(|| when.in_s.and_then(from_now))
}
