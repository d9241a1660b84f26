//! `/teams/{team_id}/invites` and `/invites`: ways into a team.

use syncspace_protocol::ErrorCode::{Conflict, Forbidden, NotFound};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::{CreateInvite, Invite, MyTeam};
use syncspace_protocol::{InviteId, Page, TeamId};

use super::body::Keyed;
use super::reply::{Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Made, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/teams/{team_id}/invites", "invites", invites)
            .about("Lists the invites to a team that still hold, without their codes; your own where you only invite.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/invites", "create_invite", create_invite)
            .about(
                "Makes an invite to a team, and mails it where `send_mail` says so; else only this answer, and that to a repeat \
                 with the same key, has its code.",
            )
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::delete("/teams/{team_id}/invites/{invite_id}", "revoke_invite", revoke_invite)
            .about("Revokes an invite.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/invites/{code}", "use_invite", use_invite)
            .about("Joins the team that an invite admits to.")
            .refuses(&[NotFound, Forbidden, Conflict])
            .limited_by_address(),
    ]
}

async fn invites(call: Call<TeamId, PageQuery>) -> Result<Found<Page<Invite>>, ServiceError> {
    call.service.invites(&call.who, call.path, &call.query).await.map(Found)
}

async fn create_invite(call: Call<TeamId, (), Keyed<CreateInvite>>) -> Result<Made<Invite>, ServiceError> {
    call.service.create_invite_once(&call.who, call.body.key.as_ref(), call.path, call.body.body).await
}

async fn revoke_invite(call: Call<(TeamId, InviteId)>) -> Result<Done, ServiceError> {
    let (team, invite) = call.path;
    call.service.revoke_invite(&call.who, team, invite).await.map(|()| Done)
}

async fn use_invite(call: Call<String>) -> Result<Found<MyTeam>, ServiceError> {
    call.service.use_invite(&call.who, &call.path).await.map(Found)
}
