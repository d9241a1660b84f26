//! What belongs to one person in one team: preferences, mutes, threads, saved messages, drafts.

use syncspace_protocol::ErrorCode::{Conflict, Forbidden, NotFound};
use syncspace_protocol::channels::MarkRead;
use syncspace_protocol::page::{CursorQuery, PageQuery};
use syncspace_protocol::personal::{
    ChannelOrder, ChannelPreferences, Draft, DraftQuery, EditChannelPreferences, MutedUser, MyChannelOrder, MyThread,
    PutDraft, SavedMark, SavedMessage, ThreadMembership, UserMute,
};
use syncspace_protocol::{ChannelId, Page, Seq, TeamId, UserId};

use super::body::Json;
use super::reply::Found;
use super::request::Call;
use super::route::Route;
use crate::service::{ServiceError, ThreadChoice};

pub(super) fn routes() -> Vec<Route> {
    let mut routes = preferences();
    routes.extend(thread_routes());
    routes.extend(saved_and_drafts());
    routes
}

fn preferences() -> Vec<Route> {
    vec![
        Route::put("/channels/{channel_id}/preferences", "edit_channel_preferences", edit_channel_preferences)
            .about("Changes how you want a channel: muted, notified of what, favourite, hidden. Absent fields stay.")
            .refuses(&[NotFound, Forbidden]),
        Route::put("/teams/{team_id}/channel_order", "order_channels", order_channels)
            .about("Puts your channels into an order of your own.")
            .refuses(&[NotFound, Forbidden]),
        Route::get("/teams/{team_id}/channel_order", "channel_order", channel_order)
            .about("Gives the order of your channels.")
            .refuses(&[NotFound, Forbidden]),
        Route::get("/teams/{team_id}/muted", "muted_users", muted_users)
            .about("Lists whom you have muted.")
            .refuses(&[NotFound, Forbidden]),
        Route::put("/teams/{team_id}/muted/{user_id}", "mute_user", mute_user)
            .about("Mutes a person for you: what the person writes is delivered, and your devices keep quiet about it.")
            .refuses(&[NotFound, Forbidden]),
        Route::delete("/teams/{team_id}/muted/{user_id}", "unmute_user", unmute_user)
            .about("Mutes a person no longer.")
            .refuses(&[NotFound, Forbidden]),
    ]
}

fn thread_routes() -> Vec<Route> {
    vec![
        Route::get("/teams/{team_id}/threads", "my_threads", my_threads)
            .about("Lists the threads you follow: those with unread replies first, then by their newest reply.")
            .refuses(&[NotFound, Forbidden]),
        Route::put("/channels/{channel_id}/messages/{seq}/follow", "follow_thread", follow_thread)
            .about("Follows the thread of a message.")
            .refuses(&[NotFound, Forbidden]),
        Route::delete("/channels/{channel_id}/messages/{seq}/follow", "unfollow_thread", unfollow_thread)
            .about("Follows the thread of a message no longer, also when somebody names you there.")
            .refuses(&[NotFound, Forbidden]),
        Route::put("/channels/{channel_id}/messages/{seq}/mute", "mute_thread", mute_thread)
            .about("Mutes a thread that you follow.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::delete("/channels/{channel_id}/messages/{seq}/mute", "unmute_thread", unmute_thread)
            .about("Mutes a thread no longer.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::post("/channels/{channel_id}/messages/{seq}/thread/read", "read_thread", read_thread)
            .about("Moves your read marker in a thread that you follow.")
            .refuses(&[NotFound, Forbidden, Conflict]),
    ]
}

fn saved_and_drafts() -> Vec<Route> {
    vec![
        Route::put("/channels/{channel_id}/messages/{seq}/save", "save_message", save_message)
            .about("Saves a message for you.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::delete("/channels/{channel_id}/messages/{seq}/save", "unsave_message", unsave_message)
            .about("Takes a message off your saved ones.")
            .refuses(&[NotFound, Forbidden]),
        Route::get("/teams/{team_id}/saved", "saved_messages", saved_messages)
            .about("Lists your saved messages that you may read and that are not deleted, the last saved first.")
            .refuses(&[NotFound, Forbidden]),
        Route::put("/channels/{channel_id}/draft", "put_draft", put_draft)
            .about("Keeps what you have typed in a channel, or in a thread of it.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::delete("/channels/{channel_id}/draft", "clear_draft", clear_draft)
            .about("Throws your draft away, as after sending it.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::get("/teams/{team_id}/drafts", "drafts", drafts)
            .about("Lists your drafts, the last changed first.")
            .refuses(&[NotFound, Forbidden]),
    ]
}

async fn edit_channel_preferences(
    call: Call<ChannelId, (), Json<EditChannelPreferences>>,
) -> Result<Found<ChannelPreferences>, ServiceError> {
    call.service.edit_channel_preferences(&call.who, call.path, call.body.0).await.map(Found)
}

async fn order_channels(call: Call<TeamId, (), Json<ChannelOrder>>) -> Result<Found<MyChannelOrder>, ServiceError> {
    call.service.order_channels(&call.who, call.path, call.body.0).await.map(Found)
}

async fn channel_order(call: Call<TeamId>) -> Result<Found<MyChannelOrder>, ServiceError> {
    call.service.channel_order(&call.who, call.path).await.map(Found)
}

async fn muted_users(call: Call<TeamId, PageQuery>) -> Result<Found<Page<MutedUser>>, ServiceError> {
    call.service.muted_users(&call.who, call.path, &call.query).await.map(Found)
}

async fn mute_user(call: Call<(TeamId, UserId)>) -> Result<Found<UserMute>, ServiceError> {
    let (team, user) = call.path;
    call.service.mute_user(&call.who, team, user, true).await.map(Found)
}

async fn unmute_user(call: Call<(TeamId, UserId)>) -> Result<Found<UserMute>, ServiceError> {
    let (team, user) = call.path;
    call.service.mute_user(&call.who, team, user, false).await.map(Found)
}

async fn my_threads(call: Call<TeamId, CursorQuery>) -> Result<Found<Page<MyThread>>, ServiceError> {
    call.service.threads(&call.who, call.path, &call.query).await.map(Found)
}

type ThreadReply = Result<Found<ThreadMembership>, ServiceError>;

async fn follow_thread(call: Call<(ChannelId, Seq)>) -> ThreadReply {
    choose(call, ThreadChoice::Follow(true)).await
}

async fn unfollow_thread(call: Call<(ChannelId, Seq)>) -> ThreadReply {
    choose(call, ThreadChoice::Follow(false)).await
}

async fn mute_thread(call: Call<(ChannelId, Seq)>) -> ThreadReply {
    choose(call, ThreadChoice::Mute(true)).await
}

async fn unmute_thread(call: Call<(ChannelId, Seq)>) -> ThreadReply {
    choose(call, ThreadChoice::Mute(false)).await
}

async fn choose(call: Call<(ChannelId, Seq)>, choice: ThreadChoice) -> ThreadReply {
    let (channel, seq) = call.path;
    call.service.choose_thread(&call.who, channel, seq, choice).await.map(Found)
}

async fn read_thread(call: Call<(ChannelId, Seq), (), Json<MarkRead>>) -> ThreadReply {
    let (channel, seq) = call.path;
    call.service.choose_thread(&call.who, channel, seq, ThreadChoice::Read(call.body.0)).await.map(Found)
}

async fn save_message(call: Call<(ChannelId, Seq)>) -> Result<Found<SavedMark>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.save_message(&call.who, channel, seq, true).await.map(Found)
}

async fn unsave_message(call: Call<(ChannelId, Seq)>) -> Result<Found<SavedMark>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.save_message(&call.who, channel, seq, false).await.map(Found)
}

async fn saved_messages(call: Call<TeamId, CursorQuery>) -> Result<Found<Page<SavedMessage>>, ServiceError> {
    call.service.saved_messages(&call.who, call.path, &call.query).await.map(Found)
}

async fn put_draft(call: Call<ChannelId, DraftQuery, Json<PutDraft>>) -> Result<Found<Draft>, ServiceError> {
    call.service.put_draft(&call.who, call.path, call.query, call.body.0).await.map(Found)
}

async fn clear_draft(call: Call<ChannelId, DraftQuery>) -> Result<Found<Draft>, ServiceError> {
    call.service.clear_draft(&call.who, call.path, call.query).await.map(Found)
}

async fn drafts(call: Call<TeamId, CursorQuery>) -> Result<Found<Page<Draft>>, ServiceError> {
    call.service.drafts(&call.who, call.path, &call.query).await.map(Found)
}
