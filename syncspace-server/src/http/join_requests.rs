//! `/teams/{team_id}/join_requests`: people who ask to come into a team.

use syncspace_protocol::ErrorCode::{Conflict, Forbidden, NotFound};
use syncspace_protocol::join_requests::{AskToJoin, JoinRequest, MyJoinRequest};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::TeamMember;
use syncspace_protocol::{Page, TeamId, UserId};

use super::body::Json;
use super::reply::{Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::ServiceError;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/users/me/join_requests", "my_join_requests", my_join_requests)
            .about("Lists your requests to come into teams, those that were decided too."),
        Route::put("/teams/{team_id}/join_request", "ask_to_join", ask_to_join)
            .about("Asks to come into a team that takes people in on request; asking again changes your message.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::delete("/teams/{team_id}/join_request", "withdraw_join_request", withdraw_join_request)
            .about("Takes your open request back.")
            .refuses(&[NotFound]),
        Route::get("/teams/{team_id}/join_requests", "join_requests", join_requests)
            .about("Lists the open requests to come into a team, the oldest first.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/join_requests/{user_id}/accept", "accept_join_request", accept_join_request)
            .about("Takes a person in who asked, as a member.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/join_requests/{user_id}/decline", "decline_join_request", decline_join_request)
            .about("Says no to a person who asked.")
            .refuses(&[NotFound, Forbidden]),
    ]
}

async fn my_join_requests(call: Call<(), PageQuery>) -> Result<Found<Page<MyJoinRequest>>, ServiceError> {
    call.service.my_join_requests(&call.who, &call.query).await.map(Found)
}

async fn ask_to_join(call: Call<TeamId, (), Json<AskToJoin>>) -> Result<Found<JoinRequest>, ServiceError> {
    call.service.ask_to_join(&call.who, call.path, call.body.0).await.map(Found)
}

async fn withdraw_join_request(call: Call<TeamId>) -> Result<Done, ServiceError> {
    call.service.withdraw_join_request(&call.who, call.path).await.map(|()| Done)
}

async fn join_requests(call: Call<TeamId, PageQuery>) -> Result<Found<Page<JoinRequest>>, ServiceError> {
    call.service.join_requests(&call.who, call.path, &call.query).await.map(Found)
}

async fn accept_join_request(call: Call<(TeamId, UserId)>) -> Result<Found<TeamMember>, ServiceError> {
    let (team, user) = call.path;
    call.service.accept_join_request(&call.who, team, user).await.map(Found)
}

async fn decline_join_request(call: Call<(TeamId, UserId)>) -> Result<Done, ServiceError> {
    let (team, user) = call.path;
    call.service.decline_join_request(&call.who, team, user).await.map(|()| Done)
}
