//! Doing what is due: on time, at the cost of one look a second.

use std::error::Error;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, info, warn};

use crate::service::{Due, Service, Turn};

/// Longest wait between two looks: what other instances were asked for is not told to this one.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Longest wait after looks that failed, doubled from [`LOOK_EVERY`].
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Does what is due when it is due; returns where another instance has the turn.
pub(super) async fn watch(service: &Service, turn: &Turn) {
    let mut failures: u32 = 0;
    loop {
        let wait = match service.do_due(turn).await {
            Ok(Due::TurnLost) => return,
            Ok(due) => {
                if std::mem::take(&mut failures) > 0 {
                    info!("what is due is done again");
                }
                wait_after(due)
            }
            Err(error) => {
                let error = &error as &dyn Error;
                failures = failures.saturating_add(1);
                if failures == 1 {
                    warn!(error, "could not do what is due; tried again until it works");
                } else {
                    debug!(error, "still cannot do what is due");
                }
                LOOK_EVERY.saturating_mul(2_u32.saturating_pow(failures - 1)).min(RETRY_MAX)
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = service.alarmed(), if failures == 0 => {}
        }
    }
}

fn wait_after(due: Due) -> Duration {
    match due {
        // What could not be done would be found again at once.
        Due::Done(0) | Due::TurnLost | Due::NothingFor(None) => LOOK_EVERY,
        Due::Done(_) => Duration::ZERO,
        Due::NothingFor(Some(wait)) => wait.min(LOOK_EVERY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_look_is_when_something_is_due_and_within_a_second() {
        let ms = Duration::from_millis;
        for (due, wait) in [
            (Due::NothingFor(Some(ms(300))), ms(300)),
            (Due::NothingFor(Some(ms(3_600_000))), LOOK_EVERY),
            (Due::NothingFor(None), LOOK_EVERY),
            (Due::Done(100), ms(0)),
            (Due::Done(0), LOOK_EVERY),
        ] {
            assert_eq!(wait_after(due), wait, "{due:?}");
        }
    }
}
