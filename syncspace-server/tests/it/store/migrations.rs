//! The schema: the same on both databases, brought up to date once, and refused when it is not ours.

use std::collections::BTreeMap;

use syncspace_server::store::{Dialect, MigrationStatus, Queries, Sql, Store, StoreError, params};

use super::{Fixture, empty_mysql, empty_sqlite, make_meta, meta};

/// Tables, each with its columns (name, kind, nullable) and unique keys (name, columns) in order.
type Schema = BTreeMap<String, (Vec<String>, BTreeMap<String, String>)>;

#[tokio::test]
async fn both_dialects_make_the_same_tables_columns_and_unique_keys() {
    let mysql = schema_of(&Fixture::mysql().await.store).await;
    let sqlite = schema_of(&Fixture::sqlite().await.store).await;
    assert!(mysql.contains_key("messages") && mysql.contains_key("leases"), "{:?}", mysql.keys());
    assert_eq!(mysql.keys().collect::<Vec<_>>(), sqlite.keys().collect::<Vec<_>>());
    for (table, expected) in &mysql {
        assert_eq!(Some(expected), sqlite.get(table), "{table}");
    }
}

async fn schema_of(store: &Store) -> Schema {
    match store.dialect() {
        Dialect::Mysql => {
            let columns = Sql::both(
                "SELECT table_name, column_name, CASE data_type WHEN 'bigint' THEN 'number' WHEN 'int' THEN 'number' \
                 WHEN 'tinyint' THEN 'number' ELSE 'text' END, is_nullable = 'YES' \
                 FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position",
            );
            let keys = Sql::both(
                "SELECT table_name, index_name, column_name FROM information_schema.statistics \
                 WHERE table_schema = DATABASE() AND non_unique = 0 ORDER BY table_name, index_name, seq_in_index",
            );
            read_schema(store, &columns, &keys).await
        }
        // FTS5's own tables are what a FULLTEXT key is on MySQL.
        Dialect::Sqlite => {
            let columns = Sql::both(
                "SELECT t.name, c.name, CASE c.type WHEN 'INTEGER' THEN 'number' ELSE 'text' END, c.\"notnull\" = 0 \
                 FROM sqlite_master t, pragma_table_xinfo(t.name) c WHERE t.type = 'table' \
                 AND t.name NOT LIKE 'message!_search!_words%' ESCAPE '!' ORDER BY t.name, c.cid",
            );
            let keys = Sql::both(
                "SELECT t.name, i.name, c.name FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_info(i.name) c \
                 WHERE t.type = 'table' AND i.\"unique\" = 1 AND i.origin = 'c' \
                 AND t.name NOT LIKE 'message!_search!_words%' ESCAPE '!' \
                 UNION ALL SELECT * FROM (SELECT t.name, 'PRIMARY', c.name FROM sqlite_master t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND c.pk > 0 AND t.name NOT LIKE 'message!_search!_words%' ESCAPE '!' \
                 ORDER BY t.name, c.pk)",
            );
            read_schema(store, &columns, &keys).await
        }
    }
}

async fn read_schema(mut db: &Store, columns: &Sql, keys: &Sql) -> Schema {
    let mut schema = Schema::new();
    for row in db.query(columns, params![]).await.expect("reads") {
        let mut row = row.reader();
        let [table, column, kind] = [(); 3].map(|()| row.take::<String>().expect("text"));
        let nullable = if row.take::<bool>().expect("a flag") { "NULL" } else { "NOT NULL" };
        schema.entry(table).or_default().0.push(format!("{column} {kind} {nullable}"));
    }
    for row in db.query(keys, params![]).await.expect("reads") {
        let mut row = row.reader();
        let [table, key, column] = [(); 3].map(|()| row.take::<String>().expect("text"));
        let listed = schema.entry(table).or_default().1.entry(key).or_default();
        listed.push_str(&format!("{column} "));
    }
    schema
}

async fn check_two_instances_starting(one: Store, other: Store) {
    let before = one.migration_status().await.expect("a status");
    assert_eq!((before.current, before.unfinished), (0, None));
    assert_eq!(i64::try_from(before.pending.len()), Ok(before.latest));
    let (first, second) = tokio::join!(one.migrate(), other.migrate());
    let (first, second) = (first.expect("migrates"), second.expect("migrates"));
    let applied: Vec<_> = first.applied.into_iter().chain(second.applied).collect();
    assert_eq!(applied, before.pending, "each step once");
    let after = one.migration_status().await.expect("a status");
    assert_eq!((after.current, after.pending), (after.latest, Vec::new()));
}

#[tokio::test]
async fn two_starting_instances_migrate_once_on_sqlite() {
    let (url, _folder) = empty_sqlite();
    check_two_instances_starting(Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()).await;
}

#[tokio::test]
async fn two_starting_instances_migrate_once_on_mysql() {
    let (url, _folder) = empty_mysql().await;
    check_two_instances_starting(Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()).await;
}

async fn check_refusals(fixture: Fixture) {
    let mut db = &fixture.store;
    let latest = db.migration_status().await.expect("a status").latest;
    let newer = Sql::both(
        "INSERT INTO schema_history (version, name, checksum, statements_done, applied_at) VALUES (?, 'later', 'x', 1, ?)",
    );
    db.execute(&newer, params![latest + 2, "2026-11-22 17:26:21.500"]).await.expect("inserts");
    let wanted = format!(
        "database schema is at version {}, this binary knows up to {latest}: start a newer syncspace-server",
        latest + 2
    );
    let error = db.migrate().await.expect_err("newer than the binary");
    assert!(matches!(&error, StoreError::Schema { message } if *message == wanted), "{error}");

    let back = Sql::both("DELETE FROM schema_history WHERE name = 'later'");
    db.execute(&back, params![]).await.expect("deletes");
    let changed = Sql::both("UPDATE schema_history SET checksum = '1' WHERE version = 1");
    db.execute(&changed, params![]).await.expect("updates");
    let error = db.migrate().await.expect_err("not our file");
    assert!(matches!(error, StoreError::Schema { .. }), "{error}");
}

#[tokio::test]
async fn a_foreign_schema_is_refused_on_sqlite() {
    check_refusals(Fixture::sqlite().await).await;
}

#[tokio::test]
async fn a_foreign_schema_is_refused_on_mysql() {
    check_refusals(Fixture::mysql().await).await;
}

/// On MySQL each statement commits by itself. Cut off between a statement and its note, or after it: both go on.
#[tokio::test]
async fn a_migration_that_was_cut_off_goes_on_on_mysql() {
    for is_noted in [false, true] {
        let fixture = Fixture::mysql().await;
        let mut db = &fixture.store;
        make_meta(db, "kept", "1").await;
        let last = Sql::both("DROP TABLE messages");
        if !is_noted {
            // The last table is there, and its note is missing.
        } else {
            db.execute(&last, params![]).await.expect("drops");
        }
        let cut = Sql::both(
            "UPDATE schema_history SET applied_at = NULL, statements_done = statements_done - 1 WHERE version = 1",
        );
        db.execute(&cut, params![]).await.expect("updates");
        let status: MigrationStatus = db.migration_status().await.expect("a status");
        assert_eq!(status.unfinished, status.pending.first().cloned());
        db.migrate().await.expect("goes on");
        assert_eq!(meta(db, "kept").await.as_deref(), Some("1"), "nothing is made anew");
        assert_eq!(db.migration_status().await.expect("a status").pending, Vec::<String>::new());
        assert!(schema_of(db).await.contains_key("messages"));
    }
}

#[tokio::test]
async fn a_lease_left_by_a_dead_instance_is_taken_over() {
    let (url, _folder) = empty_mysql().await;
    let store = Store::open(&url).await.expect("opens");
    let mut db = &store;
    for statement in [
        "CREATE TABLE leases (name VARCHAR(50) NOT NULL PRIMARY KEY, holder VARCHAR(50) NOT NULL, fence BIGINT NOT NULL, \
         expires_at DATETIME(3) NOT NULL)",
        "INSERT INTO leases VALUES ('migrations', 'dead', 41, '2999-01-01 00:00:00.000')",
    ] {
        db.execute(&Sql::both(statement), params![]).await.expect("prepares");
    }
    store.migrate().await.expect("takes over and migrates");
    let row = db.query_first(&Sql::both("SELECT holder, fence FROM leases"), params![]).await.unwrap().unwrap();
    let mut row = row.reader();
    assert_eq!((row.take::<String>().unwrap(), row.take::<i64>().unwrap()), (String::new(), 42));
}
