//! `/teams/{id}/commands` to manage commands, and `/channels/{id}/commands` to run them.

use syncspace_protocol::ErrorCode::{Archived, Conflict, Forbidden, NameTaken, NotFound, TargetFailed};
use syncspace_protocol::commands::{CommandAnswer, CreateCommand, EditCommand, MadeCommand, RunCommand, SlashCommand};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::{ChannelId, CommandId, Page, TeamId};

use super::body::Json;
use super::reply::{Created, Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Needs, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/teams/{team_id}/commands", "commands", commands)
            .about("Lists the commands of a team.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/commands", "create_command", create_command)
            .about("Makes a command; the secret that signs its requests is shown this once.")
            .refuses(&[NotFound, Forbidden, NameTaken, Conflict]),
        Route::patch("/teams/{team_id}/commands/{command_id}", "edit_command", edit_command)
            .about("Changes a command. Absent fields stay.")
            .refuses(&[NotFound, Forbidden]),
        Route::delete("/teams/{team_id}/commands/{command_id}", "delete_command", delete_command)
            .about("Deletes a command.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/channels/{channel_id}/commands", "run_command", run_command)
            .needs(Needs::Scope(Scope::Write))
            .about("Runs a command of the team in a channel; gives what only you see, or where the answer was posted.")
            .refuses(&[NotFound, Forbidden, Archived, TargetFailed]),
    ]
}

async fn commands(call: Call<TeamId, PageQuery>) -> Result<Found<Page<SlashCommand>>, ServiceError> {
    call.service.commands(&call.who, call.path, &call.query).await.map(Found)
}

async fn create_command(call: Call<TeamId, (), Json<CreateCommand>>) -> Result<Created<MadeCommand>, ServiceError> {
    call.service.create_command(&call.who, call.path, call.body.0).await.map(Created)
}

async fn edit_command(
    call: Call<(TeamId, CommandId), (), Json<EditCommand>>,
) -> Result<Found<SlashCommand>, ServiceError> {
    call.service.edit_command(&call.who, call.path, call.body.0).await.map(Found)
}

async fn delete_command(call: Call<(TeamId, CommandId)>) -> Result<Done, ServiceError> {
    let (team, command) = call.path;
    call.service.delete_command(&call.who, team, command).await.map(|()| Done)
}

async fn run_command(call: Call<ChannelId, (), Json<RunCommand>>) -> Result<Found<CommandAnswer>, ServiceError> {
    call.service.run_command(&call.who, call.path, call.body.0).await.map(Found)
}
