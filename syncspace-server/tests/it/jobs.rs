//! One list of facts about work on a clock, checked on the embedded store and on MySQL.

use std::sync::Arc;
use std::time::Duration;

use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::error::ErrorCode;
use syncspace_server::jobs::{Job, Jobs};
use syncspace_server::service::{Actor, BATCH_ROWS_MAX, Batch, Clock, JobKind, LeaseTimes, Service, Turn};
use syncspace_server::store::{Queries, Sql, Store, params};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::place::{PASSWORD, Place, SECRET, body, login_body, on_both_stores, origin, refused, register_body};

on_both_stores! {
    what_is_over_goes_and_what_holds_stays,
    a_purge_removes_a_bounded_batch_at_a_time,
    whoever_lost_the_turn_changes_nothing,
    one_instance_has_the_turn_until_it_gives_it_back,
    another_instance_takes_over_from_one_that_was_killed,
    a_job_that_failed_is_done_once_it_can_be,
}

const DAY_MS: i64 = 24 * 3600 * 1000;
/// Longest wait for anything that must come.
const WAIT: Duration = Duration::from_secs(20);
/// Short enough for a test to see a whole term, long enough for a busy machine to renew in time.
const TIMES: LeaseTimes =
    LeaseTimes { term: Duration::from_secs(2), renewal: Duration::from_millis(200), look: Duration::from_millis(20) };

/// One of several instances on a database.
struct Instance {
    service: Arc<Service>,
    clock: Clock,
}

impl Instance {
    async fn on(place: &Place) -> Self {
        let (service, clock) = place.service(RegistrationMode::Open, &[SECRET]).await;
        Self { service: Arc::new(service), clock }
    }

    async fn turn(&self) -> Turn {
        timeout(WAIT, self.service.wait_for_turn(TIMES)).await.expect("in time").expect("a turn")
    }

    /// Does all jobs every few milliseconds, whenever it has the turn.
    fn work(&self) -> (JoinHandle<()>, CancellationToken) {
        let every = |&kind| Job { kind, every: Duration::from_millis(10) };
        let jobs = Jobs { jobs: JobKind::ALL.iter().map(every).collect(), turn: TIMES };
        let closing = CancellationToken::new();
        (tokio::spawn(jobs.run(self.service.clone(), closing.clone())), closing)
    }

    async fn alice(&self) -> Actor {
        let tokens = self.service.register(&origin(), register_body("alice")).await.expect("registers");
        self.service.authenticate(&tokens.access_token.0).await.expect("authenticates")
    }

    /// Leaves something that is over at once on this instance's clock.
    async fn leave_a_ticket(&self, actor: &Actor) {
        self.service.socket_ticket(actor).await.expect("a ticket");
        self.clock.advance_ms(31_000);
    }
}

async fn count(store: &Store, table: &str) -> i64 {
    let sql = Sql::built(format!("SELECT COUNT(*) FROM {table}"));
    let row = { store }.query_first(&sql, params![]).await.expect("counts").expect("a row");
    row.reader().take().expect("a number")
}

/// Waits until a table has this many rows.
async fn wait_for_rows(store: &Store, table: &str, rows: i64) {
    let reached = async {
        while count(store, table).await != rows {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(WAIT, reached).await.unwrap_or_else(|_| unreachable!("{table} never had {rows} rows"));
}

/// Gives who has the turn, and the how manyth holder that is.
async fn holder(store: &Store) -> (String, i64) {
    let sql = Sql::both("SELECT holder, fence FROM leases WHERE name = 'jobs'");
    let row = { store }.query_first(&sql, params![]).await.expect("reads");
    row.map_or((String::new(), 0), |row| {
        let mut row = row.reader();
        (row.take().expect("a name"), row.take().expect("a number"))
    })
}

/// Waits until somebody else than `before` has the turn.
async fn wait_for_holder(store: &Store, before: &str) -> (String, i64) {
    let held = async {
        loop {
            match holder(store).await {
                held if !held.0.is_empty() && held.0 != before => return held,
                _ => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    timeout(WAIT, held).await.expect("somebody takes the turn")
}

async fn purge_all(instance: &Instance, turn: &Turn) -> Vec<Batch> {
    let mut batches = Vec::new();
    for &kind in JobKind::ALL {
        batches.push(instance.service.run_batch(turn, kind).await.expect("purges"));
    }
    batches
}

async fn what_is_over_goes_and_what_holds_stays(place: Place) {
    let (store, instance) = (place.store().await, Instance::on(&place).await);
    let service = &instance.service;
    let alice = instance.alice().await;
    let origin = origin();
    let login = || service.login(&origin, login_body("alice", PASSWORD));
    let (ended, kept) = (login().await.expect("logs in"), login().await.expect("logs in"));
    service.end_session(&alice, ended.session_id).await.expect("ends");
    service.socket_ticket(&alice).await.expect("a ticket");
    let (old, young) = ("old".parse().expect("a key"), "young".parse().expect("a key"));
    let team = |name: &str| body(serde_json::json!({ "name": name }));
    service.create_team_once(&alice, Some(&old), team("one")).await.expect("makes");
    let turn = instance.turn().await;
    instance.clock.advance_ms(29_999);
    purge_all(&instance, &turn).await;
    assert_eq!(count(&store, "socket_tickets").await, 1, "it holds another moment");
    instance.clock.advance_ms(31_000);
    purge_all(&instance, &turn).await;
    assert_eq!(count(&store, "socket_tickets").await, 0);

    instance.clock.advance_ms(DAY_MS / 2);
    service.create_team_once(&alice, Some(&young), team("two")).await.expect("makes");
    let revocations = count(&store, "revocations").await;
    assert!(revocations > 0, "the end of a session is in the log of ended rights");
    instance.clock.advance_ms(DAY_MS / 2 - 61_000);
    purge_all(&instance, &turn).await;
    assert_eq!(count(&store, "revocations").await, revocations, "not quite a day old");
    instance.clock.advance_ms(61_000);
    purge_all(&instance, &turn).await;
    assert_eq!(count(&store, "revocations").await, 0);
    assert_eq!(count(&store, "idempotency_keys").await, 1, "the older one is a day old");
    // By the clock of the lane: each transaction of the log is known for an hour.
    assert_eq!(count(&store, "log_commits").await, 0, "the younger one is half a day old");
    service.create_team(&alice, team("three")).await.expect("makes");
    instance.clock.advance_ms(3_600_000);
    purge_all(&instance, &turn).await;
    assert_eq!(count(&store, "log_commits").await, 1);
    instance.clock.advance_ms(1);
    purge_all(&instance, &turn).await;
    assert_eq!(count(&store, "log_commits").await, 0);
    assert_eq!(count(&store, "sessions").await, 3);

    // Ended over thirty days ago; the others end of themselves now, and are kept as long.
    instance.clock.advance_ms(30 * DAY_MS);
    purge_all(&instance, &turn).await;
    assert_eq!(count(&store, "sessions").await, 2);
    let refresh = |token| service.refresh(&origin, body(serde_json::json!({ "refresh_token": token })));
    refused(refresh(kept.refresh_token.0.clone()).await, ErrorCode::SessionEnded);
    refused(refresh(ended.refresh_token.0.clone()).await, ErrorCode::Unauthenticated);
    instance.clock.advance_ms(30 * DAY_MS);
    purge_all(&instance, &turn).await;
    assert_eq!(count(&store, "sessions").await, 0);
    login().await.expect("the account is still there");
}

async fn a_purge_removes_a_bounded_batch_at_a_time(place: Place) {
    let (store, instance) = (place.store().await, Instance::on(&place).await);
    let rows = i64::from(BATCH_ROWS_MAX) + 1;
    let mut tx = store.begin().await.expect("begins");
    for number in 0..rows {
        let insert = Sql::both("INSERT INTO socket_tickets VALUES (?, 1, 1, '2020-01-01 00:00:00.000')");
        tx.execute(&insert, params![format!("{number:064}")]).await.expect("inserts");
    }
    tx.commit().await.expect("commits");
    let turn = instance.turn().await;
    let purge = || instance.service.run_batch(&turn, JobKind::SocketTickets);
    assert_eq!(purge().await.expect("purges"), Batch::More(u64::from(BATCH_ROWS_MAX)));
    assert_eq!(count(&store, "socket_tickets").await, 1);
    assert_eq!(purge().await.expect("purges"), Batch::Last(1));
    assert_eq!(purge().await.expect("purges"), Batch::Last(0));
}

async fn whoever_lost_the_turn_changes_nothing(place: Place) {
    let (store, first, second) = (place.store().await, Instance::on(&place).await, Instance::on(&place).await);
    let alice = first.alice().await;
    first.leave_a_ticket(&alice).await;
    // Held up and not renewed, as a process that the system stopped for a while.
    let stale = first.turn().await;
    let fresh = second.turn().await;
    for batch in purge_all(&first, &stale).await {
        assert_eq!(batch, Batch::TurnLost);
    }
    assert_eq!(count(&store, "socket_tickets").await, 1);
    let lost = timeout(WAIT, stale.keep()).await.expect("finds out");
    assert_eq!(lost.code(), ErrorCode::Internal, "{lost:?}");
    second.clock.advance_ms(31_000);
    assert_eq!(purge_all(&second, &fresh).await[0], Batch::Last(1));
}

async fn one_instance_has_the_turn_until_it_gives_it_back(place: Place) {
    let (store, first, second) = (place.store().await, Instance::on(&place).await, Instance::on(&place).await);
    let alice = first.alice().await;
    let (work, closing) = first.work();
    let (owner, number) = wait_for_holder(&store, "").await;
    let (other_work, other_closing) = second.work();
    let begin = Instant::now();
    while begin.elapsed() < TIMES.term * 3 / 2 {
        first.leave_a_ticket(&alice).await;
        wait_for_rows(&store, "socket_tickets", 0).await;
        assert_eq!(holder(&store).await, (owner.clone(), number), "renewed in time, it stays where it is");
    }
    closing.cancel();
    timeout(WAIT, work).await.expect("ends").expect("no panic");
    let (_, next) = wait_for_holder(&store, &owner).await;
    assert_eq!(next, number + 1);
    second.leave_a_ticket(&alice).await;
    wait_for_rows(&store, "socket_tickets", 0).await;
    other_closing.cancel();
    timeout(WAIT, other_work).await.expect("ends").expect("no panic");
    assert_eq!(holder(&store).await.0, "", "given back");
}

async fn another_instance_takes_over_from_one_that_was_killed(place: Place) {
    let (store, first, second) = (place.store().await, Instance::on(&place).await, Instance::on(&place).await);
    let alice = first.alice().await;
    let (work, _closing) = first.work();
    let (owner, number) = wait_for_holder(&store, "").await;
    let (_other_work, _other_closing) = second.work();
    // Cut off wherever it is, and nothing given back.
    work.abort();
    assert!(work.await.expect_err("it was killed").is_cancelled());
    second.leave_a_ticket(&alice).await;
    let (_, next) = wait_for_holder(&store, &owner).await;
    assert_eq!(next, number + 1);
    wait_for_rows(&store, "socket_tickets", 0).await;
}

async fn a_job_that_failed_is_done_once_it_can_be(place: Place) {
    let (store, instance) = (place.store().await, Instance::on(&place).await);
    let alice = instance.alice().await;
    let rename = |from: &str, to: &str| Sql::built(format!("ALTER TABLE {from} RENAME TO {to}"));
    { &store }.execute(&rename("idempotency_keys", "away"), params![]).await.expect("renames");
    let (_work, _closing) = instance.work();
    instance.leave_a_ticket(&alice).await;
    wait_for_rows(&store, "socket_tickets", 0).await;
    let key = "one".parse().expect("a key");
    { &store }.execute(&rename("away", "idempotency_keys"), params![]).await.expect("renames");
    let team = body(serde_json::json!({ "name": "eng" }));
    instance.service.create_team_once(&alice, Some(&key), team).await.expect("makes");
    instance.clock.advance_ms(DAY_MS + 1);
    wait_for_rows(&store, "idempotency_keys", 0).await;
}
