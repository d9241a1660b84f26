//! The checker sees: a server with a planted defect fails the same run that a good one passes.

use std::time::Duration;

use syncspace_faults::history::Kind;
use syncspace_faults::{Fault, Plan, Report, Store};

use crate::run;

/// Pause before each fault and after the last: time for the defect to strike.
const PAUSE: Duration = Duration::from_secs(3);
/// Longest wait for readers to get what a defect keeps from them.
const SETTLE: Duration = Duration::from_secs(25);

/// Plans a short run on servers with a defect, with the faults that make it visible.
async fn planted(failpoints: &str, kinds: &[Fault], faults: usize) -> Report {
    let plan = Plan {
        kinds: kinds.to_vec(),
        planted: failpoints.to_owned(),
        pause: PAUSE,
        settle: SETTLE,
        ..Plan::new(Store::Shared { servers: 2 }, 7, faults)
    };
    run(&plan).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_inserted_twice_is_found() {
    // A repeat is needed, so that there is something to insert again: lost replies make many.
    let report = planted("bug::double_insert=return", &[Fault::ClientRepliesLost], 2).await;
    assert!(report.verdict.count(Kind::Doubled) > 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_with_swapped_numbers_are_found() {
    let report = planted("bug::swapped_revs=return", &[Fault::ClientsCut], 1).await;
    assert!(report.verdict.count(Kind::Reordered) > 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_delivered_is_found() {
    // From the fiftieth batch on nothing is published, and nobody looks whether something is missing.
    let report = planted("bug::lost_publish=50*off->return;bug::lost_repair=return", &[], 0).await;
    assert!(report.verdict.count(Kind::Lost) > 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_published_is_delivered_all_the_same() {
    // The heads are compared with the database, so a lost announcement is late and nothing else.
    let report = planted("bug::lost_publish=50*off->30%return", &[], 0).await;
    assert!(report.verdict.is_good(), "{report}");
}
