//! `/teams`: teams and who is in them.

use syncspace_protocol::ErrorCode::{Conflict, Forbidden, LastOwner, NameTaken, NotFound};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::{Ban, CreateTeam, EditTeam, MyTeam, PutTeamMember, Team, TeamMember, TransferTeam};
use syncspace_protocol::{Page, TeamId, UserId};

use super::body::{Json, Keyed};
use super::reply::{Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Made, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/teams", "teams", teams).about("Lists the teams you may see: your own and the public ones."),
        Route::post("/teams", "create_team", create_team)
            .about("Makes a team, with you as its owner.")
            .refuses(&[NameTaken]),
        Route::get("/teams/{team_id}", "team", team).about("Gives a team.").refuses(&[NotFound]),
        Route::patch("/teams/{team_id}", "edit_team", edit_team)
            .about("Changes a team, and its settings.")
            .refuses(&[NotFound, Forbidden, NameTaken]),
        Route::delete("/teams/{team_id}", "delete_team", delete_team)
            .about("Deletes a team with its channels and messages.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/join", "join_team", join_team)
            .about("Joins a public team whose settings let people in by themselves.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/leave", "leave_team", leave_team)
            .about("Leaves a team.")
            .refuses(&[NotFound, LastOwner]),
        Route::get("/teams/{team_id}/members", "team_members", team_members)
            .about("Lists who is in a team.")
            .refuses(&[NotFound, Forbidden]),
        Route::put("/teams/{team_id}/members/{user_id}", "put_team_member", put_team_member)
            .about("Adds a person to a team, or changes the person's role.")
            .refuses(&[NotFound, Forbidden, LastOwner, Conflict]),
        Route::delete("/teams/{team_id}/members/{user_id}", "remove_team_member", remove_team_member)
            .about("Removes a person from a team.")
            .refuses(&[NotFound, Forbidden, LastOwner]),
        Route::post("/teams/{team_id}/transfer", "transfer_team", transfer_team)
            .about("Hands your ownership of a team to another member; you become an admin.")
            .refuses(&[NotFound, Forbidden]),
        Route::get("/teams/{team_id}/bans", "bans", bans)
            .about("Lists who is kept out of a team.")
            .refuses(&[NotFound, Forbidden]),
        Route::put("/teams/{team_id}/bans/{user_id}", "ban", ban)
            .about("Keeps a person out of a team, and removes one who is in it.")
            .refuses(&[NotFound, Forbidden, LastOwner, Conflict]),
        Route::delete("/teams/{team_id}/bans/{user_id}", "lift_ban", lift_ban)
            .about("Lets a person in again who was kept out.")
            .refuses(&[NotFound, Forbidden]),
    ]
}

async fn teams(call: Call<(), PageQuery>) -> Result<Found<Page<MyTeam>>, ServiceError> {
    call.service.teams(&call.who, &call.query).await.map(Found)
}

async fn create_team(call: Call<(), (), Keyed<CreateTeam>>) -> Result<Made<MyTeam>, ServiceError> {
    call.service.create_team_once(&call.who, call.body.key.as_ref(), call.body.body).await
}

async fn team(call: Call<TeamId>) -> Result<Found<MyTeam>, ServiceError> {
    call.service.team(&call.who, call.path).await.map(Found)
}

async fn edit_team(call: Call<TeamId, (), Json<EditTeam>>) -> Result<Found<Team>, ServiceError> {
    call.service.edit_team(&call.who, call.path, call.body.0).await.map(Found)
}

async fn delete_team(call: Call<TeamId>) -> Result<Done, ServiceError> {
    call.service.delete_team(&call.who, call.path).await.map(|()| Done)
}

async fn join_team(call: Call<TeamId>) -> Result<Found<MyTeam>, ServiceError> {
    call.service.join_team(&call.who, call.path).await.map(Found)
}

async fn leave_team(call: Call<TeamId>) -> Result<Done, ServiceError> {
    call.service.leave_team(&call.who, call.path).await.map(|()| Done)
}

async fn team_members(call: Call<TeamId, PageQuery>) -> Result<Found<Page<TeamMember>>, ServiceError> {
    call.service.team_members(&call.who, call.path, &call.query).await.map(Found)
}

async fn put_team_member(
    call: Call<(TeamId, UserId), (), Json<PutTeamMember>>,
) -> Result<Found<TeamMember>, ServiceError> {
    let (team, user) = call.path;
    call.service.put_team_member(&call.who, team, user, call.body.0).await.map(Found)
}

async fn remove_team_member(call: Call<(TeamId, UserId)>) -> Result<Done, ServiceError> {
    let (team, user) = call.path;
    call.service.remove_team_member(&call.who, team, user).await.map(|()| Done)
}

async fn transfer_team(call: Call<TeamId, (), Json<TransferTeam>>) -> Result<Found<TeamMember>, ServiceError> {
    call.service.transfer_team(&call.who, call.path, call.body.0.user_id).await.map(Found)
}

async fn bans(call: Call<TeamId, PageQuery>) -> Result<Found<Page<Ban>>, ServiceError> {
    call.service.bans(&call.who, call.path, &call.query).await.map(Found)
}

async fn ban(call: Call<(TeamId, UserId)>) -> Result<Found<Ban>, ServiceError> {
    let (team, user) = call.path;
    call.service.ban(&call.who, team, user).await.map(Found)
}

async fn lift_ban(call: Call<(TeamId, UserId)>) -> Result<Done, ServiceError> {
    let (team, user) = call.path;
    call.service.lift_ban(&call.who, team, user).await.map(|()| Done)
}
