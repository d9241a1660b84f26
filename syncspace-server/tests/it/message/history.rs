//! Edits: what they replace stays visible, and nobody overwrites what nobody saw.

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::MESSAGE_VERSIONS_MAX;
use syncspace_protocol::messages::{EditMessage, Message, MessageVersion};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::{Rev, Seq};
use syncspace_server::service::{Actor, ServiceError};

use super::Room;
use crate::place::{Place, on_both_stores, refused};

on_both_stores! {
    an_edit_of_a_text_that_changed_meanwhile_is_refused,
    reactions_and_pins_are_no_change_of_the_text,
    former_texts_are_read_by_whoever_reads_the_message,
    the_first_text_and_the_newest_are_kept,
    history_goes_with_the_message,
}

impl Room {
    async fn edit(&self, seq: Seq, content: &str, expected_rev: Option<Rev>) -> Result<Message, ServiceError> {
        let edit = EditMessage { content: content.to_owned(), expected_rev };
        self.rig.service.edit_message(&self.alice, self.channel, seq, edit).await
    }

    async fn history(&self, actor: &Actor, seq: Seq) -> Vec<MessageVersion> {
        let query = PageQuery { limit: Some(200), ..PageQuery::default() };
        self.rig.service.history(actor, self.channel, seq, &query).await.expect("reads").items
    }
}

async fn an_edit_of_a_text_that_changed_meanwhile_is_refused(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "one").await;
    let edited = room.edit(said.seq, "two", Some(said.rev)).await.expect("as it was read");
    let refusal = refused(room.edit(said.seq, "three", Some(said.rev)).await, ErrorCode::Conflict);
    assert!(refusal.message.contains("read the message again"), "{}", refusal.message);
    assert_eq!(room.read(said.seq).await, edited);
    let repeat = room.edit(said.seq, "two", Some(said.rev)).await.expect("the answer was lost, the text stands there");
    assert_eq!(repeat, edited);
    room.edit(said.seq, "three", Some(edited.rev)).await.expect("as it was read");
    room.edit(said.seq, "four", None).await.expect("without asking");
}

async fn reactions_and_pins_are_no_change_of_the_text(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "one").await;
    let emoji = "tada".parse().expect("a short name");
    room.rig.service.react(&room.bob, room.channel, said.seq, &emoji).await.expect("reacts");
    room.rig.service.pin(&room.bob, room.channel, said.seq).await.expect("pins");
    room.edit(said.seq, "two", Some(said.rev)).await.expect("the text is what was read");
}

async fn former_texts_are_read_by_whoever_reads_the_message(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "one").await;
    assert_eq!(room.history(&room.bob, said.seq).await, []);
    room.rig.clock.advance_ms(1_000);
    let two = room.edit(said.seq, "two", None).await.expect("edits");
    room.rig.clock.advance_ms(1_000);
    let three = room.edit(said.seq, "three", None).await.expect("edits");
    let version = |rev, content: &str, written_at, replaced_at| MessageVersion {
        rev,
        content: content.to_owned(),
        written_at,
        replaced_at,
    };
    let expected = [
        version(two.rev, "one", said.created_at, two.updated_at),
        version(three.rev, "two", two.updated_at, three.updated_at),
    ];
    assert_eq!(room.history(&room.bob, said.seq).await, expected);
    let query = PageQuery { limit: Some(1), ..PageQuery::default() };
    let first = room.rig.service.history(&room.bob, room.channel, said.seq, &query).await.expect("reads");
    assert_eq!(first.items, expected[..1]);
    let query = PageQuery { cursor: first.next, ..query };
    let rest = room.rig.service.history(&room.bob, room.channel, said.seq, &query).await.expect("reads");
    assert_eq!((rest.items.as_slice(), rest.next), (&expected[1..], None));
    let eve = room.rig.register_actor("eve").await;
    refused(room.rig.service.history(&eve, room.channel, said.seq, &query).await, ErrorCode::NotFound);
}

async fn the_first_text_and_the_newest_are_kept(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "0").await;
    for number in 1..=MESSAGE_VERSIONS_MAX + 3 {
        room.edit(said.seq, &number.to_string(), None).await.expect("edits");
    }
    let kept: Vec<String> = room.history(&room.bob, said.seq).await.into_iter().map(|one| one.content).collect();
    let newest = (4..MESSAGE_VERSIONS_MAX + 3).map(|number| number.to_string());
    assert_eq!(kept, std::iter::once("0".to_owned()).chain(newest).collect::<Vec<_>>());
}

async fn history_goes_with_the_message(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "a secret").await;
    room.edit(said.seq, "nothing", None).await.expect("edits");
    room.rig.service.delete_message(&room.alice, room.channel, said.seq).await.expect("deletes");
    assert_eq!(room.history(&room.alice, said.seq).await, []);
}
