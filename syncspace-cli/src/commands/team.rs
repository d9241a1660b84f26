//! `team …`

use syncspace_client::Client;
use syncspace_protocol::channels::EditChannel;
use syncspace_protocol::teams::{CreateInvite, CreateTeam, EditTeam, EditTeamSettings, MyTeam, Team};
use syncspace_protocol::{Email, Patch};

use super::lists::{gather, patch};
use super::{resolve, team_requests};
use crate::args::{ListArgs, team as args};
use crate::context::Context;
use crate::exit::{During, Outcome};
use crate::prompt;

pub(super) async fn run(context: &Context, args: args::Team) -> Outcome {
    let client = context.client()?;
    match args {
        args::Team::List(part) => context.out.list(&gather(part, |query| client.teams(query)).await?),
        args::Team::Show { team } => context.out.record(&resolve::team(&client, &team).await?),
        args::Team::Create { name, description, public } => {
            create(context, &client, CreateTeam { name, description, is_public: public }).await
        }
        args::Team::Edit(args) => edit(context, &client, args).await,
        args::Team::Avatar { team, file } => avatar(context, &client, &team, &file).await,
        args::Team::Delete { team } => delete(context, &client, &team).await,
        args::Team::Export(args) => super::export::run(context, &client, args).await,
        args::Team::Join { team } => join(context, &client, &team).await,
        args::Team::Request { team, message, withdraw } => {
            team_requests::ask(context, &client, &team, (message, withdraw)).await
        }
        args::Team::Requests { target, part } => team_requests::list(context, &client, target, part).await,
        args::Team::Accept { team, user } => team_requests::accept(context, &client, &team, &user).await,
        args::Team::Decline { team, user } => team_requests::decline(context, &client, &team, &user).await,
        args::Team::Leave { team } => leave(context, &client, &team).await,
        args::Team::Transfer { team, user } => transfer(context, &client, &team, &user).await,
        args::Team::Ban { team, user } => ban(context, &client, &team, &user).await,
        args::Team::Unban { team, user } => unban(context, &client, &team, &user).await,
        args::Team::Bans { team, part } => {
            let team = resolve::team(&client, &team).await?.team;
            context.out.list(&gather(part, |query| client.bans(team.id, query)).await?)
        }
        args::Team::DefaultChannels { team, add, remove } => {
            let team = resolve::team(&client, &team).await?;
            for (channels, is_default) in [(add, true), (remove, false)] {
                for channel in channels {
                    set_default(context, &client, &format!("{}/{channel}", team.team.name), is_default).await?;
                }
            }
            super::channel::list_defaults(context, &client, &team).await
        }
        args::Team::Retention { team, keep } => super::retention::of_team(context, &client, &team, keep).await,
        args::Team::Settings(args) => settings(context, &client, args).await,
        args::Team::Invite(args) => invite(context, &client, args).await,
    }
}

async fn create(context: &Context, client: &Client, team: CreateTeam) -> Outcome {
    let name = team.name.clone();
    if context.only_plans(|| format!("make the team {name}"))? {
        return Ok(());
    }
    let team = client.create_team(team).await.during(|| format!("cannot make the team {name}"))?;
    context.out.done(&format!("team {name} made, with the id {}", team.team.id), &team)
}

async fn edit(context: &Context, client: &Client, args: args::Edit) -> Outcome {
    let before = resolve::team(client, &args.target).await?;
    let name = &before.team.name;
    if context.only_plans(|| format!("change the team {name}"))? {
        return Ok(());
    }
    let edit = EditTeam {
        name: args.name,
        description: patch(args.description),
        avatar_url: patch(args.avatar_url),
        is_public: args.public,
        ..EditTeam::default()
    };
    let team = client.edit_team(before.team.id, edit).await.during(|| format!("cannot change the team {name}"))?;
    let sentence = format!("team {} changed", team.name);
    context.out.done(&sentence, &MyTeam { team, membership: before.membership })
}

async fn avatar(context: &Context, client: &Client, team: &str, file: &std::path::Path) -> Outcome {
    let before = resolve::team(client, team).await?;
    if context.only_plans(|| format!("show the team {} by {}", before.team.name, file.display()))? {
        return Ok(());
    }
    let picture = super::file::read_picture(file).await?;
    let during = || format!("cannot take {}", file.display());
    let team = client.set_team_picture(before.team.id, picture).await.during(during)?;
    let sentence = format!("team {} is shown by {}", team.name, file.display());
    context.out.done(&sentence, &MyTeam { team, membership: before.membership })
}

async fn settings(context: &Context, client: &Client, args: args::Settings) -> Outcome {
    let team = resolve::team(client, &args.target).await?.team;
    let settings = EditTeamSettings {
        create_public_channels: args.create_public.map(Into::into),
        create_private_channels: args.create_private.map(Into::into),
        invite: args.invite.map(Into::into),
        mention_all: args.mention_all.map(Into::into),
        edit_within_s: match args.edit_within {
            None => Patch::Keep,
            Some(args::EditWithin::Always) => Patch::Clear,
            Some(args::EditWithin::Seconds(within_s)) => Patch::Set(within_s),
        },
        joining: args.joining.map(Into::into),
        ..EditTeamSettings::default()
    };
    if settings.is_empty() {
        return context.out.record(&team.settings);
    }
    if context.only_plans(|| format!("change the settings of {}", team.name))? {
        return Ok(());
    }
    let edit = EditTeam { settings, ..EditTeam::default() };
    let during = || format!("cannot change the settings of {}", team.name);
    let changed = client.edit_team(team.id, edit).await.during(during)?;
    context.out.done(&format!("settings of {} changed", team.name), &changed.settings)
}

async fn delete(context: &Context, client: &Client, text: &str) -> Outcome {
    let team = resolve::team(client, text).await?.team;
    let name = &team.name;
    if context.only_plans(|| format!("delete the team {name} with all its channels and messages"))? {
        return Ok(());
    }
    context.confirm(format!("Delete the team {name} with all its channels and messages?")).await?;
    client.delete_team(team.id).await.during(|| format!("cannot delete the team {name}"))?;
    context.out.say(&format!("team {name} deleted"));
    Ok(())
}

async fn join(context: &Context, client: &Client, text: &str) -> Outcome {
    let team = resolve::team(client, text).await?.team;
    if context.only_plans(|| format!("join the team {}", team.name))? {
        return Ok(());
    }
    let joined = client.join_team(team.id).await.during(|| format!("cannot join the team {}", team.name))?;
    context.out.done(&format!("joined {}", team.name), &joined)
}

async fn leave(context: &Context, client: &Client, text: &str) -> Outcome {
    let team = resolve::team(client, text).await?.team;
    if context.only_plans(|| format!("leave the team {}", team.name))? {
        return Ok(());
    }
    context.confirm(format!("Leave the team {} with all its channels?", team.name)).await?;
    client.leave_team(team.id).await.during(|| format!("cannot leave the team {}", team.name))?;
    context.out.say(&format!("left {}", team.name));
    Ok(())
}

async fn transfer(context: &Context, client: &Client, team: &str, user: &str) -> Outcome {
    let team = resolve::team(client, team).await?.team;
    let heir = resolve::user(client, user).await?;
    let name = &team.name;
    if context.only_plans(|| format!("hand the team {name} to @{}", heir.username))? {
        return Ok(());
    }
    context.confirm(format!("Hand the team {name} to @{}? You become an admin of it.", heir.username)).await?;
    let during = || format!("cannot hand the team {name} to @{}", heir.username);
    let owner = client.transfer_team(team.id, heir.id).await.during(during)?;
    context.out.done(&format!("@{} owns the team {name} now", owner.user.username), &owner)
}

async fn ban(context: &Context, client: &Client, team: &str, user: &str) -> Outcome {
    let team = resolve::team(client, team).await?.team;
    let person = resolve::user(client, user).await?;
    let name = &team.name;
    if context.only_plans(|| format!("ban @{} from the team {name}", person.username))? {
        return Ok(());
    }
    context.confirm(format!("Ban @{} from the team {name}?", person.username)).await?;
    let during = || format!("cannot ban @{} from the team {name}", person.username);
    let ban = client.ban(team.id, person.id).await.during(during)?;
    context.out.done(&format!("@{} is banned from the team {name}", person.username), &ban)
}

async fn unban(context: &Context, client: &Client, team: &str, user: &str) -> Outcome {
    let team = resolve::team(client, team).await?.team;
    let person = resolve::user(client, user).await?;
    let name = &team.name;
    if context.only_plans(|| format!("lift the ban of @{} from the team {name}", person.username))? {
        return Ok(());
    }
    let during = || format!("cannot lift the ban of @{} from the team {name}", person.username);
    client.lift_ban(team.id, person.id).await.during(during)?;
    context.out.say(&format!("@{} may come into the team {name} again", person.username));
    Ok(())
}

async fn set_default(context: &Context, client: &Client, target: &str, is_default: bool) -> Outcome {
    let channel = resolve::channel(context, client, target).await?.channel;
    let does = if is_default { "lets newcomers into" } else { "no longer lets newcomers into" };
    if context.only_plans(|| format!("{does} {target}"))? {
        return Ok(());
    }
    let edit = EditChannel { is_default: Some(is_default), ..EditChannel::default() };
    client.edit_channel(channel.id, edit).await.during(|| format!("cannot change the channel {target}")).map(drop)
}

/// Makes an invite for each address, or one for anybody where none is named; mails them where the server can.
async fn create_invites(
    context: &Context,
    client: &Client,
    team: &Team,
    invite: &CreateInvite,
    (addresses, no_mail): (Vec<Email>, bool),
) -> Outcome {
    let whom = addresses.iter().map(|address| format!(" for {address}")).collect::<Vec<_>>().join(" and");
    if context.only_plans(|| format!("make an invite to {}{whom}", team.name))? {
        return Ok(());
    }
    let send_mail = !addresses.is_empty() && !no_mail && client.server_info().await?.sends_mail;
    let emails = if addresses.is_empty() { vec![None] } else { addresses.into_iter().map(Some).collect() };
    for email in emails {
        let whom = email.as_ref().map(|email| format!(" for {email}")).unwrap_or_default();
        let during = || format!("cannot make an invite to {}{whom}", team.name);
        let made = client.create_invite(team.id, CreateInvite { email, send_mail, ..invite.clone() }).await;
        let made = made.during(during)?;
        context.out.say(&match (&made.email, send_mail) {
            (Some(email), true) => format!("invite to {} is mailed to {email}", team.name),
            (Some(email), false) => {
                format!(
                    "invite to {} made for {email}; no mail is sent: hand the code over, it is not shown again",
                    team.name
                )
            }
            (None, _) => format!("invite to {} made; its code is not shown again", team.name),
        });
        context.out.record(&made)?;
    }
    Ok(())
}

async fn invite(context: &Context, client: &Client, args: args::Invite) -> Outcome {
    match args {
        args::Invite::Create { team, role, uses, expires, email, no_mail } => {
            let team = resolve::team(client, &team).await?.team;
            let invite =
                CreateInvite { role: role.into(), uses_max: uses, expires_in_s: expires, ..CreateInvite::default() };
            create_invites(context, client, &team, &invite, (email, no_mail)).await
        }
        args::Invite::List { team, part } => {
            let team = resolve::team(client, &team).await?.team;
            let part = ListArgs { query: None, limit: part.limit };
            context.out.list(&gather(part, |query| client.invites(team.id, query)).await?)
        }
        args::Invite::Revoke { team, invite } => {
            let team = resolve::team(client, &team).await?.team;
            if context.only_plans(|| format!("revoke invite {invite} to {}", team.name))? {
                return Ok(());
            }
            context.confirm(format!("Revoke invite {invite} to {}?", team.name)).await?;
            client.revoke_invite(team.id, invite).await.during(|| format!("cannot revoke invite {invite}"))?;
            context.out.say(&format!("invite {invite} to {} revoked", team.name));
            Ok(())
        }
        args::Invite::Use { code } => {
            if context.only_plans(|| "join a team by invite".to_owned())? {
                return Ok(());
            }
            let code = if code == "-" { prompt::blocking(prompt::first_line_of_stdin).await? } else { code };
            let joined = client.use_invite(&code).await.during(|| "cannot use the invite".to_owned())?;
            context.out.done(&format!("joined {}", joined.team.name), &joined)
        }
    }
}
