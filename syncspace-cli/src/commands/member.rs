//! `member …`: who is in a team or channel.

use syncspace_client::{Client, ClientError};
use syncspace_protocol::channels::{ChannelMember, ChannelRole, PutChannelMember};
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::teams::{PutTeamMember, TeamMember, TeamRole};
use syncspace_protocol::users::Person;
use syncspace_protocol::{ChannelId, TeamId, UserId};

use super::lists::gather;
use super::resolve;
use crate::args::member as args;
use crate::args::values::Role;
use crate::context::Context;
use crate::exit::{CliError, During, Outcome};
use crate::output::Record;

pub(super) async fn run(context: &Context, args: args::Member) -> Outcome {
    let client = &context.client()?;
    match args {
        args::Member::List { target, part } => match place(context, client, &target).await? {
            Place::Team(id) => context.out.list(&gather(part, |query| client.team_members(id, query)).await?),
            Place::Channel(id) => context.out.list(&gather(part, |query| client.channel_members(id, query)).await?),
        },
        args::Member::Show(who) => {
            let (place, user) = read(context, client, &who).await?;
            match place {
                Place::Team(id) => context.out.record(&existing(find_in_team(client, id, &user).await?, &who)?),
                Place::Channel(id) => context.out.record(&existing(find_in_channel(client, id, &user).await?, &who)?),
            }
        }
        args::Member::Add { who, role } => add(context, client, &who, role).await,
        args::Member::Edit { who, role } => edit(context, client, &who, role).await,
        args::Member::Remove(who) => remove(context, client, &who).await,
    }
}

/// Where a person is or is to be.
#[derive(Debug, Clone, Copy)]
enum Place {
    Team(TeamId),
    Channel(ChannelId),
}

async fn place(context: &Context, client: &Client, target: &str) -> Outcome<Place> {
    if resolve::names_a_channel(target) {
        Ok(Place::Channel(resolve::channel(context, client, target).await?.channel.id))
    } else {
        Ok(Place::Team(resolve::team(client, target).await?.team.id))
    }
}

async fn read(context: &Context, client: &Client, who: &args::Target) -> Outcome<(Place, Person)> {
    let place = place(context, client, &who.target).await?;
    let user = resolve::user(client, &who.user).await?;
    let person = Person {
        id: user.id,
        username: user.username,
        full_name: user.full_name,
        avatar_url: user.avatar_url,
        is_active: user.is_active,
        is_bot: user.is_bot,
    };
    Ok((place, person))
}

async fn add(context: &Context, client: &Client, who: &args::Target, role: Option<Role>) -> Outcome {
    let (place, user) = read(context, client, who).await?;
    match place {
        Place::Team(id) => {
            let wanted = role.map(TeamRole::from);
            if let Some(member) = find_in_team(client, id, &user).await? {
                return already(context, who, &member, wanted.is_none_or(|wanted| wanted == member.role));
            }
            put_in_team(context, client, (id, user.id), wanted.unwrap_or(TeamRole::Member), who, "add").await
        }
        Place::Channel(id) => {
            let wanted = role.map(channel_role).transpose()?;
            if let Some(member) = find_in_channel(client, id, &user).await? {
                return already(context, who, &member, wanted.is_none_or(|wanted| wanted == member.role));
            }
            put_in_channel(context, client, (id, user.id), wanted.unwrap_or(ChannelRole::Member), who, "add").await
        }
    }
}

/// Leaves a person who is there as they are; another role is a change, which `add` must not make by the way.
fn already<T: Record>(context: &Context, who: &args::Target, member: &T, as_wanted: bool) -> Outcome {
    let args::Target { target, user } = who;
    if !as_wanted {
        let message = format!(
            "{user} is in {target} already, with another role: use `syncspace member edit {target} {user} --role …`"
        );
        return Err(CliError::Conflict(message));
    }
    context.out.done(&format!("{user} is in {target} already"), member)
}

async fn edit(context: &Context, client: &Client, who: &args::Target, role: Role) -> Outcome {
    let (place, user) = read(context, client, who).await?;
    match place {
        Place::Team(id) => {
            existing(find_in_team(client, id, &user).await?, who)?;
            put_in_team(context, client, (id, user.id), role.into(), who, "change").await
        }
        Place::Channel(id) => {
            let role = channel_role(role)?;
            existing(find_in_channel(client, id, &user).await?, who)?;
            put_in_channel(context, client, (id, user.id), role, who, "change").await
        }
    }
}

async fn put_in_team(
    context: &Context,
    client: &Client,
    (team, user): (TeamId, UserId),
    role: TeamRole,
    who: &args::Target,
    verb: &str,
) -> Outcome {
    if context.only_plans(|| would(verb, who))? {
        return Ok(());
    }
    let member = client.put_team_member(team, user, PutTeamMember { role }).await.during(|| cannot(verb, who))?;
    context.out.done(&done(verb, who), &member)
}

async fn put_in_channel(
    context: &Context,
    client: &Client,
    (channel, user): (ChannelId, UserId),
    role: ChannelRole,
    who: &args::Target,
    verb: &str,
) -> Outcome {
    if context.only_plans(|| would(verb, who))? {
        return Ok(());
    }
    let put = PutChannelMember { role };
    let member = client.put_channel_member(channel, user, put).await.during(|| cannot(verb, who))?;
    context.out.done(&done(verb, who), &member)
}

async fn remove(context: &Context, client: &Client, who: &args::Target) -> Outcome {
    let (place, user) = read(context, client, who).await?;
    if context.only_plans(|| would("remove", who))? {
        return Ok(());
    }
    context.confirm(format!("Remove {} from {}?", who.user, who.target)).await?;
    let removed = match place {
        Place::Team(id) => client.remove_team_member(id, user.id).await,
        Place::Channel(id) => client.remove_channel_member(id, user.id).await,
    };
    removed.during(|| cannot("remove", who))?;
    context.out.say(&done("remove", who));
    Ok(())
}

async fn find_in_team(client: &Client, team: TeamId, user: &Person) -> Outcome<Option<TeamMember>> {
    find(user, |query| client.team_members(team, query), |member: &TeamMember| member.user.id).await
}

async fn find_in_channel(client: &Client, channel: ChannelId, user: &Person) -> Outcome<Option<ChannelMember>> {
    find(user, |query| client.channel_members(channel, query), |member: &ChannelMember| member.user.id).await
}

async fn find<T, R>(
    user: &Person,
    fetch: impl FnOnce(PageQuery) -> R,
    id_of: impl Fn(&T) -> UserId,
) -> Outcome<Option<T>>
where
    R: Future<Output = Result<Page<T>, ClientError>>,
{
    let query = PageQuery { name: Some(user.username.to_string()), ..PageQuery::default() };
    Ok(fetch(query).await?.items.into_iter().find(|member| id_of(member) == user.id))
}

fn existing<T>(member: Option<T>, who: &args::Target) -> Outcome<T> {
    member.ok_or_else(|| {
        let args::Target { target, user } = who;
        CliError::NotFound(format!("{user} is not in {target}: `syncspace member add {target} {user}` adds them"))
    })
}

fn channel_role(role: Role) -> Outcome<ChannelRole> {
    role.in_channel().ok_or_else(|| CliError::Usage("in a channel a role is member or admin".to_owned()))
}

fn would(verb: &str, who: &args::Target) -> String {
    format!("{verb} {} in {}", who.user, who.target)
}

fn cannot(verb: &str, who: &args::Target) -> String {
    format!("cannot {verb} {} in {}", who.user, who.target)
}

fn done(verb: &str, who: &args::Target) -> String {
    let done = match verb {
        "add" => "added to",
        "remove" => "removed from",
        _ => "changed in",
    };
    format!("{} {done} {}", who.user, who.target)
}
