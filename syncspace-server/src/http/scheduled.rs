//! `/teams/{team_id}/scheduled`: messages to be sent later.

use syncspace_protocol::ErrorCode::{Archived, ClientIdReused, Conflict, Forbidden, NotFound};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::scheduled::{EditScheduled, ScheduleMessage, Scheduled};
use syncspace_protocol::{Page, ScheduledId, TeamId};

use super::body::{Json, Keyed};
use super::reply::{Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Made, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/teams/{team_id}/scheduled", "scheduled", scheduled)
            .about("Lists your messages in a team that wait for their time or could not be sent, by time.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/scheduled", "schedule_message", schedule_message)
            .about("Schedules a message.")
            .refuses(&[NotFound, Forbidden, Archived, Conflict]),
        Route::get("/teams/{team_id}/scheduled/{scheduled_id}", "scheduled_message", scheduled_message)
            .about("Gives one of your scheduled messages, also one that was sent or cancelled.")
            .refuses(&[NotFound, Forbidden]),
        Route::patch("/teams/{team_id}/scheduled/{scheduled_id}", "edit_scheduled", edit_scheduled)
            .about("Changes text, files or time of a scheduled message; one that failed waits again with a new time.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::delete("/teams/{team_id}/scheduled/{scheduled_id}", "cancel_scheduled", cancel_scheduled)
            .about("Cancels a scheduled message; again is no change.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::post("/teams/{team_id}/scheduled/{scheduled_id}/send", "send_scheduled_now", send_scheduled_now)
            .about("Sends a scheduled message at once.")
            .refuses(&[NotFound, Forbidden, Archived, Conflict, ClientIdReused]),
    ]
}

async fn scheduled(call: Call<TeamId, PageQuery>) -> Result<Found<Page<Scheduled>>, ServiceError> {
    call.service.scheduled(&call.who, call.path, &call.query).await.map(Found)
}

async fn schedule_message(call: Call<TeamId, (), Keyed<ScheduleMessage>>) -> Result<Made<Scheduled>, ServiceError> {
    call.service.schedule_message_once(&call.who, call.body.key.as_ref(), call.path, call.body.body).await
}

async fn scheduled_message(call: Call<(TeamId, ScheduledId)>) -> Result<Found<Scheduled>, ServiceError> {
    let (team, id) = call.path;
    call.service.scheduled_message(&call.who, team, id).await.map(Found)
}

async fn edit_scheduled(
    call: Call<(TeamId, ScheduledId), (), Json<EditScheduled>>,
) -> Result<Found<Scheduled>, ServiceError> {
    let (team, id) = call.path;
    call.service.edit_scheduled(&call.who, team, id, call.body.0).await.map(Found)
}

async fn cancel_scheduled(call: Call<(TeamId, ScheduledId)>) -> Result<Done, ServiceError> {
    let (team, id) = call.path;
    call.service.cancel_scheduled(&call.who, team, id).await.map(|()| Done)
}

async fn send_scheduled_now(call: Call<(TeamId, ScheduledId)>) -> Result<Found<Scheduled>, ServiceError> {
    let (team, id) = call.path;
    call.service.send_scheduled_now(&call.who, team, id).await.map(Found)
}
