//! `channel mute`, `favourite`, `hide`, `notify`, `order`: how you want channels.

use syncspace_client::Client;
use syncspace_protocol::channels::MyChannel;
use syncspace_protocol::personal::{ChannelOrder, EditChannelPreferences};

use super::channel::row;
use super::resolve;
use crate::args::channel::Level;
use crate::context::Context;
use crate::exit::{CliError, During, Outcome};

pub(super) async fn mute(context: &Context, client: &Client, target: &str, is_muted: bool) -> Outcome {
    let edit = EditChannelPreferences { is_muted: Some(is_muted), ..EditChannelPreferences::default() };
    let verb = if is_muted { "mute" } else { "unmute" };
    prefer(context, client, target, edit, &format!("{verb} {target}")).await
}

pub(super) async fn favour(context: &Context, client: &Client, target: &str, is_favourite: bool) -> Outcome {
    let edit = EditChannelPreferences { is_favourite: Some(is_favourite), ..EditChannelPreferences::default() };
    let place = if is_favourite { "above the others" } else { "among the others" };
    prefer(context, client, target, edit, &format!("show {target} {place}")).await
}

pub(super) async fn hide(context: &Context, client: &Client, target: &str, is_hidden: bool) -> Outcome {
    let edit = EditChannelPreferences { is_hidden: Some(is_hidden), ..EditChannelPreferences::default() };
    let verb = if is_hidden { "hide" } else { "unhide" };
    prefer(context, client, target, edit, &format!("{verb} {target}")).await
}

pub(super) async fn notify(context: &Context, client: &Client, target: &str, level: Level) -> Outcome {
    let edit = EditChannelPreferences { notify: level.patch(), ..EditChannelPreferences::default() };
    prefer(context, client, target, edit, &format!("change of what you are notified in {target}")).await
}

async fn prefer(context: &Context, client: &Client, target: &str, edit: EditChannelPreferences, plan: &str) -> Outcome {
    let mut channel = resolve::conversation(context, client, target).await?;
    if context.only_plans(|| plan.to_owned())? {
        return Ok(());
    }
    let during = || format!("cannot {plan}");
    let preferences = client.edit_channel_preferences(channel.channel.id, edit).await.during(during)?;
    if let Some(membership) = &mut channel.membership {
        membership.preferences = preferences;
    }
    context.out.done(&format!("done: {plan}"), &row(client, channel))
}

pub(super) async fn order(context: &Context, client: &Client, targets: &[String]) -> Outcome {
    let mut channels: Vec<MyChannel> = Vec::with_capacity(targets.len());
    for target in targets {
        channels.push(resolve::conversation(context, client, target).await?);
    }
    let Some(team) = channels.first().map(|first| first.channel.team_id) else { return list(context, client).await };
    if channels.iter().any(|channel| channel.channel.team_id != team) {
        return Err(CliError::Usage("an order is of the channels of one team; give each team its own".to_owned()));
    }
    let order = targets.join(", ");
    if context.only_plans(|| format!("put your channels into the order {order}"))? {
        return Ok(());
    }
    let channel_ids = channels.iter().map(|channel| channel.channel.id).collect();
    let during = || "cannot put your channels into this order".to_owned();
    client.order_channels(team, ChannelOrder { channel_ids }).await.during(during)?;
    context.out.say(&format!("your channels stand in the order {order}, the others after them"));
    Ok(())
}

/// Lists the channels that stand in the person's order, first to last.
async fn list(context: &Context, client: &Client) -> Outcome {
    let team = resolve::default_team(context, client).await?.team.id;
    let order = client.channel_order(team).await?.channel_ids;
    let mut channels = client.all_channels(team).await?;
    let place = |channel: &MyChannel| order.iter().position(|id| *id == channel.channel.id);
    channels.retain(|channel| channel.membership.is_some() && place(channel).is_some());
    channels.sort_by_key(place);
    let rows: Vec<_> = channels.into_iter().map(|channel| row(client, channel)).collect();
    context.out.list(&rows)
}
