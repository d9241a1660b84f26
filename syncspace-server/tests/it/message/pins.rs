//! Pins: who may, in which order they are listed, and how many there are.

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::PINS_PER_CHANNEL_MAX;
use syncspace_protocol::messages::{Message, Pin};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::sync::Change;
use syncspace_protocol::{Page, Seq};
use syncspace_server::service::{Actor, ServiceError};

use super::Room;
use crate::place::{Place, on_both_stores, refused};

on_both_stores! {
    only_whoever_may_write_pins,
    a_pin_says_who_and_when,
    pins_are_listed_newest_first_in_pages,
    pins_of_a_channel_are_bounded,
    a_deleted_message_is_not_pinned,
}

impl Room {
    async fn pin(&self, actor: &Actor, seq: Seq) -> Result<Message, ServiceError> {
        self.rig.service.pin(actor, self.channel, seq).await
    }

    async fn pins(&self, actor: &Actor, query: PageQuery) -> Page<Message> {
        self.rig.service.pins(actor, self.channel, &query).await.expect("lists")
    }
}

async fn only_whoever_may_write_pins(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi").await;
    refused(room.pin(&room.carol, said.seq).await, ErrorCode::Forbidden);
    let eve = room.rig.register_actor("eve").await;
    refused(room.pin(&eve, said.seq).await, ErrorCode::NotFound);
    refused(room.rig.service.pins(&eve, room.channel, &PageQuery::default()).await, ErrorCode::NotFound);
    refused(room.pin(&room.bob, said.seq.next()).await, ErrorCode::NotFound);
    room.archive().await;
    refused(room.pin(&room.alice, said.seq).await, ErrorCode::Archived);
    assert_eq!(room.pins(&room.carol, PageQuery::default()).await.items, []);
}

async fn a_pin_says_who_and_when(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi").await;
    room.rig.clock.advance_ms(1_000);
    let pinned = room.pin(&room.bob, said.seq).await.expect("pins");
    assert_eq!(pinned.pinned, Some(Pin { user_id: room.bob.user_id, pinned_at: pinned.updated_at }));
    assert_eq!(pinned.rev, said.rev.next());
    assert_eq!(room.pin(&room.alice, said.seq).await.expect("no change"), pinned);
    let changes = room.changes(&room.alice, said.rev).await;
    let [Change::Message { message }] = changes.items.as_slice() else { unreachable!("{changes:?}") };
    assert_eq!(*message, pinned);

    let unpinned = room.rig.service.unpin(&room.alice, room.channel, said.seq).await.expect("unpins");
    assert_eq!((unpinned.pinned, unpinned.rev), (None, pinned.rev.next()));
    assert_eq!(room.rig.service.unpin(&room.alice, room.channel, said.seq).await.expect("no change"), unpinned);
    assert_eq!(room.read(said.seq).await, unpinned);
    assert_eq!(room.pins(&room.alice, PageQuery::default()).await.items, []);
}

async fn pins_are_listed_newest_first_in_pages(place: Place) {
    let room = Room::open(place).await;
    let mut pinned = Vec::new();
    for text in ["one", "two", "three"] {
        let said = room.say(&room.alice, text).await;
        pinned.push(room.pin(&room.bob, said.seq).await.expect("pins"));
    }
    pinned.reverse();
    let first = room.pins(&room.carol, PageQuery { limit: Some(2), ..PageQuery::default() }).await;
    assert_eq!(first.items, pinned[..2]);
    let rest = room.pins(&room.carol, PageQuery { cursor: first.next, limit: Some(2), ..PageQuery::default() }).await;
    assert_eq!((rest.items.as_slice(), rest.next), (&pinned[2..], None));
}

async fn pins_of_a_channel_are_bounded(place: Place) {
    let room = Room::open(place).await;
    for number in 0..PINS_PER_CHANNEL_MAX {
        let said = room.say(&room.alice, &number.to_string()).await;
        room.pin(&room.alice, said.seq).await.expect("pins");
    }
    let said = room.say(&room.alice, "one more").await;
    let refusal = refused(room.pin(&room.alice, said.seq).await, ErrorCode::Conflict);
    assert!(refusal.message.contains("take one of them off first"), "{}", refusal.message);
    let oldest = Seq::try_from(1).expect("a seq");
    room.rig.service.unpin(&room.bob, room.channel, oldest).await.expect("unpins");
    room.pin(&room.alice, said.seq).await.expect("there is room again");
}

async fn a_deleted_message_is_not_pinned(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi").await;
    room.pin(&room.bob, said.seq).await.expect("pins");
    let deleted = room.rig.service.delete_message(&room.alice, room.channel, said.seq).await.expect("deletes");
    assert_eq!(deleted.pinned, None);
    assert_eq!(room.read(said.seq).await, deleted);
    assert_eq!(room.pins(&room.alice, PageQuery::default()).await.items, []);
    refused(room.pin(&room.bob, said.seq).await, ErrorCode::NotFound);
}
