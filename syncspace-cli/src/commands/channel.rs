//! `channel …`

use syncspace_client::Client;
use syncspace_protocol::channels::{CreateChannel, EditChannel, MarkRead, MoveMarker, MyChannel, NewChannel};
use syncspace_protocol::teams::MyTeam;
use syncspace_protocol::{ChannelName, Seq};

use super::lists::{gather, patch};
use super::{channel_preferences as preferences, resolve};
use crate::args::{ListArgs, channel as args};
use crate::context::Context;
use crate::exit::{CliError, During, Outcome};
use crate::records::place::ChannelRow;

pub(super) async fn run(context: &Context, args: args::Channel) -> Outcome {
    let client = &context.client()?;
    match args {
        args::Channel::List { target, mine, part } => list(context, client, target, mine, part).await,
        args::Channel::Show(target) => show(context, client, resolve::channel(context, client, &target.channel).await?),
        args::Channel::Create { channel, description, private } => {
            create(context, client, &channel, description, private).await
        }
        args::Channel::Edit(args) => {
            let description = patch(args.description);
            let edit = EditChannel { name: args.name, description, ..EditChannel::default() };
            change(context, client, &args.channel, edit, "change").await
        }
        args::Channel::Delete(target) => delete(context, client, &target.channel).await,
        args::Channel::Topic { channel, topic } => {
            let edit = EditChannel { topic: patch(Some(topic)), ..EditChannel::default() };
            change(context, client, &channel, edit, "change").await
        }
        args::Channel::Posting { channel, who } => {
            let edit = EditChannel { posting: Some(who.into()), ..EditChannel::default() };
            change(context, client, &channel, edit, "change").await
        }
        args::Channel::Retention { channel, keep } => {
            super::retention::of_channel(context, client, &channel, keep).await
        }
        args::Channel::Convert(target) => convert(context, client, &target.channel).await,
        args::Channel::Archive(target) => archive(context, client, &target.channel, true).await,
        args::Channel::Restore(target) => archive(context, client, &target.channel, false).await,
        args::Channel::Join(target) => join(context, client, &target.channel).await,
        args::Channel::Leave(target) => leave(context, client, &target.channel).await,
        args::Channel::Read { channel, up_to } => read(context, client, &channel, up_to).await,
        args::Channel::Unread { channel, from } => unread(context, client, &channel, from).await,
        args::Channel::Mute(target) => preferences::mute(context, client, &target.channel, true).await,
        args::Channel::Unmute(target) => preferences::mute(context, client, &target.channel, false).await,
        args::Channel::Favourite(target) => preferences::favour(context, client, &target.channel, true).await,
        args::Channel::Unfavourite(target) => preferences::favour(context, client, &target.channel, false).await,
        args::Channel::Hide(target) => preferences::hide(context, client, &target.channel, true).await,
        args::Channel::Unhide(target) => preferences::hide(context, client, &target.channel, false).await,
        args::Channel::Notify { channel, level } => preferences::notify(context, client, &channel, level).await,
        args::Channel::Order { channels } => preferences::order(context, client, &channels).await,
        args::Channel::Direct { users } => direct(context, client, &users).await,
    }
}

async fn list(context: &Context, client: &Client, team: Option<String>, mine: bool, part: ListArgs) -> Outcome {
    let team = match team {
        Some(text) => resolve::team(client, &text).await?,
        None => resolve::default_team(context, client).await?,
    };
    let (limit, part) = if mine { (part.limit, ListArgs { limit: None, ..part }) } else { (None, part) };
    let mut channels = gather(part, |query| client.channels(team.team.id, query)).await?;
    if mine {
        channels.retain(|channel| channel.membership.is_some());
        channels.truncate(limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)));
    }
    let rows: Vec<ChannelRow> = channels.into_iter().map(|channel| row(client, channel)).collect();
    context.out.list(&rows)
}

/// Lists the channels that newcomers of a team come into.
pub(super) async fn list_defaults(context: &Context, client: &Client, team: &MyTeam) -> Outcome {
    let mut channels =
        gather(ListArgs { query: None, limit: None }, |query| client.channels(team.team.id, query)).await?;
    channels.retain(|channel| channel.channel.is_default);
    let rows: Vec<ChannelRow> = channels.into_iter().map(|channel| row(client, channel)).collect();
    context.out.list(&rows)
}

pub(super) fn row(client: &Client, channel: MyChannel) -> ChannelRow {
    ChannelRow::new(channel, client.credentials().map(|credentials| credentials.user_id))
}

fn show(context: &Context, client: &Client, channel: MyChannel) -> Outcome {
    context.out.record(&row(client, channel))
}

async fn create(
    context: &Context,
    client: &Client,
    target: &str,
    description: Option<String>,
    private: bool,
) -> Outcome {
    let (team, name) = match target.split_once('/') {
        Some((team, name)) => (resolve::team(client, team).await?, name),
        None => (resolve::default_team(context, client).await?, target),
    };
    let name = name.strip_prefix('#').unwrap_or(name);
    let name: ChannelName = name.parse().map_err(|error| CliError::Usage(format!("{target}: {error}")))?;
    let label = format!("{}/{name}", team.team.name);
    if context.only_plans(|| format!("make the channel {label}"))? {
        return Ok(());
    }
    let new = NewChannel { name, description };
    let channel = if private { CreateChannel::Private(new) } else { CreateChannel::Public(new) };
    let during = || format!("cannot make the channel {label}");
    let channel = client.create_channel(team.team.id, channel).await.during(during)?;
    let sentence = format!("channel {label} made, with the id {}", channel.channel.id);
    context.out.done(&sentence, &row(client, channel))
}

async fn change(context: &Context, client: &Client, target: &str, edit: EditChannel, verb: &str) -> Outcome {
    let before = resolve::channel(context, client, target).await?;
    if context.only_plans(|| format!("{verb} the channel {target}"))? {
        return Ok(());
    }
    let during = || format!("cannot {verb} the channel {target}");
    let channel = client.edit_channel(before.channel.id, edit).await.during(during)?;
    let done = format!("{verb}d");
    context.out.done(&format!("channel {target} {done}"), &row(client, MyChannel { channel, ..before }))
}

async fn convert(context: &Context, client: &Client, target: &str) -> Outcome {
    let before = resolve::channel(context, client, target).await?;
    if context.only_plans(|| format!("make the channel {target} private"))? {
        return Ok(());
    }
    let question =
        format!("Make the channel {target} private? Only its members will see it, and there is no way back.");
    context.confirm(question).await?;
    let edit = EditChannel { is_private: Some(true), ..EditChannel::default() };
    let during = || format!("cannot make the channel {target} private");
    let channel = client.edit_channel(before.channel.id, edit).await.during(during)?;
    context.out.done(&format!("channel {target} is private now"), &row(client, MyChannel { channel, ..before }))
}

async fn archive(context: &Context, client: &Client, target: &str, is_archived: bool) -> Outcome {
    let verb = if is_archived { "archive" } else { "restore" };
    change(context, client, target, EditChannel { is_archived: Some(is_archived), ..EditChannel::default() }, verb)
        .await
}

async fn delete(context: &Context, client: &Client, target: &str) -> Outcome {
    let channel = resolve::channel(context, client, target).await?.channel;
    if context.only_plans(|| format!("delete the channel {target} with all its messages"))? {
        return Ok(());
    }
    context.confirm(format!("Delete the channel {target} with all its messages?")).await?;
    client.delete_channel(channel.id).await.during(|| format!("cannot delete the channel {target}"))?;
    context.out.say(&format!("channel {target} deleted"));
    Ok(())
}

async fn join(context: &Context, client: &Client, target: &str) -> Outcome {
    let channel = resolve::channel(context, client, target).await?.channel;
    if context.only_plans(|| format!("join the channel {target}"))? {
        return Ok(());
    }
    let joined = client.join_channel(channel.id).await.during(|| format!("cannot join the channel {target}"))?;
    context.out.done(&format!("joined {target}"), &row(client, joined))
}

async fn leave(context: &Context, client: &Client, target: &str) -> Outcome {
    let channel = resolve::channel(context, client, target).await?.channel;
    if context.only_plans(|| format!("leave the channel {target}"))? {
        return Ok(());
    }
    if channel.is_private {
        context.confirm(format!("Leave the private channel {target}? Only its members can add you again.")).await?;
    }
    client.leave_channel(channel.id).await.during(|| format!("cannot leave the channel {target}"))?;
    context.out.say(&format!("left {target}"));
    Ok(())
}

async fn read(context: &Context, client: &Client, target: &str, up_to: Option<Seq>) -> Outcome {
    let channel = resolve::channel(context, client, target).await?;
    if context.only_plans(|| format!("mark {target} as read"))? {
        return Ok(());
    }
    let seq = up_to.unwrap_or(channel.head.last_seq);
    mark(context, client, target, channel, (MoveMarker::Advance, seq)).await
}

async fn unread(context: &Context, client: &Client, target: &str, from: Option<Seq>) -> Outcome {
    let channel = resolve::channel(context, client, target).await?;
    if context.only_plans(|| format!("mark {target} as unread"))? {
        return Ok(());
    }
    let from = from.unwrap_or(channel.head.last_seq);
    let seq = Seq::try_from(from.get().saturating_sub(1)).unwrap_or(Seq::ZERO);
    mark(context, client, target, channel, (MoveMarker::Set, seq)).await
}

async fn mark(
    context: &Context,
    client: &Client,
    target: &str,
    mut channel: MyChannel,
    (mode, seq): (MoveMarker, Seq),
) -> Outcome {
    // Whoever types this has seen how things are: no older marker is meant.
    let mark = MarkRead { seq, mode, known_rev: None };
    let during = || format!("cannot move the read marker of {target}");
    let read = client.mark_read(channel.channel.id, mark).await.during(during)?;
    if let Some(membership) = &mut channel.membership {
        membership.read = read;
    }
    let sentence = format!(
        "{target}: read up to {}, {} unread, {} to you",
        read.last_read_seq, read.unread_count, read.mention_count
    );
    context.out.done(&sentence, &row(client, channel))
}

async fn direct(context: &Context, client: &Client, users: &[String]) -> Outcome {
    let team = resolve::default_team(context, client).await?.team;
    let mut ids = Vec::with_capacity(users.len());
    for user in users {
        ids.push(resolve::user(client, user).await?.id);
    }
    let with = users.join(" ");
    if context.only_plans(|| format!("open the direct channel with {with} in {}", team.name))? {
        return Ok(());
    }
    let wanted = match ids.as_slice() {
        [user_id] => CreateChannel::Direct { user_id: *user_id },
        _ => CreateChannel::Group { user_ids: ids },
    };
    let during = || format!("cannot open the direct channel with {with} in {}", team.name);
    show(context, client, client.create_channel(team.id, wanted).await.during(during)?)
}
