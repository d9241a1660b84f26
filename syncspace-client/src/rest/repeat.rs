//! Calls that are worth another try. What makes something is repeated where its answer is lost, and nothing is made twice;
//! what only reads waits for its turn, too.

use std::time::Duration;

use serde::de::DeserializeOwned;
use syncspace_protocol::{ErrorCode, IDEMPOTENCY_KEY_HEADER};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::call::Call;
use crate::ClientError;
use crate::bounds::{READ_PATIENCE, REPEAT_PATIENCE, REPEAT_WAIT_FIRST, REPEAT_WAIT_MAX, TRIES_MAX, TURN_SPREAD};

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
pub(crate) async fn repeat_lost<T, F>(call: impl FnMut(bool) -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    repeat(Repeats::of_making(fastrand::Rng::new()), call).await
}

/// Makes a call that changes nothing until it has an answer: waits as the server says, and asks again where the connection
/// was lost, both within bounds.
pub(crate) async fn repeat_read<T, F>(mut call: impl FnMut() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    repeat(Repeats::of_reading(fastrand::Rng::new()), |_| call()).await
}

async fn repeat<T, F>(mut repeats: Repeats, mut call: impl FnMut(bool) -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
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
    what: What,
    tries: u32,
    /// Whether the server may have acted on an earlier try.
    has_lost: bool,
    has_reconnected: bool,
    random: fastrand::Rng,
}

/// What is repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Making,
    Reading,
}

impl Repeats {
    const fn of_making(random: fastrand::Rng) -> Self {
        Self { what: What::Making, tries: 0, has_lost: false, has_reconnected: false, random }
    }

    const fn of_reading(random: fastrand::Rng) -> Self {
        Self { what: What::Reading, tries: 0, has_lost: false, has_reconnected: false, random }
    }

    fn wait_after(&mut self, error: &ClientError, elapsed: Duration) -> Option<Duration> {
        if self.what == What::Reading {
            match error {
                _ if error.code() == Some(ErrorCode::RateLimited) => return self.wait_for_a_turn(error, elapsed),
                ClientError::Unreachable { .. } | ClientError::TimedOut => return self.reconnect(error),
                _ => {}
            }
        }
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
        let wait = asked + self.up_to(ceiling);
        (wait <= REPEAT_WAIT_MAX).then_some(wait)
    }

    /// Waits as long as the server says, and a little: others were told the same.
    fn wait_for_a_turn(&mut self, error: &ClientError, elapsed: Duration) -> Option<Duration> {
        let asked = error.retry_after().unwrap_or(REPEAT_WAIT_FIRST);
        let wait = asked + self.up_to(TURN_SPREAD);
        (elapsed + wait <= READ_PATIENCE).then_some(wait)
    }

    /// Asks again at once, and once: a connection that was kept may be closed by the other side just when a request is
    /// written to it.
    fn reconnect(&mut self, error: &ClientError) -> Option<Duration> {
        let is_first = !std::mem::replace(&mut self.has_reconnected, true);
        (is_first && has_lost_connection(error)).then_some(Duration::ZERO)
    }

    /// Gives a time between this one and half of it.
    fn up_to(&mut self, ceiling: Duration) -> Duration {
        ceiling.mul_f64(0.5 + 0.5 * self.random.f64())
    }
}

/// Tells whether a connection was lost that had been there. A balancer that answers for its server is no lost connection.
fn has_lost_connection(error: &ClientError) -> bool {
    let ClientError::Unreachable { source, .. } = error else { return false };
    source.downcast_ref::<reqwest::Error>().is_some_and(|error| !error.is_connect())
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
        Repeats::of_making(fastrand::Rng::with_seed(7))
    }

    fn reads() -> Repeats {
        Repeats::of_reading(fastrand::Rng::with_seed(7))
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

    #[test]
    fn a_read_waits_for_its_turn_for_a_minute_in_all() {
        let (mut reads, mut elapsed) = (reads(), Duration::ZERO);
        let limited = refused(ErrorCode::RateLimited, Some(1_000));
        while let Some(wait) = reads.wait_after(&limited, elapsed) {
            assert!(wait >= Duration::from_secs(1) && wait <= Duration::from_millis(1_100), "{wait:?}");
            elapsed += wait;
        }
        assert!(elapsed <= READ_PATIENCE && elapsed > READ_PATIENCE.mul_f64(0.9), "{elapsed:?}");
    }

    #[test]
    fn a_read_waits_for_a_busy_server_as_whatever_makes_something() {
        let wait = reads().wait_after(&refused(ErrorCode::Unavailable, Some(1_500)), Duration::ZERO);
        assert!(wait.expect("another try") >= Duration::from_millis(1_500));
        assert_eq!(reads().wait_after(&refused(ErrorCode::RateLimited, Some(61_000)), Duration::ZERO), None);
        assert_eq!(reads().wait_after(&refused(ErrorCode::NotFound, None), Duration::ZERO), None);
        assert_eq!(reads().wait_after(&ClientError::TimedOut, Duration::ZERO), None, "it has waited long enough");
    }
}
