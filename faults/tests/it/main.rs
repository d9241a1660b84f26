//! Runs with faults on the shipped server. Each has several servers and a database: they take turns.

mod planted;
mod runs;
mod silence;

use syncspace_faults::{Plan, Report};
use tokio::sync::Mutex;

/// Held by the run that is being made.
static TURN: Mutex<()> = Mutex::const_new(());

#[expect(clippy::print_stdout, reason = "the report of a run is worth reading, also of a good one")]
async fn run(plan: &Plan) -> Report {
    let _turn = TURN.lock().await;
    let report = syncspace_faults::run(plan).await;
    println!("{report}");
    report
}
