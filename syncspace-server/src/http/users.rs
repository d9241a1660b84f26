//! `/users` and `/admin/users`: people.

use syncspace_protocol::ErrorCode::{Conflict, Forbidden, InvalidCredentials, NameTaken, NotFound};
use syncspace_protocol::auth::{ChangePassword, VerifyEmail};
use syncspace_protocol::keywords::Keywords;
use syncspace_protocol::page::PeopleQuery;
use syncspace_protocol::preferences::{EditPreferences, Preferences};
use syncspace_protocol::status::EditStatus;
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::users::{CreateUser, EditProfile, EditUser, User};
use syncspace_protocol::{Page, UserId};

use super::body::{Json, Keyed};
use super::reply::{Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Made, Needs, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/users/me", "me", me).about("Gives your account."),
        Route::patch("/users/me", "edit_me", edit_me).about("Changes your profile.").refuses(&[NameTaken]),
        Route::put("/users/me/status", "set_status", set_status)
            .about("Changes what you say of yourself, until when, and what presence you show. Absent fields stay."),
        Route::get("/users/me/preferences", "preferences", preferences)
            .about("Gives of what you are notified, and when you are not to be disturbed."),
        Route::put("/users/me/preferences", "edit_preferences", edit_preferences)
            .about("Changes of what you are notified, and when you are not to be disturbed. Absent fields stay."),
        Route::get("/users/me/keywords", "keywords", keywords)
            .about("Lists the words and phrases by which you want to be called."),
        Route::put("/users/me/keywords", "put_keywords", put_keywords).about(
            "Replaces your keywords: from now on messages in your channels that have one count as mentions of you.",
        ),
        Route::post("/users/me/password", "change_password", change_password)
            .needs(Needs::Login)
            .about("Changes your password and ends your other sessions.")
            .refuses(&[InvalidCredentials])
            .limited_by_address(),
        Route::post("/users/me/email/code", "send_email_code", send_email_code)
            .needs(Needs::Login)
            .about("Mails another code to your address that is not verified yet.")
            .refuses(&[Conflict])
            .limited_by_address(),
        Route::post("/users/me/email/verify", "verify_email", verify_email)
            .needs(Needs::Login)
            .about("Verifies your address by the code that was mailed to it; a pending one becomes yours.")
            .refuses(&[InvalidCredentials, NameTaken])
            .limited_by_address(),
        Route::get("/users", "users", users)
            .about("Lists who shares a team with you, or finds them by beginnings of words in their names."),
        Route::get("/users/{user_id}", "user", user)
            .about("Gives a person who is or was in a team of yours.")
            .refuses(&[NotFound]),
        Route::post("/admin/users", "create_user", create_user)
            .needs(Needs::Scope(Scope::Admin))
            .about("Makes an account, as an administrator.")
            .refuses(&[Forbidden, NameTaken]),
        Route::patch("/admin/users/{user_id}", "edit_user", edit_user)
            .needs(Needs::Scope(Scope::Admin))
            .about("Changes an account, as an administrator.")
            .refuses(&[Forbidden, NotFound, NameTaken, Conflict]),
        Route::delete("/admin/users/{user_id}", "deactivate_user", deactivate_user)
            .needs(Needs::Scope(Scope::Admin))
            .about("Switches an account off and ends its sessions; its history stays.")
            .refuses(&[Forbidden, NotFound, Conflict]),
    ]
}

async fn me(call: Call) -> Result<Found<User>, ServiceError> {
    call.service.me(&call.who).await.map(Found)
}

async fn edit_me(call: Call<(), (), Json<EditProfile>>) -> Result<Found<User>, ServiceError> {
    call.service.edit_me(&call.who, call.body.0).await.map(Found)
}

async fn set_status(call: Call<(), (), Json<EditStatus>>) -> Result<Found<User>, ServiceError> {
    call.service.set_status(&call.who, call.body.0).await.map(Found)
}

async fn preferences(call: Call) -> Result<Found<Preferences>, ServiceError> {
    call.service.preferences(&call.who).await.map(Found)
}

async fn edit_preferences(call: Call<(), (), Json<EditPreferences>>) -> Result<Found<Preferences>, ServiceError> {
    call.service.edit_preferences(&call.who, call.body.0).await.map(Found)
}

async fn keywords(call: Call) -> Result<Found<Keywords>, ServiceError> {
    call.service.keywords(&call.who).await.map(Found)
}

async fn put_keywords(call: Call<(), (), Json<Keywords>>) -> Result<Found<Keywords>, ServiceError> {
    call.service.put_keywords(&call.who, call.body.0).await.map(Found)
}

async fn change_password(call: Call<(), (), Json<ChangePassword>>) -> Result<Done, ServiceError> {
    call.service.change_password(&call.who, call.body.0).await.map(|()| Done)
}

async fn send_email_code(call: Call) -> Result<Done, ServiceError> {
    call.service.send_email_code(&call.who).await.map(|()| Done)
}

async fn verify_email(call: Call<(), (), Json<VerifyEmail>>) -> Result<Found<User>, ServiceError> {
    call.service.verify_email(&call.who, call.body.0).await.map(Found)
}

async fn users(call: Call<(), PeopleQuery>) -> Result<Found<Page<User>>, ServiceError> {
    call.service.users(&call.who, &call.query).await.map(Found)
}

async fn user(call: Call<UserId>) -> Result<Found<User>, ServiceError> {
    call.service.user(&call.who, call.path).await.map(Found)
}

async fn create_user(call: Call<(), (), Keyed<CreateUser>>) -> Result<Made<User>, ServiceError> {
    call.service.create_user_once(&call.who, call.body.key.as_ref(), call.body.body).await
}

async fn edit_user(call: Call<UserId, (), Json<EditUser>>) -> Result<Found<User>, ServiceError> {
    call.service.edit_user(&call.who, call.path, call.body.0).await.map(Found)
}

async fn deactivate_user(call: Call<UserId>) -> Result<Done, ServiceError> {
    call.service.deactivate_user(&call.who, call.path).await.map(|()| Done)
}
