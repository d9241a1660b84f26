//! `/streams` and `/presence`: what changed, and who is there.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use syncspace_protocol::ErrorCode::{NotFound, ReloadRequired};
use syncspace_protocol::limits::WATCHED_USERS_MAX;
use syncspace_protocol::status::Presence;
use syncspace_protocol::sync::{Changes, ChangesQuery};
use syncspace_protocol::{Page, StreamId, UserId};

use super::reply::Found;
use super::request::Call;
use super::route::Route;
use crate::service::ServiceError;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/streams/{stream}/changes", "changes", changes)
            .about("Gives what changed in a stream after a rev.")
            .refuses(&[NotFound, ReloadRequired]),
        Route::get("/presence", "presence", presence)
            .about("Tells which of the named people are there, and what they say of themselves."),
    ]
}

/// Query of `GET /presence`.
#[derive(Deserialize, JsonSchema)]
struct PresenceQuery {
    /// Ids of up to 200 people, with commas: `1,2,3`.
    #[serde(deserialize_with = "user_ids")]
    #[schemars(with = "String", extend("pattern" = "^[0-9]+(,[0-9]+)*$"))]
    users: Vec<UserId>,
}

fn user_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<UserId>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let ids: Vec<UserId> =
        text.split(',').map(|id| id.trim().parse()).collect::<Result<_, _>>().map_err(de::Error::custom)?;
    if ids.len() > WATCHED_USERS_MAX {
        return Err(de::Error::custom(format!("at most {WATCHED_USERS_MAX} people at once, not {}", ids.len())));
    }
    Ok(ids)
}

async fn changes(call: Call<StreamId, ChangesQuery>) -> Result<Found<Changes>, ServiceError> {
    call.service.changes(&call.who, call.path, call.query).await.map(Found)
}

async fn presence(call: Call<(), PresenceQuery>) -> Result<Found<Page<Presence>>, ServiceError> {
    let items = call.service.presence(&call.who, &call.query.users).await?;
    Ok(Found(Page { items, next: None }))
}
