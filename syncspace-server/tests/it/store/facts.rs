//! What holds on every database: each fact is a function, run once per kind of store.

use std::collections::HashSet;
use std::sync::Arc;

use syncspace_protocol::ids::NUMBER_MAX;
use syncspace_protocol::{ChannelId, MessageId, Seq, Time, UserId, Username};
use syncspace_server::store::revocations::{self, RevocationHead};
use syncspace_server::store::{IdBlocks, Queries, Sql, Store, StoreError, params, placeholders, users};

use super::{Fixture, MAKE_META, READ_META, SET_META, make_meta, meta};

macro_rules! on_every_store {
    ($($fact:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $fact() {
                super::$fact(super::Fixture::sqlite().await).await;
            })*
        }

        mod on_mysql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $fact() {
                super::$fact(super::Fixture::mysql().await).await;
            })*
        }
    };
}

on_every_store! {
    values_come_back_as_they_went,
    numbers_and_text_in_many_forms_come_back,
    execute_counts_matched_rows,
    a_taken_key_is_named,
    a_refused_statement_leaves_its_transaction_open,
    a_dropped_transaction_leaves_nothing,
    a_rolled_back_transaction_leaves_nothing,
    a_transaction_given_up_at_any_point_leaves_nothing,
    uncommitted_changes_are_invisible_to_others,
    transactions_on_one_row_run_one_after_the_other,
    ids_are_given_once,
    a_mistake_in_a_statement_is_not_called_unavailable,
    a_closed_store_is_unavailable,
    activity_is_copied_to_accounts,
    revocations_are_numbered_without_gaps_and_purged_up_to_a_floor,
}

const MAKE_USER: Sql = Sql::both(
    "INSERT INTO users (id, username, username_key, email, email_key, hashed_password, full_name, is_active, is_admin, \
     is_online, last_seen, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
);

async fn make_user(mut db: impl Queries, id: u64, name: &str, email: Option<&str>) -> Result<u64, StoreError> {
    let id = UserId::try_from(id).expect("an id");
    let now: Time = "2026-11-22T17:26:21.500Z".parse().expect("a time");
    let full_name = Some("Zoë 👩‍👩‍👧 \u{1f680} 日本");
    let values = params![id, name, name, email, email, "hash", full_name, true, false, false, None::<Time>, now, now];
    db.execute(&MAKE_USER, values).await
}

async fn values_come_back_as_they_went(fixture: Fixture) {
    const READ: Sql = Sql::both(
        "SELECT id, username, email, full_name, is_active, is_admin, last_seen, created_at FROM users WHERE id = ?",
    );
    make_user(&fixture.store, NUMBER_MAX, "alice", None).await.expect("inserts");
    let id = UserId::try_from(NUMBER_MAX).expect("an id");
    let row = (&fixture.store).query_first(&READ, params![id]).await.expect("reads").expect("a row");
    let mut row = row.reader();
    assert_eq!(row.take::<UserId>().expect("id"), id);
    assert_eq!(row.take::<Username>().expect("username").as_str(), "alice");
    assert_eq!(row.take::<Option<String>>().expect("email"), None);
    assert_eq!(row.take::<String>().expect("name"), "Zoë 👩‍👩‍👧 \u{1f680} 日本");
    assert!(row.take::<bool>().expect("active"));
    assert!(!row.take::<bool>().expect("admin"));
    assert_eq!(row.take::<Option<Time>>().expect("seen"), None);
    assert_eq!(row.take::<Time>().expect("created").to_string(), "2026-11-22T17:26:21.500Z");
}

async fn numbers_and_text_in_many_forms_come_back(fixture: Fixture) {
    let long = "é\u{1f600}\n\t'\"\\%_\u{0}".repeat(90);
    make_meta(&fixture.store, "text", &long).await;
    assert_eq!(meta(&fixture.store, "text").await.as_ref(), Some(&long));
    make_meta(&fixture.store, "empty", "").await;
    assert_eq!(meta(&fixture.store, "empty").await.as_deref(), Some(""));

    const SUM: Sql = Sql::both("SELECT SUM(next_id), COUNT(*), MIN(next_id) - 10, MAX(name) FROM id_blocks");
    const MAKE: Sql = Sql::both("INSERT INTO id_blocks (name, next_id) VALUES (?, ?), (?, ?)");
    let mut db = &fixture.store;
    assert_eq!(db.execute(&MAKE, params!["a", 3, "b", 4_i64]).await.expect("inserts"), 2);
    let row = db.query_first(&SUM, params![]).await.expect("reads").expect("a row");
    let mut row = row.reader();
    assert_eq!(row.take::<i64>().expect("a sum"), 7);
    assert_eq!(row.take::<u32>().expect("a count"), 2);
    assert_eq!(row.take::<i64>().expect("a difference"), -7);
    assert_eq!(row.take::<String>().expect("text"), "b");
    let listed = Sql::built(format!("SELECT name FROM id_blocks WHERE next_id IN ({})", placeholders(3)));
    assert_eq!(db.query(&listed, params![3, 4, 5]).await.expect("reads").len(), 2);
}

async fn execute_counts_matched_rows(fixture: Fixture) {
    make_meta(&fixture.store, "a", "same").await;
    let mut db = &fixture.store;
    assert_eq!(db.execute(&SET_META, params!["same", "a"]).await.expect("updates"), 1, "an unchanged row is matched");
    assert_eq!(db.execute(&SET_META, params!["same", "b"]).await.expect("updates"), 0);
    let mut tx = fixture.store.begin().await.expect("begins");
    assert_eq!(tx.execute(&SET_META, params!["same", "a"]).await.expect("updates"), 1);
    const DELETE: Sql = Sql::both("DELETE FROM store_meta");
    assert_eq!(tx.execute(&DELETE, params![]).await.expect("deletes"), 1);
    assert_eq!(tx.execute(&DELETE, params![]).await.expect("deletes"), 0);
}

async fn a_taken_key_is_named(fixture: Fixture) {
    make_user(&fixture.store, 1, "alice", Some("a@example.org")).await.expect("inserts");
    for (id, name, email, key) in [
        (2, "alice", None, "users_username_key"),
        (2, "bob", Some("a@example.org"), "users_email_key"),
        (1, "bob", None, "PRIMARY"),
    ] {
        let error = make_user(&fixture.store, id, name, email).await.expect_err("taken");
        assert!(error.is_duplicate_of(key), "{key}: {error:?}");
    }
    for seq in [7, 8] {
        let error = make_message(&fixture.store, 7, seq, 40 + seq, "once").await;
        let expected = (seq == 8).then_some("messages_client_id");
        assert_eq!(error.err().map(|error| error.is_duplicate_of("messages_client_id")), expected.map(|_| true));
    }
    let error = make_message(&fixture.store, 7, 7, 99, "other").await.expect_err("taken");
    assert!(error.is_duplicate_of("PRIMARY"), "{error:?}");
    let error = make_message(&fixture.store, 7, 9, 47, "other").await.expect_err("taken");
    assert!(error.is_duplicate_of("messages_id"), "{error:?}");
}

async fn make_message(mut db: impl Queries, channel: u64, seq: u64, id: u64, client: &str) -> Result<u64, StoreError> {
    const MAKE: Sql = Sql::both(
        "INSERT INTO messages (channel_id, seq, id, team_id, rev, sender_id, content, reply_count, is_edited, created_at, \
         updated_at, client_id, client_digest) VALUES (?,?,?,1,?,1,'hi',0,0,?,?,?,'digest')",
    );
    let now: Time = "2026-11-22T17:26:21.500Z".parse().expect("a time");
    let channel = ChannelId::try_from(channel).expect("an id");
    let (seq, id) = (Seq::try_from(seq).expect("a seq"), MessageId::try_from(id).expect("an id"));
    db.execute(&MAKE, params![channel, seq, id, seq, now, now, client]).await
}

async fn a_refused_statement_leaves_its_transaction_open(fixture: Fixture) {
    let mut tx = fixture.store.begin().await.expect("begins");
    tx.execute(&MAKE_META, params!["a", "1"]).await.expect("inserts");
    let again = tx.execute(&MAKE_META, params!["a", "2"]).await;
    assert!(matches!(again, Err(StoreError::Duplicate { .. })), "{again:?}");
    tx.execute(&MAKE_META, params!["b", "2"]).await.expect("inserts");
    tx.commit().await.expect("commits");
    assert_eq!(meta(&fixture.store, "a").await.as_deref(), Some("1"));
    assert_eq!(meta(&fixture.store, "b").await.as_deref(), Some("2"));
}

async fn a_dropped_transaction_leaves_nothing(fixture: Fixture) {
    // More than there are connections: none may come back from the pool inside an old transaction.
    for _ in 0..40 {
        let mut tx = fixture.store.begin().await.expect("begins");
        tx.execute(&MAKE_META, params!["a", "1"]).await.expect("inserts");
        drop(tx);
    }
    make_meta(&fixture.store, "b", "1").await;
    let other = fixture.other_instance().await;
    assert_eq!(meta(&other, "a").await, None);
    assert_eq!(meta(&other, "b").await.as_deref(), Some("1"));
}

async fn a_rolled_back_transaction_leaves_nothing(fixture: Fixture) {
    let mut tx = fixture.store.begin().await.expect("begins");
    tx.execute(&MAKE_META, params!["a", "1"]).await.expect("inserts");
    assert_eq!(meta_in(&mut tx, "a").await.as_deref(), Some("1"));
    tx.rollback().await;
    assert_eq!(meta(&fixture.store, "a").await, None);
}

async fn meta_in(tx: &mut impl Queries, name: &str) -> Option<String> {
    let row = tx.query_first(&READ_META, params![name]).await.expect("reads");
    row.map(|row| row.reader().take().expect("text"))
}

/// A request's future is dropped when its client goes away, wherever it stands.
async fn a_transaction_given_up_at_any_point_leaves_nothing(fixture: Fixture) {
    for polls in 0..12 {
        let work = async {
            let mut tx = fixture.store.begin().await?;
            tx.execute(&MAKE_META, params!["a", "1"]).await?;
            tx.execute(&MAKE_META, params!["b", "1"]).await?;
            std::future::pending::<Result<(), StoreError>>().await
        };
        poll_times(work, polls).await;
    }
    let other = fixture.other_instance().await;
    make_meta(&other, "a", "2").await;
    assert_eq!(meta(&fixture.store, "a").await.as_deref(), Some("2"));
    assert_eq!(meta(&fixture.store, "b").await, None);
}

/// Polls a future that often, each time after it asked for it, and drops it.
async fn poll_times<T>(work: impl Future<Output = T>, times: u32) {
    let mut work = std::pin::pin!(work);
    let mut polled = 0;
    let counted = std::future::poll_fn(|context| {
        polled += 1;
        if polled > times {
            return std::task::Poll::Ready(());
        }
        work.as_mut().poll(context).map(drop)
    });
    // The last poll waits for ever: nothing wakes it.
    let _ = tokio::time::timeout(std::time::Duration::from_millis(50), counted).await;
}

async fn uncommitted_changes_are_invisible_to_others(fixture: Fixture) {
    const PLAIN: Sql = Sql::both("SELECT value FROM store_meta WHERE name = ?");
    make_meta(&fixture.store, "a", "old").await;
    let mut tx = fixture.store.begin().await.expect("begins");
    tx.execute(&SET_META, params!["new", "a"]).await.expect("updates");
    let mut db = &fixture.store;
    let row = db.query_first(&PLAIN, params!["a"]).await.expect("reads while another writes").expect("a row");
    assert_eq!(row.reader().take::<String>().expect("text"), "old");
    tx.commit().await.expect("commits");
    assert_eq!(meta(&fixture.store, "a").await.as_deref(), Some("new"));
}

async fn transactions_on_one_row_run_one_after_the_other(fixture: Fixture) {
    make_meta(&fixture.store, "head", "0").await;
    let stores = [fixture.store.clone(), fixture.other_instance().await];
    let tasks: Vec<_> = (0..8).map(|n| tokio::spawn(count_up(stores[n % 2].clone(), 5))).collect();
    for task in tasks {
        task.await.expect("counts");
    }
    assert_eq!(meta(&fixture.store, "head").await.as_deref(), Some("40"));
}

async fn count_up(store: Store, times: u32) {
    for _ in 0..times {
        let mut tx = store.begin().await.expect("begins");
        let number: u32 = meta_in(&mut tx, "head").await.expect("a head").parse().expect("a number");
        tokio::task::yield_now().await;
        tx.execute(&SET_META, params![(number + 1).to_string(), "head"]).await.expect("updates");
        tx.commit().await.expect("commits");
    }
}

async fn ids_are_given_once(fixture: Fixture) {
    let instances = [fixture.store.clone(), fixture.other_instance().await].map(|store| Arc::new(IdBlocks::new(store)));
    let tasks: Vec<_> = (0..6).map(|n| tokio::spawn(take_ids(Arc::clone(&instances[n % 2]), 25))).collect();
    let mut all = HashSet::new();
    for task in tasks {
        for id in task.await.expect("takes") {
            assert!(all.insert(id), "{id} was given twice");
        }
    }
    assert_eq!(all.iter().min().map(|id| id.get()), Some(1));
    let message: MessageId = instances[0].next().await.expect("an id");
    assert_eq!(message.get(), 1, "each kind counts for itself");
}

async fn take_ids(ids: Arc<IdBlocks>, count: u32) -> Vec<UserId> {
    let mut taken = Vec::new();
    for _ in 0..count {
        taken.push(ids.next().await.expect("an id"));
    }
    taken
}

async fn a_mistake_in_a_statement_is_not_called_unavailable(fixture: Fixture) {
    let mut db = &fixture.store;
    for (wrong, values) in [
        (Sql::both("SELECT nothing FROM nowhere"), params![]),
        (Sql::both("SELEKT"), params![]),
        (Sql::both("INSERT INTO store_meta (name, value) VALUES (?, ?)"), params!["a", None::<i64>]),
        (Sql::both("INSERT INTO id_blocks (name, next_id) VALUES (?, ?)"), params!["a", "no number"]),
        (
            Sql::both(
                "INSERT INTO team_members (user_id, team_id, member_id, joined_at, rev) VALUES (1, 1, 1, '2026-01-01 00:00:00.000', 1)",
            ),
            params![],
        ),
        (Sql::both("SELECT value FROM store_meta WHERE name = ?"), params![]),
    ] {
        let outcome = db.execute(&wrong, values).await;
        assert!(matches!(outcome, Err(StoreError::Other { .. })), "{wrong:?}: {outcome:?}");
    }
    db.query(&READ_META, params!["a"]).await.expect("the store goes on");
}

async fn a_closed_store_is_unavailable(fixture: Fixture) {
    let clone = fixture.store.clone();
    fixture.store.close().await;
    assert!(matches!(clone.ping().await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(clone.begin().await.map(drop), Err(StoreError::Unavailable { .. })));
}

async fn activity_is_copied_to_accounts(fixture: Fixture) {
    const READ: Sql = Sql::both("SELECT COUNT(*) FROM users WHERE is_online = 1 AND last_seen = ?");
    let now: Time = "2026-11-22T18:00:00.000Z".parse().expect("a time");
    let mut people = Vec::new();
    for id in 1..=12 {
        make_user(&fixture.store, id, &format!("user{id}"), None).await.expect("inserts");
        people.push((UserId::try_from(id).expect("an id"), id != 12));
    }
    users::put_activity(&mut &fixture.store, &people, now).await.expect("writes");
    let all: Vec<_> = people.iter().map(|&(user, _)| user).collect();
    users::copy_activity(&mut &fixture.store, &all[1..]).await.expect("copies");
    let row = (&fixture.store).query_first(&READ, params![now]).await.expect("reads").expect("a row");
    assert_eq!(row.reader().take::<i64>().expect("a count"), 10, "neither the first one nor the one who is away");
}

async fn revocations_are_numbered_without_gaps_and_purged_up_to_a_floor(fixture: Fixture) {
    let time = |text: &str| text.parse::<Time>().expect("a time");
    let (old, new) = (time("2026-11-20T18:00:00.000Z"), time("2026-11-22T18:00:00.000Z"));
    for (effects, at, is_committed, first) in [(150, old, true, 1), (3, old, false, 151), (2, new, true, 151)] {
        let mut tx = fixture.store.begin().await.expect("begins");
        let effects: Vec<_> = (0..effects).map(|number| format!("\"{number}\"")).collect();
        assert_eq!(revocations::append(&mut tx, &effects, at).await.expect("appends"), first);
        if is_committed {
            tx.commit().await.expect("commits");
        } else {
            tx.rollback().await;
        }
    }
    let mut db = &fixture.store;
    assert_eq!(revocations::load_head(&mut db).await.expect("reads"), RevocationHead { last: 152, floor: 0 });
    let rows = revocations::list_after(&mut db, 148, 10).await.expect("lists");
    let expected = [(149, "\"148\""), (150, "\"149\""), (151, "\"0\""), (152, "\"1\"")];
    assert_eq!(rows, expected.map(|(number, row)| (number, row.to_owned())));
    let between = time("2026-11-21T18:00:00.000Z");
    for (removed, floor) in [(100, 100), (50, 150), (0, 150)] {
        let mut tx = fixture.store.begin().await.expect("begins");
        assert_eq!(revocations::purge_before(&mut tx, between, 100).await.expect("purges"), removed);
        tx.commit().await.expect("commits");
        assert_eq!(revocations::load_head(&mut db).await.expect("reads").floor, floor);
    }
    assert_eq!(revocations::load_head(&mut db).await.expect("reads"), RevocationHead { last: 152, floor: 150 });
}
