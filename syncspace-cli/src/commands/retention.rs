//! `channel retention`, `team retention`, `server retention`: what holds, what would go, and the settling of it.

use syncspace_client::Client;
use syncspace_protocol::Patch;
use syncspace_protocol::channels::EditChannel;
use syncspace_protocol::retention::{RetentionQuery, RetentionReport};
use syncspace_protocol::server::EditServerSettings;
use syncspace_protocol::teams::{EditTeam, EditTeamSettings};

use super::resolve;
use crate::args::values::Kept;
use crate::context::Context;
use crate::exit::{During, Outcome};
use crate::output::counted;

pub(super) async fn of_channel(context: &Context, client: &Client, text: &str, keep: Option<Kept>) -> Outcome {
    let id = resolve::channel(context, client, text).await?.channel.id;
    let report = client.channel_retention(id, query(keep)).await.during(cannot_tell)?;
    let Some(keep) = agreed(context, text, keep, &report).await? else { return Ok(()) };
    let edit = EditChannel { retention_days: patch(keep), ..EditChannel::default() };
    client.edit_channel(id, edit).await.during(|| format!("cannot change the channel {text}"))?;
    context.out.done(&format!("{text} keeps its messages {}", length(&report)), &report)
}

pub(super) async fn of_team(context: &Context, client: &Client, text: &str, keep: Option<Kept>) -> Outcome {
    let team = resolve::team(client, text).await?.team;
    let report = client.team_retention(team.id, query(keep)).await.during(cannot_tell)?;
    let Some(keep) = agreed(context, team.name.as_str(), keep, &report).await? else { return Ok(()) };
    let settings = EditTeamSettings { retention_days: patch(keep), ..EditTeamSettings::default() };
    let edit = EditTeam { settings, ..EditTeam::default() };
    client.edit_team(team.id, edit).await.during(|| format!("cannot change the settings of {}", team.name))?;
    context.out.done(&format!("{} keeps messages {}", team.name, length(&report)), &report)
}

pub(super) async fn of_server(context: &Context, keep: Option<Kept>) -> Outcome {
    let client = context.client()?;
    let report = client.server_retention(query(keep)).await.during(cannot_tell)?;
    let Some(keep) = agreed(context, "the server", keep, &report).await? else { return Ok(()) };
    let edit = EditServerSettings { retention_days: patch(keep), ..EditServerSettings::default() };
    client.edit_server_settings(edit).await.during(|| "cannot change the settings of the server".to_owned())?;
    context.out.done(&format!("the server keeps messages {}", length(&report)), &report)
}

fn cannot_tell() -> String {
    "cannot tell how long messages are kept".to_owned()
}

fn query(keep: Option<Kept>) -> RetentionQuery {
    keep.map_or(RetentionQuery::NOW, |keep| RetentionQuery::with(keep.days()))
}

fn patch(keep: Kept) -> Patch<u32> {
    keep.days().map_or(Patch::Clear, Patch::Set)
}

/// Shows what holds, or what would go; gives what is to be settled where that is agreed to.
async fn agreed(context: &Context, place: &str, keep: Option<Kept>, report: &RetentionReport) -> Outcome<Option<Kept>> {
    let Some(keep) = keep else {
        context.out.record(report)?;
        return Ok(None);
    };
    if context.only_plans(|| format!("keep the messages of {place} {}; {} would go", length(report), loss(report)))? {
        return Ok(None);
    }
    if report.messages > 0 {
        let question =
            format!("Keep the messages of {place} {}? {} go, and do not come back.", length(report), loss(report));
        context.confirm(question).await?;
    }
    Ok(Some(keep))
}

fn length(report: &RetentionReport) -> String {
    match report.retention_days {
        None => "for ever".to_owned(),
        Some(1) => "for 1 day".to_owned(),
        Some(days) => format!("for {days} days"),
    }
}

/// Says how much goes.
fn loss(report: &RetentionReport) -> String {
    let RetentionReport { messages, files, file_bytes, .. } = report;
    format!("{} and {} of {}", counted(*messages, "message"), counted(*files, "file"), counted(*file_bytes, "byte"))
}
