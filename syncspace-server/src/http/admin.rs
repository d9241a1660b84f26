//! `/admin`: what administrators of the server settle, see and do beside single accounts.

use syncspace_protocol::ErrorCode::{Conflict, Forbidden, NotFound};
use syncspace_protocol::erasure::{Erasure, ErasurePlan};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::server::{
    AccountQuery, CreatePasswordReset, EditServerSettings, HandOver, HandedOver, PasswordReset, ServerSettings,
    Statistics,
};
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::users::User;
use syncspace_protocol::{Page, UserId};

use super::body::Json;
use super::reply::{Created, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Made, Needs, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/settings", "server_settings", settings)
            .needs(Needs::Scope(Scope::Admin))
            .about("Gives what is settled for the whole server, as an administrator.")
            .refuses(&[Forbidden]),
        Route::patch("/admin/settings", "edit_server_settings", edit_settings)
            .about("Settles something for the whole server, as an administrator. Absent fields stay, null clears.")
            .refuses(&[Forbidden]),
        Route::get("/admin/statistics", "statistics", statistics)
            .needs(Needs::Scope(Scope::Admin))
            .about("Gives how much there is, and was on the last days, as an administrator.")
            .refuses(&[Forbidden]),
        Route::get("/admin/users", "accounts", accounts)
            .needs(Needs::Scope(Scope::Admin))
            .about("Lists accounts by id, as an administrator.")
            .refuses(&[Forbidden]),
        Route::post("/admin/users/{user_id}/password-reset", "create_password_reset", create_password_reset)
            .about(
                "Makes a code by which a person sets a new password, once, as an administrator. Codes made before end.",
            )
            .needs(Needs::Login)
            .refuses(&[Forbidden, NotFound, Conflict]),
        Route::post("/admin/users/{user_id}/hand-over", "hand_over", hand_over)
            .about(
                "Switches an imported account on, as an administrator, and mails its person a code for the first password; gives \
                 the code where no mail can be sent. Codes made before end.",
            )
            .needs(Needs::Login)
            .refuses(&[Forbidden, NotFound, Conflict]),
        Route::get("/admin/users/{user_id}/erase", "erasure_plan", erasure_plan)
            .needs(Needs::Scope(Scope::Admin))
            .about("Counts what the erasure of a person would take, as an administrator.")
            .refuses(&[Forbidden, NotFound, Conflict]),
        Route::post("/admin/users/{user_id}/erase", "erase_user", erase_user)
            .about(
                "Erases a person, as an administrator: the account loses its name at once, what the person wrote goes after it. \
                 Not undone by anything.",
            )
            .refuses(&[Forbidden, NotFound, Conflict]),
        Route::get("/admin/erasures", "erasures", erasures)
            .needs(Needs::Scope(Scope::Admin))
            .about("Lists who was erased or is being erased, and how far that is, as an administrator.")
            .refuses(&[Forbidden]),
    ]
}

async fn settings(call: Call) -> Result<Found<ServerSettings>, ServiceError> {
    call.service.server_settings(&call.who).await.map(Found)
}

async fn edit_settings(call: Call<(), (), Json<EditServerSettings>>) -> Result<Found<ServerSettings>, ServiceError> {
    call.service.edit_server_settings(&call.who, call.body.0).await.map(Found)
}

async fn statistics(call: Call) -> Result<Found<Statistics>, ServiceError> {
    call.service.statistics(&call.who).await.map(Found)
}

async fn accounts(call: Call<(), AccountQuery>) -> Result<Found<Page<User>>, ServiceError> {
    call.service.accounts(&call.who, &call.query).await.map(Found)
}

async fn create_password_reset(
    call: Call<UserId, (), Json<CreatePasswordReset>>,
) -> Result<Created<PasswordReset>, ServiceError> {
    call.service.create_password_reset(&call.who, call.path, call.body.0).await.map(Created)
}

async fn hand_over(call: Call<UserId, (), Json<HandOver>>) -> Result<Created<HandedOver>, ServiceError> {
    call.service.hand_over(&call.who, call.path, call.body.0).await.map(Created)
}

async fn erasure_plan(call: Call<UserId>) -> Result<Found<ErasurePlan>, ServiceError> {
    call.service.erasure_plan(&call.who, call.path).await.map(Found)
}

async fn erase_user(call: Call<UserId>) -> Result<Made<Erasure>, ServiceError> {
    call.service.erase_user(&call.who, call.path).await
}

async fn erasures(call: Call<(), PageQuery>) -> Result<Found<Page<Erasure>>, ServiceError> {
    call.service.erasures(&call.who, &call.query).await.map(Found)
}
