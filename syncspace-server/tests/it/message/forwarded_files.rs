//! Files of forwarded messages: copies in rows of their own, of bytes that are kept once and stay until the last one goes.

use serde_json::json;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::messages::{Message, MessageType, SendMessage};
use syncspace_protocol::{ChannelId, FileId};
use syncspace_server::service::{Actor, Batch, JobKind, ServiceError, Turn};

use super::Room;
use crate::place::{Place, body, on_both_stores, refused};

on_both_stores! {
    a_forwarded_message_takes_its_files_along,
    only_files_of_the_forwarded_message_are_copied,
    bytes_stay_until_their_last_file_goes,
    a_file_is_copied_whole_or_its_message_refused,
}

impl Room {
    async fn forward(
        &self,
        actor: &Actor,
        source: &Message,
        to: ChannelId,
        files: &[FileId],
    ) -> Result<Message, ServiceError> {
        let place = json!({"channel_id": source.channel_id, "seq": source.seq});
        let message: SendMessage = body(json!({"content": "", "forward_of": place, "files": files}));
        Ok(self.rig.service.send_message(actor, to, message).await?.0)
    }

    async fn collect_all(&self, turn: &Turn) -> u64 {
        match self.rig.service.run_batch(turn, JobKind::Files).await.expect("collects") {
            Batch::Last(count) => count,
            other => unreachable!("{other:?}"),
        }
    }
}

async fn a_forwarded_message_takes_its_files_along(place: Place) {
    let room = Room::open(place).await;
    let secret = room.new_channel("secret", ChannelKind::Private).await;
    let file = room.upload_to(&room.alice, secret, b"the plan").await.expect("uploads");
    let message: SendMessage = body(json!({"content": "look", "files": [file.id]}));
    let source = room.rig.service.send_message(&room.alice, secret, message).await.expect("sends").0;
    refused(room.bytes_of(&room.bob, file.id).await, ErrorCode::NotFound);

    let copy = room.forward(&room.alice, &source, room.channel, &[file.id]).await.expect("forwards");
    assert_eq!(copy.message_type, MessageType::File);
    let [carried] = copy.files.as_slice() else { unreachable!("{copy:?}") };
    assert_ne!(carried.id, file.id, "what one copy's readers may do says nothing of the other's");
    assert_eq!((&carried.sha256, &carried.name, carried.size_bytes), (&file.sha256, &file.name, 8));
    assert_eq!(copy.file_url.as_deref(), Some(carried.path().as_str()));
    assert_eq!(room.read(copy.seq).await, copy);
    assert_eq!(room.bytes_of(&room.bob, carried.id).await.expect("reads"), b"the plan");
    refused(room.bytes_of(&room.bob, file.id).await, ErrorCode::NotFound);
    assert_eq!(room.listed(&room.bob).await, [carried.id]);
    let entry = room.rig.service.file(&room.bob, carried.id).await.expect("an entry");
    assert_eq!((entry.message_seq, entry.uploader_id), (Some(copy.seq), room.alice.user_id));
    assert_eq!((room.rows().await, room.blobs()), (2, 1), "the bytes are there once");
    // A copy is forwarded like any other.
    let third = room.forward(&room.bob, &copy, room.channel, &[carried.id]).await.expect("forwards");
    assert_eq!(room.bytes_of(&room.carol, third.files[0].id).await.expect("reads"), b"the plan");
}

async fn only_files_of_the_forwarded_message_are_copied(place: Place) {
    let room = Room::open(place).await;
    let (first, second) = (room.upload(&room.bob, b"1").await, room.upload(&room.bob, b"2").await);
    let source = room.carry(&room.bob, &[first.id]).await.expect("sends");
    let other = room.carry(&room.bob, &[second.id]).await.expect("sends");
    let own = room.upload(&room.alice, b"3").await;
    let of_bob = room.upload(&room.bob, b"4").await;
    for wrong in [second.id, of_bob.id, FileId::try_from(9_999).expect("an id")] {
        let detail =
            refused(room.forward(&room.alice, &source, room.channel, &[first.id, wrong]).await, ErrorCode::NotFound);
        assert_eq!(detail.field.as_deref(), Some("files"));
    }
    let plain: SendMessage = body(json!({"content": "x", "files": [first.id]}));
    refused(room.rig.service.send_message(&room.alice, room.channel, plain).await, ErrorCode::NotFound);
    let copy = room.forward(&room.alice, &source, room.channel, &[own.id, first.id]).await.expect("one's own beside");
    assert_eq!(copy.files[0], own);
    assert_eq!((&copy.files[1].sha256, copy.files.len()), (&first.sha256, 2));
    assert_ne!(copy.files[1].id, first.id);
    assert_eq!(room.read(other.seq).await.files, [second]);
}

async fn bytes_stay_until_their_last_file_goes(place: Place) {
    let room = Room::open(place).await;
    let turn = room.turn().await;
    let file = room.upload(&room.bob, b"the plan").await;
    let source = room.carry(&room.bob, &[file.id]).await.expect("sends");
    let copies = [
        room.forward(&room.alice, &source, room.channel, &[file.id]).await.expect("forwards"),
        room.forward(&room.bob, &source, room.channel, &[file.id]).await.expect("forwards"),
    ];
    room.rig.service.delete_message(&room.bob, room.channel, source.seq).await.expect("deletes");
    refused(room.bytes_of(&room.bob, file.id).await, ErrorCode::NotFound);
    assert_eq!((room.collect_all(&turn).await, room.rows().await, room.blobs()), (1, 2, 1));
    for copy in &copies {
        assert_eq!(room.bytes_of(&room.alice, copy.files[0].id).await.expect("reads"), b"the plan");
    }
    for copy in &copies {
        room.rig.service.delete_message(&room.alice, room.channel, copy.seq).await.expect("deletes");
    }
    assert_eq!((room.collect_all(&turn).await, room.rows().await, room.blobs()), (2, 0, 0), "both at once");
}

async fn a_file_is_copied_whole_or_its_message_refused(place: Place) {
    let room = Room::open(place).await;
    for _ in 0..10 {
        let file = room.upload(&room.bob, b"x").await;
        let source = room.carry(&room.bob, &[file.id]).await.expect("sends");
        let ids = [file.id];
        let (copied, deleted) = tokio::join!(
            room.forward(&room.alice, &source, room.channel, &ids),
            room.rig.service.delete_message(&room.bob, room.channel, source.seq)
        );
        deleted.expect("deletes");
        match copied {
            Ok(copy) => {
                assert_eq!(room.bytes_of(&room.alice, copy.files[0].id).await.expect("reads"), b"x");
            }
            refusal => {
                refused(refusal, ErrorCode::NotFound);
            }
        }
    }
}
