//! `group …`

use syncspace_client::Client;
use syncspace_protocol::groups::{CreateGroup, UserGroup};
use syncspace_protocol::{GroupName, TeamId, UserId};

use super::lists::gather;
use super::resolve;
use crate::args::group as args;
use crate::context::Context;
use crate::exit::{During, Outcome};

pub(super) async fn run(context: &Context, args: args::Group) -> Outcome {
    let client = context.client()?;
    let named = if let args::Group::List(list) = &args { list.target.clone() } else { None };
    let team = resolve::team_or_default(context, &client, named).await?.team.id;
    match args {
        args::Group::Create { name, users } => create(context, &client, team, name, &users).await,
        args::Group::List(list) => context.out.list(&gather(list.part, |query| client.groups(team, query)).await?),
        args::Group::Show { group, part } => {
            let group = find(&client, team, &group).await?;
            context.out.list(&gather(part, |query| client.group_members(team, group.id, query)).await?)
        }
        args::Group::Add { group, users } => add(context, &client, team, (&group, &users)).await,
        args::Group::Remove { group, users } => remove(context, &client, team, (&group, &users)).await,
        args::Group::Rename { group, name } => rename(context, &client, team, (&group, name)).await,
        args::Group::Delete { group } => delete(context, &client, team, &group).await,
    }
}

async fn find(client: &Client, team: TeamId, text: &str) -> Outcome<UserGroup> {
    client.resolve_group(team, text).await.during(|| format!("group {text}"))
}

async fn find_users(client: &Client, users: &[String]) -> Outcome<Vec<UserId>> {
    let mut ids = Vec::with_capacity(users.len());
    for user in users {
        ids.push(resolve::user(client, user).await?.id);
    }
    Ok(ids)
}

async fn create(context: &Context, client: &Client, team: TeamId, name: GroupName, users: &[String]) -> Outcome {
    let user_ids = find_users(client, users).await?;
    if context.only_plans(|| format!("make the group @{name}"))? {
        return Ok(());
    }
    let during = || format!("cannot make the group @{name}");
    let made = client.create_group(team, CreateGroup { name: name.clone(), user_ids }).await.during(during)?;
    context.out.done(&format!("group @{name} made, with {} people", made.user_ids.len()), &made)
}

async fn add(context: &Context, client: &Client, team: TeamId, (group, users): (&str, &[String])) -> Outcome {
    let mut group = find(client, team, group).await?;
    let ids = find_users(client, users).await?;
    if context.only_plans(|| format!("add {} to @{}", users.join(", "), group.name))? {
        return Ok(());
    }
    for (user, id) in users.iter().zip(ids) {
        let during = || format!("cannot add {user} to @{}", group.name);
        group = client.add_group_member(team, group.id, id).await.during(during)?;
    }
    context.out.done(&format!("{} added to @{}", users.join(", "), group.name), &group)
}

async fn remove(context: &Context, client: &Client, team: TeamId, (group, users): (&str, &[String])) -> Outcome {
    let mut group = find(client, team, group).await?;
    let ids = find_users(client, users).await?;
    if context.only_plans(|| format!("remove {} from @{}", users.join(", "), group.name))? {
        return Ok(());
    }
    for (user, id) in users.iter().zip(ids) {
        let during = || format!("cannot remove {user} from @{}", group.name);
        group = client.remove_group_member(team, group.id, id).await.during(during)?;
    }
    context.out.done(&format!("{} removed from @{}", users.join(", "), group.name), &group)
}

async fn rename(context: &Context, client: &Client, team: TeamId, (group, name): (&str, GroupName)) -> Outcome {
    let group = find(client, team, group).await?;
    if context.only_plans(|| format!("rename @{} to @{name}", group.name))? {
        return Ok(());
    }
    let during = || format!("cannot rename @{}", group.name);
    let renamed = client.rename_group(team, group.id, name).await.during(during)?;
    context.out.done(&format!("@{} is called @{} now", group.name, renamed.name), &renamed)
}

async fn delete(context: &Context, client: &Client, team: TeamId, group: &str) -> Outcome {
    let group = find(client, team, group).await?;
    let name = &group.name;
    if context.only_plans(|| format!("delete the group @{name}"))? {
        return Ok(());
    }
    context.confirm(format!("Delete the group @{name} of {} people?", group.user_ids.len())).await?;
    client.delete_group(team, group.id).await.during(|| format!("cannot delete the group @{name}"))?;
    context.out.say(&format!("group @{name} deleted"));
    Ok(())
}
