//! What only a file does: rights, locks of other processes, a full disk, damage.

use std::os::unix::fs::PermissionsExt;

use syncspace_server::store::{DatabaseUrl, Queries, Sql, Store, StoreError, params};

use super::{Fixture, MAKE_META, SET_META, empty_sqlite, make_meta, meta};

#[track_caller]
fn check_says(error: &StoreError, words: &str) {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    assert!(text.contains(words), "{text}");
}

#[tokio::test]
async fn only_the_owner_can_read_the_data_file() {
    let fixture = Fixture::sqlite().await;
    make_meta(&fixture.store, "a", "1").await;
    let DatabaseUrl::Sqlite(path) = &fixture.url else { unreachable!("a file") };
    let mut files = 0;
    for file in std::fs::read_dir(path.parent().expect("a folder")).expect("a folder") {
        let file = file.expect("a file");
        assert_eq!(file.metadata().expect("its rights").permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        files += 1;
    }
    assert!(files >= 2, "the file and its log");
}

#[tokio::test]
async fn a_file_that_another_process_locks_is_unavailable() {
    let fixture = Fixture::sqlite().await;
    let other = fixture.other_instance().await;
    make_meta(&fixture.store, "a", "1").await;
    let mut holding = other.begin().await.expect("begins");
    holding.execute(&SET_META, params!["1", "a"]).await.expect("locks");
    let error = (&fixture.store).execute(&SET_META, params!["2", "a"]).await.expect_err("locked");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    check_says(&error, "another process holds the data file");
    drop(holding);
    (&fixture.store).execute(&SET_META, params!["2", "a"]).await.expect("updates once it is free");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let (url, folder) = empty_sqlite();
    std::fs::write(folder.path().join("syncspace.db"), "something else, and long enough for a header".repeat(50))
        .unwrap();
    let error = Store::open(&url).await.map(drop).expect_err("refused");
    assert!(matches!(error, StoreError::Other { .. }), "{error:?}");
    check_says(&error, "restore a backup");
}

#[tokio::test]
async fn a_path_that_cannot_be_opened_is_unavailable() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "").expect("a file");
    for path in [folder.path().join("file/syncspace.db"), folder.path().to_owned()] {
        let error = Store::open(&DatabaseUrl::Sqlite(path)).await.map(drop).expect_err("refused");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }
}

/// A limit on pages stands for the end of the disk: SQLite reports both in the same way.
#[tokio::test]
async fn a_full_disk_is_unavailable_and_undoes_the_transaction() {
    let fixture = Fixture::sqlite().await;
    make_meta(&fixture.store, "a", "before").await;
    let mut db = &fixture.store;
    let limit = Sql::both("PRAGMA max_page_count = 1");
    let mut tx = fixture.store.begin().await.expect("begins");
    tx.query(&limit, params![]).await.expect("sets the limit to what is in use");
    tx.commit().await.expect("commits");

    let mut tx = fixture.store.begin().await.expect("begins");
    tx.execute(&SET_META, params!["during", "a"]).await.expect("fits");
    let text = "x".repeat(100_000);
    let error = tx.execute(&MAKE_META, params!["b", &text]).await.expect_err("full");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    check_says(&error, "the disk is full");
    drop(tx);
    assert_eq!(meta(db, "a").await.as_deref(), Some("before"));

    let mut tx = fixture.store.begin().await.expect("begins");
    tx.query(&Sql::both("PRAGMA max_page_count = 1000000"), params![]).await.expect("lifts the limit");
    tx.commit().await.expect("commits");
    db.execute(&MAKE_META, params!["b", &text]).await.expect("goes on by itself");
}

#[tokio::test]
async fn a_file_that_became_read_only_is_unavailable() {
    let fixture = Fixture::sqlite().await;
    let mut tx = fixture.store.begin().await.expect("begins");
    tx.query(&Sql::both("PRAGMA query_only = 1"), params![]).await.expect("as a file without rights");
    tx.commit().await.expect("commits");
    let error = (&fixture.store).execute(&MAKE_META, params!["a", "1"]).await.expect_err("read-only");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    check_says(&error, "cannot be written");
}
