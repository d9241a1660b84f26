//! Names as they are typed, made into what they name.

use syncspace_client::Client;
use syncspace_protocol::channels::{ChannelKind, CreateChannel, MyChannel};
use syncspace_protocol::teams::MyTeam;
use syncspace_protocol::users::User;
use syncspace_protocol::{ChannelId, TeamId, UserId};

use crate::context::Context;
use crate::exit::{CliError, During, Outcome};

/// Finds a team by name or id.
pub(super) async fn team(client: &Client, text: &str) -> Outcome<MyTeam> {
    client.resolve_team(text).await.during(|| format!("team {text}"))
}

/// Finds a person by `@name`, name or id.
pub(super) async fn user(client: &Client, text: &str) -> Outcome<User> {
    client.resolve_user(text).await.during(|| format!("user {text}"))
}

/// Gives the team of --team, else the only one of the person.
pub(super) async fn default_team(context: &Context, client: &Client) -> Outcome<MyTeam> {
    if let Some(text) = &context.global.team {
        return team(client, text).await;
    }
    let mut own: Vec<MyTeam> = client.all_teams().await?.into_iter().filter(|team| team.membership.is_some()).collect();
    match (own.pop(), own.is_empty()) {
        (Some(team), true) => Ok(team),
        (None, _) => Err(CliError::NotFound("you are in no team: make one with `syncspace team create`".to_owned())),
        (Some(_), false) => Err(CliError::Usage("you are in several teams: choose one with --team".to_owned())),
    }
}

/// Finds the named team, else the one of --team, else the only one of the person.
pub(super) async fn team_or_default(context: &Context, client: &Client, text: Option<String>) -> Outcome<MyTeam> {
    match text {
        Some(text) => team(client, &text).await,
        None => default_team(context, client).await,
    }
}

/// Finds a channel by `team/channel`, `#channel` of the default team, or id.
pub(super) async fn channel(context: &Context, client: &Client, text: &str) -> Outcome<MyChannel> {
    let during = || format!("channel {text}");
    if text.starts_with('@') {
        let message = format!("{text} is a person: `syncspace channel direct {text}` gives your channel with them");
        return Err(CliError::Usage(message));
    }
    let name = text.strip_prefix('#').unwrap_or(text);
    if text.contains('/') || is_id(name) {
        return client.resolve_channel(name).await.during(during);
    }
    let team = default_team(context, client).await?.team.id;
    client.resolve_channel_in(team, name).await.during(during)
}

/// Finds a channel, or the direct channel with a `@user` where there is one.
pub(super) async fn conversation(context: &Context, client: &Client, text: &str) -> Outcome<MyChannel> {
    if !text.starts_with('@') {
        return channel(context, client, text).await;
    }
    let team = default_team(context, client).await?.team;
    let other = user(client, text).await?;
    let me = client.me().await?.id;
    let mut channels = client.all_channels(team.id).await?.into_iter();
    channels
        .find(|channel| is_direct_between(channel, me, other.id))
        .ok_or_else(|| CliError::NotFound(format!("there is no direct channel with {text} in {} yet", team.name)))
}

/// Finds a channel, or gives the direct channel with a `@user`, made where there is none.
pub(super) async fn conversation_to_write(context: &Context, client: &Client, text: &str) -> Outcome<MyChannel> {
    if !text.starts_with('@') {
        return channel(context, client, text).await;
    }
    let team = default_team(context, client).await?.team.id;
    let other = user(client, text).await?.id;
    direct(client, team, other).await.during(|| format!("direct channel with {text}"))
}

/// Finds where a message goes. An id is taken as it is: a token that may only write cannot look it up.
pub(super) async fn channel_to_write(context: &Context, client: &Client, text: &str) -> Outcome<ChannelId> {
    let name = text.strip_prefix('#').unwrap_or(text);
    if is_id(name) {
        return name.parse().map_err(|error| CliError::Usage(format!("channel {text}: {error}")));
    }
    Ok(conversation_to_write(context, client, text).await?.channel.id)
}

async fn direct(client: &Client, team: TeamId, other: UserId) -> Result<MyChannel, syncspace_client::ClientError> {
    client.create_channel(team, CreateChannel::Direct { user_id: other }).await
}

/// Tells whether a target names a channel rather than a team.
pub(super) fn names_a_channel(text: &str) -> bool {
    text.contains('/') || text.starts_with('#')
}

/// Tells whether a target names a channel, by name or id, or a person, rather than a team.
pub(super) fn names_a_conversation(text: &str) -> bool {
    names_a_channel(text) || text.starts_with('@') || is_id(text)
}

fn is_direct_between(channel: &MyChannel, me: UserId, other: UserId) -> bool {
    let people = &channel.channel.people;
    channel.channel.kind == ChannelKind::Direct
        && people.iter().any(|person| person.id == other)
        && people.iter().all(|person| person.id == other || person.id == me)
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
