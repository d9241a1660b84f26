//! `user …`

use syncspace_client::Client;
use syncspace_protocol::erasure::ErasurePlan;
use syncspace_protocol::page::{PageQuery, PeopleQuery};
use syncspace_protocol::server::{AccountQuery, CreatePasswordReset};
use syncspace_protocol::users::{CreateUser, EditProfile, EditUser};

use super::account::new_password;
use super::lists::{gather, parsed_patch, patch};
use super::{export, hand_over, resolve};
use crate::args::user as args;
use crate::context::Context;
use crate::exit::{During, Outcome};

pub(super) async fn run(context: &Context, args: args::User) -> Outcome {
    let client = context.client()?;
    match args {
        args::User::List(args) if args.is_of_accounts() => list_accounts(context, &client, args).await,
        args::User::List(args) => {
            let people = |PageQuery { cursor, limit, query, .. }| PeopleQuery { cursor, limit, q: query, name: None };
            context.out.list(&gather(args.part, |query| client.users(people(query))).await?)
        }
        args::User::Show { user } => context.out.record(&resolve::user(&client, &user).await?),
        args::User::Create(args) => create(context, &client, args).await,
        args::User::Edit(args) => edit(context, &client, args).await,
        args::User::Avatar { file } => {
            if context.only_plans(|| format!("show you by {}", file.display()))? {
                return Ok(());
            }
            let picture = super::file::read_picture(&file).await?;
            let user = client.set_my_picture(picture).await.during(|| format!("cannot take {}", file.display()))?;
            context.out.done(&format!("{} is shown by {}", user.username, file.display()), &user)
        }
        args::User::Export { user, out, force } => export::person(context, &client, user, (&out, force)).await,
        args::User::Mute { user } => mute(context, &client, &user, true).await,
        args::User::Unmute { user } => mute(context, &client, &user, false).await,
        args::User::Muted(part) => {
            let team = resolve::default_team(context, &client).await?.team.id;
            context.out.list(&gather(part, |query| client.muted_users(team, query)).await?)
        }
        args::User::ResetPassword { user, for_s } => reset_password(context, &client, &user, for_s).await,
        args::User::HandOver { users, for_s } => hand_over::hand_over(context, &client, users, for_s).await,
        args::User::Deactivate { user } => deactivate(context, &client, &user).await,
        args::User::Reactivate { user } => reactivate(context, &client, &user).await,
        args::User::Erase { user } => erase(context, &client, &user).await,
        args::User::Erasures(part) => context.out.list(&gather(part, |query| client.erasures(query)).await?),
    }
}

async fn list_accounts(context: &Context, client: &Client, args: args::List) -> Outcome {
    let filter = AccountQuery {
        is_active: args.active,
        is_admin: args.admin,
        is_unclaimed: args.unclaimed,
        seen_since: args.seen_since,
        unseen_since: args.unseen_since,
        ..AccountQuery::default()
    };
    let accounts = |PageQuery { cursor, limit, query, .. }| {
        client.accounts(AccountQuery { cursor, limit, query, ..filter.clone() })
    };
    context.out.list(&gather(args.part, accounts).await?)
}

/// The code is data, and goes where data goes; what to do with it is talk.
async fn reset_password(context: &Context, client: &Client, text: &str, for_s: Option<u32>) -> Outcome {
    let user = resolve::user(client, text).await?;
    let name = &user.username;
    if context.only_plans(|| format!("make a code by which {name} sets a new password"))? {
        return Ok(());
    }
    let wanted = for_s.map_or_else(CreatePasswordReset::default, |expires_in_s| CreatePasswordReset { expires_in_s });
    let reset = client.create_password_reset(user.id, wanted).await;
    let reset = reset.during(|| format!("cannot make a code for {name}"))?;
    context.out.record(&reset)?;
    let server = client.server();
    context.out.say(&format!("{name} sets a new password by it, once: syncspace password reset --server {server}"));
    Ok(())
}

async fn create(context: &Context, client: &Client, args: args::Create) -> Outcome {
    let username = args.username.clone();
    if context.only_plans(|| format!("make the account {username}"))? {
        return Ok(());
    }
    let password = new_password(context, args.password, &format!("First password of {username}")).await?;
    let user = CreateUser {
        username: args.username,
        password,
        email: args.email,
        full_name: args.full_name,
        is_admin: args.admin,
    };
    let user = client.create_user(user).await.during(|| format!("cannot make the account {username}"))?;
    context.out.done(&format!("account {username} made, with the id {}", user.id), &user)
}

async fn edit(context: &Context, client: &Client, args: args::Edit) -> Outcome {
    let user = resolve::user(client, &args.user).await?;
    let profile = EditProfile {
        full_name: patch(args.full_name),
        email: parsed_patch("--email", args.email)?,
        avatar_url: patch(args.avatar_url),
        time_zone: parsed_patch("--time-zone", args.time_zone)?,
    };
    if context.only_plans(|| format!("change user {}", user.username))? {
        return Ok(());
    }
    let during = || format!("cannot change user {}", user.username);
    let only_profile = args.active.is_none() && args.admin.is_none();
    let edited = if only_profile && Context::is_me(client, user.id).await? {
        client.edit_me(profile).await.during(during)?
    } else {
        let edit = EditUser { profile, is_active: args.active, is_admin: args.admin };
        client.edit_user(user.id, edit).await.during(during)?
    };
    context.out.done(&format!("user {} changed", edited.username), &edited)
}

async fn mute(context: &Context, client: &Client, text: &str, is_muted: bool) -> Outcome {
    let team = resolve::default_team(context, client).await?.team;
    let user = resolve::user(client, text).await?;
    let verb = if is_muted { "mute" } else { "unmute" };
    if context.only_plans(|| format!("{verb} {} in {}", user.username, team.name))? {
        return Ok(());
    }
    let during = || format!("cannot {verb} {} in {}", user.username, team.name);
    let mute = if is_muted {
        client.mute_user(team.id, user.id).await.during(during)?
    } else {
        client.unmute_user(team.id, user.id).await.during(during)?
    };
    context.out.done(&format!("{} {verb}d in {}", user.username, team.name), &mute)
}

async fn deactivate(context: &Context, client: &Client, text: &str) -> Outcome {
    let user = resolve::user(client, text).await?;
    let name = &user.username;
    if context.only_plans(|| format!("switch the account {name} off and end its sessions"))? {
        return Ok(());
    }
    context.confirm(format!("Switch the account {name} off and end its sessions?")).await?;
    client.deactivate_user(user.id).await.during(|| format!("cannot switch off {name}"))?;
    context.out.say(&format!("account {name} is off; `syncspace user reactivate @{name}` switches it on again"));
    Ok(())
}

async fn reactivate(context: &Context, client: &Client, text: &str) -> Outcome {
    let user = resolve::user(client, text).await?;
    let name = &user.username;
    if context.only_plans(|| format!("switch the account {name} on again"))? {
        return Ok(());
    }
    let user = client.reactivate_user(user.id).await.during(|| format!("cannot switch {name} on again"))?;
    context.out.done(&format!("account {name} is on again, with the password that it had"), &user)
}

async fn erase(context: &Context, client: &Client, text: &str) -> Outcome {
    let user = resolve::user(client, text).await?;
    let name = &user.username;
    let during = || format!("cannot erase {name}");
    let plan = client.erasure_plan(user.id).await.during(during)?;
    if context.global.dry_run {
        return context.out.record(&plan);
    }
    if !context.global.yes {
        context.out.say(&sentence_of(&plan));
        context.confirm_by_word("Nothing undoes it. Type the username to erase the person", name.as_str()).await?;
    }
    let erasure = client.erase_user(user.id).await.during(during)?;
    let now = &erasure.username;
    let sentence =
        format!("{name} is now {now}; what {name} wrote goes: `syncspace user erasures` shows how far that is");
    context.out.done(&sentence, &erasure)
}

fn sentence_of(plan: &ErasurePlan) -> String {
    let ErasurePlan { username, messages, reactions, files, file_bytes, drafts, teams, sessions, .. } = plan;
    let (scheduled, reminders, saved) = (plan.scheduled, plan.reminders, plan.saved);
    format!(
        "{username} leaves {teams} teams, and this goes: {messages} messages, {reactions} reactions, {files} files of \
         {file_bytes} bytes, {drafts} drafts, {scheduled} scheduled messages, {reminders} reminders, {saved} saved messages, \
         {sessions} sessions"
    )
}
