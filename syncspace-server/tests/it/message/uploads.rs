//! Uploads in parts: what has come stays, is gone on with, and becomes a file once, or nothing.

use bytes::Bytes;
use futures_util::stream;
use syncspace_protocol::FileId;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::{FileUpload, NewUpload};
use syncspace_protocol::limits::FILE_WAITS_S;
use syncspace_server::service::{Actor, Batch, BrokenOff, JobKind, Made, ServiceError, Settings};
use syncspace_server::store::{Queries as _, Sql, params};

use super::Room;
use super::files::hex_sha256;
use crate::place::{Place, on_a_bucket, on_both_stores, refused};

on_both_stores! {
    an_upload_goes_on_where_it_broke_also_after_a_restart,
    what_does_not_fit_changes_nothing,
    of_two_at_the_same_place_one_goes_on,
    other_bytes_than_announced_leave_nothing,
    an_upload_is_seen_by_its_uploader_alone,
    an_upload_counts_and_is_given_up_after_a_day,
}

on_a_bucket! {
    an_upload_goes_on_where_it_broke_also_after_a_restart,
    what_does_not_fit_changes_nothing,
    of_two_at_the_same_place_one_goes_on,
    other_bytes_than_announced_leave_nothing,
    an_upload_counts_and_is_given_up_after_a_day,
}

const MIB: usize = 1024 * 1024;

/// Gives bytes in which every place is told from its neighbours.
fn bytes_of_length(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251).to_le_bytes()[0] ^ (place / 65_536).to_le_bytes()[0]).collect()
}

fn chunks(bytes: &[u8]) -> Vec<Result<Bytes, BrokenOff>> {
    bytes.chunks(100_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect()
}

fn broken(bytes: &[u8]) -> Vec<Result<Bytes, BrokenOff>> {
    let mut chunks = chunks(bytes);
    chunks.push(Err(BrokenOff));
    chunks
}

impl Room {
    async fn begin(&self, actor: &Actor, name: &str, bytes: &[u8]) -> Result<Made<FileUpload>, ServiceError> {
        let size_bytes = u64::try_from(bytes.len()).expect("a length");
        let new = NewUpload { name: Some(name.to_owned()), size_bytes, sha256: hex_sha256(bytes) };
        self.rig.service.begin_upload(actor, self.channel, new).await
    }

    async fn send_part(
        &self,
        id: FileId,
        offset: usize,
        bytes: Vec<Result<Bytes, BrokenOff>>,
    ) -> Result<FileUpload, ServiceError> {
        let offset = u64::try_from(offset).expect("a length");
        self.rig.service.continue_upload(&self.bob, (id, offset), None, &mut stream::iter(bytes)).await
    }

    async fn offset(&self, id: FileId) -> usize {
        let upload = self.rig.service.find_upload(&self.bob, id).await.expect("an upload");
        usize::try_from(upload.offset).expect("a length")
    }

    async fn part_rows(&self) -> i64 {
        let store = self.rig.place.store().await;
        let count = Sql::both("SELECT COUNT(*) FROM file_parts");
        let row = { &store }.query_first(&count, params![]).await.expect("counts").expect("a row");
        row.reader().take().expect("a number")
    }

    async fn collect(&self) -> u64 {
        let turn = self.turn().await;
        let Batch::Last(rows) = self.rig.service.run_batch(&turn, JobKind::Files).await.expect("collects") else {
            unreachable!("few rows");
        };
        rows
    }
}

async fn an_upload_goes_on_where_it_broke_also_after_a_restart(place: Place) {
    let mut room = Room::open(place).await;
    let all = bytes_of_length(19 * MIB + 7);
    let id = room.begin(&room.bob, "all.bin", &all).await.expect("begins").into_inner().id;
    assert_eq!(room.offset(id).await, 0);
    // It breaks off twice: what came stays, and so it does when the server starts anew.
    let detail = refused(room.send_part(id, 0, broken(&all[..2 * MIB])).await, ErrorCode::InvalidBody);
    assert!(detail.message.contains("2097152 of the upload are there"), "{}", detail.message);
    room.rig = room.rig.again_with(Settings::default()).await;
    let Made::Repeat(found) = room.begin(&room.bob, "all.bin", &all).await.expect("finds it") else {
        unreachable!("it was begun before");
    };
    assert_eq!((found.id, found.offset, found.file), (id, 2 * 1024 * 1024, None));
    refused(room.send_part(id, 2 * MIB, broken(&all[2 * MIB..18 * MIB + 500_000])).await, ErrorCode::InvalidBody);
    // A part was full at 18 MiB, and of the next one too little came.
    let offset = room.offset(id).await;
    assert!((18 * MIB..18 * MIB + 100_000).contains(&offset), "{offset}");
    let done = room.send_part(id, offset, chunks(&all[offset..])).await.expect("goes on");
    let file = done.file.expect("all of it is there");
    assert_eq!((file.id, file.name.as_str(), file.sha256), (id, "all.bin", hex_sha256(&all)));
    assert_eq!(room.bytes_of(&room.bob, id).await.expect("reads"), all);
    let open = room.rig.service.open_file(&room.bob, id).await.expect("opens");
    let range = u64::try_from(2 * MIB - 3).expect("a place")..u64::try_from(offset + 3).expect("a place");
    let read = room.rig.service.read_file(open, range).await.expect("reads");
    let read: Vec<Bytes> = futures_util::TryStreamExt::try_collect(read).await.expect("reads on");
    assert!(read.concat() == all[2 * MIB - 3..offset + 3], "a range over several parts");
    // A lost answer is asked for, or the last bytes sent again.
    let again = room.rig.service.find_upload(&room.bob, id).await.expect("an upload");
    assert_eq!(again.file.as_ref().map(|file| file.id), Some(id));
    assert_eq!(room.send_part(id, all.len(), vec![]).await.expect("is over"), again);
    let other = room.begin(&room.bob, "all.bin", &all).await.expect("begins").into_inner().id;
    assert_ne!(other, id, "what is finished is not gone on with");
    room.rig.service.cancel_upload(&room.bob, other).await.expect("gives up");

    let said = room.carry(&room.bob, &[id]).await.expect("sends");
    assert_eq!(room.bytes_of(&room.alice, id).await.expect("reads").len(), all.len());
    room.rig.service.delete_message(&room.bob, room.channel, said.seq).await.expect("deletes");
    room.rig.clock.advance_ms(3600 * 1_000);
    assert_eq!(room.collect().await, 2);
    assert_eq!((room.rows().await, room.part_rows().await, room.blobs()), (0, 0, 0));
}

async fn what_does_not_fit_changes_nothing(place: Place) {
    let room = Room::open(place).await;
    let all = bytes_of_length(2 * MIB);
    for (name, size_bytes, sha256, code) in [
        ("x", 60 * 1024 * 1024, "0".repeat(64), ErrorCode::TooLarge),
        ("x", 5, "abc".to_owned(), ErrorCode::InvalidField),
        ("..", 5, "0".repeat(64), ErrorCode::InvalidField),
    ] {
        let new = NewUpload { name: Some(name.to_owned()), size_bytes, sha256 };
        refused(room.rig.service.begin_upload(&room.bob, room.channel, new).await, code);
    }
    assert_eq!(room.rows().await, 0);
    let id = room.begin(&room.bob, "all.bin", &all).await.expect("begins").into_inner().id;
    let detail = refused(room.send_part(id, 5, chunks(&all[5..])).await, ErrorCode::Conflict);
    assert!(detail.message.contains("go on from byte 0"), "{}", detail.message);
    for (what, bytes) in [
        ("too few", chunks(&all[..MIB - 1])),
        ("too few that break off", broken(&all[..MIB - 1])),
        ("none", vec![]),
        ("too many", chunks(&[all.clone(), vec![7]].concat())),
    ] {
        refused(room.send_part(id, 0, bytes).await, ErrorCode::InvalidBody);
        assert_eq!((room.offset(id).await, room.part_rows().await, room.blobs()), (0, 0, 0), "{what}");
    }
    let length = Some(u64::try_from(all.len() + 1).expect("a length"));
    let announced = room.rig.service.continue_upload(&room.bob, (id, 0), length, &mut stream::iter(vec![])).await;
    refused(announced, ErrorCode::InvalidBody);
    room.archive().await;
    refused(room.send_part(id, 0, chunks(&all)).await, ErrorCode::Archived);
    refused(room.begin(&room.bob, "other", &all).await, ErrorCode::Archived);
}

async fn of_two_at_the_same_place_one_goes_on(place: Place) {
    let room = Room::open(place).await;
    let all = bytes_of_length(3 * MIB);
    let id = room.begin(&room.bob, "all.bin", &all).await.expect("begins").into_inner().id;
    let half = MIB + MIB / 2;
    let (one, other) =
        tokio::join!(room.send_part(id, 0, chunks(&all[..half])), room.send_part(id, 0, chunks(&all[..half])));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
    let detail = refused(if one.is_ok() { other } else { one }, ErrorCode::Conflict);
    assert!(detail.message.contains(&format!("go on from byte {half}")), "{}", detail.message);
    assert_eq!((room.part_rows().await, room.blobs()), (1, 1));
    room.send_part(id, half, chunks(&all[half..])).await.expect("goes on");
    assert_eq!(room.bytes_of(&room.bob, id).await.expect("reads"), all);
}

async fn other_bytes_than_announced_leave_nothing(place: Place) {
    let room = Room::open(place).await;
    let all = bytes_of_length(2 * MIB);
    let id = room.begin(&room.bob, "all.bin", &all).await.expect("begins").into_inner().id;
    room.send_part(id, 0, chunks(&all[..MIB])).await.expect("goes on");
    let mut other = all[MIB..].to_vec();
    other[77] ^= 1;
    let detail = refused(room.send_part(id, MIB, chunks(&other)).await, ErrorCode::InvalidField);
    assert!(detail.message.contains("nothing was kept"), "{}", detail.message);
    assert_eq!((room.rows().await, room.part_rows().await, room.blobs()), (0, 0, 0));
    refused(room.rig.service.find_upload(&room.bob, id).await, ErrorCode::NotFound);
}

async fn an_upload_is_seen_by_its_uploader_alone(place: Place) {
    let room = Room::open(place).await;
    let all = bytes_of_length(2 * MIB);
    let id = room.begin(&room.bob, "all.bin", &all).await.expect("begins").into_inner().id;
    let service = &room.rig.service;
    for actor in [&room.alice, &room.carol] {
        refused(service.find_upload(actor, id).await, ErrorCode::NotFound);
        refused(service.cancel_upload(actor, id).await, ErrorCode::NotFound);
        let bytes = &mut stream::iter(chunks(&all));
        refused(service.continue_upload(actor, (id, 0), None, bytes).await, ErrorCode::NotFound);
    }
    let of_alice = room.begin(&room.alice, "all.bin", &all).await.expect("begins").into_inner();
    assert_ne!(of_alice.id, id);
    // No file as long as something lacks.
    refused(room.rig.service.file(&room.bob, id).await, ErrorCode::NotFound);
    refused(room.carry(&room.bob, &[id]).await, ErrorCode::NotFound);
    service.leave_channel(&room.bob, room.channel).await.expect("leaves");
    refused(room.send_part(id, 0, chunks(&all)).await, ErrorCode::Forbidden);
    service.cancel_upload(&room.bob, id).await.expect("one's own, also outside");
    refused(service.find_upload(&room.bob, id).await, ErrorCode::NotFound);
}

async fn an_upload_counts_and_is_given_up_after_a_day(place: Place) {
    let mut room = Room::open(place).await;
    let all = bytes_of_length(2 * MIB);
    let settings = Settings { person_bytes_max: 3 * 1024 * 1024, ..Settings::default() };
    room.rig = room.rig.again_with(settings).await;
    let id = room.begin(&room.bob, "one", &all).await.expect("begins").into_inner().id;
    refused(room.begin(&room.bob, "two", &all).await, ErrorCode::Conflict);
    assert_eq!(room.rows().await, 1);
    // A day after it last went on.
    let day = i64::from(FILE_WAITS_S) * 1_000;
    room.rig.clock.advance_ms(day - 1);
    room.send_part(id, 0, chunks(&all[..MIB])).await.expect("goes on");
    room.rig.clock.advance_ms(day - 1);
    assert_eq!((room.collect().await, room.offset(id).await), (0, MIB));
    room.rig.clock.advance_ms(1);
    assert_eq!((room.collect().await, room.rows().await, room.part_rows().await, room.blobs()), (1, 0, 0, 0));
    refused(room.send_part(id, MIB, chunks(&all[MIB..])).await, ErrorCode::NotFound);
    room.begin(&room.bob, "two", &all).await.expect("there is room again");
}
