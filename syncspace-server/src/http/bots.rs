//! `/teams/{id}/bots`: accounts of programs, and their tokens.

use syncspace_protocol::ErrorCode::{Conflict, Forbidden, NameTaken, NotFound};
use syncspace_protocol::bots::{Bot, CreateBot, EditBot};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::tokens::{AccessToken, CreateToken, MadeToken};
use syncspace_protocol::{Page, SessionId, TeamId, UserId};

use super::body::{Json, Keyed};
use super::reply::{Created, Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Made, Needs, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/teams/{team_id}/bots", "bots", bots)
            .about("Lists the bots of a team, for those who manage it.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/bots", "create_bot", create_bot)
            .about("Makes a bot: the account of a program, a member of this team and of no other.")
            .refuses(&[NotFound, Forbidden, NameTaken, Conflict]),
        Route::patch("/teams/{team_id}/bots/{user_id}", "edit_bot", edit_bot)
            .about("Gives a bot another name, or switches it on or off.")
            .refuses(&[NotFound, Forbidden]),
        // Tokens make no tokens, neither their own kind nor a bot's.
        Route::get("/teams/{team_id}/bots/{user_id}/tokens", "bot_tokens", bot_tokens)
            .needs(Needs::Login)
            .about("Lists the access tokens of a bot that hold.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/bots/{user_id}/tokens", "create_bot_token", create_bot_token)
            .needs(Needs::Login)
            .about("Makes an access token for a bot; it is shown this once.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::delete("/teams/{team_id}/bots/{user_id}/tokens/{token_id}", "revoke_bot_token", revoke_bot_token)
            .needs(Needs::Login)
            .about("Ends an access token of a bot, and the sockets that it opened.")
            .refuses(&[NotFound, Forbidden]),
    ]
}

async fn bots(call: Call<TeamId, PageQuery>) -> Result<Found<Page<Bot>>, ServiceError> {
    call.service.bots(&call.who, call.path, &call.query).await.map(Found)
}

async fn create_bot(call: Call<TeamId, (), Keyed<CreateBot>>) -> Result<Made<Bot>, ServiceError> {
    call.service.create_bot_once(&call.who, call.body.key.as_ref(), call.path, call.body.body).await
}

async fn edit_bot(call: Call<(TeamId, UserId), (), Json<EditBot>>) -> Result<Found<Bot>, ServiceError> {
    call.service.edit_bot(&call.who, call.path, call.body.0).await.map(Found)
}

async fn bot_tokens(call: Call<(TeamId, UserId), PageQuery>) -> Result<Found<Page<AccessToken>>, ServiceError> {
    call.service.bot_tokens(&call.who, call.path, &call.query).await.map(Found)
}

async fn create_bot_token(
    call: Call<(TeamId, UserId), (), Json<CreateToken>>,
) -> Result<Created<MadeToken>, ServiceError> {
    call.service.create_bot_token(&call.who, call.path, call.body.0).await.map(Created)
}

async fn revoke_bot_token(call: Call<(TeamId, UserId, SessionId)>) -> Result<Done, ServiceError> {
    let (team, bot, token) = call.path;
    call.service.revoke_bot_token(&call.who, (team, bot), token).await.map(|()| Done)
}
