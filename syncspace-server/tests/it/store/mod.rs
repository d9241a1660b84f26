//! One list of facts about the store, checked on the embedded store and on MySQL or MariaDB.

mod facts;
mod migrations;
mod mysql;
mod sqlite;

use syncspace_server::store::{DatabaseUrl, Queries, Sql, Store, params};
use tempfile::TempDir;

/// A migrated store of its own, and what must live as long as it.
struct Fixture {
    url: DatabaseUrl,
    store: Store,
    _folder: TempDir,
}

impl Fixture {
    async fn sqlite() -> Self {
        let (url, folder) = empty_sqlite();
        Self::migrated(url, folder).await
    }

    async fn mysql() -> Self {
        let (url, folder) = empty_mysql().await;
        Self::migrated(url, folder).await
    }

    async fn migrated(url: DatabaseUrl, folder: TempDir) -> Self {
        let store = Store::open(&url).await.expect("opens");
        store.migrate().await.expect("migrates");
        Self { url, store, _folder: folder }
    }

    /// Opens the same database as another instance would.
    async fn other_instance(&self) -> Store {
        Store::open(&self.url).await.expect("opens")
    }
}

fn empty_sqlite() -> (DatabaseUrl, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    (DatabaseUrl::Sqlite(folder.path().join("syncspace.db")), folder)
}

async fn empty_mysql() -> (DatabaseUrl, TempDir) {
    let url = syncspace_testkit::mysql_database().await.parse().expect("a database URL");
    (url, tempfile::tempdir().expect("a folder"))
}

const MAKE_META: Sql = Sql::both("INSERT INTO store_meta (name, value) VALUES (?, ?)");
const SET_META: Sql = Sql::both("UPDATE store_meta SET value = ? WHERE name = ?");
const READ_META: Sql = Sql::both("SELECT value FROM store_meta WHERE name = ? FOR UPDATE");

async fn make_meta(store: &Store, name: &str, value: &str) {
    let mut db = store;
    db.execute(&MAKE_META, params![name, value]).await.expect("inserts");
}

async fn meta(mut db: impl Queries, name: &str) -> Option<String> {
    let row = db.query_first(&READ_META, params![name]).await.expect("reads");
    row.map(|row| row.reader().take().expect("text"))
}
