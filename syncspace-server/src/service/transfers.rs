//! How many files go up and down at the same time: of one person and of all, so that slow ones fill neither memory nor sockets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use syncspace_protocol::UserId;
use syncspace_protocol::error::ErrorCode;

use super::{Refusal, ServiceError};

/// Most of one person.
const OF_ONE_MAX: u32 = 8;
/// Most of everybody on this instance.
const OF_ALL_MAX: u32 = 128;
/// Wait named to whoever has too many, in milliseconds.
const RETRY_MS: u64 = 1_000;

/// The transfers that are under way. Clones share everything.
#[derive(Clone, Default)]
pub(super) struct Transfers(Arc<Mutex<Running>>);

#[derive(Default)]
struct Running {
    all: u32,
    /// Of pictures, which nobody in particular reads, too.
    of: HashMap<Option<UserId>, u32>,
}

/// A transfer that is under way, until it is dropped.
pub(crate) struct Transfer {
    of: Option<UserId>,
    running: Transfers,
}

impl Transfers {
    /// Begins a transfer of a person.
    pub(super) fn begin(&self, user: UserId) -> Result<Transfer, ServiceError> {
        self.take(Some(user), OF_ONE_MAX)
    }

    /// Begins a transfer of somebody who needs not say who it is.
    pub(super) fn begin_open(&self) -> Result<Transfer, ServiceError> {
        self.take(None, OF_ALL_MAX / 2)
    }

    fn take(&self, of: Option<UserId>, most: u32) -> Result<Transfer, ServiceError> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.all >= OF_ALL_MAX {
            return Err(ServiceError::Busy { retry_after_ms: RETRY_MS });
        }
        let mine = running.of.entry(of).or_default();
        if *mine >= most {
            return Err(ServiceError::Refused(Refusal {
                code: ErrorCode::RateLimited,
                message: format!("{most} files at a time; wait until one of them has arrived").into(),
                field: None,
                retry_after_ms: Some(RETRY_MS),
            }));
        }
        *mine += 1;
        running.all += 1;
        drop(running);
        Ok(Transfer { of, running: self.clone() })
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let mut running = self.running.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.all = running.all.saturating_sub(1);
        if let Some(mine) = running.of.get_mut(&self.of) {
            *mine -= 1;
            if *mine == 0 {
                running.of.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_takes_nothing_from_another() {
        let transfers = Transfers::default();
        let user = |id: u64| id.try_into().expect("an id");
        let mut mine: Vec<_> = (0..OF_ONE_MAX).map(|_| transfers.begin(user(1)).expect("room")).collect();
        assert_eq!(transfers.begin(user(1)).err().map(|error| error.code()), Some(ErrorCode::RateLimited));
        let _other = transfers.begin(user(2)).expect("room");
        mine.pop();
        mine.push(transfers.begin(user(1)).expect("one has ended"));
        drop(mine);
        assert_eq!(transfers.0.lock().expect("no panic").of.len(), 1, "nothing is kept of who has ended");
    }

    #[test]
    fn all_together_have_a_bound() {
        let transfers = Transfers::default();
        let all: Vec<_> = (0..OF_ALL_MAX)
            .map(|n| transfers.begin(u64::from(n / OF_ONE_MAX + 1).try_into().expect("an id")))
            .collect();
        assert!(all.iter().all(Result::is_ok));
        assert!(matches!(transfers.begin_open(), Err(ServiceError::Busy { .. })));
    }
}
