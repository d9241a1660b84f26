//! `/teams/{team_id}/reminders`: messages that you want to be reminded of.

use syncspace_protocol::ErrorCode::{Conflict, Forbidden, NotFound};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::reminders::{CreateReminder, EditReminder, MyReminder, Reminder};
use syncspace_protocol::{Page, ReminderId, TeamId};

use super::body::{Json, Keyed};
use super::reply::{Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Made, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/teams/{team_id}/reminders", "reminders", reminders)
            .about("Lists your reminders in a team that wait for their time or are due, by time.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/reminders", "remind", remind)
            .about("Reminds you of a message.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::get("/teams/{team_id}/reminders/{reminder_id}", "reminder", reminder)
            .about("Gives one of your reminders, also one that is done.")
            .refuses(&[NotFound, Forbidden]),
        Route::patch("/teams/{team_id}/reminders/{reminder_id}", "edit_reminder", edit_reminder)
            .about("Changes time or note of a reminder; one that is due waits again with a new time.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::delete("/teams/{team_id}/reminders/{reminder_id}", "finish_reminder", finish_reminder)
            .about("Ends a reminder, whether it is done or not wanted any more.")
            .refuses(&[NotFound, Forbidden]),
    ]
}

async fn reminders(call: Call<TeamId, PageQuery>) -> Result<Found<Page<MyReminder>>, ServiceError> {
    call.service.reminders(&call.who, call.path, &call.query).await.map(Found)
}

async fn remind(call: Call<TeamId, (), Keyed<CreateReminder>>) -> Result<Made<Reminder>, ServiceError> {
    call.service.remind_once(&call.who, call.body.key.as_ref(), call.path, call.body.body).await
}

async fn reminder(call: Call<(TeamId, ReminderId)>) -> Result<Found<MyReminder>, ServiceError> {
    let (team, id) = call.path;
    call.service.reminder(&call.who, team, id).await.map(Found)
}

async fn edit_reminder(
    call: Call<(TeamId, ReminderId), (), Json<EditReminder>>,
) -> Result<Found<Reminder>, ServiceError> {
    let (team, id) = call.path;
    call.service.edit_reminder(&call.who, team, id, call.body.0).await.map(Found)
}

async fn finish_reminder(call: Call<(TeamId, ReminderId)>) -> Result<Done, ServiceError> {
    let (team, id) = call.path;
    call.service.finish_reminder(&call.who, team, id).await.map(|()| Done)
}
