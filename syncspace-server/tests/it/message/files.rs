//! Files: kept whole or not at all, carried by one message, seen by those who may, gone with it.

use std::path::Path;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use syncspace_protocol::audit::{AuditAction, AuditQuery};
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::{FileInfo, UploadQuery};
use syncspace_protocol::limits::{FILE_WAITS_S, FILES_PER_MESSAGE_MAX, FILES_WAITING_MAX, IDEMPOTENCY_KEY_LIFE_S};
use syncspace_protocol::messages::{Message, MessageType, SendMessage};
use syncspace_protocol::page::CursorQuery;
use syncspace_protocol::search::query::Has;
use syncspace_protocol::sync::Change;
use syncspace_protocol::users::EditProfile;
use syncspace_protocol::{ChannelId, FileId, IdempotencyKey, Patch};
use syncspace_server::service::{Actor, Batch, BrokenOff, JobKind, LeaseTimes, Made, ServiceError, Settings, Turn};
use syncspace_server::store::files::{self, Home, NewFile};
use syncspace_server::store::{Queries as _, Sql, params};

use super::Room;
use crate::bucket::Bucket;
use crate::place::{Place, Rig, body, on_a_bucket, on_both_stores, refused};

on_both_stores! {
    a_file_is_carried_by_one_message_and_goes_with_it,
    two_messages_at_once_do_not_carry_the_same_file,
    nothing_is_left_of_an_upload_that_fails,
    the_same_upload_under_a_key_gives_one_file,
    whoever_may_not_see_a_file_learns_nothing_of_it,
    a_link_ends_with_its_minute_and_with_the_right_of_its_maker,
    files_are_listed_newest_first_where_one_may_read,
    what_nobody_finds_any_more_is_collected,
    one_person_keeps_so_much_and_no_more,
    what_a_message_may_carry_is_checked,
    a_picture_shows_its_person_until_the_next_one,
}

on_a_bucket! {
    a_file_is_carried_by_one_message_and_goes_with_it,
    nothing_is_left_of_an_upload_that_fails,
    the_same_upload_under_a_key_gives_one_file,
    what_is_deleted_or_nobody_carries_goes_from_the_bucket,
    a_long_file_is_read_whole_and_in_ranges,
    a_bucket_that_is_away_is_said_to_be_and_nothing_is_half_done,
    a_picture_shows_its_person_until_the_next_one,
}

const TIMES: LeaseTimes = LeaseTimes {
    term: std::time::Duration::from_secs(20),
    renewal: std::time::Duration::from_secs(5),
    look: std::time::Duration::from_millis(20),
};

/// A picture of one dot.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

impl Room {
    pub(super) async fn upload_to(
        &self,
        actor: &Actor,
        channel: ChannelId,
        bytes: &[u8],
    ) -> Result<FileInfo, ServiceError> {
        let query = UploadQuery { name: Some("notes.txt".to_owned()), sha256: None };
        self.upload_as(actor, channel, query, Some(bytes.len()), vec![Ok(Bytes::copy_from_slice(bytes))]).await
    }

    async fn upload_as(
        &self,
        actor: &Actor,
        channel: ChannelId,
        query: UploadQuery,
        length: Option<usize>,
        bytes: Vec<Result<Bytes, BrokenOff>>,
    ) -> Result<FileInfo, ServiceError> {
        let length = length.map(|length| u64::try_from(length).expect("a length"));
        let bytes = &mut stream::iter(bytes);
        self.rig.service.upload_once(actor, None, channel, query, length, bytes).await.map(Made::into_inner)
    }

    pub(super) async fn upload(&self, actor: &Actor, bytes: &[u8]) -> FileInfo {
        self.upload_to(actor, self.channel, bytes).await.expect("uploads")
    }

    pub(super) async fn carry(&self, actor: &Actor, ids: &[FileId]) -> Result<Message, ServiceError> {
        let message: SendMessage = body(serde_json::json!({"content": "", "files": ids}));
        Ok(self.rig.service.send_message(actor, self.channel, message).await?.0)
    }

    pub(super) async fn bytes_of(&self, actor: &Actor, id: FileId) -> Result<Vec<u8>, ServiceError> {
        let file = self.rig.service.open_file(actor, id).await?;
        let length = file.info.size_bytes;
        let bytes = self.rig.service.read_file(file, 0..length).await?;
        Ok(bytes.map_ok(|bytes| bytes.to_vec()).try_concat().await.expect("reads"))
    }

    pub(super) async fn listed(&self, actor: &Actor) -> Vec<FileId> {
        let page = self.rig.service.files(actor, self.channel, &CursorQuery::default()).await.expect("lists");
        page.items.into_iter().map(|entry| entry.file.id).collect()
    }

    async fn listed_in_team(&self, actor: &Actor) -> Vec<FileId> {
        let page = self.rig.service.team_files(actor, self.team, &CursorQuery::default()).await.expect("lists");
        page.items.into_iter().map(|entry| entry.file.id).collect()
    }

    pub(super) async fn rows(&self) -> i64 {
        let store = self.rig.place.store().await;
        let count = Sql::both("SELECT COUNT(*) FROM files");
        let row = { &store }.query_first(&count, params![]).await.expect("counts").expect("a row");
        row.reader().take().expect("a number")
    }

    /// Counts what lies in the storage, finished or not.
    pub(super) fn blobs(&self) -> usize {
        let place = &self.rig.place;
        place.bucket.as_ref().map_or_else(|| files_below(&place.folder.path().join("files")), Bucket::count)
    }

    pub(super) async fn turn(&self) -> Turn {
        self.rig.service.wait_for_turn(TIMES).await.expect("a turn")
    }
}

fn files_below(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

async fn a_file_is_carried_by_one_message_and_goes_with_it(place: Place) {
    let room = Room::open(place).await;
    let file = room.upload(&room.bob, b"remember the milk\n").await;
    assert_eq!((file.name.as_str(), file.size_bytes), ("notes.txt", 18));
    assert_eq!(file.content_type, "text/plain; charset=utf-8");
    let sha256 = "86bb148f5efa8cf0adcb109d9b33fcc64cac65c26dbddc910e655dee05ad3bde";
    assert_eq!(file.sha256, sha256);
    // Nobody but its uploader knows of it yet.
    assert_eq!(room.bytes_of(&room.bob, file.id).await.expect("one's own"), b"remember the milk\n");
    refused(room.bytes_of(&room.alice, file.id).await, ErrorCode::NotFound);
    assert_eq!(room.listed(&room.bob).await, []);

    let said = room.carry(&room.bob, &[file.id]).await.expect("sends");
    assert_eq!((said.content.as_str(), said.message_type), ("", MessageType::File));
    assert_eq!(said.file_url.as_deref(), Some(format!("/api/v1/files/{}", file.id).as_str()));
    assert_eq!(said.files, std::slice::from_ref(&file));
    assert!(Has::File.is_in(&said));
    assert_eq!(room.read(said.seq).await, said);
    assert_eq!(room.bytes_of(&room.alice, file.id).await.expect("reads"), b"remember the milk\n");
    assert_eq!(room.bytes_of(&room.carol, file.id).await.expect("the channel is public"), b"remember the milk\n");
    let entry = room.rig.service.file(&room.alice, file.id).await.expect("an entry");
    assert_eq!((entry.message_seq, entry.uploader_id), (Some(said.seq), room.bob.user_id));
    assert_eq!(room.listed(&room.alice).await, [file.id]);
    refused(room.carry(&room.bob, &[file.id]).await, ErrorCode::NotFound);
    let detail = refused(room.rig.service.delete_file(&room.bob, file.id).await, ErrorCode::Conflict);
    assert!(detail.message.contains(&format!("message {}", said.seq)), "{}", detail.message);
    refused(room.rig.service.delete_file(&room.alice, file.id).await, ErrorCode::Forbidden);

    let gone = room.rig.service.delete_message(&room.alice, room.channel, said.seq).await.expect("deletes");
    assert_eq!((gone.files.len(), gone.file_url), (0, None));
    let audit = room.rig.service.team_audit(&room.alice, room.team, &AuditQuery::default()).await.expect("lists");
    let mut lines = audit.items.iter().filter(|line| line.action == AuditAction::MessageDeleted);
    let line = lines.next().expect("a line");
    assert_eq!(line.user_id, Some(room.bob.user_id));
    assert_eq!(line.details["file_ids"], serde_json::json!([file.id]), "an administrator deleted Bob's file");
    for actor in [&room.alice, &room.bob] {
        refused(room.bytes_of(actor, file.id).await, ErrorCode::NotFound);
        refused(room.rig.service.file(actor, file.id).await, ErrorCode::NotFound);
        assert_eq!(room.listed(actor).await, []);
        assert_eq!(room.listed_in_team(actor).await, []);
    }
    let changes = room.changes(&room.alice, said.rev).await;
    let [Change::Message { message }] = changes.items.as_slice() else { unreachable!("{changes:?}") };
    assert_eq!(message.files, []);
}

async fn two_messages_at_once_do_not_carry_the_same_file(place: Place) {
    let room = Room::open(place).await;
    for _ in 0..10 {
        let file = room.upload(&room.bob, b"x").await;
        let ids = [file.id];
        let (one, other) = tokio::join!(room.carry(&room.bob, &ids), room.carry(&room.bob, &ids));
        assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
        refused(if one.is_ok() { other } else { one }, ErrorCode::NotFound);
    }
    let file = room.upload(&room.bob, b"x").await;
    let message = || body(serde_json::json!({"content": "again", "files": [file.id], "client_id": "once"}));
    let (first, _) = room.rig.service.send_message(&room.bob, room.channel, message()).await.expect("sends");
    let (again, is_repeat) = room.rig.service.send_message(&room.bob, room.channel, message()).await.expect("repeats");
    assert!(is_repeat && again == first, "the same request gives the same message");
    let other = body(serde_json::json!({"content": "again", "client_id": "once"}));
    refused(room.rig.service.send_message(&room.bob, room.channel, other).await, ErrorCode::ClientIdReused);
}

async fn nothing_is_left_of_an_upload_that_fails(place: Place) {
    let room = Room::open(place).await;
    let chunk = |length: usize| Ok(Bytes::from(vec![7; length]));
    let query = |sha256: Option<&str>| UploadQuery { name: None, sha256: sha256.map(str::to_owned) };
    let most = 50 * 1024 * 1024;
    for (name, query, length, bytes, code) in [
        ("cut off", query(None), Some(600_000), vec![chunk(300_000), Err(BrokenOff)], ErrorCode::InvalidBody),
        (
            "cut off, of no known length",
            query(None),
            None,
            vec![chunk(300_000), Err(BrokenOff)],
            ErrorCode::InvalidBody,
        ),
        ("shorter than announced", query(None), Some(9), vec![chunk(8)], ErrorCode::InvalidBody),
        ("longer than announced", query(None), Some(8), vec![chunk(9)], ErrorCode::InvalidBody),
        ("another checksum", query(Some(&"0".repeat(64))), Some(9), vec![chunk(9)], ErrorCode::InvalidField),
        ("no checksum", query(Some("abc")), Some(9), vec![chunk(9)], ErrorCode::InvalidField),
        ("announced too long", query(None), Some(most + 1), vec![], ErrorCode::TooLarge),
        ("too long", query(None), None, (0..51).map(|_| chunk(1024 * 1024)).collect(), ErrorCode::TooLarge),
    ] {
        let outcome = room.upload_as(&room.bob, room.channel, query, length, bytes).await;
        assert_eq!(outcome.err().map(|error| error.code()), Some(code), "{name}");
        assert_eq!((room.rows().await, room.blobs()), (0, 0), "{name}");
    }
    // Who loses the right while the bytes come, too.
    let (service, channel) = (&room.rig.service, room.channel);
    let leaving = stream::once(async {
        service.leave_channel(&room.bob, channel).await.expect("leaves");
        Ok(Bytes::from_static(b"x"))
    });
    let (query, leaving) = (UploadQuery::default(), &mut leaving.boxed());
    let outcome = service.upload_once(&room.bob, None, channel, query, Some(1), leaving).await;
    refused(outcome, ErrorCode::Forbidden);
    assert_eq!((room.rows().await, room.blobs()), (0, 0));
}

async fn the_same_upload_under_a_key_gives_one_file(place: Place) {
    let room = Room::open(place).await;
    let key = |text: &str| text.parse::<IdempotencyKey>().expect("a key");
    let sha256 = |bytes: &[u8]| Some(hex_sha256(bytes));
    let upload = async |key: &IdempotencyKey, sha256: Option<String>, bytes: Result<&'static [u8], BrokenOff>| {
        let query = UploadQuery { name: Some("a.txt".to_owned()), sha256 };
        let bytes = &mut stream::iter([bytes.map(Bytes::from_static)]);
        room.rig.service.upload_once(&room.bob, Some(key), room.channel, query, None, bytes).await
    };
    let one = key("one");
    refused(upload(&one, sha256(b"x"), Err(BrokenOff)).await, ErrorCode::InvalidBody);
    let Made::New(file) = upload(&one, sha256(b"x"), Ok(b"x")).await.expect("a refused one left no key") else {
        unreachable!("it is the first");
    };
    // With its checksum the repeat is known before its bytes come, else by them.
    assert_eq!(upload(&one, sha256(b"x"), Err(BrokenOff)).await.expect("repeats"), Made::Repeat(file.clone()));
    assert_eq!(upload(&one, None, Ok(b"x")).await.expect("repeats"), Made::Repeat(file.clone()));
    refused(upload(&one, None, Ok(b"y")).await, ErrorCode::KeyReused);
    refused(upload(&one, sha256(b"y"), Ok(b"y")).await, ErrorCode::KeyReused);
    assert_eq!((room.rows().await, room.blobs()), (1, 1));
    // Two at the same time bring their bytes, and one of them stays.
    let two = key("two");
    let (first, second) = tokio::join!(upload(&two, None, Ok(b"x")), upload(&two, None, Ok(b"x")));
    assert_eq!(first.expect("uploads").into_inner(), second.expect("uploads").into_inner());
    assert_eq!((room.rows().await, room.blobs()), (2, 2));
    room.rig.service.delete_file(&room.bob, file.id).await.expect("deletes");
    refused(upload(&one, sha256(b"x"), Ok(b"x")).await, ErrorCode::NotFound);
    // A day later the key is free.
    room.rig.clock.advance_ms(i64::from(IDEMPOTENCY_KEY_LIFE_S) * 1_000);
    assert!(matches!(upload(&one, sha256(b"z"), Ok(b"z")).await, Ok(Made::New(_))));
}

/// Gives a checksum as requests write it.
pub(super) fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn whoever_may_not_see_a_file_learns_nothing_of_it(place: Place) {
    let mut room = Room::open(place).await;
    let eve = room.rig.register_actor("eve").await;
    room.channel = room.new_channel("secret", ChannelKind::Private).await;
    let member = body(serde_json::json!({"role": "member"}));
    room.rig.service.put_channel_member(&room.alice, room.channel, room.bob.user_id, member).await.expect("adds");
    let (shown, waiting) = (room.upload(&room.bob, b"plan").await.id, room.upload(&room.bob, b"draft").await.id);
    room.carry(&room.bob, &[shown]).await.expect("sends");
    assert_eq!(room.bytes_of(&room.alice, shown).await.expect("reads"), b"plan");
    let missing =
        refused(room.rig.service.file(&eve, FileId::try_from(999_999).expect("an id")).await, ErrorCode::NotFound);
    let sees_nothing = async |actor: &Actor, ids: &[FileId]| {
        for &id in ids {
            for detail in [
                refused(room.bytes_of(actor, id).await, ErrorCode::NotFound),
                refused(room.rig.service.file(actor, id).await, ErrorCode::NotFound),
                refused(room.rig.service.link_file(actor, id).await, ErrorCode::NotFound),
                refused(room.rig.service.delete_file(actor, id).await, ErrorCode::NotFound),
            ] {
                assert_eq!(detail, missing, "in the same words");
            }
        }
    };
    sees_nothing(&eve, &[shown, waiting]).await;
    sees_nothing(&room.carol, &[shown, waiting]).await;
    sees_nothing(&room.alice, &[waiting]).await;
    refused(room.rig.service.files(&room.carol, room.channel, &CursorQuery::default()).await, ErrorCode::NotFound);
    assert_eq!(room.listed_in_team(&room.carol).await, []);
    assert_eq!(room.listed_in_team(&room.alice).await, [shown]);
    // Its own uploader, too, once that one is out of the channel, or of the team.
    room.rig.service.remove_channel_member(&room.alice, room.channel, room.bob.user_id).await.expect("removes");
    sees_nothing(&room.bob, &[shown, waiting]).await;
    assert_eq!(room.listed_in_team(&room.bob).await, []);
    room.rig.service.ban(&room.alice, room.team, room.bob.user_id).await.expect("bans");
    sees_nothing(&room.bob, &[shown, waiting]).await;
    room.rig.service.delete_channel(&room.alice, room.channel).await.expect("deletes");
    sees_nothing(&room.alice, &[shown, waiting]).await;
    assert_eq!(room.listed_in_team(&room.alice).await, []);
}

async fn a_link_ends_with_its_minute_and_with_the_right_of_its_maker(place: Place) {
    let room = Room::open(place).await;
    let file = room.upload(&room.bob, b"plan").await.id;
    room.carry(&room.bob, &[file]).await.expect("sends");
    let link = async |actor: &Actor| {
        let link = room.rig.service.link_file(actor, file).await.expect("a link").path;
        link.strip_prefix("/api/v1/files/signed/").expect("the path of links").to_owned()
    };
    let opens = async |link: &str| room.rig.service.open_link(link).await.map(|open| open.info.id);
    let first = link(&room.carol).await;
    assert_eq!(opens(&first).await.expect("opens"), file);
    for odd in ["", "x", "1.1.1.1.x", &first[1..], &format!("{first}x"), &first.replacen(&file.to_string(), "7", 3)] {
        refused(opens(odd).await, ErrorCode::NotFound);
    }
    room.rig.clock.advance_ms(60_000);
    refused(opens(&first).await, ErrorCode::NotFound);
    let second = link(&room.carol).await;
    room.rig.service.logout(&room.carol).await.expect("logs out");
    refused(opens(&second).await, ErrorCode::NotFound);
    let third = link(&room.bob).await;
    room.rig.service.ban(&room.alice, room.team, room.bob.user_id).await.expect("bans");
    refused(opens(&third).await, ErrorCode::NotFound);
}

async fn files_are_listed_newest_first_where_one_may_read(place: Place) {
    let mut room = Room::open(place).await;
    let (public, private) = (room.channel, room.new_channel("secret", ChannelKind::Private).await);
    let (mut all, mut of_public) = (Vec::new(), Vec::new());
    for round in 0..12 {
        room.channel = if round % 3 == 0 { private } else { public };
        let file = room.upload(&room.alice, b"x").await.id;
        let other = room.upload(&room.alice, b"y").await.id;
        room.carry(&room.alice, &[file, other]).await.expect("sends");
        all.extend([file, other]);
        if round % 3 != 0 {
            of_public.extend([file, other]);
        }
        // Several at the same moment: their ids put them in order.
        room.rig.clock.advance_ms(i64::from(round % 2));
    }
    all.reverse();
    of_public.reverse();
    room.channel = public;
    for (actor, seen) in [(&room.alice, &all), (&room.carol, &of_public)] {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let query = CursorQuery { cursor, limit: Some(5) };
            let page = room.rig.service.team_files(actor, room.team, &query).await.expect("lists");
            found.extend(page.items.into_iter().map(|entry| entry.file.id));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, *seen);
    }
    let query = CursorQuery { cursor: None, limit: Some(3) };
    let page = room.rig.service.files(&room.carol, public, &query).await.expect("lists");
    assert_eq!(page.items.iter().map(|entry| entry.file.id).collect::<Vec<_>>(), of_public[..3]);
    let query = CursorQuery { cursor: page.next, limit: Some(200) };
    let page = room.rig.service.files(&room.carol, public, &query).await.expect("lists");
    assert_eq!(page.items.iter().map(|entry| entry.file.id).collect::<Vec<_>>(), of_public[3..]);
    assert_eq!(page.next, None);
    let odd = CursorQuery { cursor: Some("x".to_owned()), limit: None };
    refused(room.rig.service.files(&room.carol, public, &odd).await, ErrorCode::InvalidField);
}

async fn what_nobody_finds_any_more_is_collected(place: Place) {
    let room = Room::open(place).await;
    let turn = room.turn().await;
    let collect = async || match room.rig.service.run_batch(&turn, JobKind::Files).await.expect("collects") {
        Batch::Last(rows) => rows,
        odd => unreachable!("{odd:?}"),
    };
    let (kept, waiting, deleted, carried) = (
        room.upload(&room.bob, b"kept").await.id,
        room.upload(&room.bob, b"waiting").await.id,
        room.upload(&room.bob, b"deleted").await.id,
        room.upload(&room.bob, b"carried").await.id,
    );
    room.carry(&room.bob, &[kept]).await.expect("sends");
    let said = room.carry(&room.bob, &[carried]).await.expect("sends");
    leave_unfinished(&room).await;
    assert_eq!((room.rows().await, room.blobs(), collect().await), (5, 5, 0), "everything has its time");

    room.rig.service.delete_file(&room.bob, deleted).await.expect("deletes");
    refused(room.bytes_of(&room.bob, deleted).await, ErrorCode::NotFound);
    room.rig.service.delete_message(&room.bob, room.channel, said.seq).await.expect("deletes");
    assert_eq!((collect().await, room.rows().await, room.blobs()), (2, 3, 3), "what was deleted goes at once");
    room.rig.clock.advance_ms(2 * 3600 * 1_000);
    assert_eq!(
        (collect().await, room.rows().await, room.blobs()),
        (1, 2, 2),
        "what a crash left, when it must be over"
    );
    room.rig.clock.advance_ms(i64::from(FILE_WAITS_S) * 1_000);
    assert_eq!((collect().await, room.rows().await, room.blobs()), (1, 1, 1), "what no message carries, after a day");
    refused(room.carry(&room.bob, &[waiting]).await, ErrorCode::NotFound);
    assert_eq!(room.bytes_of(&room.alice, kept).await.expect("reads"), b"kept");

    // Cut off after the bytes went: the row is found again.
    room.rig.service.delete_message(&room.bob, room.channel, room.listed_seq(kept).await).await.expect("deletes");
    std::fs::remove_dir_all(room.rig.place.folder.path().join("files")).expect("removes");
    std::fs::create_dir(room.rig.place.folder.path().join("files")).expect("makes");
    assert_eq!((collect().await, room.rows().await), (1, 0));
}

async fn what_is_deleted_or_nobody_carries_goes_from_the_bucket(place: Place) {
    let room = Room::open(place).await;
    let turn = room.turn().await;
    let collect = async || room.rig.service.run_batch(&turn, JobKind::Files).await.expect("collects");
    let kept = room.upload(&room.bob, b"kept").await.id;
    let (waiting, deleted) = (room.upload(&room.bob, b"waiting").await.id, room.upload(&room.bob, b"deleted").await.id);
    room.carry(&room.bob, &[kept]).await.expect("sends");
    assert_eq!((room.rows().await, room.blobs(), collect().await), (3, 3, Batch::Last(0)));
    room.rig.service.delete_file(&room.bob, deleted).await.expect("deletes");
    assert_eq!((collect().await, room.rows().await, room.blobs()), (Batch::Last(1), 2, 2));
    // What a server leaves that dies in the middle: its row goes, and its parts by the rule that a bucket is to have.
    leave_unfinished(&room).await;
    assert_eq!(room.rows().await, 3);
    room.rig.clock.advance_ms(2 * 3600 * 1_000);
    assert_eq!((collect().await, room.rows().await), (Batch::Last(1), 2));
    room.rig.clock.advance_ms(i64::from(FILE_WAITS_S) * 1_000);
    assert_eq!((collect().await, room.rows().await, room.blobs()), (Batch::Last(1), 1, 1));
    refused(room.carry(&room.bob, &[waiting]).await, ErrorCode::NotFound);
    assert_eq!(room.bytes_of(&room.alice, kept).await.expect("reads"), b"kept");
}

async fn a_long_file_is_read_whole_and_in_ranges(place: Place) {
    let room = Room::open(place).await;
    // Two parts of the protocol's least length, and a rest.
    let all: Vec<u8> = (0..11 * 1024 * 1024 + 7_u32).map(|place| (place % 251).to_le_bytes()[0]).collect();
    let chunks = all.chunks(100_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let query = UploadQuery { name: None, sha256: Some(hex_sha256(&all)) };
    let file = room.upload_as(&room.bob, room.channel, query, Some(all.len()), chunks).await.expect("uploads");
    assert_eq!(room.blobs(), 1, "one object, and no parts of it");
    assert!(room.bytes_of(&room.bob, file.id).await.expect("reads") == all);
    for (from, to) in [(0, 1), (5 * 1024 * 1024 - 3, 5 * 1024 * 1024 + 3), (all.len() - 1, all.len()), (7, 7)] {
        let open = room.rig.service.open_file(&room.bob, file.id).await.expect("opens");
        let range = u64::try_from(from).expect("a place")..u64::try_from(to).expect("a place");
        let read: Vec<Bytes> =
            room.rig.service.read_file(open, range).await.expect("reads").try_collect().await.expect("reads on");
        assert!(read.concat() == all[from..to], "{from}..{to}");
    }
}

async fn a_bucket_that_is_away_is_said_to_be_and_nothing_is_half_done(place: Place) {
    let mut room = Room::open(place).await;
    let before = room.upload(&room.bob, b"before").await;
    room.carry(&room.bob, &[before.id]).await.expect("sends");
    let away = |detail: syncspace_protocol::error::ErrorDetail| {
        let sentence =
            "the storage of files is full or cannot be reached right now; nothing was changed, try again later";
        assert_eq!(detail.message, sentence);
        assert!(detail.retry_after_ms.is_some());
    };
    room.bucket().stop().await;
    away(refused(room.upload_to(&room.bob, room.channel, b"x").await, ErrorCode::Unavailable));
    away(refused(room.bytes_of(&room.alice, before.id).await, ErrorCode::Unavailable));
    // It goes away while bytes come.
    room.bucket().start_again().await;
    let long = vec![7; 6 * 1024 * 1024];
    let Room { rig: Rig { service, place, .. }, bob, channel, .. } = &mut room;
    let bucket = place.bucket.as_mut().expect("a bucket");
    let going = stream::once(async {
        bucket.stop().await;
        Ok(Bytes::from(long))
    });
    let outcome = service.upload_once(bob, None, *channel, UploadQuery::default(), None, &mut going.boxed()).await;
    away(refused(outcome, ErrorCode::Unavailable));
    room.bucket().start_again().await;
    assert_eq!(room.listed(&room.bob).await, [before.id], "nothing of the others is seen");
    assert_eq!(room.bytes_of(&room.alice, before.id).await.expect("reads again"), b"before");
    room.upload(&room.bob, b"after").await;
    // What it could not remove is removed once it is over.
    let turn = room.turn().await;
    room.rig.clock.advance_ms(2 * 3600 * 1_000);
    assert_eq!(room.rig.service.run_batch(&turn, JobKind::Files).await.expect("collects"), Batch::Last(2));
    assert_eq!(room.rows().await, 2);
}

impl Room {
    fn bucket(&mut self) -> &mut Bucket {
        self.rig.place.bucket.as_mut().expect("a bucket")
    }

    async fn listed_seq(&self, id: FileId) -> syncspace_protocol::Seq {
        self.rig.service.file(&self.bob, id).await.expect("an entry").message_seq.expect("a message")
    }
}

/// Leaves what a server leaves that dies in the middle of an upload.
async fn leave_unfinished(room: &Room) {
    let store = room.rig.place.store().await;
    let now = room.rig.clock.now();
    let file = NewFile {
        id: FileId::try_from(900_000).expect("an id"),
        home: Home::Channel(room.team, room.channel),
        uploader: room.bob.user_id,
        name: "cut.bin".to_owned(),
        blob_key: "00112233445566778899aabbccddeeff".to_owned(),
        size_bytes: 1_000_000,
        now,
        collect_at: syncspace_server::service::later(now, 2 * 3600 * 1_000),
    };
    files::insert(&mut &store, &file).await.expect("notes");
    let mut writing = room.rig.place.blobs().write(&file.blob_key).await.expect("begins");
    writing.push(vec![7; 300_000].into()).await.expect("writes");
    std::mem::forget(writing);
}

async fn one_person_keeps_so_much_and_no_more(place: Place) {
    let mut room = Room::open(place).await;
    for _ in 0..FILES_WAITING_MAX {
        room.upload(&room.bob, b"x").await;
    }
    let detail = refused(room.upload_to(&room.bob, room.channel, b"x").await, ErrorCode::Conflict);
    assert!(detail.message.contains("wait for a message"), "{}", detail.message);
    room.upload(&room.alice, b"others are not in the way").await;
    let rows = room.rows().await;
    let settings = Settings { person_bytes_max: 100, ..Settings::default() };
    room.rig = room.rig.again_with(settings).await;
    refused(room.upload_to(&room.alice, room.channel, &[0; 101]).await, ErrorCode::Conflict);
    assert_eq!(room.rows().await, rows);
}

async fn what_a_message_may_carry_is_checked(place: Place) {
    let mut room = Room::open(place).await;
    let elsewhere = room.new_channel("elsewhere", ChannelKind::Public).await;
    let (mine, others) = (room.upload(&room.bob, b"x").await.id, room.upload(&room.alice, b"x").await.id);
    let of_elsewhere = room.upload_to(&room.alice, elsewhere, b"x").await.expect("uploads").id;
    refused(room.carry(&room.bob, &[others]).await, ErrorCode::NotFound);
    refused(room.carry(&room.alice, &[of_elsewhere]).await, ErrorCode::NotFound);
    refused(room.carry(&room.bob, &[mine, FileId::try_from(999_999).expect("an id")]).await, ErrorCode::NotFound);
    refused(room.carry(&room.bob, &[]).await, ErrorCode::InvalidField);
    let mut many = Vec::new();
    for _ in 0..=FILES_PER_MESSAGE_MAX {
        many.push(room.upload(&room.bob, b"x").await.id);
    }
    refused(room.carry(&room.bob, &many).await, ErrorCode::InvalidField);
    let said = room.carry(&room.bob, &[many[0], many[1], many[0]]).await.expect("sends");
    assert_eq!(said.files.iter().map(|file| file.id).collect::<Vec<_>>(), many[..2], "each once");
    // A channel where only admins post takes no files of others either.
    room.channel = elsewhere;
    let query = |name: &str| UploadQuery { name: Some(name.to_owned()), sha256: None };
    for name in ["", "..", "a/", "\u{202e}", &"x".repeat(256)] {
        refused(room.upload_as(&room.alice, elsewhere, query(name), None, vec![]).await, ErrorCode::InvalidField);
    }
    let hostile = "..\\../etc/\u{1b}[31mpass\u{202e}wd\r\n";
    let file = room.upload_as(&room.alice, elsewhere, query(hostile), None, vec![]).await.expect("uploads");
    assert_eq!((file.name.as_str(), file.size_bytes), ("passwd", 0));
    assert_eq!(room.bytes_of(&room.alice, file.id).await.expect("reads"), b"");
    room.archive().await;
    refused(room.upload_to(&room.alice, elsewhere, b"x").await, ErrorCode::Archived);
}

async fn a_picture_shows_its_person_until_the_next_one(place: Place) {
    let room = Room::open(place).await;
    let picture = |last: u8| [PNG, &[last]].concat();
    let set = async |actor: &Actor, bytes: Vec<u8>| {
        let length = u64::try_from(bytes.len()).expect("a length");
        let mut bytes = stream::iter([Ok(Bytes::from(bytes))]);
        room.rig.service.set_my_picture(actor, Some(length), &mut bytes).await
    };
    let first = set(&room.bob, picture(1)).await.expect("sets").avatar_url.expect("an address");
    let name = first.strip_prefix("/api/v1/assets/").expect("the path of pictures").to_owned();
    assert_eq!(room.rig.service.open_picture(&name).await.expect("opens").info.content_type, "image/png");
    refused(set(&room.bob, b"<svg onload=alert(1)>".to_vec()).await, ErrorCode::UnsupportedMediaType);
    refused(set(&room.bob, vec![0; 1024 * 1024 + 1]).await, ErrorCode::TooLarge);
    let second = set(&room.bob, picture(2)).await.expect("sets").avatar_url.expect("an address");
    assert_ne!(first, second);
    refused(room.rig.service.open_picture(&name).await, ErrorCode::NotFound);
    // The same bytes in a channel are found by nobody who only knows their checksum.
    let private = room.upload(&room.bob, &picture(3)).await;
    refused(room.rig.service.open_picture(&private.sha256).await, ErrorCode::NotFound);
    let set_of_team = async |actor: &Actor| {
        let mut bytes = stream::iter([Ok(Bytes::from(picture(4)))]);
        room.rig.service.set_team_picture(actor, room.team, None, &mut bytes).await
    };
    refused(set_of_team(&room.bob).await, ErrorCode::Forbidden);
    let team = set_of_team(&room.alice).await.expect("sets");
    assert!(team.avatar_url.is_some_and(|url| url.starts_with("/api/v1/assets/")));
    let edit = EditProfile { avatar_url: Patch::Set(second.clone()), ..Default::default() };
    assert_eq!(room.rig.service.edit_me(&room.alice, edit).await.expect("edits").avatar_url, Some(second));
    let turn = room.turn().await;
    assert_eq!(room.rig.service.run_batch(&turn, JobKind::Files).await.expect("collects"), Batch::Last(1));
    assert_eq!(room.blobs(), 3, "one picture of Bob's and of the team, and the file that waits");
    // Taken off, or exchanged for one that is elsewhere, it is no longer to be had.
    let edit = EditProfile { avatar_url: Patch::Clear, ..Default::default() };
    room.rig.service.edit_me(&room.bob, edit).await.expect("edits");
    refused(room.rig.service.open_picture(&hex_sha256(&picture(2))).await, ErrorCode::NotFound);
    let edit = body(serde_json::json!({"avatar_url": "https://example.org/team.png"}));
    room.rig.service.edit_team(&room.alice, room.team, edit).await.expect("edits");
    refused(room.rig.service.open_picture(&hex_sha256(&picture(4))).await, ErrorCode::NotFound);
    assert_eq!(room.rig.service.run_batch(&turn, JobKind::Files).await.expect("collects"), Batch::Last(2));
}
