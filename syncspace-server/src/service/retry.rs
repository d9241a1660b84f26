//! Repeating a transaction that another one was in the way of.

use std::time::Duration;

use super::ServiceError;

/// Tries of one transaction before its caller is told that the server is busy.
const TRIES_MAX: u32 = 5;

/// Longest wait before the next try, in milliseconds; the actual one is random, so that two do not meet again.
const PAUSE_MS_MAX: u64 = 10;

/// Runs a transaction until no other one is in its way, a few times.
///
/// The attempt must do nothing but its transaction: it may run several times.
pub(crate) async fn retrying<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, ServiceError>
where
    F: Future<Output = Result<T, ServiceError>>,
{
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(ServiceError::Busy { .. }) if tries < TRIES_MAX => tries += 1,
            outcome => return outcome,
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=PAUSE_MS_MAX))).await;
    }
}
