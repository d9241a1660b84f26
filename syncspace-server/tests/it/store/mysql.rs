//! What only a database server does: deadlocks, lost connections, restarts.

use syncspace_server::store::{DatabaseUrl, Queries, Sql, Store, StoreError, params};
use syncspace_testkit::Proxy;

use super::{Fixture, SET_META, make_meta, meta};

#[tokio::test]
async fn a_deadlock_is_a_conflict_for_one_of_the_two() {
    let fixture = Fixture::mysql().await;
    make_meta(&fixture.store, "a", "0").await;
    make_meta(&fixture.store, "b", "0").await;
    let (mut one, mut two) = (fixture.store.begin().await.unwrap(), fixture.store.begin().await.unwrap());
    one.execute(&SET_META, params!["1", "a"]).await.expect("locks a");
    two.execute(&SET_META, params!["2", "b"]).await.expect("locks b");
    let cross_one = async {
        let outcome = one.execute(&SET_META, params!["1", "b"]).await;
        if outcome.is_ok() { one.commit().await.map(|()| 1) } else { outcome }
    };
    let cross_two = async {
        let outcome = two.execute(&SET_META, params!["2", "a"]).await;
        if outcome.is_ok() { two.commit().await.map(|()| 1) } else { outcome }
    };
    let outcomes = <[_; 2]>::from(tokio::join!(cross_one, cross_two));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Conflict { .. }))).count(), 1);
    assert_eq!(meta(&fixture.store, "a").await, meta(&fixture.store, "b").await, "the other one is undone whole");
}

#[tokio::test]
async fn a_long_wait_for_a_row_is_a_conflict_and_ends_the_transaction() {
    let fixture = Fixture::mysql().await;
    make_meta(&fixture.store, "a", "0").await;
    let mut one = fixture.store.begin().await.unwrap();
    one.execute(&SET_META, params!["1", "a"]).await.expect("locks");
    let mut two = fixture.store.begin().await.unwrap();
    let waited = two.execute(&SET_META, params!["2", "a"]).await;
    assert!(matches!(waited, Err(StoreError::Conflict { .. })), "{waited:?}");
    let after = two.execute(&SET_META, params!["3", "a"]).await;
    assert!(matches!(after, Err(StoreError::Unavailable { .. })), "{after:?}");
    assert!(two.commit().await.is_err());
    one.commit().await.expect("commits");
    assert_eq!(meta(&fixture.store, "a").await.as_deref(), Some("1"));
}

/// Kills every other connection of this database.
async fn kill_connections(store: &Store) {
    const LIST: Sql =
        Sql::both("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()");
    let mut db = store;
    for row in db.query(&LIST, params![]).await.expect("lists") {
        let id: i64 = row.reader().take().expect("an id");
        // One that has ended by itself meanwhile is no error.
        let _ = db.execute(&Sql::built(format!("KILL {id}")), params![]).await;
    }
}

#[tokio::test]
async fn a_lost_connection_is_unavailable_and_the_next_one_works() {
    let fixture = Fixture::mysql().await;
    let killer = fixture.other_instance().await;
    make_meta(&fixture.store, "a", "0").await;

    let mut tx = fixture.store.begin().await.unwrap();
    tx.execute(&SET_META, params!["1", "a"]).await.expect("updates");
    kill_connections(&killer).await;
    let lost = tx.execute(&SET_META, params!["2", "a"]).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { .. })), "{lost:?}");
    drop(tx);

    let mut tx = fixture.store.begin().await.expect("begins on a new connection");
    tx.execute(&SET_META, params!["3", "a"]).await.expect("updates");
    kill_connections(&killer).await;
    let lost = tx.commit().await;
    assert!(matches!(lost, Err(StoreError::OutcomeUnknown { .. })), "{lost:?}");
    assert_eq!(meta(&fixture.store, "a").await.as_deref(), Some("0"), "killed before the commit arrived");
}

#[tokio::test]
async fn a_database_that_goes_away_and_returns_is_used_again() {
    let (mut line, url) = Proxy::before(&syncspace_testkit::mysql_database().await).await;
    let url: DatabaseUrl = url.parse().expect("a URL");
    let store = Store::open(&url).await.expect("opens");
    store.migrate().await.expect("migrates");
    make_meta(&store, "a", "kept").await;
    let mut open = store.begin().await.expect("begins");
    open.execute(&SET_META, params!["lost", "a"]).await.expect("updates");

    line.cut().await;
    for outcome in [store.ping().await, store.begin().await.map(drop), open.commit().await] {
        let away = matches!(outcome, Err(StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. }));
        assert!(away, "{outcome:?}");
    }
    let opened = Store::open(&url).await.map(drop);
    assert!(matches!(opened, Err(StoreError::Unavailable { .. })), "{opened:?}");

    line.restore().await;
    assert_eq!(meta(&store, "a").await.as_deref(), Some("kept"));
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_called_unavailable() {
    let url = syncspace_testkit::mysql_database().await;
    let wrong = url.replacen("://", "://nobody:wrong@", 1).replacen("wrong@root@", "wrong@", 1);
    let error = Store::open(&wrong.parse().expect("a URL")).await.map(drop).expect_err("refused");
    assert!(matches!(error, StoreError::Other { .. }), "{error:?}");
}
