//! What lanes promise of any operation, checked with operations made for it, on the embedded store and on MySQL.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{Rev, StreamId, TeamId};
use syncspace_server::clock::Clock;
use syncspace_server::log::{Abort, Committed, Log, LogError, LogTx, Operation, Outlet};
use syncspace_server::permissions;
use syncspace_server::store::{CommitFault, IdBlocks, Queries as _, Sql, Store, StoreError, heads, params};

use crate::place::{Place, on_both_stores};

on_both_stores! {
    a_refused_row_or_a_panic_fails_its_operation_alone,
    a_commit_that_was_not_answered_is_settled,
    a_commit_that_never_arrived_is_repeated,
    a_lost_transaction_is_repeated_as_a_whole,
    a_full_lane_is_busy_at_once,
    clocks_that_jump_change_no_order,
    later_runs_see_the_heads_of_earlier_ones,
}

/// What an operation of these tests does beside taking a rev of the stream and writing a row by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Nothing,
    /// Writes a row that the database refuses.
    Poison,
    Panic,
    /// The first time that it is applied, the commit goes wrong.
    Fault(CommitFault),
    /// The first time that it is applied, the transaction loses its connection.
    Lose,
}

struct Act {
    name: String,
    deed: Deed,
    applied: Arc<AtomicU32>,
}

fn stream() -> StreamId {
    StreamId::Team(TeamId::try_from(1).expect("an id"))
}

impl Operation for Act {
    type Output = Rev;
    type Error = LogError;

    fn streams(&self) -> Vec<StreamId> {
        vec![stream()]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Rev, Abort<LogError>> {
        const NOTE: Sql = Sql::both("INSERT INTO store_meta (name, value) VALUES (?, ?)");
        let taken = tx.next_rev(stream(), &permissions::everyone())?;
        let is_first = self.applied.fetch_add(1, Ordering::SeqCst) == 0;
        tx.db.execute(&NOTE, params![self.name.as_str(), tx.now]).await?;
        match self.deed {
            Deed::Poison => {
                tx.db.execute(&NOTE, params![format!("{}!", self.name), None::<String>]).await?;
            }
            Deed::Panic => unreachable!("the test wants a panic"),
            Deed::Fault(fault) if is_first => tx.db.plant(fault),
            Deed::Lose if is_first => {
                return Err(StoreError::Unavailable { during: "go on", source: "as the test wants it".into() }.into());
            }
            _ => {}
        }
        tx.announce(taken, EventBody::TeamDeleted { team_id: TeamId::try_from(1).expect("an id") })?;
        Ok(taken.rev)
    }
}

/// Reads a head as operations do that have not locked it.
struct Look;

impl Operation for Look {
    type Output = Rev;
    type Error = LogError;

    fn streams(&self) -> Vec<StreamId> {
        vec![stream()]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Rev, Abort<LogError>> {
        let heads = heads::load(tx.db, &[stream()]).await?;
        Ok(heads[&stream()].last_rev)
    }
}

/// A log on a store of its own, and what it announced.
struct Rig {
    store: Store,
    clock: Clock,
    log: Log,
    announced: Arc<Mutex<Vec<Rev>>>,
    _place: Place,
}

impl Rig {
    async fn new(place: Place) -> Self {
        let store = place.store().await;
        heads::insert(&mut &store, stream(), TeamId::try_from(1).expect("an id")).await.expect("makes the head");
        let clock = Clock::manual("2026-11-22T17:26:21.500Z".parse().expect("a time"));
        let announced = Arc::new(Mutex::new(Vec::new()));
        let outlet: Outlet = {
            let announced = Arc::clone(&announced);
            Arc::new(move |events: &[Committed]| {
                announced.lock().expect("whole").extend(events.iter().map(|event| event.route.rev));
            })
        };
        let log = Log::start(&store, &Arc::new(IdBlocks::new(store.clone())), &clock, &outlet);
        Self { store, clock, log, announced, _place: place }
    }

    /// Submits operations at once, so that they share transactions, and gives what came of each.
    async fn act(&self, deeds: &[Deed]) -> Vec<Result<u64, LogError>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let futures = deeds.iter().map(|&deed| {
            let name = format!("act-{}", COUNT.fetch_add(1, Ordering::SeqCst));
            self.log.submit(Act { name, deed, applied: Arc::default() }).expect("there is room")
        });
        let futures: Vec<_> = futures.collect();
        let mut outcomes = Vec::new();
        for future in futures {
            outcomes.push(future.await.map(Rev::get));
        }
        outcomes
    }

    async fn rows(&self) -> u64 {
        const COUNT: Sql = Sql::both("SELECT COUNT(*) FROM store_meta WHERE name LIKE 'act-%'");
        let row = (&self.store).query_first(&COUNT, params![]).await.expect("reads").expect("a row");
        row.reader().take().expect("a count")
    }

    /// Checks that the stream holds that many changes, and that each was announced once and in order.
    async fn check_holds(&self, count: u64) {
        assert_eq!(self.rows().await, count);
        let heads = heads::load(&mut &self.store, &[stream()]).await.expect("reads");
        assert_eq!(heads[&stream()].last_rev.get(), count);
        let announced: Vec<_> = self.announced.lock().expect("whole").iter().map(|rev| rev.get()).collect();
        assert_eq!(announced, (1..=count).collect::<Vec<_>>());
    }
}

fn revs(outcomes: Vec<Result<u64, LogError>>) -> Vec<u64> {
    outcomes.into_iter().map(|outcome| outcome.expect("committed")).collect()
}

async fn a_refused_row_or_a_panic_fails_its_operation_alone(place: Place) {
    let rig = Rig::new(place).await;
    let mut deeds = vec![Deed::Nothing; 40];
    deeds[0] = Deed::Poison;
    deeds[17] = Deed::Panic;
    deeds[18] = Deed::Poison;
    deeds[39] = Deed::Panic;
    let outcomes = rig.act(&deeds).await;
    let mut expected = 0;
    for (deed, outcome) in deeds.iter().zip(outcomes) {
        match (deed, outcome) {
            (Deed::Poison, Err(LogError::Store(error))) => {
                assert!(matches!(*error, StoreError::Other { .. }), "{error:?}");
            }
            (Deed::Panic, Err(LogError::Panicked)) => {}
            (Deed::Nothing, Ok(rev)) => {
                expected += 1;
                assert_eq!(rev, expected, "in the order of the calls, without gaps");
            }
            (deed, outcome) => unreachable!("{deed:?}: {outcome:?}"),
        }
    }
    rig.check_holds(36).await;
}

async fn a_commit_that_was_not_answered_is_settled(place: Place) {
    let rig = Rig::new(place).await;
    let deeds = [Deed::Nothing, Deed::Nothing, Deed::Fault(CommitFault::AnswerLost), Deed::Nothing];
    assert_eq!(revs(rig.act(&deeds).await), [1, 2, 3, 4]);
    rig.check_holds(4).await;
    assert_eq!(revs(rig.act(&[Deed::Nothing]).await), [5], "the lane goes on");
}

async fn a_commit_that_never_arrived_is_repeated(place: Place) {
    let rig = Rig::new(place).await;
    let deeds = [Deed::Nothing, Deed::Fault(CommitFault::NeverArrived), Deed::Nothing];
    assert_eq!(revs(rig.act(&deeds).await), [1, 2, 3]);
    rig.check_holds(3).await;
}

async fn a_lost_transaction_is_repeated_as_a_whole(place: Place) {
    let rig = Rig::new(place).await;
    assert_eq!(revs(rig.act(&[Deed::Nothing, Deed::Lose, Deed::Nothing]).await), [1, 2, 3]);
    rig.check_holds(3).await;
}

async fn a_full_lane_is_busy_at_once(place: Place) {
    let rig = Rig::new(place).await;
    let act = |number: u32| Act { name: format!("act-full-{number}"), deed: Deed::Nothing, applied: Arc::default() };
    // Nothing is awaited below, and the embedded store has one writer: the lane commits nothing meanwhile.
    let holding = rig.store.begin().await.expect("begins");
    let mut taken = Vec::new();
    let refused = loop {
        match rig.log.submit(act(u32::try_from(taken.len()).expect("few"))) {
            Ok(outcome) => taken.push(outcome),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, LogError::Busy { retry_after_ms: 1.. }), "{refused:?}");
    let count = taken.len() as u64;
    assert!((4_096..=4_096 + 256).contains(&count), "the queue, and the batch that a thread of its own took: {count}");
    drop(holding);
    for (outcome, expected) in taken.into_iter().zip(1..) {
        assert_eq!(outcome.await.expect("committed").get(), expected);
    }
    rig.check_holds(count).await;
}

async fn clocks_that_jump_change_no_order(place: Place) {
    let rig = Rig::new(place).await;
    let mut expected = 0;
    for jump_ms in [0, 3_600_000, -7_200_000, 1, -86_400_000] {
        rig.clock.advance_ms(jump_ms);
        for rev in revs(rig.act(&[Deed::Nothing, Deed::Nothing]).await) {
            expected += 1;
            assert_eq!(rev, expected);
        }
    }
    rig.check_holds(expected).await;
    const TIMES: Sql = Sql::both("SELECT COUNT(DISTINCT value) FROM store_meta WHERE name LIKE 'act-%'");
    let row = (&rig.store).query_first(&TIMES, params![]).await.expect("reads").expect("a row");
    assert_eq!(row.reader().take::<u64>().expect("a count"), 5, "each time as the clock showed it");
}

async fn later_runs_see_the_heads_of_earlier_ones(place: Place) {
    let rig = Rig::new(place).await;
    let act = |name: &str| Act { name: name.to_owned(), deed: Deed::Nothing, applied: Arc::default() };
    let first = rig.log.submit(act("act-one")).expect("there is room");
    let look = rig.log.submit(Look).expect("there is room");
    let second = rig.log.submit(act("act-two")).expect("there is room");
    let look_again = rig.log.submit(Look).expect("there is room");
    let number = |outcome: Result<Rev, LogError>| outcome.expect("committed").get();
    assert_eq!([number(first.await), number(look.await), number(second.await), number(look_again.await)], [1, 1, 2, 2]);
}
