//! `/teams/{id}/groups`: user groups and who is in them.

use syncspace_protocol::ErrorCode::{Conflict, Forbidden, NameTaken, NotFound};
use syncspace_protocol::groups::{CreateGroup, RenameGroup, UserGroup};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::TeamMember;
use syncspace_protocol::{GroupId, Page, TeamId, UserId};

use super::body::{Json, Keyed};
use super::reply::{Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Made, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/teams/{team_id}/groups", "groups", groups)
            .about("Lists the user groups of a team, with who is in them.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/groups", "create_group", create_group)
            .about("Makes a user group, whose people are mentioned by its name.")
            .refuses(&[NotFound, Forbidden, NameTaken, Conflict]),
        Route::get("/teams/{team_id}/groups/{group_id}", "group", group)
            .about("Gives a user group.")
            .refuses(&[NotFound, Forbidden]),
        Route::patch("/teams/{team_id}/groups/{group_id}", "rename_group", rename_group)
            .about("Gives a user group another name.")
            .refuses(&[NotFound, Forbidden, NameTaken]),
        Route::delete("/teams/{team_id}/groups/{group_id}", "delete_group", delete_group)
            .about("Deletes a user group; messages that mentioned it keep whom they named.")
            .refuses(&[NotFound, Forbidden]),
        Route::get("/teams/{team_id}/groups/{group_id}/members", "group_members", group_members)
            .about("Lists who is in a user group.")
            .refuses(&[NotFound, Forbidden]),
        Route::put("/teams/{team_id}/groups/{group_id}/members/{user_id}", "add_group_member", add_group_member)
            .about("Puts a person of the team into a user group.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::delete(
            "/teams/{team_id}/groups/{group_id}/members/{user_id}",
            "remove_group_member",
            remove_group_member,
        )
        .about("Takes a person out of a user group.")
        .refuses(&[NotFound, Forbidden]),
    ]
}

async fn groups(call: Call<TeamId, PageQuery>) -> Result<Found<Page<UserGroup>>, ServiceError> {
    call.service.groups(&call.who, call.path, &call.query).await.map(Found)
}

async fn create_group(call: Call<TeamId, (), Keyed<CreateGroup>>) -> Result<Made<UserGroup>, ServiceError> {
    call.service.create_group_once(&call.who, call.body.key.as_ref(), call.path, call.body.body).await
}

async fn group(call: Call<(TeamId, GroupId)>) -> Result<Found<UserGroup>, ServiceError> {
    let (team, group) = call.path;
    call.service.group(&call.who, team, group).await.map(Found)
}

async fn rename_group(call: Call<(TeamId, GroupId), (), Json<RenameGroup>>) -> Result<Found<UserGroup>, ServiceError> {
    call.service.rename_group(&call.who, call.path, call.body.0.name).await.map(Found)
}

async fn delete_group(call: Call<(TeamId, GroupId)>) -> Result<Done, ServiceError> {
    let (team, group) = call.path;
    call.service.delete_group(&call.who, team, group).await.map(|()| Done)
}

async fn group_members(call: Call<(TeamId, GroupId), PageQuery>) -> Result<Found<Page<TeamMember>>, ServiceError> {
    call.service.group_members(&call.who, call.path, &call.query).await.map(Found)
}

async fn add_group_member(call: Call<(TeamId, GroupId, UserId)>) -> Result<Found<UserGroup>, ServiceError> {
    let (team, group, user) = call.path;
    call.service.add_group_member(&call.who, (team, group), user).await.map(Found)
}

async fn remove_group_member(call: Call<(TeamId, GroupId, UserId)>) -> Result<Found<UserGroup>, ServiceError> {
    let (team, group, user) = call.path;
    call.service.remove_group_member(&call.who, (team, group), user).await.map(Found)
}
