//! Calls that make something: where their answer is lost they are repeated, and nothing is made twice.

use std::time::Duration;

use serde::de::DeserializeOwned;
use syncspace_protocol::{ErrorCode, IDEMPOTENCY_KEY_HEADER};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::call::Call;
use crate::ClientError;
use crate::bounds::{REPEAT_PATIENCE, REPEAT_WAIT_FIRST, REPEAT_WAIT_MAX, TRIES_MAX};

impl Call<'_> {
    /// Sends a request that makes something, under a key of its own, and reads what was made.
    ///
    /// Where the answer is lost the request is sent again under the same key, a few times: the server makes it once.
    pub(super) async fn create<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let call = self.header(IDEMPOTENCY_KEY_HEADER, &Uuid::now_v7().to_string());
        repeat_lost(|_| {
            let again = call.again();
            async move { again?.fetch().await }
        })
        .await
    }
}

/// Makes a call until it has an answer, a few times; tells the call whether an answer of it was lost before.
pub(crate) async fn repeat_lost<T, F>(mut call: impl FnMut(bool) -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let mut repeats = Repeats::new(fastrand::Rng::new());
    let begin = Instant::now();
    loop {
        let error = match call(repeats.has_lost).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        match repeats.wait_after(&error, begin.elapsed()) {
            Some(wait) => sleep(wait).await,
            None => return Err(error),
        }
    }
}

/// Decides whether a call is worth another try, and after which wait.
struct Repeats {
    tries: u32,
    /// Whether the server may have acted on an earlier try.
    has_lost: bool,
    random: fastrand::Rng,
}

impl Repeats {
    const fn new(random: fastrand::Rng) -> Self {
        Self { tries: 0, has_lost: false, random }
    }

    fn wait_after(&mut self, error: &ClientError, elapsed: Duration) -> Option<Duration> {
        self.tries += 1;
        self.has_lost |= is_lost_answer(error);
        // A server that cannot be reached at all has lost nothing: whoever calls is told at once, as by any other call.
        let is_worth_it = self.has_lost && error.is_transient();
        let may_go_on = self.tries < TRIES_MAX && (self.tries == 1 || elapsed < REPEAT_PATIENCE);
        if !is_worth_it || !may_go_on {
            return None;
        }
        let asked = error.retry_after().unwrap_or_default();
        let ceiling = REPEAT_WAIT_FIRST.saturating_mul(2_u32.saturating_pow(self.tries - 1));
        let wait = asked + ceiling.mul_f64(0.5 + 0.5 * self.random.f64());
        (wait <= REPEAT_WAIT_MAX).then_some(wait)
    }
}

/// Tells whether it is open what became of a request: it may have arrived, and its answer did not; or the server says so.
fn is_lost_answer(error: &ClientError) -> bool {
    match error {
        ClientError::TimedOut => true,
        ClientError::Unreachable { source, .. } => {
            !source.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect)
        }
        _ => matches!(error.code(), Some(ErrorCode::Busy | ErrorCode::Unavailable)),
    }
}

#[cfg(test)]
mod tests {
    use syncspace_protocol::ErrorDetail;

    use super::*;

    fn repeats() -> Repeats {
        Repeats::new(fastrand::Rng::with_seed(7))
    }

    fn refused(code: ErrorCode, retry_after_ms: Option<u64>) -> ClientError {
        let detail = ErrorDetail { code, message: String::new(), field: None, retry_after_ms, request_id: None };
        ClientError::Refused(detail)
    }

    #[test]
    fn waits_grow_and_end() {
        let mut repeats = repeats();
        for try_number in 1..TRIES_MAX {
            let wait = repeats.wait_after(&ClientError::TimedOut, Duration::ZERO).expect("another try");
            let ceiling = REPEAT_WAIT_FIRST * 2_u32.pow(try_number - 1);
            assert!(wait <= ceiling && wait >= ceiling / 2, "{wait:?} of {ceiling:?}");
        }
        assert_eq!(repeats.wait_after(&ClientError::TimedOut, Duration::ZERO), None);
    }

    #[test]
    fn a_slow_answer_is_asked_for_once_more_whatever_it_took() {
        let mut repeats = repeats();
        assert!(repeats.wait_after(&ClientError::TimedOut, REPEAT_PATIENCE * 3).is_some());
        assert!(repeats.wait_after(&ClientError::TimedOut, REPEAT_PATIENCE * 6).is_none());
    }

    #[test]
    fn a_refusal_is_an_answer() {
        for code in [ErrorCode::NameTaken, ErrorCode::Forbidden, ErrorCode::Internal, ErrorCode::RateLimited] {
            assert_eq!(repeats().wait_after(&refused(code, Some(1)), Duration::ZERO), None, "{code:?}");
        }
        let mut repeats = repeats();
        repeats.wait_after(&ClientError::TimedOut, Duration::ZERO).expect("another try");
        assert!(repeats.wait_after(&refused(ErrorCode::RateLimited, Some(1)), Duration::ZERO).is_some());
        assert!(repeats.wait_after(&refused(ErrorCode::NotFound, None), Duration::ZERO).is_none());
    }

    #[test]
    fn the_servers_delay_is_respected_or_left_to_the_caller() {
        let wait = repeats().wait_after(&refused(ErrorCode::Unavailable, Some(1_500)), Duration::ZERO);
        assert!(wait.expect("another try") >= Duration::from_millis(1_500));
        assert_eq!(repeats().wait_after(&refused(ErrorCode::Busy, Some(60_000)), Duration::ZERO), None);
    }
}
