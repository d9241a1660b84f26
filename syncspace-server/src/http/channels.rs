//! `/channels` and `/teams/{team_id}/channels`: channels, who is in them, read markers.

use syncspace_protocol::ErrorCode::{Conflict, Forbidden, NameTaken, NotFound};
use syncspace_protocol::channels::{
    Channel, ChannelMember, CreateChannel, EditChannel, MarkRead, MyChannel, PutChannelMember, ReadMarker,
};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::{ChannelId, Page, TeamId, UserId};

use super::body::{Json, Keyed};
use super::reply::{Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Made, Needs, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/teams/{team_id}/channels", "channels", channels)
            .about("Lists the channels of a team that you may see.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/channels", "create_channel", create_channel)
            .about("Makes a channel, or gives the direct or group channel of the same people.")
            .refuses(&[NotFound, Forbidden, NameTaken]),
        Route::get("/channels/{channel_id}", "channel", channel).about("Gives a channel.").refuses(&[NotFound]),
        Route::patch("/channels/{channel_id}", "edit_channel", edit_channel)
            .about("Changes, archives or restores a channel, or makes a public one private.")
            .refuses(&[NotFound, Forbidden, NameTaken, Conflict]),
        Route::delete("/channels/{channel_id}", "delete_channel", delete_channel)
            .about("Deletes a channel with its messages.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::post("/channels/{channel_id}/join", "join_channel", join_channel)
            .needs(Needs::Scope(Scope::Write))
            .about("Joins a public channel.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::post("/channels/{channel_id}/leave", "leave_channel", leave_channel)
            .needs(Needs::Scope(Scope::Write))
            .about("Leaves a channel.")
            .refuses(&[NotFound, Conflict]),
        Route::post("/channels/{channel_id}/read", "mark_read", mark_read)
            .needs(Needs::Scope(Scope::Write))
            .about("Moves your read marker.")
            .refuses(&[NotFound, Forbidden]),
        Route::get("/channels/{channel_id}/members", "channel_members", channel_members)
            .about("Lists who is in a channel.")
            .refuses(&[NotFound]),
        Route::put("/channels/{channel_id}/members/{user_id}", "put_channel_member", put_channel_member)
            .about("Adds a person to a channel, or changes the person's role.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::delete("/channels/{channel_id}/members/{user_id}", "remove_channel_member", remove_channel_member)
            .about("Removes a person from a channel.")
            .refuses(&[NotFound, Forbidden, Conflict]),
    ]
}

async fn channels(call: Call<TeamId, PageQuery>) -> Result<Found<Page<MyChannel>>, ServiceError> {
    call.service.channels(&call.who, call.path, &call.query).await.map(Found)
}

async fn create_channel(call: Call<TeamId, (), Keyed<CreateChannel>>) -> Result<Made<MyChannel>, ServiceError> {
    call.service.create_channel_once(&call.who, call.body.key.as_ref(), call.path, call.body.body).await
}

async fn channel(call: Call<ChannelId>) -> Result<Found<MyChannel>, ServiceError> {
    call.service.channel(&call.who, call.path).await.map(Found)
}

async fn edit_channel(call: Call<ChannelId, (), Json<EditChannel>>) -> Result<Found<Channel>, ServiceError> {
    call.service.edit_channel(&call.who, call.path, call.body.0).await.map(Found)
}

async fn delete_channel(call: Call<ChannelId>) -> Result<Done, ServiceError> {
    call.service.delete_channel(&call.who, call.path).await.map(|()| Done)
}

async fn join_channel(call: Call<ChannelId>) -> Result<Found<MyChannel>, ServiceError> {
    call.service.join_channel(&call.who, call.path).await.map(Found)
}

async fn leave_channel(call: Call<ChannelId>) -> Result<Done, ServiceError> {
    call.service.leave_channel(&call.who, call.path).await.map(|()| Done)
}

async fn mark_read(call: Call<ChannelId, (), Json<MarkRead>>) -> Result<Found<ReadMarker>, ServiceError> {
    call.service.mark_read(&call.who, call.path, call.body.0).await.map(Found)
}

async fn channel_members(call: Call<ChannelId, PageQuery>) -> Result<Found<Page<ChannelMember>>, ServiceError> {
    call.service.channel_members(&call.who, call.path, &call.query).await.map(Found)
}

async fn put_channel_member(
    call: Call<(ChannelId, UserId), (), Json<PutChannelMember>>,
) -> Result<Found<ChannelMember>, ServiceError> {
    let (channel, user) = call.path;
    call.service.put_channel_member(&call.who, channel, user, call.body.0).await.map(Found)
}

async fn remove_channel_member(call: Call<(ChannelId, UserId)>) -> Result<Done, ServiceError> {
    let (channel, user) = call.path;
    call.service.remove_channel_member(&call.who, channel, user).await.map(|()| Done)
}
