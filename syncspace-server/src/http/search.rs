//! `/search`: messages by their words.

use syncspace_protocol::ErrorCode::{Forbidden, NotFound};
use syncspace_protocol::search::{SearchPage, SearchParams};

use super::reply::Found;
use super::request::Call;
use super::route::Route;
use crate::service::ServiceError;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/search", "search", search)
            .about("Finds messages of a team that you may read, by words, \"phrases\" and filters like `from:@alice`.")
            .refuses(&[NotFound, Forbidden]),
    ]
}

async fn search(call: Call<(), SearchParams>) -> Result<Found<SearchPage>, ServiceError> {
    call.service.search(&call.who, call.query).await.map(Found)
}
