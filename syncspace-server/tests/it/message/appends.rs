//! Growing messages: parts come behind each other once, at most one a second, and go on in a reply.

use syncspace_protocol::error::{ErrorCode, ErrorDetail};
use syncspace_protocol::limits::MESSAGE_BYTES_MAX;
use syncspace_protocol::messages::{AppendMessage, Appended, EditMessage, MessageQuery, Thread};
use syncspace_protocol::sync::Change;
use syncspace_protocol::{Mentions, Seq};
use syncspace_server::service::{Actor, ServiceError};

use super::Room;
use crate::place::{Place, on_both_stores, refused};

on_both_stores! {
    only_ones_own_message_grows,
    a_part_goes_where_the_text_ends,
    the_same_part_at_the_same_place_is_no_change,
    a_message_grows_once_a_second,
    a_name_may_come_in_two_parts,
    a_full_message_goes_on_in_a_reply,
    a_full_reply_goes_on_in_its_thread,
    a_deleted_continuation_is_no_dead_end,
    a_clock_that_is_behind_another_makes_nobody_wait,
    an_edit_knows_of_what_was_appended,
}

impl Room {
    async fn append(&self, actor: &Actor, seq: Seq, offset: usize, part: &str) -> Result<Appended, ServiceError> {
        let append = AppendMessage { offset: u64::try_from(offset).expect("a length"), content: part.to_owned() };
        self.rig.service.append_message(actor, self.channel, seq, append).await
    }

    /// Appends a second after whatever was appended before.
    async fn append_later(&self, seq: Seq, offset: usize, part: &str) -> Result<Appended, ServiceError> {
        self.rig.clock.advance_ms(1_000);
        self.append(&self.alice, seq, offset, part).await
    }

    async fn thread(&self, seq: Seq) -> Thread {
        let query = MessageQuery::default();
        self.rig.service.thread(&self.bob, self.channel, seq, query).await.expect("reads")
    }
}

async fn only_ones_own_message_grows(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "one").await;
    refused(room.append(&room.bob, said.seq, 3, " two").await, ErrorCode::Forbidden);
    refused(room.append(&room.carol, said.seq, 3, " two").await, ErrorCode::Forbidden);
    let eve = room.rig.register_actor("eve").await;
    refused(room.append(&eve, said.seq, 3, " two").await, ErrorCode::NotFound);
    refused(room.append(&room.alice, said.seq.next(), 0, "x").await, ErrorCode::NotFound);
    refused(room.append(&room.alice, said.seq, 3, "\u{1b}").await, ErrorCode::InvalidField);
    let long = "x".repeat(MESSAGE_BYTES_MAX + 1);
    refused(room.append(&room.alice, said.seq, 3, &long).await, ErrorCode::InvalidField);
    room.archive().await;
    refused(room.append(&room.alice, said.seq, 3, " two").await, ErrorCode::Archived);
    assert_eq!(room.read(said.seq).await, said);
}

async fn a_part_goes_where_the_text_ends(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "é").await;
    for offset in [0, 1, 3, 1_000_000] {
        let detail: ErrorDetail = refused(room.append(&room.alice, said.seq, offset, "x").await, ErrorCode::Conflict);
        assert_eq!(detail.field.as_deref(), Some("offset"));
        assert!(detail.message.contains("append at offset 2"), "{}", detail.message);
    }
    let grown = room.append(&room.alice, said.seq, 2, "\n").await.expect("blanks are text too");
    assert_eq!(grown, Appended { rev: said.rev.next(), length: 3, continued: None });
    let now = room.read(said.seq).await;
    assert_eq!((now.content.as_str(), now.rev, now.is_edited), ("é\n", grown.rev, false));
    let changes = room.changes(&room.bob, said.rev).await;
    let [Change::Message { message }] = changes.items.as_slice() else { unreachable!("{changes:?}") };
    assert_eq!(*message, now);
}

async fn the_same_part_at_the_same_place_is_no_change(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "one").await;
    let first = room.append(&room.alice, said.seq, 3, " two").await.expect("appends");
    let again = room.append(&room.alice, said.seq, 3, " two").await.expect("at once, and done already");
    assert_eq!(again, first);
    refused(room.append(&room.alice, said.seq, 3, " twp").await, ErrorCode::Conflict);
    let after = room.append_later(said.seq, 7, " three").await.expect("appends");
    let late = room.append(&room.alice, said.seq, 3, " two").await.expect("also after others");
    assert_eq!(late, after);
    assert_eq!(room.read(said.seq).await.content, "one two three");
}

async fn a_message_grows_once_a_second(place: Place) {
    let room = Room::open(place).await;
    let (one, other) = (room.say(&room.alice, "a").await, room.say(&room.alice, "b").await);
    room.append(&room.alice, one.seq, 1, "1").await.expect("appends");
    room.append(&room.alice, other.seq, 1, "1").await.expect("each message has a second of its own");
    room.rig.clock.advance_ms(400);
    let detail = refused(room.append(&room.alice, one.seq, 2, "2").await, ErrorCode::RateLimited);
    assert_eq!(detail.retry_after_ms, Some(600));
    let emoji = "tada".parse().expect("a short name");
    room.rig.clock.advance_ms(600);
    room.rig.service.react(&room.bob, room.channel, one.seq, &emoji).await.expect("reacts");
    room.append(&room.alice, one.seq, 2, "2").await.expect("a reaction is no part");
    assert_eq!(room.read(one.seq).await.content, "a12");
}

async fn a_name_may_come_in_two_parts(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "hi @bo").await;
    assert_eq!(said.mentions, Mentions::default());
    room.append(&room.alice, said.seq, 6, "b!").await.expect("appends");
    let named = Mentions { users: vec![room.bob.user_id], ..Mentions::default() };
    assert_eq!(room.read(said.seq).await.mentions, named);
    let mine = room.rig.service.channel(&room.bob, room.channel).await.expect("a channel").membership;
    assert_eq!(mine.expect("a membership").read.mention_count, 1);
}

async fn a_full_message_goes_on_in_a_reply(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, &"x".repeat(MESSAGE_BYTES_MAX - 1)).await;
    let (full, part) = (MESSAGE_BYTES_MAX - 1, "éé and on, @bob");
    let grown = room.append(&room.alice, said.seq, full, part).await.expect("appends");
    let thread = room.thread(said.seq).await;
    let [reply] = thread.items.as_slice() else { unreachable!("{:?}", thread.items) };
    assert_eq!((thread.root.content.len(), reply.content.as_str()), (full, part), "no letter is cut in two");
    assert_eq!((thread.root.continued_seq, thread.root.reply_count), (Some(reply.seq), 1));
    assert_eq!(reply.mentions.users, [room.bob.user_id]);
    let standing = thread.membership.expect("whoever is named takes part");
    assert_eq!((standing.is_following, standing.read.unread_count, standing.read.mention_count), (true, 1, 1));
    let query = MessageQuery::default();
    let own = room.rig.service.thread(&room.alice, room.channel, said.seq, query).await.expect("reads").membership;
    let own = own.expect("whoever answers takes part");
    assert_eq!((own.is_following, own.read.last_read_seq), (true, reply.seq));
    assert_eq!((reply.sender_id, reply.parent_message_id), (room.alice.user_id, Some(said.id)));
    let continued = grown.continued.expect("goes on");
    assert_eq!((continued.seq, continued.length), (reply.seq, 17));
    let newest = said.rev.next().next();
    assert_eq!((grown.rev, thread.root.rev, reply.rev), (newest, newest, newest), "the reply stamps its root");

    let again = room.append(&room.alice, said.seq, full, part).await.expect("done already");
    assert_eq!(again, grown);
    let refusal = refused(room.append_later(said.seq, full, "more").await, ErrorCode::Conflict);
    assert!(refusal.message.contains("append there"), "{}", refusal.message);
    let more = room.append_later(reply.seq, 17, " more").await.expect("appends");
    assert_eq!((more.length, more.continued), (22, None));
    assert_eq!(room.thread(said.seq).await.items.len(), 1);
}

async fn a_full_reply_goes_on_in_its_thread(place: Place) {
    let room = Room::open(place).await;
    let root = room.say(&room.alice, "log").await;
    let text = "x".repeat(MESSAGE_BYTES_MAX);
    let reply = serde_json::json!({"content": text, "parent_message_id": root.id, "message_type": "code"});
    let reply = room.send(&room.alice, reply).await;
    room.append(&room.alice, reply.seq, MESSAGE_BYTES_MAX, "@bob").await.expect("appends");
    let thread = room.thread(root.seq).await;
    let [first, next] = thread.items.as_slice() else { unreachable!("{} replies", thread.items.len()) };
    assert_eq!((first.content.as_str(), first.continued_seq), (text.as_str(), Some(next.seq)));
    assert_eq!((next.content.as_str(), next.message_type), ("@bob", first.message_type));
    assert_eq!((next.parent_message_id, next.mentions.is_empty()), (Some(root.id), true), "code names nobody");
    assert_eq!((thread.root.reply_count, thread.root.rev), (2, next.rev));
}

async fn a_deleted_continuation_is_no_dead_end(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, &"x".repeat(MESSAGE_BYTES_MAX - 1)).await;
    let full = MESSAGE_BYTES_MAX - 1;
    let first = room.append(&room.alice, said.seq, full, "éé").await.expect("appends").continued.expect("goes on");
    room.rig.service.delete_message(&room.alice, room.channel, first.seq).await.expect("deletes");
    let next = room.append_later(said.seq, full, "éa").await.expect("appends").continued.expect("goes on elsewhere");
    assert_eq!((next.seq > first.seq, next.length), (true, 3));
    assert_eq!(room.read(said.seq).await.continued_seq, Some(next.seq));
    let refusal = refused(room.append_later(said.seq, full, "more").await, ErrorCode::Conflict);
    assert!(refusal.message.contains(&format!("message {}", next.seq)), "{}", refusal.message);
    // Where an edit made room, the text goes on where it stands.
    room.rig.service.delete_message(&room.alice, room.channel, next.seq).await.expect("deletes");
    let edit = EditMessage { content: "short".to_owned(), expected_rev: None };
    room.rig.service.edit_message(&room.alice, room.channel, said.seq, edit).await.expect("edits");
    let grown = room.append_later(said.seq, 5, " again").await.expect("appends");
    assert_eq!((grown.length, grown.continued), (11, None));
    assert_eq!(room.read(said.seq).await.continued_seq, None);
}

async fn a_clock_that_is_behind_another_makes_nobody_wait(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "a").await;
    room.append(&room.alice, said.seq, 1, "1").await.expect("appends");
    room.rig.clock.advance_ms(-20_000);
    room.append(&room.alice, said.seq, 2, "2").await.expect("by an instance whose clock is behind");
    let detail = refused(room.append(&room.alice, said.seq, 3, "3").await, ErrorCode::RateLimited);
    assert_eq!(detail.retry_after_ms, Some(1_000), "from then on it is this clock that counts");
}

async fn an_edit_knows_of_what_was_appended(place: Place) {
    let room = Room::open(place).await;
    let said = room.say(&room.alice, "one").await;
    room.append(&room.alice, said.seq, 3, " two").await.expect("appends");
    let edit = EditMessage { content: "three".to_owned(), expected_rev: Some(said.rev) };
    let edited = room.rig.service.edit_message(&room.alice, room.channel, said.seq, edit).await;
    refused(edited, ErrorCode::Conflict);
}
