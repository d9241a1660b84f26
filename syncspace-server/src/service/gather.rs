//! Reads what many ask for at the same time in few statements.
//!
//! While one reading is under way, whoever asks waits for the next one; so nobody gets what was read before he asked, and a
//! crowd costs as many statements as one batch holds. Nothing is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use syncspace_protocol::{SessionId, StreamId};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::ServiceError;
use crate::store::arrivals::{self, Arrival};
use crate::store::heads::{self, Head};
use crate::store::{Store, StoreError};

/// How many asked together at least when the next reading waits for more.
const CROWD: usize = 8;

/// How long a reading waits for more after a crowd; nobody who comes alone waits.
const CROWD_PAUSE: Duration = Duration::from_millis(40);

/// What can be read for many keys at once.
pub(crate) trait Reading: Send + Sync + 'static {
    /// Names what is asked for.
    type Key: Ord + Copy + Send + Sync + 'static;
    /// What there is of it.
    type Value: Clone + Send + Sync + 'static;

    /// Most keys in one reading, where no single asker has more.
    const KEYS_MAX: usize;

    /// Reads; keys of which there is nothing are left out.
    fn read(
        &self,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<BTreeMap<Self::Key, Self::Value>, StoreError>> + Send;
}

type Found<R> = Result<Arc<BTreeMap<<R as Reading>::Key, <R as Reading>::Value>>, Arc<StoreError>>;

/// Joins askers.
pub(crate) struct Gather<R: Reading> {
    shared: Arc<Shared<R>>,
}

struct Shared<R: Reading> {
    reading: R,
    waiting: Mutex<Waiting<R>>,
}

struct Waiting<R: Reading> {
    asked: Vec<Asked<R>>,
    is_reading: bool,
}

struct Asked<R: Reading> {
    keys: Vec<R::Key>,
    answer: oneshot::Sender<Found<R>>,
}

/// Askers whose keys are read together.
struct Batch<R: Reading> {
    keys: BTreeSet<R::Key>,
    asked: Vec<Asked<R>>,
    /// Whether nobody was left waiting.
    is_all: bool,
}

impl<R: Reading> Gather<R> {
    pub(crate) fn new(reading: R) -> Self {
        let waiting = Mutex::new(Waiting { asked: Vec::new(), is_reading: false });
        Self { shared: Arc::new(Shared { reading, waiting }) }
    }

    /// Gives what there is of each key, read after this was called.
    pub(crate) async fn ask(&self, keys: Vec<R::Key>) -> Result<BTreeMap<R::Key, R::Value>, ServiceError> {
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (answer, found) = oneshot::channel();
        let is_first = {
            let mut waiting = self.shared.waiting();
            waiting.asked.push(Asked { keys: keys.clone(), answer });
            !mem::replace(&mut waiting.is_reading, true)
        };
        if is_first {
            // A task of its own: whoever asked may give up, and the others go on waiting.
            tokio::spawn(Arc::clone(&self.shared).run());
        }
        let found = found.await.map_err(ServiceError::fault)??;
        Ok(keys.into_iter().filter_map(|key| Some((key, found.get(&key)?.clone()))).collect())
    }
}

impl<R: Reading> Shared<R> {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting<R>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self: Arc<Self>) {
        while let Some(Batch { keys, asked, is_all }) = self.take() {
            let is_crowd = is_all && asked.len() >= CROWD;
            let keys: Vec<_> = keys.into_iter().collect();
            let found = self.reading.read(&keys).await.map(Arc::new).map_err(Arc::new);
            for asked in asked {
                // Whoever asked may have given up.
                drop(asked.answer.send(found.clone()));
            }
            if is_crowd {
                sleep(CROWD_PAUSE).await;
            }
        }
    }

    /// Takes the next batch in the order of asking; none where nobody waits, and then the reading is over.
    fn take(&self) -> Option<Batch<R>> {
        let mut waiting = self.waiting();
        if waiting.asked.is_empty() {
            waiting.is_reading = false;
            return None;
        }
        let (mut keys, mut count) = (BTreeSet::new(), 0);
        for asked in &waiting.asked {
            if count > 0 && keys.len() + asked.keys.len() > R::KEYS_MAX {
                break;
            }
            keys.extend(asked.keys.iter().copied());
            count += 1;
        }
        let asked: Vec<_> = waiting.asked.drain(..count).collect();
        Some(Batch { keys, asked, is_all: waiting.asked.is_empty() })
    }
}

/// Reads what connecting devices are, see [`arrivals::load`].
pub(crate) struct Arrivals(pub(crate) Store);

impl Reading for Arrivals {
    type Key = SessionId;
    type Value = Arrival;

    const KEYS_MAX: usize = 512;

    async fn read(&self, keys: &[SessionId]) -> Result<BTreeMap<SessionId, Arrival>, StoreError> {
        arrivals::load(&mut &self.0, keys).await
    }
}

/// Reads heads of streams, see [`heads::load`].
pub(crate) struct HeadsOf(pub(crate) Store);

impl Reading for HeadsOf {
    type Key = StreamId;
    type Value = Head;

    const KEYS_MAX: usize = 2_048;

    async fn read(&self, keys: &[StreamId]) -> Result<BTreeMap<StreamId, Head>, StoreError> {
        heads::load(&mut &self.0, keys).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// Reads when it is let, and counts how often.
    struct Slow {
        begun: Semaphore,
        let_go: Semaphore,
        readings: AtomicU32,
    }

    impl Reading for Arc<Slow> {
        type Key = u32;
        type Value = u32;

        const KEYS_MAX: usize = 512;

        async fn read(&self, keys: &[u32]) -> Result<BTreeMap<u32, u32>, StoreError> {
            self.begun.add_permits(1);
            self.let_go.acquire().await.expect("open").forget();
            let number = self.readings.fetch_add(1, Ordering::Relaxed);
            if keys.contains(&131_313) {
                return Err(StoreError::Corrupt { column: 0, expected: "luck" });
            }
            Ok(keys.iter().filter(|&&key| key != 7).map(|&key| (key, number)).collect())
        }
    }

    fn slow() -> (Arc<Slow>, Gather<Arc<Slow>>) {
        let slow = Arc::new(Slow { begun: Semaphore::new(0), let_go: Semaphore::new(0), readings: AtomicU32::new(0) });
        (Arc::clone(&slow), Gather::new(slow))
    }

    #[tokio::test]
    async fn whoever_asks_during_a_reading_shares_the_next_one() {
        let (slow, gather) = slow();
        let alone = gather.ask(vec![1]);
        let crowd = async {
            slow.begun.acquire().await.expect("open").forget();
            let asked = futures_util::future::join_all((1..=20).map(|key| gather.ask(vec![key, 99])));
            let let_go = async { slow.let_go.add_permits(9) };
            tokio::join!(asked, let_go).0
        };
        let (alone, crowd) = tokio::join!(alone, crowd);
        assert_eq!(alone.expect("reads"), BTreeMap::from([(1, 0)]), "not what was read for others later");
        for (key, found) in (1..=20).zip(crowd) {
            let expected: BTreeMap<u32, u32> = [(key, 1), (99, 1)].into_iter().filter(|&(key, _)| key != 7).collect();
            assert_eq!(found.expect("reads"), expected, "each gets what it asked for");
        }
        assert_eq!(slow.readings.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_reading_that_fails_fails_for_all_who_wait_and_for_nobody_later() {
        let (slow, gather) = slow();
        let second = async {
            slow.begun.acquire().await.expect("open").forget();
            slow.let_go.add_permits(9);
            gather.ask(vec![2]).await
        };
        let (first, beside, second) = tokio::join!(gather.ask(vec![131_313]), gather.ask(vec![3]), second);
        assert!(beside.is_err(), "it was asked for together with the first");
        assert!(first.is_err());
        assert_eq!(second.expect("reads"), BTreeMap::from([(2, 1)]));
        let nothing = gather.ask(Vec::new()).await.expect("nothing to read");
        assert!(nothing.is_empty());
    }

    #[tokio::test]
    async fn whoever_gives_up_holds_up_nobody() {
        let (slow, gather) = slow();
        drop(tokio::time::timeout(Duration::from_millis(1), gather.ask(vec![1])).await);
        slow.let_go.add_permits(9);
        assert_eq!(gather.ask(vec![2]).await.expect("reads"), BTreeMap::from([(2, 1)]));
    }

    #[tokio::test]
    async fn a_reading_is_bounded_but_holds_one_asker_at_least() {
        let (slow, gather) = slow();
        slow.let_go.add_permits(99);
        let large = gather.ask((1_000..3_000).collect());
        let many = futures_util::future::join_all((0..1_000).map(|key| gather.ask(vec![5_000 + key])));
        let (large, many) = tokio::join!(large, many);
        assert_eq!(large.expect("reads").len(), 2_000);
        assert!(many.into_iter().all(|found| found.is_ok()));
        assert_eq!(slow.readings.load(Ordering::Relaxed), 3);
    }
}
