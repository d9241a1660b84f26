//! `/auth/tokens`: access tokens for programs.

use syncspace_protocol::ErrorCode::{Conflict, NotFound};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::tokens::{AccessToken, CreateToken, MadeToken};
use syncspace_protocol::{Page, SessionId};

use super::body::Json;
use super::reply::{Created, Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::ServiceError;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/auth/tokens", "access_tokens", access_tokens).about("Lists your access tokens that hold."),
        Route::post("/auth/tokens", "create_token", create_token)
            .about("Makes an access token for a program; it is shown this once.")
            .refuses(&[Conflict]),
        Route::delete("/auth/tokens/{token_id}", "revoke_token", revoke_token)
            .about("Ends an access token, and the sockets that it opened.")
            .refuses(&[NotFound]),
    ]
}

async fn access_tokens(call: Call<(), PageQuery>) -> Result<Found<Page<AccessToken>>, ServiceError> {
    call.service.access_tokens(&call.who, &call.query).await.map(Found)
}

async fn create_token(call: Call<(), (), Json<CreateToken>>) -> Result<Created<MadeToken>, ServiceError> {
    call.service.create_token(&call.who, call.body.0).await.map(Created)
}

async fn revoke_token(call: Call<SessionId>) -> Result<Done, ServiceError> {
    call.service.revoke_token(&call.who, call.path).await.map(|()| Done)
}
