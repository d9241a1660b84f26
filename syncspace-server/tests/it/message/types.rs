//! Types of messages and forwarding: what a send may say beside its text.

use serde_json::{Value, json};
use syncspace_protocol::Mentions;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::error::{ErrorCode, ErrorDetail};
use syncspace_protocol::messages::{
    AppendMessage, Code, EditMessage, ForwardedFrom, Message, MessagePlace, MessageType, SendMessage,
};
use syncspace_server::service::{Actor, ServiceError};

use super::Room;
use crate::place::{Place, body, on_both_stores, refused};

on_both_stores! {
    people_send_text_and_code_only,
    code_says_what_it_is_and_names_nobody,
    a_repeat_is_the_same_in_every_part,
    only_what_one_may_read_is_forwarded,
    a_copy_says_where_it_comes_from,
    a_copy_names_nobody_anew,
    a_deleted_message_says_nothing_of_what_it_was,
}

impl Room {
    async fn try_send(&self, actor: &Actor, message: Value) -> Result<Message, ServiceError> {
        let message: SendMessage = body(message);
        Ok(self.rig.service.send_message(actor, self.channel, message).await?.0)
    }
}

async fn people_send_text_and_code_only(place: Place) {
    let room = Room::open(place).await;
    for (message, field) in [
        (json!({"content": "x", "message_type": "system"}), "message_type"),
        (json!({"content": "x", "message_type": "file"}), "message_type"),
        (json!({"content": "x", "message_type": "of_the_future"}), "message_type"),
        (json!({"content": "x", "code": {"language": "rust"}}), "code"),
        (json!({"content": "x", "message_type": "code", "code": {"language": "two words"}}), "code"),
        (json!({"content": "x", "message_type": "code", "code": {"language": "x".repeat(33)}}), "code"),
        (json!({"content": "x", "message_type": "code", "code": {"file_name": "x".repeat(101)}}), "code"),
        (json!({"content": " \n", "message_type": "code"}), "content"),
    ] {
        let detail: ErrorDetail = refused(room.try_send(&room.bob, message.clone()).await, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some(field), "{message}");
    }
}

async fn code_says_what_it_is_and_names_nobody(place: Place) {
    let room = Room::open(place).await;
    let code = json!({"language": " Rust", "file_name": "main.rs\u{1b}[2J\n"});
    let sent = room.send(&room.bob, json!({"content": "@alice();", "message_type": "code", "code": code})).await;
    let expected = Code { language: Some("rust".to_owned()), file_name: Some("main.rs".to_owned()) };
    assert_eq!((sent.message_type, sent.code.as_ref()), (MessageType::Code, Some(&expected)));
    assert_eq!(sent.mentions, Mentions::default());
    assert_eq!(room.read(sent.seq).await, sent);
    let edit = EditMessage { content: "@channel();".to_owned(), expected_rev: None };
    let edited = room.rig.service.edit_message(&room.bob, room.channel, sent.seq, edit).await.expect("edits");
    assert_eq!((edited.code.as_ref(), edited.mentions), (Some(&expected), Mentions::default()));
    let bare = room.send(&room.bob, json!({"content": "x", "message_type": "code"})).await;
    assert_eq!((bare.message_type, bare.code), (MessageType::Code, None));
}

async fn a_repeat_is_the_same_in_every_part(place: Place) {
    let room = Room::open(place).await;
    let sent = json!({"content": "x", "client_id": "one", "message_type": "code", "code": {"language": "rust"}});
    let first = room.send(&room.bob, sent.clone()).await;
    assert_eq!(room.send(&room.bob, sent).await, first);
    for other in [
        json!({"content": "x", "client_id": "one"}),
        json!({"content": "x", "client_id": "one", "message_type": "code"}),
        json!({"content": "x", "client_id": "one", "message_type": "code", "code": {"language": "go"}}),
        json!({"content": "x", "client_id": "one", "forward_of": {"channel_id": room.channel, "seq": first.seq}}),
    ] {
        refused(room.try_send(&room.bob, other).await, ErrorCode::ClientIdReused);
    }
}

async fn only_what_one_may_read_is_forwarded(place: Place) {
    let room = Room::open(place).await;
    let secret = room.new_channel("secret", ChannelKind::Private).await;
    let hidden = room.rig.service.send_message(&room.alice, secret, body(json!({"content": "psst"}))).await;
    let hidden = hidden.expect("sends").0;
    let forward = |channel, seq: u64| json!({"content": "look", "forward_of": {"channel_id": channel, "seq": seq}});
    let mut sentences = Vec::new();
    for (channel, seq) in [(secret, hidden.seq.get()), (secret, 99), (room.channel, 99)] {
        let detail = refused(room.try_send(&room.bob, forward(channel, seq)).await, ErrorCode::NotFound);
        assert_eq!(detail.field.as_deref(), Some("forward_of"));
        sentences.push(detail.message);
    }
    sentences.dedup();
    assert_eq!(sentences.len(), 1, "what is hidden is as what is not there: {sentences:?}");
    let said = room.say(&room.bob, "gone").await;
    room.rig.service.delete_message(&room.bob, room.channel, said.seq).await.expect("deletes");
    refused(room.try_send(&room.bob, forward(room.channel, said.seq.get())).await, ErrorCode::NotFound);
}

async fn a_copy_says_where_it_comes_from(place: Place) {
    let room = Room::open(place).await;
    let secret = room.new_channel("secret", ChannelKind::Private).await;
    let source = room.rig.service.send_message(&room.alice, secret, body(json!({"content": "we ship"}))).await;
    let source = source.expect("sends").0;
    let forward = json!({"content": "we ship", "forward_of": {"channel_id": secret, "seq": source.seq}});
    let copy = room.send(&room.alice, forward).await;
    let expected = ForwardedFrom { sender_id: room.alice.user_id, place: None };
    assert_eq!(copy.forwarded_from, Some(expected), "who reads the copy learns nothing of a private channel");
    assert_eq!(room.page(&room.bob).await.items, [copy]);
    refused(room.rig.service.message(&room.bob, secret, source.seq).await, ErrorCode::NotFound);
    let other = room.new_channel("other", ChannelKind::Public).await;
    for channel_id in [other, room.channel] {
        let said = room.rig.service.send_message(&room.alice, channel_id, body(json!({"content": "hi"}))).await;
        let place = MessagePlace { channel_id, seq: said.expect("sends").0.seq };
        let copy = room.send(&room.alice, json!({"content": "hi", "forward_of": place})).await;
        let expected = ForwardedFrom { sender_id: room.alice.user_id, place: Some(place) };
        assert_eq!(copy.forwarded_from, Some(expected));
    }
}

async fn a_copy_names_nobody_anew(place: Place) {
    let room = Room::open(place).await;
    let source = room.say(&room.alice, "@channel @bob deploy").await;
    let forward_of = MessagePlace { channel_id: room.channel, seq: source.seq };
    let copy = room.send(&room.alice, json!({"content": "@channel @bob deploy", "forward_of": forward_of})).await;
    assert_eq!(copy.mentions, Mentions::default());
    let edit = EditMessage { content: "@bob deploy".to_owned(), expected_rev: None };
    let edited = room.rig.service.edit_message(&room.alice, room.channel, copy.seq, edit).await.expect("edits");
    assert_eq!(edited.mentions, Mentions::default());
    let append = AppendMessage { offset: 11, content: ", @bob".to_owned() };
    room.rig.service.append_message(&room.alice, room.channel, copy.seq, append).await.expect("appends");
    assert_eq!(room.read(copy.seq).await.mentions, Mentions::default());
}

async fn a_deleted_message_says_nothing_of_what_it_was(place: Place) {
    let room = Room::open(place).await;
    let source = room.say(&room.alice, "hi").await;
    let sent = json!({
        "content": "x",
        "message_type": "code",
        "code": {"file_name": "secrets.rs"},
        "forward_of": {"channel_id": room.channel, "seq": source.seq},
    });
    let sent = room.send(&room.bob, sent).await;
    let deleted = room.rig.service.delete_message(&room.bob, room.channel, sent.seq).await.expect("deletes");
    assert_eq!((deleted.code.as_ref(), deleted.forwarded_from, deleted.message_type), (None, None, MessageType::Code));
    assert_eq!(room.read(sent.seq).await, deleted);
}
