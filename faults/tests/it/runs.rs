//! Nothing is lost, doubled or reordered whatever is killed, paused or cut off.

use syncspace_faults::{Plan, Store};

use crate::run;

/// Gives the seed of a run: `FAULT_SEED` where it is set, to see a run again, or else a new one.
fn seed() -> u64 {
    let named = std::env::var("FAULT_SEED").ok();
    named.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..1_000_000))
}

async fn check(plan: Plan) {
    let report = run(&plan).await;
    assert!(report.verdict.is_good(), "to see it again: FAULT_SEED={}\n{report}", report.seed);
    assert!(report.verdict.acknowledged > 0 && report.faults.values().sum::<usize>() >= plan.faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_messages_survive_faults_of_several_servers() {
    check(Plan::new(Store::Shared { servers: 2 }, seed(), 30)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_messages_survive_faults_of_one_server() {
    check(Plan::new(Store::Embedded, seed(), 12)).await;
}
