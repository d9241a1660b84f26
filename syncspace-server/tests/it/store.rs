//! One list of facts about the store, checked on the embedded store and on MySQL.

use std::sync::Arc;

use syncspace_protocol::{Time, UserId};
use syncspace_server::store::{DatabaseUrl, IdBlocks, Queries, Sql, Store, StoreError, params};

/// A migrated store of its own, and what must live as long as it.
struct Fixture {
    url: DatabaseUrl,
    store: Store,
    _folder: tempfile::TempDir,
}

async fn sqlite() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let url = DatabaseUrl::Sqlite(folder.path().join("syncspace.db"));
    let store = Store::open(&url).await.expect("opens");
    store.migrate().await.expect("migrates");
    Fixture { url, store, _folder: folder }
}

const MAKE_META: Sql = Sql::both("INSERT INTO store_meta (name, value) VALUES (?, ?)");
const SET_META: Sql = Sql::both("UPDATE store_meta SET value = ? WHERE name = ?");
const READ_META: Sql = Sql::both("SELECT value FROM store_meta WHERE name = ? FOR UPDATE");

async fn meta(mut db: impl Queries, name: &str) -> Option<String> {
    let row = db.query_first(&READ_META, params![name]).await.expect("reads");
    row.map(|row| row.reader().take().expect("text"))
}

async fn a_dropped_transaction_leaves_nothing(fixture: Fixture) {
    let mut tx = fixture.store.begin().await.expect("begins");
    tx.execute(&MAKE_META, params!["a", "1"]).await.expect("inserts");
    drop(tx);
    let mut tx = fixture.store.begin().await.expect("begins");
    tx.execute(&MAKE_META, params!["b", "1"]).await.expect("inserts");
    tx.commit().await.expect("commits");
    assert_eq!(meta(&fixture.store, "a").await, None);
    assert_eq!(meta(&fixture.store, "b").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn first() {
    a_dropped_transaction_leaves_nothing(sqlite().await).await;
    let f = sqlite().await;
    let mut db = &f.store;
    assert_eq!(db.execute(&SET_META, params!["x", "none"]).await.unwrap(), 0);
    let insert = Sql::both(
        "INSERT INTO users (id, username, username_key, hashed_password, is_active, is_admin, is_online, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?)",
    );
    let now: Time = "2026-11-22T17:26:21.500Z".parse().unwrap();
    let ids = Arc::new(IdBlocks::new(f.store.clone()));
    let id: UserId = ids.next().await.unwrap();
    assert_eq!(id.get(), 1);
    db.execute(&insert, params![id, "alice", "alice", "x", true, false, false, now, now]).await.unwrap();
    let id: UserId = ids.next().await.unwrap();
    let again = db.execute(&insert, params![id, "alice", "alice", "x", true, false, false, now, now]).await;
    assert!(matches!(again, Err(StoreError::Duplicate { ref key }) if key == "users_username_key"), "{again:?}");
    let other = Store::open(&f.url).await.unwrap();
    assert_eq!(other.migrate().await.unwrap().applied, Vec::<String>::new());
    f.store.clone().close().await;
    assert!(f.store.ping().await.is_err());
}
