//! `/channels/{channel_id}/messages` and `/messages`: the log of a channel.

use syncspace_protocol::ErrorCode::{Archived, ClientIdReused, Conflict, Forbidden, NotFound};
use syncspace_protocol::messages::{
    AppendMessage, Appended, EditMessage, Message, MessagePage, MessageQuery, MessageVersion, SendMessage, Thread,
};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::reactions::{Emoji, Reacted, ReactionQuery};
use syncspace_protocol::{ChannelId, MessageId, Page, Seq};

use super::body::Json;
use super::reply::{Found, Sent};
use super::request::Call;
use super::route::Route;
use crate::service::ServiceError;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/channels/{channel_id}/messages", "messages", messages)
            .about("Gives a part of a channel's log, oldest first; the newest part where no place is named.")
            .refuses(&[NotFound]),
        Route::post("/channels/{channel_id}/messages", "send_message", send_message)
            .about("Sends a message; the same `client_id` again gives the same message back, with 200.")
            .refuses(&[NotFound, Forbidden, Archived, ClientIdReused, Conflict]),
        Route::get("/channels/{channel_id}/messages/{seq}", "message", message)
            .about("Gives the message at a place.")
            .refuses(&[NotFound]),
        Route::patch("/channels/{channel_id}/messages/{seq}", "edit_message", edit_message)
            .about("Changes the text of your message; what it replaces stays in its history.")
            .refuses(&[NotFound, Forbidden, Archived, Conflict]),
        Route::delete("/channels/{channel_id}/messages/{seq}", "delete_message", delete_message)
            .about(
                "Deletes a message: its place stays, its text is gone. Gives what is left; again is no change. Replies in \
                 which its text goes on are messages of their own and stay.",
            )
            .refuses(&[NotFound, Forbidden, Archived, Conflict]),
        Route::get("/channels/{channel_id}/messages/{seq}/thread", "thread", thread)
            .about("Gives a message and its replies, oldest first.")
            .refuses(&[NotFound]),
        Route::post("/channels/{channel_id}/messages/{seq}/append", "append_message", append_message)
            .about(
                "Appends to your message, at most once a second; the same part at the same place again is no change. \
                 What no longer fits goes on in a reply.",
            )
            .refuses(&[NotFound, Forbidden, Archived, Conflict]),
        Route::get("/channels/{channel_id}/messages/{seq}/history", "history", history)
            .about("Lists the texts that edits of a message replaced, oldest first.")
            .refuses(&[NotFound]),
        Route::put("/channels/{channel_id}/messages/{seq}/pin", "pin", pin)
            .about("Pins a message to its channel; again is no change.")
            .refuses(&[NotFound, Forbidden, Archived, Conflict]),
        Route::delete("/channels/{channel_id}/messages/{seq}/pin", "unpin", unpin)
            .about("Takes a message off the pins of its channel.")
            .refuses(&[NotFound, Forbidden, Archived, Conflict]),
        Route::get("/channels/{channel_id}/pins", "pins", pins)
            .about("Lists the pinned messages of a channel, those pinned last first.")
            .refuses(&[NotFound]),
        Route::get("/channels/{channel_id}/messages/{seq}/reactions", "reactions", reactions)
            .about("Lists who reacted to a message with what, in the order in which they did.")
            .refuses(&[NotFound]),
        Route::put("/channels/{channel_id}/messages/{seq}/reactions/{emoji}", "react", react)
            .about("Reacts to a message with an emoji, named by its short name like `thumbsup`; again is no change.")
            .refuses(&[NotFound, Forbidden, Archived, Conflict]),
        Route::delete("/channels/{channel_id}/messages/{seq}/reactions/{emoji}", "unreact", unreact)
            .about("Takes your reaction back; one that is not there is no change.")
            .refuses(&[NotFound, Forbidden, Archived, Conflict]),
        Route::get("/messages/{message_id}", "message_by_id", message_by_id)
            .about("Finds a message by its id.")
            .refuses(&[NotFound]),
    ]
}

async fn messages(call: Call<ChannelId, MessageQuery>) -> Result<Found<MessagePage>, ServiceError> {
    call.service.messages(&call.who, call.path, call.query).await.map(Found)
}

async fn send_message(call: Call<ChannelId, (), Json<SendMessage>>) -> Result<Sent, ServiceError> {
    let (message, is_repeat) = call.service.send_message(&call.who, call.path, call.body.0).await?;
    Ok(if is_repeat { Sent::Repeat(message) } else { Sent::New(message) })
}

async fn message(call: Call<(ChannelId, Seq)>) -> Result<Found<Message>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.message(&call.who, channel, seq).await.map(Found)
}

async fn edit_message(call: Call<(ChannelId, Seq), (), Json<EditMessage>>) -> Result<Found<Message>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.edit_message(&call.who, channel, seq, call.body.0).await.map(Found)
}

async fn delete_message(call: Call<(ChannelId, Seq)>) -> Result<Found<Message>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.delete_message(&call.who, channel, seq).await.map(Found)
}

async fn thread(call: Call<(ChannelId, Seq), MessageQuery>) -> Result<Found<Thread>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.thread(&call.who, channel, seq, call.query).await.map(Found)
}

async fn append_message(
    call: Call<(ChannelId, Seq), (), Json<AppendMessage>>,
) -> Result<Found<Appended>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.append_message(&call.who, channel, seq, call.body.0).await.map(Found)
}

async fn history(call: Call<(ChannelId, Seq), PageQuery>) -> Result<Found<Page<MessageVersion>>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.history(&call.who, channel, seq, &call.query).await.map(Found)
}

async fn pin(call: Call<(ChannelId, Seq)>) -> Result<Found<Message>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.pin(&call.who, channel, seq).await.map(Found)
}

async fn unpin(call: Call<(ChannelId, Seq)>) -> Result<Found<Message>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.unpin(&call.who, channel, seq).await.map(Found)
}

async fn pins(call: Call<ChannelId, PageQuery>) -> Result<Found<Page<Message>>, ServiceError> {
    call.service.pins(&call.who, call.path, &call.query).await.map(Found)
}

async fn reactions(call: Call<(ChannelId, Seq), ReactionQuery>) -> Result<Found<Page<Reacted>>, ServiceError> {
    let (channel, seq) = call.path;
    call.service.reactions(&call.who, channel, seq, call.query).await.map(Found)
}

async fn react(call: Call<(ChannelId, Seq, Emoji)>) -> Result<Found<Message>, ServiceError> {
    let (channel, seq, emoji) = call.path;
    call.service.react(&call.who, channel, seq, &emoji).await.map(Found)
}

async fn unreact(call: Call<(ChannelId, Seq, Emoji)>) -> Result<Found<Message>, ServiceError> {
    let (channel, seq, emoji) = call.path;
    call.service.unreact(&call.who, channel, seq, &emoji).await.map(Found)
}

async fn message_by_id(call: Call<MessageId>) -> Result<Found<Message>, ServiceError> {
    call.service.message_by_id(&call.who, call.path).await.map(Found)
}
