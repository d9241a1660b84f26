//! Making deliveries to hooks: many at once, few to one hook, so that a target that is slow or dead delays nobody else.

use std::collections::BTreeMap;
use std::error::Error;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use syncspace_protocol::{DeliveryId, HookId};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::service::{DueDelivery, Service, ServiceError, Turn};

/// Deliveries under way at a time.
const AT_ONCE: usize = 32;
/// Of one hook.
const OF_HOOK_AT_ONCE: usize = 2;
/// Longest wait between two looks: what other instances noted is not told to this one.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many are looked at to fill what is free.
const LOOKED_AT: u32 = 128;

/// What is under way, by hook.
#[derive(Debug, Default)]
struct UnderWay(BTreeMap<HookId, Vec<DeliveryId>>);

impl UnderWay {
    fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Gives the hooks that are to be given no more.
    fn busy(&self) -> Vec<HookId> {
        self.0.iter().filter(|(_, ids)| ids.len() >= OF_HOOK_AT_ONCE).map(|(&hook, _)| hook).collect()
    }

    /// Takes one in, where there is room for it and it is not there.
    fn begin(&mut self, due: &DueDelivery) -> bool {
        if self.count() >= AT_ONCE {
            return false;
        }
        let ids = self.0.entry(due.hook).or_default();
        let fits = ids.len() < OF_HOOK_AT_ONCE && !ids.contains(&due.id);
        if fits {
            ids.push(due.id);
        }
        fits
    }

    fn end(&mut self, due: &DueDelivery) {
        if let Some(ids) = self.0.get_mut(&due.hook) {
            ids.retain(|&id| id != due.id);
            if ids.is_empty() {
                self.0.remove(&due.hook);
            }
        }
    }
}

/// Makes what is due; returns where another instance has the turn.
///
/// Each delivery is a task of its own: one that this loop drove itself could hold the database's writer while the loop waits for
/// that writer.
pub(super) async fn watch(service: &Arc<Service>, turn: &Turn) {
    let mut under_way = UnderWay::default();
    let mut running = JoinSet::new();
    loop {
        let wait = match start(service, turn, &mut under_way).await {
            Ok(None) => return,
            Ok(Some((started, wait))) => {
                for due in started {
                    let service = Arc::clone(service);
                    running.spawn(async move { (due, service.deliver(&due).await) });
                }
                wait
            }
            Err(error) => {
                debug!(error = &error as &dyn Error, "could not look for deliveries; tried again");
                LOOK_EVERY
            }
        };
        tokio::select! {
            Some(ended) = running.join_next(), if !running.is_empty() => {
                let (due, outcome) = ended.unwrap_or_else(|error| resume_unwind(error.into_panic()));
                under_way.end(&due);
                if let Err(error) = outcome {
                    // It is due still, and looked at again; not at once, lest a broken one is tried without end.
                    warn!(delivery = %due.id, error = &error as &dyn Error, "what came of a delivery was not written down");
                    sleep(LOOK_EVERY).await;
                }
            }
            () = sleep(wait) => {}
            () = service.delivery_came() => {}
        }
    }
}

/// Chooses what to begin, and how long to wait before the next look.
async fn start(
    service: &Service,
    turn: &Turn,
    under_way: &mut UnderWay,
) -> Result<Option<(Vec<DueDelivery>, Duration)>, ServiceError> {
    let Some(due) = service.due_deliveries(turn, &under_way.busy(), LOOKED_AT).await? else { return Ok(None) };
    let started: Vec<_> = due.into_iter().filter(|due| under_way.begin(due)).collect();
    let next = if under_way.count() == 0 { service.next_delivery().await? } else { None };
    Ok(Some((started, next.unwrap_or(LOOK_EVERY).min(LOOK_EVERY))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(hook: u64, id: u64) -> DueDelivery {
        DueDelivery {
            id: id.try_into().expect("an id"),
            hook: hook.try_into().expect("an id"),
            channel: 1.try_into().expect("an id"),
            seq: id.try_into().expect("a seq"),
            attempts: 0,
        }
    }

    #[test]
    fn one_hook_has_few_under_way_and_all_have_bounded_many() {
        let mut under_way = UnderWay::default();
        assert!(under_way.begin(&due(1, 1)) && !under_way.begin(&due(1, 1)), "none twice");
        assert!(under_way.begin(&due(1, 2)) && !under_way.begin(&due(1, 3)));
        assert_eq!(under_way.busy(), [1.try_into().expect("an id")]);
        let begun = (2..100).filter(|&hook| under_way.begin(&due(hook, hook))).count();
        assert_eq!(begun, AT_ONCE - 2);
        under_way.end(&due(1, 1));
        assert!(under_way.begin(&due(1, 3)) && !under_way.begin(&due(100, 100)));
    }
}
