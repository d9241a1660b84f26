//! `/channels/{channel_id}/retention`, `/teams/{team_id}/retention` and `/admin/retention`: what goes by how long messages are kept.

use syncspace_protocol::ErrorCode::{Forbidden, NotFound};
use syncspace_protocol::retention::{RetentionQuery, RetentionReport};
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::{ChannelId, TeamId};

use super::reply::Found;
use super::request::Call;
use super::route::Route;
use crate::service::{Needs, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/channels/{channel_id}/retention", "channel_retention", of_channel)
            .about(
                "Tells how long the messages of a channel are kept, and how many are old enough to go; what other days would \
                 take, for those who may settle them. Changes nothing.",
            )
            .refuses(&[NotFound, Forbidden]),
        Route::get("/teams/{team_id}/retention", "team_retention", of_team)
            .about(
                "Tells the same of all channels that leave it to their team, for its admins and owners. Changes nothing.",
            )
            .refuses(&[NotFound, Forbidden]),
        Route::get("/admin/retention", "server_retention", of_server)
            .needs(Needs::Scope(Scope::Admin))
            .about("Tells the same of all channels that leave it to the server, as an administrator. Changes nothing.")
            .refuses(&[Forbidden]),
    ]
}

async fn of_channel(call: Call<ChannelId, RetentionQuery>) -> Result<Found<RetentionReport>, ServiceError> {
    call.service.channel_retention(&call.who, call.path, call.query).await.map(Found)
}

async fn of_team(call: Call<TeamId, RetentionQuery>) -> Result<Found<RetentionReport>, ServiceError> {
    call.service.team_retention(&call.who, call.path, call.query).await.map(Found)
}

async fn of_server(call: Call<(), RetentionQuery>) -> Result<Found<RetentionReport>, ServiceError> {
    call.service.server_retention(&call.who, call.query).await.map(Found)
}
