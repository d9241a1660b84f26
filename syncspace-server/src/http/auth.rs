//! `/auth` and `/server`: accounts, sessions, tokens.

use syncspace_protocol::ErrorCode::{
    Conflict, Forbidden, InvalidCredentials, NameTaken, NotFound, RegistrationClosed, SessionEnded, Unauthenticated,
};
use syncspace_protocol::auth::{
    Login, MailPasswordReset, Refresh, Register, ResetPassword, ServerInfo, Session, SocketTicket, Tokens,
};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::{Page, SessionId};

use super::body::Json;
use super::reply::{Created, Done, Found};
use super::request::{Anyone, Call};
use super::route::Route;
use crate::service::{Needs, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/server", "server_info", server_info).about("Tells what a client may know before it logs in."),
        Route::post("/auth/register", "register", register)
            .about("Makes an account and logs it in.")
            .refuses(&[NameTaken, RegistrationClosed, Forbidden])
            .limited_by_address(),
        Route::post("/auth/login", "login", login)
            .about("Logs in: makes a session for this device.")
            .refuses(&[InvalidCredentials])
            .limited_by_address(),
        Route::post("/auth/password-reset", "reset_password", reset_password)
            .about("Sets a new password by a one-time code, ends all sessions of the account, and logs in.")
            .refuses(&[InvalidCredentials, Forbidden])
            .limited_by_address(),
        Route::post("/auth/password-reset/mail", "mail_password_reset", mail_password_reset)
            .about(
                "Mails a one-time code for a new password to an account's address; answers alike whether there is one.",
            )
            .refuses(&[Conflict])
            .limited_by_address(),
        Route::post("/auth/refresh", "refresh", refresh)
            .about("Changes the refresh token for fresh tokens; each works once.")
            .refuses(&[Unauthenticated, SessionEnded]),
        Route::post("/auth/logout", "logout", logout).about("Ends the session of the token."),
        Route::post("/auth/ws-ticket", "socket_ticket", socket_ticket)
            .needs(Needs::Scope(Scope::Read))
            .about("Makes a ticket for a socket that cannot send an `Authorization` header."),
        Route::get("/auth/sessions", "sessions", sessions).about("Lists your sessions, one for each device."),
        Route::delete("/auth/sessions/{session_id}", "end_session", end_session)
            .about("Ends one of your sessions.")
            .refuses(&[NotFound]),
    ]
}

async fn server_info(call: Call<(), (), (), Anyone>) -> Result<Found<ServerInfo>, ServiceError> {
    call.service.server_info().await.map(Found)
}

async fn register(call: Call<(), (), Json<Register>, Anyone>) -> Result<Created<Tokens>, ServiceError> {
    call.service.register(&call.origin, call.body.0).await.map(Created)
}

async fn login(call: Call<(), (), Json<Login>, Anyone>) -> Result<Found<Tokens>, ServiceError> {
    call.service.login(&call.origin, call.body.0).await.map(Found)
}

async fn reset_password(call: Call<(), (), Json<ResetPassword>, Anyone>) -> Result<Found<Tokens>, ServiceError> {
    call.service.reset_password(&call.origin, call.body.0).await.map(Found)
}

async fn mail_password_reset(call: Call<(), (), Json<MailPasswordReset>, Anyone>) -> Result<Done, ServiceError> {
    let ask = call.body.0;
    call.limits.take_reset(&ask.username)?;
    call.service.mail_password_reset(ask).await.map(|()| Done)
}

async fn refresh(call: Call<(), (), Json<Refresh>, Anyone>) -> Result<Found<Tokens>, ServiceError> {
    call.service.refresh(&call.origin, call.body.0).await.map(Found)
}

async fn logout(call: Call) -> Result<Done, ServiceError> {
    call.service.logout(&call.who).await.map(|()| Done)
}

async fn socket_ticket(call: Call) -> Result<Created<SocketTicket>, ServiceError> {
    call.service.socket_ticket(&call.who).await.map(Created)
}

async fn sessions(call: Call<(), PageQuery>) -> Result<Found<Page<Session>>, ServiceError> {
    call.service.sessions(&call.who, &call.query).await.map(Found)
}

async fn end_session(call: Call<SessionId>) -> Result<Done, ServiceError> {
    call.service.end_session(&call.who, call.path).await.map(|()| Done)
}
