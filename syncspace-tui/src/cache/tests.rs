//! The file itself: what is written is read again, what does not follow on is not taken, and no file is a reason to fail.

use std::fs;
use std::path::Path;

use syncspace_protocol::messages::{Message, MessageType, SendMessage, ThreadState};
use syncspace_protocol::personal::SavedMessage;
use syncspace_protocol::search::matching::Needle;
use syncspace_protocol::socket::{Event as StreamEvent, EventBody};
use syncspace_protocol::sync::Change;
use syncspace_protocol::{Epoch, Mentions};

use super::*;
use crate::app::composer::DraftKey;
use crate::app::kept::{
    Discarded, Habits, KeptDraft, KeptEdit, KeptEntries, KeptList, KeptPage, KeptParcel, KeptPicture, KeptTeam, Places,
    Shared,
};
use crate::app::pictures::Thumbnail;
use crate::app::trail::Trail;
use crate::play::{
    ALICE, BOB, ENG, GENERAL, NINE, RANDOM, at, channel_stream, id, message, my_channel, my_team, name, user,
};

/// A file in a folder of its own.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self) -> PathBuf {
        path(&self.folder.path().join("cache"), "http://127.0.0.1:7420", id(ALICE))
    }

    async fn open(&self) -> (Cache, Snapshot) {
        let (cache, snapshot) = Cache::start(self.path()).expect("a thread");
        (cache, snapshot.await.expect("an answer").expect("a file that can be used"))
    }
}

async fn put(cache: &Cache, keeps: Vec<Keep>) {
    let written = cache.write_now(keeps).expect("a thread");
    written.await.expect("an answer").expect("written");
}

fn event(rev: u64, body: EventBody) -> Keep {
    Keep::Event(Box::new(StreamEvent { stream: Some(channel_stream(GENERAL)), rev: Some(id(rev)), body }))
}

fn created(seq: u64, content: &str) -> EventBody {
    EventBody::MessageCreated { message: message(seq, BOB, 0, content), thread: None }
}

fn page(seqs: std::ops::RangeInclusive<u64>, rev: u64, is_anew: bool) -> Keep {
    let messages = seqs.map(|seq| message(seq, BOB, 0, &format!("message {seq}"))).collect();
    Keep::Page(KeptPage { channel_id: id(GENERAL), messages, rev: id(rev), is_anew })
}

async fn log_of(cache: &Cache, before: Option<u64>) -> Option<KeptLog> {
    cache.load(id(GENERAL), before.map(id)).await.expect("an answer")
}

fn seqs(log: &KeptLog) -> Vec<u64> {
    log.messages.iter().map(|message| message.seq.get()).collect()
}

fn contents(log: &KeptLog) -> Vec<&str> {
    log.messages.iter().map(|message| message.content.as_str()).collect()
}

fn draft(content: &str) -> KeptDraft {
    let shared = Shared { rev: id(4), content: "older".to_owned() };
    KeptDraft { key: DraftKey::Thread(id(GENERAL), id(2)), content: content.to_owned(), cursor: (1, 2), shared }
}

fn parcel(client_id: &str, content: &str) -> KeptParcel {
    KeptParcel {
        client_id: name(client_id),
        channel_id: id(GENERAL),
        parent_seq: Some(id(2)),
        body: SendMessage { content: content.to_owned(), parent_message_id: Some(id(1_002)), ..SendMessage::default() },
        paths: vec!["/tmp/a.png".to_owned(), "/tmp/b.png".to_owned()],
        refused: None,
        may_be_sent: true,
    }
}

#[tokio::test]
async fn what_is_written_is_read_at_the_next_start() {
    let desk = Desk::new();
    let (cache, empty) = desk.open().await;
    assert_eq!(empty, Snapshot::default());
    let mut trail = Trail::default();
    trail.visit_channel(id(GENERAL));
    let places = Places { team: Some(id(ENG)), open: Some(id(GENERAL)), trail, ..Places::default() };
    let mut habits = Habits { emoji: vec![name("tada")], theme: Some("dark".to_owned()), ..Habits::default() };
    habits.visits.visit(id(GENERAL), at(NINE));
    // What was read counts its changes anew.
    let habits: Habits = serde_json::from_str(&serde_json::to_string(&habits).expect("JSON")).expect("habits");
    let discarded =
        Discarded { key: DraftKey::Edit(id(GENERAL), id(1)), content: "never mind".to_owned(), at: at(NINE) };
    let kept = Snapshot {
        me: Some(user(ALICE, "alice")),
        epoch: Some(Epoch("e".to_owned())),
        contact: Some(at(NINE)),
        teams: vec![KeptTeam { mine: my_team(), members: vec![(id(ALICE), id(1))] }],
        channels: vec![my_channel(GENERAL, syncspace_protocol::channels::ChannelKind::Public, Some("general"), 6, 2)],
        people: vec![crate::play::person(BOB, "bob")],
        places: places.clone(),
        habits: habits.clone(),
        search: "from:bob".to_owned(),
        drafts: vec![draft("one\ntwo")],
        discarded: vec![discarded.clone()],
        edits: vec![KeptEdit { id: id(3), content: "later".to_owned(), cursor: (0, 2) }],
        lists: vec![KeptList {
            team_id: id(ENG),
            read_at: at(NINE),
            entries: KeptEntries::Saved(vec![SavedMessage {
                message: message(5, BOB, 0, "message 5"),
                saved_at: at(NINE),
                rev: id(1),
            }]),
        }],
        outbox: vec![parcel("first", "1"), parcel("second", "2")],
        log: Some(KeptLog {
            channel_id: id(GENERAL),
            messages: vec![message(5, BOB, 0, "message 5"), message(6, BOB, 0, "message 6")],
            rev: id(6),
            has_older: false,
        }),
        pictures: Vec::new(),
        note: None,
    };
    put(
        &cache,
        vec![
            Keep::Me(Box::new(user(ALICE, "alice"))),
            Keep::Epoch(Epoch("e".to_owned())),
            Keep::Contact(at(NINE)),
            Keep::Team(Box::new(kept.teams[0].clone())),
            Keep::Channel(Box::new(kept.channels[0].clone())),
            Keep::Person(kept.people[0].clone()),
            Keep::Places(places),
            Keep::Habits(habits),
            Keep::Search("from:bob".to_owned()),
            Keep::Draft(draft("one")),
            Keep::Draft(draft("one\ntwo")),
            Keep::Discarded(vec![discarded]),
            Keep::Edits(kept.edits.clone()),
            Keep::List(kept.lists[0].clone()),
            Keep::Parcel(parcel("first", "1")),
            Keep::Parcel(parcel("second", "2")),
            Keep::Parcel(parcel("first", "1")),
            page(5..=6, 6, true),
        ],
    )
    .await;
    cache.close().await;
    let (cache, snapshot) = desk.open().await;
    assert_eq!(snapshot, kept);
    put(
        &cache,
        vec![
            Keep::DropDraft(draft("").key),
            Keep::DropParcel(name("first")),
            Keep::DropChannel(id(GENERAL)),
            Keep::DropTeam(id(ENG)),
        ],
    )
    .await;
    cache.close().await;
    let (_cache, snapshot) = desk.open().await;
    assert_eq!(snapshot.outbox, [parcel("second", "2")]);
    assert!(snapshot.drafts.is_empty() && snapshot.channels.is_empty() && snapshot.teams.is_empty());
    assert_eq!((snapshot.log, snapshot.lists), (None, Vec::new()));
}

#[tokio::test]
async fn what_nobody_waits_for_is_written_when_the_program_ends() {
    let desk = Desk::new();
    let (cache, _) = desk.open().await;
    cache.write(vec![Keep::Draft(draft("typed a moment ago"))]).expect("a thread");
    cache.close().await;
    assert_eq!(desk.open().await.1.drafts, [draft("typed a moment ago")]);
}

#[tokio::test]
async fn a_log_takes_only_what_follows_on() {
    let desk = Desk::new();
    let (cache, _) = desk.open().await;
    put(&cache, vec![event(3, created(3, "of an unknown log"))]).await;
    assert_eq!(log_of(&cache, None).await, None);

    put(&cache, vec![page(1..=4, 4, true), event(5, created(5, "message 5"))]).await;
    put(&cache, vec![event(7, created(7, "after a hole")), event(5, created(5, "told twice"))]).await;
    let log = log_of(&cache, None).await.expect("a log");
    assert_eq!((seqs(&log), log.rev), (vec![1, 2, 3, 4, 5], id(5)));
    assert_eq!(contents(&log)[4], "message 5");

    // What was missed closes the hole.
    let items = (6..=7).map(|seq| Change::Message { message: message(seq, BOB, 0, "missed") }).collect();
    let changes = EventBody::Changes { items, after: id(5), head_rev: id(7), read: None, my_reactions: Vec::new() };
    put(&cache, vec![event(7, changes), event(8, created(8, "on again"))]).await;
    let log = log_of(&cache, None).await.expect("a log");
    assert_eq!((seqs(&log), log.rev), ((1..=8).collect(), id(8)));
}

#[tokio::test]
async fn events_change_messages_that_nobody_looks_at() {
    let desk = Desk::new();
    let (cache, _) = desk.open().await;
    let mut reply = message(5, BOB, 0, "a reply");
    reply.parent_seq = Some(id(1));
    let thread = ThreadState { root_seq: id(1), root_sender_id: None, reply_count: 1, last_reply_at: Some(at(NINE)) };
    let updated = EventBody::MessageUpdated {
        seq: id(2),
        sender_id: id(BOB),
        parent_seq: None,
        content: "edited".to_owned(),
        edited_at: at(NINE),
        mentions: Mentions::default(),
        former_mentions: Mentions::default(),
    };
    let deleted = EventBody::MessageDeleted {
        seq: id(3),
        sender_id: id(BOB),
        message_type: MessageType::Text,
        deleted_by: id(BOB),
        former_mentions: Mentions::default(),
        deleted_at: at(NINE),
        thread: None,
    };
    put(
        &cache,
        vec![
            page(1..=4, 4, true),
            event(5, EventBody::MessageCreated { message: reply, thread: Some(thread) }),
            event(6, updated),
            event(7, deleted),
        ],
    )
    .await;
    let log = log_of(&cache, None).await.expect("a log");
    assert_eq!(contents(&log), ["message 1", "edited", "", "message 4", "a reply"]);
    assert_eq!((log.messages[0].reply_count, log.rev), (1, id(7)));
    let found = cache.search(query("message 3")).await.expect("an answer").expect("searched");
    assert!(found.is_empty(), "a deleted message is found no more");
    assert_eq!(found_seqs(&cache, "edited").await, [2]);
}

#[tokio::test]
async fn what_is_no_longer_kept_leaves_nothing() {
    let desk = Desk::new();
    let (cache, _) = desk.open().await;
    put(&cache, vec![page(1..=4, 4, true), event(5, EventBody::FloorRaised { floor_seq: id(1) })]).await;
    assert_eq!(seqs(&log_of(&cache, None).await.expect("a log")), [2, 3, 4]);
    let items = vec![Change::Floor { floor_seq: id(2), rev: id(6) }];
    let changes = EventBody::Changes { items, after: id(5), head_rev: id(7), read: None, my_reactions: Vec::new() };
    put(&cache, vec![event(7, changes)]).await;
    let log = log_of(&cache, None).await.expect("a log");
    assert_eq!((seqs(&log), log.rev), (vec![3, 4], id(7)));
    // Of a channel that nobody followed meanwhile, its place in the list says it.
    let mut mine = my_channel(GENERAL, syncspace_protocol::channels::ChannelKind::Public, Some("general"), 6, 2);
    mine.head.floor_seq = id(3);
    put(&cache, vec![Keep::Channel(Box::new(mine))]).await;
    assert_eq!(seqs(&log_of(&cache, None).await.expect("a log")), [4]);
    assert!(cache.search(query("message 3")).await.expect("an answer").expect("searched").is_empty());
    assert_eq!(found_seqs(&cache, "message").await, [4]);
}

#[tokio::test]
async fn a_log_that_is_read_anew_or_gone_leaves_nothing() {
    let desk = Desk::new();
    let (cache, _) = desk.open().await;
    put(&cache, vec![page(1..=50, 50, true), page(101..=150, 150, true)]).await;
    let log = log_of(&cache, None).await.expect("a log");
    assert_eq!(seqs(&log), (101..=150).collect::<Vec<_>>());
    assert!(found_seqs(&cache, "message 7").await.is_empty());
    put(&cache, vec![Keep::DropLog(id(GENERAL))]).await;
    assert_eq!(log_of(&cache, None).await, None);
    assert!(found_seqs(&cache, "message").await.is_empty());
}

#[tokio::test]
async fn messages_of_another_history_are_forgotten() {
    let desk = Desk::new();
    let (cache, _) = desk.open().await;
    put(&cache, vec![Keep::Epoch(Epoch("one".to_owned())), page(1..=3, 3, true), Keep::Draft(draft("kept"))]).await;
    put(&cache, vec![Keep::Epoch(Epoch("one".to_owned()))]).await;
    assert!(log_of(&cache, None).await.is_some());
    put(&cache, vec![Keep::Epoch(Epoch("two".to_owned()))]).await;
    assert_eq!(log_of(&cache, None).await, None);
    cache.close().await;
    assert_eq!(desk.open().await.1.drafts, [draft("kept")]);
}

#[tokio::test]
async fn history_comes_in_parts_only_while_nothing_was_missed() {
    let desk = Desk::new();
    let (cache, _) = desk.open().await;
    put(&cache, vec![page(1..=500, 500, true)]).await;
    cache.close().await;
    let (cache, _) = desk.open().await;
    assert_eq!(log_of(&cache, Some(301)).await, None, "nobody has shown the newest part yet");
    let newest = log_of(&cache, None).await.expect("a log");
    assert_eq!((newest.messages[0].seq, newest.has_older), (id(301), true));
    let older = log_of(&cache, Some(301)).await.expect("more");
    assert_eq!((seqs(&older).first().copied(), older.messages.len()), (Some(101), 200));
    put(&cache, vec![event(502, created(502, "after a hole"))]).await;
    assert_eq!(log_of(&cache, Some(101)).await, None);
}

#[test]
fn messages_are_bounded_by_channel_and_in_all() {
    let connection = rusqlite::Connection::open_in_memory().expect("memory");
    schema::prepare(&connection).expect("tables");
    let mut keeps = vec![page(1..=60, 60, true)];
    let others: Vec<Message> = (1..=10)
        .map(|seq| Message { id: id(9_000 + seq), channel_id: id(RANDOM), ..message(seq, BOB, 0, "elsewhere") })
        .collect();
    keeps.push(Keep::Page(KeptPage { channel_id: id(RANDOM), messages: others, rev: id(10), is_anew: true }));
    write::all(&connection, &keeps).expect("written");
    log::trim_to(&connection, 40, 30).expect("trimmed");
    let of = |channel| log::load(&connection, id(channel), None).expect("read").expect("a log");
    assert_eq!(seqs(&of(GENERAL)), (41..=60).collect::<Vec<_>>(), "the newest ones");
    assert_eq!(of(RANDOM).messages.len(), 10);
    let words: i64 = connection.query_row("SELECT count(*) FROM words", [], |row| row.get(0)).expect("counted");
    assert_eq!(words, 30);
}

fn picture(number: u64, png_bytes: usize) -> KeptPicture {
    let pixels = vec![Some((1, 2, 3)), None, Some((0, 0, 0)), Some((255, 255, 255))];
    KeptPicture { file: id(number), small: Thumbnail::new(2, pixels), png: vec![7; png_bytes].into() }
}

#[test]
fn pictures_that_were_not_looked_at_for_longest_go_first() {
    let connection = rusqlite::Connection::open_in_memory().expect("memory");
    schema::prepare(&connection).expect("tables");
    // 16 bytes of each are its pixels.
    for number in 1..=3 {
        pictures::put_within(&connection, id(GENERAL), &picture(number, 84), 300).expect("put");
    }
    assert_eq!(pictures::find(&connection, id(1)).expect("read"), Some(picture(1, 84)), "as it was given");
    pictures::put_within(&connection, id(GENERAL), &picture(4, 84), 300).expect("put");
    let is_there = |number| pictures::find(&connection, id(number)).expect("read").is_some();
    assert_eq!([1, 2, 3, 4].map(is_there), [true, false, true, true]);
    // One that is too large alone is not kept at all, and the others go with it.
    pictures::put_within(&connection, id(GENERAL), &picture(5, 301), 300).expect("put");
    assert!(!is_there(5));
}

#[tokio::test]
async fn pictures_go_with_their_channel_and_with_another_history() {
    for drop in [Keep::DropChannel(id(GENERAL)), Keep::DropLog(id(GENERAL)), Keep::Epoch(Epoch("other".to_owned()))] {
        let desk = Desk::new();
        let (cache, _) = desk.open().await;
        let kept = vec![Keep::Epoch(Epoch("one".to_owned())), Keep::Picture(id(GENERAL), picture(1, 10))];
        put(&cache, kept).await;
        assert_eq!(cache.picture(id(1)).await.expect("an answer"), Some(picture(1, 10)));
        put(&cache, vec![drop.clone()]).await;
        assert_eq!(cache.picture(id(1)).await.expect("an answer"), None, "{drop:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let (cache, _) = desk.open().await;
    put(&cache, vec![Keep::Draft(draft("secret"))]).await;
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let directory = desk.folder.path().join("cache");
    assert_eq!(mode(&directory), 0o700);
    let files: Vec<PathBuf> =
        fs::read_dir(&directory).expect("listed").map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(files.len(), 3, "the file, its log and its index: {files:?}");
    files.iter().for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));
    cache.remove().await;
    assert_eq!(fs::read_dir(&directory).expect("listed").count(), 0, "logging out leaves nothing");
}

#[test]
fn every_server_and_account_has_a_file_of_its_own() {
    let directory = Path::new("/cache");
    let of = |server: &str, user: u64| path(directory, server, id(user));
    assert_eq!(of("https://chat.example.org", 7), of("https://chat.example.org", 7));
    let all = [of("https://a.b", 7), of("https://a_b", 7), of("https://a.b", 8), of("http://a.b", 7)];
    for (at, one) in all.iter().enumerate() {
        assert_eq!(one.parent(), Some(directory));
        assert!(!all[at + 1..].contains(one), "{}", one.display());
    }
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_said() {
    let desk = Desk::new();
    fs::create_dir(desk.folder.path().join("cache")).expect("a folder");
    fs::write(desk.path(), "this is no database, and long enough to be looked at twice".repeat(100)).expect("a file");
    let (cache, snapshot) = desk.open().await;
    let note = snapshot.note.expect("a note");
    assert!(
        note.starts_with("The cache was damaged and begins anew; what was typed in it could not be read."),
        "{note}"
    );
    put(&cache, vec![Keep::Draft(draft("works"))]).await;
    cache.close().await;
    let (_cache, snapshot) = desk.open().await;
    assert_eq!((snapshot.drafts, snapshot.note), (vec![draft("works")], None));
    assert!(desk.path().with_extension("old.db").exists());
}

#[tokio::test]
async fn what_was_typed_is_saved_from_a_file_of_another_version() {
    for version in [99, schema::DAMAGED] {
        let desk = Desk::new();
        let (cache, _) = desk.open().await;
        put(&cache, vec![Keep::Draft(draft("typed")), Keep::Parcel(parcel("first", "1")), page(1..=3, 3, true)]).await;
        cache.close().await;
        let connection = rusqlite::Connection::open(desk.path()).expect("opened");
        connection.pragma_update(None, "user_version", version).expect("changed");
        drop(connection);
        let (cache, snapshot) = desk.open().await;
        assert_eq!(
            (snapshot.drafts.as_slice(), snapshot.outbox.as_slice()),
            (&[draft("typed")][..], &[parcel("first", "1")][..])
        );
        let note = snapshot.note.expect("a note");
        assert!(note.ends_with("begins anew; 2 typed texts were saved from it."), "{note}");
        assert_eq!(log_of(&cache, None).await, None, "messages come from the server");
    }
}

#[tokio::test]
async fn two_programs_share_a_file() {
    let desk = Desk::new();
    let (one, _) = desk.open().await;
    let (other, _) = desk.open().await;
    for rev in 1..=20 {
        let next = || if rev == 1 { page(1..=1, 1, true) } else { event(rev, created(rev, &format!("message {rev}"))) };
        tokio::join!(put(&one, vec![next()]), put(&other, vec![next()]));
    }
    let log = log_of(&one, None).await.expect("a log");
    assert_eq!((seqs(&log), log.rev), ((1..=20).collect(), id(20)));
}

fn query(words: &str) -> KeptQuery {
    KeptQuery { needles: words.split(' ').filter_map(Needle::new).collect(), ..KeptQuery::default() }
}

async fn found_seqs(cache: &Cache, words: &str) -> Vec<u64> {
    let hits = cache.search(query(words)).await.expect("an answer").expect("searched");
    hits.iter().map(|hit| hit.hit.message.seq.get()).collect()
}

#[tokio::test]
async fn search_finds_words_as_the_server_does() {
    let desk = Desk::new();
    let (cache, _) = desk.open().await;
    let texts = ["C++ and foo_bar", "Résumé of the day", "日本語のログ", "nothing OR NOT here", "the day after"];
    let messages = (1..).zip(texts).map(|(seq, text)| message(seq, BOB, 0, text)).collect();
    put(&cache, vec![Keep::Page(KeptPage { channel_id: id(GENERAL), messages, rev: id(5), is_anew: true })]).await;
    for (words, seqs) in [
        ("c++", vec![1]),
        ("foo", vec![1]),
        ("resume", vec![2]),
        ("本語", vec![3]),
        ("the day", vec![5, 2]),
        ("or not", vec![4]),
        ("elsewhere", vec![]),
        ("…", vec![]),
    ] {
        assert_eq!(found_seqs(&cache, words).await, seqs, "{words}");
    }
    let without = KeptQuery { without: Needle::new("after").into_iter().collect(), ..query("day") };
    let hits = cache.search(without).await.expect("an answer").expect("searched");
    assert_eq!(hits.iter().map(|hit| hit.hit.message.seq).collect::<Vec<_>>(), [id(2)]);
    let highlight = hits[0].hit.highlights[0];
    assert_eq!(&texts[1][highlight.start..highlight.end], "day");
    let elsewhere = KeptQuery { channels: vec![id(RANDOM)], ..query("day") };
    assert!(cache.search(elsewhere).await.expect("an answer").expect("searched").is_empty());
}

/// How long it takes is measured by `make bench`.
#[test]
fn search_finds_the_newest_of_many_messages() {
    const COUNT: u64 = 10_000;
    let mut connection = rusqlite::Connection::open_in_memory().expect("memory");
    schema::prepare(&connection).expect("tables");
    let transaction = connection.transaction().expect("a transaction");
    for first in (1..=COUNT).step_by(1_000) {
        let text = |seq: u64| match seq {
            7_777 => "the needle in it".to_owned(),
            seq => format!("build {} of branch {} went well, as usual", seq, seq % 97),
        };
        let messages = (first..first + 1_000).map(|seq| message(seq, BOB, 0, &text(seq))).collect();
        let page = KeptPage { channel_id: id(GENERAL), messages, rev: id(COUNT), is_anew: false };
        write::all(&transaction, &[Keep::Page(page)]).expect("written");
    }
    transaction.commit().expect("committed");
    for (words, first, count) in
        [("needle", 7_777, 1), ("build 4242", 4_242, 1), ("usual", COUNT, 100), ("branch 13", 9_907, 100)]
    {
        let hits = search::find(&connection, &query(words)).expect("searched");
        assert_eq!((hits[0].hit.message.seq.get(), hits.len()), (first, count), "{words}");
    }
}
