//! Hashing of passwords, off the async threads and with a bounded queue.
//!
//! A stored password is `$ss1$` followed by a bcrypt string over `base64(SHA-384(password))`: 64 characters, so that
//! bcrypt's limit of 72 bytes never cuts a password.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha384};
use tokio::sync::Semaphore;

use super::ServiceError;

/// Marks the way a password was hashed, so that another way can follow one day.
const PREFIX: &str = "$ss1$";

/// Hashings that may wait for each thread that hashes; at cost 12 the last one waits about eight seconds.
const WAITING_PER_SLOT_MAX: usize = 32;

/// Wait named to whoever finds the queue full, in milliseconds.
const BUSY_RETRY_MS: u64 = 2_000;

/// Salt and hash, in bcrypt's alphabet, that no password is known to have.
const NOBODY: &str = "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01342";

/// Hashes and verifies passwords on a bounded number of threads.
#[derive(Debug)]
pub struct Passwords {
    cost: u32,
    slots: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    hashings: AtomicU64,
}

/// What became of a password that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is not the password, or there is no such account.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, and its hash has another cost than new ones have.
    RightButOutdated,
}

impl Passwords {
    /// Makes a pool that hashes at `cost` and leaves one core to everything else.
    #[must_use]
    pub fn new(cost: u32) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::with_slots(cost, cores.saturating_sub(1).max(1))
    }

    fn with_slots(cost: u32, slots: usize) -> Self {
        Self {
            cost,
            slots: Arc::new(Semaphore::new(slots)),
            queue: Arc::new(Semaphore::new(slots * (1 + WAITING_PER_SLOT_MAX))),
            hashings: AtomicU64::new(0),
        }
    }

    /// Gives the text to be stored for a password.
    pub async fn hash(&self, password: &str) -> Result<String, ServiceError> {
        let (digest, cost) = (digest(password), self.cost);
        let hash = self.run(move || bcrypt::non_truncating_hash(digest, cost)).await?;
        hash.map(|hash| format!("{PREFIX}{hash}")).map_err(ServiceError::fault)
    }

    /// Tries a password against what is stored; without an account it takes the same time and is wrong.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<Verdict, ServiceError> {
        let known = stored.and_then(|text| text.strip_prefix(PREFIX)).map(str::to_owned);
        let is_known = known.is_some();
        let hash = known.unwrap_or_else(|| format!("$2b${:02}${NOBODY}", self.cost));
        let is_outdated = cost_of(&hash) != Some(self.cost);
        let digest = digest(password);
        let matches = self.run(move || bcrypt::non_truncating_verify(digest, &hash)).await?;
        match (matches.map_err(ServiceError::fault)? && is_known, is_outdated) {
            (false, _) => Ok(Verdict::Wrong),
            (true, false) => Ok(Verdict::Right),
            (true, true) => Ok(Verdict::RightButOutdated),
        }
    }

    /// Gives how many passwords were hashed, to be stored or to be compared.
    #[must_use]
    pub fn hashings(&self) -> u64 {
        self.hashings.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ServiceError> {
        let busy = |_| ServiceError::Busy { retry_after_ms: BUSY_RETRY_MS };
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(busy)?;
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(ServiceError::fault)?;
        self.hashings.fetch_add(1, Ordering::Relaxed);
        // Both go along: a request that is given up still occupies its core until the hash is done.
        let hashed = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((slot, place));
            result
        });
        hashed.await.map_err(ServiceError::fault)
    }
}

fn digest(password: &str) -> String {
    BASE64_STANDARD.encode(Sha384::digest(password.as_bytes()))
}

fn cost_of(bcrypt_hash: &str) -> Option<u32> {
    bcrypt_hash.split('$').nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_passwords_are_told_apart_beyond_72_bytes() {
        let passwords = Passwords::new(4);
        let (one, other) = (format!("{}1", "x".repeat(200)), format!("{}2", "x".repeat(200)));
        let stored = passwords.hash(&one).await.expect("a hash");
        assert!(stored.starts_with("$ss1$$2b$04$"), "{stored}");
        assert_eq!(passwords.verify(&one, Some(&stored)).await.expect("a verdict"), Verdict::Right);
        assert_eq!(passwords.verify(&other, Some(&stored)).await.expect("a verdict"), Verdict::Wrong);
    }

    #[tokio::test]
    async fn nobody_has_a_password() {
        let passwords = Passwords::new(4);
        assert_eq!(passwords.verify("anything at all", None).await.expect("a verdict"), Verdict::Wrong);
        assert_eq!(passwords.verify("anything at all", Some("plain")).await.expect("a verdict"), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_outdated() {
        let stored = Passwords::new(4).hash("correct horse").await.expect("a hash");
        let verdict = Passwords::new(5).verify("correct horse", Some(&stored)).await.expect("a verdict");
        assert_eq!(verdict, Verdict::RightButOutdated);
    }

    #[tokio::test]
    async fn a_full_queue_answers_busy_at_once() {
        let passwords = Passwords::with_slots(4, 1);
        let all_places = passwords.queue.clone().acquire_many_owned(33).await.expect("places");
        let refused = passwords.hash("correct horse").await.expect_err("a full queue");
        assert!(matches!(refused, ServiceError::Busy { .. }), "{refused:?}");
        drop(all_places);
        passwords.hash("correct horse").await.expect("a hash");
    }
}
