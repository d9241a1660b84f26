//! How much one address or person may ask: local buckets, checked before any work is done.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use syncspace_protocol::limits::EMAIL_CHARS_MAX;
use syncspace_protocol::names::fold_key;
use syncspace_protocol::{ErrorCode, HookId, UserId};

use crate::config::Rates;
use crate::service::{Refusal, ServiceError};

/// How often buckets that are full again are forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Time in which one more mail for a new password may be asked for under one name.
const RESET_PAUSE: Duration = Duration::from_secs(12 * 60);
/// Mails for a new password that may be asked for at once under one name.
const RESETS_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

/// Posts from one address at once whose hooks are to be looked up: many programs behind it may begin together.
const UNKNOWN_POSTS_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);

/// The buckets of this instance.
pub struct RateLimits {
    logins: Option<DefaultKeyedRateLimiter<Network>>,
    requests: Option<DefaultKeyedRateLimiter<UserId>>,
    posts: Option<DefaultKeyedRateLimiter<HookId>>,
    unknown_posts: Option<DefaultKeyedRateLimiter<Network>>,
    resets: Option<DefaultKeyedRateLimiter<String>>,
    requests_per_second: u32,
    clock: DefaultClock,
}

/// Messages that a connection may send for each request of another kind: their lanes bound them besides.
const SENDS_PER_REQUEST: u32 = 20;

/// The buckets of one connection.
#[derive(Debug)]
pub struct ConnectionLimits {
    requests: Bucket,
    sends: Bucket,
}

/// Lets so many through in a second, and twice as many at once (the generic cell rate algorithm, ITU-T I.371).
#[derive(Debug)]
struct Bucket {
    per_second: u32,
    /// When it would be full again.
    full_at: Instant,
}

impl Bucket {
    fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let Some(interval) = Duration::from_secs(1).checked_div(self.per_second) else { return Ok(()) };
        let room = interval * self.per_second.saturating_mul(2).saturating_sub(1);
        let used = self.full_at.saturating_duration_since(now);
        if used > room {
            return Err(used - room);
        }
        self.full_at = now + used + interval;
        Ok(())
    }
}

impl ConnectionLimits {
    /// Takes one request from the connection's bucket.
    pub fn take_request(&mut self) -> Result<(), ServiceError> {
        let taken = self.requests.take(Instant::now());
        taken.map_err(|wait| refuse("this connection sends too many requests", wait))
    }

    /// Takes one message from the connection's bucket.
    pub fn take_send(&mut self) -> Result<(), ServiceError> {
        self.sends.take(Instant::now()).map_err(|wait| refuse("this connection sends too many messages", wait))
    }
}

/// What counts as one address: IPv4 as it is, IPv6 by the 64 bits that one household has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
            }
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }
}

impl RateLimits {
    /// Makes full buckets; a rate of 0 makes none.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        let logins = NonZeroU32::new(rates.login_attempts_per_minute).map(Quota::per_minute);
        // Twice the rate at once: a client that starts asks for several things.
        let requests = NonZeroU32::new(rates.requests_per_second)
            .map(|rate| Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1))));
        Self {
            logins: logins.map(RateLimiter::keyed),
            requests: requests.map(RateLimiter::keyed),
            posts: requests.map(RateLimiter::keyed),
            unknown_posts: requests.map(|quota| RateLimiter::keyed(quota.allow_burst(UNKNOWN_POSTS_AT_ONCE))),
            resets: logins
                .and(Quota::with_period(RESET_PAUSE))
                .map(|quota| RateLimiter::keyed(quota.allow_burst(RESETS_AT_ONCE))),
            requests_per_second: rates.requests_per_second,
            clock: DefaultClock::default(),
        }
    }

    /// Gives a new connection its full buckets, by the rate of a person's requests.
    #[must_use]
    pub fn for_connection(&self) -> ConnectionLimits {
        let full_at = Instant::now();
        let bucket = |per_second| Bucket { per_second, full_at };
        let sends_per_second = self.requests_per_second.saturating_mul(SENDS_PER_REQUEST);
        ConnectionLimits { requests: bucket(self.requests_per_second), sends: bucket(sends_per_second) }
    }

    /// Takes one login or registration from an address's bucket.
    pub fn take_login(&self, address: IpAddr) -> Result<(), ServiceError> {
        let Some(limiter) = &self.logins else { return Ok(()) };
        limiter.check_key(&address.into()).map_err(|until| {
            refuse("too many attempts to log in or register from your address", until.wait_time_from(self.clock.now()))
        })
    }

    /// Takes one request from a person's bucket.
    pub fn take_request(&self, user: UserId) -> Result<(), ServiceError> {
        let Some(limiter) = &self.requests else { return Ok(()) };
        limiter
            .check_key(&user)
            .map_err(|until| refuse("you send too many requests", until.wait_time_from(self.clock.now())))
    }

    /// Takes one post from the bucket of an incoming hook, which is as large as a person's.
    pub fn take_post(&self, hook: HookId) -> Result<(), ServiceError> {
        let Some(limiter) = &self.posts else { return Ok(()) };
        limiter
            .check_key(&hook)
            .map_err(|until| refuse("too many posts to this hook", until.wait_time_from(self.clock.now())))
    }

    /// Takes one post whose hook is to be looked up from the bucket of an address.
    pub fn take_unknown_post(&self, address: IpAddr) -> Result<(), ServiceError> {
        let Some(limiter) = &self.unknown_posts else { return Ok(()) };
        limiter.check_key(&address.into()).map_err(|until| {
            refuse("too many posts to hooks from your address", until.wait_time_from(self.clock.now()))
        })
    }

    /// Takes one mail with a code for a new password from the bucket of a name, whether or not somebody is called so.
    pub fn take_reset(&self, name: &str) -> Result<(), ServiceError> {
        let Some(limiter) = &self.resets else { return Ok(()) };
        // What is too long is refused later, and remembered by nobody.
        let key: String = fold_key(name).chars().take(EMAIL_CHARS_MAX).collect();
        limiter.check_key(&key).map_err(|until| {
            refuse("mail for a new password was asked for often enough", until.wait_time_from(self.clock.now()))
        })
    }

    /// Forgets full buckets for as long as it runs; without it every address ever seen is remembered.
    pub async fn sweep(&self) {
        let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            ticks.tick().await;
            if let Some(limiter) = &self.logins {
                limiter.retain_recent();
            }
            if let Some(limiter) = &self.requests {
                limiter.retain_recent();
            }
            if let Some(limiter) = &self.posts {
                limiter.retain_recent();
            }
            if let Some(limiter) = &self.unknown_posts {
                limiter.retain_recent();
            }
            if let Some(limiter) = &self.resets {
                limiter.retain_recent();
            }
        }
    }
}

fn refuse(what: &'static str, wait: Duration) -> ServiceError {
    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    ServiceError::Refused(Refusal {
        code: ErrorCode::RateLimited,
        message: format!("{what}; try again in {} s", wait_ms.div_ceil(1_000)).into(),
        field: None,
        retry_after_ms: Some(wait_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(login_attempts_per_minute: u32, requests_per_second: u32) -> RateLimits {
        RateLimits::new(Rates { login_attempts_per_minute, requests_per_second })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_attempt_after_the_last_is_told_when_to_come_back() {
        let limits = limits(2, 0);
        let home = address("192.0.2.1");
        assert!(limits.take_login(home).is_ok());
        assert!(limits.take_login(home).is_ok());
        let ServiceError::Refused(refusal) = limits.take_login(home).expect_err("the bucket is empty") else {
            panic!("not a refusal");
        };
        assert_eq!(refusal.code, ErrorCode::RateLimited);
        assert!(refusal.retry_after_ms.is_some_and(|ms| (1..=30_001).contains(&ms)), "{refusal:?}");
        assert!(limits.take_login(address("192.0.2.2")).is_ok());
    }

    #[test]
    fn one_household_is_one_address() {
        let limits = limits(1, 0);
        assert!(limits.take_login(address("2001:db8:1:2::1")).is_ok());
        assert!(limits.take_login(address("2001:db8:1:2:ffff::9")).is_err());
        assert!(limits.take_login(address("2001:db8:1:3::1")).is_ok());
        assert!(limits.take_login(address("192.0.2.1")).is_ok());
        assert!(limits.take_login(address("::ffff:192.0.2.1")).is_err());
    }

    #[test]
    fn mail_for_a_new_password_is_counted_by_the_name_that_was_typed() {
        let limits = limits(20, 0);
        assert!((0..5).all(|_| limits.take_reset("Alice").is_ok()));
        assert!(limits.take_reset(" alice").is_err() && limits.take_reset("bob").is_ok());
    }

    #[test]
    fn zero_lifts_a_limit() {
        let limits = limits(0, 0);
        let user = UserId::try_from(1).expect("an id");
        assert!((0..10_000).all(|_| limits.take_login(address("::1")).is_ok() && limits.take_request(user).is_ok()));
    }

    #[test]
    fn a_bucket_lets_its_rate_through_and_twice_as_many_at_once() {
        let start = Instant::now();
        let mut bucket = Bucket { per_second: 10, full_at: start };
        assert!((0..20).all(|_| bucket.take(start).is_ok()));
        assert_eq!(bucket.take(start), Err(Duration::from_millis(100)));
        assert!(bucket.take(start + Duration::from_millis(100)).is_ok());
        assert!(bucket.take(start + Duration::from_millis(150)).is_err());
        let later = start + Duration::from_secs(10);
        assert_eq!((0..30).filter(|_| bucket.take(later).is_ok()).count(), 20, "it never holds more");
        let mut lifted = Bucket { per_second: 0, full_at: start };
        assert!((0..10_000).all(|_| lifted.take(start).is_ok()));
    }

    #[test]
    fn twice_the_rate_fits_at_once() {
        let limits = limits(0, 3);
        let user = UserId::try_from(1).expect("an id");
        assert!((0..6).all(|_| limits.take_request(user).is_ok()));
        assert!(limits.take_request(user).is_err());
    }
}
